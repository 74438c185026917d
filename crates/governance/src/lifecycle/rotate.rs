//! Rotation: other credentials in the place of those that an identity has, without another life or other terms.
//!
//! An identity whose credentials end by themselves is rotated by every token. One that rests on a static secret has a
//! day by which somebody has to have replaced it; after that it counts as suspended, as after a missed review. What is
//! kept here is when that was and who says so: no backend issues credentials yet, so nothing here replaces one.

use serde_json::json;

use super::{next, particulars, printable, refuse_ended};
use crate::code::{Problem, ROTATION};
use crate::declaration::Declaration;
use crate::identity::{Identity, Rotated};
use crate::kind::Kind;
use crate::record::{Act, Transition};
use crate::standing::{Context, Status};
use crate::time::Timestamp;

/// Notes that the credentials of an identity were replaced, and when that is due again.
///
/// In time one person may do that. Once it was missed, it brings the identity back, and calls for the approvals of its
/// tier like every other way out of a suspension.
pub fn rotate(
    identity: &Identity,
    reason: &str,
    context: &Context,
    act: &Act<'_>,
) -> Result<Transition<Identity>, Problem> {
    refuse_ended(identity)?;
    let mut after = Identity {
        rotated: Some(Rotated {
            at: act.now,
            by: printable(act.by),
            count: identity.rotations().saturating_add(1),
        }),
        rotation_due_at: due(&identity.declaration, act),
        ..next(identity)
    };
    let (before, then) = (identity.standing(act.now, context), after.standing(act.now, context));
    if !then.status.is_usable() {
        let message = format!("identity `{}` is of no use: {}", identity.id, then.reason);
        let help = "Rotate what is in use: resume or renew it first, or revoke it.";
        return Err(Problem::new(&ROTATION, message, help));
    }
    if before.status == Status::Suspended {
        let tier = identity.declaration.assess(act.policy).tier;
        act.needs(tier, &format!("a rotation of tier {tier} that was missed"))?;
        if !act.evidence.is_empty() {
            after.evidence = act.evidence.clone();
        }
    }
    let told = particulars(
        act.policy,
        &after,
        json!({
            "by": printable(act.by),
            "reason": printable(reason),
            "rotation": after.rotations(),
            "rotation_due_at": after.rotation_due_at,
            "was_due_at": identity.rotation_due_at,
            "effect": "recorded",
        }),
    );
    Ok(Transition::to(after, "rotated", told))
}

/// By when credentials that are made now have to be replaced; none where they end by themselves.
pub(super) fn due(declaration: &Declaration, act: &Act<'_>) -> Option<Timestamp> {
    if declaration.kind() != Kind::LegacyShared {
        return None;
    }
    let every = act.policy.rotate_every(declaration.assess(act.policy).tier);
    // A policy that has become stricter than the record lets none be held any more.
    Some(every.map_or(act.now, |every| act.now.plus(every)))
}

/// The same after a change: a renewal makes new credentials, another kind may have none that stay.
pub(super) fn due_after(
    identity: &Identity,
    declaration: &Declaration,
    renews: bool,
    act: &Act<'_>,
) -> Option<Timestamp> {
    let fresh = due(declaration, act)?;
    Some(identity.rotation_due_at.filter(|_| !renews).unwrap_or(fresh))
}
