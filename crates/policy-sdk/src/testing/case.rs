//! One case of a module: blocks in, and every finding that has to come out.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use nhi_plan::{Change, Finding, Limits, Outcome};

use super::{Tester, own};
use crate::PolicyModule;

/// A case that is being written; [`Case::holds`] runs it. Made by [`Tester::case`].
///
/// What is not said is not compared; what is found and was not expected is a mistake. A case that expects nothing is a
/// near miss.
#[derive(Debug)]
#[must_use = "a case is run by `holds`"]
pub struct Case<'t, M> {
    tester: &'t Tester<M>,
    title: &'t str,
    changes: Vec<Change<'static>>,
    expected: Vec<Expected>,
    problem: Option<String>,
}

#[derive(Debug)]
struct Expected {
    rule: String,
    address: String,
    outcome: Outcome,
    path: Option<String>,
    message: Option<String>,
}

impl Expected {
    fn fits(&self, finding: &Finding) -> bool {
        let same = |wanted: &Option<String>, found: &str| wanted.as_deref().is_none_or(|wanted| wanted == found);
        self.rule == finding.rule
            && self.address == finding.address
            && self.outcome == finding.outcome
            && same(&self.path, &finding.path)
            && same(&self.message, &finding.message)
    }

    fn line(&self) -> String {
        let path = self.path.as_deref().unwrap_or_default();
        line(
            self.outcome,
            &self.address,
            path,
            self.message.as_deref().unwrap_or_default(),
        )
    }
}

/// A finding, wanted or made, on one line.
fn line(outcome: Outcome, address: &str, path: &str, message: &str) -> String {
    let mut out = format!("{} at {address}", outcome.as_str());
    if !path.is_empty() {
        out.push_str(", ");
        out.push_str(path);
    }
    if !message.is_empty() {
        out.push_str(": ");
        out.push_str(message);
    }
    out
}

impl<'t, M: PolicyModule> Case<'t, M> {
    pub(super) fn new(tester: &'t Tester<M>, title: &'t str) -> Self {
        Self {
            tester,
            title,
            changes: Vec::new(),
            expected: Vec::new(),
            problem: None,
        }
    }

    /// Adds a block; [`testing::change`](super::change) makes one.
    #[expect(clippy::needless_pass_by_value, reason = "a case reads as a list of what it holds")]
    pub fn change(mut self, change: Change<'_>) -> Self {
        self.changes.push(own(&change));
        self
    }

    /// Adds the blocks of a plan, as `tofu show -json` prints it: a fixture, by `include_str!`.
    pub fn plan(mut self, plan: &str) -> Self {
        match nhi_plan::read(plan, &Limits::default()) {
            Ok(plan) => self.changes.extend(plan.blocks().map(|change| own(&change))),
            Err(error) => self.problem = Some(format!("its plan cannot be read: {error}")),
        }
        self
    }

    /// Expects a violation of `rule` at `address`.
    pub fn finds(self, rule: &str, address: &str) -> Self {
        self.expect(rule, address, Outcome::Violation)
    }

    /// Expects `rule` to say that it could not look at `address`.
    pub fn finds_unverified(self, rule: &str, address: &str) -> Self {
        self.expect(rule, address, Outcome::Unverified)
    }

    fn expect(mut self, rule: &str, address: &str, outcome: Outcome) -> Self {
        self.expected.push(Expected {
            rule: rule.to_owned(),
            address: address.to_owned(),
            outcome,
            path: None,
            message: None,
        });
        self
    }

    /// Says at which path the last expected finding has to be.
    pub fn at(self, path: &str) -> Self {
        self.last(|expected| expected.path = Some(path.to_owned()))
    }

    /// Says what the last expected finding has to say.
    pub fn saying(self, message: &str) -> Self {
        self.last(|expected| expected.message = Some(message.to_owned()))
    }

    fn last(mut self, set: impl FnOnce(&mut Expected)) -> Self {
        match self.expected.last_mut() {
            Some(expected) => set(expected),
            None => self.problem = Some(String::from("`at` and `saying` come after a finding that is expected")),
        }
        self
    }

    /// Runs the case.
    ///
    /// # Panics
    ///
    /// Fails the test with what was expected and what was found, rule by rule.
    #[track_caller]
    pub fn holds(self) {
        let outcome = self.outcome();
        assert!(outcome.is_ok(), "{}", outcome.err().unwrap_or_default());
    }

    /// Runs the case; the error is what [`Case::holds`] fails with.
    pub fn outcome(self) -> Result<(), String> {
        let title = self.title;
        let problem = |why: &str| format!("case `{title}`: {why}");
        if let Some(why) = &self.problem {
            return Err(problem(why));
        }
        if self.changes.is_empty() {
            return Err(problem("judges nothing: give it a `change` or a `plan`"));
        }
        let rules = M::describe().rules;
        if let Some(expected) = self
            .expected
            .iter()
            .find(|it| rules.iter().all(|rule| rule.code != it.rule))
        {
            return Err(problem(&format!("the module has no rule `{}`", expected.rule)));
        }
        let count = self.changes.len();
        let found = self.tester.changes(self.changes).map_err(|error| problem(&error))?;
        let rows = differences(self.expected, found);
        if rows.is_empty() {
            return Ok(());
        }
        let mut told = problem(&format!("{count} blocks judged, and not as expected"));
        for (code, row) in rows {
            let name = rules
                .iter()
                .find(|rule| rule.code == code)
                .map_or("", |rule| rule.name.as_str());
            // Writing to a String cannot fail.
            let _ = write!(told, "\n  {code} {name}");
            row.tell(&mut told);
        }
        Err(told)
    }
}

/// What does not fit of one rule, and how much does.
#[derive(Debug, Default)]
struct Row {
    missing: Vec<String>,
    surplus: Vec<String>,
    fitting: usize,
}

impl Row {
    fn tell(&self, out: &mut String) {
        let nothing = [String::from("nothing")];
        let or_nothing = |lines: &'_ [String]| {
            if lines.is_empty() {
                nothing.to_vec()
            } else {
                lines.to_vec()
            }
        };
        for (word, lines) in [("expected", &self.missing), ("got", &self.surplus)] {
            for line in or_nothing(lines) {
                let _ = write!(out, "\n    {word:<8}  {line}");
            }
        }
        if self.fitting > 0 {
            let _ = write!(out, "\n    beside {} as expected", self.fitting);
        }
    }
}

/// The rules of which something does not fit.
fn differences(expected: Vec<Expected>, found: Vec<Finding>) -> BTreeMap<String, Row> {
    let mut rows: BTreeMap<String, Row> = BTreeMap::new();
    let mut open = expected;
    for finding in found {
        let row = rows.entry(finding.rule.clone()).or_default();
        match open.iter().position(|expected| expected.fits(&finding)) {
            Some(position) => {
                open.remove(position);
                row.fitting += 1;
            }
            None => {
                let Finding {
                    outcome,
                    address,
                    path,
                    message,
                    ..
                } = &finding;
                row.surplus.push(line(*outcome, address, path, message));
            }
        }
    }
    for expected in open {
        let line = expected.line();
        rows.entry(expected.rule).or_default().missing.push(line);
    }
    rows.retain(|_, row| !row.missing.is_empty() || !row.surplus.is_empty());
    rows
}
