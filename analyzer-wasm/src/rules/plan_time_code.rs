//! Flags configurations that run code where the plan is made.

use nhi_plan::{Finding, Severity};
use nhi_policy_sdk::Findings;

use crate::facts::Facts;
use crate::facts::governance::code::How;
use crate::rule::{Check, Group, Rule};

/// Flags configurations that run code where the plan is made.
pub(super) static RULE: Rule = Rule {
    code: "NHI026",
    name: "plan-time-code",
    group: Group::Governance,
    severity: Severity::Low,
    since: "0.1.0",
    summary: "a configuration runs code with the identity of the pipeline",
    why: "whoever can change the program, or what it fetches, acts with everything that the pipeline may do, before anybody approved the plan",
    controls: &[
        "NHI6:2025",
        "NHI5:2025",
        "CWE-94",
        "CWE-829",
        "CM-7",
        "SI-7",
        "PR.PS-05",
        "CC8.1",
        "A.8.4",
    ],
    check: Check::Plan(check),
    docs: r#"
## What it does

Flags, once for each block of the configuration:

- data sources that run a program, `external` and `shell_script`: they run in every plan, so also in that of a pull request (low);
- `http` data sources that fetch without TLS (low);
- `local-exec` provisioners and `shell_script` resources, which run in the apply (info).

## Why is this bad?

A plan is taken for something that only looks.
A program inside it runs with the credentials of the pipeline, and what it does stands in no plan.

## Example

```terraform
data "external" "version" {
  program = ["bash", "${path.module}/version.sh"]
}
```

## Use instead

```terraform
variable "version" {
  type        = string
  description = "Passed by the pipeline, which worked it out in a step without credentials."
}
```

## Known limits

- What the program does is not looked into.
- Programs inside providers are not seen.

## References

- [OpenTofu: local-exec](https://opentofu.org/docs/language/resources/provisioners/local-exec/)
- [CWE-829: Inclusion of Functionality from Untrusted Control Sphere](https://cwe.mitre.org/data/definitions/829.html)
- [OWASP NHI6:2025 Insecure Cloud Deployment Configurations](https://owasp.org/www-project-non-human-identities-top-10/2025/6-insecure-cloud-deployment-configurations/)
"#,
};

fn check(facts: &Facts, out: &mut Findings) {
    for run in &facts.governance.code.runs {
        let (severity, message, remediation) = match run.how {
            How::Program => (
                RULE.severity,
                "runs a program in every plan, with the identity of the pipeline",
                "work the value out in a step of the pipeline without credentials, and pass it as a variable",
            ),
            How::Command => (
                Severity::Info,
                "runs a command in the apply, with the identity of the pipeline",
                "use a resource of a provider for it, or a step of the pipeline with an identity of its own",
            ),
            How::Fetch => (
                RULE.severity,
                "fetches text without TLS, which anybody on the way can change",
                "fetch it over https, and compare it with a checksum",
            ),
        };
        out.push(Finding {
            severity: Some(severity),
            ..RULE
                .finding(&run.address, run.path)
                .message(message)
                .remediation(remediation)
        });
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::cases::{Case, Plan, cases, plan};

    fn provisioned(list: &'static str) -> Plan {
        plan(&[("null_resource.n", "{}")]).changed("null_resource.n", |change| {
            change.attributes.push(("provisioners".into(), list.into()));
        })
    }

    #[test]
    fn table() {
        let one = |address, after| plan(&[(address, after)]);
        cases(&super::RULE)
            .flags(&[
                Case::low("a program", one("data.external.e", r#"{"program":["./x"]}"#)).at("program"),
                Case::low(
                    "told once",
                    plan(&[("data.external.e[0]", "{}"), ("data.external.e[1]", "{}")]),
                ),
                Case::info(
                    "a command",
                    provisioned(r#"[{"type":"file"},{"type":"local-exec","expressions":{}}]"#),
                ),
                Case::info("a shell", one("shell_script.s", "{}")),
                Case::low(
                    "text without TLS",
                    one("data.http.h", r#"{"url":"http://example.com/install.sh"}"#),
                )
                .at("url"),
            ])
            .allows(&[
                Case::clean(
                    "a file",
                    provisioned(r#"[{"type":"file","expressions":{}},{"type":"remote-exec"}]"#),
                ),
                Case::clean(
                    "https",
                    one("data.http.h", r#"{"url":"https://example.com/install.sh"}"#),
                ),
                Case::clean(
                    "this machine",
                    one("data.http.h", r#"{"url":"http://169.254.169.254/latest/meta-data/"}"#),
                ),
                Case::clean("a managed one", one("external.e", "{}")),
            ]);
    }
}
