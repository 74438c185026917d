//! Plans in which very many blocks of one kind have to be joined with very many of another.

use serde_json::{Map, Value, json};

/// Builds the plan of one kind with this many of its units.
pub(super) type Build = fn(&mut Plan, usize);

/// What is multiplied, by name.
pub(super) const KINDS: [(&str, Build); 16] = [
    ("access keys and users in groups", users),
    ("attachments by reference", attached_by_reference),
    ("attachments in module instances", attached_in_modules),
    ("attachments of known policies", attached),
    ("azure assignments", azure_assignments),
    ("deferred documents", deferred_documents),
    ("deferred documents in instances", deferred_instances),
    ("escalation hop by hop", hops),
    ("github secrets and keys", github),
    ("google members", google_members),
    ("instance profiles", profiles),
    ("kubernetes bindings", kubernetes),
    ("literals in environments", literals),
    ("postgresql grants", postgresql),
    ("shared roles", shared_roles),
    ("vault roles", vault),
];

const PROVIDERS: &str = "registry.terraform.io/hashicorp";

/// A plan in the making.
#[derive(Debug, Default)]
pub(super) struct Plan {
    changes: Vec<Value>,
    configuration: Vec<Value>,
    module: Vec<Value>,
}

/// A block: what is planned, what is unknown, and where its attributes lead.
#[derive(Debug, Default)]
struct Block {
    after: Value,
    unknown: &'static [&'static str],
    references: Vec<(&'static str, Vec<String>)>,
    /// The key of its instance, or of that of its module.
    key: Option<String>,
    in_module: bool,
}

impl Block {
    fn of(after: Value) -> Self {
        Self {
            after,
            ..Self::default()
        }
    }

    fn unknown(mut self, paths: &'static [&'static str]) -> Self {
        self.unknown = paths;
        self
    }

    /// An attribute rests on an attribute of another block.
    fn leads(mut self, path: &'static str, block: &str, attribute: &str) -> Self {
        self.references
            .push((path, vec![format!("{block}.{attribute}"), block.to_owned()]));
        self
    }

    fn instance(mut self, key: usize) -> Self {
        self.key = Some(format!("k{key}"));
        self
    }

    fn in_module(mut self, key: usize) -> Self {
        self.in_module = true;
        self.instance(key)
    }
}

impl Plan {
    fn managed(&mut self, kind: &str, name: &str, block: Block) {
        self.add("managed", kind, name, block);
    }

    fn data(&mut self, kind: &str, name: &str, block: Block) {
        self.add("data", kind, name, block);
    }

    fn add(&mut self, mode: &str, kind: &str, name: &str, block: Block) {
        let prefix = if mode == "data" { "data." } else { "" };
        let plain = format!("{prefix}{kind}.{name}");
        let provider = format!("{PROVIDERS}/{}", kind.split('_').next().unwrap_or_default());
        let actions = if mode == "data" { ["read"] } else { ["create"] };
        let unknown: Map<String, Value> = block
            .unknown
            .iter()
            .map(|path| ((*path).to_owned(), json!(true)))
            .collect();
        let mut change = json!({
            "address": plain, "mode": mode, "type": kind, "name": name, "provider_name": provider,
            "change": {"actions": actions, "before": null, "after": block.after, "after_unknown": unknown,
                       "before_sensitive": false, "after_sensitive": {}},
        });
        if let Some(key) = &block.key {
            if block.in_module {
                let module = format!("module.unit[\"{key}\"]");
                change["address"] = json!(format!("{module}.{plain}"));
                change["module_address"] = json!(module);
            } else {
                change["address"] = json!(format!("{plain}[\"{key}\"]"));
                change["index"] = json!(key);
            }
        }
        self.changes.push(change);
        let configured = if block.in_module {
            &mut self.module
        } else {
            &mut self.configuration
        };
        let is_known = |known: &Value| known["address"] == *plain;
        if block.key.is_some() && configured.iter().any(is_known) {
            return;
        }
        let mut expressions = Map::new();
        if let Some(values) = block.after.as_object() {
            expressions.extend(values.keys().map(|key| (key.clone(), json!({}))));
        }
        for (path, names) in block.references {
            expressions.insert(path.to_owned(), json!({"references": names}));
        }
        configured.push(json!({
            "address": plain, "mode": mode, "type": kind, "name": name, "provider_config_key": kind,
            "expressions": expressions, "schema_version": 0,
        }));
    }

