//! Flags logins of PostgreSQL that become a powerful role through memberships.

use nhi_plan::Severity;
use nhi_policy_sdk::Findings;

use crate::facts::Facts;

use crate::rule::{Check, Group, Rule};

/// Logins of PostgreSQL that become a powerful role through memberships.
pub(super) static RULE: Rule = Rule {
    code: "NHI088",
    name: "postgresql-role-chain",
    group: Group::Privilege,
    severity: Severity::High,
    since: "0.1.0",
    summary: "a PostgreSQL login becomes a powerful role through its memberships",
    why: "a member may become the role it is a member of, and that one the next",
    controls: &["NHI5:2025", "CWE-269", "CWE-266", "AC-6", "PR.AA-05", "CC6.3"],
    check: Check::Plan(check),
    docs: r#"
## What it does

Follows memberships (`roles`, `postgresql_grant_role`) from each role that can log in, and flags the first one on the way to a role of the plan with more power than the login has: superuser, creation of roles, files and programs of the server, and what else NHI085 names.
The severity is that of the power; the way is told.

## Why is this bad?

`SET ROLE` takes on everything of a role, also what is not inherited.
The login looks harmless, and is not.

## Example

```terraform
resource "postgresql_role" "dba" {
  name      = "dba"
  superuser = true
}

resource "postgresql_role" "app" {
  name  = "app"
  login = true
  roles = [postgresql_role.dba.name]
}
```

## Use instead

```terraform
resource "postgresql_role" "writer" {
  name = "writer"
}

resource "postgresql_role" "app" {
  name  = "app"
  login = true
  roles = [postgresql_role.writer.name]
}
```

## Known limits

- Roles that are not in the plan are not followed; predefined ones are NHI085.
- Checked against the shape that the provider documents, not against a server.

## References

- [Role attributes](https://www.postgresql.org/docs/current/role-attributes.html)
- [Predefined roles](https://www.postgresql.org/docs/current/predefined-roles.html)
- [OWASP NHI5:2025 Overprivileged NHI](https://owasp.org/www-project-non-human-identities-top-10/2025/5-overprivileged-nhi/)
"#,
};

fn check(facts: &Facts, out: &mut Findings) {
    for chain in &facts.postgresql.chains {
        let way: Vec<_> = chain.hops.iter().map(|hop| format!("`{hop}`")).collect();
        let mut finding = RULE
            .finding(&chain.address, &chain.path)
            .message(format!(
                "the login can {} by becoming other roles: {}",
                chain.what,
                way.join(", then ")
            ))
            .remediation("take the membership away, or let a role without that power stand between");
        finding.severity = Some(chain.severity);
        out.push(finding);
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::cases::{Case, Plan, cases, plan};

    fn roles(app: &str, middle: &str, dba: &str) -> Plan {
        plan(&[
            ("postgresql_role.app", &format!(r#"{{"name":"app","login":true{app}}}"#)),
            (
                "postgresql_role.middle",
                &format!(r#"{{"name":"middle","login":false{middle}}}"#),
            ),
            (
                "postgresql_role.dba",
                &format!(r#"{{"name":"dba","login":false{dba}}}"#),
            ),
        ])
    }

    #[test]
    fn table() {
        let superuser = r#","superuser":true"#;
        cases(&super::RULE)
            .flags(&[
                Case::critical("one hop", roles(r#","roles":["dba"]"#, "", superuser)).at("roles[0]"),
                Case::critical(
                    "two hops",
                    roles(r#","roles":["other","middle"]"#, r#","roles":["dba"]"#, superuser),
                )
                .at("roles[1]"),
                Case::high(
                    "creates roles",
                    roles(r#","roles":["dba"]"#, "", r#","create_role":true"#),
                ),
                Case::critical(
                    "programs of the server, by a group",
                    roles(
                        r#","roles":["middle"]"#,
                        r#","roles":["pg_execute_server_program"]"#,
                        "",
                    ),
                ),
                Case::critical(
                    "a membership by itself",
                    roles("", "", superuser).and(("postgresql_grant_role.g", r#"{"role":"app","grant_role":"dba"}"#)),
                )
                .at("grant_role"),
                Case::critical(
                    "by reference",
                    roles(r#","roles":[null]"#, "", superuser)
                        .unknown("postgresql_role.app", &["roles[0]"])
                        .references("postgresql_role.app", "roles", &["postgresql_role.dba"]),
                ),
                Case::critical(
                    "in a circle",
                    roles(
                        r#","roles":["middle"]"#,
                        r#","roles":["middle","dba"]"#,
                        &format!(r#"{superuser},"roles":["middle"]"#),
                    ),
                ),
            ])
            .allows(&[
                Case::clean(
                    "nothing gained",
                    roles(r#","superuser":true,"roles":["dba"]"#, "", superuser),
                ),
                Case::clean("a weak role", roles(r#","roles":["dba"]"#, "", "")),
                Case::clean("not a member", roles("", r#","roles":["dba"]"#, superuser)),
                Case::clean(
                    "the other way round",
                    roles("", "", &format!(r#"{superuser},"roles":["app"]"#)),
                ),
                Case::clean(
                    "no login",
                    plan(&[
                        ("postgresql_role.a", r#"{"name":"a","roles":["b"]}"#),
                        ("postgresql_role.b", r#"{"name":"b","superuser":true}"#),
                    ]),
                ),
            ]);
    }
}
