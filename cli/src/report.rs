//! What a check found, before anybody decides how to show it.
//!
//! Every format renders this one model; the order of its entries and its verdict are decided here and nowhere else.

mod aside;
mod block;

use std::borrow::Cow;

use nhi_plan::{Finding, Mode, Outcome, Patch, RuleInfo, Severity, symbol};
use nhi_policy_file::Level;
use nhi_policy_host::Usage;

use crate::codes;
use crate::exit::Exit;
use crate::fingerprint;

pub(crate) use aside::{Aside, Because, Waived};
pub(crate) use block::{BlockFacts, Place};

/// The result of one check.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) plan: PlanFacts,
    pub(crate) threshold: Threshold,
    pub(crate) blocks: BlockCounts,
    pub(crate) modules: Vec<ModuleRun>,
    /// Sorted by [`Report::finish`].
    pub(crate) entries: Vec<Entry>,
    /// What does not count, in the order of the entries.
    pub(crate) asides: Vec<Aside>,
    pub(crate) notes: Vec<String>,
}

/// What is known of the plan itself.
#[derive(Debug, Default)]
pub(crate) struct PlanFacts {
    /// Path as given, or `standard input`.
    pub(crate) source: String,
    pub(crate) kind: PlanKind,
    /// Digest of the bytes that were read.
    pub(crate) sha256: Option<String>,
    /// Digest of the JSON, where that is not what was read.
    pub(crate) json_sha256: Option<String>,
    /// Which command turned a plan file into JSON.
    pub(crate) shown_with: Option<String>,
    pub(crate) format_version: Option<String>,
    pub(crate) terraform_version: Option<String>,
    /// When the plan was made, or else when it was checked, in milliseconds since 1970.
    pub(crate) made_at_ms: i64,
}

/// In which form the plan came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum PlanKind {
    /// JSON in a file.
    #[default]
    Json,
    /// JSON on standard input.
    Stdin,
    /// A plan file, as `plan -out` writes it.
    PlanFile,
}

/// What blocks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Threshold {
    pub(crate) fail_on: Severity,
    pub(crate) fail_on_unverified: bool,
}

/// How many blocks were handed to the modules.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct BlockCounts {
    pub(crate) managed: u64,
    pub(crate) data: u64,
    pub(crate) provider: u64,
    pub(crate) variable: u64,
    pub(crate) output: u64,
}

impl BlockCounts {
    pub(crate) fn add(&mut self, mode: Mode) {
        let count = match mode {
            Mode::Managed => &mut self.managed,
            Mode::Data => &mut self.data,
            Mode::Provider => &mut self.provider,
            Mode::Variable => &mut self.variable,
            Mode::Output => &mut self.output,
        };
        *count += 1;
    }

    pub(crate) fn total(&self) -> u64 {
        self.managed + self.data + self.provider + self.variable + self.output
    }

    /// Counts with their names, for every format.
    pub(crate) fn named(&self) -> [(&'static str, u64); 5] {
        [
            ("managed", self.managed),
            ("data", self.data),
            ("provider", self.provider),
            ("variable", self.variable),
            ("output", self.output),
        ]
    }
}

/// A module and how its run went.
#[derive(Debug)]
pub(crate) struct ModuleRun {
    pub(crate) name: String,
    pub(crate) version: String,
    /// Path as given; `None` for the built-in analyzer.
    pub(crate) file: Option<String>,
    pub(crate) sha256: Option<String>,
    /// Version of the contract that it speaks.
    pub(crate) abi: Option<String>,
    /// How much its findings count by the policy file; `None` where that does not name it.
    pub(crate) level: Option<Level>,
    /// Whether it was handed sensitive values as they are.
    pub(crate) sees_sensitive: bool,
    pub(crate) rules: Vec<RuleInfo>,
    /// `None`: it did not run to its end.
    pub(crate) usage: Option<Usage>,
}

/// How an entry came about; the order is the order of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Status {
    /// Something could not be read or run: there is no verdict.
    Undecided,
    /// A rule is broken.
    Violation,
    /// A rule could not be decided, because a value is unknown until apply.
    Unverified,
}

impl Status {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Undecided => "undecided",
            Self::Violation => "violation",
            Self::Unverified => "unverified",
        }
    }
}

/// One thing to tell the reader.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) status: Status,
    pub(crate) severity: Severity,
    pub(crate) code: String,
    pub(crate) name: String,
    /// Who says so: a module's name, or `nhi`.
    pub(crate) module: String,
    /// How much it counts, which the policy file says of its module and no module of itself.
    pub(crate) level: Option<Level>,
    /// Address of the block; for an undecided entry the plan or the module.
    pub(crate) address: String,
    pub(crate) block: Option<BlockFacts>,
    /// What the principal is known by in the world, where it is a block of the plan.
    pub(crate) principal: Option<String>,
    /// Where the attribute stands in the source, when that is known better than the block's place.
    pub(crate) place: Option<Place>,
    pub(crate) path: String,
    pub(crate) byte_offset: Option<u64>,
    pub(crate) message: String,
    pub(crate) why: String,
    pub(crate) help: String,
    pub(crate) evidence: String,
    pub(crate) controls: Vec<String>,
    pub(crate) patch: Option<Patch>,
    pub(crate) attributes: Vec<(String, String)>,
    /// Digest of the attribute's value; never of a credential.
    pub(crate) value_sha256: Option<String>,
    /// Set by [`Report::finish`].
    pub(crate) fingerprint: String,
}

