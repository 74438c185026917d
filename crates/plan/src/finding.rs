//! What a module says: findings, and the metadata of the rules that make them.
//!
//! The types mirror `wit/v1/policy.wit` so that host, modules and outputs speak of one thing.

use std::fmt;
use std::str::FromStr;

use crate::Action;

/// The version of the contract that these types mirror.
pub const ABI: &str = "1.0.0";

/// How bad a finding is; the order is the ranking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Severity {
    /// Worth knowing; never blocks.
    Info,
    /// Weakens a defence.
    Low,
    /// A governance gap.
    #[default]
    Medium,
    /// Privilege or a credential that an attacker can use.
    High,
    /// Control of an account or a tenant.
    Critical,
}

impl Severity {
    /// All severities, lowest first.
    pub const ALL: [Self; 5] = [Self::Info, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The lower-case word used in every output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The text is not a severity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownSeverity(pub String);

impl fmt::Display for UnknownSeverity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is not a severity: use info, low, medium, high or critical",
            self.0
        )
    }
}

impl std::error::Error for UnknownSeverity {}

impl FromStr for Severity {
    type Err = UnknownSeverity;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|severity| severity.as_str() == text)
            .ok_or_else(|| UnknownSeverity(text.to_owned()))
    }
}

/// Whether a rule is broken, or could not be decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// The rule is broken.
    Violation,
    /// A value the rule needs is unknown; listed apart, never silent.
    Unverified,
}

impl Outcome {
    /// The word used in the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Violation => "violation",
            Self::Unverified => "unverified",
        }
    }

    /// The outcome that the contract calls `word`.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Violation, Self::Unverified]
            .into_iter()
            .find(|outcome| outcome.as_str() == word)
    }
}

/// A replacement of one attribute that is safe to apply.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Patch {
    /// Attribute to replace.
    pub path: String,
    /// HCL text to put in its place.
    pub replacement: String,
}

/// One judgement of one module about one address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Code of the rule, for example `NHI001`.
    pub rule: String,
    /// Broken, or could not be decided.
    pub outcome: Outcome,
    /// `None`: the rule's own severity.
    pub severity: Option<Severity>,
    /// Address of the block.
    pub address: String,
    /// Attribute path inside it; empty for the block as a whole.
    pub path: String,
    /// What is wrong; makes sense alone on one line.
    pub message: String,
    /// What to do, addressed to the reader.
    pub remediation: String,
    /// What the finding rests on: `planned`, `configuration`, `references`.
    pub evidence: String,
    /// A safe replacement, when there is one.
    pub patch: Option<Patch>,
    /// Further facts as key and value.
    pub attributes: Vec<(String, String)>,
}

impl Finding {
    /// A violation of `rule` at `address`, resting on planned values, with nothing else filled in.
    pub fn new(rule: impl Into<String>, address: impl Into<String>) -> Self {
        Self {
            rule: rule.into(),
            outcome: Outcome::Violation,
            severity: None,
            address: address.into(),
            path: String::new(),
            message: String::new(),
            remediation: String::new(),
            evidence: String::from("planned"),
            patch: None,
            attributes: Vec::new(),
        }
    }

    /// Says which attribute it is about.
    #[must_use]
    pub fn at(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// Says what is wrong.
    #[must_use]
    pub fn message(mut self, text: impl Into<String>) -> Self {
        self.message = text.into();
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn remediation(mut self, text: impl Into<String>) -> Self {
        self.remediation = text.into();
        self
    }

    /// Says that the rule could not be decided.
    #[must_use]
    pub fn unverified(mut self) -> Self {
        self.outcome = Outcome::Unverified;
        self
    }
}

/// Metadata of a rule, as a module describes it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RuleInfo {
    /// Stable and never reused, for example `NHI001`.
    pub code: String,
    /// Names the bad pattern: `wildcard-trust`.
    pub name: String,
    /// Severity of its findings unless a finding says otherwise.
    pub severity: Severity,
    /// One line: what the rule flags.
    pub summary: String,
    /// One sentence that a newcomer understands: why this is bad.
    pub why: String,
    /// Markdown with fixed headings; may be empty.
    pub docs: String,
    /// Control identifiers such as `NHI5:2025` or `CWE-798`.
    pub controls: Vec<String>,
    /// Further facts as key and value.
    pub attributes: Vec<(String, String)>,
}

/// How the host may split the changes of one plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sharding {
    /// Each change is judged alone.
    PerResource,
    /// Changes are judged together.
    WholePlan,
}

