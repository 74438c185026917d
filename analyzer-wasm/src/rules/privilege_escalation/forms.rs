//! One way, written in the many forms that configurations take: the verdict stays.

use nhi_plan::{Outcome, Severity};

use super::RULE;
use super::paths::{ADMINISTRATOR, allow, arn, functions, passes, role};
use crate::rules::cases::{Plan, doc, plan};

const TRUST: &str = r#"{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"lambda.amazonaws.com"}}"#;

/// Outcome, severity and path of all that the rule says.
fn told(plan: &Plan) -> Vec<(Outcome, Option<Severity>, String)> {
    let found = plan.judge().into_iter().filter(|finding| finding.rule == RULE.code);
    found
        .map(|finding| {
            let path = finding.attributes.into_iter().find(|(name, _)| name == "path");
            (
                finding.outcome,
                finding.severity,
                path.map(|(_, path)| path).unwrap_or_default(),
            )
        })
        .collect()
}

fn assert_found(name: &str, plan: &Plan, path: &str) {
    let expected = [(Outcome::Violation, Some(Severity::Critical), path.to_owned())];
    assert_eq!(told(plan), expected, "{name}");
}

const PATH: &str = "aws_iam_role.a -[lambda-001]-> aws_iam_role.b";

fn target() -> Plan {
    role(Plan::default(), "b", "lambda", ADMINISTRATOR)
}

