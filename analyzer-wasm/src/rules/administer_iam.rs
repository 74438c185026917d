//! Flags policies with which their holder can raise its own privileges through IAM.

use nhi_plan::Severity;
use nhi_policy_sdk::Findings;

use super::grant::{self, Subject};
use crate::facts::Facts;
use crate::facts::iam::standing::Standing;
use crate::rule::{Check, Group, Rule};

/// A policy that administers IAM.
pub(super) static RULE: Rule = Rule {
    code: "NHI002",
    name: "administer-iam",
    group: Group::Privilege,
    severity: Severity::High,
    since: "0.1.0",
    summary: "an AWS principal may raise its own privileges through IAM",
    why: "whoever may change policies, roles or keys of everybody can make themselves administrator in one call",
    controls: &[
        "NHI5:2025",
        "CWE-269",
        "CWE-266",
        "AC-6",
        "PR.AA-05",
        "PCI-DSS-7.2.5",
        "CC6.3",
        "A.8.2",
    ],
    check: Check::Plan(check),
    docs: r#"
## What it does

Flags an AWS role, user, group or permission set whose policies together allow actions with which it raises its own privileges, on all resources of their kind:
`Put`, `Attach` on roles, users and groups; `CreatePolicyVersion`, `SetDefaultPolicyVersion`, `AddUserToGroup`, `CreateAccessKey`, `CreateLoginProfile`, `UpdateLoginProfile` and `UpdateAssumeRolePolicy`.
`NotAction` counts for what it does not name, `Deny` takes back, and conditions on the policy or the boundary in question (`iam:PolicyARN`, `iam:PermissionsBoundary`) narrow.
All of these actions together are critical, some of them high.
A principal that may do everything is NHI001 and is not told twice; a permission that comes from a group is told of the group.

## Why is this bad?

The right to hand out rights is every right: one call to `iam:AttachRolePolicy` turns a build role into an administrator.

## Example

```terraform
data "aws_iam_policy_document" "provision" {
  statement {
    actions   = ["iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy"]
    resources = ["*"]
  }
}
```

## Use instead

```terraform
data "aws_iam_policy_document" "provision" {
  statement {
    actions   = ["iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy"]
    resources = ["arn:aws:iam::111122223333:role/app/*"]

    condition {
      test     = "StringEquals"
      variable = "iam:PermissionsBoundary"
      values   = [aws_iam_policy.app_boundary.arn]
    }
  }
}
```

## Known limits

- A resource that is known only after apply, a prefix such as `role/app-*` and the identity's own ARN count as narrow here; what an identity can do with them to become more is told by NHI004, as are `iam:PassRole` and everything that takes more than one step.
- Guardrails that a plan cannot show are assumed to take nothing away; see NHI001.

## References

- [Privilege escalation in AWS, a catalogue of paths](https://pathfinding.cloud/)
- [Delegating with permissions boundaries](https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html)
- [OWASP NHI5:2025 Overprivileged NHI](https://owasp.org/www-project-non-human-identities-top-10/2025/5-overprivileged-nhi/)
"#,
};

fn check(facts: &Facts, out: &mut Findings) {
    for subject in grant::subjects(facts) {
        let Subject {
            principal, standing, ..
        } = subject;
        let Some((claim, actions)) = &standing.administers else {
            continue;
        };
        let told = |standing: &Standing| standing.is_owner() || standing.administers.is_some();
        let is_doubted_more = !claim.is_certain && standing.everything.is_some();
        if standing.is_owner() || is_doubted_more || grant::is_told_of_group(facts, principal, claim, told) {
            continue;
        }
        let Some(place) = grant::place(principal, claim) else {
            continue;
        };
        let whole = standing.is_whole_iam();
        let base = if whole { Severity::Critical } else { RULE.severity };
        let (mut severity, note) = grant::weigh(principal, claim, base);
        if principal.is_dormant() && !whole {
            severity = Severity::Low;
        }
        let (who, statement) = grant::who(principal, claim, &place);
        let message = match (claim.is_certain, whole) {
            (true, true) => format!("{who} lets its holder administer IAM{statement}{note}"),
            (true, false) => {
                format!(
                    "{who} lets its holder raise its privileges with {}{statement}{note}",
                    grant::list(actions)
                )
            }
            (false, _) => format!(
                "{who} may let its holder raise its privileges: that depends on values that are known only after apply{statement}"
            ),
        };
        let remediation = "limit these actions to resources under a path, with a condition on `iam:PermissionsBoundary` or `iam:PolicyARN`";
        let mut finding = grant::finding(&RULE, principal, claim, &place, severity, message, remediation);
        let listed = if whole {
            String::from("iam:*")
        } else {
            actions.join(",")
        };
        finding.attributes.push((String::from("actions"), listed));
        out.push(if claim.is_certain {
            finding
        } else {
            finding.unverified()
        });
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::cases::{Case, cases, doc, plan, policy};

    #[test]
    fn cases_of_documents() {
        cases(&super::RULE)
            .flags(&[
                Case::critical("all of iam", policy(r#"{"Effect":"Allow","Action":"iam:*","Resource":"*"}"#)),
                Case::critical("all of iam, in another case", policy(r#"{"Effect":"Allow","Action":"IAM:*","Resource":["arn:aws:iam::*:*"]}"#)),
                Case::critical("all actions on iam", policy(r#"{"Effect":"Allow","Action":"*","Resource":"arn:aws:iam::111122223333:*"}"#)),
                Case::critical("all of iam, and perhaps more", policy(&format!(r#"{{"Effect":"Allow","Action":["iam:*","{}"],"Resource":"*"}}"#, nhi_plan::symbol::symbol("local.more")))),
                Case::unverified("on all roles, with actions that are known after apply", policy(&format!(r#"{{"Effect":"Allow","Action":"{}","Resource":"arn:aws:iam::*:role/*"}}"#, nhi_plan::symbol::symbol("local.actions")))),
                Case::high("put", policy(r#"{"Effect":"Allow","Action":"iam:PutRolePolicy","Resource":"*"}"#)),
                Case::high("a wildcard inside", policy(r#"{"Effect":"Allow","Action":"iam:Put*Policy","Resource":"*"}"#)),
                Case::high("every role", policy(r#"{"Effect":"Allow","Action":["iam:attachrolepolicy"],"Resource":"arn:aws:iam::*:role/*"}"#)),
                Case::high("keys of everybody", policy(r#"{"Effect":"Allow","Action":"iam:CreateAccessKey","Resource":"*"}"#)),
                Case::high("policy versions", policy(r#"{"Effect":"Allow","Action":"iam:CreatePolicyVersion","Resource":"arn:aws:iam::111122223333:policy/*"}"#)),
                Case::high(
                    "part is denied",
                    policy(r#"{"Effect":"Allow","Action":"iam:*","Resource":"*"},{"Effect":"Deny","Action":["iam:Put*","iam:Attach*"],"Resource":"*"}"#),
                ),
                Case::high(
                    "a condition that excludes one policy",
                    policy(r#"{"Effect":"Allow","Action":"iam:AttachRolePolicy","Resource":"*","Condition":{"ArnNotEquals":{"iam:PolicyARN":"arn:aws:iam::aws:policy/AdministratorAccess"}}}"#),
                ),
                Case::high(
                    "a region is no limit on iam",
                    policy(r#"{"Effect":"Allow","Action":"iam:*","Resource":"*","Condition":{"StringEquals":{"aws:RequestedRegion":"us-east-1"}}}"#),
                ),
                Case::critical("the holder's own account", policy(r#"{"Effect":"Allow","Action":"iam:*","Resource":"arn:aws:iam::${aws:PrincipalAccount}:*"}"#)),
                Case::high("any policy of AWS may be attached", policy(r#"{"Effect":"Allow","Action":"iam:AttachRolePolicy","Resource":"*","Condition":{"ArnLike":{"iam:PolicyARN":"arn:aws:iam::aws:policy/*"}}}"#)),
                Case::high("only the administrator's policy may be attached", policy(r#"{"Effect":"Allow","Action":"iam:AttachRolePolicy","Resource":"*","Condition":{"ArnEquals":{"iam:PolicyARN":["arn:aws:iam::aws:policy/ReadOnlyAccess","arn:aws:iam::aws:policy/AdministratorAccess"]}}}"#)),
                Case::critical("a boundary that bounds nothing", policy(r#"{"Effect":"Allow","Action":"iam:*","Resource":"*","Condition":{"StringEquals":{"iam:PermissionsBoundary":"arn:aws:iam::aws:policy/AdministratorAccess"}}}"#)),
                Case::high("a deny on one role", policy(
                    r#"{"Effect":"Allow","Action":"iam:PutRolePolicy","Resource":"*"},{"Effect":"Deny","Action":"iam:PutRolePolicy","Resource":"arn:aws:iam::111122223333:role/audit"}"#,
                )),
            ])
            .allows(&[
                Case::clean("reads iam", policy(r#"{"Effect":"Allow","Action":["iam:Get*","iam:List*","iam:GenerateCredentialReport"],"Resource":"*"}"#)),
                Case::clean("its own keys", policy(r#"{"Effect":"Allow","Action":["iam:CreateAccessKey","iam:UpdateLoginProfile"],"Resource":"arn:aws:iam::*:user/${aws:username}"}"#)),
                Case::clean("its own keys, in its own account", policy(r#"{"Effect":"Allow","Action":"iam:CreateAccessKey","Resource":"arn:aws:iam::${aws:PrincipalAccount}:user/${aws:username}"}"#)),
                Case::clean(
                    "policies under a path may be attached",
                    policy(r#"{"Effect":"Allow","Action":"iam:AttachRolePolicy","Resource":"*","Condition":{"ArnLike":{"iam:PolicyARN":["arn:aws:iam::111122223333:policy/app/*","arn:aws:iam::aws:policy/service-role/AWSLambda*"]}}}"#),
                ),
                Case::clean("passes roles", policy(r#"{"Effect":"Allow","Action":["iam:PassRole","ec2:RunInstances"],"Resource":"*"}"#)),
                Case::clean("under a path", policy(r#"{"Effect":"Allow","Action":["iam:PutRolePolicy","iam:CreateRole"],"Resource":"arn:aws:iam::111122223333:role/app/*"}"#)),
                Case::clean(
                    "under a boundary",
                    policy(r#"{"Effect":"Allow","Action":["iam:PutRolePolicy","iam:AttachRolePolicy"],"Resource":"*","Condition":{"StringEquals":{"iam:PermissionsBoundary":"arn:aws:iam::111122223333:policy/b"}}}"#),
                ),
                Case::clean(
                    "one policy may be attached",
                    policy(r#"{"Effect":"Allow","Action":"iam:AttachRolePolicy","Resource":"*","Condition":{"ArnEquals":{"iam:PolicyARN":"arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"}}}"#),
                ),
                Case::clean(
                    "denied without a boundary",
                    policy(
                        r#"{"Effect":"Allow","Action":"*","Resource":"*"},
                           {"Effect":"Deny","Action":"iam:*","Resource":"*","Condition":{"StringNotEquals":{"iam:PermissionsBoundary":"arn:aws:iam::111122223333:policy/b"}}}"#,
                    ),
                ),
                Case::clean("users on roles", policy(r#"{"Effect":"Allow","Action":"iam:PutUserPolicy","Resource":"arn:aws:iam::*:role/*"}"#)),
                Case::clean("power user", policy(r#"{"Effect":"Allow","NotAction":["iam:*","organizations:*"],"Resource":"*"}"#)),
                Case::clean("everything is another rule", policy(r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#)),
                Case::clean("service-linked roles", policy(r#"{"Effect":"Allow","Action":"iam:CreateServiceLinkedRole","Resource":"*"}"#)),
            ]);
    }

    #[test]
    fn cases_of_places() {
        let iam = doc(r#"{"Effect":"Allow","Action":"iam:*","Resource":"*"}"#);
        cases(&super::RULE)
            .flags(&[
                Case::critical("provider-managed", plan(&[("aws_iam_role_policy_attachment.a", r#"{"role":"r","policy_arn":"arn:aws:iam::aws:policy/IAMFullAccess"}"#)])),
                Case::high("provider-managed, in part", plan(&[("aws_iam_user_policy_attachment.a", r#"{"user":"u","policy_arn":"arn:aws:iam::aws:policy/AWSOpsWorksRegisterCLI"}"#)])),
                Case::medium("attached to nobody", plan(&[("aws_iam_policy.p", &format!(r#"{{"name":"p","policy":{iam}}}"#))])),
                Case::critical(
                    "deferred",
                    plan(&[
                        ("aws_iam_role_policy.p", "{}"),
                        ("data.aws_iam_policy_document.d", r#"{"statement":[{"actions":["iam:*"],"resources":["*"]},{"actions":["s3:GetObject"],"resources":[null]}]}"#),
                    ])
                    .unknown("aws_iam_role_policy.p", &["policy"])
                    .unknown("data.aws_iam_policy_document.d", &["statement[1].resources[0]", "json"])
                    .references("aws_iam_role_policy.p", "policy", &["data.aws_iam_policy_document.d"]),
                ),
                Case::medium(
                    "a boundary elsewhere",
                    plan(&[
                        ("aws_iam_user.u", r#"{"name":"u","permissions_boundary":"arn:aws:iam::111122223333:policy/limit"}"#),
                        ("aws_iam_user_policy.p", &format!(r#"{{"user":"u","name":"p","policy":{iam}}}"#)),
                    ]),
                ),
            ])
            .allows(&[
                Case::clean(
                    "a boundary without iam",
                    plan(&[
                        ("aws_iam_user.u", r#"{"name":"u","permissions_boundary":"arn:aws:iam::aws:policy/PowerUserAccess"}"#),
                        ("aws_iam_user_policy.p", &format!(r#"{{"user":"u","name":"p","policy":{iam}}}"#)),
                    ]),
                ),
                Case::clean("scoped by AWS", plan(&[("aws_iam_role_policy_attachment.a", r#"{"role":"r","policy_arn":"arn:aws:iam::aws:policy/AWSElasticBeanstalkFullAccess"}"#)])),
                Case::clean("a key policy", plan(&[("aws_kms_key.k", &format!(r#"{{"policy":{iam}}}"#))])),
            ]);
    }
}
