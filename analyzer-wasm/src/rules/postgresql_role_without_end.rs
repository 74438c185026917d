//! Flags logins of PostgreSQL whose password has no end.

use nhi_plan::Severity;
use nhi_policy_sdk::Findings;

use crate::facts::setting::{self, Is};
use crate::facts::{Block, cloud};

use crate::rule::{Check, Group, Rule};

/// Logins of PostgreSQL whose password has no end.
pub(super) static RULE: Rule = Rule {
    code: "NHI087",
    name: "postgresql-role-without-end",
    group: Group::Credential,
    severity: Severity::Low,
    since: "0.1.0",
    summary: "a PostgreSQL role logs in with a password that has no end",
    why: "a password without an end works for whoever copied it, for as long as the role exists",
    controls: &["NHI7:2025", "CWE-262", "CWE-613", "IA-5", "PR.AA-01", "PCI-DSS-8.6.3"],
    check: Check::Resource(&["postgresql_role"], check),
    docs: r#"
## What it does

Flags `postgresql_role` with `login` and a password, written or known later, that says no `valid_until` or `infinity`.
Roles without a password, which log in by certificate or by the identity of the cloud, are left alone.
An end or a login that is known only after apply is listed as unverified, but not an end of the time provider.

## Why is this bad?

Passwords of databases live in more places than anybody remembers: configuration, backups, laptops.

## Example

```terraform
resource "postgresql_role" "app" {
  name     = "app"
  login    = true
  password = random_password.app.result
}
```

## Use instead

```terraform
resource "postgresql_role" "app" {
  name        = "app"
  login       = true
  password    = random_password.app.result
  valid_until = "2027-01-31T00:00:00Z"
}
```

## Known limits

- How far the end is away is not judged; short-lived logins from a secrets engine are better than any date.
- Checked against the shape that the provider documents, not against a server.

## References

- [CREATE ROLE](https://www.postgresql.org/docs/current/sql-createrole.html)
- [OWASP NHI7:2025 Long-Lived Secrets](https://owasp.org/www-project-non-human-identities-top-10/2025/7-long-lived-secrets/)
"#,
};

fn check(block: &Block<'_>, out: &mut Findings) {
    let Some(after) = block.after() else { return };
    let there = |path: &str| {
        after
            .get(path)
            .is_some_and(|value| !value.is_null() && value.as_str().is_none_or(|text| !text.is_empty()))
            || block.is_unknown(path) && !block.references(path).is_empty()
    };
    let login = setting::flag(block, "login", true);
    if login == Is::No
        || !["password", "password_wo", "password_wo_version"]
            .into_iter()
            .any(there)
    {
        return;
    }
    let path = "valid_until";
    let ends = block
        .string(path)
        .is_some_and(|end| !end.is_empty() && !end.eq_ignore_ascii_case("infinity"));
    let references = block.references(path);
    // What the time provider gives is a point in time.
    let times = |address: &String| cloud::type_of(address).starts_with("time_");
    if ends || references.iter().any(times) {
        return;
    }
    let open = block.is_unknown(path) && !references.is_empty();
    if open || login == Is::Maybe {
        let (path, message) = if open {
            (
                path,
                "whether the password of the role has an end is known only after apply",
            )
        } else {
            (
                "login",
                "whether the role logs in with a password that has no end is known only after apply",
            )
        };
        let finding = RULE.finding(&block.change.address, path).message(message);
        out.push(
            finding
                .remediation("write the end of the password as a date")
                .unverified(),
        );
        return;
    }
    let finding = RULE
        .finding(&block.change.address, path)
        .message("the role logs in with a password that has no end")
        .remediation(
            "set `valid_until`, or let the workload log in with the identity of the cloud or a secrets engine",
        );
    out.push(finding);
}

#[cfg(test)]
mod tests {
    use crate::rules::cases::{Case, Plan, cases, plan};

    fn role(rest: &str) -> Plan {
        plan(&[("postgresql_role.r", &format!(r#"{{"name":"r",{rest}}}"#))])
    }

    #[test]
    fn table() {
        cases(&super::RULE)
            .flags(&[
                Case::low("no end", role(r#""login":true,"password":"x7Kq2mZx""#)).at("valid_until"),
                Case::low(
                    "infinity",
                    role(r#""login":true,"password":"x7Kq2mZx","valid_until":"infinity""#),
                ),
                Case::low(
                    "a password of a resource",
                    role(r#""login":true,"valid_until":"infinity""#)
                        .unknown("postgresql_role.r", &["password"])
                        .references("postgresql_role.r", "password", &["random_password.p"]),
                ),
                Case::unverified(
                    "an end that is not known",
                    role(r#""login":true,"password":"x7Kq2mZx""#)
                        .unknown("postgresql_role.r", &["valid_until"])
                        .references("postgresql_role.r", "valid_until", &["data.external.end"]),
                )
                .at("valid_until"),
                Case::unverified(
                    "a login that is not known",
                    role(r#""password":"x7Kq2mZx""#)
                        .unknown("postgresql_role.r", &["login"])
                        .references("postgresql_role.r", "login", &["data.external.login"]),
                )
                .at("login"),
                Case::low("write-only", role(r#""login":true,"password_wo_version":"1""#)),
            ])
            .allows(&[
                Case::clean(
                    "an end",
                    role(r#""login":true,"password":"x7Kq2mZx","valid_until":"2026-06-01T00:00:00Z""#),
                ),
                Case::clean(
                    "an end that is known later",
                    role(r#""login":true,"password":"x7Kq2mZx""#)
                        .unknown("postgresql_role.r", &["valid_until"])
                        .references("postgresql_role.r", "valid_until", &["time_offset.t"]),
                ),
                Case::clean(
                    "a login that is not known, with an end",
                    role(r#""password":"x7Kq2mZx","valid_until":"2026-06-01T00:00:00Z""#)
                        .unknown("postgresql_role.r", &["login"])
                        .references("postgresql_role.r", "login", &["data.external.login"]),
                ),
                Case::clean("no password", role(r#""login":true,"roles":["rds_iam"]"#)),
                Case::clean("a group", role(r#""login":false,"password":null"#)),
            ]);
    }
}
