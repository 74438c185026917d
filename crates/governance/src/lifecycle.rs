//! The life cycle: the only ways in which an identity comes to be, changes and ends.
//!
//! Each transition is a function from what is stored, what is asked and the time to the new record and the event that
//! tells of it. None of them looks at a clock or writes anything.
//!
//! A life is never extended in passing: `issued_at` moves only when the declared generation rises, so any number of
//! applies without a change leaves `expires_at` where it is. A containment is never undone in passing either: what is
//! suspended stays so through every change, until somebody other than who suspended it asks for it.

mod contain;
mod end;
mod rotate;
mod transfer;

use serde_json::{Map, Value, json};

use crate::code::{EXPIRED, FIXED, GENERATION, Problem, QUARANTINE, REVOKED};
use crate::cover::within;
use crate::declaration::Declaration;
use crate::id::RecordId;
use crate::identity::{Identity, Noted, Quarantine};
use crate::policy::Policy;
use crate::record::{Act, Evidence, Record as _, Transition};
use crate::spiffe::{SpiffeId, TrustDomain};
use crate::standing::{Cause, Context, Status, Suspension};
use crate::text::unprintable;
use crate::tier::RiskTier;
use crate::time::Timestamp;
use crate::ttl::Ttl;

pub use contain::{RESUME_DAYS_MAX, contain, resume, suspend};
pub use end::{disown, note_use, offboard, reviewed, revoke, sweep};
pub use rotate::rotate;
pub use transfer::transfer;

/// The longest reason, in characters.
const REASON_CHARS_MAX: usize = 300;
/// How long what has expired can still be renewed, in days.
pub(crate) const EXPIRED_DAYS_MAX: i64 = 7;
/// The longest time that an identity may stay in quarantine, in days.
pub const QUARANTINE_DAYS_MAX: u32 = 30;

/// A new identity, not yet confirmed.
pub fn create(
    id: RecordId,
    trust_domain: &TrustDomain,
    declaration: Declaration,
    act: &Act<'_>,
) -> Result<Transition<Identity>, Problem> {
    let tier = declaration.assess(act.policy).tier;
    act.needs(tier, &format!("an identity of tier {tier}"))?;
    let identity = anew(id, trust_domain, declaration, act);
    let particulars = particulars(
        act.policy,
        &identity,
        json!({ "declaration": identity.declaration.to_json() }),
    );
    Ok(Transition::to(identity, "created", particulars))
}

impl Transition<Identity> {
    /// Of a new identity: the throws of the kill switch up to this number came before it.
    #[must_use]
    pub fn after_kills(mut self, epoch: u64) -> Self {
        self.record.kill_epoch = epoch;
        let digest = self.record.digest().to_string();
        self.noting("record", digest.into())
    }
}

/// Takes an identity that was found outside of governance on record: of no use here, and with a deadline.
pub fn quarantine(
    id: RecordId,
    trust_domain: &TrustDomain,
    declaration: Declaration,
    deadline: &Ttl,
    reason: &str,
    act: &Act<'_>,
) -> Result<Transition<Identity>, Problem> {
    let identity = Identity {
        confirmed: true,
        evidence: Evidence::default(),
        quarantine: Some(deadline_of(deadline, reason, act.now)?),
        ..anew(id, trust_domain, declaration, act)
    };
    let particulars = particulars(
        act.policy,
        &identity,
        json!({ "declaration": identity.declaration.to_json() }),
    );
    Ok(Transition::to(identity, "quarantined", particulars))
}

/// Brings an identity that no configuration managed any more back into quarantine, from where an apply takes it up.
pub fn requarantine(
    identity: &Identity,
    deadline: &Ttl,
    reason: &str,
    act: &Act<'_>,
) -> Result<Transition<Identity>, Problem> {
    refuse_ended(identity)?;
    if identity.unmanaged.is_none() {
        let message = format!("identity `{}` is under management", identity.id);
        return Err(Problem::new(
            &QUARANTINE,
            message,
            "Only an unmanaged identity is adopted again.",
        ));
    }
    let after = Identity {
        quarantine: Some(deadline_of(deadline, reason, act.now)?),
        unmanaged: None,
        ..next(identity)
    };
    let particulars = particulars(act.policy, &after, json!({}));
    Ok(Transition::to(after, "quarantined", particulars))
}

fn deadline_of(deadline: &Ttl, reason: &str, now: Timestamp) -> Result<Quarantine, Problem> {
    let longest = Ttl::from_days(QUARANTINE_DAYS_MAX);
    if deadline.seconds() > longest.seconds() {
        let message = format!("the quarantine would last `{deadline}`");
        let help = format!("Give it `{longest}` at most: by then it is governed, or revoked.");
        return Err(Problem::new(&QUARANTINE, message, help));
    }
    Ok(Quarantine {
        at: now,
        deadline: now.plus(deadline),
        reason: printable(reason),
    })
}

