//! Which roles of secrets engines hand out administrators of another system.
//!
//! Facts: schema of the engines' roles in the Vault provider; names of administrative roles of each system.

use nhi_plan::json::{self, Value};

use crate::facts::{Block, cloud, setting};

/// Managed policies of AWS that make an administrator, or let one be made.
const AWS: [&str; 2] = ["AdministratorAccess", "IAMFullAccess"];
/// Roles of Google Cloud.
const GOOGLE: [&str; 6] = [
    "roles/editor",
    "roles/iam.securityAdmin",
    "roles/iam.serviceAccountTokenCreator",
    "roles/owner",
    "roles/resourcemanager.organizationAdmin",
    "roles/resourcemanager.projectIamAdmin",
];
/// Roles of Azure.
const AZURE: [&str; 3] = [
    "Owner",
    "Role Based Access Control Administrator",
    "User Access Administrator",
];

/// An attribute that may make an administrator, and is known only after apply.
pub(crate) fn undecided(block: &Block<'_>) -> Option<String> {
    let open = |path: &str| {
        let text = block.string(path);
        text.map_or_else(|| setting::is_open(block, path), |text| setting::is_symbol(&text))
    };
    // The policy of the customer that is made here is none of those of AWS.
    let foreign = |path: &str| {
        let references = block.references(path);
        references.is_empty()
            || references
                .iter()
                .any(|address| cloud::type_of(address) != "aws_iam_policy")
    };
    let list = |path: &&str| setting::list_is_open(block, path);
    let nested = |outer: &str, inner: &str| {
        let count = block.after().and_then(|after| after.get(outer)).map_or(0, Value::len);
        let mut each = (0..count).map(|index| format!("{outer}[{index}].{inner}"));
        let found = each.find(|path| setting::list_is_open(block, path));
        found.or_else(|| (count == 0 && setting::is_open(block, outer)).then(|| outer.to_owned()))
    };
    match block.change.resource_type.as_ref() {
        "vault_aws_secret_backend_role" => {
            let policies = ["policy_arns"].into_iter().find(|path| list(path) && foreign(path));
            let document = ["policy_document"].into_iter().find(|path| open(path));
            policies.or(document).map(str::to_owned)
        }
        "vault_gcp_secret_roleset" | "vault_gcp_secret_static_account" => nested("binding", "roles"),
        "vault_azure_secret_backend_role" => nested("azure_roles", "role_name"),
        "vault_database_secret_backend_role" => {
            list(&"creation_statements").then(|| String::from("creation_statements"))
        }
        "vault_kubernetes_secret_backend_role" => {
            // Both decide together.
            let (name, kind) = ("kubernetes_role_name", "kubernetes_role_type");
            let named = open(name) || block.string(name).is_some_and(|name| name == "cluster-admin");
            let cluster = open(kind)
                || block
                    .string(kind)
                    .is_some_and(|kind| kind.eq_ignore_ascii_case("ClusterRole"));
            let path = if open(name) { name } else { kind };
            (named && cluster && (open(name) || open(kind))).then(|| path.to_owned())
        }
        "vault_consul_secret_backend_role" => ["consul_policies", "policies"]
            .into_iter()
            .find(list)
            .map(str::to_owned),
        "vault_nomad_secret_role" => open("type").then(|| String::from("type")),
        _ => None,
    }
}

/// The attribute that makes an administrator, and what its credentials do; reads after "credentials of the role".
pub(crate) fn administrator(block: &Block<'_>) -> Option<(String, &'static str)> {
    let after = block.after()?;
    match block.change.resource_type.as_ref() {
        "vault_aws_secret_backend_role" => aws(after),
        "vault_gcp_secret_roleset" | "vault_gcp_secret_static_account" => nested(
            after,
            "binding",
            "roles",
            &GOOGLE,
            "administer a project of Google Cloud",
        ),
        "vault_azure_secret_backend_role" => azure(after),
        "vault_database_secret_backend_role" => database(after),
        "vault_kubernetes_secret_backend_role" => {
            let name = after.get("kubernetes_role_name")?.as_str()?;
            let kind = after.get("kubernetes_role_type").and_then(Value::as_str);
            let is_cluster = kind.is_some_and(|kind| kind.eq_ignore_ascii_case("ClusterRole"));
            (name == "cluster-admin" && is_cluster).then(|| {
                (
                    String::from("kubernetes_role_name"),
                    "may do everything in namespaces of Kubernetes",
                )
            })
        }
        "vault_consul_secret_backend_role" => listed(after, "consul_policies", "administer Consul", |name| {
            name == "global-management"
        })
        .or_else(|| {
            listed(after, "policies", "administer Consul", |name| {
                name == "global-management"
            })
        }),
        "vault_nomad_secret_role" => {
            let kind = after.get("type")?.as_str()?;
            (kind == "management").then(|| (String::from("type"), "administer Nomad"))
        }
        _ => None,
    }
}

