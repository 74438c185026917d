//! Flags roles of PostgreSQL that administer the server or reach beyond it.

use nhi_plan::Severity;
use nhi_policy_sdk::Findings;

use crate::facts::Facts;
use crate::facts::postgresql::Power;

use crate::rule::{Check, Group, Rule};

/// Roles of PostgreSQL that administer the server or reach beyond it.
pub(super) static RULE: Rule = Rule {
    code: "NHI085",
    name: "postgresql-superuser",
    group: Group::Privilege,
    severity: Severity::High,
    since: "0.1.0",
    summary: "a PostgreSQL role administers the server, or reaches its files and programs",
    why: "a superuser reads every table, becomes every role, and runs programs on the machine of the server",
    controls: &["NHI5:2025", "CWE-250", "CWE-269", "AC-6", "PR.AA-05", "CC6.3"],
    check: Check::Plan(check),
    docs: r#"
## What it does

Flags `postgresql_role` with `superuser` (critical), `create_role` (high), `replication` or `bypass_row_level_security` (medium), and members of predefined roles: `pg_execute_server_program`, `pg_write_server_files` (critical), `pg_read_server_files`, the superusers of clouds (high), `pg_read_all_data`, `pg_write_all_data` (medium).
A role that cannot log in is one step lower.
Memberships by `postgresql_grant_role` count too.

## Why is this bad?

An application whose role is a superuser turns every injection into the server.

## Example

```terraform
resource "postgresql_role" "app" {
  name      = "app"
  login     = true
  superuser = true
}
```

## Use instead

```terraform
resource "postgresql_role" "app" {
  name  = "app"
  login = true
  roles = [postgresql_role.shop_writer.name]
}
```

## Known limits

- Checked against the shape that the provider documents, not against a server.

## References

- [Role attributes](https://www.postgresql.org/docs/current/role-attributes.html)
- [Predefined roles](https://www.postgresql.org/docs/current/predefined-roles.html)
- [OWASP NHI5:2025 Overprivileged NHI](https://owasp.org/www-project-non-human-identities-top-10/2025/5-overprivileged-nhi/)
"#,
};

fn check(facts: &Facts, out: &mut Findings) {
    for role in &facts.postgresql.roles {
        let Some(power) = role.powers.first() else {
            if let Some(path) = role.unknown {
                let finding = RULE
                    .finding(&role.address, path)
                    .message(format!("what the role can do by `{path}` is known only after apply"))
                    .remediation("write it with a value that is known when planning");
                out.push(finding.unverified());
            }
            continue;
        };
        let (severity, who) = match (role.login, power.severity) {
            (true, severity) => (severity, "the role can log in and"),
            (false, Severity::Critical) => (Severity::High, "members of the role"),
            (false, Severity::High) => (Severity::Medium, "members of the role"),
            (false, _) => (Severity::Low, "members of the role"),
        };
        tell(&role.address, power, severity, who, out);
    }
    for (address, _) in &facts.postgresql.open {
        let finding = RULE
            .finding(address, "grant_role")
            .message("what the membership gives, or to whom, is known only after apply")
            .remediation("write the role with a value that is known when planning");
        out.push(finding.unverified());
    }
    for (address, power) in &facts.postgresql.granted {
        tell(address, power, power.severity, "the role gets a membership and", out);
    }
}

fn tell(address: &str, power: &Power, severity: Severity, who: &str, out: &mut Findings) {
    let mut finding = RULE
        .finding(address, &power.path)
        .message(format!("{who} can {}", power.what))
        .remediation(
            "grant the privileges on the schemas that are used, and leave administration to a role that people take on",
        );
    finding.severity = Some(severity);
    out.push(finding);
}

#[cfg(test)]
mod tests {
    use crate::rules::cases::{Case, Plan, cases, plan};

    fn role(rest: &str) -> Plan {
        plan(&[(
            "postgresql_role.r",
            &format!(r#"{{"name":"r","login":true,"superuser":false,"create_role":false,"replication":false{rest}}}"#),
        )])
    }

    #[test]
    fn table() {
        let set = |attribute: &'static str| {
            plan(&[(
                "postgresql_role.r",
                &format!(r#"{{"name":"r","login":true,"{attribute}":true,"roles":[]}}"#),
            )])
        };
        cases(&super::RULE)
            .flags(&[
                Case::critical("superuser", set("superuser")).at("superuser"),
                Case::high("creates roles", set("create_role")),
                Case::medium("replicates", set("replication")),
                Case::medium("past row security", set("bypass_row_level_security")),
                Case::critical("programs", role(r#","roles":["app","pg_execute_server_program"]"#)).at("roles[1]"),
                Case::high("files", role(r#","roles":["pg_read_server_files"]"#)),
                Case::high("of a cloud", role(r#","roles":["rds_superuser"]"#)),
                Case::medium("all tables", role(r#","roles":["pg_read_all_data"]"#)),
                Case::high(
                    "a group",
                    plan(&[("postgresql_role.r", r#"{"name":"r","login":false,"superuser":true}"#)]),
                ),
                Case::high(
                    "a membership by itself",
                    plan(&[(
                        "postgresql_grant_role.g",
                        r#"{"role":"app","grant_role":"cloudsqlsuperuser"}"#,
                    )]),
                )
                .at("grant_role"),
                Case::unverified(
                    "unknown",
                    plan(&[("postgresql_role.r", "{}")])
                        .unknown("postgresql_role.r", &["superuser"])
                        .references("postgresql_role.r", "superuser", &["local.s"]),
                ),
                Case::unverified(
                    "a membership elsewhere",
                    plan(&[("postgresql_role.r", r#"{"name":"r","roles":[null]}"#)])
                        .unknown("postgresql_role.r", &["roles[0]"])
                        .references("postgresql_role.r", "roles", &["module.db.role"]),
                ),
                Case::unverified(
                    "all memberships elsewhere",
                    role("")
                        .and(("postgresql_role.app", r#"{"name":"app","login":true}"#))
                        .unknown("postgresql_role.app", &["roles"])
                        .references("postgresql_role.app", "roles", &["postgresql_role.r", "data.http.x"]),
                )
                .at("roles"),
                Case::unverified(
                    "a member that is not known",
                    plan(&[("postgresql_grant_role.g", r#"{"grant_role":"r"}"#)])
                        .unknown("postgresql_grant_role.g", &["role"])
                        .references("postgresql_grant_role.g", "role", &["data.http.x"])
                        .joined(role("")),
                ),
                Case::unverified(
                    "a membership by itself that is not known",
                    plan(&[("postgresql_grant_role.g", r#"{"role":"app"}"#)])
                        .unknown("postgresql_grant_role.g", &["grant_role"])
                        .references("postgresql_grant_role.g", "grant_role", &["data.http.x"]),
                ),
            ])
            .allows(&[
                Case::clean(
                    "a membership in a role of the plan",
                    role("")
                        .and(("postgresql_grant_role.g", r#"{"role":"app"}"#))
                        .unknown("postgresql_grant_role.g", &["grant_role"])
                        .references("postgresql_grant_role.g", "grant_role", &["postgresql_role.r"]),
                ),
                Case::clean(
                    "memberships in roles of the plan",
                    role("")
                        .and(("postgresql_role.app", r#"{"name":"app","login":true}"#))
                        .unknown("postgresql_role.app", &["roles"])
                        .references("postgresql_role.app", "roles", &["postgresql_role.r", "var.more"]),
                ),
                Case::clean("a login", role(r#","roles":["app_readonly"]"#)),
                Case::clean("creates databases", role(r#","create_database":true"#)),
                Case::clean("watches", role(r#","roles":["pg_monitor"]"#)),
                Case::clean("logs in by IAM", role(r#","roles":["rds_iam"]"#)),
                Case::clean(
                    "a data source",
                    plan(&[("data.postgresql_role.r", r#"{"superuser":true}"#)]),
                ),
            ]);
    }
}
