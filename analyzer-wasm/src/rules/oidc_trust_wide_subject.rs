//! Flags roles whose condition on the subject lets in more than it seems to.

use nhi_plan::Severity;
use nhi_policy_sdk::Findings;

use crate::facts::Facts;
use crate::facts::trust::Remark;
use crate::facts::trust::issuer::Reach;
use crate::facts::trust::subject::Width;
use crate::rule::{Check, Group, Rule};

/// A role that accepts more subjects than one workload has.
pub(super) static RULE: Rule = Rule {
    code: "NHI031",
    name: "oidc-trust-wide-subject",
    group: Group::Privilege,
    severity: Severity::High,
    since: "0.1.0",
    summary: "a role accepts subjects of strangers, or of everything in an organisation",
    why: "a wildcard in the subject lets in every repository, branch or service account whose name fits, and names are free to choose",
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

Flags an IAM role whose condition on the `sub` claim of an OpenID Connect provider is wider than one workload.
A wildcard in or right after the owner's name is critical for a public issuer: `repo:acme*` also matches `repo:acme-evil/x`, which anybody can register.
So is a subject that begins with a claim which every repository sets as it likes (`environment`, `workflow`, `ref`, `head_ref`, `base_ref`) and names no repository.
Everything of one organisation, group or namespace (`repo:acme/*`) is medium, any branch or pull request of one repository (`repo:acme/app:*`) is low.
For issuers that serve a single organisation or cluster each is one or two steps lower.

## Why is this bad?

The subject is all that tells one workload of the issuer from another.
Whoever may write to any repository that fits has the role.

## Example

```terraform
resource "aws_iam_role" "deploy" {
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com" }
      Condition = {
        StringLike = {
          "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com"
          "token.actions.githubusercontent.com:sub" = "repo:acme*"
        }
      }
    }]
  })
}
```

## Use instead

```terraform
resource "aws_iam_role" "deploy" {
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com" }
      Condition = {
        StringEquals = {
          "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com"
          "token.actions.githubusercontent.com:sub" = "repo:acme/app:environment:production"
        }
      }
    }]
  })
}
```

## Known limits

- How an issuer writes subjects is known for GitHub, GitLab, HCP Terraform, Buildkite, CircleCI, Spacelift, Vercel, Codefresh, Pulumi and Kubernetes; of others only a leading wildcard is seen.
- Whether an environment or a branch is protected is not in the plan.

## References

- [OpenID Connect reference of GitHub Actions](https://docs.github.com/en/actions/reference/security/oidc)
- [IAM: create a role for OpenID Connect federation](https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-idp_oidc.html)
- [OWASP NHI6:2025 Insecure Cloud Deployment Configurations](https://owasp.org/www-project-non-human-identities-top-10/2025/6-insecure-cloud-deployment-configurations/)
"#,
};

/// Characters of a subject that a message repeats.
const SUBJECT_CHARS_MAX: usize = 120;

fn check(facts: &Facts, out: &mut Findings) {
    for placed in &facts.trusts {
        let Remark::WideSubject { issuer, fit, value } = &placed.remark else {
            continue;
        };
        let severity = match (issuer.reach, fit.width) {
            (_, Width::Exact) => continue,
            (Reach::Public, Width::Anyone) => Severity::Critical,
            (Reach::Unknown, Width::Anyone) => Severity::High,
            (Reach::Tenant, Width::Anyone) | (Reach::Public | Reach::Unknown, Width::Organisation) => Severity::Medium,
            (Reach::Tenant, Width::Organisation) | (Reach::Public | Reach::Unknown, Width::Project) => Severity::Low,
            (Reach::Tenant, Width::Project) => Severity::Info,
        };
        let value: String = value.chars().take(SUBJECT_CHARS_MAX).collect();
        out.push(placed.finding(
            &RULE,
            severity,
            &format!("the subject `{value}` of {} fits {}", issuer.name, fit.who),
            "require the exact subject of the one workload that needs the role, with `StringEquals`",
        ));
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::cases::{Case, Plan, cases, doc, plan};

    fn trust(statements: &str) -> Plan {
        plan(&[(
            "aws_iam_role.r",
            &format!(r#"{{"name":"r","assume_role_policy":{}}}"#, doc(statements)),
        )])
    }

    const GITHUB: &str = "token.actions.githubusercontent.com";

    fn web(issuer: &str, condition: &str) -> Plan {
        trust(&format!(
            r#"{{"Effect":"Allow","Action":"sts:AssumeRoleWithWebIdentity",
                "Principal":{{"Federated":"arn:aws:iam::111122223333:oidc-provider/{issuer}"}},"Condition":{{{condition}}}}}"#
        ))
    }

    fn subject(issuer: &str, subject: &str) -> Plan {
        web(
            issuer,
            &format!(
                r#""StringLike":{{"{issuer}:sub":{subject}}},"StringEquals":{{"{issuer}:aud":"sts.amazonaws.com"}}"#
            ),
        )
    }

    fn github(value: &str) -> Plan {
        subject(GITHUB, value)
    }

    const CLUSTER: &str = "oidc.eks.eu-west-1.amazonaws.com/id/A1";

    #[test]
    fn cases_of_subjects() {
        cases(&super::RULE)
            .flags(&[
                Case::critical("any repository", github(r#""repo:*""#)).at("assume_role_policy"),
                Case::critical("any name that begins so", github(r#""repo:acme*""#)),
                Case::critical("any name that begins so, and a branch", github(r#""repo:acme-*/app:ref:refs/heads/main""#)),
                Case::critical("any owner", github(r#""repo:*/app:*""#)),
                Case::critical("an environment of anybody", github(r#""environment:production""#)),
                Case::critical("a workflow of anybody", github(r#""workflow:deploy:*""#)),
                Case::critical("by equality", web(GITHUB, r#""StringEquals":{"token.actions.githubusercontent.com:sub":"ref:refs/heads/main"}"#)),
                Case::critical("one of several", github(r#"["repo:acme/app:environment:prod","repo:acme*"]"#)),
                Case::critical("for any value", web(GITHUB, r#""ForAnyValue:StringLike":{"token.actions.githubusercontent.com:sub":"repo:*"}"#)),
                Case::medium("an organisation", github(r#""repo:acme/*""#)),
                Case::medium("an organisation, one environment", github(r#""repo:acme/*:environment:prod""#)),
                Case::medium("the number of an organisation", web(GITHUB, r#""StringEquals":{"token.actions.githubusercontent.com:repository_owner_id":"123"}"#)),
                Case::low("a repository", github(r#""repo:acme/app:*""#)),
                Case::low("repositories of a family", github(r#""repo:acme/app-*:ref:refs/heads/main""#)),
                Case::critical("any group", subject("gitlab.com", r#""project_path:acme*""#)),
                Case::critical("any project", subject("gitlab.com", r#""project_path:*""#)),
                Case::medium("a group", subject("gitlab.com", r#""project_path:acme/*:ref_type:branch:ref:main""#)),
                Case::medium("a GitLab of one's own", subject("gitlab.example.com", r#""project_path:*""#)),
                Case::critical("any organisation of Terraform", subject("app.terraform.io", r#""organization:*:project:p:workspace:w:run_phase:*""#)),
                Case::medium("an organisation of Terraform", subject("app.terraform.io", r#""organization:acme:*""#)),
                Case::medium("any pipeline", subject("agent.buildkite.com", r#""organization:acme:*""#)),
                Case::medium("any service account", subject(CLUSTER, r#""system:serviceaccount:*:*""#)),
                Case::medium("one name in any namespace", subject(CLUSTER, r#""system:serviceaccount:*:worker""#)),
                Case::low("any service account of a namespace", subject(CLUSTER, r#""system:serviceaccount:app:*""#)),
            ])
            .allows(&[
                Case::clean("an environment", github(r#""repo:acme/app:environment:prod""#)),
                Case::clean("a branch", github(r#""repo:acme/app:ref:refs/heads/main""#)),
                Case::clean("releases", github(r#""repo:acme/app:ref:refs/tags/v*""#)),
                Case::clean("two tests, one of them narrow", web(GITHUB, r#""StringLike":{"token.actions.githubusercontent.com:sub":"repo:acme/*"},"StringEquals":{"token.actions.githubusercontent.com:sub":"repo:acme/app:environment:prod"}"#)),
                Case::clean("an organisation, and the number of a repository", web(GITHUB, r#""StringLike":{"token.actions.githubusercontent.com:sub":"repo:acme/*","token.actions.githubusercontent.com:repository_id":"123"}"#)),
                Case::clean("a workflow of one repository", github(r#""repository_owner_id:12:repository_id:34:environment:prod""#)),
                Case::clean("a wildcard by its letters", web(GITHUB, r#""StringEquals":{"token.actions.githubusercontent.com:sub":"repo:acme/*"}"#)),
                Case::clean("a workspace", subject("app.terraform.io", r#""organization:acme:project:p:workspace:w:run_phase:*""#)),
                Case::clean("a pipeline on its main branch", subject("agent.buildkite.com", r#""organization:acme:pipeline:p:ref:refs/heads/main:*""#)),
                Case::clean("a project of CircleCI", subject("oidc.circleci.com/org/1b", r#""org/1b/project/2c/user/*""#)),
                Case::clean("a repository of Bitbucket", subject("api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc", r#""{1b}:*""#)),
                Case::clean("a service account", subject(CLUSTER, r#""system:serviceaccount:app:worker""#)),
                Case::clean("providers of one system", subject(CLUSTER, r#""system:serviceaccount:crossplane-system:provider-aws-*""#)),
                Case::clean("no subject is another rule", github(r#""*""#)),
            ]);
    }

    #[test]
    fn cases_of_symbols() {
        let repository = nhi_plan::symbol::symbol("github_repository.r.full_name");
        cases(&super::RULE)
            .flags(&[Case::low(
                "any branch of a repository of the plan",
                github(&format!(r#""repo:{repository}:*""#)),
            )])
            .allows(&[
                Case::clean(
                    "a branch of a repository of the plan",
                    github(&format!(r#""repo:{repository}:ref:refs/heads/main""#)),
                ),
                Case::clean(
                    "an exact subject of the plan",
                    web(
                        GITHUB,
                        &format!(r#""StringEquals":{{"token.actions.githubusercontent.com:sub":"{repository}"}}"#),
                    ),
                ),
            ]);
    }
}
