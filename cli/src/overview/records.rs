//! The records as the report shows them, one line each.

use nhi_governance::measure::{History, KnownOwners, Measured};
use nhi_governance::{
    AccessReview, BreakGlass, Decision, Exception, Identity, Policy, Record as _, RecordId, Registered, RiskTier,
    Selector, Status, Timestamp,
};
use serde::Serialize;

const DAY_SECONDS: i64 = 86_400;

/// An identity.
#[derive(Debug, Serialize)]
pub(crate) struct OnRecord {
    pub(crate) id: RecordId,
    pub(crate) name: String,
    pub(crate) environment: String,
    pub(crate) spiffe_id: String,
    pub(crate) kind: &'static str,
    pub(crate) status: Status,
    pub(crate) status_reason: String,
    pub(crate) risk_tier: RiskTier,
    pub(crate) risk_score: u32,
    pub(crate) technical_owner: String,
    pub(crate) policy_owner: String,
    pub(crate) purpose: String,
    pub(crate) issued_at: Timestamp,
    /// When it ends by itself.
    pub(crate) ends_at: Timestamp,
    pub(crate) review_due_at: Option<Timestamp>,
    pub(crate) last_used_at: Option<Timestamp>,
    pub(crate) attested: bool,
    /// Whether it lives longer than the policy lets its tier live.
    pub(crate) outlives_policy: bool,
}

impl OnRecord {
    pub(super) fn of(one: Measured<'_>, policy: &Policy, now: Timestamp) -> Self {
        let identity: &Identity = one.identity;
        let (declaration, standing) = (identity.declaration(), identity.standing(now, one.context));
        let assessment = identity.assess(policy);
        Self {
            id: identity.id(),
            name: declaration.name().to_string(),
            environment: declaration.environment().to_string(),
            spiffe_id: identity.spiffe_id().as_str().to_owned(),
            kind: declaration.kind().as_str(),
            status: standing.status,
            status_reason: standing.reason,
            risk_tier: assessment.tier,
            risk_score: assessment.score,
            technical_owner: declaration.technical_owner().to_string(),
            policy_owner: declaration.policy_owner().to_string(),
            purpose: declaration.purpose().summary().to_owned(),
            issued_at: identity.issued_at(),
            ends_at: identity.ends_at(),
            review_due_at: identity.review_due_at(),
            last_used_at: identity.last_used_at(),
            attested: declaration.attestation().is_some(),
            outlives_policy: declaration.ttl().seconds() > policy.ttl_max(assessment.tier).seconds(),
        }
    }
}

/// An identity that nobody answers for.
#[derive(Debug, Serialize)]
pub(crate) struct Orphan {
    pub(crate) id: RecordId,
    pub(crate) name: String,
    pub(crate) environment: String,
    /// The owner that is gone or was never on record; none where no configuration manages the identity.
    pub(crate) owner: Option<String>,
    /// Since when, where a record says so.
    pub(crate) since: Option<Timestamp>,
    pub(crate) why: &'static str,
}

impl Orphan {
    /// Nothing where somebody answers for it; of owners nothing is said where no team is on record.
    pub(super) fn of(one: Measured<'_>, known: &KnownOwners) -> Option<Self> {
        let declaration = one.identity.declaration();
        let missing = || known.missing(declaration).filter(|_| !known.is_empty());
        let (owner, since, why) = if let Some((owner, since)) = &one.context.owner_gone {
            (Some(owner.clone()), Some(*since), "its team has ended")
        } else if one.identity.is_orphaned(one.context) {
            (None, None, "no configuration manages it")
        } else {
            (Some(missing()?.to_string()), None, "its team is not on record")
        };
        Some(Self {
            id: one.identity.id(),
            name: declaration.name().to_string(),
            environment: declaration.environment().to_string(),
            owner,
            since,
            why,
        })
    }
}

/// An exception.
#[derive(Debug, Serialize)]
pub(crate) struct Waiver {
    pub(crate) id: RecordId,
    pub(crate) control: String,
    pub(crate) address: String,
    pub(crate) attribute: String,
    pub(crate) status: &'static str,
    pub(crate) reason: String,
    pub(crate) compensating_control: String,
    pub(crate) risk_acceptor: String,
    pub(crate) risk_tier: RiskTier,
    pub(crate) created_at: Timestamp,
    pub(crate) age_days: i64,
    pub(crate) expires_at: Timestamp,
    pub(crate) renewals: u32,
}

