//! Flags static access keys of IAM users.

use nhi_plan::Severity;
use nhi_policy_sdk::Findings;

use crate::facts::Block;
use crate::rule::{Check, Group, Rule};

/// A static access key.
pub(super) static RULE: Rule = Rule {
    code: "NHI010",
    name: "aws-access-key",
    group: Group::Credential,
    severity: Severity::High,
    since: "0.1.0",
    summary: "an IAM user has a static access key",
    why: "a static key works from anywhere until somebody remembers to remove it, and its secret stands in the state",
    controls: &[
        "NHI7:2025",
        "NHI2:2025",
        "NHI4:2025",
        "CWE-798",
        "CWE-522",
        "IA-5",
        "PR.AA-01",
        "CIS-AWS-2.12",
        "PCI-DSS-8.6.3",
        "A.5.17",
    ],
    check: Check::Resource(&["aws_iam_access_key"], check),
    docs: r#"
## What it does

Flags every `aws_iam_access_key` that exists after the apply.
An inactive key is low: it does nothing, but it can be switched on again.
With `pgp_key` the secret in the state is encrypted; the key itself stays as long-lived as any.

## Why is this bad?

An access key has no end and is bound to no place.
Its secret is in the state file, in every backup of it, and wherever it was copied to in order to be used.
Most incidents with machine identities begin with such a key.

## Example

```terraform
resource "aws_iam_access_key" "ci" {
  user = aws_iam_user.ci.name
}
```

## Use instead

```terraform
resource "aws_iam_role" "ci" {
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = aws_iam_openid_connect_provider.github.arn }
      Condition = {
        StringEquals = {
          "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com"
          "token.actions.githubusercontent.com:sub" = "repo:example/payments:environment:production"
        }
      }
    }]
  })
}
```

## Known limits

- A service that cannot assume a role needs a key; record the exception with an end.
- The age of a key and its last use do not stand in a plan.

## References

- [IAM best practices: use temporary credentials](https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html)
- [OWASP NHI7:2025 Long-Lived Secrets](https://owasp.org/www-project-non-human-identities-top-10/2025/7-long-lived-secrets/)
- [CWE-798: Use of Hard-coded Credentials](https://cwe.mitre.org/data/definitions/798.html)
"#,
};

fn check(block: &Block<'_>, out: &mut Findings) {
    let inactive = block
        .string("status")
        .is_some_and(|status| status.eq_ignore_ascii_case("inactive"));
    let encrypted = block.string("pgp_key").is_some_and(|key| !key.is_empty());
    let message = match (inactive, encrypted) {
        (true, _) => "an inactive static access key, which can be switched on again",
        (false, true) => "a static access key without an end; its secret is encrypted in the state",
        (false, false) => "a static access key without an end; its secret stands in the state",
    };
    let remediation = if inactive {
        "remove the key"
    } else {
        "let the workload assume a role (OIDC federation, instance profile, IAM Roles Anywhere) and remove the key"
    };
    let mut finding = RULE
        .finding(&block.change.address, "")
        .message(message)
        .remediation(remediation);
    finding.severity = inactive.then_some(Severity::Low);
    out.push(finding);
}

#[cfg(test)]
mod tests {
    use nhi_plan::{Action, Mode};

    use crate::rules::cases::{Case, cases, plan};

    #[test]
    fn table() {
        let key = "aws_iam_access_key.k";
        cases(&super::RULE)
            .flags(&[
                Case::high(
                    "created",
                    plan(&[(key, r#"{"user":"ci","status":"Active","pgp_key":null}"#)]),
                ),
                Case::high(
                    "user unknown",
                    plan(&[(key, r#"{"status":"Active"}"#)]).unknown(key, &["user"]),
                ),
                Case::high(
                    "exists already",
                    plan(&[(key, r#"{"user":"ci","status":"Active","id":"x"}"#)])
                        .changed(key, |change| change.actions = vec![Action::NoOp]),
                ),
                Case::high(
                    "replaced",
                    plan(&[(key, r#"{"user":"ci"}"#)])
                        .changed(key, |change| change.actions = vec![Action::Delete, Action::Create]),
                ),
                Case::high("encrypted", plan(&[(key, r#"{"user":"ci","pgp_key":"keybase:ci"}"#)])),
                Case::high(
                    "in a module",
                    plan(&[(r#"module.m["a"].aws_iam_access_key.k[0]"#, r#"{"user":"ci"}"#)]),
                ),
                Case::low("inactive", plan(&[(key, r#"{"user":"ci","status":"Inactive"}"#)])),
                Case::low(
                    "made inactive",
                    plan(&[(key, r#"{"user":"ci","status":"Inactive"}"#)])
                        .changed(key, |change| change.actions = vec![Action::Update]),
                ),
            ])
            .allows(&[
                Case::clean("destroyed", plan(&[(key, "{}")]).destroyed(key)),
                Case::clean(
                    "forgotten",
                    plan(&[(key, "{}")]).changed(key, |change| change.actions = vec![Action::Forget]),
                ),
                Case::clean("a user without a key", plan(&[("aws_iam_user.u", r#"{"name":"ci"}"#)])),
                Case::clean(
                    "a data source of that kind",
                    plan(&[("data.aws_iam_access_keys.k", r#"{"user":"ci"}"#)]),
                ),
                Case::clean(
                    "a data block",
                    plan(&[(key, "{}")]).changed(key, |change| change.mode = Mode::Data),
                ),
                Case::clean(
                    "a key pair of machines",
                    plan(&[("aws_key_pair.k", r#"{"public_key":"ssh-ed25519 AAAAC3Nza"}"#)]),
                ),
                Case::clean("a similar name", plan(&[("aws_iam_access_key_rotation.k", "{}")])),
                Case::clean(
                    "a role",
                    plan(&[("aws_iam_role.r", r#"{"name":"aws_iam_access_key"}"#)]),
                ),
            ]);
    }
}
