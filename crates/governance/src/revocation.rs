//! What revokes an identity.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::code::{Problem, REVOKED_BY};
use crate::text::quote;

/// Something that ends an identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevokedBy {
    /// Its time to live runs out.
    Ttl,
    /// The workload that holds it is deleted.
    WorkloadDelete,
    /// The vendor's contract ends.
    ContractEnd,
    /// Its owner leaves.
    OwnerDeparture,
    /// A person revokes it.
    Manual,
}

impl RevokedBy {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Ttl,
        Self::WorkloadDelete,
        Self::ContractEnd,
        Self::OwnerDeparture,
        Self::Manual,
    ];

    /// The word used in HCL and every output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ttl => "ttl",
            Self::WorkloadDelete => "workload_delete",
            Self::ContractEnd => "contract_end",
            Self::OwnerDeparture => "owner_departure",
            Self::Manual => "manual",
        }
    }

    /// Parses the word.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        Self::ALL.into_iter().find(|by| by.as_str() == text).ok_or_else(|| {
            let words: Vec<_> = Self::ALL.iter().map(|by| format!("`{by}`")).collect();
            let message = format!("{} is nothing that revokes an identity", quote(text));
            Problem::new(&REVOKED_BY, message, format!("Write any of {}.", words.join(", ")))
        })
    }
}

impl fmt::Display for RevokedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What ends an identity: at least one thing besides a person. The order is the declared one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<RevokedBy>", into = "Vec<RevokedBy>")]
pub struct RevokedBySet(Vec<RevokedBy>);

impl RevokedBySet {
    /// Makes the set; repeated entries count once.
    pub fn new(entries: Vec<RevokedBy>) -> Result<Self, Problem> {
        let help = "Add what ends the identity by itself, for example `revoked_by = [\"ttl\", \"owner_departure\"]`.";
        if entries.is_empty() {
            return Err(Problem::new(&REVOKED_BY, "nothing revokes the identity", help));
        }
        if entries.iter().all(|by| *by == RevokedBy::Manual) {
            return Err(Problem::new(&REVOKED_BY, "only `manual` revokes the identity", help));
        }
        let mut set = Vec::new();
        for entry in entries {
            if !set.contains(&entry) {
                set.push(entry);
            }
        }
        Ok(Self(set))
    }

    /// The entries in declared order.
    pub fn entries(&self) -> &[RevokedBy] {
        &self.0
    }
}

impl TryFrom<Vec<RevokedBy>> for RevokedBySet {
    type Error = Problem;

    fn try_from(entries: Vec<RevokedBy>) -> Result<Self, Problem> {
        Self::new(entries)
    }
}

impl From<RevokedBySet> for Vec<RevokedBy> {
    fn from(set: RevokedBySet) -> Self {
        set.0
    }
}
