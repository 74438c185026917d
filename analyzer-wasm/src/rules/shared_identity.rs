//! Flags identities that several workloads run as.

use nhi_plan::Severity;
use nhi_policy_sdk::Findings;

use crate::facts::Facts;
use crate::rule::{Check, Group, Rule};

/// Flags identities that several workloads run as.
pub(super) static RULE: Rule = Rule {
    code: "NHI021",
    name: "shared-identity",
    group: Group::Privilege,
    severity: Severity::Low,
    since: "0.1.0",
    summary: "several workloads run as one identity",
    why: "whoever breaks into one of the workloads has the rights of all of them, and no log tells which one acted",
    controls: &[
        "NHI9:2025",
        "NHI5:2025",
        "CWE-653",
        "AC-6",
        "PR.AA-05",
        "CC6.3",
        "A.5.16",
    ],
    check: Check::Plan(check),
    docs: r#"
## What it does

Flags a role, service account or managed identity that more than one workload of the plan runs as: functions, tasks, machines, builds, jobs and services of AWS, Google Cloud and Azure, and service accounts of Kubernetes that become it by annotation or pod identity association.

Instances of one block are one workload, templates of machines together are one, and a service account of the same namespace and name in several clusters is one.
Execution roles of ECS, roles of clusters and of node groups are of the platform and not looked at; default service accounts are told by other rules.

## Why is this bad?

A shared identity has the union of what its workloads need, so each has more than it needs.
It cannot be rotated, narrowed or taken away for one of them without touching the others.

## Example

```terraform
resource "aws_lambda_function" "orders" {
  function_name = "orders"
  role          = aws_iam_role.app.arn
}

resource "aws_lambda_function" "mails" {
  function_name = "mails"
  role          = aws_iam_role.app.arn
}
```

## Use instead

```terraform
resource "aws_lambda_function" "orders" {
  function_name = "orders"
  role          = aws_iam_role.orders.arn
}

resource "aws_lambda_function" "mails" {
  function_name = "mails"
  role          = aws_iam_role.mails.arn
}
```

## Known limits

- Instances of one block that do different things count as one workload.
- Workloads in other states are not seen.
- Where the plan leaves open which of several identities is meant, nothing is said.

## References

- [OWASP NHI9:2025 NHI Reuse](https://owasp.org/www-project-non-human-identities-top-10/2025/9-nhi-reuse/)
- [CWE-653: Improper Isolation or Compartmentalization](https://cwe.mitre.org/data/definitions/653.html)
"#,
};

/// Workloads that a message names.
const NAMED: usize = 3;

fn check(facts: &Facts, out: &mut Findings) {
    for shared in &facts.governance.usage.shared {
        let named: Vec<_> = shared
            .users
            .iter()
            .take(NAMED)
            .map(|user| format!("`{user}`"))
            .collect();
        let more = match shared.users.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        out.push(
            RULE.finding(&shared.site.address, &shared.site.path)
                .message(format!(
                    "{} workloads run as one identity: {}{more}",
                    shared.users.len(),
                    named.join(", ")
                ))
                .remediation("give each workload an identity of its own, with what that workload needs"),
        );
    }
}

#[cfg(test)]
mod tests {
    use nhi_plan::json;
    use nhi_plan::symbol::symbol;

    use crate::rules::cases::{Case, Plan, cases, plan};

    const ARN: &str = r#""arn:aws:iam::111122223333:role/app""#;

    fn functions(first: &str, second: &str) -> Plan {
        plan(&[
            (
                "aws_lambda_function.a",
                &format!(r#"{{"function_name":"a","role":{first}}}"#),
            ),
            (
                "aws_lambda_function.b",
                &format!(r#"{{"function_name":"b","role":{second}}}"#),
            ),
        ])
    }

    fn whole(origin: &str) -> String {
        json::quote(&symbol(origin))
    }

    fn partly(name: &str) -> String {
        json::quote(&format!(
            "arn:aws:iam::{}:role/{name}",
            symbol("data.aws_caller_identity.own.account_id")
        ))
    }

    fn by_reference(plan: Plan, uses: &[(&str, &str, &str)]) -> Plan {
        uses.iter().fold(plan, |plan, (address, path, identity)| {
            plan.unknown(address, &[path]).references(address, path, &[identity])
        })
    }

    #[test]
    fn table() {
        let role = ("aws_iam_role.app", r#"{"name":"app"}"#);
        let account = ("google_service_account.app", r#"{"account_id":"app"}"#);
        cases(&super::RULE)
            .flags(&[
                Case::low("by ARN", functions(ARN, ARN)).at("role"),
                Case::low("a role of the plan by ARN", functions(ARN, ARN).and(role)).at(""),
                Case::low("by reference", by_reference(functions("null", "null").and(role), &[
                    ("aws_lambda_function.a", "role", "aws_iam_role.app"),
                    ("aws_lambda_function.b", "role", "aws_iam_role.app"),
                ])),
                Case::low("a function and a task", by_reference(plan(&[role, ("aws_lambda_function.a", "{}"), ("aws_ecs_task_definition.t", "{}")]), &[
                    ("aws_lambda_function.a", "role", "aws_iam_role.app"),
                    ("aws_ecs_task_definition.t", "task_role_arn", "aws_iam_role.app"),
                ])),
                Case::low("machines through a profile", plan(&[
                    role,
                    ("aws_iam_instance_profile.p", r#"{"name":"p","role":"app"}"#),
                    ("aws_instance.a", r#"{"iam_instance_profile":"p"}"#),
                    ("aws_instance.b", r#"{"iam_instance_profile":"p"}"#),
                ])),
                Case::low("google", by_reference(plan(&[account, ("google_cloud_run_v2_service.a", "{}"), ("google_cloudfunctions_function.b", "{}")]), &[
                    ("google_cloud_run_v2_service.a", "template[0].service_account", "google_service_account.app"),
                    ("google_cloudfunctions_function.b", "service_account_email", "google_service_account.app"),
                ])),
                Case::low("azure", by_reference(plan(&[
                    ("azurerm_user_assigned_identity.app", "{}"),
                    ("azurerm_linux_function_app.a", r#"{"identity":[{"type":"UserAssigned"}]}"#),
                    ("azurerm_container_app.b", r#"{"identity":[{"type":"UserAssigned"}]}"#),
                ]), &[
                    ("azurerm_linux_function_app.a", "identity[0].identity_ids", "azurerm_user_assigned_identity.app"),
                    ("azurerm_container_app.b", "identity[0].identity_ids", "azurerm_user_assigned_identity.app"),
                ])),
                Case::low("two accounts of kubernetes", plan(&[
                    ("kubernetes_service_account_v1.a", r#"{"metadata":[{"name":"a","namespace":"a","annotations":{"eks.amazonaws.com/role-arn":"arn:aws:iam::111122223333:role/app"}}]}"#),
                    ("kubernetes_service_account_v1.b", r#"{"metadata":[{"name":"b","namespace":"b","annotations":{"eks.amazonaws.com/role-arn":"arn:aws:iam::111122223333:role/app"}}]}"#),
                ])),
                Case::low("an account that is not known", functions(&partly("app"), &partly("app"))),
                Case::low("a profile called like its role", plan(&[
                    ("aws_iam_role.app", r#"{"name":"app"}"#),
                    ("aws_iam_instance_profile.app", r#"{"name":"app","role":"app"}"#),
                    ("aws_instance.a", r#"{"iam_instance_profile":"app"}"#),
                    ("aws_lambda_function.b", &format!(r#"{{"role":{ARN}}}"#)),
                ])),
                Case::low("annotations to come", plan(&[
                    role,
                    ("kubernetes_service_account.a", r#"{"metadata":[{"name":"a","namespace":"a","annotations":{}}]}"#),
                    ("aws_lambda_function.b", &format!(r#"{{"role":{ARN}}}"#)),
                ])
                .unknown("kubernetes_service_account.a", &[r#"metadata[0].annotations["eks.amazonaws.com/role-arn"]"#])
                .references("kubernetes_service_account.a", "metadata[0].annotations", &["aws_iam_role.app"])),
            ]);
    }

    #[test]
    fn near_misses() {
        cases(&super::RULE).allows(&[
            Case::clean("other names", functions(&partly("app"), &partly("mails"))),
            Case::clean("nothing known", functions(&whole("var.a"), &whole("var.a"))),
            Case::clean(
                "a role each",
                functions(ARN, r#""arn:aws:iam::111122223333:role/mails""#),
            ),
            Case::clean(
                "instances of one block",
                plan(&[
                    (r#"aws_lambda_function.f["a"]"#, &format!(r#"{{"role":{ARN}}}"#)),
                    (r#"aws_lambda_function.f["b"]"#, &format!(r#"{{"role":{ARN}}}"#)),
                ]),
            ),
            Case::clean(
                "a role for each key",
                by_reference(
                    plan(&[
                        (r#"aws_iam_role.r["a"]"#, r#"{"name":"a"}"#),
                        (r#"aws_iam_role.r["b"]"#, r#"{"name":"b"}"#),
                        (r#"aws_lambda_function.f["a"]"#, "{}"),
                        (r#"aws_sfn_state_machine.s["b"]"#, "{}"),
                    ]),
                    &[
                        (r#"aws_lambda_function.f["a"]"#, "role", "aws_iam_role.r"),
                        (r#"aws_sfn_state_machine.s["b"]"#, "role_arn", "aws_iam_role.r"),
                    ],
                ),
            ),
            Case::clean(
                "one of several, not known which",
                by_reference(
                    plan(&[
                        (r#"aws_iam_role.r["a"]"#, r#"{"name":"a"}"#),
                        (r#"aws_iam_role.r["b"]"#, r#"{"name":"b"}"#),
                        ("aws_lambda_function.f", "{}"),
                        ("aws_sfn_state_machine.s", "{}"),
                    ]),
                    &[
                        ("aws_lambda_function.f", "role", "aws_iam_role.r"),
                        ("aws_sfn_state_machine.s", "role_arn", "aws_iam_role.r"),
                    ],
                ),
            ),
        ]);
    }

    #[test]
    fn platforms() {
        cases(&super::RULE).allows(&[
            Case::clean(
                "an execution role",
                plan(&[
                    (
                        "aws_ecs_task_definition.a",
                        &format!(r#"{{"execution_role_arn":{ARN}}}"#),
                    ),
                    (
                        "aws_ecs_task_definition.b",
                        &format!(r#"{{"execution_role_arn":{ARN}}}"#),
                    ),
                ]),
            ),
            Case::clean(
                "templates of one cluster",
                plan(&[
                    (
                        "aws_launch_template.a",
                        r#"{"iam_instance_profile":[{"name":"nodes"}]}"#,
                    ),
                    (
                        "aws_launch_template.b",
                        r#"{"iam_instance_profile":[{"name":"nodes"}]}"#,
                    ),
                ]),
            ),
            Case::clean(
                "an instance of a template",
                plan(&[
                    ("aws_launch_template.a", r#"{"iam_instance_profile":[{"name":"p"}]}"#),
                    (
                        "aws_instance.b",
                        r#"{"iam_instance_profile":"p","launch_template":[{"id":"lt-1"}]}"#,
                    ),
                ]),
            ),
            Case::clean(
                "node groups",
                plan(&[
                    ("aws_eks_node_group.a", &format!(r#"{{"node_role_arn":{ARN}}}"#)),
                    ("aws_eks_node_group.b", &format!(r#"{{"node_role_arn":{ARN}}}"#)),
                ]),
            ),
            Case::clean(
                "one account in two clusters",
                plan(&[
                    (
                        "aws_eks_pod_identity_association.a",
                        &format!(r#"{{"namespace":"n","service_account":"s","role_arn":{ARN}}}"#),
                    ),
                    (
                        "aws_eks_pod_identity_association.b",
                        &format!(r#"{{"namespace":"n","service_account":"s","role_arn":{ARN}}}"#),
                    ),
                ]),
            ),
            Case::clean(
                "a default account, which is another rule's",
                plan(&[
                    (
                        "google_cloudfunctions_function.a",
                        r#"{"service_account_email":"p@appspot.gserviceaccount.com"}"#,
                    ),
                    (
                        "google_cloudfunctions_function.b",
                        r#"{"service_account_email":"p@appspot.gserviceaccount.com"}"#,
                    ),
                ]),
            ),
            Case::clean("one that goes", functions(ARN, ARN).destroyed("aws_lambda_function.b")),
        ]);
    }
}