    /// The plan as text, and how many changes it has.
    pub(super) fn finish(self) -> (String, usize) {
        let count = self.changes.len();
        let call = json!({"source": "./unit", "for_each_expression": {"references": ["local.units"]},
                          "module": {"resources": self.module}});
        let plan = json!({
            "format_version": "1.2", "terraform_version": "1.12.6", "resource_changes": self.changes,
            "configuration": {"root_module": {"resources": self.configuration, "module_calls": {"unit": call}}},
        });
        (plan.to_string(), count)
    }
}

fn policy(actions: &[&str], resource: &str) -> String {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": resource}]})
        .to_string()
}

fn trust(principal: &Value) -> String {
    json!({"Version": "2012-10-17",
           "Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}]})
    .to_string()
}

fn role(plan: &mut Plan, name: &str) {
    let trusted = trust(&json!({"Service": "ec2.amazonaws.com"}));
    let after = json!({"name": name, "path": "/", "assume_role_policy": trusted});
    plan.managed("aws_iam_role", name, Block::of(after).unknown(&["arn", "id"]));
}

fn arn(kind: &str, name: &str) -> String {
    format!("arn:aws:iam::111122223333:{kind}/{name}")
}

fn attached(plan: &mut Plan, units: usize) {
    for unit in 0..units {
        let name = format!("svc-{unit}");
        role(plan, &name);
        let text = policy(&["s3:GetObject", "iam:PassRole"], &format!("arn:aws:s3:::b-{unit}/*"));
        let after = json!({"name": name, "path": "/", "policy": text, "arn": arn("policy", &name)});
        plan.managed("aws_iam_policy", &name, Block::of(after));
        let after = json!({"role": name, "policy_arn": arn("policy", &name)});
        plan.managed("aws_iam_role_policy_attachment", &name, Block::of(after));
    }
}

fn attached_by_reference(plan: &mut Plan, units: usize) {
    for unit in 0..units {
        let name = format!("svc-{unit}");
        role(plan, &name);
        let text = policy(
            &["iam:CreateAccessKey"],
            &format!("arn:aws:iam::111122223333:user/u-{unit}"),
        );
        let after = json!({"name": name, "path": "/", "policy": text});
        plan.managed("aws_iam_policy", &name, Block::of(after).unknown(&["arn", "id"]));
        let block = Block::of(json!({}))
            .unknown(&["role", "policy_arn", "id"])
            .leads("role", &format!("aws_iam_role.{name}"), "id")
            .leads("policy_arn", &format!("aws_iam_policy.{name}"), "arn");
        plan.managed("aws_iam_role_policy_attachment", &name, block);
    }
}

fn attached_in_modules(plan: &mut Plan, units: usize) {
    for unit in 0..units {
        let trusted = trust(&json!({"Service": "lambda.amazonaws.com"}));
        let after = json!({"name": format!("svc-{unit}"), "path": "/", "assume_role_policy": trusted});
        plan.managed(
            "aws_iam_role",
            "this",
            Block::of(after).unknown(&["arn", "id"]).in_module(unit),
        );
        let text = policy(
            &["iam:PassRole", "lambda:CreateFunction"],
            &arn("role", &format!("svc-{unit}")),
        );
        let after = json!({"name": format!("svc-{unit}"), "path": "/", "policy": text});
        plan.managed(
            "aws_iam_policy",
            "this",
            Block::of(after).unknown(&["arn", "id"]).in_module(unit),
        );
        let block = Block::of(json!({}))
            .unknown(&["role", "policy_arn", "id"])
            .leads("role", "aws_iam_role.this", "name")
            .leads("policy_arn", "aws_iam_policy.this", "arn");
        plan.managed("aws_iam_role_policy_attachment", "this", block.in_module(unit));
    }
}

fn deferred_documents(plan: &mut Plan, units: usize) {
    for unit in 0..units {
        let name = format!("svc-{unit}");
        let statement =
            json!([{"effect": "Allow", "actions": ["iam:PutUserPolicy"], "principals": [], "condition": []}]);
        let block = Block::of(json!({"statement": statement, "version": null}))
            .unknown(&["json", "id", "minified_json"])
            .leads("statement", &format!("aws_iam_role.{name}"), "arn");
        plan.data("aws_iam_policy_document", &name, block);
        role(plan, &name);
        let block = Block::of(json!({"name": name, "role": name}))
            .unknown(&["policy", "id"])
            .leads("policy", &format!("data.aws_iam_policy_document.{name}"), "json");
        plan.managed("aws_iam_role_policy", &name, block);
    }
}

fn deferred_instances(plan: &mut Plan, units: usize) {
    for unit in 0..units {
        let name = format!("svc-{unit}");
        let principals = json!([{"type": "AWS", "identifiers": [arn("role", &format!("other-{unit}"))]}]);
        let statement =
            json!([{"effect": "Allow", "actions": ["sts:AssumeRole"], "principals": principals, "condition": []}]);
        let block =
            Block::of(json!({"statement": statement, "version": null})).unknown(&["json", "id", "minified_json"]);
        plan.data("aws_iam_policy_document", "trust", block.instance(unit));
        let block = Block::of(json!({"name": name, "path": "/"}))
            .unknown(&["assume_role_policy", "arn", "id"])
            .leads("assume_role_policy", "data.aws_iam_policy_document.trust", "json");
        plan.managed("aws_iam_role", "this", block.instance(unit));
    }
}

fn users(plan: &mut Plan, units: usize) {
    for unit in 0..units {
        let name = format!("u-{unit}");
        plan.managed(
            "aws_iam_user",
            &name,
            Block::of(json!({"name": name, "path": "/"})).unknown(&["arn"]),
        );
        let group = format!("g-{unit}");
        plan.managed(
            "aws_iam_group",
            &group,
            Block::of(json!({"name": group, "path": "/"})).unknown(&["arn"]),
        );
        let after = json!({"user": name, "groups": [group]});
        plan.managed("aws_iam_user_group_membership", &name, Block::of(after));
        let text = policy(&["iam:CreateLoginProfile"], &arn("user", &format!("admin-{unit}")));
        plan.managed(
            "aws_iam_group_policy",
            &group,
            Block::of(json!({"name": "p", "group": group, "policy": text})),
        );
        plan.managed(
            "aws_iam_access_key",
            &name,
            Block::of(json!({"user": name})).unknown(&["secret", "id"]),
        );
    }
}

fn hops(plan: &mut Plan, units: usize) {
    for unit in 0..units {
        let name = format!("svc-{unit}");
        let before = arn("role", &format!("svc-{}", unit / 2));
        let after = json!({"name": name, "path": "/", "arn": arn("role", &name), "assume_role_policy": trust(&json!({"AWS": before}))});
        plan.managed("aws_iam_role", &name, Block::of(after));
        let actions: &[&str] = if unit == units / 2 {
            &["iam:*"]
        } else {
            &["sts:AssumeRole"]
        };
        let text = policy(actions, &arn("role", &format!("svc-{}", unit * 2)));
        plan.managed(
            "aws_iam_role_policy",
            &name,
            Block::of(json!({"name": "p", "role": name, "policy": text})),
        );
    }
}

fn profiles(plan: &mut Plan, units: usize) {
    for unit in 0..units {
        let name = format!("svc-{unit}");
        role(plan, &name);
        plan.managed(
            "aws_iam_instance_profile",
            &name,
            Block::of(json!({"name": name, "role": name, "path": "/"})),
        );
        let after = json!({"ami": "ami-1", "instance_type": "t3.micro", "iam_instance_profile": name,
                           "tags": {"Name": name}});
        plan.managed("aws_instance", &name, Block::of(after));
    }
}

fn shared_roles(plan: &mut Plan, units: usize) {
    for unit in 0..units {
        let name = format!("svc-{unit}");
        role(plan, &name);
        for copy in ["a", "b"] {
            let after = json!({"function_name": format!("{name}-{copy}"), "role": arn("role", &name), "runtime": "nodejs22.x",
                               "tags": {"environment": format!("e{copy}")}});
            plan.managed("aws_lambda_function", &format!("{name}-{copy}"), Block::of(after));
        }
    }
}

fn literals(plan: &mut Plan, units: usize) {
    for unit in 0..units {
        let name = format!("svc-{unit}");
        let password = format!("zQ7{unit}xK9m{unit}Lw2v");
        let variables =
            json!({"DB_PASSWORD": password, "API_URL": format!("https://svc:{password}@db.internal/{unit}")});
        let after = json!({"function_name": name, "environment": [{"variables": variables}], "runtime": "nodejs22.x"});
        plan.managed("aws_lambda_function", &name, Block::of(after));
    }
}

fn azure_assignments(plan: &mut Plan, units: usize) {
    for unit in 0..units {
        let name = format!("id-{unit}");
        let principal = format!("00000000-0000-0000-0000-{unit:012}");
        let scope = format!("/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-{unit}");
        let after = json!({"name": name, "resource_group_name": format!("rg-{unit}"), "principal_id": principal});
        plan.managed(
            "azurerm_user_assigned_identity",
            &name,
            Block::of(after).unknown(&["id"]),
        );
        let after =
            json!({"scope": scope, "role_definition_name": "User Access Administrator", "principal_id": principal});
        plan.managed("azurerm_role_assignment", &name, Block::of(after));
        let block = Block::of(json!({"scope": scope, "role_definition_name": "Contributor"}))
            .unknown(&["principal_id"])
            .leads(
                "principal_id",
                &format!("azurerm_user_assigned_identity.{name}"),
                "principal_id",
            );
        plan.managed("azurerm_role_assignment", &format!("{name}-by-reference"), block);
    }
}

fn google_members(plan: &mut Plan, units: usize) {
    for unit in 0..units {
        let name = format!("sa-{unit}");
        let member = |number: usize| format!("serviceAccount:sa-{number}@p.iam.gserviceaccount.com");
        plan.managed(
            "google_service_account",
            &name,
            Block::of(json!({"account_id": name, "project": "p"})).unknown(&["name"]),
        );
        let after = json!({"project": "p", "role": "roles/editor", "member": member(unit)});
        plan.managed("google_project_iam_member", &name, Block::of(after));
        let account = format!("projects/p/serviceAccounts/sa-{}@p.iam.gserviceaccount.com", unit / 2);
        let after = json!({"service_account_id": account, "role": "roles/iam.serviceAccountTokenCreator", "member": member(unit)});
        plan.managed("google_service_account_iam_member", &name, Block::of(after));
    }
}

fn kubernetes(plan: &mut Plan, units: usize) {
    for unit in 0..units {
        let name = format!("app-{unit}");
        let metadata = json!([{"name": name, "namespace": name}]);
        plan.managed(
            "kubernetes_service_account_v1",
            &name,
            Block::of(json!({"metadata": metadata})),
        );
        let rules = json!([{"api_groups": [""], "resources": ["secrets", "pods"], "verbs": ["get", "list", "create"]}]);
        plan.managed(
            "kubernetes_role_v1",
            &name,
            Block::of(json!({"metadata": metadata, "rule": rules})),
        );
        let after = json!({
            "metadata": metadata,
            "role_ref": [{"api_group": "rbac.authorization.k8s.io", "kind": "Role", "name": name}],
            "subject": [{"kind": "ServiceAccount", "name": name, "namespace": name}],
        });
        plan.managed("kubernetes_role_binding_v1", &name, Block::of(after));
    }
}

fn vault(plan: &mut Plan, units: usize) {
    for unit in 0..units {
        let name = format!("app-{unit}");
        let text = format!(
            "path \"secret/data/{name}/*\" {{ capabilities = [\"read\"] }}\npath \"auth/token/create\" {{ capabilities = [\"update\", \"sudo\"] }}\n"
        );
        plan.managed("vault_policy", &name, Block::of(json!({"name": name, "policy": text})));
        let after = json!({"backend": "approle", "role_name": name, "token_policies": [name], "token_ttl": 3600});
        plan.managed("vault_approle_auth_backend_role", &name, Block::of(after));
        let after = json!({"backend": "kubernetes", "role_name": name, "token_policies": [name],
                           "bound_service_account_names": [name], "bound_service_account_namespaces": ["*"]});
        plan.managed("vault_kubernetes_auth_backend_role", &name, Block::of(after));
    }
}

fn github(plan: &mut Plan, units: usize) {
    for unit in 0..units {
        let name = format!("repo-{unit}");
        plan.managed(
            "github_repository",
            &name,
            Block::of(json!({"name": name, "visibility": "public"})),
        );
        let after =
            json!({"repository": name, "secret_name": "TOKEN", "plaintext_value": format!("v{unit}Qm8z{unit}Xr")});
        plan.managed("github_actions_secret", &name, Block::of(after));
        let after =
            json!({"repository": name, "title": "k", "key": format!("ssh-ed25519 AAAA{unit}"), "read_only": false});
        plan.managed("github_repository_deploy_key", &name, Block::of(after));
        let after = json!({"repository": name, "username": format!("u-{unit}"), "permission": "admin"});
        plan.managed("github_repository_collaborator", &name, Block::of(after));
    }
}

fn postgresql(plan: &mut Plan, units: usize) {
    for unit in 0..units {
        let name = format!("r-{unit}");
        let roles = [format!("r-{}", unit / 2)];
        plan.managed(
            "postgresql_role",
            &name,
            Block::of(json!({"name": name, "login": true, "superuser": unit == 0, "roles": roles})),
        );
        let after = json!({"role": name, "grant_role": format!("r-{}", unit / 3), "with_admin_option": true});
        plan.managed("postgresql_grant_role", &name, Block::of(after));
        let after = json!({"database": "d", "role": name, "object_type": "database", "privileges": ["ALL"]});
        plan.managed("postgresql_grant", &name, Block::of(after));
    }
}
