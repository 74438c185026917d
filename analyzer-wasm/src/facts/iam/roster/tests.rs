//! Who holds what: joins by reference, by name and by ARN, over every way in which a provider writes them.

use crate::facts::iam::access::{Bound, Principal, PrincipalKind, Request, Resource, ResourceKind, Unread, Verdict};
use crate::rules::cases::{Plan, doc, plan};

mod leads;

fn principals(plan: &Plan) -> Vec<Principal> {
    plan.facts().settled.principals
}

fn of<'p>(principals: &'p [Principal], address: &str) -> &'p Principal {
    let found = principals.iter().find(|principal| &*principal.address == address);
    found.unwrap_or_else(|| panic!("no {address} in {principals:#?}"))
}

fn reads_secrets(principal: &Principal) -> Verdict {
    let request = Request::new("secretsmanager:GetSecretValue").on(Resource::Every(ResourceKind::Secret));
    principal.may(&request).verdict
}

fn secrets() -> String {
    doc(r#"{"Sid":"Secrets","Effect":"Allow","Action":"secretsmanager:GetSecretValue","Resource":"*"}"#)
}

#[test]
fn every_way_to_give_a_policy() {
    let text = secrets();
    let managed = format!(r#"{{"name":"p","policy":{text}}}"#);
    let role = ("aws_iam_role.r", r#"{"name":"r"}"#);
    let arn = r#""arn:aws:iam::111122223333:policy/team/p""#;
    let by_arn = |block: &str, after: &str| plan(&[role, ("aws_iam_policy.p", &managed), (block, after)]);
    let plans = [
        plan(&[
            role,
            ("aws_iam_role_policy.x", &format!(r#"{{"role":"r","policy":{text}}}"#)),
        ]),
        plan(&[(
            "aws_iam_role.r",
            &format!(r#"{{"name":"r","inline_policy":[{{"name":"i","policy":{text}}}]}}"#),
        )]),
        by_arn(
            "aws_iam_role_policy_attachment.x",
            &format!(r#"{{"role":"r","policy_arn":{arn}}}"#),
        ),
        by_arn(
            "aws_iam_role_policy_attachments_exclusive.x",
            &format!(r#"{{"role_name":"r","policy_arns":[{arn}]}}"#),
        ),
        by_arn(
            "aws_iam_policy_attachment.x",
            &format!(r#"{{"name":"x","roles":["other","r"],"policy_arn":{arn}}}"#),
        ),
        plan(&[
            (
                "aws_iam_role.r",
                &format!(r#"{{"name":"r","managed_policy_arns":[{arn}]}}"#),
            ),
            ("aws_iam_policy.p", &managed),
        ]),
        plan(&[role, ("aws_iam_role_policy.x", "{}")])
            .unknown("aws_iam_role_policy.x", &["role", "policy"])
            .references("aws_iam_role_policy.x", "role", &["aws_iam_role.r"])
            .references("aws_iam_role_policy.x", "policy", &["data.aws_iam_policy_document.d"])
            .and((
                "data.aws_iam_policy_document.d",
                r#"{"statement":[{"actions":["secretsmanager:*"],"resources":["*"]}]}"#,
            )),
        by_arn("aws_iam_role_policy_attachment.x", r#"{"role":"r"}"#)
            .unknown("aws_iam_role_policy_attachment.x", &["policy_arn"])
            .references("aws_iam_role_policy_attachment.x", "policy_arn", &["aws_iam_policy.p"]),
        plan(&[(
            "awscc_iam_role.r",
            &format!(r#"{{"role_name":"r","policies":[{{"policy_name":"i","policy_document":{text}}}]}}"#),
        )]),
        plan(&[
            ("awscc_iam_role.r", r#"{"role_name":"r"}"#),
            (
                "awscc_iam_role_policy.x",
                &format!(r#"{{"role_name":"r","policy_document":{text}}}"#),
            ),
        ]),
        plan(&[
            ("awscc_iam_role.r", r#"{"role_name":"r"}"#),
            (
                "awscc_iam_managed_policy.p",
                &format!(r#"{{"managed_policy_name":"p","policy_document":{text},"roles":["r"]}}"#),
            ),
        ]),
    ];
    for (index, plan) in plans.iter().enumerate() {
        let found = principals(plan);
        let role = found
            .iter()
            .find(|principal| principal.kind == PrincipalKind::Role && principal.in_plan);
        let role = role.unwrap_or_else(|| panic!("case {index}: {found:#?}"));
        assert_eq!(reads_secrets(role), Verdict::Yes, "case {index}: {found:#?}");
        let dormant = found.iter().any(Principal::is_dormant);
        assert!(!dormant, "case {index}: {found:#?}");
    }
}

#[test]
fn permission_sets() {
    let text = secrets();
    let set = (
        "aws_ssoadmin_permission_set.s",
        r#"{"name":"s","arn":"arn:aws:sso:::permissionSet/i/ps"}"#,
    );
    let unknown = |block: &str, after: &str| {
        plan(&[
            ("aws_ssoadmin_permission_set.s", r#"{"name":"s"}"#),
            ("aws_iam_policy.p", &format!(r#"{{"name":"p","policy":{text}}}"#)),
            (block, after),
        ])
        .unknown(block, &["permission_set_arn"])
        .references(block, "permission_set_arn", &["aws_ssoadmin_permission_set.s"])
    };
    let plans = [
        plan(&[
            set,
            (
                "aws_ssoadmin_permission_set_inline_policy.x",
                &format!(r#"{{"permission_set_arn":"arn:aws:sso:::permissionSet/i/ps","inline_policy":{text}}}"#),
            ),
        ]),
        unknown(
            "aws_ssoadmin_permission_set_inline_policy.x",
            &format!(r#"{{"inline_policy":{text}}}"#),
        ),
        unknown(
            "aws_ssoadmin_managed_policy_attachment.x",
            r#"{"managed_policy_arn":"arn:aws:iam::aws:policy/SecretsManagerReadWrite"}"#,
        ),
        unknown(
            "aws_ssoadmin_customer_managed_policy_attachment.x",
            r#"{"customer_managed_policy_reference":[{"name":"p","path":"/"}]}"#,
        ),
        plan(&[(
            "awscc_sso_permission_set.s",
            &format!(r#"{{"name":"s","inline_policy":{text}}}"#),
        )]),
    ];
    for (index, plan) in plans.iter().enumerate() {
        let found = principals(plan);
        let set = found
            .iter()
            .find(|principal| principal.kind == PrincipalKind::PermissionSet && principal.in_plan);
        let set = set.unwrap_or_else(|| panic!("case {index}: {found:#?}"));
        assert_eq!(reads_secrets(set), Verdict::Yes, "case {index}: {set:#?}");
    }
    let held = plan(&[(
        "awscc_sso_permission_set.s",
        &format!(
            r#"{{"name":"s","inline_policy":{text},"permissions_boundary":{{"managed_policy_arn":"arn:aws:iam::aws:policy/AmazonSQSFullAccess"}}}}"#
        ),
    )]);
    assert_eq!(
        reads_secrets(of(&principals(&held), "awscc_sso_permission_set.s")),
        Verdict::No
    );
    let bounded = unknown(
        "aws_ssoadmin_managed_policy_attachment.x",
        r#"{"managed_policy_arn":"arn:aws:iam::aws:policy/SecretsManagerReadWrite"}"#,
    )
    .and((
        "aws_ssoadmin_permissions_boundary_attachment.b",
        r#"{"permissions_boundary":[{"managed_policy_arn":"arn:aws:iam::aws:policy/AmazonSQSFullAccess"}]}"#,
    ))
    .unknown(
        "aws_ssoadmin_permissions_boundary_attachment.b",
        &["permission_set_arn"],
    )
    .references(
        "aws_ssoadmin_permissions_boundary_attachment.b",
        "permission_set_arn",
        &["aws_ssoadmin_permission_set.s"],
    );
    let found = principals(&bounded);
    assert_eq!(reads_secrets(of(&found, "aws_ssoadmin_permission_set.s")), Verdict::No);
}

#[test]
fn groups() {
    let text = secrets();
    let policy = format!(r#"{{"group":"g","policy":{text}}}"#);
    let base = || {
        plan(&[
            ("aws_iam_user.u", r#"{"name":"u"}"#),
            ("aws_iam_group.g", r#"{"name":"g"}"#),
            ("aws_iam_group_policy.p", &policy),
        ])
    };
    let plans = [
        base().and((
            "aws_iam_user_group_membership.m",
            r#"{"user":"u","groups":["other","g"]}"#,
        )),
        base().and((
            "aws_iam_group_membership.m",
            r#"{"name":"m","users":["other","u"],"group":"g"}"#,
        )),
        base()
            .and(("aws_iam_user_group_membership.m", r#"{"groups":[]}"#))
            .unknown("aws_iam_user_group_membership.m", &["user", "groups"])
            .references("aws_iam_user_group_membership.m", "user", &["aws_iam_user.u"])
            .references(
                "aws_iam_user_group_membership.m",
                "groups",
                &["aws_iam_group.g", "aws_iam_group.h"],
            )
            .and(("aws_iam_group.h", r#"{"name":"h"}"#)),
    ];
    for plan in &plans {
        let found = principals(plan);
        let user = of(&found, "aws_iam_user.u");
        assert_eq!(reads_secrets(user), Verdict::Yes, "{user:#?}");
        let via = user
            .grants
            .first()
            .and_then(|grant| grant.via)
            .and_then(|group| found.get(group));
        assert_eq!(via.map(|group| &*group.address), Some("aws_iam_group.g"));
    }
    let found = principals(&base());
    assert_eq!(reads_secrets(of(&found, "aws_iam_user.u")), Verdict::No);
}

#[test]
fn instances_are_told_apart() {
    let text = secrets();
    let policy = format!(r#"{{"policy":{text}}}"#);
    let keyed = plan(&[
        (r#"aws_iam_role.r["a"]"#, "{}"),
        (r#"aws_iam_role.r["b"]"#, "{}"),
        (r#"aws_iam_role_policy.p["b"]"#, &policy),
    ])
    .unknown(r#"aws_iam_role_policy.p["b"]"#, &["role"])
    .references(r#"aws_iam_role_policy.p["b"]"#, "role", &["aws_iam_role.r"]);
    let found = principals(&keyed);
    assert_eq!(reads_secrets(of(&found, r#"aws_iam_role.r["a"]"#)), Verdict::No);
    assert_eq!(reads_secrets(of(&found, r#"aws_iam_role.r["b"]"#)), Verdict::Yes);
    let modules = plan(&[
        (r#"module.m["a"].aws_iam_role.r"#, "{}"),
        (r#"module.m["b"].aws_iam_role.r"#, "{}"),
        (r#"module.m["a"].aws_iam_role_policy.p"#, &policy),
    ])
    .unknown(r#"module.m["a"].aws_iam_role_policy.p"#, &["role"])
    .references(
        r#"module.m["a"].aws_iam_role_policy.p"#,
        "role",
        &["module.m.aws_iam_role.r"],
    );
    let found = principals(&modules);
    assert_eq!(
        reads_secrets(of(&found, r#"module.m["a"].aws_iam_role.r"#)),
        Verdict::Yes
    );
    assert_eq!(
        reads_secrets(of(&found, r#"module.m["b"].aws_iam_role.r"#)),
        Verdict::No
    );
    // Which of two it is cannot be told: somebody has it.
    let open = plan(&[
        ("aws_iam_role.r[0]", "{}"),
        ("aws_iam_role.r[1]", "{}"),
        ("aws_iam_role_policy.p", &policy),
    ])
    .unknown("aws_iam_role_policy.p", &["role"])
    .references("aws_iam_role_policy.p", "role", &["aws_iam_role.r"]);
    let found = principals(&open);
    let other = of(&found, "aws_iam_role_policy.p");
    assert!(!other.in_plan && reads_secrets(other) == Verdict::Yes);
}

#[test]
fn two_blocks_speak_of_one_principal() {
    let allow = secrets();
    let deny = doc(r#"{"Effect":"Deny","Action":"secretsmanager:*","Resource":"*"}"#);
    let by_name = plan(&[
        (
            "aws_iam_role_policy.a",
            &format!(r#"{{"role":"elsewhere","name":"a","policy":{allow}}}"#),
        ),
        (
            "aws_iam_role_policy.d",
            &format!(r#"{{"role":"elsewhere","name":"d","policy":{deny}}}"#),
        ),
        (
            "aws_iam_role_policy.o",
            &format!(r#"{{"role":"other","name":"a","policy":{allow}}}"#),
        ),
    ]);
    let found = principals(&by_name);
    assert_eq!(found.len(), 2);
    assert_eq!(reads_secrets(of(&found, "aws_iam_role_policy.a")), Verdict::No);
    assert_eq!(reads_secrets(of(&found, "aws_iam_role_policy.o")), Verdict::Yes);
    let by_reference = plan(&[
        ("aws_iam_role_policy.a", &format!(r#"{{"name":"a","policy":{allow}}}"#)),
        ("aws_iam_role_policy.d", &format!(r#"{{"name":"d","policy":{deny}}}"#)),
    ])
    .unknown("aws_iam_role_policy.a", &["role"])
    .references("aws_iam_role_policy.a", "role", &["data.aws_iam_role.x"])
    .unknown("aws_iam_role_policy.d", &["role"])
    .references("aws_iam_role_policy.d", "role", &["data.aws_iam_role.x"]);
    let found = principals(&by_reference);
    assert_eq!(found.len(), 1);
    assert_eq!(reads_secrets(&found[0]), Verdict::No);
}

#[test]
fn boundaries() {
    let text = secrets();
    let bounded = |boundary: &str| {
        plan(&[
            (
                "aws_iam_role.r",
                &format!(r#"{{"name":"r","permissions_boundary":{boundary}}}"#),
            ),
            ("aws_iam_role_policy.p", &format!(r#"{{"role":"r","policy":{text}}}"#)),
        ])
    };
    let answer = |plan: &Plan| {
        let found = principals(plan);
        let request = Request::new("secretsmanager:GetSecretValue").on(Resource::Every(ResourceKind::Secret));
        let answer = of(&found, "aws_iam_role.r").may(&request);
        assert_eq!(answer.granted, Verdict::Yes);
        (answer.verdict, answer.bound)
    };
    assert_eq!(answer(&bounded("null")), (Verdict::Yes, Bound::Free));
    assert_eq!(
        answer(&bounded(r#""arn:aws:iam::aws:policy/AdministratorAccess""#)),
        (Verdict::Yes, Bound::Free)
    );
    assert_eq!(
        answer(&bounded(r#""arn:aws:iam::aws:policy/AmazonSQSFullAccess""#)),
        (Verdict::No, Bound::Held)
    );
    assert_eq!(
        answer(&bounded(r#""arn:aws:iam::111122223333:policy/b""#)),
        (Verdict::Unknown, Bound::Unknown)
    );
    let own = bounded(r#""arn:aws:iam::111122223333:policy/b""#);
    let narrow = doc(r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#);
    let with = |document: &str| {
        own.clone()
            .and(("aws_iam_policy.b", &format!(r#"{{"name":"b","policy":{document}}}"#)))
    };
    assert_eq!(answer(&with(&narrow)), (Verdict::No, Bound::Held));
    assert_eq!(answer(&with(&text)), (Verdict::Yes, Bound::Free));
    assert!(
        !principals(&with(&narrow)).iter().any(Principal::is_dormant),
        "a boundary is no dormant policy"
    );
}

#[test]
fn what_cannot_be_read_is_named() {
    let pending = plan(&[
        ("aws_iam_role.r", r#"{"name":"r"}"#),
        ("aws_iam_role_policy.p", r#"{"role":"r"}"#),
    ])
    .unknown("aws_iam_role_policy.p", &["policy"])
    .references("aws_iam_role_policy.p", "policy", &["aws_s3_bucket.b"]);
    let found = principals(&pending);
    let role = of(&found, "aws_iam_role.r");
    assert_eq!(reads_secrets(role), Verdict::Unknown);
    assert_eq!(
        role.grants[0].unread,
        Some(Unread::Unknown(vec![String::from("aws_s3_bucket.b")]))
    );
    let request = Request::new("secretsmanager:GetSecretValue");
    assert!(role.may(&request).is_only_unread());
    let elsewhere = plan(&[
        ("aws_iam_role.r", r#"{"name":"r"}"#),
        (
            "aws_iam_role_policy_attachment.a",
            r#"{"role":"r","policy_arn":"arn:aws:iam::111122223333:policy/elsewhere"}"#,
        ),
    ]);
    let found = principals(&elsewhere);
    assert_eq!(reads_secrets(of(&found, "aws_iam_role.r")), Verdict::Unknown);
}

#[test]
fn a_principal_goes_by_its_names() {
    let found = principals(&plan(&[
        ("aws_iam_role.target", r#"{"name":"target","path":"/app/"}"#),
        ("aws_iam_role.other", r#"{"name":"other","path":"/"}"#),
        (
            "aws_iam_role_policy.p",
            &format!(
                r#"{{"role":"other","policy":{}}}"#,
                doc(&format!(
                    r#"{{"Effect":"Allow","Action":"iam:PassRole","Resource":["arn:aws:iam::111122223333:role/app/*"]}},
                       {{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"{}"}},
                       {{"Effect":"Allow","Action":"iam:GetRole","Resource":"{}"}}"#,
                    nhi_plan::symbol::symbol("aws_iam_role.target.arn"),
                    nhi_plan::symbol::symbol("aws_s3_bucket.b.arn"),
                ))
            ),
        ),
    ]));
    let holder = of(&found, "aws_iam_role.other");
    let ask = |action: &str, role: &Principal| {
        holder
            .may(&Request::new(action).on(Resource::Exactly(role.names())))
            .verdict
    };
    let target = of(&found, "aws_iam_role.target");
    assert_eq!(ask("iam:PassRole", target), Verdict::Yes);
    assert_eq!(ask("iam:PassRole", holder), Verdict::No);
    assert_eq!(ask("sts:AssumeRole", target), Verdict::Yes);
    assert_eq!(ask("sts:AssumeRole", holder), Verdict::No);
    assert_eq!(ask("iam:GetRole", target), Verdict::No, "a bucket is no role");
}
