//! Flags subjects that can run code as other service accounts.

use nhi_plan::Severity;
use nhi_policy_sdk::Findings;

use crate::facts::Facts;
use crate::facts::kubernetes::{Family, Kind};

use crate::rule::{Check, Group, Rule};

/// Subjects that can run code as other service accounts.
pub(super) static RULE: Rule = Rule {
    code: "NHI063",
    name: "kubernetes-run-workloads",
    group: Group::Privilege,
    severity: Severity::High,
    since: "0.1.0",
    summary: "a Kubernetes role lets its holder run code as any service account of a namespace or of the cluster",
    why: "whoever chooses what runs in a namespace has the rights of every service account there",
    controls: &[
        "NHI5:2025",
        "CWE-269",
        "AC-6",
        "PR.AA-05",
        "CC6.3",
        "A.8.2",
        "CIS-K8S-5.1.4",
    ],
    check: Check::Plan(check),
    docs: r#"
## What it does

Flags subjects that may create pods, run commands in them (`pods/exec`, `pods/attach`, also with `get`), add containers to them, swap their images, or write the controllers that create them.
In all namespaces and in `kube-system` it is high.
In another namespace, pods and commands are medium and controllers are information, unless a service account of that namespace can do more than the subject: then it is high and the finding names it.

## Why is this bad?

A pod runs as any service account of its namespace, and its token is inside.
Without admission rules it also mounts the disk of its node.

## Example

```terraform
resource "kubernetes_cluster_role_v1" "ci" {
  metadata {
    name = "ci"
  }
  rule {
    api_groups = ["", "apps"]
    resources  = ["pods", "pods/exec", "deployments"]
    verbs      = ["create", "get", "patch"]
  }
}
```

## Use instead

```terraform
resource "kubernetes_role_v1" "ci" {
  metadata {
    name      = "ci"
    namespace = "shop"
  }
  rule {
    api_groups = ["apps"]
    resources  = ["deployments"]
    verbs      = ["get", "list", "patch"]
  }
}
```

## Known limits

- A role that is neither in the plan nor built in is not judged; what charts put into templates is not in a plan.
- Of Helm values, lists of rules and whole manifests are read; `set` entries are not.
- Checked against the shape that the providers document, not against a cluster.
- Admission policies such as Pod Security narrow what a pod can be; they are not read.
- Service accounts that can do more are seen where their bindings are in the plan.

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
        .filter(|judgement| judgement.kind == Kind::Family(Family::Run));
    for judgement in own {
        let message = judgement.sentence(&judgement.role);
        let remediation = match &judgement.target {
            Some(_) => "keep service accounts with more rights in namespaces where nobody else runs pods",
            None => "limit the role to the namespace and to the controllers that it deploys",
        };
        out.push(judgement.finding(&facts.kubernetes, &RULE, message, remediation));
    }
}

#[cfg(test)]
mod tests {
    use crate::facts::kubernetes::testing::{ACCOUNT, binding, cluster_binding, everywhere, rule, within};
    use crate::rules::cases::{Case, Plan, cases, plan};

