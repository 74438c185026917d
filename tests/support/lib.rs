//! The harness of the end-to-end tests: it drives the real `terraform` and `tofu` as a user would.
//!
//! Every run is isolated: its own folder, CLI configuration, home and temporary directory, and none of the caller's
//! `TF_*` and `NHI_*` variables. Nothing reaches a network.

#![expect(
    clippy::indexing_slicing,
    reason = "indexing a JSON value yields null, never a panic"
)]

pub mod canary;
pub mod cores;
pub mod faults;
pub mod gate;
pub mod nhi;
pub mod process;
pub mod programs;
pub mod registries;
pub mod stack;

pub use cores::{Core, Kind};
pub use nhi::Nhi;
pub use process::{Ran, Started};
pub use stack::Stack;

/// What a test returns.
pub type Outcome = anyhow::Result<()>;

/// Declares a module of tests for each core, so that the matrix shows in their names.
///
/// Each listed function takes a [`Core`]; one whose core is not on this machine skips itself, loudly.
#[macro_export]
macro_rules! legs {
    ($($test:ident),+ $(,)?) => {
        mod terraform {
            $(#[test]
            fn $test() -> $crate::Outcome {
                $crate::cores::leg($crate::Kind::Terraform, super::$test)
            })+
        }
        mod tofu {
            $(#[test]
            fn $test() -> $crate::Outcome {
                $crate::cores::leg($crate::Kind::Tofu, super::$test)
            })+
        }
    };
}
