//! Access for everyone that is not written as a binding: access control lists, access entries, switches.

use nhi_plan::json::Value;
use nhi_plan::symbol;

use super::member::{self, Kind};
use crate::facts::Block;
use crate::facts::cloud::Site;
use crate::facts::setting::{self, Is};

/// Something that everyone may do.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) site: Site,
    /// `allUsers` or `allAuthenticatedUsers`.
    pub(crate) kind: Kind,
    /// The role, in the words of the attribute.
    pub(crate) role: String,
    /// What it is on: `storage bucket`.
    pub(crate) place: &'static str,
    /// Whether it is everyone is known only after apply.
    pub(crate) possible: bool,
}

/// Something that may turn out to be for everyone.
fn open(block: &Block<'_>, path: &str, place: &'static str) -> Open {
    Open {
        site: Site::new(block, path),
        kind: Kind::Anyone,
        role: block.string("role").unwrap_or_default(),
        place,
        possible: true,
    }
}

/// Reads what a block opens to everyone.
pub(crate) fn collect(block: &Block<'_>, found: &mut Vec<Open>) {
    match block.change.resource_type.as_ref() {
        "google_storage_bucket_access_control" | "google_storage_default_object_access_control" => {
            entity(block, "storage bucket", found);
        }
        "google_storage_object_access_control" => entity(block, "storage object", found),
        "google_storage_bucket_acl" | "google_storage_default_object_acl" => list(block, "storage bucket", found),
        "google_storage_object_acl" => list(block, "storage object", found),
        "google_bigquery_dataset" => {
            let entries = block.after().and_then(|after| after.get("access"));
            if entries.is_none_or(Value::is_empty) && setting::is_open(block, "access") {
                found.push(open(block, "access", "dataset"));
            }
            for (index, entry) in entries.into_iter().flat_map(Value::elements).enumerate() {
                dataset(block, entry, &format!("access[{index}]"), found);
            }
        }
        "google_bigquery_dataset_access" => {
            if let Some(entry) = block.after() {
                dataset(block, entry, "", found);
            }
        }
        "google_cloud_run_v2_service" => {
            let off = setting::flag(block, "invoker_iam_disabled", true);
            if off > Is::No {
                found.push(Open {
                    site: Site::new(block, "invoker_iam_disabled"),
                    kind: Kind::Anyone,
                    role: String::from("roles/run.invoker"),
                    place: "cloud run v2 service",
                    possible: off == Is::Maybe,
                });
            }
        }
        _ => {}
    }
}

/// Everyone, or everyone with an account, in any of the spellings of the older interfaces.
fn everyone(text: &str) -> Option<Kind> {
    let text = text.strip_prefix("iamMember:").unwrap_or(text);
    if text == "allUsers" || text == "allAuthenticatedUsers" {
        return member::parse(text).map(|principal| principal.kind);
    }
    None
}

fn entity(block: &Block<'_>, place: &'static str, found: &mut Vec<Open>) {
    let entity = block.string("entity");
    // A symbol that is the whole of it may be anybody.
    if entity.as_deref().map_or(block.is_unknown("entity"), setting::is_symbol) && !is_google(block, "entity") {
        found.push(open(block, "entity", place));
    }
    let kind = entity.and_then(|entity| everyone(&entity));
    if let Some(kind) = kind {
        found.push(Open {
            site: Site::new(block, "entity"),
            kind,
            role: block.string("role").unwrap_or_else(|| String::from("READER")),
            place,
            possible: false,
        });
    }
}

fn list(block: &Block<'_>, place: &'static str, found: &mut Vec<Open>) {
    let entries = block.after().and_then(|after| after.get("role_entity"));
    for (index, entry) in entries.into_iter().flat_map(Value::elements).enumerate() {
        let Some(text) = entry.as_str() else {
            if !is_google(block, "role_entity") {
                found.push(open(block, &format!("role_entity[{index}]"), place));
            }
            continue;
        };
        let Some((role, kind)) = text
            .split_once(':')
            .and_then(|(role, who)| Some((role, everyone(who)?)))
        else {
            continue;
        };
        found.push(Open {
            site: Site::new(block, format!("role_entity[{index}]")),
            kind,
            role: role.to_owned(),
            place,
            possible: false,
        });
    }
    if entries.is_none() && setting::is_open(block, "role_entity") && !is_google(block, "role_entity") {
        found.push(open(block, "role_entity", place));
    }
    let predefined = block.string("predefined_acl");
    if predefined
        .as_deref()
        .map_or_else(|| setting::is_open(block, "predefined_acl"), symbol::has_symbols)
    {
        found.push(open(block, "predefined_acl", place));
    }
    let predefined = predefined.unwrap_or_default();
    let (kind, role) = match predefined.to_ascii_lowercase().as_str() {
        "publicread" => (Kind::Anyone, "READER"),
        "publicreadwrite" => (Kind::Anyone, "WRITER"),
        "authenticatedread" => (Kind::AnyGoogle, "READER"),
        _ => return,
    };
    found.push(Open {
        site: Site::new(block, "predefined_acl"),
        kind,
        role: role.to_owned(),
        place,
        possible: false,
    });
}

fn dataset(block: &Block<'_>, entry: Value<'_>, path: &str, found: &mut Vec<Open>) {
    for attribute in ["special_group", "iam_member"] {
        let text = entry.get(attribute).and_then(Value::as_str);
        let at = if path.is_empty() {
            attribute.to_owned()
        } else {
            format!("{path}.{attribute}")
        };
        let vague = text
            .as_deref()
            .map_or_else(|| setting::is_open(block, &at), setting::is_symbol);
        if vague && !is_google(block, &at) {
            found.push(open(block, &at, "dataset"));
        }
        let Some(kind) = text
            .filter(|text| !symbol::has_symbols(text))
            .and_then(|text| everyone(&text))
        else {
            continue;
        };
        let role = entry.get("role").and_then(Value::as_str);
        found.push(Open {
            site: Site::new(block, at),
            kind,
            role: role.map_or_else(|| String::from("READER"), std::borrow::Cow::into_owned),
            place: "dataset",
            possible: false,
        });
    }
}

/// Whether the value rests on something that Google gives a name of its own, which is never everyone.
fn is_google(block: &Block<'_>, path: &str) -> bool {
    block.references(path).iter().any(|address| member::is_google(address))
}
