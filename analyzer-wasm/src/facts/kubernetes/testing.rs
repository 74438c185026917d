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

/// The same role and binding as manifests, and as manifests in YAML.
fn respelled(rules: &str) -> [Plan; 2] {
    let rules = rules
        .replace("api_groups", "apiGroups")
        .replace("resource_names", "resourceNames")
        .replace("\"resourceNames\":null", "\"resourceNames\":[]");
    let objects = [
        format!(
            r#"{{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{{"name":"r"}},"rules":[{rules}]}}"#
        ),
        String::from(
            r#"{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRoleBinding","metadata":{"name":"b"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"r"},"subjects":[{"kind":"ServiceAccount","name":"app","namespace":"shop"}]}"#,
        ),
    ];
    let [role, binding] = objects;
    let manifest = |object: &str| format!(r#"{{"manifest":{object}}}"#);
    // JSON is YAML; block style is a matter of the parser.
    let text = |object: &str| {
        format!(
            r#"{{"yaml_body":{}}}"#,
            nhi_plan::json::quote(&object.replace("\":", "\": "))
        )
    };
    [
        plan(&[
            ("kubernetes_manifest.r", &manifest(&role)),
            ("kubernetes_manifest.b", &manifest(&binding)),
        ]),
        plan(&[
            ("kubectl_manifest.b", &text(&binding)),
            ("kubectl_manifest.r", &text(&role)),
        ]),
    ]
}

#[test]
fn spellings_agree() {
    let said = |plan: &Plan| {
        let found = plan
            .judge()
            .into_iter()
            .filter(|finding| finding.rule.starts_with("NHI06"));
        let mut said: Vec<_> = found
            .map(|finding| (finding.rule, finding.severity, finding.outcome, finding.message))
            .collect();
        said.sort();
        said
    };
    for (groups, resources, verbs, names) in [
        ("*", "*", "*", ""),
        ("", "*", "*", ""),
        ("", "secrets,pods/exec", "get,create", ""),
        ("", "secrets", "get", "ca"),
        ("rbac.authorization.k8s.io", "clusterroles", "bind,escalate,update", ""),
        ("apps,batch", "deployments,jobs", "patch", ""),
        ("", "nodes/proxy,serviceaccounts/token", "create", ""),
        ("example.com", "*", "*", ""),
    ] {
        let rules = rule(groups, resources, verbs, names);
        let expected = said(&everywhere(&rules));
        for plan in respelled(&rules) {
            assert_eq!(said(&plan), expected, "{rules}");
        }
        // A harmless rule before it changes nothing, and neither does telling the parts apart.
        let padded = format!("{},{rules}", rule("", "services", "get", ""));
        assert_eq!(said(&everywhere(&padded)), expected, "{rules}");
    }
}
