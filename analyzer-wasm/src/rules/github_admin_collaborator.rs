//! Flags administrators of GitHub repositories and organisations.

use nhi_plan::Severity;
use nhi_plan::json::Value;
use nhi_policy_sdk::Findings;

use crate::facts::Block;
use crate::facts::setting::{self, Is};

use crate::rule::{Check, Group, Rule};

/// Entries of a list that are read.
const ENTRIES_MAX: usize = 1_000;

/// Administrators of GitHub repositories and organisations.
pub(super) static RULE: Rule = Rule {
    code: "NHI079",
    name: "github-admin-collaborator",
    group: Group::Privilege,
    severity: Severity::Medium,
    since: "0.1.0",
    summary: "an account or a team administers a GitHub repository or organisation",
    why: "an administrator can lift branch protection, read deploy keys and secrets into a workflow, and delete the repository",
    controls: &["NHI5:2025", "NHI10:2025", "CWE-269", "AC-6", "PR.AA-05", "CC6.3"],
    check: Check::Resource(
        &[
            "github_membership",
            "github_repository_collaborator",
            "github_repository_collaborators",
            "github_team_repository",
        ],
        check,
    ),
    docs: r#"
## What it does

Flags collaborators with `permission = "admin"` (medium), owners of the organisation (`github_membership` with `role = "admin"`, medium), and teams with `permission = "admin"` (low).
Whether an account is a machine's does not stand in a plan; for a machine, `push` and a GitHub App are enough.

## Why is this bad?

A machine account with `admin` is a password that switches the reviews of the repository off.

## Example

```terraform
resource "github_repository_collaborator" "bot" {
  repository = "shop"
  username   = "release-bot"
  permission = "admin"
}
```

## Use instead

```terraform
resource "github_repository_collaborator" "bot" {
  repository = "shop"
  username   = "release-bot"
  permission = "push"
}
```

## Known limits

- Checked against the shape that the provider documents, not against GitHub.

## References

- [Roles of a repository](https://docs.github.com/en/organizations/managing-user-access-to-your-organizations-repositories/managing-repository-roles/repository-roles-for-an-organization)
- [OWASP NHI5:2025 Overprivileged NHI](https://owasp.org/www-project-non-human-identities-top-10/2025/5-overprivileged-nhi/)
"#,
};

fn check(block: &Block<'_>, out: &mut Findings) {
    let mut tell = |is: Is, severity: Severity, path: &str, who: &str| {
        if is == Is::No {
            return;
        }
        let mut finding = RULE.finding(&block.change.address, path).remediation(
            "give `push` or `maintain`, and let automation use a GitHub App with the permissions it needs",
        );
        finding.severity = Some(severity);
        out.push(if is == Is::Yes {
            finding.message(who)
        } else {
            finding
                .message(format!("whether {who} is known only after apply"))
                .unverified()
        });
    };
    let admin = |path: &str| setting::text(block, path, "admin");
    match block.change.resource_type.as_ref() {
        "github_membership" => tell(
            admin("role"),
            Severity::Medium,
            "role",
            "an account owns the organisation",
        ),
        "github_repository_collaborator" => tell(
            admin("permission"),
            Severity::Medium,
            "permission",
            "an account from outside the teams administers the repository",
        ),
        "github_team_repository" => tell(
            admin("permission"),
            Severity::Low,
            "permission",
            "everybody in a team administers the repository",
        ),
        _ => {
            let rows = [
                ("user", Severity::Medium, "an account administers the repository"),
                ("team", Severity::Low, "everybody in a team administers the repository"),
            ];
            for (name, severity, who) in rows {
                let count = block.after().and_then(|after| after.get(name)).map_or(0, Value::len);
                let paths = (0..count.min(ENTRIES_MAX)).map(|index| format!("{name}[{index}].permission"));
                let worst = paths.map(|path| (admin(&path), path)).max_by_key(|(is, _)| *is);
                if let Some((is, path)) = worst {
                    tell(is, severity, &path, who);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::cases::{Case, cases, plan};

    #[test]
    fn table() {
        cases(&super::RULE)
            .flags(&[
                Case::medium("a collaborator", plan(&[("github_repository_collaborator.c", r#"{"username":"x","permission":"admin"}"#)])).at("permission"),
                Case::medium("an owner", plan(&[("github_membership.m", r#"{"username":"x","role":"admin"}"#)])),
                Case::low("a team", plan(&[("github_team_repository.t", r#"{"team_id":"1","permission":"admin"}"#)])),
                Case::medium("one of many", plan(&[("github_repository_collaborators.c", r#"{"user":[{"username":"a","permission":"push"},{"username":"b","permission":"admin"}],"team":[]}"#)])).at("user[1].permission"),
                Case::unverified("unknown", plan(&[("github_team_repository.t", "{}")]).unknown("github_team_repository.t", &["permission"]).references("github_team_repository.t", "permission", &["local.p"])),
            ])
            .allows(&[
                Case::clean("pushes", plan(&[("github_repository_collaborator.c", r#"{"permission":"push"}"#)])),
                Case::clean("maintains", plan(&[("github_team_repository.t", r#"{"permission":"maintain"}"#)])),
                Case::clean("a member", plan(&[("github_membership.m", r#"{"role":"member"}"#)])),
            ]);
    }
}
