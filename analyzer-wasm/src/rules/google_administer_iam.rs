//! Flags principals that can raise their own privileges in Google Cloud through IAM itself.

use nhi_plan::Severity;
use nhi_policy_sdk::Findings;

use super::google;
use crate::facts::Facts;
use crate::facts::google::{Category, What};
use crate::rule::{Check, Group, Rule};

/// Administers IAM on a project or above.
pub(super) static RULE: Rule = Rule {
    code: "NHI041",
    name: "google-administer-iam",
    group: Group::Privilege,
    severity: Severity::High,
    since: "0.1.0",
    summary: "a principal can hand out roles, or change what roles and constraints mean, on a project or above",
    why: "whoever may change the policy of a project can make itself its owner in one call",
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

Flags principals that hold, by a predefined role, a custom role of the plan or several of them together, on a project, a folder or the organization:
`setIamPolicy` of projects, folders and organizations (critical); `iam.roles.update`; `orgpolicy.policy.set` and its successors; creating or updating providers of workload and workforce identity pools (high).
A condition that limits which roles may be handed out (`modifiedGrantsByRole` with `hasOnly`) to roles that raise nobody makes a grant clean.
An owner is NHI040 and is not told twice.
A role whose content is known only after apply, or is not in the plan, is listed as unverified.

## Why is this bad?

The right to hand out roles is every role: one call to `setIamPolicy` turns a deployer into an owner, and the audit log shows only the deployer.

## Example

```terraform
resource "google_project_iam_member" "ci" {
  project = "payments-prod"
  role    = "roles/resourcemanager.projectIamAdmin"
  member  = google_service_account.ci.member
}
```

## Use instead

```terraform
resource "google_project_iam_member" "ci" {
  project = "payments-prod"
  role    = "roles/resourcemanager.projectIamAdmin"
  member  = google_service_account.ci.member

  condition {
    title      = "only-harmless-roles"
    expression = "api.getAttribute('iam.googleapis.com/modifiedGrantsByRole', []).hasOnly(['roles/pubsub.publisher'])"
  }
}
```

## Known limits

- Conditions that are not understood lower the severity; deny policies and organization policies do not stand in a plan.
- A predefined role that is not in the table counts as harmless; the table holds those that some method needs.
- Checked against the shape of plans of the Google provider, not against a live one.

## References

- [Limiting the roles that a principal may grant](https://cloud.google.com/iam/docs/setting-limits-on-granting-roles)
- [Privilege escalation in Google Cloud, methods by permission](https://github.com/RhinoSecurityLabs/GCP-IAM-Privilege-Escalation)
- [OWASP NHI5:2025 Overprivileged NHI](https://owasp.org/www-project-non-human-identities-top-10/2025/5-overprivileged-nhi/)
"#,
};

fn check(facts: &Facts, out: &mut Findings) {
    for claim in &facts.google.claims {
        let who = claim.principal.noun();
        let place = claim.scope.noun();
        match &claim.what {
            What::Methods(methods) if claim.category == Category::Administer => {
                let Some(method) = methods.first() else { continue };
                let may = if claim.possible { "possibly can" } else { "can" };
                let message = format!("{who} {may} {} ({} on {place})", method.effect, google::roles(claim));
                let remediation =
                    "leave this role to people who administer, or limit by a condition which roles may be handed out";
                let mut finding = google::finding(&RULE, claim, &message, remediation);
                let ids: Vec<_> = methods.iter().map(|method| method.id).collect();
                finding.attributes.push((String::from("methods"), ids.join(",")));
                out.push(finding);
            }
            What::Unknown => {
                let message = format!(
                    "what {} gives {who} on {place} could not be judged",
                    google::roles(claim)
                );
                let remediation = "name the role as a literal, or define it in this configuration";
                out.push(google::finding(&RULE, claim, &message, remediation));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use nhi_plan::symbol::symbol;

    use crate::rules::cases::{Case, Plan, cases, plan};

    const CI: &str = "serviceAccount:ci@p.iam.gserviceaccount.com";

    fn on(resource: &str, place: &str, role: &str) -> Plan {
        plan(&[(
            &format!("google_{resource}_iam_member.m"),
            &format!(r#"{{{place},"role":"{role}","member":"{CI}","condition":[]}}"#),
        )])
    }

    fn project(role: &str) -> Plan {
        on("project", r#""project":"p""#, role)
    }

    fn conditional(expression: &str) -> Plan {
        plan(&[(
            "google_project_iam_member.m",
            &format!(
                r#"{{"project":"p","role":"roles/resourcemanager.projectIamAdmin","member":"{CI}","condition":[{{"expression":"{expression}","title":"t"}}]}}"#
            ),
        )])
    }

    fn custom(permissions: &str) -> Plan {
        project("projects/p/roles/deploy").and((
            "google_project_iam_custom_role.r",
            &format!(r#"{{"project":"p","role_id":"deploy","permissions":{permissions}}}"#),
        ))
    }

    #[test]
    fn cases_of_roles() {
        cases(&super::RULE)
            .flags(&[
                Case::critical("project admin", project("roles/resourcemanager.projectIamAdmin")).at("role"),
                Case::critical("security admin", project("roles/iam.securityAdmin")),
                Case::high("role admin", project("roles/iam.roleAdmin")),
                Case::high("pool admin", project("roles/iam.workloadIdentityPoolAdmin")),
                Case::critical("constraints", on("organization", r#""org_id":"1""#, "roles/orgpolicy.policyAdmin")),
                Case::critical("folder admin", on("folder", r#""folder":"folders/1""#, "roles/resourcemanager.folderAdmin")),
                Case::critical("by content", custom(r#"["storage.objects.get","resourcemanager.projects.setIamPolicy"]"#)),
                Case::critical(
                    "by reference",
                    custom(r#"["resourcemanager.projects.setIamPolicy"]"#).changed("google_project_iam_member.m", |change| {
                        change.after = Some(format!(r#"{{"project":"p","member":"{CI}"}}"#).into());
                        change.unknown_paths = vec!["role".into()];
                    })
                    .references("google_project_iam_member.m", "role", &["google_project_iam_custom_role.r"]),
                ),
                Case::critical(
                    "by symbol",
                    plan(&[
                        (
                            "google_project_iam_member.m",
                            &format!(r#"{{"project":"p","role":"{}","member":"{CI}"}}"#, symbol("google_project_iam_custom_role.r.id")),
                        ),
                        ("google_project_iam_custom_role.r", r#"{"role_id":"x","permissions":["resourcemanager.projects.setIamPolicy"]}"#),
                    ]),
                ),
                Case::high("until a day", conditional(r#"request.time < timestamp(\"2027-01-01T00:00:00Z\")"#)),
                Case::high(
                    "may hand out the editor's role",
                    conditional("api.getAttribute('iam.googleapis.com/modifiedGrantsByRole', []).hasOnly(['roles/editor'])"),
                ),
                Case::unverified("a role from elsewhere", project("projects/p/roles/elsewhere")),
                Case::unverified("permissions known after apply", custom("[]").unknown("google_project_iam_custom_role.r", &["permissions"])),
                Case::unverified(
                    "a policy that nobody can read",
                    plan(&[("google_project_iam_policy.p", r#"{"project":"p"}"#)])
                        .unknown("google_project_iam_policy.p", &["policy_data"])
                        .references("google_project_iam_policy.p", "policy_data", &["data.external.x"]),
                ),
            ])
            .allows(&[
                Case::clean("reads policies", project("roles/iam.securityReviewer")),
                Case::clean("a viewer of roles", project("roles/iam.roleViewer")),
                Case::clean("an owner is another rule", project("roles/owner")),
                Case::clean("by content", custom(r#"["resourcemanager.projects.getIamPolicy","iam.roles.list"]"#)),
                Case::clean(
                    "may hand out what raises nobody",
                    conditional("api.getAttribute('iam.googleapis.com/modifiedGrantsByRole', []).hasOnly(['roles/pubsub.publisher'])"),
                ),
                Case::clean("an organization's permission on a project", custom(r#"["resourcemanager.organizations.setIamPolicy"]"#)),
                Case::clean("a custom role nobody holds", plan(&[("google_project_iam_custom_role.r", r#"{"role_id":"x","project":"p","permissions":["resourcemanager.projects.setIamPolicy"]}"#)])),
                Case::clean("impersonation is another rule", project("roles/iam.serviceAccountAdmin")),
            ]);
    }
}
