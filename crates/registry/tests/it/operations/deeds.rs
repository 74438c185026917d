//! What is done outside of any apply: rotations, policies, sessions of break-glass access, rounds of reviews.

use std::collections::BTreeMap;

use nhi_governance::{
    AccessReview, Act, BreakGlass, Digest, Evidence, Identity, Kill, KillSelector, Policy, PolicyInForce, Problem,
    Record as _, Registered, Terms, Transition, Ttl, revoke, rotate,
};
use nhi_registry::{RecordFilter, RecordsExt as _, Registry, RegistryError};

use crate::support::{actor, nothing};

use super::Outcome;
#[allow(clippy::wildcard_imports, reason = "what is done is named where it is")]
use super::acts::*;
#[allow(clippy::wildcard_imports, reason = "what is looked at is named where it is")]
use super::looks::*;

pub(super) fn rotated(registry: &dyn Registry) -> Outcome {
    let is_done = |identity: &Identity| identity.rotations() > 0;
    once(registry, &nothing(), is_done, |identity, context, act| {
        rotate(identity, "a new key in the vault", context, act)
    })
}

/// A policy that allows so many hours at most.
fn hours(hours: u64) -> Policy {
    let mut terms = Terms::default();
    terms.tier.low.identity_ttl_max = Ttl::from_seconds(hours * 3600);
    Policy::new(terms).unwrap()
}

fn put(registry: &dyn Registry, policy: &Policy, evidence: &Evidence) -> Outcome {
    let is_done = |live: &PolicyInForce| live.policy().digest() == policy.digest();
    // Approvals are used up, so that what was done already is not done again.
    if registry.policy_in_force()?.as_ref().is_some_and(is_done) {
        return Ok(());
    }
    registry.writing(&actor(), |writer| {
        writer.refuse_clock_behind()?;
        let live = writer.policy_in_force()?;
        let now = writer.now();
        let act = Act {
            by: "user:zoe",
            evidence,
            policy,
            now,
        };
        let transition = PolicyInForce::put(writer.next_id()?, live.as_ref(), &act)?;
        let put = if live.is_some() {
            writer.replace(transition, evidence)
        } else {
            writer.insert(transition, evidence)
        };
        put.map(drop)
    })
}

pub(super) fn adopted(registry: &dyn Registry) -> Outcome {
    put(registry, &Policy::default(), &Evidence::default())
}

pub(super) fn tightened(registry: &dyn Registry) -> Outcome {
    put(registry, &hours(4_000), &Evidence::default())
}

pub(super) fn loosened(registry: &dyn Registry) -> Outcome {
    put(registry, &hours(5_000), &agreed(12))
}

pub(super) fn is_in_force(registry: &dyn Registry, hours_max: u64) -> bool {
    let live = registry.policy_in_force().unwrap().unwrap();
    live.policy().digest() == hours(hours_max).digest()
}

pub(super) fn approvers_kept(registry: &dyn Registry) -> Outcome {
    registry.keep_approvers(&actor(), Digest::of(b"root"))
}

pub(super) fn thrown(registry: &dyn Registry) -> Outcome {
    if registry.list_records::<Kill>(&RecordFilter::default())?.is_empty() {
        registry.throw_kill_switch(&actor(), &KillSelector::default(), "a key leaked")?;
    }
    Ok(())
}

/// Alice, who holds it, has signed, and so has Bob, who does as well.
fn holders(number: u8) -> Evidence {
    Evidence {
        approved_by: ["user:alice", "user:bob"].map(str::to_owned).to_vec(),
        ..agreed(number)
    }
}

