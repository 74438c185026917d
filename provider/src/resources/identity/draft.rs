//! Reads a draft out of a configuration or a plan: the same words, with what is unknown kept apart from what is unset.

use nhi_governance::{AttestationDraft, Draft, PurposeDraft};
use tfplugin::schema::{Attribute, Presence};
use tfplugin::value::Value;

use crate::values::{elements, given, scope, text, whole};

/// The attributes that a user may set, sorted.
pub(crate) fn attributes() -> &'static [&'static str] {
    &super::plan::DECLARED
}

/// The same with what they mean, none of them required: for what is asked about and not asked for.
pub(crate) fn declared() -> Vec<Attribute> {
    let declared = super::schema::schema().attributes.into_iter();
    let declared = declared.filter(|attribute| attributes().contains(&attribute.name.as_str()));
    let optional = declared.map(|attribute| Attribute {
        presence: Presence::Optional,
        ..attribute
    });
    optional.collect()
}

pub(crate) fn draft(value: &Value) -> Draft {
    Draft {
        name: text(value.get("name")),
        kind: text(value.get("kind")),
        technical_owner: text(value.get("technical_owner")),
        policy_owner: text(value.get("policy_owner")),
        purpose: given(value.get("purpose"), |purpose| {
            Some(PurposeDraft {
                summary: text(purpose.get("summary")),
                task: text(purpose.get("task")),
                ticket: text(purpose.get("ticket")),
            })
        }),
        environment: text(value.get("environment")),
        ttl: text(value.get("ttl")),
        scope: scope(value.get("scope")),
        revoked_by: elements(value.get("revoked_by"), text),
        attestation: given(value.get("attestation"), |attestation| Some(proof(attestation))),
        external: elements(value.get("external"), text),
        data_classification: text(value.get("data_classification")),
        internet_facing: given(value.get("internet_facing"), Value::as_bool),
        vendor_id: text(value.get("vendor_id")),
        min_risk_tier: text(value.get("min_risk_tier")),
        generation: whole(value.get("generation")),
        interactive_use: given(value.get("interactive_use"), Value::as_bool),
        desired_state: text(value.get("desired_state")),
    }
}

fn proof(attestation: &Value) -> AttestationDraft {
    let parts = |value: &Value, names: [&str; 3]| given(value, |value| Some(names.map(|name| text(value.get(name)))));
    AttestationDraft {
        spiffe_id: text(attestation.get("spiffe_id")),
        oidc: parts(attestation.get("oidc"), ["issuer", "audience", "subject"]),
        kubernetes: parts(
            attestation.get("kubernetes"),
            ["cluster", "namespace", "service_account"],
        ),
    }
}
