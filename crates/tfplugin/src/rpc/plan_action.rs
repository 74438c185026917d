//! `PlanAction`: what stands against an action, said at plan.

use super::{Adapter, proto, wire};
use crate::diagnostic::{Diagnostic, Diagnostics};

pub(super) async fn answer<P>(
    adapter: &Adapter<P>,
    request: proto::plan_action::Request,
) -> proto::plan_action::Response {
    let diagnostics = plan(adapter, request).await.unwrap_or_else(Diagnostics::from);
    proto::plan_action::Response {
        diagnostics: wire::diagnostics(diagnostics),
        deferred: None,
    }
}

async fn plan<P>(adapter: &Adapter<P>, request: proto::plan_action::Request) -> Result<Diagnostics, Diagnostic> {
    let entry = adapter.actions.find(&request.action_type)?;
    let config = wire::decode(request.config.as_ref(), &entry.ty)?;
    Ok(entry.unit.plan(config).await)
}
