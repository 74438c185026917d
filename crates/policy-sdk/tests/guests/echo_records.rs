//! A guest that says back what it was handed; crates/policy-host/tests compares.

include!("echo.rs");

const ENCODING: Encoding = Encoding::Records;
