//! Flags secrets at places that are not made for secrets: plain parameters, config maps, environment variables.

use nhi_plan::Severity;
use nhi_policy_sdk::Findings;

use crate::facts::Facts;
use crate::rule::{Check, Group, Rule};

/// A secret where settings belong.
pub(super) static RULE: Rule = Rule {
    code: "NHI016",
    name: "plain-parameter",
    group: Group::Credential,
    severity: Severity::Medium,
    since: "0.1.0",
    summary: "a secret is kept where settings are kept",
    why: "settings are neither encrypted nor guarded: whoever may list them reads the secret",
    controls: &[
        "NHI2:2025",
        "CWE-312",
        "CWE-526",
        "IA-5(7)",
        "PR.DS-01",
        "PCI-DSS-8.6.2",
        "A.5.17",
    ],
    check: Check::Plan(check),
    docs: r#"
## What it does

Flags parameters of AWS Systems Manager that are not of the type `SecureString`, keys of Azure App Configuration and variables of Google Runtime Configurator whose name says that they hold a secret.
Also flags environment variables of functions, containers and builds, and entries of config maps, with the name of a secret whose value comes from a password generator, a secret store or another secret attribute.
Where the value is known to be a secret attribute, as in `SK = aws_iam_access_key.bot.secret`, the name does not matter.
A secret that is spelled out in an environment variable is told by `credential-literal`.

## Why is this bad?

Many roles may read parameters, config maps and the configuration of functions, because they hold settings.
Environment variables end up in consoles, crash reports and logs.

## Example

```terraform
resource "aws_ssm_parameter" "db_password" {
  name  = "/payments/db_password"
  type  = "String"
  value = random_password.db.result
}
```

## Use instead

```terraform
resource "aws_ssm_parameter" "db_password" {
  name             = "/payments/db_password"
  type             = "SecureString"
  value_wo         = ephemeral.random_password.db.result
  value_wo_version = 1
}
```

## Known limits

- Only the name says what a parameter is for; a secret under another name is found by its structure alone.
- Who may read a parameter is not weighed here.

## References

- [Parameter Store: SecureString](https://docs.aws.amazon.com/systems-manager/latest/userguide/secure-string-parameter-kms-encryption.html)
- [CWE-526: Cleartext Storage of Sensitive Information in an Environment Variable](https://cwe.mitre.org/data/definitions/526.html)
- [OWASP NHI2:2025 Secret Leakage](https://owasp.org/www-project-non-human-identities-top-10/2025/2-secret-leakage/)
"#,
};

fn check(facts: &Facts, out: &mut Findings) {
    for plain in &facts.state.plain {
        // What its structure gives away is told already.
        if facts.ledger.holds(&plain.address, Some(&plain.path)) {
            continue;
        }
        let from = plain
            .origins
            .first()
            .map(|origin| format!(" from `{origin}`"))
            .unwrap_or_default();
        let message = match plain.place {
            "parameter" => format!("a secret{from} is stored as a plain parameter"),
            "environment variable" => format!("a secret{from} is put into an environment variable in clear"),
            place => format!("a secret{from} is stored in clear in a {place}"),
        };
        let remediation = match plain.place {
            "parameter" => "make it a `SecureString`, or keep it in a secret store",
            "environment variable" => "pass a reference to the secret and let the workload read it when it starts",
            "config map" => "keep it in a secret store and mount it from there",
            _ => "keep it in a secret store and refer to it",
        };
        let mut finding = RULE
            .finding(&plain.address, &plain.path)
            .message(message)
            .remediation(remediation);
        if !plain.origins.is_empty() {
            finding.evidence = String::from("references");
        }
        out.push(if plain.is_sure { finding } else { finding.unverified() });
    }
}

#[cfg(test)]
mod tests {
    use nhi_plan::symbol::symbol;

    use crate::rules::cases::{Case, Plan, cases, plan};

    #[test]
    fn parameters() {
        let at = "aws_ssm_parameter.p";
        let named = |name: &str, more: &str| plan(&[(at, &format!(r#"{{"name":"{name}"{more}}}"#))]);
        let unknown = |name: &str, origin: &str| {
            named(name, r#","type":"String""#)
                .unknown(at, &["value"])
                .references(at, "value", &[origin])
        };
        cases(&super::RULE)
            .flags(&[
                Case::medium(
                    "a literal",
                    named("/app/db_password", r#","type":"String","value":"hunter2""#),
                )
                .at("value"),
                Case::medium("made here", unknown("/app/api-key", "random_password.p")).at("value"),
                Case::unverified(
                    "unknown",
                    named("/app/token", r#","type":"String""#).unknown(at, &["value"]),
                ),
                Case::medium(
                    "azure",
                    plan(&[(
                        "azurerm_app_configuration_key.k",
                        r#"{"key":"app:DbPassword","type":"kv","value":"hunter2"}"#,
                    )]),
                ),
            ])
            .allows(&[
                Case::clean(
                    "secure",
                    named("/app/db_password", r#","type":"SecureString","value":"hunter2""#),
                ),
                Case::clean(
                    "a setting",
                    named("/app/db_host", r#","type":"String","value":"db.internal""#),
                ),
                Case::clean(
                    "a placeholder",
                    named("/app/db_password", r#","type":"String","value":"REPLACE_ME""#),
                ),
                Case::clean(
                    "an address under such a name",
                    named(
                        "/app/token",
                        r#","type":"String","value":"https://auth.example.com/token""#,
                    ),
                ),
                Case::clean(
                    "an arn of a secret",
                    unknown("/app/db_secret", "aws_secretsmanager_secret.s"),
                ),
                Case::clean(
                    "about a secret",
                    named("/app/db_password_length", r#","type":"String","value":"32x""#),
                ),
                Case::clean(
                    "a reference to a vault",
                    plan(&[(
                        "azurerm_app_configuration_key.k",
                        r#"{"key":"DbPassword","type":"vault","value":"https://v.vault.azure.net/secrets/x"}"#,
                    )]),
                ),
            ]);
    }

    fn with_symbol(origin: &str) -> Plan {
        under("DB_PASSWORD", origin)
    }

    fn under(name: &str, origin: &str) -> Plan {
        let variables = format!(r#"{{"{name}":{}}}"#, nhi_plan::json::quote(&symbol(origin)));
        plan(&[(
            "aws_lambda_function.f",
            &format!(r#"{{"environment":[{{"variables":{variables}}}]}}"#),
        )])
    }

    #[test]
    fn a_secret_is_one_under_any_name() {
        let path = "environment[0].variables.SK";
        cases(&super::RULE)
            .flags(&[
                Case::medium("a key", under("SK", "aws_iam_access_key.k.secret")).at(path),
                Case::medium("one of several", under("SK", "aws_iam_access_key.k[0].secret")).at(path),
                Case::medium("made here", under("SK", "random_password.p.result")).at(path),
                Case::medium(
                    "a whole secret",
                    under("SK", "data.aws_secretsmanager_secret_version.s.secret_string"),
                )
                .at(path),
            ])
            .allows(&[
                Case::clean("the id of a key", under("SK", "aws_iam_access_key.k.id")),
                Case::clean("a parameter", under("DB_HOST", "data.aws_ssm_parameter.host.value")),
                Case::clean("a part", under("DB_HOST", r#"data.vault_kv_secret_v2.s.data["host"]"#)),
                Case::clean("an address", under("SK", "aws_secretsmanager_secret.s.arn")),
                Case::clean("a name", under("SK", "random_pet.p.id")),
                Case::clean("a public key", under("SK", "tls_private_key.k.public_key_openssh")),
            ]);
    }

    #[test]
    fn environments() {
        let function = "aws_lambda_function.f";
        let map = "kubernetes_config_map.m";
        let from = |address: &'static str, after: &str, path: &'static str, origin: &str| {
            plan(&[(address, after)]).unknown(address, &[path]).references(
                address,
                path.split('.').next().unwrap_or(path),
                &[origin],
            )
        };
        cases(&super::RULE)
            .flags(&[
                Case::medium(
                    "a function",
                    from(
                        function,
                        r#"{"environment":[{"variables":{}}]}"#,
                        "environment[0].variables.DB_PASSWORD",
                        "data.aws_secretsmanager_secret_version.s",
                    ),
                )
                .at("environment[0].variables.DB_PASSWORD"),
                Case::medium(
                    "a config map",
                    from(map, r#"{"data":{}}"#, "data.password", "random_password.p"),
                ),
                Case::medium(
                    "a build",
                    from(
                        "aws_codebuild_project.b",
                        r#"{"environment":[{"environment_variable":[{"name":"API_KEY","type":"PLAINTEXT"}]}]}"#,
                        "environment[0].environment_variable[0].value",
                        "random_password.p",
                    ),
                ),
            ])
            .flags(&[
                Case::medium("worked out from the configuration", with_symbol("random_password.p.result"))
                    .at("environment[0].variables.DB_PASSWORD"),
                Case::medium(
                    "in nested JSON",
                    plan(&[(
                        "aws_ecs_task_definition.t",
                        &format!(
                            r#"{{"container_definitions":"[{{\"environment\":[{{\"name\":\"DB_PASSWORD\",\"value\":\"{}\"}}]}}]"}}"#,
                            symbol("data.aws_secretsmanager_secret_version.s.secret_string")
                        ),
                    )]),
                )
                .at("container_definitions"),
            ])
            .allows(&[Case::clean("an address worked out", with_symbol("aws_secretsmanager_secret.s.arn"))])
            .allows(&[
                Case::clean(
                    "an arn",
                    from(
                        function,
                        "{}",
                        "environment[0].variables.DB_PASSWORD",
                        "aws_secretsmanager_secret.s",
                    ),
                ),
                Case::clean(
                    "a setting",
                    from(function, "{}", "environment[0].variables.DB_HOST", "aws_db_instance.d"),
                ),
                Case::clean(
                    "a secret",
                    from("kubernetes_secret.s", "{}", "data.password", "random_password.p"),
                ),
            ]);
    }
}
