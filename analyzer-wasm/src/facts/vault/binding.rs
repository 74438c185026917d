//! Whom a role of an auth method is bound to.
//!
//! Facts: schema of the roles of the Vault provider and the API of each auth method. A list that is known only after
//! apply binds to something, since nobody computes an empty one on purpose; claims are read one by one.

use nhi_plan::Severity;
use nhi_plan::json::{Kind, Value};
use nhi_plan::symbol;

use crate::facts::Block;

/// A role that lets in more than it should.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) path: &'static str,
    pub(crate) severity: Severity,
    pub(crate) message: &'static str,
    pub(crate) remediation: &'static str,
    pub(crate) sure: bool,
}

const fn open_to(path: &'static str, severity: Severity, message: &'static str, remediation: &'static str) -> Open {
    Open {
        path,
        severity,
        message,
        remediation,
        sure: true,
    }
}

/// What is wrong with the role, by its type.
pub(crate) fn open(block: &Block<'_>) -> Option<Open> {
    match block.change.resource_type.as_ref() {
        "vault_jwt_auth_backend_role" => jwt(block),
        "vault_kubernetes_auth_backend_role" => kubernetes(block),
        "vault_approle_auth_backend_role" => approle(block),
        "vault_aws_auth_backend_role" => unbound(
            block,
            "bound_iam_principal_arns",
            &[
                "bound_account_ids",
                "bound_ami_ids",
                "bound_ec2_instance_ids",
                "bound_iam_instance_profile_arns",
                "bound_iam_principal_arns",
                "bound_iam_role_arns",
                "bound_regions",
                "bound_subnet_ids",
                "bound_vpc_ids",
            ],
        ),
        "vault_azure_auth_backend_role" => unbound(
            block,
            "bound_service_principal_ids",
            &[
                "bound_group_ids",
                "bound_locations",
                "bound_resource_groups",
                "bound_scale_sets",
                "bound_service_principal_ids",
                "bound_subscription_ids",
            ],
        ),
        "vault_gcp_auth_backend_role" => unbound(
            block,
            "bound_service_accounts",
            &[
                "bound_instance_groups",
                "bound_labels",
                "bound_projects",
                "bound_regions",
                "bound_service_accounts",
                "bound_zones",
            ],
        ),
        _ => None,
    }
}

fn value<'v>(block: &'v Block<'_>, attribute: &str) -> Option<Value<'v>> {
    block.after()?.get(attribute).filter(|value| !value.is_null())
}

fn texts(block: &Block<'_>, attribute: &str) -> Vec<String> {
    let value = value(block, attribute);
    let text = |value: Value<'_>| {
        value
            .as_str()
            .map_or_else(|| symbol::symbol(""), std::borrow::Cow::into_owned)
    };
    value.into_iter().flat_map(Value::elements).map(text).collect()
}

/// Whether it is filled, or will be.
fn is_there(block: &Block<'_>, attribute: &str) -> bool {
    let filled = |value: Value<'_>| value.as_str().map_or(!value.is_empty(), |text| !text.is_empty());
    value(block, attribute).is_some_and(filled)
        || block.is_unknown(attribute) && !block.references(attribute).is_empty()
}

fn unbound(block: &Block<'_>, path: &'static str, bounds: &[&str]) -> Option<Open> {
    let any = |attribute: &&str| {
        let texts = texts(block, attribute);
        is_there(block, attribute) && (texts.is_empty() || texts.iter().any(|text| text != "*"))
    };
    if bounds.iter().any(any) {
        return None;
    }
    Some(open_to(
        path,
        Severity::High,
        "the role is bound to nothing: any identity of the cloud that the method knows may log in",
        "bind it to the role or service account of the workload",
    ))
}

