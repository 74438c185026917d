//! Flags roles that trust an issuer of tokens and do not look at the subject.

use nhi_plan::Severity;
use nhi_policy_sdk::Findings;

use crate::facts::Facts;
use crate::facts::trust::Remark;
use crate::facts::trust::federated::Gap;
use crate::facts::trust::issuer::{Dialect, Reach};
use crate::rule::{Check, Group, Rule};

/// A role that looks at no subject.
pub(super) static RULE: Rule = Rule {
    code: "NHI030",
    name: "oidc-trust-without-subject",
    group: Group::Privilege,
    severity: Severity::Critical,
    since: "0.1.0",
    summary: "a role accepts any token of an identity provider, whatever its subject",
    why: "whoever gets a token from the same provider, which for a public one is anybody with a free account, can become this role",
    controls: &[
        "NHI6:2025",
        "NHI5:2025",
        "CWE-284",
        "CWE-863",
        "AC-3",
        "IA-9",
        "PR.AA-05",
        "CC6.1",
        "A.5.15",
    ],
    check: Check::Plan(check),
    docs: r#"
## What it does

Flags an IAM role whose trust in an OpenID Connect provider demands nothing of the `sub` claim: no condition on it, a value of `*`, a negated operator, or an operator that also passes without the claim (`ForAllValues`, `IfExists`).
Another claim that binds the token counts as well: `repository_id` or `job_workflow_ref` of GitHub, an e-mail address, any claim of an issuer that serves one organisation only.
For public issuers (GitHub, GitLab, HCP Terraform, Buildkite, Vercel, Google accounts) the finding is critical; for an issuer that is not known it is high; for logins of people to one app, and for one that serves a single cluster or organisation it is medium.

## Why is this bad?

GitHub signs a token for every workflow of every repository in the world.
The subject is what tells yours from those of strangers.

## Example

```terraform
resource "aws_iam_role" "deploy" {
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com" }
      Condition = {
        StringEquals = {
          "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com"
        }
      }
    }]
  })
}
```

## Use instead

```terraform
resource "aws_iam_role" "deploy" {
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com" }
      Condition = {
        StringEquals = {
          "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com"
          "token.actions.githubusercontent.com:sub" = "repo:acme/app:environment:production"
        }
      }
    }]
  })
}
```

## Known limits

- An issuer that is known only after apply is recognised by the keys and values of the condition, or by the provider block it leads to; otherwise it counts as unknown.
- Cognito identity pools have a rule of their own.

## References

- [Configuring OpenID Connect in Amazon Web Services](https://docs.github.com/en/actions/how-tos/secure-your-work/security-harden-deployments/oidc-in-aws)
- [IAM: create a role for OpenID Connect federation](https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-idp_oidc.html)
- [OWASP NHI6:2025 Insecure Cloud Deployment Configurations](https://owasp.org/www-project-non-human-identities-top-10/2025/6-insecure-cloud-deployment-configurations/)
"#,
};

fn check(facts: &Facts, out: &mut Findings) {
    for placed in &facts.trusts {
        let Remark::NoSubject { issuer, gap, audience } = &placed.remark else {
            continue;
        };
        let severity = match (issuer.reach, gap) {
            // Whoever logs in to the app of this audience, which is meant so.
            (Reach::Public, Gap::Missing) if *audience && issuer.dialect == Dialect::Login => Severity::Medium,
            (Reach::Public, Gap::Lenient) => Severity::High,
            (Reach::Public, _) => Severity::Critical,
            (Reach::Unknown, _) if *audience => Severity::Medium,
            (Reach::Unknown, _) => Severity::High,
            (Reach::Tenant, _) => Severity::Medium,
        };
        let how = match gap {
            Gap::Missing => "no condition on the subject",
            Gap::Open => "a subject of `*`",
            Gap::Lenient => "an operator that also passes without a subject",
        };
        let who = match issuer.reach {
            Reach::Public => "anyone who gets a token from",
            Reach::Unknown => "whatever gets a token from",
            Reach::Tenant => "everything that gets a token from",
        };
        out.push(placed.finding(
            &RULE,
            severity,
            &format!("{who} {} may assume this role: {how}", issuer.name),
            "require the exact `sub` with `StringEquals`, and the `aud`",
        ));
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::cases::{Case, Plan, cases, doc, plan};

    fn trust(statements: &str) -> Plan {
        plan(&[(
            "aws_iam_role.r",
            &format!(r#"{{"name":"r","assume_role_policy":{}}}"#, doc(statements)),
        )])
    }

    const GITHUB: &str = "token.actions.githubusercontent.com";

    fn web(issuer: &str, condition: &str) -> Plan {
        trust(&format!(
            r#"{{"Effect":"Allow","Action":"sts:AssumeRoleWithWebIdentity",
                "Principal":{{"Federated":"arn:aws:iam::111122223333:oidc-provider/{issuer}"}},"Condition":{{{condition}}}}}"#
        ))
    }

    fn github(condition: &str) -> Plan {
        web(GITHUB, &condition.replace('@', GITHUB))
    }

    #[test]
    fn cases_of_conditions() {
        cases(&super::RULE)
            .flags(&[
                Case::critical("no condition", web(GITHUB, "")).at("assume_role_policy"),
                Case::critical("the audience only", github(r#""StringEquals":{"@:aud":"sts.amazonaws.com"}"#)),
                Case::critical("like anything", github(r#""StringLike":{"@:sub":"*"},"StringEquals":{"@:aud":"sts.amazonaws.com"}"#)),
                Case::critical("everyone but", github(r#""StringNotLike":{"@:sub":"repo:acme/old:*"}"#)),
                Case::critical("present is enough", github(r#""Null":{"@:sub":"false"}"#)),
                Case::high("for all values", github(r#""ForAllValues:StringLike":{"@:sub":"repo:acme/app:*"}"#)),
                Case::high("if it exists", github(r#""StringEqualsIfExists":{"@:sub":"repo:acme/app:environment:prod"}"#)),
                Case::critical("a claim that everybody sets", github(r#""StringEquals":{"@:environment":"production"}"#)),
                Case::critical("an actor is no subject", github(r#""StringEquals":{"@:aud":"x","@:iss":"https://token.actions.githubusercontent.com"}"#)),
                Case::critical("a tag of their own", github(r#""StringEquals":{"sts:RoleSessionName":"ci"}"#)),
                Case::critical("one of several values", github(r#""StringLike":{"@:sub":["repo:acme/app:*","*"]}"#)),
                Case::critical("GitLab", web("gitlab.com", r#""StringEquals":{"gitlab.com:aud":"https://gitlab.com"}"#)),
                Case::critical("HCP Terraform", web("app.terraform.io", r#""StringEquals":{"app.terraform.io:aud":"aws.workload.identity"}"#)),
                Case::critical("Buildkite", web("agent.buildkite.com", "")),
                Case::critical("Google accounts", trust(r#"{"Effect":"Allow","Action":"sts:AssumeRoleWithWebIdentity","Principal":{"Federated":"accounts.google.com"}}"#)),
                Case::medium("Google accounts, for one app", trust(r#"{"Effect":"Allow","Action":"sts:AssumeRoleWithWebIdentity","Principal":{"Federated":"accounts.google.com"},"Condition":{"StringEquals":{"accounts.google.com:aud":"123.apps.googleusercontent.com"}}}"#)),
                Case::medium("a cluster", web("oidc.eks.eu-west-1.amazonaws.com/id/A1", r#""StringEquals":{"oidc.eks.eu-west-1.amazonaws.com/id/A1:aud":"sts.amazonaws.com"}"#)),
                Case::medium("one organisation of CircleCI", web("oidc.circleci.com/org/1b", "")),
                Case::high("an issuer that nobody knows", web("id.example.com", "")),
                Case::medium("an issuer that nobody knows, for one client", web("id.example.com", r#""StringEquals":{"id.example.com:aud":"client-1"}"#)),
                Case::critical("all of sts", trust(r#"{"Effect":"Allow","Action":"sts:*","Principal":{"Federated":["arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"]}}"#)),
                Case::critical("a deny of one repository", trust(
                    r#"{"Effect":"Allow","Action":"sts:AssumeRoleWithWebIdentity","Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"}},
                       {"Effect":"Deny","Action":"sts:AssumeRoleWithWebIdentity","Principal":"*","Condition":{"StringLike":{"token.actions.githubusercontent.com:sub":"repo:acme/old:*"}}}"#,
                )),
            ])
            .allows(&[
                Case::clean("an exact subject", github(r#""StringEquals":{"@:sub":"repo:acme/app:environment:prod","@:aud":"sts.amazonaws.com"}"#)),
                Case::clean("a list of subjects", github(r#""StringLike":{"@:sub":["repo:acme/app:ref:refs/heads/main","repo:acme/app:ref:refs/tags/v*"]},"StringEquals":{"@:aud":"sts.amazonaws.com"}"#)),
                Case::clean("a wide subject is another rule", github(r#""StringLike":{"@:sub":"repo:*"}"#)),
                Case::clean("the number of a repository", github(r#""StringEquals":{"@:repository_id":"123456","@:aud":"sts.amazonaws.com"}"#)),
                Case::clean("a reusable workflow", github(r#""StringLike":{"@:job_workflow_ref":"acme/infra/.github/workflows/deploy.yml@*"}"#)),
                Case::clean("for all values, and present", github(r#""ForAllValues:StringEquals":{"@:sub":"repo:acme/app:environment:prod"},"Null":{"@:sub":"false"}"#)),
                Case::clean("a service account", web("oidc.eks.eu-west-1.amazonaws.com/id/A1", r#""StringEquals":{"oidc.eks.eu-west-1.amazonaws.com/id/A1:sub":"system:serviceaccount:app:worker"}"#)),
                Case::clean("a claim of an issuer of one's own", web("id.example.com", r#""StringEquals":{"id.example.com:aud":"client-1","id.example.com:groups":"deployers"}"#)),
                Case::clean("denied to all others", trust(
                    r#"{"Effect":"Allow","Action":"sts:AssumeRoleWithWebIdentity","Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"}},
                       {"Effect":"Deny","Action":"sts:*","Principal":"*","Condition":{"StringNotLike":{"token.actions.githubusercontent.com:sub":"repo:acme/app:environment:*"}}}"#,
                )),
                Case::clean("a service", trust(r#"{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"lambda.amazonaws.com"}}"#)),
                Case::clean("one person", trust(r#"{"Effect":"Allow","Action":"sts:AssumeRoleWithWebIdentity","Principal":{"Federated":"accounts.google.com"},"Condition":{"StringEquals":{"accounts.google.com:sub":"1032"}}}"#)),
                Case::clean("SAML", trust(r#"{"Effect":"Allow","Action":"sts:AssumeRoleWithSAML","Principal":{"Federated":"arn:aws:iam::111122223333:saml-provider/idp"}}"#)),
                Case::clean("tags only", trust(r#"{"Effect":"Allow","Action":"sts:TagSession","Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"}}"#)),
                Case::clean("an identity pool", trust(r#"{"Effect":"Allow","Action":"sts:AssumeRoleWithWebIdentity","Principal":{"Federated":"cognito-identity.amazonaws.com"},"Condition":{"StringEquals":{"cognito-identity.amazonaws.com:aud":"eu-west-1:1b"}}}"#)),
                Case::clean("a deny", trust(r#"{"Effect":"Deny","Action":"sts:AssumeRoleWithWebIdentity","Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"}}"#)),
            ]);
    }

    #[test]
    fn cases_of_unknown_parts() {
        use nhi_plan::symbol::{one_of, symbol};
        let data = "data.aws_iam_policy_document.t";
        let deferred = |statement: &str| {
            plan(&[
                ("aws_iam_role.r", r#"{"name":"r"}"#),
                (data, &format!(r#"{{"statement":[{statement}]}}"#)),
                (
                    "aws_iam_openid_connect_provider.p",
                    r#"{"url":"https://token.actions.githubusercontent.com"}"#,
                ),
            ])
            .unknown("aws_iam_role.r", &["assume_role_policy", "arn"])
            .unknown(data, &["json"])
            .references("aws_iam_role.r", "assume_role_policy", &[data])
            .references(
                data,
                "statement[0].principals[0].identifiers",
                &["aws_iam_openid_connect_provider.p"],
            )
        };
        let web = |condition: &str| {
            format!(
                r#"{{"actions":["sts:AssumeRoleWithWebIdentity"],"principals":[{{"type":"Federated","identifiers":[null]}}],"condition":[{condition}]}}"#
            )
        };
        let provider = symbol("aws_iam_openid_connect_provider.p.arn");
        let eks = symbol("replace(aws_eks_cluster.c.identity[0].oidc[0].issuer)");
        let text = |principal: &str, condition: &str| {
            format!(
                r#"{{"Effect":"Allow","Action":"sts:AssumeRoleWithWebIdentity","Principal":{{"Federated":"{principal}"}},"Condition":{{{condition}}}}}"#
            )
        };
        let with_provider =
            |plan: Plan| plan.and(("aws_iam_openid_connect_provider.p", r#"{"url":"https://gitlab.com"}"#));
        let open = text("arn:aws:iam::1:oidc-provider/gitlab.com", "");
        let narrow = text(
            "arn:aws:iam::1:oidc-provider/gitlab.com",
            r#""StringEquals":{"gitlab.com:sub":"project_path:a/b:ref_type:branch:ref:main"}"#,
        );
        let whole = |statement: &str| format!(r#"{{"Statement":[{statement}]}}"#);
        let either = |texts: &[&str]| {
            let group = one_of(texts.iter().copied());
            plan(&[(
                "aws_iam_role.r",
                &format!(r#"{{"assume_role_policy":{}}}"#, nhi_plan::json::quote(&group)),
            )])
        };
        cases(&super::RULE)
            .flags(&[
                Case::critical(
                    "a provider of the plan, led to by a data source",
                    deferred(&web(r#"{"test":"StringEquals","variable":"token.actions.githubusercontent.com:aud","values":["sts.amazonaws.com"]}"#)),
                ),
                Case::unverified("a condition that is not known", deferred(&web("")).unknown(data, &["statement[0].condition"])),
                Case::unverified(
                    "a key and a value that are not known",
                    deferred(&web(r#"{"test":"StringEquals","variable":null,"values":[null]}"#)),
                ),
                Case::critical("a provider of the plan, in text", with_provider(trust(&text(&provider, "")))),
                Case::high("a provider that is nowhere", trust(&text(&provider, ""))),
                Case::unverified("a subject that may be a pattern", trust(&text(&provider, &format!(r#""StringLike":{{"{eks}:sub":"{}"}}"#, symbol("var.s"))))),
                Case::critical("each of several texts", either(&[&whole(&open), &whole(&open)])),
                Case::unverified("one of several texts", either(&[&whole(&narrow), &whole(&open)])),
            ])
            .allows(&[
                Case::clean("several texts, all narrow", either(&[&whole(&narrow), &whole(&narrow)])),
                Case::clean(
                    "a key that is not known, and a service account",
                    deferred(&web(r#"{"test":"StringEquals","variable":null,"values":["system:serviceaccount:app:worker"]}"#)),
                ),
                Case::clean(
                    "a subject that is not known",
                    deferred(&web(r#"{"test":"StringEquals","variable":"token.actions.githubusercontent.com:sub","values":[null]}"#)),
                ),
                Case::clean(
                    "a symbol in the key",
                    trust(&text(&provider, &format!(r#""StringEquals":{{"{eks}:sub":"system:serviceaccount:app:worker"}}"#))),
                ),
                Case::clean(
                    "a symbol for the key",
                    trust(&text(&provider, &format!(r#""StringEquals":{{"{eks}":"system:serviceaccount:app:worker"}}"#))),
                ),
            ]);
    }
}
