//! What an identity is worth at a moment.
//!
//! The standing is a function of what is stored, the time and what else is on record; nothing has to run for an
//! identity to expire, or for one whose owner is gone to be suspended. Whatever contains weighs more than whatever
//! runs out, and an end for good weighs most.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::declaration::Declaration;
use crate::identity::Identity;
use crate::kill::Kill;
use crate::record::Record;
use crate::registered::Registered;
use crate::team::Team;
use crate::time::Timestamp;
use crate::vendor::Vendor;

/// An identity counts as expiring in the last fifth of its life, …
const EXPIRING_SHARE: u64 = 5;
/// … and no earlier than two weeks before its end.
const EXPIRING_SECONDS_MAX: u64 = 14 * 86_400;

/// How long an identity that nobody manages any more may go on, in seconds.
const UNMANAGED_SECONDS_MAX: i64 = 14 * 86_400;

/// What an identity is worth at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It is good.
    Active,
    /// It is good and near its end.
    Expiring,
    /// Its time to live has run out; a renewal brings it back.
    Expired,
    /// It is of no use until it is resumed.
    Suspended,
    /// It is good for a while, and no configuration answers for it any more.
    Unmanaged,
    /// It was found outside of governance, and is of no use until its approvals are there.
    Quarantined,
    /// It was ended for good.
    Revoked,
    /// It was ended for good, and nothing of it is left.
    Offboarded,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Active,
        Self::Expiring,
        Self::Expired,
        Self::Suspended,
        Self::Unmanaged,
        Self::Quarantined,
        Self::Revoked,
        Self::Offboarded,
    ];

    /// The word used in HCL and every output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Expiring => "expiring",
            Self::Expired => "expired",
            Self::Suspended => "suspended",
            Self::Unmanaged => "unmanaged",
            Self::Quarantined => "quarantined",
            Self::Revoked => "revoked",
            Self::Offboarded => "offboarded",
        }
    }

    /// Whether the identity may be used.
    pub fn is_usable(self) -> bool {
        matches!(self, Self::Active | Self::Expiring | Self::Unmanaged)
    }

    /// Whether nothing follows but the end of the end.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Revoked | Self::Offboarded)
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

/// What suspends an identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The configuration wants it so.
    Declared,
    /// A person did it.
    Manual,
    /// The kill switch was thrown.
    Kill,
    /// The vendor's contract ended.
    ContractEnd,
    /// An owner is gone, or nobody manages it.
    Orphaned,
    /// The exception that let it hold a static secret is over.
    Exception,
    /// A review was not answered.
    Review,
    /// A rotation was missed.
    Rotation,
}

/// Why, since when and by whom an identity is suspended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suspension {
    /// Since when.
    pub at: Timestamp,
    /// By whom; none where it follows from something else on record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// What kind of thing did it.
    pub cause: Cause,
    /// Why, as a phrase.
    pub reason: String,
}

/// What else is on record that a standing depends on. The default is that there is nothing of the kind.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Context {
    /// Every throw of the kill switch, whatever it selects.
    pub kills: Arc<[Kill]>,
    /// An owner that is gone, and since when.
    pub owner_gone: Option<(String, Timestamp)>,
    /// When the contract of its vendor ends.
    pub contract_end: Option<Timestamp>,
}

impl Context {
    /// The context of what is declared, out of every team of a key and every vendor of a name or an id, ended ones
    /// included. An owner of which there never was a record is not gone; one whose record ended is.
    pub fn gather<E>(
        declaration: &Declaration,
        mut teams: impl FnMut(&str) -> Result<Vec<Registered<Team>>, E>,
        mut vendors: impl FnMut(&str) -> Result<Vec<Registered<Vendor>>, E>,
    ) -> Result<Self, E> {
        let mut context = Self::default();
        for owner in [declaration.technical_owner(), declaration.policy_owner()] {
            if !owner.is_team() || context.owner_gone.is_some() {
                continue;
            }
            let found = teams(owner.name_key())?;
            if found.iter().all(|team| team.ended_at().is_some()) {
                let gone = found.iter().filter_map(Record::ended_at).max();
                context.owner_gone = gone.map(|since| (owner.to_string(), since));
            }
        }
        if let Some(vendor) = declaration.vendor_id() {
            let found = vendors(vendor)?;
            let live = found.iter().find(|vendor| vendor.ended_at().is_none());
            let of_ended = || found.iter().map(Registered::<Vendor>::ends_at).max();
            context.contract_end = live.map(Registered::<Vendor>::ends_at).or_else(of_ended);
        }
        Ok(context)
    }