fn listed(
    after: Value<'_>,
    name: &str,
    what: &'static str,
    fits: impl Fn(&str) -> bool,
) -> Option<(String, &'static str)> {
    let index = after
        .get(name)?
        .elements()
        .position(|value| value.as_str().is_some_and(|text| fits(&text)))?;
    Some((format!("{name}[{index}]"), what))
}

fn nested(
    after: Value<'_>,
    outer: &str,
    inner: &str,
    wanted: &[&str],
    what: &'static str,
) -> Option<(String, &'static str)> {
    let fits = |text: &str| wanted.contains(&text);
    after.get(outer)?.elements().enumerate().find_map(|(index, value)| {
        let (path, what) = listed(value, inner, what, fits)?;
        Some((format!("{outer}[{index}].{path}"), what))
    })
}

fn aws(after: Value<'_>) -> Option<(String, &'static str)> {
    let what = "administer an account of AWS";
    let policy = |arn: &str| {
        arn.rsplit_once(":policy/")
            .is_some_and(|(owner, name)| owner.ends_with(":aws") && AWS.contains(&name))
    };
    listed(after, "policy_arns", what, policy).or_else(|| {
        let text = after.get("policy_document")?.as_str()?;
        let document = json::parse(&text).ok()?;
        let statements = document.root().get("Statement")?;
        let mut each = many(statements).into_iter();
        each.any(allows_everything)
            .then(|| (String::from("policy_document"), what))
    })
}

/// A statement that allows all actions on all resources, whatever comes later.
fn allows_everything(statement: Value<'_>) -> bool {
    let is = |name: &str, wanted: &[&str]| {
        let values = statement.get(name).map(many).unwrap_or_default();
        values
            .into_iter()
            .filter_map(Value::as_str)
            .any(|text| wanted.contains(&text.as_ref()))
    };
    is("Effect", &["Allow"])
        && is("Action", &["*", "*:*", "iam:*"])
        && is("Resource", &["*"])
        && statement.get("Condition").is_none()
}

fn many(value: Value<'_>) -> Vec<Value<'_>> {
    if value.kind() == json::Kind::Array {
        value.elements().collect()
    } else {
        vec![value]
    }
}

fn azure(after: Value<'_>) -> Option<(String, &'static str)> {
    after
        .get("azure_roles")?
        .elements()
        .enumerate()
        .find_map(|(index, role)| {
            let name = role.get("role_name")?.as_str()?;
            let found = AZURE.iter().any(|known| known.eq_ignore_ascii_case(&name));
            found.then(|| (format!("azure_roles[{index}].role_name"), "administer a scope of Azure"))
        })
}

fn database(after: Value<'_>) -> Option<(String, &'static str)> {
    listed(
        after,
        "creation_statements",
        "administer the database server",
        |statement| {
            let words: Vec<String> = statement
                .split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '*' | '.')))
                .filter(|word| !word.is_empty())
                .map(str::to_ascii_uppercase)
                .collect();
            let has = |wanted: &str| words.iter().any(|word| word == wanted);
            let everywhere = words
                .windows(2)
                .any(|pair| matches!(pair, [first, second] if first == "ON" && second == "*.*"));
            has("SUPERUSER")
                || has("ALL") && everywhere && has("GRANT")
                || has("CREATEROLE")
                || has("RDS_SUPERUSER")
                || has("CLOUDSQLSUPERUSER")
        },
    )
}
