//! Access policies of key vaults: who may do everything in one.

use nhi_plan::Severity;
use nhi_plan::json::Value;

use super::judge::{Claim, What};
use super::principal::{Kind, Principals};
use crate::facts::Block;
use crate::facts::cloud::{Site, Text, lower};

/// Permissions that together are all of a kind; newer and rarer ones do not count.
const ALL: [(&str, &str, &[&str]); 3] = [
    (
        "secrets",
        "secret_permissions",
        &["backup", "delete", "get", "list", "purge", "recover", "restore", "set"],
    ),
    (
        "keys",
        "key_permissions",
        &[
            "backup", "create", "decrypt", "delete", "encrypt", "get", "import", "list", "purge", "recover", "restore",
            "sign", "update",
        ],
    ),
    (
        "certificates",
        "certificate_permissions",
        &[
            "backup", "create", "delete", "get", "import", "list", "purge", "recover", "restore", "update",
        ],
    ),
];

/// A policy that allows everything of some kind.
#[derive(Debug)]
pub(crate) struct Access {
    site: Site,
    principal: Text,
    kinds: Vec<&'static str>,
}

/// Reads the access policies of a block.
pub(super) fn collect(block: &Block<'_>, found: &mut Vec<Access>) {
    match block.change.resource_type.as_ref() {
        "azurerm_key_vault_access_policy" => {
            found.extend(block.after().and_then(|after| read(block, after, "")));
        }
        "azurerm_key_vault" => {
            let policies = block.after().and_then(|after| after.get("access_policy"));
            for (index, policy) in policies.into_iter().flat_map(Value::elements).enumerate() {
                found.extend(read(block, policy, &format!("access_policy[{index}]")));
            }
        }
        _ => {}
    }
}

fn read(block: &Block<'_>, policy: Value<'_>, path: &str) -> Option<Access> {
    let whole = |attribute: &str, all: &[&str]| {
        let given: Vec<String> = policy
            .get(attribute)
            .into_iter()
            .flat_map(Value::elements)
            .filter_map(|permission| Some(permission.as_str()?.to_ascii_lowercase()))
            .collect();
        given.iter().any(|permission| permission == "all")
            || all
                .iter()
                .all(|permission| given.iter().any(|given| given == permission))
    };
    let kinds: Vec<_> = ALL
        .iter()
        .filter(|(_, attribute, all)| whole(attribute, all))
        .map(|(kind, _, _)| *kind)
        .collect();
    if kinds.is_empty() {
        return None;
    }
    let object = if path.is_empty() {
        String::from("object_id")
    } else {
        format!("{path}.object_id")
    };
    Some(Access {
        principal: Text::read(block, &object).unwrap_or_default(),
        site: Site::new(
            block,
            if path.is_empty() {
                String::new()
            } else {
                path.to_owned()
            },
        ),
        kinds,
    })
}

/// The claims that access policies make.
pub(super) fn claims(access: &[Access], principals: &Principals) -> Vec<Claim> {
    let mut claims = Vec::new();
    for access in access {
        for principal in principals.meant(&access.principal, None, &access.site) {
            let severity = match principal.kind {
                Kind::Machine => Severity::Medium,
                // Whoever makes a vault fills it, too.
                Kind::Deployer => Severity::Info,
                _ => lower(Severity::Medium),
            };
            claims.push(Claim {
                what: What::Vault {
                    kinds: access.kinds.clone(),
                },
                site: access.site.clone(),
                principal,
                place: "a key vault",
                role: String::new(),
                severity,
                possible: false,
                note: "",
                evidence: "planned",
                rank: 0,
            });
        }
    }
    claims
}
