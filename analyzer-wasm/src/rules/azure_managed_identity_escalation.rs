//! Flags principals that can become a managed identity which can do more than they can.

use nhi_plan::Severity;
use nhi_policy_sdk::Findings;

use super::azure;
use crate::facts::Facts;
use crate::facts::azure::What;
use crate::rule::{Check, Group, Rule};

/// Becomes a managed identity.
pub(super) static RULE: Rule = Rule {
    code: "NHI054",
    name: "azure-managed-identity-escalation",
    group: Group::Privilege,
    severity: Severity::High,
    since: "0.1.0",
    summary: "a principal can use a managed identity, or a workload that has one, to do more than it may",
    why: "whoever runs code where an identity is attached has the roles of that identity",
    controls: &[
        "NHI5:2025",
        "CWE-269",
        "CWE-266",
        "AC-6",
        "PR.AA-05",
        "PCI-DSS-7.2.5",
        "CC6.3",
        "A.8.2",
    ],
    check: Check::Plan(check),
    docs: r#"
## What it does

Follows, over any number of steps, who can use which managed identity of the plan: by attaching it, by adding a federated credential to it, or by running code on a machine, an application, a container, an automation account or a cluster that carries it; through roles on the resource, on its resource group or above.
Flags a principal that reaches a role it does not have; the path is shown, and the severity is that of what is gained.
Identities and roles that are known only after apply make a way unverified.

## Why is this bad?

A Website Contributor of one application looks harmless until that application's identity is Contributor of the subscription.

## Example

```terraform
resource "azurerm_role_assignment" "app" {
  scope                = data.azurerm_subscription.current.id
  role_definition_name = "Contributor"
  principal_id         = azurerm_linux_web_app.admin.identity[0].principal_id
}

resource "azurerm_role_assignment" "ci" {
  scope                = azurerm_linux_web_app.admin.id
  role_definition_name = "Website Contributor"
  principal_id         = azurerm_user_assigned_identity.ci.principal_id
}
```

## Use instead

```terraform
resource "azurerm_role_assignment" "app" {
  scope                = azurerm_key_vault.admin.id
  role_definition_name = "Key Vault Reader"
  principal_id         = azurerm_linux_web_app.admin.identity[0].principal_id
}

resource "azurerm_role_assignment" "ci" {
  scope                = azurerm_linux_web_app.admin.id
  role_definition_name = "Website Contributor"
  principal_id         = azurerm_user_assigned_identity.ci.principal_id
}
```

## Known limits

- Roles in Azure and in Entra are compared by how much they give: who administers the one gains nothing by the other unless it gives more.
- Identities and workloads that are not in the plan are not seen; nor are roles that they hold already.
- A scope that is written as text leads to a workload only where the workload's identifier is known.
- Checked against the shape of plans of the AzureRM provider, not against a live one.

## References

- [Managed identities: who can use them](https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/managed-identity-best-practice-recommendations)
- [OWASP NHI5:2025 Overprivileged NHI](https://owasp.org/www-project-non-human-identities-top-10/2025/5-overprivileged-nhi/)
"#,
};

fn check(facts: &Facts, out: &mut Findings) {
    for claim in &facts.azure.claims {
        let What::Path { through, how, gain } = &claim.what else {
            continue;
        };
        let (named, path) = azure::way(through);
        let message = format!(
            "{} {} {how} {named}, which {gain}",
            claim.principal.noun(),
            azure::can(claim)
        );
        let remediation = "give the identity no more than those who can use it may have, or narrow who can use it";
        let mut finding = azure::finding(&RULE, claim, &message, remediation);
        finding.attributes.push(path);
        out.push(finding);
    }
}

#[cfg(test)]
mod tests {
    use nhi_plan::symbol::symbol;

    use crate::rules::cases::{Case, Plan, cases, plan};

    const OWNER: &str = "azurerm_role_assignment.owner";
    const A: &str = "azurerm_role_assignment.a";

    /// The identity `admin` owns a subscription, and `ci` holds a role on something.
    fn ci(role: &str, scope: &str) -> Plan {
        plan(&[
            (
                "azurerm_user_assigned_identity.admin",
                r#"{"name":"admin","resource_group_name":"g"}"#,
            ),
            (
                "azurerm_user_assigned_identity.ci",
                r#"{"name":"ci","resource_group_name":"h"}"#,
            ),
            (OWNER, r#"{"scope":"/subscriptions/s","role_definition_name":"Owner"}"#),
            (A, &format!(r#"{{"role_definition_name":"{role}"}}"#)),
            (
                "azurerm_linux_web_app.w",
                r#"{"name":"w","resource_group_name":"g","identity":[{"type":"UserAssigned"}]}"#,
            ),
        ])
        .unknown(OWNER, &["principal_id"])
        .references(OWNER, "principal_id", &["azurerm_user_assigned_identity.admin"])
        .unknown(A, &["scope", "principal_id"])
        .references(A, "scope", &[scope])
        .references(A, "principal_id", &["azurerm_user_assigned_identity.ci"])
        .unknown("azurerm_linux_web_app.w", &["identity[0].identity_ids"])
        .references(
            "azurerm_linux_web_app.w",
            "identity.identity_ids",
            &["azurerm_user_assigned_identity.admin"],
        )
    }

    /// The same with everything worked out as far as it goes.
    #[test]
    fn symbols_lead_as_far_as_references() {
        let of = |origin: &str| symbol(origin).replace('"', "\\\"");
        let plan = |key: &str| {
            plan(&[
                (
                    r#"azurerm_user_assigned_identity.i["admin"]"#,
                    r#"{"name":"admin","resource_group_name":"g"}"#,
                ),
                (
                    r#"azurerm_user_assigned_identity.i["ci"]"#,
                    r#"{"name":"ci","resource_group_name":"g"}"#,
                ),
                (
                    "azurerm_role_definition.own",
                    r#"{"name":"own","permissions":[{"actions":["Microsoft.Authorization/*"]}]}"#,
                ),
                (
                    OWNER,
                    &format!(
                        r#"{{"scope":"{}","role_definition_id":"{}","principal_id":"{}"}}"#,
                        of("azurerm_subscription.s.id"),
                        of("azurerm_role_definition.own.role_definition_resource_id"),
                        of(r#"azurerm_user_assigned_identity.i["admin"].principal_id"#)
                    ),
                ),
                (
                    A,
                    &format!(
                        r#"{{"scope":"{}","role_definition_name":"Managed Identity Contributor","principal_id":"{}"}}"#,
                        of(&format!(r#"azurerm_user_assigned_identity.i["{key}"].id"#)),
                        of(r#"azurerm_user_assigned_identity.i["ci"].principal_id"#)
                    ),
                ),
            ])
        };
        cases(&super::RULE)
            .flags(&[Case::critical("the identity that owns", plan("admin"))])
            .allows(&[Case::clean("itself", plan("ci"))]);
    }

    /// `ci` holds a role of which nothing is known.
    fn of_later(scope: &str) -> Plan {
        ci("", scope)
            .changed(A, |change| change.after = Some("{}".into()))
            .unknown(A, &["role_definition_name", "role_definition_id"])
            .references(A, "role_definition_name", &["data.http.x"])
    }

    /// The application has identities of which only where they come from is known.
    fn later(origin: &str) -> Plan {
        let w = "azurerm_linux_web_app.w";
        ci("Website Contributor", w)
            .changed(w, |change| {
                change.after = Some(r#"{"name":"w","resource_group_name":"g"}"#.into());
                change.references.clear();
            })
            .unknown(w, &["identity"])
            .references(w, "identity", &[origin])
    }

    #[test]
    fn table() {
        let admin = "azurerm_user_assigned_identity.admin";
        cases(&super::RULE)
            .flags(&[
                Case::critical("runs code in an application", ci("Website Contributor", "azurerm_linux_web_app.w")).at("role_definition_name"),
                Case::critical("adds a credential", ci("Managed Identity Contributor", admin)),
                Case::critical("contributes to the identity", ci("Contributor", admin)),
                Case::critical("its group", ci("Contributor", "azurerm_resource_group.g").changed(A, |change| {
                    change.after = Some(r#"{"role_definition_name":"Contributor","scope":"/subscriptions/s/resourceGroups/G"}"#.into());
                    change.unknown_paths = vec!["principal_id".into()];
                })),
                Case::critical(
                    "attaches and runs",
                    ci("Managed Identity Operator", admin)
                        .and(("azurerm_role_assignment.b", r#"{"scope":"/subscriptions/s/resourceGroups/h","role_definition_name":"Virtual Machine Contributor"}"#))
                        .unknown("azurerm_role_assignment.b", &["principal_id"])
                        .references("azurerm_role_assignment.b", "principal_id", &["azurerm_user_assigned_identity.ci"]),
                ),
                Case::unverified("a role that is not known", of_later("azurerm_linux_web_app.w")).at("role_definition_name"),
                Case::unverified("identities that are not known", later("azurerm_user_assigned_identity.admin")),
            ])
            .allows(&[
                Case::clean("a role that is not known, on what is nobody", of_later("azurerm_storage_account.s")),
                Case::clean("identities that are not known, of nobody", later("azurerm_user_assigned_identity.other")),
                Case::clean("attaches and runs nothing", ci("Managed Identity Operator", admin)),
                Case::clean("reads the application", ci("Reader", "azurerm_linux_web_app.w")),
                Case::clean("another application", ci("Website Contributor", "azurerm_linux_web_app.other")),
                Case::clean("another group", ci("Contributor", "azurerm_resource_group.g").changed(A, |change| {
                    change.after = Some(r#"{"role_definition_name":"Contributor","scope":"/subscriptions/s/resourceGroups/other"}"#.into());
                    change.unknown_paths = vec!["principal_id".into()];
                })),
                Case::clean(
                    "an identity with nothing",
                    ci("Website Contributor", "azurerm_linux_web_app.w").destroyed(OWNER),
                ),
                Case::clean(
                    "an owner already",
                    ci("Website Contributor", "azurerm_linux_web_app.w")
                        .and(("azurerm_role_assignment.b", r#"{"scope":"/subscriptions/s","role_definition_name":"Owner"}"#))
                        .unknown("azurerm_role_assignment.b", &["principal_id"])
                        .references("azurerm_role_assignment.b", "principal_id", &["azurerm_user_assigned_identity.ci"]),
                ),
            ]);
    }
}
