//! What is told of values of which nothing is known.

use super::super::RULE;
use crate::rules::cases::{Case, cases, plan};

/// A value of which nothing is known may hold what is written out in its expression.
#[test]
fn values_of_which_nothing_is_known() {
    let later = |address: &str, path: &'static str, origin: &'static str| {
        plan(&[(address, r#"{"name":"x"}"#)])
            .unknown(address, &[path])
            .references(address, path, &[origin])
    };
    let (task, worker) = ("aws_ecs_task_definition.t", "aws_lambda_function.f");
    let (version, cache) = (
        "aws_secretsmanager_secret_version.v",
        "aws_elasticache_replication_group.c",
    );
    cases(&RULE)
        .flags(&[
            Case::unverified(
                "definitions",
                later(task, "container_definitions", "aws_ecr_repository.r"),
            )
            .at("container_definitions"),
            Case::unverified("an environment", later(worker, "environment", "terraform_data.t")).at("environment"),
            Case::unverified("a token from outside", later(cache, "auth_token", "data.external.x")),
            Case::unverified(
                "once for all instances",
                later("aws_lambda_function.f[0]", "environment", "terraform_data.t").joined(later(
                    "aws_lambda_function.f[1]",
                    "environment",
                    "terraform_data.t",
                )),
            ),
        ])
        .allows(&[
            Case::clean(
                "several values, which are told as stored",
                later(version, "secret_string", "aws_db_instance.d"),
            ),
            Case::clean(
                "a secret that is made",
                later(version, "secret_string", "random_password.p"),
            ),
            Case::clean(
                "an attribute of a resource",
                later(cache, "auth_token", "aws_db_instance.d"),
            ),
            Case::clean(
                "a part of an environment",
                later(worker, "environment[0].variables.TABLE", "aws_dynamodb_table.t"),
            ),
            Case::clean(
                "what nobody wrote",
                plan(&[(worker, "{}")]).unknown(worker, &["environment"]),
            ),
            Case::clean(
                "no settings",
                later("aws_sfn_state_machine.s", "definition", "aws_lambda_function.f"),
            ),
        ]);
}
