//! What is written: HCL that holds foreign texts and nothing that they would do, and no secret.

use hcl::{Body, Expression, Structure};
use nhi_adopt::{Block, Found, Taken, Terms, find, propose, write};
use nhi_governance::{Kind, Policy};
use nhi_plan::Limits;
use proptest::prelude::*;
use serde_json::{Value, json};

fn state(resources: &[(&str, &str, Value)]) -> String {
    let resources: Vec<Value> = resources
        .iter()
        .map(|(type_name, name, attributes)| {
            json!({ "mode": "managed", "type": type_name, "name": name, "instances": [{ "attributes": attributes }] })
        })
        .collect();
    json!({ "version": 4, "resources": resources }).to_string()
}

fn found(text: &str) -> Vec<Found> {
    find(text, &Limits::default())
        .unwrap_or_else(|error| panic!("{error}"))
        .identities
}

fn terms() -> Terms {
    Terms {
        technical_owner: Some("team:build".to_owned()),
        policy_owner: Some("team:iam".to_owned()),
        summary: Some("Does what it did before".to_owned()),
        task: Some("Carried on from before".to_owned()),
        environment: Some("staging".to_owned()),
        ttl: None,
    }
}

fn hcl(text: &str, terms: &Terms) -> String {
    let mut taken = Taken::default();
    let proposals: Vec<_> = found(text)
        .iter()
        .map(|one| propose(one, terms, &Policy::default(), &mut taken))
        .collect();
    write(&proposals.iter().map(Block::New).collect::<Vec<_>>())
}

/// Every text of an expression; anything that would be worked out is a failure.
fn texts(expression: &Expression, into: &mut Vec<String>) {
    match expression {
        Expression::String(text) => into.push(text.clone()),
        Expression::Array(elements) => elements.iter().for_each(|element| texts(element, into)),
        Expression::Object(members) => members.values().for_each(|value| texts(value, into)),
        Expression::Null | Expression::Bool(_) | Expression::Number(_) => {}
        other => panic!("something would be worked out: {other:?}"),
    }
}

