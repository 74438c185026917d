//! Counts right and wrong per rule.
//!
//! A violation where none is labelled is a false positive unless it is `info`, which asks nobody to do anything. An
//! unverified finding where a violation is labelled is neither found nor missed: it is counted apart, and against
//! recall. An unverified finding where nothing is labelled counts against precision like any other.

use std::collections::BTreeMap;

use super::cases::{Case, Outcome};
use super::judge::Found;

/// Counts of one rule.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) true_positive: usize,
    pub(crate) false_positive: usize,
    pub(crate) false_negative: usize,
    /// Cases in which the rule rightly stayed silent though the case is about it.
    pub(crate) true_negative: usize,
    /// Labelled as violations, reported as undecidable; part of the false negatives.
    pub(crate) unverified: usize,
}

impl Counts {
    pub(crate) fn recall(self) -> f64 {
        ratio(self.true_positive, self.true_positive + self.false_negative)
    }

    pub(crate) fn precision(self) -> f64 {
        ratio(self.true_positive, self.true_positive + self.false_positive)
    }
}

fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        return 1.0;
    }
    let exact = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    exact(part) / exact(whole)
}

/// The counts, and what went wrong in words.
#[derive(Debug, Default)]
pub(crate) struct Matrix {
    pub(crate) rules: BTreeMap<String, Counts>,
    pub(crate) mistakes: Vec<String>,
}

impl Matrix {
    pub(crate) fn add(&mut self, case: &Case, found: &[Found]) {
        let mut explained = vec![false; found.len()];
        for expected in &case.expect {
            let is_it =
                |one: &Found| expected.rules().any(|rule| rule == one.rule) && expected.address.contains(&one.address);
            let mut hits = found.iter().enumerate().filter(|(_, one)| is_it(one)).peekable();
            let told = hits
                .peek()
                .map_or(expected.rules().next().unwrap_or_default(), |(_, one)| {
                    one.rule.as_str()
                });
            let counts = self.rules.entry(told.to_owned()).or_default();
            if hits.peek().is_none() {
                counts.false_negative += 1;
                self.mistakes.push(format!(
                    "{}: {} missed at {:?}",
                    case.name, expected.rule, expected.address
                ));
                continue;
            }
            let mut right = false;
            let mut said = Vec::new();
            for (index, one) in hits {
                right |= match expected.outcome {
                    Outcome::Violation => !one.unverified,
                    Outcome::Unverified => one.unverified,
                    Outcome::Either => true,
                };
                said.push(one.message.as_str());
                if let Some(slot) = explained.get_mut(index) {
                    *slot = true;
                }
            }
            if right {
                counts.true_positive += 1;
            } else {
                counts.false_negative += 1;
                counts.unverified += usize::from(expected.outcome == Outcome::Violation);
                self.mistakes.push(format!(
                    "{}: {} at {:?} should be {:?}: {said:?}",
                    case.name, expected.rule, expected.address, expected.outcome
                ));
            }
        }
        for (one, _) in found
            .iter()
            .zip(&explained)
            .filter(|(one, explained)| !**explained && one.severity != "info")
        {
            self.rules.entry(one.rule.clone()).or_default().false_positive += 1;
            self.mistakes.push(format!(
                "{}: {} {} not expected at {}: {}",
                case.name, one.rule, one.severity, one.address, one.message
            ));
        }
        for rule in &case.absent {
            let silent = !found.iter().any(|one| one.rule == *rule && one.severity != "info");
            self.rules.entry(rule.clone()).or_default().true_negative += usize::from(silent);
        }
    }

    pub(crate) fn total(&self) -> Counts {
        self.rules.values().fold(Counts::default(), |sum, one| Counts {
            true_positive: sum.true_positive + one.true_positive,
            false_positive: sum.false_positive + one.false_positive,
            false_negative: sum.false_negative + one.false_negative,
            true_negative: sum.true_negative + one.true_negative,
            unverified: sum.unverified + one.unverified,
        })
    }
}