fn jwt(block: &Block<'_>) -> Option<Open> {
    let browser =
        block.string("role_type").is_none_or(|kind| kind == "oidc") && is_there(block, "allowed_redirect_uris");
    let later = block.is_unknown("bound_claims_type") && !block.references("bound_claims_type").is_empty();
    let glob = later || block.string("bound_claims_type").is_some_and(|kind| kind == "glob");
    let subject = is_there(block, "bound_subject");
    if !subject && block.is_unknown("bound_claims") && !block.references("bound_claims").is_empty() {
        return Some(Open {
            sure: false,
            ..open_to(
                "bound_claims",
                Severity::High,
                "which claims the role binds is known only after apply",
                "write the claims down, with at least one that only the workload has",
            )
        });
    }
    if !subject && glob && claims_to_come(block).next().is_some() && known_width(block) > Width::Few {
        return Some(Open {
            sure: false,
            ..open_to(
                "bound_claims",
                Severity::High,
                "a claim that the role binds is known only after apply, and may be a pattern that fits every token",
                "write the claims down, or bind exact values with `bound_claims_type = \"string\"`",
            )
        });
    }
    let width = if subject { Width::Few } else { claims_width(block, glob) };
    if width == Width::All {
        let claims = is_there(block, "bound_claims");
        let message = match (browser, claims) {
            (true, _) => "everybody whom the identity provider knows may log in with the role",
            (false, true) => "the claims of the role fit every token of the issuer",
            (false, false) => "any token of the issuer may log in with the role: no subject and no claim is bound",
        };
        let severity = if browser { Severity::Low } else { Severity::High };
        let path = if claims { "bound_claims" } else { "bound_subject" };
        return Some(Open {
            sure: !(later && claims),
            ..open_to(
                path,
                severity,
                message,
                "bind the exact subject, or claims that only the workload has",
            )
        });
    }
    if width == Width::Group && !browser {
        return Some(Open {
            sure: !later,
            ..open_to(
                "bound_claims",
                Severity::Medium,
                "every repository or project of the organisation may log in with the role",
                "bind the repository, and its environment or branch",
            )
        });
    }
    (!browser && !is_there(block, "bound_audiences")).then(|| {
        open_to(
            "bound_audiences",
            Severity::Medium,
            "the role takes tokens that were made for another audience",
            "set `bound_audiences` to the audience that the workload asks for",
        )
    })
}

/// How many identities of an issuer a claim fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Width {
    Few,
    /// Those of an organisation or a group.
    Group,
    All,
}

/// The narrowest of the claims whose values are known.
fn known_width(block: &Block<'_>) -> Width {
    widths(block, true).into_iter().min().unwrap_or(Width::All)
}

/// The narrowest of the bound claims. Values are texts with commas.
fn claims_width(block: &Block<'_>, glob: bool) -> Width {
    let known = widths(block, glob).into_iter();
    known.chain(claims_to_come(block)).min().unwrap_or(Width::All)
}

fn widths(block: &Block<'_>, glob: bool) -> Vec<Width> {
    let Some(claims) = value(block, "bound_claims").filter(|value| value.kind() == Kind::Object) else {
        return Vec::new();
    };
    let widths = claims.members().map(|(key, value)| {
        let key = key.trim_start_matches('/');
        // Every token of an issuer has the same of these.
        if matches!(key, "iss" | "aud" | "iat" | "exp" | "nbf") {
            return Width::All;
        }
        if SAID_BY_ANYBODY.contains(&key) {
            return Width::All;
        }
        let Some(text) = value.as_str() else { return Width::Few };
        let parts = text.split(',').map(|part| claim_width(key, part.trim(), glob));
        if text.is_empty() {
            Width::All
        } else {
            parts.max().unwrap_or(Width::All)
        }
    });
    widths.collect()
}

/// The same of claims whose values are known only after apply: the name of the claim says how far they reach.
fn claims_to_come(block: &Block<'_>) -> impl Iterator<Item = Width> {
    let inside = |path: &str| {
        let rest = path.strip_prefix("bound_claims")?;
        let key = rest.strip_prefix(['.', '['])?.trim_start_matches('"');
        let key = key.trim_end_matches(['"', ']']).trim_start_matches('/');
        let anybody = SAID_BY_ANYBODY.contains(&key);
        (!key.is_empty()).then(|| {
            if anybody {
                Width::All
            } else {
                claim_width(key, "", false)
            }
        })
    };
    block.change.unknown_paths.iter().filter_map(move |path| inside(path))
}

