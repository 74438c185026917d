//! A plan in which each of the twenty rules is broken once.

use serde_json::{Value, json};

/// The plan, as JSON text.
pub(super) fn plan() -> String {
    let changes: Vec<Value> = blocks()
        .into_iter()
        .enumerate()
        .map(|(number, (kind, after))| {
            json!({
                "address": format!("{kind}.n{number}"), "mode": "managed", "type": kind, "name": format!("n{number}"),
                "provider_name": "registry.terraform.io/hashicorp/aws",
                "change": {
                    "actions": ["create"], "before": null, "after": after, "after_unknown": {},
                    "before_sensitive": false, "after_sensitive": {},
                },
            })
        })
        .collect();
    json!({
        "format_version": "1.2", "terraform_version": "1.11.4", "planned_values": {"root_module": {}},
        "configuration": {"root_module": {}}, "resource_changes": changes,
    })
    .to_string()
}

fn blocks() -> Vec<(&'static str, Value)> {
    let (read, bucket) = ("s3:GetObject", "arn:aws:s3:::data/*");
    let policy = |effect: Value| {
        let document = json!({"Version": "2012-10-17", "Statement": [effect]}).to_string();
        ("aws_iam_policy", json!({"name": "n", "path": "/", "policy": document}))
    };
    let allow = |action: Value, resource: &str| json!({"Effect": "Allow", "Action": action, "Resource": resource});
    let role = |name: &str, hours: u32, principal: Value, tags: Value| {
        let statement = json!({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"});
        let trust = json!({"Version": "2012-10-17", "Statement": statement}).to_string();
        let seconds = hours * 3_600;
        let after = json!({"name": name, "assume_role_policy": trust, "max_session_duration": seconds, "tags": tags});
        ("aws_iam_role", after)
    };
    let (service, owned) = (
        json!({"Service": "lambda.amazonaws.com"}),
        json!({"owner": "a", "expires-at": "b"}),
    );
    let attachment = |role: &str, policy: &str| {
        let arn = format!("arn:aws:iam::aws:policy/{policy}");
        (
            "aws_iam_role_policy_attachment",
            json!({"role": role, "policy_arn": arn}),
        )
    };
    let function = |runtime: &str, variable: &str, timeout: u32, memory: u32| {
        let environment = json!([{"variables": {variable: "x"}}]);
        let after = json!({"runtime": runtime, "environment": environment, "timeout": timeout, "memory_size": memory});
        ("aws_lambda_function", after)
    };
    let named = |name: &str, is_emptied: bool, tags: Value| {
        (
            "aws_s3_bucket",
            json!({"bucket": name, "force_destroy": is_emptied, "tags": tags}),
        )
    };
    vec![
        policy(allow(json!("*"), "*")),
        policy(allow(json!([read, "iam:PassRole"]), "*")),
        policy(json!({"Effect": "Allow", "NotAction": [read], "Resource": bucket})),
        policy(allow(json!([read, "s3:*"]), bucket)),
        role("n", 1, json!({"AWS": ["*"]}), owned.clone()),
        role("n", 5, service.clone(), owned.clone()),
        role("n", 1, service.clone(), json!({"team": "a"})),
        role("org-admin", 4, service, owned.clone()),
        attachment("n", "AdministratorAccess"),
        attachment("n", "PowerUserAccess"),
        attachment("n", "IAMFullAccess"),
        attachment("root-n", "ReadOnlyAccess"),
        function("nodejs14.x", "TABLE", 30, 512),
        function("nodejs22.x", "DB_PASSWORD", 30, 512),
        function("nodejs22.x", "TABLE", 301, 512),
        function("nodejs22.x", "TABLE", 300, 4_096),
        named("n", true, owned.clone()),
        named("public-n", false, owned),
        named("n", false, json!({"expires-at": "b"})),
        named("n", false, json!({"owner": "a"})),
    ]
}