    /// Whether the context of the one is that of the other: [`Context::gather`] looks at the same for both.
    pub fn is_shared(one: &Declaration, other: &Declaration) -> bool {
        one.technical_owner() == other.technical_owner()
            && one.policy_owner() == other.policy_owner()
            && one.vendor_id() == other.vendor_id()
    }

    /// The same with the throws of the kill switch.
    #[must_use]
    pub fn with_kills(self, kills: Arc<[Kill]>) -> Self {
        Self { kills, ..self }
    }

    /// The number of the last throw of the kill switch; 0 before the first.
    pub fn kill_epoch(&self) -> u64 {
        self.kills.iter().map(Kill::epoch).max().unwrap_or_default()
    }
}

impl Identity {
    /// What it is worth at a moment.
    pub fn standing(&self, now: Timestamp, context: &Context) -> Standing {
        let of = |status, reason| Standing { status, reason };
        if let Some(offboarded) = &self.offboarded {
            return of(Status::Offboarded, format!("offboarded at {}", offboarded.at));
        }
        if let Some(revoked) = &self.revoked {
            let reason = format!("revoked at {}: {}", revoked.at, revoked.reason);
            return of(Status::Revoked, reason);
        }
        if let Some(suspension) = self.suspension(now, context) {
            let reason = format!("suspended since {}: {}", suspension.at, suspension.reason);
            return of(Status::Suspended, reason);
        }
        let left = self.expires_at.seconds_since(now);
        let window = (self.declaration.ttl().seconds() / EXPIRING_SHARE).min(EXPIRING_SECONDS_MAX);
        if left <= 0 {
            return of(Status::Expired, format!("its ttl ran out at {}", self.expires_at));
        }
        if let Some(quarantine) = &self.quarantine {
            let deadline = quarantine.deadline;
            return if deadline <= now {
                of(Status::Expired, format!("its quarantine ended at {deadline}"))
            } else {
                let reason = format!("in quarantine until {deadline}: {}", quarantine.reason);
                of(Status::Quarantined, reason)
            };
        }
        if let Some(unmanaged) = &self.unmanaged {
            let reason = format!("no configuration manages it since {}", unmanaged.at);
            return of(Status::Unmanaged, reason);
        }
        if left <= i64::try_from(window).unwrap_or(i64::MAX) {
            of(Status::Expiring, format!("its ttl runs out at {}", self.expires_at))
        } else {
            of(Status::Active, format!("good until {}", self.expires_at))
        }
    }

    /// The status alone.
    pub fn status(&self, now: Timestamp, context: &Context) -> Status {
        self.standing(now, context).status
    }

    /// Whether nobody answers for it: an owner is gone, or no configuration manages it.
    pub fn is_orphaned(&self, context: &Context) -> bool {
        context.owner_gone.is_some() || self.unmanaged.is_some()
    }

    /// What suspends it, the earliest where it is several things.
    pub fn suspension(&self, now: Timestamp, context: &Context) -> Option<Suspension> {
        let acts = self.suspended.iter().cloned().chain(self.kill_suspension(context));
        let mut found: Vec<Suspension> = acts.collect();
        let mut follows = |at: Option<Timestamp>, cause, reason: String| {
            found.extend(at.map(|at| Suspension {
                at,
                by: None,
                cause,
                reason,
            }));
        };
        if let Some((owner, since)) = &context.owner_gone {
            follows(Some(*since), Cause::Orphaned, format!("its owner `{owner}` is gone"));
        }
        let ended = context.contract_end.filter(|at| *at <= now);
        follows(ended, Cause::ContractEnd, "the contract of its vendor ended".to_owned());
        let overdue = self.review_due_at.filter(|at| *at <= now);
        follows(overdue, Cause::Review, "its review is overdue".to_owned());
        // What ends by itself before its rotation is due has nothing left to rotate.
        let missed = self.rotation_due_at.filter(|at| *at <= now && *at < self.expires_at);
        follows(missed, Cause::Rotation, "its rotation was missed".to_owned());
        let forgotten = self.unmanaged.as_ref().map(|unmanaged| {
            let end = unmanaged.at.unix().saturating_add(UNMANAGED_SECONDS_MAX);
            Timestamp::from_unix(end)
        });
        let forgotten = forgotten.filter(|at| *at <= now);
        let reason = "no configuration has managed it for long".to_owned();
        follows(forgotten, Cause::Orphaned, reason);
        found.into_iter().min_by_key(|suspension| suspension.at)
    }

    /// The suspension that a throw of the kill switch stands for until it is written down.
    pub(crate) fn kill_suspension(&self, context: &Context) -> Option<Suspension> {
        self.killed(context).map(|kill| Suspension {
            at: kill.at(),
            by: Some(kill.by().to_owned()),
            cause: Cause::Kill,
            reason: kill.reason().to_owned(),
        })
    }
}
