//! Flags secret variables of GitLab that every branch or every log may show.

use nhi_plan::json::Value;
use nhi_plan::{Severity, symbol};
use nhi_policy_sdk::Findings;

use crate::facts::{Block, gitlab, setting};

use crate::rule::{Check, Group, Rule};

/// Secret variables of GitLab that every branch or every log may show.
pub(super) static RULE: Rule = Rule {
    code: "NHI081",
    name: "gitlab-variable-unprotected",
    group: Group::Credential,
    severity: Severity::Medium,
    since: "0.1.0",
    summary: "a secret variable of GitLab is not masked, or every branch gets it",
    why: "whoever may push a branch reads an unprotected variable, and whoever may read a log reads an unmasked one",
    controls: &["NHI2:2025", "NHI6:2025", "CWE-522", "CWE-532", "IA-5", "PR.AA-05"],
    check: Check::Resource(
        &[
            "gitlab_group_variable",
            "gitlab_instance_variable",
            "gitlab_project_variable",
        ],
        check,
    ),
    docs: r#"
## What it does

Flags variables whose key names a secret (token, password, private key and the like) with `masked = false` (medium), or with `protected = false` alone (low).
Files cannot be masked as a whole; for them only `protected` counts.
A key that is known only after apply is listed as unverified, unless the variable is masked and protected.

## Why is this bad?

An unprotected variable is in every pipeline, also in that of a branch that nobody reviewed.

## Example

```terraform
resource "gitlab_project_variable" "deploy" {
  project   = "example/shop"
  key       = "DEPLOY_TOKEN"
  value     = var.deploy_token
  protected = false
  masked    = false
}
```

## Use instead

```terraform
resource "gitlab_project_variable" "deploy" {
  project   = "example/shop"
  key       = "DEPLOY_TOKEN"
  value     = var.deploy_token
  protected = true
  masked    = true
}
```

## Known limits

- A secret under a key that does not say so is not seen here.
- GitLab masks only values of a certain form.
- Checked against the shape that the provider documents, not against GitLab.

## References

- [CI/CD variables](https://docs.gitlab.com/ci/variables/)
- [OWASP NHI2:2025 Secret Leakage](https://owasp.org/www-project-non-human-identities-top-10/2025/2-secret-leakage/)
"#,
};

fn check(block: &Block<'_>, out: &mut Findings) {
    let key = block.string("key");
    let vague = key
        .as_deref()
        .map_or_else(|| setting::is_open(block, "key"), setting::is_symbol);
    let Some(key) = key
        .filter(|key| vague || gitlab::names_secret(key))
        .or_else(|| vague.then(String::new))
    else {
        return;
    };
    let flag = |path: &str| block.after().and_then(|after| after.get(path)).and_then(Value::as_bool);
    let is_file = block.string("variable_type").is_some_and(|kind| kind == "file");
    let hidden = flag("hidden") == Some(true);
    let masked = is_file || hidden || flag("masked") == Some(true);
    let protected = flag("protected") == Some(true);
    let unknown = |path: &str| block.is_unknown(path) && !block.references(path).is_empty();
    let readable = symbol::readable(&key);
    let (severity, path, message) = match (masked, protected) {
        (false, _) if unknown("masked") => (
            None,
            "masked",
            format!("whether `{readable}` is masked is known only after apply"),
        ),
        (false, true) => (
            Some(Severity::Medium),
            "masked",
            format!("`{readable}` may be printed in the logs of pipelines"),
        ),
        (false, false) => (
            Some(Severity::Medium),
            "masked",
            format!("`{readable}` is in the pipelines of every branch and may be printed in their logs"),
        ),
        (true, false) if unknown("protected") => (
            None,
            "protected",
            format!("whether `{readable}` is protected is known only after apply"),
        ),
        (true, false) => (
            Some(Severity::Low),
            "protected",
            format!("`{readable}` is in the pipelines of every branch"),
        ),
        (true, true) => return,
    };
    let (severity, path, message) = if vague {
        let message = "whether a variable that is not masked and protected holds a secret is known only after apply: its key is not known";
        (None, "key", String::from(message))
    } else {
        (severity, path, message)
    };
    let mut finding = RULE
        .finding(&block.change.address, path)
        .message(message)
        .remediation("set `masked` and `protected` to true, or let the job log in with an id token");
    finding.severity = severity;
    out.push(if severity.is_some() {
        finding
    } else {
        finding.unverified()
    });
}

#[cfg(test)]
mod tests {
    use nhi_plan::symbol::symbol;

    use crate::rules::cases::{Case, Plan, cases, plan};

    fn variable(key: &str, masked: bool, protected: bool) -> Plan {
        plan(&[(
            "gitlab_project_variable.v",
            &format!(
                r#"{{"key":"{key}","value":"x","masked":{masked},"protected":{protected},"variable_type":"env_var"}}"#
            ),
        )])
    }

    fn keyless(masked: bool, protected: bool) -> Plan {
        let v = "gitlab_project_variable.v";
        plan(&[(
            v,
            &format!(r#"{{"value":"x","masked":{masked},"protected":{protected}}}"#),
        )])
        .unknown(v, &["key"])
        .references(v, "key", &["data.http.x"])
    }

    #[test]
    fn table() {
        cases(&super::RULE)
            .flags(&[
                Case::medium("neither", variable("DEPLOY_TOKEN", false, false)).at("masked"),
                Case::medium("not masked", variable("DB_PASSWORD", false, true)),
                Case::low("not protected", variable("AWS_SECRET_ACCESS_KEY", true, false)).at("protected"),
                Case::low(
                    "a file",
                    plan(&[(
                        "gitlab_group_variable.v",
                        r#"{"key":"SSH_PRIVATE_KEY","variable_type":"file","masked":false,"protected":false}"#,
                    )]),
                ),
                Case::unverified("a key that is not known", keyless(true, false)).at("key"),
                Case::unverified(
                    "a key that is a symbol",
                    variable(&symbol("terraform_data.t.output"), false, false),
                ),
            ])
            .allows(&[
                Case::clean("both, under a key that is not known", keyless(true, true)),
                Case::clean(
                    "a key that is known in part",
                    variable(&format!("REGION_{}", symbol("terraform_data.t.output")), false, false),
                ),
                Case::clean("both", variable("DEPLOY_TOKEN", true, true)),
                Case::clean("no secret", variable("AWS_REGION", false, false)),
                Case::clean("a public key", variable("SSH_PUBLIC_KEY", false, false)),
                Case::clean("where a secret is", variable("SECRET_NAME", false, false)),
                Case::clean("a keyboard", variable("KEYBOARD", false, false)),
                Case::clean(
                    "a file that is protected",
                    plan(&[(
                        "gitlab_group_variable.v",
                        r#"{"key":"SSH_PRIVATE_KEY","variable_type":"file","masked":false,"protected":true}"#,
                    )]),
                ),
            ]);
    }
}
