//! Flags principals that may read all data of a kind.

use nhi_plan::Severity;
use nhi_policy_sdk::Findings;

use super::grant::{self, Subject};
use crate::facts::Facts;
use crate::rule::{Check, Group, Rule};

/// A read of everything.
pub(super) static RULE: Rule = Rule {
    code: "NHI006",
    name: "broad-data-access",
    group: Group::Privilege,
    severity: Severity::High,
    since: "0.1.0",
    summary: "an AWS principal may read all secrets, objects, tables, parameters or whatever any key encrypts",
    why: "one leaked credential of this identity is a leak of all data of that kind, whoever it belongs to",
    controls: &[
        "NHI5:2025",
        "CWE-200",
        "CWE-732",
        "AC-3",
        "PR.DS-01",
        "PCI-DSS-7.2.5",
        "CC6.1",
        "A.8.3",
    ],
    check: Check::Plan(check),
    docs: r#"
## What it does

Flags an AWS role, user, group or permission set whose policies together allow one of these reads on everything of its kind: `secretsmanager:GetSecretValue`, `s3:GetObject`, `dynamodb:Scan` and `GetItem`, `rds-db:connect` (high), `kms:Decrypt`, `ssm:GetParameter*` and `redshift:GetClusterCredentials` (medium).
Whoever may write the policy of every bucket, secret or key (`s3:PutBucketPolicy`, `secretsmanager:PutResourcePolicy`, `kms:PutKeyPolicy`, `kms:CreateGrant`) lets itself in: medium; a new master password for every database (`rds:ModifyDBInstance`, `rds:ModifyDBCluster`) also takes a way to reach it: low.
A region or an account in the resource does not make it narrow; a path, a prefix, a name or a condition on the resource does.
A policy for auditors, which reads at least twenty services and does hardly anything else, is left out, also when it is your own: `ReadOnlyAccess`, `SecurityAudit` and `ViewOnlyAccess` are such policies.
Of policies that AWS manages, only reads that are high are told: its agents need parameters and keys, and their policies cannot be narrowed.
A policy that AWS wrote for one of its services (`service-role/…`) counts two steps lower.
What a wider finding says already (NHI001, NHI005, NHI007) is not told twice.

## Why is this bad?

Data is what most attacks are after, and secrets open the next door: a function that needs one database password and may read all of them hands an attacker every system of the account.

## Example

```terraform
resource "aws_iam_role_policy" "api" {
  role   = aws_iam_role.api.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "secretsmanager:GetSecretValue", Resource = "*" }]
  })
}
```

## Use instead

```terraform
resource "aws_iam_role_policy" "api" {
  role   = aws_iam_role.api.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = "secretsmanager:GetSecretValue"
      Resource = aws_secretsmanager_secret.database.arn
    }]
  })
}
```

## Known limits

- A resource of which nothing is known before apply is taken for one thing, such as the secret that the same plan creates; were it a pattern in the end, only the next plan would show it.
- A key or a bucket can still refuse in its own policy; a plan shows that only where it holds them.
- A custom policy for auditors that reads fewer services is told like any other.
- Guardrails of the account do not stand in a plan; see NHI001.

## References

- [Controlling access to secrets](https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access.html)
- [OWASP NHI5:2025 Overprivileged NHI](https://owasp.org/www-project-non-human-identities-top-10/2025/5-overprivileged-nhi/)
- [CWE-200: Exposure of Sensitive Information](https://cwe.mitre.org/data/definitions/200.html)
"#,
};

fn check(facts: &Facts, out: &mut Findings) {
    for subject in grant::subjects(facts) {
        let Subject {
            principal, standing, ..
        } = subject;
        let Some(reads) = &standing.reads else { continue };
        let claim = &reads.claim;
        if grant::is_told_of_group(facts, principal, claim, |group| {
            group.is_owner() || group.reads.is_some()
        }) {
            continue;
        }
        let Some(place) = grant::place(principal, claim) else {
            continue;
        };
        let (mut severity, note) = grant::weigh(principal, claim, reads.severity);
        if grant::is_of_its_service(facts, subject, claim) {
            severity = Severity::Info;
        }
        let (who, statement) = grant::who(principal, claim, &place);
        let what = reads.what.join(", ");
        let message = format!("{who} lets its holder read {what}{statement}{note}");
        let remediation = "name the secrets, buckets, tables, parameters or keys that this identity reads";
        let mut finding = grant::finding(&RULE, principal, claim, &place, severity, message, remediation);
        finding
            .attributes
            .push((String::from("actions"), reads.actions.join(",")));
        out.push(finding);
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::cases::{Case, cases, doc, plan, policy};

    fn attached(name: &str) -> crate::rules::cases::Plan {
        plan(&[(
            "aws_iam_role_policy_attachment.a",
            &format!(r#"{{"role":"r","policy_arn":"arn:aws:iam::aws:policy/{name}"}}"#),
        )])
    }

    /// A policy for a service, on a role that this service may assume.
    fn served(service: &str, name: &str) -> crate::rules::cases::Plan {
        let trust = doc(&format!(
            r#"{{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{{"Service":["{service}.amazonaws.com"]}}}}"#
        ));
        attached(&format!("service-role/{name}")).and((
            "aws_iam_role.r",
            &format!(r#"{{"name":"r","assume_role_policy":{trust}}}"#),
        ))
    }

    #[test]
    fn cases_of_documents() {
        cases(&super::RULE)
            .flags(&[
                Case::high("all secrets", policy(r#"{"Effect":"Allow","Action":"secretsmanager:GetSecretValue","Resource":"*"}"#)),
                Case::high("all secrets of a region", policy(r#"{"Effect":"Allow","Action":"secretsmanager:Get*","Resource":"arn:aws:secretsmanager:eu-west-1:111122223333:secret:*"}"#)),
                Case::high("all objects", policy(r#"{"Effect":"Allow","Action":["s3:Get*","s3:List*"],"Resource":"*"}"#)),
                Case::high("all objects by ARN", policy(r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::*/*"}"#)),
                Case::high("all tables", policy(r#"{"Effect":"Allow","Action":"dynamodb:GetItem","Resource":"arn:aws:dynamodb:*:*:table/*"}"#)),
                Case::high("any database user", policy(r#"{"Effect":"Allow","Action":"rds-db:connect","Resource":"arn:aws:rds-db:*:*:dbuser:*/*"}"#)),
                Case::medium("any key", policy(r#"{"Effect":"Allow","Action":"kms:Decrypt","Resource":"*"}"#)),
                Case::medium("all parameters", policy(r#"{"Effect":"Allow","Action":"ssm:GetParameter*","Resource":"arn:aws:ssm:*:*:parameter/*"}"#)),
                Case::medium("a key by any alias", policy(r#"{"Effect":"Allow","Action":"kms:Decrypt","Resource":"arn:aws:kms:*:*:key/*","Condition":{"StringLike":{"kms:RequestAlias":"*"}}}"#)),
                Case::high("a condition that is vacuous", policy(r#"{"Effect":"Allow","Action":"secretsmanager:GetSecretValue","Resource":"*","Condition":{"StringEqualsIfExists":{"secretsmanager:ResourceTag/team":"a"}}}"#)),
                Case::medium("with a second factor", policy(r#"{"Effect":"Allow","Action":"secretsmanager:GetSecretValue","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}"#)),
                Case::medium("policies of all buckets", policy(r#"{"Effect":"Allow","Action":["s3:CreateBucket","s3:PutBucketPolicy"],"Resource":"arn:aws:s3:::*"}"#)),
                Case::medium("policies of all secrets", policy(r#"{"Effect":"Allow","Action":"secretsmanager:PutResourcePolicy","Resource":"*"}"#)),
                Case::medium("policies of all keys", policy(r#"{"Effect":"Allow","Action":"kms:PutKeyPolicy","Resource":"arn:aws:kms:*:111122223333:key/*"}"#)),
                Case::medium("grants of all keys", policy(r#"{"Effect":"Allow","Action":"kms:CreateGrant","Resource":"*"}"#)),
                Case::medium("any user of a warehouse", policy(r#"{"Effect":"Allow","Action":"redshift:GetClusterCredentials","Resource":"*"}"#)),
                Case::low("passwords of all databases", policy(r#"{"Effect":"Allow","Action":"rds:Modify*","Resource":"*"}"#)),
                Case::low("of a service of AWS", attached("service-role/AmazonMacieServiceRole")),
                Case::high("provider-managed", attached("AmazonS3ReadOnlyAccess")),
            ])
            .flags(&[
                Case::info("of a service of AWS, on the role of that service", served("backup", "AWSBackupServiceRolePolicyForRestores")),
                Case::low("on the role of another service", served("config", "AWSBackupServiceRolePolicyForRestores")),
                Case::low("on a role that somebody else may assume too", served("backup.amazonaws.com\",\"config", "AWSBackupServiceRolePolicyForRestores")),
                Case::low("of a service that runs code of others", served("ec2", "AmazonEC2RoleforSSM")),
            ])
            .allows(&[
                Case::clean("one secret", policy(r#"{"Effect":"Allow","Action":"secretsmanager:GetSecretValue","Resource":"arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbCdEf"}"#)),
                Case::clean("secrets under a path", policy(r#"{"Effect":"Allow","Action":"secretsmanager:GetSecretValue","Resource":"arn:aws:secretsmanager:*:*:secret:app/*"}"#)),
                Case::clean("one bucket", policy(r#"{"Effect":"Allow","Action":["s3:Get*","s3:List*"],"Resource":["arn:aws:s3:::data","arn:aws:s3:::data/*"]}"#)),
                Case::clean("through one service", policy(r#"{"Effect":"Allow","Action":"kms:Decrypt","Resource":"*","Condition":{"StringEquals":{"kms:ViaService":"s3.eu-west-1.amazonaws.com"}}}"#)),
                Case::clean("by tag", policy(r#"{"Effect":"Allow","Action":"secretsmanager:GetSecretValue","Resource":"*","Condition":{"StringEquals":{"secretsmanager:ResourceTag/team":"a"}}}"#)),
                Case::clean("lists", policy(r#"{"Effect":"Allow","Action":["secretsmanager:ListSecrets","secretsmanager:DescribeSecret","ssm:DescribeParameters","s3:ListAllMyBuckets"],"Resource":"*"}"#)),
                Case::clean("writes", policy(r#"{"Effect":"Allow","Action":["s3:PutObject","kms:Encrypt","dynamodb:PutItem"],"Resource":"*"}"#)),
                Case::clean("the policy of one bucket", policy(r#"{"Effect":"Allow","Action":["s3:PutBucketPolicy","s3:PutObject"],"Resource":["arn:aws:s3:::site","arn:aws:s3:::site/*"]}"#)),
                Case::clean("policies of objects", policy(r#"{"Effect":"Allow","Action":"s3:PutBucketPolicy","Resource":"arn:aws:s3:::*/*"}"#)),
                Case::clean("grants to services of AWS", policy(r#"{"Effect":"Allow","Action":"kms:CreateGrant","Resource":"*","Condition":{"Bool":{"kms:GrantIsForAWSResource":"true"}}}"#)),
                Case::clean("keys of one team", policy(r#"{"Effect":"Allow","Action":"kms:PutKeyPolicy","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/team":"a"}}}"#)),
                Case::clean("one database", policy(r#"{"Effect":"Allow","Action":"rds:ModifyDBInstance","Resource":"arn:aws:rds:eu-west-1:111122223333:db:shop"}"#)),
                Case::clean("one user of a warehouse", policy(r#"{"Effect":"Allow","Action":"redshift:GetClusterCredentials","Resource":"arn:aws:redshift:*:*:dbuser:*/reader"}"#)),
                Case::clean("the whole service is another rule", policy(r#"{"Effect":"Allow","Action":"secretsmanager:*","Resource":"*"}"#)),
                Case::clean("read only, for auditors", attached("ReadOnlyAccess")),
                Case::clean("an agent of AWS", attached("AmazonSSMManagedInstanceCore")),
                Case::clean("security audit", attached("SecurityAudit")),
                Case::clean("view only", attached("job-function/ViewOnlyAccess")),
            ]);
    }
}
