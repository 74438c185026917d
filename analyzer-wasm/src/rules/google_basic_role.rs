//! Flags owner, editor and viewer on a project or above.

use nhi_plan::Severity;
use nhi_policy_sdk::Findings;

use super::google;
use crate::facts::Facts;
use crate::facts::google::{Basic, Claim, What};
use crate::rule::{Check, Group, Rule};

/// A basic role.
pub(super) static RULE: Rule = Rule {
    code: "NHI040",
    name: "google-basic-role",
    group: Group::Privilege,
    severity: Severity::High,
    since: "0.1.0",
    summary: "a principal holds owner, editor or viewer on a project, a folder or the organization",
    why: "a basic role holds thousands of permissions in every service, those of services that do not exist yet included",
    controls: &[
        "NHI5:2025",
        "CWE-250",
        "CWE-269",
        "AC-6",
        "PR.AA-05",
        "CIS-GCP-1.5",
        "PCI-DSS-7.2.5",
        "CC6.3",
        "A.8.2",
    ],
    check: Check::Plan(check),
    docs: r#"
## What it does

Flags `roles/owner`, `roles/editor` and `roles/viewer` in the members, bindings and policies of a project, a folder or the organization, one finding for each principal and place.
Owner is critical, editor is high, above a project both are critical; viewer is info, above a project low.
People and groups are one step lower: this product is about machines, and people have a second factor.

## Why is this bad?

The editor's role lets a service account change nearly everything in a project and attach every other service account to machines of its own; the owner's role hands out roles too.
A leaked key of such an account is the project.

## Example

```terraform
resource "google_project_iam_member" "ci" {
  project = "payments-prod"
  role    = "roles/editor"
  member  = google_service_account.ci.member
}
```

## Use instead

```terraform
resource "google_project_iam_member" "ci" {
  project = "payments-prod"
  role    = "roles/run.developer"
  member  = google_service_account.ci.member
}
```

## Known limits

- Conditions that are not understood lower the severity; deny policies and organization policies do not stand in a plan.
- A predefined role that is not in the table counts as harmless; the table holds those that some method needs.
- Checked against the shape of plans of the Google provider, not against a live one.

## References

- [IAM basic roles](https://cloud.google.com/iam/docs/roles-overview#basic)
- [Using IAM securely](https://cloud.google.com/iam/docs/using-iam-securely)
- [OWASP NHI5:2025 Overprivileged NHI](https://owasp.org/www-project-non-human-identities-top-10/2025/5-overprivileged-nhi/)
"#,
};

fn check(facts: &Facts, out: &mut Findings) {
    for claim in &facts.google.claims {
        let What::Basic(basic) = &claim.what else { continue };
        let message = format!(
            "{} {} ({})",
            claim.principal.noun(),
            holds(*basic, claim),
            google::roles(claim)
        );
        let remediation = "grant the predefined roles that the principal uses, on the resources it uses";
        out.push(google::finding(&RULE, claim, &message, remediation));
    }
}

fn holds(basic: Basic, claim: &Claim) -> String {
    let place = claim.scope.noun();
    match basic {
        Basic::Owner => format!("owns {place}"),
        Basic::Editor => format!("edits everything in {place}"),
        Basic::Viewer => format!("reads everything in {place}"),
    }
}

#[cfg(test)]
mod tests {
    use nhi_plan::symbol::{one_of, symbol};

    use crate::rules::cases::{Case, cases, plan};

    fn member(role: &str, member: &str) -> String {
        format!(r#"{{"project":"p","role":"{role}","member":"{member}","condition":[]}}"#)
    }

    const CI: &str = "serviceAccount:ci@p.iam.gserviceaccount.com";

    #[test]
    fn cases_of_members() {
        let at = "google_project_iam_member.m";
        let account = ("google_service_account.ci", r#"{"account_id":"ci","project":"p"}"#);
        cases(&super::RULE)
            .flags(&[
                Case::critical("owner", plan(&[(at, &member("roles/owner", CI))])).at("role"),
                Case::high("editor", plan(&[(at, &member("roles/editor", CI))])),
                Case::high("the compute default", plan(&[(at, &member("roles/editor", "serviceAccount:123456789012-compute@developer.gserviceaccount.com"))])),
                Case::medium("the project's own agent", plan(&[(at, &member("roles/editor", "serviceAccount:123456789012@cloudservices.gserviceaccount.com"))])),
                Case::unverified(
                    "under a condition that is not known",
                    plan(&[(at, &format!(r#"{{"project":"p","role":"roles/owner","member":"{CI}"}}"#))])
                        .unknown(at, &["condition"])
                        .references(at, "condition", &["data.http.x"]),
                ),
                Case::medium("a person who edits", plan(&[(at, &member("roles/editor", "user:a@example.com"))])),
                Case::high("a group that owns", plan(&[(at, &member("roles/owner", "group:a@example.com"))])),
                Case::critical(
                    "a pool of workloads",
                    plan(&[(at, &member("roles/owner", "principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/g/*"))]),
                ),
                Case::critical(
                    "member known after apply",
                    plan(&[(at, r#"{"project":"p","role":"roles/owner","condition":[]}"#), account])
                        .unknown(at, &["member"])
                        .references(at, "member", &["google_service_account.ci"]),
                ),
                Case::critical(
                    "member in part",
                    plan(&[(at, &member("roles/owner", &format!("serviceAccount:{}", symbol("google_service_account.ci.email"))))]),
                ),
                Case::high(
                    "some principal",
                    plan(&[(at, r#"{"project":"p","role":"roles/owner"}"#)])
                        .unknown(at, &["member"])
                        .references(at, "member", &["data.external.who"]),
                ),
                Case::critical(
                    "one account, whatever else it rests on",
                    plan(&[(at, r#"{"project":"p","role":"roles/owner"}"#)])
                        .unknown(at, &["member"])
                        .references(at, "member", &["google_service_account.a", "google_project.n"]),
                ),
                Case::high(
                    "until a day",
                    plan(&[(at, &format!(r#"{{"project":"p","role":"roles/owner","member":"{CI}","condition":[{{"title":"t","expression":"request.time < timestamp(\"2027-01-01T00:00:00Z\")"}}]}}"#))]),
                ),
            ])
            .flags(&[
                Case::high("either of two", plan(&[(at, &member(&one_of(["roles/owner", "roles/editor"]), CI))])),
                Case::unverified("perhaps", plan(&[(at, &member(&one_of(["roles/owner", "roles/logging.logWriter"]), CI))])),
            ])
            .allows(&[
                Case::clean("writes logs", plan(&[(at, &member("roles/logging.logWriter", CI))])),
                Case::clean("a role that ends alike", plan(&[(at, &member("roles/cloudbuild.builds.editor", CI))])),
                Case::clean("deleted", plan(&[(at, &member("roles/owner", "deleted:serviceAccount:ci@p.iam.gserviceaccount.com?uid=1"))])),
                Case::clean("the public is another rule", plan(&[(at, &member("roles/editor", "allUsers"))])),
                Case::clean("removed", plan(&[(at, &member("roles/owner", CI))]).destroyed(at)),
                Case::clean(
                    "owner of a bucket's convenience role",
                    plan(&[("google_storage_bucket_iam_member.m", &format!(r#"{{"bucket":"b","role":"roles/storage.legacyBucketOwner","member":"{CI}"}}"#))]),
                ),
                Case::clean(
                    "for one resource",
                    plan(&[(at, &format!(r#"{{"project":"p","role":"roles/editor","member":"{CI}","condition":[{{"expression":"resource.name.startsWith(\"projects/p/topics/a\")"}}]}}"#))]),
                ),
            ]);
    }

    #[test]
    fn cases_of_places() {
        let policy = r#"{"project":"p","policy_data":"{\"bindings\":[{\"members\":[\"serviceAccount:ci@p.iam.gserviceaccount.com\"],\"role\":\"roles/owner\"}]}"}"#;
        cases(&super::RULE).flags(&[
            Case::critical(
                "above a project",
                plan(&[(
                    "google_folder_iam_member.m",
                    &format!(r#"{{"folder":"folders/1","role":"roles/editor","member":"{CI}"}}"#),
                )]),
            ),
            Case::critical(
                "the organization",
                plan(&[(
                    "google_organization_iam_member.m",
                    &format!(r#"{{"org_id":"1","role":"roles/owner","member":"{CI}"}}"#),
                )]),
            ),
            Case::critical(
                "a binding",
                plan(&[(
                    "google_project_iam_binding.b",
                    &format!(r#"{{"project":"p","role":"roles/owner","members":["{CI}"]}}"#),
                )]),
            )
            .at("members[0]"),
            Case::critical(
                "a binding that is known after apply",
                plan(&[(
                    "google_project_iam_binding.b",
                    r#"{"project":"p","role":"roles/owner"}"#,
                )])
                .unknown("google_project_iam_binding.b", &["members"])
                .references(
                    "google_project_iam_binding.b",
                    "members",
                    &["google_service_account.ci"],
                ),
            ),
            Case::critical("a policy", plan(&[("google_project_iam_policy.p", policy)])).at("policy_data"),
            Case::critical(
                "a policy that is read during apply",
                plan(&[
                    ("google_project_iam_policy.p", r#"{"project":"p"}"#),
                    (
                        "data.google_iam_policy.d",
                        r#"{"binding":[{"role":"roles/owner","members":[null],"condition":[]}]}"#,
                    ),
                ])
                .unknown("google_project_iam_policy.p", &["policy_data"])
                .references(
                    "google_project_iam_policy.p",
                    "policy_data",
                    &["data.google_iam_policy.d"],
                )
                .unknown("data.google_iam_policy.d", &["binding[0].members[0]", "policy_data"])
                .references(
                    "data.google_iam_policy.d",
                    "binding.members",
                    &["google_service_account.ci"],
                ),
            ),
        ]);
    }

    #[test]
    fn cases_of_principals() {
        cases(&super::RULE)
            .flags(&[
                Case::critical(
                    "one of many, by symbol",
                    plan(&[
                        (
                            "google_project_iam_member.m",
                            &member(
                                "roles/owner",
                                &symbol(r#"google_service_account.a["x"].member"#).replace('"', "\\\""),
                            ),
                        ),
                        (r#"google_service_account.a["x"]"#, r#"{"account_id":"x"}"#),
                        (r#"google_service_account.a["y"]"#, r#"{"account_id":"y"}"#),
                    ]),
                ),
                Case::critical(
                    "a group of service accounts",
                    plan(&[
                        (
                            "google_project_iam_member.m",
                            r#"{"project":"p","role":"roles/owner","member":"group:deployers@example.com"}"#,
                        ),
                        (
                            "google_cloud_identity_group.g",
                            r#"{"group_key":[{"id":"deployers@example.com","namespace":null}]}"#,
                        ),
                        (
                            "google_cloud_identity_group_membership.m",
                            r#"{"preferred_member_key":[{"id":"ci@p.iam.gserviceaccount.com"}]}"#,
                        ),
                    ])
                    .references(
                        "google_cloud_identity_group_membership.m",
                        "group",
                        &["google_cloud_identity_group.g"],
                    ),
                ),
                Case::critical(
                    "told once though written twice",
                    plan(&[
                        (
                            "google_organization_iam_member.m",
                            &format!(r#"{{"org_id":"1","role":"roles/owner","member":"{CI}"}}"#),
                        ),
                        (
                            "google_project_iam_member.m",
                            &format!(r#"{{"project":"p","role":"roles/owner","member":"{CI}"}}"#),
                        ),
                    ]),
                ),
                Case::critical(
                    "one account by two names",
                    plan(&[
                        (
                            "google_project_iam_member.a",
                            &format!(r#"{{"project":"p","role":"roles/owner","member":"{CI}"}}"#),
                        ),
                        ("google_project_iam_member.b", r#"{"project":"p","role":"roles/owner"}"#),
                        (
                            "google_service_account.ci",
                            r#"{"account_id":"ci","project":"p","email":"ci@p.iam.gserviceaccount.com"}"#,
                        ),
                    ])
                    .unknown("google_project_iam_member.b", &["member"])
                    .references(
                        "google_project_iam_member.b",
                        "member",
                        &["google_service_account.ci"],
                    ),
                ),
            ])
            .allows(&[
                Case::clean(
                    "an empty policy",
                    plan(&[("google_project_iam_policy.p", r#"{"project":"p","policy_data":"{}"}"#)]),
                ),
                Case::clean(
                    "an audit configuration",
                    plan(&[(
                        "google_project_iam_audit_config.a",
                        r#"{"project":"p","service":"allServices"}"#,
                    )]),
                ),
                Case::clean(
                    "a role that is taken away",
                    plan(&[(
                        "google_project_iam_member_remove.r",
                        &format!(r#"{{"project":"p","role":"roles/owner","member":"{CI}"}}"#),
                    )]),
                ),
            ]);
    }
}