fn anew(id: RecordId, trust_domain: &TrustDomain, declaration: Declaration, act: &Act<'_>) -> Identity {
    Identity {
        id,
        spiffe_id: SpiffeId::of(trust_domain, declaration.environment(), declaration.name()),
        revision: 1,
        created_at: act.now,
        issued_at: act.now,
        expires_at: act.now.plus(declaration.ttl()),
        confirmed: false,
        revoked: None,
        offboarded: None,
        suspended: declared_suspension(&declaration, act),
        contained: None,
        quarantine: None,
        unmanaged: None,
        resumed_at: None,
        kill_epoch: 0,
        review_due_at: Some(review_due(&declaration, act)),
        rotated: None,
        rotation_due_at: rotate::due(&declaration, act),
        last_used_at: None,
        requested_by: Some(printable(act.by)),
        evidence: act.evidence.clone(),
        declaration,
    }
}

/// The identity again for a creation that was interrupted, or nothing when it is not the same one.
///
/// It is the same when no core has confirmed it, it still stands as created, and exactly the same was declared.
pub fn adopt(
    identity: &Identity,
    trust_domain: &TrustDomain,
    declaration: &Declaration,
    context: &Context,
    now: Timestamp,
) -> Option<Transition<Identity>> {
    let spiffe_id = SpiffeId::of(trust_domain, declaration.environment(), declaration.name());
    let status = identity.status(now, context);
    let same = !identity.confirmed
        && (status.is_usable() || (status == Status::Suspended && declaration.wants_suspension()))
        && identity.spiffe_id == spiffe_id
        && identity.declaration.digest() == declaration.digest();
    same.then(|| Transition::to(identity.clone(), "adopted", json!({})))
}

/// Notes that a core knows the id.
pub fn confirm(identity: &Identity) -> Transition<Identity> {
    if identity.confirmed {
        return Transition::unchanged(identity);
    }
    // The revision stays: what was declared did not change, and a core must not see a difference.
    let confirmed = Identity {
        confirmed: true,
        ..identity.clone()
    };
    Transition::to(confirmed, "confirmed", json!({}))
}

/// Changes what is declared, renews when the generation rises, and takes up what was in quarantine or unmanaged.
///
/// `context` is that of the new declaration. A change that only contains calls for no approval; one that would undo a
/// containment is a [`resume`] and keeps to its rules.
pub fn update(
    identity: &Identity,
    declaration: Declaration,
    context: &Context,
    act: &Act<'_>,
) -> Result<Transition<Identity>, Problem> {
    refuse_update(identity, &declaration, act.now)?;
    let renews = generation(&declaration) > generation(&identity.declaration);
    let changes = changes(&identity.declaration, &declaration);
    let settles = identity.quarantine.is_some() || identity.unmanaged.is_some();
    let resumes = !declaration.wants_suspension() && identity.is_suspended_by_act(context);
    if changes.is_empty() && !settles && !resumes {
        return Ok(confirm(identity));
    }
    let contains = !settles && !resumes && is_containment(&identity.declaration, &declaration);
    let tier = tier_of_change(act.policy, &identity.declaration, &declaration);
    if !contains {
        act.needs(tier, &format!("this change of tier {tier}"))?;
    }
    contain::refuse_undoing(identity, &declaration, context, act)?;
    let after = updated(identity, declaration, contains, context, act);
    let verb = match () {
        () if renews => "renewed",
        () if resumes => "resumed",
        () if settles => "settled",
        () => "updated",
    };
    let particulars = particulars(act.policy, &after, json!({ "changes": changes }));
    Ok(Transition::to(after, verb, particulars))
}

fn updated(
    identity: &Identity,
    declaration: Declaration,
    contains: bool,
    context: &Context,
    act: &Act<'_>,
) -> Identity {
    let identity = &settled_kills(identity, context);
    let renews = generation(&declaration) > generation(&identity.declaration);
    let issued_at = if renews { act.now } else { identity.issued_at };
    let resumes = !declaration.wants_suspension() && identity.suspended.is_some();
    let suspended = match &identity.suspended {
        Some(suspension) if !resumes => Some(suspension.clone()),
        _ => declared_suspension(&declaration, act),
    };
    let widens = !within(&declaration.scope, &identity.declaration.scope);
    let has_agreement = !act.evidence.approvals.is_empty();
    let mut after = Identity {
        issued_at,
        expires_at: issued_at.plus(declaration.ttl()),
        suspended,
        contained: identity.contained.clone().filter(|_| !widens),
        resumed_at: if resumes { Some(act.now) } else { identity.resumed_at },
        rotation_due_at: rotate::due_after(identity, &declaration, renews, act),
        declaration,
        ..next(identity)
    };
    if !contains {
        after.evidence = act.evidence.clone();
        after.quarantine = None;
        after.unmanaged = None;
        // Persons who agreed to the terms have looked at them; a change that nobody had to agree to reviews nothing.
        if has_agreement || after.review_due_at.is_none() || identity.quarantine.is_some() {
            after.review_due_at = Some(review_due(&after.declaration, act));
        }
    }
    after
}

