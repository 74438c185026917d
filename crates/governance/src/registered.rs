//! What the records of every kind but identities share: one envelope, and one way to create, change and end.
//!
//! A kind is its declaration and the state that happens to it; the envelope knows nothing of either but what
//! [`Declared`] asks.

use std::fmt::Debug;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::canonical::{Digest, canonical_json};
use crate::checker::{Checker, Violation};
use crate::code::{ENDED, EXISTS, FIXED, Problem};
use crate::id::RecordId;
use crate::lifecycle::printable;
use crate::record::{Act, Containment, Evidence, Record, RecordKind, Transition, is_false};
use crate::tier::RiskTier;
use crate::time::Timestamp;

/// What is declared of a record of some kind.
pub trait Declared: Clone + Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Its kind.
    const KIND: RecordKind;

    /// What happens to it besides: set by the life cycle, never declared.
    type State: Clone + Debug + PartialEq + Default + Serialize + DeserializeOwned + Send + Sync + 'static;

    /// The environment that it belongs to; empty where it belongs to none.
    fn environment<'a>(&'a self, state: &'a Self::State) -> &'a str {
        let _ = state;
        ""
    }

    /// What tells it from others of its kind; it never changes.
    fn key(&self) -> String;

    /// The record it cannot outlive.
    fn parent(&self) -> Option<RecordId> {
        None
    }

    /// The tier whose approvals it calls for.
    fn tier(&self) -> RiskTier {
        RiskTier::Low
    }

    /// The declaration as JSON.
    fn to_json(&self) -> Value {
        // INVARIANT: declarations are texts, numbers, lists and maps with text keys, which always serialise.
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// What checking a draft of a kind found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged<D> {
    /// Everything that is wrong, in the order of the attributes.
    pub violations: Vec<Violation>,
    /// The declaration, when nothing is wrong and everything is known.
    pub declaration: Option<D>,
}

impl<D> Judged<D> {
    /// What a checker found, and what it made of the rest.
    pub(crate) fn of(checker: Checker, declaration: Option<D>) -> Self {
        let declaration = declaration.filter(|_| checker.violations.is_empty());
        Self {
            violations: checker.violations,
            declaration,
        }
    }
}

/// A status and why it is so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindStanding {
    /// The status, as a word.
    pub status: &'static str,
    /// The reason, as a phrase.
    pub reason: String,
    /// Whether the record is worth what it says at this moment.
    pub is_good: bool,
}

impl KindStanding {
    pub(crate) fn good(status: &'static str, reason: impl Into<String>) -> Self {
        Self {
            status,
            reason: reason.into(),
            is_good: true,
        }
    }

    pub(crate) fn bad(status: &'static str, reason: impl Into<String>) -> Self {
        Self {
            is_good: false,
            ..Self::good(status, reason)
        }
    }
}

/// When and why a record ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ended {
    at: Timestamp,
    reason: String,
}

