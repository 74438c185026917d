//! How bad a way is, what stays open until apply, and what good configurations are full of.

use nhi_plan::symbol::{one_of, symbol};

use super::RULE;
use super::paths::{ADMINISTRATOR, HARMLESS, allow, arn, bounded, functions, role};
use crate::rules::cases::{Case, Plan, cases, doc, plan};

#[test]
fn how_bad_it_is() {
    let passing = |statement: &str| role(Plan::default(), "a", "ec2", &format!("{statement},{}", functions()));
    let only_lambda = |resource: &str| {
        format!(
            r#"{{"Effect":"Allow","Action":"iam:PassRole","Resource":"{resource}","Condition":{{"StringEquals":{{"iam:PassedToService":"lambda.amazonaws.com"}}}}}}"#
        )
    };
    let target = |plan: Plan| role(plan, "b", "lambda", ADMINISTRATOR);
    let from_a_network = |actions: &str, resource: &str| {
        format!(
            r#"{{"Effect":"Allow","Action":[{actions}],"Resource":"{resource}","Condition":{{"IpAddress":{{"aws:SourceIp":"203.0.113.0/24"}}}}}}"#
        )
    };
    let minted = allow(
        &["iam:CreateUser", "iam:AttachUserPolicy", "iam:CreateAccessKey"],
        &arn("user/app/*"),
    );
    cases(&RULE).flags(&[
        Case::critical(
            "an administrator in sight",
            target(passing(&allow(&["iam:PassRole"], &arn("role/b")))),
        )
        .at("policy"),
        Case::critical(
            "an administrator in sight, for one service",
            target(passing(&only_lambda("*"))),
        ),
        Case::high(
            "the same from a network",
            target(passing(&from_a_network("\"iam:PassRole\"", &arn("role/b")))),
        ),
        Case::high(
            "writes itself",
            role(
                Plan::default(),
                "a",
                "ec2",
                &allow(&["iam:PutRolePolicy"], &arn("role/a")),
            ),
        ),
        Case::high("makes a new administrator", role(Plan::default(), "a", "ec2", &minted)),
        Case::high("any role", passing(&allow(&["iam:PassRole"], "*"))),
        Case::high(
            "any role, by a pattern",
            passing(&allow(&["iam:PassRole"], "arn:aws:iam::*:role/*")),
        ),
        Case::low(
            "roles under a prefix",
            passing(&allow(&["iam:PassRole"], &arn("role/app-*"))),
        ),
        Case::info("any role for one service", passing(&only_lambda("*"))),
        Case::info(
            "a role elsewhere",
            passing(&allow(&["iam:PassRole"], &arn("role/elsewhere"))),
        ),
        Case::info(
            "any function",
            role(Plan::default(), "a", "ec2", &allow(&["lambda:UpdateFunctionCode"], "*")),
        ),
        Case::medium(
            "any role, and nobody holds the policy",
            Plan::default().and((
                "aws_iam_policy.a",
                &format!(
                    r#"{{"name":"a","policy":{}}}"#,
                    doc(&format!("{},{}", allow(&["iam:PassRole"], "*"), functions()))
                ),
            )),
        ),
        Case::critical(
            "a function of one region",
            role(
                role(
                    Plan::default(),
                    "a",
                    "ec2",
                    &allow(
                        &["lambda:UpdateFunctionCode"],
                        "arn:aws:lambda:eu-west-1:111122223333:function:w",
                    ),
                ),
                "b",
                "lambda",
                ADMINISTRATOR,
            )
            .and((
                "aws_lambda_function.w",
                r#"{"function_name":"w","role":"arn:aws:iam::111122223333:role/b"}"#,
            )),
        ),
        Case::medium(
            "every secret",
            role(
                passing(&allow(&["iam:PassRole"], &arn("role/b"))),
                "b",
                "lambda",
                &allow(&["secretsmanager:GetSecretValue"], "*"),
            ),
        ),
        Case::medium(
            "a boundary elsewhere",
            bounded(
                Plan::default(),
                "a",
                "ec2",
                &allow(&["iam:PutRolePolicy"], &arn("role/a")),
                &arn("policy/elsewhere"),
            ),
        ),
        Case::high(
            "assumes an administrator",
            role(
                role(Plan::default(), "a", "ec2", HARMLESS),
                "b",
                "AWS arn:aws:iam::111122223333:role/a",
                ADMINISTRATOR,
            ),
        )
        .at("assume_role_policy"),
        Case::high(
            "assumes an administrator, by permission",
            role(
                role(Plan::default(), "a", "ec2", &allow(&["sts:AssumeRole"], &arn("role/b"))),
                "b",
                "AWS 111122223333",
                ADMINISTRATOR,
            ),
        )
        .at("policy"),
    ]);
}

