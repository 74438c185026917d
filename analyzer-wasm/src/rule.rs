//! What a rule is: its metadata, its page, and when it runs.
//!
//! A rule is a static, so that the list of rules can be tested, printed and linked without running anything.

use nhi_plan::{Finding, RuleInfo, Severity};
use nhi_policy_sdk::Findings;

use crate::facts::{Block, Facts};

/// What a rule is about; pages are grouped by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// Who can do what.
    Privilege,
    /// Keys, tokens and passwords that do not expire by themselves.
    Credential,
    /// Owners, expiry and records.
    Governance,
}

impl Group {
    /// The word used on pages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Privilege => "privilege",
            Self::Credential => "credential",
            Self::Governance => "governance",
        }
    }
}

/// When a rule runs, and on what.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Check {
    /// On every block that remains after the apply.
    Block(fn(&Block<'_>, &mut Findings)),
    /// On every managed resource of these types that remains after the apply.
    Resource(&'static [&'static str], fn(&Block<'_>, &mut Findings)),
    /// Once, when all blocks have been seen.
    Plan(fn(&Facts, &mut Findings)),
}

/// A rule: one file under `rules/`, one line in its list.
#[derive(Debug)]
pub struct Rule {
    /// Stable and never reused.
    pub code: &'static str,
    /// Names the bad pattern and reads well after "allow".
    pub name: &'static str,
    /// What it is about.
    pub group: Group,
    /// Severity of its findings unless a finding says otherwise.
    pub severity: Severity,
    /// The first release that has it.
    pub since: &'static str,
    /// One line: what it flags.
    pub summary: &'static str,
    /// One sentence that a newcomer understands: why this is bad.
    pub why: &'static str,
    /// Control identifiers such as `NHI5:2025` or `CWE-798`.
    pub controls: &'static [&'static str],
    /// When it runs.
    pub(crate) check: Check,
    /// Markdown with the fixed [`Rule::HEADINGS`].
    pub docs: &'static str,
}

impl Rule {
    /// The headings that every page has, in this order.
    pub const HEADINGS: [&'static str; 6] = [
        "What it does",
        "Why is this bad?",
        "Example",
        "Use instead",
        "Known limits",
        "References",
    ];

    /// The metadata as the contract carries it.
    pub fn info(&self) -> RuleInfo {
        RuleInfo {
            code: self.code.to_owned(),
            name: self.name.to_owned(),
            severity: self.severity,
            summary: self.summary.to_owned(),
            why: self.why.to_owned(),
            docs: self.docs.trim().to_owned(),
            controls: self.controls.iter().map(|&control| control.to_owned()).collect(),
            attributes: Vec::new(),
        }
    }

    /// A finding of this rule at `path` of `address`.
    pub(crate) fn finding(&self, address: &str, path: &str) -> Finding {
        Finding::new(self.code, address).at(path)
    }
}
