//! The kill switch as a number that every read compares: whatever was or was not written of an identity meanwhile.

use std::sync::Arc;

use nhi_governance::{
    Act, Cause, Context, Declaration, Draft, Environment, Evidence, Given, Identity, Kill, KillSelector, Owner,
    Pattern, Policy, Record as _, RiskTier, Status, Timestamp, Ttl, adopt, contain, create, quarantine, resume,
    reviewed, suspend, sweep, transfer, update,
};

use crate::machine::{DAY, START, critical, declared, domain, draft, evidence, id, policy, thrown};

fn at(days: i64) -> Timestamp {
    Timestamp::from_unix(START + days * DAY)
}

fn act<'a>(by: &'a str, evidence: &'a Evidence, days: i64) -> Act<'a> {
    Act {
        by,
        evidence,
        policy: policy(),
        now: at(days),
    }
}

fn agreed() -> Evidence {
    evidence(&["user:carol", "user:dave", "user:erin"])
}

fn made(declaration: Declaration) -> Identity {
    create(id(1), &domain(), declaration, &act("user:bob", &agreed(), 0))
        .unwrap()
        .record
}

fn context(kills: &[Kill]) -> Context {
    Context::default().with_kills(Arc::from(kills))
}

fn selecting(change: impl FnOnce(&mut KillSelector)) -> Kill {
    let mut selector = KillSelector::default();
    change(&mut selector);
    Kill::throw(
        id(9),
        None,
        selector,
        1,
        "leaked",
        &act("user:alice", &Evidence::default(), 3),
    )
    .record
}

#[test]
fn what_is_selected_is_suspended_at_every_read_until_it_is_resumed() {
    let (identity, none) = (made(declared(&draft())), Evidence::default());
    let killed = context(&[thrown(1, at(3))]);
    let suspension = identity.suspension(at(3), &killed).unwrap();
    assert_eq!(
        (suspension.cause, suspension.by.as_deref()),
        (Cause::Kill, Some("user:alice"))
    );
    assert_eq!(identity.status(at(3), &killed), Status::Suspended);
    // Whoever threw it does not undo it alone; somebody else may, by the approvals of the tier.
    let alone = resume(&identity, &killed, &act("user:alice", &none, 4)).unwrap_err();
    assert_eq!(alone.code.id, "NHI-RESUME");
    let resumed = resume(&identity, &killed, &act("user:bob", &none, 4)).unwrap().record;
    assert_eq!(resumed.status(at(4), &killed), Status::Active);
    // The same throw counts no more, a later one does, whatever the clock says of the two.
    let again = context(&[thrown(1, at(3)), thrown(2, at(3))]);
    assert_eq!(resumed.status(at(4), &again), Status::Suspended);
    let too_late = resume(&identity, &killed, &act("user:bob", &agreed(), 18)).unwrap_err();
    assert_eq!(too_late.code.id, "NHI-RESUME");
    let swept = sweep(&identity, &killed, at(18)).unwrap().record;
    assert_eq!(swept.status(at(18), &killed), Status::Revoked);
    assert!(
        adopt(&identity, &domain(), identity.declaration(), &killed, at(3)).is_none(),
        "nor is it taken up"
    );
}

#[test]
fn the_higher_the_tier_the_more_have_to_agree() {
    let identity = made(critical());
    let killed = context(&[thrown(1, at(3))]);
    for (evidence, code) in [
        (Evidence::default(), Some("NHI-APPROVAL")),
        (evidence(&["user:carol", "user:dave"]), Some("NHI-APPROVAL")),
        (agreed(), None),
    ] {
        let resumed = resume(&identity, &killed, &act("user:bob", &evidence, 4));
        assert_eq!(resumed.err().map(|problem| problem.code.id), code);
    }
}

