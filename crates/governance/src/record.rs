//! What the registry keeps: records of several kinds, each with an id, a key, a revision and an end.
//!
//! A transition of a life cycle is a function from a record and a moment to the record after it and the event that
//! tells of it. The registry stores both in one transaction and knows no kind by itself.

use std::fmt::Debug;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::canonical::{Digest, canonical_json};
use crate::code::{APPROVAL, Problem};
use crate::id::RecordId;
use crate::owner::Owner;
use crate::policy::Policy;
use crate::tier::RiskTier;
use crate::time::Timestamp;

/// The kinds of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordKind {
    /// A review of who still needs what.
    AccessReview,
    /// Access for an emergency, sealed until then.
    BreakGlass,
    /// A control that is waived for a while.
    Exception,
    /// What an identity may do on one backend.
    Grant,
    /// A non-human identity.
    Identity,
    /// A throw of the kill switch.
    Kill,
    /// The policy in force.
    Policy,
    /// A team that owns identities.
    Team,
    /// A vendor whose software runs on identities.
    Vendor,
}

impl RecordKind {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::AccessReview,
        Self::BreakGlass,
        Self::Exception,
        Self::Grant,
        Self::Identity,
        Self::Kill,
        Self::Policy,
        Self::Team,
        Self::Vendor,
    ];

    /// The word in tables, in the audit log (`grant.created`) and, of what is declared, after `nhi_` in HCL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AccessReview => "access_review",
            Self::BreakGlass => "break_glass",
            Self::Exception => "exception",
            Self::Grant => "grant",
            Self::Identity => "identity",
            Self::Kill => "kill",
            Self::Policy => "policy",
            Self::Team => "team",
            Self::Vendor => "vendor",
        }
    }

    /// Parses that word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// What is taken from a record by whoever sees the need, without anybody's approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Containment {
    /// All of it, for good.
    End,
    /// Its use, by a person.
    Suspend,
    /// Its use, by the kill switch.
    Kill,
}

/// Something that the registry keeps on record. Its JSON is what is stored.
pub trait Record: Clone + Debug + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Its kind.
    const KIND: RecordKind;

    /// Its id, never used twice, whatever the kind.
    fn id(&self) -> RecordId;

    /// The environment that it belongs to; empty where it belongs to none.
    fn environment(&self) -> &str;

    /// What tells it from others of its kind and environment: no two that have not ended share it.
    fn key(&self) -> String;

    /// The record it cannot outlive, such as a grant's identity.
    fn parent(&self) -> Option<RecordId> {
        None
    }

    /// How often it was changed: 1 when it was created. Writers compare it before they swap.
    fn revision(&self) -> u64;

    /// When it ended for good; it stays as a tombstone.
    fn ended_at(&self) -> Option<Timestamp>;

    /// Whether taking something from it makes no sense, so that whoever asks is told.
    fn refuse_containment(&self, how: Containment) -> Result<(), Problem> {
        let _ = how;
        Ok(())
    }

    /// The record once something was taken from it; unchanged where there is nothing of the kind to take.
    fn contained(&self, how: Containment, by: &str, reason: &str, now: Timestamp) -> Transition<Self> {
        let _ = (how, by, reason, now);
        Transition::unchanged(self)
    }

    /// The canonical text of the record, as the registry stores it.
    fn to_canonical_json(&self) -> String {
        // INVARIANT: a record is made of texts, numbers, lists and maps with text keys, which always serialise.
        canonical_json(&serde_json::to_value(self).unwrap_or_default())
    }

    /// Reads back what [`Record::to_canonical_json`] wrote.
    fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// The digest of the record, which its last audit row vouches for.
    fn digest(&self) -> Digest {
        Digest::of(self.to_canonical_json().as_bytes())
    }
}

/// What the audit log is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What happened, for example `identity.created`.
    pub action: String,
    /// To which record.
    pub subject: RecordId,
    /// The particulars. The member `record` is the digest of the record after the event.
    pub payload: Value,
}

/// The outcome of a transition: what to store and what to tell, in one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition<R> {
    /// The record after it.
    pub record: R,
    /// The event; none when nothing changes.
    pub event: Option<Event>,
}

impl<R: Record> Transition<R> {
    /// Nothing happens.
    pub fn unchanged(record: &R) -> Self {
        Self {
            record: record.clone(),
            event: None,
        }
    }

