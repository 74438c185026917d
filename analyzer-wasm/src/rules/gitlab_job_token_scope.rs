//! Flags projects of GitLab whose job token allowlist is switched off.

use nhi_plan::Severity;
use nhi_policy_sdk::Findings;

use crate::facts::Block;
use crate::facts::setting::{self, Is};

use crate::rule::{Check, Group, Rule};

/// Projects of GitLab whose job token allowlist is switched off.
pub(super) static RULE: Rule = Rule {
    code: "NHI083",
    name: "gitlab-job-token-scope",
    group: Group::Privilege,
    severity: Severity::Medium,
    since: "0.1.0",
    summary: "job tokens of every project may access this one",
    why: "a job in any project that a member can write to reads this one with that member's rights",
    controls: &["NHI5:2025", "NHI6:2025", "CWE-284", "AC-6", "PR.AA-05"],
    check: Check::Resource(
        &["gitlab_group_job_token_scopes", "gitlab_project_job_token_scopes"],
        check,
    ),
    docs: r#"
## What it does

Flags `gitlab_project_job_token_scopes` with `enabled = false`, which lets the job tokens of all projects in, whatever the list says.

## Why is this bad?

The token of a job carries the rights of whoever started it; the allowlist is what keeps a job elsewhere from using them here.

## Example

```terraform
resource "gitlab_project_job_token_scopes" "shop" {
  project            = "example/shop"
  enabled            = false
  target_project_ids = []
}
```

## Use instead

```terraform
resource "gitlab_project_job_token_scopes" "shop" {
  project            = "example/shop"
  enabled            = true
  target_project_ids = [gitlab_project.deploy.id]
}
```

## Known limits

- Checked against the shape that the provider documents, not against GitLab.

## References

- [Job token of GitLab](https://docs.gitlab.com/ci/jobs/ci_job_token/)
- [OWASP NHI5:2025 Overprivileged NHI](https://owasp.org/www-project-non-human-identities-top-10/2025/5-overprivileged-nhi/)
"#,
};

fn check(block: &Block<'_>, out: &mut Findings) {
    let off = setting::flag(block, "enabled", false);
    if off == Is::No {
        return;
    }
    let finding = RULE
        .finding(&block.change.address, "enabled")
        .remediation("set `enabled` to true and list the projects whose jobs need access");
    out.push(if off == Is::Yes {
        finding.message("job tokens of every project may access this one, whatever the list says")
    } else {
        finding
            .message("whether job tokens of every project may access this one is known only after apply")
            .unverified()
    });
}

#[cfg(test)]
mod tests {
    use crate::rules::cases::{Case, cases, plan};

    #[test]
    fn table() {
        let scopes = "gitlab_project_job_token_scopes.s";
        cases(&super::RULE)
            .flags(&[Case::medium(
                "off",
                plan(&[(scopes, r#"{"enabled":false,"target_project_ids":[1]}"#)]),
            )
            .at("enabled")])
            .allows(&[
                Case::clean("on", plan(&[(scopes, r#"{"enabled":true,"target_project_ids":[1]}"#)])),
                Case::clean("the default", plan(&[(scopes, r#"{"target_project_ids":[1]}"#)])),
                Case::clean(
                    "one more project",
                    plan(&[("gitlab_project_job_token_scope.s", r#"{"target_project_id":1}"#)]),
                ),
            ]);
    }
}
