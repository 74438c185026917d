//! Flags roles that do not look at the audience of a token.

use nhi_plan::Severity;
use nhi_policy_sdk::Findings;

use crate::facts::Facts;
use crate::facts::trust::Remark;
use crate::facts::trust::federated::Gap;
use crate::facts::trust::issuer::Reach;
use crate::rule::{Check, Group, Rule};

/// A role that looks at no audience.
pub(super) static RULE: Rule = Rule {
    code: "NHI032",
    name: "oidc-trust-without-audience",
    group: Group::Privilege,
    severity: Severity::Low,
    since: "0.1.0",
    summary: "a role accepts tokens that were made for somebody else",
    why: "a token that a workload hands to another service can then be used to assume this role",
    controls: &[
        "NHI6:2025",
        "NHI5:2025",
        "CWE-346",
        "CWE-284",
        "AC-3",
        "IA-9",
        "PR.AA-05",
        "CC6.1",
        "A.5.15",
    ],
    check: Check::Plan(check),
    docs: r#"
## What it does

Flags an IAM role whose trust in an OpenID Connect provider binds the subject, but demands nothing of the `aud` claim, or something that everything meets (`*`, `IfExists`).
Low for public issuers, and for information where the issuer serves a single cluster or organisation, or the operator is `ForAllValues`, since tokens always carry an audience and IAM compares it with the client ids of the provider.
A role that looks at no subject either is told by `oidc-trust-without-subject` alone.

## Why is this bad?

The audience says for whom a token was made.
Without it a token that leaks from another service, which got it for its own use, opens this role too.

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
          "token.actions.githubusercontent.com:sub" = "repo:acme/app:environment:production"
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

- The client ids of the provider are not compared: a provider with a single client id accepts no other audience anyway.

## References

- [Configuring OpenID Connect in Amazon Web Services](https://docs.github.com/en/actions/how-tos/secure-your-work/security-harden-deployments/oidc-in-aws)
- [IAM: create a role for OpenID Connect federation](https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-idp_oidc.html)
- [CWE-346: Origin Validation Error](https://cwe.mitre.org/data/definitions/346.html)
"#,
};

fn check(facts: &Facts, out: &mut Findings) {
    for placed in &facts.trusts {
        let Remark::NoAudience { issuer, gap } = &placed.remark else {
            continue;
        };
        let severity = match (issuer.reach, gap) {
            (Reach::Tenant, _) | (_, Gap::Lenient) => Severity::Info,
            _ => RULE.severity,
        };
        let how = match gap {
            Gap::Missing => "no condition on the audience",
            Gap::Open => "an audience of `*`",
            Gap::Lenient => "an operator that also passes without an audience",
        };
        out.push(placed.finding(
            &RULE,
            severity,
            &format!(
                "a token of {} that was made for another service is accepted: {how}",
                issuer.name
            ),
            "require the audience with `StringEquals`, such as `sts.amazonaws.com` in the `aud` claim",
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
    fn cases_of_audiences() {
        let cluster = "oidc.eks.eu-west-1.amazonaws.com/id/A1";
        let pods = |more: &str| {
            web(
                cluster,
                &format!(r#""StringEquals":{{"{cluster}:sub":"system:serviceaccount:app:worker"{more}}}"#),
            )
        };
        cases(&super::RULE)
            .flags(&[
                Case::low("none", github(r#""StringEquals":{"@:sub":"repo:acme/app:environment:prod"}"#)).at("assume_role_policy"),
                Case::low("any", github(r#""StringEquals":{"@:sub":"repo:acme/app:environment:prod"},"StringLike":{"@:aud":"*"}"#)),
                Case::low("all but one", github(r#""StringEquals":{"@:sub":"repo:acme/app:environment:prod"},"StringNotEquals":{"@:aud":"x"}"#)),
                Case::low("with a wide subject", github(r#""StringLike":{"@:sub":"repo:acme/app:*"}"#)),
                Case::info("for all values", github(r#""ForAllValues:StringEquals":{"@:aud":"sts.amazonaws.com"},"StringLike":{"@:sub":"repo:acme/app:environment:prod"}"#)),
                Case::info("a cluster", pods("")),
            ])
            .allows(&[
                Case::clean("one", github(r#""StringEquals":{"@:sub":"repo:acme/app:environment:prod","@:aud":"sts.amazonaws.com"}"#)),
                Case::clean("several", github(r#""StringLike":{"@:sub":"repo:acme/app:environment:prod","@:aud":["sts.amazonaws.com","https://github.com/acme"]}"#)),
                Case::clean("no subject is another rule", web(GITHUB, "")),
                Case::clean("a cluster", pods(&format!(r#","{cluster}:aud":"sts.amazonaws.com""#))),
                Case::clean("a service", trust(r#"{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"lambda.amazonaws.com"}}"#)),
            ]);
    }
}
