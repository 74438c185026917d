//! Flags principals that reach all data of a kind in a subscription, or everything in a key vault.

use nhi_plan::Severity;
use nhi_policy_sdk::Findings;

use super::azure;
use crate::facts::Facts;
use crate::facts::azure::What;
use crate::rule::{Check, Group, Rule};

/// Reads everything of a kind.
pub(super) static RULE: Rule = Rule {
    code: "NHI055",
    name: "azure-broad-data-access",
    group: Group::Privilege,
    severity: Severity::Medium,
    since: "0.1.0",
    summary: "a principal reaches every secret, key or storage account of a subscription, or everything in a vault",
    why: "a role on the subscription covers every vault and account in it, those of other teams and of tomorrow included",
    controls: &[
        "NHI5:2025",
        "CWE-269",
        "CWE-732",
        "AC-6",
        "PR.DS-01",
        "PCI-DSS-7.2.5",
        "CC6.3",
        "A.8.3",
    ],
    check: Check::Plan(check),
    docs: r#"
## What it does

Flags roles that read secrets, use keys, list the keys of storage accounts, databases, registries and messaging namespaces, or let themselves into vaults (medium on a subscription, above it high, on a resource group info), and access policies of a key vault that allow everything of a kind (medium for a machine identity).
The same roles on one vault or one account are clean.

## Why is this bad?

A workload needs its own two secrets; the role on the subscription gives it the database password of everybody else.
Keys of a storage account pass by every role that was ever given on it.

## Example

```terraform
resource "azurerm_role_assignment" "app" {
  scope                = data.azurerm_subscription.current.id
  role_definition_name = "Key Vault Secrets User"
  principal_id         = azurerm_linux_web_app.app.identity[0].principal_id
}
```

## Use instead

```terraform
resource "azurerm_role_assignment" "app" {
  scope                = azurerm_key_vault.app.id
  role_definition_name = "Key Vault Secrets User"
  principal_id         = azurerm_linux_web_app.app.identity[0].principal_id
}
```

## Known limits

- A role that is named and is neither in the plan nor in the table counts as one that reads nothing.
- Data actions of queues, tables and file shares are not in the table.
- Checked against the shape of plans of the AzureRM provider, not against a live one.

## References

- [Azure Key Vault: roles and access policies](https://learn.microsoft.com/azure/key-vault/general/rbac-guide)
- [Prevent authorization with Shared Key](https://learn.microsoft.com/azure/storage/common/shared-key-authorization-prevent)
- [OWASP NHI5:2025 Overprivileged NHI](https://owasp.org/www-project-non-human-identities-top-10/2025/5-overprivileged-nhi/)
"#,
};

fn check(facts: &Facts, out: &mut Findings) {
    for claim in &facts.azure.claims {
        let who = claim.principal.noun();
        match &claim.what {
            What::Data(actions) => {
                let Some(action) = actions.first() else { continue };
                let message = format!(
                    "{who} {} {} (`{}` on {})",
                    azure::can(claim),
                    action.effect,
                    azure::cut(&claim.role),
                    claim.place
                );
                let remediation = "assign the role on the vault, account or database that the principal uses";
                let mut finding = azure::finding(&RULE, claim, &message, remediation);
                let ids: Vec<_> = actions.iter().map(|action| action.id).collect();
                finding.attributes.push((String::from("actions"), ids.join(",")));
                out.push(finding);
            }
            What::Vault { kinds } => {
                let message = format!(
                    "{who} may do everything with the {} of a key vault",
                    kinds.join(" and ")
                );
                let remediation = "allow what the principal does, for a workload mostly `Get` on secrets";
                out.push(azure::finding(&RULE, claim, &message, remediation));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::cases::{Case, Plan, cases, plan};

    fn holds(scope: &str, role: &str) -> Plan {
        plan(&[(
            "azurerm_role_assignment.a",
            &format!(
                r#"{{"scope":"{scope}","role_definition_name":"{role}","principal_id":"x","principal_type":"ServicePrincipal"}}"#
            ),
        )])
    }

    const ALL: &str = r#""secret_permissions":["Get","List","Set","Delete","Recover","Backup","Restore","Purge"],"key_permissions":[]"#;

    #[test]
    fn table() {
        let vault = "azurerm_key_vault_access_policy.p";
        cases(&super::RULE)
            .flags(&[
                Case::medium("secrets", holds("/subscriptions/s", "Key Vault Secrets User")),
                Case::high("secrets of everybody", holds("/providers/Microsoft.Management/managementGroups/m", "Key Vault Secrets User")),
                Case::medium("everything in vaults", holds("/subscriptions/s", "Key Vault Administrator")),
                Case::high("lets itself into vaults", holds("/subscriptions/s", "Key Vault Contributor")),
                Case::medium("keys of storage", holds("/subscriptions/s", "Reader and Data Access")),
                Case::medium("blobs", holds("/subscriptions/s", "Storage Blob Data Owner")),
                Case::low("reads blobs", holds("/subscriptions/s", "Storage Blob Data Reader")),
                Case::medium(
                    "an access policy",
                    plan(&[(vault, &format!("{{{ALL}}}"))])
                        .unknown(vault, &["object_id"])
                        .references(vault, "object_id", &["azurerm_linux_web_app.w"]),
                ),
                Case::medium(
                    "an access policy inside",
                    plan(&[("azurerm_key_vault.v", &format!(r#"{{"access_policy":[{{"object_id":"x",{ALL}}}]}}"#)), ("azurerm_user_assigned_identity.i", r#"{"principal_id":"x"}"#)]),
                )
                .at("access_policy[0]"),
            ])
            .allows(&[
                Case::clean("one vault", holds("/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/v", "Key Vault Secrets User")),
                Case::clean("reads vaults", holds("/subscriptions/s", "Key Vault Reader")),
                Case::clean("a role that hands out roles is another rule", holds("/subscriptions/s", "everything").and(("azurerm_role_definition.r", r#"{"name":"everything","permissions":[{"actions":["*"]}]}"#))),
                Case::clean("a contributor is another rule", holds("/subscriptions/s", "Contributor")),
                Case::clean(
                    "reads secrets of one",
                    plan(&[(vault, r#"{"secret_permissions":["Get","List"],"key_permissions":["Get"]}"#)])
                        .unknown(vault, &["object_id"])
                        .references(vault, "object_id", &["azurerm_linux_web_app.w"]),
                ),
                Case::clean(
                    "one container",
                    plan(&[("azurerm_role_assignment.a", r#"{"scope":"/subscriptions/s","role_definition_name":"Storage Blob Data Owner","principal_id":"x","condition":"@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] StringEquals 'app'"}"#)]),
                ),
            ]);
    }

    #[test]
    fn whoever_fills_the_vault_is_only_information() {
        let vault = "azurerm_key_vault_access_policy.p";
        let found = plan(&[(vault, &format!("{{{ALL}}}"))])
            .unknown(vault, &["object_id"])
            .references(vault, "object_id", &["data.azurerm_client_config.current"])
            .judge();
        let found: Vec<_> = found.iter().filter(|finding| finding.rule == "NHI055").collect();
        assert_eq!(found.len(), 1, "{found:#?}");
        assert_eq!(found[0].severity, Some(nhi_plan::Severity::Info));
    }
}
