//! The life cycle as a machine: every way through it, and what may never happen on the way.

#[cfg(test)]
mod kills;
#[cfg(test)]
mod machine;

#[cfg(test)]
mod tests {
    use nhi_governance::{
        Act, Cause, Context, Declaration, Digest, Draft, Evidence, Given, Identity, Problem, Record as _, Status,
        Timestamp, Transition, Ttl, create, disown, note_use, offboard, quarantine, requarantine, resume, reviewed,
        revoke, rotate, suspend, sweep, update,
    };
    use proptest::prelude::*;

    use crate::machine::{DAY, START, critical, declared, domain, draft, evidence, id, policy};

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

    fn after(outcome: Result<Transition<Identity>, Problem>) -> Identity {
        outcome.unwrap().record
    }

    fn refused(outcome: Result<Transition<Identity>, Problem>) -> &'static str {
        outcome.unwrap_err().code.id
    }

    fn low() -> Declaration {
        declared(&draft())
    }

    fn made(declaration: Declaration) -> Identity {
        let evidence = evidence(&["user:carol", "user:dave", "user:erin"]);
        after(create(id(1), &domain(), declaration, &act("alice", &evidence, 0)))
    }

    fn alone() -> Evidence {
        Evidence::default()
    }

    fn status(identity: &Identity, days: i64) -> Status {
        identity.status(at(days), &Context::default())
    }

    #[test]
    fn approvals_are_counted_by_person_and_never_the_requester() {
        let of = |evidence: &Evidence| create(id(1), &domain(), critical(), &act("user:alice", evidence, 0));
        let cases: [(&[&str], bool); 6] = [
            (&[], false),
            (&["user:carol", "user:dave"], false),
            (&["user:carol", "user:dave", "USER:Dave"], false),
            (&["user:carol", "user:dave", "user:alice"], false),
            (&["user:carol", "user:dave", "user:erin"], true),
            (&["user:alice", "user:carol", "user:dave", "user:erin"], true),
        ];
        for (persons, expected) in cases {
            assert_eq!(of(&evidence(persons)).is_ok(), expected, "{persons:?}");
        }
        let without_envelopes = Evidence {
            approvals: Vec::new(),
            ..evidence(&["user:carol", "user:dave", "user:erin"])
        };
        assert_eq!(refused(of(&without_envelopes)), "NHI-APPROVAL");
        assert!(of(&Evidence::waived()).is_ok(), "an explicit act, and on record");
        assert!(after(of(&Evidence::waived())).evidence().waived);
    }

    /// Rule 3 and 6: what one person contained comes back by another one only, and in time.
    #[test]
    fn a_suspension_is_undone_by_somebody_else_in_time() {
        let suspended = after(suspend(
            &made(low()),
            Cause::Manual,
            "odd calls",
            &act("bob", &alone(), 1),
        ));
        assert_eq!(status(&suspended, 2), Status::Suspended);
        let none = Context::default();
        assert_eq!(
            refused(resume(&suspended, &none, &act("bob", &alone(), 2))),
            "NHI-RESUME"
        );
        assert_eq!(
            refused(resume(&suspended, &none, &act("BOB ", &Evidence::waived(), 2))),
            "NHI-RESUME"
        );
        let approved = evidence(&["user:carol"]);
        assert_eq!(
            status(&after(resume(&suspended, &none, &act("bob", &approved, 2))), 2),
            Status::Active
        );
        let resumed = after(resume(&suspended, &none, &act("alice", &alone(), 15)));
        assert_eq!(status(&resumed, 15), Status::Active);
        assert_eq!(
            refused(resume(&suspended, &none, &act("alice", &alone(), 16))),
            "NHI-RESUME"
        );
        // An apply is no way around that, whatever it changes.
        let changed = declared(&Draft {
            generation: nhi_governance::Given::Known(2),
            ..draft()
        });
        for declaration in [low(), changed] {
            let outcome = update(&suspended, declaration, &none, &act("alice", &Evidence::waived(), 2));
            assert_eq!(refused(outcome), "NHI-SUSPENDED");
        }
        let outcome = update(&suspended, low(), &none, &act("alice", &approved, 2));
        assert_eq!(status(&after(outcome), 2), Status::Active);
    }

    #[test]
    fn a_higher_tier_resumes_by_its_approvals() {
        let suspended = after(suspend(&made(critical()), Cause::Manual, "x", &act("bob", &alone(), 1)));
        let none = Context::default();
        assert_eq!(
            refused(resume(&suspended, &none, &act("alice", &alone(), 2))),
            "NHI-APPROVAL"
        );
        let two = evidence(&["user:carol", "user:dave"]);
        assert_eq!(
            refused(resume(&suspended, &none, &act("alice", &two, 2))),
            "NHI-APPROVAL"
        );
        let three = evidence(&["user:carol", "user:dave", "user:erin"]);
        assert!(resume(&suspended, &none, &act("alice", &three, 2)).is_ok());
    }

    #[test]
    fn what_follows_from_other_records_suspends_and_cannot_be_resumed_away() {
        let identity = made(low());
        let gone = Context {
            owner_gone: Some(("team:orders".to_owned(), at(3))),
            ..Context::default()
        };
        let ended = Context {
            contract_end: Some(at(3)),
            ..Context::default()
        };
        for context in [&gone, &ended] {
            assert_eq!(identity.status(at(3), context), Status::Suspended, "{context:?}");
        }
        assert!(identity.status(at(2), &ended).is_usable());
        assert!(identity.is_orphaned(&gone) && !identity.is_orphaned(&ended));
        for context in [&gone, &ended] {
            assert_eq!(
                refused(resume(&identity, context, &act("bob", &alone(), 4))),
                "NHI-RESUME"
            );
        }
        // Another owner is the way out, without a resumption.
        let handed = declared(&Draft {
            technical_owner: "team:intake".into(),
            ..draft()
        });
        let handed = after(update(&identity, handed, &Context::default(), &act("bob", &alone(), 4)));
        assert_eq!(status(&handed, 4), Status::Active);
    }

    #[test]
    fn the_sweeper_ends_what_was_left() {
        let identity = made(low());
        let none = Context::default();
        let due = |identity: &Identity, days: i64| sweep(identity, &none, at(days)).is_some();
        // A ttl of 20 days, and a week to renew.
        assert!(!due(&identity, 27) && due(&identity, 28));
        let suspended = after(suspend(&identity, Cause::Kill, "x", &act("bob", &alone(), 1)));
        assert!(!due(&suspended, 15) && due(&suspended, 16));
        let ended = Context {
            contract_end: Some(at(3)),
            ..Context::default()
        };
        assert!(
            sweep(&identity, &ended, at(4)).is_none(),
            "`contract_end` is not in its `revoked_by`"
        );
        assert!(sweep(&identity, &ended, at(18)).is_some());
        let revoked = sweep(&suspended, &none, at(16)).unwrap().record;
        assert_eq!(
            (status(&revoked, 16), sweep(&revoked, &none, at(99)).is_none()),
            (Status::Revoked, true)
        );
        // Too late to renew, whether or not a sweeper ran.
        let renewal = declared(&Draft {
            generation: nhi_governance::Given::Known(2),
            ..draft()
        });
        assert!(update(&identity, renewal.clone(), &none, &act("bob", &alone(), 27)).is_ok());
        assert_eq!(
            refused(update(&identity, renewal, &none, &act("bob", &alone(), 28))),
            "NHI-EXPIRED"
        );
    }

    #[test]
    fn quarantine_is_of_no_use_until_it_is_approved() {
        let days = |days: u64| Ttl::from_seconds(days * 86_400);
        let begin = |deadline: &Ttl| {
            quarantine(
                id(1),
                &domain(),
                critical(),
                deadline,
                "found",
                &act("alice", &alone(), 0),
            )
        };
        assert_eq!(refused(begin(&days(31))), "NHI-QUARANTINE");
        let found = after(begin(&days(5)));
        assert_eq!(
            (status(&found, 1), status(&found, 5)),
            (Status::Quarantined, Status::Expired)
        );
        let none = Context::default();
        assert_eq!(
            refused(update(&found, critical(), &none, &act("alice", &alone(), 1))),
            "NHI-APPROVAL"
        );
        let three = evidence(&["user:carol", "user:dave", "user:erin"]);
        let settled = after(update(&found, critical(), &none, &act("alice", &three, 1)));
        assert!(status(&settled, 1).is_usable());
        assert_eq!(
            refused(update(&found, critical(), &none, &act("alice", &three, 5))),
            "NHI-QUARANTINE"
        );
        assert!(sweep(&found, &none, at(12)).is_none() && sweep(&found, &none, at(13)).is_some());
    }

    #[test]
    fn what_nobody_manages_goes_on_for_a_while() {
        let none = Context::default();
        let identity = after(disown(
            &made(low()),
            "removed from the configuration",
            &act("alice", &alone(), 1),
        ));
        assert!(identity.is_orphaned(&none));
        assert_eq!(
            (status(&identity, 14), status(&identity, 15)),
            (Status::Unmanaged, Status::Suspended)
        );
        let week = Ttl::from_seconds(7 * 86_400);
        let back = after(requarantine(&identity, &week, "adopted", &act("alice", &alone(), 2)));
        assert_eq!(status(&back, 2), Status::Quarantined);
        assert_eq!(
            status(&after(update(&back, low(), &none, &act("alice", &alone(), 3))), 3),
            Status::Active
        );
        assert_eq!(
            refused(requarantine(&made(low()), &week, "x", &act("alice", &alone(), 2))),
            "NHI-QUARANTINE"
        );
    }

    #[test]
    fn the_end_is_final() {
        let revoked = revoke(&made(low()), "gone", at(1)).record;
        let none = Context::default();
        for outcome in [
            update(&revoked, low(), &none, &act("bob", &Evidence::waived(), 1)),
            suspend(&revoked, Cause::Manual, "x", &act("bob", &alone(), 1)),
            resume(&revoked, &none, &act("bob", &alone(), 1)),
            disown(&revoked, "x", &act("bob", &alone(), 1)),
            reviewed(&revoked, &none, &act("bob", &alone(), 1)),
        ] {
            assert_eq!(refused(outcome), "NHI-REVOKED");
        }
        assert_eq!(refused(offboard(&made(low()), Digest::of(b"x"), at(1))), "NHI-REVOKED");
        let gone = after(offboard(&revoked, Digest::of(b"x"), at(2)));
        assert_eq!((status(&gone, 2), gone.ended_at()), (Status::Offboarded, Some(at(1))));
    }

    #[test]
    fn a_review_is_due_and_is_not_answered_by_who_asked() {
        let long = |generation| {
            declared(&Draft {
                ttl: "4320h".into(),
                generation: Given::Known(generation),
                ..draft()
            })
        };
        let none = Context::default();
        let renewed = update(&made(long(1)), long(2), &none, &act("alice", &alone(), 170));
        let identity = after(renewed);
        assert_eq!(
            (status(&identity, 179), status(&identity, 180)),
            (Status::Active, Status::Suspended)
        );
        assert_eq!(
            refused(reviewed(&identity, &none, &act("alice", &alone(), 181))),
            "NHI-REVIEW"
        );
        let kept = after(reviewed(&identity, &none, &act("bob", &alone(), 181)));
        assert!(status(&kept, 181).is_usable());
    }

    /// Rule 1.
    #[test]
    fn a_thousand_applies_move_nothing() {
        let mut identity = nhi_governance::confirm(&made(low())).record;
        let before = identity.clone();
        for day in 0..1_000 {
            let evidence = evidence(&["user:carol"]);
            let outcome = update(
                &identity,
                low(),
                &Context::default(),
                &act("alice", &evidence, day % 20),
            )
            .unwrap();
            assert_eq!(outcome.event, None);
            identity = outcome.record;
        }
        assert_eq!(identity, before);
        let told = alone();
        let note =
            |identity: &Identity, used_at: Timestamp| note_use(identity, used_at, "a log", &act("bob", &told, 5));
        let used = note(&identity, at(3)).unwrap().record;
        assert_eq!(
            (used.revision(), used.last_used_at()),
            (identity.revision(), Some(at(3)))
        );
        // It only moves on, and never beyond now.
        for (used_at, expected) in [(at(2), None), (at(3), None), (at(4), Some(at(4))), (at(5), Some(at(5)))] {
            let noted = note(&used, used_at).unwrap();
            let moved = noted.event.map(|_| noted.record.last_used_at().unwrap());
            assert_eq!(moved, expected, "{used_at}");
        }
        let later = |seconds| Timestamp::from_unix(at(5).unix() + seconds);
        assert_eq!(
            note(&used, later(60)).unwrap().record.last_used_at(),
            Some(at(5)),
            "another clock"
        );
        assert_eq!(refused(note(&used, later(61))), "NHI-USE");
        // What is used although it has ended is worth knowing most.
        let gone = revoke(&used, "x", at(4)).record;
        assert_eq!(note(&gone, at(5)).unwrap().record.last_used_at(), Some(at(5)));
    }

    /// Who rests on a static secret has a day; everybody else is rotated by every token.
    #[test]
    fn a_missed_rotation_suspends_and_a_late_one_takes_approvals() {
        let none = Context::default();
        let shared = made(declared(&Draft {
            kind: "legacy_shared".into(),
            ttl: "2160h".into(),
            ..draft()
        }));
        let due = shared.rotation_due_at().unwrap();
        assert_eq!((due, made(low()).rotation_due_at()), (at(90), None));
        let turn = |identity: &Identity, evidence: &Evidence, days: i64| {
            rotate(identity, "OPS-31", &none, &act("bob", evidence, days))
        };
        let first = after(turn(&shared, &alone(), 60));
        assert_eq!((first.rotations(), first.rotation_due_at()), (1, Some(at(150))));
        assert_eq!(first.expires_at(), shared.expires_at(), "a rotation is no renewal");
        assert_eq!(first.issued_at(), shared.issued_at());

        let renewed = after(update(
            &first,
            declared(&Draft {
                kind: "legacy_shared".into(),
                ttl: "2160h".into(),
                generation: Given::Known(1),
                ..draft()
            }),
            &none,
            &act("alice", &evidence(&["user:carol"]), 80),
        ));
        assert_eq!(
            renewed.rotation_due_at(),
            Some(at(170)),
            "a renewal makes new credentials"
        );
        let cause = |days: i64| renewed.suspension(at(days), &none).map(|suspension| suspension.cause);
        // Its end is as far off as its rotation: then there is nothing left to rotate, only its review is due as well.
        assert_eq!((cause(169), cause(170)), (None, Some(Cause::Review)));

        // A policy that has it replaced more often than it ends leaves its life as it is.
        let mut terms = nhi_governance::Terms::default();
        for tier in [&mut terms.tier.moderate, &mut terms.tier.high] {
            tier.rotate_every = Some(Ttl::parse("168h").unwrap());
        }
        let often = nhi_governance::Policy::new(terms).unwrap();
        let told = alone();
        let act_often = Act {
            policy: &often,
            ..act("bob", &told, 90)
        };
        let weekly = after(rotate(&renewed, "OPS-31", &none, &act_often));
        assert_eq!(
            (weekly.rotation_due_at(), weekly.expires_at()),
            (Some(at(97)), renewed.expires_at())
        );
        assert_eq!(weekly.suspension(at(97), &none).unwrap().cause, Cause::Rotation);

        // Under a policy that has become stricter it is due before its end.
        let mut terms = nhi_governance::Terms::default();
        for tier in [&mut terms.tier.moderate, &mut terms.tier.high] {
            tier.static_secret_ttl_max = Some(Ttl::parse("240h").unwrap());
        }
        let strict = nhi_governance::Policy::new(terms).unwrap();
        let by = |evidence: &Evidence, days: i64| {
            let act = Act {
                policy: &strict,
                ..act("bob", evidence, days)
            };
            rotate(&renewed, "OPS-31", &none, &act)
        };
        let strictly = after(by(&alone(), 90));
        assert_eq!(
            (status(&strictly, 99), status(&strictly, 100)),
            (Status::Active, Status::Suspended)
        );
        assert_eq!(strictly.suspension(at(101), &none).unwrap().cause, Cause::Rotation);
        assert_eq!(refused(turn(&strictly, &alone(), 101)), "NHI-APPROVAL");
        let late = after(turn(&strictly, &evidence(&["user:carol"]), 101));
        assert_eq!(status(&late, 101), Status::Active);
        assert!(sweep(&strictly, &none, at(113)).is_none() && sweep(&strictly, &none, at(115)).is_some());

        // What somebody suspended is not brought back by the way.
        let held = after(suspend(
            &strictly,
            Cause::Manual,
            "odd calls",
            &act("carol", &alone(), 95),
        ));
        assert_eq!(refused(turn(&held, &evidence(&["user:carol"]), 101)), "NHI-ROTATION");
        assert_eq!(refused(turn(&renewed, &alone(), 171)), "NHI-ROTATION", "it is expired");
        assert_eq!(
            refused(turn(&revoke(&renewed, "x", at(90)).record, &alone(), 91)),
            "NHI-REVOKED"
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        /// However a clock walks, an identity is never usable at a moment that is past its end, and no walk gives it
        /// time that nobody asked for.
        #[test]
        fn no_walk_of_a_clock_revives(steps in proptest::collection::vec((-3_650i64..3_650, 0u8..5), 1..12)) {
            let none = Context::default();
            let mut identity = made(low_of(1));
            let evidence = evidence(&["user:carol"]);
            let mut generation = 1;
            let mut days = 0;
            for (step, what) in steps {
                days = (days + step).clamp(-3_650, 3_650);
                let act = act("bob", &evidence, days);
                let (issued_at, expires_at) = (identity.issued_at(), identity.expires_at());
                let mut renews = false;
                let outcome = match what {
                    0 => update(&identity, low_of(generation), &none, &act),
                    1 => {
                        let outcome = update(&identity, low_of(generation + 1), &none, &act);
                        renews = outcome.is_ok();
                        generation += i64::from(renews);
                        outcome
                    }
                    2 => suspend(&identity, Cause::Manual, "x", &act),
                    3 => resume(&identity, &none, &act),
                    _ => Ok(sweep(&identity, &none, act.now).unwrap_or_else(|| Transition::unchanged(&identity))),
                };
                if let Ok(transition) = outcome {
                    identity = transition.record;
                }
                if renews {
                    prop_assert_eq!(identity.issued_at(), at(days));
                } else {
                    prop_assert_eq!((identity.issued_at(), identity.expires_at()), (issued_at, expires_at));
                }
                for moment in [at(days), identity.expires_at(), Timestamp::MAX, at(3_650)] {
                    let usable = identity.status(moment, &none).is_usable();
                    prop_assert!(!usable || moment < identity.expires_at());
                }
            }
        }
    }

    fn low_of(generation: i64) -> Declaration {
        declared(&Draft {
            generation: nhi_governance::Given::Known(generation),
            ..draft()
        })
    }
}