#[test]
fn what_is_known_only_after_apply() {
    let passing = |resource: &str| {
        let start = role(
            Plan::default(),
            "a",
            "ec2",
            &format!("{},{}", allow(&["iam:PassRole"], resource), functions()),
        );
        role(start, "b", "lambda", ADMINISTRATOR)
    };
    let named_later = |prefix: &str| {
        let trust =
            doc(r#"{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"lambda.amazonaws.com"}}"#);
        let climbs = format!("{},{}", allow(&["iam:PassRole"], &arn("role/app-x*")), functions());
        role(Plan::default(), "a", "ec2", &climbs)
            .and((
                "aws_iam_role.b",
                &format!(r#"{{"name_prefix":"{prefix}","path":"/","assume_role_policy":{trust}}}"#),
            ))
            .unknown("aws_iam_role.b", &["name", "arn"])
            .and((
                "aws_iam_role_policy.b",
                &format!(r#"{{"name":"p","policy":{}}}"#, doc(ADMINISTRATOR)),
            ))
            .unknown("aws_iam_role_policy.b", &["role"])
            .references("aws_iam_role_policy.b", "role", &["aws_iam_role.b"])
    };
    let unknown_trust = |plan: Plan| {
        plan.changed("aws_iam_role.b", |change| change.after = Some(r#"{"name":"b"}"#.into()))
            .unknown("aws_iam_role.b", &["assume_role_policy"])
            .references("aws_iam_role.b", "assume_role_policy", &["var.trust"])
    };
    let either_trust = |one: &str, other: &str| {
        let text = |service: &str| {
            format!(
                r#"{{"Statement":[{{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{{"Service":["{service}"]}}}}]}}"#
            )
        };
        let either = nhi_plan::json::quote(&one_of([text(one).as_str(), text(other).as_str()]));
        passing(&arn("role/b")).changed("aws_iam_role.b", |change| {
            change.after = Some(format!(r#"{{"name":"b","assume_role_policy":{either}}}"#).into());
        })
    };
    let deferred_trust = |plan: Plan| {
        let data = "data.aws_iam_policy_document.t";
        let statement = r#"{"statement":[{"actions":["sts:AssumeRole"],"principals":[{"type":"Service","identifiers":["lambda.amazonaws.com"]}]}]}"#;
        plan.changed("aws_iam_role.b", |change| change.after = Some(r#"{"name":"b"}"#.into()))
            .unknown("aws_iam_role.b", &["assume_role_policy"])
            .references("aws_iam_role.b", "assume_role_policy", &[data])
            .and((data, statement))
            .unknown(data, &["json"])
    };
    cases(&RULE)
        .flags(&[
            Case::critical("the role by its symbol", passing(&symbol("aws_iam_role.b.arn"))),
            Case::critical(
                "the account by its symbol",
                passing(&format!(
                    "arn:aws:iam::{}:role/b",
                    symbol("data.aws_caller_identity.me.account_id")
                )),
            ),
            Case::critical(
                "both trusts",
                either_trust("lambda.amazonaws.com", r#"lambda.amazonaws.com","ec2.amazonaws.com"#),
            ),
            Case::unverified(
                "one of two trusts",
                either_trust("lambda.amazonaws.com", "ec2.amazonaws.com"),
            ),
            Case::critical(
                "a trust of a document that is read during apply",
                deferred_trust(passing(&arn("role/b"))),
            ),
            Case::high(
                "any role, one of them perhaps an administrator",
                unknown_trust(passing("*")),
            ),
            Case::unverified("a name that AWS completes", named_later("app-")),
            Case::low("a name that AWS completes to another", named_later("admin-")),
            Case::unverified("some role", passing(&symbol("var.role_arn"))),
            Case::unverified("whom the role trusts", unknown_trust(passing(&arn("role/b")))),
        ])
        .allows(&[Case::clean(
            "another role by its symbol",
            role(passing(&symbol("aws_iam_role.c.arn")), "c", "lambda", HARMLESS),
        )]);
}

/// What good configurations are full of: nothing worse than a remark may be said.
#[test]
fn patterns_of_good_configurations() {
    let only = |action: &str, resource: &str, service: &str| {
        format!(
            r#"{{"Effect":"Allow","Action":"{action}","Resource":{resource},"Condition":{{"StringEquals":{{"iam:PassedToService":"{service}"}}}}}}"#
        )
    };
    let quoted = |text: &str| nhi_plan::json::quote(text);
    let tasks = format!(
        "[{},{}]",
        quoted(&arn("role/task")),
        quoted(&symbol("aws_iam_role.execution.arn"))
    );
    let deploys = format!(
        "{},{},{}",
        only("iam:PassRole", &tasks, "ecs-tasks.amazonaws.com"),
        allow(&["ecs:RegisterTaskDefinition", "ecs:DescribeTasks", "ecs:RunTask"], "*"),
        allow(
            &["ecs:UpdateService"],
            "arn:aws:ecs:eu-west-1:111122223333:service/app/web"
        )
    );
    let ecs = role(
        Plan::default(),
        "deploy",
        "Federated arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com",
        &deploys,
    );
    let ecs = role(
        ecs,
        "task",
        "ecs-tasks",
        &allow(&["s3:GetObject"], "arn:aws:s3:::assets/*"),
    );
    let ecs = role(
        ecs,
        "execution",
        "ecs-tasks",
        &allow(&["ecr:GetAuthorizationToken"], "*"),
    )
    .and((
        "aws_ecs_task_definition.web",
        r#"{"family":"web","task_role_arn":"arn:aws:iam::111122223333:role/task"}"#,
    ));
    let launches = format!(
        "{},{}",
        only("iam:PassRole", &quoted(&arn("role/node")), "ec2.amazonaws.com"),
        allow(
            &[
                "ec2:RunInstances",
                "ec2:CreateFleet",
                "ec2:CreateLaunchTemplate",
                "ec2:TerminateInstances"
            ],
            "*"
        )
    );
    let nodes = role(
        role(Plan::default(), "karpenter", "pods.eks", &launches),
        "node",
        "ec2",
        &allow(&["ec2:DescribeInstances"], "*"),
    )
    .and((
        "aws_iam_role_policy_attachment.node",
        r#"{"role":"node","policy_arn":"arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy"}"#,
    ));
    let deploys_functions = format!(
        "{},{}",
        allow(
            &["lambda:UpdateFunctionCode", "lambda:PublishVersion"],
            "arn:aws:lambda:eu-west-1:111122223333:function:app"
        ),
        allow(&["sts:AssumeRole"], "arn:aws:iam::111122223333:role/cdk-*")
    );
    let functions = role(
        role(Plan::default(), "ci", "codebuild", &deploys_functions),
        "app",
        "lambda",
        HARMLESS,
    )
    .and((
        "aws_lambda_function.app",
        r#"{"function_name":"app","role":"arn:aws:iam::111122223333:role/app"}"#,
    ));
    let operators = role(
        Plan::default(),
        "operator",
        "AWS arn:aws:iam::111122223333:root",
        &allow(
            &["ssm:StartSession"],
            "arn:aws:ec2:eu-west-1:111122223333:instance/i-0123456789abcdef0",
        ),
    );
    let limited = role(
        Plan::default(),
        "factory",
        "codebuild",
        r#"{"Effect":"Allow","Action":["iam:CreateRole","iam:PutRolePolicy","iam:AttachRolePolicy"],"Resource":"arn:aws:iam::111122223333:role/app/*","Condition":{"StringEquals":{"iam:PermissionsBoundary":"arn:aws:iam::111122223333:policy/limit"}}}"#,
    );
    cases(&RULE).allows(&[
        Case::clean("a pipeline that deploys tasks", ecs),
        Case::clean("a controller that starts nodes", nodes),
        Case::clean("a pipeline that deploys a function", functions),
        Case::clean("a session on one machine", operators),
        Case::clean("a factory of bounded roles", limited),
    ]);
}

#[test]
fn what_the_policy_itself_is_told_for() {
    const SET: &str = "arn:aws:sso:::permissionSet/ssoins-1/ps-1";
    let set = |policy: &str| {
        plan(&[(
            "aws_ssoadmin_permission_set.p",
            &format!(r#"{{"name":"p","arn":"{SET}"}}"#),
        )])
        .and((
            "aws_ssoadmin_managed_policy_attachment.m",
            &format!(r#"{{"permission_set_arn":"{SET}","managed_policy_arn":"arn:aws:iam::aws:policy/{policy}"}}"#),
        ))
    };
    let inline = |plan: Plan, statement: &str| {
        let policy = doc(statement);
        plan.and((
            "aws_ssoadmin_permission_set_inline_policy.i",
            &format!(r#"{{"permission_set_arn":"{SET}","inline_policy":{policy}}}"#),
        ))
    };
    let writes = r#"{"Effect":"Allow","Action":"sso:PutInlinePolicyToPermissionSet","Resource":"*"}"#;
    let all_but = |excepted: &str| format!(r#"{{"Effect":"Allow","NotAction":["iam:*",{excepted}],"Resource":"*"}}"#);
    let power = set("PowerUserAccess");
    let codes: Vec<_> = power.judge().into_iter().map(|finding| finding.rule).collect();
    assert_eq!(codes.iter().filter(|code| *code == "NHI007").count(), 1, "{codes:?}");
    cases(&RULE)
        .flags(&[
            Case::high("nothing else tells it", inline(set("ViewOnlyAccess"), writes)),
            Case::high(
                "another policy gives it",
                inline(set("ViewOnlyAccess"), &format!("{},{writes}", all_but(r#""sso:*""#))),
            ),
        ])
        .allows(&[
            Case::clean("power user", power),
            Case::clean(
                "all but IAM",
                inline(set("ViewOnlyAccess"), &all_but(r#""organizations:*""#)),
            ),
        ]);
}
