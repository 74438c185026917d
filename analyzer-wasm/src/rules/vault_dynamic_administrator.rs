//! Flags roles of Vault's secrets engines that hand out administrators.

use nhi_plan::Severity;
use nhi_policy_sdk::Findings;

use crate::facts::Block;
use crate::facts::vault::engine;

use crate::rule::{Check, Group, Rule};

/// Roles of Vault's secrets engines that hand out administrators.
pub(super) static RULE: Rule = Rule {
    code: "NHI074",
    name: "vault-dynamic-administrator",
    group: Group::Privilege,
    severity: Severity::High,
    since: "0.1.0",
    summary: "a role of a Vault secrets engine hands out credentials of an administrator",
    why: "short-lived credentials limit how long a thief has them, not what can be done meanwhile",
    controls: &["NHI5:2025", "CWE-250", "CWE-269", "AC-6", "PR.AA-05", "CC6.3"],
    check: Check::Resource(
        &[
            "vault_aws_secret_backend_role",
            "vault_azure_secret_backend_role",
            "vault_consul_secret_backend_role",
            "vault_database_secret_backend_role",
            "vault_gcp_secret_roleset",
            "vault_gcp_secret_static_account",
            "vault_kubernetes_secret_backend_role",
            "vault_nomad_secret_role",
        ],
        check,
    ),
    docs: r#"
## What it does

Flags roles whose credentials administer the system they are for:
AWS roles with `AdministratorAccess`, `IAMFullAccess` or a document that allows everything; Google bindings of `roles/owner`, `roles/editor` or an IAM administrator; Azure `Owner` or `User Access Administrator`; database statements that make a superuser or grant everything on everything; Kubernetes `cluster-admin`; Consul `global-management`; Nomad management tokens.
What is known only after apply and decides is listed as unverified.

## Why is this bad?

Everybody with the policy for this role becomes administrator by one read, and the audit log of the other system shows a name that Vault made up.

## Example

```terraform
resource "vault_aws_secret_backend_role" "deploy" {
  backend         = "aws"
  name            = "deploy"
  credential_type = "iam_user"
  policy_arns     = ["arn:aws:iam::aws:policy/AdministratorAccess"]
}
```

## Use instead

```terraform
resource "vault_aws_secret_backend_role" "deploy" {
  backend         = "aws"
  name            = "deploy"
  credential_type = "assumed_role"
  role_arns       = [aws_iam_role.deploy.arn]
}
```

## Known limits

- Of a policy document, statements that allow everything are seen; other ways to more are judged where roles of the cloud are.
- Checked against the shape that the provider documents, not against a Vault.

## References

- [Secrets engines of Vault](https://developer.hashicorp.com/vault/docs/secrets)
- [OWASP NHI5:2025 Overprivileged NHI](https://owasp.org/www-project-non-human-identities-top-10/2025/5-overprivileged-nhi/)
"#,
};

fn check(block: &Block<'_>, out: &mut Findings) {
    if let Some((path, what)) = engine::administrator(block) {
        let finding = RULE
            .finding(&block.change.address, &path)
            .message(format!("credentials of the role {what}"))
            .remediation("give the role the rights of the task that asks for it");
        out.push(finding);
    } else if let Some(path) = engine::undecided(block) {
        let finding = RULE
            .finding(&block.change.address, &path)
            .message(format!(
                "whether credentials of the role administer anything is known only after apply, by `{path}`"
            ))
            .remediation("write it with a value that is known when planning");
        out.push(finding.unverified());
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::cases::{Case, Plan, cases, plan};

    fn of(kind: &str, rest: &str) -> Plan {
        plan(&[(&format!("vault_{kind}.r"), &format!(r#"{{"name":"r",{rest}}}"#))])
    }

    fn led(kind: &str, after: &str, path: &'static str, origin: &'static str) -> Plan {
        let address = format!("vault_{kind}.r");
        plan(&[(&address, after)])
            .unknown(&address, &[path])
            .references(&address, path, &[origin])
    }

    #[test]
    fn table() {
        let all = nhi_plan::json::quote(
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["*"],"Resource":"*"}]}"#,
        );
        let some = nhi_plan::json::quote(
            r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}}"#,
        );
        cases(&super::RULE)
            .flags(&[
                Case::high("AWS", of("aws_secret_backend_role", r#""policy_arns":["arn:aws:iam::aws:policy/ReadOnlyAccess","arn:aws:iam::aws:policy/AdministratorAccess"]"#)).at("policy_arns[1]"),
                Case::high("AWS, a document", of("aws_secret_backend_role", &format!(r#""policy_document":{all}"#))),
                Case::high("Google", of("gcp_secret_roleset", r#""binding":[{"resource":"//cloudresourcemanager.googleapis.com/projects/p","roles":["roles/owner"]}]"#)).at("binding[0].roles[0]"),
                Case::high("Azure", of("azure_secret_backend_role", r#""azure_roles":[{"role_name":"Owner","scope":"/subscriptions/x"}]"#)),
                Case::high("PostgreSQL", of("database_secret_backend_role", r#""creation_statements":["CREATE ROLE \"{{name}}\" WITH LOGIN SUPERUSER PASSWORD '{{password}}';"]"#)),
                Case::high("MySQL", of("database_secret_backend_role", r#""creation_statements":["GRANT ALL PRIVILEGES ON *.* TO '{{name}}'@'%'"]"#)),
                Case::high("Kubernetes", of("kubernetes_secret_backend_role", r#""kubernetes_role_name":"cluster-admin","kubernetes_role_type":"ClusterRole""#)),
                Case::high("Consul", of("consul_secret_backend_role", r#""consul_policies":["global-management"]"#)),
                Case::unverified("AWS, policies that are not known", led("aws_secret_backend_role", "{}", "policy_arns", "data.http.x")).at("policy_arns"),
                Case::unverified("AWS, a document that is not known", led("aws_secret_backend_role", "{}", "policy_document", "data.http.x")),
                Case::unverified("Google, roles that are not known", led("gcp_secret_roleset", r#"{"binding":[{"resource":"x"}]}"#, "binding[0].roles", "data.http.x")).at("binding[0].roles"),
                Case::unverified("PostgreSQL, statements that are not known", led("database_secret_backend_role", "{}", "creation_statements", "data.http.x")),
                Case::unverified("Kubernetes, a role that is not known", led("kubernetes_secret_backend_role", r#"{"kubernetes_role_type":"ClusterRole"}"#, "kubernetes_role_name", "data.http.x")).at("kubernetes_role_name"),
                Case::unverified("Kubernetes, a kind that is not known", led("kubernetes_secret_backend_role", r#"{"kubernetes_role_name":"cluster-admin"}"#, "kubernetes_role_type", "data.http.x")).at("kubernetes_role_type"),
                Case::high("Nomad", of("nomad_secret_role", r#""type":"management""#)),
            ])
            .allows(&[
                Case::clean("AWS, a policy of the plan", led("aws_secret_backend_role", "{}", "policy_arns", "aws_iam_policy.p")),
                Case::clean("Kubernetes, a role of a namespace", led("kubernetes_secret_backend_role", r#"{"kubernetes_role_type":"Role"}"#, "kubernetes_role_name", "data.http.x")),
                Case::clean("Azure, a name that the provider fills in", of("azure_secret_backend_role", r#""azure_roles":[{"role_id":"x"}]"#).unknown("vault_azure_secret_backend_role.r", &["azure_roles[0].role_name"])),
                Case::clean("a role of AWS", of("aws_secret_backend_role", r#""role_arns":["arn:aws:iam::111122223333:role/deploy"],"policy_arns":[]"#)),
                Case::clean("a narrow document", of("aws_secret_backend_role", &format!(r#""policy_document":{some}"#))),
                Case::clean("a reader", of("gcp_secret_roleset", r#""binding":[{"roles":["roles/storage.objectViewer"]}]"#)),
                Case::clean("a contributor", of("azure_secret_backend_role", r#""azure_roles":[{"role_name":"Storage Blob Data Reader"}]"#)),
                Case::clean("a login", of("database_secret_backend_role", r#""creation_statements":["CREATE ROLE \"{{name}}\" LOGIN NOSUPERUSER PASSWORD '{{password}}'; GRANT SELECT ON ALL TABLES IN SCHEMA shop TO \"{{name}}\";"]"#)),
                Case::clean("a schema of MySQL", of("database_secret_backend_role", r#""creation_statements":["GRANT ALL ON shop.* TO '{{name}}'@'%'"]"#)),
                Case::clean("edits", of("kubernetes_secret_backend_role", r#""kubernetes_role_name":"edit","kubernetes_role_type":"ClusterRole""#)),
            ]);
    }
}
