//! Flags Vault policies with which their holder raises itself.

use nhi_plan::Severity;
use nhi_policy_sdk::Findings;

use crate::facts::Facts;

use crate::rule::{Check, Group, Rule};

/// Vault policies with which their holder raises itself.
pub(super) static RULE: Rule = Rule {
    code: "NHI070",
    name: "vault-administer",
    group: Group::Privilege,
    severity: Severity::Critical,
    since: "0.1.0",
    summary: "a Vault policy lets its holder give itself any other policy",
    why: "whoever can write policies, auth roles or identities in Vault can read every secret in it one call later",
    controls: &["NHI5:2025", "CWE-269", "CWE-266", "AC-6", "PR.AA-05", "CC6.3", "A.8.2"],
    check: Check::Plan(check),
    docs: r#"
## What it does

Flags policies that allow, on names that the holder may choose:
writing policies, auth roles, users and groups, identities; creating tokens with `sudo`; enabling auth methods; raw storage; plugins; the audit log; token roles; mounts; root tokens, unseal keys and the seal.
All policies of a role, token, entity or group count together: the most specific path wins as in Vault, and `deny` takes back.
Policies and users that `vault_generic_endpoint` writes count as well.
A policy that nothing in the plan holds is one step lower.
The policy `root` in a role or a token is critical.
A policy that is known only after apply, or that cannot be read, is reported as unverified.
Policies of a login that are known only after apply, and do not all stand in the configuration, are listed as unverified.

## Why is this bad?

Vault guards the secrets of everything else.
A right to hand out rights in Vault is a right to all of them.

## Example

```terraform
resource "vault_policy" "ci" {
  name   = "ci"
  policy = <<-EOT
    path "sys/policies/acl/*" {
      capabilities = ["create", "update"]
    }
  EOT
}
```

## Use instead

```terraform
resource "vault_policy" "ci" {
  name   = "ci"
  policy = <<-EOT
    path "secret/data/ci/*" {
      capabilities = ["read"]
    }
    path "auth/token/create" {
      capabilities = ["update"]
    }
  EOT
}
```

## Known limits

- `auth/token/create` without `sudo` makes tokens with a part of the holder's own policies, which is no escalation.
- Sentinel policies, namespaces and control groups are not read.
- Checked against the shape that the provider documents, not against a Vault.

## References

- [Vault policies](https://developer.hashicorp.com/vault/docs/concepts/policies)
- [Root-protected paths](https://developer.hashicorp.com/vault/docs/concepts/policies#root-protected-api-endpoints)
- [OWASP NHI5:2025 Overprivileged NHI](https://owasp.org/www-project-non-human-identities-top-10/2025/5-overprivileged-nhi/)
"#,
};

fn check(facts: &Facts, out: &mut Findings) {
    let settled = &facts.vault.settled;
    for (address, path) in &settled.roots {
        let finding = RULE
            .finding(address, path)
            .message("the policy `root`, which allows everything, is given to whoever logs in here")
            .remediation("give a policy with the paths that are used, and make root tokens only in an emergency");
        out.push(finding);
    }
    for (address, path) in &settled.open {
        let finding = RULE
            .finding(address, path)
            .message("which policies whoever logs in here gets is known only after apply")
            .remediation("name policies of this configuration, or write their names");
        out.push(finding.unverified());
    }
    for judgement in settled.judgements.iter().filter(|judgement| !judgement.wide) {
        out.push(judgement.finding(
            &RULE,
            "limit the path to the names that the holder manages, or remove it",
        ));
    }
    for (address, path, why) in &settled.unread {
        let finding = RULE
            .finding(address, path)
            .message(format!("what the policy allows could not be told: {why}"))
            .remediation("write the policy with values that are known when planning");
        out.push(finding.unverified());
    }
}

#[cfg(test)]
mod tests {
    use nhi_plan::symbol::symbol;

    use crate::rules::cases::{Case, Plan, cases, plan};

    /// A policy that a role holds.
    fn held(text: &str) -> Plan {
        alone(text).and(("vault_kubernetes_auth_backend_role.r", r#"{"role_name":"r","bound_service_account_names":["app"],"bound_service_account_namespaces":["shop"],"token_policies":["default","p"]}"#))
    }

    fn alone(text: &str) -> Plan {
        plan(&[(
            "vault_policy.p",
            &format!(r#"{{"name":"p","policy":{}}}"#, nhi_plan::json::quote(text)),
        )])
    }

    fn stanza(path: &str, caps: &str) -> String {
        let caps: Vec<_> = caps.split(',').map(|cap| format!("\"{cap}\"")).collect();
        format!("path \"{path}\" {{ capabilities = [{}] }}\n", caps.join(", "))
    }

    #[test]
    fn each_row() {
        cases(&super::RULE)
            .flags(&[
                Case::critical("policies", held(&stanza("sys/policies/acl/*", "create,update"))).at("policy"),
                Case::critical("policies, old path", held(&stanza("sys/policy/+", "update"))),
                Case::critical("policies, by a wildcard over sys", held(&stanza("sys/*", "create"))),
                Case::critical("policies, old language", held("path \"sys/policy/*\" { policy = \"write\" }")),
                Case::critical("roles of a method", held(&stanza("auth/github/role/*", "update"))),
                Case::critical("roles of every method", held(&stanza("auth/+/role/*", "create"))),
                Case::critical("segments count less than a star in the same place", held(&(stanza("auth/*", "update") + &stanza("auth/+/role/*", "deny")))),
                Case::critical("users", held(&stanza("auth/userpass/users/*", "update"))),
                Case::critical("groups", held(&stanza("auth/ldap/groups/*", "update"))),
                Case::critical("identity", held(&stanza("identity/*", "update"))),
                Case::critical("entities", held(&stanza("identity/entity/id/*", "update"))),
                Case::critical("tokens", held(&stanza("auth/token/create", "update,sudo"))),
                Case::critical("orphans", held(&stanza("auth/token/create*", "update,sudo"))),
                Case::critical("methods", held(&stanza("sys/auth/*", "create,update,sudo"))),
                Case::critical("raw storage", held(&stanza("sys/raw/*", "read,sudo"))),
                Case::critical("plugins", held(&stanza("sys/plugins/catalog/*", "update,sudo"))),
                Case::high("token roles", held(&stanza("auth/token/roles/*", "create,update"))),
                Case::high("audit", held(&stanza("sys/audit/*", "delete,sudo"))),
                Case::medium("tokens of every role", held(&stanza("auth/token/create/*", "update"))),
                Case::medium("mounts", held(&stanza("sys/mounts/*", "create,update"))),
                Case::medium("root tokens", held(&stanza("sys/generate-root/*", "update"))),
                Case::medium("unseal keys", held(&stanza("sys/rekey/*", "update"))),
                Case::medium("seal", held(&stanza("sys/seal", "update,sudo"))),
                Case::low("sudo", held(&stanza("sys/leases/*", "list,sudo"))),
                Case::critical("root", plan(&[("vault_approle_auth_backend_role.r", r#"{"role_name":"r","token_policies":["root"],"secret_id_ttl":600}"#)])).at("token_policies"),
                Case::critical("a root token", plan(&[("vault_token.t", r#"{"policies":["root"],"ttl":"1h"}"#)])).at("policies"),
                Case::critical("JSON", held(r#"{"path":{"sys/policies/acl/*":{"capabilities":["update"]}}}"#)),
                Case::critical(
                    "requests that are written out",
                    plan(&[
                        ("vault_generic_endpoint.p", r#"{"path":"sys/policies/acl/p","data_json":"{\"policy\":\"path \\\"sys/policies/acl/*\\\" { capabilities = [\\\"update\\\"] }\"}"}"#),
                        ("vault_generic_endpoint.u", r#"{"path":"auth/userpass/users/ci","data_json":"{\"policies\":[\"p\"],\"password\":\"x\"}"}"#),
                    ]),
                )
                .at("data_json"),
                Case::high("held by nobody in the plan", alone(&stanza("sys/policies/acl/*", "update"))),
            ])
            .allows(&[
                Case::clean("one policy", held(&stanza("sys/policies/acl/app", "create,update"))),
                Case::clean("policies of a team", held(&stanza("sys/policies/acl/team-*", "create,update"))),
                Case::clean("reads policies", held(&stanza("sys/policies/acl/*", "read,list"))),
                Case::clean("a role", held(&stanza("auth/kubernetes/role/app", "update"))),
                Case::clean("logs in", held(&stanza("auth/approle/login", "create,update"))),
                Case::clean("child tokens", held(&stanza("auth/token/create", "update"))),
                Case::clean("its own token", held(&(stanza("auth/token/lookup-self", "read") + &stanza("auth/token/renew-self", "update")))),
                Case::clean("methods without sudo", held(&stanza("sys/auth/*", "read,list"))),
                Case::clean("denied", held(&(stanza("sys/*", "create,update") + &stanza("sys/policies/*", "deny") + &stanza("sys/policy/*", "deny") + &stanza("sys/mounts/*", "deny") + &stanza("sys/generate-root/*", "deny") + &stanza("sys/rekey/*", "deny")))),
                Case::clean("a more specific path takes it back", held(&(stanza("auth/github/*", "update") + &["role/*", "users/*", "groups/*", "certs/*", "map/*"].iter().map(|path| stanza(&format!("auth/github/{path}"), "read")).collect::<String>()))),
                Case::clean("certain parameters", held("path \"auth/github/role/*\" { capabilities = [\"update\"] allowed_parameters = { \"token_ttl\" = [] } }")),
                Case::clean("secrets", held(&stanza("secret/data/app/*", "create,read,update"))),
                Case::clean("empty", held("")),
                Case::clean("a policy of Consul", plan(&[("vault_consul_secret_backend_role.r", r#"{"policies":["root"]}"#)])),
                Case::clean("the default policy", plan(&[("vault_token.t", r#"{"policies":["default"],"ttl":"1h"}"#)])),
            ]);
    }

    #[test]
    fn joins_and_unknowns() {
        let deny = stanza("sys/policies/acl/*", "deny");
        let both = |token_policies: &str| {
            alone(&stanza("sys/policies/acl/*", "update"))
                .and((
                    "vault_policy.q",
                    &format!(r#"{{"name":"q","policy":{}}}"#, nhi_plan::json::quote(&deny)),
                ))
                .and((
                    "vault_identity_group.g",
                    &format!(r#"{{"policies":[{token_policies}]}}"#),
                ))
        };
        let role = "vault_jwt_auth_backend_role.r";
        let led = |addresses: &[&str]| {
            alone(&stanza("kv/data/x", "read"))
                .and((
                    role,
                    r#"{"bound_subject":"x","bound_audiences":["a"],"role_type":"jwt"}"#,
                ))
                .unknown(role, &["token_policies"])
                .references(role, "token_policies", addresses)
        };
        let document = r#"{"rule":[{"path":"sys/policies/acl/*","capabilities":["update"],"allowed_parameter":[]}]}"#;
        cases(&super::RULE)
            .flags(&[
                Case::critical("one of the two", both(r#""p""#)),
                Case::critical(
                    "by reference",
                    alone(&stanza("sys/policies/acl/*", "update"))
                        .and(("vault_jwt_auth_backend_role.r", r#"{"token_policies":[null],"bound_subject":"x","bound_audiences":["a"],"role_type":"jwt"}"#))
                        .unknown("vault_jwt_auth_backend_role.r", &["token_policies[0]"])
                        .references("vault_jwt_auth_backend_role.r", "token_policies", &["vault_policy.p"]),
                ),
                Case::high(
                    "a data source that is read later",
                    plan(&[("vault_policy.p", r#"{"name":"p"}"#), ("data.vault_policy_document.d", document)])
                        .unknown("vault_policy.p", &["policy"])
                        .references("vault_policy.p", "policy", &["data.vault_policy_document.d"]),
                ),
                Case::critical("a mount is unknown", held(&stanza(&format!("auth/{}/role/*", symbol("vault_auth_backend.k.path")), "update"))),
                Case::unverified("a capability is unknown", held(&format!("path \"sys/policies/acl/*\" {{ capabilities = [\"{}\"] }}", symbol("var.c")))),
                Case::unverified("unknown", plan(&[("vault_policy.p", r#"{"name":"p"}"#)]).unknown("vault_policy.p", &["policy"])),
                Case::unverified("whose policies are not known", led(&["data.http.x", "vault_policy.p"])).at("token_policies"),
                Case::unverified("broken", alone("path \"a\" {")),
                Case::unverified("stanzas are unknown", alone(&symbol("local.rules"))),
            ])
            .allows(&[
                Case::clean("policies of the plan", led(&["vault_policy.p"])),
                Case::clean("the other policy denies", both(r#""p","q""#)),
                Case::clean("a capability is unknown on a secret", held(&format!("path \"kv/data/x\" {{ capabilities = [\"{}\"] }}", symbol("var.c")))),
                Case::clean("destroyed", alone(&stanza("sys/policies/acl/*", "update")).destroyed("vault_policy.p")),
            ]);
    }
}
