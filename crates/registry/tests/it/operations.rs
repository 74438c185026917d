//! Every operation on the record, each begun, done and looked at in one way, for campaigns that break it off.
//!
//! An operation is done as a core does it: it looks at what is there first, so that doing it again goes on from
//! wherever the last attempt was broken off, and changes nothing where that had come to its end.

use std::collections::BTreeMap;

use nhi_governance::{
    AccessReview, AccessReviewDraft, Act, BreakGlass, BreakGlassDraft, Cause, Containment, Declared, Digest, Draft,
    Evidence, Exception, ExceptionDraft, Given, Grant, GrantDraft, Identity, Owner, Problem, Record, RecordId,
    Registered, ScopeDraft, SelectorDraft, Status, SubjectDraft, Team, TeamDraft, Timestamp, Transition, Ttl, Vendor,
    VendorDraft, contain, disown, offboard, quarantine, resume, reviewed, suspend, sweep, transfer,
};
use nhi_registry::{Filter, Key, RecordFilter, RecordsExt as _, Registry, RegistryError, View};

use crate::support::{actor, declaration, declare, draft, nothing, trust_domain};

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
        count::<Registered<Team>>(registry, &mut live);
        count::<Registered<Vendor>>(registry, &mut live);
        let used = (0..12).flat_map(|number| agreed(number).approvals);
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

/// Approvals of three persons, others for each number.
fn agreed(number: u8) -> Evidence {
    Evidence {
        request: Some(Digest::of(&[7, number])),
        approvals: (0..3).map(|person| Digest::of(&[7, number, person])).collect(),
        approved_by: ["user:carol", "user:dave", "user:erin"].map(str::to_owned).to_vec(),
        waived: false,
    }
}

fn act<'a>(evidence: &'a Evidence, view: &View<'a>, now: Timestamp) -> Act<'a> {
    Act {
        by: "user:zoe",
        evidence,
        policy: view.policy(),
        now,
    }
}

fn last(registry: &dyn Registry) -> Option<Identity> {
    let all = Filter {
        with_revoked: true,
        ..Filter::default()
    };
    registry.list(&all).unwrap().pop()
}

fn found(registry: &dyn Registry) -> Option<Identity> {
    registry.list(&Filter::default()).unwrap().pop()
}

fn id(registry: &dyn Registry) -> Result<RecordId, RegistryError> {
    let all = Filter {
        with_revoked: true,
        ..Filter::default()
    };
    Ok(registry.list(&all)?.pop().unwrap().id())
}

fn status(registry: &dyn Registry, identity: &Identity) -> Status {
    let context = registry.reading(|view| view.context(identity.declaration())).unwrap();
    identity.status(registry.now().unwrap(), &context)
}

fn is_there(registry: &dyn Registry) -> bool {
    found(registry).is_some()
}

fn is_confirmed(registry: &dyn Registry) -> bool {
    found(registry).is_some_and(|identity| identity.is_confirmed())
}

fn is_usable(registry: &dyn Registry) -> bool {
    found(registry).is_some_and(|identity| status(registry, &identity).is_usable())
}

fn is_unusable(registry: &dyn Registry) -> bool {
    last(registry).is_some_and(|identity| !status(registry, &identity).is_usable())
}

fn is_live<D: Declared>(registry: &dyn Registry) -> bool {
    registry
        .list_records::<Registered<D>>(&RecordFilter::default())
        .unwrap()
        .len()
        == 1
}

fn is_over<D: Declared>(registry: &dyn Registry) -> bool {
    let all = RecordFilter {
        with_ended: true,
        ..RecordFilter::default()
    };
    let records = registry.list_records::<Registered<D>>(&all).unwrap();
    records.len() == 1 && records[0].ended_at().is_some()
}

#[expect(clippy::unnecessary_wraps, reason = "it stands in a table beside what can fail")]
fn nobody(_: &dyn Registry) -> Outcome {
    Ok(())
}

fn create(registry: &dyn Registry) -> Outcome {
    registry
        .create(&actor(), &trust_domain(), declare(&two_actions()), &agreed(0))
        .map(drop)
}

/// A draft with something to narrow.
fn two_actions() -> Draft {
    Draft {
        scope: scope(&["ecs:DescribeServices", "ecs:ListTasks"]),
        ..draft("subject")
    }
}

fn scope(actions: &[&str]) -> Given<Vec<Given<ScopeDraft>>> {
    Given::Known(vec![Given::Known(ScopeDraft {
        backend: "aws".into(),
        resource: "arn:aws:ecs:eu-west-1:111122223333:service/payments/api".into(),
        actions: texts(actions),
    })])
}

fn texts(texts: &[&str]) -> Given<Vec<Given<String>>> {
    Given::Known(texts.iter().map(|text| (*text).into()).collect())
}

fn two(registry: &dyn Registry) -> Outcome {
    create(registry)?;
    registry
        .create(&actor(), &trust_domain(), declaration("other"), &nothing())
        .map(drop)
}

fn confirm(registry: &dyn Registry) -> Outcome {
    registry.confirm(&actor(), &[id(registry)?])
}

