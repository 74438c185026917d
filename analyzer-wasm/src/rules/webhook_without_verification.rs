//! Flags webhooks whose two sides do not know each other.

use nhi_plan::json::Value;
use nhi_plan::{Finding, Severity};
use nhi_policy_sdk::Findings;

use crate::facts::Block;
use crate::facts::setting::{self, Is};
use crate::fixes;
use crate::rule::{Check, Group, Rule};

/// A webhook without TLS, or without a secret.
pub(super) static RULE: Rule = Rule {
    code: "NHI029",
    name: "webhook-without-verification",
    group: Group::Governance,
    severity: Severity::Medium,
    since: "0.1.0",
    summary: "a webhook does not verify whom it talks to",
    why: "whoever stands in between reads what the forge sends out, and whoever knows the address can pretend to be the forge",
    controls: &[
        "NHI3:2025",
        "NHI4:2025",
        "CWE-295",
        "CWE-345",
        "IA-3",
        "SC-8",
        "PR.AA-03",
        "CC6.7",
        "A.8.21",
    ],
    check: Check::Resource(&TYPES, check),
    docs: r#"
## What it does

Flags webhooks of GitHub and GitLab that go to an address without TLS, or that do not check the certificate (medium), and those without a secret, so that the receiver cannot tell who calls (low).

## Why is this bad?

A webhook starts builds and deployments at the receiver, and carries names and contents of private repositories.

## Example

```terraform
resource "github_repository_webhook" "ci" {
  repository = "shop"
  events     = ["push"]

  configuration {
    url          = "https://ci.example.com/hook"
    content_type = "json"
    insecure_ssl = true
  }
}
```

## Use instead

```terraform
resource "github_repository_webhook" "ci" {
  repository = "shop"
  events     = ["push"]

  configuration {
    url          = "https://ci.example.com/hook"
    content_type = "json"
    secret       = var.webhook_secret
  }
}
```

## Known limits

- Receivers that tell callers by an address with a secret in it, such as chats, are told too, as low.
- Checked against the shape that the providers document, not against the services.

## References

- [GitHub: validating webhook deliveries](https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries)
- [GitLab: webhooks](https://docs.gitlab.com/user/project/integrations/webhooks/)
- [OWASP NHI3:2025 Vulnerable Third-Party NHI](https://owasp.org/www-project-non-human-identities-top-10/2025/3-vulnerable-third-party-nhi/)
"#,
};

const TYPES: [&str; 4] = [
    "github_organization_webhook",
    "github_repository_webhook",
    "gitlab_group_hook",
    "gitlab_project_hook",
];

fn check(block: &Block<'_>, out: &mut Findings) {
    if setting::flag(block, "active", false) == Is::Yes {
        return;
    }
    let (url, tls, unchecked, secret) = if block.change.resource_type.starts_with("github_") {
        (
            "configuration[0].url",
            "configuration[0].insecure_ssl",
            true,
            "configuration[0].secret",
        )
    } else {
        ("url", "enable_ssl_verification", false, "token")
    };
    let at = |path: &str| block.after().and_then(|after| after.at(path));
    let text = |path: &str| at(path).and_then(Value::as_str);
    let finding = |path: &str| RULE.finding(&block.change.address, path);
    let unchecked = setting::flag(block, tls, unchecked);
    let wide = "send it to an `https` address, and check the certificate";
    if text(url).is_some_and(|url| url.starts_with("http://")) {
        out.push(
            finding(url)
                .message("the webhook sends what happens without TLS")
                .remediation(wide),
        );
    } else if unchecked == Is::Yes {
        out.push(Finding {
            patch: fixes::patch(&RULE, block, tls),
            ..finding(tls)
                .message("the webhook does not check the receiver's certificate")
                .remediation(wide)
        });
    } else if unchecked == Is::Maybe {
        let message = "whether the webhook checks the receiver's certificate is known only after apply";
        out.push(finding(tls).message(message).remediation(wide).unverified());
    } else if text(secret).is_none_or(|secret| secret.is_empty())
        && !block.is_unknown(secret)
        && block.references(secret).is_empty()
    {
        out.push(Finding {
            severity: Some(Severity::Low),
            ..finding(secret)
                .message("the webhook has no secret, so that the receiver cannot tell who calls")
                .remediation("set a secret, and have the receiver verify it")
        });
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::cases::{Case, cases, plan};

    #[test]
    fn table() {
        let github = |inner: &str| {
            plan(&[(
                "github_repository_webhook.w",
                &format!(r#"{{"active":true,"configuration":[{{{inner}}}]}}"#),
            )])
        };
        let gitlab = |inner: &str| plan(&[("gitlab_project_hook.w", &format!("{{{inner}}}"))]);
        let url = r#""url":"https://ci.example.com/hook""#;
        cases(&super::RULE)
            .flags(&[
                Case::medium(
                    "no check",
                    github(&format!(r#"{url},"secret":"x","insecure_ssl":true"#)),
                )
                .at("configuration[0].insecure_ssl"),
                Case::medium("no TLS", github(r#""url":"http://ci.example.com/hook","secret":"x""#)),
                Case::low("no secret", github(url)).at("configuration[0].secret"),
                Case::medium("gitlab", gitlab(&format!(r#"{url},"enable_ssl_verification":false"#))),
                Case::low("gitlab without a token", gitlab(url)).at("token"),
                Case::unverified(
                    "not known",
                    gitlab(url)
                        .unknown("gitlab_project_hook.w", &["enable_ssl_verification"])
                        .references("gitlab_project_hook.w", "enable_ssl_verification", &["data.http.x"]),
                ),
            ])
            .allows(&[
                Case::clean("both", github(&format!(r#"{url},"secret":"x","insecure_ssl":false"#))),
                Case::clean(
                    "a secret to come",
                    github(url).unknown("github_repository_webhook.w", &["configuration[0].secret"]),
                ),
                Case::clean(
                    "a secret that is not stored",
                    gitlab(url).references("gitlab_project_hook.w", "token", &["random_password.p"]),
                ),
                Case::clean(
                    "switched off",
                    plan(&[(
                        "github_repository_webhook.w",
                        &format!(r#"{{"active":false,"configuration":[{{{url}}}]}}"#),
                    )]),
                ),
            ]);
    }
}
