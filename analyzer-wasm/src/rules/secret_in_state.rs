//! Flags secrets that are written to the state although the provider could keep them out of it.

use std::collections::BTreeSet;

use nhi_plan::{Finding, Severity};
use nhi_policy_sdk::Findings;

use crate::facts::Facts;
use crate::rule::{Check, Group, Rule};

/// A secret in the state that need not be there.
pub(super) static RULE: Rule = Rule {
    code: "NHI013",
    name: "secret-in-state",
    group: Group::Credential,
    severity: Severity::Low,
    since: "0.1.0",
    summary: "a secret is written to the state although a write-only argument or an ephemeral resource would keep it out",
    why: "whoever can read the state reads the secret in clear, even where it comes from a secret store",
    controls: &[
        "NHI2:2025",
        "CWE-312",
        "CWE-522",
        "IA-5(7)",
        "PR.DS-01",
        "PCI-DSS-8.6.2",
        "A.5.17",
    ],
    check: Check::Plan(check),
    docs: r#"
## What it does

Flags attributes that take a secret from a secret store, from `random_password` or from another resource, where the provider also has a write-only argument for it (`password_wo`) or manages the secret by itself (`manage_master_user_password`).
Also flags data sources and generators of secrets that have an ephemeral counterpart, where no such attribute is told already.
A secret that is spelled out is told by `credential-literal` instead.

| what | severity |
|---|---|
| a secret | low |
| a token that ends within the hour | info |

## Why is this bad?

A plan and a state hold the values of all attributes, those that are marked sensitive included.
Reading a secret from a store and passing it on makes a copy that the store does not know of, does not rotate and does not audit.

## Example

```terraform
data "aws_secretsmanager_secret_version" "db" {
  secret_id = "payments/db"
}

resource "aws_db_instance" "db" {
  username = "app"
  password = data.aws_secretsmanager_secret_version.db.secret_string
}
```

## Use instead

```terraform
ephemeral "aws_secretsmanager_secret_version" "db" {
  secret_id = "payments/db"
}

resource "aws_db_instance" "db" {
  username            = "app"
  password_wo         = ephemeral.aws_secretsmanager_secret_version.db.secret_string
  password_wo_version = 1
}
```

## Known limits

- Write-only arguments and ephemeral resources need Terraform or OpenTofu 1.11 and a provider that has them.
- Where the state is kept, and who can read it, does not stand in a plan.

## References

- [Write-only arguments](https://developer.hashicorp.com/terraform/language/manage-sensitive-data/write-only)
- [Sensitive data in state](https://opentofu.org/docs/language/state/sensitive-data/)
- [CWE-312: Cleartext Storage of Sensitive Information](https://cwe.mitre.org/data/definitions/312.html)
"#,
};

fn check(facts: &Facts, out: &mut Findings) {
    let mut consumed: BTreeSet<&str> = BTreeSet::new();
    for stored in &facts.state.stored {
        // A literal is told as what it is.
        if facts.ledger.holds(&stored.address, Some(&stored.path)) {
            continue;
        }
        consumed.extend(stored.origins.iter().map(String::as_str));
        let from = stored
            .maker
            .as_ref()
            .map(|maker| format!(" from `{maker}`"))
            .unwrap_or_default();
        let mut finding = RULE
            .finding(&stored.address, &stored.path)
            .message(format!("a secret{from} is written to the state through this attribute"))
            .remediation(remediation(stored.instead));
        finding.evidence = String::from("references");
        out.push(finding);
    }
    let sources = facts.state.sources.iter();
    for source in sources.filter(|source| !consumed.contains(source.config_address.as_str())) {
        out.push(read(&source.address, source.path, source.instead, source.is_short));
    }
}

fn remediation(instead: &str) -> String {
    let mut names = instead.split(", ");
    let first = names.next().unwrap_or_default();
    match names.next() {
        Some(managed) => {
            format!("use `{first}` with an ephemeral value, or let the provider keep the secret with `{managed}`")
        }
        None => format!("use `{first}` with an ephemeral value"),
    }
}

fn read(address: &str, path: &str, instead: &str, is_short: bool) -> Finding {
    let what = if is_short { "a short-lived token" } else { "a secret" };
    let mut finding = RULE
        .finding(address, path)
        .message(format!("{what} is written to the state by this block"))
        .remediation(format!(
            "use `{instead}` instead, and pass it to write-only arguments only"
        ));
    finding.severity = is_short.then_some(Severity::Info);
    finding
}

#[cfg(test)]
mod tests {
    use nhi_plan::Severity;

    use crate::rules::cases::{Case, cases, plan};

    #[test]
    fn table() {
        let db = "aws_db_instance.d";
        let store = ("data.aws_secretsmanager_secret_version.s", r#"{"secret_id":"x"}"#);
        let random = ("random_password.p", r#"{"length":32}"#);
        let pass = |address: &'static str, path: &'static str, origin: (&'static str, &'static str)| {
            plan(&[(address, r#"{"username":"app"}"#), origin])
                .unknown(address, &[path])
                .references(address, path, &[origin.0])
        };
        cases(&super::RULE)
            .flags(&[
                Case::low("from a store", pass(db, "password", store)).at("password"),
                Case::low("made here", pass(db, "password", random)).at("password"),
                Case::low("a cluster", pass("aws_rds_cluster.c", "master_password", random)).at("master_password"),
                Case::low(
                    "into a store",
                    pass("aws_secretsmanager_secret_version.v", "secret_string", random),
                ),
                Case::low(
                    "known from the store",
                    plan(&[(db, r#"{"password":"q8Zk2LmX0vRt"}"#), store]).references(db, "password", &[store.0]),
                ),
                Case::low("through a variable of a module", pass(db, "password", random)),
                Case::low("a generator by itself", plan(&[random])).at("result"),
                Case::low("a store read by itself", plan(&[store])),
                Case::with_severity(
                    "a token for an hour",
                    plan(&[("data.aws_eks_cluster_auth.t", r#"{"name":"x"}"#)]),
                    Severity::Info,
                ),
                Case::low("a map of secrets", pass("kubernetes_secret.s", "data.password", random)),
                Case::low(
                    "many instances of one block",
                    plan(&[("aws_db_instance.d[0]", "{}"), ("aws_db_instance.d[1]", "{}"), random])
                        .unknown("aws_db_instance.d[0]", &["password"])
                        .unknown("aws_db_instance.d[1]", &["password"])
                        .references("aws_db_instance.d[0]", "password", &[random.0])
                        .references("aws_db_instance.d[1]", "password", &[random.0]),
                ),
            ])
            .allows(&[
                Case::clean(
                    "write-only",
                    plan(&[(db, r#"{"password":null,"password_wo":null,"password_wo_version":1}"#)]),
                ),
                Case::clean("managed", plan(&[(db, r#"{"manage_master_user_password":true}"#)])),
                Case::clean("a literal has its own rule", plan(&[(db, r#"{"password":"hunter2"}"#)])),
                Case::clean(
                    "a variable has too",
                    plan(&[(db, r#"{"password":"hunter2"}"#)]).references(db, "password", &["var.p"]),
                ),
                Case::clean(
                    "no alternative",
                    plan(&[("aws_mq_broker.b", "{}")]).unknown("aws_mq_broker.b", &["user[0].password"]),
                ),
                Case::clean(
                    "a plain parameter",
                    plan(&[("aws_ssm_parameter.p", r#"{"type":"String","name":"/app/url"}"#)])
                        .unknown("aws_ssm_parameter.p", &["value"]),
                ),
                Case::clean(
                    "a plain parameter read",
                    plan(&[("data.aws_ssm_parameter.p", r#"{"type":"String","value":"ami-1"}"#)]),
                ),
                Case::clean("destroyed", plan(&[random]).destroyed(random.0)),
            ]);
    }
}
