//! Flags bindings to subjects that nobody chose one by one.

use nhi_plan::Severity;
use nhi_policy_sdk::Findings;

use crate::facts::Facts;

use crate::rule::{Check, Group, Rule};

/// Bindings to subjects that nobody chose one by one.
pub(super) static RULE: Rule = Rule {
    code: "NHI064",
    name: "kubernetes-wide-subject",
    group: Group::Privilege,
    severity: Severity::High,
    since: "0.1.0",
    summary: "a Kubernetes role is bound to everybody, or to all service accounts",
    why: "a right that everybody has is a right that every intruder has, often without logging in",
    controls: &[
        "NHI5:2025",
        "CWE-269",
        "AC-6",
        "PR.AA-05",
        "CC6.3",
        "A.8.2",
        "CWE-284",
        "CWE-306",
    ],
    check: Check::Plan(check),
    docs: r#"
## What it does

Flags roles that are bound to `system:anonymous`, `system:unauthenticated`, `system:authenticated`, `system:serviceaccounts` or all service accounts of a namespace.
With rights that other rules flag it is critical or high; a role that reads a lot is high for everybody without a login and medium with one; a small role is low.
Roles that every cluster shows to everybody, and rules on named objects or URLs, are left alone.
Subjects that are known only after apply are listed as unverified, unless they are service accounts of the configuration.

## Why is this bad?

`system:unauthenticated` is the internet where the API server is public, and `system:authenticated` is anybody with any account of the provider on some managed clusters.
`system:serviceaccounts` is every pod.

## Example

```terraform
resource "kubernetes_cluster_role_binding_v1" "dashboard" {
  metadata {
    name = "dashboard"
  }
  role_ref {
    api_group = "rbac.authorization.k8s.io"
    kind      = "ClusterRole"
    name      = "edit"
  }
  subject {
    kind      = "Group"
    name      = "system:authenticated"
    api_group = "rbac.authorization.k8s.io"
  }
}
```

## Use instead

```terraform
resource "kubernetes_role_binding_v1" "dashboard" {
  metadata {
    name      = "dashboard"
    namespace = "shop"
  }
  role_ref {
    api_group = "rbac.authorization.k8s.io"
    kind      = "ClusterRole"
    name      = "view"
  }
  subject {
    kind      = "Group"
    name      = "shop-developers"
    api_group = "rbac.authorization.k8s.io"
  }
}
```

## Known limits

- A role that is neither in the plan nor built in is not judged; what charts put into templates is not in a plan.
- Of Helm values, lists of rules and whole manifests are read; `set` entries are not.
- Checked against the shape that the providers document, not against a cluster.

## References

- [Default roles and bindings](https://kubernetes.io/docs/reference/access-authn-authz/rbac/#default-roles-and-role-bindings)
- [OWASP NHI5:2025 Overprivileged NHI](https://owasp.org/www-project-non-human-identities-top-10/2025/5-overprivileged-nhi/)
"#,
};

fn check(facts: &Facts, out: &mut Findings) {
    for judgement in &facts.kubernetes.settled.crowds {
        let what = if judgement.ways.is_empty() {
            format!("holds {} {}", judgement.role, judgement.place())
        } else {
            format!("can {} through {}", judgement.what(), judgement.role)
        };
        let message = format!("{}, which nobody chose one by one, {what}", judgement.who());
        out.push(judgement.finding(
            &facts.kubernetes,
            &RULE,
            message,
            "bind the service accounts or groups that need it by name",
        ));
    }
    for (place, path) in &facts.kubernetes.settled.open_bindings {
        let finding = RULE
            .finding(&place.address, path)
            .message("who holds the role is known only after apply, and may be more than somebody chose")
            .remediation("write the subjects with values that are known when planning");
        out.push(finding.unverified());
    }
}

#[cfg(test)]
mod tests {
    use crate::facts::kubernetes::testing::{ACCOUNT, binding, cluster_binding, group, rule};
    use crate::rules::cases::{Case, Plan, cases, plan};

    fn to(role: &str, subject: &str) -> Plan {
        plan(&[("kubernetes_cluster_role_binding.b", &cluster_binding(role, subject))])
    }

    fn with(rules: &str, subject: &str) -> Plan {
        to("r", subject).and((
            "kubernetes_cluster_role.r",
            &format!(r#"{{"metadata":[{{"name":"r"}}],"rule":[{rules}]}}"#),
        ))
    }

    #[test]
    fn table() {
        let anonymous = r#"{"kind":"User","name":"system:anonymous"}"#;
        cases(&super::RULE)
            .flags(&[
                Case::critical(
                    "cluster-admin for all accounts",
                    to("cluster-admin", &group("system:serviceaccounts")),
                )
                .at("subject"),
                Case::critical("edit for everybody", to("edit", &group("system:authenticated"))),
                Case::critical(
                    "secrets for the internet",
                    with(&rule("", "secrets", "get", ""), anonymous),
                ),
                Case::high("view for the internet", to("view", &group("system:unauthenticated"))),
                Case::medium("view for everybody", to("view", &group("system:authenticated"))),
                Case::low(
                    "a small role for all accounts",
                    with(&rule("", "configmaps", "get", ""), &group("system:serviceaccounts")),
                ),
                Case::high(
                    "accounts of a namespace",
                    with(&rule("", "secrets", "get", ""), &group("system:serviceaccounts:shop")),
                ),
                Case::high(
                    "in a namespace",
                    plan(&[(
                        "kubernetes_role_binding.b",
                        &binding("shop", "ClusterRole", "edit", &group("system:authenticated")),
                    )]),
                ),
            ])
            .allows(&[
                Case::clean("discovery", to("system:discovery", &group("system:authenticated"))),
                Case::clean(
                    "public information",
                    to(
                        "system:public-info-viewer",
                        &format!("{},{}", group("system:authenticated"), group("system:unauthenticated")),
                    ),
                ),
                Case::clean(
                    "cluster information for nodes that join",
                    with(&rule("", "configmaps", "get", "cluster-info"), anonymous),
                ),
                Case::clean(
                    "health",
                    with(r#"{"non_resource_urls":["/healthz"],"verbs":["get"]}"#, anonymous),
                ),
                Case::clean("a chosen account", to("cluster-admin", ACCOUNT)),
                Case::clean("a chosen group", to("view", &group("developers"))),
                Case::clean(
                    "a user of that name",
                    to("view", r#"{"kind":"User","name":"system:authenticated"}"#),
                ),
                Case::clean(
                    "reading for a namespace",
                    with(
                        &rule("", "configmaps", "get", ""),
                        &group("system:serviceaccounts:shop"),
                    ),
                ),
            ]);
    }
}
