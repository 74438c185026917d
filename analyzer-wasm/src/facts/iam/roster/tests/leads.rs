//! Joins through what is known only after apply, and through what goes away.

use super::*;

#[test]
fn a_deferred_document_leads_to_its_roles() {
    let data = "data.aws_iam_policy_document.d";
    let deferred = plan(&[
        ("aws_iam_role.target", "{}"),
        ("aws_iam_role.other", "{}"),
        ("aws_iam_role.ci", r#"{"name":"ci"}"#),
        ("aws_iam_role_policy.p", r#"{"role":"ci"}"#),
        (data, r#"{"statement":[{"actions":["iam:PassRole"],"resources":[null]},{"actions":["s3:GetObject"],"resources":[null]}]}"#),
    ])
    .unknown("aws_iam_role_policy.p", &["policy"])
    .references("aws_iam_role_policy.p", "policy", &[data])
    .unknown(data, &["statement[0].resources[0]", "statement[1].resources[0]", "json"])
    .references(data, "statement[0].resources", &["aws_iam_role.target"])
    .references(data, "statement[1].resources", &["aws_s3_bucket.b"]);
    let found = principals(&deferred);
    let holder = of(&found, "aws_iam_role.ci");
    let ask = |action: &str, address: &str| {
        let target = of(&found, address);
        holder
            .may(&Request::new(action).on(Resource::Exactly(target.names())))
            .verdict
    };
    assert_eq!(ask("iam:PassRole", "aws_iam_role.target"), Verdict::Yes);
    assert_eq!(ask("iam:PassRole", "aws_iam_role.other"), Verdict::No);
    let object = [String::from("arn:aws:s3:::b/k")];
    assert_eq!(
        holder
            .may(&Request::new("s3:GetObject").on(Resource::Exactly(&object)))
            .verdict,
        Verdict::Unknown
    );
}

#[test]
fn symbols_name_instances() {
    let text = secrets();
    let symbol = |origin: &str| nhi_plan::json::quote(&nhi_plan::symbol::symbol(origin));
    let role = symbol(r#"module.m["b"].aws_iam_role.r[0].name"#);
    let policy = symbol(r#"aws_iam_policy.p["x"].arn"#);
    let found = principals(&plan(&[
        (r#"module.m["a"].aws_iam_role.r[0]"#, "{}"),
        (r#"module.m["b"].aws_iam_role.r[0]"#, "{}"),
        (r#"aws_iam_policy.p["x"]"#, &format!(r#"{{"policy":{text}}}"#)),
        (r#"aws_iam_policy.p["y"]"#, r#"{"policy":"{\"Statement\":[]}"}"#),
        (
            "aws_iam_role_policy_attachment.a",
            &format!(r#"{{"role":{role},"policy_arn":{policy}}}"#),
        ),
    ]));
    assert_eq!(
        reads_secrets(of(&found, r#"module.m["b"].aws_iam_role.r[0]"#)),
        Verdict::Yes
    );
    assert_eq!(
        reads_secrets(of(&found, r#"module.m["a"].aws_iam_role.r[0]"#)),
        Verdict::No
    );
    assert!(of(&found, r#"aws_iam_policy.p["y"]"#).is_dormant());
    let derived = nhi_plan::symbol::symbol("partition");
    let account = nhi_plan::symbol::symbol("account");
    let arn = format!("arn:{derived}:iam::{account}:policy/p");
    let either = nhi_plan::symbol::one_of([arn.as_str(), "arn:aws:iam::aws:policy/AdministratorAccess"]);
    let given = |arn: &str| {
        let found = principals(&plan(&[
            ("aws_iam_role.r", r#"{"name":"r"}"#),
            ("aws_iam_policy.p", &format!(r#"{{"name":"p","policy":{text}}}"#)),
            (
                "aws_iam_role_policy_attachment.a",
                &format!(r#"{{"role":"r","policy_arn":{}}}"#, nhi_plan::json::quote(arn)),
            ),
        ]));
        let role = of(&found, "aws_iam_role.r");
        (
            reads_secrets(role),
            role.may(&Request::new("iam:PutRolePolicy").on(Resource::Every(ResourceKind::Role)))
                .verdict,
        )
    };
    assert_eq!(given(&arn), (Verdict::Yes, Verdict::No));
    assert_eq!(given(&either), (Verdict::Yes, Verdict::Unknown));
    assert_eq!(
        given("arn:aws:iam::aws:policy/AdministratorAccess"),
        (Verdict::Yes, Verdict::Yes)
    );
}

#[test]
fn what_is_taken_away_is_gone() {
    let arn = "arn:aws:iam::aws:policy/AdministratorAccess";
    let role = format!(
        r#"{{"name":"r","managed_policy_arns":["{arn}"],"inline_policy":[{{"name":"i","policy":{}}}]}}"#,
        secrets()
    );
    let before = |block: &str, before: &str| {
        let text = std::borrow::Cow::Owned(before.to_owned());
        plan(&[("aws_iam_role.r", &role), (block, "null")])
            .changed(block, |change| change.before = Some(text))
            .destroyed(block)
    };
    let may = |plan: &Plan, action: &str, kind: ResourceKind| {
        let found = principals(plan);
        of(&found, "aws_iam_role.r")
            .may(&Request::new(action).on(Resource::Every(kind)))
            .verdict
    };
    let detached = before(
        "aws_iam_role_policy_attachment.a",
        &format!(r#"{{"role":"r","policy_arn":"{arn}"}}"#),
    );
    assert_eq!(may(&detached, "iam:PutRolePolicy", ResourceKind::Role), Verdict::No);
    assert_eq!(
        may(&detached, "secretsmanager:GetSecretValue", ResourceKind::Secret),
        Verdict::Yes
    );
    let dropped = before("aws_iam_role_policy.i", r#"{"role":"r","name":"i","policy":"{}"}"#);
    assert_eq!(may(&dropped, "iam:PutRolePolicy", ResourceKind::Role), Verdict::Yes);
    let elsewhere = before(
        "aws_iam_role_policy_attachment.a",
        &format!(r#"{{"role":"other","policy_arn":"{arn}"}}"#),
    );
    assert_eq!(may(&elsewhere, "iam:PutRolePolicy", ResourceKind::Role), Verdict::Yes);
    let moved = plan(&[
        ("aws_iam_role.r", &role),
        (
            "aws_iam_role_policy_attachment.a",
            r#"{"role":"r","policy_arn":"arn:aws:iam::aws:policy/ReadOnlyAccess"}"#,
        ),
    ])
    .changed("aws_iam_role_policy_attachment.a", |change| {
        change.before = Some(std::borrow::Cow::Owned(format!(
            r#"{{"role":"r","policy_arn":"{arn}"}}"#
        )));
    });
    assert_eq!(may(&moved, "iam:PutRolePolicy", ResourceKind::Role), Verdict::No);
}
