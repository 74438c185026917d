//! `PlanResourceChange`: what an apply would do.
//!
//! It is called at plan and again at apply, and once more without a prior state when something must be replaced.

use super::{Adapter, Managed, conform, identity, proto, wire};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::server::{PlanAnswer, PlanRequest, Provider};
use crate::value::{AttributePath, Step, Value};

pub(super) async fn answer<P: Provider>(
    adapter: &Adapter<P>,
    request: proto::plan_resource_change::Request,
) -> proto::plan_resource_change::Response {
    plan(adapter, request)
        .await
        .unwrap_or_else(|diagnostics| proto::plan_resource_change::Response {
            diagnostics: wire::diagnostics(diagnostics),
            ..proto::plan_resource_change::Response::default()
        })
}

async fn plan<P: Provider>(
    adapter: &Adapter<P>,
    request: proto::plan_resource_change::Request,
) -> Result<proto::plan_resource_change::Response, Diagnostics> {
    let managed = adapter.resource(&request.type_name)?;
    let prior = wire::decode(request.prior_state.as_ref(), &managed.ty)?;
    let proposed = wire::decode(request.proposed_new_state.as_ref(), &managed.ty)?;
    // Cores propose what is configured, write-only values included, and refuse a plan that holds them.
    let proposed = conform::write_only::removed(&managed.schema.attributes, &proposed);
    let config = wire::decode(request.config.as_ref(), &managed.ty)?;
    let private = request.prior_private;
    let answer = if proposed.is_null() {
        PlanAnswer {
            diagnostics: managed.resource.plan_destroy(prior).await,
            private,
            ..PlanAnswer::default()
        }
    } else {
        let request = PlanRequest {
            config: config.clone(),
            prior: prior.clone(),
            proposed,
            private,
        };
        let answer = managed.resource.plan(request).await;
        if answer.diagnostics.has_errors() {
            return Err(answer.diagnostics);
        }
        check(managed, &prior, &config, &answer)?;
        answer
    };
    if answer.diagnostics.has_errors() {
        return Err(answer.diagnostics);
    }
    let planned_identity = identity::of(managed, &answer.planned)
        .map_err(|breach| conform::report(breach, "plan", managed.resource.type_name()))?;
    Ok(proto::plan_resource_change::Response {
        planned_identity,
        planned_state: Some(wire::encode(&answer.planned, &managed.ty).map_err(Diagnostic::from)?),
        requires_replace: answer.requires_replace.iter().map(wire::path).collect(),
        planned_private: answer.private,
        diagnostics: wire::diagnostics(answer.diagnostics),
        ..proto::plan_resource_change::Response::default()
    })
}

fn check(managed: &Managed, prior: &Value, config: &Value, answer: &PlanAnswer) -> Result<(), Diagnostics> {
    let mut breaches = conform::planned(&managed.schema, prior, config, &answer.planned);
    let exists = |path: &AttributePath| match path.steps().first() {
        Some(Step::Attribute(name)) => managed
            .schema
            .attributes
            .iter()
            .any(|attribute| attribute.name == *name),
        _ => false,
    };
    breaches.extend(
        answer
            .requires_replace
            .iter()
            .filter(|path| !exists(path))
            .map(|path| conform::Breach {
                path: AttributePath::root(),
                what: format!("is to be replaced because of `{path}`, which the schema does not have"),
            }),
    );
    if breaches.is_empty() {
        return Ok(());
    }
    let type_name = managed.resource.type_name();
    Err(breaches
        .into_iter()
        .map(|breach| conform::report(breach, "plan", type_name))
        .collect())
}
