//! Flags roles of Vault's auth methods that anybody may log in with.

use nhi_plan::Severity;
use nhi_policy_sdk::Findings;

use crate::facts::Block;
use crate::facts::vault::binding;

use crate::rule::{Check, Group, Rule};

/// Roles of Vault's auth methods that anybody may log in with.
pub(super) static RULE: Rule = Rule {
    code: "NHI072",
    name: "vault-auth-role-unbound",
    group: Group::Privilege,
    severity: Severity::High,
    since: "0.1.0",
    summary: "a role of a Vault auth method is not bound to chosen identities",
    why: "the role gives its policies to everybody whom the other system knows, not to the workload it was made for",
    controls: &[
        "NHI6:2025",
        "NHI4:2025",
        "CWE-287",
        "CWE-1390",
        "IA-9",
        "PR.AA-03",
        "A.8.5",
    ],
    check: Check::Resource(
        &[
            "vault_approle_auth_backend_role",
            "vault_aws_auth_backend_role",
            "vault_azure_auth_backend_role",
            "vault_gcp_auth_backend_role",
            "vault_jwt_auth_backend_role",
            "vault_kubernetes_auth_backend_role",
        ],
        check,
    ),
    docs: r#"
## What it does

Flags, by auth method:
JWT roles without a bound subject or claim, with claims that a glob leaves open, or (medium) with every repository of an organisation or without a bound audience;
Kubernetes roles for any service account of any namespace (high), for any account of some namespaces or for one name in any namespace (medium), and for the account `default` (low);
AWS, Azure and Google roles that are bound to nothing (high);
AppRole roles whose secret ids need not be presented (high), or neither end, nor are counted, nor are bound to addresses (medium).

## Why is this bad?

A pipeline of any repository, or a pod of any namespace, then holds what was meant for one.

## Example

```terraform
resource "vault_jwt_auth_backend_role" "ci" {
  backend         = "github"
  role_name       = "ci"
  role_type       = "jwt"
  user_claim      = "sub"
  bound_audiences = ["https://github.com/example"]
  token_policies  = ["deploy"]
}
```

## Use instead

```terraform
resource "vault_jwt_auth_backend_role" "ci" {
  backend         = "github"
  role_name       = "ci"
  role_type       = "jwt"
  user_claim      = "sub"
  bound_audiences = ["https://github.com/example"]
  bound_subject   = "repo:example/payments:environment:production"
  token_policies  = ["deploy"]
}
```

## Known limits

- OIDC roles, with which people log in through a browser, may be open to the whole directory; they are low.
- What a subject of another system can be made to say is not known here.
- Checked against the shape that the provider documents, not against a Vault.

## References

- [JWT and OIDC auth method](https://developer.hashicorp.com/vault/docs/auth/jwt)
- [Kubernetes auth method](https://developer.hashicorp.com/vault/docs/auth/kubernetes)
- [OWASP NHI6:2025 Insecure Cloud Deployment Configurations](https://owasp.org/www-project-non-human-identities-top-10/2025/6-insecure-cloud-deployment-configurations/)
"#,
};

fn check(block: &Block<'_>, out: &mut Findings) {
    if let Some(open) = binding::open(block) {
        let mut finding = RULE
            .finding(&block.change.address, open.path)
            .message(open.message)
            .remediation(open.remediation);
        finding.severity = Some(open.severity);
        out.push(if open.sure { finding } else { finding.unverified() });
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::cases::{Case, Plan, cases, plan};

    fn jwt(rest: &str) -> Plan {
        plan(&[(
            "vault_jwt_auth_backend_role.r",
            &format!(r#"{{"role_name":"r","role_type":"jwt","user_claim":"sub","bound_claims_type":"string",{rest}}}"#),
        )])
    }

    fn role(method: &'static str, after: &str) -> Plan {
        plan(&[(method, after)])
    }

    #[test]
    fn table() {
        let aud = r#""bound_audiences":["vault"]"#;
        let glob = |sub: &str| {
            jwt(
                &format!(r#""bound_claims_type":"glob","bound_claims":{{"sub":"{sub}"}},{aud}"#)
                    .replace(r#""bound_claims_type":"glob","#, ""),
            )
            .changed("vault_jwt_auth_backend_role.r", |change| {
                let after = change
                    .after
                    .take()
                    .unwrap_or_default()
                    .replace(r#""bound_claims_type":"string""#, r#""bound_claims_type":"glob""#);
                change.after = Some(after.into());
            })
        };
        let (k8s, approle, aws, gcp, azure) = (
            "vault_kubernetes_auth_backend_role.r",
            "vault_approle_auth_backend_role.r",
            "vault_aws_auth_backend_role.r",
            "vault_gcp_auth_backend_role.r",
            "vault_azure_auth_backend_role.r",
        );
        cases(&super::RULE).flags(&[
            Case::high("no subject", jwt(aud)).at("bound_subject"),
            Case::high(
                "claims that every token has",
                jwt(&format!(r#""bound_claims":{{"iss":"https://a.example"}},{aud}"#)),
            )
            .at("bound_claims"),
            Case::high("any subject", glob("*")),
            Case::high("any repository", glob("repo:*")),
            Case::medium(
                "no audience",
                jwt(r#""bound_subject":"repo:example/app:ref:refs/heads/main""#),
            )
            .at("bound_audiences"),
            Case::low(
                "a browser",
                role(
                    "vault_jwt_auth_backend_role.r",
                    r#"{"role_type":"oidc","allowed_redirect_uris":["https://v.example/cb"]}"#,
                ),
            ),
            Case::high(
                "any pod",
                role(
                    k8s,
                    r#"{"bound_service_account_names":["*"],"bound_service_account_namespaces":["*"]}"#,
                ),
            ),
            Case::medium(
                "any pod of a namespace",
                role(
                    k8s,
                    r#"{"bound_service_account_names":["*"],"bound_service_account_namespaces":["shop"]}"#,
                ),
            ),
            Case::medium(
                "a name anywhere",
                role(
                    k8s,
                    r#"{"bound_service_account_names":["app"],"bound_service_account_namespaces":["*"]}"#,
                ),
            ),
            Case::low(
                "the default account",
                role(
                    k8s,
                    r#"{"bound_service_account_names":["default"],"bound_service_account_namespaces":["shop"]}"#,
                ),
            ),
            Case::medium(
                "secret ids for ever",
                role(
                    approle,
                    r#"{"role_name":"r","bind_secret_id":true,"secret_id_num_uses":0,"secret_id_ttl":0}"#,
                ),
            )
            .at("secret_id_ttl"),
            Case::high(
                "no secret id",
                role(approle, r#"{"role_name":"r","bind_secret_id":false}"#),
            ),
            Case::high(
                "any identity of AWS",
                role(aws, r#"{"auth_type":"iam","bound_iam_principal_arns":["*"]}"#),
            ),
            Case::high("any of Google", role(gcp, r#"{"type":"iam","bound_projects":[]}"#)),
            Case::high("any of Azure", role(azure, r#"{"role":"r"}"#)),
        ]);
    }

    #[test]
    fn claims_by_their_names() {
        let aud = r#""bound_audiences":["vault"]"#;
        cases(&super::RULE).flags(&[
            Case::high(
                "a branch of any repository",
                jwt(&format!(r#""bound_claims":{{"ref":"refs/heads/main"}},{aud}"#)),
            )
            .at("bound_claims"),
            Case::medium(
                "an organisation by its own claim",
                jwt(&format!(r#""bound_claims":{{"repository_owner":"example"}},{aud}"#)),
            )
            .at("bound_claims"),
            Case::unverified(
                "claims known after apply",
                jwt(aud)
                    .unknown("vault_jwt_auth_backend_role.r", &["bound_claims"])
                    .references(
                        "vault_jwt_auth_backend_role.r",
                        "bound_claims",
                        &["terraform_data.claims"],
                    ),
            )
            .at("bound_claims"),
        ]);
    }

    #[test]
    fn near_misses() {
        let aud = r#""bound_audiences":["vault"]"#;
        let glob = |sub: &str| {
            jwt(
                &format!(r#""bound_claims_type":"glob","bound_claims":{{"sub":"{sub}"}},{aud}"#)
                    .replace(r#""bound_claims_type":"glob","#, ""),
            )
            .changed("vault_jwt_auth_backend_role.r", |change| {
                let after = change
                    .after
                    .take()
                    .unwrap_or_default()
                    .replace(r#""bound_claims_type":"string""#, r#""bound_claims_type":"glob""#);
                change.after = Some(after.into());
            })
        };
        let (k8s, approle, aws, gcp, azure) = (
            "vault_kubernetes_auth_backend_role.r",
            "vault_approle_auth_backend_role.r",
            "vault_aws_auth_backend_role.r",
            "vault_gcp_auth_backend_role.r",
            "vault_azure_auth_backend_role.r",
        );
        cases(&super::RULE).allows(&[
            Case::clean(
                "a subject",
                jwt(&format!(
                    r#""bound_subject":"repo:example/app:environment:production",{aud}"#
                )),
            ),
            Case::clean(
                "a claim",
                jwt(&format!(
                    r#""bound_claims":{{"project_id":"42","ref_protected":"true"}},{aud}"#
                )),
            ),
            Case::clean(
                "a project that is not known yet",
                jwt(&format!(r#""bound_claims":{{"ref_protected":"true"}},{aud}"#))
                    .unknown("vault_jwt_auth_backend_role.r", &["bound_claims.project_id"]),
            ),
            Case::clean(
                "a repository and a branch",
                jwt(&format!(
                    r#""bound_claims":{{"repository":"example/app","ref":"refs/heads/main"}},{aud}"#
                )),
            ),
            Case::clean("branches of a repository", glob("repo:example/app:*")),
            Case::clean(
                "branches of any name",
                glob("repo:example/app:ref:refs/heads/release-*"),
            ),
            Case::clean(
                "an account",
                role(
                    k8s,
                    r#"{"bound_service_account_names":["app"],"bound_service_account_namespaces":["shop"]}"#,
                ),
            ),
            Case::clean(
                "an account that is not known yet",
                role(
                    k8s,
                    r#"{"bound_service_account_names":[null],"bound_service_account_namespaces":["shop"]}"#,
                ),
            ),
            Case::clean(
                "secret ids that end",
                role(
                    approle,
                    r#"{"role_name":"r","secret_id_ttl":600,"secret_id_num_uses":0}"#,
                ),
            ),
            Case::clean(
                "secret ids of an address",
                role(approle, r#"{"role_name":"r","secret_id_bound_cidrs":["10.0.0.0/8"]}"#),
            ),
            Case::clean(
                "a role of AWS",
                role(
                    aws,
                    r#"{"bound_iam_principal_arns":["arn:aws:iam::111122223333:role/app"]}"#,
                ),
            ),
            Case::clean(
                "a role of AWS that is not known yet",
                role(aws, "{}").unknown(aws, &["bound_iam_principal_arns"]).references(
                    aws,
                    "bound_iam_principal_arns",
                    &["aws_iam_role.r"],
                ),
            ),
            Case::clean("a project", role(gcp, r#"{"bound_projects":["shop"]}"#)),
            Case::clean(
                "a subscription",
                role(
                    azure,
                    r#"{"bound_subscription_ids":["00000000-0000-0000-0000-000000000001"]}"#,
                ),
            ),
        ]);
    }
}
