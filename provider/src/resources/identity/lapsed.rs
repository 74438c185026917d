//! An identity whose time ran out while the configuration goes on to want it: what brings it back, and what that takes.

use nhi_governance::{Declaration, Evidence, Status};
use tfplugin::diagnostic::Diagnostic;
use tfplugin::value::Value;

use super::sight::Sight;
use super::state::GENERATION_DEFAULT;
use crate::governed::{Found, Governed};
use crate::report::lapsed::{Lapsed, renew, renewal, too_late};

/// What to say of an identity that has expired by what the last read computed; nothing where it has not, or where the
/// configuration does something about it.
pub(super) fn lapsed(prior: &Value, planned: &Value, governed: &Governed, sight: &Sight<'_>) -> Option<Diagnostic> {
    let is_over = prior.get("status").as_str() == Some(Status::Expired.as_str());
    let is_wanted = planned.get("desired_state").as_str() != Some(Status::Suspended.as_str());
    let is_renewed = planned.get("generation") != prior.get("generation");
    if !is_over || !is_wanted || is_renewed {
        return None;
    }
    let id = prior.get("id").as_str().unwrap_or_default();
    let found = sight.found().ok().flatten();
    if found.is_some_and(|found| found.status() != Status::Expired) {
        // A state from before somebody brought it back, which the plan was told not to refresh.
        return None;
    }
    let environment = found.map(|found| found.identity.declaration().environment());
    let way = match (found, renewed(prior, planned, governed)) {
        (Some(found), Some(renewed)) => way_back(governed, found, &renewed),
        _ => format!(
            "{}. Its approvals are judged once all of it is known.",
            renew(next_generation(prior))
        ),
    };
    let ended = found.map_or_else(
        || prior.get("expires_at").as_str().unwrap_or_default().to_owned(),
        |found| found.identity.ends_at().to_string(),
    );
    let lapsed = Lapsed {
        word: "identity",
        id,
        stands: &format!("It ended at {ended}."),
        otherwise: "If it is no longer needed, remove it, or write `desired_state = \"suspended\"`.",
        way: &way,
        warns: environment.is_some_and(|environment| governed.warns_only(Some(environment))),
    };
    Some(lapsed.told())
}

/// The generation that asks for renewal.
pub(super) fn next_generation(prior: &Value) -> i64 {
    let now = prior.get("generation").as_i64();
    now.unwrap_or(i64::from(GENERATION_DEFAULT)).saturating_add(1)
}

/// What would be declared if the configuration asked for renewal, so that people can agree to it before it does.
fn renewed(prior: &Value, planned: &Value, governed: &Governed) -> Option<Declaration> {
    let mut renewed = planned.clone();
    renewed.insert("generation", next_generation(prior).into());
    super::draft::draft(&renewed).check(governed.policy()?).declaration
}

/// By renewal, with the approvals that it calls for; or not at all.
fn way_back(governed: &Governed, found: &Found, renewed: &Declaration) -> String {
    let refused = governed.refuses_return(found, renewed, &Evidence::waived());
    let is_late = |id: &str| matches!(id, "NHI-EXPIRED" | "NHI-QUARANTINE");
    if let Some(problem) = refused.filter(|problem| is_late(problem.code.id)) {
        let id = found.identity.id();
        let command = format!("`nhi sweep`, or `nhi revoke {id} --reason \"it has expired\"`");
        return too_late(&problem, &command);
    }
    let write = renew(i64::from(renewed.generation().unwrap_or_default()));
    renewal(&write, governed.approved(Some(found), renewed))
}
