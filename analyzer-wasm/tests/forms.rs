//! One privilege in every form that a configuration can give it: what is said of it does not hang on the form.

#![expect(
    clippy::expect_used,
    reason = "a helper of tests stops at the first thing that is not as it says"
)]

use std::borrow::Cow;

use nhi_analyzer::Analyzer;
use nhi_plan::json::quote;
use nhi_plan::{Change, Finding, Outcome, Reference};
use nhi_policy_sdk::{Tester, testing};

/// A rule, and statements (JSON, and the same as blocks of a data source) that it must find.
const BAD: &[(&str, &[(&str, &str)])] = &[
    (
        "NHI001",
        &[(
            r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#,
            r#"{"actions":["*"],"resources":["*"]}"#,
        )],
    ),
    (
        "NHI001",
        &[
            (
                r#"{"Effect":"Allow","NotAction":["iam:*"],"Resource":"*"}"#,
                r#"{"not_actions":["iam:*"],"resources":["*"]}"#,
            ),
            (
                r#"{"Effect":"Allow","Action":"iam:*","Resource":"*"}"#,
                r#"{"actions":["iam:*"],"resources":["*"]}"#,
            ),
        ],
    ),
    (
        "NHI002",
        &[
            (
                r#"{"Effect":"Allow","Action":["iam:PutRolePolicy"],"Resource":"arn:aws:iam::*:role/*"}"#,
                r#"{"actions":["iam:PutRolePolicy"],"resources":["arn:aws:iam::*:role/*"]}"#,
            ),
            (
                r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}"#,
                r#"{"actions":["s3:GetObject"],"resources":["arn:aws:s3:::b/*"]}"#,
            ),
        ],
    ),
    (
        "NHI005",
        &[(
            r#"{"Effect":"Allow","Action":"ec2:*","Resource":"*"}"#,
            r#"{"actions":["ec2:*"],"resources":["*"]}"#,
        )],
    ),
    (
        "NHI006",
        &[(
            r#"{"Effect":"Allow","Action":"secretsmanager:GetSecretValue","Resource":"*"}"#,
            r#"{"actions":["secretsmanager:GetSecretValue"],"resources":["*"]}"#,
        )],
    ),
    (
        "NHI007",
        &[(
            r#"{"Effect":"Allow","NotAction":["iam:*","sts:*"],"Resource":"*"}"#,
            r#"{"not_actions":["iam:*","sts:*"],"resources":["*"]}"#,
        )],
    ),
    (
        "NHI008",
        &[(
            r#"{"Effect":"Allow","Action":"iam:PassRole","Resource":"*"}"#,
            r#"{"actions":["iam:PassRole"],"resources":["*"]}"#,
        )],
    ),
];

/// Blocks, what of them is unknown, and what the unknown rests on.
#[derive(Default)]
struct Form {
    blocks: Vec<(String, String)>,
    unknown: Vec<(usize, &'static str, Vec<String>)>,
}

impl Form {
    fn with(mut self, address: &str, after: String) -> Self {
        self.blocks.push((address.to_owned(), after));
        self
    }

    /// The attribute of the last block is known only after apply and rests on these.
    fn unknown(mut self, path: &'static str, rests_on: &[&str]) -> Self {
        let rests_on = rests_on.iter().map(|address| (*address).to_owned()).collect();
        self.unknown.push((self.blocks.len() - 1, path, rests_on));
        self
    }

    fn changes(&self) -> Vec<Change<'_>> {
        let mut changes: Vec<_> = self
            .blocks
            .iter()
            .map(|(address, after)| testing::change(address, after))
            .collect();
        for (index, path, rests_on) in &self.unknown {
            let change = changes.get_mut(*index).expect("a block");
            change.unknown_paths.push(Cow::Borrowed(path));
            change.references.push(Reference {
                path: Cow::Borrowed(path),
                addresses: rests_on.iter().map(|address| Cow::Borrowed(address.as_str())).collect(),
            });
        }
        changes
    }

    fn judge(&self) -> Vec<Finding> {
        Tester::<Analyzer>::new()
            .changes(self.changes())
            .expect("the analyzer decides")
    }

    fn reversed(&self) -> Vec<Finding> {
        let changes = self.changes().into_iter().rev();
        Tester::<Analyzer>::new()
            .changes(changes)
            .expect("the analyzer decides")
    }
}

/// What the forms are made of.
struct Material<'s> {
    statements: &'s [(&'s str, &'s str)],
    /// The document, quoted.
    text: String,
}

fn document(statements: &[(&str, &str)]) -> String {
    let all: Vec<_> = statements.iter().map(|(json, _)| *json).collect();
    quote(&format!(
        r#"{{"Version":"2012-10-17","Statement":[{}]}}"#,
        all.join(",")
    ))
}

