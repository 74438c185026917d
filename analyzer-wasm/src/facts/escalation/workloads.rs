//! Which resource types run as a role, and what their ARNs look like.
//!
//! A table, so that a provider's new resource is a row and not a branch. Attributes are those of the AWS provider's
//! schema 5.100; ARN formats are those of the service authorization reference.

use std::borrow::Cow;

use nhi_plan::Mode;
use nhi_plan::json::{self, Value};
use nhi_plan::symbol;

use crate::facts::iam::access::OWN;
use crate::facts::{Block, without_indices};

/// What an attribute says about the role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holds {
    /// ARN or name of a role.
    Role,
    /// ARN or name of an instance profile.
    Profile,
    /// JSON text with a member that holds the role.
    Json(&'static str),
}

/// A resource type that runs as a role.
#[derive(Debug)]
struct Spec {
    resource_type: &'static str,
    /// Kinds of workload that methods speak of; the first names it in messages.
    kinds: &'static [&'static str],
    /// Attribute paths; blocks are written with dots.
    roles: &'static [(&'static str, Holds)],
    /// ARNs without the partition; `{attribute}` where a value stands, `*` where AWS chooses one.
    arns: &'static [&'static str],
}

const fn spec(
    resource_type: &'static str,
    kinds: &'static [&'static str],
    roles: &'static [(&'static str, Holds)],
    arns: &'static [&'static str],
) -> Spec {
    Spec {
        resource_type,
        kinds,
        roles,
        arns,
    }
}

const INSTANCE: &[&str] = &["instance", "deployed-instance"];
const PROFILE: &[(&str, Holds)] = &[("iam_instance_profile", Holds::Profile)];
const ROLE_ARN: &[(&str, Holds)] = &[("role_arn", Holds::Role)];
const TEMPLATE: &[(&str, Holds)] = &[
    ("iam_instance_profile.name", Holds::Profile),
    ("iam_instance_profile.arn", Holds::Profile),
];

