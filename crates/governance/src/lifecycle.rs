//! The life cycle: the only ways in which an identity comes to be, changes and ends.
//!
//! Each transition is a function from what is stored, what is asked and the time to the new record and the event that
//! tells of it. None of them looks at a clock or writes anything.
//!
//! A life is never extended in passing: `issued_at` moves only when the declared generation rises, so any number of
//! applies without a change leaves `expires_at` where it is.

use serde_json::{Map, Value, json};

use crate::code::{EXPIRED, FIXED, GENERATION, Problem, REVOKED};
use crate::declaration::Declaration;
use crate::id::IdentityId;
use crate::identity::{Identity, Revoked, Status};
use crate::policy::Policy;
use crate::spiffe::{SpiffeId, TrustDomain};
use crate::time::Timestamp;

/// The longest reason of a revocation, in characters.
const REASON_CHARS_MAX: usize = 300;

/// What happened to an identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// It came to be.
    Created,
    /// A creation that was never confirmed was asked for again.
    Adopted,
    /// A core showed that it knows the id.
    Confirmed,
    /// Its declaration changed.
    Updated,
    /// Its time to live counts anew.
    Renewed,
    /// It ended for good.
    Revoked,
}

impl EventKind {
    /// The name in the audit log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "identity.created",
            Self::Adopted => "identity.adopted",
            Self::Confirmed => "identity.confirmed",
            Self::Updated => "identity.updated",
            Self::Renewed => "identity.renewed",
            Self::Revoked => "identity.revoked",
        }
    }
}

/// What the audit log is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// To which identity.
    pub subject: IdentityId,
    /// The particulars. The member `record` is the digest of the record after the event.
    pub payload: Value,
}

/// The outcome of a transition: what to store and what to tell, in one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    /// The record after it.
    pub identity: Identity,
    /// The event; none when nothing changes.
    pub event: Option<Event>,
}

impl Transition {
    fn unchanged(identity: &Identity) -> Self {
        Self {
            identity: identity.clone(),
            event: None,
        }
    }

    /// Names in the event the session that asks, so that it can be told later whether it was cut off.
    #[must_use]
    pub fn of_session(mut self, session: IdentityId) -> Self {
        if let Some(Value::Object(payload)) = self.event.as_mut().map(|event| &mut event.payload) {
            payload.insert("session".to_owned(), session.to_string().into());
        }
        self
    }

    fn with(kind: EventKind, identity: Identity, particulars: Value) -> Self {
        let mut payload = match particulars {
            Value::Object(members) => members,
            _ => Map::new(),
        };
        payload.insert(
            "environment".to_owned(),
            identity.declaration.environment().as_str().into(),
        );
        payload.insert("name".to_owned(), identity.declaration.name().as_str().into());
        payload.insert("revision".to_owned(), identity.revision.into());
        payload.insert("record".to_owned(), identity.digest().to_string().into());
        let event = Event {
            kind,
            subject: identity.id,
            payload: Value::Object(payload),
        };
        Self {
            identity,
            event: Some(event),
        }
    }
}

/// A new identity, not yet confirmed.
pub fn create(
    policy: &Policy,
    id: IdentityId,
    trust_domain: &TrustDomain,
    declaration: Declaration,
    now: Timestamp,
) -> Transition {
    let assessment = declaration.assess(policy);
    let identity = Identity {
        id,
        spiffe_id: SpiffeId::of(trust_domain, declaration.environment(), declaration.name()),
        revision: 1,
        created_at: now,
        issued_at: now,
        expires_at: now.plus(declaration.ttl()),
        confirmed: false,
        revoked: None,
        declaration,
    };
    let particulars = json!({
        "declaration": identity.declaration.to_json(),
        "expires_at": identity.expires_at,
        "policy": policy.digest(),
        "score": assessment.score,
        "tier": assessment.tier,
    });
    Transition::with(EventKind::Created, identity, particulars)
}

/// The identity again for a creation that was interrupted, or nothing when it is not the same one.
///
/// It is the same when no core has confirmed it, it is still good, and exactly the same was declared.
pub fn adopt(
    identity: &Identity,
    trust_domain: &TrustDomain,
    declaration: &Declaration,
    now: Timestamp,
) -> Option<Transition> {
    let spiffe_id = SpiffeId::of(trust_domain, declaration.environment(), declaration.name());
    let same = !identity.confirmed
        && identity.status(now).is_usable()
        && identity.spiffe_id == spiffe_id
        && identity.declaration.digest() == declaration.digest();
    same.then(|| Transition::with(EventKind::Adopted, identity.clone(), json!({})))
}

