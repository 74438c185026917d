//! Principals and values of conditions that are known only after apply.

use nhi_plan::symbol::symbol;

use crate::rules::cases::{Case, Plan, cases, doc, plan};

fn on(resource_type: &str, attribute: &str, statements: &str) -> Plan {
    plan(&[(
        &format!("{resource_type}.x"),
        &format!(r#"{{"{attribute}":{}}}"#, doc(statements)),
    )])
}

fn queue(condition: &str) -> Plan {
    let statement = format!(
        r#"{{"Effect":"Allow","Principal":"*","Action":"sqs:SendMessage","Resource":"*","Condition":{{{condition}}}}}"#
    );
    on("aws_sqs_queue_policy", "policy", &statement)
}

#[test]
fn names_and_values_of_somebodys_choosing() {
    let chosen = symbol("terraform_data.x.output");
    let named = |resource_type: &str, name: &str| {
        let statement = format!(r#"{{"Effect":"Allow","Principal":{{"AWS":["{name}"]}},"Action":"*","Resource":"*"}}"#);
        on(resource_type, "policy", &statement)
    };
    let like = |operator: &str, key: &str, value: &str| queue(&format!(r#""{operator}":{{"{key}":"{value}"}}"#));
    let role = symbol("aws_iam_role.r.arn");
    let topic = symbol("aws_sns_topic.t.arn");
    let distribution = symbol("aws_cloudfront_distribution.c.arn");
    let account = symbol("data.aws_caller_identity.current.account_id");
    cases(&super::RULE)
        .flags(&[
            Case::unverified("of a key", named("aws_kms_key", &chosen)),
            Case::unverified("of a secret", named("aws_secretsmanager_secret_policy", &chosen)),
            Case::unverified("of a source", like("ArnLike", "aws:SourceArn", &chosen)),
            Case::unverified("of an organisation", like("StringLike", "aws:PrincipalOrgID", &chosen)),
        ])
        .allows(&[
            Case::clean("a role of the plan", named("aws_kms_key", &role)),
            Case::clean(
                "the own account",
                named("aws_kms_key", &format!("arn:aws:iam::{account}:root")),
            ),
            Case::clean("a topic", like("ArnLike", "aws:SourceArn", &topic)),
            Case::clean("exactly a topic", like("ArnEquals", "aws:SourceArn", &topic)),
            Case::clean(
                "exactly a distribution",
                like("StringEquals", "aws:SourceArn", &distribution),
            ),
            Case::clean(
                "exactly some organisation",
                like("StringEquals", "aws:PrincipalOrgID", &chosen),
            ),
        ]);
}
