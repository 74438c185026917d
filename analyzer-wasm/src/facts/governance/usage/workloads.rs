//! Which resource types run as an identity, and where they name it.

use std::borrow::Cow;

use nhi_plan::json::{Kind, Value};
use nhi_plan::{Change, Mode};

use super::environment::{self, Environment};
use super::principal::is_identity;
use crate::facts::Block;
use crate::facts::cloud::{Site, Text};

/// Where a workload names its identity. `[*]` at the end: a list of which each element counts.
type Spec = (&'static str, &'static str);

/// Sorted by type. Execution roles of ECS, roles of clusters and of node groups are left out: they are of the platform.
static SPECS: [Spec; 36] = [
    ("aws_apprunner_service", "instance_configuration[0].instance_role_arn"),
    ("aws_codebuild_project", "service_role"),
    ("aws_ecs_task_definition", "task_role_arn"),
    ("aws_eks_pod_identity_association", "role_arn"),
    ("aws_glue_job", "role_arn"),
    ("aws_instance", "iam_instance_profile"),
    ("aws_lambda_function", "role"),
    ("aws_launch_configuration", "iam_instance_profile"),
    ("aws_launch_template", "iam_instance_profile[0].arn"),
    ("aws_launch_template", "iam_instance_profile[0].name"),
    ("aws_sagemaker_notebook_instance", "role_arn"),
    ("aws_sfn_state_machine", "role_arn"),
    ("aws_spot_instance_request", "iam_instance_profile"),
    ("azurerm_container_app", "identity[0].identity_ids[*]"),
    ("azurerm_container_app_job", "identity[0].identity_ids[*]"),
    ("azurerm_container_group", "identity[0].identity_ids[*]"),
    ("azurerm_linux_function_app", "identity[0].identity_ids[*]"),
    ("azurerm_linux_virtual_machine", "identity[0].identity_ids[*]"),
    ("azurerm_linux_virtual_machine_scale_set", "identity[0].identity_ids[*]"),
    ("azurerm_linux_web_app", "identity[0].identity_ids[*]"),
    ("azurerm_logic_app_standard", "identity[0].identity_ids[*]"),
    ("azurerm_windows_function_app", "identity[0].identity_ids[*]"),
    ("azurerm_windows_virtual_machine", "identity[0].identity_ids[*]"),
    (
        "azurerm_windows_virtual_machine_scale_set",
        "identity[0].identity_ids[*]",
    ),
    ("azurerm_windows_web_app", "identity[0].identity_ids[*]"),
    ("google_cloud_run_service", "template[0].spec[0].service_account_name"),
    ("google_cloud_run_v2_job", "template[0].template[0].service_account"),
    ("google_cloud_run_v2_service", "template[0].service_account"),
    (
        "google_cloudfunctions2_function",
        "service_config[0].service_account_email",
    ),
    ("google_cloudfunctions_function", "service_account_email"),
    ("google_compute_instance", "service_account[0].email"),
    ("google_compute_instance_template", "service_account[0].email"),
    ("google_compute_region_instance_template", "service_account[0].email"),
    ("google_dataflow_flex_template_job", "service_account_email"),
    ("google_dataflow_job", "service_account_email"),
    ("google_workflows_workflow", "service_account"),
];

/// Templates of machines: those of one cluster are one workload.
const TEMPLATES: [&str; 4] = [
    "aws_launch_configuration",
    "aws_launch_template",
    "google_compute_instance_template",
    "google_compute_region_instance_template",
];

const ACCOUNTS: [&str; 2] = ["kubernetes_service_account", "kubernetes_service_account_v1"];

/// Annotations by which a service account of Kubernetes becomes an identity of a cloud.
const ANNOTATIONS: [&str; 3] = [
    "eks.amazonaws.com/role-arn",
    "iam.gke.io/gcp-service-account",
    "azure.workload.identity/client-id",
];

/// A workload and the identity that it runs as.
#[derive(Debug)]
pub(super) struct Use {
    pub(super) site: Site,
    /// Uses of one group are one workload.
    pub(super) group: String,
    pub(super) environment: Option<Environment>,
    /// Each may name an identity.
    pub(super) texts: Vec<Text>,
    /// Whether every text is an identity of its own; otherwise they are ways to name one.
    pub(super) list: bool,
}

