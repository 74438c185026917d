//! What happens to exceptions, break-glass access, reviews, teams and vendors.

use super::*;

#[test]
fn an_exception_is_short_exact_and_renewed_once() {
    let three = agreed(&["user:carol", "user:erin", "user:frank"]);
    let make = |draft: &ExceptionDraft, by: &str, evidence: &Evidence| {
        Registered::<Exception>::create(id(3), declared(draft.check()), &[], &act(by, evidence, 0))
    };
    assert_eq!(
        code(make(&exception(), "user:alice", &Evidence::default())),
        "NHI-APPROVAL"
    );
    assert_eq!(code(make(&exception(), "USER:Dora", &three)), "NHI-EXCEPTION");
    let until = |days: i64, tier: Given<String>| ExceptionDraft {
        expires_at: at(days * DAY).to_string().as_str().into(),
        risk_tier: tier,
        ..exception()
    };
    for (days, tier, is_good) in [
        (90, Given::from("high"), true),
        (91, "high".into(), false),
        (14, "critical".into(), true),
        (15, "critical".into(), false),
        (15, Given::Absent, false),
        (0, "high".into(), false),
    ] {
        assert_eq!(
            make(&until(days, tier.clone()), "user:alice", &three).is_ok(),
            is_good,
            "{days} {tier:?}"
        );
    }
    let first = make(&exception(), "user:alice", &three).unwrap().record;
    let digest = value_digest(&serde_json::json!("x"));
    let waives = |control: &str, address: &str, attribute: &str, value: &Digest, days: i64| {
        first.waives(control, address, attribute, value, at(days * DAY))
    };
    let (place, path) = ("aws_iam_role.app[\"eu\"]", "assume_role_policy");
    assert!(waives("NHI012", place, path, &digest, 79));
    for (control, address, attribute, value, days) in [
        ("NHI013", place, path, digest, 1),
        ("NHI012", "aws_iam_role.app", path, digest, 1),
        ("NHI012", place, "policy", digest, 1),
        ("NHI012", place, path, value_digest(&serde_json::json!("y")), 1),
        ("NHI012", place, path, digest, 80),
    ] {
        assert!(
            !waives(control, address, attribute, &value, days),
            "{control} {address} {attribute} {days}"
        );
    }
    let renew = |record: &Registered<Exception>, days: i64| {
        record.update(
            declared(until(days, "high".into()).check()),
            &act("user:alice", &three, 70 * DAY),
        )
    };
    let renewed = renew(&first, 150).unwrap().record;
    assert_eq!(renewed.state().renewals, 1);
    assert_eq!(code(renew(&renewed, 155)), "NHI-EXCEPTION");
    assert!(renew(&renewed, 100).is_ok(), "an earlier end is no renewal");
    let other = ExceptionDraft {
        control: "NHI013".into(),
        ..exception()
    };
    assert_eq!(
        code(first.update(declared(other.check()), &act("user:alice", &three, DAY))),
        "NHI-FIXED"
    );
}

