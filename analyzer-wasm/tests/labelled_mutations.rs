//! The verdict on a labelled plan does not depend on what means nothing: order, names, modules, how statements are
//! spread over policies. What becomes known only after apply is told as that, and never passed over.

#![expect(
    clippy::expect_used,
    clippy::string_slice,
    reason = "a helper of tests stops at the first thing that is not as it says"
)]

mod mutants;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use nhi_plan::{Change, Limits, Mode};

use self::mutants::same::{counted, gist, renamed, split, wrapped};
use self::mutants::{Case, Expected, Random, cases, judge, unknown};

/// Chooses the order of blocks.
const SEED: u64 = 20_261_126;
/// Mutants that each rule with a labelled case has at least.
const PER_RULE_MIN: usize = 20;
/// How far inside an attribute something becomes unknown.
const DEPTH: usize = 3;
/// Attributes of one block that become unknown.
const ATTRIBUTES_MAX: usize = 60;

/// What comes from elsewhere is not written out: that it is stored is told instead.
const LITERAL: &str = "NHI011";
const STORED: &str = "NHI013";

/// What came of the mutants of all cases.
#[derive(Debug, Default)]
struct Report {
    same: usize,
    unknown: usize,
    changed: String,
    silent: String,
    rules: BTreeMap<String, usize>,
}

impl Report {
    fn add(&mut self, other: Self) {
        self.same += other.same;
        self.unknown += other.unknown;
        self.changed.push_str(&other.changed);
        self.silent.push_str(&other.silent);
        for (rule, count) in other.rules {
            *self.rules.entry(rule).or_default() += count;
        }
    }

    fn count<'r>(&mut self, rules: impl Iterator<Item = &'r String>) {
        for rule in rules {
            *self.rules.entry(rule.clone()).or_default() += 1;
        }
    }
}

/// Every mutant, judged once for all tests.
static REPORT: LazyLock<Report> = LazyLock::new(|| {
    let cases = cases();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut report = Report::default();
        while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            report.add(of(case));
        }
        report
    };
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let mut whole = Report::default();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        for thread in threads {
            whole.add(thread.join().expect("a worker"));
        }
    });
    whole
});

fn of(case: &Case) -> Report {
    let plan = nhi_plan::read(&case.plan, &Limits::default()).expect("a plan that reads");
    let blocks: Vec<_> = plan.blocks().collect();
    let mut report = Report::default();
    means_the_same(case, &blocks, &mut report);
    becomes_unknown(case, &blocks, &mut report);
    report
}

/// Every order under every dress; of a case with many of its kind a choice of them.
fn same<'a>(blocks: &[Change<'a>], all: bool) -> Vec<(String, Vec<Change<'a>>)> {
    let mut random = Random::new(SEED);
    let mut shuffled = || {
        let mut shuffled = blocks.to_vec();
        for index in (1..shuffled.len()).rev() {
            shuffled.swap(index, random.below(index + 1));
        }
        shuffled
    };
    let orders = [
        ("as it was", blocks.to_vec()),
        ("reversed", blocks.iter().rev().cloned().collect()),
        ("shuffled", shuffled()),
        ("shuffled again", shuffled()),
        ("shuffled once more", shuffled()),
    ];
    let mut mutants = Vec::new();
    for (at, (order, blocks)) in orders.iter().enumerate() {
        let dressed = [
            ("", blocks.clone()),
            ("renamed", renamed(blocks)),
            ("in a module", wrapped(blocks)),
            ("in a module of a module", wrapped(&wrapped(blocks))),
            ("counted", counted(blocks)),
        ];
        for (index, (dress, blocks)) in dressed.into_iter().enumerate() {
            let chosen = all || at == 0 || at < 3 && (index == 0 || index == at);
            if chosen && at + index > 0 {
                mutants.push((format!("{order} {dress}"), blocks));
            }
        }
    }
    mutants
}

fn means_the_same(case: &Case, blocks: &[Change<'_>], report: &mut Report) {
    let whole = judge(blocks.to_vec());
    let left = gist(&whole);
    for (what, mutant) in same(blocks, case.is_rare) {
        report.same += 1;
        report.count(case.expect.iter().flat_map(|one| &one.rules));
        let found = judge(mutant);
        let right = gist(&found);
        if left != right {
            writeln!(report.changed, "{} {what}: {left:?} became {right:?}", case.name).expect("text");
        }
    }
    let Some(mutant) = split(blocks) else { return };
    report.same += 1;
    let found = judge(mutant);
    let rules =
        |gist: &[(&str, _, _)]| -> BTreeSet<String> { gist.iter().map(|(rule, ..)| (*rule).to_owned()).collect() };
    if !rules(&left).is_subset(&rules(&gist(&found))) {
        writeln!(
            report.changed,
            "{} split: {left:?} became {:?}",
            case.name,
            gist(&found)
        )
        .expect("text");
    }
}

fn becomes_unknown(case: &Case, blocks: &[Change<'_>], report: &mut Report) {
    let whole = judge(blocks.to_vec());
    // The others take the sources.
    let expected: Vec<_> = case.expect.iter().filter(|one| one.is_told(&whole, "")).collect();
    for (index, block) in blocks.iter().enumerate() {
        let about = expected
            .iter()
            .filter(|one| one.addresses.iter().any(|one| *one == block.address));
        let rules: BTreeSet<&String> = about.flat_map(|one| &one.rules).collect();
        if block.mode != Mode::Managed || rules.is_empty() {
            continue;
        }
        for attribute in unknown::attributes(block, DEPTH).into_iter().take(ATTRIBUTES_MAX) {
            report.unknown += 1;
            report.count(rules.iter().copied());
            let found = judge(unknown::later(blocks, index, &attribute));
            let stored = found
                .iter()
                .any(|one| one.rule == STORED && one.address == block.address && one.path == attribute);
            let told = |one: &Expected| {
                one.is_told(&found, &block.address) || stored && one.rules.iter().any(|rule| rule == LITERAL)
            };
            if expected.iter().all(|one| told(one)) {
                continue;
            }
            writeln!(report.silent, "{}: {} without `{attribute}`", case.name, block.address).expect("text");
        }
    }
}

#[test]
fn what_means_nothing_changes_no_verdict() {
    println!("{} mutants, seed {SEED}", REPORT.same);
    assert!(REPORT.same > 3000, "{} mutants", REPORT.same);
    assert!(REPORT.changed.is_empty(), "{}", REPORT.changed);
}

#[test]
fn what_becomes_unknown_is_not_passed_over() {
    println!("{} mutants", REPORT.unknown);
    assert!(REPORT.unknown > 3000, "{} mutants", REPORT.unknown);
    assert!(
        REPORT.silent.is_empty(),
        "{} silent\n{}",
        REPORT.silent.lines().count(),
        REPORT.silent
    );
}

#[test]
fn each_rule_has_its_share_of_mutants() {
    let few: Vec<_> = REPORT
        .rules
        .iter()
        .filter(|(_, count)| **count < PER_RULE_MIN)
        .collect();
    assert!(few.is_empty(), "too few of {few:?} in {:#?}", REPORT.rules);
    assert!(REPORT.rules.len() > 60, "{:#?}", REPORT.rules);
}
