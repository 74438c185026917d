//! Flags the roles that Microsoft calls privileged, on a resource group or above.

use nhi_plan::Severity;
use nhi_policy_sdk::Findings;

use super::azure;
use crate::facts::Facts;
use crate::facts::azure::{Broad, What};
use crate::rule::{Check, Group, Rule};

/// A privileged role.
pub(super) static RULE: Rule = Rule {
    code: "NHI050",
    name: "azure-owner-or-contributor",
    group: Group::Privilege,
    severity: Severity::High,
    since: "0.1.0",
    summary: "a principal is owner, contributor or access administrator of a subscription or a resource group",
    why: "these roles reach every resource of a subscription, and most of them hand out further roles",
    controls: &[
        "NHI5:2025",
        "CWE-269",
        "CWE-250",
        "AC-6",
        "PR.AA-05",
        "CIS-Azure-1.23",
        "PCI-DSS-7.2.5",
        "CC6.3",
        "A.8.2",
    ],
    check: Check::Plan(check),
    docs: r#"
## What it does

Flags Owner, User Access Administrator and Role Based Access Control Administrator (critical on a subscription) and Contributor (high), in role assignments, in eligible and active assignments of Privileged Identity Management, and in what Azure Lighthouse delegates to another tenant.
Above a subscription one step higher; on a resource group high for those that hand out roles, low for Contributor; on a single resource clean.
A condition that leaves only roles which raise nobody makes the assignment clean; one that is not understood lowers it.
People, groups and principals of unknown type are one step lower; a group that holds a machine identity counts as one.

## Why is this bad?

A pipeline that owns a subscription is one leaked credential away from losing it: all data, all identities, and every role that can be handed out.

## Example

```terraform
resource "azurerm_role_assignment" "ci" {
  scope                = data.azurerm_subscription.current.id
  role_definition_name = "Owner"
  principal_id         = azurerm_user_assigned_identity.ci.principal_id
}
```

## Use instead

```terraform
resource "azurerm_role_assignment" "ci" {
  scope                = azurerm_container_app.payments.id
  role_definition_name = "Container Apps Contributor"
  principal_id         = azurerm_user_assigned_identity.ci.principal_id
}
```

## Known limits

- Deny assignments, and roles that are held already and are not in the plan, are not seen.
- The subscription of a scope that is known only after apply is not compared with others.
- Checked against the shape of plans of the AzureRM provider, not against a live one.

## References

- [Azure built-in roles: privileged](https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/privileged)
- [Delegate role assignment with conditions](https://learn.microsoft.com/azure/role-based-access-control/delegate-role-assignments-overview)
- [OWASP NHI5:2025 Overprivileged NHI](https://owasp.org/www-project-non-human-identities-top-10/2025/5-overprivileged-nhi/)
"#,
};

fn check(facts: &Facts, out: &mut Findings) {
    for claim in &facts.azure.claims {
        let What::Broad(broad) = &claim.what else { continue };
        let may = if claim.possible { "possibly is" } else { "is" };
        let message = format!(
            "{} {may} `{}` of {}",
            claim.principal.noun(),
            azure::cut(&claim.role),
            claim.place
        );
        let remediation = match broad {
            Broad::Contributor => "assign the role that the principal uses, on the resources it uses",
            _ => "assign the role that the principal uses, and limit by a condition which roles it may hand out",
        };
        out.push(azure::finding(&RULE, claim, &message, remediation));
    }
}

#[cfg(test)]
mod tests {
    use nhi_plan::symbol::{one_of, symbol};

    use crate::rules::cases::{Case, Plan, cases, plan};

    const SUBSCRIPTION: &str = "/subscriptions/00000000-0000-0000-0000-000000000001";
    const A: &str = "azurerm_role_assignment.a";

    fn on(scope: &str, role: &str, kind: &str) -> Plan {
        plan(&[(
            A,
            &format!(
                r#"{{"scope":"{scope}","role_definition_name":"{role}","principal_id":"11111111-2222-3333-4444-555555555555","principal_type":"{kind}","condition":null}}"#
            ),
        )])
    }

    fn conditional(role: &str, condition: &str) -> Plan {
        plan(&[(
            A,
            &format!(
                r#"{{"scope":"{SUBSCRIPTION}","role_definition_name":"{role}","principal_id":"x","principal_type":"ServicePrincipal","condition":"{condition}","condition_version":"2.0"}}"#
            ),
        )])
    }

    #[test]
    fn cases_of_roles_and_scopes() {
        let machine = "ServicePrincipal";
        cases(&super::RULE)
            .flags(&[
                Case::critical("owner", on(SUBSCRIPTION, "Owner", machine)).at("role_definition_name"),
                Case::critical("in another case", on(&SUBSCRIPTION.to_uppercase(), "owner", machine)),
                Case::critical("access administrator", on(SUBSCRIPTION, "User Access Administrator", machine)),
                Case::critical("role administrator", on(SUBSCRIPTION, "Role Based Access Control Administrator", machine)),
                Case::high("contributor", on(SUBSCRIPTION, "Contributor", machine)),
                Case::critical("contributor above", on("/providers/Microsoft.Management/managementGroups/root", "Contributor", machine)),
                Case::high("owner of a group", on(&format!("{SUBSCRIPTION}/resourceGroups/g"), "Owner", machine)),
                Case::low("contributor of a group", on(&format!("{SUBSCRIPTION}/resourceGroups/g"), "Contributor", machine)),
                Case::high("a person", on(SUBSCRIPTION, "Owner", "User")),
                Case::medium("nobody knows who", on(SUBSCRIPTION, "Contributor", "")),
                Case::critical(
                    "by identifier",
                    plan(&[(A, &format!(r#"{{"scope":"{SUBSCRIPTION}","role_definition_id":"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/8e3af657-a8ff-443c-a75c-2fe8c4bcb635","principal_id":"x","principal_type":"ServicePrincipal"}}"#))])
                        .unknown(A, &["role_definition_name"]),
                )
                .at("role_definition_id"),
                Case::critical(
                    "everything by reference",
                    plan(&[
                        (A, "{}"),
                        ("data.azurerm_role_definition.o", r#"{"name":"Owner"}"#),
                        ("azurerm_user_assigned_identity.ci", r#"{"name":"ci"}"#),
                    ])
                    .unknown(A, &["scope", "role_definition_id", "role_definition_name", "principal_id", "principal_type"])
                    .references(A, "scope", &["azurerm_subscription.s"])
                    .references(A, "role_definition_id", &["data.azurerm_role_definition.o"])
                    .references(A, "principal_id", &["azurerm_user_assigned_identity.ci"]),
                ),
                Case::high(
                    "a group by reference",
                    plan(&[(A, r#"{"role_definition_name":"Owner"}"#)])
                        .unknown(A, &["scope", "principal_id", "role_definition_id"])
                        .references(A, "scope", &["azurerm_resource_group.g"])
                        .references(A, "principal_id", &["azurerm_linux_web_app.w"]),
                ),
                Case::high(
                    "in part",
                    on(&format!("{}/resourceGroups/g", symbol("data.azurerm_subscription.s.id")), "Owner", machine),
                ),
                Case::high("either of two", on(SUBSCRIPTION, &one_of(["Owner", "Contributor"]), machine)),
                Case::unverified("perhaps", on(SUBSCRIPTION, &one_of(["Owner", "Reader"]), machine)),
                Case::unverified(
                    "nobody knows under which condition",
                    on(SUBSCRIPTION, "Owner", machine)
                        .unknown(A, &["condition"])
                        .changed(A, |change| {
                            change.after = Some(format!(r#"{{"scope":"{SUBSCRIPTION}","role_definition_name":"Owner","principal_id":"x"}}"#).into());
                        })
                        .references(A, "condition", &["data.http.x"]),
                ),
                Case::unverified(
                    "nobody knows where",
                    plan(&[(A, r#"{"role_definition_name":"Owner","principal_id":"x"}"#)])
                        .unknown(A, &["scope"])
                        .references(A, "scope", &["data.external.x"]),
                ),
            ])
            .allows(&[
                Case::clean("reader", on(SUBSCRIPTION, "Reader", machine)),
                Case::clean("owner of one thing", on(&format!("{SUBSCRIPTION}/resourceGroups/g/providers/Microsoft.Web/sites/s"), "Owner", machine)),
                Case::clean("contributor of a kind", on(&format!("{SUBSCRIPTION}/resourceGroups/g"), "Monitoring Contributor", machine)),
                Case::clean(
                    "may hand out what raises nobody",
                    conditional("Role Based Access Control Administrator", "((!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})) OR (@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {acdd72a7-3385-48ef-bd42-f606fba81ae7}))"),
                ),
                Case::clean("removed", on(SUBSCRIPTION, "Owner", machine).destroyed(A)),
            ]);
    }

    #[test]
    fn one_of_several_is_a_perhaps_for_each() {
        let found = plan(&[(
            A,
            &format!(r#"{{"scope":"{SUBSCRIPTION}","role_definition_name":"Owner"}}"#),
        )])
        .unknown(A, &["principal_id"])
        .references(
            A,
            "principal_id",
            &["azurerm_linux_web_app.a", "azurerm_linux_web_app.b", "var.which"],
        )
        .judge();
        let found: Vec<_> = found.iter().filter(|finding| finding.rule == "NHI050").collect();
        assert_eq!(found.len(), 2, "{found:#?}");
        assert!(
            found
                .iter()
                .all(|finding| finding.outcome == nhi_plan::Outcome::Unverified)
        );
    }

    #[test]
    fn cases_of_other_assignments() {
        let excluded = "@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAllValues:GuidNotEquals {8e3af657-a8ff-443c-a75c-2fe8c4bcb635}";
        let owner = "/providers/Microsoft.Authorization/roleDefinitions/8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
        cases(&super::RULE)
            .flags(&[
                Case::high("all but one role", conditional("Role Based Access Control Administrator", excluded)),
                Case::high(
                    "eligible",
                    plan(&[("azurerm_pim_eligible_role_assignment.a", &format!(r#"{{"scope":"{SUBSCRIPTION}","role_definition_id":"{SUBSCRIPTION}{owner}","principal_id":"x"}}"#))])
                        .and(("azurerm_user_assigned_identity.i", r#"{"principal_id":"x"}"#)),
                ),
                Case::critical(
                    "another tenant",
                    plan(&[("azurerm_lighthouse_definition.d", r#"{"scope":"/subscriptions/s","managing_tenant_id":"t","authorization":[{"principal_id":"x","role_definition_id":"18d7d88d-d35e-4fb5-a5c3-7773c20a72d9"}]}"#)]),
                )
                .at("authorization[0].role_definition_id"),
                Case::critical(
                    "a group of machines",
                    plan(&[
                        (A, &format!(r#"{{"scope":"{SUBSCRIPTION}","role_definition_name":"Owner"}}"#)),
                        ("azuread_group.g", r#"{"display_name":"g"}"#),
                        ("azuread_group_member.m", "{}"),
                    ])
                    .unknown(A, &["principal_id"])
                    .references(A, "principal_id", &["azuread_group.g"])
                    .references("azuread_group_member.m", "group_object_id", &["azuread_group.g"])
                    .references("azuread_group_member.m", "member_object_id", &["azuread_service_principal.s"]),
                ),
                Case::critical(
                    "as the interface takes it",
                    plan(&[("azapi_resource.a", &format!(r#"{{"type":"Microsoft.Authorization/roleAssignments@2022-04-01","parent_id":"{SUBSCRIPTION}","body":{{"properties":{{"roleDefinitionId":"{SUBSCRIPTION}{owner}","principalId":"x","principalType":"ServicePrincipal"}}}}}}"#))]),
                )
                .at("body"),
                Case::critical(
                    "the same as text",
                    plan(&[("azapi_resource.a", &format!(r#"{{"type":"Microsoft.Authorization/roleAssignments@2022-04-01","parent_id":"{SUBSCRIPTION}","body":"{{\"properties\":{{\"roleDefinitionId\":\"{owner}\",\"principalId\":\"x\",\"principalType\":\"ServicePrincipal\"}}}}"}}"#))]),
                ),
                Case::critical(
                    "told once though it stands twice",
                    on(SUBSCRIPTION, "Owner", "ServicePrincipal").and((
                        "azurerm_role_assignment.b",
                        &format!(r#"{{"scope":"{SUBSCRIPTION}/resourceGroups/g","role_definition_name":"Contributor","principal_id":"11111111-2222-3333-4444-555555555555"}}"#),
                    )),
                ),
            ]);
    }
}
