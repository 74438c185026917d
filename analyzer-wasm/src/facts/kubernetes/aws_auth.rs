//! `aws-auth`: the config map with which EKS takes IAM identities for users and groups of the cluster.

use nhi_plan::json::{self, Value};
use nhi_plan::symbol;

use super::model::{Place, Unread};
use super::{Kubernetes, yaml};
use crate::facts::Block;

/// Elements of the map that are read.
const ELEMENTS_MAX: usize = 2_000;

/// An entry of the map that makes somebody administrator.
#[derive(Debug, Clone)]
pub(crate) struct Master {
    pub(crate) place: Place,
    pub(crate) path: String,
    /// ARN of the identity, or what stands for it.
    pub(crate) who: String,
}

/// An account whose every identity may log in.
#[derive(Debug, Clone)]
pub(crate) struct Accounts {
    pub(crate) place: Place,
    pub(crate) path: String,
}

/// Reads the map where the config map is that one.
pub(super) fn read(block: &Block<'_>, value: Value<'_>, place: &Place, namespace: &str, into: &mut Kubernetes) {
    let meta = value.get("metadata").map(super::read::one);
    let name = meta.and_then(|meta| meta.get("name")).and_then(Value::as_str);
    let data = value.get("data");
    let keys = ["mapRoles", "mapUsers", "mapAccounts"];
    let unnamed = name.as_deref().map_or_else(
        || {
            !place.text
                && ["metadata[0].name", "metadata.name"]
                    .iter()
                    .any(|path| block.is_unknown(&place.inner(path)))
        },
        symbol::has_symbols,
    );
    if unnamed && (namespace == "kube-system" || symbol::has_symbols(namespace)) {
        // Nothing else has such keys.
        if keys.iter().any(|key| data.is_some_and(|data| data.get(key).is_some())) {
            unread(
                place,
                &place.inner("metadata"),
                "whether it is the map of EKS is known only after apply",
                into,
            );
        }
        return;
    }
    if name.as_deref() != Some("aws-auth") || namespace != "kube-system" && !symbol::has_symbols(namespace) {
        return;
    }
    for key in keys {
        let path = place.inner(&format!("data.{key}"));
        let Some(text) = data.and_then(|data| data.get(key)).and_then(Value::as_str) else {
            if !place.text && block.is_unknown(&path) {
                unread(
                    place,
                    &path,
                    "who is mapped to which group is known only after apply",
                    into,
                );
            }
            continue;
        };
        for text in symbol::alternatives(&text) {
            if entries(text, key, place, &path, into).is_none() {
                unread(place, &path, "its YAML cannot be read", into);
            }
        }
    }
}

fn unread(place: &Place, path: &str, why: &'static str, into: &mut Kubernetes) {
    into.unread_auth.push(Unread {
        place: place.clone(),
        path: path.to_owned(),
        why,
    });
}

fn entries(text: &str, key: &str, place: &Place, path: &str, into: &mut Kubernetes) -> Option<()> {
    for document in yaml::documents(text).ok()? {
        let document = json::parse(&document).ok()?;
        let root = document.root();
        // A symbol alone stands for the whole map.
        if root.as_str().is_some() {
            return None;
        }
        for entry in root.elements().take(ELEMENTS_MAX) {
            if key == "mapAccounts" {
                into.accounts.push(Accounts {
                    place: place.clone(),
                    path: path.to_owned(),
                });
                break;
            }
            let groups = entry
                .get("groups")
                .into_iter()
                .flat_map(Value::elements)
                .filter_map(Value::as_str);
            let groups: Vec<_> = groups.take(ELEMENTS_MAX).map(std::borrow::Cow::into_owned).collect();
            let is_master = groups.iter().any(|group| group == "system:masters");
            if key == "mapRoles" {
                into.machine_groups.extend(groups);
            }
            if is_master {
                let who = ["rolearn", "userarn"].iter().find_map(|name| entry.get(name)?.as_str());
                into.masters.push(Master {
                    place: place.clone(),
                    path: path.to_owned(),
                    who: symbol::readable(who.as_deref().unwrap_or("an identity")).into_owned(),
                });
            }
        }
    }
    Some(())
}
