//! Flags roles in Google Cloud that everyone holds.

use std::collections::BTreeSet;

use nhi_plan::{Finding, Severity};
use nhi_policy_sdk::Findings;

use super::google;
use crate::facts::Facts;
use crate::facts::google::{Condition, Grant, Kind, Level};
use crate::rule::{Check, Group, Rule};

/// Everyone is a member.
pub(super) static RULE: Rule = Rule {
    code: "NHI043",
    name: "google-public-member",
    group: Group::Privilege,
    severity: Severity::High,
    since: "0.1.0",
    summary: "anyone on the internet, or anyone with a Google account, holds a role",
    why: "allUsers needs no credential at all, and allAuthenticatedUsers only an account that anybody makes in a minute",
    controls: &[
        "NHI5:2025",
        "NHI8:2025",
        "CWE-284",
        "CWE-732",
        "AC-3",
        "PR.AA-05",
        "CIS-GCP-5.1",
        "PCI-DSS-7.2.1",
        "CC6.1",
        "A.5.15",
    ],
    check: Check::Plan(check),
    docs: r#"
## What it does

Flags `allUsers` and `allAuthenticatedUsers` in members, bindings and policies of every resource, in access control lists of Cloud Storage, in the access entries of datasets, and Cloud Run services that switch off the check of their callers.
Roles that administer, write, decrypt, impersonate or read secrets are critical, and so is everything on a project or above; roles that read are medium; others are high.
Calling a Cloud Run service or a function is info: that is how a public service is made.
A member, an access list or a switch that is known only after apply, and may turn out to be everyone, is listed as unverified; what a block of Google Cloud gives is not.

## Why is this bad?

A bucket that everyone may write is somebody else's bucket, and a service account that everyone may impersonate is everybody's.
`allAuthenticatedUsers` sounds like a limit and is none.

## Example

```terraform
resource "google_storage_bucket_iam_member" "public" {
  bucket = google_storage_bucket.exports.name
  role   = "roles/storage.objectAdmin"
  member = "allAuthenticatedUsers"
}
```

## Use instead

```terraform
resource "google_storage_bucket_iam_member" "partner" {
  bucket = google_storage_bucket.exports.name
  role   = "roles/storage.objectViewer"
  member = "serviceAccount:reader@partner.iam.gserviceaccount.com"
}
```

## Known limits

- Public access prevention and the domain restriction of an organization policy may refuse what is planned; they do not stand in a plan.
- What a role does is read from its name where it is not in the table.
- Checked against the shape of plans of the Google provider, not against a live one.

## References

- [Public access prevention](https://cloud.google.com/storage/docs/public-access-prevention)
- [Public Cloud Run services](https://cloud.google.com/run/docs/authenticating/public)
- [Principal identifiers](https://cloud.google.com/iam/docs/principal-identifiers)
"#,
};

fn check(facts: &Facts, out: &mut Findings) {
    let mut told = BTreeSet::new();
    for grant in &facts.google.grants {
        let place = grant.scope.noun();
        if !grant.principal.is_public() {
            // A policy of which nothing is known may hold everyone.
            let open = grant.open && grant.principal.kind == Kind::Unknown;
            if (open || grant.stranger)
                && grant.scope.level < Level::Project
                && told.insert((&grant.site.address, &grant.role))
            {
                out.push(unknown_member(grant, &place));
            }
            continue;
        }
        if grant.condition == Condition::Narrow || !told.insert((&grant.site.address, &grant.role)) {
            continue;
        }
        let severity = if grant.scope.level >= Level::Project {
            Severity::Critical
        } else {
            severity_of(&grant.role, grant.is_powerful())
        };
        let who = grant.principal.noun();
        let may = if grant.possible { "possibly holds" } else { "holds" };
        let message = format!("{who} {may} `{}` on {place}", google::cut(&grant.role));
        let mut finding = RULE
            .finding(&grant.site.address, &grant.site.path)
            .message(message + google::condition(grant.condition))
            .remediation(REMEDIATION);
        finding.severity = Some(severity);
        grant.evidence.clone_into(&mut finding.evidence);
        out.push(if grant.possible { finding.unverified() } else { finding });
    }
    for open in &facts.google.open {
        if open.possible {
            let message = format!("whether everyone may use a {} is known only after apply", open.place);
            let finding = RULE.finding(&open.site.address, &open.site.path).message(message);
            out.push(finding.remediation(REMEDIATION).unverified());
            continue;
        }
        let who = match open.kind {
            Kind::Anyone => "anyone on the internet",
            _ => "anyone with a Google account",
        };
        let message = format!("{who} holds `{}` on a {}", google::cut(&open.role), open.place);
        let mut finding = RULE
            .finding(&open.site.address, &open.site.path)
            .message(message)
            .remediation(REMEDIATION);
        finding.severity = Some(severity_of(&open.role, false));
        out.push(finding);
    }
}

/// A policy of which nothing is known may hold everyone, and so may a member.
fn unknown_member(grant: &Grant, place: &str) -> Finding {
    let (what, remediation) = if grant.open {
        (
            String::from("which role"),
            "write the policy where it can be read before the apply",
        )
    } else {
        (format!("`{}`", google::cut(&grant.role)), REMEDIATION)
    };
    let message = format!("who holds {what} on {place} is known only after apply");
    let finding = RULE.finding(&grant.site.address, &grant.site.path).message(message);
    finding.remediation(remediation).unverified()
}

const REMEDIATION: &str = "name the principals that need it";

/// What everyone can do with a role, by its name.
fn severity_of(role: &str, powerful: bool) -> Severity {
    let name = role.rsplit(['/', '.']).next().unwrap_or(role).to_ascii_lowercase();
    let ends = |words: &[&str]| words.iter().any(|word| name.ends_with(word));
    if matches!(
        role,
        "roles/run.invoker" | "roles/cloudfunctions.invoker" | "roles/run.servicesInvoker"
    ) {
        return Severity::Info;
    }
    if ends(&["viewer", "reader"]) {
        return Severity::Medium;
    }
    let strong = [
        "admin",
        "owner",
        "editor",
        "writer",
        "creator",
        "decrypter",
        "encrypterdecrypter",
    ];
    if powerful || ends(&strong) || matches!(role, "roles/iam.workloadIdentityUser" | "roles/iam.serviceAccountUser") {
        return Severity::Critical;
    }
    // Who passes the proxy in front of an application, for one.
    if ends(&["user", "accessor"]) {
        Severity::Medium
    } else {
        Severity::High
    }
}

#[cfg(test)]
mod tests {
    use nhi_plan::symbol::symbol;

    use crate::rules::cases::{Case, Plan, cases, plan};

    fn bucket(role: &str, member: &str) -> Plan {
        plan(&[(
            "google_storage_bucket_iam_member.m",
            &format!(r#"{{"bucket":"b","role":"{role}","member":"{member}"}}"#),
        )])
    }

    const ACL: &str = "google_storage_bucket_acl.a";

    fn led(addresses: &[&str]) -> Plan {
        let m = "google_storage_bucket_iam_member.m";
        plan(&[(m, r#"{"bucket":"b","role":"roles/storage.objectViewer"}"#)])
            .unknown(m, &["member"])
            .references(m, "member", addresses)
    }

    #[test]
    fn table() {
        cases(&super::RULE)
            .flags(&[
                Case::medium("reads", bucket("roles/storage.objectViewer", "allUsers")).at("role"),
                Case::medium("reads with an account", bucket("roles/storage.objectViewer", "allAuthenticatedUsers")),
                Case::critical("administers", bucket("roles/storage.objectAdmin", "allAuthenticatedUsers")),
                Case::critical("owns", bucket("roles/storage.legacyBucketOwner", "allUsers")),
                Case::critical(
                    "one secret",
                    plan(&[("google_secret_manager_secret_iam_member.m", r#"{"secret_id":"s","role":"roles/secretmanager.secretAccessor","member":"allUsers"}"#)]),
                ),
                Case::critical(
                    "a service account",
                    plan(&[("google_service_account_iam_binding.b", r#"{"service_account_id":"s","role":"roles/iam.serviceAccountTokenCreator","members":["allAuthenticatedUsers","user:a@example.com"]}"#)]),
                )
                .at("members[0]"),
                Case::high("publishes", plan(&[("google_pubsub_topic_iam_member.m", r#"{"topic":"t","role":"roles/pubsub.publisher","member":"allUsers"}"#)])),
                Case::critical("a project", plan(&[("google_project_iam_member.m", r#"{"project":"p","role":"roles/browser","member":"allAuthenticatedUsers"}"#)])),
                Case::critical(
                    "by a policy",
                    plan(&[("google_kms_crypto_key_iam_policy.p", r#"{"crypto_key_id":"k","policy_data":"{\"bindings\":[{\"role\":\"roles/cloudkms.cryptoKeyDecrypter\",\"members\":[\"allUsers\"]}]}"}"#)]),
                )
                .at("policy_data"),
                Case::medium("by a list", plan(&[("google_storage_bucket_access_control.a", r#"{"bucket":"b","role":"READER","entity":"allUsers"}"#)])),
                Case::critical("by a list, writing", plan(&[("google_storage_bucket_acl.a", r#"{"bucket":"b","role_entity":["OWNER:user-a@example.com","WRITER:allUsers"]}"#)])).at("role_entity[1]"),
                Case::medium("by a canned list", plan(&[("google_storage_object_acl.a", r#"{"bucket":"b","predefined_acl":"publicRead"}"#)])),
                Case::medium(
                    "a dataset",
                    plan(&[("google_bigquery_dataset.d", r#"{"access":[{"role":"OWNER","special_group":"projectOwners"},{"role":"READER","special_group":"allAuthenticatedUsers"}]}"#)]),
                )
                .at("access[1].special_group"),
                Case::unverified(
                    "a policy known after apply",
                    plan(&[("google_storage_bucket_iam_policy.p", r#"{"bucket":"b"}"#)])
                        .unknown("google_storage_bucket_iam_policy.p", &["policy_data"])
                        .references("google_storage_bucket_iam_policy.p", "policy_data", &["data.http.x"]),
                ),
                Case::unverified("a member known after apply", led(&["data.http.x"])).at("role"),
                Case::unverified(
                    "a member that is a symbol",
                    bucket("roles/storage.objectViewer", &symbol("terraform_data.t.output")),
                ),
                Case::unverified(
                    "a canned list known after apply",
                    plan(&[(ACL, r#"{"bucket":"b"}"#)])
                        .unknown(ACL, &["predefined_acl"])
                        .references(ACL, "predefined_acl", &["data.http.x"]),
                )
                .at("predefined_acl"),
                Case::unverified(
                    "an entity known after apply",
                    plan(&[("google_storage_bucket_access_control.a", r#"{"bucket":"b","role":"READER"}"#)])
                        .unknown("google_storage_bucket_access_control.a", &["entity"])
                        .references("google_storage_bucket_access_control.a", "entity", &["data.http.x"]),
                ),
                Case::unverified(
                    "an entry of a dataset known after apply",
                    plan(&[("google_bigquery_dataset_access.a", r#"{"role":"READER"}"#)])
                        .unknown("google_bigquery_dataset_access.a", &["iam_member"])
                        .references("google_bigquery_dataset_access.a", "iam_member", &["data.http.x"]),
                )
                .at("iam_member"),
                Case::unverified(
                    "a switch known after apply",
                    plan(&[("google_cloud_run_v2_service.s", "{}")])
                        .unknown("google_cloud_run_v2_service.s", &["invoker_iam_disabled"])
                        .references("google_cloud_run_v2_service.s", "invoker_iam_disabled", &["data.http.x"]),
                ),
            ])
            .allows(&[
                Case::clean("a service account of the plan", led(&["google_service_account.a"])),
                Case::clean("whom a sink writes as", led(&["google_logging_project_sink.s"])),
                Case::clean(
                    "an account by a name that is not known",
                    bucket(
                        "roles/storage.objectAdmin",
                        &format!("serviceAccount:{}", symbol("terraform_data.t.output")),
                    ),
                ),
                Case::clean(
                    "a list that nobody wrote",
                    plan(&[(ACL, r#"{"bucket":"b"}"#)]).unknown(ACL, &["role_entity", "predefined_acl"]),
                ),
                Case::clean("a service account", bucket("roles/storage.objectAdmin", "serviceAccount:a@p.iam.gserviceaccount.com")),
                Case::clean("a domain", bucket("roles/storage.objectViewer", "domain:example.com")),
                Case::clean("a group of that name", bucket("roles/storage.objectViewer", "group:allusers@example.com")),
                Case::clean("owners of the project", plan(&[("google_storage_bucket_acl.a", r#"{"bucket":"b","role_entity":["OWNER:project-owners-1"]}"#)])),
                Case::clean("a private list", plan(&[("google_storage_bucket_acl.a", r#"{"bucket":"b","predefined_acl":"projectPrivate"}"#)])),
                Case::clean("checks its callers", plan(&[("google_cloud_run_v2_service.s", r#"{"invoker_iam_disabled":false}"#)])),
            ]);
    }

    #[test]
    fn a_public_service_is_only_information() {
        let invoker = (
            "google_cloud_run_v2_service_iam_member.m",
            r#"{"name":"s","role":"roles/run.invoker","member":"allUsers"}"#,
        );
        let switch = ("google_cloud_run_v2_service.s", r#"{"invoker_iam_disabled":true}"#);
        for block in [invoker, switch] {
            let found = plan(&[block]).judge();
            let found: Vec<_> = found.iter().filter(|finding| finding.rule == "NHI043").collect();
            assert_eq!(found.len(), 1, "{found:#?}");
            assert_eq!(found[0].severity, Some(nhi_plan::Severity::Info));
        }
    }
}
