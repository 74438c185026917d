//! Flags directory roles of Entra that reach the Global Administrator.

use nhi_plan::Severity;
use nhi_policy_sdk::Findings;

use super::azure;
use crate::facts::Facts;
use crate::facts::azure::{Unknown, What};
use crate::rule::{Check, Group, Rule};

/// A directory role.
pub(super) static RULE: Rule = Rule {
    code: "NHI052",
    name: "entra-directory-role",
    group: Group::Privilege,
    severity: Severity::High,
    since: "0.1.0",
    summary: "a principal holds a directory role from which it reaches control of the tenant",
    why: "a directory role is held in the whole tenant, over every subscription and every person in it",
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

Flags assignments of the roles that Microsoft labels privileged or whose description lets their holder take over applications, groups or people, by template, by name and through `azuread_directory_role`; custom directory roles are judged by their actions.
Global Administrator and roles that hand out others are critical, those that take over identities high.
An eligible assignment is one step lower, one for an administrative unit or one application two; people and groups are one step lower than machines.

## Why is this bad?

An Application Administrator adds a secret to any application and signs in as it; where one of them may hand out roles, that is the tenant.

## Example

```terraform
resource "azuread_directory_role" "apps" {
  display_name = "Application Administrator"
}

resource "azuread_directory_role_assignment" "ci" {
  role_id             = azuread_directory_role.apps.template_id
  principal_object_id = azuread_service_principal.ci.object_id
}
```

## Use instead

```terraform
resource "azuread_app_role_assignment" "ci" {
  app_role_id         = data.azuread_service_principal.graph.app_role_ids["Application.ReadWrite.OwnedBy"]
  principal_object_id = azuread_service_principal.ci.object_id
  resource_object_id  = data.azuread_service_principal.graph.object_id
}
```

## Known limits

- A template that is not in the table counts as harmless.
- Roles that a group hands on are told at the group.
- Checked against the shape of plans of the AzureAD provider, not against a live one.

## References

- [Microsoft Entra built-in roles](https://learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference)
- [Privileged roles and permissions](https://learn.microsoft.com/entra/identity/role-based-access-control/privileged-roles-permissions)
- [OWASP NHI5:2025 Overprivileged NHI](https://owasp.org/www-project-non-human-identities-top-10/2025/5-overprivileged-nhi/)
"#,
};

fn check(facts: &Facts, out: &mut Findings) {
    for claim in &facts.azure.claims {
        let who = claim.principal.noun();
        let role = azure::cut(&claim.role);
        match &claim.what {
            What::Directory { effect, .. } => {
                let message = format!("{who} holds the directory role `{role}`, which {effect}");
                let remediation = "grant the application permission or the role on the object that is needed";
                out.push(azure::finding(&RULE, claim, &message, remediation));
            }
            What::Unknown(Unknown::Directory) => {
                let message = format!("which directory role `{role}` is, which {who} is given, could not be judged");
                let remediation = "name the role by its template, or through `azuread_directory_role`";
                out.push(azure::finding(&RULE, claim, &message, remediation));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::cases::{Case, Plan, cases, plan};

    const A: &str = "azuread_directory_role_assignment.a";
    const GLOBAL: &str = "62e90394-69f5-4237-9190-012177145e10";

    /// An assignment to the service principal of the plan.
    fn given(after: &str) -> Plan {
        plan(&[(A, after), ("azuread_service_principal.s", "{}")])
            .unknown(A, &["principal_object_id"])
            .references(A, "principal_object_id", &["azuread_service_principal.s"])
    }

    fn through(role: &str, after: &str) -> Plan {
        given("{}")
            .and((role, after))
            .unknown(A, &["role_id"])
            .references(A, "role_id", &[role])
    }

    #[test]
    fn table() {
        let member = "azuread_directory_role_member.m";
        cases(&super::RULE)
            .flags(&[
                Case::critical("global", given(&format!(r#"{{"role_id":"{GLOBAL}"}}"#))).at("role_id"),
                Case::high("applications", given(r#"{"role_id":"9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3"}"#)),
                Case::high("a person", plan(&[(A, &format!(r#"{{"role_id":"{GLOBAL}"}}"#))]).unknown(A, &["principal_object_id"]).references(A, "principal_object_id", &["azuread_user.u"])),
                Case::high("nobody knows who", plan(&[(A, &format!(r#"{{"role_id":"{GLOBAL}","principal_object_id":"x"}}"#))])),
                Case::critical("by name", through("azuread_directory_role.r", r#"{"display_name":"Privileged Role Administrator"}"#)),
                Case::high("by template", through("azuread_directory_role.r", r#"{"template_id":"158c047a-c907-4556-b7ef-446551a6b5f7"}"#)),
                Case::unverified(
                    "of its own, known after apply",
                    through("azuread_custom_directory_role.r", r#"{"enabled":true,"permissions":[{}]}"#)
                        .unknown("azuread_custom_directory_role.r", &["permissions[0].allowed_resource_actions"]),
                ),
                Case::high(
                    "of its own",
                    through("azuread_custom_directory_role.r", r#"{"enabled":true,"permissions":[{"allowed_resource_actions":["microsoft.directory/applications/basic/read","microsoft.directory/applications/credentials/update"]}]}"#),
                ),
                Case::medium("a part of the directory", given(&format!(r#"{{"role_id":"{GLOBAL}","directory_scope_id":"/administrativeUnits/u"}}"#))),
                Case::critical(
                    "as a member",
                    plan(&[(member, "{}"), ("azuread_directory_role.r", r#"{"display_name":"Global Administrator"}"#)])
                        .unknown(member, &["role_object_id", "member_object_id"])
                        .references(member, "role_object_id", &["azuread_directory_role.r"])
                        .references(member, "member_object_id", &["azuread_service_principal.s"]),
                ),
                Case::high(
                    "eligible",
                    plan(&[("azuread_directory_role_eligibility_schedule_request.e", &format!(r#"{{"role_definition_id":"{GLOBAL}","directory_scope_id":"/","justification":"x"}}"#))])
                        .unknown("azuread_directory_role_eligibility_schedule_request.e", &["principal_id"])
                        .references("azuread_directory_role_eligibility_schedule_request.e", "principal_id", &["azurerm_user_assigned_identity.i"]),
                ),
                Case::unverified("known after apply", given("{}").unknown(A, &["role_id"]).references(A, "role_id", &["data.external.x"])),
                Case::unverified("an object of its own", plan(&[(member, r#"{"role_object_id":"6f1a3c1e-0000-0000-0000-000000000000","member_object_id":"x"}"#)])),
            ])
            .allows(&[
                Case::clean("reads", given(r#"{"role_id":"88d8e3e3-8f55-4a1e-953a-9b9898b8876b"}"#)),
                Case::clean("reads, by name", through("azuread_directory_role.r", r#"{"display_name":"Directory Readers"}"#)),
                Case::clean("of its own, reading", through("azuread_custom_directory_role.r", r#"{"permissions":[{"allowed_resource_actions":["microsoft.directory/applications/credentials/read"]}]}"#)),
                Case::clean("of its own, switched off", through("azuread_custom_directory_role.r", r#"{"enabled":false,"permissions":[{"allowed_resource_actions":["microsoft.directory/applications/credentials/update"]}]}"#)),
                Case::clean("a role that nobody holds", plan(&[("azuread_directory_role.r", r#"{"display_name":"Global Administrator"}"#)])),
            ]);
    }
}