fn of_glass(
    registry: &dyn Registry,
    by: &str,
    evidence: &Evidence,
    is_done: impl Fn(&Registered<BreakGlass>) -> bool,
    deed: impl Fn(&Registered<BreakGlass>, &Act<'_>) -> Result<Transition<Registered<BreakGlass>>, Problem>,
) -> Outcome {
    let seen = only::<BreakGlass>(registry)?;
    if is_done(&seen) {
        return Ok(());
    }
    let (id, revision) = (seen.id(), seen.revision());
    let changed = registry.change(&actor(), id, Some(revision), evidence, |now, glass, view| {
        Ok(deed(
            glass,
            &Act {
                by,
                ..act(evidence, view, now)
            },
        )?)
    });
    changed.map(drop)
}

pub(super) fn activated(registry: &dyn Registry) -> Outcome {
    let is_done = |glass: &Registered<BreakGlass>| glass.state().last_activated_at.is_some();
    of_glass(registry, "user:alice", &holders(13), is_done, |glass, act| {
        glass.activate("the database is down", &[], act)
    })
}

pub(super) fn is_activated(registry: &dyn Registry) -> bool {
    let now = registry.now().unwrap();
    only::<BreakGlass>(registry).unwrap().is_open(now)
}

pub(super) fn with_session(registry: &dyn Registry) -> Outcome {
    glass(registry)?;
    activated(registry)
}

pub(super) fn sealed(registry: &dyn Registry) -> Outcome {
    of_glass(
        registry,
        "user:bob",
        &nothing(),
        |_| false,
        Registered::<BreakGlass>::seal,
    )
}

pub(super) fn with_sealed(registry: &dyn Registry) -> Outcome {
    with_session(registry)?;
    sealed(registry)
}

pub(super) fn drilled(registry: &dyn Registry) -> Outcome {
    let is_done = |glass: &Registered<BreakGlass>| glass.state().last_tested_at.is_some();
    of_glass(registry, "user:alice", &holders(14), is_done, |glass, act| {
        glass.test("it opens as it should", act)
    })
}

pub(super) fn session_reviewed(registry: &dyn Registry) -> Outcome {
    let is_done = |glass: &Registered<BreakGlass>| glass.state().post_review_due_at.is_none();
    of_glass(registry, "user:carol", &nothing(), is_done, |glass, act| {
        glass.review("nothing else was touched", act)
    })
}

pub(super) fn with_round(registry: &dyn Registry) -> Outcome {
    with_review(registry)?;
    review_opened(registry)
}

/// The reviewer says that nothing of it is needed.
pub(super) fn decided(registry: &dyn Registry) -> Outcome {
    let review = only::<AccessReview>(registry)?;
    let answers: BTreeMap<_, _> = review.state().items.keys().map(|id| (*id, false)).collect();
    let none = Evidence::default();
    let id = review.id();
    let changed = registry.change(
        &actor(),
        id,
        None,
        &none,
        |now, review: &Registered<AccessReview>, view| {
            let act = act(&none, view, now);
            Ok(review.decide_all(&answers, &Act { by: "user:rita", ..act })?)
        },
    );
    changed.map(drop)
}

pub(super) fn is_decided(registry: &dyn Registry) -> bool {
    let review = only::<AccessReview>(registry).unwrap();
    review.state().items.values().all(|item| item.decision.is_some())
}

pub(super) fn with_answers(registry: &dyn Registry) -> Outcome {
    with_round(registry)?;
    decided(registry)
}

/// Closes the round and ends what nobody needs, in one transaction.
pub(super) fn closed(registry: &dyn Registry) -> Outcome {
    let id = only::<AccessReview>(registry)?.id();
    registry.writing(&actor(), |writer| {
        let review: Registered<AccessReview> = writer.require(id)?;
        let none = Evidence::default();
        let Some((transition, closing)) = review.close(writer.now())? else {
            return Ok(());
        };
        writer.replace(transition, &none)?;
        for id in closing.revoked {
            let identity: Identity = writer.require(id)?;
            writer.replace(revoke(&identity, "not needed", writer.now()), &none)?;
        }
        Ok::<_, RegistryError>(())
    })
}

pub(super) fn is_closed(registry: &dyn Registry) -> bool {
    let review = only::<AccessReview>(registry).unwrap();
    review.state().due_at.is_none() && review.state().evidence_digest.is_some() && is_unusable(registry)
}
