//! Flags deploy keys that can write to their repository.

use nhi_plan::Severity;
use nhi_policy_sdk::Findings;

use crate::facts::Block;
use crate::facts::setting::{self, Is};
use crate::fixes;
use crate::rule::{Check, Group, Rule};

/// Deploy keys that can write to their repository.
pub(super) static RULE: Rule = Rule {
    code: "NHI075",
    name: "github-deploy-key-write",
    group: Group::Credential,
    severity: Severity::High,
    since: "0.1.0",
    summary: "a deploy key can push to its repository",
    why: "the key belongs to no person, has no end, and whoever finds it changes the code that is deployed",
    controls: &["NHI5:2025", "NHI7:2025", "CWE-269", "CWE-732", "AC-6", "PR.AA-05"],
    check: Check::Resource(&["github_repository_deploy_key"], check),
    docs: r#"
## What it does

Flags `github_repository_deploy_key` with `read_only = false`.
The provider's default is a key that only reads.

## Why is this bad?

A key that pushes is outside of reviews, of two factors and of the list of people with access.

## Example

```terraform
resource "github_repository_deploy_key" "ci" {
  repository = "shop"
  title      = "ci"
  key        = tls_private_key.ci.public_key_openssh
  read_only  = false
}
```

## Use instead

```terraform
resource "github_repository_deploy_key" "ci" {
  repository = "shop"
  title      = "ci"
  key        = tls_private_key.ci.public_key_openssh
  read_only  = true
}
```

## Known limits

- What branches are protected against is not looked at.
- Checked against the shape that the provider documents, not against GitHub.

## References

- [Deploy keys](https://docs.github.com/en/authentication/connecting-to-github-with-ssh/managing-deploy-keys)
- [OWASP NHI5:2025 Overprivileged NHI](https://owasp.org/www-project-non-human-identities-top-10/2025/5-overprivileged-nhi/)
"#,
};

fn check(block: &Block<'_>, out: &mut Findings) {
    let finding = RULE.finding(&block.change.address, "read_only");
    match setting::flag(block, "read_only", false) {
        Is::Yes => {
            let mut finding = finding
                .message("the deploy key can push to its repository")
                .remediation(
                    "set `read_only` to true, and let what must push use a GitHub App or the workflow's own token",
                );
            finding.patch = fixes::patch(&RULE, block, "read_only");
            out.push(finding);
        }
        Is::Maybe => {
            let finding = finding
                .message("whether the deploy key can push is known only after apply")
                .remediation("set `read_only` to true");
            out.push(finding.unverified());
        }
        Is::No => {}
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::cases::{Case, cases, plan};

    #[test]
    fn table() {
        let key = "github_repository_deploy_key.k";
        cases(&super::RULE)
            .flags(&[
                Case::high("writes", plan(&[(key, r#"{"repository":"shop","read_only":false}"#)])).at("read_only"),
                Case::unverified(
                    "unknown",
                    plan(&[(key, "{}")]).unknown(key, &["read_only"]).references(
                        key,
                        "read_only",
                        &["local.read_only"],
                    ),
                ),
            ])
            .allows(&[
                Case::clean("reads", plan(&[(key, r#"{"repository":"shop","read_only":true}"#)])),
                Case::clean("destroyed", plan(&[(key, r#"{"read_only":false}"#)]).destroyed(key)),
                Case::clean(
                    "a key of a person",
                    plan(&[("github_user_ssh_key.k", r#"{"title":"x"}"#)]),
                ),
            ]);
        let found = plan(&[(key, r#"{"read_only":false}"#)]).judge();
        let patch = found
            .iter()
            .find_map(|finding| finding.patch.as_ref())
            .expect("a patch");
        assert_eq!((patch.path.as_str(), patch.replacement.as_str()), ("read_only", "true"));
    }
}
