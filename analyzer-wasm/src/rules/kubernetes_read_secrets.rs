//! Flags subjects that can read all secrets of a cluster or a namespace.

use nhi_plan::Severity;
use nhi_policy_sdk::Findings;

use crate::facts::Facts;
use crate::facts::kubernetes::{Family, Kind};

use crate::rule::{Check, Group, Rule};

/// Subjects that can read all secrets of a cluster or a namespace.
pub(super) static RULE: Rule = Rule {
    code: "NHI062",
    name: "kubernetes-read-secrets",
    group: Group::Privilege,
    severity: Severity::High,
    since: "0.1.0",
    summary: "a Kubernetes role lets its holder read every secret of a namespace or of the cluster",
    why: "the secrets of a cluster are the passwords and tokens of everything that runs in it",
    controls: &[
        "NHI5:2025",
        "CWE-269",
        "AC-6",
        "PR.AA-05",
        "CC6.3",
        "A.8.2",
        "CWE-522",
        "CIS-K8S-5.1.2",
    ],
    check: Check::Plan(check),
    docs: r#"
## What it does

Flags subjects that may `get`, `list` or `watch` secrets without `resourceNames`: `list` and `watch` return the content too.
In all namespaces and in `kube-system` it is high, in another namespace low.
Whoever may only write secrets everywhere is low: together with reading it has tokens of any service account issued, which the finding then counts.

## Why is this bad?

Secrets hold what other systems trust: database passwords, registry credentials, long-lived tokens of other service accounts.
One workload that reads them all is the shortest way from a web vulnerability to everything.

## Example

```terraform
resource "kubernetes_cluster_role_v1" "reader" {
  metadata {
    name = "reader"
  }
  rule {
    api_groups = [""]
    resources  = ["secrets"]
    verbs      = ["get", "list"]
  }
}
```

## Use instead

```terraform
resource "kubernetes_role_v1" "reader" {
  metadata {
    name      = "reader"
    namespace = "shop"
  }
  rule {
    api_groups     = [""]
    resources      = ["secrets"]
    resource_names = ["shop-db"]
    verbs          = ["get"]
  }
}
```

## Known limits

- A role that is neither in the plan nor built in is not judged; what charts put into templates is not in a plan.
- Of Helm values, lists of rules and whole manifests are read; `set` entries are not.
- Checked against the shape that the providers document, not against a cluster.
- Certificate and ingress controllers often need all secrets; record an exception, or limit them to namespaces.

## References

- [RBAC good practices](https://kubernetes.io/docs/concepts/security/rbac-good-practices/)
- [OWASP NHI5:2025 Overprivileged NHI](https://owasp.org/www-project-non-human-identities-top-10/2025/5-overprivileged-nhi/)
"#,
};

fn check(facts: &Facts, out: &mut Findings) {
    let settled = &facts.kubernetes.settled;
    let own = settled
        .judgements
        .iter()
        .filter(|judgement| judgement.kind == Kind::Family(Family::Secrets));
    for judgement in own {
        let message = judgement.sentence(&judgement.role);
        out.push(judgement.finding(
            &facts.kubernetes,
            &RULE,
            message,
            "name the secrets in `resource_names`, in a role of their namespace",
        ));
    }
}

#[cfg(test)]
mod tests {
    use crate::facts::kubernetes::testing::{ACCOUNT, cluster_binding, everywhere, group, rule, within};
    use crate::rules::cases::{Case, cases, plan};

    #[test]
    fn table() {
        cases(&super::RULE)
            .flags(&[
                Case::high("get", everywhere(&rule("", "secrets", "get", ""))).at("rule[0]"),
                Case::high("list", everywhere(&rule("", "configmaps,secrets", "list", ""))),
                Case::high("watch, by wildcards", everywhere(&rule("*", "*", "watch", ""))),
                Case::high("read and write", everywhere(&rule("", "secrets", "get,create", ""))),
                Case::high(
                    "in kube-system",
                    within("kube-system", &rule("", "secrets", "list", "")),
                ),
                Case::low("in a namespace", within("shop", &rule("", "secrets", "get", ""))),
                Case::low("writes alone", everywhere(&rule("", "secrets", "create", ""))),
                Case::high(
                    "the built-in editor",
                    plan(&[("kubernetes_cluster_role_binding.b", &cluster_binding("edit", ACCOUNT))]),
                ),
                Case::medium(
                    "the built-in editor for a group",
                    plan(&[(
                        "kubernetes_cluster_role_binding.b",
                        &cluster_binding("edit", &group("dev")),
                    )]),
                ),
                Case::low(
                    "bound to nobody",
                    plan(&[(
                        "kubernetes_cluster_role.r",
                        &format!(
                            r#"{{"metadata":[{{"name":"r"}}],"rule":[{}]}}"#,
                            rule("", "secrets", "get", "")
                        ),
                    )]),
                ),
                Case::high(
                    "two namespaces, the worse one counts",
                    within("kube-system", &rule("", "secrets", "get", ""))
                        .and((
                            "kubernetes_role.s",
                            &format!(
                                r#"{{"metadata":[{{"name":"s","namespace":"shop"}}],"rule":[{}]}}"#,
                                rule("", "secrets", "get", "")
                            ),
                        ))
                        .and((
                            "kubernetes_role_binding.s",
                            &crate::facts::kubernetes::testing::binding("shop", "Role", "s", ACCOUNT),
                        )),
                ),
                Case::unverified(
                    "a resource is unknown",
                    everywhere(r#"{"api_groups":[""],"resources":[null],"verbs":["list"]}"#),
                ),
            ])
            .allows(&[
                Case::clean("named", everywhere(&rule("", "secrets", "get,list,watch", "ca"))),
                Case::clean(
                    "named in kube-system",
                    within("kube-system", &rule("", "secrets", "get", "ca")),
                ),
                Case::clean(
                    "another group",
                    everywhere(&rule("external-secrets.io", "secrets", "get", "")),
                ),
                Case::clean("a part of it", everywhere(&rule("", "secrets/status", "get", ""))),
                Case::clean("deletes", everywhere(&rule("", "secrets", "delete", ""))),
                Case::clean("other things", everywhere(&rule("", "configmaps", "*", ""))),
                Case::clean(
                    "view",
                    plan(&[("kubernetes_cluster_role_binding.b", &cluster_binding("view", ACCOUNT))]),
                ),
            ]);
    }
}