/// Every resource type that runs as a role, sorted.
static SPECS: [Spec; 29] = [
    spec(
        "aws_apprunner_service",
        &["apprunner"],
        &[("instance_configuration.instance_role_arn", Holds::Role)],
        &["apprunner:*:*:service/{service_name}/*"],
    ),
    spec(
        "aws_appstream_fleet",
        &["appstream"],
        &[("iam_role_arn", Holds::Role)],
        &["appstream:*:*:fleet/{name}"],
    ),
    spec(
        "aws_appstream_image_builder",
        &["appstream"],
        &[("iam_role_arn", Holds::Role)],
        &["appstream:*:*:image-builder/{name}"],
    ),
    spec(
        "aws_batch_job_definition",
        &["batch-job"],
        &[("container_properties", Holds::Json("jobRoleArn"))],
        &["batch:*:*:job-definition/{name}*"],
    ),
    spec(
        "aws_bedrockagentcore_agent_runtime",
        &["agent-runtime"],
        ROLE_ARN,
        &["bedrock-agentcore:*:*:runtime/{agent_runtime_name}-*"],
    ),
    spec(
        "aws_bedrockagentcore_browser",
        &["browser"],
        &[("execution_role_arn", Holds::Role)],
        &["bedrock-agentcore:*:*:browser-custom/{name}-*"],
    ),
    spec(
        "aws_bedrockagentcore_code_interpreter",
        &["code-interpreter"],
        &[("execution_role_arn", Holds::Role)],
        &["bedrock-agentcore:*:*:code-interpreter-custom/{name}-*"],
    ),
    spec(
        "aws_cloudformation_stack",
        &["stack"],
        &[("iam_role_arn", Holds::Role)],
        &["cloudformation:*:*:stack/{name}/*"],
    ),
    spec(
        "aws_cloudformation_stack_set",
        &["stack-set"],
        &[("administration_role_arn", Holds::Role)],
        &["cloudformation:*:*:stackset/{name}:*"],
    ),
    spec(
        "aws_codebuild_project",
        &["codebuild"],
        &[("service_role", Holds::Role)],
        &["codebuild:*:*:project/{name}"],
    ),
    spec(
        "aws_codepipeline",
        &["pipeline"],
        ROLE_ARN,
        &["codepipeline:*:*:{name}"],
    ),
    spec(
        "aws_ecs_task_definition",
        &["task"],
        &[("task_role_arn", Holds::Role)],
        &["ecs:*:*:task/*", "ecs:*:*:cluster/*"],
    ),
    spec(
        "aws_eks_node_group",
        &["pods"],
        &[("node_role_arn", Holds::Role)],
        &[
            "eks:*:*:cluster/{cluster_name}",
            "eks:*:*:access-entry/{cluster_name}/*",
        ],
    ),
    spec(
        "aws_eks_pod_identity_association",
        &["pods"],
        ROLE_ARN,
        &[
            "eks:*:*:cluster/{cluster_name}",
            "eks:*:*:access-entry/{cluster_name}/*",
        ],
    ),
    spec(
        "aws_emr_cluster",
        &["instance", "emr-cluster"],
        &[("ec2_attributes.instance_profile", Holds::Profile)],
        &["ec2:*:*:instance/*", "elasticmapreduce:*:*:cluster/{id}"],
    ),
    spec(
        "aws_glue_dev_endpoint",
        &["dev-endpoint"],
        ROLE_ARN,
        &["glue:*:*:devEndpoint/{name}"],
    ),
    spec("aws_glue_job", &["glue-job"], ROLE_ARN, &["glue:*:*:job/{name}"]),
    spec("aws_instance", INSTANCE, PROFILE, &["ec2:*:*:instance/{id}"]),
    spec(
        "aws_kinesisanalyticsv2_application",
        &["analytics"],
        &[("service_execution_role", Holds::Role)],
        &["kinesisanalytics:*:*:application/{name}"],
    ),
    spec(
        "aws_lambda_function",
        &["function"],
        &[("role", Holds::Role)],
        &["lambda:*:*:function:{function_name}"],
    ),
    spec(
        "aws_launch_configuration",
        INSTANCE,
        PROFILE,
        &["ec2:*:*:instance/{id}"],
    ),
    spec(
        "aws_launch_template",
        &["launch-template", "instance", "deployed-instance"],
        TEMPLATE,
        &["ec2:*:*:launch-template/{id}", "ec2:*:*:instance/*"],
    ),
    spec(
        "aws_sagemaker_domain",
        &["sagemaker-domain"],
        &[("default_user_settings.execution_role", Holds::Role)],
        &["sagemaker:*:*:user-profile/{id}/*"],
    ),
    spec(
        "aws_sagemaker_notebook_instance",
        &["notebook"],
        ROLE_ARN,
        &["sagemaker:*:*:notebook-instance/{name}"],
    ),
    spec(
        "aws_sagemaker_user_profile",
        &["sagemaker-domain"],
        &[("user_settings.execution_role", Holds::Role)],
        &["sagemaker:*:*:user-profile/{domain_id}/{user_profile_name}"],
    ),
    spec(
        "aws_scheduler_schedule",
        &["schedule"],
        &[("target.role_arn", Holds::Role)],
        &["scheduler:*:*:schedule/*/{name}"],
    ),
    spec(
        "aws_sfn_state_machine",
        &["state-machine"],
        ROLE_ARN,
        &["states:*:*:stateMachine:{name}"],
    ),
    spec(
        "aws_spot_fleet_request",
        INSTANCE,
        &[("launch_specification.iam_instance_profile", Holds::Profile)],
        &["ec2:*:*:instance/*"],
    ),
    spec(
        "aws_spot_instance_request",
        INSTANCE,
        PROFILE,
        &["ec2:*:*:instance/{id}"],
    ),
];

/// Whether any resource type is such a workload.
#[cfg(test)]
pub(crate) fn is_kind(kind: &str) -> bool {
    SPECS.iter().any(|spec| spec.kinds.contains(&kind))
}

/// What a value says of a role or profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) holds: Holds,
    /// Its ARN or name, perhaps with symbols.
    pub(crate) value: Option<String>,
    /// Configuration addresses that the value rests on.
    pub(crate) blocks: Vec<String>,
}

/// Something that runs as a role.
#[derive(Debug)]
pub(crate) struct Workload {
    pub(crate) address: String,
    pub(crate) module_address: String,
    pub(crate) kinds: &'static [&'static str],
    pub(crate) links: Vec<Link>,
    /// Its ARN as far as it is known, and as a symbol.
    pub(crate) names: Vec<String>,
}

impl Workload {
    /// Reads a workload; `None` for blocks that run as nobody.
    pub(crate) fn read(block: &Block<'_>) -> Option<Self> {
        let resource_type = block.change.resource_type.as_ref();
        if block.change.mode != Mode::Managed {
            return None;
        }
        let index = SPECS
            .binary_search_by(|spec| spec.resource_type.cmp(resource_type))
            .ok()?;
        let spec = SPECS.get(index)?;
        let links: Vec<_> = spec
            .roles
            .iter()
            .flat_map(|(path, holds)| links(block, path, *holds))
            .collect();
        if links.is_empty() {
            return None;
        }
        let arn = block
            .string("arn")
            .filter(|arn| !arn.is_empty() && !symbol::has_symbols(arn));
        let own = symbol::symbol(&[&*block.change.address, ".arn"].concat());
        Some(Self {
            address: block.change.address.to_string(),
            module_address: block.change.module_address.to_string(),
            kinds: spec.kinds,
            links,
            names: match arn {
                Some(arn) => vec![arn, own],
                None => spec
                    .arns
                    .iter()
                    .filter_map(|format| foretold(block, format))
                    .chain([own])
                    .collect(),
            },
        })
    }

