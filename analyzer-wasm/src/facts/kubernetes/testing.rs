//! Plans of RBAC objects for the tables of the rules, in the shape of the provider.

use crate::rules::cases::{Plan, plan};

/// A rule of a role in the provider's spelling; names where the last part is not empty.
pub(crate) fn rule(groups: &str, resources: &str, verbs: &str, names: &str) -> String {
    let list = |text: &str| match text {
        "-" => String::from("[]"),
        _ => format!(
            "[{}]",
            text.split(',')
                .map(|part| format!("\"{part}\""))
                .collect::<Vec<_>>()
                .join(",")
        ),
    };
    let names = if names.is_empty() {
        String::from("null")
    } else {
        list(names)
    };
    format!(
        r#"{{"api_groups":{},"resources":{},"verbs":{},"resource_names":{names}}}"#,
        list(groups),
        list(resources),
        list(verbs)
    )
}

/// A subject that is a service account.
pub(crate) const ACCOUNT: &str = r#"{"kind":"ServiceAccount","name":"app","namespace":"shop","api_group":""}"#;

pub(crate) fn group(name: &str) -> String {
    format!(r#"{{"kind":"Group","name":"{name}","api_group":"rbac.authorization.k8s.io"}}"#)
}

/// A cluster role with these rules, bound in the whole cluster.
pub(crate) fn everywhere(rules: &str) -> Plan {
    plan(&[
        (
            "kubernetes_cluster_role_v1.r",
            &format!(r#"{{"metadata":[{{"name":"r"}}],"rule":[{rules}],"aggregation_rule":[]}}"#),
        ),
        ("kubernetes_cluster_role_binding_v1.b", &cluster_binding("r", ACCOUNT)),
    ])
}

/// A role with these rules, bound in its namespace.
pub(crate) fn within(namespace: &str, rules: &str) -> Plan {
    plan(&[
        (
            "kubernetes_role.r",
            &format!(r#"{{"metadata":[{{"name":"r","namespace":"{namespace}"}}],"rule":[{rules}]}}"#),
        ),
        ("kubernetes_role_binding.b", &binding(namespace, "Role", "r", ACCOUNT)),
    ])
}

pub(crate) fn cluster_binding(role: &str, subjects: &str) -> String {
    format!(
        r#"{{"metadata":[{{"name":"b"}}],"role_ref":[{{"api_group":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"{role}"}}],"subject":[{subjects}]}}"#
    )
}

pub(crate) fn binding(namespace: &str, kind: &str, role: &str, subjects: &str) -> String {
    format!(
        r#"{{"metadata":[{{"name":"b","namespace":"{namespace}"}}],"role_ref":[{{"api_group":"rbac.authorization.k8s.io","kind":"{kind}","name":"{role}"}}],"subject":[{subjects}]}}"#
    )
}
