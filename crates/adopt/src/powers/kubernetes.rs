//! Roles and bindings of Kubernetes as scopes.

use nhi_plan::json::Value;

use super::{Entry, Power, Powers, Scope};
use crate::attributes::{Attributes, text, texts};

/// The four resource types, each also with `_v1`.
pub(super) fn is_source(type_name: &str) -> bool {
    kind(type_name).is_some()
}

/// Whether it is of the cluster, and whether it binds.
fn kind(type_name: &str) -> Option<(bool, bool)> {
    match type_name.strip_suffix("_v1").unwrap_or(type_name) {
        "kubernetes_role" => Some((false, false)),
        "kubernetes_cluster_role" => Some((true, false)),
        "kubernetes_role_binding" => Some((false, true)),
        "kubernetes_cluster_role_binding" => Some((true, true)),
        _ => None,
    }
}

pub(super) fn collect(powers: &mut Powers, type_name: &str, attributes: &Attributes<'_>) {
    let Some((is_cluster, binds)) = kind(type_name) else {
        return;
    };
    let one = |place: &[&str]| attributes.text(place).map(std::borrow::Cow::into_owned);
    let namespace = one(&["metadata", "namespace"]).unwrap_or_else(|| "default".to_owned());
    if !binds {
        let Some(name) = one(&["metadata", "name"]) else { return };
        let rules = attributes.value(&["rule"]).into_iter().flat_map(Value::elements);
        let entries = rules.flat_map(entries).collect();
        let within = if is_cluster { String::new() } else { namespace };
        powers.roles.insert((is_cluster, within, name), entries);
        return;
    }
    let (role_kind, role) = (one(&["role_ref", "kind"]), one(&["role_ref", "name"]));
    let of_cluster = role_kind.as_deref() == Some("ClusterRole");
    for subject in attributes.value(&["subject"]).into_iter().flat_map(Value::elements) {
        let said = |name: &str| subject.get(name).and_then(text);
        if said("kind").as_deref() != Some("ServiceAccount") {
            continue;
        }
        let Some(name) = said("name") else { continue };
        let account = format!("{}/{name}", said("namespace").as_deref().unwrap_or("default"));
        let power = match &role {
            Some(role) => Power::Bound {
                is_cluster: of_cluster,
                namespace: if of_cluster { String::new() } else { namespace.clone() },
                name: role.clone(),
                within: (!is_cluster).then(|| namespace.clone()),
            },
            None => Power::Unknown("what a role allows that is known after apply".to_owned()),
        };
        powers.give(("kubernetes", account), power);
    }
}

fn entries(rule: Value<'_>) -> Vec<Entry> {
    let listed = |name: &str| rule.get(name).map(texts).unwrap_or_default();
    let (groups, names, actions) = (listed("api_groups"), listed("resource_names"), listed("verbs"));
    let group = groups.iter().find(|group| !group.is_empty());
    let paths = listed("non_resource_urls")
        .into_iter()
        .map(|url| url.trim_start_matches('/').to_owned());
    let resources = listed("resources").into_iter().flat_map(|resource| {
        let resource = group.map_or_else(|| resource.clone(), |group| format!("{resource}.{group}"));
        if names.is_empty() {
            vec![resource]
        } else {
            names.iter().map(|name| format!("{resource}/{name}")).collect()
        }
    });
    let entry = |resource| Entry {
        backend: "kubernetes",
        resource,
        actions: actions.clone(),
    };
    resources.chain(paths).map(entry).collect()
}

/// Adds the rules of a role, in a namespace or in all.
pub(super) fn bind(rules: &[Entry], within: Option<&str>, scope: &mut Scope) {
    for rule in rules {
        let is_open = |text: &str| !text.contains(|c: char| c.is_ascii_alphanumeric());
        if rule.actions.iter().any(|action| is_open(action)) {
            scope.gaps.push(format!("every verb on `{}`", rule.resource));
            continue;
        }
        let place = within.map_or_else(|| "cluster".to_owned(), |namespace| format!("namespaces/{namespace}"));
        scope.entries.push(Entry {
            resource: format!("{place}/{}", rule.resource),
            ..rule.clone()
        });
    }
}
