//! What the rules need to know of a plan, read once from its blocks.
//!
//! A session keeps only what joins need: documents that are not read yet, attachments, boundaries, records. Whatever
//! can be judged alone is judged at once and forgotten.

mod block;
pub(crate) mod gitlab;
pub(crate) mod governance;
pub(crate) mod iam;
pub(crate) mod kubernetes;
pub(crate) mod postgresql;
pub(crate) mod secrets;
pub(crate) mod setting;
pub(crate) mod vault;

pub(crate) use block::Block;

use self::governance::Governance;
use self::iam::{Iam, Settled};
use self::kubernetes::Kubernetes;
use self::postgresql::Postgresql;
use self::vault::Vault;

/// Facts of the plan so far.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    pub(crate) iam: Iam,
    pub(crate) governance: Governance,
    pub(crate) kubernetes: Kubernetes,
    pub(crate) postgresql: Postgresql,
    pub(crate) vault: Vault,
    /// Filled once all blocks have been seen.
    pub(crate) settled: Settled,
}

impl Facts {
    /// Takes in a block that remains after the apply.
    pub(crate) fn collect(&mut self, block: &Block<'_>) {
        self.iam.collect(block);
        self.governance.collect(block);
        self.kubernetes.collect(block);
        self.postgresql.collect(block);
        self.vault.collect(block);
    }

    /// Joins what was collected; rules on the whole plan run after it.
    pub(crate) fn settle(&mut self) {
        self.settled = self.iam.settle();
        self.kubernetes.settle();
        self.postgresql.settle();
        self.vault.settle();
    }
}
