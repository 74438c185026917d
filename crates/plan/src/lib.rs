//! Reads Terraform and OpenTofu plan JSON: one streaming pass within a budget, typed and borrowed.
//!
//! It does no IO and reads no clock. Host and modules both speak its types.

mod address;
mod blocks;
mod change;
mod constants;
mod decode;
pub mod error;
mod expressions;
mod finding;
mod interest;
pub mod json;
mod limits;
mod masks;
pub mod path;
pub mod plan;
mod redact;
mod references;

pub use blocks::{Blocks, Wanted};
pub use change::{Action, Change, Location, Mode, Reference};
pub use decode::{Decoded, decode};
pub use error::ReadError;
pub use finding::{
    Context, Description, Encoding, Finding, Interest, Outcome, Patch, RuleInfo, Severity, Sharding, UnknownSeverity,
    Waiver,
};
pub use interest::{Needs, glob_matches};
pub use limits::Limits;
pub use plan::{Plan, read};
pub use redact::{MARKER, redact};
