//! How much one run may say.
//!
//! A host stops a module that says too much, and nobody reads ten thousand findings: beyond a limit for each rule the
//! rest is one finding that says how many there are and how bad the worst is.

use std::collections::BTreeMap;

use nhi_plan::{Finding, Outcome, Severity};
use nhi_policy_sdk::Findings;

use crate::rule::Rule;

/// Findings of one rule that are told one by one.
pub(crate) const FINDINGS_MAX: usize = 1_000;

/// What was told of each rule, and what was not.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    rules: BTreeMap<&'static str, Told>,
}

#[derive(Debug)]
struct Told {
    count: usize,
    rest: usize,
    worst: Severity,
    violation: bool,
    first: String,
}

impl Budget {
    /// Hands on what a rule found, within the limit.
    pub(crate) fn pass(&mut self, rule: &'static Rule, own: Findings, findings: &mut Findings) {
        if own.is_empty() {
            return;
        }
        let none = Told {
            count: 0,
            rest: 0,
            worst: Severity::Info,
            violation: false,
            first: String::new(),
        };
        let told = self.rules.entry(rule.code).or_insert(none);
        for finding in own.into_vec() {
            if told.count < FINDINGS_MAX {
                told.count += 1;
                findings.push(finding);
                continue;
            }
            if told.rest == 0 {
                told.first = finding.address;
            }
            told.rest += 1;
            told.violation |= finding.outcome == Outcome::Violation;
            if finding.outcome == Outcome::Violation {
                told.worst = told.worst.max(finding.severity.unwrap_or(rule.severity));
            }
        }
    }

    /// Says of each rule what was left out.
    pub(crate) fn close(&self, findings: &mut Findings) {
        for (code, told) in self.rules.iter().filter(|(_, told)| told.rest > 0) {
            let mut rest = Finding::new(*code, told.first.clone())
                .message(format!(
                    "and {} more findings of this rule, from this address on",
                    told.rest
                ))
                .remediation("fix the findings above, most of which share a cause, and check again");
            rest.severity = Some(told.worst);
            rest.attributes = vec![(String::from("omitted"), told.rest.to_string())];
            findings.push(if told.violation { rest } else { rest.unverified() });
        }
    }
}

#[cfg(test)]
mod tests {
    use nhi_plan::Severity;
    use nhi_policy_sdk::{Tester, testing};

    use super::FINDINGS_MAX;
    use crate::Analyzer;

    #[test]
    fn beyond_the_limit_the_rest_is_one_finding() {
        let addresses: Vec<_> = (0..FINDINGS_MAX + 500)
            .map(|index| format!("aws_iam_access_key.k[{index}]"))
            .collect();
        let changes = addresses.iter().map(|address| testing::change(address, "{}"));
        let found = Tester::<Analyzer>::new()
            .changes(changes)
            .expect("the analyzer decides");
        let keys: Vec<_> = found.iter().filter(|finding| finding.rule == "NHI010").collect();
        assert_eq!(keys.len(), FINDINGS_MAX + 1);
        let rest = keys.last().expect("the rest");
        assert_eq!(rest.severity, Some(Severity::High));
        assert_eq!(rest.address, format!("aws_iam_access_key.k[{FINDINGS_MAX}]"));
        assert_eq!(rest.attributes, [(String::from("omitted"), String::from("500"))]);
    }
}
