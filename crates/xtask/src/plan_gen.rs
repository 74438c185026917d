//! Writes plans of any size with the shape of real ones, so that speed can be measured on what people have.
//!
//! Five resources make a service: policy, role, attachment, function and bucket, as the AWS provider plans them.
//! Half of the services stand in the root module, half in one module called with `for_each`, because the first makes
//! the configuration large and the second makes it shared. One service in a thousand allows everything.

use std::io::{self, Write};

use serde_json::{Value, json};

/// Resources of one service.
const KINDS: usize = 5;
/// One service in this many holds a policy that allows everything.
const PLANTED_EVERY: usize = 1_000;
/// The first such service.
const PLANTED_FIRST: usize = 7;
/// One service in this many has a bucket of the rare type, where a plan has any: one change in a hundred.
const RARE_EVERY: usize = 20;
/// That type. Buckets of services that allow everything have no tags.
pub(crate) const RARE_TYPE: &str = "aws_s3_directory_bucket";
/// Actions that policies draw from.
const ACTIONS: [&str; 12] = [
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "s3:GetObject",
    "s3:ListBucket",
    "s3:PutObject",
    "sns:Publish",
    "sqs:ReceiveMessage",
    "sqs:SendMessage",
    "xray:PutTraceSegments",
];

/// How many policies that allow everything a plan of `changes` holds.
pub(crate) fn planted(changes: usize) -> usize {
    (0..changes)
        .step_by(KINDS)
        .filter(|index| allows_everything(index / KINDS))
        .count()
}

/// What kind of a plan is wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    /// How many resources change.
    pub(crate) changes: usize,
    /// Where what is drawn comes from.
    pub(crate) seed: u64,
    /// Whether one change in a hundred is of the rare type.
    pub(crate) has_rare: bool,
}

