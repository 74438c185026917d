//! How each operation is begun, done and looked at.

use nhi_governance::{
    AccessReview, AccessReviewDraft, Act, BreakGlass, BreakGlassDraft, Cause, Containment, Declared, Digest, Draft,
    Evidence, Exception, ExceptionDraft, Given, Grant, GrantDraft, Identity, Owner, Problem, Record, RecordId,
    Registered, ScopeDraft, SelectorDraft, Status, SubjectDraft, Team, TeamDraft, Timestamp, Transition, Ttl, Vendor,
    VendorDraft, contain, disown, offboard, quarantine, resume, reviewed, suspend, sweep, transfer,
};
use nhi_registry::{Filter, Key, RecordFilter, RecordsExt as _, Registry, RegistryError, View};

use crate::support::{actor, declaration, declare, draft, nothing, trust_domain};

use super::Outcome;
#[allow(clippy::wildcard_imports, reason = "what is looked at is named where it is")]
use super::looks::*;

/// Approvals of three persons, others for each number.
pub(super) fn agreed(number: u8) -> Evidence {
    Evidence {
        request: Some(Digest::of(&[7, number])),
        approvals: (0..3).map(|person| Digest::of(&[7, number, person])).collect(),
        approved_by: ["user:carol", "user:dave", "user:erin"].map(str::to_owned).to_vec(),
        waived: false,
    }
}

pub(super) fn act<'a>(evidence: &'a Evidence, view: &View<'a>, now: Timestamp) -> Act<'a> {
    Act {
        by: "user:zoe",
        evidence,
        policy: view.policy(),
        now,
    }
}

#[expect(clippy::unnecessary_wraps, reason = "it stands in a table beside what can fail")]
pub(super) fn nobody(_: &dyn Registry) -> Outcome {
    Ok(())
}

pub(super) fn create(registry: &dyn Registry) -> Outcome {
    registry
        .create(&actor(), &trust_domain(), declare(&two_actions()), &agreed(0))
        .map(drop)
}

/// A draft with something to narrow.
pub(super) fn two_actions() -> Draft {
    Draft {
        scope: scope(&["ecs:DescribeServices", "ecs:ListTasks"]),
        ..draft("subject")
    }
}

pub(super) fn scope(actions: &[&str]) -> Given<Vec<Given<ScopeDraft>>> {
    Given::Known(vec![Given::Known(ScopeDraft {
        backend: "aws".into(),
        resource: "arn:aws:ecs:eu-west-1:111122223333:service/payments/api".into(),
        actions: texts(actions),
    })])
}

pub(super) fn texts(texts: &[&str]) -> Given<Vec<Given<String>>> {
    Given::Known(texts.iter().map(|text| (*text).into()).collect())
}

pub(super) fn two(registry: &dyn Registry) -> Outcome {
    create(registry)?;
    registry
        .create(&actor(), &trust_domain(), declaration("other"), &nothing())
        .map(drop)
}

pub(super) fn confirm(registry: &dyn Registry) -> Outcome {
    registry.confirm(&actor(), &[id(registry)?])
}

