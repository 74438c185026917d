//! `ReadDataSource`: looks up what a data source is about.

use super::{Adapter, conform, proto, wire};
use crate::diagnostic::{Diagnostic, Diagnostics};

pub(super) async fn answer<P>(
    adapter: &Adapter<P>,
    request: proto::read_data_source::Request,
) -> proto::read_data_source::Response {
    read(adapter, request)
        .await
        .unwrap_or_else(|diagnostics| proto::read_data_source::Response {
            diagnostics: wire::diagnostics(diagnostics),
            ..proto::read_data_source::Response::default()
        })
}

async fn read<P>(
    adapter: &Adapter<P>,
    request: proto::read_data_source::Request,
) -> Result<proto::read_data_source::Response, Diagnostics> {
    let entry = adapter.data_sources.find(&request.type_name)?;
    let config = wire::known_config(request.config.as_ref(), &entry.ty)?;
    let answer = entry.unit.read(config.clone()).await;
    if answer.diagnostics.has_errors() {
        return Err(answer.diagnostics);
    }
    let breaches = conform::answered(&entry.schema, &config, &answer.value);
    if !breaches.is_empty() {
        let report = |breach| conform::report(breach, "read", &request.type_name);
        return Err(breaches.into_iter().map(report).collect());
    }
    Ok(proto::read_data_source::Response {
        state: Some(wire::encode(&answer.value, &entry.ty).map_err(Diagnostic::from)?),
        diagnostics: wire::diagnostics(answer.diagnostics),
        deferred: None,
    })
}
