//! Flags trust in SAML, Cognito, IAM Roles Anywhere and EKS Pod Identity that checks too little.

use nhi_plan::Severity;
use nhi_policy_sdk::Findings;

use crate::facts::Facts;
use crate::facts::trust::Remark;
use crate::rule::{Check, Group, Rule};

/// A role whose way in is not checked.
pub(super) static RULE: Rule = Rule {
    code: "NHI038",
    name: "federated-trust-without-check",
    group: Group::Privilege,
    severity: Severity::Medium,
    since: "0.1.0",
    summary: "a role trusts a way to log in without the check that this way needs",
    why: "each way to log in has one detail that says who it is, and without that check others come in the same way",
    controls: &[
        "NHI6:2025",
        "NHI5:2025",
        "NHI4:2025",
        "CWE-287",
        "CWE-284",
        "IA-9",
        "AC-3",
        "PR.AA-03",
        "CC6.1",
        "A.8.5",
    ],
    check: Check::Plan(check),
    docs: r#"
## What it does

Flags an IAM role that trusts

- `cognito-identity.amazonaws.com` without the identity pool in `aud` (high: every pool of every account passes), without `authenticated` in `amr` (medium), or that names guests (low);
- `rolesanywhere.amazonaws.com` without a trust anchor in `aws:SourceArn` or a field of the certificate in `aws:PrincipalTag/x509…` (medium);
- a SAML provider without `SAML:aud` or another attribute of the assertion (low);
- `pods.eks.amazonaws.com` without an account, cluster or namespace (for information).

## Why is this bad?

Anybody can make an identity pool of Cognito in an account of their own and get tokens from it.
A certificate of any authority that the account ever registered opens a role that names no anchor.

## Example

```terraform
resource "aws_iam_role" "app" {
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = "cognito-identity.amazonaws.com" }
    }]
  })
}
```

## Use instead

```terraform
resource "aws_iam_role" "app" {
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = "cognito-identity.amazonaws.com" }
      Condition = {
        StringEquals                 = { "cognito-identity.amazonaws.com:aud" = "eu-west-1:0a1b2c3d-1111-2222-3333-444455556666" }
        "ForAnyValue:StringLike" = { "cognito-identity.amazonaws.com:amr" = "authenticated" }
      }
    }]
  })
}
```

## Known limits

- A guest role of Cognito that can do next to nothing is a design that AWS documents; what the role may do is not weighed.

## References

- [Amazon Cognito: role trust and permissions](https://docs.aws.amazon.com/cognito/latest/developerguide/role-trust-and-permissions.html)
- [IAM Roles Anywhere: trust model](https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html)
- [Amazon EKS: Pod Identity roles](https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html)
- [IAM: keys for SAML federation](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-saml)
"#,
};

fn check(facts: &Facts, out: &mut Findings) {
    for placed in &facts.trusts {
        let (severity, message, remediation) = match &placed.remark {
            Remark::CognitoAnyPool => (
                Severity::High,
                "any identity pool of Cognito, of any account, may assume this role",
                "require your identity pool in `cognito-identity.amazonaws.com:aud`, and `authenticated` in `amr`",
            ),
            Remark::CognitoGuests { named: false } => (
                Severity::Medium,
                "guests of the identity pool may assume this role, since nothing demands that they log in",
                "require `authenticated` in `cognito-identity.amazonaws.com:amr` with `ForAnyValue:StringLike`",
            ),
            Remark::CognitoGuests { named: true } => (
                Severity::Low,
                "guests of the identity pool, who never log in, may assume this role",
                "require `authenticated` in `cognito-identity.amazonaws.com:amr`, or allow guests as little as possible",
            ),
            Remark::RolesAnywhere => (
                Severity::Medium,
                "any certificate of any trust anchor of IAM Roles Anywhere may assume this role",
                "require the trust anchor in `aws:SourceArn`, and the subject in `aws:PrincipalTag/x509Subject/CN`",
            ),
            Remark::Saml => (
                Severity::Low,
                "assertions of the SAML provider are accepted whatever their audience",
                "require `https://signin.aws.amazon.com/saml` in `SAML:aud`",
            ),
            Remark::PodIdentity => (
                Severity::Info,
                "pods of any EKS cluster that associates this role may assume it",
                "require your account in `aws:SourceAccount`, or the cluster in `aws:SourceArn`",
            ),
            _ => continue,
        };
        out.push(placed.finding(&RULE, severity, message, remediation));
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

    fn cognito(condition: &str) -> Plan {
        trust(&format!(
            r#"{{"Effect":"Allow","Action":"sts:AssumeRoleWithWebIdentity","Principal":{{"Federated":"cognito-identity.amazonaws.com"}},"Condition":{{{condition}}}}}"#
        ))
    }

    fn saml(condition: &str) -> Plan {
        trust(&format!(
            r#"{{"Effect":"Allow","Action":"sts:AssumeRoleWithSAML","Principal":{{"Federated":"arn:aws:iam::111122223333:saml-provider/idp"}},"Condition":{{{condition}}}}}"#
        ))
    }

    fn service(name: &str, condition: &str) -> Plan {
        trust(&format!(
            r#"{{"Effect":"Allow","Action":["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"],"Principal":{{"Service":"{name}"}},"Condition":{{{condition}}}}}"#
        ))
    }

    #[test]
    fn cases_of_ways_in() {
        let anywhere = "rolesanywhere.amazonaws.com";
        let pods = "pods.eks.amazonaws.com";
        cases(&super::RULE)
            .flags(&[
                Case::high("any pool", cognito("")).at("assume_role_policy"),
                Case::high("any pool, logged in", cognito(r#""ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":"authenticated"}"#)),
                Case::high("a pool of any number", cognito(r#""StringLike":{"cognito-identity.amazonaws.com:aud":"*"}"#)),
                Case::medium("guests too", cognito(r#""StringEquals":{"cognito-identity.amazonaws.com:aud":"eu-west-1:1b"}"#)),
                Case::low("guests", cognito(r#""StringEquals":{"cognito-identity.amazonaws.com:aud":"eu-west-1:1b"},"ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":"unauthenticated"}"#)),
                Case::low("SAML", saml("")),
                Case::low("SAML of any audience", saml(r#""StringLike":{"SAML:aud":"*"}"#)),
                Case::medium("any anchor", service(anywhere, "")),
                Case::medium("any anchor at all", service(anywhere, r#""ArnLike":{"aws:SourceArn":"*"}"#)),
                Case::info("any cluster", service(pods, "")),
            ])
            .allows(&[
                Case::clean("a pool, logged in", cognito(r#""StringEquals":{"cognito-identity.amazonaws.com:aud":"eu-west-1:1b"},"ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":"authenticated"}"#)),
                Case::clean("SAML for AWS", saml(r#""StringEquals":{"SAML:aud":"https://signin.aws.amazon.com/saml"}"#)),
                Case::clean("SAML of one subject", saml(r#""StringEquals":{"saml:sub":"alice"}"#)),
                Case::clean("an anchor", service(anywhere, r#""ArnEquals":{"aws:SourceArn":"arn:aws:rolesanywhere:eu-west-1:111122223333:trust-anchor/a"}"#)),
                Case::clean("a certificate", service(anywhere, r#""StringEquals":{"aws:PrincipalTag/x509Subject/CN":"app"}"#)),
                Case::clean("pods of one account", service(pods, r#""StringEquals":{"aws:SourceAccount":"111122223333"}"#)),
                Case::clean("pods of one namespace", service(pods, r#""StringEquals":{"aws:RequestTag/kubernetes-namespace":"app"}"#)),
                Case::clean("a function", service("lambda.amazonaws.com", "")),
                Case::clean("an instance", service("ec2.amazonaws.com", "")),
            ]);
    }
}
