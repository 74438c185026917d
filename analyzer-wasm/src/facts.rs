//! What the rules need to know of a plan, read once from its blocks.
//!
//! A session keeps only what joins need: documents that are not read yet, attachments, boundaries, records. Whatever
//! can be judged alone is judged at once and forgotten.

pub(crate) mod azure;
mod block;
pub(crate) mod cloud;
pub(crate) mod google;
pub(crate) mod governance;
pub(crate) mod iam;
pub(crate) mod reach;
pub(crate) mod secrets;

pub(crate) use block::Block;

use self::azure::Azure;
use self::google::Google;
use self::governance::Governance;
use self::iam::{Iam, Settled};

/// Facts of the plan so far.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    pub(crate) iam: Iam,
    pub(crate) azure: Azure,
    pub(crate) google: Google,
    pub(crate) governance: Governance,
    /// Filled once all blocks have been seen.
    pub(crate) settled: Settled,
}

impl Facts {
    /// Takes in a block that remains after the apply.
    pub(crate) fn collect(&mut self, block: &Block<'_>) {
        self.iam.collect(block);
        self.azure.collect(block);
        self.google.collect(block);
        self.governance.collect(block);
    }

    /// Joins what was collected; rules on the whole plan run after it.
    pub(crate) fn settle(&mut self) {
        self.settled = self.iam.settle();
        self.azure.settle();
        self.google.settle();
    }
}
