//! The sandbox from outside: real components in, findings or a named error out.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail as tests do"
)]

mod canaries;
mod compiling;
mod contract;
mod delivery;
mod precompiled;
mod refuses;
mod sessions;
mod stops;
mod support;
mod together;