/// Changes the identity, once: what was done already is not done again.
fn once(
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

fn amended(registry: &dyn Registry, draft: &Draft) -> Outcome {
    let wanted = declare(draft);
    once(
        registry,
        &agreed(1),
        |identity| identity.declaration() == &wanted,
        |identity, context, act| nhi_governance::update(identity, wanted.clone(), context, act),
    )
}

fn update(registry: &dyn Registry) -> Outcome {
    amended(
        registry,
        &Draft {
            technical_owner: "team:billing".into(),
            ..two_actions()
        },
    )
}

fn renew(registry: &dyn Registry) -> Outcome {
    amended(
        registry,
        &Draft {
            generation: Given::Known(1),
            ..two_actions()
        },
    )
}

fn suspended(registry: &dyn Registry) -> Outcome {
    create(registry)?;
    once(
        registry,
        &nothing(),
        |_| false,
        |identity, _, act| suspend(identity, Cause::Manual, "a key leaked", act),
    )
}

fn resumed(registry: &dyn Registry) -> Outcome {
    let is_done = |identity: &Identity| status(registry, identity).is_usable();
    once(registry, &agreed(2), is_done, |identity, context, act| {
        resume(identity, context, act)
    })
}

fn quarantined(registry: &dyn Registry) -> Outcome {
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

fn transferred(registry: &dyn Registry) -> Outcome {
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

fn looked_at(registry: &dyn Registry) -> Outcome {
    let is_done = |identity: &Identity| identity.revision() > 1;
    once(registry, &agreed(1), is_done, |identity, context, act| {
        reviewed(identity, context, act)
    })
}

fn take(registry: &dyn Registry, how: Containment) -> Outcome {
    registry
        .take_away::<Identity>(&actor(), &[id(registry)?], how, "a key leaked")
        .map(drop)
}

fn killed(registry: &dyn Registry) -> Outcome {
    let ids: Vec<_> = registry.list(&Filter::default())?.iter().map(Record::id).collect();
    registry
        .take_away::<Identity>(&actor(), &ids, Containment::Kill, "a key leaked")
        .map(drop)
}

fn contained(registry: &dyn Registry) -> Outcome {
    let narrow = declaration("subject").scope().to_vec();
    once(
        registry,
        &nothing(),
        |identity| identity.declaration().scope() == narrow,
        |identity, context, act| contain(identity, narrow.clone(), "too wide", context, act),
    )
}

fn disowned(registry: &dyn Registry) -> Outcome {
    let is_done = |identity: &Identity| identity.revision() > 1;
    once(registry, &nothing(), is_done, |identity, _, act| {
        disown(identity, "removed", act)
    })
}

fn swept(registry: &dyn Registry) -> Outcome {
    let id = id(registry)?;
    let swept = registry.contain(&actor(), &[id], |_, identity: &Identity, view| {
        let later = Timestamp::from_unix(crate::support::START + 100 * 86_400);
        let due = sweep(identity, &view.context(identity.declaration())?, later);
        Ok(due.unwrap_or_else(|| Transition::unchanged(identity)))
    });
    swept.map(drop)
}

fn revoked(registry: &dyn Registry) -> Outcome {
    create(registry)?;
    take(registry, Containment::End)
}

fn offboarded(registry: &dyn Registry) -> Outcome {
    let is_done = |identity: &Identity| status(registry, identity) == Status::Offboarded;
    once(registry, &nothing(), is_done, |identity, _, act| {
        offboard(identity, Digest::of(b"read back"), act.now)
    })
}

/// Declares a record, or takes up the one that an attempt before left.
fn declared<D: Declared>(
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

fn grant(registry: &dyn Registry, ttl: &str) -> Result<Grant, RegistryError> {
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

fn granted(registry: &dyn Registry) -> Outcome {
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

fn with_grant(registry: &dyn Registry) -> Outcome {
    create(registry)?;
    granted(registry)
}

fn only<D: Declared>(registry: &dyn Registry) -> Result<Registered<D>, RegistryError> {
    let all = RecordFilter {
        with_ended: true,
        ..RecordFilter::default()
    };
    Ok(registry.list_records(&all)?.pop().unwrap())
}

fn grant_changed(registry: &dyn Registry) -> Outcome {
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

fn end<D: Declared>(registry: &dyn Registry) -> Outcome {
    let id = only::<D>(registry)?.id();
    registry
        .take_away::<Registered<D>>(&actor(), &[id], Containment::End, "destroyed")
        .map(drop)
}

fn excepted(registry: &dyn Registry) -> Outcome {
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

fn glass(registry: &dyn Registry) -> Outcome {
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

fn review(registry: &dyn Registry) -> Outcome {
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

fn with_review(registry: &dyn Registry) -> Outcome {
    create(registry)?;
    review(registry)
}

fn review_opened(registry: &dyn Registry) -> Outcome {
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

fn team(registry: &dyn Registry) -> Outcome {
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

fn vendor(registry: &dyn Registry) -> Outcome {
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
