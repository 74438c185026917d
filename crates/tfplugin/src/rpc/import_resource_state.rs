//! `ImportResourceState`: takes an existing object into the state.

use super::{Adapter, Managed, conform, identity, proto, wire};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::server::{IdentityAttribute, Provider, StateAnswer};
use crate::value::Value;

pub(super) async fn answer<P: Provider>(
    adapter: &Adapter<P>,
    request: proto::import_resource_state::Request,
) -> proto::import_resource_state::Response {
    import(adapter, request)
        .await
        .unwrap_or_else(|diagnostics| proto::import_resource_state::Response {
            diagnostics: wire::diagnostics(diagnostics),
            ..proto::import_resource_state::Response::default()
        })
}

async fn import<P: Provider>(
    adapter: &Adapter<P>,
    request: proto::import_resource_state::Request,
) -> Result<proto::import_resource_state::Response, Diagnostics> {
    let managed = adapter.resource(&request.type_name)?;
    let answer = find(managed, request.id, request.identity.as_ref()).await?;
    if answer.diagnostics.has_errors() {
        return Err(answer.diagnostics);
    }
    if answer.state.is_null() {
        let detail = format!(
            "No such {} exists. Check the id or the identity, and what the provider is connected to.",
            request.type_name
        );
        return Err(Diagnostic::error("Nothing to import", detail).into());
    }
    let mut breaches = conform::stored(&managed.schema, &answer.state);
    let identity = identity::of(managed, &answer.state).unwrap_or_else(|breach| {
        breaches.push(breach);
        None
    });
    if !breaches.is_empty() {
        let report = |breach| conform::report(breach, "import", &request.type_name);
        return Err(breaches.into_iter().map(report).collect());
    }
    let imported = proto::import_resource_state::ImportedResource {
        type_name: request.type_name,
        state: Some(wire::encode(&answer.state, &managed.ty).map_err(Diagnostic::from)?),
        private: answer.private,
        identity,
    };
    Ok(proto::import_resource_state::Response {
        imported_resources: vec![imported],
        diagnostics: wire::diagnostics(answer.diagnostics),
        deferred: None,
    })
}

/// By its identity where a core gives one, else by its id.
async fn find(
    managed: &Managed,
    id: String,
    identity: Option<&proto::ResourceIdentityData>,
) -> Result<StateAnswer, Diagnostics> {
    let identity = identity::decode(managed, identity)?;
    if !identity.is_null() {
        if let Some(missing) = missing(managed, &identity) {
            return Err(missing.into());
        }
        return Ok(managed.resource.import_by_identity(identity).await);
    }
    if id.is_empty() {
        let detail = format!(
            "Give the id of the {} to import, as a string.",
            managed.resource.type_name()
        );
        return Err(Diagnostic::error("Import needs an id", detail).into());
    }
    Ok(managed.resource.import(id).await)
}

fn missing(managed: &Managed, identity: &Value) -> Option<Diagnostic> {
    if !identity.is_wholly_known() {
        let detail = "An object can be found only by what is known at plan.";
        return Some(Diagnostic::error("The identity to import is not known", detail));
    }
    let schema = &managed.identity.as_ref()?.schema;
    let lacks =
        |attribute: &&IdentityAttribute| attribute.required_for_import && identity.get(&attribute.name).is_null();
    let attribute = schema.attributes.iter().find(lacks)?;
    let detail = format!("Give `{}` in the identity: {}", attribute.name, attribute.description);
    Some(Diagnostic::error("The identity to import is not complete", detail))
}
