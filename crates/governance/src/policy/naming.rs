//! How identities are named.

use serde::{Deserialize, Serialize};

use crate::kind::Kind;
use crate::pattern::Pattern;
use crate::text::{Environment, Name};

/// Names of some kinds in some environments keep to one of some patterns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamingRule {
    /// The kinds it applies to; all when none is listed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<Kind>,
    /// The environments it applies to; all when none is listed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub environments: Vec<Environment>,
    /// What a name may look like: at least one.
    pub patterns: Vec<Pattern>,
}

impl NamingRule {
    /// Whether it applies; what is unknown does not tell yet.
    pub(crate) fn applies(&self, kind: Option<Kind>, environment: Option<&Environment>) -> bool {
        applies_to(&self.kinds, kind.as_ref()) && applies_to(&self.environments, environment)
    }

    pub(crate) fn admits(&self, name: &Name) -> bool {
        self.patterns.iter().any(|pattern| pattern.covers(name.as_str()))
    }

    /// Whether every name that keeps this rule keeps the other, wherever the other applies.
    pub(crate) fn implies(&self, other: &Self) -> bool {
        spans(&self.kinds, &other.kinds)
            && spans(&self.environments, &other.environments)
            && all_covered(&self.patterns, &other.patterns)
    }
}

/// Whether a list, where an empty one stands for everything, holds a value; an unknown one only where all are.
pub(super) fn applies_to<T: PartialEq>(list: &[T], value: Option<&T>) -> bool {
    list.is_empty() || value.is_some_and(|value| list.contains(value))
}

/// Whether a list, where an empty one stands for everything, holds all that another does.
pub(super) fn spans<T: PartialEq>(wide: &[T], narrow: &[T]) -> bool {
    wide.is_empty() || (!narrow.is_empty() && narrow.iter().all(|value| wide.contains(value)))
}

/// Whether each of the narrow patterns is covered by a wide one.
pub(super) fn all_covered(narrow: &[Pattern], wide: &[Pattern]) -> bool {
    let covered = |narrow: &Pattern| wide.iter().any(|wide| wide.covers(narrow.as_str()));
    narrow.iter().all(covered)
}
