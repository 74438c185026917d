//! `MoveResourceState`: takes over the state of another resource type, for `moved` blocks.
//!
//! The private bytes of the other type are dropped: they mean something to its provider only.

use super::{Adapter, conform, identity, proto, wire};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::server::{MoveSource, StoredState};

pub(super) fn answer<P>(
    adapter: &Adapter<P>,
    request: &proto::move_resource_state::Request,
) -> proto::move_resource_state::Response {
    moved(adapter, request).unwrap_or_else(|diagnostics| proto::move_resource_state::Response {
        diagnostics: wire::diagnostics(diagnostics),
        ..proto::move_resource_state::Response::default()
    })
}

fn moved<P>(
    adapter: &Adapter<P>,
    request: &proto::move_resource_state::Request,
) -> Result<proto::move_resource_state::Response, Diagnostics> {
    let managed = adapter.resource(&request.target_type_name)?;
    let raw = request.source_state.as_ref().map_or(&[][..], |raw| &raw.json);
    if raw.is_empty() {
        let detail = "The state to move holds nothing, or is in the form of Terraform 0.11 and older.";
        return Err(Diagnostic::error("State cannot be read", detail).into());
    }
    let source = MoveSource {
        provider: &request.source_provider_address,
        type_name: &request.source_type_name,
        version: request.source_schema_version,
        state: StoredState::from_json(raw),
    };
    let answer = managed.resource.move_from(&source);
    if answer.diagnostics.has_errors() {
        return Err(answer.diagnostics);
    }
    let mut breaches = if answer.state.is_null() {
        vec![conform::missing()]
    } else {
        conform::stored(&managed.schema, &answer.state)
    };
    let identity = identity::of(managed, &answer.state).unwrap_or_else(|breach| {
        breaches.push(breach);
        None
    });
    if !breaches.is_empty() {
        let report = |breach| conform::report(breach, "move a state", &request.target_type_name);
        return Err(breaches.into_iter().map(report).collect());
    }
    Ok(proto::move_resource_state::Response {
        target_state: Some(wire::encode(&answer.state, &managed.ty).map_err(Diagnostic::from)?),
        diagnostics: wire::diagnostics(answer.diagnostics),
        target_private: answer.private,
        target_identity: identity,
    })
}