impl Waiver {
    pub(super) fn of(record: &Registered<Exception>, now: Timestamp) -> Self {
        let exception = record.declaration();
        Self {
            id: record.id(),
            control: exception.control.clone(),
            address: exception.subject.address.clone(),
            attribute: exception.subject.attribute.clone(),
            status: record.standing(now).status,
            reason: exception.reason.clone(),
            compensating_control: exception.compensating_control.clone(),
            risk_acceptor: exception.risk_acceptor.to_string(),
            risk_tier: exception.risk_tier.unwrap_or(RiskTier::Critical),
            created_at: record.created_at(),
            age_days: now.seconds_since(record.created_at()).max(0) / DAY_SECONDS,
            expires_at: exception.expires_at,
            renewals: record.state().renewals,
        }
    }
}

/// Break-glass access.
#[derive(Debug, Serialize)]
pub(crate) struct Glass {
    pub(crate) id: RecordId,
    pub(crate) name: String,
    pub(crate) environment: String,
    pub(crate) status: &'static str,
    pub(crate) status_reason: String,
    pub(crate) holders: Vec<String>,
    /// How often it was opened, ever.
    pub(crate) activations: usize,
    pub(crate) last_activated_at: Option<Timestamp>,
    pub(crate) last_activated_by: Option<String>,
    pub(crate) last_tested_at: Option<Timestamp>,
    pub(crate) test_due_at: Timestamp,
    pub(crate) untested: bool,
    pub(crate) post_review_due_at: Option<Timestamp>,
}

/// All of them.
pub(super) fn glasses(records: &[Registered<BreakGlass>], history: &History, now: Timestamp) -> Vec<Glass> {
    let glass = |record: &Registered<BreakGlass>| {
        let (declared, state, standing) = (record.declaration(), record.state(), record.standing(now));
        Glass {
            id: record.id(),
            name: declared.name.to_string(),
            environment: declared.environment.to_string(),
            status: standing.status,
            status_reason: standing.reason,
            holders: declared.holders.iter().map(ToString::to_string).collect(),
            activations: history.activations_of(&record.id().to_string()),
            last_activated_at: state.last_activated_at,
            last_activated_by: state.activated_by.clone(),
            last_tested_at: state.last_tested_at,
            test_due_at: record.test_due_at(),
            untested: record.test_due_at() <= now,
            post_review_due_at: state.post_review_due_at,
        }
    };
    records.iter().map(glass).collect()
}

/// An access review.
#[derive(Debug, Serialize)]
pub(crate) struct Review {
    pub(crate) id: RecordId,
    pub(crate) name: String,
    pub(crate) selector: String,
    pub(crate) every: String,
    pub(crate) status: &'static str,
    pub(crate) status_reason: String,
    pub(crate) opened_at: Option<Timestamp>,
    pub(crate) due_at: Option<Timestamp>,
    /// Identities of the present round or the last one, …
    pub(crate) items: usize,
    /// … those that a person answered for, …
    pub(crate) decided: usize,
    /// … to keep them …
    pub(crate) kept: usize,
    /// … or to revoke them; …
    pub(crate) revoked: usize,
    /// … and those that nobody answered for in time.
    pub(crate) unanswered: usize,
}

impl Review {
    pub(super) fn of(record: &Registered<AccessReview>, now: Timestamp) -> Self {
        let (review, state, standing) = (record.declaration(), record.state(), record.standing(now));
        Self {
            id: record.id(),
            name: review.name.to_string(),
            selector: selector(&review.selector),
            every: review.cadence.in_words(),
            status: standing.status,
            status_reason: standing.reason,
            opened_at: state.opened_at,
            due_at: state.due_at,
            items: state.items.len(),
            decided: state.decided(),
            kept: state.count(Decision::Keep),
            revoked: state.count(Decision::Revoke),
            unanswered: state.count(Decision::NoResponse),
        }
    }
}

/// A selector in words.
fn selector(selector: &Selector) -> String {
    let words = [
        selector.environment.as_ref().map(|word| format!("environment {word}")),
        selector.kind.map(|word| format!("kind {word}")),
        selector.owner.as_ref().map(|word| format!("owner {word}")),
        selector.risk_tier.map(|word| format!("tier {word} or higher")),
    ];
    let words: Vec<String> = words.into_iter().flatten().collect();
    if words.is_empty() {
        return "every identity".to_owned();
    }
    words.join(", ")
}
