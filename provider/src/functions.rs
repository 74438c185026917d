//! Every function, sorted by name: a new one is a file and a line here.
//!
//! They are pure: no registry, no clock, no provider block.

mod parse_duration;
mod request_digest;
mod risk_tier;
mod spiffe_id;

use std::sync::Arc;

use nhi_governance::Problem;
use tfplugin::server::{Function, FunctionError};

/// All functions.
pub(crate) fn all() -> Vec<Arc<dyn Function>> {
    vec![
        Arc::new(parse_duration::ParseDuration),
        Arc::new(request_digest::RequestDigest),
        Arc::new(risk_tier::RiskTierOf),
        Arc::new(spiffe_id::SpiffeIdOf),
    ]
}

/// What is wrong with an argument.
fn refused(argument: usize, problem: &Problem) -> FunctionError {
    FunctionError::at(
        argument,
        format!("{}. {} ({})", problem.message, problem.help, problem.code.id),
    )
}

#[cfg(test)]
mod tests;
