//! What is due, and its end: each kind in batches of one transaction, decided again where it is written.

use std::collections::BTreeMap;

use nhi_governance::{
    Act, BreakGlass, Cause, Context, Declared, Evidence, Exception, Grant, Identity, Record, RecordId, Registered,
    Timestamp, Transition, suspend, sweep,
};
use nhi_registry::{Actor, Exceptions, RecordFilter, RecordsExt as _, Registry, RegistryError, View};
use serde::Serialize;

use crate::operate::BATCH;
use crate::operate::rounds::{self, Review};

/// How long something that is past its end can still be renewed, in days, as it is for identities.
const RENEWABLE_DAYS: i64 = 7;

/// What was ended.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Swept {
    kind: &'static str,
    id: RecordId,
    name: String,
    environment: String,
    action: String,
    reason: String,
}

impl Swept {
    pub(super) fn row(&self) -> [String; 5] {
        [
            self.kind.to_owned(),
            self.name.clone(),
            self.environment.clone(),
            self.reason.clone(),
            self.id.to_string(),
        ]
    }

    /// The round of a review that was opened or closed.
    fn round(review: &Review, action: &str, reason: String) -> Self {
        Self {
            kind: Review::KIND.as_str(),
            id: review.id(),
            name: review.key(),
            environment: String::new(),
            action: action.to_owned(),
            reason,
        }
    }

    /// Whether it ended something.
    pub(super) fn is_end(&self) -> bool {
        self.kind != Review::KIND.as_str() && !self.is_suspension()
    }

    /// Whether it suspended something.
    pub(super) fn is_suspension(&self) -> bool {
        self.action == "identity.suspended"
    }

    /// What a transition does, where it does anything.
    fn of<R: Record>(transition: &Transition<R>) -> Option<Self> {
        let event = transition.event.as_ref()?;
        let reason = event.payload.get("reason").and_then(serde_json::Value::as_str);
        Some(Self {
            kind: R::KIND.as_str(),
            id: transition.record.id(),
            name: transition.record.key(),
            environment: transition.record.environment().to_owned(),
            action: event.action.clone(),
            reason: reason.unwrap_or_default().to_owned(),
        })
    }
}

/// What somebody owes: a sweeper can only say so.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Overdue {
    kind: &'static str,
    id: RecordId,
    name: String,
    environment: String,
    /// `test` or `review`.
    what: &'static str,
    due_at: Timestamp,
}

impl Overdue {
    pub(super) fn row(&self) -> [String; 5] {
        [
            self.kind.to_owned(),
            self.name.clone(),
            self.environment.clone(),
            format!("its {} was due at {}", self.what, self.due_at),
            self.id.to_string(),
        ]
    }

    /// The test and the review of break-glass access whose day has passed. What has ended may still owe its review.
    pub(super) fn all(registry: &dyn Registry) -> Result<Vec<Self>, RegistryError> {
        let with_ended = RecordFilter {
            with_ended: true,
            ..RecordFilter::default()
        };
        registry.reading(|view| {
            let now = view.now()?;
            let records = view.list::<Registered<BreakGlass>>(&with_ended)?;
            let of = |record: &Registered<BreakGlass>| {
                let test = record.ended_at().is_none().then(|| record.test_due_at());
                let owed = [("test", test), ("review", record.state().post_review_due_at)];
                owed.map(|(what, due)| {
                    due.filter(|due| *due <= now).map(|due_at| Self {
                        kind: Registered::<BreakGlass>::KIND.as_str(),
                        id: record.id(),
                        name: record.key(),
                        environment: record.environment().to_owned(),
                        what,
                        due_at,
                    })
                })
            };
            Ok(records.iter().flat_map(of).flatten().collect())
        })
    }
}

/// Ends all that is due. Rounds of reviews come first, because they suspend and revoke identities, and then these:
/// their end is that of their grants.
pub(super) fn sweep_all(registry: &dyn Registry, actor: &Actor) -> Result<Vec<Swept>, RegistryError> {
    let mut swept = reviews(registry, actor)?;
    let by = actor.as_str();
    swept.extend(kind(registry, actor, |records, now, view| {
        identities(records, by, now, view)
    })?);
    swept.extend(kind(registry, actor, grants)?);
    swept.extend(kind(registry, actor, |records: &[_], now, _| {
        Ok(records.iter().map(|record| exception(record, now)).collect())
    })?);
    Ok(swept)
}

