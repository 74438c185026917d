//! Flags application permissions of Microsoft Graph that reach the Global Administrator.

use nhi_plan::Severity;
use nhi_policy_sdk::Findings;

use super::azure;
use crate::facts::Facts;
use crate::facts::azure::{Unknown, What};
use crate::rule::{Check, Group, Rule};

/// An application permission.
pub(super) static RULE: Rule = Rule {
    code: "NHI053",
    name: "graph-application-permission",
    group: Group::Privilege,
    severity: Severity::High,
    since: "0.1.0",
    summary: "an application holds, or asks for, a permission from which it reaches control of the tenant",
    why: "an application permission works without a person who signs in, at any time and for every object of its kind",
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

Flags `azuread_app_role_assignment` with a permission that hands out roles or permissions, takes over applications, changes groups or resets credentials; by identifier, or by the name in `app_role_ids["…"]`.
Permissions that an application asks for (`required_resource_access` of type `Role`, `azuread_application_api_access`) are one step lower, and are not told where the same plan gives consent.
Delegated permissions (`Scope`) act for a person and are not flagged, but consent for everybody (`azuread_service_principal_delegated_permission_grant` without a user) is, two steps lower.
A permission that is known only after apply is listed as unverified, unless it is a role of one's own application.

## Why is this bad?

`AppRoleAssignment.ReadWrite.All` grants itself every other permission; `RoleManagement.ReadWrite.Directory` makes itself Global Administrator.
Neither asks anybody again.

## Example

```terraform
resource "azuread_app_role_assignment" "sync" {
  app_role_id         = data.azuread_service_principal.graph.app_role_ids["RoleManagement.ReadWrite.Directory"]
  principal_object_id = azuread_service_principal.sync.object_id
  resource_object_id  = data.azuread_service_principal.graph.object_id
}
```

## Use instead

```terraform
resource "azuread_app_role_assignment" "sync" {
  app_role_id         = data.azuread_service_principal.graph.app_role_ids["User.Read.All"]
  principal_object_id = azuread_service_principal.sync.object_id
  resource_object_id  = data.azuread_service_principal.graph.object_id
}
```

## Known limits

- Permissions of other interfaces than Microsoft Graph are not judged.
- A permission picked with `each.key` is unverified unless its value is planned.
- Checked against the shape of plans of the AzureAD provider, not against a live one.

## References

- [Microsoft Graph permissions](https://learn.microsoft.com/graph/permissions-reference)
- [Grant or revoke permissions: which ones grant themselves more](https://learn.microsoft.com/graph/permissions-grant-via-msgraph)
- [OWASP NHI5:2025 Overprivileged NHI](https://owasp.org/www-project-non-human-identities-top-10/2025/5-overprivileged-nhi/)
"#,
};

fn check(facts: &Facts, out: &mut Findings) {
    for claim in &facts.azure.claims {
        let who = claim.principal.noun();
        match &claim.what {
            What::Permission {
                name,
                effect,
                requested,
            } => {
                let verb = if *requested { "asks for" } else { "holds" };
                let message = format!("{who} {verb} the permission `{name}`, which {effect}");
                let remediation = "use a permission that reads, or one for owned or selected objects only";
                out.push(azure::finding(&RULE, claim, &message, remediation));
            }
            What::Unknown(Unknown::Permission) => {
                let message = format!("which permission {who} is given could not be judged");
                let remediation = "name the permission by its identifier, or as a literal in `app_role_ids`";
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

    const A: &str = "azuread_app_role_assignment.a";
    const ROLES: &str = "9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8";
    const GRAPH: &str = "00000003-0000-0000-c000-000000000000";

    fn asks(id: &str, kind: &str) -> Plan {
        plan(&[(
            "azuread_application.a",
            &format!(
                r#"{{"display_name":"a","required_resource_access":[{{"resource_app_id":"{GRAPH}","resource_access":[{{"id":"{id}","type":"{kind}"}}]}}]}}"#
            ),
        )])
    }

    fn asks_later(origin: &str) -> Plan {
        let a = "azuread_application.a";
        plan(&[(a, r#"{"display_name":"a"}"#)])
            .unknown(a, &["required_resource_access"])
            .references(a, "required_resource_access", &[origin])
    }

    fn by_name(name: &str) -> Plan {
        plan(&[(A, r#"{"principal_object_id":"x"}"#)])
            .unknown(A, &["app_role_id"])
            .references(A, "app_role_id", &["azuread_service_principal.graph"])
            .configuration(
                A,
                &format!(r#"{{"app_role_id":{{"references":["azuread_service_principal.graph.app_role_ids[\"{name}\"]","azuread_service_principal.graph.app_role_ids","azuread_service_principal.graph"]}}}}"#),
            )
    }

    #[test]
    fn table() {
        cases(&super::RULE)
            .flags(&[
                Case::critical(
                    "by identifier",
                    plan(&[(A, &format!(r#"{{"app_role_id":"{ROLES}","principal_object_id":"x"}}"#))]),
                )
                .at("app_role_id"),
                Case::critical("by name", by_name("AppRoleAssignment.ReadWrite.All")),
                Case::high("by name, less", by_name("Group.ReadWrite.All")),
                Case::critical(
                    "by symbol",
                    plan(&[(
                        A,
                        &format!(
                            r#"{{"app_role_id":"{}","principal_object_id":"x"}}"#,
                            symbol(r#"azuread_service_principal.g.app_role_ids["RoleManagement.ReadWrite.Directory"]"#)
                                .replace('"', "\\\"")
                        ),
                    )]),
                ),
                Case::high("asks", asks(ROLES, "Role")).at("required_resource_access[0].resource_access[0].id"),
                Case::high(
                    "asks through a block of its own",
                    plan(&[(
                        "azuread_application_api_access.g",
                        &format!(r#"{{"api_client_id":"{GRAPH}","role_ids":["{ROLES}"]}}"#),
                    )])
                    .references(
                        "azuread_application_api_access.g",
                        "application_id",
                        &["azuread_application.a"],
                    ),
                ),
                Case::critical(
                    "asks and is given",
                    asks(ROLES, "Role")
                        .and(("azuread_service_principal.s", "{}"))
                        .and((A, &format!(r#"{{"app_role_id":"{ROLES}"}}"#)))
                        .references("azuread_service_principal.s", "client_id", &["azuread_application.a"])
                        .unknown(A, &["principal_object_id"])
                        .references(A, "principal_object_id", &["azuread_service_principal.s"]),
                ),
                Case::medium(
                    "in the name of everybody",
                    plan(&[(
                        "azuread_service_principal_delegated_permission_grant.g",
                        r#"{"service_principal_object_id":"x","resource_service_principal_object_id":"y","claim_values":["openid","RoleManagement.ReadWrite.Directory"]}"#,
                    )]),
                )
                .at("claim_values[1]"),
            ])
            .allows(&[
                Case::clean(
                    "reads",
                    plan(&[(
                        A,
                        r#"{"app_role_id":"df021288-bdef-4463-88db-98f22de89214","principal_object_id":"x"}"#,
                    )]),
                ),
                Case::clean("reads, by name", by_name("User.Read.All")),
                Case::clean(
                    "in the name of one",
                    plan(&[(
                        "azuread_service_principal_delegated_permission_grant.g",
                        r#"{"service_principal_object_id":"x","user_object_id":"u","claim_values":["RoleManagement.ReadWrite.Directory"]}"#,
                    )]),
                ),
                Case::clean("for a person", asks(ROLES, "Scope")),
                Case::clean(
                    "asks for nothing",
                    plan(&[(
                        "azuread_application.a",
                        r#"{"display_name":"a","required_resource_access":[]}"#,
                    )]),
                ),
            ]);
    }

    #[test]
    fn what_is_known_later() {
        cases(&super::RULE)
            .flags(&[
                Case::unverified(
                    "from anywhere",
                    plan(&[(A, r#"{"principal_object_id":"x"}"#)])
                        .unknown(A, &["app_role_id"])
                        .references(A, "app_role_id", &["data.http.x"]),
                ),
                Case::unverified("asks for what is not known", asks_later("data.http.x")).at("required_resource_access"),
                Case::unverified(
                    "asks for a role that is not known",
                    plan(&[(
                        "azuread_application.a",
                        &format!(
                            r#"{{"display_name":"a","required_resource_access":[{{"resource_app_id":"{GRAPH}","resource_access":[{{"id":null,"type":"Role"}}]}}]}}"#
                        ),
                    )])
                    .unknown("azuread_application.a", &["required_resource_access[0].resource_access[0].id"])
                    .references("azuread_application.a", "required_resource_access.resource_access.id", &["data.http.x"]),
                ),
                Case::unverified(
                    "picked from a set",
                    plan(&[(A, r#"{"principal_object_id":"x"}"#)])
                        .unknown(A, &["app_role_id"])
                        .references(A, "app_role_id", &["data.azuread_service_principal.graph"]),
                ),
            ])
            .allows(&[
                Case::clean("asks for a role of its own", asks_later("random_uuid.r")),
                Case::clean(
                    "asks another interface for what is not known",
                    plan(&[(
                        "azuread_application.a",
                        r#"{"display_name":"a","required_resource_access":[{"resource_app_id":"e406a681-f3d4-42a8-90b6-c2b029497af1","resource_access":[{"id":null,"type":"Role"}]}]}"#,
                    )])
                    .unknown("azuread_application.a", &["required_resource_access[0].resource_access[0].id"])
                    .references("azuread_application.a", "required_resource_access.resource_access.id", &["data.http.x"]),
                ),
                Case::clean(
                    "its own role",
                    plan(&[(A, r#"{"principal_object_id":"x"}"#)])
                        .unknown(A, &["app_role_id"])
                        .references(A, "app_role_id", &["random_uuid.r"]),
                ),
            ]);
    }
}
