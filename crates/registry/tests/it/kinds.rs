//! The kinds of the domain model over every backend: what their transitions say is what is kept.

use nhi_governance::{
    AccessReview, AccessReviewDraft, Act, BreakGlass, BreakGlassDraft, Digest, Evidence, Given, Identity, Policy,
    Record as _, RecordId, Registered, ScopeDraft, SelectorDraft, revoke,
};
use nhi_registry::{Key, RecordFilter, RecordsExt as _, Registry, RegistryError};

use crate::support::{Fixture, START, actor, assert_intact, declaration, nothing, trust_domain};

const DAY: i64 = 86_400;

fn texts(texts: &[&str]) -> Given<Vec<Given<String>>> {
    Given::Known(texts.iter().map(|text| Given::from(*text)).collect())
}

/// The signatures of some persons under a request.
fn signed(number: u8, people: &[&str]) -> Evidence {
    let of = |person: &&str| Digest::of(format!("{number} {person}").as_bytes());
    Evidence {
        request: Some(Digest::of(&[number])),
        approvals: people.iter().map(of).collect(),
        approved_by: people.iter().map(ToString::to_string).collect(),
        waived: false,
    }
}

fn glass(registry: &dyn Registry) -> Result<Registered<BreakGlass>, RegistryError> {
    let draft = BreakGlassDraft {
        name: "orders-root".into(),
        environment: "staging".into(),
        scope: Given::Known(vec![Given::Known(ScopeDraft {
            backend: "postgresql".into(),
            resource: "cluster/orders".into(),
            actions: texts(&["psql:Superuser"]),
        })]),
        holders: texts(&["user:alice", "user:bob"]),
        max_session: "30m".into(),
        approvals: Given::Known(1),
        test_interval: "720h".into(),
        notify: texts(&["#security"]),
    };
    let declared = draft.check().declaration.unwrap();
    let key = Key {
        environment: "staging",
        key: "orders-root",
    };
    let earlier = RecordFilter {
        key: Some("orders-root".to_owned()),
        with_ended: true,
        ..RecordFilter::default()
    };
    registry.declare(
        &actor(),
        &nothing(),
        key,
        |now, id, _: Option<&Registered<BreakGlass>>, view| {
            let act = Act {
                by: "tester@localhost",
                evidence: &nothing(),
                policy: view.policy(),
                now,
            };
            let earlier = view.list(&earlier)?;
            Ok(Registered::<BreakGlass>::create(id, declared.clone(), &earlier, &act)?)
        },
    )
}

fn open(
    registry: &dyn Registry,
    id: RecordId,
    revision: u64,
    evidence: &Evidence,
) -> Result<Registered<BreakGlass>, RegistryError> {
    registry.change(
        &actor(),
        id,
        Some(revision),
        evidence,
        |now, record: &Registered<BreakGlass>, view| {
            let act = Act {
                by: "user:alice",
                evidence,
                policy: view.policy(),
                now,
            };
            Ok(record.activate("INC-9: the database is down", &[], &act)?)
        },
    )
}

