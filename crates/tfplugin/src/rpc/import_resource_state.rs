//! `ImportResourceState`: takes an existing object into the state.

use super::{Adapter, conform, proto, wire};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::server::Provider;

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
    if request.id.is_empty() {
        let detail = format!("Give the id of the {} to import, as a string.", request.type_name);
        return Err(Diagnostic::error("Import needs an id", detail).into());
    }
    let answer = managed.resource.import(request.id).await;
    if answer.diagnostics.has_errors() {
        return Err(answer.diagnostics);
    }
    if answer.state.is_null() {
        let detail = format!(
            "No {} with this id exists. Check the id and what the provider is connected to.",
            request.type_name
        );
        return Err(Diagnostic::error("Nothing to import", detail).into());
    }
    let breaches = conform::stored(&managed.schema, &answer.state);
    if !breaches.is_empty() {
        let report = |breach| conform::report(breach, "import", &request.type_name);
        return Err(breaches.into_iter().map(report).collect());
    }
    let imported = proto::import_resource_state::ImportedResource {
        type_name: request.type_name,
        state: Some(wire::encode(&answer.state, &managed.ty).map_err(Diagnostic::from)?),
        private: answer.private,
        identity: None,
    };
    Ok(proto::import_resource_state::Response {
        imported_resources: vec![imported],
        diagnostics: wire::diagnostics(answer.diagnostics),
        deferred: None,
    })
}
