//! Flags roles of workloads that people may assume too.

use nhi_plan::Severity;
use nhi_policy_sdk::Findings;

use crate::facts::Facts;
use crate::facts::trust::Remark;
use crate::rule::{Check, Group, Rule};

/// A role for a workload and for people.
pub(super) static RULE: Rule = Rule {
    code: "NHI035",
    name: "human-in-workload-trust",
    group: Group::Privilege,
    severity: Severity::Medium,
    since: "0.1.0",
    summary: "people may assume the role of a workload",
    why: "what a person does with the role of a workload looks like the workload in every log, and the person keeps access when the job changes",
    controls: &[
        "NHI10:2025",
        "NHI5:2025",
        "CWE-269",
        "CWE-778",
        "AC-6",
        "AU-10",
        "PR.AA-05",
        "CC6.1",
        "A.5.15",
    ],
    check: Check::Plan(check),
    docs: r#"
## What it does

Flags an IAM role whose trust names a workload, which is a service of AWS or a provider of workload tokens, and beside it people: IAM users, roles of IAM Identity Center (`AWSReservedSSO_…`), or a SAML provider.

## Why is this bad?

A role of a workload has the rights that the workload needs, often more than any person should have, and no second factor.
When people use it too, nobody can tell afterwards who did what.

## Example

```terraform
resource "aws_iam_role" "shared" {
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "ecs-tasks.amazonaws.com", AWS = "arn:aws:iam::111122223333:user/alice" }
    }]
  })
}
```

## Use instead

```terraform
resource "aws_iam_role" "shared" {
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "ecs-tasks.amazonaws.com" }
    }]
  })
}
```

## Known limits

- An IAM user that serves a machine counts as a person.
- People who get at a role through another role, or through an account that it trusts as a whole, are not seen.

## References

- [OWASP NHI10:2025 Human Use of NHI](https://owasp.org/www-project-non-human-identities-top-10/2025/10-human-use-of-nhi/)
- [IAM: security best practices](https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html)
"#,
};

fn check(facts: &Facts, out: &mut Findings) {
    for placed in &facts.trusts {
        let Remark::Human { person, workload } = &placed.remark else {
            continue;
        };
        out.push(placed.finding(
            &RULE,
            RULE.severity,
            &format!("people may assume the role of a workload: `{person}` beside `{workload}`"),
            "give people a role of their own, with a second factor and a short session, and leave this one to the workload",
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

    fn beside(principal: &str) -> Plan {
        trust(&format!(
            r#"{{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{{"Service":"ecs-tasks.amazonaws.com"}}}},
               {{"Effect":"Allow","Action":["sts:AssumeRole","sts:AssumeRoleWithSAML"],"Principal":{{{principal}}}}}"#
        ))
    }

    #[test]
    fn cases_of_principals() {
        cases(&super::RULE)
            .flags(&[
                Case::medium("a user", beside(r#""AWS":"arn:aws:iam::111122223333:user/alice""#)).at("assume_role_policy"),
                Case::medium("in one statement", trust(r#"{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"lambda.amazonaws.com","AWS":["arn:aws:iam::111122223333:user/team/bob"]}}"#)),
                Case::medium("a role of Identity Center", beside(r#""AWS":"arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Admin_0a1b""#)),
                Case::medium("SAML", beside(r#""Federated":"arn:aws:iam::111122223333:saml-provider/idp""#)),
                Case::medium("by condition", trust(
                    r#"{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"ec2.amazonaws.com"}},
                       {"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"arn:aws:iam::111122223333:root"},
                        "Condition":{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_Dev_*"}}}"#,
                )),
                Case::medium("a user of the plan", beside(&format!(r#""AWS":"{}""#, nhi_plan::symbol::symbol("aws_iam_user.alice.arn")))),
                Case::medium("beside a repository", trust(
                    r#"{"Effect":"Allow","Action":"sts:AssumeRoleWithWebIdentity","Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"},
                        "Condition":{"StringEquals":{"token.actions.githubusercontent.com:sub":"repo:acme/app:environment:prod"}}},
                       {"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"arn:aws:iam::111122223333:user/alice"}}"#,
                )),
            ])
            .allows(&[
                Case::clean("a role", beside(r#""AWS":"arn:aws:iam::111122223333:role/ci""#)),
                Case::clean("the account", beside(r#""AWS":"arn:aws:iam::111122223333:root""#)),
                Case::clean("people only", trust(r#"{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"arn:aws:iam::111122223333:user/alice"}}"#)),
                Case::clean("a workload only", trust(r#"{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":["ec2.amazonaws.com","lambda.amazonaws.com"]}}"#)),
                Case::clean("a role with such a name", beside(r#""AWS":"arn:aws:iam::111122223333:role/user/alice""#)),
                Case::clean("people kept out", trust(
                    r#"{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"ec2.amazonaws.com"}},
                       {"Effect":"Deny","Action":"sts:AssumeRole","Principal":{"AWS":"arn:aws:iam::111122223333:user/alice"}}"#,
                )),
            ]);
    }
}
