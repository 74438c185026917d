//! `OpenEphemeralResource`: makes what lives for one run.
//!
//! A core closes only what was opened. Where the answer breaks the protocol, it is closed here.

use super::{Adapter, conform, proto, wire};
use crate::diagnostic::{Diagnostic, Diagnostics};

pub(super) async fn answer<P>(
    adapter: &Adapter<P>,
    request: proto::open_ephemeral_resource::Request,
) -> proto::open_ephemeral_resource::Response {
    open(adapter, request)
        .await
        .unwrap_or_else(|diagnostics| proto::open_ephemeral_resource::Response {
            diagnostics: wire::diagnostics(diagnostics),
            ..proto::open_ephemeral_resource::Response::default()
        })
}

async fn open<P>(
    adapter: &Adapter<P>,
    request: proto::open_ephemeral_resource::Request,
) -> Result<proto::open_ephemeral_resource::Response, Diagnostics> {
    let entry = adapter.ephemeral_resources.find(&request.type_name)?;
    let config = wire::known_config(request.config.as_ref(), &entry.ty)?;
    let answer = entry.unit.open(config.clone()).await;
    if answer.diagnostics.has_errors() {
        return Err(answer.diagnostics);
    }
    let breaches = conform::answered(&entry.schema, &config, &answer.value);
    if !breaches.is_empty() {
        let report = |breach| conform::report(breach, "open", &request.type_name);
        let mut diagnostics: Diagnostics = breaches.into_iter().map(report).collect();
        diagnostics.extend(entry.unit.close(answer.private).await);
        return Err(diagnostics);
    }
    Ok(proto::open_ephemeral_resource::Response {
        diagnostics: wire::diagnostics(answer.diagnostics),
        renew_at: answer.renew_at.map(wire::timestamp),
        result: Some(wire::encode(&answer.value, &entry.ty).map_err(Diagnostic::from)?),
        private: Some(answer.private),
        deferred: None,
    })
}