/// Ending an exception and declaring it again does not start to count afresh.
#[test]
fn renewals_are_counted_past_the_end_of_a_record() {
    let three = agreed(&["user:carol", "user:erin", "user:frank"]);
    let until = |days: i64| ExceptionDraft {
        expires_at: at(days * DAY).to_string().as_str().into(),
        ..exception()
    };
    let anew = |earlier: &[Registered<Exception>], end: i64, day: i64| {
        let act = act("user:alice", &three, day * DAY);
        Registered::<Exception>::create(id(9), declared(until(end).check()), earlier, &act)
    };
    let ended = |made: Registered<Exception>, day: i64| made.end("destroyed", at(day * DAY)).record;
    let first = ended(anew(&[], 80, 0).unwrap().record, 10);
    let second = anew(std::slice::from_ref(&first), 99, 11).unwrap().record;
    assert_eq!(second.state().renewals, 1, "it ends later than the one before");
    let same = anew(std::slice::from_ref(&first), 80, 11).unwrap().record;
    assert_eq!(same.state().renewals, 0, "no later end, no renewal");
    let all = [first, ended(second, 20)];
    assert_eq!(code(anew(&all, 105, 21)), "NHI-EXCEPTION");
    assert_eq!(
        anew(&all, 99, 21).unwrap().record.state().renewals,
        1,
        "what was renewed stays so"
    );
    assert_eq!(
        code(anew(&all, 150, 110)),
        "NHI-EXCEPTION",
        "the last day that it is remembered"
    );
    assert_eq!(anew(&all, 150, 111).unwrap().record.state().renewals, 0);
    let other = ExceptionDraft {
        control: "NHI013".into(),
        ..until(105)
    };
    let other = Registered::<Exception>::create(
        id(9),
        declared(other.check()),
        &all,
        &act("user:alice", &three, 21 * DAY),
    );
    assert_eq!(
        other.unwrap().record.state().renewals,
        0,
        "another control is another question"
    );

    // The policy has the last word on how often and how long.
    let mut terms = nhi_governance::Terms::default();
    terms.exceptions.renewals_max = 0;
    terms.exceptions.ttl_max = Ttl::parse("720h").unwrap();
    let strict = Policy::new(terms).unwrap();
    let under = |draft: ExceptionDraft| {
        let act = Act {
            policy: &strict,
            ..act("user:alice", &three, 0)
        };
        Registered::<Exception>::create(id(9), declared(draft.check()), &[], &act)
    };
    assert_eq!(code(under(until(31))), "NHI-EXCEPTION");
    let made = under(until(30)).unwrap().record;
    let one = ExceptionDraft {
        max_renewals: Given::Known(1),
        ..until(30)
    };
    assert_eq!(code(under(one)), "NHI-EXCEPTION");
    let renew = Act {
        policy: &strict,
        ..act("user:alice", &three, 20 * DAY)
    };
    assert_eq!(code(made.update(declared(until(40).check()), &renew)), "NHI-EXCEPTION");
    assert_eq!(
        (made.is_overdue(at(30 * DAY - 1)), made.is_overdue(at(30 * DAY))),
        (false, true)
    );
}

