//! An identity on record.

use serde::{Deserialize, Serialize};

use crate::canonical::Digest;
use crate::code::Problem;
use crate::declaration::Declaration;
use crate::id::RecordId;
use crate::kill::Kill;
use crate::lifecycle::{refuse_ended, revoke, suspend};
use crate::policy::Policy;
use crate::record::{Act, Containment, Evidence, Record, RecordKind, Transition};
use crate::score::Assessment;
use crate::spiffe::SpiffeId;
use crate::standing::{Cause, Context, Suspension};
use crate::time::Timestamp;

/// What the registry stores of an identity. It is changed only by the transitions of the life cycle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    pub(crate) id: RecordId,
    pub(crate) declaration: Declaration,
    pub(crate) spiffe_id: SpiffeId,
    pub(crate) revision: u64,
    pub(crate) created_at: Timestamp,
    pub(crate) issued_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    pub(crate) confirmed: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) revoked: Option<Revoked>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) offboarded: Option<Offboarded>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) suspended: Option<Suspension>,
    /// Who narrowed the scope in an emergency, until somebody else agrees to widen it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) contained: Option<Noted>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) quarantine: Option<Quarantine>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) unmanaged: Option<Noted>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) resumed_at: Option<Timestamp>,
    /// The number of the last throw of the kill switch that no longer counts against it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) kill_epoch: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) review_due_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) rotated: Option<Rotated>,
    /// By when a static secret has to be replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) rotation_due_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) last_used_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) requested_by: Option<String>,
    #[serde(default, skip_serializing_if = "Evidence::is_empty")]
    pub(crate) evidence: Evidence,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde asks for")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// Something that somebody did for a reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Noted {
    pub(crate) at: Timestamp,
    pub(crate) by: String,
    pub(crate) reason: String,
}

/// The last time that its credentials were replaced, and how often they were.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rotated {
    pub(crate) at: Timestamp,
    pub(crate) by: String,
    pub(crate) count: u32,
}

/// An identity that was found outside of governance, and until when it may stay so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Quarantine {
    pub(crate) at: Timestamp,
    pub(crate) deadline: Timestamp,
    pub(crate) reason: String,
}

/// The end of the end: nothing of the identity is left anywhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Offboarded {
    pub(crate) at: Timestamp,
    /// The digest of what was read back.
    pub(crate) evidence: Digest,
}

/// When and why an identity was revoked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Revoked {
    pub(crate) at: Timestamp,
    pub(crate) reason: String,
}

impl Identity {
    /// Its id.
    pub fn id(&self) -> RecordId {
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

    /// The approvals that its present terms rest on.
    pub fn evidence(&self) -> &Evidence {
        &self.evidence
    }

    /// Who asked for it first.
    pub fn requested_by(&self) -> Option<&str> {
        self.requested_by.as_deref()
    }

    /// When somebody has to say again that it is needed.
    pub fn review_due_at(&self) -> Option<Timestamp> {
        self.review_due_at
    }

    /// How often its credentials were replaced.
    pub fn rotations(&self) -> u32 {
        self.rotated.as_ref().map_or(0, |rotated| rotated.count)
    }

    /// When they last were.
    pub fn rotated_at(&self) -> Option<Timestamp> {
        self.rotated.as_ref().map(|rotated| rotated.at)
    }

    /// By when they have to be, where they do not end by themselves; past that it counts as suspended.
    pub fn rotation_due_at(&self) -> Option<Timestamp> {
        self.rotation_due_at
    }

    /// When it was last seen in use.
    pub fn last_used_at(&self) -> Option<Timestamp> {
        self.last_used_at
    }

    /// When everything it held was read back as gone.
    pub fn offboarded_at(&self) -> Option<Timestamp> {
        self.offboarded.as_ref().map(|offboarded| offboarded.at)
    }

    /// Whether somebody noted that no configuration manages it any more.
    pub fn is_unmanaged(&self) -> bool {
        self.unmanaged.is_some()
    }

    /// Whether somebody suspended it, or a declaration did: what follows from something else ends with that.
    pub fn is_suspended_by_act(&self, context: &Context) -> bool {
        self.suspended.is_some() || self.killed(context).is_some()
    }

    /// The throw of the kill switch that holds it, the last where several do: one that selects it and came after its
    /// creation and its last resumption.
    pub fn killed<'a>(&self, context: &'a Context) -> Option<&'a Kill> {
        let counts = |kill: &&Kill| {
            kill.epoch() > self.kill_epoch && kill.at() >= self.created_at && kill.selects(&self.declaration)
        };
        context.kills.iter().filter(counts).max_by_key(|kill| kill.epoch())
    }

    /// When it ends by itself: its time to live, or its quarantine where that is shorter.
    pub fn ends_at(&self) -> Timestamp {
        let deadline = self.quarantine.as_ref().map(|quarantine| quarantine.deadline);
        deadline.map_or(self.expires_at, |deadline| deadline.min(self.expires_at))
    }
}

impl Record for Identity {
    const KIND: RecordKind = RecordKind::Identity;

    fn id(&self) -> RecordId {
        self.id
    }

    fn environment(&self) -> &str {
        self.declaration.environment().as_str()
    }

    fn key(&self) -> String {
        self.declaration.name().to_string()
    }

    fn revision(&self) -> u64 {
        self.revision
    }

    fn ended_at(&self) -> Option<Timestamp> {
        self.revoked_at()
    }

    fn refuse_containment(&self, how: Containment) -> Result<(), Problem> {
        match how {
            Containment::Suspend => refuse_ended(self),
            Containment::End | Containment::Kill => Ok(()),
        }
    }

    fn contained(&self, how: Containment, by: &str, reason: &str, now: Timestamp) -> Transition<Self> {
        let cause = match how {
            Containment::End => return revoke(self, reason, now),
            Containment::Suspend => Cause::Manual,
            Containment::Kill => Cause::Kill,
        };
        let act = Act {
            by,
            evidence: &Evidence::default(),
            policy: &Policy::default(),
            now,
        };
        // Only what has ended cannot be suspended, and nothing is left to take from it.
        suspend(self, cause, reason, &act).unwrap_or_else(|_| Transition::unchanged(self))
    }
}
