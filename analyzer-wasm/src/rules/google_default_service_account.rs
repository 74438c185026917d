//! Flags default service accounts of Google Cloud in use.

use std::collections::BTreeSet;

use nhi_plan::Severity;
use nhi_policy_sdk::Findings;

use super::google;
use crate::facts::Facts;
use crate::facts::google::{Kind, Level};
use crate::rule::{Check, Group, Rule};

/// A default service account.
pub(super) static RULE: Rule = Rule {
    code: "NHI044",
    name: "google-default-service-account",
    group: Group::Privilege,
    severity: Severity::Low,
    since: "0.1.0",
    summary: "a workload runs as a default service account, or one is given a role",
    why: "every workload that names no account shares the default one, so that each can do what any of them needs",
    controls: &[
        "NHI5:2025",
        "NHI9:2025",
        "CWE-1188",
        "CWE-269",
        "AC-6",
        "PR.AA-05",
        "CIS-GCP-4.1",
        "PCI-DSS-7.2.5",
        "CC6.3",
        "A.8.2",
    ],
    check: Check::Plan(check),
    docs: r#"
## What it does

Flags machines, templates, node pools, functions, Cloud Run, Dataflow, Dataproc, Composer and Workflows that name no service account or name a default one; with the scope `cloud-platform`, which lets them use all of its roles, medium, otherwise low.
Flags roles that are given to the default account of Compute Engine or App Engine on a project or above: low.
A role that another rule flags is not told twice.
A workload whose account is known only after apply, and is no service account of the configuration, is listed as unverified.

## Why is this bad?

The default account of Compute Engine was an editor of the project for years, and in many projects still is.
A workload that shares it can read and change what all the others can.

## Example

```terraform
resource "google_compute_instance" "worker" {
  name         = "worker"
  machine_type = "e2-small"

  service_account {
    scopes = ["cloud-platform"]
  }
}
```

## Use instead

```terraform
resource "google_compute_instance" "worker" {
  name         = "worker"
  machine_type = "e2-small"

  service_account {
    email  = google_service_account.worker.email
    scopes = ["cloud-platform"]
  }
}
```

## Known limits

- Which roles the default account holds by itself does not stand in a plan; newer organizations give it none.
- App Engine versions and Cloud Build triggers are not looked at.
- Checked against the shape of plans of the Google provider, not against a live one.

## References

- [Default service accounts](https://cloud.google.com/iam/docs/service-account-types#default)
- [Best practices for service accounts](https://cloud.google.com/iam/docs/best-practices-service-accounts)
- [OWASP NHI9:2025 NHI Reuse](https://owasp.org/www-project-non-human-identities-top-10/2025/9-nhi-reuse/)
"#,
};

fn check(facts: &Facts, out: &mut Findings) {
    for workload in &facts.google.workloads {
        if workload.possible {
            let finding = RULE
                .finding(&workload.site.address, &workload.site.path)
                .message("which service account a workload runs as is known only after apply, and may be a default one")
                .remediation("name a service account of this configuration, or write its email");
            out.push(finding.unverified());
            continue;
        }
        let how = if workload.named {
            "runs as a default service account"
        } else {
            "names no service account and so runs as the default one"
        };
        let reach = if workload.whole {
            ", with every interface that the account may use"
        } else {
            ""
        };
        let mut finding = RULE
            .finding(&workload.site.address, &workload.site.path)
            .message(format!("a workload {how}{reach}"))
            .remediation("make a service account for this workload, with the roles that it needs");
        finding.severity = workload.whole.then_some(Severity::Medium);
        out.push(finding);
    }
    let flagged: BTreeSet<_> = facts.google.claims.iter().map(|claim| &claim.site.address).collect();
    let mut told = BTreeSet::new();
    for grant in &facts.google.grants {
        let is_default = grant.principal.kind == Kind::DefaultAccount && grant.scope.level >= Level::Project;
        if !is_default
            || flagged.contains(&grant.site.address)
            || !told.insert((&grant.principal.key, &grant.scope.key))
        {
            continue;
        }
        let who = grant.principal.noun();
        let message = format!(
            "{who}, which workloads share, holds `{}` on {}",
            google::cut(&grant.role),
            grant.scope.noun()
        );
        out.push(
            RULE.finding(&grant.site.address, &grant.site.path)
                .message(message)
                .remediation("make a service account for the workload that needs the role"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::cases::{Case, cases, plan};

    #[test]
    fn table() {
        let vm = "google_compute_instance.w";
        let all = r#"{"service_account":[{"scopes":["https://www.googleapis.com/auth/cloud-platform"]}]}"#;
        cases(&super::RULE)
            .flags(&[
                Case::medium("a machine", plan(&[(vm, all)]).unknown(vm, &["service_account[0].email"])).at("service_account[0].email"),
                Case::low(
                    "a machine with few scopes",
                    plan(&[(vm, r#"{"service_account":[{"scopes":["https://www.googleapis.com/auth/devstorage.read_only"]}]}"#)]).unknown(vm, &["service_account[0].email"]),
                ),
                Case::medium(
                    "by name",
                    plan(&[("google_compute_instance_template.t", r#"{"service_account":[{"email":"123456789012-compute@developer.gserviceaccount.com","scopes":["cloud-platform"]}]}"#)]),
                ),
                Case::medium(
                    "by data",
                    plan(&[(vm, all)])
                        .unknown(vm, &["service_account[0].email"])
                        .references(vm, "service_account.email", &["data.google_compute_default_service_account.d"]),
                ),
                Case::unverified(
                    "whose account is not known",
                    plan(&[(vm, all)])
                        .unknown(vm, &["service_account[0].email"])
                        .references(vm, "service_account.email", &["data.external.x"]),
                )
                .at("service_account[0].email"),
                Case::unverified(
                    "of which nothing is known",
                    plan(&[(vm, r#"{"name":"w"}"#)])
                        .unknown(vm, &["service_account"])
                        .references(vm, "service_account", &["data.external.x"]),
                )
                .at("service_account"),
                Case::low("a service", plan(&[("google_cloud_run_v2_service.s", r#"{"template":[{"containers":[]}]}"#)]).unknown("google_cloud_run_v2_service.s", &["template[0].service_account"])),
                Case::low("a function", plan(&[("google_cloudfunctions_function.f", r#"{"name":"f"}"#)])),
                Case::low("a node pool", plan(&[("google_container_node_pool.n", r#"{"node_config":[{"service_account":"default"}]}"#)])),
                Case::low(
                    "a role",
                    plan(&[("google_project_iam_member.m", r#"{"project":"p","role":"roles/logging.logWriter","member":"serviceAccount:123456789012-compute@developer.gserviceaccount.com"}"#)]),
                ),
            ])
            .allows(&[
                Case::clean("its own", plan(&[(vm, r#"{"service_account":[{"email":"w@p.iam.gserviceaccount.com","scopes":["cloud-platform"]}]}"#)])),
                Case::clean(
                    "its own, known after apply",
                    plan(&[(vm, all)])
                        .unknown(vm, &["service_account[0].email"])
                        .references(vm, "service_account.email", &["google_service_account.w"]),
                ),
                Case::clean(
                    "its own, where the block is known after apply",
                    plan(&[(vm, r#"{"name":"w"}"#)])
                        .unknown(vm, &["service_account"])
                        .references(vm, "service_account", &["google_service_account.w"]),
                ),
                Case::clean(
                    "a pool that nobody wrote",
                    plan(&[("google_container_cluster.c", r#"{"name":"c"}"#)]).unknown("google_container_cluster.c", &["node_config"]),
                ),
                Case::clean("none at all", plan(&[(vm, r#"{"service_account":[]}"#)])),
                Case::clean("a cluster without its first pool", plan(&[("google_container_cluster.c", r#"{"remove_default_node_pool":true,"node_config":[{"oauth_scopes":[]}]}"#)])),
                Case::clean("an autopilot", plan(&[("google_container_cluster.c", r#"{"enable_autopilot":true,"node_config":[{}]}"#)])),
                Case::clean("one bucket", plan(&[("google_storage_bucket_iam_member.m", r#"{"bucket":"b","role":"roles/storage.objectViewer","member":"serviceAccount:123456789012-compute@developer.gserviceaccount.com"}"#)])),
                Case::clean("an editor is another rule", plan(&[("google_project_iam_member.m", r#"{"project":"p","role":"roles/editor","member":"serviceAccount:123456789012-compute@developer.gserviceaccount.com"}"#)])),
            ]);
    }
}
