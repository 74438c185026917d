//! Works out from HCL what the unknown attributes of a plan will look like.
//!
//! A first plan knows half of its policy documents "after apply" only, because one ARN in them is; the configuration
//! beside the plan says all the rest. This crate evaluates it: what stays unknown becomes a symbol that names its origin
//! ([`nhi_plan::symbol`]), a value that depends on something unknown becomes a group of alternatives, and what cannot
//! be worked out stays unknown with a reason. It never guesses, does no IO, and everything has a budget.
//!
//! ```
//! use nhi_evaluate::{Limits, Sources, evaluate, overlay};
//! use nhi_plan::symbol;
//!
//! let files = [("main.tf".to_owned(), r#"
//!     resource "aws_sqs_queue" "jobs" {
//!       name_prefix = "jobs-"
//!     }
//!     resource "aws_iam_policy" "worker" {
//!       policy = jsonencode({ Action = "sqs:*", Resource = "${aws_sqs_queue.jobs.arn}*" })
//!     }
//! "#.to_owned())];
//! let json = br#"{"format_version":"1.2","resource_changes":[{"address":"aws_iam_policy.worker","mode":"managed",
//!     "type":"aws_iam_policy","name":"worker","change":{"actions":["create"],"after":{},
//!     "after_unknown":{"id":true,"policy":true}}}]}"#;
//! let decoded = nhi_plan::decode(json)?;
//! let plan = decoded.read(&nhi_plan::Limits::default())?;
//!
//! let sources = Sources::new(files.into_iter());
//! let evaluation = evaluate(&sources, &plan, &Limits::default());
//! let mut change = plan.blocks().next().expect("one change");
//! overlay(&mut change, &evaluation);
//!
//! let after = change.after.expect("values");
//! assert_eq!(
//!     symbol::readable(&after),
//!     r#"{"policy":"{\"Action\":\"sqs:*\",\"Resource\":\"${aws_sqs_queue.jobs.arn}*\"}"}"#,
//! );
//! assert_eq!(change.location.expect("a place").line, 5);
//! # Ok::<(), nhi_plan::ReadError>(())
//! ```
//!
//! Where things live: `parse` makes our own tree of HCL and JSON configuration, `sources` sorts files into modules,
//! `evaluator` follows names and expressions, `functions` are Terraform's, `policy_document` is the one data source that
//! is evaluated, `fill` goes through the plan and `overlay` puts what was found into a change.

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
mod shared_text;
mod sources;
mod value;

pub use fill::{Evaluation, Replayed, evaluate, replay};
pub use limits::Limits;
pub use outcome::{Filled, Outcome, Status};
pub use overlay::overlay;
pub use sources::{AttributePlace, Sources};
