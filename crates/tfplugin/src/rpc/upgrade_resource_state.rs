//! `UpgradeResourceState`: brings a stored state to the current schema.
//!
//! It comes at every refresh, also when nothing is to be upgraded, with the state as JSON.

use super::{Adapter, conform, proto, wire};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::server::{Provider, StoredState};

pub(super) fn answer<P: Provider>(
    adapter: &Adapter<P>,
    request: proto::upgrade_resource_state::Request,
) -> proto::upgrade_resource_state::Response {
    match upgrade(adapter, request) {
        Ok(state) => proto::upgrade_resource_state::Response {
            upgraded_state: Some(state),
            diagnostics: Vec::new(),
        },
        Err(diagnostics) => proto::upgrade_resource_state::Response {
            upgraded_state: None,
            diagnostics: wire::diagnostics(diagnostics),
        },
    }
}

fn upgrade<P: Provider>(
    adapter: &Adapter<P>,
    request: proto::upgrade_resource_state::Request,
) -> Result<proto::DynamicValue, Diagnostics> {
    let managed = adapter.resource(&request.type_name)?;
    let raw = request.raw_state.unwrap_or_default();
    if raw.json.is_empty() {
        let detail = "The state holds nothing, or is in the form of Terraform 0.11 and older. Upgrade it with the \
                      version of Terraform that wrote it.";
        return Err(Diagnostic::error("State cannot be read", detail).into());
    }
    let state = managed
        .resource
        .upgrade(&managed.schema, request.version, &StoredState::from_json(&raw.json))?;
    let report = |breach| conform::report(breach, "upgrade a state", &request.type_name);
    let breaches = conform::stored(&managed.schema, &state);
    if !breaches.is_empty() {
        return Err(breaches.into_iter().map(report).collect());
    }
    Ok(wire::encode(&state, &managed.ty).map_err(Diagnostic::from)?)
}
