//! Flags machines and clients that log in the weak way.

use nhi_plan::{Finding, Severity};
use nhi_policy_sdk::Findings;

use crate::facts::Block;
use crate::facts::setting::{self, Is};
use crate::fixes;
use crate::rule::{Check, Group, Rule};

/// Flags machines and clients that log in the weak way.
pub(super) static RULE: Rule = Rule {
    code: "NHI025",
    name: "weak-machine-authentication",
    group: Group::Governance,
    severity: Severity::Low,
    since: "0.1.0",
    summary: "a machine proves who it is in a way that is known to be weak",
    why: "old ways to log in hand out the secret itself, so whoever sees it once can use it anywhere",
    controls: &[
        "NHI4:2025",
        "CWE-287",
        "CWE-308",
        "IA-2",
        "IA-5",
        "PR.AA-03",
        "CC6.1",
        "A.8.5",
    ],
    check: Check::Resource(&TYPES, check),
    docs: r#"
## What it does

Flags:

- machines of EC2 with a role whose metadata service answers without a session token (IMDSv1): low where `http_tokens` is `optional`, info where nothing is said and the image decides;
- clients of Entra, Cognito, Auth0, Okta and Keycloak with the implicit flow, or with the password grant: low; password flows of a Cognito client: info;
- databases of RDS that are reachable from the internet and let in with a password, without IAM authentication: medium;
- clusters of GKE that issue a client certificate, or check rights the legacy way: low.

## Why is this bad?

With IMDSv1, a single forged request from inside the machine brings back the credentials of its role.
The implicit flow and the password grant put a token or a password where others read it, and both are gone from OAuth 2.1.

## Example

```terraform
resource "aws_instance" "app" {
  ami                  = "ami-0123456789abcdef0"
  iam_instance_profile = "app"

  metadata_options {
    http_tokens = "optional"
  }
}
```

## Use instead

```terraform
resource "aws_instance" "app" {
  ami                  = "ami-0123456789abcdef0"
  iam_instance_profile = "app"

  metadata_options {
    http_tokens = "required"
  }
}
```

## Known limits

- The account's default for IMDS does not stand in a plan.
- Instances of Aurora clusters, and databases of other clouds, are not looked at.
- Checked against the shape that the providers document, not against the services.

## References

- [Use the Instance Metadata Service](https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html)
- [RFC 9700: Best Current Practice for OAuth 2.0 Security](https://www.rfc-editor.org/rfc/rfc9700)
- [OWASP NHI4:2025 Insecure Authentication](https://owasp.org/www-project-non-human-identities-top-10/2025/4-insecure-authentication/)
"#,
};

/// Sorted.
const TYPES: [&str; 10] = [
    "auth0_client",
    "aws_cognito_user_pool_client",
    "aws_db_instance",
    "aws_instance",
    "aws_launch_configuration",
    "aws_launch_template",
    "azuread_application",
    "google_container_cluster",
    "keycloak_openid_client",
    "okta_app_oauth",
];

const TOKENS: &str = "metadata_options[0].http_tokens";

/// A way to log in, and whether the block allows it.
struct Way {
    is: Is,
    path: &'static str,
    message: &'static str,
    remediation: &'static str,
    severity: Severity,
}

fn check(block: &Block<'_>, out: &mut Findings) {
    let found = match block.change.resource_type.as_ref() {
        name @ ("aws_instance" | "aws_launch_configuration" | "aws_launch_template") => metadata(block, name),
        "aws_db_instance" => database(block),
        "google_container_cluster" => cluster(block),
        _ => client(block),
    };
    // The worst of a block, and what is certain before what is not.
    let Some(way) = found
        .into_iter()
        .filter(|way| way.is != Is::No)
        .max_by_key(|way| (way.is, way.severity))
    else {
        return;
    };
    let finding = RULE
        .finding(&block.change.address, way.path)
        .remediation(way.remediation);
    if way.is == Is::Maybe {
        out.push(finding.message(format!("possibly {}", way.message)).unverified());
        return;
    }
    out.push(Finding {
        severity: Some(way.severity),
        patch: fixes::patch(&RULE, block, way.path),
        ..finding.message(way.message)
    });
}

fn metadata(block: &Block<'_>, name: &str) -> Vec<Way> {
    let at = |path: &str| {
        block
            .after()
            .and_then(|after| after.at(path))
            .filter(|value| !value.is_null())
    };
    let profile = "iam_instance_profile";
    let has_role = at(profile)
        .is_some_and(|value| !value.is_empty() || value.as_str().is_some_and(|text| !text.is_empty()))
        || block.is_unknown(profile) && !block.references(profile).is_empty();
    let is_shut = setting::text(block, "metadata_options[0].http_endpoint", "disabled") == Is::Yes;
    if !has_role || is_shut {
        return Vec::new();
    }
    let remediation = "set `http_tokens = \"required\"` in `metadata_options`";
    let explicit = Way {
        is: setting::text(block, TOKENS, "optional"),
        path: TOKENS,
        message: "the metadata service gives out the role's credentials without a session token (IMDSv1)",
        remediation,
        severity: RULE.severity,
    };
    // A template that an instance starts from may say it.
    let is_said =
        at(TOKENS).is_some() || explicit.is != Is::No || name == "aws_instance" && at("launch_template[0]").is_some();
    let silent = Way {
        is: if is_said { Is::No } else { Is::Yes },
        path: "metadata_options",
        message: "nothing says that the metadata service asks for a session token (IMDSv2)",
        remediation,
        severity: Severity::Info,
    };
    vec![explicit, silent]
}

fn database(block: &Block<'_>) -> Vec<Way> {
    let by_iam = setting::flag(block, "iam_database_authentication_enabled", true);
    vec![Way {
        is: match by_iam {
            Is::Yes => Is::No,
            Is::Maybe => setting::flag(block, "publicly_accessible", true).min(Is::Maybe),
            Is::No => setting::flag(block, "publicly_accessible", true),
        },
        path: "publicly_accessible",
        message: "the database is reachable from the internet, and a password is all it asks for",
        remediation: "set `publicly_accessible` to false, and let workloads in with IAM database authentication",
        severity: Severity::Medium,
    }]
}

fn cluster(block: &Block<'_>) -> Vec<Way> {
    let certificate = "master_auth[0].client_certificate_config[0].issue_client_certificate";
    vec![
        Way {
            is: setting::flag(block, certificate, true),
            path: certificate,
            message: "the cluster issues a client certificate that cannot be revoked",
            remediation: "set `issue_client_certificate` to false, and let workloads in with tokens of Google Cloud",
            severity: RULE.severity,
        },
        Way {
            is: setting::flag(block, "enable_legacy_abac", true),
            path: "enable_legacy_abac",
            message: "the cluster checks rights the legacy way, which gives service accounts all of them",
            remediation: "set `enable_legacy_abac` to false, and grant rights with RBAC",
            severity: RULE.severity,
        },
    ]
}

/// OAuth clients: paths that are lists with a word, or flags.
fn client(block: &Block<'_>) -> Vec<Way> {
    let way = |is: Is, path: &'static str, implicit: bool, severity: Severity| Way {
        is,
        path,
        message: if implicit {
            "the client gets its token through the address bar (implicit flow)"
        } else {
            "the client takes passwords and turns them into tokens (password grant)"
        },
        remediation: "use the authorization code flow with PKCE for people, and client credentials or federation for machines",
        severity,
    };
    let low = RULE.severity;
    match block.change.resource_type.as_ref() {
        "azuread_application" => {
            let path = "web[0].implicit_grant[0].access_token_issuance_enabled";
            vec![way(setting::flag(block, path, true), path, true, low)]
        }
        "keycloak_openid_client" => vec![
            way(
                setting::flag(block, "implicit_flow_enabled", true),
                "implicit_flow_enabled",
                true,
                low,
            ),
            way(
                setting::flag(block, "direct_access_grants_enabled", true),
                "direct_access_grants_enabled",
                false,
                low,
            ),
        ],
        "aws_cognito_user_pool_client" => {
            let (flows, direct) = ("allowed_oauth_flows", "explicit_auth_flows");
            let words = ["ALLOW_USER_PASSWORD_AUTH", "USER_PASSWORD_AUTH"];
            let password = words.iter().map(|word| setting::holds(block, direct, word)).max();
            vec![
                way(setting::holds(block, flows, "implicit"), flows, true, low),
                way(password.unwrap_or(Is::No), direct, false, Severity::Info),
            ]
        }
        _ => {
            let grants = "grant_types";
            let words = ["password", "http://auth0.com/oauth/grant-type/password-realm"];
            let password = words.iter().map(|word| setting::holds(block, grants, word)).max();
            vec![
                way(setting::holds(block, grants, "implicit"), grants, true, low),
                way(password.unwrap_or(Is::No), grants, false, low),
            ]
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::cases::{Case, cases, plan};

    #[test]
    fn metadata() {
        let one = |address, after| plan(&[(address, after)]);
        let profile = r#"[{"name":"app"}]"#;
        cases(&super::RULE)
            .flags(&[
                Case::low("optional", one("aws_instance.i", r#"{"iam_instance_profile":"app","metadata_options":[{"http_tokens":"optional"}]}"#)).at(super::TOKENS),
                Case::low("a template", one("aws_launch_template.t", &format!(r#"{{"iam_instance_profile":{profile},"metadata_options":[{{"http_tokens":"optional"}}]}}"#))),
                Case::info("silence", one("aws_instance.i", r#"{"iam_instance_profile":"app"}"#).unknown("aws_instance.i", &["metadata_options"])).at("metadata_options"),
                Case::info("a role to come", one("aws_instance.i", "{}")
                    .unknown("aws_instance.i", &["iam_instance_profile", "metadata_options"])
                    .references("aws_instance.i", "iam_instance_profile", &["aws_iam_instance_profile.p"])),
                Case::unverified("not known", one("aws_launch_template.t", &format!(r#"{{"iam_instance_profile":{profile},"metadata_options":[{{}}]}}"#))
                    .unknown("aws_launch_template.t", &[super::TOKENS])
                    .references("aws_launch_template.t", super::TOKENS, &["data.http.x"])),
            ])
            .allows(&[
                Case::clean("required", one("aws_instance.i", r#"{"iam_instance_profile":"app","metadata_options":[{"http_tokens":"required"}]}"#)),
                Case::clean("no role", one("aws_instance.i", r#"{"iam_instance_profile":null,"metadata_options":[{"http_tokens":"optional"}]}"#)),
                Case::clean("an empty role", one("aws_instance.i", r#"{"iam_instance_profile":"","metadata_options":[{"http_tokens":"optional"}]}"#)),
                Case::clean("computed", one("aws_instance.i", "{}").unknown("aws_instance.i", &["iam_instance_profile", "metadata_options"])),
                Case::clean("no profile in the template", one("aws_launch_template.t", r#"{"iam_instance_profile":[],"metadata_options":[{"http_tokens":"optional"}]}"#)),
                Case::clean("shut", one("aws_instance.i", r#"{"iam_instance_profile":"app","metadata_options":[{"http_tokens":"optional","http_endpoint":"disabled"}]}"#)),
                Case::clean("from a template", one("aws_instance.i", r#"{"iam_instance_profile":"app","launch_template":[{"id":"lt-1"}]}"#)),
            ]);
    }

    #[test]
    fn clients_and_the_rest() {
        let one = |address, after| plan(&[(address, after)]);
        cases(&super::RULE)
            .flags(&[
                Case::low("entra", one("azuread_application.a", r#"{"web":[{"implicit_grant":[{"access_token_issuance_enabled":true}]}]}"#)),
                Case::low("cognito", one("aws_cognito_user_pool_client.c", r#"{"allowed_oauth_flows":["code","implicit"]}"#)),
                Case::info("cognito with passwords", one("aws_cognito_user_pool_client.c", r#"{"explicit_auth_flows":["ALLOW_USER_PASSWORD_AUTH"]}"#)),
                Case::low("okta", one("okta_app_oauth.a", r#"{"grant_types":["password"]}"#)),
                Case::low("auth0", one("auth0_client.a", r#"{"grant_types":["implicit"]}"#)),
                Case::low("keycloak", one("keycloak_openid_client.a", r#"{"direct_access_grants_enabled":true}"#)),
                Case::medium("a database", one("aws_db_instance.d", r#"{"publicly_accessible":true}"#)),
                Case::low("a cluster", one("google_container_cluster.c", r#"{"enable_legacy_abac":true}"#)),
            ])
            .allows(&[
                Case::clean("id tokens only", one("azuread_application.a", r#"{"web":[{"implicit_grant":[{"access_token_issuance_enabled":false,"id_token_issuance_enabled":true}]}]}"#)),
                Case::clean("code", one("aws_cognito_user_pool_client.c", r#"{"allowed_oauth_flows":["code"],"explicit_auth_flows":["ALLOW_USER_SRP_AUTH","ALLOW_REFRESH_TOKEN_AUTH"]}"#)),
                Case::clean("client credentials", one("okta_app_oauth.a", r#"{"grant_types":["client_credentials","authorization_code"]}"#)),
                Case::clean("IAM", one("aws_db_instance.d", r#"{"publicly_accessible":true,"iam_database_authentication_enabled":true}"#)),
                Case::clean("a private database", one("aws_db_instance.d", r#"{"publicly_accessible":false}"#)),
                Case::clean("a cluster without", one("google_container_cluster.c", r#"{"enable_legacy_abac":false,"master_auth":[{"client_certificate_config":[{"issue_client_certificate":false}]}]}"#)),
            ]);
    }
}
