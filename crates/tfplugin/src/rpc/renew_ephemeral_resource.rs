//! `RenewEphemeralResource`: keeps alive what was opened.

use super::{Adapter, proto, wire};

pub(super) async fn answer<P>(
    adapter: &Adapter<P>,
    request: proto::renew_ephemeral_resource::Request,
) -> proto::renew_ephemeral_resource::Response {
    let entry = match adapter.ephemeral_resources.find(&request.type_name) {
        Ok(entry) => entry,
        Err(diagnostic) => {
            return proto::renew_ephemeral_resource::Response {
                diagnostics: wire::diagnostics(diagnostic),
                renew_at: None,
                private: request.private,
            };
        }
    };
    let answer = entry.unit.renew(request.private.unwrap_or_default()).await;
    proto::renew_ephemeral_resource::Response {
        diagnostics: wire::diagnostics(answer.diagnostics),
        renew_at: answer.renew_at.map(wire::timestamp),
        private: Some(answer.private),
    }
}
