//! Flags identities and credentials that nobody answers for, or that have no end.

use nhi_plan::{Finding, Severity};
use nhi_policy_sdk::Findings;

use crate::facts::Facts;
use crate::facts::governance::{Gap, Ungoverned};
use crate::rule::{Check, Group, Rule};

/// An identity without a record, an owner or an end.
pub(super) static RULE: Rule = Rule {
    code: "NHI020",
    name: "ungoverned-identity",
    group: Group::Governance,
    severity: Severity::Medium,
    since: "0.1.0",
    summary: "an identity or credential has no record, no owner or no expiry",
    why: "when nobody answers for an identity and nothing ends it, it outlives its purpose and is found by somebody else",
    controls: &[
        "NHI1:2025",
        "NHI7:2025",
        "CWE-286",
        "AC-2",
        "PR.AA-01",
        "GV.RR-02",
        "PCI-DSS-12.5.1",
        "CC6.2",
        "A.5.16",
    ],
    check: Check::Plan(check),
    docs: r#"
## What it does

Flags a resource that creates an identity or a credential, of any provider the analyzer knows (AWS, Google Cloud, Azure and Entra, Kubernetes, Vault, GitHub, GitLab, Okta, Auth0, Datadog, Snowflake, Cloudflare and others), unless one of these holds:

- An `nhi_identity` of the plan claims it: its `external` refers to the resource, or holds its ARN or id.
- Its tags or labels refer to an `nhi_identity`, or carry `nhi_identity` or `nhi_id`.
- It says both who owns it and until when: in tags, labels, annotations, metadata, or as `owner=…; expires=…` in its description, or in attributes of its own such as `end_date`.

Keys for the owner: `owner`, `owners`, `owned_by`, `owner_team`, `owner_email`, `team`, `responsible`, `technical_owner`, `policy_owner`.
Keys for the end: `expires`, `expires_at`, `expires_on`, `expiry`, `expiry_date`, `expiration`, `expiration_date`, `valid_until`, `end_date`, `ttl`.
Case, `-`, `_` and a prefix such as `nhi:` or `example.com/` make no difference; `never`, `none`, `tbd` and the like say nothing, and a date that has passed is no end.
A credential of an identity in the plan is judged with that identity; service-linked roles, and principals that are only looked up with `use_existing`, are left out.

The severity is medium where the plan shows that records are kept: an `nhi_*` resource or data source, or the provider `nhi`. Elsewhere it is info, because there every identity lacks a record; a credential that never ends is then told by the rules on credentials.

## Why is this bad?

Machine identities outnumber people many times, and most of them are orphans: nobody knows what they are for, so nobody dares to remove them.
An owner answers when it matters, and an end makes forgetting safe.

## Example

```terraform
resource "aws_iam_role" "deploy" {
  name = "payments-deploy"
}
```

## Use instead

```terraform
resource "nhi_identity" "deploy" {
  name            = "payments-deploy"
  kind            = "ci_pipeline"
  technical_owner = "team:payments"
  policy_owner    = "team:iam"
  environment     = "production"
  ttl             = "720h"
  revoked_by      = ["ttl"]
  external        = [aws_iam_role.deploy.arn]

  purpose = {
    summary = "deploys the payments service"
    task    = "release pipeline, job deploy"
  }

  scope = [{
    backend  = "aws"
    resource = "arn:aws:ecs:eu-west-1:111122223333:service/payments/api"
    actions  = ["ecs:UpdateService"]
  }]
}
```

## Known limits

- A record in another state is seen only through tags.
- Roles and users inside databases are not judged yet.
- Whether the owner exists is not checked.

## References

- [OWASP NHI1:2025 Improper Offboarding](https://owasp.org/www-project-non-human-identities-top-10/2025/1-improper-offboarding/)
- [NIST SP 800-53 AC-2 Account Management](https://csrc.nist.gov/projects/cprt/catalog#/cprt/framework/version/SP_800_53_5_1_1/home?element=AC-02)
- [CWE-286: Incorrect User Management](https://cwe.mitre.org/data/definitions/286.html)
"#,
};

fn check(facts: &Facts, out: &mut Findings) {
    for ungoverned in facts.governance.ungoverned() {
        let message = message(ungoverned);
        let path = ungoverned
            .label_attribute
            .unwrap_or_default()
            .replace("metadata.", "metadata[0].");
        let remediation = match ungoverned.label_attribute {
            Some(attribute) => format!(
                "claim it with an `nhi_identity` (`external`), or put `owner` and `expires_at` into `{attribute}`"
            ),
            None => String::from("claim it with an `nhi_identity`, whose `external` refers to this resource"),
        };
        let finding = RULE
            .finding(&ungoverned.address, &path)
            .message(message)
            .remediation(remediation);
        out.push(match (ungoverned.unverified, facts.governance.is_adopted()) {
            (true, _) => finding.unverified(),
            (false, true) => finding,
            // Where nobody keeps records yet, every identity lacks one.
            (false, false) => Finding {
                severity: Some(Severity::Info),
                ..finding
            },
        });
    }
}

fn message(ungoverned: &Ungoverned) -> String {
    let noun = ungoverned.noun;
    let article = if noun == "identity" { "an" } else { "a" };
    if ungoverned.unverified {
        return format!("{article} {noun} whose owner and expiry are known only after apply");
    }
    let gap = match ungoverned.gap {
        Gap::Both => "no record, no owner and no expiry",
        Gap::Owner => "no record and no owner",
        Gap::Expiry => "no record and no expiry",
        Gap::Expired => "no record, and its expiry has passed",
    };
    format!("{article} {noun} with {gap}")
}

#[cfg(test)]
mod tests {
    use nhi_plan::{Change, Mode};

    use crate::rules::cases::{Case, cases, plan};

    fn as_provider(change: &mut Change<'static>) {
        change.mode = Mode::Provider;
        change.resource_type = change.address.trim_start_matches("provider.").to_owned().into();
    }

    #[test]
    fn table() {
        cases(&super::RULE)
            .flags(&[
                Case::info("a bare role", plan(&[("aws_iam_role.r", r#"{"name":"r","tags":null}"#)])).at("tags"),
                Case::info("an owner only", plan(&[("aws_iam_user.u", r#"{"name":"u","tags":{"Owner":"team-a"}}"#)])),
                Case::info("an end only", plan(&[("aws_iam_role.r", r#"{"tags":{"expires_at":"2026-06-01"}}"#)])),
                Case::info("an end that has passed", plan(&[("aws_iam_role.r", r#"{"tags":{"owner":"a","expires_at":"2025-06-01"}}"#)])),
                Case::info("words that say nothing", plan(&[("aws_iam_role.r", r#"{"tags":{"owner":"tbd","expires":"never"}}"#)])),
                Case::info("google", plan(&[("google_service_account.s", r#"{"account_id":"s","description":"deploys"}"#)])),
                Case::info("azure", plan(&[("azurerm_user_assigned_identity.i", r#"{"name":"i","tags":{}}"#)])),
                Case::info("entra", plan(&[("azuread_application.a", r#"{"display_name":"a","owners":[]}"#)])),
                Case::info("kubernetes", plan(&[("kubernetes_service_account_v1.s", r#"{"metadata":[{"name":"s","labels":{"app":"x"}}]}"#)])).at("metadata[0].labels"),
                Case::info("a token without an end", plan(&[("gitlab_project_access_token.t", r#"{"name":"t"}"#)])),
                Case::info("a key of a user elsewhere", plan(&[("aws_iam_access_key.k", r#"{"user":"legacy"}"#)])),
                Case::info("told once with its key", plan(&[("aws_iam_user.u", r#"{"name":"u"}"#), ("aws_iam_access_key.k", r#"{"user":"u"}"#)])
                    .references("aws_iam_access_key.k", "user", &["aws_iam_user.u"])),
                Case::medium("a record of something else", plan(&[("aws_iam_role.r", r#"{"name":"r"}"#), ("nhi_identity.i", r#"{"external":["arn:aws:iam::111122223333:role/other"]}"#)])),
                Case::medium("beside the provider", plan(&[("aws_iam_role.r", r#"{"name":"r"}"#), ("provider.nhi", "{}")]).changed("provider.nhi", as_provider)),
                Case::info("another provider", plan(&[("aws_iam_role.r", r#"{"name":"r"}"#), ("provider.aws", "{}")]).changed("provider.aws", as_provider)),
                Case::medium("beside the last record, which goes", plan(&[("aws_iam_role.r", r#"{"name":"r"}"#), ("nhi_identity.i", "{}")]).destroyed("nhi_identity.i")),
                Case::info("a principal of its own", plan(&[("azuread_service_principal.s", r#"{"use_existing":null,"owners":[]}"#)])),
                Case::unverified("tags unknown", plan(&[("aws_iam_role.r", r#"{"name":"r"}"#)])
                    .unknown("aws_iam_role.r", &["tags", "tags_all"])
                    .references("aws_iam_role.r", "tags", &["aws_s3_bucket.b"])),
            ])
            .allows(&[
                Case::clean("tags", plan(&[("aws_iam_role.r", r#"{"tags":{"Owner":"team-a","ExpiresAt":"2026-06-01"}}"#)])),
                Case::clean("default tags", plan(&[("aws_iam_role.r", r#"{"tags":null,"tags_all":{"owner":"team-a","ttl":"720h"}}"#)])),
                Case::clean("a value that is unknown", plan(&[("aws_iam_role.r", r#"{"tags":{"owner":"a"}}"#)]).unknown("aws_iam_role.r", &["tags[\"expires_at\"]"])),
                Case::clean("labels", plan(&[("kubernetes_service_account.s", r#"{"metadata":[{"annotations":{"example.com/owner":"a","example.com/valid-until":"2026-06-01"}}]}"#)])),
                Case::clean("a description", plan(&[("google_service_account.s", r#"{"description":"deploys; owner=team-a, expires=2026-06-01"}"#)])),
                Case::clean("attributes of its own", plan(&[("azuread_application.a", r#"{"owners":["0000"],"tags":["expires=2026-06-01"]}"#)])),
                Case::clean("a token that rotates", plan(&[("gitlab_project_access_token.t", r#"{"description":"owner=a","rotation_configuration":{"expiration_days":60}}"#)]).unknown("gitlab_project_access_token.t", &["expires_at"])),
                Case::clean("claimed by reference", plan(&[("aws_iam_role.r", r#"{"name":"r"}"#), ("nhi_identity.i", "{}")])
                    .unknown("aws_iam_role.r", &["arn"])
                    .references("nhi_identity.i", "external", &["aws_iam_role.r"])),
                Case::clean("claimed by its ARN", plan(&[
                    ("aws_iam_role.r", r#"{"arn":"arn:aws:iam::111122223333:role/r"}"#),
                    ("nhi_identity.i", r#"{"external":["arn:aws:iam::111122223333:role/r"]}"#),
                ])),
                Case::clean("tags that lead to a record", plan(&[("aws_iam_role.r", r#"{"tags":{"nhi":null}}"#)])
                    .references("aws_iam_role.r", "tags", &["nhi_identity.i"])),
                Case::clean("a record in another state", plan(&[("aws_iam_role.r", r#"{"tags":{"nhi_id":"01JB"}}"#)])),
                Case::clean("service-linked", plan(&[("aws_iam_role.r", r#"{"path":"/aws-service-role/ecs.amazonaws.com/"}"#), ("aws_iam_service_linked_role.s", "{}")])),
                Case::clean("a key of a governed user", plan(&[
                    ("aws_iam_user.u", r#"{"tags":{"owner":"a","ttl":"90d"}}"#),
                    ("aws_iam_access_key.k", "{}"),
                ]).references("aws_iam_access_key.k", "user", &["aws_iam_user.u"])),
                Case::clean("a principal that is there already", plan(&[("azuread_service_principal.s", r#"{"client_id":"00000003-0000-0000-c000-000000000000","use_existing":true}"#)])),
                Case::clean("no identity", plan(&[("aws_s3_bucket.b", r#"{"bucket":"b"}"#), ("aws_iam_policy.p", r#"{"name":"p"}"#)])),
                Case::clean("destroyed", plan(&[("aws_iam_role.r", r#"{"name":"r"}"#)]).destroyed("aws_iam_role.r")),
                Case::clean("a data source", plan(&[("data.aws_iam_role.r", r#"{"name":"r"}"#)])),
            ]);
    }
}
