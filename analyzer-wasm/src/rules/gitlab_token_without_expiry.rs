//! Flags tokens of GitLab without an end, or with one that is more than a year away.

use nhi_plan::json::Value;
use nhi_plan::{Severity, symbol};
use nhi_policy_sdk::Findings;

use crate::facts::{Block, gitlab};

use crate::rule::{Check, Group, Rule};

/// Tokens of GitLab without an end, or with one that is more than a year away.
pub(super) static RULE: Rule = Rule {
    code: "NHI080",
    name: "gitlab-token-without-expiry",
    group: Group::Credential,
    severity: Severity::Medium,
    since: "0.1.0",
    summary: "a GitLab token has no end, or one that is more than a year away",
    why: "a token without an end works long after everybody has forgotten where it was copied to",
    controls: &["NHI7:2025", "CWE-613", "IA-5", "PR.AA-01", "PCI-DSS-8.6.3", "A.5.17"],
    check: Check::Resource(
        &[
            "gitlab_deploy_token",
            "gitlab_group_access_token",
            "gitlab_group_deploy_token",
            "gitlab_group_service_account_access_token",
            "gitlab_personal_access_token",
            "gitlab_project_access_token",
            "gitlab_project_deploy_token",
        ],
        check,
    ),
    docs: r#"
## What it does

Flags access tokens of projects, groups, service accounts and persons, and deploy tokens, that say no `expires_at` and have no `rotation_configuration`, or whose end is more than a year after the plan.

## Why is this bad?

Tokens are copied into pipelines, laptops and other systems; the end is the only thing that takes all copies back.

## Example

```terraform
resource "gitlab_deploy_token" "ci" {
  project = "example/shop"
  name    = "ci"
  scopes  = ["read_registry"]
}
```

## Use instead

```terraform
resource "gitlab_deploy_token" "ci" {
  project    = "example/shop"
  name       = "ci"
  scopes     = ["read_registry"]
  expires_at = "2027-01-31T00:00:00Z"
}
```

## Known limits

- GitLab may enforce a shorter life by itself; that setting is not in a plan.
- Checked against the shape that the provider documents, not against GitLab.

## References

- [Access tokens of GitLab](https://docs.gitlab.com/security/tokens/)
- [OWASP NHI7:2025 Long-Lived Secrets](https://owasp.org/www-project-non-human-identities-top-10/2025/7-long-lived-secrets/)
"#,
};

fn check(block: &Block<'_>, out: &mut Findings) {
    let rotates = |after: Value<'_>| {
        after
            .get("rotation_configuration")
            .is_some_and(|value| !value.is_null() && !value.is_empty())
    };
    let comes = |path: &str| block.is_unknown(path) && !block.references(path).is_empty();
    if block.after().is_some_and(rotates) || comes("rotation_configuration") {
        return;
    }
    let path = "expires_at";
    let finding = RULE.finding(&block.change.address, path);
    let end = block.string(path).filter(|text| !text.is_empty());
    if comes(path) || end.as_deref().is_some_and(symbol::has_symbols) {
        let finding = finding
            .message("when the token ends is known only after apply")
            .remediation("set `expires_at` to a date, or a rotation");
        out.push(finding.unverified());
        return;
    }
    let message = match end {
        None => "the token says no end",
        Some(end) if gitlab::is_far(&end, block.now) => "the token ends more than a year from now",
        Some(_) => return,
    };
    out.push(
        finding
            .message(message)
            .remediation("set `expires_at` to a date within the year, or a `rotation_configuration`"),
    );
}

#[cfg(test)]
mod tests {
    use crate::rules::cases::{Case, cases, plan};

    #[test]
    fn table() {
        let token = "gitlab_project_access_token.t";
        let ends = |end: &str| plan(&[(token, &format!(r#"{{"scopes":["read_api"],"expires_at":"{end}"}}"#))]);
        cases(&super::RULE)
            .flags(&[
                Case::medium("nothing said", plan(&[(token, r#"{"scopes":["read_api"]}"#)])).at("expires_at"),
                Case::medium(
                    "computed by the provider",
                    plan(&[(token, "{}")]).unknown(token, &["expires_at"]),
                ),
                Case::medium(
                    "a deploy token",
                    plan(&[("gitlab_deploy_token.t", r#"{"expires_at":null}"#)]),
                ),
                Case::medium("far away", ends("2099-01-01")),
                Case::unverified(
                    "comes from elsewhere",
                    plan(&[(token, "{}")]).unknown(token, &["expires_at"]).references(
                        token,
                        "expires_at",
                        &["time_rotating.t"],
                    ),
                ),
            ])
            .allows(&[
                Case::clean("a day", ends("2026-03-01")),
                Case::clean(
                    "a time",
                    plan(&[("gitlab_deploy_token.t", r#"{"expires_at":"2026-03-01T00:00:00Z"}"#)]),
                ),
                Case::clean(
                    "rotates",
                    plan(&[(
                        token,
                        r#"{"rotation_configuration":{"expiration_days":30,"rotate_before_days":7}}"#,
                    )])
                    .unknown(token, &["expires_at"]),
                ),
                Case::clean("a trigger", plan(&[("gitlab_pipeline_trigger.t", "{}")])),
            ]);
    }
}
