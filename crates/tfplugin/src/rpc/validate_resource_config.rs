//! `ValidateResourceConfig`: checks one block without the world outside.

use super::{Adapter, proto, wire};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::server::Provider;

pub(super) fn answer<P: Provider>(
    adapter: &Adapter<P>,
    request: &proto::validate_resource_config::Request,
) -> proto::validate_resource_config::Response {
    let diagnostics = validate(adapter, request).unwrap_or_else(Diagnostics::from);
    proto::validate_resource_config::Response {
        diagnostics: wire::diagnostics(diagnostics),
    }
}

fn validate<P: Provider>(
    adapter: &Adapter<P>,
    request: &proto::validate_resource_config::Request,
) -> Result<Diagnostics, Diagnostic> {
    let managed = adapter.resource(&request.type_name)?;
    let config = wire::decode(request.config.as_ref(), &managed.ty)?;
    Ok(managed.resource.validate(&config))
}
