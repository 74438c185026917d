//! Flags principals that may do everything except what a `NotAction` names.

use nhi_plan::Severity;
use nhi_policy_sdk::Findings;

use super::grant::{self, Subject};
use crate::facts::Facts;
use crate::facts::iam::standing::Width;
use crate::rule::{Check, Group, Rule};

/// `Allow` with `NotAction`.
pub(super) static RULE: Rule = Rule {
    code: "NHI007",
    name: "allow-with-not-action",
    group: Group::Privilege,
    severity: Severity::High,
    since: "0.1.0",
    summary: "an AWS principal may perform every action that a `NotAction` does not name",
    why: "everything that nobody thought of is allowed, and so is every service that AWS adds later",
    controls: &[
        "NHI5:2025",
        "CWE-183",
        "CWE-250",
        "AC-6",
        "PR.AA-05",
        "PCI-DSS-7.2.5",
        "CC6.3",
        "A.8.2",
    ],
    check: Check::Plan(check),
    docs: r#"
## What it does

Flags an AWS role, user, group or permission set that an `Allow` with `NotAction` lets perform every action of every service but the ones it names, on all resources; `PowerUserAccess` is such a policy.
Where the excepted actions leave the administration of IAM open it is everything, and NHI001.
Ways to more that the same policy leaves open to its holder alone, such as writing its own permission set, are part of this finding; ways through another identity are NHI004.
A `Deny` with `NotAction`, the usual way to keep an account in its regions, allows nothing and is not flagged.

## Why is this bad?

`NotAction` turns a list of permissions into a list of exceptions, and nobody can list what must not happen.
The policy widens by itself with every service that AWS launches.

## Example

```terraform
resource "aws_iam_role_policy" "platform" {
  role   = aws_iam_role.platform.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", NotAction = ["iam:*", "organizations:*"], Resource = "*" }]
  })
}
```

## Use instead

```terraform
resource "aws_iam_role_policy" "platform" {
  role   = aws_iam_role.platform.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["ecs:UpdateService", "ecs:RegisterTaskDefinition", "ecr:PutImage"]
      Resource = "arn:aws:ecs:eu-west-1:111122223333:service/platform/*"
    }]
  })
}
```

## Known limits

- `NotResource` counts for what it leaves open: the action decides which rule says so.
- `NotAction` on some resources only is not flagged here.
- Guardrails of the account do not stand in a plan; see NHI001.

## References

- [IAM JSON policy elements: NotAction](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notaction.html)
- [OWASP NHI5:2025 Overprivileged NHI](https://owasp.org/www-project-non-human-identities-top-10/2025/5-overprivileged-nhi/)
- [CWE-183: Permissive List of Allowed Inputs](https://cwe.mitre.org/data/definitions/183.html)
"#,
};

fn check(facts: &Facts, out: &mut Findings) {
    for subject in grant::subjects(facts) {
        let Subject {
            principal, standing, ..
        } = subject;
        let Some(breadth) = &standing.breadth else { continue };
        let Width::AllBut(excepted) = &breadth.width else {
            continue;
        };
        let claim = &breadth.claim;
        if grant::is_told_of_group(facts, principal, claim, |group| {
            group.is_owner() || group.breadth.is_some()
        }) {
            continue;
        }
        let Some(place) = grant::place(principal, claim) else {
            continue;
        };
        let (severity, note) = grant::weigh(principal, claim, breadth.severity);
        let (who, statement) = grant::who(principal, claim, &place);
        let but = grant::list(excepted);
        let message = format!("{who} allows every action except {but} on all resources{statement}{note}");
        let remediation = "list the actions this identity performs with `Action`, and the resources it works on";
        let mut finding = grant::finding(&RULE, principal, claim, &place, severity, message, remediation);
        finding.attributes.push((String::from("excepted"), excepted.join(",")));
        out.push(finding);
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::cases::{Case, cases, doc, plan, policy};

    #[test]
    fn cases_of_documents() {
        let power = doc(r#"{"Effect":"Allow","NotAction":["iam:*","organizations:*"],"Resource":"*"}"#);
        cases(&super::RULE)
            .flags(&[
                Case::high("all but iam", policy(r#"{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}"#)),
                Case::high("power user", policy(r#"{"Effect":"Allow","NotAction":["iam:*","organizations:*","account:*"],"Resource":"*"},{"Effect":"Allow","Action":"iam:ListRoles","Resource":"*"}"#)),
                Case::high("as AWS offers it", plan(&[("aws_iam_role_policy_attachment.a", r#"{"role":"r","policy_arn":"arn:aws:iam::aws:policy/PowerUserAccess"}"#)])),
                Case::high("on every bucket and the rest", policy(r#"{"Effect":"Allow","NotAction":["iam:*"],"NotResource":"arn:aws:s3:::audit"}"#)),
                Case::high("a deny beside it that takes back little", policy(r#"{"Effect":"Allow","NotAction":"iam:*","Resource":"*"},{"Effect":"Deny","Action":"ec2:TerminateInstances","Resource":"*"}"#)),
                Case::medium("in one region", policy(r#"{"Effect":"Allow","NotAction":"iam:*","Resource":"*","Condition":{"StringEquals":{"aws:RequestedRegion":"eu-west-1"}}}"#)),
                Case::medium("for nobody", plan(&[("aws_iam_policy.p", &format!(r#"{{"name":"p","policy":{power}}}"#))])),
            ])
            .allows(&[
                Case::clean(
                    "a deny outside the regions",
                    policy(r#"{"Effect":"Deny","NotAction":["iam:*","sts:*"],"Resource":"*","Condition":{"StringNotEquals":{"aws:RequestedRegion":"eu-west-1"}}},{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::data/*"}"#),
                ),
                Case::clean("a deny without a second factor", policy(r#"{"Effect":"Deny","NotAction":"iam:ListUsers","Resource":"*","Condition":{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}}"#)),
                Case::clean("on one bucket", policy(r#"{"Effect":"Allow","NotAction":"s3:DeleteBucket","Resource":["arn:aws:s3:::data","arn:aws:s3:::data/*"]}"#)),
                Case::clean("what carries a tag", policy(r#"{"Effect":"Allow","NotAction":"iam:*","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/team":"a"}}}"#)),
                Case::clean("nothing is left", policy(r#"{"Effect":"Allow","NotAction":"*","Resource":"*"}"#)),
                Case::clean("all services but one are another rule", policy(r#"{"Effect":"Allow","NotAction":"aws-portal:*","Resource":"*"}"#)),
                Case::clean("everything but IAM by a deny is another rule", policy(r#"{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"iam:*","Resource":"*"}"#)),
            ]);
    }
}
