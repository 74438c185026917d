//! Works out from HCL what the unknown attributes of a plan will look like.
//!
//! placeholder

mod ast;
mod evaluator;
mod fault;
mod fill;
mod functions;
mod json_text;
mod limits;
mod number;
mod outcome;
mod overlay;
mod parse;
mod plan_index;
mod policy_document;
mod reconcile;
mod scan;
mod sources;
mod value;

pub use fill::{Evaluation, Replayed, evaluate, replay};
pub use limits::Limits;
pub use outcome::{Filled, Outcome, Status};
pub use overlay::overlay;
pub use sources::{AttributePlace, Sources};
