//! Flags subjects that may do everything in a Kubernetes cluster or namespace.

use nhi_plan::Severity;
use nhi_policy_sdk::Findings;

use crate::facts::Facts;
use crate::facts::kubernetes::Kind;

use crate::rule::{Check, Group, Rule};

/// Subjects that may do everything in a Kubernetes cluster or namespace.
pub(super) static RULE: Rule = Rule {
    code: "NHI060",
    name: "kubernetes-cluster-admin",
    group: Group::Privilege,
    severity: Severity::Critical,
    since: "0.1.0",
    summary: "a subject may do everything in a Kubernetes cluster",
    why: "whoever runs code as this subject owns every workload, every secret and every node of the cluster",
    controls: &[
        "NHI5:2025",
        "CWE-269",
        "AC-6",
        "PR.AA-05",
        "CC6.3",
        "A.8.2",
        "CIS-K8S-5.1.1",
    ],
    check: Check::Plan(check),
    docs: r#"
## What it does

Flags subjects that are bound to `cluster-admin`, or to a cluster role of the plan with all verbs on all resources of all groups.
A role binding to `cluster-admin` gives everything in one namespace: medium, and critical in `kube-system`.
A group is one step lower, since it holds people as a rule; a role of this kind that nothing binds is medium.
A binding whose role is known only after apply is reported as unverified.

## Why is this bad?

A cluster administrator can read the tokens of all other identities, so that one stolen pod token is the end of the cluster and often of the cloud account behind it.

## Example

```terraform
resource "kubernetes_cluster_role_binding_v1" "deploy" {
  metadata {
    name = "deploy"
  }
  role_ref {
    api_group = "rbac.authorization.k8s.io"
    kind      = "ClusterRole"
    name      = "cluster-admin"
  }
  subject {
    kind      = "ServiceAccount"
    name      = "deploy"
    namespace = "ci"
  }
}
```

## Use instead

```terraform
resource "kubernetes_role_binding_v1" "deploy" {
  metadata {
    name      = "deploy"
    namespace = "shop"
  }
  role_ref {
    api_group = "rbac.authorization.k8s.io"
    kind      = "Role"
    name      = kubernetes_role_v1.deploy.metadata[0].name
  }
  subject {
    kind      = "ServiceAccount"
    name      = "deploy"
    namespace = "ci"
  }
}
```

## Known limits

- A role that is neither in the plan nor built in is not judged; what charts put into templates is not in a plan.
- Of Helm values, lists of rules and whole manifests are read; `set` entries are not.
- Checked against the shape that the providers document, not against a cluster.

## References

- [RBAC good practices](https://kubernetes.io/docs/concepts/security/rbac-good-practices/)
- [OWASP NHI5:2025 Overprivileged NHI](https://owasp.org/www-project-non-human-identities-top-10/2025/5-overprivileged-nhi/)
"#,
};

fn check(facts: &Facts, out: &mut Findings) {
    let settled = &facts.kubernetes.settled;
    let everything = settled
        .judgements
        .iter()
        .filter(|judgement| judgement.kind == Kind::Everything);
    for judgement in everything {
        let message = format!(
            "{} may do everything {} through {}",
            judgement.who(),
            judgement.place(),
            judgement.role
        );
        out.push(judgement.finding(
            &facts.kubernetes,
            &RULE,
            message,
            "bind a role with the rights that the workload uses, in the namespace where it uses them",
        ));
    }
    for (place, path) in &settled.unknown_bindings {
        let finding = RULE
            .finding(&place.address, path)
            .message("which role is bound is known only after apply")
            .remediation("name the role by a value that is known when planning");
        out.push(finding.unverified());
    }
}

#[cfg(test)]
mod tests {
    use crate::facts::kubernetes::testing::{ACCOUNT, binding, cluster_binding, everywhere, group, rule, within};
    use crate::rules::cases::{Case, cases, plan};

    #[test]
    fn table() {
        let bind = |subjects: &str| {
            plan(&[(
                "kubernetes_cluster_role_binding.b",
                &cluster_binding("cluster-admin", subjects),
            )])
        };
        cases(&super::RULE)
            .flags(&[
                Case::critical("a service account", bind(ACCOUNT)).at("role_ref[0].name"),
                Case::critical("a user", bind(r#"{"kind":"User","name":"ci"}"#)),
                Case::high("a group", bind(&group("platform"))),
                Case::critical("everybody", bind(&group("system:authenticated"))),
                Case::critical("subjects are unknown", bind("").unknown("kubernetes_cluster_role_binding.b", &["subject"])).at("role_ref[0].name"),
                Case::critical("by content", everywhere(&rule("*", "*", "*", ""))).at("rule[0]"),
                Case::critical("by content, among others", everywhere(&format!("{},{}", rule("", "pods", "get", ""), rule("apps,*", "deployments,*", "get,*", "")))),
                Case::medium("in a namespace", plan(&[("kubernetes_role_binding.b", &binding("shop", "ClusterRole", "cluster-admin", ACCOUNT))])),
                Case::critical("in kube-system", plan(&[("kubernetes_role_binding_v1.b", &binding("kube-system", "ClusterRole", "cluster-admin", ACCOUNT))])),
                Case::medium("bound to nobody", plan(&[("kubernetes_cluster_role.r", &format!(r#"{{"metadata":[{{"name":"r"}}],"rule":[{}]}}"#, rule("*", "*", "*", "")))])),
                Case::critical(
                    "a manifest",
                    plan(&[("kubernetes_manifest.b", r#"{"manifest":{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRoleBinding","metadata":{"name":"b"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"cluster-admin"},"subjects":[{"kind":"ServiceAccount","name":"a","namespace":"n"}]}}"#)]),
                )
                .at("manifest.roleRef.name"),
                Case::critical(
                    "a list in YAML",
                    plan(&[("kubectl_manifest.b", r#"{"yaml_body":"apiVersion: v1\nkind: List\nitems:\n- kind: ClusterRoleBinding\n  metadata:\n    name: b\n  roleRef:\n    kind: ClusterRole\n    name: cluster-admin\n  subjects:\n  - kind: ServiceAccount\n    name: tiller\n    namespace: kube-system\n"}"#)]),
                )
                .at("yaml_body"),
                Case::unverified("the role is unknown", plan(&[("kubernetes_cluster_role_binding.b", &cluster_binding("x", ACCOUNT).replace(r#""name":"x""#, r#""name":null"#))]).unknown("kubernetes_cluster_role_binding.b", &["role_ref[0].name"])),
                Case::unverified("a verb is unknown", everywhere(r#"{"api_groups":["*"],"resources":["*"],"verbs":[null]}"#)),
            ])
            .allows(&[
                Case::clean("another role", plan(&[("kubernetes_cluster_role_binding.b", &cluster_binding("view", ACCOUNT))])),
                Case::clean("a role of a namespace with that name", plan(&[("kubernetes_role_binding.b", &binding("shop", "Role", "cluster-admin", ACCOUNT))])),
                Case::clean("nobody is bound", bind("")),
                Case::clean("reads all", everywhere(&rule("*", "*", "get,list,watch", ""))),
                Case::clean("a namespace of its own", within("shop", &rule("*", "*", "*", ""))),
                Case::clean("named objects", everywhere(&rule("*", "*", "*", "mine"))),
                Case::clean("destroyed", bind(ACCOUNT).destroyed("kubernetes_cluster_role_binding.b")),
            ]);
    }
}
