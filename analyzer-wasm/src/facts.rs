//! What the rules need to know of a plan, read once from its blocks.
//!
//! A session keeps only what joins need: documents that are not read yet, attachments, boundaries, records. Whatever
//! can be judged alone is judged at once and forgotten.

pub(crate) mod block;
pub(crate) mod governance;
pub(crate) mod iam;
pub(crate) mod secrets;

pub(crate) use block::Block;

use self::governance::Governance;
use self::iam::{Iam, Settled};
use self::secrets::{Ledger, Rotation, State};

/// Facts of the plan so far.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    pub(crate) iam: Iam,
    pub(crate) governance: Governance,
    /// Credentials in clear.
    pub(crate) ledger: Ledger,
    /// Secrets that the state will hold.
    pub(crate) state: State,
    /// Ends and rotations of credentials.
    pub(crate) rotation: Rotation,
    /// Filled once all blocks have been seen.
    pub(crate) settled: Settled,
}

impl Facts {
    /// Takes in a block that remains after the apply.
    pub(crate) fn collect(&mut self, block: &Block<'_>) {
        self.iam.collect(block);
        self.governance.collect(block);
        self.rotation.collect(block);
        self.state.collect(block);
        let state = &self.state;
        self.ledger.collect(block, |hit| state.tells(block, hit));
    }

    /// Joins what was collected; rules on the whole plan run after it.
    pub(crate) fn settle(&mut self) {
        self.settled = self.iam.settle();
    }
}
