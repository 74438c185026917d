//! Every resource, sorted by name: a new one is a file and a line here.

mod access_review;
mod break_glass;
mod exception;
mod grant;
pub(crate) mod identity;
mod team;
mod vendor;

use std::sync::Arc;

use nhi_governance::KindStanding;
use tfplugin::diagnostic::{Diagnostic, Diagnostics};
use tfplugin::server::{Private, Resource, StateAnswer};
use tfplugin::value::{AttributePath, Value};

use crate::governed::Governed;
use crate::kind_resource::KindResource;

pub(crate) use identity::draft;

/// All resources, governed by `governed`.
pub(crate) fn all(governed: &Arc<Governed>) -> Vec<Arc<dyn Resource>> {
    let governed = || Arc::clone(governed);
    vec![
        KindResource::<access_review::AccessReviewKind>::shared(governed()),
        KindResource::<break_glass::BreakGlassKind>::shared(governed()),
        KindResource::<exception::ExceptionKind>::shared(governed()),
        KindResource::<grant::GrantKind>::shared(governed()),
        Arc::new(identity::IdentityResource::new(governed())),
        KindResource::<team::TeamKind>::shared(governed()),
        KindResource::<vendor::VendorKind>::shared(governed()),
    ]
}

/// A state with how its record stands.
pub(crate) fn standing(mut state: Value, standing: &KindStanding) -> Value {
    state.insert("status", standing.status.into());
    state.insert("status_reason", standing.reason.as_str().into());
    state
}

/// The answer to a destruction: nothing is left, or all that was there.
pub(crate) fn deleted(ended: Result<(), Diagnostics>, prior: Value, private: Private) -> StateAnswer {
    match ended {
        Ok(()) => StateAnswer::default(),
        Err(diagnostics) => StateAnswer {
            state: prior,
            private,
            diagnostics,
        },
    }
}

pub(crate) fn malformed(error: &str) -> Diagnostic {
    let detail = "The id is the one thing that names a record for good. `nhi identities` lists the ids of identities. \
                  (NHI-ID)";
    Diagnostic::error(error, detail).at(AttributePath::of("id"))
}

pub(crate) fn not_read() -> Diagnostic {
    let detail = "Which registry to ask, or which policy to judge by, is known only after apply, so the plan goes by the \
                  state as it was last read. Give `registry` and `policy` values that are known at plan.";
    Diagnostic::warning("the registry was not read", detail)
}
