//! Flags subjects of GitHub's OIDC tokens that do not say the repository.

use nhi_plan::json::Value;
use nhi_plan::{Severity, symbol};
use nhi_policy_sdk::Findings;

use crate::facts::Block;

use crate::rule::{Check, Group, Rule};

/// Subjects of GitHub's OIDC tokens that do not say the repository.
pub(super) static RULE: Rule = Rule {
    code: "NHI078",
    name: "github-oidc-subject-without-repo",
    group: Group::Privilege,
    severity: Severity::High,
    since: "0.1.0",
    summary: "the subject of GitHub's OIDC tokens does not say which repository they come from",
    why: "a cloud role that trusts such a subject trusts the workflows of every repository that can produce it",
    controls: &["NHI6:2025", "CWE-287", "CWE-346", "IA-9", "PR.AA-03"],
    check: Check::Resource(
        &[
            "github_actions_organization_oidc_subject_claim_customization_template",
            "github_actions_repository_oidc_subject_claim_customization_template",
        ],
        check,
    ),
    docs: r#"
## What it does

Flags templates of the `sub` claim whose `include_claim_keys` name neither `repo` nor another claim of the repository (`repository`, `repository_id`).
With `job_workflow_ref`, which pins a shared workflow, it is medium.

## Why is this bad?

Cloud roles compare the subject.
Without the repository in it, `environment:production` is the same subject wherever somebody makes an environment of that name.

## Example

```terraform
resource "github_actions_repository_oidc_subject_claim_customization_template" "shop" {
  repository         = "shop"
  use_default        = false
  include_claim_keys = ["context"]
}
```

## Use instead

```terraform
resource "github_actions_repository_oidc_subject_claim_customization_template" "shop" {
  repository         = "shop"
  use_default        = false
  include_claim_keys = ["repo", "context", "job_workflow_ref"]
}
```

## Known limits

- Which roles trust the subject is judged where the roles are.
- Checked against the shape that the provider documents, not against GitHub.

## References

- [Customizing the subject claim](https://docs.github.com/en/actions/security-for-github-actions/security-hardening-your-deployments/about-security-hardening-with-openid-connect#customizing-the-token-claims)
- [OWASP NHI6:2025 Insecure Cloud Deployment Configurations](https://owasp.org/www-project-non-human-identities-top-10/2025/6-insecure-cloud-deployment-configurations/)
"#,
};

fn check(block: &Block<'_>, out: &mut Findings) {
    let path = "include_claim_keys";
    let Some(after) = block.after() else { return };
    if after.get("use_default").and_then(Value::as_bool) == Some(true) {
        return;
    }
    let value = after.get(path);
    let keys: Vec<_> = value.into_iter().flat_map(Value::elements).map(Value::as_str).collect();
    let names_repo = |key: &str| matches!(key, "repo" | "repository" | "repository_id");
    if keys.iter().flatten().any(|key| names_repo(key)) {
        return;
    }
    let finding = RULE.finding(&block.change.address, path);
    let unknown = block.is_unknown(path)
        || keys.iter().any(Option::is_none)
        || keys.iter().flatten().any(|key| symbol::has_symbols(key));
    if unknown {
        let finding = finding
            .message("whether the subject says the repository is known only after apply")
            .remediation("put `repo` first among the claims");
        out.push(finding.unverified());
    } else if !keys.is_empty() {
        let mut finding = finding
            .message("the subject of OIDC tokens does not say which repository they come from")
            .remediation("put `repo` first among the claims");
        finding.severity = keys
            .iter()
            .flatten()
            .any(|key| key == "job_workflow_ref")
            .then_some(Severity::Medium);
        out.push(finding);
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::cases::{Case, cases, plan};

    #[test]
    fn table() {
        let (own, organisation) = (
            "github_actions_repository_oidc_subject_claim_customization_template.t",
            "github_actions_organization_oidc_subject_claim_customization_template.t",
        );
        cases(&super::RULE)
            .flags(&[
                Case::high(
                    "the context alone",
                    plan(&[(own, r#"{"use_default":false,"include_claim_keys":["context"]}"#)]),
                )
                .at("include_claim_keys"),
                Case::high(
                    "the owner",
                    plan(&[(
                        organisation,
                        r#"{"include_claim_keys":["repository_owner","environment"]}"#,
                    )]),
                ),
                Case::medium(
                    "a shared workflow",
                    plan(&[(organisation, r#"{"include_claim_keys":["job_workflow_ref"]}"#)]),
                ),
                Case::unverified(
                    "unknown",
                    plan(&[(own, r#"{"use_default":false,"include_claim_keys":[null]}"#)])
                        .unknown(own, &["include_claim_keys[0]"]),
                ),
            ])
            .allows(&[
                Case::clean(
                    "the repository",
                    plan(&[(own, r#"{"use_default":false,"include_claim_keys":["repo","context"]}"#)]),
                ),
                Case::clean(
                    "its id",
                    plan(&[(
                        own,
                        r#"{"use_default":false,"include_claim_keys":["repository_id","environment"]}"#,
                    )]),
                ),
                Case::clean(
                    "the default",
                    plan(&[(own, r#"{"use_default":true,"include_claim_keys":null}"#)]),
                ),
            ]);
    }
}
