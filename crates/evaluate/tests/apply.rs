//! Apply: what was worked out before, with what became known put in for the symbols, is what a real apply made of it.
//!
//! `plan.json` and `state.json` were recorded with terraform 1.11.4, one before and one after applying `tests/apply`.

#![allow(
    clippy::expect_used,
    clippy::format_collect,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "helpers of tests fail the test"
)]

mod common;

use nhi_evaluate::{Limits, Sources, Status, evaluate, overlay};
use nhi_plan::symbol::{self, Part};
use serde_json::Value;

/// Attributes by address.
fn state() -> std::collections::HashMap<String, Value> {
    fn walk(module: &Value, found: &mut std::collections::HashMap<String, Value>) {
        for resource in module["resources"].as_array().into_iter().flatten() {
            found.insert(
                resource["address"].as_str().unwrap().to_owned(),
                resource["values"].clone(),
            );
        }
        for child in module["child_modules"].as_array().into_iter().flatten() {
            walk(child, found);
        }
    }
    let state: Value = serde_json::from_str(&common::text("apply/state.json")).unwrap();
    let mut found = std::collections::HashMap::new();
    walk(&state["values"]["root_module"], &mut found);
    found
}

/// What a symbol stands for; `None` for what is no attribute.
fn meaning(state: &std::collections::HashMap<String, Value>, origin: &str) -> Option<String> {
    let origin = origin.replace("\\\"", "\"").replace('\\', "");
    let (address, attribute) = origin.rsplit_once('.')?;
    Some(state.get(address)?.get(attribute)?.as_str()?.to_owned())
}

/// Whether a text becomes `applied`; a symbol whose meaning is not an attribute may be anything.
fn becomes(state: &std::collections::HashMap<String, Value>, text: &str, applied: &str) -> bool {
    let mut pieces: Vec<Option<String>> = Vec::new();
    for part in symbol::parts(text) {
        pieces.push(match part {
            Part::Text(known) => Some(known.to_owned()),
            Part::Symbol(origin) => meaning(state, origin),
        });
    }
    let mut rest = applied;
    let mut anywhere = false;
    for piece in &pieces {
        match piece {
            None => anywhere = true,
            Some(known) if anywhere => match rest.find(known.as_str()) {
                Some(at) => (rest, anywhere) = (&rest[at + known.len()..], false),
                None => return false,
            },
            Some(known) => match rest.strip_prefix(known.as_str()) {
                Some(after) => rest = after,
                None => return false,
            },
        }
    }
    anywhere || rest.is_empty()
}

/// The parts of JSON that is written in another way all the same.
fn alike(state: &std::collections::HashMap<String, Value>, found: &Value, applied: &Value) -> bool {
    match (found, applied) {
        (Value::String(found), Value::String(applied)) => symbol::alternatives(found).iter().any(|text| {
            let as_json = || {
                let found: Value = serde_json::from_str(text).ok()?;
                let applied: Value = serde_json::from_str(applied).ok()?;
                Some(found.is_object() && alike(state, &found, &applied))
            };
            becomes(state, text, applied) || as_json() == Some(true)
        }),
        (Value::Array(found), Value::Array(applied)) => {
            found.len() == applied.len()
                && found
                    .iter()
                    .zip(applied)
                    .all(|(found, applied)| alike(state, found, applied))
        }
        (Value::Object(found), Value::Object(applied)) => {
            found.len() == applied.len()
                && found
                    .iter()
                    .all(|(key, found)| applied.get(key).is_some_and(|applied| alike(state, found, applied)))
        }
        (found, applied) => found == applied,
    }
}

#[test]
fn symbols_stand_for_what_apply_makes_known() {
    let sources = Sources::new(common::files("apply").into_iter());
    assert_eq!(sources.notes(), [] as [&str; 0]);
    let state = state();
    let plan = common::text("apply/plan.json");
    common::with_plan(&plan, |plan| {
        let evaluation = evaluate(&sources, plan, &Limits::default());
        let (mut filled, mut left) = (0, Vec::new());
        for mut block in plan.blocks() {
            overlay(&mut block, &evaluation);
            let Some(applied) = state.get(&*block.address) else {
                continue;
            };
            let after: Value = serde_json::from_str(block.after.as_deref().unwrap()).unwrap();
            for outcome in evaluation.outcomes(&block.address) {
                if outcome.status == Status::Unresolved {
                    left.push(block.address.to_string());
                    continue;
                }
                filled += 1;
                assert!(
                    !block.unknown_paths.contains(&outcome.path.as_str().into()),
                    "{}",
                    outcome.path
                );
            }
            let whole = block
                .unknown_paths
                .iter()
                .all(|path| matches!(&**path, "id" | "output"));
            if whole {
                let (found, applied) = (&after["input"], &applied["input"]);
                assert!(alike(&state, found, applied), "{}\n{found}\n{applied}", block.address);
            }
        }
        assert!(filled >= 40, "only {filled} attributes were filled in");
        let expected = [
            "base64",
            "element",
            "list_item",
            "present",
            "substring",
            "tostring",
            "unknown_list",
            "unsupported",
        ];
        let mut expected: Vec<String> = expected
            .iter()
            .map(|key| format!("terraform_data.t[\"{key}\"]"))
            .collect();
        expected.push("terraform_data.object".to_owned());
        expected.extend((0..2).map(|at| format!("module.m[{at}].terraform_data.inner")));
        left.retain(|address| !expected.contains(address));
        assert_eq!(left, [] as [String; 0], "these should be known in part");
    });
}

#[test]
fn a_secret_stays_one() {
    let sources = Sources::new(common::files("apply").into_iter());
    let plan = common::text("apply/plan.json");
    common::with_plan(&plan, |plan| {
        let evaluation = evaluate(&sources, plan, &Limits::default());
        let change = common::overlaid(plan, &evaluation, "terraform_data.object");
        assert!(
            change.sensitive_paths.contains(&"input.mixed".into()),
            "{:?}",
            change.sensitive_paths
        );
        assert!(change.after.as_deref().unwrap().contains("s3cr3t-value"));
        let redacted = nhi_plan::redact(&change);
        assert!(!redacted.after.unwrap().contains("s3cr3t-value"));
    });
}
