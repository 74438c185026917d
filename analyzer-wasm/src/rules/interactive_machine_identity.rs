//! Flags machine identities that people use too.

use nhi_plan::Severity;
use nhi_policy_sdk::Findings;

use crate::facts::Facts;
use crate::facts::governance::people::Human;
use crate::rule::{Check, Group, Rule};

/// Flags machine identities that people use too.
pub(super) static RULE: Rule = Rule {
    code: "NHI027",
    name: "interactive-machine-identity",
    group: Group::Governance,
    severity: Severity::Low,
    since: "0.1.0",
    summary: "people act through the identity of a machine",
    why: "what a person does as a machine cannot be told from what the machine does, and the person keeps the way in after leaving",
    controls: &[
        "NHI10:2025",
        "CWE-286",
        "CWE-778",
        "AC-2",
        "AU-10",
        "PR.AA-01",
        "CC6.2",
        "A.5.16",
    ],
    check: Check::Plan(check),
    docs: r#"
## What it does

Flags:

- an IAM user with a password for the console and an access key that is in use, both in the plan;
- a person (`user:…`) who may make tokens or keys of a service account of Google Cloud, by a grant on that account.

Grants on whole projects, and what can be gained by them, are told by `google-impersonate-service-account`; people in the trust of a role of AWS by `human-in-workload-trust`.

## Why is this bad?

One identity for both means that the logs name neither, that the second factor of the person does not guard the key, and that the key dies with the person's account, so that nobody closes it.

## Example

```terraform
resource "aws_iam_user_login_profile" "deploy" {
  user = "deploy"
}

resource "aws_iam_access_key" "deploy" {
  user = "deploy"
}
```

## Use instead

```terraform
resource "aws_ssoadmin_account_assignment" "people" {
  instance_arn       = "arn:aws:sso:::instance/ssoins-1111222233334444"
  permission_set_arn = aws_ssoadmin_permission_set.operators.arn
  principal_id       = "906775f9-1111-2222-3333-444455556666"
  principal_type     = "GROUP"
  target_id          = "111122223333"
  target_type        = "AWS_ACCOUNT"
}
```

## Known limits

- Passwords and keys that are made outside the plan are not seen.
- Groups may hold machines, and are not counted as people.

## References

- [OWASP NHI10:2025 Human Use of NHI](https://owasp.org/www-project-non-human-identities-top-10/2025/10-human-use-of-nhi/)
- [Roles for service account authentication](https://cloud.google.com/iam/docs/service-account-permissions)
"#,
};

fn check(facts: &Facts, out: &mut Findings) {
    for human in &facts.governance.people.found {
        out.push(match human {
            Human::Login { site, key } => RULE
                .finding(&site.address, &site.path)
                .message(format!(
                    "a user logs in to the console and has the key of a machine, `{key}`"
                ))
                .remediation("let people log in with IAM Identity Center, and give the machine a role"),
            Human::Member { site, member, role } => RULE
                .finding(&site.address, &site.path)
                .message(format!("`{member}` may act as a service account (`{role}`)"))
                .remediation(
                    "grant people what they need themselves, for a time, and leave the account to its workload",
                ),
        });
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::cases::{Case, cases, plan};

    #[test]
    fn table() {
        let login = ("aws_iam_user_login_profile.l", r#"{"user":"u"}"#);
        let (unknown_login, unknown_key) = ("aws_iam_user_login_profile.l", "aws_iam_access_key.k");
        let member = "google_service_account_iam_member.m";
        let creator = r#""role":"roles/iam.serviceAccountTokenCreator","service_account_id":"projects/p/serviceAccounts/a@p.iam.gserviceaccount.com""#;
        cases(&super::RULE)
            .flags(&[
                Case::low("password and key", plan(&[login, ("aws_iam_access_key.k", r#"{"user":"u"}"#)])).at("user"),
                Case::low("by reference", plan(&[(unknown_login, "{}"), (unknown_key, "{}")])
                    .unknown(unknown_login, &["user"]).references(unknown_login, "user", &["aws_iam_user.u"])
                    .unknown(unknown_key, &["user"]).references(unknown_key, "user", &["aws_iam_user.u"])),
                Case::low("a person", plan(&[(member, &format!(r#"{{{creator},"member":"user:a@example.com"}}"#))])).at("member"),
                Case::low("a list", plan(&[("google_service_account_iam_binding.b", &format!(r#"{{{creator},"members":["serviceAccount:x@p.iam.gserviceaccount.com","user:a@example.com"]}}"#))])).at("members"),
            ])
            .allows(&[
                Case::clean("password only", plan(&[login])),
                Case::clean("two users", plan(&[login, ("aws_iam_access_key.k", r#"{"user":"other"}"#)])),
                Case::clean("a key that is off", plan(&[login, ("aws_iam_access_key.k", r#"{"user":"u","status":"Inactive"}"#)])),
                Case::clean("a machine", plan(&[(member, &format!(r#"{{{creator},"member":"serviceAccount:x@p.iam.gserviceaccount.com"}}"#))])),
                Case::clean("a group", plan(&[(member, &format!(r#"{{{creator},"member":"group:a@example.com"}}"#))])),
                Case::clean("a viewer", plan(&[(member, r#"{"role":"roles/iam.serviceAccountViewer","member":"user:a@example.com"}"#)])),
            ]);
    }
}
