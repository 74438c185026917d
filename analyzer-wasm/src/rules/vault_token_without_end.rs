//! Flags Vault tokens that live for very long or for ever.

use std::borrow::Cow;

use nhi_plan::{Mode, Severity};
use nhi_policy_sdk::Findings;

use crate::facts::Block;

use crate::rule::{Check, Group, Rule};

/// Vault tokens that live for very long or for ever.
pub(super) static RULE: Rule = Rule {
    code: "NHI073",
    name: "vault-token-without-end",
    group: Group::Credential,
    severity: Severity::Medium,
    since: "0.1.0",
    summary: "a Vault token, or those of an auth role, have no end or a far one",
    why: "a token that can be renewed for ever is a password that nobody changes",
    controls: &["NHI7:2025", "CWE-613", "IA-5", "PR.AA-01", "A.5.17"],
    check: Check::Block(check),
    docs: r#"
## What it does

Flags `vault_token` that is periodic without `explicit_max_ttl`, or that says no `ttl` and no `explicit_max_ttl`; its secret stands in the state.
Flags auth roles whose tokens live, or may be renewed, for more than 90 days (medium), and roles with periodic tokens without `token_explicit_max_ttl` (low).
Roles that say nothing get the limits of the server, 32 days unless it says otherwise, and are left alone.

## Why is this bad?

Vault's strength is that secrets end by themselves; a periodic token takes that away from the one credential that opens the others.

## Example

```terraform
resource "vault_token" "ci" {
  policies = ["deploy"]
  period   = "24h"
}
```

## Use instead

```terraform
resource "vault_token" "ci" {
  policies         = ["deploy"]
  ttl              = "1h"
  explicit_max_ttl = "4h"
}
```

## Known limits

- Checked against the shape that the provider documents, not against a Vault.

## References

- [Tokens of Vault](https://developer.hashicorp.com/vault/docs/concepts/tokens)
- [OWASP NHI7:2025 Long-Lived Secrets](https://owasp.org/www-project-non-human-identities-top-10/2025/7-long-lived-secrets/)
"#,
};

/// 90 days.
const SECONDS_MAX: u64 = 90 * 86_400;

fn check(block: &Block<'_>, out: &mut Findings) {
    if block.change.mode != Mode::Managed || !block.change.resource_type.starts_with("vault_") {
        return;
    }
    let resource_type = block.change.resource_type.as_ref();
    let told = if resource_type == "vault_token" {
        token(block)
    } else if resource_type.ends_with("_role") && resource_type.contains("_auth_backend") {
        role(block)
    } else {
        None
    };
    if let Some((severity, path, message)) = told {
        let mut finding = RULE
            .finding(&block.change.address, path)
            .message(message)
            .remediation("set a maximum that the task needs; for a token, `explicit_max_ttl`, and let workloads log in by an auth method");
        finding.severity = severity;
        out.push(if severity.is_some() {
            finding
        } else {
            finding.unverified()
        });
    }
}

type Told = (Option<Severity>, &'static str, &'static str);

fn token(block: &Block<'_>) -> Option<Told> {
    let asked = |attribute: &str| block.is_unknown(attribute) && !block.references(attribute).is_empty();
    let explicit = seconds(block, "explicit_max_ttl");
    if explicit.is_some_and(|seconds| seconds <= SECONDS_MAX) {
        return None;
    }
    if explicit.is_none() && asked("explicit_max_ttl") {
        return Some((
            None,
            "explicit_max_ttl",
            "when the token ends is known only after apply",
        ));
    }
    if seconds(block, "period").is_some() && explicit.is_none() {
        return Some((Some(Severity::Medium), "period", "the token can be renewed for ever"));
    }
    if explicit.is_some() {
        return Some((
            Some(Severity::Medium),
            "explicit_max_ttl",
            "the token lives for more than 90 days",
        ));
    }
    match seconds(block, "ttl") {
        Some(ttl) if ttl <= SECONDS_MAX => None,
        Some(_) => Some((Some(Severity::Medium), "ttl", "the token lives for more than 90 days")),
        None if asked("ttl") => Some((None, "ttl", "when the token ends is known only after apply")),
        None => Some((
            Some(Severity::Medium),
            "ttl",
            "the token says no end and lives as long as the server lets it",
        )),
    }
}

fn role(block: &Block<'_>) -> Option<Told> {
    let explicit = seconds(block, "token_explicit_max_ttl");
    if explicit.is_some_and(|seconds| seconds <= SECONDS_MAX) {
        return None;
    }
    let far = ["token_ttl", "token_max_ttl", "token_explicit_max_ttl", "token_period"];
    if let Some(path) = far
        .into_iter()
        .find(|path| seconds(block, path).is_some_and(|seconds| seconds > SECONDS_MAX))
    {
        return Some((
            Some(Severity::Medium),
            path,
            "tokens of the role live for more than 90 days",
        ));
    }
    seconds(block, "token_period").map(|_| {
        (
            Some(Severity::Low),
            "token_period",
            "tokens of the role can be renewed for ever",
        )
    })
}

/// A duration of Vault in seconds: a number, or `768h`; `None` for none and for 0, which means none.
fn seconds(block: &Block<'_>, attribute: &str) -> Option<u64> {
    let value = block.after()?.get(attribute)?;
    let text = value.number_text().map(Cow::Borrowed).or_else(|| value.as_str())?;
    let mut total: u64 = 0;
    let mut digits = 0_u64;
    let mut unit = false;
    for character in text.chars() {
        if let Some(digit) = character.to_digit(10) {
            digits = digits.saturating_mul(10).saturating_add(u64::from(digit));
            unit = false;
            continue;
        }
        let each = match character {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            _ => return None,
        };
        total = total.saturating_add(digits.saturating_mul(each));
        (digits, unit) = (0, true);
    }
    if !unit {
        total = total.saturating_add(digits);
    }
    (total > 0).then_some(total)
}

#[cfg(test)]
mod tests {
    use crate::rules::cases::{Case, Plan, cases, plan};

    fn token(rest: &str) -> Plan {
        plan(&[("vault_token.t", &format!(r#"{{"policies":["p"]{rest}}}"#))])
    }

    fn role(rest: &str) -> Plan {
        plan(&[(
            "vault_approle_auth_backend_role.r",
            &format!(r#"{{"role_name":"r","secret_id_ttl":600{rest}}}"#),
        )])
    }

    #[test]
    fn table() {
        cases(&super::RULE)
            .flags(&[
                Case::medium("periodic", token(r#","period":"24h""#)).at("period"),
                Case::medium("nothing said", token("")).at("ttl"),
                Case::medium("a year", token(r#","ttl":"8760h""#)),
                Case::medium("ten years at most", token(r#","ttl":"1h","explicit_max_ttl":"3650d""#)),
                Case::unverified(
                    "unknown",
                    token("")
                        .unknown("vault_token.t", &["ttl"])
                        .references("vault_token.t", "ttl", &["time_static.t"]),
                ),
                Case::low("periodic tokens of a role", role(r#","token_period":86400"#)),
                Case::medium("a role's year", role(r#","token_max_ttl":31536000"#)),
            ])
            .allows(&[
                Case::clean("an hour", token(r#","ttl":"1h""#)),
                Case::clean("an hour, in parts", token(r#","ttl":"59m60s""#)),
                Case::clean(
                    "periodic with an end",
                    token(r#","period":"24h","explicit_max_ttl":"720h""#),
                ),
                Case::clean("a role's default", role(r#","token_ttl":0,"token_max_ttl":0"#)),
                Case::clean("a role's hour", role(r#","token_ttl":3600,"token_max_ttl":14400"#)),
                Case::clean(
                    "periodic tokens with an end",
                    role(r#","token_period":86400,"token_explicit_max_ttl":604800"#),
                ),
                Case::clean("a data source", plan(&[("data.vault_token.t", "{}")])),
            ]);
    }
}
