//! Labelled plans, and what a mutant of one is judged by.

pub(crate) mod same;
pub(crate) mod unknown;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use nhi_analyzer::Analyzer;
use nhi_plan::json;
use nhi_plan::{Change, Finding, Mode, Outcome};
use nhi_policy_sdk::Tester;

/// Numbers that look random and are the same every time.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let limit = u64::try_from(limit).expect("a small number");
        usize::try_from((self.0 >> 33) % limit).expect("a small number")
    }
}

/// A finding that must be told: one of these rules, at one of these addresses.
#[derive(Debug)]
pub(crate) struct Expected {
    pub(crate) rules: Vec<String>,
    pub(crate) addresses: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) plan: String,
    pub(crate) expect: Vec<Expected>,
    /// Few cases have one of its rules.
    pub(crate) is_rare: bool,
}

/// A rule with fewer cases is rare.
const RARE: usize = 3;

/// Every labelled plan, by name.
pub(crate) fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/plans/labelled");
    let entries = fs::read_dir(folder).expect("labelled plans");
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.expect("entry").path()).collect();
    folders.sort();
    let mut cases: Vec<Case> = folders.iter().map(|folder| read(folder)).collect();
    let mut rules: BTreeMap<String, usize> = BTreeMap::new();
    for rule in cases.iter().flat_map(Case::rules) {
        *rules.entry(rule.clone()).or_default() += 1;
    }
    for case in &mut cases {
        let is_rare = |rule: &String| rules.get(rule).is_some_and(|count| *count < RARE);
        let rare = case.rules().any(is_rare);
        case.is_rare = rare;
    }
    cases
}

impl Case {
    fn rules(&self) -> impl Iterator<Item = &String> {
        self.expect.iter().flat_map(|one| &one.rules)
    }
}

fn read(folder: &Path) -> Case {
    let labels = fs::read_to_string(folder.join("labels.json")).expect("labels");
    let labels = json::parse(&labels).expect("labels");
    let expect = labels.root().get("expect").into_iter().flat_map(json::Value::elements);
    let expect = expect.map(|one| {
        let rules = one.get("rule").and_then(json::Value::as_str).expect("rule");
        let addresses = one.get("address").into_iter().flat_map(json::Value::elements);
        Expected {
            rules: rules.split('|').map(str::to_owned).collect(),
            addresses: addresses
                .filter_map(|address| Some(address.as_str()?.into_owned()))
                .collect(),
        }
    });
    Case {
        name: folder.file_name().expect("a name").to_string_lossy().into_owned(),
        plan: fs::read_to_string(folder.join("plan.json")).expect("plan"),
        expect: expect.collect(),
        is_rare: false,
    }
}

pub(crate) fn judge(blocks: Vec<Change<'_>>) -> Vec<Finding> {
    Tester::<Analyzer>::new().changes(blocks).expect("the analyzer decides")
}

pub(crate) fn is_resource(block: &Change<'_>) -> bool {
    matches!(block.mode, Mode::Managed | Mode::Data)
}

impl Expected {
    /// Whether it is told as it was, or as what cannot be decided at one of its addresses or at the one that became
    /// unknown.
    pub(crate) fn is_told(&self, found: &[Finding], mutated: &str) -> bool {
        found.iter().any(|one| {
            let here = self.addresses.contains(&one.address);
            let undecided = one.outcome == Outcome::Unverified;
            here && (undecided || self.rules.contains(&one.rule)) || undecided && one.address == mutated
        })
    }
}
