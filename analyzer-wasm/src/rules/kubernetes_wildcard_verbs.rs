//! Flags Kubernetes roles with wildcards short of cluster administration.

use nhi_plan::Severity;
use nhi_policy_sdk::Findings;

use crate::facts::Facts;
use crate::facts::kubernetes::Kind;

use crate::rule::{Check, Group, Rule};

/// Kubernetes roles with wildcards short of cluster administration.
pub(super) static RULE: Rule = Rule {
    code: "NHI065",
    name: "kubernetes-wildcard-verbs",
    group: Group::Privilege,
    severity: Severity::Medium,
    since: "0.1.0",
    summary: "a Kubernetes role gives all verbs by a wildcard",
    why: "a wildcard gives rights that nobody thought of, and those that the next version of Kubernetes adds",
    controls: &[
        "NHI5:2025",
        "CWE-269",
        "AC-6",
        "PR.AA-05",
        "CC6.3",
        "A.8.2",
        "CIS-K8S-5.1.3",
    ],
    check: Check::Plan(check),
    docs: r#"
## What it does

Flags rules with all verbs on all resources of a group of the Kubernetes API, or of a whole namespace.
The severity is that of the worst thing the wildcard contains; the ways it opens are counted here and not told again by NHI061 to NHI063.
All verbs on some resources in the whole cluster are low, where nothing worse is said of the subject.
Wildcards over custom resources of an operator are left alone.

## Why is this bad?

`*` contains `escalate`, `bind` and `impersonate`, reading of secrets and commands in pods.
It is rarely what was meant.

## Example

```terraform
resource "kubernetes_cluster_role_v1" "core" {
  metadata {
    name = "core"
  }
  rule {
    api_groups = [""]
    resources  = ["*"]
    verbs      = ["*"]
  }
}
```

## Use instead

```terraform
resource "kubernetes_cluster_role_v1" "core" {
  metadata {
    name = "core"
  }
  rule {
    api_groups = [""]
    resources  = ["services", "endpoints"]
    verbs      = ["get", "list", "watch"]
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
    for judgement in settled
        .judgements
        .iter()
        .filter(|judgement| judgement.kind == Kind::Wildcard)
    {
        let message = judgement.sentence(&format!("a wildcard in {}", judgement.role));
        out.push(judgement.finding(
            &facts.kubernetes,
            &RULE,
            message,
            "list the resources and the verbs that are used",
        ));
    }
}

#[cfg(test)]
mod tests {
    use crate::facts::kubernetes::testing::{everywhere, rule, within};
    use crate::rules::cases::{Case, cases};

    #[test]
    fn table() {
        cases(&super::RULE)
            .flags(&[
                Case::critical("the core group", everywhere(&rule("", "*", "*", ""))).at("rule[0]"),
                Case::critical("rbac", everywhere(&rule("rbac.authorization.k8s.io", "*", "*", ""))),
                Case::high("apps", everywhere(&rule("apps,batch", "*", "*", ""))),
                Case::medium("a namespace", within("shop", &rule("*", "*", "*", ""))),
                Case::critical("kube-system", within("kube-system", &rule("*", "*", "*", ""))),
                Case::low("harmless groups", everywhere(&rule("networking.k8s.io", "*", "*", ""))),
                Case::low(
                    "all verbs on some things",
                    everywhere(&rule("", "services,endpoints", "*", "")),
                ),
            ])
            .allows(&[
                Case::clean("everything is another rule", everywhere(&rule("*", "*", "*", ""))),
                Case::clean(
                    "custom resources",
                    everywhere(&rule("example.com,monitoring.coreos.com", "*", "*", "")),
                ),
                Case::clean(
                    "gateways are custom resources",
                    everywhere(&rule("gateway.networking.x-k8s.io", "*", "*", "")),
                ),
                Case::clean("reads all", everywhere(&rule("*", "*", "get,list,watch", ""))),
                Case::clean(
                    "all verbs on some things of a namespace",
                    within("shop", &rule("", "configmaps", "*", "")),
                ),
                Case::clean(
                    "told by its capability",
                    everywhere(&rule("apps", "deployments", "*", "")),
                ),
                Case::clean("named", everywhere(&rule("", "services", "*", "web"))),
            ]);
    }

    #[test]
    fn a_wildcard_is_told_once() {
        let found = everywhere(&rule("", "*", "*", "")).judge();
        let codes: Vec<_> = found.iter().map(|finding| finding.rule.as_str()).collect();
        assert_eq!(codes, ["NHI065"], "{found:#?}");
    }
}
