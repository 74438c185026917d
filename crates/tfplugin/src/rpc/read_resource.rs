//! `ReadResource`: the current state of an object.

use super::{Adapter, conform, identity, proto, wire};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::server::{Provider, ReadRequest};

pub(super) async fn answer<P: Provider>(
    adapter: &Adapter<P>,
    request: proto::read_resource::Request,
) -> proto::read_resource::Response {
    // After an error the core keeps what it had; it must still be given something of the right form.
    let (before, private) = (request.current_state.clone(), request.private.clone());
    read(adapter, request)
        .await
        .unwrap_or_else(|diagnostics| proto::read_resource::Response {
            new_state: before,
            private,
            diagnostics: wire::diagnostics(diagnostics),
            ..proto::read_resource::Response::default()
        })
}

async fn read<P: Provider>(
    adapter: &Adapter<P>,
    request: proto::read_resource::Request,
) -> Result<proto::read_resource::Response, Diagnostics> {
    let managed = adapter.resource(&request.type_name)?;
    let prior = wire::decode(request.current_state.as_ref(), &managed.ty)?;
    let identified = identity::decode(managed, request.current_identity.as_ref())?;
    let answer = managed
        .resource
        .read(ReadRequest {
            prior,
            private: request.private,
        })
        .await;
    if answer.diagnostics.has_errors() {
        return Err(answer.diagnostics);
    }
    let mut breaches = conform::stored(&managed.schema, &answer.state);
    breaches.extend(identity::kept(managed, &identified, &answer.state));
    let new_identity = identity::of(managed, &answer.state).unwrap_or_else(|breach| {
        breaches.push(breach);
        None
    });
    if !breaches.is_empty() {
        let report = |breach| conform::report(breach, "read", &request.type_name);
        return Err(breaches.into_iter().map(report).collect());
    }
    Ok(proto::read_resource::Response {
        new_state: Some(wire::encode(&answer.state, &managed.ty).map_err(Diagnostic::from)?),
        private: answer.private,
        diagnostics: wire::diagnostics(answer.diagnostics),
        new_identity,
        ..proto::read_resource::Response::default()
    })
}
