//! An identity on record, and its standing at a moment.
//!
//! The standing is computed at every read from what is stored and the time; nothing has to run for an identity to
//! expire.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::canonical::{Digest, canonical_json};
use crate::declaration::Declaration;
use crate::id::IdentityId;
use crate::policy::Policy;
use crate::score::Assessment;
use crate::spiffe::SpiffeId;
use crate::time::Timestamp;

/// An identity counts as expiring in the last fifth of its life, …
const EXPIRING_SHARE: u64 = 5;
/// … and no earlier than two weeks before its end.
const EXPIRING_SECONDS_MAX: u64 = 14 * 86_400;

/// What the registry stores of an identity. It is changed only by the transitions of the life cycle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    pub(crate) id: IdentityId,
    pub(crate) declaration: Declaration,
    pub(crate) spiffe_id: SpiffeId,
    pub(crate) revision: u64,
    pub(crate) created_at: Timestamp,
    pub(crate) issued_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    pub(crate) confirmed: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) revoked: Option<Revoked>,
}

/// When and why an identity was revoked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Revoked {
    pub(crate) at: Timestamp,
    pub(crate) reason: String,
}

/// What an identity is worth at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It is good.
    Active,
    /// It is good and near its end.
    Expiring,
    /// Its time to live has run out; a renewal brings it back.
    Expired,
    /// It was ended for good.
    Revoked,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Active, Self::Expiring, Self::Expired, Self::Revoked];

    /// The word used in HCL and every output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Expiring => "expiring",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }

    /// Whether the identity may be used.
    pub fn is_usable(self) -> bool {
        matches!(self, Self::Active | Self::Expiring)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A status and why it is so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The status.
    pub status: Status,
    /// The reason, as a phrase.
    pub reason: String,
}

impl Identity {
    /// Its id.
    pub fn id(&self) -> IdentityId {
        self.id
    }

    /// What was declared.
    pub fn declaration(&self) -> &Declaration {
        &self.declaration
    }

    /// The name under which other systems know it.
    pub fn spiffe_id(&self) -> &SpiffeId {
        &self.spiffe_id
    }

    /// How often it was changed: 1 when it was created. Writers compare it before they swap.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// When it was created.
    pub fn created_at(&self) -> Timestamp {
        self.created_at
    }

    /// From when its time to live counts: its creation or its last renewal.
    pub fn issued_at(&self) -> Timestamp {
        self.issued_at
    }

    /// When its time to live runs out.
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// Whether a core has shown that it knows the id.
    pub fn is_confirmed(&self) -> bool {
        self.confirmed
    }

    /// When it was revoked.
    pub fn revoked_at(&self) -> Option<Timestamp> {
        self.revoked.as_ref().map(|revoked| revoked.at)
    }

    /// Its score and tier under a policy.
    pub fn assess(&self, policy: &Policy) -> Assessment {
        self.declaration.assess(policy)
    }

    /// What it is worth at a moment.
    pub fn standing(&self, now: Timestamp) -> Standing {
        if let Some(revoked) = &self.revoked {
            return Standing {
                status: Status::Revoked,
                reason: format!("revoked at {}: {}", revoked.at, revoked.reason),
            };
        }
        let left = self.expires_at.seconds_since(now);
        let window = (self.declaration.ttl().seconds() / EXPIRING_SHARE).min(EXPIRING_SECONDS_MAX);
        if left <= 0 {
            Standing {
                status: Status::Expired,
                reason: format!("its ttl ran out at {}", self.expires_at),
            }
        } else if left <= i64::try_from(window).unwrap_or(i64::MAX) {
            Standing {
                status: Status::Expiring,
                reason: format!("its ttl runs out at {}", self.expires_at),
            }
        } else {
            Standing {
                status: Status::Active,
                reason: format!("good until {}", self.expires_at),
            }
        }
    }

    /// The status alone.
    pub fn status(&self, now: Timestamp) -> Status {
        self.standing(now).status
    }

    /// The canonical text of the record, as the registry stores it.
    pub fn to_canonical_json(&self) -> String {
        // INVARIANT: see `Declaration::to_json`.
        canonical_json(&serde_json::to_value(self).unwrap_or_default())
    }

    /// Reads back what [`Identity::to_canonical_json`] wrote.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// The digest of the record, which its last audit row vouches for.
    pub fn digest(&self) -> Digest {
        Digest::of(self.to_canonical_json().as_bytes())
    }
}
