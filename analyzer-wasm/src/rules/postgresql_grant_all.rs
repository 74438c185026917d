//! Flags grants in PostgreSQL and `MySQL` over everything, to everybody, or to hand on.

use nhi_plan::Severity;
use nhi_plan::json::Value;
use nhi_policy_sdk::Findings;

use crate::facts::{Block, cloud, setting};
use crate::rule::{Check, Group, Rule};

/// Grants in PostgreSQL and `MySQL` over everything, to everybody, or to hand on.
pub(super) static RULE: Rule = Rule {
    code: "NHI086",
    name: "postgresql-grant-all",
    group: Group::Privilege,
    severity: Severity::Medium,
    since: "0.1.0",
    summary: "a database grant covers everything, goes to everybody, or may be handed on",
    why: "each role that exists, or will exist, then reads or changes what was meant for one",
    controls: &["NHI5:2025", "CWE-732", "AC-6", "PR.AA-05", "CC6.3"],
    check: Check::Resource(
        &["mysql_grant", "postgresql_default_privileges", "postgresql_grant"],
        check,
    ),
    docs: r#"
## What it does

Flags grants to the role `public` that write (high) or read (medium), grants `with_grant_option` (medium), all privileges on a database (medium) or on everything of a kind in a schema (low), and in MySQL all privileges on `*.*` (high) or grants that may be handed on (medium).
Of a grant the worst is told.
`CONNECT`, `TEMPORARY` and `USAGE` for `public`, grants on listed objects, and empty lists, which revoke, are left alone.
To whom it goes, what it covers and whether it may be handed on are listed as unverified where they are known only after apply.

## Why is this bad?

`public` is every role of the server, also the one that leaked.

## Example

```terraform
resource "postgresql_grant" "app" {
  database    = "shop"
  schema      = "public"
  role        = "public"
  object_type = "table"
  privileges  = ["SELECT", "INSERT", "UPDATE", "DELETE"]
}
```

## Use instead

```terraform
resource "postgresql_grant" "app" {
  database    = "shop"
  schema      = "orders"
  role        = postgresql_role.app.name
  object_type = "table"
  objects     = ["orders", "lines"]
  privileges  = ["SELECT", "INSERT"]
}
```

## Known limits

- Checked against the shape that the provider documents, not against a server.

## References

- [Privileges](https://www.postgresql.org/docs/current/ddl-priv.html)
- [OWASP NHI5:2025 Overprivileged NHI](https://owasp.org/www-project-non-human-identities-top-10/2025/5-overprivileged-nhi/)
"#,
};

fn check(block: &Block<'_>, out: &mut Findings) {
    let Some(after) = block.after() else { return };
    let listed = after.get("privileges");
    let privileges: Vec<String> = listed
        .into_iter()
        .flat_map(Value::elements)
        .filter_map(|name| Some(name.as_str()?.trim().to_ascii_uppercase()))
        .collect();
    let finding = |path: &str, severity: Severity, message: &str, remediation: &str| {
        let mut finding = RULE
            .finding(&block.change.address, path)
            .message(message)
            .remediation(remediation);
        finding.severity = Some(severity);
        finding
    };
    if setting::list_is_open(block, "privileges") && !is_all(&privileges) {
        let finding = finding(
            "privileges",
            RULE.severity,
            "which privileges are granted is known only after apply",
            "write the privileges with values that are known when planning",
        );
        out.push(finding.unverified());
        return;
    }
    let told = if block.change.resource_type == "mysql_grant" {
        mysql(after, &privileges)
    } else {
        postgresql(
            after,
            &privileges,
            block.change.resource_type == "postgresql_default_privileges",
        )
    };
    if let Some((severity, path, message)) = told {
        out.push(finding(
            path,
            severity,
            message,
            "grant the privileges that are used, to the role that uses them, on the objects it uses",
        ));
    } else if let Some((path, message)) = undecided(block, &privileges) {
        let remediation = "write it with a value that is known when planning";
        out.push(finding(path, RULE.severity, message, remediation).unverified());
    }
}

/// An attribute that decides, and is known only after apply.
fn undecided(block: &Block<'_>, privileges: &[String]) -> Option<(&'static str, &'static str)> {
    let powerful = |name: &String| matches!(name.as_str(), "CREATE USER" | "FILE" | "GRANT OPTION" | "SUPER");
    let open = |path: &str| {
        let text = block.string(path);
        text.map_or_else(|| setting::is_open(block, path), |text| setting::is_symbol(&text))
    };
    if block.change.resource_type == "mysql_grant" {
        let everything = is_all(privileges) || privileges.iter().any(powerful);
        return if everything && open("database") {
            Some((
                "database",
                "whether this grants everything on the server is known only after apply",
            ))
        } else {
            open("grant").then_some((
                "grant",
                "whether the account may hand on what this grants is known only after apply",
            ))
        };
    }
    // A role of the plan, or a name that was made up, is not everybody.
    let is_role = |address: &String| {
        let name = cloud::type_of(address);
        name == "postgresql_role" || name.starts_with("random_")
    };
    let shows = |name: &String| {
        !matches!(
            name.as_str(),
            "CONNECT" | "EXECUTE" | "REFERENCES" | "TEMPORARY" | "USAGE"
        )
    };
    if privileges.iter().any(shows) && open("role") && !block.references("role").iter().any(is_role) {
        return Some((
            "role",
            "whether every role of the server gets what this grants is known only after apply",
        ));
    }
    if !privileges.is_empty() && open("with_grant_option") {
        return Some((
            "with_grant_option",
            "whether the role may hand on what this grants is known only after apply",
        ));
    }
    (is_all(privileges) && open("object_type")).then_some((
        "object_type",
        "whether this grants everything of a database is known only after apply",
    ))
}

type Told = (Severity, &'static str, &'static str);

fn is_all(privileges: &[String]) -> bool {
    privileges
        .iter()
        .any(|name| matches!(name.as_str(), "ALL" | "ALL PRIVILEGES"))
}

fn postgresql(after: Value<'_>, privileges: &[String], default: bool) -> Option<Told> {
    let text = |name: &str| after.get(name).and_then(Value::as_str);
    if privileges.is_empty() {
        return None;
    }
    let public = text("role").is_some_and(|role| role.eq_ignore_ascii_case("public"));
    let writes = |name: &String| {
        !matches!(
            name.as_str(),
            "CONNECT" | "EXECUTE" | "REFERENCES" | "SELECT" | "TEMPORARY" | "USAGE"
        )
    };
    if public && privileges.iter().any(writes) {
        return Some((
            Severity::High,
            "role",
            "every role of the server may change what this grants",
        ));
    }
    if public && privileges.iter().any(|name| name == "SELECT") {
        return Some((
            Severity::Medium,
            "role",
            "every role of the server may read what this grants",
        ));
    }
    if after.get("with_grant_option").and_then(Value::as_bool) == Some(true) {
        return Some((
            Severity::Medium,
            "with_grant_option",
            "the role may hand on what this grants",
        ));
    }
    let kind = text("object_type").unwrap_or_default();
    let some = after.get("objects").is_some_and(|objects| !objects.is_empty());
    match kind.as_ref() {
        "database" if is_all(privileges) => Some((
            Severity::Medium,
            "privileges",
            "the role may do everything with the database",
        )),
        _ if is_all(privileges) && !some && !default => Some((
            Severity::Low,
            "privileges",
            "the role may do everything with all objects of a kind in the schema",
        )),
        _ => None,
    }
}

fn mysql(after: Value<'_>, privileges: &[String]) -> Option<Told> {
    let text = |name: &str| after.get(name).and_then(Value::as_str);
    let everywhere = text("database").as_deref() == Some("*") && text("table").is_none_or(|table| table == "*");
    if everywhere && is_all(privileges) {
        return Some((
            Severity::High,
            "privileges",
            "the account may do everything on the server",
        ));
    }
    let powerful = |name: &String| matches!(name.as_str(), "CREATE USER" | "FILE" | "GRANT OPTION" | "SUPER");
    if everywhere && privileges.iter().any(powerful) {
        return Some((
            Severity::High,
            "privileges",
            "the account may raise its own privileges, or read files of the server",
        ));
    }
    let hands_on = after.get("grant").and_then(Value::as_bool) == Some(true);
    hands_on.then_some((Severity::Medium, "grant", "the account may hand on what this grants"))
}

#[cfg(test)]
mod tests {
    use crate::rules::cases::{Case, Plan, cases, plan};

    fn grant(rest: &str) -> Plan {
        plan(&[(
            "postgresql_grant.g",
            &format!(r#"{{"database":"shop","with_grant_option":false,{rest}}}"#),
        )])
    }

    fn mysql(rest: &str) -> Plan {
        plan(&[("mysql_grant.g", &format!(r#"{{"user":"app","host":"%",{rest}}}"#))])
    }

    fn open(rest: &str, path: &'static str, origin: &'static str) -> Plan {
        plan(&[(
            "postgresql_grant.g",
            &format!(r#"{{"database":"shop","object_type":"table","objects":["t"],{rest}}}"#),
        )])
        .unknown("postgresql_grant.g", &[path])
        .references("postgresql_grant.g", path, &[origin])
    }

    #[test]
    fn table() {
        cases(&super::RULE)
            .flags(&[
                Case::high(
                    "everybody writes",
                    grant(
                        r#""schema":"public","role":"public","object_type":"table","privileges":["SELECT","INSERT"]"#,
                    ),
                )
                .at("role"),
                Case::medium(
                    "everybody reads",
                    grant(r#""schema":"s","role":"PUBLIC","object_type":"table","privileges":["SELECT"]"#),
                ),
                Case::high(
                    "everybody creates",
                    grant(
                        r#""schema":"public","role":"public","object_type":"schema","privileges":["CREATE","USAGE"]"#,
                    ),
                ),
                Case::medium(
                    "hands on",
                    plan(&[(
                        "postgresql_grant.g",
                        r#"{"role":"app","object_type":"schema","privileges":["USAGE"],"with_grant_option":true}"#,
                    )]),
                )
                .at("with_grant_option"),
                Case::medium(
                    "a database",
                    grant(r#""role":"app","object_type":"database","privileges":["ALL"]"#),
                ),
                Case::low(
                    "all tables",
                    grant(r#""schema":"s","role":"app","object_type":"table","objects":[],"privileges":["ALL"]"#),
                ),
                Case::high(
                    "defaults for everybody",
                    plan(&[(
                        "postgresql_default_privileges.d",
                        r#"{"role":"public","object_type":"table","privileges":["UPDATE"]}"#,
                    )]),
                ),
                Case::high(
                    "MySQL, everything",
                    mysql(r#""database":"*","table":"*","privileges":["ALL PRIVILEGES"],"grant":false"#),
                ),
                Case::high(
                    "MySQL, files",
                    mysql(r#""database":"*","privileges":["FILE","SELECT"]"#),
                ),
                Case::medium(
                    "MySQL, hands on",
                    mysql(r#""database":"shop","privileges":["SELECT"],"grant":true"#),
                ),
            ])
            .allows(&[
                Case::clean(
                    "reads some tables",
                    grant(r#""schema":"s","role":"app","object_type":"table","privileges":["SELECT"]"#),
                ),
                Case::clean(
                    "all on listed tables",
                    grant(r#""schema":"s","role":"app","object_type":"table","objects":["t"],"privileges":["ALL"]"#),
                ),
                Case::clean(
                    "everybody connects",
                    grant(r#""role":"public","object_type":"database","privileges":["CONNECT"]"#),
                ),
                Case::clean(
                    "revokes",
                    grant(r#""schema":"public","role":"public","object_type":"schema","privileges":[]"#),
                ),
                Case::clean(
                    "defaults of an owner",
                    plan(&[(
                        "postgresql_default_privileges.d",
                        r#"{"role":"app","object_type":"table","privileges":["ALL"]}"#,
                    )]),
                ),
                Case::clean(
                    "MySQL, a database",
                    mysql(r#""database":"shop","table":"*","privileges":["ALL"],"grant":false"#),
                ),
            ]);
    }

    #[test]
    fn what_is_known_later() {
        cases(&super::RULE)
            .flags(&[
                Case::unverified(
                    "to whom is not known",
                    open(r#""privileges":["SELECT"]"#, "role", "data.http.x"),
                )
                .at("role"),
                Case::unverified(
                    "whether it is handed on is not known",
                    open(
                        r#""role":"app","privileges":["USAGE"]"#,
                        "with_grant_option",
                        "data.http.x",
                    ),
                )
                .at("with_grant_option"),
                Case::unverified(
                    "MySQL, where is not known",
                    mysql(r#""privileges":["ALL"]"#)
                        .unknown("mysql_grant.g", &["database"])
                        .references("mysql_grant.g", "database", &["data.http.x"]),
                ),
                Case::unverified(
                    "unknown",
                    plan(&[("postgresql_grant.g", r#"{"role":"app"}"#)])
                        .unknown("postgresql_grant.g", &["privileges"])
                        .references("postgresql_grant.g", "privileges", &["local.p"]),
                ),
            ])
            .allows(&[
                Case::clean(
                    "to a role of the plan",
                    open(r#""privileges":["SELECT"]"#, "role", "postgresql_role.r"),
                ),
                Case::clean(
                    "connects, to whom is not known",
                    open(r#""privileges":["CONNECT"]"#, "role", "data.http.x"),
                ),
                Case::clean(
                    "MySQL, reads where is not known",
                    mysql(r#""privileges":["SELECT"]"#)
                        .unknown("mysql_grant.g", &["database"])
                        .references("mysql_grant.g", "database", &["data.http.x"]),
                ),
            ]);
    }
}
