//! Flags pools of workload identities that take tokens of strangers.

use nhi_plan::Severity;
use nhi_policy_sdk::Findings;

use crate::facts::Facts;
use crate::facts::trust::google::{Condition, Remark};
use crate::facts::trust::issuer::Reach;
use crate::rule::{Check, Group, Rule};

/// A pool that strangers can enter.
pub(super) static RULE: Rule = Rule {
    code: "NHI048",
    name: "workload-identity-pool-wide",
    group: Group::Privilege,
    severity: Severity::High,
    since: "0.1.0",
    summary: "a pool of workload identities takes tokens of strangers",
    why: "anybody with a free account at the issuer can enter the pool, and then has whatever any binding gives to its identities",
    controls: &[
        "NHI6:2025",
        "NHI5:2025",
        "CWE-284",
        "CWE-863",
        "AC-3",
        "IA-9",
        "PR.AA-05",
        "CC6.1",
        "A.5.15",
    ],
    check: Check::Plan(check),
    docs: r#"
## What it does

Flags a provider of a Google Cloud workload identity pool whose `attribute_condition` does not bind tokens of a public issuer to an owner: there is none, it is always true, it compares only claims that everybody sets (`ref`, `environment`, `workflow`), it excludes instead of naming, or it matches the beginning of a name (`assertion.sub.startsWith('repo:acme')` also fits `acme-evil`).
A `google.subject` that is mapped from such a claim is medium.
Of alternatives the weakest counts, of demands the strongest.
A condition that binds to one organisation is what Google recommends and is for information: the bindings then have to name the repository.

## Why is this bad?

A pool is the border between the issuer's tokens and your project.
GitHub gives a token to every workflow in the world; without a condition each of them is inside.

## Example

```terraform
resource "google_iam_workload_identity_pool_provider" "github" {
  workload_identity_pool_id          = google_iam_workload_identity_pool.ci.workload_identity_pool_id
  workload_identity_pool_provider_id = "github"
  attribute_mapping                  = { "google.subject" = "assertion.sub" }
  oidc {
    issuer_uri = "https://token.actions.githubusercontent.com"
  }
}
```

## Use instead

```terraform
resource "google_iam_workload_identity_pool_provider" "github" {
  workload_identity_pool_id          = google_iam_workload_identity_pool.ci.workload_identity_pool_id
  workload_identity_pool_provider_id = "github"
  attribute_condition                = "assertion.repository == 'acme/app'"
  attribute_mapping                  = { "google.subject" = "assertion.sub" }
  oidc {
    issuer_uri = "https://token.actions.githubusercontent.com"
  }
}
```

## Known limits

- Issuers that serve a single organisation or cluster need no condition and are left out, and so are AWS, SAML and X.509 providers.
- A condition that the reader cannot follow is unverified.
- Checked against the shape that the provider `google` plans, not against a real project.

## References

- [Google Cloud: workload identity federation with deployment pipelines](https://cloud.google.com/iam/docs/workload-identity-federation-with-deployment-pipelines)
- [Google Cloud: best practices for workload identity federation](https://cloud.google.com/iam/docs/best-practices-for-using-workload-identity-federation)
- [OWASP NHI6:2025 Insecure Cloud Deployment Configurations](https://owasp.org/www-project-non-human-identities-top-10/2025/6-insecure-cloud-deployment-configurations/)
"#,
};

fn check(facts: &Facts, out: &mut Findings) {
    for placed in &facts.pools {
        let (issuer, condition) = match &placed.remark {
            Remark::Provider { issuer, condition } => (issuer, condition),
            Remark::Subject { claim } => {
                out.push(placed.finding(
                    &RULE,
                    Severity::Medium,
                    &format!(
                        "identities of the pool are named after `{claim}`, which every repository sets as it likes"
                    ),
                    "map `google.subject` to `assertion.sub`",
                ));
                continue;
            }
            Remark::Grant(_) => continue,
        };
        let name = issuer.name;
        let (severity, message) = match condition {
            Condition::Missing if issuer.reach == Reach::Unknown => (
                Severity::Medium,
                format!("the pool takes every token of {name}: there is no condition on their attributes"),
            ),
            Condition::Missing => (
                RULE.severity,
                format!(
                    "the pool takes every token of {name}, also those of strangers: there is no condition on their attributes"
                ),
            ),
            Condition::Free => (
                RULE.severity,
                format!(
                    "the pool takes tokens of strangers from {name}: the condition names no owner that they cannot have"
                ),
            ),
            Condition::Owner => (
                Severity::Info,
                format!("the pool takes every token of one organisation from {name}"),
            ),
            Condition::Unknown => (
                RULE.severity,
                format!("the condition on tokens of {name} cannot be read before apply, and may let strangers in"),
            ),
        };
        out.push(placed.finding(
            &RULE,
            severity,
            &message,
            "compare the claim that names the repository or project, such as `assertion.repository == 'owner/name'`",
        ));
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::cases::{Case, Plan, cases, plan};

    const GITHUB: &str = "https://token.actions.githubusercontent.com";

    fn provider(issuer: &str, condition: &str) -> Plan {
        let condition = if condition.is_empty() {
            String::from("null")
        } else {
            nhi_plan::json::quote(condition)
        };
        plan(&[(
            "google_iam_workload_identity_pool_provider.p",
            &format!(
                r#"{{"workload_identity_pool_id":"ci","attribute_condition":{condition},"oidc":[{{"issuer_uri":"{issuer}"}}],
                    "attribute_mapping":{{"google.subject":"assertion.sub","attribute.repository":"assertion.repository","attribute.team":"assertion.repository_owner"}}}}"#
            ),
        )])
    }

    #[test]
    fn cases_of_mappings() {
        let mapped = |subject: &str, condition: &str| {
            plan(&[(
                "google_iam_workload_identity_pool_provider.p",
                &format!(
                    r#"{{"attribute_condition":"{condition}","oidc":[{{"issuer_uri":"https://id.example.com"}}],"attribute_mapping":{{"google.subject":"{subject}"}}}}"#
                ),
            )])
        };
        let owned = "assertion.repository_owner == 'acme'";
        cases(&super::RULE)
            .flags(&[Case::medium("a workflow", mapped("assertion.workflow", owned)).at("attribute_mapping")])
            .allows(&[
                Case::clean("the subject", mapped("assertion.sub", owned)),
                Case::clean(
                    "a workflow of one repository",
                    mapped("assertion.workflow", "assertion.repository == 'acme/app'"),
                ),
            ]);
    }

    #[test]
    fn cases_of_conditions() {
        let p = "google_iam_workload_identity_pool_provider.p";
        let github = |condition: &str| provider(GITHUB, condition);
        cases(&super::RULE)
            .flags(&[
                Case::high("none", github("")).at("attribute_condition"),
                Case::high("always true", github("true")),
                Case::high("a branch of anybody", github("assertion.ref == 'refs/heads/main'")),
                Case::high(
                    "an environment of anybody",
                    github("assertion.environment == 'production'"),
                ),
                Case::high("a name that begins so", github("assertion.sub.startsWith('repo:acme')")),
                Case::high(
                    "a name with that in it",
                    github("assertion.repository.contains('acme')"),
                ),
                Case::high("everyone but", github("assertion.repository_owner != 'evil'")),
                Case::high(
                    "or anybody",
                    github("assertion.repository_owner == 'acme' || assertion.ref == 'refs/heads/main'"),
                ),
                Case::high("GitLab", provider("https://gitlab.com", "")),
                Case::high(
                    "HCP Terraform",
                    provider(
                        "https://app.terraform.io",
                        "assertion.terraform_workspace_name == 'prod'",
                    ),
                ),
                Case::medium("an issuer that nobody knows", provider("https://id.example.com", "")),
                Case::info("an organisation", github("assertion.repository_owner == 'acme'")),
                Case::info(
                    "an organisation, by subject",
                    github("assertion.sub.startsWith('repo:acme/')"),
                ),
                Case::unverified(
                    "a condition that is not known",
                    github("").unknown(p, &["attribute_condition"]),
                ),
                Case::unverified(
                    "a condition that cannot be read",
                    github("assertion.repository == 'acme/app"),
                ),
            ])
            .allows(&[
                Case::clean("a repository", github("assertion.repository == 'acme/app'")),
                Case::clean(
                    "repositories",
                    github("assertion.repository in ['acme/app', 'acme/lib'] && assertion.ref == 'refs/heads/main'"),
                ),
                Case::clean("the number of a repository", github("assertion.repository_id == '123'")),
                Case::clean(
                    "a subject",
                    github("google.subject == 'repo:acme/app:environment:production'"),
                ),
                Case::clean(
                    "a project of GitLab",
                    provider("https://gitlab.com", "assertion.project_path == 'acme/app'"),
                ),
                Case::clean(
                    "a cluster",
                    provider(
                        "https://container.googleapis.com/v1/projects/p/locations/l/clusters/c",
                        "",
                    ),
                ),
                Case::clean("a GitLab of one's own", provider("https://gitlab.example.com", "")),
                Case::clean("a tenant", provider("https://login.microsoftonline.com/0a1b/v2.0", "")),
                Case::clean(
                    "AWS",
                    plan(&[(
                        p,
                        r#"{"workload_identity_pool_id":"ci","aws":[{"account_id":"111122223333"}],"oidc":[]}"#,
                    )]),
                ),
            ]);
    }
}
