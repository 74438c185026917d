//! Machine identities that people use too: users with a password and keys, and people who may become a service account.

use std::collections::BTreeMap;

use nhi_plan::Mode;
use nhi_plan::json::Value;

use crate::facts::Block;
use crate::facts::cloud::{self, Site, Text};

/// Roles of Google Cloud that hand out what a service account is known by.
const ROLES: [&str; 3] = [
    "roles/iam.serviceAccountKeyAdmin",
    "roles/iam.serviceAccountOpenIdTokenCreator",
    "roles/iam.serviceAccountTokenCreator",
];

/// A machine identity in the hands of a person.
#[derive(Debug)]
pub(crate) enum Human {
    /// A password for the console, and the key of a machine.
    Login {
        site: Site,
        /// Address of the key.
        key: String,
    },
    /// Somebody may act as a service account.
    Member { site: Site, member: String, role: String },
}

/// Everything of the plan.
#[derive(Debug, Default)]
pub(crate) struct People {
    /// By user: its name, or the block and its instance key.
    logins: BTreeMap<String, Site>,
    keys: BTreeMap<String, String>,
    pub(crate) found: Vec<Human>,
}

impl People {
    pub(super) fn collect(&mut self, block: &Block<'_>) {
        if block.change.mode != Mode::Managed {
            return;
        }
        match block.change.resource_type.as_ref() {
            "aws_iam_user_login_profile" => {
                if let Some(user) = user(block) {
                    self.logins.insert(user, Site::new(block, "user"));
                }
            }
            // A key that is switched off serves nobody.
            "aws_iam_access_key" if block.string("status").as_deref() != Some("Inactive") => {
                if let Some(user) = user(block) {
                    self.keys
                        .entry(user)
                        .or_insert_with(|| block.change.address.to_string());
                }
            }
            "google_service_account_iam_binding" | "google_service_account_iam_member" => self.members(block),
            _ => {}
        }
    }

    fn members(&mut self, block: &Block<'_>) {
        let role = block.string("role").filter(|role| ROLES.contains(&role.as_str()));
        let (Some(role), Some(after)) = (role, block.after()) else {
            return;
        };
        let (path, value) = match after.get("members") {
            Some(members) => ("members", members),
            None => match after.get("member") {
                Some(member) => ("member", member),
                None => return,
            },
        };
        let all = value.elements().chain([value]).filter_map(Value::as_str);
        if let Some(member) = all.into_iter().find(|member| member.starts_with("user:")) {
            self.found.push(Human::Member {
                site: Site::new(block, path),
                member: cloud::cut(&nhi_plan::symbol::readable(&member)),
                role,
            });
        }
    }

    pub(super) fn settle(&mut self) {
        for (user, site) in &self.logins {
            if let Some(key) = self.keys.get(user) {
                self.found.push(Human::Login {
                    site: site.clone(),
                    key: key.clone(),
                });
            }
        }
    }
}

fn user(block: &Block<'_>) -> Option<String> {
    let text = Text::read(block, "user")?;
    if let Some(known) = text.known() {
        return Some(known.to_owned());
    }
    let owner = text
        .blocks
        .iter()
        .find(|address| cloud::type_of(address) == "aws_iam_user")?;
    let (config, own) = (cloud::without_keys(owner), cloud::instance_key(owner));
    let key = if own.is_empty() {
        cloud::instance_key(&block.change.address)
    } else {
        own
    };
    Some(format!("{config} {}{key}", block.change.module_address))
}
