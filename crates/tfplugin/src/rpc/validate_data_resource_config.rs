//! `ValidateDataResourceConfig`: checks the block of a data source without the world outside.

use super::{Adapter, proto, wire};
use crate::diagnostic::{Diagnostic, Diagnostics};

pub(super) fn answer<P>(
    adapter: &Adapter<P>,
    request: &proto::validate_data_resource_config::Request,
) -> proto::validate_data_resource_config::Response {
    let diagnostics = validate(adapter, request).unwrap_or_else(Diagnostics::from);
    proto::validate_data_resource_config::Response {
        diagnostics: wire::diagnostics(diagnostics),
    }
}

fn validate<P>(
    adapter: &Adapter<P>,
    request: &proto::validate_data_resource_config::Request,
) -> Result<Diagnostics, Diagnostic> {
    let entry = adapter.data_sources.find(&request.type_name)?;
    let config = wire::decode(request.config.as_ref(), &entry.ty)?;
    Ok(entry.unit.validate(&config))
}