impl Sharding {
    /// The word used in the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PerResource => "per-resource",
            Self::WholePlan => "whole-plan",
        }
    }

    /// The sharding that the contract calls `word`.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::PerResource, Self::WholePlan]
            .into_iter()
            .find(|sharding| sharding.as_str() == word)
    }
}

/// How a module wants its changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Typed records.
    Records,
    /// JSON, one change a line.
    JsonLines,
}

impl Encoding {
    /// The word used in the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Records => "records",
            Self::JsonLines => "json-lines",
        }
    }

    /// The encoding that the contract calls `word`.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Records, Self::JsonLines]
            .into_iter()
            .find(|encoding| encoding.as_str() == word)
    }
}

/// Which blocks a module wants to see.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Interest {
    /// `managed`, `data`, `provider`, `variable`, `output`.
    pub modes: Vec<String>,
    /// Globs over the resource type; `*` matches any run of characters.
    pub resource_types: Vec<String>,
    /// Blocks to which at least one of these happens; empty: whatever happens to them.
    pub actions: Vec<Action>,
    /// The attributes to deliver; empty: all of them.
    pub paths: Vec<String>,
    /// What to deliver beside the planned values: `before`, `configuration`; `graph` in the context.
    pub needs: Vec<String>,
    /// Further facts as key and value.
    pub attributes: Vec<(String, String)>,
}

impl Interest {
    /// Managed resources whose type matches one of `globs`, planned values only.
    pub fn resources(globs: &[&str]) -> Self {
        Self {
            modes: vec![String::from("managed")],
            resource_types: globs.iter().map(|&glob| glob.to_owned()).collect(),
            ..Self::default()
        }
    }

    /// Asks for more beside the planned values: `before`, `configuration`, `graph`.
    #[must_use]
    pub fn with(mut self, need: &str) -> Self {
        self.needs.push(need.to_owned());
        self
    }

    /// Asks for these attributes only.
    #[must_use]
    pub fn only(mut self, paths: &[&str]) -> Self {
        self.paths.extend(paths.iter().map(|&path| path.to_owned()));
        self
    }
}

/// A change that breaks a rule of the module, whatever its settings say: the host mixes it in to see the rule at work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Canary {
    /// Code of the rule that must flag it.
    pub rule: String,
    /// The change, as a line of [`crate::line`].
    pub change: String,
}

/// What a module says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// Name of the module.
    pub name: String,
    /// Version of the module.
    pub version: String,
    /// Version of the contract that it was built with.
    pub abi: String,
    /// Its rules.
    pub rules: Vec<RuleInfo>,
    /// What it wants to see.
    pub interests: Vec<Interest>,
    /// How its work may be split.
    pub sharding: Sharding,
    /// How it wants its changes.
    pub encoding: Encoding,
    /// JSON Schema of the settings; empty where it has none.
    pub settings_schema: String,
    /// Changes that its own rules must flag.
    pub canaries: Vec<Canary>,
    /// Further facts as key and value.
    pub attributes: Vec<(String, String)>,
}

impl Description {
    /// A module without rules yet, judging each change alone and wanting records.
    pub fn new(name: impl Into<String>, version: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            version: version.into(),
            abi: String::from(ABI),
            rules: Vec::new(),
            interests: Vec::new(),
            sharding: Sharding::PerResource,
            encoding: Encoding::Records,
            settings_schema: String::new(),
            canaries: Vec::new(),
            attributes: Vec::new(),
        }
    }
}

/// An exception on record: it waives exactly one rule at one address, for one value of one attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    /// Code of the rule.
    pub rule: String,
    /// Address it is waived at.
    pub address: String,
    /// Attribute path it is waived at.
    pub path: String,
    /// SHA-256 of the value's canonical JSON, in hexadecimal.
    pub value_sha256: String,
    /// RFC 3339, UTC.
    pub expires_at: String,
    /// Further facts as key and value.
    pub attributes: Vec<(String, String)>,
}

/// What a module may know besides the changes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Context {
    /// RFC 3339, UTC: the only clock a module has.
    pub now: String,
    /// `format_version` of the plan.
    pub format_version: String,
    /// Version of the core that made the plan.
    pub terraform_version: String,
    /// Text of the organisation's policy file.
    pub policy: Option<String>,
    /// Exceptions on record that are in force.
    pub exceptions: Vec<Exception>,
    /// Who can become whom, JSON text, where the module needs it.
    pub graph: Option<String>,
    /// Further facts as key and value.
    pub attributes: Vec<(String, String)>,
}