/// The same with what the kill switch did to it written down, before it becomes something that is no longer selected.
/// From here on only later throws count.
fn settled_kills(identity: &Identity, context: &Context) -> Identity {
    let killed = identity.kill_suspension(context);
    Identity {
        suspended: killed.or_else(|| identity.suspended.clone()),
        kill_epoch: identity.kill_epoch.max(context.kill_epoch()),
        ..identity.clone()
    }
}

/// The tier whose approvals a change calls for: the higher one, so that no change lowers what it is judged by.
pub fn tier_of_change(policy: &Policy, before: &Declaration, after: &Declaration) -> RiskTier {
    before.assess(policy).tier.max(after.assess(policy).tier)
}

/// Whether a change does nothing but take away: a narrower scope, a shorter life, a suspension.
fn is_containment(before: &Declaration, after: &Declaration) -> bool {
    let alike = Declaration {
        scope: before.scope.clone(),
        ttl: before.ttl.clone(),
        desired_state: before.desired_state,
        ..after.clone()
    };
    alike.digest() == before.digest()
        && within(&after.scope, &before.scope)
        && after.ttl.seconds() <= before.ttl.seconds()
        && (after.wants_suspension() || !before.wants_suspension())
}

fn declared_suspension(declaration: &Declaration, act: &Act<'_>) -> Option<Suspension> {
    declaration.wants_suspension().then(|| Suspension {
        at: act.now,
        by: Some(printable(act.by)),
        cause: Cause::Declared,
        reason: "the configuration wants it suspended".to_owned(),
    })
}

/// How often somebody has to say that an identity of this tier is still needed.
fn review_due(declaration: &Declaration, act: &Act<'_>) -> Timestamp {
    let tier = declaration.assess(act.policy).tier;
    act.now.plus(&act.policy.tier(tier).review_every)
}

/// The identity one revision on; whoever changes it knows its id.
fn next(identity: &Identity) -> Identity {
    Identity {
        revision: identity.revision.saturating_add(1),
        confirmed: true,
        ..identity.clone()
    }
}

/// Somebody who does something for a reason.
fn noted(act: &Act<'_>, reason: &str) -> Noted {
    Noted {
        at: act.now,
        by: printable(act.by),
        reason: printable(reason),
    }
}

/// A text without what has no place in a log, cut off where it grows too long.
pub(crate) fn printable(text: &str) -> String {
    text.chars()
        .filter(|c| unprintable(c.encode_utf8(&mut [0; 4])).is_none())
        .take(REASON_CHARS_MAX)
        .collect()
}

/// What every event of an identity tells, and what this one tells besides.
fn particulars(policy: &Policy, identity: &Identity, besides: Value) -> Value {
    let assessment = identity.assess(policy);
    let mut members = match besides {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    members.insert("expires_at".to_owned(), json!(identity.expires_at));
    members.insert("policy".to_owned(), json!(policy.digest()));
    members.insert("score".to_owned(), json!(assessment.score));
    members.insert("tier".to_owned(), json!(assessment.tier));
    if !identity.evidence.is_empty() {
        members.insert("evidence".to_owned(), json!(identity.evidence));
    }
    Value::Object(members)
}

pub(crate) fn refuse_ended(identity: &Identity) -> Result<(), Problem> {
    if identity.ended_at().is_none() {
        return Ok(());
    }
    let message = format!("identity `{}` is revoked", identity.id);
    Err(Problem::new(
        &REVOKED,
        message,
        "Remove it from the configuration, or create another identity, which gets an id of its own.",
    ))
}

fn refuse_update(identity: &Identity, declaration: &Declaration, now: Timestamp) -> Result<(), Problem> {
    let before = &identity.declaration;
    refuse_ended(identity)?;
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
        return Err(falling_generation(old, new));
    }
    let since = now.seconds_since(identity.ends_at());
    if since > EXPIRED_DAYS_MAX * 86_400 {
        let message = format!(
            "identity `{}` ended more than {EXPIRED_DAYS_MAX} days ago, at {}",
            identity.id,
            identity.ends_at()
        );
        let help = "It is to be revoked and cannot be renewed: replace it by a new one.";
        return Err(Problem::new(&EXPIRED, message, help));
    }
    if let Some(quarantine) = identity
        .quarantine
        .as_ref()
        .filter(|quarantine| quarantine.deadline <= now)
    {
        let message = format!(
            "the quarantine of identity `{}` ended at {}",
            identity.id, quarantine.deadline
        );
        let help = "It was not brought under governance in time: replace it by a new one.";
        return Err(Problem::new(&QUARANTINE, message, help));
    }
    let revives = new == old && identity.issued_at.plus(declaration.ttl()) > now;
    if identity.expires_at <= now && revives {
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

/// The refusal of a generation that falls.
pub(crate) fn falling_generation(old: u32, new: u32) -> Problem {
    let message = format!("the generation falls from {old} to {new}");
    let help = format!("Write `generation = {old}`, or {} to renew.", u64::from(old) + 1);
    Problem::new(&GENERATION, message, help)
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
