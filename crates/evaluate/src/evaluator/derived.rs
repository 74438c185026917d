//! Attributes that follow from others: ARNs of AWS, and ids that are names.
//!
//! Sources: "Service Authorization Reference" of AWS for the forms of ARNs, the attribute reference of each resource
//! in the documentation of the AWS provider 5.100 for ids.

use nhi_plan::symbol::symbol;

use super::{Evaluator, Scope, Slot};
use crate::ast::{Kind, Step, Text};
use crate::fault::Fault;
use crate::value::{Data, Value};

/// Type, attribute, and the text it has; braces hold attributes, and `partition`, `region` and `account`.
/// Sorted by type and attribute.
const DERIVED: [(&str, &str, &str); 33] = [
    (
        "aws_cloudwatch_log_group",
        "arn",
        "arn:{partition}:logs:{region}:{account}:log-group:{name}",
    ),
    ("aws_cloudwatch_log_group", "id", "{name}"),
    (
        "aws_codebuild_project",
        "arn",
        "arn:{partition}:codebuild:{region}:{account}:project/{name}",
    ),
    (
        "aws_dynamodb_table",
        "arn",
        "arn:{partition}:dynamodb:{region}:{account}:table/{name}",
    ),
    ("aws_dynamodb_table", "id", "{name}"),
    (
        "aws_ecr_repository",
        "arn",
        "arn:{partition}:ecr:{region}:{account}:repository/{name}",
    ),
    ("aws_ecr_repository", "id", "{name}"),
    (
        "aws_iam_group",
        "arn",
        "arn:{partition}:iam::{account}:group{path}{name}",
    ),
    ("aws_iam_group", "id", "{name}"),
    (
        "aws_iam_instance_profile",
        "arn",
        "arn:{partition}:iam::{account}:instance-profile{path}{name}",
    ),
    ("aws_iam_instance_profile", "id", "{name}"),
    (
        "aws_iam_policy",
        "arn",
        "arn:{partition}:iam::{account}:policy{path}{name}",
    ),
    (
        "aws_iam_policy",
        "id",
        "arn:{partition}:iam::{account}:policy{path}{name}",
    ),
    ("aws_iam_role", "arn", "arn:{partition}:iam::{account}:role{path}{name}"),
    ("aws_iam_role", "id", "{name}"),
    ("aws_iam_user", "arn", "arn:{partition}:iam::{account}:user{path}{name}"),
    ("aws_iam_user", "id", "{name}"),
    (
        "aws_kinesis_stream",
        "arn",
        "arn:{partition}:kinesis:{region}:{account}:stream/{name}",
    ),
    (
        "aws_kinesis_stream",
        "id",
        "arn:{partition}:kinesis:{region}:{account}:stream/{name}",
    ),
    (
        "aws_lambda_function",
        "arn",
        "arn:{partition}:lambda:{region}:{account}:function:{function_name}",
    ),
    ("aws_lambda_function", "id", "{function_name}"),
    ("aws_s3_bucket", "arn", "arn:{partition}:s3:::{bucket}"),
    ("aws_s3_bucket", "id", "{bucket}"),
    ("aws_s3_bucket_policy", "id", "{bucket}"),
    ("aws_s3_bucket_public_access_block", "id", "{bucket}"),
    (
        "aws_sfn_state_machine",
        "arn",
        "arn:{partition}:states:{region}:{account}:stateMachine:{name}",
    ),
    (
        "aws_sfn_state_machine",
        "id",
        "arn:{partition}:states:{region}:{account}:stateMachine:{name}",
    ),
    ("aws_sns_topic", "arn", "arn:{partition}:sns:{region}:{account}:{name}"),
    ("aws_sns_topic", "id", "arn:{partition}:sns:{region}:{account}:{name}"),
    ("aws_sqs_queue", "arn", "arn:{partition}:sqs:{region}:{account}:{name}"),
    (
        "aws_ssm_document",
        "arn",
        "arn:{partition}:ssm:{region}:{account}:document/{name}",
    ),
    ("aws_ssm_document", "id", "{name}"),
    ("aws_ssm_parameter", "id", "{name}"),
];

/// The partition of a region.
fn partition(region: &str) -> &'static str {
    match region {
        _ if region.starts_with("cn-") => "aws-cn",
        _ if region.starts_with("us-gov-") => "aws-us-gov",
        _ if region.starts_with("us-isob-") => "aws-iso-b",
        _ if region.starts_with("us-iso-") => "aws-iso",
        _ if region.starts_with("eusc-") => "aws-eusc",
        _ => "aws",
    }
}

