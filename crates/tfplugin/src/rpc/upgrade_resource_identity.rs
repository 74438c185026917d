//! `UpgradeResourceIdentity`: brings a stored identity to the current identity schema.

use super::{Adapter, proto, wire};
use crate::diagnostic::Diagnostic;
use crate::server::StoredState;

pub(super) fn answer<P>(
    adapter: &Adapter<P>,
    request: &proto::upgrade_resource_identity::Request,
) -> proto::upgrade_resource_identity::Response {
    match upgrade(adapter, request) {
        Ok(identity) => proto::upgrade_resource_identity::Response {
            upgraded_identity: Some(proto::ResourceIdentityData {
                identity_data: Some(identity),
            }),
            diagnostics: Vec::new(),
        },
        Err(diagnostic) => proto::upgrade_resource_identity::Response {
            upgraded_identity: None,
            diagnostics: wire::diagnostics(diagnostic),
        },
    }
}

fn upgrade<P>(
    adapter: &Adapter<P>,
    request: &proto::upgrade_resource_identity::Request,
) -> Result<proto::DynamicValue, Diagnostic> {
    let managed = adapter.resource(&request.type_name)?;
    let Some(identity) = &managed.identity else {
        let detail = format!("Objects of {} are identified by their id alone.", request.type_name);
        return Err(Diagnostic::error("There is no resource identity", detail));
    };
    let raw = request.raw_identity.as_ref().map_or(&[][..], |raw| &raw.json);
    if raw.is_empty() {
        let detail =
            "The identity that is stored holds nothing. Remove the resource from the state and import it again.";
        return Err(Diagnostic::error("Identity cannot be read", detail));
    }
    let upgraded = managed
        .resource
        .upgrade_identity(request.version, &StoredState::from_json(raw))?;
    Ok(wire::encode(&upgraded, &identity.ty)?)
}
