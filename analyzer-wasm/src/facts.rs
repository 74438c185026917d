//! What the rules need to know of a plan, read once from its blocks.
//!
//! A session keeps only what joins need: documents that are not read yet, attachments, boundaries, records. Whatever
//! can be judged alone is judged at once and forgotten.

pub(crate) mod azure;
mod block;
pub(crate) mod cloud;
pub(crate) mod escalation;
pub(crate) mod gitlab;
pub(crate) mod google;
pub(crate) mod governance;
pub(crate) mod graph;
pub(crate) mod hash;
pub(crate) mod iam;
pub(crate) mod kubernetes;
mod memo;
pub(crate) mod paper;
pub(crate) mod postgresql;
pub(crate) mod reach;
pub(crate) mod resource_policy;
pub(crate) mod secrets;
pub(crate) mod setting;
pub(crate) mod trust;
pub(crate) mod vault;

pub(crate) use block::{Block, without_indices};

use self::azure::Azure;
use self::escalation::Escalations;
use self::google::Google;
use self::governance::Governance;
use self::graph::Graph;
use self::iam::{Iam, Settled};
use self::kubernetes::Kubernetes;
use self::paper::Placed;
use self::postgresql::Postgresql;
use self::resource_policy::ResourcePolicies;
use self::secrets::{Ledger, Rotation, State};
use self::trust::Trust;
use self::vault::Vault;

/// Facts of the plan so far.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    pub(crate) iam: Iam,
    pub(crate) azure: Azure,
    pub(crate) google: Google,
    pub(crate) governance: Governance,
    escalation: escalation::Collected,
    pub(crate) kubernetes: Kubernetes,
    pub(crate) postgresql: Postgresql,
    pub(crate) vault: Vault,
    /// Credentials in clear.
    pub(crate) ledger: Ledger,
    /// Secrets that the state will hold.
    pub(crate) state: State,
    /// Ends and rotations of credentials.
    pub(crate) rotation: Rotation,
    /// Filled once all blocks have been seen.
    pub(crate) settled: Settled,
    /// Filled once all blocks have been seen.
    pub(crate) escalations: Escalations,
    /// Who can become whom, where somebody asked.
    pub(crate) graph: Option<Graph>,
    trust: Trust,
    /// What is wrong with trust documents; filled once all blocks have been seen.
    pub(crate) trusts: Vec<Placed<trust::Remark>>,
    federations: trust::google::Google,
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
        self.azure.collect(block);
        self.google.collect(block);
        self.governance.collect(block);
        self.escalation.collect(block);
        self.kubernetes.collect(block);
        self.postgresql.collect(block);
        self.vault.collect(block);
        self.trust.collect(block);
        self.federations.collect(block);
        self.policies.collect(block);
        self.rotation.collect(block);
        self.state.collect(block);
        let state = &self.state;
        self.ledger.collect(block, |hit| state.tells(block, hit));
    }

    /// Takes in a block that is no more after the apply: others still speak of it.
    pub(crate) fn collect_gone(&mut self, block: &Block<'_>) {
        self.iam.collect_gone(block);
        self.governance.collect_gone(block);
    }

    /// Joins what was collected; rules on the whole plan run after it.
    pub(crate) fn settle(&mut self) {
        self.settled = self.iam.settle();
        let Settled {
            principals, standings, ..
        } = &self.settled;
        self.escalations = self.escalation.settle(principals, standings, self.graph.as_mut());
        self.settled.escalating = self.escalations.outranking().collect();
        self.governance.settle();
        self.azure.settle();
        self.google.settle();
        self.kubernetes.settle();
        self.postgresql.settle();
        self.vault.settle();
        self.trusts = self.trust.settle(&self.iam.documents, &self.settled.principals);
        self.pools = self.federations.settle();
        self.resources = self.policies.settle(&self.iam.documents);
        self.draw();
    }

    /// Adds to the graph who can become whom in Google Cloud, Azure and Entra.
    fn draw(&mut self) {
        let Some(mut graph) = self.graph.take() else { return };
        for edge in self.cloud_edges() {
            graph.add(edge.clone());
        }
        graph.edges.sort();
        self.graph = Some(graph);
    }

    /// Who can become whom in Google Cloud, Azure and Entra.
    pub(crate) fn cloud_edges(&self) -> impl Iterator<Item = &graph::Edge> {
        self.google.edges.iter().chain(&self.azure.edges)
    }
}

#[cfg(test)]
mod tests {
    use nhi_policy_sdk::testing;

    use super::*;

    #[test]
    fn edges_say_who_becomes_an_administrator() {
        let mut facts = Facts::default();
        let admin = r#""service_account_id":"projects/p/serviceAccounts/admin@p.iam.gserviceaccount.com""#;
        let blocks = [
            (
                "google_service_account.admin",
                String::from(r#"{"account_id":"admin","project":"p"}"#),
            ),
            (
                "google_project_iam_member.o",
                String::from(
                    r#"{"project":"p","role":"roles/owner","member":"serviceAccount:admin@p.iam.gserviceaccount.com"}"#,
                ),
            ),
            (
                "google_service_account_iam_member.t",
                format!(
                    r#"{{{admin},"role":"roles/iam.serviceAccountTokenCreator","member":"serviceAccount:ci@p.iam.gserviceaccount.com"}}"#
                ),
            ),
        ];
        for (address, after) in &blocks {
            let change = testing::change(address, after);
            facts.collect(&Block::new(&change, ""));
        }
        facts.settle();
        let edges: Vec<_> = facts.cloud_edges().collect();
        assert_eq!(edges.len(), 1);
        assert_eq!(edges[0].from.name, "ci@p.iam.gserviceaccount.com");
        assert_eq!(
            (edges[0].to.name.as_str(), edges[0].to.kind),
            ("google_service_account.admin", "service account")
        );
        assert!(edges[0].from.administrator && edges[0].to.administrator);
        assert_eq!(edges[0].via, "google_service_account_iam_member.t");
    }
}
