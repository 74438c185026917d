//! A grant never outlives or exceeds its identity.

use super::*;

#[test]
fn a_grant_lies_within_its_identity() {
    assert!(granted(&grant()).is_ok());
    let outside = [
        (
            GrantDraft {
                actions: texts(&["s3:PutObject"]),
                ..grant()
            },
            "NHI-GRANT-SCOPE",
        ),
        (
            GrantDraft {
                actions: texts(&["s3:*"]),
                ..grant()
            },
            "NHI-GRANT-SCOPE",
        ),
        (
            GrantDraft {
                actions: texts(&["s3:G?tObject"]),
                ..grant()
            },
            "NHI-GRANT-SCOPE",
        ),
        (
            GrantDraft {
                resource: "arn:aws:s3:::order*".into(),
                ..grant()
            },
            "NHI-GRANT-SCOPE",
        ),
        (
            GrantDraft {
                backend: "gcp".into(),
                ..grant()
            },
            "NHI-GRANT-SCOPE",
        ),
        (
            GrantDraft {
                ttl: "481h".into(),
                ..grant()
            },
            "NHI-GRANT",
        ),
        (
            GrantDraft {
                identity_id: id(9).to_string().as_str().into(),
                ..grant()
            },
            "NHI-GRANT",
        ),
    ];
    for (draft, expected) in outside {
        assert_eq!(code(granted(&draft)), expected, "{draft:?}");
    }
    let longest = granted(&GrantDraft {
        ttl: "480h".into(),
        ..grant()
    })
    .unwrap()
    .record;
    assert_eq!(
        longest.ends_at(&identity()),
        identity().expires_at(),
        "cut off at the end of its identity"
    );
}

#[test]
fn a_narrowed_scope_takes_actions_along() {
    let grant = granted(&GrantDraft {
        actions: texts(&["s3:GetObject", "s3:ListBucket"]),
        ..grant()
    });
    let grant = grant.unwrap().record;
    let none = Evidence::default();
    let narrow = |actions: &[&str]| {
        let declaration = identity_declared(actions);
        update(
            &identity(),
            declaration,
            &Context::default(),
            &act("user:bob", &none, DAY),
        )
        .unwrap()
        .record
    };
    let status = |identity: &Identity| grant.standing(at(DAY), Some(identity), &Context::default()).status;
    assert_eq!(grant.effective_actions(&narrow(&["s3:ListBucket"])), ["s3:ListBucket"]);
    assert_eq!(status(&narrow(&["s3:ListBucket"])), "active");
    assert_eq!(status(&narrow(&["s3:GetBucketAcl"])), "void");
    assert_eq!(grant.standing(at(DAY), None, &Context::default()).status, "void");
}

#[test]
fn a_grant_is_renewed_by_its_generation_and_by_nothing_else() {
    let (grant, identity, none) = (granted(&grant()).unwrap().record, identity(), Evidence::default());
    let end = grant.ends_at(&identity);
    let renewed = |generation: i64, ttl: &str, seconds| {
        let draft = GrantDraft {
            generation: Given::Known(generation),
            ttl: ttl.into(),
            ..super::grant()
        };
        let act = act("user:alice", &none, seconds);
        grant.update(declared(draft.check()), &identity, &Context::default(), &act)
    };
    let same = renewed(1, "240h", 5 * DAY).unwrap().record;
    assert_eq!(
        same.ends_at(&identity),
        end,
        "the generation that nobody declared is the first"
    );
    let later = renewed(2, "240h", 5 * DAY).unwrap().record;
    assert_eq!(later.ends_at(&identity), at(15 * DAY), "its ttl counts anew");
    let shorter = later.update(
        declared(super::grant().check()),
        &identity,
        &Context::default(),
        &act("user:alice", &none, 6 * DAY),
    );
    assert_eq!(code(shorter), "NHI-GENERATION", "it never falls");
    // What counts from the renewal counts from there later as well.
    let draft = GrantDraft {
        generation: Given::Known(2),
        ttl: "24h".into(),
        ..super::grant()
    };
    let cut = later.update(
        declared(draft.check()),
        &identity,
        &Context::default(),
        &act("user:alice", &none, 5 * DAY),
    );
    assert_eq!(cut.unwrap().record.ends_at(&identity), at(6 * DAY));
    // After its end, and not for long.
    assert_eq!(
        renewed(2, "24h", 18 * DAY).unwrap().record.ends_at(&identity),
        at(19 * DAY)
    );
    assert_eq!(code(renewed(2, "24h", 18 * DAY + 1)), "NHI-EXPIRED");
}