impl Evaluator<'_> {
    /// Whether an attribute follows from others, or is what a policy document makes.
    pub(crate) fn is_derivable(&self, at: u32, name: &str) -> bool {
        let Some(instance) = self.index.instance(at) else {
            return false;
        };
        let document = instance.resource_type == "aws_iam_policy_document" && matches!(name, "json" | "minified_json");
        document
            || DERIVED
                .iter()
                .any(|(of, attribute, _)| *of == instance.resource_type && *attribute == name)
    }

    /// What follows for an attribute; nothing unless the names it is made of are known, be it in part.
    pub(super) fn derived(&mut self, at: u32, name: &str) -> Result<Option<Value>, Fault> {
        let Some(instance) = self.index.instance(at) else {
            return Ok(None);
        };
        let resource_type = instance.resource_type;
        let pattern = DERIVED
            .iter()
            .find(|(of, attribute, _)| *of == resource_type && *attribute == name);
        let Some((_, _, pattern)) = pattern else {
            return Ok(None);
        };
        let mut parts = Vec::new();
        let mut rest = *pattern;
        while let Some((plain, after)) = rest.split_once('{') {
            parts.push(Value::text(plain));
            let (field, after) = after.split_once('}').unwrap_or((after, ""));
            rest = after;
            let value = match field {
                "partition" => match self.region(at).known_text() {
                    Some(region) => Value::text(partition(region)),
                    None => Value::text(symbol("partition")),
                },
                "region" => {
                    let region = self.region(at);
                    if region.as_text().is_some() {
                        region
                    } else {
                        Value::text(symbol("region"))
                    }
                }
                "account" => self
                    .account()
                    .map_or_else(|| Value::text(symbol("account")), Value::text),
                attribute => self.resource_attribute(at, &Text::from(attribute)),
            };
            if !matches!(value.data, Data::Text(_) | Data::OneOf(_)) {
                return Ok(None);
            }
            parts.push(value);
        }
        parts.push(Value::text(rest));
        self.joined(&parts).map(Some)
    }

    /// The account, where the plan has asked for it and one provider block is all there is.
    fn account(&self) -> Option<Text> {
        let mut providers = self
            .plan
            .configuration
            .providers
            .iter()
            .filter(|provider| provider.name == "aws");
        if providers.next().is_none() || providers.next().is_some() {
            return None;
        }
        let mut found = None;
        for resource in &self.plan.state_resources {
            if resource.resource_type == "aws_caller_identity" {
                let document = nhi_plan::json::parse(resource.values?).ok()?;
                let account = Text::from(&*document.root().get("account_id")?.as_str()?);
                if found.as_ref().is_some_and(|known| *known != account) {
                    return None;
                }
                found = Some(account);
            }
        }
        found
    }

    /// The region that the plan's only provider block names, for a plan without sources.
    fn only_region(&self) -> Option<Text> {
        let mut providers = self
            .plan
            .configuration
            .providers
            .iter()
            .filter(|provider| provider.name == "aws");
        let only = providers.next().filter(|_| providers.next().is_none())?;
        let document = nhi_plan::json::parse(only.expressions?).ok()?;
        let region = document.root().at("region.constant_value")?.as_str()?;
        Some(Text::from(&*region))
    }

    /// The region of the provider block that an instance uses.
    fn region(&mut self, at: u32) -> Value {
        let unknown = || Value::unknown("region");
        let Some((block, module)) = self.block_of(at) else {
            return self.only_region().map_or_else(unknown, Value::text);
        };
        if let Some(region) = block.body.attribute("region") {
            let kind = &region.value.kind;
            return if let Kind::Text(region) = kind {
                Value::text(region.clone())
            } else {
                unknown()
            };
        }
        let alias = match block.body.attribute("provider").map(|provider| &provider.value.kind) {
            None | Some(Kind::Variable(_)) => None,
            Some(Kind::Traversal(base, steps)) => match (&base.kind, steps.as_slice()) {
                (Kind::Variable(_), [Step::Attribute(alias)]) => Some(alias.clone()),
                _ => return unknown(),
            },
            Some(_) => return unknown(),
        };
        self.region_of(module, alias)
    }

    fn region_of(&mut self, module: u32, alias: Option<Text>) -> Value {
        let mut module = module;
        loop {
            let Some(config) = self.module_config(module) else {
                return Value::unknown("region");
            };
            let block = config.providers.iter().find(|block| {
                let known = match block.body.attribute("alias").map(|alias| &alias.value.kind) {
                    Some(Kind::Text(alias)) => Some(alias),
                    _ => None,
                };
                block.label(0) == "aws" && known == alias.as_ref()
            });
            if let Some(block) = block {
                let Some(region) = block.body.attribute("region") else {
                    return Value::unknown("region");
                };
                let slot = Slot::Region(alias.unwrap_or_else(|| Text::from("")));
                return self.once(module, slot, "region", |evaluator| {
                    evaluator.evaluate(&region.value, &Scope::of_module(module))
                });
            }
            let Some((parent, call)) = self
                .module_instance(module)
                .and_then(|found| Some((found.parent?, found.call.clone())))
            else {
                return Value::unknown("region");
            };
            // A call that hands providers on may exchange them; an alias never comes by itself.
            let call = self.module_config(parent).and_then(|config| config.calls.get(&call));
            if alias.is_some() || call.is_none_or(|call| call.body.attribute("providers").is_some()) {
                return Value::unknown("region");
            }
            module = parent;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::DERIVED;

    #[test]
    fn the_table_is_sorted() {
        assert!(
            DERIVED
                .windows(2)
                .all(|pair| (pair[0].0, pair[0].1) < (pair[1].0, pair[1].1))
        );
    }
}
