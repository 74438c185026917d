//! Flags secrets of GitHub that more can read than need to.

use nhi_plan::Severity;
use nhi_plan::json::Value;
use nhi_policy_sdk::Findings;

use crate::facts::Block;
use crate::facts::setting::{self, Is};

use crate::rule::{Check, Group, Rule};

/// Secrets of GitHub that more can read than need to.
pub(super) static RULE: Rule = Rule {
    code: "NHI076",
    name: "github-actions-secret-exposed",
    group: Group::Credential,
    severity: Severity::Medium,
    since: "0.1.0",
    summary: "a secret of GitHub stands in the configuration, or is open to every repository of the organisation",
    why: "a secret for all repositories is known to everybody who may write a workflow in the least of them",
    controls: &["NHI2:2025", "NHI5:2025", "CWE-522", "CWE-732", "IA-5", "PR.AA-05"],
    check: Check::Resource(
        &[
            "github_actions_environment_secret",
            "github_actions_organization_secret",
            "github_actions_secret",
            "github_codespaces_organization_secret",
            "github_codespaces_secret",
            "github_dependabot_organization_secret",
            "github_dependabot_secret",
        ],
        check,
    ),
    docs: r#"
## What it does

Flags organisation secrets with `visibility = "all"` (medium).
Flags secrets whose value is written into the configuration as text (high): it leads nowhere else, so it stands in the repository and in the state.

## Why is this bad?

Whoever may push to any repository of the organisation reads such a secret with one workflow.
GitHub hides secrets in logs, not from the code that runs.

## Example

```terraform
resource "github_actions_organization_secret" "deploy" {
  secret_name     = "DEPLOY_TOKEN"
  visibility      = "all"
  encrypted_value = var.deploy_token_encrypted
}
```

## Use instead

```terraform
resource "github_actions_organization_secret" "deploy" {
  secret_name             = "DEPLOY_TOKEN"
  visibility              = "selected"
  selected_repository_ids = [github_repository.shop.repo_id]
  encrypted_value         = var.deploy_token_encrypted
}
```

## Known limits

- A value that comes from a variable or a resource is not judged here, though it stands in the state too.
- Checked against the shape that the provider documents, not against GitHub.

## References

- [Using secrets in GitHub Actions](https://docs.github.com/en/actions/security-for-github-actions/security-guides/using-secrets-in-github-actions)
- [OWASP NHI2:2025 Secret Leakage](https://owasp.org/www-project-non-human-identities-top-10/2025/2-secret-leakage/)
"#,
};

fn check(block: &Block<'_>, out: &mut Findings) {
    let all = setting::text(block, "visibility", "all");
    if all > Is::No {
        let finding = RULE
            .finding(&block.change.address, "visibility")
            .message(match all {
                Is::Yes => "every repository of the organisation can read the secret",
                _ => "whether every repository of the organisation can read the secret is known only after apply",
            })
            .remediation("set `visibility` to `selected` and list the repositories that use it");
        out.push(if all == Is::Yes { finding } else { finding.unverified() });
    }
    for path in ["plaintext_value", "value"] {
        let filled = block.string(path).is_none_or(|text| !text.is_empty());
        if filled && is_literal(block, path) {
            let mut finding = RULE
                .finding(&block.change.address, path)
                .message("the secret stands in the configuration as text")
                .remediation(
                    "take the value from a variable that is not stored, or let the workflow log in with OIDC instead",
                );
            finding.severity = Some(Severity::High);
            out.push(finding);
        }
    }
}

/// Whether the configuration holds the value itself, and not an expression for it.
fn is_literal(block: &Block<'_>, path: &str) -> bool {
    let expression = block.configuration().and_then(|configuration| configuration.get(path));
    let constant = expression.and_then(|expression| expression.get("constant_value"));
    constant.and_then(Value::as_str).is_some_and(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use crate::rules::cases::{Case, cases, plan};

    #[test]
    fn table() {
        let (own, organisation) = ("github_actions_secret.s", "github_actions_organization_secret.s");
        cases(&super::RULE)
            .flags(&[
                Case::medium(
                    "for all",
                    plan(&[(
                        organisation,
                        r#"{"secret_name":"T","visibility":"all","encrypted_value":"eA=="}"#,
                    )]),
                )
                .at("visibility"),
                Case::medium(
                    "for all, of another service",
                    plan(&[("github_dependabot_organization_secret.s", r#"{"visibility":"all"}"#)]),
                ),
                Case::unverified(
                    "unknown",
                    plan(&[(organisation, "{}")])
                        .unknown(organisation, &["visibility"])
                        .references(organisation, "visibility", &["local.v"]),
                ),
                Case::high(
                    "as text",
                    plan(&[(own, r#"{"secret_name":"T","plaintext_value":"x7Kq2mZx"}"#)])
                        .configuration(own, r#"{"plaintext_value":{"constant_value":"x7Kq2mZx"}}"#),
                )
                .at("plaintext_value"),
            ])
            .allows(&[
                Case::clean("for some", plan(&[(organisation, r#"{"visibility":"selected"}"#)])),
                Case::clean(
                    "for private ones",
                    plan(&[(organisation, r#"{"visibility":"private"}"#)]),
                ),
                Case::clean(
                    "encrypted",
                    plan(&[(own, r#"{"encrypted_value":"eA==","plaintext_value":null}"#)]),
                ),
                Case::clean(
                    "from a variable",
                    plan(&[(own, r#"{"plaintext_value":"x7Kq2mZx"}"#)])
                        .configuration(own, r#"{"plaintext_value":{"references":["var.token"]}}"#),
                ),
                Case::clean(
                    "a variable of actions",
                    plan(&[("github_actions_variable.v", r#"{"value":"x","visibility":"all"}"#)]),
                ),
            ]);
    }
}