    /// The record becomes this one; `verb` says how, in the past tense, and `particulars` is an object of what else
    /// the log should know.
    pub fn to(record: R, verb: &str, particulars: Value) -> Self {
        let mut payload = match particulars {
            Value::Object(members) => members,
            _ => Map::new(),
        };
        payload.insert("environment".to_owned(), record.environment().into());
        payload.insert("name".to_owned(), record.key().into());
        payload.insert("revision".to_owned(), record.revision().into());
        payload.insert("record".to_owned(), record.digest().to_string().into());
        let event = Event {
            action: format!("{}.{verb}", R::KIND.as_str()),
            subject: record.id(),
            payload: Value::Object(payload),
        };
        Self {
            record,
            event: Some(event),
        }
    }

    /// Adds a member to the event's particulars; nothing where there is no event.
    #[must_use]
    pub fn noting(mut self, member: &str, value: Value) -> Self {
        if let Some(Value::Object(payload)) = self.event.as_mut().map(|event| &mut event.payload) {
            payload.insert(member.to_owned(), value);
        }
        self
    }

    /// Names in the event the session that asks, so that it can be told later whether it was cut off.
    #[must_use]
    pub fn of_session(self, session: RecordId) -> Self {
        self.noting("session", session.to_string().into())
    }
}

/// The approvals that a transition uses up: the registry refuses it where one was used before.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// The digest of what was approved; none where nothing had to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Digest>,
    /// The digests of the envelopes, each good for one use.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvals: Vec<Digest>,
    /// Who approved, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approved_by: Vec<String>,
    /// Whether missing approvals are only warned of. It is an explicit act and stays on record.
    #[serde(default, skip_serializing_if = "is_false")]
    pub waived: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde asks for")]
pub(crate) fn is_false(flag: &bool) -> bool {
    !flag
}

impl Evidence {
    /// No approvals, where the configuration says that they are only warned of.
    pub fn waived() -> Self {
        Self {
            waived: true,
            ..Self::default()
        }
    }

    /// Whether there is nothing to keep.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// How many distinct persons besides `requester` approved, each by an envelope.
    pub fn persons_besides(&self, requester: &str) -> usize {
        let mut persons: Vec<&str> = Vec::new();
        for person in &self.approved_by {
            let is_new = !persons.iter().any(|known| same_person(known, person));
            if is_new && !same_person(person, requester) {
                persons.push(person);
            }
        }
        persons.len().min(self.approvals.len())
    }
}

/// Whether two texts name one person, as [`Owner`] compares them.
pub(crate) fn same_person(left: &str, right: &str) -> bool {
    match (Owner::parse(left), Owner::parse(right)) {
        (Ok(left), Ok(right)) => left == right,
        _ => left.trim().eq_ignore_ascii_case(right.trim()),
    }
}

/// Whether an actor of the log, such as `alice@build-7`, may be this person: the same user name counts as the same
/// person, because it is about who must not judge their own wish.
pub(crate) fn may_be(actor: &str, person: &str) -> bool {
    let user = |text: &str| {
        let text = text.trim().to_ascii_lowercase();
        let text = text.strip_prefix("user:").unwrap_or(&text);
        let user = text.split(['@', '+']).next().unwrap_or_default();
        user.replace(['_', '.'], "-")
    };
    same_person(actor, person) || user(actor) == user(person)
}

/// Who does something, on what authority, and when.
#[derive(Debug, Clone, Copy)]
pub struct Act<'a> {
    /// Who asks for it.
    pub by: &'a str,
    /// The approvals that it uses up.
    pub evidence: &'a Evidence,
    /// The organisation's policy.
    pub policy: &'a Policy,
    /// When.
    pub now: Timestamp,
}

impl Act<'_> {
    /// Refuses the act where it lacks approvals that nobody waived.
    pub(crate) fn needs(&self, tier: RiskTier, what: &str) -> Result<(), Problem> {
        let count = self.policy.approvals(tier).persons();
        let seen = self.evidence.persons_besides(self.by);
        if self.evidence.waived || seen >= count as usize {
            return Ok(());
        }
        let message = format!("{what} calls for {count} approvals and has {seen}");
        Err(Problem::new(
            &APPROVAL,
            message,
            "Ask for the approvals of the request; whoever asks for it does not count among those who approve.",
        ))
    }
}