/// Changes the identity, once: what was done already is not done again.
pub(super) fn once(
    registry: &dyn Registry,
    evidence: &Evidence,
    is_done: impl Fn(&Identity) -> bool,
    change: impl Fn(&Identity, &nhi_governance::Context, &Act<'_>) -> Result<Transition<Identity>, Problem>,
) -> Outcome {
    let id = id(registry)?;
    let seen: Identity = registry.get(id)?.unwrap();
    if is_done(&seen) {
        return Ok(());
    }
    let changed = registry.change(
        &actor(),
        id,
        Some(seen.revision()),
        evidence,
        |now, identity: &Identity, view| {
            Ok(change(
                identity,
                &view.context(identity.declaration())?,
                &act(evidence, view, now),
            )?)
        },
    );
    changed.map(drop)
}

pub(super) fn amended(registry: &dyn Registry, draft: &Draft) -> Outcome {
    let wanted = declare(draft);
    once(
        registry,
        &agreed(1),
        |identity| identity.declaration() == &wanted,
        |identity, context, act| nhi_governance::update(identity, wanted.clone(), context, act),
    )
}

pub(super) fn update(registry: &dyn Registry) -> Outcome {
    amended(
        registry,
        &Draft {
            technical_owner: "team:billing".into(),
            ..two_actions()
        },
    )
}

pub(super) fn renew(registry: &dyn Registry) -> Outcome {
    amended(
        registry,
        &Draft {
            generation: Given::Known(1),
            ..two_actions()
        },
    )
}

pub(super) fn suspended(registry: &dyn Registry) -> Outcome {
    create(registry)?;
    once(
        registry,
        &nothing(),
        |_| false,
        |identity, _, act| suspend(identity, Cause::Manual, "a key leaked", act),
    )
}

pub(super) fn resumed(registry: &dyn Registry) -> Outcome {
    let is_done = |identity: &Identity| status(registry, identity).is_usable();
    once(registry, &agreed(2), is_done, |identity, context, act| {
        resume(identity, context, act)
    })
}

pub(super) fn quarantined(registry: &dyn Registry) -> Outcome {
    if found(registry).is_some() {
        return Ok(());
    }
    registry.writing(&actor(), |writer| {
        writer.refuse_clock_behind()?;
        let none = nothing();
        let act = act(&none, writer, writer.now());
        let week = Ttl::from_seconds(7 * 86_400);
        let transition = quarantine(
            writer.next_id()?,
            &trust_domain(),
            declaration("subject"),
            &week,
            "found",
            &act,
        )?;
        writer.insert(transition, &none).map(drop)
    })
}

pub(super) fn transferred(registry: &dyn Registry) -> Outcome {
    let (from, to) = (
        Owner::parse("team:payments").unwrap(),
        Owner::parse("team:intake").unwrap(),
    );
    once(
        registry,
        &agreed(1),
        |identity| identity.declaration().technical_owner() == &to,
        |identity, context, act| transfer(identity, &from, &to, "the team moved", context, act),
    )
}

pub(super) fn looked_at(registry: &dyn Registry) -> Outcome {
    let is_done = |identity: &Identity| identity.revision() > 1;
    once(registry, &agreed(1), is_done, |identity, context, act| {
        reviewed(identity, context, act)
    })
}

pub(super) fn take(registry: &dyn Registry, how: Containment) -> Outcome {
    registry
        .take_away::<Identity>(&actor(), &[id(registry)?], how, "a key leaked")
        .map(drop)
}

pub(super) fn killed(registry: &dyn Registry) -> Outcome {
    let ids: Vec<_> = registry.list(&Filter::default())?.iter().map(Record::id).collect();
    registry
        .take_away::<Identity>(&actor(), &ids, Containment::Kill, "a key leaked")
        .map(drop)
}

pub(super) fn contained(registry: &dyn Registry) -> Outcome {
    let narrow = declaration("subject").scope().to_vec();
    once(
        registry,
        &nothing(),
        |identity| identity.declaration().scope() == narrow,
        |identity, context, act| contain(identity, narrow.clone(), "too wide", context, act),
    )
}

pub(super) fn disowned(registry: &dyn Registry) -> Outcome {
    let is_done = |identity: &Identity| identity.revision() > 1;
    once(registry, &nothing(), is_done, |identity, _, act| {
        disown(identity, "removed", act)
    })
}

pub(super) fn swept(registry: &dyn Registry) -> Outcome {
    let id = id(registry)?;
    let swept = registry.contain(&actor(), &[id], |_, identity: &Identity, view| {
        let later = Timestamp::from_unix(crate::support::START + 100 * 86_400);
        let due = sweep(identity, &view.context(identity.declaration())?, later);
        Ok(due.unwrap_or_else(|| Transition::unchanged(identity)))
    });
    swept.map(drop)
}

pub(super) fn revoked(registry: &dyn Registry) -> Outcome {
    create(registry)?;
    take(registry, Containment::End)
}

pub(super) fn offboarded(registry: &dyn Registry) -> Outcome {
    let is_done = |identity: &Identity| status(registry, identity) == Status::Offboarded;
    once(registry, &nothing(), is_done, |identity, _, act| {
        offboard(identity, Digest::of(b"read back"), act.now)
    })
}

/// Declares a record, or takes up the one that an attempt before left.
pub(super) fn declared<D: Declared>(
    registry: &dyn Registry,
    environment: &str,
    wanted: &D,
    make: impl Fn(RecordId, &View<'_>, &Act<'_>) -> Result<Transition<Registered<D>>, RegistryError>,
) -> Outcome {
    let evidence = agreed(3 + D::KIND as u8);
    let key = wanted.key();
    let key = Key { environment, key: &key };
    let made = registry.declare(
        &actor(),
        &evidence,
        key,
        |now, id, live: Option<&Registered<D>>, view| match live {
            None => make(id, view, &act(&evidence, view, now)),
            Some(live) => live.adopt(wanted).ok_or_else(|| live.taken(false).into()),
        },
    );
    made.map(drop)
}

pub(super) fn grant(registry: &dyn Registry, ttl: &str) -> Result<Grant, RegistryError> {
    let draft = GrantDraft {
        identity_id: id(registry)?.to_string().as_str().into(),
        backend: "aws".into(),
        resource: "arn:aws:ecs:eu-west-1:111122223333:service/payments/api".into(),
        actions: texts(&["ecs:DescribeServices"]),
        justification: "The deployment waits for the service".into(),
        ttl: ttl.into(),
        ..GrantDraft::default()
    };
    Ok(draft.check().declaration.unwrap())
}

pub(super) fn granted(registry: &dyn Registry) -> Outcome {
    let wanted = grant(registry, "240h")?;
    declared(registry, "staging", &wanted, |id, view, act| {
        let identity: Identity = view.require(wanted.identity_id)?;
        let context = view.context(identity.declaration())?;
        Ok(Registered::<Grant>::create(
            id,
            wanted.clone(),
            &identity,
            &context,
            act,
        )?)
    })
}

pub(super) fn with_grant(registry: &dyn Registry) -> Outcome {
    create(registry)?;
    granted(registry)
}

pub(super) fn only<D: Declared>(registry: &dyn Registry) -> Result<Registered<D>, RegistryError> {
    let all = RecordFilter {
        with_ended: true,
        ..RecordFilter::default()
    };
    Ok(registry.list_records(&all)?.pop().unwrap())
}

pub(super) fn grant_changed(registry: &dyn Registry) -> Outcome {
    let wanted = grant(registry, "120h")?;
    let seen = only::<Grant>(registry)?;
    if seen.declaration() == &wanted {
        return Ok(());
    }
    let none = nothing();
    let changed = registry.change(
        &actor(),
        seen.id(),
        Some(seen.revision()),
        &none,
        |now, record, view| {
            let identity: Identity = view.require(wanted.identity_id)?;
            let context = view.context(identity.declaration())?;
            let record: &Registered<Grant> = record;
            Ok(record.update(wanted.clone(), &identity, &context, &act(&none, view, now))?)
        },
    );
    changed.map(drop)
}

pub(super) fn end<D: Declared>(registry: &dyn Registry) -> Outcome {
    let id = only::<D>(registry)?.id();
    registry
        .take_away::<Registered<D>>(&actor(), &[id], Containment::End, "destroyed")
        .map(drop)
}

pub(super) fn excepted(registry: &dyn Registry) -> Outcome {
    let draft = ExceptionDraft {
        control: "NHI012".into(),
        subject: Given::Known(SubjectDraft {
            address: "aws_iam_role.app".into(),
            attribute: "assume_role_policy".into(),
            value_digest: "0".repeat(64).as_str().into(),
        }),
        reason: "The partner cannot sign requests yet".into(),
        compensating_control: "Access is logged and alerted on".into(),
        risk_acceptor: "user:dora".into(),
        risk_tier: "high".into(),
        // Whatever clock the campaign runs by: this is later than its start, and by less than 90 days.
        expires_at: Timestamp::from_unix(registry.now()?.unix() + 80 * 86_400)
            .to_string()
            .as_str()
            .into(),
        max_renewals: Given::Absent,
    };
    let mut wanted = draft.check().declaration.unwrap();
    if let Some(live) = registry
        .list_records::<Registered<Exception>>(&RecordFilter::default())?
        .pop()
    {
        wanted = live.declaration().clone();
    }
    declared(registry, "", &wanted, |id, _, act| {
        Ok(Registered::<Exception>::create(id, wanted.clone(), &[], act)?)
    })
}

pub(super) fn glass(registry: &dyn Registry) -> Outcome {
    let draft = BreakGlassDraft {
        name: "database-root".into(),
        environment: "production".into(),
        scope: scope(&["ecs:DescribeServices"]),
        holders: texts(&["user:alice", "user:bob", "user:carol"]),
        max_session: "30m".into(),
        approvals: Given::Known(1),
        test_interval: "720h".into(),
        notify: texts(&["#security"]),
    };
    let wanted = draft.check().declaration.unwrap();
    declared(registry, "production", &wanted, |id, _, act| {
        Ok(Registered::<BreakGlass>::create(id, wanted.clone(), &[], act)?)
    })
}

pub(super) fn review(registry: &dyn Registry) -> Outcome {
    let draft = AccessReviewDraft {
        name: "quarterly".into(),
        selector: Given::Known(SelectorDraft {
            environment: "staging".into(),
            ..SelectorDraft::default()
        }),
        cadence: "2160h".into(),
        reviewers: texts(&["user:alice", "user:rita"]),
        due_in: "336h".into(),
        on_no_response: Given::Absent,
    };
    let wanted = draft.check().declaration.unwrap();
    declared(registry, "", &wanted, |id, _, act| {
        Ok(Registered::<AccessReview>::create(id, wanted.clone(), act)?)
    })
}

pub(super) fn with_review(registry: &dyn Registry) -> Outcome {
    create(registry)?;
    review(registry)
}

pub(super) fn review_opened(registry: &dyn Registry) -> Outcome {
    let id = only::<AccessReview>(registry)?.id();
    let none = nothing();
    let opened = registry.change(
        &actor(),
        id,
        None,
        &none,
        |now, review: &Registered<AccessReview>, view| {
            let identities: Vec<Identity> = view.list(&RecordFilter::default())?;
            let round = identities
                .iter()
                .map(|identity| (identity, identity.assess(view.policy()).tier));
            Ok(review.open(round, &act(&none, view, now))?)
        },
    );
    opened.map(drop)
}

pub(super) fn team(registry: &dyn Registry) -> Outcome {
    let draft = TeamDraft {
        name: "orders".into(),
        accountable_human: "user:alice".into(),
        backup_owner: "bob@example.com".into(),
        contacts: texts(&["#orders"]),
        members: texts(&["user:carol"]),
    };
    let wanted = draft.check().declaration.unwrap();
    declared(registry, "", &wanted, |id, _, act| {
        Ok(Registered::<Team>::create(id, wanted.clone(), act)?)
    })
}

pub(super) fn vendor(registry: &dyn Registry) -> Outcome {
    let draft = VendorDraft {
        name: "acme".into(),
        contact: "support@acme.example".into(),
        contract_end: "2096-03-31T00:00:00Z".into(),
        offboarding_runbook: "docs/acme.md".into(),
    };
    let wanted = draft.check().declaration.unwrap();
    declared(registry, "", &wanted, |id, _, act| {
        Ok(Registered::<Vendor>::create(id, wanted.clone(), act)?)
    })
}
