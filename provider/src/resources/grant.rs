//! `nhi_grant`: what an identity may do on one resource, within its scope and no longer than it lives.

use nhi_governance::{
    Activation, Context, Grant, GrantDraft, Identity, Judged, Record as _, RecordId, Registered, Timestamp, Transition,
};
use nhi_registry::{RegistryError, View};
use tfplugin::schema::{Attribute, Schema};
use tfplugin::value::{Type, Value};

use super::standing;
use crate::governed::{Scene, Spec};
use crate::kind_resource::Kind;
use crate::report::lapsed::renew;
use crate::values::{list, optional_texts, text, texts, whole};

/// The kind.
pub(super) struct GrantKind;

/// The identity of a grant, and what its standing depends on.
fn holder(grant: &Grant, view: &View<'_>) -> Result<(Identity, Context), RegistryError> {
    let identity: Identity = view.require(grant.identity_id)?;
    let context = view.context(identity.declaration())?;
    Ok((identity, context))
}

impl Spec for GrantKind {
    type Declared = Grant;

    fn environment(grant: &Grant, view: &View<'_>) -> Result<String, RegistryError> {
        Ok(view.require::<Identity>(grant.identity_id)?.environment().to_owned())
    }

    fn create(id: RecordId, grant: Grant, scene: &Scene<'_>) -> Result<Transition<Registered<Grant>>, RegistryError> {
        let (identity, context) = holder(&grant, scene.view)?;
        Ok(Registered::<Grant>::create(id, grant, &identity, &context, &scene.act)?)
    }

    fn update(
        record: &Registered<Grant>,
        grant: Grant,
        scene: &Scene<'_>,
    ) -> Result<Transition<Registered<Grant>>, RegistryError> {
        let (identity, context) = holder(&grant, scene.view)?;
        Ok(record.update(grant, &identity, &context, &scene.act)?)
    }

    fn state(record: &Registered<Grant>, now: Timestamp, view: &View<'_>) -> Result<Value, RegistryError> {
        let grant = record.declaration();
        let identity: Option<Identity> = view.get(grant.identity_id)?;
        let context = match &identity {
            Some(identity) => view.context(identity.declaration())?,
            None => Context::default(),
        };
        let effective = identity.as_ref().map(|identity| record.effective_actions(identity));
        let end = record.state().expires_at.map(|end| end.to_string());
        let state = Value::object([
            ("identity_id", Value::from(grant.identity_id.to_string())),
            ("backend", grant.entry.backend().into()),
            ("resource", grant.entry.resource().into()),
            ("actions", texts(grant.entry.actions())),
            ("justification", grant.justification.as_str().into()),
            ("ttl", grant.ttl.as_str().into()),
            ("activation", grant.activation.map(Activation::as_str).into()),
            ("conditions", optional_texts(grant.conditions.as_ref())),
            (
                "generation",
                grant.generation.map_or(Value::Null, |number| u64::from(number).into()),
            ),
            ("expires_at", end.as_deref().into()),
            ("effective_actions", texts(&effective.unwrap_or_default())),
        ]);
        Ok(standing(state, &record.standing(now, identity.as_ref(), &context)))
    }
}

impl Kind for GrantKind {
    const TYPE: &'static str = "nhi_grant";
    const WORD: &'static str = "grant";
    const KEY: &'static [&'static str] = &["backend", "identity_id", "resource"];
    const COMPUTED: &'static [&'static str] = &["effective_actions", "expires_at"];
    const WARNED: &'static [&'static str] = &["suspended", "void"];

    /// Its `ttl` says how long it is wanted, and no day until when.
    fn renewed(prior: &Value, planned: &Value) -> Option<(Value, String)> {
        let moves_end = ["activation", "generation", "ttl"].map(|name| planned.get(name) != prior.get(name));
        if prior.get("status").as_str() != Some("expired") || moves_end.contains(&true) {
            return None;
        }
        let next = prior.get("generation").as_i64().unwrap_or(1).saturating_add(1);
        let mut renewed = planned.clone();
        renewed.insert("generation", next.into());
        Some((renewed, renew(next)))
    }

    fn schema() -> Schema {
        required().into_iter().chain(optional()).fold(
            Schema::new(
                "What an identity may do on one resource of one backend: within the identity's scope, and no longer \
                 than it lives. An identity that is suspended or ends takes its grants along.",
            ),
            Schema::attribute,
        )
    }

    fn judge(value: &Value) -> Judged<Grant> {
        let draft = GrantDraft {
            identity_id: text(value.get("identity_id")),
            backend: text(value.get("backend")),
            resource: text(value.get("resource")),
            actions: list(value.get("actions")),
            justification: text(value.get("justification")),
            ttl: text(value.get("ttl")),
            activation: text(value.get("activation")),
            conditions: list(value.get("conditions")),
            generation: whole(value.get("generation")),
        };
        draft.check()
    }
}

fn required() -> Vec<Attribute> {
    vec![
        Attribute::required("identity_id", Type::String)
            .describe("Id of the identity, for example `nhi_identity.deployer.id`. Changing it replaces the grant."),
        Attribute::required("backend", Type::String)
            .describe("The service that holds the resource, for example `aws`. Changing it replaces the grant."),
        Attribute::required("resource", Type::String).describe(
            "What may be acted on, as the backend names it; a pattern has to lie within one of the identity's scope. \
             Changing it replaces the grant.",
        ),
        Attribute::required("actions", Type::set(Type::String)).describe(
            "What may be done; each lies within the actions that the identity's scope has for the resource. Changed in \
             place.",
        ),
        Attribute::required("justification", Type::String)
            .describe("Why it is needed, in a sentence that a reviewer can compare it with. Changed in place."),
        Attribute::required("ttl", Type::String).describe(
            "How long the grant is good after its creation or last renewal, as a duration such as `720h`, and no longer than the \
             identity's. With `jit`: how long each session lasts, `8h` at most. Changing it moves `expires_at`.",
        ),
    ]
}

fn optional() -> Vec<Attribute> {
    vec![
        Attribute::optional("activation", Type::String).describe(
            "When it is good: `standing` from its creation until its end, `jit` for a session each time that it is \
             activated. Default: `standing`. Changed in place.",
        ),
        Attribute::optional("conditions", Type::set(Type::String))
            .describe("What has to hold besides, one line each, as the backend writes it. Changed in place."),
        Attribute::optional("generation", Type::Number).describe(
            "Raise it by 1 to renew the grant: its `ttl` counts from that apply. It never falls. Default: 1. Changed in \
             place.",
        ),
        Attribute::computed("expires_at", Type::String).describe(
            "When the grant ends at the latest (RFC 3339). It ends with its identity where that ends sooner.",
        ),
        Attribute::computed("effective_actions", Type::set(Type::String))
            .describe("Those of the actions that lie within the identity's scope as it is now."),
    ]
}
