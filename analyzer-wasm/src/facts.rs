//! What the rules need to know of a plan, read once from its blocks.
//!
//! A session keeps only what joins need: documents that are not read yet, attachments, boundaries, records. Whatever
//! can be judged alone is judged at once and forgotten.

mod block;
pub(crate) mod governance;
pub(crate) mod iam;
pub(crate) mod paper;
pub(crate) mod resource_policy;
pub(crate) mod secrets;
pub(crate) mod trust;

pub(crate) use block::Block;

use self::governance::Governance;
use self::iam::{Iam, Settled};
use self::paper::Placed;
use self::resource_policy::ResourcePolicies;
use self::trust::Trust;

/// Facts of the plan so far.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    pub(crate) iam: Iam,
    pub(crate) governance: Governance,
    /// Filled once all blocks have been seen.
    pub(crate) settled: Settled,
    trust: Trust,
    /// What is wrong with trust documents; filled once all blocks have been seen.
    pub(crate) trusts: Vec<Placed<trust::Remark>>,
    google: trust::google::Google,
    /// What is wrong with workload identity pools; filled once all blocks have been seen.
    pub(crate) pools: Vec<Placed<trust::google::Remark>>,
    policies: ResourcePolicies,
    /// What is wrong with resource policies; filled once all blocks have been seen.
    pub(crate) resources: Vec<Placed<resource_policy::Remark>>,
}

impl Facts {
    /// Takes in a block that remains after the apply.
    pub(crate) fn collect(&mut self, block: &Block<'_>) {
        self.iam.collect(block);
        self.governance.collect(block);
        self.trust.collect(block);
        self.google.collect(block);
        self.policies.collect(block);
    }

    /// Joins what was collected; rules on the whole plan run after it.
    pub(crate) fn settle(&mut self) {
        self.settled = self.iam.settle();
        self.trusts = self.trust.settle(&self.iam.documents);
        self.pools = self.google.settle();
        self.resources = self.policies.settle(&self.iam.documents);
    }
}
