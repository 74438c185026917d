//! Flags principals that reach all data of a kind in a project or above.

use nhi_plan::Severity;
use nhi_policy_sdk::Findings;

use super::google;
use crate::facts::Facts;
use crate::facts::google::{Category, Kind, What};
use crate::rule::{Check, Group, Rule};

/// Reads or shares everything of a kind.
pub(super) static RULE: Rule = Rule {
    code: "NHI045",
    name: "google-broad-data-access",
    group: Group::Privilege,
    severity: Severity::Medium,
    since: "0.1.0",
    summary: "a principal reaches every secret, key, bucket or table of a project or above",
    why: "a grant on the project covers every secret and bucket in it, those of other teams and of tomorrow included",
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

Flags principals that hold on a project, a folder or the organization: reading secrets, decrypting with keys, changing objects and tables, sharing secrets, keys, buckets, datasets, disks and images (medium; above a project high); reading objects and tables, API keys and source code, and in a custom role setting the policy of any other kind of resource (low).
The same roles on one secret, bucket, key or dataset, or under a condition on `resource.name`, are clean.
One finding for each principal and place.

## Why is this bad?

A workload needs its own two secrets; the role on the project gives it the database password of everybody else.
Once it is compromised, all of them have to be rotated.

## Example

```terraform
resource "google_project_iam_member" "app" {
  project = "payments-prod"
  role    = "roles/secretmanager.secretAccessor"
  member  = google_service_account.app.member
}
```

## Use instead

```terraform
resource "google_secret_manager_secret_iam_member" "app" {
  secret_id = google_secret_manager_secret.app.id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.app.member
}
```

## Known limits

- Conditions that are not understood lower the severity; deny policies and organization policies do not stand in a plan.
- A predefined role that is not in the table counts as harmless; the table holds those that some method needs.
- Checked against the shape of plans of the Google provider, not against a live one.

## References

- [Secret Manager: access control at the lowest level](https://cloud.google.com/secret-manager/docs/best-practices)
- [IAM for Cloud Storage](https://cloud.google.com/storage/docs/access-control/iam)
- [OWASP NHI5:2025 Overprivileged NHI](https://owasp.org/www-project-non-human-identities-top-10/2025/5-overprivileged-nhi/)
"#,
};

fn check(facts: &Facts, out: &mut Findings) {
    for claim in &facts.google.claims {
        let What::Methods(methods) = &claim.what else { continue };
        // The accounts of Google's own services need the data they serve.
        if claim.category != Category::Data || claim.principal.kind == Kind::Agent {
            continue;
        }
        let Some(method) = methods.first() else { continue };
        let may = if claim.possible { "possibly can" } else { "can" };
        let who = claim.principal.noun();
        let message = format!(
            "{who} {may} {} ({} on {})",
            method.effect,
            google::roles(claim),
            claim.scope.noun()
        );
        let remediation = "grant the role on the secrets, keys, buckets or datasets that the principal uses";
        let mut finding = google::finding(&RULE, claim, &message, remediation);
        let ids: Vec<_> = methods.iter().map(|method| method.id).collect();
        finding.attributes.push((String::from("methods"), ids.join(",")));
        out.push(finding);
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::cases::{Case, Plan, cases, plan};

    fn holds(role: &str, member: &str) -> Plan {
        plan(&[(
            "google_project_iam_member.m",
            &format!(r#"{{"project":"p","role":"{role}","member":"{member}","condition":[]}}"#),
        )])
    }

    const APP: &str = "serviceAccount:app@p.iam.gserviceaccount.com";

    #[test]
    fn table() {
        cases(&super::RULE)
            .flags(&[
                Case::medium("secrets", holds("roles/secretmanager.secretAccessor", APP)).at("role"),
                Case::medium("keys", holds("roles/cloudkms.cryptoKeyDecrypter", APP)),
                Case::medium("buckets", holds("roles/storage.admin", APP)),
                Case::medium("datasets", holds("roles/bigquery.dataOwner", APP)),
                Case::low("reads buckets", holds("roles/storage.objectViewer", APP)),
                Case::low("reads tables", holds("roles/bigquery.dataViewer", APP)),
                Case::low("a person", holds("roles/secretmanager.secretAccessor", "user:a@example.com")),
                Case::low(
                    "shares topics",
                    holds("projects/p/roles/own", APP).and((
                        "google_project_iam_custom_role.r",
                        r#"{"project":"p","role_id":"own","permissions":["pubsub.topics.list","pubsub.topics.setIamPolicy"]}"#,
                    )),
                ),
                Case::high(
                    "of every project",
                    plan(&[("google_organization_iam_member.m", &format!(r#"{{"org_id":"1","role":"roles/secretmanager.secretAccessor","member":"{APP}"}}"#))]),
                ),
            ])
            .allows(&[
                Case::clean(
                    "one secret",
                    plan(&[("google_secret_manager_secret_iam_member.m", &format!(r#"{{"secret_id":"s","role":"roles/secretmanager.secretAccessor","member":"{APP}"}}"#))]),
                ),
                Case::clean(
                    "one bucket",
                    plan(&[("google_storage_bucket_iam_member.m", &format!(r#"{{"bucket":"b","role":"roles/storage.admin","member":"{APP}"}}"#))]),
                ),
                Case::clean(
                    "secrets under a prefix",
                    plan(&[("google_project_iam_member.m", &format!(r#"{{"project":"p","role":"roles/secretmanager.secretAccessor","member":"{APP}","condition":[{{"expression":"resource.name.startsWith(\"projects/1/secrets/app-\")"}}]}}"#))]),
                ),
                Case::clean("an agent of Google", holds("roles/storage.objectViewer", "serviceAccount:service-123456789012@gcp-sa-pubsub.iam.gserviceaccount.com")),
                Case::clean(
                    "reads policies",
                    holds("projects/p/roles/own", APP).and((
                        "google_project_iam_custom_role.r",
                        r#"{"project":"p","role_id":"own","permissions":["pubsub.topics.getIamPolicy"]}"#,
                    )),
                ),
                Case::clean("encrypts only", holds("roles/cloudkms.cryptoKeyEncrypter", APP)),
                Case::clean("runs queries", holds("roles/bigquery.jobUser", APP)),
                Case::clean("an editor is another rule", holds("roles/editor", APP).and(("google_project_iam_member.n", &format!(r#"{{"project":"p","role":"roles/storage.admin","member":"{APP}"}}"#)))),
            ]);
    }
}
