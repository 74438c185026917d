//! SDK for policy modules in Rust: write rules as ordinary code, test them natively, ship one sandboxed component.
//!
//! A module imports nothing: no clock, no randomness, no files, no network; all it knows it is handed.
//!
//! ```
//! use nhi_policy_sdk::{Change, Context, Description, Finding, Findings, Interest, PolicyModule, RuleInfo, Severity, Tester};
//!
//! struct Team;
//!
//! impl PolicyModule for Team {
//!     fn describe() -> Description {
//!         Description {
//!             rules: vec![RuleInfo {
//!                 code: "TEAM001".into(),
//!                 name: "long-lived-key".into(),
//!                 severity: Severity::High,
//!                 summary: "a static access key".into(),
//!                 why: "a static key works until somebody remembers to remove it".into(),
//!                 ..RuleInfo::default()
//!             }],
//!             interests: vec![Interest::resources(&["aws_iam_access_key"])],
//!             ..Description::new("team", "1.0.0")
//!         }
//!     }
//!
//!     fn open(_settings: &str, _context: &Context) -> Result<Self, String> {
//!         Ok(Self)
//!     }
//!
//!     fn check(&mut self, change: &Change<'_>, findings: &mut Findings) -> Result<(), String> {
//!         if change.remains() {
//!             findings.push(
//!                 Finding::new("TEAM001", change.address.as_ref())
//!                     .message("a static access key")
//!                     .remediation("use a role instead"),
//!             );
//!         }
//!         Ok(())
//!     }
//! }
//!
//! nhi_policy_sdk::export!(Team);
//!
//! let key = nhi_policy_sdk::testing::change("aws_iam_access_key.ci", "{}");
//! let findings = Tester::<Team>::new().changes([key]).unwrap();
//! assert_eq!(findings[0].rule, "TEAM001");
//! ```

// The generated bindings name this crate by its own name, from here as from a module's crate.
#[cfg(target_arch = "wasm32")]
extern crate self as nhi_policy_sdk;

#[cfg(any(test, target_arch = "wasm32"))]
mod compare;
mod findings;
mod graph;
#[cfg(target_arch = "wasm32")]
pub mod guest;

mod module;
mod pool;
pub mod testing;

pub use findings::Findings;
pub use graph::{Edge, Graph, Node, Reach};

pub use module::PolicyModule;
pub use nhi_plan::{
    Action, Canary, Change, Context, Description, Encoding, Exception, Finding, Interest, Location, Mode, Outcome,
    Patch, Reference, RuleInfo, Severity, Sharding, glob_matches, json, line, path, symbol,
};
pub use pool::Pool;
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
