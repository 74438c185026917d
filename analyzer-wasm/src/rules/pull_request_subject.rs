//! Flags roles that a pull request may assume.

use nhi_plan::Severity;
use nhi_policy_sdk::Findings;

use crate::facts::Facts;
use crate::facts::trust::Remark;
use crate::rule::{Check, Group, Rule};

/// A role for pull requests.
pub(super) static RULE: Rule = Rule {
    code: "NHI033",
    name: "pull-request-subject",
    group: Group::Privilege,
    severity: Severity::Medium,
    since: "0.1.0",
    summary: "a role may be assumed by the workflow of a pull request",
    why: "a pull request runs code that nobody has reviewed yet, and with this subject it runs with the role",
    controls: &[
        "NHI6:2025",
        "NHI5:2025",
        "CWE-863",
        "CWE-494",
        "AC-3",
        "IA-9",
        "PR.AA-05",
        "CC6.1",
        "A.5.15",
    ],
    check: Check::Plan(check),
    docs: r#"
## What it does

Flags an IAM role that names the subject of a pull request: one that ends in `:pull_request`, a pattern such as `pull_*`, the event `pull_request_target`, or a reference under `refs/pull/`.
A role that can only read, by every policy that the plan gives it, is low: plans in pull requests work so.
A pattern that takes in everything of a repository is told by `oidc-trust-wide-subject`.

## Why is this bad?

Whoever can open a pull request in the repository writes the workflow that runs, before anybody has looked at it.
With the role it reads secrets or deploys, and the review comes after.

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
        StringEquals = {
          "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com"
          "token.actions.githubusercontent.com:sub" = "repo:acme/app:pull_request"
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

- Which policies a role has is read from the plan alone: what was attached elsewhere is not seen.
- GitHub gives pull requests from forks no token unless the repository says so.

## References

- [OpenID Connect reference of GitHub Actions](https://docs.github.com/en/actions/reference/security/oidc)
- [OWASP NHI6:2025 Insecure Cloud Deployment Configurations](https://owasp.org/www-project-non-human-identities-top-10/2025/6-insecure-cloud-deployment-configurations/)
"#,
};

fn check(facts: &Facts, out: &mut Findings) {
    for placed in &facts.trusts {
        let Remark::PullRequest { value, reads } = &placed.remark else {
            continue;
        };
        out.push(placed.finding(
            &RULE,
            if *reads { Severity::Low } else { RULE.severity },
            &format!("a pull request may assume this role: the subject `{value}` is that of code nobody has reviewed"),
            "name a protected environment or branch, and give pull requests a role of their own that can only read",
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

    fn github(subject: &str) -> Plan {
        trust(&format!(
            r#"{{"Effect":"Allow","Action":"sts:AssumeRoleWithWebIdentity",
                "Principal":{{"Federated":"arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"}},
                "Condition":{{"StringLike":{{"token.actions.githubusercontent.com:sub":{subject}}},"StringEquals":{{"token.actions.githubusercontent.com:aud":"sts.amazonaws.com"}}}}}}"#
        ))
    }

    #[test]
    fn cases_of_subjects() {
        cases(&super::RULE)
            .flags(&[
                Case::medium("by name", github(r#""repo:acme/app:pull_request""#)).at("assume_role_policy"),
                Case::medium(
                    "beside a branch",
                    github(r#"["repo:acme/app:ref:refs/heads/main","repo:acme/app:pull_request"]"#),
                ),
                Case::medium(
                    "of any repository of the organisation",
                    github(r#""repo:acme/*:pull_request""#),
                ),
                Case::medium("by its beginning", github(r#""repo:acme/app:pull_*""#)),
                Case::medium(
                    "a custom subject",
                    github(r#""repo:acme/app:event_name:pull_request_target""#),
                ),
                Case::low("a role that reads", github(r#""repo:acme/app:pull_request""#).and((
                    "aws_iam_role_policy_attachment.a", r#"{"role":"r","policy_arn":"arn:aws:iam::aws:policy/ReadOnlyAccess"}"#))),
                Case::low("a role that reads, by reference", github(r#""repo:acme/app:pull_request""#)
                    .and(("aws_iam_role_policy.p", r#"{"policy":"{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":[\"s3:GetObject\",\"s3:List*\"],\"Resource\":\"*\"}]}"}"#))
                    .unknown("aws_iam_role_policy.p", &["role"])
                    .references("aws_iam_role_policy.p", "role", &["aws_iam_role.r"])),
                Case::low("a role that reads by a policy of the plan", github(r#""repo:acme/app:pull_request""#)
                    .and(("aws_iam_policy.p", r#"{"name":"p","policy":"{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"s3:Get*\",\"Resource\":\"*\"}]}"}"#))
                    .and(("aws_iam_role_policy_attachment.a", r#"{"role":"r"}"#))
                    .unknown("aws_iam_role_policy_attachment.a", &["policy_arn"])
                    .references("aws_iam_role_policy_attachment.a", "policy_arn", &["aws_iam_policy.p"])),
                Case::medium("a policy that is not in the plan", github(r#""repo:acme/app:pull_request""#)
                    .and(("aws_iam_role_policy_attachment.a", r#"{"role":"r","policy_arn":"arn:aws:iam::111122223333:policy/ReadOnlyAccess"}"#))),
                Case::medium("a role that is given nothing", github(r#""repo:acme/app:pull_request""#)
                    .and(("aws_iam_role_policy_attachment.a", r#"{"role":"other","policy_arn":"arn:aws:iam::aws:policy/ReadOnlyAccess"}"#))),
                Case::medium("a role that reads and writes", github(r#""repo:acme/app:pull_request""#)
                    .and(("aws_iam_role_policy_attachment.a", r#"{"role":"r","policy_arn":"arn:aws:iam::aws:policy/ReadOnlyAccess"}"#))
                    .and(("aws_iam_role_policy.p", r#"{"role":"r","policy":"{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"s3:*\",\"Resource\":\"*\"}]}"}"#))),
                Case::medium("a reference", github(r#""repo:acme/app:ref:refs/pull/*""#)),
            ])
            .allows(&[
                Case::clean("a branch", github(r#""repo:acme/app:ref:refs/heads/main""#)),
                Case::clean(
                    "an environment of that name",
                    github(r#""repo:acme/app:environment:pull_request""#),
                ),
                Case::clean(
                    "a repository of that name",
                    github(r#""repo:acme/pull_request:environment:prod""#),
                ),
                Case::clean(
                    "a branch of that name",
                    github(r#""repo:acme/app:ref:refs/heads/pull_request""#),
                ),
                Case::clean("everything is another rule", github(r#""repo:acme/app:*""#)),
            ]);
    }
}
