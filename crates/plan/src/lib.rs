//! Reads Terraform and OpenTofu plan JSON: one streaming pass within a budget, typed and borrowed.
//!
//! It does no IO and reads no clock. Host and modules both speak its types.

mod change;
pub mod error;
mod finding;
mod interest;
pub mod json;
mod limits;
pub mod path;

pub use change::{Action, Change, Location, Mode, Reference};
pub use error::ReadError;
pub use finding::{
    Context, Description, Encoding, Finding, Interest, Outcome, Patch, RuleInfo, Severity, Sharding, UnknownSeverity,
    Waiver,
};
pub use interest::{Needs, glob_matches};
pub use limits::Limits;
