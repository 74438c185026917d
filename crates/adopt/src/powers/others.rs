//! Grants of Google Cloud, Azure, PostgreSQL and Vault as scopes.

use super::{Entry, Power, Powers};
use crate::attributes::Attributes;

/// What a grant of Google may be on, by the attribute that names it, and what its kind is called in a resource name.
const PLACES: [(&str, &str); 16] = [
    ("project", "projects"),
    ("folder", "folders"),
    ("org_id", "organizations"),
    ("bucket", "buckets"),
    ("service_account_id", "serviceAccounts"),
    ("secret_id", "secrets"),
    ("crypto_key_id", "cryptoKeys"),
    ("key_ring_id", "keyRings"),
    ("topic", "topics"),
    ("subscription", "subscriptions"),
    ("dataset_id", "datasets"),
    ("table_id", "tables"),
    ("repository", "repositories"),
    ("instance", "instances"),
    ("service", "services"),
    ("name", "resources"),
];

pub(super) fn is_source(type_name: &str) -> bool {
    is_google(type_name)
        || matches!(
            type_name,
            "azurerm_role_assignment" | "postgresql_grant" | "postgresql_grant_role"
        )
}

fn is_google(type_name: &str) -> bool {
    type_name.starts_with("google_") && (type_name.ends_with("_iam_member") || type_name.ends_with("_iam_binding"))
}

pub(super) fn collect(powers: &mut Powers, type_name: &str, attributes: &Attributes<'_>) {
    let one = |name: &str| attributes.text(&[name]).map(std::borrow::Cow::into_owned);
    if is_google(type_name) {
        google(powers, type_name, attributes);
        return;
    }
    match type_name {
        "azurerm_role_assignment" => {
            let Some(principal) = one("principal_id") else { return };
            let role = one("role_definition_name").or_else(|| one("role_definition_id"));
            let power = match (one("scope"), role) {
                (Some(resource), Some(role)) => Power::Entry(Entry {
                    backend: "azure",
                    resource,
                    // A role of Azure has a name with spaces, which an action cannot have.
                    actions: vec![format!("role:{}", role.replace(' ', "-"))],
                }),
                _ => Power::Unknown("what a role assignment gives that is known after apply".to_owned()),
            };
            powers.give(("azure", principal), power);
        }
        "postgresql_grant" => {
            let Some(role) = one("role") else { return };
            let place: Vec<String> = ["database", "schema"].into_iter().filter_map(one).collect();
            let objects = attributes.texts(&["objects"]);
            let kind = one("object_type").unwrap_or_else(|| "object".to_owned());
            let actions: Vec<String> = attributes.texts(&["privileges"]);
            if actions.is_empty() {
                return;
            }
            let on = |object: &str| {
                Power::Entry(Entry {
                    backend: "postgresql",
                    resource: [place.join("/"), kind.clone(), object.to_owned()].join("/"),
                    actions: actions.clone(),
                })
            };
            let powers_given: Vec<Power> = match objects.is_empty() {
                true if matches!(kind.as_str(), "database" | "schema") => vec![Power::Entry(Entry {
                    backend: "postgresql",
                    resource: place.join("/"),
                    actions: actions.clone(),
                })],
                true => vec![on("*")],
                false => objects.iter().map(|object| on(object)).collect(),
            };
            for power in powers_given {
                powers.give(("postgresql", role.clone()), power);
            }
        }
        "postgresql_grant_role" => {
            if let (Some(role), Some(granted)) = (one("role"), one("grant_role")) {
                powers.give(
                    ("postgresql", role),
                    Power::Unknown(format!("what the role `{granted}` may do")),
                );
            }
        }
        _ => {}
    }
}

fn google(powers: &mut Powers, type_name: &str, attributes: &Attributes<'_>) {
    let one = |name: &str| attributes.text(&[name]).map(std::borrow::Cow::into_owned);
    let mut members = attributes.texts(&["members"]);
    members.extend(one("member"));
    let is_of_project = type_name.starts_with("google_project_iam_");
    let place = PLACES.iter().find_map(|(attribute, kind)| {
        // Everything has a project beside what it is.
        let counts = is_of_project || *attribute != "project";
        let value = counts.then(|| one(attribute)).flatten()?;
        let value = value.strip_prefix("b/").map(str::to_owned).unwrap_or(value);
        Some(if value.contains('/') {
            value
        } else {
            format!("{kind}/{value}")
        })
    });
    for member in members {
        let power = match (&place, one("role")) {
            (Some(resource), Some(role)) => Power::Entry(Entry {
                backend: "google",
                resource: resource.clone(),
                actions: vec![role],
            }),
            _ => Power::Unknown(format!("what a `{type_name}` gives")),
        };
        powers.give(("google", member), power);
    }
}
