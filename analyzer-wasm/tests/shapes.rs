//! Plans in the shape that providers document, where no provider was at hand: beside each plan stand the configuration
//! it would come from, and every line that the analyzer says of it.

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

/// Code, severity, address, path and message.
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
        message,
        ..
    } = finding;
    format!("{rule} {severity} {address} {path}: {message}\n")
}

#[test]
fn every_plan_is_judged_as_it_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/shapes");
    let mut count = 0;
    for case in fs::read_dir(folder).expect("plans") {
        let case = case.expect("entry").path();
        let read = |name: &str| fs::read_to_string(case.join(name)).unwrap_or_default();
        // Records are another rule's concern.
        let found = judge(&read("plan.json"));
        let said: String = found
            .iter()
            .filter(|finding| finding.rule != "NHI020")
            .map(line)
            .collect();
        assert_eq!(said, read("findings.txt"), "{}", case.display());
        count += 1;
    }
    assert!(count > 0, "no plans");
}
