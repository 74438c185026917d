//! Flags credentials and secrets whose end is too far away, or never comes.

use nhi_plan::{Finding, Severity};
use nhi_policy_sdk::Findings;

use crate::facts::Facts;
use crate::facts::secrets::lifetime::End;
use crate::rule::{Check, Group, Rule};

/// A secret that lasts too long.
pub(super) static RULE: Rule = Rule {
    code: "NHI015",
    name: "long-lived-secret",
    group: Group::Credential,
    severity: Severity::Medium,
    since: "0.1.0",
    summary: "a credential ends too late, or never",
    why: "a secret that leaked works for as long as it lasts, and one that never ends is never rotated",
    controls: &[
        "NHI7:2025",
        "CWE-262",
        "CWE-263",
        "CWE-324",
        "IA-5(1)",
        "PR.AA-01",
        "PCI-DSS-8.6.3",
        "A.5.17",
    ],
    check: Check::Plan(check),
    docs: r#"
## What it does

Flags credentials that have an attribute for their end which is absent or too far away, keys of Google service accounts that nothing rotates, secrets of AWS Secrets Manager and Google Secret Manager without a rotation, and shared access signatures that last.
How long is too long is part of the table of types: 180 days for client secrets of Entra, 365 days for secrets of a key vault and for most API tokens, 90 days for personal access tokens and signatures.

| what | severity |
|---|---|
| never ends, and reaches a cloud, data or code | medium |
| ends too late, or is a secret in a vault without an end | low |
| a secret that nothing rotates | info |

## Why is this bad?

Nobody knows of most leaks.
What ends by itself bounds the harm of a leak that nobody noticed, and makes sure that rotation works on the day it is needed.

## Example

```terraform
resource "azuread_application_password" "ci" {
  application_id    = azuread_application.ci.id
  end_date_relative = "87600h"
}
```

## Use instead

```terraform
resource "time_rotating" "ci" {
  rotation_days = 90
}

resource "azuread_application_password" "ci" {
  application_id      = azuread_application.ci.id
  end_date            = timeadd(time_rotating.ci.rotation_rfc3339, "720h")
  rotate_when_changed = { rotation = time_rotating.ci.id }
}
```

## Known limits

- Whether a rotation works does not stand in a plan.
- A default of the provider counts as it is documented, not as the service applies it.
- The table of types is checked against the schema of the AWS provider only.

## References

- [OWASP NHI7:2025 Long-Lived Secrets](https://owasp.org/www-project-non-human-identities-top-10/2025/7-long-lived-secrets/)
- [CWE-324: Use of a Key Past its Expiration Date](https://cwe.mitre.org/data/definitions/324.html)
- [Rotate AWS Secrets Manager secrets](https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotating-secrets.html)
"#,
};

fn check(facts: &Facts, out: &mut Findings) {
    for lasting in &facts.rotation.lasting {
        let noun = lasting.noun;
        let max = lasting.days_max;
        let message = match lasting.end {
            End::Days(days) => format!("this {noun} works for {days} days; {max} are long enough"),
            End::Default(days) => {
                format!("this {noun} works for {days} days, as nothing says otherwise; {max} are long enough")
            }
            End::Unknown => format!("when this {noun} ends is known only after apply"),
            End::Never | End::Rotated => format!("this {noun} never ends"),
        };
        let mut finding = RULE
            .finding(&lasting.address, lasting.path)
            .message(message)
            .remediation(format!(
                "set `{}` to at most {max} days from now and rotate before it",
                lasting.path
            ));
        finding.severity = Some(lasting.severity);
        out.push(if lasting.end == End::Unknown {
            finding.unverified()
        } else {
            finding
        });
    }
    for still in facts.rotation.unrotated() {
        out.push(unrotated(&still.address, still.noun, still.severity, still.instead));
    }
}

fn unrotated(address: &str, noun: &str, severity: Severity, instead: &str) -> Finding {
    let mut finding = RULE
        .finding(address, "")
        .message(format!("nothing rotates this {noun}"))
        .remediation(instead);
    finding.severity = Some(severity);
    finding
}

#[cfg(test)]
mod tests {
    use nhi_plan::Severity;

    use crate::rules::cases::{Case, cases, plan};

    #[test]
    fn ends() {
        let secret = "azuread_application_password.p";
        let vault = "azurerm_key_vault_secret.s";
        cases(&super::RULE)
            .flags(&[
                Case::medium(
                    "two years by default",
                    plan(&[(secret, "{}")]).unknown(secret, &["end_date"]),
                ),
                Case::medium("too far", plan(&[(secret, r#"{"end_date":"2027-01-01T00:00:00Z"}"#)])).at("end_date"),
                Case::medium("too long", plan(&[(secret, r#"{"end_date_relative":"8760h"}"#)])),
                Case::unverified(
                    "computed",
                    plan(&[(secret, "{}")]).unknown(secret, &["end_date"]).references(
                        secret,
                        "end_date",
                        &["local.end"],
                    ),
                ),
                Case::low(
                    "a vault's secret",
                    plan(&[(vault, r#"{"name":"db","expiration_date":null}"#)]),
                ),
                Case::medium("never", plan(&[("cloudflare_api_token.t", "{}")])),
                Case::medium("for ever", plan(&[("databricks_token.t", r#"{"lifetime_seconds":0}"#)])),
                Case::low(
                    "a signature",
                    plan(&[("data.azurerm_storage_account_sas.s", r#"{"expiry":"2030-01-01"}"#)]),
                ),
                Case::medium(
                    "a key that nothing rotates",
                    plan(&[("google_service_account_key.k", r#"{"keepers":null}"#)]),
                ),
            ])
            .allows(&[
                Case::clean("near", plan(&[(secret, r#"{"end_date":"2026-03-01T00:00:00Z"}"#)])),
                Case::clean(
                    "rotated",
                    plan(&[(secret, "{}")]).unknown(secret, &["end_date"]).references(
                        secret,
                        "end_date",
                        &["time_rotating.r"],
                    ),
                ),
                Case::clean(
                    "a vault's secret with an end",
                    plan(&[(vault, r#"{"expiration_date":"2026-10-01T00:00:00Z"}"#)]),
                ),
                Case::clean(
                    "a key with keepers",
                    plan(&[("google_service_account_key.k", r#"{"keepers":{"r":"1"}}"#)]),
                ),
                Case::clean(
                    "keepers to come",
                    plan(&[("google_service_account_key.k", "{}")])
                        .unknown("google_service_account_key.k", &["keepers.r"]),
                ),
                Case::clean(
                    "without an attribute for it",
                    plan(&[("datadog_api_key.k", r#"{"name":"x"}"#)]),
                ),
                Case::clean("by default near enough", plan(&[("aws_appsync_api_key.k", "{}")])),
                Case::clean("destroyed", plan(&[(secret, "{}")]).destroyed(secret)),
            ]);
    }

    #[test]
    fn rotations() {
        let secret = ("aws_secretsmanager_secret.s", r#"{"name":"db"}"#);
        let rotation = "aws_secretsmanager_secret_rotation.r";
        let google = |more: &str| {
            plan(&[(
                "google_secret_manager_secret.s",
                &format!(r#"{{"secret_id":"x"{more}}}"#),
            )])
        };
        let info = |name, plan| Case::with_severity(name, plan, Severity::Info);
        cases(&super::RULE)
            .flags(&[
                info("nothing rotates it", plan(&[secret])),
                info(
                    "another is rotated",
                    plan(&[secret, (rotation, "{}")]).references(
                        rotation,
                        "secret_id",
                        &["aws_secretsmanager_secret.other"],
                    ),
                ),
                info("google", google("")),
            ])
            .allows(&[
                Case::clean(
                    "rotated",
                    plan(&[secret, (rotation, "{}")]).references(
                        rotation,
                        "secret_id",
                        &["aws_secretsmanager_secret.s"],
                    ),
                ),
                Case::clean(
                    "rotated by its name",
                    plan(&[
                        ("aws_secretsmanager_secret.s", r#"{"name":"db","id":"arn:x"}"#),
                        (rotation, r#"{"secret_id":"arn:x"}"#),
                    ]),
                ),
                Case::clean(
                    "google, rotated",
                    google(r#","rotation":[{"rotation_period":"2592000s"}]"#),
                ),
                Case::clean("google, ends", google(r#","ttl":"86400s""#)),
            ]);
    }
}
