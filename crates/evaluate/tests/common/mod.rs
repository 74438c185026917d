//! What the tests of this crate share: files in, plan in, evaluation out.

#![allow(dead_code, unreachable_pub, reason = "every test takes what it needs")]
#![allow(clippy::expect_used, clippy::panic, reason = "helpers of tests fail the test")]

pub mod applied;

use std::path::Path;

use nhi_evaluate::{Evaluation, Limits, Sources, evaluate};
use nhi_plan::{Change, Plan, symbol};

/// A directory of test data.
pub fn data(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

/// The text of a file of test data.
pub fn text(name: &str) -> String {
    let path = data(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All files below a directory of test data, by path.
pub fn files(name: &str) -> Vec<(String, String)> {
    fn walk(root: &Path, directory: &Path, found: &mut Vec<(String, String)>) {
        for entry in std::fs::read_dir(directory).expect("a directory").flatten() {
            let path = entry.path();
            if path.is_dir() {
                walk(root, &path, found);
            } else if let Ok(text) = std::fs::read_to_string(&path) {
                let name = path.strip_prefix(root).expect("below the root");
                found.push((name.to_string_lossy().replace('\\', "/"), text));
            }
        }
    }
    let mut found = Vec::new();
    walk(&data(name), &data(name), &mut found);
    found.sort();
    found
}

/// Sources of one root file.
pub fn one_file(text: &str) -> Sources {
    Sources::new(std::iter::once(("main.tf".to_owned(), text.to_owned())))
}

/// Runs `check` with the plan in a JSON text.
pub fn with_plan<T>(json: &str, check: impl FnOnce(&Plan<'_>) -> T) -> T {
    let decoded = nhi_plan::decode(json.as_bytes()).expect("text");
    let plan = decoded.read(&nhi_plan::Limits::default()).expect("a plan");
    check(&plan)
}

/// A plan in which these outputs are unknown.
pub fn plan_of_outputs<'n>(names: impl IntoIterator<Item = &'n str>, rest: &str) -> String {
    let unknown = r#"{"actions":["create"],"before":null,"after_unknown":true}"#;
    let outputs: Vec<String> = names.into_iter().map(|name| format!("\"{name}\":{unknown}")).collect();
    format!(
        r#"{{"format_version":"1.2","resource_changes":[],"output_changes":{{{}}}{rest}}}"#,
        outputs.join(",")
    )
}

/// What an output becomes: JSON text with symbols as a person reads them, or why not.
pub fn output(evaluation: &Evaluation, name: &str) -> Result<String, String> {
    let address = format!("output.{name}");
    match (evaluation.filled(&address), evaluation.outcomes(&address)) {
        ([filled], _) => Ok(filled.json.clone()),
        (_, [outcome, ..]) => Err(outcome.reasons.join("; ")),
        _ => Err("nothing is said of it".to_owned()),
    }
}

/// Evaluates one expression: readable JSON, or the reason why it stays unknown.
pub fn expression(expression: &str, rest: &str) -> Result<String, String> {
    let sources = one_file(&format!("{rest}\noutput \"o\" {{\n  value = {expression}\n}}\n"));
    with_plan(&plan_of_outputs(["o"], ""), |plan| {
        let evaluation = evaluate(&sources, plan, &Limits::default());
        output(&evaluation, "o").map(|json| symbol::readable(&json).into_owned())
    })
}

/// The block at an address, with what was worked out.
pub fn overlaid<'p>(plan: &'p Plan<'_>, evaluation: &Evaluation, address: &str) -> Change<'p> {
    let mut change = plan.blocks().find(|block| block.address == address).expect("the block");
    nhi_evaluate::overlay(&mut change, evaluation);
    change
}
