//! Flags principals that may do everything in a service.

use nhi_plan::Severity;
use nhi_policy_sdk::Findings;

use super::grant::{self, Subject};
use crate::facts::Facts;
use crate::facts::iam::standing::Width;
use crate::rule::{Check, Group, Rule};

/// Every action of a service on everything in it.
pub(super) static RULE: Rule = Rule {
    code: "NHI005",
    name: "service-wide-wildcard",
    group: Group::Privilege,
    severity: Severity::High,
    since: "0.1.0",
    summary: "an AWS principal may perform every action of a service on all of its resources",
    why: "a workload that needs a few calls can also delete, publish and reconfigure everything else in that service",
    controls: &[
        "NHI5:2025",
        "CWE-250",
        "CWE-732",
        "AC-6",
        "PR.AA-05",
        "PCI-DSS-7.2.5",
        "CC6.3",
        "A.8.2",
    ],
    check: Check::Plan(check),
    docs: r#"
## What it does

Flags an AWS role, user, group or permission set whose policies together allow every action of a service (`s3:*`, `ec2:*`) on all resources of that service, after every `Deny` and within the permissions boundary.
A region or an account in the resource does not make it narrow; a path, a prefix or a name does.
A principal that may do everything in every service except what a `Deny` takes back (usually IAM) is the widest case.

| what | severity |
|---|---|
| all services; or a service that holds data, identities or machines: S3, EC2, Lambda, KMS, Secrets Manager, DynamoDB, RDS and the like | high |
| any other service | medium |
| only telemetry, such as `logs:*` or `cloudwatch:*` | info |

A policy that AWS wrote for one of its services (`service-role/…`) counts two steps lower.
Circumstances (network, second factor, time), a permission set, a policy that nothing attaches and a boundary whose content is not in the plan lower it, as with NHI001.
IAM is NHI002.

## Why is this bad?

A wildcard grants what the service can do today and whatever it learns tomorrow.
Whoever steals the credential of a job that uploads reports can delete the bucket, make it public, or point its notifications elsewhere.

## Example

```terraform
resource "aws_iam_role_policy" "upload" {
  role   = aws_iam_role.upload.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "s3:*", Resource = "*" }]
  })
}
```

## Use instead

```terraform
resource "aws_iam_role_policy" "upload" {
  role   = aws_iam_role.upload.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["s3:PutObject", "s3:AbortMultipartUpload"]
      Resource = "${aws_s3_bucket.reports.arn}/*"
    }]
  })
}
```

## Known limits

- Only wildcards that cover a whole service count: `s3:Get*`, `s3:Put*` and `s3:Delete*` side by side do not.
- Which services hold data, identities or machines is a list; a service that AWS adds counts as any other.
- Guardrails of the account do not stand in a plan; see NHI001.

## References

- [Grant least privilege](https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege)
- [OWASP NHI5:2025 Overprivileged NHI](https://owasp.org/www-project-non-human-identities-top-10/2025/5-overprivileged-nhi/)
- [CWE-250: Execution with Unnecessary Privileges](https://cwe.mitre.org/data/definitions/250.html)
"#,
};

fn check(facts: &Facts, out: &mut Findings) {
    for subject in grant::subjects(facts) {
        let Subject {
            principal, standing, ..
        } = subject;
        let Some(breadth) = &standing.breadth else { continue };
        let claim = &breadth.claim;
        let told = grant::is_told_of_group(facts, principal, claim, |group| {
            group.is_owner() || group.breadth.is_some()
        });
        if told {
            continue;
        }
        let (what, listed) = match &breadth.width {
            Width::AllBut(_) => continue,
            Width::All => (String::from("almost every service"), String::from("*")),
            Width::Services(services) => (grant::list(services), services.join(",")),
        };
        let Some(place) = grant::place(principal, claim) else {
            continue;
        };
        let (severity, note) = grant::weigh(principal, claim, breadth.severity);
        let (who, statement) = grant::who(principal, claim, &place);
        let message = format!("{who} allows every action of {what} on all resources{statement}{note}");
        let remediation =
            "list the actions this identity performs in the service, and the resources it performs them on";
        let mut finding = grant::finding(&RULE, principal, claim, &place, severity, message, remediation);
        finding.attributes.push((String::from("services"), listed));
        out.push(finding);
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::cases::{Case, cases, doc, plan, policy};

    #[test]
    fn cases_of_documents() {
        cases(&super::RULE)
            .flags(&[
                Case::high("all of S3", policy(r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#)),
                Case::high("all of EC2, in another case", policy(r#"{"Effect":"Allow","Action":"EC2:*","Resource":"*"}"#)),
                Case::high("all buckets", policy(r#"{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::*"}"#)),
                Case::high("all functions of a region", policy(r#"{"Effect":"Allow","Action":"lambda:*","Resource":"arn:aws:lambda:eu-west-1:111122223333:*"}"#)),
                Case::high("double star", policy(r#"{"Effect":"Allow","Action":"dynamodb:**","Resource":"*"}"#)),
                Case::high("one among others", policy(r#"{"Effect":"Allow","Action":["logs:*","sqs:SendMessage","kms:*"],"Resource":"*"}"#)),
                Case::high("all but a bucket", policy(r#"{"Effect":"Allow","Action":"s3:*","NotResource":"arn:aws:s3:::audit/*"}"#)),
                Case::high("everything but IAM", policy(r#"{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"iam:*","Resource":"*"}"#)),
                Case::high("a deny that takes back little", policy(r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"},{"Effect":"Deny","Action":"s3:DeleteBucket","Resource":"*"}"#)),
                Case::medium("a queue service", policy(r#"{"Effect":"Allow","Action":"sqs:*","Resource":"*"}"#)),
                Case::medium("from one network", policy(r#"{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}}"#)),
                Case::info("telemetry", policy(r#"{"Effect":"Allow","Action":["logs:*","cloudwatch:*"],"Resource":"*"}"#)),
            ])
            .allows(&[
                Case::clean("one bucket", policy(r#"{"Effect":"Allow","Action":"s3:*","Resource":["arn:aws:s3:::data","arn:aws:s3:::data/*"]}"#)),
                Case::clean("buckets with a prefix", policy(r#"{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::app-*"}"#)),
                Case::clean("reads of a bucket", policy(r#"{"Effect":"Allow","Action":["s3:Get*","s3:List*"],"Resource":["arn:aws:s3:::data","arn:aws:s3:::data/*"]}"#)),
                Case::clean("describes", policy(r#"{"Effect":"Allow","Action":["ec2:Describe*","s3:List*"],"Resource":"*"}"#)),
                Case::clean("what carries a tag", policy(r#"{"Effect":"Allow","Action":"ec2:*","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/team":"a"}}}"#)),
                Case::clean("another service's resources", policy(r#"{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:sqs:*:*:*"}"#)),
                Case::clean("denied again", policy(r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"},{"Effect":"Deny","Action":"s3:*","Resource":"*"}"#)),
                Case::clean("denied", policy(r#"{"Effect":"Deny","Action":"s3:*","Resource":"*"}"#)),
                Case::clean("everything is another rule", policy(r#"{"Effect":"Allow","Action":["*","s3:*"],"Resource":"*"}"#)),
                Case::clean("IAM is another rule", policy(r#"{"Effect":"Allow","Action":"iam:*","Resource":"*"}"#)),
            ]);
    }

    #[test]
    fn cases_of_places() {
        let all = doc(r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#);
        let deny = doc(r#"{"Effect":"Deny","Action":"s3:*","Resource":"*"}"#);
        cases(&super::RULE)
            .flags(&[
                Case::high(
                    "provider-managed",
                    plan(&[(
                        "aws_iam_role_policy_attachment.a",
                        r#"{"role":"r","policy_arn":"arn:aws:iam::aws:policy/AmazonS3FullAccess"}"#,
                    )]),
                ),
                Case::medium(
                    "attached to nobody",
                    plan(&[("aws_iam_policy.p", &format!(r#"{{"name":"p","policy":{all}}}"#))]),
                ),
                Case::high(
                    "told of the group, not of its members",
                    plan(&[
                        ("aws_iam_user.u", r#"{"name":"u"}"#),
                        ("aws_iam_group.g", r#"{"name":"g"}"#),
                        (
                            "aws_iam_group_policy.p",
                            &format!(r#"{{"group":"g","name":"p","policy":{all}}}"#),
                        ),
                        ("aws_iam_user_group_membership.m", r#"{"user":"u","groups":["g"]}"#),
                    ]),
                ),
            ])
            .allows(&[
                Case::clean(
                    "a deny in another policy of the same role",
                    plan(&[
                        (
                            "aws_iam_role_policy.a",
                            &format!(r#"{{"role":"r","name":"a","policy":{all}}}"#),
                        ),
                        (
                            "aws_iam_role_policy.d",
                            &format!(r#"{{"role":"r","name":"d","policy":{deny}}}"#),
                        ),
                    ]),
                ),
                Case::clean(
                    "held back by the boundary",
                    plan(&[
                        (
                            "aws_iam_user.u",
                            r#"{"name":"u","permissions_boundary":"arn:aws:iam::aws:policy/AmazonSQSFullAccess"}"#,
                        ),
                        (
                            "aws_iam_user_policy.p",
                            &format!(r#"{{"user":"u","name":"p","policy":{all}}}"#),
                        ),
                    ]),
                ),
                Case::clean(
                    "read only",
                    plan(&[(
                        "aws_iam_role_policy_attachment.a",
                        r#"{"role":"r","policy_arn":"arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"}"#,
                    )]),
                ),
            ]);
    }
}
