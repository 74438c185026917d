//! Finds machine identities in a Terraform state or plan of any provider, and writes the HCL that governs them.
//!
//! It does no IO and reads no clock. What a state says is foreign: it is read within a budget, and written only as
//! quoted text. A state file holds secrets in the clear: only attributes that are known to hold none are looked at.
//!
//! ```
//! use nhi_adopt::{Block, Taken, Terms, find, propose, write};
//!
//! let state = r#"{"version":4,"resources":[{"mode":"managed","type":"aws_iam_user","name":"ci","instances":[
//!     {"attributes":{"name":"ci","arn":"arn:aws:iam::111122223333:user/ci","tags":{"team":"build"}}}]}]}"#;
//! let estate = find(state, &Default::default())?;
//! let user = &estate.identities[0];
//! let proposal = propose(user, &Terms::default(), &Default::default(), &mut Taken::default());
//! let hcl = write(&[Block::New(&proposal)]);
//! assert!(hcl.contains(r#"technical_owner = "team:build""#));
//! assert!(hcl.contains(r#"external = ["arn:aws:iam::111122223333:user/ci"]"#));
//! # Ok::<(), nhi_plan::ReadError>(())
//! ```

mod attributes;
mod found;
mod hcl;
mod labels;
mod managed;
mod name;
mod powers;
mod propose;
mod secret;
mod source;
mod trust;
mod write;

pub use found::{Estate, Found, find};
pub use managed::managed;
pub use name::Taken;
pub use propose::{Proposal, Terms, propose};
pub use source::Form;
pub use write::{Block, write};
