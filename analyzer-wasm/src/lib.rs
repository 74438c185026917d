//! The built-in analyzer: a policy module of its own, with nothing that an organisation's module could not do.
//!
//! Facts are read once from the blocks of the plan (`facts`), rules judge facts (`rules`), the session orders both.
//! It is an rlib too, so that rules test natively and `xtask gen` can print their pages.

mod facts;
mod fixes;
mod report;
mod rule;
pub mod rules;
mod session;
mod settings;

pub use fixes::{Fix, fixes};
pub use rule::{Group, Rule};
pub use rules::rules;
pub use session::Analyzer;

/// A plan of a hundred thousand blocks makes and forgets tens of millions of short texts.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static POOL: nhi_policy_sdk::Pool = nhi_policy_sdk::Pool::new();

nhi_policy_sdk::export!(Analyzer);
