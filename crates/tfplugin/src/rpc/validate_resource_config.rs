//! `ValidateResourceConfig`: checks one block without the world outside.

use super::{Adapter, conform, proto, wire};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::server::Provider;
use crate::value::AttributePath;

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
    let mut diagnostics = managed.resource.validate(&config);
    let takes_write_only = request
        .client_capabilities
        .as_ref()
        .is_some_and(|capabilities| capabilities.write_only_attributes_allowed);
    if !takes_write_only {
        let held = conform::write_only::held(&managed.schema.attributes, &config);
        diagnostics.extend(held.into_iter().map(refused));
    }
    Ok(diagnostics)
}

/// A core that knows nothing of it would put the value into its state.
fn refused(path: AttributePath) -> Diagnostic {
    let detail = "This attribute keeps a secret out of plans and states, for which Terraform 1.11 or OpenTofu 1.11 is \
                  needed. Use a later version, or leave the attribute out.";
    Diagnostic::error("Write-only attributes need a later version of the core", detail).at(path)
}