/// Closes the rounds that are due, with all that follows, and opens those whose cadence asks for it.
fn reviews(registry: &dyn Registry, actor: &Actor) -> Result<Vec<Swept>, RegistryError> {
    let (now, reviews) = registry.reading(|view| Ok((view.now()?, view.list::<Review>(&RecordFilter::default())?)))?;
    let mut swept = Vec::new();
    for review in reviews {
        if review.state().due_at.is_some_and(|due| due <= now)
            && let Some((review, closed)) = rounds::close(registry, actor, review.id())?
        {
            let (suspended, revoked) = (closed.suspended.len(), closed.revoked.len());
            let reason = format!("closed: {suspended} suspended without an answer, {revoked} revoked");
            swept.push(Swept::round(&review, "access_review.closed", reason));
        }
        if review.opens_at().is_some_and(|opens| opens <= now) {
            let (review, opened) = rounds::open(registry, actor, review.id())?;
            let reason = format!("opened: {} identities to answer for", review.state().items.len());
            swept.extend(opened.then(|| Swept::round(&review, "access_review.opened", reason)));
        }
    }
    Ok(swept)
}

/// What is due of some records at a moment, in their order: nothing for most of them.
type Due<R> = Result<Vec<Option<Transition<R>>>, RegistryError>;

/// Does to the records of a kind what is `due` at a moment. It is asked about all at once, so that what they have in
/// common is read once.
fn kind<R: Record>(
    registry: &dyn Registry,
    actor: &Actor,
    due: impl Fn(&[R], Timestamp, &View<'_>) -> Due<R>,
) -> Result<Vec<Swept>, RegistryError> {
    let ids: Vec<RecordId> = registry.reading(|view| {
        let records: Vec<R> = view.list(&RecordFilter::default())?;
        let due = due(&records, view.now()?, view)?;
        let due = records.iter().zip(due).filter(|(_, due)| due.is_some());
        Ok(due.map(|(record, _)| record.id()).collect())
    })?;
    let mut swept = Vec::new();
    for batch in ids.chunks(BATCH) {
        swept.extend(registry.writing(actor, |writer| {
            let records = batch.iter().map(|id| writer.require(*id));
            let records: Vec<R> = records.collect::<Result<_, _>>()?;
            let mut swept = Vec::new();
            for transition in due(&records, writer.now(), writer)?.into_iter().flatten() {
                swept.extend(Swept::of(&transition));
                writer.replace(transition, &Evidence::default())?;
            }
            Ok(swept)
        })?);
    }
    Ok(swept)
}

fn identities(identities: &[Identity], by: &str, now: Timestamp, view: &View<'_>) -> Due<Identity> {
    let (contexts, exceptions) = (view.contexts(identities)?, view.exceptions()?);
    let act = Act {
        by,
        evidence: &Evidence::default(),
        policy: view.policy(),
        now,
    };
    let due = identities
        .iter()
        .zip(&contexts)
        .map(|(one, context)| identity(one, context, &exceptions, &act));
    due.collect()
}

fn identity(
    identity: &Identity,
    context: &Context,
    exceptions: &Exceptions,
    act: &Act<'_>,
) -> Result<Option<Transition<Identity>>, RegistryError> {
    if let Some(over) = sweep(identity, context, act.now) {
        return Ok(Some(over));
    }
    if identity.is_suspended_by_act(context) || !identity.status(act.now, context).is_usable() {
        return Ok(None);
    }
    // What is held by exception is held for as long as one is in force.
    match exceptions.refuse_unexcepted(identity.declaration(), act.now) {
        Err(RegistryError::Refused(missing)) => {
            let suspended = suspend(identity, Cause::Exception, &missing.message, act)?;
            Ok(Some(suspended).filter(|suspended| suspended.event.is_some()))
        }
        other => other.map(|()| None),
    }
}

fn grants(grants: &[Registered<Grant>], now: Timestamp, view: &View<'_>) -> Due<Registered<Grant>> {
    let ids = grants.iter().map(|grant| grant.declaration().identity_id);
    let identities: BTreeMap<RecordId, Identity> = view.of_ids(ids)?;
    let due = grants.iter().map(|grant| {
        let reason = match identities.get(&grant.declaration().identity_id) {
            None => Some("its identity is not on record".to_owned()),
            Some(identity) if identity.ended_at().is_some() => Some("its identity is revoked".to_owned()),
            Some(identity) => expired(grant.ends_at(identity), now),
        };
        ended(grant, reason, now)
    });
    Ok(due.collect())
}

fn exception(exception: &Registered<Exception>, now: Timestamp) -> Option<Transition<Registered<Exception>>> {
    let reason = expired(exception.declaration().expires_at, now);
    ended(exception, reason, now)
}

/// Why something whose end has passed ends for good: nobody renewed it in time.
fn expired(end: Timestamp, now: Timestamp) -> Option<String> {
    let seconds = now.seconds_since(end);
    (seconds > RENEWABLE_DAYS * 86_400).then(|| format!("expired for {} days", seconds / 86_400))
}

fn ended<D: Declared>(
    record: &Registered<D>,
    reason: Option<String>,
    now: Timestamp,
) -> Option<Transition<Registered<D>>> {
    let reason = reason.filter(|_| record.ended_at().is_none())?;
    Some(record.end(&reason, now))
}
