//! Kubernetes RBAC: who holds which role, through which binding, and what that amounts to.
//!
//! Roles, bindings and service accounts come in any order and from several kinds of block, so everything waits until
//! [`Kubernetes::settle`].

mod aws_auth;
mod builtin;
mod catalogue;
mod content;
mod eks;
mod judgement;
mod model;
mod read;
mod rights;
#[cfg(test)]
pub(crate) mod testing;
mod ways;
mod weigh;
mod workloads;
mod yaml;

use std::collections::{BTreeMap, BTreeSet};

use nhi_plan::json::Value;
use nhi_plan::{Mode, Severity};

pub(crate) use self::aws_auth::{Accounts, Master};
pub(crate) use self::catalogue::Family;
pub(crate) use self::eks::{Access, Policy};
pub(crate) use self::judgement::{Judgement, Kind};
use self::model::{Binding, Role};
pub(crate) use self::model::{Place, Subject, TokenSecret, Unread};
use self::workloads::Workloads;
use super::Block;

/// Everything RBAC in the plan.
#[derive(Debug, Default)]
pub(crate) struct Kubernetes {
    roles: Vec<Role>,
    /// Groups whose members are IAM identities and not people.
    machine_groups: BTreeSet<String>,
    bindings: Vec<Binding>,
    /// A cluster of EKS is in the plan.
    eks: bool,
    pub(crate) workloads: Workloads,
    pub(crate) tokens: Vec<TokenSecret>,
    pub(crate) masters: Vec<Master>,
    pub(crate) accounts: Vec<Accounts>,
    pub(crate) access: Vec<Access>,
    pub(crate) unread: Vec<Unread>,
    pub(crate) unread_auth: Vec<Unread>,
    pub(crate) settled: Settled,
}

/// What rules on RBAC look at.
#[derive(Debug, Default)]
pub(crate) struct Settled {
    pub(crate) judgements: Vec<Judgement>,
    /// The worst judgement of each subject, where it is sure.
    pub(crate) worst: BTreeMap<Subject, usize>,
    /// Subjects that nobody chose one by one.
    pub(crate) crowds: Vec<Judgement>,
    /// Default service accounts.
    pub(crate) defaults: Vec<Judgement>,
    /// Bindings of a role that is known only after apply, with the path of its name.
    pub(crate) unknown_bindings: Vec<(Place, String)>,
    /// Bindings whose subjects may turn out to be everybody, with the path of the subjects.
    pub(crate) open_bindings: Vec<(Place, String)>,
    /// Roles whose rules are known only after apply.
    pub(crate) unknown_roles: Vec<(Place, String)>,
}

impl Kubernetes {
    pub(crate) fn collect(&mut self, block: &Block<'_>) {
        if block.change.mode != Mode::Managed {
            return;
        }
        let resource_type = block.change.resource_type.as_ref();
        let name = resource_type.strip_suffix("_v1").unwrap_or(resource_type);
        // Most blocks of a plan are none of these.
        if !["kube", "helm_", "aws_eks_"]
            .iter()
            .any(|prefix| name.starts_with(prefix))
        {
            return;
        }
        match name {
            "kubernetes_role" => read::resource(block, "Role", self),
            "kubernetes_cluster_role" => read::resource(block, "ClusterRole", self),
            "kubernetes_role_binding" => read::resource(block, "RoleBinding", self),
            "kubernetes_cluster_role_binding" => read::resource(block, "ClusterRoleBinding", self),
            "kubernetes_secret" => read::resource(block, "Secret", self),
            "kubernetes_config_map" | "kubernetes_config_map_v1_data" => read::resource(block, "ConfigMap", self),
            "kubernetes_cron_job" => read::resource(block, "CronJob", self),
            "kubernetes_daemonset" | "kubernetes_daemon_set" => read::resource(block, "DaemonSet", self),
            "kubernetes_deployment" => read::resource(block, "Deployment", self),
            "kubernetes_job" => read::resource(block, "Job", self),
            "kubernetes_pod" => read::resource(block, "Pod", self),
            "kubernetes_replication_controller" => read::resource(block, "ReplicationController", self),
            "kubernetes_stateful_set" => read::resource(block, "StatefulSet", self),
            "kubernetes_manifest" => read::manifest(block, self),
            "kubectl_manifest" => read::yaml_body(block, self),
            "helm_release" => read::helm(block, self),
            "aws_eks_access_policy_association" => self.access.extend(eks::read(block)),
            "aws_eks_access_entry" => {
                let groups = block.after().and_then(|after| after.get("kubernetes_groups"));
                let names = groups.into_iter().flat_map(Value::elements).filter_map(Value::as_str);
                self.machine_groups.extend(names.map(std::borrow::Cow::into_owned));
            }
            "aws_eks_cluster" => self.eks = true,
            _ => {}
        }
    }

    /// How bad it is that a subject can do something; `None` where it is not worth a word.
    fn held_by(&self, subject: &Subject, severity: Severity) -> Option<Severity> {
        if let Subject::Group(name) = subject
            && self.machine_groups.contains(name)
        {
            return Some(severity);
        }
        judgement::held_by(subject, severity)
    }

    /// Addresses of workloads that run as one of the subjects, and how many there are.
    pub(crate) fn users(&self, judgement: &Judgement) -> (usize, Vec<String>) {
        let (mut count, mut first) = (0, Vec::new());
        for subject in &judgement.subjects {
            if let Subject::Account(namespace, name) = subject
                && let Some(users) = self.workloads.of(namespace, name)
            {
                count += users.count;
                first.extend(users.first.iter().cloned());
            }
        }
        (count, first)
    }

    /// Joins what was collected.
    pub(crate) fn settle(&mut self) {
        self.settled = weigh::settle(self);
    }

    /// The worst that is known of a service account.
    pub(crate) fn worst(&self, namespace: &str, account: &str) -> Option<&Judgement> {
        let wanted = Subject::Account(namespace.to_owned(), account.to_owned());
        let place = self.settled.worst.get(&wanted)?;
        self.settled.judgements.get(*place)
    }
}