/// Writes a plan. The same shape gives the same bytes.
pub(crate) fn write_plan(out: &mut impl Write, shape: Shape) -> io::Result<()> {
    let resources = || (0..shape.changes).map(move |index| Resource::new(index, shape));
    write!(
        out,
        r#"{{"format_version":"1.2","terraform_version":"1.11.4","variables":{{"region":{{"value":"eu-west-1"}}}},"#
    )?;
    write!(out, r#""planned_values":{{"root_module":{{"resources":["#)?;
    list(
        out,
        resources()
            .filter(|resource| !resource.in_module())
            .map(Resource::planned),
    )?;
    write!(out, r#"],"child_modules":["#)?;
    list(
        out,
        resources()
            .filter(Resource::in_module)
            .map(|resource| json!({"resources": [resource.planned()], "address": resource.module_address()})),
    )?;
    write!(out, r#"]}}}},"resource_changes":["#)?;
    list(out, resources().map(Resource::change))?;
    write!(
        out,
        r#"],"configuration":{{"provider_config":{{"aws":{}}},"root_module":{{"resources":["#,
        provider()
    )?;
    list(
        out,
        resources()
            .filter(|resource| !resource.in_module())
            .map(Resource::configuration),
    )?;
    let called: Vec<Value> = (0..KINDS)
        .map(|kind| {
            Resource {
                kind,
                service: 1,
                shape,
            }
            .configuration()
        })
        .collect();
    let call = json!({
        "source": "./modules/service",
        "expressions": {"name": {"references": ["each.key"]}, "region": {"references": ["var.region"]}},
        "for_each_expression": {"references": ["local.services"]},
        "module": {"resources": called, "variables": {"name": {}, "region": {}}},
    });
    write!(
        out,
        r#"],"module_calls":{{"service":{call}}},"variables":{{"region":{{"default":"eu-west-1"}}}}}}}},"#
    )?;
    write!(
        out,
        r#""timestamp":"2026-01-02T03:04:05Z","applyable":true,"complete":true,"errored":false}}"#
    )?;
    out.flush()
}

fn list(out: &mut impl Write, values: impl Iterator<Item = Value>) -> io::Result<()> {
    for (index, value) in values.enumerate() {
        if index > 0 {
            out.write_all(b",")?;
        }
        serde_json::to_writer(&mut *out, &value)?;
    }
    Ok(())
}

fn provider() -> Value {
    json!({
        "name": "aws",
        "full_name": "registry.terraform.io/hashicorp/aws",
        "version_constraint": "~> 5.100",
        "expressions": {"region": {"references": ["var.region"]}},
    })
}

fn allows_everything(service: usize) -> bool {
    service % PLANTED_EVERY == PLANTED_FIRST
}

/// One resource of one service.
#[derive(Debug, Clone, Copy)]
struct Resource {
    kind: usize,
    service: usize,
    shape: Shape,
}

impl Resource {
    fn new(index: usize, shape: Shape) -> Self {
        Self {
            kind: index % KINDS,
            service: index / KINDS,
            shape,
        }
    }

    fn in_module(&self) -> bool {
        self.service % 2 == 1
    }

    fn service_name(self) -> String {
        format!("payments-{:05}", self.service)
    }

    fn module_address(self) -> String {
        format!("module.service[\"{}\"]", self.service_name())
    }

    fn is_rare(self) -> bool {
        self.shape.has_rare && self.kind == KINDS - 1 && self.service % RARE_EVERY == PLANTED_FIRST
    }

    fn block_type(self) -> &'static str {
        if self.is_rare() {
            return RARE_TYPE;
        }
        [
            "aws_iam_policy",
            "aws_iam_role",
            "aws_iam_role_policy_attachment",
            "aws_lambda_function",
            "aws_s3_bucket",
        ]
        .get(self.kind)
        .copied()
        .unwrap_or("aws_s3_bucket")
    }

    fn block_name(self) -> String {
        if self.in_module() {
            "this".to_owned()
        } else {
            format!("service_{:05}", self.service)
        }
    }

    fn address(self) -> String {
        let block = format!("{}.{}", self.block_type(), self.block_name());
        if self.in_module() {
            format!("{}.{block}", self.module_address())
        } else {
            block
        }
    }

    fn tags(self) -> Value {
        json!({
            "service": self.service_name(),
            "environment": "staging",
            "owner": format!("team-{}", self.service % 40),
            "expires-at": "2027-06-30",
        })
    }

    /// A small generator of its own: the plan must be the same on every machine.
    fn draw(self, salt: u64) -> usize {
        let mut state = self.shape.seed ^ (self.service as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ salt;
        state = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        state = (state ^ (state >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((state ^ (state >> 31)) % 0xFFFF).unwrap_or_default()
    }

    fn policy(self) -> String {
        if allows_everything(self.service) {
            return json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
                .to_string();
        }
        let name = self.service_name();
        let statement = |salt: u64, resource: String| {
            let first = self.draw(salt) % ACTIONS.len();
            let actions: Vec<&str> = ACTIONS.iter().cycle().skip(first).take(3).copied().collect();
            json!({"Effect": "Allow", "Action": actions, "Resource": resource})
        };
        json!({
            "Version": "2012-10-17",
            "Statement": [
                statement(1, format!("arn:aws:s3:::{name}-data/*")),
                statement(2, format!("arn:aws:dynamodb:eu-west-1:111122223333:table/{name}")),
            ],
        })
        .to_string()
    }

    fn trust() -> String {
        json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }],
        })
        .to_string()
    }

    fn after(self) -> Value {
        let name = self.service_name();
        match self.block_type() {
            "aws_iam_policy" => json!({
                "name": name, "path": "/service/", "description": "What the service needs", "policy": self.policy(),
                "tags": self.tags(), "tags_all": self.tags(),
            }),
            "aws_iam_role" => json!({
                "name": name, "path": "/service/", "assume_role_policy": Self::trust(), "description": null,
                "force_detach_policies": false, "max_session_duration": 3600, "permissions_boundary": null,
                "tags": self.tags(), "tags_all": self.tags(),
            }),
            "aws_iam_role_policy_attachment" => json!({"role": name}),
            "aws_lambda_function" => json!({
                "function_name": name, "handler": "index.handler", "runtime": "nodejs22.x", "memory_size": 512,
                "timeout": 30, "package_type": "Zip", "publish": false, "filename": "build/function.zip",
                "environment": [{"variables": {"TABLE": name, "LOG_LEVEL": "info", "REGION": "eu-west-1"}}],
                "vpc_config": [], "layers": null, "reserved_concurrent_executions": -1,
                "tags": self.tags(), "tags_all": self.tags(),
            }),
            RARE_TYPE if allows_everything(self.service) => json!({"bucket": name, "tags": null, "tags_all": {}}),
            _ => json!({
                "bucket": format!("{name}-data"), "force_destroy": false, "timeouts": null,
                "tags": self.tags(), "tags_all": self.tags(),
            }),
        }
    }

    fn after_unknown(self) -> Value {
        match self.block_type() {
            "aws_iam_policy" => json!({"arn": true, "attachment_count": true, "id": true, "policy_id": true}),
            "aws_iam_role" => {
                json!({"arn": true, "create_date": true, "id": true, "inline_policy": true, "managed_policy_arns": true, "unique_id": true})
            }
            "aws_iam_role_policy_attachment" => json!({"id": true, "policy_arn": true}),
            "aws_lambda_function" => json!({
                "arn": true, "code_sha256": true, "id": true, "invoke_arn": true, "last_modified": true, "role": true,
                "qualified_arn": true, "version": true, "environment": [{"variables": {}}], "vpc_config": [],
            }),
            _ => json!({
                "acl": true, "arn": true, "bucket_domain_name": true, "bucket_regional_domain_name": true, "id": true,
                "policy": true, "region": true, "versioning": true, "website": true,
            }),
        }
    }

    fn planned(self) -> Value {
        json!({
            "address": self.address(), "mode": "managed", "type": self.block_type(), "name": self.block_name(),
            "provider_name": "registry.terraform.io/hashicorp/aws", "schema_version": 0,
            "values": self.after(), "sensitive_values": {},
        })
    }

    fn change(self) -> Value {
        let mut change = json!({
            "address": self.address(), "mode": "managed", "type": self.block_type(), "name": self.block_name(),
            "provider_name": "registry.terraform.io/hashicorp/aws",
            "change": {
                "actions": ["create"], "before": null, "after": self.after(),
                "after_unknown": self.after_unknown(), "before_sensitive": false, "after_sensitive": {"tags": {}},
            },
        });
        if let (true, Some(members)) = (self.in_module(), change.as_object_mut()) {
            members.insert("module_address".to_owned(), json!(self.module_address()));
        }
        change
    }

    fn configuration(self) -> Value {
        let sibling = |block: &str, attribute: &str| {
            let address = format!("{block}.{}", self.block_name());
            json!({"references": [format!("{address}.{attribute}"), address]})
        };
        let name = if self.in_module() {
            json!({"references": ["var.name"]})
        } else {
            json!({"constant_value": self.service_name()})
        };
        let expressions = match self.block_type() {
            "aws_iam_policy" => json!({"name": name, "path": {"constant_value": "/service/"}, "policy": {}}),
            "aws_iam_role" => {
                json!({"name": name, "assume_role_policy": {}, "tags": {"references": ["local.tags"]}})
            }
            "aws_iam_role_policy_attachment" => {
                json!({"role": sibling("aws_iam_role", "name"), "policy_arn": sibling("aws_iam_policy", "arn")})
            }
            "aws_lambda_function" => json!({
                "function_name": name, "role": sibling("aws_iam_role", "arn"),
                "handler": {"constant_value": "index.handler"}, "runtime": {"constant_value": "nodejs22.x"},
                "memory_size": {"constant_value": 512},
                "environment": [{"variables": {"references": ["var.region"]}}],
            }),
            _ => json!({"bucket": name, "tags": {"references": ["local.tags"]}}),
        };
        json!({
            "address": format!("{}.{}", self.block_type(), self.block_name()), "mode": "managed",
            "type": self.block_type(), "name": self.block_name(), "provider_config_key": "aws",
            "expressions": expressions, "schema_version": 0,
        })
    }
}

#[test]
fn a_generated_plan_is_json_of_the_asked_size() {
    for has_rare in [false, true] {
        let shape = Shape {
            changes: 1_000,
            seed: 1,
            has_rare,
        };
        let mut text = Vec::new();
        write_plan(&mut text, shape).unwrap();
        let plan: Value = serde_json::from_slice(&text).unwrap();
        let changes = plan["resource_changes"].as_array().unwrap();
        assert_eq!(changes.len(), 1_000);
        let rare = changes.iter().filter(|change| change["type"] == RARE_TYPE);
        assert_eq!(rare.count(), if has_rare { 10 } else { 0 });
        assert_eq!(planted(1_000), 1);
        let mut again = Vec::new();
        write_plan(&mut again, shape).unwrap();
        assert_eq!(text, again);
    }
}
