//! Every resource type that an identity can be taken over from, moved by the real cores from states as its provider
//! writes them.

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use support::{Core, Outcome, Stack};

use crate::fixtures::named;

support::legs!(identities_of_every_known_type_become_governed);

/// A type, the provider that its states name, what such a state holds, and how the record names it.
struct Case {
    kind: &'static str,
    provider: &'static str,
    state: Value,
    external: &'static str,
}

const fn case(kind: &'static str, provider: &'static str, state: Value, external: &'static str) -> Case {
    Case {
        kind,
        provider,
        state,
        external,
    }
}

fn cloud_cases() -> Vec<Case> {
    vec![
        case(
            "aws_iam_role",
            "hashicorp/aws",
            json!({ "name": "orders", "arn": "arn:aws:iam::111122223333:role/orders", "max_session_duration": 3600 }),
            "arn:aws:iam::111122223333:role/orders",
        ),
        case(
            "aws_iam_user",
            "hashicorp/aws",
            json!({ "name": "orders", "arn": "arn:aws:iam::111122223333:user/orders", "force_destroy": false }),
            "arn:aws:iam::111122223333:user/orders",
        ),
        case(
            "azuread_application",
            "hashicorp/azuread",
            json!({ "display_name": "Orders", "client_id": "7b3c", "object_id": "11aa" }),
            "7b3c",
        ),
        case(
            "azuread_application_registration",
            "hashicorp/azuread",
            json!({ "display_name": "Orders", "client_id": "7b3d" }),
            "7b3d",
        ),
        case(
            "azuread_service_principal",
            "hashicorp/azuread",
            json!({ "display_name": "Orders", "object_id": "22bb", "client_id": "7b3c" }),
            "22bb",
        ),
        case(
            "azurerm_user_assigned_identity",
            "hashicorp/azurerm",
            json!({ "name": "orders", "id": "/subscriptions/1/orders", "client_id": "33cc" }),
            "/subscriptions/1/orders",
        ),
        case(
            "google_service_account",
            "hashicorp/google",
            json!({ "account_id": "orders", "email": "orders@p.iam.gserviceaccount.com", "disabled": false }),
            "orders@p.iam.gserviceaccount.com",
        ),
    ]
}

fn other_cases() -> Vec<Case> {
    let account =
        json!({ "id": "jobs/orders", "metadata": [{ "name": "orders", "namespace": "jobs", "labels": null }] });
    let other = json!({ "id": "jobs/intake", "metadata": [{ "name": "intake", "namespace": "jobs", "labels": null }] });
    let vault = |kind, name: &str, backend: &str, external| {
        let state = json!({ name: "orders", "backend": backend, "token_ttl": 3600 });
        case(kind, "hashicorp/vault", state, external)
    };
    let (role, role_name) = ("role", "role_name");
    vec![
        case(
            "kubernetes_service_account",
            "hashicorp/kubernetes",
            account,
            "system:serviceaccount:jobs:orders",
        ),
        case(
            "kubernetes_service_account_v1",
            "hashicorp/kubernetes",
            other,
            "system:serviceaccount:jobs:intake",
        ),
        case(
            "postgresql_role",
            "cyrilgdn/postgresql",
            json!({ "name": "orders_reader", "login": true, "password": "hunter2" }),
            "orders_reader",
        ),
        vault(
            "vault_approle_auth_backend_role",
            role_name,
            "approle",
            "auth/approle/role/orders",
        ),
        vault("vault_aws_auth_backend_role", role, "aws", "auth/aws/role/orders"),
        vault("vault_gcp_auth_backend_role", role, "gcp", "auth/gcp/role/orders"),
        vault("vault_jwt_auth_backend_role", role_name, "jwt", "auth/jwt/role/orders"),
        vault(
            "vault_kubernetes_auth_backend_role",
            role_name,
            "kubernetes",
            "auth/kubernetes/role/orders",
        ),
    ]
}

fn cases() -> Vec<Case> {
    cloud_cases().into_iter().chain(other_cases()).collect()
}

fn state(core: &Core, cases: &[Case]) -> Value {
    let resource = |case: &Case| {
        json!({
            "mode": "managed", "type": case.kind, "name": "orders",
            "provider": format!("provider[\"{}/{}\"]", core.kind.registry_host(), case.provider),
            "instances": [{ "schema_version": 0, "private": "c2VjcmV0", "attributes": case.state }],
        })
    };
    json!({
        "version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": "moved", "outputs": {},
        "resources": cases.iter().map(resource).collect::<Vec<_>>(),
    })
}

/// A stand-in for each provider is there, since a core asks every provider of a state for its schema.
fn identities_of_every_known_type_become_governed(core: &Core) -> Outcome {
    let cases = cases();
    let known: Vec<&str> = nhi_identity_types::origins()
        .iter()
        .map(|origin| origin.type_name)
        .collect();
    let shown: Vec<&str> = cases.iter().map(|case| case.kind).collect();
    ensure!(known == shown, "not every type is shown: {known:?}");

    let stack = Stack::new(core)?;
    let mut providers: Vec<&str> = cases.iter().map(|case| case.provider).collect();
    providers.dedup();
    stack.use_test_providers("shelf", &providers)?;
    stack.file("terraform.tfstate", &state(core, &cases).to_string())?;
    let block = |case: &Case| {
        let name = format!("{:?}", case.kind.replace('_', "-"));
        let external = format!("[{:?}]", case.external);
        let block = named(case.kind, &[("name", &name), ("external", &external)]);
        let from = case.kind;
        format!("{block}moved {{\n  from = {from}.orders\n  to   = nhi_identity.{from}\n}}\n")
    };
    stack.main(&cases.iter().map(block).collect::<String>())?;
    stack.plan()?.succeeds()?;
    stack.apply_planned()?.succeeds()?;
    for case in &cases {
        let attributes = stack.attributes(&format!("nhi_identity.{}", case.kind))?;
        ensure!(
            attributes["status"] == "active" && attributes["external"] == json!([case.external]),
            "{}: {attributes}",
            case.kind
        );
    }
    stack.plans_empty()?;
    let text = std::fs::read_to_string(stack.folder().join("terraform.tfstate"))?;
    let now: Value = serde_json::from_str(&text)?;
    let resources = now["resources"].as_array().context("resources")?;
    ensure!(
        resources.len() == cases.len() && resources.iter().all(|resource| resource["type"] == "nhi_identity"),
        "{now}"
    );
    // Nothing else of what the others kept has come along.
    for secret in ["c2VjcmV0", "hunter2"] {
        ensure!(!text.contains(secret), "`{secret}` is in the state");
    }
    stack.nhi(&["audit", "verify"])?.run()?.succeeds()?;
    Ok(())
}
