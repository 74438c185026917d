//! What the rules need to know of a plan, read once from its blocks.
//!
//! A session keeps only what joins need: documents that are not read yet, attachments, boundaries, records. Whatever
//! can be judged alone is judged at once and forgotten.

mod block;
pub(crate) mod escalation;
pub(crate) mod governance;
pub(crate) mod graph;
pub(crate) mod iam;
pub(crate) mod secrets;

pub(crate) use block::Block;

use self::escalation::Escalations;
use self::governance::Governance;
use self::graph::Graph;
use self::iam::{Iam, Settled};

/// Facts of the plan so far.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    pub(crate) iam: Iam,
    pub(crate) governance: Governance,
    pub(crate) escalation: escalation::Collected,
    /// Filled once all blocks have been seen.
    pub(crate) settled: Settled,
    /// Filled once all blocks have been seen.
    pub(crate) escalations: Escalations,
    /// Who can become whom, where somebody asked.
    pub(crate) graph: Option<Graph>,
}

impl Facts {
    /// Takes in a block that remains after the apply.
    pub(crate) fn collect(&mut self, block: &Block<'_>) {
        self.iam.collect(block);
        self.governance.collect(block);
        self.escalation.collect(block);
    }

    /// Joins what was collected; rules on the whole plan run after it.
    pub(crate) fn settle(&mut self) {
        self.settled = self.iam.settle();
        let Settled {
            principals, standings, ..
        } = &self.settled;
        self.escalations = self.escalation.settle(principals, standings, self.graph.as_mut());
        self.settled.escalating = self.escalations.outranking().collect();
    }
}
