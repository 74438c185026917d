//! The verdict on a plan of Google Cloud or Azure does not depend on order and names.

#![expect(
    clippy::expect_used,
    reason = "a helper of tests stops at the first thing that is not as it says"
)]

use nhi_analyzer::Analyzer;
use nhi_plan::{Finding, Limits, Outcome, Severity};
use nhi_policy_sdk::Tester;

const PLANS: [&str; 2] = [
    include_str!("plans/google-shape/plan.json"),
    include_str!("plans/azure-shape/plan.json"),
];
/// Names of blocks in those plans.
const NAMES: [&str; 8] = ["admin", "ci", "nodes", "team", "deploy", "sync", "msgraph", "worker"];
const MUTANTS: u64 = 20;

/// Numbers that look random and are the same every time.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let limit = u64::try_from(limit).expect("a small number");
        usize::try_from((self.0 >> 33) % limit).expect("a small number")
    }
}

/// What is said, without where: rule, outcome, severity.
fn gist(findings: &[Finding]) -> Vec<(String, Outcome, Option<Severity>)> {
    let mut gist: Vec<_> = findings
        .iter()
        .map(|finding| (finding.rule.clone(), finding.outcome, finding.severity))
        .collect();
    gist.sort();
    gist
}

fn judge(text: &str, order: Option<&mut Random>) -> Vec<Finding> {
    let plan = nhi_plan::read(text, &Limits::default()).expect("a plan that reads");
    let mut blocks: Vec<_> = plan.blocks().collect();
    if let Some(random) = order {
        for index in (1..blocks.len()).rev() {
            blocks.swap(index, random.below(index + 1));
        }
    }
    Tester::<Analyzer>::new().changes(blocks).expect("the analyzer decides")
}

#[test]
fn order_does_not_matter() {
    for text in PLANS {
        let wanted = gist(&judge(text, None));
        assert!(wanted.len() > 5);
        for seed in 0..MUTANTS {
            assert_eq!(gist(&judge(text, Some(&mut Random(seed)))), wanted, "seed {seed}");
        }
    }
}

#[test]
fn names_do_not_matter() {
    for text in PLANS {
        let wanted = gist(&judge(text, None));
        for seed in 0..MUTANTS {
            let mut renamed = text.to_owned();
            for name in NAMES {
                let new = format!("n{seed}_{}", Random(seed).below(1000) + name.len() * 1000);
                let new = format!("{new}_{}", name.chars().rev().collect::<String>());
                renamed = renamed.replace(&format!(".{name}"), &format!(".{new}"));
                renamed = renamed.replace(&format!(r#""name":"{name}""#), &format!(r#""name":"{new}""#));
            }
            assert_eq!(gist(&judge(&renamed, None)), wanted, "seed {seed}");
        }
    }
}
