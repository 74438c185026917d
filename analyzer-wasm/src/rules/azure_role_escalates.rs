//! Flags roles of Azure from which their holder reaches higher ones.

use nhi_plan::Severity;
use nhi_policy_sdk::Findings;

use super::azure;
use crate::facts::Facts;
use crate::facts::azure::{Unknown, What};
use crate::rule::{Check, Group, Rule};

/// A role that leads further.
pub(super) static RULE: Rule = Rule {
    code: "NHI051",
    name: "azure-role-escalates",
    group: Group::Privilege,
    severity: Severity::High,
    since: "0.1.0",
    summary: "a built-in or custom role lets its holder raise its own privileges",
    why: "a right to run code beside an identity, or to change what roles allow, is every role of that identity",
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

Flags roles that allow one of the actions of `data/azure-actions.tsv`, on a resource group or above: handing out roles and changing role definitions (critical on a subscription), policies that deploy with an identity of their own, federated credentials of managed identities, running code on machines, in applications, automation accounts, containers and clusters (high or medium).
Built-in roles are known by name and identifier, custom roles are judged by their content: `*` and wildcards match, `not_actions` subtract, data actions count where they do harm.
One finding for each principal and scope; what Owner or Contributor cover already (NHI050) is not told twice.
A role whose content is known only after apply is listed as unverified.

## Why is this bad?

Few people read a custom role to its end: `Microsoft.Authorization/*` among thirty harmless lines is Owner in two calls.
Whoever may run a command on a machine has the roles of the identity on it.

## Example

```terraform
resource "azurerm_role_definition" "deploy" {
  name  = "deploy"
  scope = data.azurerm_subscription.current.id

  permissions {
    actions = ["Microsoft.Web/*", "Microsoft.Authorization/*"]
  }
}

resource "azurerm_role_assignment" "ci" {
  scope              = data.azurerm_subscription.current.id
  role_definition_id = azurerm_role_definition.deploy.role_definition_resource_id
  principal_id       = azurerm_user_assigned_identity.ci.principal_id
}
```

## Use instead

```terraform
resource "azurerm_role_definition" "deploy" {
  name  = "deploy"
  scope = azurerm_resource_group.web.id

  permissions {
    actions = ["Microsoft.Web/sites/read", "Microsoft.Web/sites/restart/action"]
  }
}

resource "azurerm_role_assignment" "ci" {
  scope              = azurerm_resource_group.web.id
  role_definition_id = azurerm_role_definition.deploy.role_definition_resource_id
  principal_id       = azurerm_user_assigned_identity.ci.principal_id
}
```

## Known limits

- A role that is named and is neither in the plan nor in the table counts as one that raises nobody.
- `Microsoft.Resources/deployments/write` deploys what its holder may do anyway, and does not count by itself.
- That a resource carries no identity is not known for what is not in the plan.
- Checked against the shape of plans of the AzureRM provider, not against a live one.

## References

- [Azure built-in roles](https://learn.microsoft.com/azure/role-based-access-control/built-in-roles)
- [Azure permissions by resource provider](https://learn.microsoft.com/azure/role-based-access-control/resource-provider-operations)
- [OWASP NHI5:2025 Overprivileged NHI](https://owasp.org/www-project-non-human-identities-top-10/2025/5-overprivileged-nhi/)
"#,
};

fn check(facts: &Facts, out: &mut Findings) {
    for claim in &facts.azure.claims {
        let who = claim.principal.noun();
        let role = azure::cut(&claim.role);
        match &claim.what {
            What::Escalates(actions) => {
                let Some(action) = actions.first() else { continue };
                let message = format!(
                    "{who} {} {} (`{role}` on {})",
                    azure::can(claim),
                    action.effect,
                    claim.place
                );
                let remediation = "assign a role without these actions, or on the one resource that is needed";
                let mut finding = azure::finding(&RULE, claim, &message, remediation);
                let ids: Vec<_> = actions.iter().map(|action| action.id).collect();
                finding.attributes.push((String::from("actions"), ids.join(",")));
                out.push(finding);
            }
            What::Unknown(Unknown::Role) => {
                let message = format!("what `{role}` gives {who} on {} could not be judged", claim.place);
                let remediation = "name the role, or define it in this configuration";
                out.push(azure::finding(&RULE, claim, &message, remediation));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use nhi_plan::symbol::symbol;

    use crate::rules::cases::{Case, Plan, cases, plan};

    const A: &str = "azurerm_role_assignment.a";

    fn holds(role: &str) -> Plan {
        plan(&[(
            A,
            &format!(
                r#"{{"scope":"/subscriptions/s","role_definition_name":"{role}","principal_id":"x","principal_type":"ServicePrincipal"}}"#
            ),
        )])
    }

    fn custom(permissions: &str) -> Plan {
        plan(&[
            (
                A,
                r#"{"scope":"/subscriptions/s","principal_id":"x","principal_type":"ServicePrincipal"}"#,
            ),
            (
                "azurerm_role_definition.r",
                &format!(r#"{{"name":"deploy","scope":"/subscriptions/s","permissions":[{permissions}]}}"#),
            ),
        ])
        .unknown(A, &["role_definition_id", "role_definition_name"])
        .references(A, "role_definition_id", &["azurerm_role_definition.r"])
    }

    #[test]
    fn cases_of_roles() {
        cases(&super::RULE)
            .flags(&[
                Case::high("machines", holds("Virtual Machine Contributor")).at("role_definition_name"),
                Case::high("web applications", holds("Website Contributor")),
                Case::high("automation", holds("Automation Contributor")),
                Case::high("credentials of identities", holds("Managed Identity Contributor")),
                Case::medium("attaches identities", holds("Managed Identity Operator")),
                Case::high("policies", holds("Security Admin")),
                Case::high("clusters", holds("Azure Kubernetes Service RBAC Cluster Admin")),
                Case::critical("by content", custom(r#"{"actions":["Microsoft.Web/*/read","Microsoft.Authorization/*"],"not_actions":[]}"#)),
                Case::critical("everything", custom(r#"{"actions":["*"],"not_actions":[],"data_actions":[]}"#)),
                Case::critical("a wildcard inside", custom(r#"{"actions":["Microsoft.Authorization/*/write"]}"#)),
                Case::high("all but handing out roles", custom(r#"{"actions":["*"],"not_actions":["Microsoft.Authorization/*","Microsoft.Management/*"]}"#)),
                Case::high("on machines as data", custom(r#"{"actions":[],"data_actions":["Microsoft.Compute/virtualMachines/*"]}"#)),
                Case::critical(
                    "by name",
                    holds("deploy").and(("azurerm_role_definition.r", r#"{"name":"deploy","permissions":[{"actions":["Microsoft.Authorization/roleAssignments/write"]}]}"#)),
                ),
                Case::critical("given in another block", custom(r#"{"actions":["*"],"not_actions":["Microsoft.Authorization/*"]},{"actions":["Microsoft.Authorization/roleAssignments/*"]}"#)),
                Case::unverified("actions known after apply", custom(&format!(r#"{{"actions":["{}"]}}"#, symbol("local.actions")))),
                Case::unverified("a list known after apply", custom(r#"{"not_actions":[]}"#).unknown("azurerm_role_definition.r", &["permissions[0].actions"])),
                Case::unverified(
                    "exceptions known after apply",
                    custom(r#"{"actions":["Microsoft.Authorization/*"]}"#).unknown("azurerm_role_definition.r", &["permissions[0].not_actions"]),
                ),
                Case::unverified("a role known after apply", plan(&[(A, r#"{"scope":"/subscriptions/s","principal_id":"x"}"#)]).unknown(A, &["role_definition_id"]).references(A, "role_definition_id", &["data.external.x"])),
                Case::low(
                    "web applications of a group",
                    plan(&[(A, r#"{"scope":"/subscriptions/s/resourceGroups/g","role_definition_name":"Website Contributor","principal_id":"x","principal_type":"ServicePrincipal"}"#)]),
                ),
            ])
            .allows(&[
                Case::clean("reads", holds("Reader")),
                Case::clean("an owner is another rule", holds("Owner")),
                Case::clean("covered by another", holds("Contributor").and(("azurerm_role_assignment.b", r#"{"scope":"/subscriptions/s","role_definition_name":"Virtual Machine Contributor","principal_id":"x"}"#))),
                Case::clean("reads roles", custom(r#"{"actions":["Microsoft.Authorization/*/read","*/read"]}"#)),
                Case::clean("restarts", custom(r#"{"actions":["Microsoft.Web/sites/restart/action","Microsoft.Compute/virtualMachines/restart/action"]}"#)),
                Case::clean("taken back", custom(r#"{"actions":["Microsoft.Authorization/roleAssignments/*"],"not_actions":["Microsoft.Authorization/*/Write"]}"#)),
                Case::clean("held by nobody", plan(&[("azurerm_role_definition.r", r#"{"name":"r","permissions":[{"actions":["*"]}]}"#)])),
                Case::clean("one application", plan(&[(A, r#"{"scope":"/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/w","role_definition_name":"Website Contributor","principal_id":"x"}"#)])),
            ]);
    }

    /// Every action of the table is found where a role allows exactly it, and not where the role takes it back.
    #[test]
    fn every_action_and_its_near_miss() {
        let table = include_str!("../../data/azure-actions.tsv");
        for row in table.lines().filter(|line| !line.starts_with('#')) {
            let row: Vec<_> = row.split('\t').collect();
            let (gives, takes) = if row[1] == "data" {
                ("data_actions", "not_data_actions")
            } else {
                ("actions", "not_actions")
            };
            let told = |given: &str, taken: &str| {
                let found = custom(&format!(r#"{{"{gives}":["{given}"],"{takes}":["{taken}"]}}"#)).judge();
                found
                    .iter()
                    .filter(|finding| matches!(finding.rule.as_str(), "NHI051" | "NHI055"))
                    .flat_map(|finding| &finding.attributes)
                    .filter(|(name, _)| name == "actions")
                    .any(|(_, ids)| ids.split(',').any(|id| id == row[0]))
            };
            assert!(told(&row[0].to_lowercase(), ""), "{row:?}");
            assert!(!told("*", row[0]), "{row:?} taken back");
            let other = if gives == "actions" { "data" } else { "control" };
            let wrong = custom(&format!(
                r#"{{"{}":["{}"]}}"#,
                if other == "data" { "data_actions" } else { "actions" },
                row[0]
            ))
            .judge();
            assert!(
                !wrong.iter().any(|finding| finding
                    .attributes
                    .iter()
                    .any(|(name, ids)| name == "actions" && ids.split(',').any(|id| id == row[0]))),
                "{row:?} on the other plane"
            );
        }
    }
}