fn parsed(text: &str) -> Body {
    hcl::parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

#[test]
fn a_scope_is_what_the_policies_of_the_same_state_allow() {
    let policy = |statements: Value| json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
    let role = json!({ "name": "ci", "arn": "arn:aws:iam::111122223333:role/ci" });
    let inline = |statements: Value| {
        (
            "aws_iam_role_policy",
            "p",
            json!({ "role": "ci", "policy": policy(statements) }),
        )
    };
    let cases: Vec<(Vec<(&str, &str, Value)>, &[&str], &[&str])> = vec![
        (
            vec![inline(json!([
                { "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::a/*" },
                { "Effect": "Allow", "Action": "s3:GetObject", "Resource": ["arn:aws:s3:::a/*", "arn:aws:s3:::b"] },
                { "Effect": "Deny", "Action": "s3:DeleteObject", "Resource": "*" },
            ]))],
            &["arn:aws:s3:::a/*", "arn:aws:s3:::b", "s3:GetObject", "s3:PutObject"],
            &["s3:DeleteObject", "Not known"],
        ),
        (
            // Not a list, and a template of IAM that is not one of HCL.
            vec![inline(
                json!({ "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::h/${aws:username}" }),
            )],
            &["arn:aws:s3:::h/$${aws:username}"],
            &["Not known"],
        ),
        (
            vec![inline(
                json!([{ "Effect": "Allow", "Action": ["ec2:DescribeRegions"], "Resource": "*" }]),
            )],
            &[
                "arn:aws:ec2:*",
                "A policy allows `ec2:DescribeRegions` on every resource",
            ],
            &["Not known"],
        ),
        (
            vec![inline(json!([{ "Effect": "Allow", "Action": "*", "Resource": "*" }]))],
            &["Not known: which actions are needed of `*`", "resource = \"\""],
            &["\"arn:aws:*\""],
        ),
        (
            vec![inline(
                json!([{ "Effect": "Allow", "NotAction": "iam:*", "Resource": "*" }]),
            )],
            &["Not known: a statement that allows all but"],
            &[],
        ),
        (
            vec![(
                "aws_iam_role_policy_attachment",
                "a",
                json!({ "role": "ci", "policy_arn": "arn:aws:iam::aws:policy/ReadOnlyAccess" }),
            )],
            &["Not known: what the policy `arn:aws:iam::aws:policy/ReadOnlyAccess` allows"],
            &[],
        ),
        (
            vec![
                (
                    "aws_iam_policy",
                    "own",
                    json!({ "arn": "arn:aws:iam::111122223333:policy/own", "policy": policy(json!([
                    { "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:eu-west-1:111122223333:q" }])) }),
                ),
                (
                    "aws_iam_role_policy_attachment",
                    "a",
                    json!({ "role": "ci", "policy_arn": "arn:aws:iam::111122223333:policy/own" }),
                ),
            ],
            &["sqs:SendMessage", "arn:aws:sqs:eu-west-1:111122223333:q"],
            &["Not known"],
        ),
        (
            vec![("aws_iam_role_policy", "p", json!({ "role": "ci", "policy": "{" }))],
            &["Not known: what a policy allows that is no JSON"],
            &[],
        ),
        (
            vec![],
            &["Not known: what it may do, of which nothing here speaks"],
            &[],
        ),
    ];
    for (more, holds, lacks) in cases {
        let mut resources = vec![("aws_iam_role", "ci", role.clone())];
        resources.extend(more);
        let text = hcl(&state(&resources), &terms());
        parsed(&text);
        for part in holds {
            assert!(text.contains(part), "`{part}` is not in\n{text}");
        }
        for part in lacks {
            assert!(!text.contains(part), "`{part}` is in\n{text}");
        }
    }
}

#[test]
fn grants_of_other_backends_are_scopes_too() {
    let resources = [
        (
            "google_service_account",
            "g",
            json!({ "account_id": "g", "email": "g@p.iam.gserviceaccount.com" }),
        ),
        (
            "google_project_iam_member",
            "m",
            json!({ "project": "p", "role": "roles/viewer", "member": "serviceAccount:g@p.iam.gserviceaccount.com" }),
        ),
        (
            "azurerm_user_assigned_identity",
            "z",
            json!({ "name": "z", "id": "/subscriptions/1/z", "principal_id": "pid" }),
        ),
        (
            "azurerm_role_assignment",
            "z",
            json!({ "scope": "/subscriptions/1", "role_definition_name": "Key Vault Reader", "principal_id": "pid" }),
        ),
        (
            "kubernetes_service_account",
            "k",
            json!({ "metadata": [{ "name": "app", "namespace": "prod" }] }),
        ),
        (
            "kubernetes_role",
            "k",
            json!({ "metadata": [{ "name": "r", "namespace": "prod" }], "rule": [{ "api_groups": ["apps"], "resources": ["deployments"], "verbs": ["get"] }] }),
        ),
        (
            "kubernetes_role_binding",
            "k",
            json!({ "metadata": [{ "name": "b", "namespace": "prod" }], "role_ref": [{ "kind": "Role", "name": "r" }],
            "subject": [{ "kind": "ServiceAccount", "name": "app", "namespace": "prod" }] }),
        ),
        ("postgresql_role", "p", json!({ "name": "app", "login": true })),
        (
            "postgresql_grant",
            "p",
            json!({ "role": "app", "database": "d", "schema": "public", "object_type": "table", "objects": ["t"], "privileges": ["SELECT"] }),
        ),
    ];
    let text = hcl(&state(&resources), &terms());
    for part in [
        "projects/p",
        "roles/viewer",
        "role:Key-Vault-Reader",
        "namespaces/prod/deployments.apps",
        "d/public/table/t",
        "SELECT",
    ] {
        assert!(text.contains(part), "`{part}` is not in\n{text}");
    }
    assert!(!text.contains("Not known"), "{text}");
}

#[test]
fn kinds_follow_from_who_may_become_it() {
    let trust = |principal: Value, condition: Value| {
        json!({ "Statement": [{ "Effect": "Allow", "Principal": principal, "Condition": condition }] }).to_string()
    };
    let github = "token.actions.githubusercontent.com";
    let provider = format!("arn:aws:iam::111122223333:oidc-provider/{github}");
    let exact = json!({ "StringEquals": { format!("{github}:aud"): "sts.amazonaws.com", format!("{github}:sub"): "repo:a/b:ref:refs/heads/main" } });
    let open = json!({ "StringLike": { format!("{github}:sub"): "repo:a/b:*" } });
    let foreign = json!({ "AWS": "arn:aws:iam::999988887777:root" });
    let cases = [
        (trust(json!({ "Federated": provider }), exact), Kind::CiPipeline, true),
        (trust(json!({ "Federated": provider }), open), Kind::CiPipeline, false),
        (
            trust(json!({ "Service": ["lambda.amazonaws.com"] }), json!({})),
            Kind::Workload,
            false,
        ),
        (
            trust(json!({ "Service": "codebuild.amazonaws.com" }), json!({})),
            Kind::CiPipeline,
            false,
        ),
        (
            trust(json!({ "Service": "bedrock.amazonaws.com" }), json!({})),
            Kind::AiAgent,
            false,
        ),
        (
            trust(foreign.clone(), json!({ "StringEquals": { "sts:ExternalId": "x" } })),
            Kind::VendorIntegration,
            false,
        ),
        (trust(foreign, json!({})), Kind::ServiceAccount, false),
        (
            trust(
                json!({ "AWS": "arn:aws:iam::111122223333:root" }),
                json!({ "StringEquals": { "sts:ExternalId": "x" } }),
            ),
            Kind::ServiceAccount,
            false,
        ),
        ("{".to_owned(), Kind::ServiceAccount, false),
    ];
    for (policy, kind, is_attested) in cases {
        let role = json!({ "name": "r", "arn": "arn:aws:iam::111122223333:role/r", "assume_role_policy": policy });
        let text = state(&[("aws_iam_role", "r", role)]);
        assert_eq!(found(&text).first().map(|one| one.kind), Some(kind), "{policy}");
        assert_eq!(
            hcl(&text, &terms()).contains("attestation = {"),
            is_attested,
            "{policy}"
        );
    }
}

#[test]
fn nobody_is_made_an_owner() {
    let user = |tags: Value| {
        state(&[(
            "aws_iam_user",
            "u",
            json!({ "name": "u", "arn": "arn:aws:iam::1:user/u", "tags": tags }),
        )])
    };
    for (tags, owner) in [
        (json!({ "Owner": "alice@example.com" }), Some("alice@example.com")),
        (json!({ "team": "payments" }), Some("team:payments")),
        (json!({ "Team": "team:payments" }), Some("team:payments")),
        (json!({ "owner": "payments" }), None),
        (json!({ "created-by": "alice@example.com" }), None),
        (json!({ "owner": "ghp_0123456789abcdefghijABCDEFGHIJ012345" }), None),
        (json!(null), None),
    ] {
        let text = user(tags.clone());
        let first = found(&text);
        let proposal = propose(&first[0], &Terms::default(), &Policy::default(), &mut Taken::default());
        assert_eq!(proposal.technical_owner(), owner, "{tags}");
        assert!(
            proposal.lacks.contains(&"policy_owner") && proposal.lacks.contains(&"purpose.task"),
            "{:?}",
            proposal.lacks
        );
        assert!(proposal.declaration.is_none());
    }
    // Who answers for the rules is somebody else than who runs it.
    let text = user(json!({ "owner": "team:iam" }));
    let proposal = propose(&found(&text)[0], &terms(), &Policy::default(), &mut Taken::default());
    assert!(proposal.lacks.contains(&"policy_owner"), "{:?}", proposal.lacks);
}

#[test]
fn what_a_resource_says_and_cannot_be_used_gives_way_to_what_is_said_of_all() {
    let user = |description: &str| {
        state(&[(
            "aws_iam_user",
            "u",
            json!({ "name": "u", "arn": "arn:aws:iam::1:user/u", "description": description }),
        )])
    };
    for (description, summary) in [
        ("Exports the ledger", "Exports the ledger"),
        ("two\nlines of it", "Does what it did before"),
        ("TODO", "Does what it did before"),
    ] {
        assert!(
            hcl(&user(description), &terms()).contains(&format!("summary = \"{summary}\"")),
            "{description}"
        );
    }
    let nothing = Terms::default();
    assert!(hcl(&user("TODO"), &nothing).contains("summary = \"\""));
}

/// Texts that would do something in HCL, or end the place that they stand in.
fn hostile() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "${",
        "%{",
        "$",
        "%",
        "$$",
        "%%",
        "{",
        "}",
        "\"",
        "\\",
        "\n",
        "\r\n",
        "#",
        "//",
        "/*",
        "*/",
        "<<EOT",
        "EOT",
        "\u{2028}",
        "\u{202e}",
        "\u{1}",
        "\u{7f}",
        "file(",
        "a",
        "=",
        "]",
        "\u{1f600}",
        "~}",
        "if true",
        "\u{85}",
    ]);
    prop::collection::vec(pieces, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn foreign_texts_stay_texts(name in hostile(), tag in hostile(), label in hostile(), any in "[^\\x00]{0,40}") {
        let resources = [
            ("postgresql_role", label.as_str(), json!({ "name": name.clone() + "x", "login": true })),
            ("aws_iam_user", any.as_str(), json!({ "name": any, "arn": tag.clone() + "y", "tags": { "owner": tag.clone(), "env": name.clone() } })),
            ("aws_iam_user_policy", "p", json!({ "user": any, "policy": json!({ "Statement": [
                { "Effect": "Allow", "Action": "s3:GetObject", "Resource": [name.clone() + "z", "arn:aws:s3:::ok"] }] }).to_string() })),
        ];
        let text = hcl(&state(&resources), &terms());
        let body = parsed(&text);
        let mut all = Vec::new();
        for structure in &body {
            let Structure::Block(block) = structure else { panic!("{structure:?}") };
            prop_assert_eq!(block.identifier.as_str(), "resource");
            for attribute in block.body.attributes() {
                texts(&attribute.expr, &mut all);
            }
        }
        prop_assert_eq!(body.blocks().count(), 2, "{}", text);
        // Both ids come back as they were, where the rules of a record let them in.
        for id in [name + "x", tag + "y"] {
            let is_token = id.bytes().all(|byte| byte.is_ascii_graphic());
            prop_assert!(!is_token || all.contains(&id), "{:?} is not in {:?}\n{}", id, all, text);
        }
    }

    #[test]
    fn no_secret_is_written(secret in "[A-Za-z0-9]{24}", place in 0_usize..5) {
        let secret = format!("S3cret{secret}");
        let attributes = ["password", "secret", "token", "private_key", "value"];
        let mut values = json!({ "name": "u", "arn": "arn:aws:iam::1:user/u", "user": "u", "id": "AKIA1", "login": true });
        values[attributes[place]] = json!(secret);
        let types = ["aws_iam_user", "aws_iam_access_key", "postgresql_role", "vault_token", "gitlab_deploy_token"];
        let resources: Vec<_> = types.iter().map(|name| (*name, "x", values.clone())).collect();
        prop_assert!(!hcl(&state(&resources), &terms()).contains(&secret));
        // What a mark says is sensitive is not read, whatever it is called.
        let marked = json!({ "version": 4, "resources": [{ "mode": "managed", "type": "aws_iam_user", "name": "x", "instances": [{
            "attributes": { "name": secret, "arn": secret, "description": secret, "tags": { "owner": format!("{secret}@example.com") } },
            "sensitive_attributes": [[{ "type": "get_attr", "value": "name" }], [{ "type": "get_attr", "value": "arn" }],
                [{ "type": "get_attr", "value": "description" }], [{ "type": "get_attr", "value": "tags" }, { "type": "index", "value": "owner" }]] }] }] });
        prop_assert!(!hcl(&marked.to_string(), &terms()).to_lowercase().contains(&secret.to_lowercase()));
        let odd = marked.to_string().replace("get_attr", "get_other");
        prop_assert!(!hcl(&odd, &terms()).to_lowercase().contains(&secret.to_lowercase()));
    }
}

#[test]
fn an_id_that_is_known_only_after_apply_is_an_expression() {
    let plan = json!({ "format_version": "1.2", "planned_values": { "root_module": {
        "resources": [{ "address": "aws_iam_role.new[\"a${b}\"]", "mode": "managed", "type": "aws_iam_role", "name": "new",
            "index": "a${b}", "values": { "name": "new" }, "sensitive_values": {} }],
        "child_modules": [{ "resources": [{ "address": "module.m.aws_iam_role.new", "mode": "managed", "type": "aws_iam_role",
            "name": "new", "values": { "name": "inner" }, "sensitive_values": {} }] }] } } });
    let text = plan.to_string();
    let written = hcl(&text, &terms());
    assert!(
        written.contains("external = [aws_iam_role.new[\"a$${b}\"].arn]"),
        "{written}"
    );
    let all = found(&text);
    let mut taken = Taken::default();
    let named: Vec<bool> = all
        .iter()
        .map(|one| propose(one, &terms(), &Policy::default(), &mut taken).is_named())
        .collect();
    assert_eq!(named, [true, false]);
}
