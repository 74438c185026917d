//! Reads Terraform and OpenTofu plan JSON: one streaming pass within a budget, typed and borrowed.
//!
//! It does no IO and reads no clock. Host and modules both speak its types. What cannot be read is an error with a
//! code and a byte offset, never a plan with a part missing.
//!
//! ```
//! use nhi_plan::{Action, Limits, decode};
//!
//! let bytes = br#"{"format_version":"1.2","resource_changes":[{"address":"aws_iam_user.ci","mode":"managed",
//!     "type":"aws_iam_user","name":"ci","change":{"actions":["create"],"after":{"name":"ci"},
//!     "after_unknown":{"arn":true}}}]}"#;
//! let decoded = decode(bytes)?;
//! let plan = decoded.read(&Limits::default())?;
//! let user = plan.blocks().next().expect("one change");
//! assert_eq!((&*user.address, &*user.actions), ("aws_iam_user.ci", &[Action::Create][..]));
//! assert_eq!(user.unknown_paths, ["arn"]);
//! # Ok::<(), nhi_plan::ReadError>(())
//! ```

mod address;
mod before;
mod blocks;
mod change;
mod constants;
mod decode;
pub mod error;
mod expressions;
mod finding;
mod hash;
mod interest;
pub mod json;
mod limits;
pub mod line;
mod masks;
pub mod path;
pub mod plan;
mod redact;
mod references;
pub mod symbol;

pub use blocks::{Blocks, Wanted};
pub use change::{Action, Change, Location, Mode, Reference};
pub use decode::{Decoded, decode};
pub use error::ReadError;
pub use finding::{
    ABI, Canary, Context, Description, Encoding, Exception, Finding, Interest, Outcome, Patch, RuleInfo, Severity,
    Sharding, UnknownSeverity,
};
pub use interest::{Needs, glob_matches};
pub use limits::Limits;
pub use plan::{Plan, read};
pub use redact::{MARKER, redact};
