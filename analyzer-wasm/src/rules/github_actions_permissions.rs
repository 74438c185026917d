//! Flags settings of GitHub Actions that give every workflow more than it needs.

use nhi_plan::Severity;
use nhi_policy_sdk::Findings;

use crate::facts::Block;
use crate::facts::setting::{self, Is};
use crate::fixes;

use crate::rule::{Check, Group, Rule};

/// Settings of GitHub Actions that give every workflow more than it needs.
pub(super) static RULE: Rule = Rule {
    code: "NHI077",
    name: "github-actions-permissions",
    group: Group::Privilege,
    severity: Severity::Medium,
    since: "0.1.0",
    summary: "GitHub Actions gives every workflow write access, approvals, any action, or runners for public repositories",
    why: "one compromised action in one workflow then changes code, approves it, or takes over the runner",
    controls: &["NHI5:2025", "NHI3:2025", "CWE-269", "CWE-1357", "AC-6", "PR.AA-05"],
    check: Check::Resource(
        &[
            "github_actions_default_workflow_repository_permissions",
            "github_actions_organization_permissions",
            "github_actions_organization_workflow_permissions",
            "github_actions_runner_group",
            "github_enterprise_actions_permissions",
            "github_enterprise_actions_runner_group",
            "github_enterprise_actions_workflow_permissions",
            "github_workflow_repository_permissions",
        ],
        check,
    ),
    docs: r#"
## What it does

Flags `default_workflow_permissions = "write"` (medium), `can_approve_pull_request_reviews = true` (medium), `allowed_actions = "all"` for an organisation or an enterprise (low), and runner groups with `allows_public_repositories = true` (high).

## Why is this bad?

The token of a workflow is an identity of its own: every third-party action that runs in the job holds it.

## Example

```terraform
resource "github_actions_organization_workflow_permissions" "org" {
  organization_slug                = "example"
  default_workflow_permissions     = "write"
  can_approve_pull_request_reviews = false
}
```

## Use instead

```terraform
resource "github_actions_organization_workflow_permissions" "org" {
  organization_slug                = "example"
  default_workflow_permissions     = "read"
  can_approve_pull_request_reviews = false
}
```

## Known limits

- `permissions` in workflow files, which override the default, are not in a plan.
- Checked against the shape that the provider documents, not against GitHub.

## References

- [Permissions of the workflow token](https://docs.github.com/en/actions/security-for-github-actions/security-guides/automatic-token-authentication)
- [OWASP NHI5:2025 Overprivileged NHI](https://owasp.org/www-project-non-human-identities-top-10/2025/5-overprivileged-nhi/)
"#,
};

/// Attribute, the value that is too much, severity, what it means, what to do.
type Row = (&'static str, &'static str, Severity, &'static str, &'static str);

const ROWS: [Row; 4] = [
    (
        "default_workflow_permissions",
        "write",
        Severity::Medium,
        "the token of every workflow can write to its repository",
        "set `default_workflow_permissions` to `read` and give more in the workflows that need it",
    ),
    (
        "can_approve_pull_request_reviews",
        "true",
        Severity::Medium,
        "a workflow can approve pull requests, and so stand in for the second person",
        "set `can_approve_pull_request_reviews` to false",
    ),
    (
        "allows_public_repositories",
        "true",
        Severity::High,
        "anybody with a pull request to a public repository can run code on the runners of this group",
        "set `allows_public_repositories` to false",
    ),
    (
        "allowed_actions",
        "all",
        Severity::Low,
        "every action that anybody publishes may run with the tokens of the organisation",
        "set `allowed_actions` to `selected` and list the actions that are used",
    ),
];

fn check(block: &Block<'_>, out: &mut Findings) {
    for (path, wanted, severity, message, remediation) in ROWS {
        let is = match wanted {
            "true" => setting::flag(block, path, true),
            text => setting::text(block, path, text),
        };
        if is == Is::No {
            continue;
        }
        let mut finding = RULE.finding(&block.change.address, path).remediation(remediation);
        finding.severity = Some(severity);
        out.push(if is == Is::Yes {
            finding.patch = fixes::patch(&RULE, block, path);
            finding.message(message)
        } else {
            finding
                .message(format!("`{path}` is known only after apply"))
                .unverified()
        });
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::cases::{Case, cases, plan};

    #[test]
    fn table() {
        cases(&super::RULE)
            .flags(&[
                Case::medium("writes", plan(&[("github_workflow_repository_permissions.p", r#"{"repository":"shop","default_workflow_permissions":"write","can_approve_pull_request_reviews":false}"#)])).at("default_workflow_permissions"),
                Case::medium("approves", plan(&[("github_actions_organization_workflow_permissions.p", r#"{"default_workflow_permissions":"read","can_approve_pull_request_reviews":true}"#)])),
                Case::low("any action", plan(&[("github_actions_organization_permissions.p", r#"{"allowed_actions":"all","enabled_repositories":"all"}"#)])),
                Case::high("runners for the public", plan(&[("github_actions_runner_group.g", r#"{"name":"g","visibility":"all","allows_public_repositories":true}"#)])),
                Case::unverified("unknown", plan(&[("github_workflow_repository_permissions.p", "{}")]).unknown("github_workflow_repository_permissions.p", &["default_workflow_permissions"]).references("github_workflow_repository_permissions.p", "default_workflow_permissions", &["local.p"])),
            ])
            .allows(&[
                Case::clean("reads", plan(&[("github_workflow_repository_permissions.p", r#"{"default_workflow_permissions":"read","can_approve_pull_request_reviews":false}"#)])),
                Case::clean("chosen actions", plan(&[("github_actions_organization_permissions.p", r#"{"allowed_actions":"selected","enabled_repositories":"all"}"#)])),
                Case::clean("any action in one repository", plan(&[("github_actions_repository_permissions.p", r#"{"allowed_actions":"all"}"#)])),
                Case::clean("private runners", plan(&[("github_actions_runner_group.g", r#"{"allows_public_repositories":false}"#)])),
            ]);
    }
}
