//! Truth tables from what AWS documents of the evaluation.
//!
//! - <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>
//! - <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html>
//! - <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html>
//! - <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notaction.html>
//! - <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notresource.html>
//! - <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html>

use super::{Answer, Principal, Request, Resource, ResourceKind, Verdict};
use crate::facts::iam::condition::Narrowing;
use crate::rules::cases::{doc, plan};
use Verdict::{No, Unknown, Yes};

fn holder(statements: &str) -> Principal {
    let after = format!(r#"{{"role":"r","policy":{}}}"#, doc(statements));
    plan(&[("aws_iam_role_policy.p", &after)])
        .facts()
        .settled
        .principals
        .remove(0)
}

fn exactly(statements: &str, action: &str, resource: &str, context: &[(&str, &[&str])]) -> Answer {
    let names = [resource.to_owned()];
    holder(statements).may(&Request::new(action).on(Resource::Exactly(&names)).with(context))
}

#[test]
fn an_explicit_deny_wins() {
    const ALLOW: &str = r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#;
    let table = [
        ("", No),
        (ALLOW, Yes),
        (r#"{"Effect":"Deny","Action":"s3:*","Resource":"*"}"#, No),
        (
            r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"},{"Effect":"Deny","Action":"s3:GetObject","Resource":"*"}"#,
            No,
        ),
        (
            r#"{"Effect":"Deny","Action":"s3:GetObject","Resource":"*"},{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#,
            No,
        ),
        (
            r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"},{"Effect":"Deny","Action":"s3:PutObject","Resource":"*"}"#,
            Yes,
        ),
        (
            r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"},{"Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::other/*"}"#,
            Yes,
        ),
        (
            r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"},{"Effect":"Deny","NotAction":"s3:Get*","Resource":"*"}"#,
            Yes,
        ),
        (
            r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"},{"Effect":"Deny","NotAction":"s3:Put*","Resource":"*"}"#,
            No,
        ),
        (
            r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"},{"Effect":"Deny","Action":"s3:*","NotResource":"arn:aws:s3:::b/*"}"#,
            Yes,
        ),
        (
            r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"},{"Effect":"Deny","Action":"s3:*","NotResource":"arn:aws:s3:::c/*"}"#,
            No,
        ),
    ];
    for (statements, wanted) in table {
        assert_eq!(
            exactly(statements, "s3:GetObject", "arn:aws:s3:::b/k", &[]).verdict,
            wanted,
            "{statements}"
        );
    }
}

#[test]
fn elements_and_case() {
    let table = [
        (r#""Action":"S3:getobject","Resource":"*""#, Yes),
        (r#""Action":"s3:GetObject","Resource":"arn:aws:s3:::B/k""#, No),
        (r#""Action":"s3:GetObject","Resource":"arn:aws:s3:::b/?""#, Yes),
        (r#""Action":"s3:GetObject","Resource":"arn:aws:s3:::b/k?""#, No),
        (r#""Action":"s3:Get*ct","Resource":"arn:aws:s3:::*/k""#, Yes),
        (r#""Action":"*:GetObject","Resource":"arn:*""#, Yes),
        (r#""NotAction":"s3:Put*","Resource":"*""#, Yes),
        (r#""NotAction":"s3:Get*","Resource":"*""#, No),
        (r#""Action":"s3:*","NotResource":"arn:aws:s3:::b/*""#, No),
        (r#""Action":"s3:*","NotResource":"arn:aws:s3:::b""#, Yes),
        (r#""Action":[],"Resource":"*""#, No),
    ];
    for (rest, wanted) in table {
        let statement = format!(r#"{{"Effect":"Allow",{rest}}}"#);
        assert_eq!(
            exactly(&statement, "s3:GetObject", "arn:aws:s3:::b/k", &[]).verdict,
            wanted,
            "{rest}"
        );
    }
}

#[test]
fn conditions_on_given_keys() {
    let service = "iam:PassedToService";
    let table: &[(&str, &[&str], Verdict)] = &[
        (
            r#"{"StringEquals":{"iam:PassedToService":"ec2.amazonaws.com"}}"#,
            &["ec2.amazonaws.com"],
            Yes,
        ),
        (
            r#"{"StringEquals":{"IAM:passedtoservice":"ec2.amazonaws.com"}}"#,
            &["ec2.amazonaws.com"],
            Yes,
        ),
        (
            r#"{"StringEquals":{"iam:PassedToService":"ec2.amazonaws.com"}}"#,
            &["lambda.amazonaws.com"],
            No,
        ),
        (
            r#"{"StringEquals":{"iam:PassedToService":["ecs.amazonaws.com","ec2.amazonaws.com"]}}"#,
            &["ec2.amazonaws.com"],
            Yes,
        ),
        (
            r#"{"StringEquals":{"iam:PassedToService":"EC2.amazonaws.com"}}"#,
            &["ec2.amazonaws.com"],
            No,
        ),
        (
            r#"{"StringEqualsIgnoreCase":{"iam:PassedToService":"EC2.amazonaws.com"}}"#,
            &["ec2.amazonaws.com"],
            Yes,
        ),
        (
            r#"{"StringLike":{"iam:PassedToService":"*.amazonaws.com"}}"#,
            &["ec2.amazonaws.com"],
            Yes,
        ),
        (
            r#"{"StringNotLike":{"iam:PassedToService":"ec2*"}}"#,
            &["ec2.amazonaws.com"],
            No,
        ),
        (
            r#"{"StringEquals":{"iam:PassedToService":"ec2.amazonaws.com"}}"#,
            &[],
            No,
        ),
        (
            r#"{"StringEqualsIfExists":{"iam:PassedToService":"ec2.amazonaws.com"}}"#,
            &[],
            Yes,
        ),
        (
            r#"{"StringNotEquals":{"iam:PassedToService":"ec2.amazonaws.com"}}"#,
            &[],
            Yes,
        ),
        (
            r#"{"ForAllValues:StringEquals":{"iam:PassedToService":"ec2.amazonaws.com"}}"#,
            &[],
            Yes,
        ),
        (
            r#"{"ForAnyValue:StringEquals":{"iam:PassedToService":"ec2.amazonaws.com"}}"#,
            &[],
            No,
        ),
        (r#"{"Null":{"iam:PassedToService":"true"}}"#, &[], Yes),
        (r#"{"Null":{"iam:PassedToService":"true"}}"#, &["ec2.amazonaws.com"], No),
        (
            r#"{"Null":{"iam:PassedToService":"false"}}"#,
            &["ec2.amazonaws.com"],
            Yes,
        ),
        (
            r#"{"StringEquals":{"iam:PassedToService":[]}}"#,
            &["ec2.amazonaws.com"],
            No,
        ),
    ];
    for &(condition, carried, wanted) in table {
        let statement =
            format!(r#"{{"Effect":"Allow","Action":"iam:PassRole","Resource":"*","Condition":{condition}}}"#);
        let answer = exactly(
            &statement,
            "iam:PassRole",
            "arn:aws:iam::111122223333:role/r",
            &[(service, carried)],
        );
        assert_eq!(answer.verdict, wanted, "{condition} {carried:?}");
    }
}

#[test]
fn conditions_on_keys_that_are_not_given() {
    let table = [
        (
            r#"{"StringEquals":{"iam:PassedToService":"ec2.amazonaws.com"}}"#,
            No,
            Narrowing::None,
            1,
        ),
        (
            r#"{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#,
            Yes,
            Narrowing::Weak,
            0,
        ),
        (
            r#"{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}"#,
            Yes,
            Narrowing::None,
            0,
        ),
        (r#"{"StringLike":{"iam:PassedToService":"*"}}"#, Yes, Narrowing::None, 0),
        (r#"{"Null":{"aws:PrincipalArn":"true"}}"#, No, Narrowing::None, 0),
    ];
    for (condition, verdict, narrowing, narrowed) in table {
        let statement =
            format!(r#"{{"Effect":"Allow","Action":"iam:PassRole","Resource":"*","Condition":{condition}}}"#);
        let answer = holder(&statement).may(&Request::new("iam:PassRole").on(Resource::Every(ResourceKind::Role)));
        assert_eq!(
            (answer.verdict, answer.narrowing, answer.narrowed.len()),
            (verdict, narrowing, narrowed),
            "{condition}"
        );
    }
    let despite = holder(
        r#"{"Effect":"Allow","Action":"*","Resource":"*"},
           {"Effect":"Deny","Action":"*","Resource":"*","Condition":{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}}"#,
    );
    let answer = despite.may(&Request::new("iam:PassRole"));
    assert!(answer.is_yes() && answer.despite.len() == 1, "{answer:?}");
}

#[test]
fn symbols_and_variables() {
    let bucket = nhi_plan::symbol::symbol("aws_s3_bucket.b.arn");
    let any = nhi_plan::symbol::symbol("local.name");
    let either = nhi_plan::symbol::one_of(["arn:aws:s3:::b/*", "arn:aws:s3:::c/*"]);
    let symbol = nhi_plan::symbol::symbol;
    let own = |rest: &str| {
        format!(
            "arn:{}:iam::{}{rest}",
            symbol("partition"),
            symbol("data.aws_caller_identity.x.account_id")
        )
    };
    let table = [
        (format!("{bucket}/*"), "arn:aws:s3:::b/k".to_owned(), Unknown),
        (format!("{bucket}/*"), format!("{bucket}/k"), Yes),
        (
            format!("{bucket}/*"),
            "arn:aws:sqs:eu-west-1:111122223333:q".to_owned(),
            No,
        ),
        (format!("arn:aws:s3:::{any}/*"), "arn:aws:s3:::b/k".to_owned(), Unknown),
        (format!("arn:aws:s3:::{any}/*"), "arn:aws:s3:::b".to_owned(), No),
        ("arn:aws:s3:::*".to_owned(), format!("arn:aws:s3:::{any}/k"), Yes),
        (
            "arn:aws:s3:::home/${aws:username}/*".to_owned(),
            "arn:aws:s3:::home/anna/k".to_owned(),
            No,
        ),
        (
            "arn:aws:s3:::${aws:PrincipalTag/team}/*".to_owned(),
            "arn:aws:s3:::b/k".to_owned(),
            Unknown,
        ),
        (either.clone(), "arn:aws:s3:::b/k".to_owned(), Unknown),
        (either, "arn:aws:s3:::d/k".to_owned(), No),
        (own(":role/*"), "arn:aws:iam::111122223333:role/r".to_owned(), Yes),
        (
            own(":role/app"),
            format!("arn:{}:iam::{}:role/app", super::OWN, super::OWN),
            Yes,
        ),
        (
            own(":role/app"),
            format!("arn:{}:iam::{}:role/web", super::OWN, super::OWN),
            No,
        ),
    ];
    for (pattern, resource, wanted) in table {
        let statement = format!(r#"{{"Effect":"Allow","Action":"s3:GetObject","Resource":"{pattern}"}}"#);
        let verdict = exactly(&statement, "s3:GetObject", &resource, &[]).verdict;
        assert_eq!(
            verdict,
            wanted,
            "{} on {}",
            nhi_plan::symbol::readable(&pattern),
            nhi_plan::symbol::readable(&resource)
        );
    }
}

#[test]
fn some_resource() {
    let table = [
        (
            r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}"#,
            "*",
            Yes,
        ),
        (
            r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}"#,
            "arn:aws:s3:::b/x/*",
            Yes,
        ),
        (
            r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}"#,
            "arn:aws:s3:::c/*",
            No,
        ),
        (
            r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"},{"Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::*"}"#,
            "*",
            No,
        ),
        (
            r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"},{"Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::b/secret/*"}"#,
            "*",
            Yes,
        ),
        (
            r#"{"Effect":"Allow","Action":"s3:GetObject","NotResource":"arn:aws:s3:::b/*"}"#,
            "arn:aws:s3:::b/*",
            No,
        ),
        (
            r#"{"Effect":"Allow","Action":"s3:GetObject","NotResource":"arn:aws:s3:::b/*"}"#,
            "arn:aws:s3:::c/*",
            Yes,
        ),
    ];
    for (statements, scope, wanted) in table {
        let resource = if scope == "*" {
            Resource::Any
        } else {
            Resource::Within(scope)
        };
        let answer = holder(statements).may(&Request::new("s3:GetObject").on(resource));
        assert_eq!(answer.verdict, wanted, "{statements} in {scope}");
    }
}
