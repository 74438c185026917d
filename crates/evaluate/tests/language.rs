//! The language as Terraform has it: expressions and what `terraform plan` 1.11.4 says they are.

#![allow(
    clippy::expect_used,
    clippy::format_collect,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "helpers of tests fail the test"
)]

mod common;

use nhi_evaluate::{Limits, Sources, evaluate};
use serde_json::Value;

/// What Terraform says of a value that is null is nothing.
const NULL: &str = "the configuration sets it to null";

#[test]
fn every_expression_is_what_terraform_says() {
    let cases: Vec<Value> = serde_json::from_str(&common::text("language/expected.json")).unwrap();
    let mut files = common::files("language");
    let outputs: String = cases
        .iter()
        .enumerate()
        .map(|(at, case)| {
            format!(
                "output \"t{at}\" {{\n  value = {}\n}}\n",
                case["expression"].as_str().unwrap()
            )
        })
        .collect();
    files.push(("outputs.tf".to_owned(), outputs));
    let sources = Sources::new(files.into_iter());
    assert_eq!(sources.notes(), [] as [&str; 0]);
    let names: Vec<String> = (0..cases.len()).map(|at| format!("t{at}")).collect();
    let plan = common::plan_of_outputs(names.iter().map(String::as_str), "");
    let wrong: Vec<String> = common::with_plan(&plan, |plan| {
        let evaluation = evaluate(&sources, plan, &Limits::default());
        let mut wrong = Vec::new();
        for (case, name) in cases.iter().zip(&names) {
            let found = match common::output(&evaluation, name) {
                Ok(json) => serde_json::from_str(&json).expect("JSON"),
                Err(reason) if reason.starts_with(NULL) => Value::Null,
                Err(reason) => Value::String(format!("UNKNOWN: {reason}")),
            };
            if found != case["value"] {
                wrong.push(format!(
                    "{}\n  terraform {}\n  evaluated {found}",
                    case["expression"], case["value"]
                ));
            }
        }
        wrong
    });
    assert!(
        wrong.is_empty(),
        "{} of {} differ\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
}
