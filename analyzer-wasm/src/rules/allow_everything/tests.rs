//! Plans that allow everything, and plans that only look like it.

use crate::rules::cases::{Case, cases, doc, plan, policy};

mod arns;

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
            Case::unverified("a statement that is known after apply", policy(&format!(r#"{{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}},"{}""#, nhi_plan::symbol::symbol("local.more")))),
            Case::unverified("actions that are known after apply", policy(&format!(r#"{{"Effect":"Allow","Action":"{}","Resource":"*"}}"#, nhi_plan::symbol::symbol("local.actions")))),
            Case::unverified("a deny that is known after apply", policy(&format!(r#"{{"Effect":"Allow","Action":"*","Resource":"*"}},{{"Effect":"Deny","Action":"{}","Resource":"*"}}"#, nhi_plan::symbol::symbol("local.actions")))),
            Case::unverified("an effect that is known after apply", policy(&format!(r#"{{"Effect":"{}","Action":"*","Resource":"*"}}"#, nhi_plan::symbol::symbol("local.effect")))),
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
                "detached, though the role repeats it",
                plan(&[
                    ("aws_iam_role.r", r#"{"name":"r","managed_policy_arns":["arn:aws:iam::aws:policy/AdministratorAccess"]}"#),
                    ("aws_iam_role_policy_attachment.a", "null"),
                ])
                .changed("aws_iam_role_policy_attachment.a", |change| {
                    change.before = Some(r#"{"role":"r","policy_arn":"arn:aws:iam::aws:policy/AdministratorAccess"}"#.into());
                })
                .destroyed("aws_iam_role_policy_attachment.a"),
            ),
            Case::clean(
                "computed and not written",
                plan(&[("aws_iam_role.r", r#"{"name":"r"}"#)]).unknown("aws_iam_role.r", &["inline_policy", "managed_policy_arns"]),
            ),
        ]);
}

#[test]
fn cases_of_principals() {
    let half = doc(r#"{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}"#);
    let other = doc(r#"{"Effect":"Allow","Action":"iam:*","Resource":"*"}"#);
    let deny = doc(r#"{"Effect":"Deny","Action":"*","Resource":"*"}"#);
    let all = doc(ALL);
    let alternatives = nhi_plan::json::quote(&nhi_plan::symbol::one_of([
        r#"{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#,
        r#"{"Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}]}"#,
    ]));
    let alike = nhi_plan::json::quote(&nhi_plan::symbol::one_of([
        r#"{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#,
        r#"{"Statement":[{"Effect":"Allow","NotAction":"s3:*","Resource":"*"}]}"#,
    ]));
    cases(&super::RULE)
        .flags(&[
            Case::critical(
                "two halves in two policies",
                plan(&[
                    (
                        "aws_iam_role_policy.a",
                        &format!(r#"{{"role":"r","name":"a","policy":{half}}}"#),
                    ),
                    (
                        "aws_iam_role_policy.b",
                        &format!(r#"{{"role":"r","name":"b","policy":{other}}}"#),
                    ),
                ]),
            ),
            Case::critical(
                "half inline, half attached",
                plan(&[
                    (
                        "aws_iam_user_policy.a",
                        &format!(r#"{{"user":"u","name":"a","policy":{half}}}"#),
                    ),
                    (
                        "aws_iam_user_policy_attachment.b",
                        r#"{"user":"u","policy_arn":"arn:aws:iam::aws:policy/IAMFullAccess"}"#,
                    ),
                ]),
            ),
            Case::critical(
                "half of the user, half of the group",
                plan(&[
                    ("aws_iam_user.u", r#"{"name":"u"}"#),
                    ("aws_iam_group.g", r#"{"name":"g"}"#),
                    (
                        "aws_iam_user_policy.a",
                        &format!(r#"{{"user":"u","name":"a","policy":{half}}}"#),
                    ),
                    (
                        "aws_iam_group_policy.b",
                        &format!(r#"{{"group":"g","name":"b","policy":{other}}}"#),
                    ),
                    ("aws_iam_user_group_membership.m", r#"{"user":"u","groups":["g"]}"#),
                ]),
            ),
            Case::critical(
                "one role, three policies",
                plan(&[
                    (
                        "aws_iam_role_policy.a",
                        &format!(r#"{{"role":"r","name":"a","policy":{all}}}"#),
                    ),
                    (
                        "aws_iam_role_policy.b",
                        &format!(r#"{{"role":"r","name":"b","policy":{all}}}"#),
                    ),
                    (
                        "aws_iam_role_policy_attachment.c",
                        r#"{"role":"r","policy_arn":"arn:aws:iam::aws:policy/AdministratorAccess"}"#,
                    ),
                ]),
            ),
            Case::critical(
                "told of the group and not of its members",
                plan(&[
                    ("aws_iam_user.u", r#"{"name":"u"}"#),
                    ("aws_iam_group.g", r#"{"name":"g"}"#),
                    (
                        "aws_iam_group_policy.b",
                        &format!(r#"{{"group":"g","name":"b","policy":{all}}}"#),
                    ),
                    ("aws_iam_user_group_membership.m", r#"{"user":"u","groups":["g"]}"#),
                ]),
            ),
            Case::critical(
                "a deny for somebody else",
                plan(&[
                    (
                        "aws_iam_role_policy.a",
                        &format!(r#"{{"role":"r","name":"a","policy":{all}}}"#),
                    ),
                    (
                        "aws_iam_role_policy.d",
                        &format!(r#"{{"role":"other","name":"d","policy":{deny}}}"#),
                    ),
                ]),
            ),
            Case::unverified(
                "one of two texts",
                plan(&[(
                    "aws_iam_role_policy.a",
                    &format!(r#"{{"role":"r","policy":{alternatives}}}"#),
                )]),
            ),
            Case::critical(
                "two texts, both everything",
                plan(&[("aws_iam_role_policy.a", &format!(r#"{{"role":"r","policy":{alike}}}"#))]),
            ),
            Case::critical(
                "attached outside this plan",
                plan(&[(
                    "aws_iam_policy.p",
                    &format!(r#"{{"name":"p","attachment_count":2,"policy":{all}}}"#),
                )]),
            ),
        ])
        .allows(&[
            Case::clean(
                "a deny in another policy",
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
                "a deny of the group",
                plan(&[
                    ("aws_iam_user.u", r#"{"name":"u"}"#),
                    ("aws_iam_group.g", r#"{"name":"g"}"#),
                    (
                        "aws_iam_user_policy.a",
                        &format!(r#"{{"user":"u","name":"a","policy":{all}}}"#),
                    ),
                    (
                        "aws_iam_group_policy.d",
                        &format!(r#"{{"group":"g","name":"d","policy":{deny}}}"#),
                    ),
                    (
                        "aws_iam_group_membership.m",
                        r#"{"name":"m","users":["u"],"group":"g"}"#,
                    ),
                ]),
            ),
            Case::clean(
                "certain of IAM and perhaps of more is another rule",
                policy(&format!(
                    r#"{{"Effect":"Allow","Action":["iam:*","{}"],"Resource":"*"}}"#,
                    nhi_plan::symbol::symbol("local.more")
                )),
            ),
            Case::clean(
                "halves of two roles",
                plan(&[
                    (
                        "aws_iam_role_policy.a",
                        &format!(r#"{{"role":"r","name":"a","policy":{half}}}"#),
                    ),
                    (
                        "aws_iam_role_policy.b",
                        &format!(r#"{{"role":"s","name":"b","policy":{other}}}"#),
                    ),
                ]),
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
    cases(&super::RULE).flags(&[
        Case::critical(
            "statements of a deferred data source",
            deferred(data, DEFERRED).unknown(data, &["statement[1].resources[0]", "json", "id"]),
        ),
        Case::critical(
            "constants of the configuration",
            deferred(data, "{}")
                .unknown(data, &["statement", "json"])
                .configuration(
                    data,
                    r#"{"statement":[{"actions":{"constant_value":["*"]},"resources":{"constant_value":["*"]}}]}"#,
                ),
        ),
        Case::unverified(
            "dynamic statements beside those that are written",
            deferred(data, "{}")
                .unknown(data, &["statement", "json"])
                .configuration(
                    data,
                    r#"{"statement":[{"actions":{"constant_value":["s3:ListAllMyBuckets"]},"resources":{"constant_value":["*"]}}]}"#,
                ),
        ),
        Case::unverified(
            "a statement of which nothing is known",
            deferred(data, r#"{"statement":[{"actions":["s3:ListAllMyBuckets"],"resources":["*"]},null]}"#)
                .unknown(data, &["statement[1]", "json"]),
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
                (
                    r#"module.m["a"].data.aws_iam_policy_document.d"#,
                    r#"{"statement":[{"actions":["s3:GetObject"],"resources":["*"]}]}"#,
                ),
                (r#"module.m["b"].data.aws_iam_policy_document.d"#, DEFERRED),
            ])
            .unknown(r#"module.m["b"].aws_iam_role_policy.p"#, &["policy"])
            .references(
                r#"module.m["b"].aws_iam_role_policy.p"#,
                "policy",
                &["module.m.data.aws_iam_policy_document.d"],
            ),
        ),
        Case::unverified(
            "encoded around an unknown value",
            plan(&[("aws_iam_role_policy.p", "{}")])
                .unknown("aws_iam_role_policy.p", &["policy"])
                .references("aws_iam_role_policy.p", "policy", &["aws_s3_bucket.b"]),
        ),
        Case::unverified(
            "unknown actions",
            deferred(data, r#"{"statement":[{"resources":["*"]}]}"#).unknown(data, &["statement[0].actions", "json"]),
        ),
        Case::unverified(
            "not a document",
            plan(&[("aws_iam_role_policy.p", r#"{"policy":"{"}"#)]),
        ),
        Case::unverified(
            "one of two",
            plan(&[
                ("aws_iam_role_policy.p", "{}"),
                (data, DEFERRED),
                (
                    "data.aws_iam_policy_document.e",
                    r#"{"statement":[{"actions":["s3:GetObject"],"resources":["*"]}]}"#,
                ),
            ])
            .unknown("aws_iam_role_policy.p", &["policy"])
            .references(
                "aws_iam_role_policy.p",
                "policy",
                &[data, "data.aws_iam_policy_document.e"],
            ),
        ),
    ]);
}

#[test]
fn cases_of_unknown_documents_that_are_harmless() {
    let deferred = |data: &'static str, document: &str| {
        plan(&[("aws_iam_role_policy.p", r#"{"name":"p"}"#), (data, document)])
            .unknown("aws_iam_role_policy.p", &["policy", "role"])
            .references("aws_iam_role_policy.p", "policy", &["data.aws_iam_policy_document.d"])
    };
    let data = "data.aws_iam_policy_document.d";
    cases(&super::RULE).allows(&[
        Case::clean(
            "only an ARN is unknown",
            deferred(data, r#"{"statement":[{"actions":["s3:*"],"resources":[null]}]}"#)
                .unknown(data, &["statement[0].resources[0]", "json"]),
        ),
        Case::clean(
            "all actions on one unknown bucket",
            deferred(data, r#"{"statement":[{"actions":["*"],"resources":[null]}]}"#)
                .unknown(data, &["statement[0].resources[0]", "json"]),
        ),
        Case::clean(
            "unknown actions on one bucket",
            deferred(data, r#"{"statement":[{"resources":["arn:aws:s3:::b"]}]}"#)
                .unknown(data, &["statement[0].actions", "json"]),
        ),
        Case::clean(
            "overridden by sid",
            deferred(data, DEFERRED)
                .unknown(data, &["override_policy_documents", "json"])
                .references(data, "override_policy_documents", &["data.aws_iam_policy_document.o"])
                .and((
                    "data.aws_iam_policy_document.o",
                    r#"{"statement":[{"sid":"Admin","actions":["s3:GetObject"],"resources":["*"]}]}"#,
                )),
        ),
    ]);
}
