//! Credentials in whole plans: every place, every layer, each told once, and what looks like one and is none.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests stop at the first thing that is not as it says"
)]

use nhi_analyzer::Analyzer;
use nhi_plan::json::quote;
use nhi_plan::{Finding, Severity};
use nhi_policy_sdk::Tester;

/// A plan of resources (address, type, values), their expressions, variables, outputs.
#[derive(Default)]
struct Plan {
    changes: Vec<String>,
    resources: Vec<String>,
    variables: Vec<String>,
    declared: Vec<String>,
    outputs: Vec<String>,
    output_changes: Vec<String>,
    providers: Vec<String>,
}

impl Plan {
    fn new() -> Self {
        Self::default()
    }

    fn resource(mut self, address: &str, after: &str, expressions: &str) -> Self {
        let (kind, name) = address.rsplit_once('.').expect("type and name");
        let kind_name = kind.rsplit('.').next().expect("type");
        let mode = if kind.starts_with("data.") { "data" } else { "managed" };
        self.changes.push(format!(
            r#"{{"address":"{address}","mode":"{mode}","type":"{kind_name}","name":"{name}","change":{{"actions":["create"],"after":{after},"after_unknown":{{}}}}}}"#
        ));
        self.resources.push(format!(
            r#"{{"address":"{address}","mode":"{mode}","type":"{kind_name}","name":"{name}","provider_config_key":"p","expressions":{expressions}}}"#
        ));
        self
    }

