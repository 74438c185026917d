//! A guest that declares canaries; crates/policy-host/tests sees whether it is at work.

include!("canary.rs");

const SHARDING: Sharding = Sharding::PerResource;