fn role() -> Form {
    Form::default().with("aws_iam_role.r", r#"{"name":"r"}"#.to_owned())
}

/// The forms, by name.
fn forms(statements: &[(&str, &str)]) -> Vec<(&'static str, Form)> {
    let material = Material {
        statements,
        text: document(statements),
    };
    let mut all = given_to_a_role(&material);
    all.extend(given_otherwise(&material));
    all
}

fn given_to_a_role(Material { statements, text }: &Material<'_>) -> Vec<(&'static str, Form)> {
    let inline = format!(r#"{{"role":"r","name":"p","policy":{text}}}"#);
    let policy = format!(r#"{{"name":"p","policy":{text}}}"#);
    let arn = r#""arn:aws:iam::111122223333:policy/p""#;
    let mut reversed = statements.to_vec();
    reversed.reverse();
    let mut split = role();
    for (index, statement) in statements.iter().enumerate() {
        let after = format!(
            r#"{{"role":"r","name":"p{index}","policy":{}}}"#,
            document(&[*statement])
        );
        split = split.with(&format!("aws_iam_role_policy.p{index}"), after);
    }
    vec![
        ("inline", role().with("aws_iam_role_policy.p", inline.clone())),
        (
            "another name",
            role().with("aws_iam_role_policy.harmless_reader", inline.clone()),
        ),
        (
            "a role of elsewhere",
            Form::default().with("aws_iam_role_policy.p", inline.clone()),
        ),
        (
            "other order of statements",
            role().with(
                "aws_iam_role_policy.p",
                format!(r#"{{"role":"r","policy":{}}}"#, document(&reversed)),
            ),
        ),
        ("one policy for each statement", split),
        (
            "in the role",
            Form::default().with(
                "aws_iam_role.r",
                format!(r#"{{"name":"r","inline_policy":[{{"name":"p","policy":{text}}}]}}"#),
            ),
        ),
        (
            "attached by ARN",
            role().with("aws_iam_policy.p", policy.clone()).with(
                "aws_iam_role_policy_attachment.a",
                format!(r#"{{"role":"r","policy_arn":{arn}}}"#),
            ),
        ),
        (
            "attached, all unknown",
            Form::default()
                .with("aws_iam_role.r", "{}".to_owned())
                .with("aws_iam_policy.p", policy.clone())
                .with("aws_iam_role_policy_attachment.a", "{}".to_owned())
                .unknown("role", &["aws_iam_role.r"])
                .unknown("policy_arn", &["aws_iam_policy.p"]),
        ),
    ]
}

fn given_otherwise(Material { statements, text }: &Material<'_>) -> Vec<(&'static str, Form)> {
    let blocks: Vec<_> = statements.iter().map(|(_, block)| *block).collect();
    let blocks = format!(r#"{{"statement":[{}]}}"#, blocks.join(","));
    let policy = format!(r#"{{"name":"p","policy":{text}}}"#);
    let data = "data.aws_iam_policy_document.d";
    vec![
        (
            "by a group",
            Form::default()
                .with("aws_iam_group.g", r#"{"name":"g"}"#.to_owned())
                .with("aws_iam_group_policy.p", format!(r#"{{"group":"g","policy":{text}}}"#)),
        ),
        (
            "to a user",
            Form::default().with("aws_iam_user_policy.p", format!(r#"{{"user":"u","policy":{text}}}"#)),
        ),
        (
            "in a module with for_each",
            Form::default()
                .with(r#"module.m["a"].aws_iam_role.r"#, "{}".to_owned())
                .with(
                    r#"module.m["a"].aws_iam_role_policy.p[0]"#,
                    format!(r#"{{"policy":{text}}}"#),
                )
                .unknown("role", &["module.m.aws_iam_role.r"]),
        ),
        (
            "a data source that is read during apply",
            role()
                .with(data, blocks.clone())
                .with("aws_iam_role_policy.p", r#"{"role":"r"}"#.to_owned())
                .unknown("policy", &[data]),
        ),
        (
            "a data source that builds on another",
            role()
                .with("data.aws_iam_policy_document.base", blocks.clone())
                .with(data, r#"{"statement":[]}"#.to_owned())
                .unknown("source_policy_documents", &["data.aws_iam_policy_document.base"])
                .with("aws_iam_role_policy.p", r#"{"role":"r"}"#.to_owned())
                .unknown("policy", &[data]),
        ),
        (
            "a permission set",
            Form::default().with(
                "aws_ssoadmin_permission_set_inline_policy.p",
                format!(r#"{{"permission_set_arn":"arn:aws:sso:::permissionSet/i/p","inline_policy":{text}}}"#),
            ),
        ),
        (
            "of another provider",
            Form::default().with(
                "awscc_iam_role.r",
                format!(r#"{{"role_name":"r","policies":[{{"policy_name":"p","policy_document":{text}}}]}}"#),
            ),
        ),
        ("for nobody", Form::default().with("aws_iam_policy.p", policy)),
    ]
}

#[test]
fn every_form_is_found_once() {
    for (rule, statements) in BAD {
        for (name, form) in forms(statements) {
            for found in [form.judge(), form.reversed()] {
                let own: Vec<_> = found.iter().filter(|finding| finding.rule == *rule).collect();
                assert_eq!(own.len(), 1, "{rule}, {name}: {found:#?}");
                assert!(
                    own.iter().all(|finding| finding.outcome == Outcome::Violation),
                    "{rule}, {name}: {found:#?}"
                );
            }
        }
    }
}

#[test]
fn what_becomes_unknown_is_unverified_and_not_silent() {
    let form = Form::default()
        .with("aws_iam_role.r", r#"{"name":"r"}"#.to_owned())
        .with("aws_iam_role_policy.p", r#"{"role":"r"}"#.to_owned())
        .unknown("policy", &["aws_s3_bucket.b"]);
    let found = form.judge();
    let told = found.iter().filter(|finding| finding.outcome == Outcome::Unverified);
    assert_eq!(told.count(), 1, "{found:#?}");
}
