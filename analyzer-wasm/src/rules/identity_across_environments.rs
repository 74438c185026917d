//! Flags identities that reach from one environment into another.

use nhi_plan::{Finding, Severity};
use nhi_policy_sdk::Findings;

use crate::facts::Facts;
use crate::rule::{Check, Group, Rule};

/// Flags identities that reach from one environment into another.
pub(super) static RULE: Rule = Rule {
    code: "NHI022",
    name: "identity-across-environments",
    group: Group::Privilege,
    severity: Severity::Medium,
    since: "0.1.0",
    summary: "an identity of one environment reaches into another",
    why: "a break-in where people try things out becomes one in production when both sides use the same identity",
    controls: &[
        "NHI8:2025",
        "NHI9:2025",
        "CWE-653",
        "AC-4",
        "SC-7",
        "PR.IR-01",
        "CC6.1",
        "A.8.31",
    ],
    check: Check::Plan(check),
    docs: r#"
## What it does

Flags, by tags and labels alone (`environment`, `env`, `stage` and the like):

- an identity that workloads of different environments run as, or that is of another environment than its workload;
- a role or resource of production whose policy lets in a role of another environment.

`prod`, `prd`, `live` and `production` are one environment, and so are the usual short forms of the others.
It is medium where one side is production, and low otherwise.

## Why is this bad?

Test environments are open to more people, hold weaker secrets and are patched later.
An identity that works in both makes the weaker one the way into the other.

## Example

```terraform
resource "aws_lambda_function" "test" {
  function_name = "orders-test"
  role          = aws_iam_role.orders.arn
  tags          = { environment = "test" }
}

resource "aws_lambda_function" "production" {
  function_name = "orders"
  role          = aws_iam_role.orders.arn
  tags          = { environment = "production" }
}
```

## Use instead

```terraform
resource "aws_lambda_function" "production" {
  function_name = "orders"
  role          = aws_iam_role.orders_production.arn
  tags          = { environment = "production" }
}
```

## Known limits

- What carries no tag is of no environment; names say nothing.
- Environments in other states or accounts are not seen.
- Of policies, those of AWS that stand in a tagged block are read.

## References

- [OWASP NHI8:2025 Environment Isolation](https://owasp.org/www-project-non-human-identities-top-10/2025/8-environment-isolation/)
- [CWE-653: Improper Isolation or Compartmentalization](https://cwe.mitre.org/data/definitions/653.html)
"#,
};

fn check(facts: &Facts, out: &mut Findings) {
    for crossing in &facts.governance.usage.crossings {
        let ((one, first), (other, second)) = (&crossing.one, &crossing.other);
        let (first, second) = (first.as_str(), second.as_str());
        let finding = RULE.finding(&crossing.site.address, &crossing.site.path);
        let finding = if crossing.by_policy {
            let perhaps = if crossing.unverified { "possibly " } else { "" };
            finding
                .message(format!("{perhaps}lets `{other}` of {second} into {first}"))
                .remediation(format!("let in identities of {first} only"))
        } else {
            finding
                .message(format!(
                    "one identity serves {first} (`{one}`) and {second} (`{other}`)"
                ))
                .remediation("give each environment an identity of its own, best in an account of its own")
        };
        let production = crossing.one.1.is_production() || crossing.other.1.is_production();
        let finding = Finding {
            severity: Some(if production { RULE.severity } else { Severity::Low }),
            ..finding
        };
        out.push(if crossing.unverified {
            finding.unverified()
        } else {
            finding
        });
    }
}

#[cfg(test)]
mod tests {
    use nhi_plan::symbol::symbol;

    use crate::rules::cases::{Case, Plan, cases, doc, plan};

    fn functions(first: &str, second: &str) -> Plan {
        let role = r#""role":"arn:aws:iam::111122223333:role/app""#;
        plan(&[
            (
                "aws_lambda_function.a",
                &format!(r#"{{{role},"tags":{{"Environment":"{first}"}}}}"#),
            ),
            (
                "aws_lambda_function.b",
                &format!(r#"{{{role},"tags":{{"env":"{second}"}}}}"#),
            ),
        ])
    }

    fn trust(effect: &str, principal: &str, of_other: &str) -> Plan {
        let statement =
            format!(r#"{{"Effect":"{effect}","Action":"sts:AssumeRole","Principal":{{"AWS":"{principal}"}}}}"#);
        plan(&[
            (
                "aws_iam_role.other",
                &format!(r#"{{"name":"other","tags":{{"env":"{of_other}"}}}}"#),
            ),
            (
                "aws_iam_role.own",
                &format!(
                    r#"{{"name":"own","tags":{{"env":"prod"}},"assume_role_policy":{}}}"#,
                    doc(&statement)
                ),
            ),
        ])
    }

    #[test]
    fn table() {
        let arn = "arn:aws:iam::111122223333:role/other";
        cases(&super::RULE)
            .flags(&[
                Case::medium("production and test", functions("production", "test")).at("role"),
                Case::low("test and staging", functions("test", "staging")),
                Case::medium("instances of one block", plan(&[
                    (r#"google_cloudfunctions_function.f["d"]"#, r#"{"service_account_email":"a@p.iam.gserviceaccount.com","labels":{"env":"dev"}}"#),
                    (r#"google_cloudfunctions_function.f["p"]"#, r#"{"service_account_email":"a@p.iam.gserviceaccount.com","labels":{"env":"prod"}}"#),
                ])),
                Case::medium("a role of another environment", plan(&[
                    ("aws_iam_role.app", r#"{"name":"app","tags_all":{"stage":"dev"}}"#),
                    ("aws_lambda_function.a", r#"{"role":"arn:aws:iam::111122223333:role/app","tags_all":{"stage":"prod"}}"#),
                ])),
                Case::medium("a trust", trust("Allow", arn, "dev")).at("assume_role_policy"),
                Case::medium("a trust by symbol", trust("Allow", &symbol("aws_iam_role.other.arn"), "dev")),
                Case::unverified("a trust that is not known", plan(&[
                    ("aws_iam_role.other", r#"{"name":"other","tags":{"env":"dev"}}"#),
                    ("aws_iam_role.own", r#"{"name":"own","tags":{"env":"prod"}}"#),
                ]).unknown("aws_iam_role.own", &["assume_role_policy"]).references("aws_iam_role.own", "assume_role_policy", &["aws_iam_role.other"])),
                Case::medium("a queue", plan(&[
                    ("aws_iam_role.other", r#"{"name":"other","tags":{"env":"dev"}}"#),
                    ("aws_sqs_queue.q", &format!(r#"{{"tags":{{"env":"prod"}},"policy":{}}}"#, doc(&format!(r#"{{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"*","Principal":{{"AWS":["{arn}"]}}}}"#)))),
                ])),
            ])
            .allows(&[
                Case::clean("one environment by two names", functions("prod", "Production")),
                Case::clean("a name that says nothing", functions("production", "blue")),
                Case::clean("no tags", plan(&[
                    ("aws_lambda_function.dev", r#"{"role":"arn:aws:iam::111122223333:role/app"}"#),
                    ("aws_lambda_function.prod", r#"{"role":"arn:aws:iam::111122223333:role/app"}"#),
                ])),
                Case::clean("a deny", trust("Deny", arn, "dev")),
                Case::clean("a trust inside production", trust("Allow", arn, "prd")),
                Case::clean("a trust of the account", trust("Allow", "arn:aws:iam::111122223333:root", "dev")),
            ]);
    }
}
