//! Flags tokens and keys of GitLab that can do more than their task needs.

use nhi_plan::Severity;
use nhi_policy_sdk::Findings;

use crate::facts::Block;
use crate::facts::setting::{self, Is};

use crate::rule::{Check, Group, Rule};

/// Tokens and keys of GitLab that can do more than their task needs.
pub(super) static RULE: Rule = Rule {
    code: "NHI082",
    name: "gitlab-token-wide-scope",
    group: Group::Privilege,
    severity: Severity::Medium,
    since: "0.1.0",
    summary: "a GitLab token has the whole API with the rights of a maintainer, an owner or an administrator",
    why: "whoever holds such a token changes members, variables and protected branches, and so everything that is deployed",
    controls: &["NHI5:2025", "CWE-269", "AC-6", "PR.AA-05"],
    check: Check::Resource(
        &[
            "gitlab_deploy_key",
            "gitlab_group_access_token",
            "gitlab_group_service_account_access_token",
            "gitlab_personal_access_token",
            "gitlab_project_access_token",
        ],
        check,
    ),
    docs: r#"
## What it does

Flags tokens with `sudo` or `admin_mode` (high), group tokens with `api` and the access level of a maintainer or an owner (high), the same for a project (medium), personal and service account tokens with `api` (medium), and deploy keys with `can_push = true` (medium).

## Why is this bad?

`api` is every call that the access level allows, group settings and runner registration included.

## Example

```terraform
resource "gitlab_project_access_token" "bot" {
  project      = "example/shop"
  name         = "bot"
  scopes       = ["api"]
  access_level = "maintainer"
  expires_at   = "2027-01-31"
}
```

## Use instead

```terraform
resource "gitlab_project_access_token" "bot" {
  project      = "example/shop"
  name         = "bot"
  scopes       = ["read_repository"]
  access_level = "reporter"
  expires_at   = "2027-01-31"
}
```

## Known limits

- Checked against the shape that the provider documents, not against GitLab.

## References

- [Scopes of tokens](https://docs.gitlab.com/security/tokens/)
- [OWASP NHI5:2025 Overprivileged NHI](https://owasp.org/www-project-non-human-identities-top-10/2025/5-overprivileged-nhi/)
"#,
};

fn check(block: &Block<'_>, out: &mut Findings) {
    let has = |wanted: &str| setting::holds(block, "scopes", wanted);
    let leads = || {
        let level = ["maintainer", "owner"].map(|level| setting::text(block, "access_level", level));
        let level = level.into_iter().max().unwrap_or(Is::No);
        // The provider's default.
        if block.string("access_level").is_none() {
            level.max(Is::Yes)
        } else {
            level
        }
    };
    let all = has("sudo").max(has("admin_mode"));
    let (is, severity, path, message) = match block.change.resource_type.as_ref() {
        "gitlab_deploy_key" => {
            let pushes = setting::flag(block, "can_push", true);
            (
                pushes,
                Severity::Medium,
                "can_push",
                "the deploy key can push to its project",
            )
        }
        _ if all == Is::Yes => (
            Is::Yes,
            Severity::High,
            "scopes",
            "the token can act as any user of the instance",
        ),
        "gitlab_group_access_token" => (
            has("api").min(leads()),
            Severity::High,
            "scopes",
            "the token administers every project of the group",
        ),
        "gitlab_project_access_token" => (
            has("api").min(leads()),
            Severity::Medium,
            "scopes",
            "the token administers the project",
        ),
        _ => (
            has("api"),
            Severity::Medium,
            "scopes",
            "the token can do whatever its user may",
        ),
    };
    if is == Is::No {
        return;
    }
    let mut finding = RULE
        .finding(&block.change.address, path)
        .remediation("give the narrowest scope and access level that the task needs");
    finding.severity = Some(severity);
    out.push(if is == Is::Yes {
        finding.message(message)
    } else {
        finding
            .message(format!("whether {message} is known only after apply"))
            .unverified()
    });
}

#[cfg(test)]
mod tests {
    use crate::rules::cases::{Case, Plan, cases, plan};

    fn token(kind: &str, rest: &str) -> Plan {
        plan(&[(
            &format!("gitlab_{kind}.t"),
            &format!(r#"{{"expires_at":"2026-03-01",{rest}}}"#),
        )])
    }

    #[test]
    fn table() {
        cases(&super::RULE)
            .flags(&[
                Case::medium(
                    "a project",
                    token(
                        "project_access_token",
                        r#""scopes":["api"],"access_level":"maintainer""#,
                    ),
                )
                .at("scopes"),
                Case::medium(
                    "by default",
                    token("project_access_token", r#""scopes":["api"],"access_level":null"#),
                ),
                Case::high(
                    "a group",
                    token(
                        "group_access_token",
                        r#""scopes":["read_api","api"],"access_level":"owner""#,
                    ),
                ),
                Case::high("sudo", token("personal_access_token", r#""scopes":["sudo"]"#)),
                Case::medium("a person", token("personal_access_token", r#""scopes":["api"]"#)),
                Case::medium("pushes", token("deploy_key", r#""can_push":true"#)).at("can_push"),
                Case::unverified(
                    "unknown",
                    plan(&[("gitlab_personal_access_token.t", "{}")])
                        .unknown("gitlab_personal_access_token.t", &["scopes"])
                        .references("gitlab_personal_access_token.t", "scopes", &["local.scopes"]),
                ),
            ])
            .allows(&[
                Case::clean(
                    "reads",
                    token("group_access_token", r#""scopes":["read_api"],"access_level":"owner""#),
                ),
                Case::clean(
                    "a developer",
                    token("project_access_token", r#""scopes":["api"],"access_level":"developer""#),
                ),
                Case::clean(
                    "a registry",
                    token(
                        "project_access_token",
                        r#""scopes":["write_registry"],"access_level":"maintainer""#,
                    ),
                ),
                Case::clean("a key that reads", token("deploy_key", r#""can_push":false"#)),
                Case::clean("a deploy token", token("deploy_token", r#""scopes":["read_registry"]"#)),
            ]);
    }
}
