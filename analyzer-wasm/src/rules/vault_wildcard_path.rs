//! Flags Vault policies over everything, or over a whole secrets engine.

use nhi_plan::Severity;
use nhi_policy_sdk::Findings;

use crate::facts::Facts;

use crate::rule::{Check, Group, Rule};

/// Vault policies over everything, or over a whole secrets engine.
pub(super) static RULE: Rule = Rule {
    code: "NHI071",
    name: "vault-wildcard-path",
    group: Group::Privilege,
    severity: Severity::Medium,
    since: "0.1.0",
    summary: "a Vault policy covers every path, or a whole secrets engine",
    why: "a wildcard in front of everything else gives each secret that exists, and each that anybody will add",
    controls: &["NHI5:2025", "CWE-250", "AC-6", "PR.AA-05", "CC6.3", "A.8.2"],
    check: Check::Plan(check),
    docs: r#"
## What it does

Flags stanzas whose path begins with a wildcard (`*`, `+/*`): critical where they let the holder raise itself, else high.
Stanzas over a whole engine are told too: writing (`kv/*`, `kv/data/*`) and credentials of every role (`database/creds/*`, `pki/issue/*`) are medium, reading is low.
Listing alone, stanzas with `deny` and paths with a literal or a template behind the engine are left alone.
A policy that nothing in the plan holds is one step lower.

## Why is this bad?

One token with such a policy opens the secrets of every team.

## Example

```terraform
resource "vault_policy" "app" {
  name   = "app"
  policy = <<-EOT
    path "*" {
      capabilities = ["create", "read", "update", "delete", "list"]
    }
  EOT
}
```

## Use instead

```terraform
resource "vault_policy" "app" {
  name   = "app"
  policy = <<-EOT
    path "secret/data/{{identity.entity.metadata.app}}/*" {
      capabilities = ["read"]
    }
  EOT
}
```

## Known limits

- An engine under a path of several segments counts as a part of an engine.
- Checked against the shape that the provider documents, not against a Vault.

## References

- [Vault policies](https://developer.hashicorp.com/vault/docs/concepts/policies)
- [OWASP NHI5:2025 Overprivileged NHI](https://owasp.org/www-project-non-human-identities-top-10/2025/5-overprivileged-nhi/)
"#,
};

fn check(facts: &Facts, out: &mut Findings) {
    for judgement in facts.vault.settled.judgements.iter().filter(|judgement| judgement.wide) {
        out.push(judgement.finding(&RULE, "name the engine and the part of it that the holder uses"));
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::cases::{Case, Plan, cases, plan};

    fn held(text: &str) -> Plan {
        plan(&[
            (
                "vault_policy.p",
                &format!(r#"{{"name":"p","policy":{}}}"#, nhi_plan::json::quote(text)),
            ),
            ("vault_token.r", r#"{"policies":["p"],"ttl":"1h"}"#),
        ])
    }

    #[test]
    fn table() {
        let stanza = |path: &str, caps: &str| format!("path \"{path}\" {{\n  capabilities = [{caps}]\n}}\n");
        cases(&super::RULE)
            .flags(&[
                Case::critical(
                    "everything",
                    held(&stanza("*", r#""create", "read", "update", "delete", "list", "sudo""#)),
                )
                .at("policy"),
                Case::critical("writes everywhere", held(&stanza("+/*", r#""update""#))),
                Case::high("reads everything", held(&stanza("*", r#""read", "list""#))),
                Case::high("data of every engine", held(&stanza("+/data/*", r#""read""#))),
                Case::medium("an engine", held(&stanza("kv/*", r#""create", "update""#))),
                Case::medium(
                    "an engine, second version",
                    held(&stanza("secret/data/*", r#""create", "read""#)),
                ),
                Case::low("reads an engine", held(&stanza("secret/data/*", r#""read""#))),
                Case::medium(
                    "credentials of every role",
                    held(&stanza("database/creds/*", r#""read""#)),
                ),
                Case::medium(
                    "held by nobody",
                    plan(&[(
                        "vault_policy.p",
                        r#"{"name":"p","policy":"path \"*\" { capabilities = [\"read\"] }"}"#,
                    )]),
                ),
            ])
            .allows(&[
                Case::clean("denies everything", held(&stanza("*", r#""deny""#))),
                Case::clean("lists", held(&stanza("secret/metadata/*", r#""list""#))),
                Case::clean("a part", held(&stanza("secret/data/app/*", r#""create", "read""#))),
                Case::clean(
                    "a template",
                    held(&stanza("secret/data/{{identity.entity.name}}/*", r#""create", "read""#)),
                ),
                Case::clean("one segment", held(&stanza("secret/data/+/public", r#""read""#))),
                Case::clean("one role", held(&stanza("database/creds/app", r#""read""#))),
                Case::clean("its own cupboard", held(&stanza("cubbyhole/*", r#""create", "read""#))),
                Case::clean("a key", held(&stanza("transit/encrypt/app", r#""update""#))),
                Case::clean("sys is another rule", held(&stanza("sys/*", r#""create", "update""#))),
            ]);
    }
}
