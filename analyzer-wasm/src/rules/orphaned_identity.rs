//! Flags identities that their last workload leaves behind.

use nhi_plan::Severity;
use nhi_policy_sdk::Findings;

use crate::facts::Facts;
use crate::rule::{Check, Group, Rule};

/// Flags identities that their last workload leaves behind.
pub(super) static RULE: Rule = Rule {
    code: "NHI024",
    name: "orphaned-identity",
    group: Group::Governance,
    severity: Severity::Low,
    since: "0.1.0",
    summary: "a workload goes and its identity stays",
    why: "an identity without a workload is used by nobody who would notice that somebody else uses it",
    controls: &["NHI1:2025", "CWE-286", "CWE-459", "AC-2", "PR.AA-01", "CC6.2", "A.5.18"],
    check: Check::Plan(check),
    docs: r#"
## What it does

Flags a role, service account or managed identity that stays while the plan deletes the last workload that ran as it.
It must have existed before, nothing else of the plan may refer to it besides its own policies and grants, and a role counts only if services of AWS alone may assume it.

## Why is this bad?

Rights outlive their purpose unless both go together, and nobody dares to remove later what nobody remembers.

## Example

```terraform
# The function was deleted from the configuration; its role was not.
resource "aws_iam_role" "reports" {
  name = "reports"
}
```

## Use instead

```terraform
resource "aws_lambda_function" "reports" {
  function_name = "reports"
  role          = aws_iam_role.reports.arn
}
```

## Known limits

- Workloads of other states that use the identity are not seen: look before you remove it.
- Workloads that are not in the table of the analyzer count as users where they refer to the identity.

## References

- [OWASP NHI1:2025 Improper Offboarding](https://owasp.org/www-project-non-human-identities-top-10/2025/1-improper-offboarding/)
- [CWE-459: Incomplete Cleanup](https://cwe.mitre.org/data/definitions/459.html)
"#,
};

fn check(facts: &Facts, out: &mut Findings) {
    for orphan in &facts.governance.usage.orphans {
        out.push(
            RULE.finding(&orphan.address, "")
                .message(format!(
                    "stays while `{}`, the last workload that ran as it, goes",
                    orphan.workload
                ))
                .remediation("remove it with its workload, or say in its tags what it is still for"),
        );
    }
}

#[cfg(test)]
mod tests {
    use nhi_plan::{Action, Change};

    use crate::rules::cases::{Case, Plan, cases, plan};

    const ROLE: &str = r#"{"name":"r","arn":"arn:aws:iam::111122223333:role/r","assume_role_policy":"{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"lambda.amazonaws.com\"}}]}"}"#;
    const FUNCTION: &str = r#"{"function_name":"f","role":"arn:aws:iam::111122223333:role/r"}"#;

    fn stays(change: &mut Change<'static>) {
        change.actions = vec![Action::NoOp];
    }

    fn goes(change: &mut Change<'static>) {
        change.actions = vec![Action::Delete];
        change.before = change.after.take();
    }

    fn base() -> Plan {
        plan(&[("aws_iam_role.r", ROLE), ("aws_lambda_function.f", FUNCTION)])
            .changed("aws_iam_role.r", stays)
            .changed("aws_lambda_function.f", goes)
    }

    #[test]
    fn table() {
        let account = r#"{"email":"a@p.iam.gserviceaccount.com"}"#;
        let service = r#"{"template":[{"service_account":"a@p.iam.gserviceaccount.com"}]}"#;
        cases(&super::RULE)
            .flags(&[
                Case::low("a role", base()),
                Case::low(
                    "with its policies",
                    base().and(("aws_iam_role_policy.p", r#"{"role":"r"}"#)).references(
                        "aws_iam_role_policy.p",
                        "role",
                        &["aws_iam_role.r"],
                    ),
                ),
                Case::low(
                    "a service account",
                    plan(&[
                        ("google_service_account.a", account),
                        ("google_cloud_run_v2_service.s", service),
                    ])
                    .changed("google_service_account.a", stays)
                    .changed("google_cloud_run_v2_service.s", goes),
                ),
            ])
            .allows(&[
                Case::clean("both go", base().changed("aws_iam_role.r", goes)),
                Case::clean("another workload", base().and(("aws_lambda_function.g", FUNCTION))),
                Case::clean(
                    "somebody refers to it",
                    base().and(("aws_sagemaker_model.m", "{}")).references(
                        "aws_sagemaker_model.m",
                        "execution_role_arn",
                        &["aws_iam_role.r"],
                    ),
                ),
                Case::clean(
                    "a parameter tells it",
                    base().and(("aws_ssm_parameter.o", "{}")).references(
                        "aws_ssm_parameter.o",
                        "value",
                        &["aws_iam_role.r"],
                    ),
                ),
                Case::clean(
                    "a new role",
                    base().changed("aws_iam_role.r", |change| change.actions = vec![Action::Create]),
                ),
                Case::clean(
                    "people may assume it",
                    base().changed("aws_iam_role.r", |change| {
                        change.after = Some(ROLE.replace("Service", "AWS").into());
                    }),
                ),
                Case::clean(
                    "replaced",
                    base().changed("aws_lambda_function.f", |change| {
                        change.after = Some(FUNCTION.into());
                        change.actions = vec![Action::Delete, Action::Create];
                    }),
                ),
                Case::clean(
                    "a role of somebody else",
                    plan(&[("aws_lambda_function.f", FUNCTION)]).changed("aws_lambda_function.f", goes),
                ),
            ]);
    }
}
