//! Where the finding stands when several policies give everything, and what it says of the one it stands at.

use super::RULE;
use crate::rules::cases::{Case, Plan, cases, doc, plan, policy};

fn told(plan: &Plan) -> Vec<(String, String)> {
    let findings = plan.judge().into_iter();
    findings
        .filter(|finding| finding.rule == RULE.code)
        .map(|finding| (finding.address.clone(), finding.message.clone()))
        .collect()
}

fn attached(resource: &str, name: &str) -> (String, String) {
    let after = format!(r#"{{"role":"r","policy_arn":"arn:aws:iam::aws:policy/{name}"}}"#);
    (format!("aws_iam_role_policy_attachment.{resource}"), after)
}

fn inline(statement: &str) -> (String, String) {
    let after = format!(r#"{{"role":"r","name":"p","policy":{}}}"#, doc(statement));
    (String::from("aws_iam_role_policy.p"), after)
}

fn of(blocks: &[(String, String)]) -> Plan {
    let blocks: Vec<_> = blocks.iter().map(|(address, after)| (&**address, &**after)).collect();
    plan(&blocks)
}

#[test]
fn it_stands_at_the_policy_that_gives_everything_alone() {
    let power = || attached("power", "PowerUserAccess");
    let but_one = r#"{"Effect":"Allow","NotAction":["iam:CreateUser"],"Resource":"*"}"#;
    let wide = || inline(but_one);
    let expected = [(
        String::from("aws_iam_role_policy.p"),
        String::from(
            "an inline policy of a role allows every action but `iam:CreateUser`, IAM among them, on all resources \
             (statement 1); see also `aws_iam_role_policy_attachment.power`",
        ),
    )];
    assert_eq!(told(&of(&[power(), wide()])), expected);
    assert_eq!(told(&of(&[wide(), power()])), expected);
    let found = told(&of(&[power(), attached("admin", "AdministratorAccess")]));
    assert_eq!(
        found,
        [(
            String::from("aws_iam_role_policy_attachment.admin"),
            String::from(
                "`arn:aws:iam::aws:policy/AdministratorAccess`, attached to a role, allows all actions on all \
                 resources; see also `aws_iam_role_policy_attachment.power`"
            ),
        )]
    );
}

#[test]
fn it_says_that_only_several_give_everything() {
    let found = told(&of(&[
        attached("power", "PowerUserAccess"),
        attached("iam", "IAMFullAccess"),
    ]));
    assert_eq!(
        found,
        [(
            String::from("aws_iam_role_policy_attachment.power"),
            String::from(
                "`arn:aws:iam::aws:policy/PowerUserAccess`, attached to a role, allows, together with other policies, \
                 all actions on all resources; see also `aws_iam_role_policy_attachment.iam`"
            ),
        )]
    );
}

#[test]
fn resources_to_come_may_be_all() {
    let on = |origin: &str| {
        let resource = nhi_plan::symbol::symbol(origin);
        policy(&format!(r#"{{"Effect":"Allow","Action":"*","Resource":"{resource}"}}"#))
    };
    let output = on("terraform_data.x.output");
    let codes: Vec<_> = output.judge().into_iter().map(|finding| finding.rule).collect();
    assert_eq!(codes, ["NHI001"]);
    cases(&RULE).flags(&[Case::unverified("any text", output)]).allows(&[
        Case::clean("a bucket", on("aws_s3_bucket.b.arn")),
        Case::clean("an ARN of a module", on("module.m.bucket_arn")),
        Case::clean(
            "a part of an ARN",
            policy(&format!(
                r#"{{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::{}"}}"#,
                nhi_plan::symbol::symbol("terraform_data.x.output")
            )),
        ),
    ]);
}
