//! Runs policy modules in a sandbox: WebAssembly components without a single import, under fuel, memory and output limits.
//!
//! The host judges nothing. It hands a module the blocks it asked for and takes its findings; whatever goes wrong in
//! between is a [`HostError`], and the caller must fail closed.
//!
//! ```no_run
//! use nhi_policy_host::{Host, HostLimits};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let host = Host::new(HostLimits::default())?;
//! let module = host.load("team.wasm", &std::fs::read("team.wasm")?)?;
//! let report = host.run(&module, "{}", &nhi_plan::Context::default(), std::iter::empty())?;
//! println!("{} findings, {} fuel", report.findings.len(), report.usage.fuel);
//! # Ok(())
//! # }
//! ```

mod accept;
mod bindings;
mod cache;
mod canary;
mod compile;
mod component;
pub mod conformance;
mod convert;
mod deliver;
mod describe;
mod embed;
mod engine;
mod error;
mod host;
mod inspect;
mod limiter;
mod limits;
mod lower;
mod run;
mod sandbox;
mod schema;
mod session;
mod together;
mod wall;

pub use cache::Cache;
pub use compile::{Compilation, Origin, compile_child};
pub use component::{componentize, name_contract};
pub use embed::embed;
pub use error::{HostError, HostErrorKind};
pub use host::{Host, Module, Trust, precompile};
pub use inspect::{ABI_SECTION, Facts, facts};
pub use limits::HostLimits;
pub use run::{Report, Usage};
pub use together::Task;
pub use wall::Wall;
