//! Every operation on the record, each begun, done and looked at in one way, for campaigns that break it off.
//!
//! An operation is done as a core does it: it looks at what is there first, so that doing it again goes on from
//! wherever the last attempt was broken off, and changes nothing where that had come to its end.

mod acts;
mod deeds;
mod looks;

use std::collections::BTreeMap;

use nhi_governance::{
    AccessReview, BreakGlass, Containment, Exception, Grant, Identity, Kill, PolicyInForce, Record, Registered, Status,
    Team, Vendor,
};
use nhi_registry::{Filter, RecordFilter, RecordsExt as _, Registry, RegistryError};

#[allow(clippy::wildcard_imports, reason = "the table names each of them")]
use acts::*;
#[allow(clippy::wildcard_imports, reason = "the table names each of them")]
use deeds::*;
#[allow(clippy::wildcard_imports, reason = "the table names each of them")]
use looks::*;

type Outcome = Result<(), RegistryError>;

/// Something that is done to the record.
pub(crate) struct Operation {
    pub(crate) name: &'static str,
    /// What the log tells of it.
    pub(crate) event: &'static str,
    /// Whether it only takes away, so that nothing may block it.
    pub(crate) takes_away: bool,
    /// What has to be on record before.
    pub(crate) prepare: fn(&dyn Registry) -> Outcome,
    pub(crate) act: fn(&dyn Registry) -> Outcome,
    /// Whether it is in effect for whoever reads.
    pub(crate) in_effect: fn(&dyn Registry) -> bool,
}

const fn grants(
    name: &'static str,
    event: &'static str,
    prepare: fn(&dyn Registry) -> Outcome,
    act: fn(&dyn Registry) -> Outcome,
    in_effect: fn(&dyn Registry) -> bool,
) -> Operation {
    Operation {
        name,
        event,
        takes_away: false,
        prepare,
        act,
        in_effect,
    }
}

const fn takes(
    name: &'static str,
    event: &'static str,
    prepare: fn(&dyn Registry) -> Outcome,
    act: fn(&dyn Registry) -> Outcome,
    in_effect: fn(&dyn Registry) -> bool,
) -> Operation {
    Operation {
        takes_away: true,
        ..grants(name, event, prepare, act, in_effect)
    }
}

/// All of them.
pub(crate) const OPERATIONS: &[Operation] = &[
    grants("create", "identity.created", nobody, create, is_there),
    grants("import", "identity.confirmed", create, confirm, is_confirmed),
    grants("update", "identity.updated", create, update, |registry| {
        found(registry).is_some_and(|identity| identity.declaration().technical_owner().as_str() == "team:billing")
    }),
    grants("renew", "identity.renewed", create, renew, |registry| {
        found(registry).is_some_and(|identity| identity.declaration().generation() == Some(1))
    }),
    grants("resume", "identity.resumed", suspended, resumed, is_usable),
    grants("quarantine", "identity.quarantined", nobody, quarantined, is_there),
    grants("owner transfer", "identity.updated", create, transferred, |registry| {
        found(registry).is_some_and(|identity| identity.declaration().technical_owner().as_str() == "team:intake")
    }),
    grants(
        "review of an identity",
        "identity.reviewed",
        create,
        looked_at,
        is_usable,
    ),
    takes(
        "suspend",
        "identity.suspended",
        create,
        |registry| take(registry, Containment::Suspend),
        is_unusable,
    ),
    takes("kill", "identity.suspended", two, killed, |registry| {
        let all = registry.list(&Filter::default()).unwrap();
        all.len() == 2 && all.iter().all(|identity| !status(registry, identity).is_usable())
    }),
    takes(
        "revoke",
        "identity.revoked",
        create,
        |registry| take(registry, Containment::End),
        is_unusable,
    ),
    grants("contain", "identity.contained", create, contained, |registry| {
        found(registry).is_some_and(|identity| identity.declaration().scope()[0].actions().len() == 1)
    }),
    grants("disown", "identity.disowned", create, disowned, is_there),
    grants("sweep", "identity.revoked", suspended, swept, is_unusable),
    grants("offboard", "identity.offboarded", revoked, offboarded, |registry| {
        last(registry).is_some_and(|identity| status(registry, &identity) == Status::Offboarded)
    }),
    grants("grant create", "grant.created", create, granted, is_live::<Grant>),
    grants(
        "grant update",
        "grant.updated",
        with_grant,
        grant_changed,
        is_live::<Grant>,
    ),
    takes(
        "grant delete",
        "grant.ended",
        with_grant,
        end::<Grant>,
        is_over::<Grant>,
    ),
    grants(
        "exception create",
        "exception.created",
        nobody,
        excepted,
        is_live::<Exception>,
    ),
    takes(
        "exception delete",
        "exception.ended",
        excepted,
        end::<Exception>,
        is_over::<Exception>,
    ),
    grants(
        "break-glass create",
        "break_glass.created",
        nobody,
        glass,
        is_live::<BreakGlass>,
    ),
    takes(
        "break-glass delete",
        "break_glass.ended",
        glass,
        end::<BreakGlass>,
        is_over::<BreakGlass>,
    ),
    grants(
        "review create",
        "access_review.created",
        nobody,
        review,
        is_live::<AccessReview>,
    ),
    grants(
        "review open",
        "access_review.opened",
        with_review,
        review_opened,
        is_live::<AccessReview>,
    ),
    takes(
        "review delete",
        "access_review.ended",
        review,
        end::<AccessReview>,
        is_over::<AccessReview>,
    ),
    grants("team create", "team.created", nobody, team, is_live::<Team>),
    takes("team delete", "team.ended", team, end::<Team>, is_over::<Team>),
    grants("rotate", "identity.rotated", create, rotated, |registry| {
        found(registry).is_some_and(|identity| identity.rotations() == 1)
    }),
    grants("policy adopt", "policy.adopted", nobody, adopted, |registry| {
        registry.policy_in_force().unwrap().is_some()
    }),
    grants("policy tighten", "policy.tightened", adopted, tightened, |registry| {
        is_in_force(registry, 4_000)
    }),
    grants("policy loosen", "policy.loosened", adopted, loosened, |registry| {
        is_in_force(registry, 5_000)
    }),
    grants(
        "trust root",
        "policy.approvers_kept",
        adopted,
        approvers_kept,
        |registry| registry.policy_in_force().unwrap().unwrap().approvers().is_some(),
    ),
    grants("kill switch", "kill.thrown", create, thrown, is_unusable),
    grants(
        "break-glass activate",
        "break_glass.activated",
        glass,
        activated,
        is_activated,
    ),
    grants(
        "break-glass seal",
        "break_glass.sealed",
        with_session,
        sealed,
        |registry| !is_activated(registry),
    ),
    grants(
        "break-glass drill",
        "break_glass.tested",
        glass,
        drilled,
        is_live::<BreakGlass>,
    ),
    grants(
        "break-glass review",
        "break_glass.reviewed",
        with_sealed,
        session_reviewed,
        is_live::<BreakGlass>,
    ),
    grants(
        "review answer",
        "access_review.decided",
        with_round,
        decided,
        is_decided,
    ),
    grants("review close", "access_review.closed", with_answers, closed, is_closed),
    grants("vendor create", "vendor.created", nobody, vendor, is_live::<Vendor>),
    takes(
        "vendor delete",
        "vendor.ended",
        vendor,
        end::<Vendor>,
        is_over::<Vendor>,
    ),
];

