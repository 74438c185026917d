//! What records and their log add up to, through the public interface.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking, like the tests themselves"
)]

use nhi_governance::measure::{Coverage, Framework, History, Horizon, Judgement, Measured, Surroundings, Told, ending};
use nhi_governance::{
    Act, Context, Draft, Evidence, Exception, ExceptionDraft, Given, Identity, Policy, PurposeDraft, RecordId,
    Registered, ScopeDraft, SubjectDraft, Timestamp, TrustDomain, Ttl, create, value_digest,
};
use serde_json::{Value, json};

const START: i64 = 1_795_305_600;
const DAY: i64 = 86_400;

fn at(days: i64) -> Timestamp {
    Timestamp::from_unix(START + days * DAY)
}

fn id(number: u8) -> RecordId {
    RecordId::parse(&format!("01JD7Q0V4T9V0H3M7J0000000{}", char::from(b'A' + number))).unwrap()
}

fn act<'a>(evidence: &'a Evidence, policy: &'a Policy, now: Timestamp) -> Act<'a> {
    Act {
        by: "bob@localhost",
        evidence,
        policy,
        now,
    }
}

fn identity(number: u8, ttl: &str) -> Identity {
    let draft = Draft {
        name: Given::Known(format!("svc-{number}")),
        kind: "workload".into(),
        technical_owner: "team:payments".into(),
        policy_owner: "team:iam".into(),
        purpose: Given::Known(PurposeDraft {
            summary: "Reads the daily reports".into(),
            task: "Report job".into(),
            ticket: Given::Absent,
        }),
        environment: "staging".into(),
        ttl: ttl.into(),
        scope: Given::Known(vec![Given::Known(ScopeDraft {
            backend: "aws".into(),
            resource: "arn:aws:s3:::reports".into(),
            actions: Given::Known(vec!["s3:GetObject".into()]),
        })]),
        revoked_by: Given::Known(vec!["ttl".into()]),
        ..Draft::default()
    };
    let (policy, evidence) = (Policy::default(), Evidence::waived());
    let declaration = draft.check(&policy).declaration.unwrap();
    let act = act(&evidence, &policy, at(0));
    create(id(number), &TrustDomain::default(), declaration, &act)
        .unwrap()
        .record
}

fn exception(control: &str, address: &str, attribute: &str, value: &Value) -> Registered<Exception> {
    let draft = ExceptionDraft {
        control: control.into(),
        subject: Given::Known(SubjectDraft {
            address: address.into(),
            attribute: attribute.into(),
            value_digest: Given::Known(value_digest(value).to_string()),
        }),
        reason: "Waits for the new cluster".into(),
        compensating_control: "Alerts on every use".into(),
        risk_acceptor: "user:ciso".into(),
        risk_tier: "high".into(),
        expires_at: Given::Known(at(10).to_string()),
        ..ExceptionDraft::default()
    };
    let (policy, evidence) = (Policy::default(), Evidence::waived());
    let exception = draft.check().declaration.unwrap();
    Registered::<Exception>::create(id(9), exception, &[], &act(&evidence, &policy, at(0)))
        .unwrap()
        .record
}

#[test]
fn what_is_excepted_has_neither_passed_nor_failed() {
    let one = identity(0, "720h");
    let (context, policy) = (Context::default(), Policy::default());
    let spiffe = one.spiffe_id().as_str().to_owned();
    let number = one.id().to_string();
    let other = identity(1, "720h").id().to_string();
    // (exception, days later, excepted of `NHI4:2025`, excepted of ISO `A.5.17`)
    let cases = [
        (exception("attested", &spiffe, "attestation", &Value::Null), 1, 1, 1),
        (exception("attested", &number, "attestation", &Value::Null), 1, 1, 1),
        (exception("NHI4:2025", &spiffe, "attestation", &Value::Null), 1, 1, 0),
        (exception("A.5.17", &spiffe, "attestation", &Value::Null), 1, 0, 1),
        // It has ended, is of another value, attribute, identity or control.
        (exception("attested", &spiffe, "attestation", &Value::Null), 11, 0, 0),
        (exception("attested", &spiffe, "attestation", &json!({})), 1, 0, 0),
        (exception("attested", &spiffe, "scope", &Value::Null), 1, 0, 0),
        (exception("attested", &other, "attestation", &Value::Null), 1, 0, 0),
        (exception("narrow", &spiffe, "attestation", &Value::Null), 1, 0, 0),
    ];
    for (exception, days, owasp, iso) in &cases {
        let around = Surroundings::of([&one], [exception], &policy, at(*days));
        let measured = Measured {
            identity: &one,
            context: &context,
        };
        let judgement = Judgement::of([measured], &around);
        for (framework, control, excepted) in [
            ("owasp-nhi-2025", "NHI4:2025", owasp),
            ("iso-27001-2022", "A.5.17", iso),
        ] {
            let score = Framework::find(framework).unwrap().score(&judgement);
            let control = score.controls.iter().find(|score| score.control == control).unwrap();
            let at = format!("{:?}, {days}: {control:?}", exception.declaration());
            assert_eq!(
                (control.passed, control.excepted, control.failed),
                (0, *excepted, 1 - excepted),
                "{at}"
            );
            assert_eq!(score.applicable, score.passed + score.excepted + score.failed, "{at}");
            assert_eq!(score.excepted, *excepted, "{at}");
        }
    }
}