#[test]
fn broken_glass_is_short_and_owes_a_review() {
    let three = agreed(&["user:dora", "user:erin", "user:frank"]);
    let glass =
        Registered::<BreakGlass>::create(id(4), declared(break_glass().check()), &[], &act("user:zoe", &three, 0));
    let glass = glass.unwrap().record;
    let status = |glass: &Registered<BreakGlass>, seconds| glass.standing(at(seconds)).status;
    assert_eq!((status(&glass, DAY), status(&glass, 30 * DAY)), ("sealed", "untested"));
    let open = |by: &str, evidence: &Evidence, seconds| {
        glass.activate("The database is down", &[], &act(by, evidence, seconds))
    };
    let both = agreed(&["user:alice", "user:bob"]);
    for (by, evidence) in [
        ("user:alice", Evidence::default()),
        ("user:alice", Evidence::waived()),
        ("user:alice", agreed(&["user:alice"])),
        ("user:alice", agreed(&["user:dora"])),
        ("user:alice", agreed(&["user:alice", "USER:Alice"])),
        ("user:alice", agreed(&["user:alice", "user:dora"])),
        ("user:alice", agreed(&["user:bob"])),
        ("user:alice", agreed(&["user:bob", "user:carol"])),
        ("user:dora", both.clone()),
        (
            "user:alice",
            Evidence {
                approvals: vec![Digest::of(b"one for two")],
                ..both.clone()
            },
        ),
    ] {
        assert_eq!(code(open(by, &evidence, DAY)), "NHI-BREAK-GLASS", "{by} {evidence:?}");
    }
    let opened = open("user:alice", &both, 40 * DAY).unwrap().record;
    assert_eq!(
        (status(&opened, 40 * DAY + 1_799), status(&opened, 40 * DAY + 1_800)),
        ("activated", "review_owed")
    );
    let wider = BreakGlassDraft {
        notify: texts(&["#all"]),
        ..break_glass()
    };
    let later = 40 * DAY + 3_600;
    let change =
        |glass: &Registered<BreakGlass>| glass.update(declared(wider.check()), &act("user:zoe", &three, later));
    assert_eq!(code(change(&opened)), "NHI-BREAK-GLASS");
    let none = Evidence::default();
    let look = |by: &str, seconds| opened.review("Two tables were repaired", &act(by, &none, seconds));
    assert_eq!(code(look("user:alice", later)), "NHI-BREAK-GLASS");
    assert_eq!(code(look("user:bob", 40 * DAY + 10)), "NHI-BREAK-GLASS");
    let looked = look("user:bob", later).unwrap().record;
    assert!(change(&looked).is_ok());
    assert_eq!(status(&looked, later), "untested");
    let test = |by: &str, evidence: &Evidence| looked.test("A drill: both keys work", &act(by, evidence, later));
    let tested = test("user:carol", &agreed(&["user:carol", "user:bob"])).unwrap().record;
    assert_eq!(status(&tested, later), "sealed");
    assert!(!tested.is_open(at(later)), "a test opens nothing");
    for (by, evidence) in [
        ("user:carol", none.clone()),
        ("user:carol", agreed(&["user:carol"])),
        ("user:zoe", both.clone()),
    ] {
        assert_eq!(code(test(by, &evidence)), "NHI-BREAK-GLASS", "{by}");
    }

    // What ended still owes its review, and no other comes before that, whatever its name.
    let ended = opened.end("destroyed", at(later)).record;
    let named = |name: &str, other: &Registered<BreakGlass>| {
        let draft = BreakGlassDraft {
            name: name.into(),
            ..break_glass()
        };
        let others = std::slice::from_ref(other);
        let declared = declared(draft.check());
        Registered::<BreakGlass>::create(id(5), declared, others, &act("user:zoe", &three, later))
    };
    let again = |earlier: &Registered<BreakGlass>| named(earlier.declaration().name.as_str(), earlier);
    for name in [ended.declaration().name.as_str(), "another-name"] {
        assert_eq!(code(named(name, &ended)), "NHI-BREAK-GLASS", "{name}");
    }
    let looked = ended.review("Two tables were repaired", &act("user:bob", &none, later));
    let looked = looked.unwrap().record;
    assert!(looked.ended_at().is_some() && again(&looked).is_ok());
}

#[test]
fn a_policy_narrows_what_broken_glass_may_be() {
    let three = agreed(&["user:dora", "user:erin", "user:frank"]);
    let under = |narrow: fn(&mut nhi_governance::Terms)| {
        let mut terms = nhi_governance::Terms::default();
        narrow(&mut terms);
        Policy::new(terms).unwrap()
    };
    let declare = |policy: &Policy| {
        let act = Act {
            policy,
            ..act("user:zoe", &three, 0)
        };
        Registered::<BreakGlass>::create(id(4), declared(break_glass().check()), &[], &act)
    };
    let glass = declare(&Policy::default()).unwrap().record;
    for narrow in [
        (|terms: &mut nhi_governance::Terms| terms.break_glass.holders_min = 4) as fn(&mut _),
        |terms| terms.break_glass.session_max = Ttl::parse("10m").unwrap(),
        |terms| terms.break_glass.test_interval_max = Ttl::parse("24h").unwrap(),
    ] {
        assert_eq!(code(declare(&under(narrow))), "NHI-BREAK-GLASS");
    }
    // What was declared under a looser policy opens for no longer than the policy of today allows.
    let policy = under(|terms| terms.break_glass.session_max = Ttl::parse("10m").unwrap());
    let both = agreed(&["user:alice", "user:bob"]);
    let act = Act {
        policy: &policy,
        ..act("user:alice", &both, DAY)
    };
    let opened = glass.activate("The database is down", &[], &act).unwrap().record;
    assert_eq!(opened.state().session_until, Some(at(DAY + 600)));
}

