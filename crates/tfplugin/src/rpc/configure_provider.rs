//! `ConfigureProvider`: hands the provider block over.
//!
//! What the core says of itself is left aside: OpenTofu reports a version of Terraform's, and Terraform claims to take
//! deferrals when it does not.

use super::{Adapter, proto, wire};
use crate::diagnostic::Diagnostics;
use crate::server::Provider;

pub(super) async fn answer<P: Provider>(
    adapter: &Adapter<P>,
    request: proto::configure_provider::Request,
) -> proto::configure_provider::Response {
    let diagnostics = match wire::decode(request.config.as_ref(), &adapter.ty) {
        Ok(config) => adapter.provider.configure(config).await,
        Err(diagnostic) => Diagnostics::from(diagnostic),
    };
    proto::configure_provider::Response {
        diagnostics: wire::diagnostics(diagnostics),
    }
}
