//! SDK for policy modules in Rust: write rules as ordinary code, test them natively, ship one sandboxed component.
//!
//! A module imports nothing: no clock, no randomness, no files, no network; all it knows it is handed.
//!
//! ```
//! use nhi_policy_sdk::settings::NonEmpty;
//! use nhi_policy_sdk::{Rule, Seen, Sees, Severity, Tester, testing};
//!
//! nhi_policy_sdk::settings! {
//!     /// What the operator may set.
//!     pub struct Settings {
//!         /// The tag that every bucket carries.
//!         tag: NonEmpty<String> = NonEmpty("owner".into()),
//!     }
//! }
//!
//! nhi_policy_sdk::module! {
//!     /// The module at work on one plan.
//!     #[derive(Debug)]
//!     pub struct Team {
//!         settings: Settings,
//!     }
//!     name: "team",
//!     rules: [MISSING_TAG],
//! }
//!
//! static MISSING_TAG: Rule<Team> = Rule {
//!     code: "TEAM001",
//!     name: "missing-tag",
//!     severity: Severity::High,
//!     summary: "a bucket without the tag",
//!     why: "nobody knows whose data it holds",
//!     docs: "",
//!     controls: &[],
//!     sees: &[Sees::resources(&["aws_s3_bucket"]).only(&["tags"])],
//!     canary: Some(("aws_s3_bucket.canary", "{}")),
//!     check: |team, block, findings| {
//!         let path = format!("tags.{}", *team.settings.tag);
//!         let finding = || block.finding("TEAM001").at(path.as_str()).message("the bucket has no owner");
//!         match block.seen(&path)? {
//!             _ if !block.remains() => {}
//!             Seen::Absent => findings.push(finding()),
//!             Seen::Unknown => findings.push(finding().unverified()),
//!             Seen::Known(_) | Seen::Partly(_) => {}
//!         }
//!         Ok(())
//!     },
//! };
//!
//! let tester = Tester::<Team>::new().settings(r#"{"tag": "team"}"#);
//! tester
//!     .case("another tag is not the one")
//!     .change(testing::change("aws_s3_bucket.logs", r#"{"tags": {"owner": "data"}}"#))
//!     .finds("TEAM001", "aws_s3_bucket.logs")
//!     .at("tags.team")
//!     .holds();
//! tester.flags_canaries();
//! ```
//!
//! - [`module!`] makes a module of a struct and a list of [`Rule`]s; [`settings!`] declares what can be set, and gives
//!   the schema and every error; [`Block`] is what a rule is handed.
//! - [`Graph`] tells who can become whom, where a rule says [`Sees::with`] `graph`.
//! - [`Tester`] runs it all in `cargo test`; `nhi module test` runs the component in the sandbox.
//! - [`PolicyModule`] is what is beneath: a module that judges otherwise implements it and calls [`export!`].

// The generated bindings name this crate by its own name, from here as from a module's crate.
#[cfg(target_arch = "wasm32")]
extern crate self as nhi_policy_sdk;

mod block;
#[cfg(any(test, target_arch = "wasm32"))]
mod compare;
mod findings;
mod graph;
#[cfg(target_arch = "wasm32")]
pub mod guest;

mod module;
mod pool;
pub mod rule;
pub mod settings;
pub mod testing;

pub use block::{Block, Seen};
pub use findings::Findings;
pub use graph::{Edge, Graph, Node, Reach};

pub use module::PolicyModule;
pub use nhi_plan::{
    Action, Canary, Change, Context, Description, Encoding, Exception, Finding, Interest, Location, Mode, Outcome,
    Patch, Reference, RuleInfo, Severity, Sharding, glob_matches, json, line, path, symbol,
};
pub use pool::Pool;
pub use rule::{Rule, Sees};
pub use testing::Tester;

/// Makes the crate export `$module`, a [`PolicyModule`], as a policy component; call it once, at the crate's root.
///
/// On anything but WebAssembly it only checks that the type is a module, so that rules test natively.
#[cfg(target_arch = "wasm32")]
#[macro_export]
macro_rules! export {
    ($module:ty) => {
        #[doc(hidden)]
        type NhiPolicyModule = $crate::guest::Adapter<$module>;
        $crate::guest::bindings::export_policy_module!(NhiPolicyModule with_types_in $crate::guest::bindings);
    };
}

/// Makes the crate export `$module`, a [`PolicyModule`], as a policy component; call it once, at the crate's root.
///
/// On anything but WebAssembly it only checks that the type is a module, so that rules test natively.
#[cfg(not(target_arch = "wasm32"))]
#[macro_export]
macro_rules! export {
    ($module:ty) => {
        const _: fn() -> $crate::Description = <$module as $crate::PolicyModule>::describe;
    };
}
