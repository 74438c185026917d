//! Entra: directory roles and application permissions, by identifier, by name and by content.

mod permissions;
mod powers;

use std::collections::BTreeMap;

use nhi_plan::json::Value;
use nhi_plan::{Mode, Severity, symbol};

use super::judge::{Claim, Unknown, What};
use super::principal::{self, Kind, Principal, Principals};
use crate::facts::Block;
use crate::facts::cloud::{Instances, Site, Text, lower};

use self::permissions::Permissions;
use self::powers::{BY_ROLE, Power, directory_action, find, rank};

/// A directory role of the plan.
#[derive(Debug)]
enum Role {
    Known(Option<Power>),
    /// A role of one's own, by the worst of what it allows.
    Custom(Option<(Severity, &'static str)>),
    Open,
}

/// A directory role that somebody is given.
#[derive(Debug)]
struct Directory {
    site: Site,
    role: Text,
    principal: Text,
    eligible: bool,
    /// It holds for a part of the directory.
    narrow: bool,
    /// The role is named by its object, and not by its template.
    by_object: bool,
}

/// Everything of Entra in the plan.
#[derive(Debug, Default)]
pub(super) struct Entra {
    roles: Instances<Role>,
    /// Address by object id.
    role_ids: BTreeMap<String, String>,
    directory: Vec<Directory>,
    permissions: Permissions,
}

impl Entra {
    pub(super) fn collect(&mut self, block: &Block<'_>) {
        if block.change.mode != Mode::Managed {
            return;
        }
        match block.change.resource_type.as_ref() {
            "azuread_directory_role" => self.directory_role(block),
            "azuread_custom_directory_role" => self.custom_role(block),
            "azuread_directory_role_assignment" => self.assignment(block, "role_id", "principal_object_id"),
            "azuread_directory_role_member" | "azuread_administrative_unit_role_member" => {
                self.assignment(block, "role_object_id", "member_object_id");
            }
            "azuread_directory_role_eligibility_schedule_request" => {
                self.assignment(block, "role_definition_id", "principal_id");
            }
            _ => self.permissions.collect(block),
        }
    }

    fn directory_role(&mut self, block: &Block<'_>) {
        let name = block.string("template_id").or_else(|| block.string("display_name"));
        let role = match name.filter(|name| !symbol::has_symbols(name)) {
            Some(name) => Role::Known(find(&BY_ROLE, &name)),
            None => Role::Open,
        };
        if let Some(id) = block.string("object_id") {
            self.role_ids
                .insert(id.to_ascii_lowercase(), block.change.config_address.to_string());
        }
        self.roles.add(block, role);
    }

    fn custom_role(&mut self, block: &Block<'_>) {
        let permissions = block.after().and_then(|after| after.get("permissions"));
        let given = permissions
            .into_iter()
            .flat_map(Value::elements)
            .filter_map(|permission| permission.get("allowed_resource_actions"))
            .flat_map(Value::elements);
        let whole_list = |path: &str| path.starts_with("permissions[") && path.ends_with("].allowed_resource_actions");
        let unknown = block.change.unknown_paths.iter().any(|path| whole_list(path));
        let gaps = permissions.is_some_and(|list| list.elements().any(Value::is_null));
        let (mut worst, mut open) = (None, unknown || gaps || block.is_unknown("permissions"));
        for action in given {
            match action.as_str() {
                Some(action) if !symbol::has_symbols(&action) => worst = worst.max(directory_action(&action)),
                _ => open = true,
            }
        }
        let enabled = block
            .after()
            .and_then(|after| after.get("enabled"))
            .and_then(Value::as_bool);
        let role = match (worst, open) {
            _ if enabled == Some(false) => Role::Known(None),
            (None, true) => Role::Open,
            (worst, _) => Role::Custom(worst),
        };
        self.roles.add(block, role);
    }

    fn assignment(&mut self, block: &Block<'_>, role: &str, principal: &str) {
        let (Some(given), Some(principal)) = (Text::read(block, role), Text::read(block, principal)) else {
            return;
        };
        let name = block.change.resource_type.as_ref();
        let scope = ["directory_scope_id", "directory_scope_object_id", "app_scope_id"]
            .iter()
            .find_map(|attribute| block.string(attribute));
        self.directory.push(Directory {
            site: Site::new(block, role),
            role: given,
            principal,
            eligible: name.contains("eligibility"),
            narrow: name.contains("administrative_unit")
                || scope.is_some_and(|scope| !scope.is_empty() && scope != "/"),
            by_object: role == "role_object_id",
        });
    }

    /// The service principals that stand for an application of the plan.
    pub(super) fn standing_for(&self, application: &str) -> impl Iterator<Item = &str> {
        self.permissions.standing_for(application)
    }

    fn role(&self, given: &Directory) -> Role {
        if let Some(id) = given.role.known() {
            if let Some(power) = find(&BY_ROLE, id) {
                return Role::Known(Some(power));
            }
            let address = self.role_ids.get(&id.to_ascii_lowercase());
            let known = address.and_then(|address| self.of_blocks(std::slice::from_ref(address), &given.site));
            // An object has an identifier of its own in every tenant; a template that is not in the table is harmless.
            return known.unwrap_or(if given.by_object { Role::Open } else { Role::Known(None) });
        }
        self.of_blocks(&given.role.blocks, &given.site).unwrap_or(Role::Open)
    }

    fn of_blocks(&self, blocks: &[String], site: &Site) -> Option<Role> {
        let found = blocks.iter().flat_map(|block| self.roles.meant(block, site));
        found
            .map(|instance| match &instance.value {
                Role::Known(power) => Role::Known(*power),
                Role::Custom(worst) => Role::Custom(*worst),
                Role::Open => Role::Open,
            })
            .max_by_key(|role| match role {
                Role::Known(power) => power.map(|power| power.severity),
                Role::Custom(worst) => worst.map(|(severity, _)| severity),
                Role::Open => Some(Severity::Medium),
            })
    }

    /// The claims that directory roles and permissions make.
    pub(super) fn claims(&self, principals: &Principals) -> Vec<Claim> {
        let given = self.directory.iter();
        let mut claims: Vec<Claim> = given
            .flat_map(|given| given.claims(&self.role(given), principals))
            .collect();
        claims.extend(self.permissions.claims(principals));
        claims
    }
}

impl Directory {
    fn claims(&self, role: &Role, principals: &Principals) -> Vec<Claim> {
        let (severity, name, effect) = match role {
            Role::Known(None) | Role::Custom(None) => return Vec::new(),
            Role::Known(Some(power)) => (power.severity, power.name.to_owned(), Some(power.effect)),
            Role::Custom(Some((severity, effect))) => (*severity, self.role.readable(), Some(*effect)),
            Role::Open => (Severity::Medium, self.role.readable(), None),
        };
        let meant = principals.meant(&self.principal, None, &self.site);
        meant
            .into_iter()
            .map(|principal| self.claim(principal, severity, &name, effect))
            .collect()
    }

    fn claim(&self, principal: Principal, base: Severity, name: &str, effect: Option<&'static str>) -> Claim {
        let possible = effect.is_none() || principal::is_one_of(&self.principal);
        let mut severity = base;
        let mut note = "";
        if self.eligible {
            severity = lower(severity);
            note = "; it has to be activated first";
        }
        if self.narrow {
            severity = lower(lower(severity));
            note = "; for a part of the directory";
        }
        if principal.kind != Kind::Machine {
            severity = lower(severity);
        }
        Claim {
            what: effect.map_or(What::Unknown(Unknown::Directory), |effect| What::Directory {
                name: name.to_owned(),
                effect,
            }),
            site: self.site.clone(),
            principal,
            place: "the directory",
            role: name.to_owned(),
            severity,
            possible,
            note,
            evidence: if self.role.known().is_some() {
                "planned"
            } else {
                "references"
            },
            rank: if possible || self.narrow { 0 } else { rank(base) },
        }
    }
}
