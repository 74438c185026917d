//! Flags changes that take away or loosen a guard.

use nhi_plan::{Finding, Severity};
use nhi_policy_sdk::Findings;

use crate::facts::Facts;
use crate::rule::{Check, Group, Rule};

/// Flags changes that take away or loosen a guard.
pub(super) static RULE: Rule = Rule {
    code: "NHI028",
    name: "weakened-governance",
    group: Group::Governance,
    severity: Severity::Medium,
    since: "0.1.0",
    summary: "a change takes away or loosens what keeps identities in check",
    why: "a guard is most easily passed by the change that removes it, and nobody misses it before it would have been needed",
    controls: &[
        "NHI1:2025",
        "NHI5:2025",
        "NHI6:2025",
        "CWE-693",
        "CM-3",
        "AC-6",
        "PR.PS-01",
        "GV.OV-03",
        "CC8.1",
        "A.8.32",
    ],
    check: Check::Plan(check),
    docs: r#"
## What it does

Flags changes, not states:

- guards that are destroyed: policies of an organisation, policy assignments, conditional access, deny policies, audit logs and trails, detectors, protections of branches, approval rules;
- permissions boundaries that a role or user loses;
- policies and rules that are not enforced any more;
- reviews, approvals and reviewers of deployments that become fewer, and protections that administrators may pass by;
- records of `nhi_identity` that live longer, or whose least risk tier falls.

A guard that goes together with what it guarded, whose provider has nothing left in the plan, or beside which the plan creates another of its kind, is no loss.

## Why is this bad?

Boundaries, reviews and logs hold for everybody except whoever can take them away.
Such a change should be seen for what it is, however small it looks among others.

## Example

```terraform
resource "github_branch_protection" "main" {
  repository_id = "infrastructure"
  pattern       = "main"

  required_pull_request_reviews {
    required_approving_review_count = 0
  }
}
```

## Use instead

```terraform
resource "github_branch_protection" "main" {
  repository_id  = "infrastructure"
  pattern        = "main"
  enforce_admins = true

  required_pull_request_reviews {
    required_approving_review_count = 2
  }
}
```

## Known limits

- The contents of policies are not compared: a policy of the organisation that allows more is not seen.
- A guard that another state takes over is told.

## References

- [NIST SP 800-53 CM-3 Configuration Change Control](https://csrc.nist.gov/projects/cprt/catalog#/cprt/framework/version/SP_800_53_5_1_1/home?element=CM-03)
- [CWE-693: Protection Mechanism Failure](https://cwe.mitre.org/data/definitions/693.html)
- [OWASP NHI1:2025 Improper Offboarding](https://owasp.org/www-project-non-human-identities-top-10/2025/1-improper-offboarding/)
"#,
};

fn check(facts: &Facts, out: &mut Findings) {
    for loss in facts.governance.weakened.losses() {
        let finding = Finding {
            severity: Some(loss.severity),
            ..RULE
                .finding(&loss.address, &loss.path)
                .message(loss.message.as_str())
                .remediation("keep it; where it must go, have the owners of the policy approve that change by itself")
        };
        out.push(if loss.unverified { finding.unverified() } else { finding });
    }
}

#[cfg(test)]
mod tests {
    use nhi_plan::{Action, Change};

    use crate::rules::cases::{Case, Plan, cases, plan};

    fn was(before: &'static str) -> impl FnOnce(&mut Change<'static>) {
        move |change| {
            change.actions = vec![Action::Update];
            change.before = Some(before.into());
        }
    }

    fn goes(before: &'static str) -> impl FnOnce(&mut Change<'static>) {
        move |change| {
            change.actions = vec![Action::Delete];
            change.before = Some(before.into());
            change.after = None;
        }
    }

    fn update(address: &'static str, before: &'static str, after: &'static str) -> Plan {
        plan(&[(address, after)]).changed(address, was(before))
    }

    const PROTECTION: &str = r#"{"repository_id":"infra","pattern":"main"}"#;

    fn unprotected(remains: &'static str) -> Plan {
        plan(&[("github_branch_protection.b", PROTECTION), (remains, "{}")])
            .changed("github_branch_protection.b", goes(PROTECTION))
    }

    const BOUNDARY: &str = r#"{"name":"r","permissions_boundary":"arn:aws:iam::111122223333:policy/b"}"#;

    fn trail() -> Plan {
        plan(&[("aws_cloudtrail.t", "{}"), ("aws_s3_bucket.b", "{}")])
    }

    #[test]
    fn table() {
        cases(&super::RULE).flags(&[
            Case::medium(
                "a boundary",
                update(
                    "aws_iam_role.r",
                    BOUNDARY,
                    r#"{"name":"r","permissions_boundary":null}"#,
                ),
            )
            .at("permissions_boundary"),
            Case::medium(
                "fewer reviews",
                update(
                    "github_branch_protection.b",
                    r#"{"required_pull_request_reviews":[{"required_approving_review_count":2}]}"#,
                    r#"{"required_pull_request_reviews":[{"required_approving_review_count":0}]}"#,
                ),
            ),
            Case::medium(
                "no reviews",
                update(
                    "github_branch_protection.b",
                    r#"{"required_pull_request_reviews":[{"require_code_owner_reviews":true}]}"#,
                    r#"{"required_pull_request_reviews":[]}"#,
                ),
            ),
            Case::medium(
                "no reviewers",
                update(
                    "github_repository_environment.e",
                    r#"{"reviewers":[{"teams":[1]}]}"#,
                    r#"{"reviewers":[]}"#,
                ),
            ),
            Case::low(
                "a longer life",
                update("nhi_identity.i", r#"{"ttl":"720h"}"#, r#"{"ttl":"2160h"}"#),
            )
            .at("ttl"),
            Case::low(
                "a lower tier",
                update(
                    "nhi_identity.i",
                    r#"{"min_risk_tier":"high"}"#,
                    r#"{"min_risk_tier":"low"}"#,
                ),
            ),
            Case::unverified(
                "a life that is not known",
                update("nhi_identity.i", r#"{"ttl":"720h"}"#, "{}").unknown("nhi_identity.i", &["ttl"]),
            ),
            Case::medium(
                "logging off",
                update(
                    "aws_cloudtrail.t",
                    r#"{"enable_logging":true}"#,
                    r#"{"enable_logging":false}"#,
                ),
            ),
            Case::medium(
                "a policy off",
                update(
                    "google_org_policy_policy.p",
                    r#"{"spec":[{"rules":[{"enforce":"TRUE"}]}]}"#,
                    r#"{"spec":[{"rules":[{"enforce":"FALSE"}]}]}"#,
                ),
            ),
            Case::medium(
                "access to be reported only",
                update(
                    "azuread_conditional_access_policy.p",
                    r#"{"state":"enabled"}"#,
                    r#"{"state":"enabledForReportingButNotEnforced"}"#,
                ),
            ),
            Case::medium("a trail goes", trail().changed("aws_cloudtrail.t", goes("{}"))),
            Case::medium("a protection goes", unprotected("github_repository.r")),
        ]);
    }

    #[test]
    fn near_misses() {
        cases(&super::RULE).allows(&[
            Case::clean(
                "a new boundary",
                update(
                    "aws_iam_role.r",
                    BOUNDARY,
                    r#"{"permissions_boundary":"arn:aws:iam::111122223333:policy/c"}"#,
                ),
            ),
            Case::clean(
                "a boundary to come",
                update("aws_iam_role.r", BOUNDARY, r#"{"name":"r"}"#)
                    .unknown("aws_iam_role.r", &["permissions_boundary"]),
            ),
            Case::clean(
                "never had one",
                update("aws_iam_role.r", r#"{"name":"r"}"#, r#"{"name":"r"}"#),
            ),
            Case::clean(
                "more reviews",
                update(
                    "github_branch_protection.b",
                    r#"{"required_pull_request_reviews":[{"required_approving_review_count":1}]}"#,
                    r#"{"required_pull_request_reviews":[{"required_approving_review_count":2}]}"#,
                ),
            ),
            Case::clean(
                "a policy on",
                update(
                    "google_org_policy_policy.p",
                    r#"{"spec":[{"rules":[{"enforce":"FALSE"}]}]}"#,
                    r#"{"spec":[{"rules":[{"enforce":"TRUE"}]}]}"#,
                ),
            ),
            Case::clean(
                "a shorter life",
                update("nhi_identity.i", r#"{"ttl":"720h"}"#, r#"{"ttl":"168h"}"#),
            ),
            Case::clean(
                "with its repository",
                unprotected("github_team.t")
                    .and(("github_repository.r", "{}"))
                    .changed("github_repository.r", goes(r#"{"name":"infra"}"#)),
            ),
            Case::clean("another takes over", unprotected("github_repository_ruleset.r")),
            Case::clean(
                "everything goes",
                plan(&[("aws_cloudtrail.t", "{}")]).changed("aws_cloudtrail.t", goes("{}")),
            ),
            Case::clean(
                "replaced",
                trail().changed("aws_cloudtrail.t", |change| {
                    change.actions = vec![Action::Delete, Action::Create];
                }),
            ),
            Case::clean(
                "forgotten, but there",
                unprotected("github_repository.r").changed("github_branch_protection.b", |change| {
                    change.actions = vec![Action::Forget];
                }),
            ),
        ]);
    }
}
