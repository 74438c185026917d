//! Flags roles that are bound to a default service account.

use nhi_plan::Severity;
use nhi_policy_sdk::Findings;

use crate::facts::Facts;

use crate::rule::{Check, Group, Rule};

/// Roles that are bound to a default service account.
pub(super) static RULE: Rule = Rule {
    code: "NHI066",
    name: "default-service-account",
    group: Group::Privilege,
    severity: Severity::Medium,
    since: "0.1.0",
    summary: "a Kubernetes role is bound to the default service account",
    why: "every pod that names no service account runs as this one, so each of them gets the right",
    controls: &["NHI9:2025", "NHI5:2025", "CWE-250", "AC-6", "PR.AA-05", "CIS-K8S-5.1.5"],
    check: Check::Plan(check),
    docs: r#"
## What it does

Flags bindings whose subject is the service account `default` of a namespace.
With rights that other rules call high it is high; a rule on named objects alone is low.

## Why is this bad?

The default account belongs to no workload in particular: debugging pods, jobs and whatever is deployed next all share it.

## Example

```terraform
resource "kubernetes_role_binding_v1" "app" {
  metadata {
    name      = "app"
    namespace = "shop"
  }
  role_ref {
    api_group = "rbac.authorization.k8s.io"
    kind      = "ClusterRole"
    name      = "view"
  }
  subject {
    kind      = "ServiceAccount"
    name      = "default"
    namespace = "shop"
  }
}
```

## Use instead

```terraform
resource "kubernetes_role_binding_v1" "app" {
  metadata {
    name      = "app"
    namespace = "shop"
  }
  role_ref {
    api_group = "rbac.authorization.k8s.io"
    kind      = "ClusterRole"
    name      = "view"
  }
  subject {
    kind      = "ServiceAccount"
    name      = kubernetes_service_account_v1.app.metadata[0].name
    namespace = "shop"
  }
}
```

## Known limits

- A role that is neither in the plan nor built in is not judged; what charts put into templates is not in a plan.
- Of Helm values, lists of rules and whole manifests are read; `set` entries are not.
- Checked against the shape that the providers document, not against a cluster.

## References

- [Default service accounts](https://kubernetes.io/docs/concepts/security/service-accounts/#default-service-accounts)
- [OWASP NHI9:2025 NHI Reuse](https://owasp.org/www-project-non-human-identities-top-10/2025/9-nhi-reuse/)
"#,
};

fn check(facts: &Facts, out: &mut Findings) {
    for judgement in &facts.kubernetes.settled.defaults {
        let (count, _) = facts.kubernetes.users(judgement);
        let workloads = match count {
            0 => String::from("every pod without an account of its own runs as"),
            1 => String::from("one workload of the plan runs as"),
            count => format!("{count} workloads of the plan run as"),
        };
        let message = format!(
            "{}, which {workloads}, holds {} {}",
            judgement.who(),
            judgement.role,
            judgement.place()
        );
        out.push(judgement.finding(
            &facts.kubernetes,
            &RULE,
            message,
            "make a service account for the workload and bind the role to it",
        ));
    }
}

#[cfg(test)]
mod tests {
    use crate::facts::kubernetes::testing::{ACCOUNT, cluster_binding, rule};
    use crate::rules::cases::{Case, Plan, cases, plan};

    fn to(role: &str, account: &str) -> Plan {
        let subject = ACCOUNT.replace(r#""app""#, &format!("\"{account}\""));
        plan(&[("kubernetes_cluster_role_binding.b", &cluster_binding(role, &subject))])
    }

    #[test]
    fn table() {
        let named = format!(
            r#"{{"metadata":[{{"name":"r"}}],"rule":[{}]}}"#,
            rule("", "configmaps", "get", "app")
        );
        cases(&super::RULE)
            .flags(&[
                Case::high("cluster-admin", to("cluster-admin", "default")).at("subject"),
                Case::high("edit", to("edit", "default")),
                Case::medium("view", to("view", "default")),
                Case::low(
                    "one object",
                    to("r", "default").and(("kubernetes_cluster_role.r", &named)),
                ),
            ])
            .allows(&[
                Case::clean("another account", to("cluster-admin", "app")),
                Case::clean(
                    "a user of that name",
                    plan(&[(
                        "kubernetes_cluster_role_binding.b",
                        &cluster_binding("view", r#"{"kind":"User","name":"default"}"#),
                    )]),
                ),
                Case::clean("a role of another plan", to("external", "default")),
            ]);
    }

    #[test]
    fn workloads_are_counted() {
        let job = r#"{"metadata":[{"name":"j","namespace":"shop"}],"spec":[{"job_template":[{"spec":[{"template":[{"spec":[{"container":[]}]}]}]}]}]}"#;
        let other = r#"{"manifest":{"kind":"Deployment","metadata":{"name":"d","namespace":"shop"},"spec":{"template":{"spec":{"serviceAccountName":"app"}}}}}"#;
        let found = to("view", "default")
            .and(("kubernetes_cron_job_v1.j", job))
            .and(("kubernetes_manifest.d", other))
            .judge();
        let own = found
            .iter()
            .find(|finding| finding.rule == "NHI066")
            .expect("a finding");
        assert!(own.message.contains("one workload of the plan runs as"), "{own:#?}");
        assert!(
            own.attributes
                .contains(&(String::from("workloads"), String::from("kubernetes_cron_job_v1.j"))),
            "{own:#?}"
        );
    }
}
