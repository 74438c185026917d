//! An identity as the data sources show it: flat, and without a moment of its own but those on record.

use nhi_governance::Policy;
use tfplugin::schema::{Attribute, Nesting};
use tfplugin::value::{Type, Value};

use crate::governed::{Found, Governed};

use super::selection::statuses;

/// The attribute that holds identities.
pub(super) fn identities(description: &str) -> Attribute {
    let text = |name, description: &str| Attribute::computed(name, Type::String).describe(description);
    let attributes = vec![
        text("id", "Id of the identity, a ULID."),
        text("name", "Name of the identity."),
        text("environment", "Where it is used."),
        text("kind", "What holds it."),
        Attribute::computed("status", Type::String).describe(format!("What it is worth: {}.", statuses())),
        text("technical_owner", "Who runs what uses it."),
        text("policy_owner", "Who answers for the rules it lives under."),
        text("spiffe_id", "SPIFFE id under which other systems know it."),
        text("issued_at", "When its time to live began to count (RFC 3339)."),
        text("expires_at", "When it ends (RFC 3339)."),
        Attribute::computed("risk_score", Type::Number).describe("Sum of what makes it risky."),
        text("risk_tier", "What the score leads to."),
        Attribute::computed("attested", Type::Bool).describe("Whether it is declared how it proves that it is itself."),
        Attribute::computed("external", Type::set(Type::String))
            .describe("Ids of identities of other providers that the record governs."),
        text("vendor_id", "Id of the vendor it belongs to, if any."),
        Attribute::computed("revision", Type::Number).describe("How often the record was changed."),
    ];
    Attribute::computed("identities", (Nesting::List, attributes)).describe(description)
}

/// The value of that attribute.
pub(super) fn values(governed: &Governed, identities: &[Found]) -> Value {
    // INVARIANT: whoever selected identities knew the policy.
    let policy = governed.policy().cloned().unwrap_or_default();
    Value::List(identities.iter().map(|found| value(&policy, found)).collect())
}

fn value(policy: &Policy, found: &Found) -> Value {
    let identity = &found.identity;
    let declaration = identity.declaration();
    let assessment = identity.assess(policy);
    let external = declaration.external().unwrap_or_default();
    Value::object([
        ("id", Value::from(identity.id().to_string())),
        ("name", declaration.name().as_str().into()),
        ("environment", declaration.environment().as_str().into()),
        ("kind", declaration.kind().as_str().into()),
        ("status", found.status().as_str().into()),
        ("technical_owner", declaration.technical_owner().as_str().into()),
        ("policy_owner", declaration.policy_owner().as_str().into()),
        ("spiffe_id", identity.spiffe_id().as_str().into()),
        ("issued_at", identity.issued_at().to_string().into()),
        ("expires_at", identity.expires_at().to_string().into()),
        ("risk_score", u64::from(assessment.score).into()),
        ("risk_tier", assessment.tier.as_str().into()),
        ("attested", declaration.attestation().is_some().into()),
        (
            "external",
            Value::set(external.iter().map(|id| Value::from(id.as_str()))),
        ),
        ("vendor_id", declaration.vendor_id().into()),
        ("revision", identity.revision().into()),
    ])
}