/// Notes that a core knows the id.
pub fn confirm(identity: &Identity) -> Transition {
    if identity.confirmed {
        return Transition::unchanged(identity);
    }
    // The revision stays: what was declared did not change, and a core must not see a difference.
    Transition::with(
        EventKind::Confirmed,
        Identity {
            confirmed: true,
            ..identity.clone()
        },
        json!({}),
    )
}

/// Changes what is declared, and renews when the generation rises.
pub fn update(
    policy: &Policy,
    identity: &Identity,
    declaration: Declaration,
    now: Timestamp,
) -> Result<Transition, Problem> {
    refuse_update(identity, &declaration, now)?;
    let renews = generation(&declaration) > generation(&identity.declaration);
    let changes = changes(&identity.declaration, &declaration);
    if changes.is_empty() {
        return Ok(confirm(identity));
    }
    let issued_at = if renews { now } else { identity.issued_at };
    let after = Identity {
        revision: identity.revision.saturating_add(1),
        issued_at,
        expires_at: issued_at.plus(declaration.ttl()),
        confirmed: true,
        declaration,
        ..identity.clone()
    };
    let assessment = after.assess(policy);
    let kind = if renews { EventKind::Renewed } else { EventKind::Updated };
    let particulars = json!({
        "changes": changes,
        "expires_at": after.expires_at,
        "policy": policy.digest(),
        "score": assessment.score,
        "tier": assessment.tier,
    });
    Ok(Transition::with(kind, after, particulars))
}

/// Ends an identity for good. A second time changes nothing: revocation is never blocked.
pub fn revoke(identity: &Identity, reason: &str, now: Timestamp) -> Transition {
    if identity.revoked.is_some() {
        return Transition::unchanged(identity);
    }
    let reason: String = reason
        .chars()
        .filter(|c| crate::text::unprintable(c.encode_utf8(&mut [0; 4])).is_none())
        .take(REASON_CHARS_MAX)
        .collect();
    let revoked = Identity {
        revision: identity.revision.saturating_add(1),
        confirmed: true,
        revoked: Some(Revoked {
            at: now,
            reason: reason.clone(),
        }),
        ..identity.clone()
    };
    Transition::with(EventKind::Revoked, revoked, json!({ "reason": reason }))
}

fn refuse_update(identity: &Identity, declaration: &Declaration, now: Timestamp) -> Result<(), Problem> {
    let before = &identity.declaration;
    if identity.revoked.is_some() {
        let message = format!("identity `{}` is revoked", identity.id);
        return Err(Problem::new(
            &REVOKED,
            message,
            "Remove it from the configuration, or create another identity, which gets an id of its own.",
        ));
    }
    if (before.name(), before.environment()) != (declaration.name(), declaration.environment()) {
        let message = format!(
            "identity `{}` cannot be renamed or moved to another environment",
            identity.id
        );
        return Err(Problem::new(
            &FIXED,
            message,
            "Replace the identity: the old one is revoked and the new one gets an id of its own.",
        ));
    }
    let (old, new) = (generation(before), generation(declaration));
    if new < old {
        let message = format!("the generation falls from {old} to {new}");
        return Err(Problem::new(
            &GENERATION,
            message,
            format!("Write `generation = {old}`, or {} to renew.", u64::from(old) + 1),
        ));
    }
    let revives = new == old && identity.issued_at.plus(declaration.ttl()) > now;
    if identity.status(now) == Status::Expired && revives {
        let message = format!(
            "identity `{}` expired at {} and a longer ttl would bring it back",
            identity.id, identity.expires_at
        );
        return Err(Problem::new(
            &EXPIRED,
            message,
            format!("Write `generation = {}` to renew it.", u64::from(old) + 1),
        ));
    }
    Ok(())
}

/// The generation, where none is declared 0, so that the first one that is declared is a bump.
fn generation(declaration: &Declaration) -> u32 {
    declaration.generation().unwrap_or(0)
}

/// The attributes that differ, each with its old and its new value.
fn changes(before: &Declaration, after: &Declaration) -> Map<String, Value> {
    let (before, after) = (before.to_json(), after.to_json());
    let empty = Map::new();
    let members = |value: &Value| value.as_object().unwrap_or(&empty).clone();
    let (before, after) = (members(&before), members(&after));
    let names = before
        .keys()
        .chain(after.keys().filter(|name| !before.contains_key(*name)));
    names
        .filter(|name| before.get(*name) != after.get(*name))
        .map(|name| (name.clone(), json!({ "from": before.get(name), "to": after.get(name) })))
        .collect()
}
