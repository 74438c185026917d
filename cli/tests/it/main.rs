//! Runs the built `nhi` and looks at what a user sees: exit codes, reports, messages.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::string_slice,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests fail by panicking, like the tests themselves"
)]

mod adopting;
mod approvals;
mod audit_log;
#[path = "../../../crates/registry/tests/it/counting.rs"]
mod counting;
mod decisions;
mod exceptions;
mod formats;
mod formats_ci;
mod hostile;
mod interface;
mod module;
mod ocsf;
mod operating;
mod plan_file;
mod policy;
mod registry;
mod rego;
mod scaling;
mod schema;
#[expect(clippy::print_stderr, reason = "says loudly what is skipped")]
#[path = "../../../crates/registry/tests/it/server.rs"]
#[allow(dead_code, reason = "the registry's own tests do more with a server")]
mod server;
mod sources;
mod support;
mod verdict;
mod xml;