/// A review that is closed with all that follows, or not at all.
pub(crate) fn a_round_is_closed_as_a_whole(registry: &dyn Registry, fixture: &Fixture) {
    let names = ["one", "two", "three"];
    let ids = names.map(|name| {
        let created = registry.create(&actor(), &trust_domain(), declaration(name), &nothing());
        created.unwrap().identity.id()
    });
    let draft = AccessReviewDraft {
        name: "quarterly".into(),
        selector: Given::Known(SelectorDraft::default()),
        cadence: "2160h".into(),
        reviewers: texts(&["user:rita"]),
        due_in: "48h".into(),
        on_no_response: Given::Absent,
    };
    let declared = draft.check().declaration.unwrap();
    let key = Key {
        environment: "",
        key: "quarterly",
    };
    let none = Evidence::default();
    let policy = Policy::default();
    let act = |by: &'static str, now| Act {
        by,
        evidence: &EVIDENCE,
        policy: &policy,
        now,
    };
    let review = registry.declare(
        &actor(),
        &none,
        key,
        |now, id, _: Option<&Registered<AccessReview>>, _| {
            Ok(Registered::<AccessReview>::create(
                id,
                declared.clone(),
                &act("tester", now),
            )?)
        },
    );
    let review = review.unwrap();
    let open = |now, review: &Registered<AccessReview>, view: &nhi_registry::View<'_>| {
        let identities: Vec<Identity> = view.list(&RecordFilter::default())?;
        let judged = identities
            .iter()
            .map(|identity| (identity, identity.assess(view.policy()).tier));
        Ok(review.open(judged, &act("sweeper", now))?)
    };
    registry.change(&actor(), review.id(), Some(1), &none, open).unwrap();
    for (id, keep) in [(ids[0], true), (ids[1], false)] {
        let decide = |now, review: &Registered<AccessReview>, _: &nhi_registry::View<'_>| {
            Ok(review.decide(id, keep, &act("user:rita", now))?)
        };
        registry.change(&actor(), review.id(), None, &none, decide).unwrap();
    }
    fixture.clock.set(START + 2 * DAY);
    // Closing a round is one transaction: where a part of it cannot be written, none of it is.
    let close = |fails: bool| {
        registry.writing(&actor(), |writer| {
            let review: Registered<AccessReview> = writer.require(review.id())?;
            let Some((transition, closing)) = review.close(writer.now())? else {
                return Ok(None);
            };
            writer.replace(transition, &EVIDENCE)?;
            for id in &closing.revoked {
                let transition = revoke(&writer.require::<Identity>(*id)?, "not needed", writer.now());
                writer.replace(transition, &EVIDENCE)?;
            }
            if fails {
                return Err(RegistryError::NotFound(review.id()));
            }
            Ok(Some(closing))
        })
    };
    assert!(close(true).is_err());
    let found = || {
        registry
            .get_record::<Registered<AccessReview>>(review.id())
            .unwrap()
            .unwrap()
    };
    assert!(found().state().due_at.is_some() && registry.get(ids[1]).unwrap().unwrap().revoked_at().is_none());
    let closing = close(false).unwrap().unwrap();
    assert_eq!(
        (closing.kept, closing.revoked, closing.suspended),
        (vec![ids[0]], vec![ids[1]], vec![ids[2]])
    );
    assert_eq!(close(false).unwrap(), None, "once");
    assert!(found().state().evidence_digest.is_some() && registry.get(ids[1]).unwrap().unwrap().revoked_at().is_some());
    assert_intact(registry);
}

static EVIDENCE: Evidence = Evidence {
    request: None,
    approvals: Vec::new(),
    approved_by: Vec::new(),
    waived: false,
};

pub(crate) fn broken_glass_is_opened_once_and_reviewed_even_after_its_end(registry: &dyn Registry, fixture: &Fixture) {
    let first = glass(registry).unwrap();
    let both = signed(1, &["user:alice", "user:bob"]);
    let opened = open(registry, first.id(), 1, &both).unwrap();
    assert_eq!((opened.revision(), opened.is_open(opened.created_at())), (2, true));
    let stale = open(registry, first.id(), 1, &signed(2, &["user:alice", "user:bob"])).unwrap_err();
    assert_eq!(stale.code(), "NHI-REGISTRY-STALE");

    // Ending it does not get rid of its review, and no other of its name comes before that.
    fixture.clock.set(START + DAY);
    let end = |now, record: &Registered<BreakGlass>, _: &nhi_registry::View<'_>| Ok(record.end("destroyed", now));
    registry.contain(&actor(), &[first.id()], end).unwrap();
    assert_eq!(glass(registry).unwrap_err().code(), "NHI-BREAK-GLASS");
    let by_bob = signed(3, &["user:bob"]);
    let reviewed = registry
        .change(
            &actor(),
            first.id(),
            Some(3),
            &by_bob,
            |now, record: &Registered<BreakGlass>, view| {
                let act = Act {
                    by: "user:bob",
                    evidence: &by_bob,
                    policy: view.policy(),
                    now,
                };
                Ok(record.review("One row was repaired", &act)?)
            },
        )
        .unwrap();
    assert_eq!(
        (reviewed.state().post_review_due_at, reviewed.ended_at().is_some()),
        (None, true)
    );

    // The signatures of the first session open no second one.
    let second = glass(registry).unwrap();
    assert!(matches!(
        open(registry, second.id(), 1, &both).unwrap_err(),
        RegistryError::ApprovalUsed { .. }
    ));
    let second: Registered<BreakGlass> = registry.get_record(second.id()).unwrap().unwrap();
    assert!(!second.is_open(second.created_at()), "nothing was opened");
    assert_intact(registry);
}
