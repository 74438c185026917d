//! Azure and Entra: which principals hold which roles and application permissions.
//!
//! Assignments are collected as they are written and joined once all blocks have been seen: custom roles with their
//! permissions, principals with the identities they name, workloads with the identities attached to them, owners with
//! the applications they own.

mod actions;
mod condition;
mod entra;
mod judge;
mod paths;
mod principal;
mod scope;
mod vault;

use std::collections::BTreeMap;

use nhi_plan::json::Value;
use nhi_plan::{Mode, symbol};

use self::actions::{Allowed, Permission};
use self::condition::Condition;
use self::entra::Entra;
pub(crate) use self::judge::{Broad, Claim, Unknown, What};
use self::paths::{Owner, Workload};
pub(crate) use self::principal::Kind;
use self::principal::{Principal, Principals};
use self::scope::Scope;
use self::vault::Access;
use super::Block;
use super::cloud::{Instances, Site, Text};
use super::graph::Edge;

/// Everything of Azure and Entra in the plan.
#[derive(Debug, Default)]
pub(crate) struct Azure {
    principals: Principals,
    definitions: Instances<Definition>,
    /// Custom roles by name and by identifier, in lower case.
    names: BTreeMap<String, String>,
    written: Vec<Written>,
    workloads: Vec<Workload>,
    owners: Vec<Owner>,
    entra: Entra,
    access: Vec<Access>,
    /// Filled once all blocks have been seen.
    pub(crate) claims: Vec<Claim>,
    pub(crate) edges: Vec<Edge>,
}

/// A role definition, of the plan or read during apply.
#[derive(Debug)]
struct Definition {
    name: String,
    broad: Option<Broad>,
    allowed: Allowed,
    open: bool,
}

/// A role assignment as a block writes it.
#[derive(Debug)]
struct Written {
    site: Site,
    scope: Scope,
    role_name: Option<Text>,
    role_id: Option<Text>,
    principal: Text,
    declared: Option<Kind>,
    condition: Condition,
    /// Whether it is limited, and how, is known only after apply.
    is_riddle: bool,
    /// The role has to be activated first.
    eligible: bool,
}

/// A role that a principal holds.
#[derive(Debug)]
struct Grant {
    site: Site,
    principal: Principal,
    scope: Scope,
    role: Role,
    condition: Condition,
    eligible: bool,
    /// It will be given to one of several.
    possible: bool,
    evidence: &'static str,
}

/// A role, as far as it is known.
#[derive(Debug, Clone, Default)]
struct Role {
    name: String,
    broad: Option<Broad>,
    /// Whether it is a broad role depends on what is still unknown.
    broad_possible: bool,
    allowed: Allowed,
    open: bool,
}

impl Azure {
    pub(crate) fn collect(&mut self, block: &Block<'_>) {
        let name = block.change.resource_type.as_ref();
        if !name.starts_with("az") {
            return;
        }
        if matches!(name, "azurerm_role_definition") && block.change.mode != Mode::Provider {
            self.collect_definition(block);
            return;
        }
        if name.starts_with("azuread_") {
            self.entra.collect(block);
        }
        if matches!(block.change.mode, Mode::Managed | Mode::Data) {
            self.principals.collect(block);
        }
        if block.change.mode != Mode::Managed {
            return;
        }
        self.principals.collect_members(block);
        self.workloads.extend(paths::workload(block));
        paths::owners(block, &mut self.owners);
        vault::collect(block, &mut self.access);
        match name {
            "azurerm_role_assignment" | "azurerm_pim_active_role_assignment" => self.assignment(block, false),
            "azurerm_pim_eligible_role_assignment" => self.assignment(block, true),
            "azurerm_lighthouse_definition" => self.delegation(block),
            "azapi_resource" => self.raw(block),
            _ => {}
        }
    }

    fn collect_definition(&mut self, block: &Block<'_>) {
        let address = block.change.config_address.to_string();
        let name = block.string("name").filter(|name| !symbol::has_symbols(name));
        let built_in = |text: &Option<String>| text.as_deref().and_then(actions::find);
        let id = block.string("role_definition_id");
        if block.change.mode == Mode::Data {
            if let Some(found) = built_in(&name).or_else(|| built_in(&id)) {
                self.definitions.add(block, Definition::of(found));
                return;
            }
            // One that was read before the plan says what it allows.
            if block
                .after()
                .is_none_or(|after| after.get("permissions").is_none_or(Value::is_empty))
            {
                return;
            }
        }
        let permissions = block.after().and_then(|after| after.get("permissions"));
        let read: Vec<_> = permissions
            .into_iter()
            .flat_map(Value::elements)
            .enumerate()
            .map(|(index, value)| permission(block, index, value))
            .collect();
        for key in name.iter().chain(&id) {
            self.names.insert(key.to_ascii_lowercase(), address.clone());
        }
        self.definitions.add(
            block,
            Definition {
                name: block.change.address.to_string(),
                broad: None,
                allowed: Allowed::of(&read),
                open: block.is_unknown("permissions")
                    || permissions.is_some_and(|list| list.elements().any(Value::is_null)),
            },
        );
    }

