//! Flags grants to more identities of a workload identity pool than one workload has.

use nhi_plan::Severity;
use nhi_policy_sdk::Findings;

use crate::facts::Facts;
use crate::facts::trust::cel::Binding;
use crate::facts::trust::google::{Grant, Remark, Width};
use crate::rule::{Check, Group, Rule};

/// A grant to a wide set of workload identities.
pub(super) static RULE: Rule = Rule {
    code: "NHI049",
    name: "workload-identity-grant-wide",
    group: Group::Privilege,
    severity: Severity::High,
    since: "0.1.0",
    summary: "a whole pool of workload identities may act as a service account",
    why: "every repository that gets into the pool, not only the one that deploys, has what is granted here",
    controls: &[
        "NHI6:2025",
        "NHI5:2025",
        "CWE-284",
        "CWE-863",
        "AC-3",
        "IA-9",
        "PR.AA-05",
        "CC6.1",
        "A.5.15",
    ],
    check: Check::Plan(check),
    docs: r#"
## What it does

Flags a binding of Google Cloud IAM, on a service account, a project or anything else, whose member is a set of identities of a workload identity pool that is wider than one project:

- the whole pool (`…/workloadIdentityPools/ci/*`): high, medium where the provider of the pool binds to one organisation;
- an attribute that everybody sets (`attribute.ref/…`, `attribute.environment/…`): high, low where the provider of the pool binds to one organisation;
- an attribute that names an organisation (`attribute.repository_owner/acme`): medium.

Where the provider in the plan binds tokens to one repository nothing is said.

## Why is this bad?

The pool decides who gets in, the binding decides who gets what.
With a set this wide a test repository can become the account that deploys to production.

## Example

```terraform
resource "google_service_account_iam_member" "deploy" {
  service_account_id = google_service_account.deploy.name
  role               = "roles/iam.workloadIdentityUser"
  member             = "principalSet://iam.googleapis.com/${google_iam_workload_identity_pool.ci.name}/*"
}
```

## Use instead

```terraform
resource "google_service_account_iam_member" "deploy" {
  service_account_id = google_service_account.deploy.name
  role               = "roles/iam.workloadIdentityUser"
  member             = "principalSet://iam.googleapis.com/${google_iam_workload_identity_pool.ci.name}/attribute.repository/acme/app"
}
```

## Known limits

- Which claim an attribute comes from is read from the mapping where the provider is in the plan, and else guessed by its name.
- Checked against the shape that the provider `google` plans, not against a real project.

## References

- [Google Cloud: principal identifiers](https://cloud.google.com/iam/docs/principal-identifiers)
- [Google Cloud: best practices for workload identity federation](https://cloud.google.com/iam/docs/best-practices-for-using-workload-identity-federation)
- [OWASP NHI5:2025 Overprivileged NHI](https://owasp.org/www-project-non-human-identities-top-10/2025/5-overprivileged-nhi/)
"#,
};

fn check(facts: &Facts, out: &mut Findings) {
    for placed in &facts.pools {
        let Remark::Grant(grant) = &placed.remark else {
            continue;
        };
        out.push(placed.finding(
            &RULE,
            weigh(grant),
            &message(grant),
            "name the one repository or subject: `attribute.repository/owner/name`, or `principal://…/subject/…`",
        ));
    }
}

fn weigh(grant: &Grant) -> Severity {
    let owned = grant.pool >= Some(Binding::Owner);
    match grant.width {
        Width::Pool if owned => Severity::Medium,
        Width::Free if owned => Severity::Low,
        Width::Pool | Width::Free | Width::Unknown => RULE.severity,
        Width::Owner => Severity::Medium,
    }
}

fn message(grant: &Grant) -> String {
    let role = if grant.role.is_empty() {
        String::from("a role")
    } else {
        format!("`{}`", grant.role)
    };
    let who = &grant.who;
    match grant.width {
        Width::Pool => format!("every identity of the workload identity pool has {role}"),
        Width::Free => format!("whoever in the pool sets `{who}`, which each repository chooses, has {role}"),
        Width::Owner => format!("every repository of the organisation has {role}, by `{who}`"),
        Width::Unknown => format!("which identities of a workload identity pool have {role} is known only after apply"),
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::cases::{Case, Plan, cases, plan};

    const GITHUB: &str = "https://token.actions.githubusercontent.com";

    fn provider(issuer: &str, condition: &str) -> Plan {
        let condition = if condition.is_empty() {
            String::from("null")
        } else {
            nhi_plan::json::quote(condition)
        };
        plan(&[(
            "google_iam_workload_identity_pool_provider.p",
            &format!(
                r#"{{"workload_identity_pool_id":"ci","attribute_condition":{condition},"oidc":[{{"issuer_uri":"{issuer}"}}],
                    "attribute_mapping":{{"google.subject":"assertion.sub","attribute.repository":"assertion.repository","attribute.team":"assertion.repository_owner"}}}}"#
            ),
        )])
    }

    const POOL: &str = "projects/1/locations/global/workloadIdentityPools/ci";

    fn member(who: &str) -> Plan {
        plan(&[(
            "google_service_account_iam_member.m",
            &format!(
                r#"{{"role":"roles/iam.workloadIdentityUser","member":"principalSet://iam.googleapis.com/{POOL}/{who}"}}"#
            ),
        )])
    }

    fn with(plan: Plan, condition: &str) -> Plan {
        plan.joined(provider(GITHUB, condition))
    }

    #[test]
    fn cases_of_members() {
        let m = "google_service_account_iam_member.m";
        let name = nhi_plan::symbol::symbol("google_iam_workload_identity_pool.ci.name");
        let whole = format!(
            r#"{{"role":"roles/iam.workloadIdentityUser","member":"principalSet://iam.googleapis.com/{name}/*"}}"#
        );
        let led = |condition: &str| {
            with(plan(&[(m, &whole)]), condition).references(
                "google_iam_workload_identity_pool_provider.p",
                "workload_identity_pool_id",
                &["google_iam_workload_identity_pool.ci"],
            )
        };
        cases(&super::RULE)
            .flags(&[
                Case::high("a whole pool", member("*")).at("member"),
                Case::high("a whole pool that everybody enters", with(member("*"), "true")),
                Case::medium("a whole pool of one organisation", with(member("*"), "assertion.repository_owner == 'acme'")),
                Case::medium("an organisation", member("attribute.repository_owner/acme")),
                Case::medium("the number of an organisation", member("attribute.repository_owner_id/123")),
                Case::medium("an organisation, by another name", with(member("attribute.team/acme"), "assertion.repository_owner == 'acme'")),
                Case::high("a branch", member("attribute.ref/refs/heads/main")),
                Case::low("a branch in one organisation", with(member("attribute.ref/refs/heads/main"), "assertion.repository_owner == 'acme'")),
                Case::high("in a list", plan(&[("google_service_account_iam_binding.m", &format!(r#"{{"role":"roles/iam.workloadIdentityUser","members":["serviceAccount:a@p.iam.gserviceaccount.com","principalSet://iam.googleapis.com/{POOL}/*"]}}"#))])).at("members[1]"),
                Case::high("on a project", plan(&[("google_project_iam_member.m", &format!(r#"{{"role":"roles/editor","member":"principalSet://iam.googleapis.com/{POOL}/*"}}"#))])),
                Case::high("in a policy", plan(&[("google_service_account_iam_policy.m", &format!(r#"{{"policy_data":{}}}"#, nhi_plan::json::quote(&format!(r#"{{"bindings":[{{"role":"roles/iam.workloadIdentityUser","members":["principalSet://iam.googleapis.com/{POOL}/*"]}}]}}"#))))])),
                Case::medium("a pool of the plan", led("assertion.repository_owner == 'acme'")),
                Case::unverified("a member that is not known", plan(&[(m, r#"{"role":"roles/iam.workloadIdentityUser"}"#)]).unknown(m, &["member"]).references(m, "member", &["google_iam_workload_identity_pool.ci"])),
            ])
            .allows(&[
                Case::clean("a repository", member("attribute.repository/acme/app")),
                Case::clean("the number of a repository", member("attribute.repository_id/123")),
                Case::clean("a subject", plan(&[(m, &format!(r#"{{"role":"roles/iam.workloadIdentityUser","member":"principal://iam.googleapis.com/{POOL}/subject/repo:acme/app:environment:prod"}}"#))])),
                Case::clean("a whole pool of one repository", with(member("*"), "assertion.repository == 'acme/app'")),
                Case::clean("a pool of the plan, of one repository", led("assertion.repository == 'acme/app'")),
                Case::clean("a service account of a cluster", plan(&[(m, r#"{"role":"roles/iam.workloadIdentityUser","member":"serviceAccount:p.svc.id.goog[app/worker]"}"#)])),
                Case::clean("a service account that is not known", plan(&[(m, r#"{"role":"roles/iam.workloadIdentityUser"}"#)]).unknown(m, &["member"]).references(m, "member", &["google_service_account.a"])),
            ]);
    }
}
