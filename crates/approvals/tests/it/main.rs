//! Judges approvals from the outside: bytes in, a verdict out; and against the real `ssh-keygen` and `ssh-agent`.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests fail by panicking, like the tests themselves"
)]

mod disk;
mod house;
mod interop;
mod mutations;
mod refusals;
mod roots;
mod vectors;