    fn assignment(&mut self, block: &Block<'_>, eligible: bool) {
        let Some(principal) = Text::read(block, "principal_id") else {
            return;
        };
        let limit = Text::read(block, "condition");
        let is_riddle = limit.as_ref().is_some_and(|text| text.options.is_empty());
        let condition = limit.map_or(Condition::None, |text| {
            let judged = text.options.iter().map(|option| condition::judge(option));
            judged.min().unwrap_or(Condition::Other)
        });
        let known_name =
            block.string("role_definition_name").is_some() || !block.references("role_definition_name").is_empty();
        self.written.push(Written {
            site: Site::new(
                block,
                if known_name {
                    "role_definition_name"
                } else {
                    "role_definition_id"
                },
            ),
            scope: Scope::read(block, "scope"),
            role_name: Text::read(block, "role_definition_name").filter(|_| known_name),
            role_id: Text::read(block, "role_definition_id").filter(|_| !known_name),
            principal,
            declared: principal::declared(block),
            condition,
            is_riddle,
            eligible,
        });
    }

    /// An assignment that is written as the interface takes it.
    fn raw(&mut self, block: &Block<'_>) {
        let kind = block.string("type").unwrap_or_default().to_ascii_lowercase();
        if !kind.starts_with("microsoft.authorization/roleassignments@") {
            return;
        }
        let text = block.string("body").and_then(|body| {
            Some(
                nhi_plan::json::parse(&body)
                    .ok()?
                    .root()
                    .get("properties")?
                    .raw()
                    .to_owned(),
            )
        });
        let read = |name: &str| match &text {
            Some(text) => {
                let document = nhi_plan::json::parse(text).ok()?;
                let value = document.root().get(name)?.as_str()?.into_owned();
                Some(Text::of(&value, block.references("body")))
            }
            None => Text::read(block, &format!("body.properties.{name}")),
        };
        let Some(principal) = read("principalId") else { return };
        let declared = read("principalType");
        let condition = read("condition").map_or(Condition::None, |text| {
            text.known().map_or(Condition::Other, condition::judge)
        });
        self.written.push(Written {
            site: Site::new(block, "body"),
            scope: Scope::read(block, "parent_id"),
            role_name: None,
            role_id: read("roleDefinitionId"),
            principal,
            declared: declared.as_ref().and_then(Text::known).and_then(principal::of_type),
            condition,
            is_riddle: false,
            eligible: false,
        });
    }

    /// What another tenant may do here.
    fn delegation(&mut self, block: &Block<'_>) {
        let entries = block.after().and_then(|after| after.get("authorization"));
        for index in 0..entries.map_or(0, Value::len) {
            let at = |name: &str| format!("authorization[{index}].{name}");
            let Some(principal) = Text::read(block, &at("principal_id")) else {
                continue;
            };
            self.written.push(Written {
                site: Site::new(block, at("role_definition_id")),
                scope: Scope::read(block, "scope"),
                role_name: None,
                role_id: Text::read(block, &at("role_definition_id")),
                principal,
                declared: Some(Kind::Machine),
                condition: Condition::None,
                is_riddle: false,
                eligible: false,
            });
        }
    }

    /// Joins what was collected.
    pub(crate) fn settle(&mut self) {
        let grants: Vec<Grant> = self.written.iter().flat_map(|written| self.grants(written)).collect();
        let mut claims = judge::judge(&grants);
        claims.extend(self.entra.claims(&self.principals));
        claims.extend(vault::claims(&self.access, &self.principals));
        let known = paths::Known {
            principals: &self.principals,
            workloads: &self.workloads,
            owners: &self.owners,
            entra: &self.entra,
        };
        let (gains, edges) = paths::gains(&claims, &grants, &known);
        claims.extend(gains);
        self.claims = claims;
        self.edges = edges;
    }

    fn grants(&self, written: &Written) -> Vec<Grant> {
        let role = self.role(written);
        let known = written.principal.known().is_some();
        let possible = written.is_riddle || principal::is_one_of(&written.principal);
        let principals = self
            .principals
            .meant(&written.principal, written.declared, &written.site);
        principals
            .into_iter()
            .map(|principal| Grant {
                site: written.site.clone(),
                principal,
                scope: written.scope.clone(),
                role: role.clone(),
                condition: written.condition,
                eligible: written.eligible,
                possible,
                evidence: if known { "planned" } else { "references" },
            })
            .collect()
    }

