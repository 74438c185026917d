//! Good drafts of every kind, and who acts on them.

mod drafts_test;
mod grants_test;
mod kinds_test;
mod model_test;
mod walks_test;

use nhi_governance::{
    AccessReview, AccessReviewDraft, Act, BreakGlass, BreakGlassDraft, Context, Declaration, Digest, Draft, Evidence,
    Exception, ExceptionDraft, Given, Grant, GrantDraft, Identity, Judged, Policy, Problem, PurposeDraft, Record,
    RecordId, Registered, RiskTier, ScopeDraft, SelectorDraft, SubjectDraft, Team, TeamDraft, Timestamp, Transition,
    TrustDomain, Ttl, Vendor, VendorDraft, create, revoke, suspend, update, value_digest,
};

const START: i64 = 1_800_000_000;
const DAY: i64 = 86_400;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix(START + seconds)
}

fn id(number: u128) -> RecordId {
    RecordId::new(at(0), number)
}

fn agreed(persons: &[&str]) -> Evidence {
    Evidence {
        request: Some(Digest::of(b"request")),
        approvals: persons.iter().map(|person| Digest::of(person.as_bytes())).collect(),
        approved_by: persons.iter().map(ToString::to_string).collect(),
        waived: false,
    }
}

fn policy() -> &'static Policy {
    static POLICY: std::sync::LazyLock<Policy> = std::sync::LazyLock::new(Policy::default);
    &POLICY
}

fn act<'a>(by: &'a str, evidence: &'a Evidence, seconds: i64) -> Act<'a> {
    Act {
        by,
        evidence,
        policy: policy(),
        now: at(seconds),
    }
}

fn texts(texts: &[&str]) -> Given<Vec<Given<String>>> {
    Given::Known(texts.iter().map(|text| (*text).into()).collect())
}

fn scope(resource: &str, actions: &[&str]) -> Given<Vec<Given<ScopeDraft>>> {
    Given::Known(vec![Given::Known(ScopeDraft {
        backend: "aws".into(),
        resource: resource.into(),
        actions: texts(actions),
    })])
}

fn found<D>(judged: &Judged<D>) -> Vec<(String, &'static str)> {
    let violations = judged.violations.iter();
    violations
        .map(|violation| (violation.path.to_string(), violation.code.id))
        .collect()
}

fn code<R: Record>(outcome: Result<Transition<R>, Problem>) -> &'static str {
    outcome.map(|transition| transition.record).unwrap_err().code.id
}

fn team() -> TeamDraft {
    TeamDraft {
        name: "orders".into(),
        accountable_human: "user:alice".into(),
        backup_owner: "bob@example.com".into(),
        contacts: texts(&["#orders", "orders@example.com"]),
        members: texts(&["user:carol"]),
    }
}

fn vendor() -> VendorDraft {
    VendorDraft {
        name: "acme".into(),
        contact: "support@acme.example".into(),
        contract_end: "2027-03-31T00:00:00Z".into(),
        offboarding_runbook: "https://wiki.example.com/acme".into(),
    }
}

fn grant() -> GrantDraft {
    GrantDraft {
        identity_id: id(1).to_string().as_str().into(),
        backend: "aws".into(),
        resource: "arn:aws:s3:::orders/today".into(),
        actions: texts(&["s3:GetObject"]),
        justification: "The nightly report reads today's orders".into(),
        ttl: "240h".into(),
        ..GrantDraft::default()
    }
}

fn exception() -> ExceptionDraft {
    ExceptionDraft {
        control: "NHI012".into(),
        subject: Given::Known(SubjectDraft {
            address: "aws_iam_role.app[\"eu\"]".into(),
            attribute: "assume_role_policy".into(),
            value_digest: value_digest(&serde_json::json!("x")).to_string().as_str().into(),
        }),
        reason: "The partner cannot sign requests yet".into(),
        compensating_control: "Access is logged and alerted on".into(),
        risk_acceptor: "user:dora".into(),
        risk_tier: "high".into(),
        expires_at: at(80 * DAY).to_string().as_str().into(),
        max_renewals: Given::Absent,
    }
}

fn break_glass() -> BreakGlassDraft {
    BreakGlassDraft {
        name: "database-root".into(),
        environment: "production".into(),
        scope: scope("cluster/orders", &["psql:Superuser"]),
        holders: texts(&["user:alice", "user:bob", "user:carol"]),
        max_session: "30m".into(),
        approvals: Given::Known(1),
        test_interval: "720h".into(),
        notify: texts(&["#security"]),
    }
}

fn review() -> AccessReviewDraft {
    AccessReviewDraft {
        name: "quarterly".into(),
        selector: Given::Known(SelectorDraft {
            environment: "staging".into(),
            ..SelectorDraft::default()
        }),
        cadence: "2160h".into(),
        reviewers: texts(&["user:alice", "user:rita"]),
        due_in: "336h".into(),
        on_no_response: Given::Absent,
    }
}

fn declared<D>(judged: Judged<D>) -> D {
    assert_eq!(judged.violations, []);
    judged.declaration.unwrap()
}

fn identity_draft(actions: &[&str]) -> Draft {
    Draft {
        name: "orders-reader".into(),
        kind: "workload".into(),
        technical_owner: "team:orders".into(),
        policy_owner: "team:iam".into(),
        purpose: Given::Known(PurposeDraft {
            summary: "Reads the orders for the nightly report".into(),
            task: "Nightly report, job orders".into(),
            ticket: Given::Absent,
        }),
        environment: "staging".into(),
        ttl: "480h".into(),
        scope: scope("arn:aws:s3:::orders/*", actions),
        revoked_by: texts(&["ttl"]),
        vendor_id: "acme".into(),
        ..Draft::default()
    }
}

fn identity_declared(actions: &[&str]) -> Declaration {
    identity_draft(actions).check(policy()).declaration.unwrap()
}

fn identity() -> Identity {
    let waived = Evidence::waived();
    let declaration = identity_declared(&["s3:Get*", "s3:ListBucket"]);
    create(
        id(1),
        &TrustDomain::default(),
        declaration,
        &act("user:alice", &waived, 0),
    )
    .unwrap()
    .record
}

fn granted(draft: &GrantDraft) -> Result<Transition<Registered<Grant>>, Problem> {
    let none = Evidence::default();
    Registered::<Grant>::create(
        id(2),
        declared(draft.check()),
        &identity(),
        &Context::default(),
        &act("user:alice", &none, DAY),
    )
}
