//! Flags policies that allow all actions on all resources, and policies that cannot be read.

use std::collections::BTreeSet;

use nhi_plan::{Finding, Severity};
use nhi_policy_sdk::Findings;

use super::grant::{self, Subject};
use crate::facts::Facts;
use crate::facts::iam::access::{Grant, Place, Principal, Unread};
use crate::facts::iam::standing::{Claim, Standing};
use crate::rule::{Check, Group, Rule};

/// A policy that allows all actions on all resources.
pub(super) static RULE: Rule = Rule {
    code: "NHI001",
    name: "allow-everything",
    group: Group::Privilege,
    severity: Severity::Critical,
    since: "0.1.0",
    summary: "an AWS principal may perform all actions on all resources",
    why: "whoever gets hold of this identity owns the account: they can read all data, delete it, and make new administrators",
    controls: &[
        "NHI5:2025",
        "CWE-250",
        "CWE-269",
        "AC-6",
        "PR.AA-05",
        "CIS-AWS-2.15",
        "PCI-DSS-7.2.5",
        "CC6.3",
        "A.8.2",
    ],
    check: Check::Plan(check),
    docs: r#"
## What it does

Flags an AWS role, user, group or permission set whose policies together allow every action on every resource: Allow minus Deny, within the permissions boundary.
Inline policies, managed policies and their attachments, groups, and the policies that AWS manages (by content, in every partition) all count, whichever block gives them.
`NotAction` that leaves IAM open is everything too: who administers IAM can give itself the rest.
A permission that comes from a group is told of the group.
A document that is known only after apply is followed through its references to `aws_iam_policy_document`, whose statements stand in the plan even while an ARN in them is unknown.

| what | severity |
|---|---|
| reaches a role, user or group | critical |
| reaches a permission set, or holds only under conditions of time, network or second factor | high |
| a managed policy that nothing in the plan attaches, or a boundary whose content is not in the plan | medium |
| a boundary in the plan limits it | low |

A document that cannot be read, and that could allow everything, is an unverified result of this rule.

## Why is this bad?

An identity with all privileges turns any leak of its credential, and any flaw in the workload that uses it, into the loss of the whole account.
Wildcards also hide what the workload needs, so nobody can reduce them later.

## Example

```terraform
resource "aws_iam_role_policy" "deploy" {
  role   = aws_iam_role.deploy.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "*", Resource = "*" }]
  })
}
```

## Use instead

```terraform
resource "aws_iam_role_policy" "deploy" {
  role   = aws_iam_role.deploy.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["ecs:UpdateService", "ecs:DescribeServices"]
      Resource = "arn:aws:ecs:eu-west-1:111122223333:service/payments/api"
    }]
  })
}
```

## Known limits

- Guardrails of the account do not stand in a plan: service control policies, resource control policies and session policies are assumed to take nothing away.
- A policy that cannot be read, and one that is attached by an ARN whose content is not in the plan, is assumed to deny nothing.
- An ARN that is known only after apply counts as one resource, never as all of them.
- A document that `jsonencode` builds around an unknown value is not readable from plan JSON; use `aws_iam_policy_document`.
- A document that a function rewrites on its way (`replace(data.….json, …)`) is judged as its data source wrote it: plan JSON does not name the function.
- Listing the wildcards of services one by one is NHI005, however many they are.

## References

- [IAM policy evaluation logic](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html)
- [OWASP NHI5:2025 Overprivileged NHI](https://owasp.org/www-project-non-human-identities-top-10/2025/5-overprivileged-nhi/)
- [CWE-250: Execution with Unnecessary Privileges](https://cwe.mitre.org/data/definitions/250.html)
"#,
};

fn check(facts: &Facts, out: &mut Findings) {
    for subject in grant::subjects(facts) {
        let Subject {
            principal, standing, ..
        } = subject;
        let Some(claim) = &standing.everything else { continue };
        if grant::is_told_of_group(facts, principal, claim, Standing::is_owner) {
            continue;
        }
        let Some(place) = grant::place(principal, claim) else {
            continue;
        };
        let (severity, note) = grant::weigh(principal, claim, RULE.severity);
        let (who, statement) = grant::who(principal, claim, &place);
        if !claim.is_certain {
            out.push(doubtful(principal, claim, &place));
            continue;
        }
        let message = format!("{who} allows all actions on all resources{statement}{note}");
        let remediation = "list the actions this identity performs and the resources it works on, and allow only these";
        out.push(grant::finding(
            &RULE,
            principal,
            claim,
            &place,
            severity,
            message,
            remediation,
        ));
    }
    let mut told = BTreeSet::new();
    for grant in facts.settled.principals.iter().flat_map(|principal| &principal.grants) {
        if let Some(unread) = &grant.unread
            && told.insert((&grant.address, &grant.path))
        {
            out.push(unreadable(grant, unread));
        }
    }
}

fn doubtful(principal: &Principal, claim: &Claim, place: &Place<'_>) -> Finding {
    let message = format!(
        "{} depends on values that are known only after apply, so what it allows cannot be told",
        place.statement()
    );
    let remediation = "write the actions as constants; only resources need to be computed";
    grant::finding(&RULE, principal, claim, place, RULE.severity, message, remediation).unverified()
}

fn unreadable(grant: &Grant, unread: &Unread) -> Finding {
    let (message, remediation) = match unread {
        Unread::Unknown(blocks) => (
            format!(
                "the policy is known only after apply{}, so what it allows cannot be told",
                rests_on(blocks)
            ),
            "build the document with an `aws_iam_policy_document` data source: its statements can be read before apply",
        ),
        Unread::Broken => (
            String::from("the policy is not a JSON policy document, so what it allows cannot be told"),
            "write the document with `jsonencode` or an `aws_iam_policy_document` data source",
        ),
        Unread::Attached(blocks) => (
            format!("which policy is attached is known only after apply{}", rests_on(blocks)),
            "attach a policy of this configuration, or write the ARN as a constant",
        ),
    };
    RULE.finding(&grant.address, &grant.path)
        .message(message)
        .remediation(remediation)
        .unverified()
}

/// The blocks a value waits for, for a message.
pub(super) fn rests_on(blocks: &[String]) -> String {
    const NAMED_MAX: usize = 3;
    if blocks.is_empty() {
        return String::new();
    }
    let list: Vec<_> = blocks
        .iter()
        .take(NAMED_MAX)
        .map(|block| format!("`{block}`"))
        .collect();
    let others = if blocks.len() > NAMED_MAX { " and others" } else { "" };
    format!(" (it rests on {}{others})", list.join(", "))
}

#[cfg(test)]
mod tests {
    use crate::rules::cases::{Case, cases, doc, plan, policy};

    const ALL: &str = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;

    #[test]
    fn cases_of_documents() {
        cases(&super::RULE)
            .flags(&[
                Case::critical("star on star", policy(ALL)),
                Case::critical("lists", policy(r#"{"Effect":"Allow","Action":["s3:GetObject","*"],"Resource":["*"]}"#)),
                Case::critical("service wildcard", policy(r#"{"Effect":"Allow","Action":"*:*","Resource":"*"}"#)),
                Case::critical("escaped letters", policy(r#"{"Effect":"Allow","\u0041ction":"\u002a","Resource":"*"}"#)),
                Case::high("only through another service", policy(r#"{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"ForAnyValue:StringEquals":{"aws:CalledVia":"cloudformation.amazonaws.com"}}}"#)),
                Case::high("only from a machine", policy(r#"{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"ArnLike":{"ec2:SourceInstanceARN":"arn:aws:ec2:*:111122223333:instance/*"}}}"#)),
                Case::unverified("an element in two cases", policy(r#"{"Effect":"Allow","Action":"s3:GetObject","action":"*","Resource":"*"}"#)),
                Case::unverified("a list inside a list", policy(r#"[{"Effect":"Allow","Action":"*","Resource":"*"}]"#)),
                Case::critical("double star", policy(r#"{"Effect":"allow","Action":"**","Resource":"**"}"#)),
                Case::critical("element names in another case", policy(r#"{"effect":"Allow","action":"*","resource":"*"}"#)),
                Case::critical("a partition is everything", policy(r#"{"Effect":"Allow","Action":"*","Resource":"arn:aws-us-gov:*"}"#)),
                Case::critical("all but billing", policy(r#"{"Effect":"Allow","NotAction":"aws-portal:*","Resource":"*"}"#)),
                Case::critical("nothing excepted", policy(r#"{"Effect":"Allow","NotAction":[],"Resource":"*"}"#)),
                Case::critical(
                    "two halves",
                    policy(r#"{"Effect":"Allow","NotAction":"iam:*","Resource":"*"},{"Effect":"Allow","Action":"IAM:*","Resource":"*"}"#),
                ),
                Case::critical("all but a bucket", policy(r#"{"Effect":"Allow","Action":"*","NotResource":"arn:aws:s3:::logs"}"#)),
                Case::critical(
                    "a deny that takes back little",
                    policy(r#"{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"s3:DeleteBucket","Resource":"*"}"#),
                ),
                Case::critical(
                    "a deny under a condition",
                    policy(
                        r#"{"Effect":"Allow","Action":"*","Resource":"*"},
                           {"Effect":"Deny","Action":"*","Resource":"*","Condition":{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}}"#,
                    ),
                ),
                Case::critical(
                    "a vacuous condition",
                    policy(r#"{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"ForAllValues:StringEquals":{"aws:TagKeys":["a"]}}}"#),
                ),
                Case::critical(
                    "a condition that is always true",
                    policy(r#"{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringLike":{"aws:ResourceTag/env":"*"}}}"#),
                ),
                Case::high(
                    "a second factor",
                    policy(r#"{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}"#),
                ),
            ])
            .allows(&[
                Case::clean("all of one service", policy(r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#)),
                Case::clean("all actions on one bucket", policy(r#"{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::logs/*"}"#)),
                Case::clean("all reads", policy(r#"{"Effect":"Allow","Action":["*:Get*","*:List*"],"Resource":"*"}"#)),
                Case::clean("denied again", policy(r#"{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"*","Resource":"*"}"#)),
                Case::clean(
                    "without iam",
                    policy(r#"{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"iam:*","Resource":"*"}"#),
                ),
                Case::clean(
                    "only what carries a tag",
                    policy(r#"{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/team":"a"}}}"#),
                ),
                Case::clean("power user", policy(r#"{"Effect":"Allow","NotAction":["iam:*","organizations:*","account:*"],"Resource":"*"}"#)),
                Case::clean("a deny of everything", policy(r#"{"Effect":"Deny","Action":"*","Resource":"*"}"#)),
                Case::clean("half of two halves", policy(r#"{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}"#)),
            ]);
    }

    #[test]
    fn cases_of_places() {
        let all = doc(ALL);
        let scoped = doc(r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}"#);
        cases(&super::RULE)
            .flags(&[
                Case::critical("user", plan(&[("aws_iam_user_policy.p", &format!(r#"{{"user":"u","policy":{all}}}"#))])),
                Case::critical("group", plan(&[("aws_iam_group_policy.p", &format!(r#"{{"group":"g","policy":{all}}}"#))])),
                Case::critical(
                    "a block in the role",
                    plan(&[("aws_iam_role.r", &format!(r#"{{"name":"r","inline_policy":[{{"name":"a","policy":{scoped}}},{{"name":"b","policy":{all}}}]}}"#))]),
                )
                .at("inline_policy[1].policy"),
                Case::medium("a managed policy for nobody", plan(&[("aws_iam_policy.p", &format!(r#"{{"name":"p","policy":{all}}}"#))])),
                Case::critical(
                    "an attached managed policy",
                    plan(&[
                        ("aws_iam_policy.p", &format!(r#"{{"name":"p","policy":{all}}}"#)),
                        ("aws_iam_role_policy_attachment.a", r#"{"role":"r"}"#),
                    ])
                    .unknown("aws_iam_role_policy_attachment.a", &["policy_arn"])
                    .references("aws_iam_role_policy_attachment.a", "policy_arn", &["aws_iam_policy.p"]),
                ),
                Case::critical(
                    "attached by its ARN",
                    plan(&[
                        ("aws_iam_policy.p", &format!(r#"{{"name":"p","policy":{all}}}"#)),
                        ("aws_iam_user_policy_attachment.a", r#"{"user":"u","policy_arn":"arn:aws:iam::111122223333:policy/team/p"}"#),
                    ]),
                ),
                Case::critical("provider-managed", plan(&[("aws_iam_role_policy_attachment.a", r#"{"role":"r","policy_arn":"arn:aws:iam::aws:policy/AdministratorAccess"}"#)])),
                Case::critical("in China", plan(&[("aws_iam_policy_attachment.a", r#"{"roles":["r"],"policy_arn":"arn:aws-cn:iam::aws:policy/AdministratorAccess"}"#)])),
                Case::critical(
                    "in the role's list",
                    plan(&[("aws_iam_role.r", r#"{"name":"r","managed_policy_arns":["arn:aws:iam::aws:policy/ReadOnlyAccess","arn:aws-us-gov:iam::aws:policy/AdministratorAccess"]}"#)]),
                )
                .at("managed_policy_arns[1]"),
                Case::critical(
                    "in an exclusive list",
                    plan(&[("aws_iam_role_policy_attachments_exclusive.a", r#"{"role_name":"r","policy_arns":["arn:aws:iam::aws:policy/AdministratorAccess"]}"#)]),
                ),
                Case::high(
                    "a permission set",
                    plan(&[("aws_ssoadmin_managed_policy_attachment.a", r#"{"managed_policy_arn":"arn:aws:iam::aws:policy/AdministratorAccess"}"#)]),
                ),
                Case::medium(
                    "a boundary elsewhere",
                    plan(&[
                        ("aws_iam_role.r", r#"{"name":"r","permissions_boundary":"arn:aws:iam::111122223333:policy/limit"}"#),
                        ("aws_iam_role_policy.p", &format!(r#"{{"role":"r","name":"p","policy":{all}}}"#)),
                    ]),
                ),
                Case::low(
                    "a boundary in the plan",
                    plan(&[
                        ("aws_iam_policy.b", &format!(r#"{{"name":"b","policy":{scoped}}}"#)),
                        ("aws_iam_role.r", r#"{"name":"r"}"#),
                        ("aws_iam_role_policy.p", &format!(r#"{{"name":"p","policy":{all}}}"#)),
                    ])
                    .unknown("aws_iam_role.r", &["permissions_boundary"])
                    .references("aws_iam_role.r", "permissions_boundary", &["aws_iam_policy.b"])
                    .unknown("aws_iam_role_policy.p", &["role"])
                    .references("aws_iam_role_policy.p", "role", &["aws_iam_role.r"]),
                ),
                Case::critical(
                    "a boundary that bounds nothing",
                    plan(&[
                        ("aws_iam_role.r", r#"{"name":"r","permissions_boundary":"arn:aws:iam::aws:policy/AdministratorAccess"}"#),
                        ("aws_iam_role_policy.p", &format!(r#"{{"role":"r","name":"p","policy":{all}}}"#)),
                    ]),
                ),
                Case::critical("told once though the role repeats it", plan(&[
                    ("aws_iam_role.r", &format!(r#"{{"name":"r","inline_policy":[{{"name":"p","policy":{all}}}]}}"#)),
                    ("aws_iam_role_policy.p", &format!(r#"{{"role":"r","name":"p","policy":{all}}}"#)),
                ])).at("policy"),
            ])
            .allows(&[
                Case::clean("scoped", plan(&[("aws_iam_role_policy.p", &format!(r#"{{"policy":{scoped}}}"#))])),
                Case::clean("another type with a policy", plan(&[("aws_kms_key.k", &format!(r#"{{"policy":{all}}}"#)), ("aws_s3_bucket_policy.b", &format!(r#"{{"policy":{all}}}"#))])),
                Case::clean("read only", plan(&[("aws_iam_role_policy_attachment.a", r#"{"role":"r","policy_arn":"arn:aws:iam::aws:policy/ReadOnlyAccess"}"#)])),
                Case::clean("the same name, our own", plan(&[("aws_iam_role_policy_attachment.a", r#"{"role":"r","policy_arn":"arn:aws:iam::111122223333:policy/AdministratorAccess"}"#)])),
                Case::clean(
                    "only a boundary",
                    plan(&[("aws_iam_policy.b", &format!(r#"{{"name":"b","policy":{all}}}"#)), ("aws_iam_role.r", r#"{"name":"r"}"#)])
                        .unknown("aws_iam_role.r", &["permissions_boundary"])
                        .references("aws_iam_role.r", "permissions_boundary", &["aws_iam_policy.b"]),
                ),
                Case::clean("destroyed", plan(&[("aws_iam_role_policy.p", &format!(r#"{{"policy":{all}}}"#))]).destroyed("aws_iam_role_policy.p")),
                Case::clean(
                    "computed and not written",
                    plan(&[("aws_iam_role.r", r#"{"name":"r"}"#)]).unknown("aws_iam_role.r", &["inline_policy", "managed_policy_arns"]),
                ),
            ]);
    }

    const DEFERRED: &str = r#"{"statement":[{"actions":["*"],"effect":"Allow","resources":["*"],"sid":"Admin","condition":[],"principals":[]},
        {"actions":["s3:GetObject"],"effect":null,"resources":[null]}]}"#;

    #[test]
    fn cases_of_unknown_documents() {
        let deferred = |data: &'static str, document: &str| {
            plan(&[("aws_iam_role_policy.p", r#"{"name":"p"}"#), (data, document)])
                .unknown("aws_iam_role_policy.p", &["policy", "role"])
                .references("aws_iam_role_policy.p", "policy", &["data.aws_iam_policy_document.d"])
        };
        let data = "data.aws_iam_policy_document.d";
        cases(&super::RULE)
            .flags(&[
                Case::critical("statements of a deferred data source", deferred(data, DEFERRED).unknown(data, &["statement[1].resources[0]", "json", "id"])),
                Case::critical(
                    "constants of the configuration",
                    deferred(data, "{}")
                        .unknown(data, &["statement", "json"])
                        .configuration(data, r#"{"statement":[{"actions":{"constant_value":["*"]},"resources":{"constant_value":["*"]}}]}"#),
                ),
                Case::critical(
                    "through a source document",
                    deferred(data, r#"{"statement":[]}"#)
                        .unknown(data, &["source_policy_documents", "json"])
                        .references(data, "source_policy_documents", &["data.aws_iam_policy_document.base"])
                        .and(("data.aws_iam_policy_document.base", DEFERRED)),
                ),
                Case::critical(
                    "the same module instance",
                    plan(&[
                        (r#"module.m["b"].aws_iam_role_policy.p"#, "{}"),
                        (r#"module.m["a"].data.aws_iam_policy_document.d"#, r#"{"statement":[{"actions":["s3:GetObject"],"resources":["*"]}]}"#),
                        (r#"module.m["b"].data.aws_iam_policy_document.d"#, DEFERRED),
                    ])
                    .unknown(r#"module.m["b"].aws_iam_role_policy.p"#, &["policy"])
                    .references(r#"module.m["b"].aws_iam_role_policy.p"#, "policy", &["module.m.data.aws_iam_policy_document.d"]),
                ),
                Case::unverified("encoded around an unknown value", plan(&[("aws_iam_role_policy.p", "{}")])
                    .unknown("aws_iam_role_policy.p", &["policy"])
                    .references("aws_iam_role_policy.p", "policy", &["aws_s3_bucket.b"])),
                Case::unverified("unknown actions", deferred(data, r#"{"statement":[{"resources":["*"]}]}"#).unknown(data, &["statement[0].actions", "json"])),
                Case::unverified("not a document", plan(&[("aws_iam_role_policy.p", r#"{"policy":"{"}"#)])),
                Case::unverified("one of two", plan(&[
                    ("aws_iam_role_policy.p", "{}"),
                    (data, DEFERRED),
                    ("data.aws_iam_policy_document.e", r#"{"statement":[{"actions":["s3:GetObject"],"resources":["*"]}]}"#),
                ])
                    .unknown("aws_iam_role_policy.p", &["policy"])
                    .references("aws_iam_role_policy.p", "policy", &[data, "data.aws_iam_policy_document.e"])),
            ])
            .allows(&[
                Case::clean("only an ARN is unknown", deferred(data, r#"{"statement":[{"actions":["s3:*"],"resources":[null]}]}"#).unknown(data, &["statement[0].resources[0]", "json"])),
                Case::clean("all actions on one unknown bucket", deferred(data, r#"{"statement":[{"actions":["*"],"resources":[null]}]}"#).unknown(data, &["statement[0].resources[0]", "json"])),
                Case::clean("unknown actions on one bucket", deferred(data, r#"{"statement":[{"resources":["arn:aws:s3:::b"]}]}"#).unknown(data, &["statement[0].actions", "json"])),
                Case::clean(
                    "overridden by sid",
                    deferred(data, DEFERRED)
                        .unknown(data, &["override_policy_documents", "json"])
                        .references(data, "override_policy_documents", &["data.aws_iam_policy_document.o"])
                        .and(("data.aws_iam_policy_document.o", r#"{"statement":[{"sid":"Admin","actions":["s3:GetObject"],"resources":["*"]}]}"#)),
                ),
            ]);
    }
}
