//! Apply: what was worked out before, with what became known put in for the symbols, is what a real apply made of it.
//!
//! `plan.json` and `state.json` were recorded with terraform 1.11.4, one before and one after applying `tests/apply`;
//! the end-to-end tests do the same with the core at hand.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "helpers of tests fail the test"
)]

mod common;

use nhi_evaluate::{Limits, Sources, evaluate};

/// What stays unknown as a whole, because nothing else is to be said of it.
const LEFT: [&str; 8] = [
    "base64",
    "element",
    "list_item",
    "present",
    "substring",
    "tostring",
    "unknown_list",
    "unsupported",
];

#[test]
fn symbols_stand_for_what_apply_makes_known() {
    let (plan, state) = (common::text("apply/plan.json"), common::text("apply/state.json"));
    let mut compared = common::applied::compare(common::files("apply"), &plan, &state);
    assert_eq!(compared.wrong, [] as [String; 0]);
    assert!(
        compared.filled >= 40,
        "only {} attributes were filled in",
        compared.filled
    );
    let mut expected: Vec<String> = LEFT.iter().map(|key| format!("terraform_data.t[\"{key}\"]")).collect();
    expected.extend((0..2).map(|at| format!("module.m[{at}].terraform_data.inner")));
    expected.push("terraform_data.object".to_owned());
    compared.left.retain(|address| !expected.contains(address));
    assert_eq!(compared.left, [] as [String; 0], "these should be known in part");
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
