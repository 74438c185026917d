//! Which workloads run as which service account.

use std::collections::BTreeMap;

use nhi_plan::json::Value;

use super::read;

/// Workloads that are named for one account.
const NAMED_MAX: usize = 5;

/// Workloads by namespace and name of their service account.
#[derive(Debug, Default)]
pub(crate) struct Workloads {
    users: BTreeMap<(String, String), Users>,
}

/// Who runs as an account.
#[derive(Debug, Default, Clone)]
pub(crate) struct Users {
    pub(crate) count: usize,
    /// Addresses of the first ones.
    pub(crate) first: Vec<String>,
}

/// The way from a workload's `spec` to that of its pods; `None` for what is no workload.
pub(super) fn pod_spec(kind: &str) -> Option<&'static [&'static str]> {
    Some(match kind {
        "Pod" => &[],
        "CronJob" => &["job_template", "spec", "template", "spec"],
        "DaemonSet" | "Deployment" | "Job" | "ReplicaSet" | "ReplicationController" | "StatefulSet" => {
            &["template", "spec"]
        }
        _ => return None,
    })
}

impl Workloads {
    /// Takes in a workload in either spelling.
    pub(super) fn add(&mut self, address: &str, kind: &str, value: Value<'_>, namespace: &str) {
        let Some(way) = pod_spec(kind) else { return };
        let Some(mut spec) = value.get("spec").map(read::one) else {
            return;
        };
        for name in way {
            let camel = if *name == "job_template" { "jobTemplate" } else { name };
            let Some(next) = spec.get(name).or_else(|| spec.get(camel)) else {
                return;
            };
            spec = read::one(next);
        }
        let names = [
            "service_account_name",
            "serviceAccountName",
            "service_account",
            "serviceAccount",
        ];
        let account = names
            .iter()
            .find_map(|name| spec.get(name)?.as_str().filter(|name| !name.is_empty()));
        let account = account.map_or_else(|| String::from("default"), std::borrow::Cow::into_owned);
        let users = self.users.entry((namespace.to_owned(), account)).or_default();
        users.count += 1;
        if users.first.len() < NAMED_MAX {
            users.first.push(address.to_owned());
        }
    }

    pub(crate) fn of(&self, namespace: &str, account: &str) -> Option<&Users> {
        self.users.get(&(namespace.to_owned(), account.to_owned()))
    }
}