/// Claims that every repository or project can have with the value it likes.
///
/// Sources: [GitHub](https://docs.github.com/actions/reference/security/oidc),
/// [GitLab](https://docs.gitlab.com/ci/secrets/id_token_authentication/).
const SAID_BY_ANYBODY: [&str; 11] = [
    "base_ref",
    "environment",
    "environment_protected",
    "event_name",
    "head_ref",
    "pipeline_source",
    "ref",
    "ref_protected",
    "ref_type",
    "runner_environment",
    "workflow",
];
/// Claims that name an organisation or a group.
const NAMES_A_GROUP: [&str; 4] = [
    "namespace_id",
    "namespace_path",
    "repository_owner",
    "repository_owner_id",
];

/// How many identities one value of a claim fits.
fn claim_width(key: &str, value: &str, glob: bool) -> Width {
    let open = if !glob {
        Width::Few
    } else if matches!(key, "repository" | "project_path") {
        width(&format!("repo:{value}"))
    } else {
        width(value)
    };
    if NAMES_A_GROUP.contains(&key) {
        open.max(Width::Group)
    } else {
        open
    }
}

/// What a glob leaves open: `*`, `repo:*`, `repo:example/*`.
fn width(glob: &str) -> Width {
    let before = glob.split('*').next().unwrap_or_default();
    if before.len() == glob.len() {
        return Width::Few;
    }
    // The issuer's own words before the first name.
    let known = before.trim_end_matches([':', '/']);
    if matches!(
        known,
        "" | "repo" | "project_path" | "organization" | "system:serviceaccount"
    ) {
        return Width::All;
    }
    let names = ["repo:", "project_path:"]
        .iter()
        .find_map(|word| before.strip_prefix(word));
    match names {
        Some(names) if !names.contains('/') => Width::All,
        Some(names) if names.ends_with('/') && names.matches('/').count() == 1 => Width::Group,
        _ => Width::Few,
    }
}

fn kubernetes(block: &Block<'_>) -> Option<Open> {
    let any = |attribute: &str| texts(block, attribute).iter().any(|text| text == "*");
    let names = any("bound_service_account_names");
    let namespaces = any("bound_service_account_namespaces");
    let path = if names {
        "bound_service_account_names"
    } else {
        "bound_service_account_namespaces"
    };
    let remediation = "name the service account and the namespace of the workload";
    match (names, namespaces) {
        (true, true) => Some(open_to(
            path,
            Severity::High,
            "any pod of the cluster may log in with the role",
            remediation,
        )),
        (true, false) => Some(open_to(
            path,
            Severity::Medium,
            "any pod of the bound namespaces may log in with the role",
            remediation,
        )),
        (false, true) => Some(open_to(
            path,
            Severity::Medium,
            "whoever may create a service account of that name in any namespace may log in with the role",
            remediation,
        )),
        (false, false) => {
            let default = texts(block, "bound_service_account_names")
                .iter()
                .any(|text| text == "default");
            default.then(|| {
                open_to(
                    "bound_service_account_names",
                    Severity::Low,
                    "every pod without a service account of its own may log in with the role",
                    remediation,
                )
            })
        }
    }
}

fn approle(block: &Block<'_>) -> Option<Open> {
    let cidrs = is_there(block, "secret_id_bound_cidrs") || is_there(block, "token_bound_cidrs");
    if value(block, "bind_secret_id").and_then(Value::as_bool) == Some(false) {
        let severity = if cidrs { Severity::Medium } else { Severity::High };
        return Some(open_to(
            "bind_secret_id",
            severity,
            "whoever knows the id of the role may log in: no secret id is asked for",
            "set `bind_secret_id` to true",
        ));
    }
    let number = |attribute: &str| {
        value(block, attribute)
            .and_then(Value::number_text)
            .is_some_and(|text| text != "0")
    };
    let ends =
        |attribute: &str| number(attribute) || block.is_unknown(attribute) && !block.references(attribute).is_empty();
    if cidrs || ends("secret_id_ttl") || ends("secret_id_num_uses") {
        return None;
    }
    Some(open_to(
        "secret_id_ttl",
        Severity::Medium,
        "secret ids of the role never end, are not counted, and work from any address",
        "set `secret_id_ttl` and `secret_id_num_uses`",
    ))
}
