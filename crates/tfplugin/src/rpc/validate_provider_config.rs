//! `ValidateProviderConfig`: checks the provider block without the world outside.

use super::{Adapter, proto, wire};
use crate::diagnostic::Diagnostics;
use crate::server::Provider;

pub(super) fn answer<P: Provider>(
    adapter: &Adapter<P>,
    request: &proto::validate_provider_config::Request,
) -> proto::validate_provider_config::Response {
    let diagnostics = wire::decode(request.config.as_ref(), &adapter.ty)
        .map_or_else(Diagnostics::from, |config| adapter.provider.validate(&config));
    proto::validate_provider_config::Response {
        diagnostics: wire::diagnostics(diagnostics),
    }
}
