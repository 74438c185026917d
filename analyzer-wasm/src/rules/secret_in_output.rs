//! Flags outputs that show a secret attribute.

use nhi_plan::Severity;
use nhi_policy_sdk::Findings;

use crate::facts::Facts;
use crate::rule::{Check, Group, Rule};

/// An output that shows a secret.
pub(super) static RULE: Rule = Rule {
    code: "NHI014",
    name: "secret-in-output",
    group: Group::Credential,
    severity: Severity::High,
    since: "0.1.0",
    summary: "an output shows a secret attribute",
    why: "an output is printed at the end of every apply and can be read by everyone who can read the state",
    controls: &[
        "NHI2:2025",
        "CWE-200",
        "CWE-532",
        "IA-5(7)",
        "PR.DS-01",
        "PCI-DSS-8.6.2",
        "A.8.12",
    ],
    check: Check::Plan(check),
    docs: r#"
## What it does

Flags outputs of the root module that lead to an attribute which holds a secret: a password, a generated key, a value of a secret store.
Which attributes these are is known from a table of types, and from their names where the type is not in the table.
The value need not be known.

| what | severity |
|---|---|
| an output that is not sensitive | high |
| a sensitive one | info |

## Why is this bad?

Outputs are printed by every apply, kept in the logs of the pipeline, and read by other configurations through the state.
An output that is sensitive is hidden on the screen only: it stands in the state, and in the state of those who read it.

## Example

```terraform
output "deploy_token" {
  value = vendor_account.ci.api_token
}
```

## Use instead

```terraform
output "deploy_token_secret_id" {
  value = aws_secretsmanager_secret.deploy_token.arn
}
```

## Known limits

- Outputs of modules are told where the root module passes them on.
- What an expression does with a secret, such as hashing it, is not looked at.

## References

- [Output values: sensitive](https://opentofu.org/docs/language/values/outputs/)
- [OWASP NHI2:2025 Secret Leakage](https://owasp.org/www-project-non-human-identities-top-10/2025/2-secret-leakage/)
- [CWE-532: Insertion of Sensitive Information into Log File](https://cwe.mitre.org/data/definitions/532.html)
"#,
};

fn check(facts: &Facts, out: &mut Findings) {
    for shown in &facts.state.shown {
        // A literal is told as what it is, where it stands.
        if facts.ledger.holds(&shown.address, None) && shown.is_sensitive {
            continue;
        }
        let message = if shown.is_sensitive {
            format!(
                "this output keeps the secret `{}` in the state for others to read",
                shown.origin
            )
        } else {
            format!("this output prints the secret `{}`", shown.origin)
        };
        let mut finding = RULE.finding(&shown.address, "").message(message).remediation(
            "pass on where the secret is kept, not the secret; at least mark the output `sensitive` or `ephemeral`",
        );
        finding.severity = shown.is_sensitive.then_some(Severity::Info);
        finding.evidence = String::from("references");
        out.push(finding);
    }
}

#[cfg(test)]
mod tests {
    use nhi_plan::{Mode, Severity};

    use crate::rules::cases::{Case, Plan, cases, plan};

    fn output(references: &str, sensitive: bool) -> Plan {
        plan(&[("output.o", "null")])
            .configuration("output.o", &format!(r#"{{"references":[{references}]}}"#))
            .changed("output.o", |change| {
                change.mode = Mode::Output;
                change.resource_type = "".into();
                change.actions = Vec::new();
                if sensitive {
                    change.sensitive_paths = vec!["".into()];
                }
            })
    }

    #[test]
    fn table() {
        let plain = |references: &str| output(references, false);
        cases(&super::RULE)
            .flags(&[
                Case::high(
                    "a password",
                    plain(r#""aws_db_instance.d.password","aws_db_instance.d""#),
                ),
                Case::high(
                    "an instance's",
                    plain(r#""aws_db_instance.d[0].password","aws_db_instance.d[0]","aws_db_instance.d""#),
                ),
                Case::high("made here", plain(r#""random_password.p.result","random_password.p""#)),
                Case::high(
                    "a key",
                    plain(r#""google_service_account_key.k.private_key","google_service_account_key.k""#),
                ),
                Case::high(
                    "a store's",
                    plain(r#""data.vault_kv_secret_v2.s.data[\"x\"]","data.vault_kv_secret_v2.s""#),
                ),
                Case::high(
                    "a made key of an unknown type",
                    plain(r#""vendor_thing.t.primary_access_key","vendor_thing.t""#),
                ),
                Case::high(
                    "a token of an unknown type",
                    plain(r#""vendor_thing.t.api_token","vendor_thing.t""#),
                ),
                Case::high("the whole resource", plain(r#""random_password.p""#)),
                Case::high(
                    "through a module",
                    plain(r#""module.db.admin_password","module.db""#).references(
                        "output.o",
                        "",
                        &["module.db.random_password.p"],
                    ),
                ),
                Case::with_severity(
                    "a sensitive one",
                    output(r#""random_password.p.result","random_password.p""#, true),
                    Severity::Info,
                ),
            ])
            .allows(&[
                Case::clean(
                    "an address",
                    plain(r#""aws_db_instance.d.address","aws_db_instance.d""#),
                ),
                Case::clean(
                    "an arn of a secret",
                    plain(r#""aws_secretsmanager_secret.s.arn","aws_secretsmanager_secret.s""#),
                ),
                Case::clean(
                    "an id of a key",
                    plain(r#""aws_iam_access_key.k.id","aws_iam_access_key.k""#),
                ),
                Case::clean(
                    "an encrypted secret",
                    plain(r#""aws_iam_access_key.k.encrypted_secret","aws_iam_access_key.k""#),
                ),
                Case::clean(
                    "a public key",
                    plain(r#""tls_private_key.k.public_key_openssh","tls_private_key.k""#),
                ),
                Case::clean("a bucket", plain(r#""aws_s3_bucket.b""#)),
                Case::clean("a variable", plain(r#""var.password""#)),
                Case::clean(
                    "another output of a module",
                    plain(r#""module.db.endpoint","module.db""#).references(
                        "output.o",
                        "",
                        &["module.db.aws_db_instance.d"],
                    ),
                ),
                Case::clean(
                    "a name of a secret",
                    plain(r#""module.db.secret","module.db""#).references(
                        "output.o",
                        "",
                        &["module.db.aws_secretsmanager_secret.s"],
                    ),
                ),
                Case::clean("a constant", output("", false)),
            ]);
    }
}
