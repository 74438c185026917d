//! Flags machine identities that own an application or a group which can do more than they can.

use nhi_plan::Severity;
use nhi_policy_sdk::Findings;

use super::azure;
use crate::facts::Facts;
use crate::facts::azure::What;
use crate::rule::{Check, Group, Rule};

/// A machine owns a more privileged identity.
pub(super) static RULE: Rule = Rule {
    code: "NHI056",
    name: "entra-machine-owner",
    group: Group::Privilege,
    severity: Severity::High,
    since: "0.1.0",
    summary: "a machine identity owns an application or a group that can do more than it may",
    why: "an owner adds a credential to the application, or itself to the group, and so has all it has",
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

Follows owners of applications, service principals and groups of the plan: a service principal or managed identity that owns one which holds a directory role, an application permission or a role in Azure that the owner does not have itself.
The path is shown, and the severity is that of what is gained.
Whoever applies the plan (`azuread_client_config`) and people are not flagged.

## Why is this bad?

Ownership is not shown where roles are reviewed.
A build identity that owns the application with `Directory.ReadWrite.All` needs one call for a secret of it.

## Example

```terraform
resource "azuread_application" "directory" {
  display_name = "directory-sync"
  owners       = [azuread_service_principal.build.object_id]
}
```

## Use instead

```terraform
resource "azuread_application" "directory" {
  display_name = "directory-sync"
  owners       = [data.azuread_user.platform_lead.object_id]
}
```

## Known limits

- Roles in Azure and in Entra are compared by how much they give: who administers the one gains nothing by the other unless it gives more.
- What the application holds outside this plan is not seen.
- That a person owns an application is not judged.
- Checked against the shape of plans of the AzureAD provider, not against a live one.

## References

- [Application ownership and its risks](https://learn.microsoft.com/entra/identity/enterprise-apps/overview-assign-app-owners)
- [OWASP NHI5:2025 Overprivileged NHI](https://owasp.org/www-project-non-human-identities-top-10/2025/5-overprivileged-nhi/)
"#,
};

fn check(facts: &Facts, out: &mut Findings) {
    for claim in &facts.azure.claims {
        let What::Owns { through, how, gain } = &claim.what else {
            continue;
        };
        let (named, path) = azure::way(through);
        let message = format!(
            "{} {} {how} {named}, which {gain}",
            claim.principal.noun(),
            azure::can(claim)
        );
        let remediation = "let people own it, or give it no more than its owner may have";
        let mut finding = azure::finding(&RULE, claim, &message, remediation);
        finding.attributes.push(path);
        out.push(finding);
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::cases::{Case, Plan, cases, plan};

    const APP: &str = "azuread_application.a";
    const GRANT: &str = "azuread_app_role_assignment.g";

    /// The application may hand out directory roles; somebody owns it.
    fn owned(owner: &str) -> Plan {
        plan(&[
            (APP, r#"{"display_name":"a"}"#),
            ("azuread_service_principal.a", "{}"),
            ("azuread_service_principal.build", "{}"),
            (GRANT, r#"{"app_role_id":"9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8"}"#),
        ])
        .references("azuread_service_principal.a", "client_id", &[APP])
        .references(
            "azuread_service_principal.build",
            "client_id",
            &["azuread_application.build"],
        )
        .unknown(GRANT, &["principal_object_id"])
        .references(GRANT, "principal_object_id", &["azuread_service_principal.a"])
        .unknown(APP, &["owners"])
        .references(APP, "owners", &[owner])
    }

    #[test]
    fn table() {
        let member = "azurerm_role_assignment.g";
        let group = "azuread_group.g";
        cases(&super::RULE)
            .flags(&[
                Case::critical("a build owns it", owned("azuread_service_principal.build")).at("owners"),
                Case::critical("a managed identity owns it", owned("azurerm_user_assigned_identity.i")),
                Case::critical(
                    "by a block of its own",
                    owned("data.azuread_user.lead")
                        .and(("azuread_application_owner.o", "{}"))
                        .unknown("azuread_application_owner.o", &["owner_object_id"])
                        .references(
                            "azuread_application_owner.o",
                            "owner_object_id",
                            &["azuread_service_principal.build"],
                        )
                        .references("azuread_application_owner.o", "application_id", &[APP]),
                ),
                Case::critical(
                    "a group with a role in Azure",
                    plan(&[
                        (group, r#"{"display_name":"g"}"#),
                        (member, r#"{"scope":"/subscriptions/s","role_definition_name":"Owner"}"#),
                    ])
                    .unknown(group, &["owners"])
                    .references(group, "owners", &["azuread_service_principal.build"])
                    .unknown(member, &["principal_id"])
                    .references(member, "principal_id", &[group]),
                ),
            ])
            .allows(&[
                Case::clean("a person", owned("data.azuread_user.lead")),
                Case::clean("whoever applies", owned("data.azuread_client_config.current")),
                Case::clean("its own service principal", owned("azuread_service_principal.a")),
                Case::clean(
                    "an application with nothing",
                    owned("azuread_service_principal.build").destroyed(GRANT),
                ),
                Case::clean(
                    "an owner that can do as much",
                    owned("azuread_service_principal.build")
                        .and((
                            "azuread_app_role_assignment.h",
                            r#"{"app_role_id":"06b708a9-e830-4db3-a914-8e69da51d44f"}"#,
                        ))
                        .unknown("azuread_app_role_assignment.h", &["principal_object_id"])
                        .references(
                            "azuread_app_role_assignment.h",
                            "principal_object_id",
                            &["azuread_service_principal.build"],
                        ),
                ),
            ]);
    }
}