/// The operation of a name.
pub(crate) fn operation(name: &str) -> &'static Operation {
    OPERATIONS.iter().find(|operation| operation.name == name).unwrap()
}

/// What is on record: how many rows of each action, and how many records of each kind are live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sight {
    pub(crate) rows: BTreeMap<String, usize>,
    pub(crate) records: u64,
    /// How many there are of each key; more than one is a double.
    pub(crate) live: BTreeMap<String, usize>,
    pub(crate) used: usize,
}

impl Sight {
    pub(crate) fn of(registry: &dyn Registry) -> Self {
        let verification = registry.verify().unwrap();
        assert_eq!(verification.tampering, None);
        let mut rows = BTreeMap::new();
        for row in registry.audit(1, 10_000).unwrap() {
            *rows.entry(row.action).or_default() += 1;
        }
        let mut live = BTreeMap::new();
        count::<Identity>(registry, &mut live);
        count::<Registered<AccessReview>>(registry, &mut live);
        count::<Registered<BreakGlass>>(registry, &mut live);
        count::<Registered<Exception>>(registry, &mut live);
        count::<Registered<Grant>>(registry, &mut live);
        count::<Kill>(registry, &mut live);
        count::<PolicyInForce>(registry, &mut live);
        count::<Registered<Team>>(registry, &mut live);
        count::<Registered<Vendor>>(registry, &mut live);
        let used = (0..16).flat_map(|number| agreed(number).approvals);
        let used = used.filter(|approval| registry.consumption(*approval).unwrap().is_some());
        Self {
            rows,
            records: verification.records,
            live,
            used: used.count(),
        }
    }

    /// How often the log tells of an event.
    pub(crate) fn told(&self, event: &str) -> usize {
        self.rows.get(event).copied().unwrap_or_default()
    }

    /// The same, but for what tells of a creation that was taken up again.
    pub(crate) fn but_for_adoption(&self) -> Self {
        let mut other = self.clone();
        other.rows.retain(|action, _| !action.ends_with(".adopted"));
        other
    }
}

fn count<R: Record>(registry: &dyn Registry, live: &mut BTreeMap<String, usize>) {
    for record in registry.list_records::<R>(&RecordFilter::default()).unwrap() {
        // An id differs from run to run.
        let key = record
            .parent()
            .map_or(record.key(), |id| record.key().replace(&id.to_string(), "…"));
        let key = format!("{} {}/{key}", R::KIND.as_str(), record.environment());
        *live.entry(key).or_default() += 1;
    }
}