#[test]
fn a_jit_grant_is_good_for_a_session() {
    let draft = GrantDraft {
        activation: "jit".into(),
        ttl: "1h".into(),
        ..grant()
    };
    let grant = granted(&draft).unwrap().record;
    let (identity, none) = (identity(), Evidence::default());
    let status =
        |grant: &Registered<Grant>, seconds| grant.standing(at(seconds), Some(&identity), &Context::default()).status;
    assert_eq!(status(&grant, DAY), "eligible");
    let activate = |seconds| {
        let act = act("user:alice", &none, seconds);
        grant.activate("Look into a failed report", &identity, &Context::default(), &act)
    };
    let active = activate(2 * DAY).unwrap().record;
    assert_eq!(
        (status(&active, 2 * DAY + 3_599), status(&active, 2 * DAY + 3_600)),
        ("active", "eligible")
    );
    assert_eq!(code(activate(20 * DAY)), "NHI-GRANT");
    assert_eq!(status(&active, 20 * DAY), "expired");
}

/// The other half of the machine: whatever happens to an identity, no grant of it is good when it is not, and none
/// is good for longer or for more.
#[test]
fn no_grant_outlives_or_exceeds_its_identity() {
    let (none, waived) = (Evidence::default(), Evidence::waived());
    let first = identity();
    let by = |seconds| act("user:bob", &none, seconds);
    let gone = Context {
        owner_gone: Some(("team:orders".to_owned(), at(DAY))),
        ..Context::default()
    };
    let ended = Context {
        contract_end: Some(at(3 * DAY)),
        ..Context::default()
    };
    let identities = [
        first.clone(),
        suspend(&first, nhi_governance::Cause::Kill, "x", &by(DAY))
            .unwrap()
            .record,
        revoke(&first, "x", at(DAY)).record,
        update(
            &first,
            identity_declared(&["s3:GetObject"]),
            &Context::default(),
            &by(DAY),
        )
        .unwrap()
        .record,
        update(
            &first,
            identity_declared(&["s3:Put*"]),
            &Context::default(),
            &act("user:bob", &waived, DAY),
        )
        .unwrap()
        .record,
    ];
    let drafts = [
        grant(),
        GrantDraft {
            ttl: "480h".into(),
            ..grant()
        },
        GrantDraft {
            activation: "jit".into(),
            ttl: "8h".into(),
            ..grant()
        },
    ];
    let mut good = 0;
    for draft in &drafts {
        let grant = granted(draft).unwrap().record;
        let opened = grant.activate("Look into a report", &first, &Context::default(), &by(2 * DAY));
        let grants = [Some(grant), opened.ok().map(|transition| transition.record)];
        for grant in grants.into_iter().flatten() {
            for identity in &identities {
                for context in [&Context::default(), &gone, &ended] {
                    for day in 0..30 {
                        let now = at(day * DAY);
                        let standing = grant.standing(now, Some(identity), context);
                        if standing.is_good {
                            good += 1;
                            assert!(identity.status(now, context).is_usable(), "{standing:?} {identity:?}");
                            assert!(now < identity.ends_at() && now < grant.ends_at(identity));
                            assert!(!grant.effective_actions(identity).is_empty());
                        }
                    }
                }
            }
        }
    }
    assert!(good > 50, "{good}");
}