/// Why the question could not be decided.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    pub(crate) code: &'static str,
    /// The plan or the module.
    pub(crate) subject: String,
    pub(crate) byte_offset: Option<u64>,
    pub(crate) message: String,
    pub(crate) help: String,
}

impl From<Problem> for Entry {
    fn from(problem: Problem) -> Self {
        Self {
            status: Status::Undecided,
            severity: Severity::Critical,
            code: problem.code.to_owned(),
            name: codes::name(problem.code),
            module: "nhi".to_owned(),
            level: None,
            address: problem.subject,
            block: None,
            principal: None,
            place: None,
            path: String::new(),
            byte_offset: problem.byte_offset,
            message: problem.message,
            why: codes::find(problem.code)
                .map(|code| code.why)
                .unwrap_or_default()
                .to_owned(),
            help: problem.help,
            evidence: String::new(),
            controls: Vec::new(),
            patch: None,
            attributes: Vec::new(),
            value_sha256: None,
            fingerprint: String::new(),
        }
    }
}

impl Entry {
    /// A module's finding with the metadata of its rule.
    pub(crate) fn from_finding(module: &str, rule: &RuleInfo, finding: Finding) -> Self {
        Self {
            status: match finding.outcome {
                Outcome::Violation => Status::Violation,
                Outcome::Unverified => Status::Unverified,
            },
            severity: finding.severity.unwrap_or(rule.severity),
            code: finding.rule,
            name: rule.name.clone(),
            module: module.to_owned(),
            level: None,
            address: finding.address,
            block: None,
            principal: None,
            place: None,
            path: finding.path,
            byte_offset: None,
            message: readable(finding.message),
            why: rule.why.clone(),
            help: readable(finding.remediation),
            evidence: finding.evidence,
            controls: rule.controls.clone(),
            patch: finding.patch,
            attributes: finding
                .attributes
                .into_iter()
                .map(|(key, value)| (key, readable(value)))
                .collect(),
            value_sha256: None,
            fingerprint: String::new(),
        }
    }

    /// The best that is known of where it stands in the source.
    pub(crate) fn location(&self) -> Option<&Place> {
        let of_block = || self.block.as_ref().and_then(|block| block.location.as_ref());
        self.place.as_ref().or_else(of_block)
    }

    /// Whether it is about a credential, of which nothing may be shown.
    pub(crate) fn is_credential(&self) -> bool {
        const CONTROLS: [&str; 7] = [
            "NHI2:2025",
            "CWE-259",
            "CWE-312",
            "CWE-321",
            "CWE-522",
            "CWE-532",
            "CWE-798",
        ];
        self.controls.iter().any(|control| CONTROLS.contains(&control.as_str()))
    }

    /// Whether it is only reported, whatever the threshold.
    pub(crate) fn is_advisory(&self) -> bool {
        self.level == Some(Level::Advisory) && self.status != Status::Undecided
    }

    /// A further fact by its key.
    pub(crate) fn fact(&self, key: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(known, _)| known == key);
        found.map(|(_, value)| value.as_str())
    }

    /// Undecided first, then the worst; addresses and the rest only make the order total.
    fn rank(&self) -> impl Ord + '_ {
        (
            self.status,
            std::cmp::Reverse(self.severity),
            &self.address,
            &self.code,
            &self.path,
            (&self.message, &self.help, &self.module),
        )
    }
}

/// A text in which what is known only after apply is named.
fn readable(text: String) -> String {
    match symbol::readable(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(readable) => readable,
    }
}

/// What the report comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing at or above the threshold.
    Clean,
    /// Something at or above the threshold.
    Findings,
    /// The plan could not be judged.
    Undecided,
}

impl Verdict {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Findings => "findings",
            Self::Undecided => "undecided",
        }
    }

    pub(crate) fn exit(self) -> Exit {
        match self {
            Self::Clean => Exit::Clean,
            Self::Findings => Exit::Findings,
            Self::Undecided => Exit::Undecided,
        }
    }
}

