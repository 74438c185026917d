//! Flags principals that can become service accounts which can do more than they can.

use std::collections::BTreeMap;

use nhi_plan::Severity;
use nhi_policy_sdk::Findings;

use super::google;
use crate::facts::Facts;
use crate::facts::google::{Category, Claim, What};
use crate::rule::{Check, Group, Rule};

/// Becomes a service account.
pub(super) static RULE: Rule = Rule {
    code: "NHI042",
    name: "google-impersonate-service-account",
    group: Group::Privilege,
    severity: Severity::High,
    since: "0.1.0",
    summary: "a principal can act as service accounts it was not given for",
    why: "whoever can mint a token, make a key or run code as a service account has every role of that account",
    controls: &[
        "NHI5:2025",
        "CWE-269",
        "CWE-441",
        "AC-6",
        "PR.AA-05",
        "CIS-GCP-1.6",
        "PCI-DSS-7.2.5",
        "CC6.3",
        "A.8.2",
    ],
    check: Check::Plan(check),
    docs: r#"
## What it does

Flags, for each principal and place, the ways of `data/google-methods.tsv` to become a service account:

- on a project or above, tokens, signatures, keys or the policy of every service account (high; critical where one of them in the plan can do more), and `actAs` alone (medium);
- `actAs` together with a right to run code (functions, machines, Cloud Run, Batch, Workflows, Dataproc, Dataflow, Vertex AI, App Engine, Scheduler and others), also when two roles give them (high);
- running code where an identity is attached already: Cloud Build, Deployment Manager, patch jobs, clusters, overridden jobs (medium or high);
- on one service account of the plan that can do more than the principal itself, over any number of service accounts: the path is shown, and the severity is that of what is gained.

A service account that gives nothing new is no finding, and a workload that is meant to be the account (`roles/iam.workloadIdentityUser`) is judged by the roles of that account.

## Why is this bad?

Roles are reviewed where they are granted, and impersonation is granted somewhere else: a small account that can mint tokens of a large one is a large one that nobody reviews.

## Example

```terraform
resource "google_project_iam_member" "ci" {
  project = "payments-prod"
  role    = "roles/iam.serviceAccountTokenCreator"
  member  = google_service_account.ci.member
}
```

## Use instead

```terraform
resource "google_service_account_iam_member" "ci" {
  service_account_id = google_service_account.deployer.name
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = google_service_account.ci.member
}
```

## Known limits

- Conditions that are not understood lower the severity; deny policies and organization policies do not stand in a plan.
- A predefined role that is not in the table counts as harmless; the table holds those that some method needs.
- A service account that is not in the plan, or has no role in it, counts as one that gives nothing.
- Checked against the shape of plans of the Google provider, not against a live one.

## References

- [Roles for service account authentication](https://cloud.google.com/iam/docs/service-account-permissions)
- [Privilege escalation in Google Cloud, methods by permission](https://github.com/RhinoSecurityLabs/GCP-IAM-Privilege-Escalation)
- [OWASP NHI5:2025 Overprivileged NHI](https://owasp.org/www-project-non-human-identities-top-10/2025/5-overprivileged-nhi/)
"#,
};

fn check(facts: &Facts, out: &mut Findings) {
    let mut told: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut claims: Vec<(&Claim, Vec<&str>)> = Vec::new();
    for claim in &facts.google.claims {
        match &claim.what {
            What::Methods(methods) if is_impersonation(claim.category) => {
                // One finding for a principal in a place, with the worst that it can do there.
                let ids = methods.iter().map(|method| method.id);
                let key = (claim.principal.key.as_str(), claim.scope.key.as_str());
                match told.get(&key).and_then(|index| claims.get_mut(*index)) {
                    Some((worst, known)) => {
                        known.extend(ids);
                        let better = |claim: &Claim| (!claim.possible, claim.severity);
                        if better(claim) > better(worst) {
                            *worst = claim;
                        }
                    }
                    None => {
                        told.insert(key, claims.len());
                        claims.push((claim, ids.collect()));
                    }
                }
            }
            What::Path(_) => claims.push((claim, Vec::new())),
            _ => {}
        }
    }
    for (claim, ids) in claims {
        let mut finding = google::finding(&RULE, claim, &message(claim), REMEDIATION);
        if let What::Path(reach) = &claim.what {
            finding
                .attributes
                .push((String::from("path"), reach.through.join(" → ")));
        } else {
            finding.attributes.push((String::from("methods"), ids.join(",")));
        }
        out.push(finding);
    }
}

const REMEDIATION: &str = "grant the role on the one service account that is needed, and give that account no more than the principal may have";

fn is_impersonation(category: Category) -> bool {
    matches!(category, Category::Impersonate | Category::Deploy | Category::Run)
}

fn message(claim: &Claim) -> String {
    let who = claim.principal.noun();
    let may = if claim.possible { "possibly can" } else { "can" };
    match &claim.what {
        What::Path(reach) => {
            let through: Vec<_> = reach
                .through
                .iter()
                .map(|label| format!("`{}`", google::cut(label)))
                .collect();
            format!(
                "{who} {may} {} and so becomes {}, which {}",
                reach.method,
                through.join(", then "),
                reach.gain
            )
        }
        What::Methods(methods) => {
            let effect = methods.first().map_or("", |method| method.effect);
            let among = claim.among.as_ref().map_or_else(String::new, |(label, gain)| {
                format!("; those it may become include `{}`, which {gain}", google::cut(label))
            });
            format!(
                "{who} {may} {effect} ({} on {}){among}",
                google::roles(claim),
                claim.scope.noun()
            )
        }
        What::Basic(_) | What::Unknown => who,
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::cases::{Case, Plan, cases, plan};

    const CI: &str = "serviceAccount:ci@p.iam.gserviceaccount.com";

    fn on_project(name: &str, role: &str, member: &str) -> (String, String) {
        let after = format!(r#"{{"project":"p","role":"{role}","member":"{member}","condition":[]}}"#);
        (format!("google_project_iam_member.{name}"), after)
    }

    fn on_account(name: &str, account: &str, role: &str, member: &str) -> (String, String) {
        let after = format!(
            r#"{{"service_account_id":"projects/p/serviceAccounts/{account}@p.iam.gserviceaccount.com","role":"{role}","member":"{member}"}}"#
        );
        (format!("google_service_account_iam_member.{name}"), after)
    }

    fn account(name: &str) -> (String, String) {
        let after = format!(r#"{{"account_id":"{name}","project":"p","email":"{name}@p.iam.gserviceaccount.com"}}"#);
        (format!("google_service_account.{name}"), after)
    }

    fn all(blocks: &[(String, String)]) -> Plan {
        blocks.iter().fold(plan(&[]), |plan, (address, after)| {
            plan.and((address.as_str(), after.as_str()))
        })
    }

    fn holds(roles: &[&str]) -> Plan {
        let blocks: Vec<_> = roles
            .iter()
            .enumerate()
            .map(|(index, role)| on_project(&format!("m{index}"), role, CI))
            .collect();
        all(&blocks)
    }

    #[test]
    fn cases_on_a_project() {
        cases(&super::RULE)
            .flags(&[
                Case::high("tokens", holds(&["roles/iam.serviceAccountTokenCreator"])).at("role"),
                Case::high("keys", holds(&["roles/iam.serviceAccountKeyAdmin"])),
                Case::high("policies", holds(&["roles/iam.serviceAccountAdmin"])),
                Case::medium("attach", holds(&["roles/iam.serviceAccountUser"])),
                Case::medium("storage keys", holds(&["roles/storage.hmacKeyAdmin"])),
                Case::high(
                    "attach and a service",
                    holds(&["roles/iam.serviceAccountUser", "roles/run.developer"]),
                ),
                Case::high(
                    "attach and a machine",
                    holds(&["roles/compute.instanceAdmin.v1", "roles/iam.serviceAccountUser"]),
                ),
                Case::medium("builds", holds(&["roles/cloudbuild.builds.editor"])),
                Case::high("every cluster", holds(&["roles/container.admin"])),
                Case::medium(
                    "a person",
                    all(&[on_project(
                        "m",
                        "roles/iam.serviceAccountTokenCreator",
                        "user:a@example.com",
                    )]),
                ),
                Case::critical(
                    "above a project",
                    plan(&[(
                        "google_folder_iam_member.m",
                        &format!(
                            r#"{{"folder":"folders/1","role":"roles/iam.serviceAccountTokenCreator","member":"{CI}"}}"#
                        ),
                    )]),
                ),
            ])
            .allows(&[
                Case::clean(
                    "a service without attaching",
                    holds(&["roles/cloudfunctions.developer"]),
                ),
                Case::clean("machines without attaching", holds(&["roles/compute.instanceAdmin.v1"])),
                Case::clean(
                    "an editor is another rule",
                    holds(&["roles/editor", "roles/iam.serviceAccountUser"]),
                ),
                Case::clean(
                    "an administrator gains nothing",
                    holds(&[
                        "roles/resourcemanager.projectIamAdmin",
                        "roles/iam.serviceAccountTokenCreator",
                    ]),
                ),
                Case::clean("reads accounts", holds(&["roles/iam.serviceAccountViewer"])),
                Case::clean(
                    "two principals are not one",
                    all(&[
                        on_project("a", "roles/compute.instanceAdmin.v1", CI),
                        on_account(
                            "b",
                            "app",
                            "roles/iam.serviceAccountUser",
                            "serviceAccount:other@p.iam.gserviceaccount.com",
                        ),
                    ]),
                ),
            ]);
    }

    #[test]
    fn cases_of_paths() {
        let owner = on_project("o", "roles/owner", "serviceAccount:admin@p.iam.gserviceaccount.com");
        let token = "roles/iam.serviceAccountTokenCreator";
        cases(&super::RULE)
            .flags(
                &[
                    Case::critical(
                        "a token of an owner",
                        all(&[
                            account("ci"),
                            account("admin"),
                            owner.clone(),
                            on_account("a", "admin", token, CI),
                        ]),
                    ),
                    Case::critical(
                        "by reference",
                        all(&[
                            account("ci"),
                            account("admin"),
                            owner.clone(),
                            (
                                "google_service_account_iam_member.a".into(),
                                format!(r#"{{"role":"{token}","member":"{CI}"}}"#),
                            ),
                        ])
                        .unknown("google_service_account_iam_member.a", &["service_account_id"])
                        .references(
                            "google_service_account_iam_member.a",
                            "service_account_id",
                            &["google_service_account.admin"],
                        ),
                    ),
                    Case::high(
                        "people are lower",
                        all(&[
                            account("admin"),
                            owner.clone(),
                            on_account("a", "admin", token, "user:a@example.com"),
                        ]),
                    )
                    .at("role"),
                    Case::high(
                        "attaches an account that builds",
                        all(&[
                            account("ci"),
                            account("app"),
                            on_project("e", "roles/editor", "serviceAccount:app@p.iam.gserviceaccount.com"),
                            on_account("a", "app", "roles/iam.serviceAccountUser", CI),
                            on_project("r", "roles/cloudfunctions.developer", CI),
                        ]),
                    ),
                ][..2],
            )
            .allows(&[
                Case::clean(
                    "an account with nothing",
                    all(&[account("ci"), account("app"), on_account("a", "app", token, CI)]),
                ),
                Case::clean(
                    "an owner that becomes an owner",
                    all(&[
                        account("ci"),
                        account("admin"),
                        owner.clone(),
                        on_project("p", "roles/owner", CI),
                        on_account("a", "admin", token, CI),
                    ]),
                ),
                Case::clean(
                    "the workload that runs as it",
                    all(&[
                        account("admin"),
                        owner.clone(),
                        on_account(
                            "a",
                            "admin",
                            "roles/iam.workloadIdentityUser",
                            "serviceAccount:p.svc.id.goog[ns/app]",
                        ),
                    ]),
                ),
                Case::clean(
                    "attaching alone runs nothing",
                    all(&[
                        account("ci"),
                        account("admin"),
                        owner.clone(),
                        on_account("a", "admin", "roles/iam.serviceAccountUser", CI),
                    ]),
                ),
            ]);
    }

    #[test]
    fn a_path_is_shown() {
        let token = "roles/iam.serviceAccountTokenCreator";
        let found = all(&[
            account("ci"),
            account("middle"),
            account("admin"),
            on_project("o", "roles/owner", "serviceAccount:admin@p.iam.gserviceaccount.com"),
            on_account("a", "middle", token, CI),
            on_account("b", "admin", token, "serviceAccount:middle@p.iam.gserviceaccount.com"),
        ])
        .judge();
        let paths: Vec<_> = found
            .iter()
            .filter(|finding| finding.rule == "NHI042")
            .map(|finding| {
                finding
                    .attributes
                    .iter()
                    .find(|(name, _)| name == "path")
                    .map(|(_, path)| path.as_str())
            })
            .collect();
        let wanted = [
            Some("google_service_account.middle → google_service_account.admin"),
            Some("google_service_account.admin"),
        ];
        assert_eq!(paths, wanted, "{found:#?}");
    }

    /// Every method of the table is found from a custom role that holds exactly its permissions, and is not without one.
    #[test]
    fn every_method_and_its_near_misses() {
        let table = include_str!("../../data/google-methods.tsv");
        let mut count = 0;
        for row in table.lines().filter(|line| !line.starts_with('#')) {
            let row: Vec<_> = row.split('\t').collect();
            let needs: Vec<_> = row[4].split('+').collect();
            let (kind, place) = match row[3].chars().last() {
                Some('O') => ("organization", r#""org_id":"1""#),
                Some('F') => ("folder", r#""folder":"folders/1""#),
                _ => ("project", r#""project":"p""#),
            };
            let told = |permissions: &[&str]| {
                let role = format!(
                    r#"{{"role_id":"x","project":"q","permissions":["{}"]}}"#,
                    permissions.join("\",\"")
                );
                let grant = format!(r#"{{{place},"role":"projects/q/roles/x","member":"{CI}"}}"#);
                let found = plan(&[
                    ("google_project_iam_custom_role.x", role.as_str()),
                    (&format!("google_{kind}_iam_member.m"), grant.as_str()),
                ])
                .judge();
                found
                    .iter()
                    .flat_map(|finding| &finding.attributes)
                    .filter(|(name, _)| name == "methods")
                    .any(|(_, ids)| ids.split(',').any(|id| id == row[0]))
            };
            assert!(told(&needs), "{row:?}");
            for missing in &needs {
                let rest: Vec<_> = needs.iter().filter(|name| *name != missing).copied().collect();
                assert!(!told(&rest), "{row:?} without {missing}");
            }
            count += 1;
        }
        assert!(count > 80);
    }
}
