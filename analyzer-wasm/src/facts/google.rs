//! Google Cloud: which principals hold which roles on what.
//!
//! Blocks come in any order, so grants are collected as they are written and joined once all blocks have been seen:
//! custom roles with their permissions, members with the service accounts they name, policies with their documents.

mod bindings;
mod condition;
mod judge;
mod member;
mod methods;
mod paths;
mod public;
mod scope;
mod workloads;

use std::collections::BTreeMap;

use nhi_plan::json::Value;
use nhi_plan::{Mode, symbol};

use self::bindings::{Binding, Document};
pub(crate) use self::condition::Condition;
pub(crate) use self::judge::{Claim, What};
use self::member::Accounts;
pub(crate) use self::member::{Kind, Principal};
pub(crate) use self::methods::{Basic, Category, Level};
use self::methods::{Permissions, predefined};
pub(crate) use self::public::Open;
use self::scope::Form;
pub(crate) use self::scope::Scope;
pub(crate) use self::workloads::Workload;
use super::Block;
use super::cloud::{Instances, Site, Text};
use super::graph::Edge;

/// Grants of one block that are told apart; a policy with more of them is read up to here.
const GRANTS_PER_BLOCK_MAX: usize = 10_000;

/// Everything of Google Cloud in the plan.
#[derive(Debug, Default)]
pub(crate) struct Google {
    accounts: Accounts,
    custom: Instances<Content>,
    /// Custom roles by full name, and by the end of it.
    names: BTreeMap<String, String>,
    documents: Instances<Vec<Binding>>,
    written: Vec<Written>,
    /// What is open to everyone without a binding.
    pub(crate) open: Vec<Open>,
    /// Workloads that run as a default service account.
    pub(crate) workloads: Vec<Workload>,
    /// Filled once all blocks have been seen.
    pub(crate) grants: Vec<Grant>,
    pub(crate) claims: Vec<Claim>,
    pub(crate) edges: Vec<Edge>,
}

/// What a custom role holds.
#[derive(Debug, Clone, Default)]
struct Content {
    permissions: Permissions,
    /// Some permission is known only after apply.
    open: bool,
}

/// Bindings as a block writes them.
#[derive(Debug)]
struct Written {
    site: Site,
    scope: Scope,
    document: Document,
}

/// A role that a principal holds.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a doubt of its own, and they come in every combination"
)]
pub(crate) struct Grant {
    pub(crate) site: Site,
    pub(crate) principal: Principal,
    pub(crate) scope: Scope,
    /// Name of the role, for a reader.
    pub(crate) role: String,
    pub(crate) basic: Option<Basic>,
    /// What it allows whatever is still unknown, and what it may allow.
    sure: Permissions,
    maybe: Permissions,
    /// What it allows is not known.
    pub(crate) open: bool,
    /// The member will be one of several, or a condition limits it that nobody knows yet.
    pub(crate) possible: bool,
    /// The member may turn out to be everyone.
    pub(crate) stranger: bool,
    /// Whether it is a basic role depends on what is still unknown.
    basic_possible: bool,
    pub(crate) condition: Condition,
    pub(crate) evidence: &'static str,
}

impl Grant {
    fn matters(&self) -> bool {
        let unknown = self.stranger || self.open && self.principal.kind == Kind::Unknown;
        self.scope.level > Level::Resource || self.principal.is_public() || unknown
    }

    /// Whether the role serves some method of raising privileges, or reaches data.
    pub(crate) fn is_powerful(&self) -> bool {
        self.basic.is_some_and(|basic| basic > Basic::Viewer) || !self.maybe.is_empty()
    }
}

impl Google {
    pub(crate) fn collect(&mut self, block: &Block<'_>) {
        let name = block.change.resource_type.as_ref();
        if !name.starts_with("google_") {
            return;
        }
        match (block.change.mode, name) {
            (Mode::Managed | Mode::Data, "google_service_account") => self.accounts.collect(block),
            (Mode::Managed, "google_cloud_identity_group" | "google_cloud_identity_group_membership") => {
                self.accounts.collect_group(block);
            }
            (Mode::Data, "google_iam_policy") => self.documents.add(block, bindings::data_policy(block)),
            (Mode::Managed, "google_project_iam_custom_role" | "google_organization_iam_custom_role") => {
                self.collect_role(block);
            }
            (Mode::Managed, _) => {
                if let Some((kind, form)) = scope::form(name) {
                    self.collect_grant(block, kind, form);
                } else {
                    public::collect(block, &mut self.open);
                    self.workloads.extend(workloads::read(block));
                }
            }
            _ => {}
        }
    }

    fn collect_role(&mut self, block: &Block<'_>) {
        let mut content = Content {
            open: block.is_unknown("permissions"),
            ..Content::default()
        };
        let permissions = block.after().and_then(|after| after.get("permissions"));
        for permission in permissions.into_iter().flat_map(Value::elements) {
            match permission.as_str() {
                Some(name) if !symbol::has_symbols(&name) => {
                    let own = Permissions::of(&name).union(Permissions::of_any_policy(&name));
                    content.permissions = content.permissions.union(own);
                }
                _ => content.open = true,
            }
        }
        let address = block.change.config_address.to_string();
        if let Some(id) = block.string("role_id") {
            let owner = block
                .string("project")
                .map(|project| format!("projects/{project}"))
                .or_else(|| Some(format!("organizations/{}", block.string("org_id")?)));
            let full = owner.map(|owner| format!("{owner}/roles/{id}"));
            self.names.extend(full.map(|full| (full, address)));
        }
        self.custom.add(block, content);
    }