#[test]
fn a_review_suspends_what_nobody_answers_for() {
    let none = Evidence::default();
    let review = declared(review().check());
    let review = Registered::<AccessReview>::create(id(5), review, &act("user:zoe", &none, 0))
        .unwrap()
        .record;
    assert_eq!(review.standing(at(0)).status, "due");
    let asked = identity();
    let waived = Evidence::waived();
    let other = create(
        id(6),
        &TrustDomain::default(),
        identity_declared(&["s3:Get*"]),
        &act("user:mallory", &waived, 0),
    );
    let other = other.unwrap().record;
    let round = [(&asked, RiskTier::Low), (&other, RiskTier::Low)];
    let open = review.open(round, &act("user:zoe", &none, DAY)).unwrap().record;
    assert_eq!((open.state().items.len(), open.standing(at(DAY)).status), (2, "open"));
    let decide = |by: &str, identity: RecordId| open.decide(identity, true, &act(by, &none, 2 * DAY));
    assert_eq!(code(decide("user:alice", asked.id())), "NHI-REVIEW", "she asked for it");
    assert_eq!(code(decide("user:zoe", asked.id())), "NHI-REVIEW", "she is no reviewer");
    assert_eq!(code(decide("user:rita", id(9))), "NHI-REVIEW");
    let decided = decide("user:alice", other.id()).unwrap().record;
    assert_eq!(decided.close(at(14 * DAY)).unwrap(), None, "there is still time");
    assert_eq!(decided.standing(at(15 * DAY)).status, "overdue");
    let (closed, closing) = decided.close(at(15 * DAY)).unwrap().unwrap();
    assert_eq!(
        (closing.kept, closing.suspended, closing.revoked),
        (vec![other.id()], vec![asked.id()], vec![])
    );
    assert!(closed.record.state().evidence_digest.is_some());
    assert_eq!(closed.record.opens_at(), Some(at(91 * DAY)));
    let late = decided.decide(asked.id(), true, &act("user:rita", &none, 15 * DAY));
    assert_eq!(code(late), "NHI-REVIEW");
}

#[test]
fn a_context_is_what_teams_and_vendors_say() {
    let none = Evidence::default();
    let made = Registered::<Team>::create(id(7), declared(team().check()), &act("x", &none, 0))
        .unwrap()
        .record;
    let gone = made.end("destroyed", at(DAY)).record;
    let vendor = Registered::<Vendor>::create(id(8), declared(vendor().check()), &act("x", &none, 0))
        .unwrap()
        .record;
    let end = vendor.declaration().contract_end;
    let declaration = identity_declared(&["s3:Get*"]);
    let gather = |teams: &[Registered<Team>], vendors: &[Registered<Vendor>]| {
        let of =
            |key: &str| -> Result<Vec<_>, ()> { Ok(teams.iter().filter(|team| team.key() == key).cloned().collect()) };
        Context::gather(&declaration, of, |_| Ok(vendors.to_vec())).unwrap()
    };
    assert_eq!(gather(&[], &[]), Context::default());
    assert_eq!(gather(std::slice::from_ref(&made), &[]).owner_gone, None);
    let orphaned = gather(std::slice::from_ref(&gone), &[]);
    assert_eq!(orphaned.owner_gone, Some(("team:orders".to_owned(), at(DAY))));
    assert_eq!(gather(&[gone, made], &[]).owner_gone, None, "it was made again");
    assert_eq!(gather(&[], std::slice::from_ref(&vendor)).contract_end, Some(end));
    let ended = vendor.end("destroyed", at(DAY)).record;
    assert_eq!(gather(&[], &[ended]).contract_end, Some(at(DAY)));
}

#[test]
fn a_record_is_stored_and_read_back_the_same() {
    let record = granted(&grant()).unwrap().record;
    let again = Registered::<Grant>::from_json(&record.to_canonical_json()).unwrap();
    assert_eq!((again.digest(), &again), (record.digest(), &record));
    assert!(record.adopt(record.declaration()).is_some());
    assert!(
        record.confirm().record.adopt(record.declaration()).is_none(),
        "a core knows it"
    );
    let ended = record.end("x", at(DAY)).record;
    assert_eq!(ended.end("y", at(2 * DAY)).event, None);
    assert_eq!(ended.ended_at(), Some(at(DAY)));
}