#[test]
fn ends_fall_into_the_day_they_belong_to() {
    let (context, policy) = (Context::default(), Policy::default());
    let lives: Vec<_> = ["24h", "48h", "2160h", "2161h"]
        .into_iter()
        .zip(0..)
        .map(|(ttl, n)| identity(n, ttl))
        .collect();
    let measured = || {
        lives.iter().map(|identity| Measured {
            identity,
            context: &context,
        })
    };
    let horizon = Horizon::of(measured(), &policy, at(0));
    let of = |day: usize| horizon.days[day].ending;
    assert_eq!((of(0), of(1), of(89), horizon.later, horizon.ended), (1, 1, 1, 1, 0));
    assert_eq!((horizon.within(1), horizon.within(2), horizon.within(90)), (1, 2, 3));
    let horizon = Horizon::of(measured(), &policy, at(1));
    assert_eq!((horizon.ended, horizon.days[0].ending, horizon.later), (1, 1, 0));
    let within = Ttl::parse("24h").unwrap();
    let names = |with_ended| {
        let ending = ending(measured(), at(1), &within, with_ended);
        ending
            .iter()
            .map(|one| one.identity.declaration().name().to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(true), ["svc-0", "svc-1"]);
    assert_eq!(names(false), ["svc-1"]);
}

#[test]
fn the_log_tells_of_waivers_emergencies_and_reviews() {
    let mut history = History::default();
    let rows = [
        (
            0,
            "exception.created",
            "E1",
            json!({"declaration": {"expires_at": at(30).to_string()}}),
        ),
        (
            0,
            "exception.created",
            "E2",
            json!({"declaration": {"expires_at": at(5).to_string()}}),
        ),
        (
            0,
            "exception.created",
            "E3",
            json!({"declaration": {"expires_at": at(5).to_string()}}),
        ),
        (
            2,
            "exception.updated",
            "E1",
            json!({"declaration": {"expires_at": at(60).to_string()}}),
        ),
        (3, "exception.ended", "E3", json!({"reason": "the control is back"})),
        (
            0,
            "break_glass.created",
            "B1",
            json!({"declaration": {"test_interval": "240h"}}),
        ),
        (
            0,
            "break_glass.created",
            "B2",
            json!({"declaration": {"test_interval": "240h"}}),
        ),
        (4, "break_glass.tested", "B1", json!({})),
        (5, "break_glass.activated", "B1", json!({})),
        (6, "break_glass.activated", "B2", json!({})),
        (7, "break_glass.reviewed", "B2", json!({})),
        (
            0,
            "access_review.created",
            "R1",
            json!({"declaration": {"due_in": "24h"}}),
        ),
        (1, "access_review.opened", "R1", json!({"items": ["I1", "I2"]})),
        (1, "access_review.decided", "R1", json!({"answers": {"I1": "keep"}})),
        (1, "access_review.decided", "R1", json!({"answers": {"I1": "keep"}})),
        (2, "access_review.closed", "R1", json!({})),
        (8, "access_review.opened", "R1", json!({"items": []})),
        (8, "access_review.closed", "R1", json!({})),
        (9, "access_review.opened", "R1", json!({"items": ["I1"]})),
        (9, "registry.clock_accepted", "registry", json!({})),
    ];
    for (day, action, subject, payload) in &rows {
        history.hear(&Told {
            at: at(*day),
            action,
            subject,
            payload,
        });
    }
    let metrics = history.metrics(at(12));
    let exceptions = &metrics.exceptions;
    assert_eq!(
        (
            exceptions.active,
            exceptions.overdue,
            exceptions.ended,
            exceptions.renewals
        ),
        (1, 1, 1, 1)
    );
    assert_eq!(exceptions.age.unwrap().p50_seconds, 12 * DAY);
    let glass = metrics.break_glass;
    assert_eq!((glass.on_record, glass.activations, glass.tests), (2, 2, 1));
    assert_eq!(
        (glass.untested, glass.reviews_owed),
        (1, 1),
        "B2 was never tested, B1 not reviewed"
    );
    assert_eq!(history.metrics(at(200)).break_glass.activations_recent, 0);
    assert_eq!(history.activations_of("B1"), 1);
    let reviews = metrics.reviews;
    assert_eq!(
        (reviews.rounds_closed, reviews.rounds_complete, reviews.overdue),
        (2, 1, 1)
    );
    assert_eq!(reviews.answered, Coverage { count: 1, of: 2 });
    assert_eq!(metrics.live, 0);
    assert_eq!(history.events().values().sum::<u64>(), rows.len() as u64);
}
