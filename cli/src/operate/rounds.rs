//! The rounds of access reviews: opened over what the selector selects, answered, closed with all that follows. Each is
//! one transaction: a round is never closed in part.

use std::collections::BTreeMap;

use nhi_governance::{
    AccessReview, Act, Cause, Evidence, Identity, Owner, Record as _, RecordId, Registered, Status, reviewed, revoke,
    suspend,
};
use nhi_registry::{Actor, RecordFilter, RecordsExt as _, Registry, RegistryError, View, Writer};

/// A review, as it is on record.
pub(crate) type Review = Registered<AccessReview>;

/// What a round that was closed did.
#[derive(Debug, Default, Clone)]
pub(crate) struct Closed {
    pub(crate) suspended: Vec<RecordId>,
    pub(crate) revoked: Vec<RecordId>,
}

/// Opens the round of a review where one is due.
pub(crate) fn open(registry: &dyn Registry, actor: &Actor, id: RecordId) -> Result<(Review, bool), RegistryError> {
    registry.writing(actor, |writer| {
        let review: Review = writer.require(id)?;
        let identities: Vec<Identity> = writer.list(&RecordFilter::default())?;
        let none = Evidence::default();
        let act = act(actor.as_str(), &none, writer);
        let judged = identities
            .iter()
            .map(|identity| (identity, identity.assess(writer.policy()).tier));
        let transition = review.open(judged, &act)?;
        let changed = transition.event.is_some();
        Ok((writer.replace(transition, &none)?, changed))
    })
}

/// A reviewer answers. What is kept is reviewed with that, so that its next review is due later.
pub(crate) fn decide(
    registry: &dyn Registry,
    actor: &Actor,
    id: RecordId,
    by: &Owner,
    answers: &BTreeMap<RecordId, bool>,
    evidence: &Evidence,
) -> Result<(Review, bool), RegistryError> {
    registry.writing(actor, |writer| {
        writer.refuse_granting()?;
        let review: Review = writer.require(id)?;
        let transition = review.decide_all(answers, &act(by.as_str(), evidence, writer))?;
        let changed = transition.event.is_some();
        let review = writer.replace(transition, evidence)?;
        let kept = answers.iter().filter(|(_, keep)| **keep && changed);
        for (identity, _) in kept {
            keep(writer, *identity, by)?;
        }
        Ok((review, changed))
    })
}

/// What is revoked or suspended besides stays so: that it is needed brings nothing back.
fn keep(writer: &mut Writer<'_>, id: RecordId, by: &Owner) -> Result<(), RegistryError> {
    let Some(identity) = writer.get::<Identity>(id)? else {
        return Ok(());
    };
    let context = writer.context(identity.declaration())?;
    let status = identity.status(writer.now(), &context);
    if status.is_final() || (status == Status::Suspended && identity.is_suspended_by_act(&context)) {
        return Ok(());
    }
    let none = Evidence::default();
    let transition = {
        let act = act(by.as_str(), &none, writer);
        match reviewed(&identity, &context, &act) {
            Ok(transition) => transition,
            // Something else suspends it, such as an owner who is gone.
            Err(_) if status == Status::Suspended => return Ok(()),
            Err(problem) => return Err(problem.into()),
        }
    };
    writer.replace(transition, &none)?;
    Ok(())
}

/// Closes a round that is due or has all its answers, and does what follows; none where there is nothing to close.
pub(crate) fn close(
    registry: &dyn Registry,
    actor: &Actor,
    id: RecordId,
) -> Result<Option<(Review, Closed)>, RegistryError> {
    registry.writing(actor, |writer| {
        let review: Review = writer.require(id)?;
        let Some((transition, closing)) = review.close(writer.now())? else {
            return Ok(None);
        };
        let none = Evidence::default();
        let review = writer.replace(transition, &none)?;
        let mut closed = Closed::default();
        for id in closing.suspended {
            let Some(identity) = live(writer, id)? else { continue };
            let reason = format!("nobody answered for it in review `{}`", review.key());
            let suspended = suspend(&identity, Cause::Review, &reason, &act(actor.as_str(), &none, writer))?;
            if suspended.event.is_some() {
                writer.replace(suspended, &none)?;
                closed.suspended.push(id);
            }
        }
        for id in closing.revoked {
            let Some(identity) = live(writer, id)? else { continue };
            let reason = format!("not needed any more, by review `{}`", review.key());
            writer.replace(revoke(&identity, &reason, writer.now()), &none)?;
            closed.revoked.push(id);
        }
        Ok(Some((review, closed)))
    })
}

fn live(view: &View<'_>, id: RecordId) -> Result<Option<Identity>, RegistryError> {
    let identity = view.get::<Identity>(id)?;
    Ok(identity.filter(|identity| identity.ended_at().is_none()))
}

fn act<'a>(by: &'a str, evidence: &'a Evidence, writer: &Writer<'a>) -> Act<'a> {
    Act {
        by,
        evidence,
        policy: writer.policy(),
        now: writer.now(),
    }
}
