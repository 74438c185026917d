//! What may be declared of each kind.

use proptest::prelude::*;

use super::*;

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn one_thing_wrong_is_one_violation_at_its_place() {
    for judged in [
        found(&team().check()),
        found(&vendor().check()),
        found(&grant().check()),
        found(&exception().check()),
        found(&break_glass().check()),
        found(&review().check()),
    ] {
        assert_eq!(judged, []);
    }
    let one = |path: &str, code: &'static str| vec![(path.to_owned(), code)];
    let teams = [
        (
            TeamDraft {
                accountable_human: "team:orders".into(),
                ..team()
            },
            "accountable_human",
            "NHI-OWNER",
        ),
        (
            TeamDraft {
                backup_owner: "USER:Alice".into(),
                ..team()
            },
            "backup_owner",
            "NHI-OWNER-SAME",
        ),
        (
            TeamDraft {
                contacts: texts(&["a b"]),
                ..team()
            },
            "contacts",
            "NHI-TEAM",
        ),
        (
            TeamDraft {
                name: Given::Absent,
                ..team()
            },
            "name",
            "NHI-REQUIRED",
        ),
    ];
    for (draft, path, code) in teams {
        assert_eq!(found(&draft.check()), one(path, code), "{draft:?}");
    }
    let vendors = [
        (
            VendorDraft {
                contract_end: "2027-03-31".into(),
                ..vendor()
            },
            "contract_end",
            "NHI-CONTRACT",
        ),
        (
            VendorDraft {
                contract_end: "2027-03-31T00:00:00+01:00".into(),
                ..vendor()
            },
            "contract_end",
            "NHI-CONTRACT",
        ),
        (
            VendorDraft {
                offboarding_runbook: "see wiki".into(),
                ..vendor()
            },
            "offboarding_runbook",
            "NHI-CONTRACT",
        ),
        (
            VendorDraft {
                contract_end: Given::Absent,
                ..vendor()
            },
            "contract_end",
            "NHI-REQUIRED",
        ),
    ];
    for (draft, path, code) in vendors {
        assert_eq!(found(&draft.check()), one(path, code), "{draft:?}");
    }
    let grants = [
        (
            GrantDraft {
                identity_id: "deployer".into(),
                ..grant()
            },
            "identity_id",
            "NHI-GRANT",
        ),
        (
            GrantDraft {
                resource: "*".into(),
                ..grant()
            },
            "resource",
            "NHI-SCOPE-WILDCARD",
        ),
        (
            GrantDraft {
                actions: texts(&[]),
                ..grant()
            },
            "actions",
            "NHI-SCOPE",
        ),
        (
            GrantDraft {
                justification: "todo".into(),
                ..grant()
            },
            "justification",
            "NHI-GRANT",
        ),
        (
            GrantDraft {
                ttl: "0s".into(),
                ..grant()
            },
            "ttl",
            "NHI-TTL",
        ),
        (
            GrantDraft {
                activation: "always".into(),
                ..grant()
            },
            "activation",
            "NHI-GRANT",
        ),
        (
            GrantDraft {
                activation: "jit".into(),
                ..grant()
            },
            "ttl",
            "NHI-GRANT",
        ),
        (
            GrantDraft {
                conditions: texts(&["a\nb"]),
                ..grant()
            },
            "conditions",
            "NHI-GRANT",
        ),
    ];
    for (draft, path, code) in grants {
        assert_eq!(found(&draft.check()), one(path, code), "{draft:?}");
    }
    let subject = |address: &str, digest: &str| {
        Given::Known(SubjectDraft {
            address: address.into(),
            attribute: "policy".into(),
            value_digest: digest.into(),
        })
    };
    let exceptions = [
        (
            ExceptionDraft {
                control: "NHI*".into(),
                ..exception()
            },
            "control",
            "NHI-EXCEPTION",
        ),
        (
            ExceptionDraft {
                subject: subject("aws_iam_role.*", &"0".repeat(64)),
                ..exception()
            },
            "subject.address",
            "NHI-EXCEPTION",
        ),
        (
            ExceptionDraft {
                subject: subject("a.b", "all"),
                ..exception()
            },
            "subject.value_digest",
            "NHI-EXCEPTION",
        ),
        (
            ExceptionDraft {
                risk_acceptor: "team:iam".into(),
                ..exception()
            },
            "risk_acceptor",
            "NHI-OWNER",
        ),
        (
            ExceptionDraft {
                max_renewals: Given::Known(11),
                ..exception()
            },
            "max_renewals",
            "NHI-EXCEPTION",
        ),
        (
            ExceptionDraft {
                expires_at: "never".into(),
                ..exception()
            },
            "expires_at",
            "NHI-EXCEPTION",
        ),
    ];
    for (draft, path, code) in exceptions {
        assert_eq!(found(&draft.check()), one(path, code), "{draft:?}");
    }
    let glasses = [
        (
            BreakGlassDraft {
                holders: texts(&["user:a1", "USER:A1"]),
                ..break_glass()
            },
            "holders",
            "NHI-BREAK-GLASS",
        ),
        (
            BreakGlassDraft {
                max_session: "61m".into(),
                ..break_glass()
            },
            "max_session",
            "NHI-BREAK-GLASS",
        ),
        (
            BreakGlassDraft {
                approvals: Given::Known(0),
                ..break_glass()
            },
            "approvals",
            "NHI-BREAK-GLASS",
        ),
        (
            BreakGlassDraft {
                approvals: Given::Known(3),
                ..break_glass()
            },
            "approvals",
            "NHI-BREAK-GLASS",
        ),
        (
            BreakGlassDraft {
                test_interval: "2161h".into(),
                ..break_glass()
            },
            "test_interval",
            "NHI-BREAK-GLASS",
        ),
        (
            BreakGlassDraft {
                notify: texts(&[]),
                ..break_glass()
            },
            "notify",
            "NHI-TEAM",
        ),
    ];
    for (draft, path, code) in glasses {
        assert_eq!(found(&draft.check()), one(path, code), "{draft:?}");
    }
    let reviews = [
        (
            AccessReviewDraft {
                reviewers: texts(&[]),
                ..review()
            },
            "reviewers",
            "NHI-OWNER",
        ),
        (
            AccessReviewDraft {
                cadence: "4321h".into(),
                due_in: "1h".into(),
                ..review()
            },
            "cadence",
            "NHI-REVIEW",
        ),
        (
            AccessReviewDraft {
                due_in: "2161h".into(),
                ..review()
            },
            "due_in",
            "NHI-REVIEW",
        ),
        (
            AccessReviewDraft {
                on_no_response: "keep".into(),
                ..review()
            },
            "on_no_response",
            "NHI-REVIEW",
        ),
    ];
    for (draft, path, code) in reviews {
        assert_eq!(found(&draft.check()), one(path, code), "{draft:?}");
    }
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,40}", number in any::<i64>()) {
        let given = || Given::Known(text.clone());
        let list = || Given::Known(vec![given()]);
        let _ = TeamDraft { name: given(), accountable_human: given(), backup_owner: given(), contacts: list(), members: list() }.check();
        let _ = VendorDraft { name: given(), contact: given(), contract_end: given(), offboarding_runbook: given() }.check();
        let _ = GrantDraft { identity_id: given(), resource: given(), ttl: given(), conditions: list(), ..grant() }.check();
        let _ = ExceptionDraft { control: given(), reason: given(), expires_at: given(), max_renewals: Given::Known(number), ..exception() }.check();
        let _ = BreakGlassDraft { holders: list(), approvals: Given::Known(number), max_session: given(), ..break_glass() }.check();
        let _ = AccessReviewDraft { name: given(), cadence: given(), due_in: given(), ..review() }.check();
    }
}
