//! Principals and values of conditions that are known only after apply.

use nhi_plan::symbol::{one_of, symbol};

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

/// Permissions that are attributes and no documents.
#[test]
fn attributes_of_somebodys_choosing() {
    let later = |address: &str, after: &str, path: &'static str, origin: &'static str| {
        plan(&[(address, after)])
            .unknown(address, &[path])
            .references(address, path, &[origin])
    };
    let (function, version) = ("aws_lambda_permission.p", "aws_lambda_layer_version_permission.l");
    let (url, image) = ("aws_lambda_function_url.u", "aws_ami_launch_permission.a");
    let (snapshot, acl) = ("aws_db_snapshot.s", "aws_s3_bucket_acl.a");
    let chosen = symbol("terraform_data.x.output");
    let caller = |principal: &str| {
        plan(&[(
            function,
            &format!(r#"{{"action":"lambda:InvokeFunction","principal":"{principal}"}}"#),
        )])
    };
    cases(&super::RULE)
        .flags(&[
            Case::unverified(
                "a caller",
                later(
                    function,
                    r#"{"action":"lambda:InvokeFunction"}"#,
                    "principal",
                    "data.http.x",
                ),
            ),
            Case::unverified("a caller by its symbol", caller(&chosen)),
            Case::unverified("a caller of two", caller(&one_of(["*", "111122223333"]))),
            Case::unverified("a layer", later(version, "{}", "principal", "data.http.x")),
            Case::unverified("a URL", later(url, "{}", "authorization_type", "data.http.x")),
            Case::unverified(
                "an image",
                later(image, r#"{"image_id":"ami-1"}"#, "group", "data.http.x"),
            ),
            Case::unverified("a snapshot", later(snapshot, "{}", "shared_accounts", "data.http.x")),
            Case::unverified("an access list", later(acl, r#"{"bucket":"b"}"#, "acl", "data.http.x")),
        ])
        .allows(&[
            Case::clean(
                "a role that calls",
                later(function, "{}", "principal", "aws_iam_role.r"),
            ),
            Case::clean(
                "a service by its region",
                caller(&format!("logs.{chosen}.amazonaws.com")).unknown(function, &["source_arn"]),
            ),
            Case::clean(
                "an account by its symbol",
                caller(&format!("arn:aws:iam::{chosen}:root")),
            ),
            Case::clean(
                "a layer of one organisation",
                later(version, r#"{"organization_id":"o-1"}"#, "principal", "data.http.x"),
            ),
            Case::clean(
                "a snapshot for an account of the plan",
                later(snapshot, "{}", "shared_accounts", "aws_organizations_account.a"),
            ),
            Case::clean(
                "an access list that nobody wrote",
                plan(&[(acl, r#"{"bucket":"b"}"#)]).unknown(acl, &["acl"]),
            ),
        ]);
}