/// A record of some kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound = "", deny_unknown_fields)]
pub struct Registered<D: Declared> {
    id: RecordId,
    declaration: D,
    revision: u64,
    created_at: Timestamp,
    requested_by: String,
    #[serde(default, skip_serializing_if = "is_false")]
    confirmed: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    state: D::State,
    #[serde(default, skip_serializing_if = "is_default")]
    evidence: Evidence,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ended: Option<Ended>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl<D: Declared> Registered<D> {
    /// A new record, not yet confirmed.
    pub(crate) fn declare(
        id: RecordId,
        declaration: D,
        state: D::State,
        act: &Act<'_>,
    ) -> Result<Transition<Self>, Problem> {
        act.needs(declaration.tier(), &what::<D>())?;
        let record = Self {
            id,
            revision: 1,
            created_at: act.now,
            requested_by: printable(act.by),
            confirmed: false,
            state,
            evidence: act.evidence.clone(),
            ended: None,
            declaration,
        };
        let told = record.told(json!({ "declaration": record.declaration.to_json() }));
        Ok(Transition::to(record, "created", told))
    }

    /// The record again for a creation that was interrupted: no core has confirmed it, and the same was declared.
    pub fn adopt(&self, declaration: &D) -> Option<Transition<Self>> {
        let same = !self.confirmed && self.ended.is_none() && self.declaration.to_json() == declaration.to_json();
        same.then(|| Transition::to(self.clone(), "adopted", json!({})))
    }

    /// Notes that a core knows the id.
    pub fn confirm(&self) -> Transition<Self> {
        if self.confirmed {
            return Transition::unchanged(self);
        }
        let confirmed = Self {
            confirmed: true,
            ..self.clone()
        };
        Transition::to(confirmed, "confirmed", json!({}))
    }

    /// Changes what is declared, and with it the state.
    pub(crate) fn change(&self, declaration: D, state: D::State, act: &Act<'_>) -> Result<Transition<Self>, Problem> {
        self.refuse_ended()?;
        if self.declaration.key() != declaration.key() {
            let message = format!("{} `{}` cannot become another", D::KIND.as_str(), self.id);
            let help = "Replace it: the old one ends and the new one gets an id of its own.";
            return Err(Problem::new(&FIXED, message, help));
        }
        // Not by equality: two spellings of an owner are equal, and the record has to keep the one that is declared.
        if self.declaration.to_json() == declaration.to_json() && self.state == state {
            return Ok(self.confirm());
        }
        act.needs(declaration.tier().max(self.declaration.tier()), &what::<D>())?;
        let after = Self {
            declaration,
            state,
            evidence: act.evidence.clone(),
            ..self.next()
        };
        let told = after.told(json!({ "declaration": after.declaration.to_json() }));
        Ok(Transition::to(after, "updated", told))
    }

    /// Something happened to it.
    pub(crate) fn happened(&self, state: D::State, verb: &str, told: Value) -> Result<Transition<Self>, Problem> {
        self.refuse_ended()?;
        Ok(self.happened_to_any(state, verb, told))
    }

    /// Something happened to it, or to what is left of it.
    pub(crate) fn happened_to_any(&self, state: D::State, verb: &str, told: Value) -> Transition<Self> {
        let after = Self { state, ..self.next() };
        Transition::to(after, verb, told)
    }

    /// Ends it for good. A second time changes nothing.
    pub fn end(&self, reason: &str, now: Timestamp) -> Transition<Self> {
        if self.ended.is_some() {
            return Transition::unchanged(self);
        }
        let reason = printable(reason);
        let after = Self {
            ended: Some(Ended {
                at: now,
                reason: reason.clone(),
            }),
            ..self.next()
        };
        Transition::to(after, "ended", json!({ "reason": reason }))
    }

    /// The refusal to create it again: it is there, or another run may still be busy creating it.
    pub fn taken(&self, is_under_way: bool) -> Problem {
        let (kind, key, id) = (D::KIND.as_str(), self.declaration.key(), self.id);
        if is_under_way {
            let message = format!("{kind} `{key}` is being created by another run, as `{id}`");
            return Problem::new(&EXISTS, message, "Wait for it to end, then plan again.");
        }
        let help = format!("Import it (`terraform import <address> {id}`), or declare another one.");
        Problem::new(&EXISTS, format!("{kind} `{key}` is on record already, as `{id}`"), help)
    }

    /// What is declared.
    pub fn declaration(&self) -> &D {
        &self.declaration
    }

    /// What happened to it.
    pub fn state(&self) -> &D::State {
        &self.state
    }

    /// When it was created.
    pub fn created_at(&self) -> Timestamp {
        self.created_at
    }

    /// Who asked for it.
    pub fn requested_by(&self) -> &str {
        &self.requested_by
    }

    /// Whether a core has shown that it knows the id.
    pub fn is_confirmed(&self) -> bool {
        self.confirmed
    }

    /// The approvals that its present terms rest on.
    pub fn evidence(&self) -> &Evidence {
        &self.evidence
    }

    /// The digest of everything that is declared.
    pub fn declaration_digest(&self) -> Digest {
        Digest::of(canonical_json(&self.declaration.to_json()).as_bytes())
    }

    /// How it stands where it has ended.
    pub(crate) fn ended_standing(&self) -> Option<KindStanding> {
        let ended = self.ended.as_ref()?;
        let reason = format!("ended at {}: {}", ended.at, ended.reason);
        Some(KindStanding::bad("ended", reason))
    }

    fn refuse_ended(&self) -> Result<(), Problem> {
        let Some(ended) = &self.ended else { return Ok(()) };
        let message = format!("{} `{}` ended at {}", D::KIND.as_str(), self.id, ended.at);
        let help = "Remove it from the configuration, or create another one, which gets an id of its own.";
        Err(Problem::new(&ENDED, message, help))
    }

    /// The record one revision on; whoever changes it knows its id.
    fn next(&self) -> Self {
        Self {
            revision: self.revision.saturating_add(1),
            confirmed: true,
            ..self.clone()
        }
    }

    fn told(&self, mut told: Value) -> Value {
        if let (Value::Object(members), false) = (&mut told, self.evidence.is_empty()) {
            members.insert("evidence".to_owned(), json!(self.evidence));
        }
        told
    }
}

fn what<D: Declared>() -> String {
    format!("a record of kind {}", D::KIND.as_str())
}

impl<D: Declared> Record for Registered<D> {
    const KIND: RecordKind = D::KIND;

    fn id(&self) -> RecordId {
        self.id
    }

    fn environment(&self) -> &str {
        self.declaration.environment(&self.state)
    }

    fn key(&self) -> String {
        self.declaration.key()
    }

    fn parent(&self) -> Option<RecordId> {
        self.declaration.parent()
    }

    fn revision(&self) -> u64 {
        self.revision
    }

    fn ended_at(&self) -> Option<Timestamp> {
        self.ended.as_ref().map(|ended| ended.at)
    }

    fn contained(&self, how: Containment, _by: &str, reason: &str, now: Timestamp) -> Transition<Self> {
        match how {
            Containment::End => self.end(reason, now),
            Containment::Suspend | Containment::Kill => Transition::unchanged(self),
        }
    }
}
