//! Whole plans of the real AWS provider through the reader and the analyzer: what stands beside each plan is the
//! configuration it was made from, and every line that the analyzer says of it.

#![expect(
    clippy::expect_used,
    reason = "a helper of tests stops at the first thing that is not as it says"
)]

use std::fs;
use std::path::Path;

use nhi_analyzer::Analyzer;
use nhi_plan::{Finding, Limits, Outcome};
use nhi_policy_sdk::Tester;

fn judge(text: &str) -> Vec<Finding> {
    let plan = nhi_plan::read(text, &Limits::default()).expect("a plan that reads");
    Tester::<Analyzer>::new()
        .changes(plan.blocks())
        .expect("the analyzer decides")
}

fn line(finding: &Finding) -> String {
    let severity = match (finding.outcome, finding.severity) {
        (Outcome::Unverified, _) => "unverified",
        (_, Some(severity)) => severity.as_str(),
        (_, None) => "-",
    };
    let Finding {
        rule,
        address,
        path,
        evidence,
        ..
    } = finding;
    format!("{rule} {severity} {address} {path} {evidence}\n")
}

#[test]
fn every_plan_is_judged_as_it_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/plans");
    let mut count = 0;
    for case in fs::read_dir(folder).expect("plans") {
        let case = case.expect("entry").path();
        let read = |name: &str| fs::read_to_string(case.join(name)).unwrap_or_default();
        let said: String = judge(&read("plan.json")).iter().map(line).collect();
        assert_eq!(said, read("findings.txt"), "{}", case.display());
        count += 1;
    }
    assert!(count > 0, "no plans");
}

#[test]
fn the_same_plan_gives_the_same_bytes() {
    let text = include_str!("plans/first-plan/plan.json");
    assert_eq!(judge(text), judge(text));
}
