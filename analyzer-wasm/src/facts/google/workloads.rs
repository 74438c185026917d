//! Workloads, and the service account that they run as.

use nhi_plan::json::Value;

use super::member::{self, Kind};
use crate::facts::cloud::{self, Site, Text};
use crate::facts::{Block, setting};

/// Where a workload names its service account.
struct Spec {
    resource_type: &'static str,
    /// Path of the attribute; the last segment may be missing in the plan.
    account: &'static str,
    /// Path of the scopes, where there are any.
    scopes: &'static str,
    /// Without the block around the attribute there is no service account at all.
    optional: bool,
}

const fn spec(resource_type: &'static str, account: &'static str, scopes: &'static str, optional: bool) -> Spec {
    Spec {
        resource_type,
        account,
        scopes,
        optional,
    }
}

/// Sorted by type.
static SPECS: [Spec; 17] = [
    spec(
        "google_cloud_run_service",
        "template[0].spec[0].service_account_name",
        "",
        false,
    ),
    spec(
        "google_cloud_run_v2_job",
        "template[0].template[0].service_account",
        "",
        false,
    ),
    spec("google_cloud_run_v2_service", "template[0].service_account", "", false),
    spec(
        "google_cloud_run_v2_worker_pool",
        "template[0].service_account",
        "",
        false,
    ),
    spec(
        "google_cloudfunctions2_function",
        "service_config[0].service_account_email",
        "",
        true,
    ),
    spec("google_cloudfunctions_function", "service_account_email", "", false),
    spec(
        "google_composer_environment",
        "config[0].node_config[0].service_account",
        "",
        false,
    ),
    spec(
        "google_compute_instance",
        "service_account[0].email",
        "service_account[0].scopes",
        true,
    ),
    spec(
        "google_compute_instance_from_template",
        "service_account[0].email",
        "service_account[0].scopes",
        true,
    ),
    spec(
        "google_compute_instance_template",
        "service_account[0].email",
        "service_account[0].scopes",
        true,
    ),
    spec(
        "google_compute_region_instance_template",
        "service_account[0].email",
        "service_account[0].scopes",
        true,
    ),
    spec(
        "google_container_cluster",
        "node_config[0].service_account",
        "node_config[0].oauth_scopes",
        true,
    ),
    spec(
        "google_container_node_pool",
        "node_config[0].service_account",
        "node_config[0].oauth_scopes",
        false,
    ),
    spec("google_dataflow_flex_template_job", "service_account_email", "", false),
    spec("google_dataflow_job", "service_account_email", "", false),
    spec(
        "google_dataproc_cluster",
        "cluster_config[0].gce_cluster_config[0].service_account",
        "cluster_config[0].gce_cluster_config[0].service_account_scopes",
        false,
    ),
    spec("google_workflows_workflow", "service_account", "", false),
];

/// A workload that runs as a default service account.
#[derive(Debug)]
pub(crate) struct Workload {
    pub(crate) site: Site,
    /// It may use every interface that the account may.
    pub(crate) whole: bool,
    /// It names the account; otherwise it leaves the choice to the service.
    pub(crate) named: bool,
    /// Which account it runs as is known only after apply.
    pub(crate) possible: bool,
}

/// The workload of a block, where it runs as a default service account.
pub(crate) fn read(block: &Block<'_>) -> Option<Workload> {
    let name = block.change.resource_type.as_ref();
    let spec = SPECS
        .binary_search_by(|spec| spec.resource_type.cmp(name))
        .ok()
        .and_then(|index| SPECS.get(index))?;
    let after = block.after()?;
    let is_true = |attribute: &str| after.get(attribute).and_then(Value::as_bool) == Some(true);
    // The pool that a cluster is born with is gone at once, or is Google's own.
    if name == "google_container_cluster" && (is_true("remove_default_node_pool") || is_true("enable_autopilot")) {
        return None;
    }
    if let Some((around, _)) = spec.account.rsplit_once('.').filter(|_| spec.optional) {
        let block_around = after.at(around).filter(|value| !value.is_null());
        if block_around.is_none() {
            let open = around.split_once('[').map_or(around, |(outer, _)| outer);
            let own = block.references(open).iter().any(|address| is_own_block(address));
            return ((setting::is_open(block, open) || setting::is_open(block, around)) && !own).then(|| Workload {
                site: Site::new(block, open),
                whole: false,
                named: true,
                possible: true,
            });
        }
    }
    let named = Text::read(block, spec.account);
    let is_default = match &named {
        None => true,
        Some(text) if text.options.is_empty() => {
            // The service fills in what nobody wrote.
            text.blocks.is_empty() || text.blocks.iter().any(|address| is_default_block(address))
        }
        Some(text) => {
            text.options.iter().any(|option| is_default_name(option))
                || text.blocks.iter().any(|address| is_default_block(address))
        }
    };
    let vague = |text: &Text| text.options.is_empty() || text.options.iter().any(|option| setting::is_symbol(option));
    let possible = !is_default
        && named
            .as_ref()
            .is_some_and(|text| vague(text) && !text.blocks.iter().any(|address| is_own_block(address)));
    if !is_default && !possible {
        return None;
    }
    let scopes = after.at(spec.scopes).filter(|_| !spec.scopes.is_empty());
    let whole = scopes.is_some_and(|scopes| {
        scopes
            .elements()
            .filter_map(Value::as_str)
            .any(|scope| scope.ends_with("/auth/cloud-platform") || scope == "cloud-platform")
    });
    Some(Workload {
        site: Site::new(block, spec.account),
        whole,
        named: named.is_some_and(|text| !text.options.is_empty() || !text.blocks.is_empty()),
        possible,
    })
}

/// Whether an address is a service account that somebody made, here or elsewhere.
fn is_own_block(address: &str) -> bool {
    matches!(
        cloud::type_of(address),
        "google_service_account" | "data.google_service_account"
    )
}

fn is_default_block(address: &str) -> bool {
    matches!(
        cloud::type_of(address),
        "data.google_compute_default_service_account" | "data.google_app_engine_default_service_account"
    )
}

fn is_default_name(name: &str) -> bool {
    let email = name.rsplit('/').next().unwrap_or(name);
    name == "default"
        || member::parse(&format!("serviceAccount:{email}"))
            .is_some_and(|principal| principal.kind == Kind::DefaultAccount)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specs_are_sorted() {
        assert!(SPECS.is_sorted_by(|left, right| left.resource_type < right.resource_type));
    }
}
