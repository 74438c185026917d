//! `CloseEphemeralResource`: ends what was opened.

use super::{Adapter, proto, wire};
use crate::diagnostic::Diagnostics;

pub(super) async fn answer<P>(
    adapter: &Adapter<P>,
    request: proto::close_ephemeral_resource::Request,
) -> proto::close_ephemeral_resource::Response {
    let diagnostics = match adapter.ephemeral_resources.find(&request.type_name) {
        Ok(entry) => entry.unit.close(request.private.unwrap_or_default()).await,
        Err(diagnostic) => Diagnostics::from(diagnostic),
    };
    proto::close_ephemeral_resource::Response {
        diagnostics: wire::diagnostics(diagnostics),
    }
}