    /// A strong account in the namespace of a weak one.
    fn beside(strong: &str, rules: &str) -> Plan {
        let subject = format!(r#"{{"kind":"ServiceAccount","name":"operator","namespace":"{strong}"}}"#);
        within("shop", rules).and((
            "kubernetes_cluster_role_binding_v1.strong",
            &cluster_binding("cluster-admin", &subject),
        ))
    }

    #[test]
    fn table() {
        let patch = rule("apps", "deployments", "get,list,patch", "");
        cases(&super::RULE)
            .flags(&[
                Case::high("pods", everywhere(&rule("", "pods", "create", ""))).at("rule[0]"),
                Case::high("deployments", everywhere(&rule("apps", "deployments", "update", ""))),
                Case::high(
                    "daemon sets, by wildcard",
                    everywhere(&rule("apps", "daemonsets", "*", "")),
                ),
                Case::high("jobs", everywhere(&rule("batch", "jobs,cronjobs", "create", ""))),
                Case::high(
                    "replication controllers",
                    everywhere(&rule("", "replicationcontrollers", "patch", "")),
                ),
                Case::high("exec", everywhere(&rule("", "pods/exec", "create", ""))),
                Case::high("exec by a web socket", everywhere(&rule("", "pods/exec", "get", ""))),
                Case::high("attach", everywhere(&rule("", "pods/attach", "create", ""))),
                Case::high("every part of pods", everywhere(&rule("", "*/exec", "create", ""))),
                Case::high(
                    "ephemeral containers",
                    everywhere(&rule("", "pods/ephemeralcontainers", "patch", "")),
                ),
                Case::high("images", within("kube-system", &rule("", "pods", "patch", ""))),
                Case::medium(
                    "pods in a namespace",
                    within("shop", &rule("", "pods,pods/log", "get,create", "")),
                ),
                Case::medium(
                    "exec in a namespace",
                    within("shop", &rule("", "pods/exec", "create", "")),
                ),
                Case::high("deploys beside an administrator", beside("shop", &patch)),
                Case::high(
                    "in the other of two namespaces",
                    beside("ops", &rule("", "pods", "create", ""))
                        .and((
                            "kubernetes_role.x",
                            &format!(r#"{{"metadata":[{{"name":"x","namespace":"ops"}}],"rule":[{patch}]}}"#),
                        ))
                        .and(("kubernetes_role_binding.x", &binding("ops", "Role", "x", ACCOUNT))),
                )
                .at("rule[0]"),
                Case::unverified(
                    "a verb is unknown",
                    everywhere(r#"{"api_groups":["apps"],"resources":["deployments"],"verbs":[null]}"#),
                ),
            ])
            .allows(&[
                Case::clean("reads", everywhere(&rule("", "pods,pods/log", "get,list,watch", ""))),
                Case::clean(
                    "a named deployment",
                    everywhere(&rule("apps", "deployments", "patch", "web")),
                ),
                Case::clean(
                    "scales",
                    everywhere(&rule("apps", "deployments/scale", "update,patch", "")),
                ),
                Case::clean("deletes", everywhere(&rule("", "pods", "delete", ""))),
                Case::clean(
                    "custom resources",
                    everywhere(&rule("example.com", "deployments,pods", "*", "")),
                ),
                Case::clean(
                    "names make no sense of create",
                    everywhere(&rule("", "pods", "create", "web")),
                ),
                Case::clean(
                    "a role that nobody has",
                    plan(&[(
                        "kubernetes_role.r",
                        &format!(r#"{{"metadata":[{{"name":"r","namespace":"shop"}}],"rule":[{patch}]}}"#),
                    )]),
                ),
            ]);
    }

    #[test]
    fn hops_add_up() {
        let patch = rule("apps", "deployments", "patch", "");
        let found = beside("ops", &rule("", "pods", "create", ""))
            .and((
                "kubernetes_role.x",
                &format!(r#"{{"metadata":[{{"name":"x","namespace":"ops"}}],"rule":[{patch}]}}"#),
            ))
            .and((
                "kubernetes_role_binding.x",
                &binding("ops", "Role", "x", &ACCOUNT.replace("app", "mid")),
            ))
            .judge();
        let own: Vec<_> = found.iter().filter(|finding| finding.rule == "NHI063").collect();
        assert_eq!(own.len(), 2, "{found:#?}");
        for finding in own {
            assert_eq!(finding.severity, Some(nhi_plan::Severity::High), "{finding:#?}");
            let target = if finding.address == "kubernetes_role.r" {
                "shop/mid"
            } else {
                "ops/operator"
            };
            assert!(finding.message.contains(target), "{finding:#?}");
        }
    }

    #[test]
    fn deploying_to_a_namespace_is_no_more_than_information() {
        for plan in [
            within("shop", &rule("apps", "deployments", "get,list,patch", "")),
            beside("ops", &rule("apps", "deployments", "patch", "")),
        ] {
            let found = plan.judge();
            let own: Vec<_> = found.iter().filter(|finding| finding.rule == "NHI063").collect();
            assert_eq!(own.len(), 1, "{found:#?}");
            assert_eq!(own[0].severity, Some(nhi_plan::Severity::Info));
        }
    }
}