#[test]
fn only_what_was_there_before_is_hit() {
    let identity = made(declared(&draft()));
    for (day, is_hit) in [(-1, false), (0, true), (3, true)] {
        let is_killed = identity.killed(&context(&[thrown(1, at(day))])).is_some();
        assert_eq!(is_killed, is_hit, "{day}");
    }
    // In the same second the number decides.
    let after = create(id(1), &domain(), declared(&draft()), &act("user:bob", &agreed(), 3))
        .unwrap()
        .after_kills(1);
    let digest = after.record.digest().to_string();
    assert_eq!(
        after.event.unwrap().payload["record"],
        digest.as_str(),
        "the log vouches for the number"
    );
    assert!(after.record.killed(&context(&[thrown(1, at(3))])).is_none());
    assert!(after.record.killed(&context(&[thrown(2, at(3))])).is_some());
    // What is found later is no victim of an old throw, which would have it swept at once.
    let week = Ttl::from_seconds(7 * 86_400);
    let found = quarantine(
        id(1),
        &domain(),
        declared(&draft()),
        &week,
        "found",
        &act("user:bob", &agreed(), 5),
    );
    assert_eq!(
        found.unwrap().record.status(at(5), &context(&[thrown(1, at(3))])),
        Status::Quarantined
    );
}

/// Makes a selector of one that selects everything.
type Setting = Box<dyn FnOnce(&mut KillSelector)>;

#[test]
fn a_selector_selects_what_it_says_and_nothing_near_it() {
    let declaration = declared(&Draft {
        vendor_id: "acme".into(),
        ..draft()
    });
    let name = declaration.name().to_string();
    let tier = declaration.assess(policy()).tier;
    let identity = made(declaration.clone());
    let pattern = |text: &str| Some(Pattern::parse(text).unwrap());
    let owner = |text: &str| Some(Owner::parse(text).unwrap());
    let higher = RiskTier::ALL.into_iter().find(|other| *other > tier);
    let cases: [(bool, Setting); 13] = [
        (true, Box::new(|_| ())),
        (true, Box::new(move |kill| kill.name = pattern(&name))),
        (true, Box::new(move |kill| kill.name = pattern("*"))),
        (false, Box::new(move |kill| kill.name = pattern("x-*"))),
        (true, Box::new(move |kill| kill.terms.owner = owner("TEAM:orders"))),
        (false, Box::new(move |kill| kill.terms.owner = owner("team:order"))),
        (
            true,
            Box::new(|kill| kill.vendors = vec!["other".to_owned(), "acme".to_owned()]),
        ),
        (false, Box::new(|kill| kill.vendors = vec!["acm".to_owned()])),
        (true, Box::new(move |kill| kill.terms.risk_tier = Some(tier))),
        (
            false,
            Box::new(move |kill| kill.terms.risk_tier = higher.or(Some(RiskTier::Critical))),
        ),
        (
            false,
            Box::new(|kill| kill.terms.environment = Some(Environment::parse("elsewhere").unwrap())),
        ),
        (
            true,
            Box::new(move |kill| {
                kill.terms.environment = Some(declaration.environment().clone());
                kill.terms.kind = Some(declaration.kind());
            }),
        ),
        (
            false,
            Box::new(|kill| {
                kill.name = Some(Pattern::any());
                kill.vendors = vec!["acm".to_owned()];
            }),
        ),
    ];
    for (index, (is_hit, change)) in cases.into_iter().enumerate() {
        let kill = selecting(change);
        let read = Kill::from_json(&kill.to_canonical_json()).unwrap();
        assert_eq!(read, kill);
        assert_eq!(identity.killed(&context(&[kill])).is_some(), is_hit, "case {index}");
    }
    // By which policy a tier was meant is part of the record: a looser one does not set anybody free.
    let kill = selecting(|kill| kill.terms.risk_tier = Some(tier));
    assert!(kill.to_canonical_json().contains("score_from"));
    let mut broken: serde_json::Value = serde_json::from_str(&kill.to_canonical_json()).unwrap();
    broken["policy"]["tier"]["high"]["score_from"] = 1.into();
    assert!(
        Kill::from_json(&broken.to_string()).is_err(),
        "a policy that contradicts itself"
    );
    assert_eq!(
        Policy::default(),
        serde_json::from_value(Policy::default().to_json()).unwrap()
    );
}

