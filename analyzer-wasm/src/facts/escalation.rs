//! AWS privilege escalation: what each principal of a plan can become.
//!
//! Permissions are asked of [`super::iam::access`]; here stands what else it takes: whom roles trust, what runs as
//! which role, and the catalogue of ways. Blocks come in any order, so everything waits until [`Collected::settle`].

mod ask;
pub(crate) mod catalogue;
mod edges;
mod findings;
mod fixpoint;
mod hop;
mod index;
mod latent;
mod names;
mod own;
mod places;
mod profiles;
mod trust;
pub(crate) mod workloads;
mod world;

use std::sync::Arc;

use nhi_plan::Mode;

pub(crate) use self::findings::{Capability, Escalation, Escalations, Step};
pub(crate) use self::latent::Outlook;
use self::trust::Trust;
use self::workloads::{Holds, Link, Workload};
use super::Block;
use super::graph::Graph;
use super::iam::access::Principal;
use super::iam::standing::Standing;
use super::memo::Memo;
use crate::facts::hash::Map;

/// What the plan says about roles and workloads.
#[derive(Debug, Default)]
pub(crate) struct Collected {
    /// By address of the role.
    trusts: Map<String, RoleTrust>,
    read: Memo<Arc<Trust>>,
    workloads: Vec<Workload>,
    profiles: Vec<Profile>,
    /// Trust of deferred `aws_iam_policy_document` blocks.
    documents: Vec<Deferred>,
    /// The account that the plan is about, where it says so.
    account: Option<String>,
}

/// Where the trust of a role stands.
#[derive(Debug)]
enum RoleTrust {
    Known(Arc<Trust>),
    /// It rests on these blocks.
    Pending(Vec<String>),
}

/// An instance profile: another name for a role.
#[derive(Debug)]
struct Profile {
    address: String,
    config_address: String,
    name: Option<String>,
    link: Link,
}

#[derive(Debug)]
struct Deferred {
    address: String,
    config_address: String,
    trust: Trust,
}

impl Collected {
    pub(crate) fn collect(&mut self, block: &Block<'_>) {
        let resource_type = block.change.resource_type.as_ref();
        match (block.change.mode, resource_type) {
            (Mode::Data, "aws_iam_policy_document") => self.collect_document(block),
            (Mode::Data, "aws_caller_identity") if self.account.is_none() => self.account = block.string("account_id"),
            (Mode::Managed, "aws_iam_role") => self.collect_role(block, "assume_role_policy"),
            (Mode::Managed, "awscc_iam_role") => self.collect_role(block, "assume_role_policy_document"),
            (Mode::Managed, "aws_iam_instance_profile") => self.profiles.push(Profile {
                address: block.change.address.to_string(),
                config_address: block.change.config_address.to_string(),
                name: block.string("name"),
                link: Link {
                    holds: Holds::Role,
                    value: block.string("role"),
                    blocks: block.references("role"),
                },
            }),
            (Mode::Managed, _) if resource_type.starts_with("aws_") => self.workloads.extend(Workload::read(block)),
            _ => {}
        }
    }

    fn collect_role(&mut self, block: &Block<'_>, attribute: &str) {
        let trust = match block.string(attribute) {
            Some(text) => RoleTrust::Known(self.read.of(&text, |text| Arc::new(Trust::parse(text)))),
            None => RoleTrust::Pending(block.references(attribute)),
        };
        self.trusts.insert(block.change.address.to_string(), trust);
    }

    fn collect_document(&mut self, block: &Block<'_>) {
        let trust = Trust::planned(block);
        if trust.open || !trust.entries.is_empty() {
            self.documents.push(Deferred {
                address: block.change.address.to_string(),
                config_address: block.change.config_address.to_string(),
                trust,
            });
        }
    }

    /// Finds out what every principal can become; the graph is filled where one is given.
    pub(crate) fn settle(
        &self,
        principals: &[Principal],
        standings: &[Standing],
        graph: Option<&mut Graph>,
    ) -> Escalations {
        findings::settle(self, principals, standings, graph)
    }
}
