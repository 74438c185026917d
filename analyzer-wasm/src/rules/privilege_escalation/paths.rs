//! Hand-written plans: paths over several identities, and everything that ends one.

use nhi_plan::symbol::symbol;

use super::RULE;
use crate::rules::cases::{Case, Plan, cases, doc};

pub(super) const ADMINISTRATOR: &str = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;
pub(super) const HARMLESS: &str =
    r#"{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"arn:aws:sqs:eu-west-1:111122223333:q"}"#;

/// A role with its trust and an inline policy, beside what there is.
pub(super) fn role(plan: Plan, name: &str, trust: &str, statements: &str) -> Plan {
    bounded(plan, name, trust, statements, "")
}

pub(super) fn bounded(plan: Plan, name: &str, trust: &str, statements: &str, boundary: &str) -> Plan {
    let trust = match trust.split_once(' ') {
        Some((kind, who)) => {
            format!(r#"{{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{{"{kind}":"{who}"}}}}"#)
        }
        None => format!(
            r#"{{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{{"Service":"{trust}.amazonaws.com"}}}}"#
        ),
    };
    let boundary = if boundary.is_empty() {
        String::new()
    } else {
        format!(r#","permissions_boundary":"{boundary}""#)
    };
    plan.and((
        &format!("aws_iam_role.{name}"),
        &format!(r#"{{"name":"{name}"{boundary},"assume_role_policy":{}}}"#, doc(&trust)),
    ))
    .and((
        &format!("aws_iam_role_policy.{name}"),
        &format!(r#"{{"name":"p","role":"{name}","policy":{}}}"#, doc(statements)),
    ))
}

pub(super) fn allow(actions: &[&str], resource: &str) -> String {
    let actions: Vec<_> = actions.iter().map(|action| format!("\"{action}\"")).collect();
    let resource = nhi_plan::json::quote(resource);
    format!(
        r#"{{"Effect":"Allow","Action":[{}],"Resource":{resource}}}"#,
        actions.join(",")
    )
}

pub(super) fn arn(end: &str) -> String {
    format!("arn:aws:iam::111122223333:{end}")
}

/// Passes `role/NAME` to a new function.
pub(super) fn passes(name: &str) -> String {
    format!(
        "{},{}",
        allow(&["iam:PassRole"], &arn(&format!("role/{name}"))),
        functions()
    )
}

pub(super) fn functions() -> String {
    allow(&["lambda:CreateFunction", "lambda:InvokeFunction"], "*")
}

fn path_of(plan: &Plan) -> Vec<String> {
    let told = plan.judge().into_iter().filter(|finding| finding.rule == RULE.code);
    let path = told.filter_map(|finding| finding.attributes.into_iter().find(|(name, _)| name == "path"));
    path.map(|(_, path)| path).collect()
}

#[test]
fn over_several_identities() {
    let start = || role(Plan::default(), "a", "ec2", &passes("b"));
    let two = role(
        start(),
        "b",
        "lambda",
        &allow(
            &["lambda:UpdateFunctionCode"],
            "arn:aws:lambda:*:111122223333:function:w",
        ),
    );
    let two = role(two, "c", "lambda", ADMINISTRATOR).and((
        "aws_lambda_function.w",
        r#"{"function_name":"w","role":"arn:aws:iam::111122223333:role/c"}"#,
    ));
    assert_eq!(
        path_of(&two),
        [
            "aws_iam_role.a -[lambda-001]-> aws_iam_role.b -[lambda-003]-> aws_iam_role.c",
            "aws_iam_role.b -[lambda-003]-> aws_iam_role.c"
        ]
    );
    let writes = role(
        start(),
        "b",
        "lambda",
        &allow(&["iam:AttachRolePolicy"], &arn("role/b")),
    );
    assert_eq!(
        path_of(&writes),
        [
            "aws_iam_role.a -[lambda-001]-> aws_iam_role.b -[iam-009]-> administrator",
            "aws_iam_role.b -[iam-009]-> administrator"
        ]
    );
    let told = two.judge();
    let first = told
        .iter()
        .find(|finding| finding.rule == RULE.code)
        .expect("a finding");
    assert_eq!(
        first.message,
        "the role `aws_iam_role.a` can become administrator: with `iam:PassRole`, `lambda:CreateFunction` and \
         `lambda:InvokeFunction` it runs code as `aws_iam_role.b`, and then with `lambda:UpdateFunctionCode` it uses \
         the function `aws_lambda_function.w`, which runs as `aws_iam_role.c` (statement 1)"
    );
    assert_eq!(
        (first.address.as_str(), first.path.as_str()),
        ("aws_iam_role_policy.a", "policy")
    );
}

/// Resources and identities that are known only after apply.
#[test]
fn what_somebody_chooses_may_lead_further() {
    let assumes = |role_arn: &str| {
        let top = role(Plan::default(), "top", &format!("AWS {}", arn("root")), ADMINISTRATOR);
        role(top, "app", "ec2", &allow(&["sts:AssumeRole"], role_arn))
    };
    let attachment = "aws_iam_role_policy_attachment.half";
    let half = |actions: &[&str], origin: &'static str| {
        let policy = format!(r#"{{"name":"half","policy":{}}}"#, doc(&allow(actions, "*")));
        role(Plan::default(), "app", "ec2", HARMLESS)
            .and(("aws_iam_policy.half", &policy))
            .and((attachment, "{}"))
            .unknown(attachment, &["role", "policy_arn"])
            .references(attachment, "policy_arn", &["aws_iam_policy.half"])
            .references(attachment, "role", &[origin])
    };
    let functions = ["lambda:CreateFunction", "lambda:InvokeFunction"];
    cases(&RULE)
        .flags(&[
            Case::unverified(
                "a role of somebody's choosing",
                assumes(&symbol("terraform_data.x.output")),
            ),
            Case::unverified(
                "half of a way, given to nobody knows whom",
                half(&functions, "data.http.x"),
            ),
        ])
        .allows(&[
            Case::clean("another role", assumes(&symbol("aws_iam_role.other.arn"))),
            Case::clean(
                "half of a way, given to a role from elsewhere",
                half(&functions, "data.aws_iam_role.x"),
            ),
            Case::clean(
                "half of a way, given to a role of the plan",
                half(&functions, "aws_iam_role.app"),
            ),
            Case::clean(
                "a harmless policy, given to nobody knows whom",
                half(&["sqs:SendMessage"], "data.http.x"),
            ),
        ]);
}

#[test]
fn what_ends_a_path() {
    let a_and_b = |b: &str| role(role(Plan::default(), "a", "lambda", &passes("b")), "b", "lambda", b);
    cases(&RULE).allows(&[
        Case::clean("nothing at the end", a_and_b(HARMLESS)),
        Case::clean("a circle", a_and_b(&passes("a"))),
        Case::clean("a role that holds the same", a_and_b(&passes("b"))),
        Case::clean("another service", role(role(Plan::default(), "a", "ec2", &passes("b")), "b", "ec2", ADMINISTRATOR)),
        Case::clean(
            "passed to another service only",
            role(
                role(
                    Plan::default(),
                    "a",
                    "ec2",
                    &format!(
                        r#"{{"Effect":"Allow","Action":"iam:PassRole","Resource":"{}","Condition":{{"StringEquals":{{"iam:PassedToService":"ecs-tasks.amazonaws.com"}}}}}},{}"#,
                        arn("role/b"),
                        functions()
                    ),
                ),
                "b",
                "lambda",
                ADMINISTRATOR,
            ),
        ),
        Case::clean(
            "a deny",
            role(
                role(
                    Plan::default(),
                    "a",
                    "ec2",
                    &format!(r#"{},{{"Effect":"Deny","Action":"iam:PassRole","Resource":"{}"}}"#, passes("b"), arn("role/b")),
                ),
                "b",
                "lambda",
                ADMINISTRATOR,
            ),
        ),
        Case::clean(
            "an administrator who can become administrator",
            role(role(Plan::default(), "a", "ec2", &format!("{ADMINISTRATOR},{}", passes("b"))), "b", "lambda", ADMINISTRATOR),
        ),
        Case::clean(
            "who administers iam is told by another rule",
            role(Plan::default(), "a", "ec2", &format!("{},{}", allow(&["iam:*"], "*"), passes("b"))),
        ),
        Case::clean(
            "a role of another account",
            role(
                role(Plan::default(), "a", "ec2", &allow(&["sts:AssumeRole"], &arn("role/b"))).and((
                    "aws_iam_user.u",
                    r#"{"name":"u","arn":"arn:aws:iam::111122223333:user/u"}"#,
                )),
                "b",
                "AWS arn:aws:iam::444455556666:root",
                ADMINISTRATOR,
            ),
        ),
        Case::clean(
            "a boundary on whoever would be written to",
            bounded(
                Plan::default().and((
                    "aws_iam_policy.limit",
                    &format!(
                        r#"{{"name":"limit","arn":"{}","policy":{}}}"#,
                        arn("policy/limit"),
                        doc(&allow(&["s3:*", "iam:PutRolePolicy"], "*"))
                    ),
                )),
                "a",
                "ec2",
                &allow(&["iam:PutRolePolicy"], &arn("role/a")),
                &arn("policy/limit"),
            ),
        ),
        Case::clean("its own session only", role(Plan::default(), "a", "ec2", &allow(&["iam:CreateAccessKey"], "arn:aws:iam::*:user/${aws:username}"))),
        Case::clean(
            "new users under a boundary",
            role(
                Plan::default(),
                "a",
                "ec2",
                r#"{"Effect":"Allow","Action":["iam:CreateUser","iam:AttachUserPolicy","iam:CreateAccessKey"],"Resource":"arn:aws:iam::111122223333:user/app/*","Condition":{"StringEquals":{"iam:PermissionsBoundary":"arn:aws:iam::111122223333:policy/b"}}}"#,
            ),
        ),
    ]);
}

#[test]
fn workloads_by_reference() {
    let deployer = allow(&["lambda:UpdateFunctionCode"], "*");
    let start = || {
        role(
            role(Plan::default(), "a", "ec2", &deployer),
            "b",
            "lambda",
            ADMINISTRATOR,
        )
    };
    let by_reference = start()
        .and(("aws_lambda_function.w", r#"{"function_name":"w"}"#))
        .unknown("aws_lambda_function.w", &["role", "arn"])
        .references("aws_lambda_function.w", "role", &["aws_iam_role.b"]);
    let by_symbol = start().and((
        "aws_lambda_function.w",
        &format!(
            r#"{{"function_name":"w","role":{}}}"#,
            nhi_plan::json::quote(&symbol("aws_iam_role.b.arn"))
        ),
    ));
    let profile = role(
        role(Plan::default(), "a", "ec2", &allow(&["ssm:SendCommand"], "*")),
        "b",
        "ec2",
        ADMINISTRATOR,
    )
    .and(("aws_iam_instance_profile.b", r#"{"name":"app","role":"b"}"#))
    .and(("aws_instance.w", r#"{"ami":"ami-1"}"#))
    .unknown("aws_instance.w", &["iam_instance_profile"])
    .references(
        "aws_instance.w",
        "iam_instance_profile",
        &["aws_iam_instance_profile.b"],
    );
    let mut two = start().and(("aws_lambda_function.w", r#"{"function_name":"w"}"#));
    two = role(two, "c", "lambda", HARMLESS)
        .unknown("aws_lambda_function.w", &["role"])
        .references("aws_lambda_function.w", "role", &["aws_iam_role.b", "aws_iam_role.c"]);
    cases(&RULE).flags(&[
        Case::critical("by reference", by_reference),
        Case::critical("by symbol", by_symbol),
        Case::critical("by instance profile", profile),
        Case::unverified("one of two roles", two),
    ]);
}

#[test]
fn groups_are_told_once() {
    let policy = doc(&format!("{},{}", allow(&["iam:PassRole"], &arn("role/b")), functions()));
    let plan = role(Plan::default(), "b", "lambda", ADMINISTRATOR)
        .and(("aws_iam_user.u", r#"{"name":"u"}"#))
        .and(("aws_iam_user.v", r#"{"name":"v"}"#))
        .and(("aws_iam_group.g", r#"{"name":"g"}"#))
        .and((
            "aws_iam_group_membership.m",
            r#"{"name":"m","group":"g","users":["u","v"]}"#,
        ))
        .and((
            "aws_iam_group_policy.g",
            &format!(r#"{{"name":"p","group":"g","policy":{policy}}}"#),
        ));
    assert_eq!(path_of(&plan), ["aws_iam_group.g -[lambda-001]-> aws_iam_role.b"]);
}

#[test]
fn a_circle_of_a_thousand_roles() {
    let mut plan = role(Plan::default(), "admin", "lambda", ADMINISTRATOR);
    for index in 0..1_000 {
        let next = (index + 1) % 1_000;
        plan = role(plan, &format!("r{index}"), "lambda", &passes(&format!("r{next}")));
    }
    plan = role(plan, "last", "lambda", &passes("admin"));
    assert_eq!(path_of(&plan), ["aws_iam_role.last -[lambda-001]-> aws_iam_role.admin"]);
}

#[test]
fn what_is_not_looked_at_to_the_end_is_said() {
    let mut plan = Plan::default();
    for index in 0..200 {
        let climbs = format!("{},{}", allow(&["iam:PassRole", "sts:AssumeRole"], "*"), functions());
        plan = role(plan, &format!("r{index}"), "ec2", &climbs);
        plan = role(plan, &format!("admin{index}"), "ec2", ADMINISTRATOR);
    }
    let told = plan.judge();
    let cut: Vec<_> = told
        .iter()
        .filter(|finding| finding.message.contains("can be followed"))
        .collect();
    assert_eq!(cut.len(), 1, "{cut:#?}");
    assert_eq!(cut[0].outcome, nhi_plan::Outcome::Unverified);
    assert_eq!(cut[0].address, "aws_iam_role.r0");
}
