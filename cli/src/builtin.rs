//! The built-in analyzer, compiled ahead of time and embedded.
//!
//! It is a policy module like any other, only that it is always run and cannot be replaced or disabled.

/// The component as machine code for this build's target, made by `nhi-precompile`.
pub(crate) static ANALYZER: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/analyzer.cwasm"));

/// What the built-in module is called in messages before it has described itself.
pub(crate) const NAME: &str = "nhi-analyzer";