    fn collect_grant(&mut self, block: &Block<'_>, kind: &str, form: Form) {
        let document = match form {
            Form::Policy => Text::read(block, "policy_data").map(Document::Policy),
            Form::Binding => Binding::read(block, "", &["members"]).map(Document::Binding),
            Form::Member => Binding::read(block, "", &["member"]).map(Document::Binding),
        };
        let Some(document) = document else { return };
        self.written.push(Written {
            site: Site::new(block, ""),
            scope: scope::read(block, kind),
            document,
        });
    }

    /// Joins what was collected.
    pub(crate) fn settle(&mut self) {
        let mut grants = Vec::new();
        for written in std::mem::take(&mut self.written) {
            let mut own = Vec::new();
            match &written.document {
                Document::Binding(binding) => self.grant(&written, binding, "", &mut own),
                Document::Policy(text) => self.grant_policy(&written, text, &mut own),
            }
            own.truncate(GRANTS_PER_BLOCK_MAX);
            // Most of a large plan is somebody's role on one resource, of which no rule has anything to say.
            grants.extend(own.into_iter().filter(Grant::matters));
        }
        let (claims, edges) = judge::judge(&grants, &self.accounts);
        self.grants = grants;
        self.claims = claims;
        self.edges = edges;
    }

    fn grant_policy(&self, written: &Written, text: &Text, grants: &mut Vec<Grant>) {
        let mut read = false;
        for option in &text.options {
            let Some(found) = bindings::parse_policy(option, &text.blocks) else {
                continue;
            };
            read = true;
            for binding in &found {
                self.grant(written, binding, "policy_data", grants);
            }
        }
        if read {
            return;
        }
        for block in &text.blocks {
            for document in self.documents.meant(block, &written.site) {
                read = true;
                for binding in &document.value {
                    self.grant(written, binding, "policy_data", grants);
                }
            }
        }
        if !read {
            let nobody = Binding::unknown(text.blocks.clone());
            self.grant(written, &nobody, "policy_data", grants);
        }
    }

    /// One grant for each principal of a binding.
    fn grant(&self, written: &Written, binding: &Binding, inside: &str, grants: &mut Vec<Grant>) {
        let role = self.role(&binding.role, &written.site);
        for (attribute, member) in &binding.members {
            let path = match (inside, attribute.as_str()) {
                ("", "member") => "role",
                ("", path) => path,
                (inside, _) => inside,
            };
            let may_be_anyone = member::may_be_anyone(member);
            for principal in self.accounts.members(member, &written.site) {
                grants.push(Grant {
                    site: Site {
                        path: path.to_owned(),
                        ..written.site.clone()
                    },
                    scope: written.scope.clone(),
                    role: role.name.clone(),
                    basic: role.basic,
                    sure: role.sure,
                    maybe: role.maybe,
                    open: role.open,
                    // A set that is known only after apply holds all that it rests on.
                    possible: binding.is_riddle
                        || if attribute == "member" {
                            Accounts::is_one_of(member)
                        } else {
                            member.options.len() > 1
                        },
                    stranger: may_be_anyone && principal.kind == Kind::Unknown,
                    principal,
                    basic_possible: role.basic_possible,
                    condition: binding.condition,
                    evidence: if binding.role.known().is_some() && member.known().is_some() {
                        "planned"
                    } else {
                        "references"
                    },
                });
            }
        }
    }

    fn role(&self, text: &Text, site: &Site) -> Role {
        let mut roles: Vec<Role> = text
            .options
            .iter()
            .map(|option| self.role_named(option, site))
            .collect();
        if roles.is_empty() {
            roles.extend(self.roles_of_blocks(&text.blocks, site));
        }
        let mut roles = roles.into_iter();
        let Some(mut role) = roles.next() else {
            return Role {
                name: text.readable(),
                open: true,
                ..Role::default()
            };
        };
        for other in roles {
            role.sure = role.sure.intersection(other.sure);
            role.maybe = role.maybe.union(other.maybe);
            role.basic_possible |= other.basic_possible || role.basic.is_some() != other.basic.is_some();
            role.basic = match (role.basic, other.basic) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            };
            role.open |= other.open;
            role.name = format!("{} or {}", role.name, other.name);
        }
        role
    }

    fn role_named(&self, name: &str, site: &Site) -> Role {
        if !symbol::has_symbols(name) {
            if name.starts_with("roles/") {
                let permissions = predefined(name);
                return Role {
                    name: name.to_owned(),
                    basic: Basic::of(name),
                    sure: permissions,
                    maybe: permissions,
                    ..Role::default()
                };
            }
            let address = self.names.get(name);
            return self
                .roles_of_blocks(address.map(std::slice::from_ref).unwrap_or_default(), site)
                .next()
                .unwrap_or_else(|| Role {
                    name: name.to_owned(),
                    open: true,
                    ..Role::default()
                });
        }
        let blocks = Text::of(name, Vec::new()).blocks;
        let found = self.roles_of_blocks(&blocks, site).next();
        found.unwrap_or_else(|| Role {
            name: symbol::readable(name).into_owned(),
            open: true,
            ..Role::default()
        })
    }

    fn roles_of_blocks<'s>(&'s self, blocks: &'s [String], site: &'s Site) -> impl Iterator<Item = Role> + 's {
        blocks
            .iter()
            .flat_map(|block| self.custom.meant(block, site))
            .map(|instance| Role {
                name: instance.address.clone(),
                sure: instance.value.permissions,
                maybe: instance.value.permissions,
                open: instance.value.open,
                ..Role::default()
            })
    }
}

/// A role, as far as it is known.
#[derive(Debug, Default)]
struct Role {
    name: String,
    basic: Option<Basic>,
    sure: Permissions,
    maybe: Permissions,
    open: bool,
    basic_possible: bool,
}
