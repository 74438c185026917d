//! Flags resources that create a credential which lasts: keys, tokens, passwords of any provider.

use nhi_plan::Severity;
use nhi_policy_sdk::Findings;

use crate::facts::Block;
use crate::facts::secrets::lifetime::{self, End};
use crate::rule::{Check, Group, Rule};

/// A resource that creates a static credential.
pub(super) static RULE: Rule = Rule {
    code: "NHI012",
    name: "static-credential-resource",
    group: Group::Credential,
    severity: Severity::High,
    since: "0.1.0",
    summary: "a resource creates a credential that lasts",
    why: "a key or token that is created once works for whoever copies it, and its secret stands in the state",
    controls: &[
        "NHI7:2025",
        "NHI2:2025",
        "NHI4:2025",
        "CWE-798",
        "CWE-522",
        "IA-5",
        "PR.AA-01",
        "PCI-DSS-8.6.3",
        "A.5.17",
    ],
    check: Check::Block(check),
    docs: r#"
## What it does

Flags resources whose purpose is a credential: keys of Google service accounts, client secrets of Entra applications, shared access keys, API keys and tokens of AWS, Cloudflare, Databricks, Datadog, Grafana, MongoDB Atlas, Snowflake and some forty more providers, private keys that `tls_private_key` puts into the state.
AWS access keys have a rule of their own (`aws-access-key`), and so have the tokens of GitHub, GitLab, Kubernetes and Vault.

| what | severity |
|---|---|
| reaches a cloud, data or code, without an end | high |
| reaches one service, or is bound to more than its secret | medium |
| either of them with an end that is near enough | one step lower |

## Why is this bad?

Its secret is in the state file, in every backup of it, and wherever it was copied to in order to be used.
Nobody notices a second user of it.
Where a workload can prove who it is, no such credential is needed.

## Example

```terraform
resource "google_service_account_key" "ci" {
  service_account_id = google_service_account.ci.name
}
```

## Use instead

```terraform
resource "google_service_account_iam_member" "ci" {
  service_account_id = google_service_account.ci.name
  role               = "roles/iam.workloadIdentityUser"
  member             = "principal://iam.googleapis.com/${google_iam_workload_identity_pool.ci.name}/subject/repo:example/payments:environment:production"
}
```

## Known limits

- The table of types is checked against the schema of the AWS provider only.
- How much a credential may do is not weighed here.

## References

- [OWASP NHI7:2025 Long-Lived Secrets](https://owasp.org/www-project-non-human-identities-top-10/2025/7-long-lived-secrets/)
- [Best practices for managing service account keys](https://cloud.google.com/iam/docs/best-practices-for-managing-service-account-keys)
- [CWE-798: Use of Hard-coded Credentials](https://cwe.mitre.org/data/definitions/798.html)
"#,
};

fn check(block: &Block<'_>, out: &mut Findings) {
    let Some(credential) = lifetime::credential(block) else {
        return;
    };
    let Some(severity) = credential.severity else { return };
    let end = credential.end(block);
    let ends = credential.can_end() && !credential.is_too_long(end) && end != End::Unknown;
    let noun = credential.noun;
    let message = match end {
        End::Days(days) | End::Default(days) if credential.can_end() => {
            format!(
                "creates {} {noun} that works for {days} days from anywhere",
                article(noun)
            )
        }
        End::Rotated => format!(
            "creates {} {noun} that is rotated and works from anywhere until then",
            article(noun)
        ),
        _ => format!(
            "creates {} {noun} that works from anywhere until somebody removes it",
            article(noun)
        ),
    };
    let remediation = match (credential.instead, credential.can_end()) {
        ("", true) => format!(
            "set `{}` to what it is needed for, and rotate it",
            credential.attribute()
        ),
        ("", false) => {
            String::from("record it with an owner and an end, rotate it, and remove it when it is not needed")
        }
        (instead, _) => instead.to_owned(),
    };
    let mut finding = RULE
        .finding(&block.change.address, "")
        .message(message)
        .remediation(remediation);
    finding.severity = Some(if ends { lower(severity) } else { severity });
    finding.attributes = vec![(String::from("kind"), noun.to_owned())];
    out.push(finding);
}

fn lower(severity: Severity) -> Severity {
    match severity {
        Severity::Critical => Severity::High,
        Severity::High => Severity::Medium,
        Severity::Medium => Severity::Low,
        Severity::Low | Severity::Info => Severity::Info,
    }
}

fn article(noun: &str) -> &'static str {
    if noun.starts_with(['a', 'e', 'i', 'o', 'A', 'O', 'H', 'S']) && !noun.starts_with("SAS") {
        "an"
    } else {
        "a"
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::cases::{Case, cases, plan};

    #[test]
    fn table() {
        let secret = "azuread_application_password.p";
        cases(&super::RULE)
            .flags(&[
                Case::high(
                    "google",
                    plan(&[("google_service_account_key.k", r#"{"service_account_id":"ci"}"#)]),
                ),
                Case::high(
                    "entra without an end",
                    plan(&[(secret, r#"{"end_date":null}"#)]).unknown(secret, &["end_date"]),
                ),
                Case::medium(
                    "entra with an end",
                    plan(&[(secret, r#"{"end_date":"2026-03-01T00:00:00Z"}"#)]),
                ),
                Case::medium("entra, relative", plan(&[(secret, r#"{"end_date_relative":"720h"}"#)])),
                Case::high(
                    "entra, too far",
                    plan(&[(secret, r#"{"end_date":"2030-01-01T00:00:00Z"}"#)]),
                ),
                Case::medium(
                    "entra, rotated",
                    plan(&[(secret, "{}")]).unknown(secret, &["end_date"]).references(
                        secret,
                        "end_date",
                        &["time_rotating.r"],
                    ),
                ),
                Case::medium(
                    "console password",
                    plan(&[("aws_iam_user_login_profile.p", r#"{"user":"a"}"#)]),
                ),
                Case::high(
                    "service-specific",
                    plan(&[("aws_iam_service_specific_credential.c", r#"{"user_name":"a"}"#)]),
                ),
                Case::high(
                    "cloudflare",
                    plan(&[("cloudflare_api_token.t", r#"{"expires_on":null}"#)]),
                ),
                Case::medium(
                    "cloudflare with an end",
                    plan(&[("cloudflare_api_token.t", r#"{"expires_on":"2026-06-01T00:00:00Z"}"#)]),
                ),
                Case::medium(
                    "a key in the state",
                    plan(&[("tls_private_key.k", r#"{"algorithm":"ED25519"}"#)]),
                ),
                Case::medium(
                    "databricks",
                    plan(&[("databricks_token.t", r#"{"lifetime_seconds":86400}"#)]),
                ),
                Case::high(
                    "databricks for ever",
                    plan(&[("databricks_token.t", r#"{"lifetime_seconds":0}"#)]),
                ),
                Case::low(
                    "grafana",
                    plan(&[("aws_grafana_workspace_api_key.k", r#"{"seconds_to_live":3600}"#)]),
                ),
            ])
            .allows(&[
                Case::clean(
                    "destroyed",
                    plan(&[("google_service_account_key.k", "{}")]).destroyed("google_service_account_key.k"),
                ),
                Case::clean(
                    "the account itself",
                    plan(&[("google_service_account.a", r#"{"account_id":"ci"}"#)]),
                ),
                Case::clean("a data source", plan(&[("data.google_service_account_key.k", "{}")])),
                Case::clean(
                    "a rule of its own",
                    plan(&[("aws_iam_access_key.k", r#"{"user":"ci"}"#)]),
                ),
                Case::clean(
                    "a secret's place",
                    plan(&[("azurerm_key_vault_secret.s", r#"{"name":"x"}"#)]),
                ),
                Case::clean(
                    "federation",
                    plan(&[("azuread_application_federated_identity_credential.f", "{}")]),
                ),
            ]);
    }
}