impl Report {
    pub(crate) fn new(threshold: Threshold) -> Self {
        Self {
            plan: PlanFacts::default(),
            threshold,
            blocks: BlockCounts::default(),
            modules: Vec::new(),
            entries: Vec::new(),
            asides: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Puts the entries in their fixed order, drops exact repetitions and gives each its fingerprint.
    pub(crate) fn finish(&mut self) {
        self.entries.sort_by(|a, b| a.rank().cmp(&b.rank()));
        self.entries
            .dedup_by(|a, b| a.rank() == b.rank() && a.attributes == b.attributes && a.patch == b.patch);
        fingerprint::assign(&mut self.entries);
    }

    /// Takes out of the count what `because`, asked for every entry in order, gives a reason for. What is undecided or
    /// mandatory always counts.
    pub(crate) fn set_aside(&mut self, mut because: impl FnMut(&Entry) -> Option<Because>) {
        let mut kept = Vec::with_capacity(self.entries.len());
        for entry in std::mem::take(&mut self.entries) {
            let is_fixed = entry.status == Status::Undecided || entry.level == Some(Level::Mandatory);
            let reason = because(&entry).filter(|_| !is_fixed);
            match reason {
                Some(because) => self.asides.push(Aside { entry, because }),
                None => kept.push(entry),
            }
        }
        self.entries = kept;
        self.asides.sort_by(|a, b| a.entry.rank().cmp(&b.entry.rank()));
    }

    /// Adds entries that are about the others, in their place in the order. The others keep their fingerprints.
    pub(crate) fn add(&mut self, mut entries: Vec<Entry>) {
        fingerprint::assign(&mut entries);
        self.entries.append(&mut entries);
        self.entries.sort_by(|a, b| a.rank().cmp(&b.rank()));
    }

    /// Makes the files of findings relative to another directory.
    pub(crate) fn put_places_under(&mut self, prefix: &str) {
        let asides = self.asides.iter_mut().map(|aside| &mut aside.entry);
        for entry in self.entries.iter_mut().chain(asides) {
            let of_block = entry.block.as_mut().and_then(|block| block.location.as_mut());
            for place in entry.place.iter_mut().chain(of_block) {
                place.put_under(prefix);
            }
        }
    }

    /// How many entries do not count, for each reason.
    pub(crate) fn aside_counts(&self) -> [(&'static str, usize); 4] {
        Because::WORDS.map(|word| {
            let same = self.asides.iter().filter(|aside| aside.because.as_str() == word);
            (word, same.count())
        })
    }

    /// Whether an entry alone keeps the verdict from being clean.
    pub(crate) fn blocks(&self, entry: &Entry) -> bool {
        // What is advisory never counts, and what is mandatory counts however severe its module calls it.
        let is_reached = match entry.level {
            Some(Level::Advisory) => false,
            Some(Level::Mandatory) => true,
            Some(Level::Overridable) | None => entry.severity >= self.threshold.fail_on,
        };
        match entry.status {
            Status::Undecided => true,
            Status::Violation => is_reached,
            Status::Unverified => self.threshold.fail_on_unverified && is_reached,
        }
    }

    /// Whether the built-in analyzer ran to its end and nothing was left undecided.
    pub(crate) fn is_complete(&self) -> bool {
        let has_run = self
            .modules
            .iter()
            .any(|module| module.file.is_none() && module.usage.is_some());
        has_run && self.with(Status::Undecided).next().is_none()
    }

    /// Only what could not be decided.
    pub(crate) fn undecided(self) -> impl Iterator<Item = Entry> {
        self.entries
            .into_iter()
            .filter(|entry| entry.status == Status::Undecided)
    }

    /// The verdict. Clean asks for proof that the built-in analyzer ran to its end.
    pub(crate) fn verdict(&self) -> Verdict {
        if !self.is_complete() {
            Verdict::Undecided
        } else if self.entries.iter().any(|entry| self.blocks(entry)) {
            Verdict::Findings
        } else {
            Verdict::Clean
        }
    }

    /// The entries of one kind, in order.
    pub(crate) fn with(&self, status: Status) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| entry.status == status)
    }

    /// How many violations of some kind there are of each severity, worst first.
    pub(crate) fn violations(&self, wanted: impl Fn(&Entry) -> bool) -> impl Iterator<Item = (Severity, usize)> {
        let count = move |severity| {
            self.with(Status::Violation)
                .filter(|entry| entry.severity == severity && wanted(entry))
                .count()
        };
        Severity::ALL
            .into_iter()
            .rev()
            .map(move |severity| (severity, count(severity)))
    }

    /// How many rules were applied.
    pub(crate) fn rule_count(&self) -> usize {
        self.modules.iter().map(|module| module.rules.len()).sum()
    }
}

#[cfg(test)]
impl Report {
    /// A report of these findings of one rule, for tests of what is made of reports.
    pub(crate) fn of_findings(code: &str, findings: Vec<Finding>) -> Self {
        let rule = RuleInfo {
            code: code.to_owned(),
            name: "a-rule".to_owned(),
            ..RuleInfo::default()
        };
        let mut report = Self::new(Threshold {
            fail_on: Severity::High,
            fail_on_unverified: false,
        });
        let entries = findings.into_iter().map(|found| Entry::from_finding("m", &rule, found));
        report.entries = entries.collect();
        report.finish();
        report
    }
}