fn holder(plan: Plan) -> Plan {
    plan.and(("aws_iam_role.a", r#"{"name":"a"}"#))
}

#[test]
fn in_one_policy_or_in_many() {
    let pass = doc(&allow(&["iam:PassRole"], &arn("role/b")));
    let create = doc(&allow(&["lambda:CreateFunction"], "*"));
    let invoke = doc(&allow(&["lambda:InvokeFunction"], "*"));
    let split = holder(target())
        .and((
            "aws_iam_role_policy.pass",
            &format!(r#"{{"name":"1","role":"a","policy":{pass}}}"#),
        ))
        .and((
            "aws_iam_role_policy.create",
            &format!(r#"{{"name":"2","role":"a","policy":{create}}}"#),
        ))
        .and((
            "aws_iam_policy.invoke",
            &format!(r#"{{"name":"invoke","policy":{invoke}}}"#),
        ))
        .and(("aws_iam_role_policy_attachment.invoke", r#"{"role":"a"}"#))
        .unknown("aws_iam_role_policy_attachment.invoke", &["policy_arn"])
        .references(
            "aws_iam_role_policy_attachment.invoke",
            "policy_arn",
            &["aws_iam_policy.invoke"],
        );
    assert_found("split", &split, PATH);
    let inside = target().and((
        "aws_iam_role.a",
        &format!(
            r#"{{"name":"a","inline_policy":[{{"name":"p","policy":{}}}]}}"#,
            doc(&passes("b"))
        ),
    ));
    assert_found("inside the role", &inside, PATH);
    let provided = holder(target())
        .and((
            "aws_iam_role_policy.pass",
            &format!(r#"{{"name":"1","role":"a","policy":{pass}}}"#),
        ))
        .and((
            "aws_iam_role_policy_attachment.l",
            r#"{"role":"a","policy_arn":"arn:aws:iam::aws:policy/AWSLambda_FullAccess"}"#,
        ));
    let path = told(&provided);
    assert!(
        matches!(path.as_slice(), [(Outcome::Violation, Some(Severity::Critical), _)]),
        "{path:?}"
    );
}

#[test]
fn in_other_words() {
    let wild = allow(&["IAM:Pass*", "lambda:*Function"], "*");
    assert_found("wildcards", &role(target(), "a", "ec2", &wild), PATH);
    let all_but = r#"{"Effect":"Allow","NotAction":["iam:C*","iam:P*Policy","iam:A*","iam:U*","iam:S*","iam:D*","ssm:*","ec2:*","s3:*","sso:*","sts:*"],"Resource":"*"}"#;
    let found = told(&role(target(), "a", "ec2", all_but));
    assert!(
        found
            .iter()
            .any(|(outcome, severity, _)| *outcome == Outcome::Violation && *severity == Some(Severity::Critical)),
        "{found:?}"
    );
    let not_resource = format!(
        r#"{{"Effect":"Allow","Action":"iam:PassRole","NotResource":"{}"}},{}"#,
        arn("role/other"),
        functions()
    );
    assert_found("all roles but one", &role(target(), "a", "ec2", &not_resource), PATH);
}

#[test]
fn in_modules_and_instances() {
    let policy =
        |holder: &str, target: &str| format!(r#"{{"name":"p","role":"{holder}","policy":{}}}"#, doc(&passes(target)));
    let administrator = |holder: &str| format!(r#"{{"name":"p","role":"{holder}","policy":{}}}"#, doc(ADMINISTRATOR));
    let trusting = |name: &str| format!(r#"{{"name":"{name}","assume_role_policy":{}}}"#, doc(TRUST));
    let module = plan(&[
        (r#"module.m["x.y"].aws_iam_role.a"#, r#"{"name":"a"}"#),
        (r#"module.m["x.y"].aws_iam_role_policy.a"#, &policy("a", "b")),
        (r"module.n[0].aws_iam_role.b", &trusting("b")),
        (r"module.n[0].aws_iam_role_policy.b", &administrator("b")),
    ]);
    assert_found(
        "modules",
        &module,
        r#"module.m["x.y"].aws_iam_role.a -[lambda-001]-> module.n[0].aws_iam_role.b"#,
    );
    // Two functions and two roles of one block: only the first runs as an administrator.
    let deploys = allow(&["lambda:UpdateFunctionCode"], "arn:aws:lambda:*:*:function:one");
    let deploys_two = allow(&["lambda:UpdateFunctionCode"], "arn:aws:lambda:*:*:function:two");
    let instances = |deploys: &str| {
        let mut found = role(Plan::default(), "a", "ec2", deploys);
        for name in ["one", "two"] {
            let address = |kind: &str| format!("{kind}.f[\"{name}\"]");
            found = found
                .and((&address("aws_iam_role"), &trusting(name)))
                .and((
                    &address("aws_lambda_function"),
                    &format!(r#"{{"function_name":"{name}"}}"#),
                ))
                .unknown(&address("aws_lambda_function"), &["role", "arn"])
                .references(&address("aws_lambda_function"), "role", &["aws_iam_role.f"]);
        }
        found.and((r#"aws_iam_role_policy.f["one"]"#, &administrator("one")))
    };
    assert_found(
        "instances",
        &instances(&deploys),
        r#"aws_iam_role.a -[lambda-003]-> aws_iam_role.f["one"]"#,
    );
    assert_eq!(told(&instances(&deploys_two)), [], "the other instance");
}

#[test]
fn in_documents_that_are_read_during_apply() {
    let data = "data.aws_iam_policy_document.d";
    let statements = r#"{"statement":[{"actions":["iam:PassRole"],"resources":[null]},{"actions":["lambda:CreateFunction","lambda:InvokeFunction"],"resources":["*"]}]}"#;
    let deferred = |to: &str| {
        holder(target())
            .and(("aws_iam_role_policy.a", r#"{"name":"p","role":"a"}"#))
            .unknown("aws_iam_role_policy.a", &["policy"])
            .references("aws_iam_role_policy.a", "policy", &[data])
            .and((data, statements))
            .unknown(data, &["statement[0].resources[0]", "json"])
            .references(data, "statement[0].resources", &[to])
    };
    assert_found("the role by reference", &deferred("aws_iam_role.b"), PATH);
    let variable = told(&deferred("var.role"));
    assert!(
        matches!(variable.as_slice(), [(Outcome::Unverified, _, _)]),
        "{variable:?}"
    );
}

#[test]
fn in_any_order() {
    let mut changes = [
        (
            "aws_iam_role_policy.a",
            format!(r#"{{"name":"p","role":"a","policy":{}}}"#, doc(&passes("b"))),
        ),
        ("aws_iam_role.a", String::from(r#"{"name":"a"}"#)),
        (
            "aws_iam_role_policy.b",
            format!(r#"{{"name":"p","role":"b","policy":{}}}"#, doc(ADMINISTRATOR)),
        ),
        (
            "aws_iam_role.b",
            format!(r#"{{"name":"b","assume_role_policy":{}}}"#, doc(TRUST)),
        ),
    ];
    for _ in 0..changes.len() {
        changes.rotate_left(1);
        let blocks: Vec<_> = changes
            .iter()
            .map(|(address, after)| (*address, after.as_str()))
            .collect();
        assert_found("rotated", &plan(&blocks), PATH);
    }
}
