//! `ValidateEphemeralResourceConfig`: checks the block of an ephemeral resource without the world outside.

use super::{Adapter, proto, wire};
use crate::diagnostic::{Diagnostic, Diagnostics};

pub(super) fn answer<P>(
    adapter: &Adapter<P>,
    request: &proto::validate_ephemeral_resource_config::Request,
) -> proto::validate_ephemeral_resource_config::Response {
    let diagnostics = validate(adapter, request).unwrap_or_else(Diagnostics::from);
    proto::validate_ephemeral_resource_config::Response {
        diagnostics: wire::diagnostics(diagnostics),
    }
}

fn validate<P>(
    adapter: &Adapter<P>,
    request: &proto::validate_ephemeral_resource_config::Request,
) -> Result<Diagnostics, Diagnostic> {
    let entry = adapter.ephemeral_resources.find(&request.type_name)?;
    let config = wire::decode(request.config.as_ref(), &entry.ty)?;
    Ok(entry.unit.validate(&config))
}