/// What types have a `before` that matters.
pub(crate) fn types() -> impl Iterator<Item = &'static str> {
    SPECS.iter().map(|spec| spec.0)
}

/// Whom a block runs as.
pub(super) fn read(block: &Block<'_>) -> Option<Use> {
    if block.change.mode != Mode::Managed {
        return None;
    }
    let name = block.change.resource_type.as_ref();
    if ACCOUNTS.contains(&name) {
        return account(block);
    }
    let first = SPECS.partition_point(|spec| spec.0 < name);
    let mut specs = SPECS.iter().skip(first).take_while(|spec| spec.0 == name).peekable();
    let path = specs.peek()?.1;
    let list = path.ends_with("[*]");
    let texts: Vec<_> = specs.flat_map(|spec| texts(block, spec.1)).collect();
    if texts.is_empty() {
        return None;
    }
    // An instance repeats the profile of the template that it starts from.
    let from_template = || {
        let template = block.after().and_then(|after| after.at("launch_template[0]"));
        template.is_some_and(|template| !template.is_null())
    };
    let group = if TEMPLATES.contains(&name) || name == "aws_instance" && from_template() {
        String::from("templates")
    } else if name == "aws_eks_pod_identity_association" {
        named(block.string("namespace"), block.string("service_account"))
            .unwrap_or_else(|| block.change.config_address.to_string())
    } else {
        block.change.config_address.to_string()
    };
    Some(Use {
        site: Site::new(block, path.trim_end_matches("[*]")),
        group,
        environment: environment::of(block),
        texts,
        list,
    })
}

/// Whom a block ran as that is no more.
pub(super) fn read_before(block: &Block<'_>) -> Option<Use> {
    let before = block.change.before.as_deref()?;
    let was = Change {
        after: Some(Cow::Borrowed(before)),
        unknown_paths: Vec::new(),
        ..block.change.clone()
    };
    read(&Block::new(&was, block.now))
}

fn texts(block: &Block<'_>, path: &str) -> Vec<Text> {
    let Some(list) = path.strip_suffix("[*]") else {
        return Text::read(block, path).into_iter().collect();
    };
    let value = block.after().and_then(|after| after.at(list));
    let known = value.filter(|value| value.kind() == Kind::Array && !value.is_empty());
    match known {
        Some(known) => {
            let each = known.elements().filter_map(Value::as_str);
            each.map(|text| Text::of(&text, Vec::new())).collect()
        }
        None if block.is_unknown(list) => {
            let each = block.references(list).into_iter();
            each.map(|address| Text {
                options: Vec::new(),
                blocks: vec![address],
            })
            .collect()
        }
        None => Vec::new(),
    }
}

fn account(block: &Block<'_>) -> Option<Use> {
    let metadata = block.after()?.at("metadata[0]")?;
    let texts: Vec<_> = ANNOTATIONS
        .iter()
        .filter_map(|name| annotation(block, metadata, name))
        .collect();
    let text = |name: &str| metadata.get(name).and_then(Value::as_str).map(Cow::into_owned);
    (!texts.is_empty()).then(|| Use {
        site: Site::new(block, "metadata[0].annotations"),
        group: named(text("namespace"), text("name")).unwrap_or_else(|| block.change.config_address.to_string()),
        environment: environment::of(block),
        texts,
        list: true,
    })
}

fn annotation(block: &Block<'_>, metadata: Value<'_>, name: &str) -> Option<Text> {
    let path = "metadata[0].annotations";
    let value = metadata.get("annotations").and_then(|all| all.get(name)?.as_str());
    if let Some(value) = value.filter(|value| !value.is_empty()) {
        return Some(Text::of(&value, Vec::new()));
    }
    // All annotations share their references: one identity among them is the one that is meant.
    let mut blocks = block.references(path);
    blocks.retain(|address| is_identity(address));
    let is_unknown = block.is_unknown(&format!("{path}[{}]", nhi_plan::json::quote(name)));
    (is_unknown && blocks.len() == 1).then(|| Text {
        options: Vec::new(),
        blocks,
    })
}

/// The same account in several clusters is one workload.
fn named(namespace: Option<String>, name: Option<String>) -> Option<String> {
    Some(format!("{}/{}", namespace?, name?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specs_are_sorted() {
        assert!(SPECS.is_sorted());
    }
}