    /// The word for it in messages.
    pub(crate) fn kind(&self) -> &'static str {
        self.kinds.first().copied().unwrap_or("workload")
    }
}

/// The ARN as far as the attributes tell: of the own account and region, with a symbol for what AWS will choose.
fn foretold(block: &Block<'_>, format: &str) -> Option<String> {
    let id = symbol::symbol(&[&*block.change.address, ".id"].concat());
    let mut arn = ["arn:", OWN, ":"].concat();
    let mut rest = format;
    while let Some((before, after)) = rest.split_once('{') {
        arn.push_str(before);
        let (attribute, after) = after.split_once('}')?;
        let value = block.string(attribute).filter(|value| !value.is_empty());
        arn.push_str(value.as_deref().unwrap_or(&id));
        rest = after;
    }
    arn.push_str(rest);
    Some(
        arn.replace(":*:*:", &[":", OWN, ":", OWN, ":"].concat())
            .replace('*', &id),
    )
}

fn links(block: &Block<'_>, path: &str, holds: Holds) -> Vec<Link> {
    let blocks = || block.references(path);
    let mut values = Vec::new();
    if let Some(after) = block.after() {
        strings(after, path, &mut values);
    }
    let mut found: Vec<_> = values
        .into_iter()
        .filter_map(|text| read(text, holds))
        .map(|value| Link {
            holds,
            value: Some(value),
            blocks: blocks(),
        })
        .collect();
    if found.is_empty()
        && block.change.unknown_paths.iter().any(|unknown| touches(unknown, path))
        && !blocks().is_empty()
    {
        found.push(Link {
            holds,
            value: None,
            blocks: blocks(),
        });
    }
    found
}

/// Whether an unknown path, which may have indices, is `path` or around it.
fn touches(unknown: &str, path: &str) -> bool {
    let plain = without_indices(unknown);
    path.strip_prefix(&*plain)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn read(text: String, holds: Holds) -> Option<String> {
    let Holds::Json(member) = holds else {
        return (!text.is_empty()).then_some(text);
    };
    let document = json::parse(&text).ok()?;
    let value = document.root().get(member)?.as_str().map(Cow::into_owned)?;
    (!value.is_empty()).then_some(value)
}

/// The strings at a path of nested blocks.
fn strings(value: Value<'_>, path: &str, found: &mut Vec<String>) {
    if value.kind() == json::Kind::Array {
        for element in value.elements() {
            strings(element, path, found);
        }
        return;
    }
    if path.is_empty() {
        found.extend(value.as_str().map(Cow::into_owned));
        return;
    }
    let (name, rest) = path.split_once('.').unwrap_or((path, ""));
    if let Some(inner) = value.get(name) {
        strings(inner, rest, found);
    }
}

#[cfg(test)]
mod tests {
    use nhi_policy_sdk::testing;

    use super::*;

    #[test]
    fn specs_are_sorted() {
        assert!(SPECS.is_sorted_by(|left, right| left.resource_type < right.resource_type));
    }

    fn read(address: &str, after: &str) -> Option<Workload> {
        let change = testing::change(address, after);
        Workload::read(&Block::new(&change, ""))
    }

    #[test]
    fn reads_where_the_role_stands() {
        let function = read(
            "aws_lambda_function.f",
            r#"{"function_name":"app","role":"arn:aws:iam::111122223333:role/r"}"#,
        );
        let function = function.expect("a workload");
        assert_eq!(function.names[0], format!("arn:{OWN}:lambda:{OWN}:{OWN}:function:app"));
        assert_eq!(
            function.links[0].value.as_deref(),
            Some("arn:aws:iam::111122223333:role/r")
        );
        let template = read(
            "aws_launch_template.t",
            r#"{"iam_instance_profile":[{"name":"p","arn":null}]}"#,
        );
        assert_eq!(template.expect("a workload").links[0].holds, Holds::Profile);
        let job = r#"{"name":"j","container_properties":"{\"jobRoleArn\":\"arn:aws:iam::111122223333:role/r\"}"}"#;
        assert!(read("aws_batch_job_definition.j", job).is_some());
        assert!(read("aws_instance.i", "{}").is_none());
        assert!(read("aws_sqs_queue.q", r#"{"role_arn":"arn:aws:iam::111122223333:role/r"}"#).is_none());
    }

    #[test]
    fn unknown_paths_with_indices() {
        assert!(touches("target[0].role_arn", "target.role_arn"));
        assert!(touches("target", "target.role_arn"));
        assert!(!touches("target[0].arn", "target.role_arn"));
    }
}
