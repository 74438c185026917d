//! How an identity ends, and what is noted on the way there.

use serde_json::json;

use super::{EXPIRED_DAYS_MAX, RESUME_DAYS_MAX, next, noted, printable, refuse_ended, review_due};
use crate::canonical::Digest;
use crate::code::{Problem, REVIEW, REVOKED, USE};
use crate::identity::{Identity, Offboarded, Revoked};
use crate::record::{Act, Transition, may_be};
use crate::revocation::RevokedBy;
use crate::standing::{Cause, Context, Status};
use crate::time::Timestamp;

/// How far a use may lie ahead of the registry's clock, in seconds, and then counts as one of now.
const USE_SKEW_SECONDS_MAX: i64 = 60;

/// Ends an identity for good. A second time changes nothing: revocation is never blocked.
pub fn revoke(identity: &Identity, reason: &str, now: Timestamp) -> Transition<Identity> {
    if identity.revoked.is_some() {
        return Transition::unchanged(identity);
    }
    let reason = printable(reason);
    let revoked = Identity {
        revoked: Some(Revoked {
            at: now,
            reason: reason.clone(),
        }),
        ..next(identity)
    };
    Transition::to(revoked, "revoked", json!({ "reason": reason }))
}

/// Notes that every artefact of a revoked identity was read back as gone; `evidence` is the digest of what was read.
pub fn offboard(identity: &Identity, evidence: Digest, now: Timestamp) -> Result<Transition<Identity>, Problem> {
    if identity.offboarded.is_some() {
        return Ok(Transition::unchanged(identity));
    }
    if identity.revoked.is_none() {
        let message = format!("identity `{}` is not revoked", identity.id);
        return Err(Problem::new(&REVOKED, message, "Revoke it first."));
    }
    let after = Identity {
        offboarded: Some(Offboarded { at: now, evidence }),
        ..next(identity)
    };
    Ok(Transition::to(after, "offboarded", json!({ "evidence": evidence })))
}

/// Ends what was suspended or expired for too long, and what the end of a contract ends; `None` where nothing is due.
pub fn sweep(identity: &Identity, context: &Context, now: Timestamp) -> Option<Transition<Identity>> {
    if identity.revoked.is_some() {
        return None;
    }
    let days = |seconds: i64| seconds / 86_400;
    if let Some(suspension) = identity.suspension(now, context) {
        let at_once = suspension.cause == Cause::ContractEnd
            && identity
                .declaration
                .revoked_by()
                .entries()
                .contains(&RevokedBy::ContractEnd);
        let seconds = now.seconds_since(suspension.at);
        if at_once || seconds > i64::from(RESUME_DAYS_MAX) * 86_400 {
            let reason = format!("suspended for {} days: {}", days(seconds), suspension.reason);
            return Some(revoke(identity, &reason, now));
        }
    }
    let seconds = now.seconds_since(identity.ends_at());
    (seconds > EXPIRED_DAYS_MAX * 86_400).then(|| {
        let reason = format!("expired for {} days", days(seconds));
        revoke(identity, &reason, now)
    })
}

/// Notes that no configuration manages an identity any more, from when on its days are counted.
pub fn disown(identity: &Identity, reason: &str, act: &Act<'_>) -> Result<Transition<Identity>, Problem> {
    refuse_ended(identity)?;
    if identity.unmanaged.is_some() {
        return Ok(Transition::unchanged(identity));
    }
    let after = Identity {
        unmanaged: Some(noted(act, reason)),
        ..next(identity)
    };
    let told = json!({ "reason": printable(reason), "by": printable(act.by) });
    Ok(Transition::to(after, "disowned", told))
}

/// Notes that an identity was seen in use. The revision stays: nobody has to agree to that. An earlier use than the one
/// that is known changes nothing, and one that is still to come is refused. So is none of what has ended: that it is used
/// all the same is worth knowing most.
pub fn note_use(
    identity: &Identity,
    at: Timestamp,
    source: &str,
    act: &Act<'_>,
) -> Result<Transition<Identity>, Problem> {
    if at.seconds_since(act.now) > USE_SKEW_SECONDS_MAX {
        let message = format!(
            "identity `{}` would have been used at {at}, which is still to come",
            identity.id
        );
        let help = "Look at the clock of what reports the use.";
        return Err(Problem::new(&USE, message, help));
    }
    let at = at.min(act.now);
    if identity.last_used_at.is_some_and(|last| last >= at) {
        return Ok(Transition::unchanged(identity));
    }
    let after = Identity {
        last_used_at: Some(at),
        ..identity.clone()
    };
    let told = json!({ "at": at, "source": printable(source), "by": printable(act.by) });
    Ok(Transition::to(after, "used", told))
}

/// Notes that somebody other than who asked for it says that an identity is still needed.
pub fn reviewed(identity: &Identity, context: &Context, act: &Act<'_>) -> Result<Transition<Identity>, Problem> {
    refuse_ended(identity)?;
    if identity.requested_by.as_deref().is_some_and(|by| may_be(by, act.by)) {
        let message = format!("`{}` asked for identity `{}`", printable(act.by), identity.id);
        let help = "Have somebody else review it.";
        return Err(Problem::new(&REVIEW, message, help));
    }
    let suspended = identity.status(act.now, context) == Status::Suspended;
    let overdue = suspended && !identity.is_suspended_by_act(context);
    if suspended && !overdue {
        let message = format!("identity `{}` is suspended", identity.id);
        return Err(Problem::new(&REVIEW, message, "Resume it, or revoke it."));
    }
    let after = Identity {
        review_due_at: Some(review_due(&identity.declaration, act)),
        ..next(identity)
    };
    let told = json!({ "by": printable(act.by), "review_due_at": after.review_due_at });
    Ok(Transition::to(after, "reviewed", told))
}
