//! Flags secrets that hold a service account's token without an end.

use nhi_plan::Severity;
use nhi_policy_sdk::Findings;

use crate::facts::Facts;

use crate::rule::{Check, Group, Rule};

/// Secrets that hold a service account's token without an end.
pub(super) static RULE: Rule = Rule {
    code: "NHI068",
    name: "kubernetes-service-account-token",
    group: Group::Credential,
    severity: Severity::Medium,
    since: "0.1.0",
    summary: "a Kubernetes secret holds a service account token without an end",
    why: "the token works from anywhere for as long as the account exists, and it stands in the state",
    controls: &[
        "NHI7:2025",
        "NHI2:2025",
        "CWE-613",
        "CWE-522",
        "IA-5",
        "PR.AA-01",
        "A.5.17",
        "CIS-K8S-5.1.6",
    ],
    check: Check::Plan(check),
    docs: r#"
## What it does

Flags secrets of the type `kubernetes.io/service-account-token`.
It is medium, and high where the plan shows that the service account can do something that other rules call high.
A secret that names a service account and whose type is known only after apply is listed as unverified.

## Why is this bad?

Tokens that pods get live an hour and are bound to the pod.
A token in a secret has no end, is copied into pipelines, and lies in the state of whoever made it.

## Example

```terraform
resource "kubernetes_secret_v1" "ci" {
  metadata {
    name      = "ci-token"
    namespace = "ci"
    annotations = {
      "kubernetes.io/service-account.name" = "ci"
    }
  }
  type = "kubernetes.io/service-account-token"
}
```

## Use instead

```terraform
ephemeral "kubernetes_token_request_v1" "ci" {
  metadata {
    name      = "ci"
    namespace = "ci"
  }
  spec {
    audiences          = ["https://kubernetes.default.svc"]
    expiration_seconds = 3600
  }
}
```

## Known limits

- Tokens that older clusters make by themselves for every service account are not in a plan.
- Checked against the shape that the providers document, not against a cluster.

## References

- [Long-lived tokens for service accounts](https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#manually-create-a-long-lived-api-token-for-a-serviceaccount)
- [OWASP NHI7:2025 Long-Lived Secrets](https://owasp.org/www-project-non-human-identities-top-10/2025/7-long-lived-secrets/)
"#,
};

fn check(facts: &Facts, out: &mut Findings) {
    for token in &facts.kubernetes.tokens {
        let worst = facts.kubernetes.worst(&token.namespace, &token.account);
        let powerful = worst.filter(|judgement| judgement.severity >= Some(Severity::High));
        let mut message = String::from(if token.sure {
            "a token without an end for a service account"
        } else {
            "whether the secret is a token without an end is known only after apply: for a service account"
        });
        if let Some(judgement) = powerful {
            message.push_str(", which can ");
            message.push_str(&judgement.what());
        }
        let path = token.place.inner("type");
        let mut finding = RULE
            .finding(&token.place.address, &path)
            .message(message)
            .remediation("let workloads use the token of their pod, and others a token request with an end or OIDC");
        finding.severity = powerful.map(|_| Severity::High);
        out.push(if token.sure { finding } else { finding.unverified() });
    }
}

#[cfg(test)]
mod tests {
    use crate::facts::kubernetes::testing::{everywhere, rule};
    use crate::rules::cases::{Case, cases, plan};

    #[test]
    fn table() {
        let token = r#"{"metadata":[{"name":"t","namespace":"shop","annotations":{"kubernetes.io/service-account.name":"app"}}],"type":"kubernetes.io/service-account-token"}"#;
        cases(&super::RULE)
            .flags(&[
                Case::medium("of a weak account", plan(&[("kubernetes_secret_v1.t", token)])).at("type"),
                Case::high("of a strong account", everywhere(&rule("", "nodes/proxy", "get", "")).and(("kubernetes_secret.t", token))),
                Case::medium("a manifest", plan(&[("kubernetes_manifest.t", r#"{"manifest":{"apiVersion":"v1","kind":"Secret","type":"kubernetes.io/service-account-token","metadata":{"name":"t"}}}"#)])).at("manifest.type"),
                Case::unverified(
                    "of a type that is not known",
                    plan(&[("kubernetes_secret_v1.t", r#"{"metadata":[{"name":"t","annotations":{"kubernetes.io/service-account.name":"app"}}]}"#)])
                        .unknown("kubernetes_secret_v1.t", &["type"]),
                )
                .at("type"),
            ])
            .allows(&[
                Case::clean(
                    "of a type that is not known, for nobody",
                    plan(&[("kubernetes_secret_v1.t", r#"{"metadata":[{"name":"t"}]}"#)]).unknown("kubernetes_secret_v1.t", &["type"]),
                ),
                Case::clean("opaque", plan(&[("kubernetes_secret.t", r#"{"metadata":[{"name":"t"}],"type":"Opaque"}"#)])),
                Case::clean("a token request", plan(&[("kubernetes_token_request_v1.t", r#"{"metadata":[{"name":"app"}],"spec":[{"expiration_seconds":3600}]}"#)])),
            ]);
    }
}
