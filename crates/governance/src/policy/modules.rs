//! What a policy says of policy modules: which run, how much their findings count, whose signature they need.
//!
//! Here stands what a change of the policy is compared by. What the texts mean, and whether they are well-formed, is
//! for the reader of the policy file; nothing here runs a module.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// How much the findings of a module count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModuleLevel {
    /// They are reported and never fail a run.
    Advisory,
    /// They fail a run, and a waiver, an exception on record or a baseline takes them out of the count.
    Overridable,
    /// They fail a run, however severe they are, and nothing takes them out of the count.
    Mandatory,
}

impl ModuleLevel {
    /// From the weakest.
    pub const ALL: [Self; 3] = [Self::Advisory, Self::Overridable, Self::Mandatory];

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Advisory => "advisory",
            Self::Overridable => "overridable",
            Self::Mandatory => "mandatory",
        }
    }
}

impl fmt::Display for ModuleLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A module that runs beside the built-in analyzer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModuleRule {
    /// Where it comes from.
    pub source: String,
    /// Which versions may be locked; a file has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// How much its findings count.
    pub level: ModuleLevel,
    /// Its settings.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub settings: Map<String, Value>,
    /// Whether it is shown sensitive values.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sensitive_values: bool,
}

/// Somebody who signs modules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignerRule {
    /// The public key, as it is written.
    pub key: String,
}

/// Whose signatures modules of some sources need.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustRule {
    /// Each of these has to have signed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub all_of: Vec<String>,
    /// One of these has to have signed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub any_of: Vec<String>,
}

impl TrustRule {
    /// Whether whatever this rule is content with, the other is too.
    pub(super) fn implies(&self, other: &Self) -> bool {
        let all = other.all_of.iter().all(|name| self.all_of.contains(name));
        let is_named = |name: &String| other.any_of.contains(name);
        let any = other.any_of.is_empty()
            || self.all_of.iter().any(is_named)
            || (!self.any_of.is_empty() && self.any_of.iter().all(is_named));
        all && any
    }
}

/// Modules by name.
pub type ModuleRules = BTreeMap<String, ModuleRule>;
