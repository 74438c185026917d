//! Containment: one person may suspend or narrow an identity, and does not undo that alone.

use serde_json::json;

use super::{next, noted, particulars, printable, refuse_ended, review_due, settled_kills};
use crate::code::{Problem, RESUME, SCOPE, SUSPENDED};
use crate::cover::within;
use crate::declaration::Declaration;
use crate::identity::Identity;
use crate::record::{Act, Transition, same_person};
use crate::scope::ScopeEntry;
use crate::standing::{Cause, Context, Suspension};

/// How long after its suspension an identity can be resumed, in days; then it has to be asked for anew.
pub const RESUME_DAYS_MAX: u32 = 14;

/// Takes an identity out of use until it is resumed. A second time changes nothing, so that the first reason stays.
pub fn suspend(
    identity: &Identity,
    cause: Cause,
    reason: &str,
    act: &Act<'_>,
) -> Result<Transition<Identity>, Problem> {
    refuse_ended(identity)?;
    if identity.suspended.is_some() {
        return Ok(Transition::unchanged(identity));
    }
    let reason = printable(reason);
    let after = Identity {
        suspended: Some(Suspension {
            at: act.now,
            by: Some(printable(act.by)),
            cause,
            reason: reason.clone(),
        }),
        ..next(identity)
    };
    let told = json!({ "cause": cause, "reason": reason, "by": printable(act.by) });
    Ok(Transition::to(after, "suspended", told))
}

/// Narrows the scope at once. Widening it again takes somebody else.
pub fn contain(
    identity: &Identity,
    scope: Vec<ScopeEntry>,
    reason: &str,
    context: &Context,
    act: &Act<'_>,
) -> Result<Transition<Identity>, Problem> {
    refuse_ended(identity)?;
    if scope.is_empty() || !within(&scope, &identity.declaration.scope) {
        return Err(Problem::new(
            &SCOPE,
            "the scope would not be narrower",
            "Leave a part of the present scope; to take all of it away, suspend the identity.",
        ));
    }
    let declaration = Declaration {
        scope,
        ..identity.declaration.clone()
    };
    let after = Identity {
        declaration,
        contained: Some(noted(act, reason)),
        ..next(&settled_kills(identity, context))
    };
    let told = particulars(
        act.policy,
        &after,
        json!({ "declaration": after.declaration.to_json(), "reason": printable(reason), "by": printable(act.by) }),
    );
    Ok(Transition::to(after, "contained", told))
}

/// Brings a suspended identity back, within [`RESUME_DAYS_MAX`] days, by the approvals of its tier and never by the
/// one who suspended it alone.
pub fn resume(identity: &Identity, context: &Context, act: &Act<'_>) -> Result<Transition<Identity>, Problem> {
    refuse_ended(identity)?;
    if identity.suspension(act.now, context).is_none() {
        return Ok(Transition::unchanged(identity));
    }
    if identity.declaration.wants_suspension() {
        let message = format!("the configuration wants identity `{}` suspended", identity.id);
        let help = "Write `desired_state = \"active\"` there, and apply.";
        return Err(Problem::new(&RESUME, message, help));
    }
    let tier = identity.declaration.assess(act.policy).tier;
    act.needs(tier, &format!("resuming an identity of tier {tier}"))?;
    let after = Identity {
        suspended: None,
        resumed_at: Some(act.now),
        kill_epoch: identity.kill_epoch.max(context.kill_epoch()),
        review_due_at: Some(review_due(&identity.declaration, act)),
        evidence: if act.evidence.approvals.is_empty() {
            identity.evidence.clone()
        } else {
            act.evidence.clone()
        },
        ..next(identity)
    };
    refuse_resuming(identity, &after, context, act)?;
    let told = particulars(act.policy, &after, json!({ "by": printable(act.by) }));
    Ok(Transition::to(after, "resumed", told))
}

/// What holds of every way out of a suspension; waived approvals waive none of it.
fn refuse_resuming(before: &Identity, after: &Identity, context: &Context, act: &Act<'_>) -> Result<(), Problem> {
    let id = before.id;
    let Some(suspension) = before.suspension(act.now, context) else {
        return Ok(());
    };
    if act.now.seconds_since(suspension.at) > i64::from(RESUME_DAYS_MAX) * 86_400 {
        let message = format!(
            "identity `{id}` is suspended for more than {RESUME_DAYS_MAX} days, since {}",
            suspension.at
        );
        let help = "Revoke it, and ask for a new one.";
        return Err(Problem::new(&RESUME, message, help));
    }
    if let Some(left) = after.suspension(act.now, context) {
        let message = format!("identity `{id}` would stay suspended: {}", left.reason);
        let help = "Put right what suspends it, for example by naming another owner.";
        return Err(Problem::new(&RESUME, message, help));
    }
    for suspension in before.suspended.iter().cloned().chain(before.kill_suspension(context)) {
        refuse_alone(suspension.by.as_deref(), act, &format!("identity `{id}` was suspended"))?;
    }
    Ok(())
}

/// Somebody besides the one who contained has to take part: as the one who asks, or as one who approves.
fn refuse_alone(contained_by: Option<&str>, act: &Act<'_>, what: &str) -> Result<(), Problem> {
    let Some(contained_by) = contained_by else {
        return Ok(());
    };
    let is_alone = same_person(contained_by, act.by) && act.evidence.persons_besides(contained_by) == 0;
    if !is_alone {
        return Ok(());
    }
    let message = format!("{what} by `{contained_by}`, who cannot undo that alone");
    let help = "Have somebody else ask for it, or get the approval of somebody else.";
    Err(Problem::new(&RESUME, message, help))
}

/// Refuses a change of the declaration that would undo a containment without being asked to.
pub(super) fn refuse_undoing(
    identity: &Identity,
    declaration: &Declaration,
    context: &Context,
    act: &Act<'_>,
) -> Result<(), Problem> {
    if let Some(contained) = &identity.contained
        && !within(&declaration.scope, &identity.declaration.scope)
    {
        refuse_alone(
            Some(&contained.by),
            act,
            &format!("the scope of identity `{}` was narrowed", identity.id),
        )?;
    }
    let present = identity.kill_suspension(context).or_else(|| identity.suspended.clone());
    let Some(suspended) = present.filter(|_| !declaration.wants_suspension()) else {
        return Ok(());
    };
    // Either the configuration took back what it wanted, or persons agreed to this very change.
    let is_asked_for = identity.declaration.wants_suspension() || !act.evidence.approvals.is_empty();
    if !is_asked_for || (suspended.cause != Cause::Declared && act.evidence.approvals.is_empty()) {
        let message = format!("identity `{}` is suspended: {}", identity.id, suspended.reason);
        let help = format!(
            "Run `nhi resume {}`, get the approvals of this change, or write `desired_state = \"suspended\"`.",
            identity.id
        );
        return Err(Problem::new(&SUSPENDED, message, help));
    }
    let after = super::updated(identity, declaration.clone(), false, context, act);
    refuse_resuming(identity, &after, context, act)
}
