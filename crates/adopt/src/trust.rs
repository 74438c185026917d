//! What holds an identity, by who may become it.

use nhi_governance::Kind;
use nhi_plan::json::{self, Value};
use serde_json::{Map, Value as Json};

use crate::attributes::{Attributes, text, texts};

/// A kind, and what speaks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Guess {
    pub(crate) kind: Kind,
    pub(crate) reason: String,
    /// How it proves that it is itself, in the form of the attribute; nothing unless it says exactly one.
    pub(crate) attestation: Option<Json>,
}

fn guess(kind: Kind, reason: impl Into<String>) -> Guess {
    Guess {
        kind,
        reason: reason.into(),
        attestation: None,
    }
}

/// Issuers of the tokens of pipelines, as trust policies name them.
const PIPELINES: [&str; 8] = [
    "token.actions.githubusercontent.com",
    "gitlab.com",
    "oidc.circleci.com",
    "agent.buildkite.com",
    "app.terraform.io",
    "vstoken.dev.azure.com",
    "api.bitbucket.org",
    "oidc.codefresh.io",
];
/// Services of AWS that run pipelines.
const BUILDERS: [&str; 4] = ["codebuild", "codepipeline", "codedeploy", "imagebuilder"];
/// Services of AWS that run agents.
const AGENTS: [&str; 2] = ["bedrock", "bedrock-agentcore"];

/// By the type alone: what is left where nothing else speaks.
pub(crate) fn by_type(type_name: &str) -> Guess {
    match type_name {
        "aws_bedrockagentcore_workload_identity" => guess(Kind::AiAgent, "it is the identity of an agent"),
        "azurerm_user_assigned_identity" => {
            guess(Kind::Workload, "Azure attests what a managed identity is assigned to")
        }
        "kubernetes_service_account" | "kubernetes_service_account_v1" => {
            guess(Kind::Workload, "the cluster attests the pods of a service account")
        }
        "vault_kubernetes_auth_backend_role" => guess(Kind::Workload, "Vault asks the cluster who logs in"),
        "vault_aws_auth_backend_role" | "vault_gcp_auth_backend_role" => {
            guess(Kind::Workload, "Vault asks the cloud who logs in")
        }
        "github_repository_deploy_key" | "gitlab_deploy_key" | "gitlab_deploy_token" | "tfe_agent_token" => {
            guess(Kind::CiPipeline, "it is for deployments")
        }
        "gitlab_group_access_token" | "gitlab_project_access_token" => {
            guess(Kind::Bot, "GitLab makes a bot user for such a token")
        }
        _ => guess(Kind::ServiceAccount, "nothing in it attests what uses it"),
    }
}

/// By who may assume a role of AWS.
pub(crate) fn of_role(attributes: &Attributes<'_>) -> Option<Guess> {
    let policy = attributes.text(&["assume_role_policy"])?;
    let document = json::parse(&policy).ok()?;
    let own_account = attributes.text(&["arn"]).and_then(|arn| account(&arn));
    let mut guesses: Vec<Guess> = statements(document.root())
        .filter(|statement| statement.get("Effect").and_then(text).as_deref() == Some("Allow"))
        .filter_map(|statement| of_statement(statement, own_account.as_deref()))
        .collect();
    if guesses.is_empty() {
        return None;
    }
    // What needs most care names it: an agent before a pipeline before a workload.
    guesses.sort_by_key(|guess| match guess.kind {
        Kind::AiAgent => 0,
        Kind::VendorIntegration => 1,
        Kind::CiPipeline => 2,
        Kind::Workload => 3,
        _ => 4,
    });
    let several = guesses.len() > 1;
    let mut first = guesses.into_iter().next()?;
    if several {
        first.attestation = None;
    }
    Some(first)
}

/// The statements of a policy: a list, or the only one.
pub(crate) fn statements(policy: Value<'_>) -> impl Iterator<Item = Value<'_>> {
    let statement = policy.get("Statement");
    let only = statement.filter(|one| one.kind() == json::Kind::Object);
    let listed = statement.map(Value::elements);
    only.into_iter().chain(listed.into_iter().flatten())
}

/// The account that an ARN of IAM names.
fn account(arn: &str) -> Option<String> {
    let account = arn.split(':').nth(4)?;
    (account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit())).then(|| account.to_owned())
}

fn of_statement(statement: Value<'_>, own_account: Option<&str>) -> Option<Guess> {
    let principal = statement.get("Principal")?;
    if let Some(federated) = principal.get("Federated") {
        let named = texts(federated);
        let provider = named.first()?;
        let host = provider
            .split_once("oidc-provider/")
            .map_or(provider.as_str(), |(_, host)| host);
        let kind = if PIPELINES.iter().any(|pipeline| host.starts_with(pipeline)) {
            Kind::CiPipeline
        } else if host.starts_with("oidc.eks.") || host.starts_with("container.googleapis.com") {
            Kind::Workload
        } else {
            Kind::ServiceAccount
        };
        let mut guess = guess(kind, format!("tokens of `{host}` become it"));
        guess.attestation = (named.len() == 1).then(|| proof(statement, host)).flatten();
        return Some(guess);
    }
    if let Some(service) = principal.get("Service") {
        let services = texts(service);
        let is_any = |list: &[&str]| services.iter().any(|name| list.iter().any(|one| service_is(name, one)));
        let kind = match () {
            () if is_any(&AGENTS) => Kind::AiAgent,
            () if is_any(&BUILDERS) => Kind::CiPipeline,
            () => Kind::Workload,
        };
        return Some(guess(kind, format!("`{}` runs as it", services.first()?)));
    }
    let principals = principal.get("AWS").map(texts)?;
    let condition = statement
        .get("Condition")
        .map(|condition| condition.raw().to_ascii_lowercase());
    let has_external_id = condition.is_some_and(|condition| condition.contains("sts:externalid"));
    let foreign = |text: &String| {
        let account = account(text).unwrap_or_else(|| text.clone());
        own_account.is_some_and(|own| own != account && account.len() == 12)
    };
    if has_external_id && principals.iter().any(foreign) {
        let reason = "another account assumes it with an external id, as vendors do";
        return Some(guess(Kind::VendorIntegration, reason));
    }
    None
}

fn service_is(principal: &str, service: &str) -> bool {
    principal
        .strip_prefix(service)
        .is_some_and(|rest| rest.starts_with('.'))
}

/// The one subject that a trust policy asks for, if it is one: `StringEquals` of audience and subject.
fn proof(statement: Value<'_>, host: &str) -> Option<Json> {
    let equals = statement.get("Condition")?.get("StringEquals")?;
    let exact = |claim: &str| {
        let values = texts(equals.get(&format!("{host}:{claim}"))?);
        let [value] = values.as_slice() else { return None };
        let is_exact = !value.contains(['*', '?']) && value.bytes().all(|byte| byte.is_ascii_graphic());
        is_exact.then(|| Json::from(value.as_str()))
    };
    let mut oidc = Map::new();
    oidc.insert("issuer".to_owned(), format!("https://{host}").into());
    oidc.insert("audience".to_owned(), exact("aud")?);
    oidc.insert("subject".to_owned(), exact("sub")?);
    let mut attestation = Map::new();
    attestation.insert("oidc".to_owned(), Json::Object(oidc));
    Some(Json::Object(attestation))
}
