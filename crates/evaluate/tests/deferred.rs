//! Deferral: a real plan in which one text is unknown, worked out and with that text put in, is the plan in which it
//! was known all along.
//!
//! Both plans were made by terraform 1.11.4 and the AWS provider 5.100.0; `tests/deferred/record.sh` makes them anew.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "helpers of tests fail the test"
)]

mod common;

use nhi_evaluate::{Limits, Sources, evaluate, overlay};
use nhi_plan::symbol;
use serde_json::Value;

fn plan(name: &str) -> String {
    let packed = std::fs::read(common::data(name)).expect("the recorded plan");
    String::from_utf8(miniz_oxide::inflate::decompress_to_vec_zlib(&packed).expect("deflated")).expect("UTF-8")
}

/// JSON without the order of lists, in which unknown elements stand elsewhere; documents in texts are opened.
fn unordered(value: &Value) -> Value {
    match value {
        Value::Array(items) => {
            let mut items: Vec<Value> = items.iter().map(unordered).collect();
            items.sort_by_key(ToString::to_string);
            Value::Array(items)
        }
        Value::Object(members) => members
            .iter()
            .map(|(key, value)| (key.clone(), unordered(value)))
            .collect(),
        Value::String(text) => match serde_json::from_str::<Value>(text) {
            Ok(inner) if inner.is_object() => unordered(&inner),
            _ => value.clone(),
        },
        other => other.clone(),
    }
}

/// The text with the one thing that is unknown put in.
fn with_the_unit(json: &str) -> Value {
    let text = json.replace(&symbol::symbol("terraform_data.u.output"), "unit");
    unordered(&serde_json::from_str(&text).expect("JSON"))
}

#[test]
fn a_deferred_document_is_the_one_that_apply_will_make() {
    let files = common::files("deferred").into_iter().filter(|(path, _)| {
        let path = std::path::Path::new(path);
        path.extension().is_some_and(|ending| ending == "tf")
    });
    let sources = Sources::new(files);
    let (deferred, known) = (plan("deferred/plan.json.z"), plan("deferred/known.json.z"));
    common::with_plan(&known, |known| {
        let known: std::collections::HashMap<String, String> = known
            .blocks()
            .filter_map(|block| Some((block.address.to_string(), block.after?.into_owned())))
            .collect();
        common::with_plan(&deferred, |plan| {
            let evaluation = evaluate(&sources, plan, &Limits::default());
            let (mut documents, mut wrong) = (0, Vec::new());
            for mut block in plan.blocks() {
                let deferred: Vec<String> = block.unknown_paths.iter().map(ToString::to_string).collect();
                overlay(&mut block, &evaluation);
                let (Some(after), Some(known)) = (block.after.as_deref(), known.get(&*block.address)) else {
                    continue;
                };
                let (after, known) = (with_the_unit(after), unordered(&serde_json::from_str(known).unwrap()));
                for name in ["json", "minified_json", "policy", "assume_role_policy"] {
                    if !deferred.iter().any(|path| path == name) {
                        continue;
                    }
                    documents += 1;
                    if after.get(name).is_none() || after[name] != known[name] {
                        let (after, known) = (after.get(name), known.get(name));
                        let why = evaluation.outcomes(&block.address);
                        wrong.push(format!("{} {name}\n  {after:?}\n  {known:?}\n  {why:?}", block.address));
                    }
                }
            }
            assert!(wrong.is_empty(), "{} of {documents}\n{}", wrong.len(), wrong[0]);
            assert!(documents > 150, "only {documents} documents were deferred");
        });
    });
}