    fn role(&self, written: &Written) -> Role {
        let Some(text) = written.role_name.as_ref().or(written.role_id.as_ref()) else {
            return Role::default();
        };
        let mut roles = Vec::new();
        for option in &text.options {
            if symbol::has_symbols(option) {
                let own = Text::of(option, Vec::new()).blocks;
                let suffix = actions::find(option).map(Role::of);
                roles.push(
                    suffix
                        .or_else(|| self.by_reference(&own, &written.site))
                        .unwrap_or_else(|| Role::open(text)),
                );
            } else {
                roles.push(self.role_named(option, &written.site));
            }
        }
        if text.options.is_empty() {
            roles.push(
                self.by_reference(&text.blocks, &written.site)
                    .unwrap_or_else(|| Role::open(text)),
            );
        }
        Role::one_of(roles)
    }

    fn role_named(&self, name: &str, site: &Site) -> Role {
        let last = name
            .split('|')
            .next()
            .and_then(|id| id.rsplit('/').next())
            .unwrap_or(name);
        let address = self
            .names
            .get(&name.to_ascii_lowercase())
            .or_else(|| self.names.get(&last.to_ascii_lowercase()));
        let custom = address.and_then(|address| self.by_reference(std::slice::from_ref(address), site));
        let found = custom.or_else(|| actions::find(name).map(Role::of));
        // A role of another name is a built-in one that raises nobody, or one from elsewhere.
        found.unwrap_or_else(|| Role {
            name: name.to_owned(),
            ..Role::default()
        })
    }

    fn by_reference(&self, blocks: &[String], site: &Site) -> Option<Role> {
        let found: Vec<Role> = blocks
            .iter()
            .flat_map(|block| self.definitions.meant(block, site))
            .map(|instance| Role {
                name: instance.value.name.clone(),
                broad: instance.value.broad,
                broad_possible: false,
                allowed: instance.value.allowed,
                open: instance.value.open,
            })
            .collect();
        (!found.is_empty()).then(|| Role::one_of(found))
    }
}

impl Definition {
    fn of(role: &'static actions::BuiltIn) -> Self {
        let Role {
            name,
            broad,
            allowed,
            open,
            ..
        } = Role::of(role);
        Self {
            name,
            broad,
            allowed,
            open,
        }
    }
}

impl Role {
    fn of(role: &'static actions::BuiltIn) -> Self {
        Self {
            name: role.name.to_owned(),
            broad: Broad::of(role.name),
            allowed: role.allowed,
            ..Self::default()
        }
    }

    fn open(text: &Text) -> Self {
        Self {
            name: text.readable(),
            open: true,
            ..Self::default()
        }
    }

    /// What holds of a role that will be one of these.
    fn one_of(roles: Vec<Self>) -> Self {
        let mut roles = roles.into_iter();
        let Some(mut role) = roles.next() else {
            return Self::default();
        };
        for other in roles {
            role.broad_possible |= other.broad_possible || role.broad.is_some() != other.broad.is_some();
            role.broad = match (role.broad, other.broad) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            };
            role.allowed = Allowed {
                sure: role.allowed.sure.intersection(other.allowed.sure),
                maybe: role.allowed.maybe.union(other.allowed.maybe),
            };
            role.open |= other.open;
            role.name = format!("{} or {}", role.name, other.name);
        }
        role
    }
}

/// A block of permissions; what is unknown in it becomes a symbol, a list that is unknown as a whole one of them.
fn permission(block: &Block<'_>, index: usize, value: Value<'_>) -> Permission {
    let list = |name: &str| -> Vec<String> {
        let path = format!("permissions[{index}].{name}");
        if block.change.unknown_paths.iter().any(|unknown| *unknown == path) {
            return vec![symbol::symbol("unknown")];
        }
        let items = value.get(name).into_iter().flat_map(Value::elements);
        items
            .map(|item| {
                item.as_str()
                    .map_or_else(|| symbol::symbol("unknown"), std::borrow::Cow::into_owned)
            })
            .flat_map(|text| {
                symbol::alternatives(&text)
                    .into_iter()
                    .map(str::to_owned)
                    .collect::<Vec<_>>()
            })
            .collect()
    };
    Permission {
        actions: list("actions"),
        not_actions: list("not_actions"),
        data_actions: list("data_actions"),
        not_data_actions: list("not_data_actions"),
    }
}
