//! Compares what was worked out before an apply with what the apply made; the end-to-end tests use it as well.

use std::collections::HashMap;

use nhi_evaluate::{Limits, Sources, Status, evaluate, overlay};
use nhi_plan::symbol::{self, Part};
use serde_json::Value;

/// Attributes by address.
type State = HashMap<String, Value>;

fn read(state: &str) -> State {
    fn walk(module: &Value, found: &mut State) {
        for resource in module.get("resources").and_then(Value::as_array).into_iter().flatten() {
            found.insert(
                resource["address"].as_str().expect("an address").to_owned(),
                resource["values"].clone(),
            );
        }
        for child in module
            .get("child_modules")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            walk(child, found);
        }
    }
    let state: Value = serde_json::from_str(state).expect("the state is JSON");
    let mut found = State::new();
    walk(&state["values"]["root_module"], &mut found);
    found
}

/// What a symbol stands for; `None` for what is no attribute.
fn meaning(state: &State, origin: &str) -> Option<String> {
    let origin = origin.replace("\\\"", "\"").replace('\\', "");
    let (address, attribute) = origin.rsplit_once('.')?;
    Some(state.get(address)?.get(attribute)?.as_str()?.to_owned())
}

/// Whether a text becomes `applied`; a symbol whose meaning is not an attribute may be anything.
fn becomes(state: &State, text: &str, applied: &str) -> bool {
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
                Some(at) => (rest, anywhere) = (rest.get(at + known.len()..).unwrap_or_default(), false),
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
fn alike(state: &State, found: &Value, applied: &Value) -> bool {
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

/// What came of the comparison.
#[derive(Debug, Default)]
pub(crate) struct Compared {
    /// Attributes that are known, be it in part.
    pub(crate) filled: usize,
    /// Addresses at which an attribute stays unknown as a whole.
    pub(crate) left: Vec<String>,
    /// What the apply made otherwise.
    pub(crate) wrong: Vec<String>,
}

/// Works the plan out and compares the `input` of every `terraform_data` with the state.
pub(crate) fn compare(files: Vec<(String, String)>, plan: &str, state: &str) -> Compared {
    let sources = Sources::new(files.into_iter());
    let state = read(state);
    let decoded = nhi_plan::decode(plan.as_bytes()).expect("text");
    let plan = decoded.read(&nhi_plan::Limits::default()).expect("a plan");
    let evaluation = evaluate(&sources, &plan, &Limits::default());
    let mut compared = Compared::default();
    for mut block in plan.blocks() {
        overlay(&mut block, &evaluation);
        let (Some(applied), Some(after)) = (state.get(&*block.address), block.after.as_deref()) else {
            continue;
        };
        let after: Value = serde_json::from_str(after).expect("the planned values are JSON");
        for outcome in evaluation.outcomes(&block.address) {
            if outcome.status == Status::Unresolved {
                compared.left.push(block.address.to_string());
                continue;
            }
            compared.filled += 1;
            if block.unknown_paths.contains(&outcome.path.as_str().into()) {
                compared
                    .wrong
                    .push(format!("{} {} is still unknown", block.address, outcome.path));
            }
        }
        let whole = block
            .unknown_paths
            .iter()
            .all(|path| matches!(&**path, "id" | "output"));
        let (Some(found), Some(applied)) = (after.get("input"), applied.get("input")) else {
            continue;
        };
        if whole && !alike(&state, found, applied) {
            compared
                .wrong
                .push(format!("{}\n  {found}\n  {applied}", block.address));
        }
    }
    compared
}
