//! An identity on record as the state of a resource, in the spelling it was declared in.

use nhi_governance::{
    Attestation, Classification, Declaration, DesiredState, Identity, Policy, RiskTier, Status, Timestamp,
};
use nhi_registry::Anchor;
use tfplugin::value::Value;

use crate::anchor::ATTRIBUTE;
use crate::governed::Found;
use crate::values::{scope_value, texts};

/// The generation of an identity that was declared without one.
pub(super) const GENERATION_DEFAULT: u32 = 1;

/// What only use changes.
pub(super) const LAST_USED: &str = "last_used_at";

/// What a plan takes over from a state as it is.
const TAKEN_OVER: [&str; 4] = ["expires_at", "generation", "issued_at", "spiffe_id"];

pub(crate) fn state(found: &Found, policy: &Policy) -> Value {
    let identity = &found.identity;
    let assessment = identity.assess(policy);
    let mut state = recorded(identity);
    state.insert("id", identity.id().to_string().into());
    state.insert("status", status(found).as_str().into());
    state.insert("status_reason", found.reason().into());
    state.insert("risk_score", u64::from(assessment.score).into());
    state.insert("risk_tier", assessment.tier.as_str().into());
    state.insert("revision", identity.revision().into());
    let moment = |at: Option<Timestamp>| at.map_or(Value::Null, |at| Value::from(at.to_string()));
    let evidence = identity.evidence();
    state.insert("review_due_at", moment(identity.review_due_at()));
    state.insert("approved_by", texts(&evidence.approved_by));
    let approvals = evidence.approvals.iter().map(|digest| Value::from(digest.to_string()));
    state.insert("approval_digests", Value::set(approvals));
    let request = evidence.request.map(|digest| digest.to_string());
    state.insert("request_digest", request.into());
    state.insert("is_orphaned", identity.is_orphaned(&found.context).into());
    state.insert("last_used_at", moment(identity.last_used_at()));
    state.insert(ATTRIBUTE, found.anchor.to_string().into());
    state
}

/// The same as a read shows it: the log grows with every change of anything, so the checkpoint of a state moves only
/// when the identity does, and no reading makes a difference.
pub(super) fn reread(found: &Found, policy: &Policy, prior: &Value) -> Value {
    let mut state = state(found, policy);
    let checkpoint = prior.get(ATTRIBUTE);
    let is_ours = checkpoint
        .as_str()
        .and_then(Anchor::parse)
        .is_some_and(|anchor| anchor.registry == found.anchor.registry);
    if is_ours && prior.get("revision") == state.get("revision") {
        state.insert(ATTRIBUTE, checkpoint.clone());
    }
    state
}

/// The same as an apply shows it: what the plan said is known stays as it said, and the next read tells what happened
/// meanwhile by itself.
pub(super) fn applied(found: &Found, policy: &Policy, planned: &Value) -> Value {
    let mut state = state(found, policy);
    let used = planned.get(LAST_USED);
    if !used.is_unknown() {
        state.insert(LAST_USED, used.clone());
    }
    state
}

fn recorded(identity: &Identity) -> Value {
    let mut state = declared(identity.declaration());
    state.insert("spiffe_id", identity.spiffe_id().as_str().into());
    state.insert("issued_at", identity.issued_at().to_string().into());
    state.insert("expires_at", identity.expires_at().to_string().into());
    state
}

/// The first attribute, of those a plan takes over, in which a state of the same revision differs from the record.
pub(super) fn edited(state: &Value, identity: &Identity) -> Option<&'static str> {
    let recorded = recorded(identity);
    TAKEN_OVER
        .into_iter()
        .find(|name| state.get(name) != recorded.get(name))
}

pub(super) fn status(found: &Found) -> Status {
    found.status()
}

fn declared(declaration: &Declaration) -> Value {
    let purpose = declaration.purpose();
    Value::object([
        ("name", Value::from(declaration.name().as_str())),
        ("kind", declaration.kind().as_str().into()),
        ("technical_owner", declaration.technical_owner().as_str().into()),
        ("policy_owner", declaration.policy_owner().as_str().into()),
        (
            "purpose",
            Value::object([
                ("summary", Value::from(purpose.summary())),
                ("task", purpose.task().into()),
                ("ticket", purpose.ticket().into()),
            ]),
        ),
        ("environment", declaration.environment().as_str().into()),
        ("ttl", declaration.ttl().as_str().into()),
        ("scope", scope_value(declaration.scope())),
        (
            "revoked_by",
            Value::set(
                declaration
                    .revoked_by()
                    .entries()
                    .iter()
                    .map(|by| Value::from(by.as_str())),
            ),
        ),
        (
            "attestation",
            declaration.attestation().map_or(Value::Null, attestation),
        ),
        ("external", declaration.external().map_or(Value::Null, texts)),
        (
            "data_classification",
            declaration.data_classification().map(Classification::as_str).into(),
        ),
        ("internet_facing", declaration.internet_facing().into()),
        ("vendor_id", declaration.vendor_id().into()),
        (
            "desired_state",
            declaration.desired_state().map(DesiredState::as_str).into(),
        ),
        ("interactive_use", declaration.interactive_use().into()),
        (
            "min_risk_tier",
            declaration.min_risk_tier().map(RiskTier::as_str).into(),
        ),
        (
            "generation",
            u64::from(declaration.generation().unwrap_or(GENERATION_DEFAULT)).into(),
        ),
    ])
}

fn attestation(attestation: &Attestation) -> Value {
    let (mut spiffe_id, mut oidc, mut kubernetes) = (Value::Null, Value::Null, Value::Null);
    match attestation {
        Attestation::Spiffe(id) => spiffe_id = id.as_str().into(),
        Attestation::Oidc {
            issuer,
            audience,
            subject,
        } => {
            oidc = parts([("issuer", issuer), ("audience", audience), ("subject", subject)]);
        }
        Attestation::Kubernetes {
            cluster,
            namespace,
            service_account,
        } => {
            kubernetes = parts([
                ("cluster", cluster),
                ("namespace", namespace),
                ("service_account", service_account),
            ]);
        }
    }
    Value::object([("spiffe_id", spiffe_id), ("oidc", oidc), ("kubernetes", kubernetes)])
}

fn parts(parts: [(&str, &String); 3]) -> Value {
    Value::object(parts.map(|(name, text)| (name, Value::from(text.as_str()))))
}
