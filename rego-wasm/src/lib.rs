//! A policy module that judges by policies in Rego, which `nhi module build` puts into its finished bytes.
//!
//! It is compiled once, with this project; whoever writes policies needs no compiler. What conftest does with a plan is
//! done here: the same rules are looked for, the same input is shown to them, the same answers are understood.

mod bundle;
mod canary;
mod edit;
mod functions;
mod input;
mod metadata;
mod policy;
mod problem;
mod session;
mod settings;
mod source;
mod verdict;

pub use bundle::Bundle;
pub use policy::Policy;
pub use session::{Judge, Rego};

/// Values of Rego are many small pieces.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static POOL: nhi_policy_sdk::Pool = nhi_policy_sdk::Pool::new();

nhi_policy_sdk::export!(Rego);