#[test]
fn no_change_takes_it_out_of_reach() {
    let kill = selecting(|kill| kill.terms.owner = Some(Owner::parse("team:orders").unwrap()));
    let killed = context(&[kill]);
    let identity = made(declared(&draft()));
    assert_eq!(identity.status(at(3), &killed), Status::Suspended);
    let handed = declared(&Draft {
        technical_owner: "team:intake".into(),
        ..draft()
    });
    let none = Evidence::default();
    let refused = update(&identity, handed.clone(), &killed, &act("user:bob", &none, 4)).unwrap_err();
    assert_eq!(refused.code.id, "NHI-SUSPENDED");
    // A transfer leaves suspensions as they are: what follows from a throw is written down first.
    let (from, to) = (
        Owner::parse("team:orders").unwrap(),
        Owner::parse("team:intake").unwrap(),
    );
    let moved = transfer(&identity, &from, &to, "left", &killed, &act("user:bob", &agreed(), 4))
        .unwrap()
        .record;
    assert!(moved.killed(&killed).is_none() && moved.is_suspended_by_act(&killed));
    assert_eq!(moved.status(at(4), &killed), Status::Suspended);
    let alone = resume(&moved, &killed, &act("user:alice", &none, 4)).unwrap_err();
    assert_eq!(alone.code.id, "NHI-RESUME");
    let narrow = contain(
        &identity,
        identity.declaration().scope().to_vec(),
        "x",
        &killed,
        &act("user:bob", &none, 4),
    );
    assert!(narrow.unwrap().record.killed(&Context::default()).is_none());
    // What the configuration wants suspended does not come back by its changing its mind.
    let wanted = declared(&Draft {
        desired_state: "suspended".into(),
        ..draft()
    });
    let wanted = update(&identity, wanted, &killed, &act("user:bob", &none, 4))
        .unwrap()
        .record;
    let back = update(&wanted, declared(&draft()), &killed, &act("user:bob", &none, 4)).unwrap_err();
    assert_eq!(back.code.id, "NHI-SUSPENDED");
    let review = reviewed(&identity, &killed, &act("user:carol", &none, 4)).unwrap_err();
    assert_eq!(review.code.id, "NHI-REVIEW", "a review is no resumption");
    // Near miss: what comes under the selector later was not meant by it.
    let elsewhere = made(handed);
    assert!(elsewhere.killed(&killed).is_none());
    let taken = update(&elsewhere, declared(&draft()), &killed, &act("user:bob", &agreed(), 5))
        .unwrap()
        .record;
    assert_eq!(taken.status(at(5), &killed), Status::Active);
}

#[test]
fn both_kinds_of_suspension_have_to_be_undone() {
    let none = Evidence::default();
    let killed = context(&[thrown(1, at(3))]);
    let suspended = suspend(
        &made(declared(&draft())),
        Cause::Manual,
        "x",
        &act("user:bob", &none, 2),
    )
    .unwrap()
    .record;
    for by in ["user:alice", "user:bob"] {
        let alone = resume(&suspended, &killed, &act(by, &none, 4)).unwrap_err();
        assert_eq!(alone.code.id, "NHI-RESUME", "{by}");
    }
    let resumed = resume(&suspended, &killed, &act("user:carol", &none, 4))
        .unwrap()
        .record;
    assert_eq!(resumed.status(at(4), &killed), Status::Active);
    let words = Given::Known(2);
    let renewed = declared(&Draft {
        generation: words,
        ..draft()
    });
    let update = update(&suspended, renewed, &killed, &act("user:carol", &agreed(), 4))
        .unwrap()
        .record;
    assert_eq!(
        update.status(at(4), &killed),
        Status::Active,
        "an apply with approvals brings it back as well"
    );
}
