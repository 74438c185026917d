//! What a scope may hold.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::naming::{all_covered, applies_to, spans};
use crate::pattern::Pattern;
use crate::scope::ScopeEntry;
use crate::text::Environment;

/// Some actions on some resources of a backend, in some environments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScopeRule {
    /// The environments it applies to; all when none is listed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub environments: Vec<Environment>,
    /// The resources: at least one pattern.
    pub resources: Vec<Pattern>,
    /// The actions: at least one pattern.
    pub actions: Vec<Pattern>,
}

impl ScopeRule {
    /// Whether all that the entry asks for lies within the rule.
    pub(crate) fn holds(&self, environment: &Environment, entry: &ScopeEntry) -> bool {
        let within = |patterns: &[Pattern], text: &str| patterns.iter().any(|pattern| pattern.covers(text));
        applies_to(&self.environments, Some(environment))
            && within(&self.resources, entry.resource())
            && entry.actions().iter().all(|action| within(&self.actions, action))
    }

    /// The first action of the entry, if any, that the rule speaks of.
    pub(crate) fn touches<'a>(&self, environment: &Environment, entry: &'a ScopeEntry) -> Option<&'a str> {
        let meets = |patterns: &[Pattern], text: &str| patterns.iter().any(|pattern| pattern.overlaps(text));
        let applies = applies_to(&self.environments, Some(environment)) && meets(&self.resources, entry.resource());
        let mut actions = entry.actions().iter().filter(|_| applies);
        actions.find(|action| meets(&self.actions, action)).map(String::as_str)
    }

    /// Whether everything that the other speaks of is something that this one does.
    pub(crate) fn spans(&self, other: &Self) -> bool {
        spans(&self.environments, &other.environments)
            && all_covered(&other.resources, &self.resources)
            && all_covered(&other.actions, &self.actions)
    }
}

/// Where a scope may hold patterns that name something. A bare wildcard is refused whatever the policy says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wildcards {
    /// In resources.
    pub resources: WildcardRule,
    /// In actions.
    pub actions: WildcardRule,
}

/// Where a pattern may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WildcardRule {
    /// Everywhere; it weighs in the score.
    #[default]
    Allowed,
    /// Everywhere but in production.
    OutsideProduction,
    /// Nowhere.
    Forbidden,
}

impl WildcardRule {
    /// All of them, the loosest first.
    pub const ALL: [Self; 3] = [Self::Allowed, Self::OutsideProduction, Self::Forbidden];

    /// The word used in HCL and every output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::OutsideProduction => "outside_production",
            Self::Forbidden => "forbidden",
        }
    }

    /// Whether a pattern may stand there.
    pub fn admits(self, is_production: bool) -> bool {
        match self {
            Self::Allowed => true,
            Self::OutsideProduction => !is_production,
            Self::Forbidden => false,
        }
    }
}

impl fmt::Display for WildcardRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