    fn variable(mut self, name: &str, value: &str, declaration: &str) -> Self {
        self.variables.push(format!(r#""{name}":{{"value":{value}}}"#));
        self.declared.push(format!(r#""{name}":{declaration}"#));
        self
    }

    fn output(mut self, name: &str, after: &str, expression: &str) -> Self {
        self.output_changes.push(format!(
            r#""{name}":{{"actions":["create"],"after":{after},"after_unknown":false}}"#
        ));
        self.outputs.push(format!(r#""{name}":{{"expression":{expression}}}"#));
        self
    }

    fn provider(mut self, name: &str, expressions: &str) -> Self {
        self.providers.push(format!(
            r#""{name}":{{"name":"{name}","full_name":"registry.terraform.io/x/{name}","expressions":{expressions}}}"#
        ));
        self
    }

    fn text(&self) -> String {
        let join = |list: &[String]| list.join(",");
        format!(
            r#"{{"format_version":"1.2","variables":{{{}}},"resource_changes":[{}],"output_changes":{{{}}},"configuration":{{"provider_config":{{{}}},"root_module":{{"resources":[{}],"variables":{{{}}},"outputs":{{{}}}}}}}}}"#,
            join(&self.variables),
            join(&self.changes),
            join(&self.output_changes),
            join(&self.providers),
            join(&self.resources),
            join(&self.declared),
            join(&self.outputs),
        )
    }

    fn judge(&self) -> Vec<Finding> {
        let text = self.text();
        Tester::<Analyzer>::new().plan(&text).expect("the analyzer decides")
    }

    fn literals(&self) -> Vec<Finding> {
        self.judge()
            .into_iter()
            .filter(|finding| finding.rule == "NHI011")
            .collect()
    }
}

fn one(plan: &Plan) -> Finding {
    let found = plan.literals();
    assert_eq!(found.len(), 1, "{found:#?}");
    found[0].clone()
}

fn attribute<'f>(finding: &'f Finding, key: &str) -> &'f str {
    finding
        .attributes
        .iter()
        .find(|(name, _)| name == key)
        .map_or("", |(_, value)| value)
}

const PASSWORD: &str = "Sup3rS3cret!2024";

#[test]
fn a_variable_is_told_and_its_uses_are_named() {
    let plan = Plan::new()
        .variable("db_password", &quote(PASSWORD), r#"{"sensitive":true}"#)
        .resource(
            "aws_db_instance.a",
            &format!(r#"{{"password":"{PASSWORD}"}}"#),
            r#"{"password":{"references":["var.db_password"]}}"#,
        )
        .resource(
            "aws_lambda_function.f",
            &format!(r#"{{"environment":[{{"variables":{{"DB_PASSWORD":"{PASSWORD}"}}}}]}}"#),
            r#"{"environment":[{"variables":{"references":["var.db_password"]}}]}"#,
        )
        .output("password", &quote(PASSWORD), r#"{"references":["var.db_password"]}"#);
    let found = one(&plan);
    assert_eq!(
        (found.address.as_str(), found.severity),
        ("var.db_password", Some(Severity::High))
    );
    assert_eq!(
        attribute(&found, "also_at"),
        "aws_db_instance.a aws_lambda_function.f output.password"
    );
    assert_eq!(attribute(&found, "value_hash").len(), 24);
    assert!(found.message.contains("aws_db_instance.a"), "{}", found.message);
}

#[test]
fn a_default_is_told_as_configuration() {
    let plan = Plan::new().variable(
        "api_token",
        r#""q8Zk2LmX0vRtY7bNcW""#,
        r#"{"default":"q8Zk2LmX0vRtY7bNcW"}"#,
    );
    let found = one(&plan);
    assert_eq!(
        (found.address.as_str(), found.evidence.as_str()),
        ("var.api_token", "configuration")
    );
}

#[test]
fn two_places_to_change_are_two_findings() {
    let values = format!(r#"{{"password":"{PASSWORD}"}}"#);
    let constant = format!(r#"{{"password":{{"constant_value":"{PASSWORD}"}}}}"#);
    let plan =
        Plan::new()
            .resource("aws_db_instance.a", &values, &constant)
            .resource("aws_db_instance.b", &values, &constant);
    assert_eq!(plan.literals().len(), 2);
    let local = r#"{"password":{"references":["local.password"]}}"#;
    let plan = Plan::new()
        .resource("aws_db_instance.a", &values, local)
        .resource("aws_db_instance.b", &values, local);
    assert_eq!(attribute(&one(&plan), "also_at"), "aws_db_instance.b");
}

#[test]
fn what_comes_from_another_resource_is_told_there() {
    let plan = Plan::new()
        .resource(
            "aws_mq_broker.m",
            &format!(r#"{{"user":[{{"username":"a","password":"{PASSWORD}"}}]}}"#),
            "{}",
        )
        .resource(
            "aws_ssm_parameter.p",
            &format!(r#"{{"type":"SecureString","name":"/x","value":"{PASSWORD}"}}"#),
            r#"{"value":{"references":["aws_mq_broker.m.user[0].password","aws_mq_broker.m"]}}"#,
        );
    let found = one(&plan);
    assert_eq!(
        (found.address.as_str(), found.path.as_str()),
        ("aws_mq_broker.m", "user[0].password")
    );
}

#[test]
fn weak_passwords_count_by_schema_and_placeholders_do_not() {
    let db =
        |password: &str| Plan::new().resource("aws_db_instance.d", &format!(r#"{{"password":"{password}"}}"#), "{}");
    for password in [
        "changeme",
        "password123",
        "admin",
        "hunter2",
        PASSWORD,
        "correct horse battery",
        "1234",
    ] {
        assert_eq!(one(&db(password)).severity, Some(Severity::High), "{password}");
    }
    for password in [
        "REPLACE_ME",
        "<token>",
        "xxxxxxxx",
        "TODO",
        "${var.password}",
        "",
        "(sensitive)",
        "your-password-here",
    ] {
        assert!(db(password).literals().is_empty(), "{password}");
    }
}

/// What a provider makes, a store hands out or a certificate says is no literal.
const CLEAN: &[(&str, &str)] = &[
    // What a provider makes or a store hands out is no literal.
    ("random_password.p", r#"{"result":"q8Zk2LmX0vRtY7bNcW!x"}"#),
    (
        "azurerm_storage_account.s",
        r#"{"primary_access_key":"q8Zk2LmX0vRtY7bNcWdEaGjKpoIuYtReWqLs1D9fGh3JkMnBvCxZaSdFgHjKlQwE"}"#,
    ),
    (
        "vendor_account.s",
        r#"{"primary_access_key":"q8Zk2LmX0vRtY7bNcWdEaGjKpoIuYtReWq"}"#,
    ),
    (
        "data.aws_secretsmanager_secret_version.s",
        r#"{"secret_string":"{\"password\":\"Sup3rS3cret!2024\"}"}"#,
    ),
    (
        "kubernetes_secret.names",
        r#"{"data":{"username":"app1","host":"db.internal","tls.crt":"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"}}"#,
    ),
    (
        "aws_secretsmanager_secret_version.v",
        r#"{"secret_string":"{\"username\":\"app\",\"engine\":\"mysql\"}"}"#,
    ),
    (
        "aws_opensearch_domain_saml_options.o",
        r#"{"saml_options":[{"master_user_name":"adm1n-user"}]}"#,
    ),
    (
        "aws_iot_certificate.c",
        r#"{"certificate_pem":"-----BEGIN CERTIFICATE-----"}"#,
    ),
];

/// Each holds one credential.
const FLAGGED: &[(&str, &str)] = &[
    (
        "aws_secretsmanager_secret_version.v",
        r#"{"secret_string":"{\"username\":\"app\",\"password\":\"hunter2\"}"}"#,
    ),
    (
        "aws_elasticache_replication_group.r",
        r#"{"auth_token":"sixteen-characters-x"}"#,
    ),
    (
        "azurerm_mssql_server.s",
        r#"{"administrator_login_password":"hunter2"}"#,
    ),
    ("google_sql_user.u", r#"{"password":"hunter2"}"#),
    (
        "kubernetes_secret.s",
        r#"{"data":{"username":"app","password":"hunter2"}}"#,
    ),
    ("kubernetes_secret.b", r#"{"binary_data":{"password":"aHVudGVyMjEx"}}"#),
    (
        "helm_release.h",
        r#"{"set_sensitive":[{"name":"auth.password","value":"hunter2"}]}"#,
    ),
    (
        "helm_release.v",
        r#"{"values":["auth:\n  adminPassword: Sup3rS3cret!2024\n"]}"#,
    ),
    (
        "helm_release.s",
        r#"{"set":[{"name":"auth.adminPassword","value":"Sup3rS3cret!2024"}]}"#,
    ),
    (
        "github_actions_secret.s",
        r#"{"secret_name":"X","plaintext_value":"hunter2"}"#,
    ),
    ("vault_kv_secret_v2.s", r#"{"data_json":"{\"api_key\":\"hunter2\"}"}"#),
    (
        "datadog_integration_azure.d",
        r#"{"client_secret":"b3b7c4d2-1a2b-4c3d-8e9f-001122334455"}"#,
    ),
    ("okta_user.u", r#"{"password":"hunter2"}"#),
    (
        "aws_ecs_task_definition.t",
        r#"{"container_definitions":"[{\"environment\":[{\"name\":\"DB_PASSWORD\",\"value\":\"Sup3rS3cret!2024\"}]}]"}"#,
    ),
    (
        "aws_ecs_task_definition.r",
        r#"{"container_definitions":"[{\"environment\":[{\"value\":\"Sup3rS3cret!2024\",\"name\":\"DB_PASSWORD\"}]}]"}"#,
    ),
    (
        "aws_codebuild_project.b",
        r#"{"environment":[{"environment_variable":[{"name":"API_TOKEN","type":"PLAINTEXT","value":"q8Zk2LmX0vRtY7bNcW"}]}]}"#,
    ),
    (
        "aws_batch_job_definition.j",
        r#"{"container_properties":"{\"environment\":[{\"name\":\"DB_PASSWORD\",\"value\":\"Sup3rS3cret!2024\"}]}"}"#,
    ),
    (
        "aws_apprunner_service.s",
        r#"{"source_configuration":[{"image_repository":[{"image_configuration":[{"runtime_environment_variables":{"DB_PASSWORD":"Sup3rS3cret!2024"}}]}]}]}"#,
    ),
    (
        "aws_sfn_state_machine.s",
        r#"{"definition":"{\"States\":{\"A\":{\"Parameters\":{\"ApiKey\":\"q8Zk2LmX0vRtY7bNcW\"}}}}"}"#,
    ),
    ("vendor_thing.t", r#"{"admin_password":"Sup3rS3cret!2024"}"#),
    (
        "aws_instance.i",
        r##"{"user_data":"#!/bin/sh\nmysql -u root --password=Sup3rS3cret!2024 app\n"}"##,
    ),
    (
        "aws_instance.c",
        r##"{"user_data":"#cloud-config\nwrite_files:\n- content: |\n    machine db login app password h7Kq2mZxP9\n"}"##,
    ),
    (
        "aws_lambda_function.d",
        r#"{"environment":[{"variables":{"CONN":"Server=db.internal;User Id=sa;Password=Sup3rS3cret;"}}]}"#,
    ),
    (
        "aws_lambda_function.j",
        r#"{"environment":[{"variables":{"URL":"jdbc:postgresql://db/app?user=app&password=h7Kq2mZxP9"}}]}"#,
    ),
    (
        "aws_lambda_function.p",
        r#"{"environment":[{"variables":{"X":"postgres%3A%2F%2Fapp%3Ah7Kq2mZxP9%40db.internal%2Fapp"}}]}"#,
    ),
];

#[test]
fn every_kind_of_attribute() {
    for (address, after) in CLEAN {
        let found = Plan::new().resource(address, after, "{}").literals();
        assert!(found.is_empty(), "{found:#?}");
    }
    for (address, after) in FLAGGED {
        let found = Plan::new().resource(address, after, "{}").literals();
        assert_eq!(found.len(), 1, "{address} {after}: {found:#?}");
    }
}

#[test]
fn one_of_several_is_spelled_out_as_well() {
    let either = nhi_plan::symbol::one_of([PASSWORD, "hunter2"]);
    let plan = Plan::new().resource("aws_db_instance.d", &format!(r#"{{"password":"{either}"}}"#), "{}");
    assert_eq!(plan.literals().len(), 2);
    let symbol = nhi_plan::symbol::symbol("random_password.p.result");
    let plan = Plan::new().resource("aws_db_instance.d", &format!(r#"{{"password":"{symbol}"}}"#), "{}");
    assert!(plan.literals().is_empty());
}

#[test]
fn write_only_arguments_stand_in_the_configuration() {
    let plan = Plan::new().resource(
        "aws_db_instance.d",
        r#"{"password":null,"password_wo":null}"#,
        r#"{"password_wo":{"constant_value":"hunter2"},"password_wo_version":{"constant_value":1}}"#,
    );
    let found = one(&plan);
    assert_eq!(
        (found.path.as_str(), found.evidence.as_str()),
        ("password_wo", "configuration")
    );
    let plan = Plan::new().resource(
        "aws_db_instance.d",
        "{}",
        r#"{"password_wo":{"references":["ephemeral.random_password.p.result","ephemeral.random_password.p"]}}"#,
    );
    assert!(plan.literals().is_empty());
}

#[test]
fn one_finding_for_a_plain_parameter() {
    let plan = Plan::new().resource(
        "aws_ssm_parameter.p",
        &format!(r#"{{"name":"/app/db_password","type":"String","value":"{PASSWORD}"}}"#),
        "{}",
    );
    let found = plan.judge();
    let rules: Vec<_> = found.iter().map(|finding| finding.rule.as_str()).collect();
    assert_eq!(rules, ["NHI016"], "{found:#?}");
}

#[test]
fn providers_and_outputs() {
    let plan = Plan::new().provider("postgresql", r#"{"password":{"constant_value":"tr0ub4dor-and-3"}}"#);
    assert_eq!(one(&plan).severity, Some(Severity::Critical));
    let plan = Plan::new().output("o", r#"{"db_password":"Sup3rS3cret!2024"}"#, "{}");
    assert_eq!(one(&plan).path, "db_password");
}

/// Names, references, digests and the like, under names of secrets.
#[test]
fn what_is_no_secret_under_the_name_of_one() {
    for (name, value) in [
        (
            "DB_PASSWORD",
            "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbCdEf",
        ),
        ("DB_PASSWORD", "{{resolve:secretsmanager:db:SecretString:password}}"),
        ("API_KEY", "op://vault/item/api-key"),
        ("API_KEY", "vault:secret/data/app#key"),
        ("API_TOKEN", "ssm:/app/prod/token"),
        ("API_TOKEN", "projects/p/secrets/token/versions/latest"),
        (
            "DB_PASSWORD",
            "@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/db/)",
        ),
        (
            "SECRET",
            "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        ),
        ("CLIENT_SECRET_ID", "b3b7c4d2-1a2b-4c3d-8e9f-001122334455"),
        (
            "PUBLIC_KEY",
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE",
        ),
        (
            "ENCRYPTED_PASSWORD",
            "AQICAHhxGlYZq8Zk2LmX0vRtY7bNcWdEaGjKpoIuYtReWqLs1D9fGh3JkMnBvCxZaSdFgHjKlQwE",
        ),
        ("DB_SECRET", "prod-payments-db-credentials"),
        ("TOKEN_FILE", "/var/run/secrets/token"),
        ("TOKEN", "/var/run/secrets/kubernetes.io/serviceaccount/token"),
        ("API_TOKEN", "https://auth.example.com/oauth/token"),
        ("PASSWORD", "changeme"),
        ("PASSWORD", "${DB_PASSWORD}"),
        ("PASSWORD", "$DB_PASSWORD"),
        ("PASSWORD", "%DB_PASSWORD%"),
        ("PASSWORD_REGEX", "^[a-zA-Z0-9]{12,}$"),
        ("ENABLE_PASSWORD", "true"),
        ("PASSWORD_TTL", "3600"),
        ("SECRET_KEY", "server.key"),
        ("TOKEN", "AKIAIOSFODNN7EXAMPLE"),
        ("SECRET", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        ("SIGNING_KEY", "alias/app-signing"),
        ("AUTH_TOKEN", "eu-west-1"),
        ("JWT_SECRET", "jwt-secret-v2"),
    ] {
        let after = format!(r#"{{"environment":[{{"variables":{{"{name}":{}}}}}]}}"#, quote(value));
        let found = Plan::new().resource("aws_lambda_function.f", &after, "{}").literals();
        assert!(found.is_empty(), "{name}={value}: {found:#?}");
        let script = format!("#!/bin/sh\nexport {name}={value}\n");
        let after = format!(r#"{{"user_data":{}}}"#, quote(&script));
        let found = Plan::new().resource("aws_instance.i", &after, "{}").literals();
        assert!(found.is_empty(), "{script}: {found:#?}");
    }
}

#[test]
fn what_a_module_call_passes_is_told_at_the_call() {
    let text = format!(
        r#"{{"format_version":"1.2","resource_changes":[{{"address":"module.db.aws_db_instance.d","module_address":"module.db","mode":"managed","type":"aws_db_instance","name":"d","change":{{"actions":["create"],"after":{{"password":"{PASSWORD}"}},"after_unknown":{{}}}}}}],
        "configuration":{{"root_module":{{"module_calls":{{"db":{{"expressions":{{"password":{{"constant_value":"{PASSWORD}"}}}},"module":{{
        "variables":{{"password":{{}}}},"resources":[{{"address":"aws_db_instance.d","mode":"managed","type":"aws_db_instance","name":"d","expressions":{{"password":{{"references":["var.password"]}}}}}}]}}}}}}}}}}}}"#
    );
    let found = Tester::<Analyzer>::new().plan(&text).expect("the analyzer decides");
    let found: Vec<_> = found.iter().filter(|finding| finding.rule == "NHI011").collect();
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0].address, "module.db.var.password");
    assert_eq!(attribute(found[0], "also_at"), "module.db.aws_db_instance.d");
}

#[test]
fn a_weak_value_is_told_at_its_variable_too() {
    let plan = Plan::new().variable("pg", r#""letters""#, "{}").resource(
        "aws_db_instance.d",
        r#"{"password":"letters"}"#,
        r#"{"password":{"references":["var.pg"]}}"#,
    );
    let found = one(&plan);
    assert_eq!((found.address.as_str(), found.path.as_str()), ("var.pg", ""));
    assert_eq!(attribute(&found, "also_at"), "aws_db_instance.d");
    // What is put together from a variable is told where it is put together.
    let plan = Plan::new().variable("env", r#""dev""#, "{}").resource(
        "aws_db_instance.d",
        r#"{"password":"dev-letters"}"#,
        r#"{"password":{"references":["var.env"]}}"#,
    );
    assert_eq!(one(&plan).address, "aws_db_instance.d");
}
