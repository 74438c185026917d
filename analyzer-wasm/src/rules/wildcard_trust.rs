//! Flags roles that anyone may assume.

use nhi_plan::{Finding, Severity};
use nhi_policy_sdk::Findings;

use super::allow_everything::rests_on;
use crate::facts::Facts;
use crate::facts::iam::{Reason, Unreadable};
use crate::rule::{Check, Group, Rule};

/// A role that anyone may assume.
pub(super) static RULE: Rule = Rule {
    code: "NHI003",
    name: "wildcard-trust",
    group: Group::Privilege,
    severity: Severity::Critical,
    since: "0.1.0",
    summary: "a role may be assumed by anyone",
    why: "everybody with an AWS account of their own, anywhere, can become this role and do what it may do",
    controls: &[
        "NHI5:2025",
        "NHI3:2025",
        "CWE-284",
        "CWE-732",
        "AC-3",
        "PR.AA-05",
        "CIS-AWS-2.21",
        "CC6.1",
        "A.5.15",
    ],
    check: Check::Plan(check),
    docs: r#"
## What it does

Flags an IAM role whose trust policy lets everybody assume it: `Principal` is `*`, `{"AWS": "*"}` or a list that holds it, or an `Allow` has a `NotPrincipal`, and no condition excludes strangers.
A condition excludes strangers when it names an organisation, an account, an external id, a principal or a source of yours.
One that strangers satisfy does not: a second factor, a session name or tag that they choose, `ForAllValues` and `IfExists` on a key that they do not send, `StringLike` with `*`.
A `Deny` for everybody outside an organisation counts as such a condition.
A range of source addresses lowers the finding to high.

## Why is this bad?

The trust policy is the role's front door.
The name of a role is no secret: it appears in logs, error messages and public code, and can be guessed.

## Example

```terraform
resource "aws_iam_role" "export" {
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { AWS = "*" } }]
  })
}
```

## Use instead

```terraform
resource "aws_iam_role" "export" {
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { AWS = "arn:aws:iam::111122223333:role/exporter" }
    }]
  })
}
```

## Known limits

- Tokens of identity providers, other accounts and people have rules of their own: NHI030 to NHI035 and NHI038.
- An external id that is easy to guess counts as a condition.

## References

- [AWS JSON policy elements: Principal](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html)
- [OWASP NHI5:2025 Overprivileged NHI](https://owasp.org/www-project-non-human-identities-top-10/2025/5-overprivileged-nhi/)
- [CWE-284: Improper Access Control](https://cwe.mitre.org/data/definitions/284.html)
"#,
};

fn check(facts: &Facts, out: &mut Findings) {
    for role in &facts.settled.open_roles {
        let (severity, note) = if role.claim.weak {
            (Severity::High, ", from some addresses or for some time")
        } else {
            (RULE.severity, "")
        };
        let mut finding = RULE
            .finding(&role.address, &role.path)
            .message(format!(
                "anyone may assume this role{note} ({})",
                role.origin.statement(role.claim.statement)
            ))
            .remediation(
                "name the principals that assume this role, or require your organisation with `aws:PrincipalOrgID`",
            );
        finding.severity = Some(severity);
        role.origin.evidence.clone_into(&mut finding.evidence);
        if let Some(document) = &role.origin.document {
            finding.attributes.push((String::from("document"), document.clone()));
        }
        out.push(finding);
    }
    for unreadable in &facts.settled.unreadable {
        out.push(unverified(unreadable));
    }
}

fn unverified(unreadable: &Unreadable) -> Finding {
    let (message, remediation) = match &unreadable.reason {
        Reason::Unknown(blocks) => (
            format!(
                "the trust policy is known only after apply{}, so who may assume the role cannot be told",
                rests_on(blocks)
            ),
            "build the document with an `aws_iam_policy_document` data source: its statements can be read before apply",
        ),
        Reason::Statement(statement) => (
            format!(
                "{statement} depends on values that are known only after apply, so who may assume the role cannot be told"
            ),
            "write principals and conditions as blocks; only their values need to be computed",
        ),
        Reason::Broken => (
            String::from("the trust policy is not a JSON policy document, so who may assume the role cannot be told"),
            "write the document with `jsonencode` or an `aws_iam_policy_document` data source",
        ),
    };
    RULE.finding(&unreadable.address, &unreadable.path)
        .message(message)
        .remediation(remediation)
        .unverified()
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

    fn anyone(condition: &str) -> Plan {
        trust(&format!(
            r#"{{"Effect":"Allow","Action":"sts:AssumeRole","Principal":"*","Condition":{condition}}}"#
        ))
    }

    #[test]
    fn cases_of_principals() {
        cases(&super::RULE)
            .flags(&[
                Case::critical("star", trust(r#"{"Effect":"Allow","Action":"sts:AssumeRole","Principal":"*"}"#)).at("assume_role_policy"),
                Case::critical("any account", trust(r#"{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"*"}}"#)),
                Case::critical("in a list", trust(r#"{"Effect":"Allow","Action":["sts:AssumeRole"],"Principal":{"Service":"ec2.amazonaws.com","AWS":["arn:aws:iam::111122223333:root","*"]}}"#)),
                Case::critical("all of sts", trust(r#"{"Effect":"Allow","Action":"STS:*","Principal":{"aws":"*"}}"#)),
                Case::critical("everyone but one", trust(r#"{"Effect":"Allow","Action":"sts:AssumeRole","NotPrincipal":{"AWS":"arn:aws:iam::111122223333:root"}}"#)),
                Case::critical("any federation", trust(r#"{"Effect":"Allow","Action":"sts:AssumeRoleWithWebIdentity","Principal":{"Federated":"*"}}"#)),
                Case::critical("the second statement", trust(
                    r#"{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"ec2.amazonaws.com"}},{"Effect":"Allow","Action":"sts:AssumeRole","Principal":"*"}"#,
                )),
                Case::critical("a deny for nobody", trust(
                    r#"{"Effect":"Allow","Action":"sts:AssumeRole","Principal":"*"},{"Effect":"Deny","Action":"sts:*","NotPrincipal":{"AWS":"*"}}"#,
                )),
                Case::critical("a deny of another way in", trust(
                    r#"{"Effect":"Allow","Action":"sts:AssumeRoleWithWebIdentity","Principal":{"Federated":"*"}},{"Effect":"Deny","Action":"sts:AssumeRole","Principal":"*"}"#,
                )),
                Case::critical("a deny of something else", trust(
                    r#"{"Effect":"Allow","Action":"sts:AssumeRole","Principal":"*"},{"Effect":"Deny","Action":"sts:TagSession","Principal":"*"}"#,
                )),
            ])
            .allows(&[
                Case::clean("a service", trust(r#"{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"lambda.amazonaws.com"}}"#)),
                Case::clean("an account", trust(r#"{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"arn:aws:iam::111122223333:root"}}"#)),
                Case::clean("a role", trust(r#"{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":["arn:aws:iam::111122223333:role/ci"]}}"#)),
                Case::clean("everyone but everyone", trust(r#"{"Effect":"Allow","Action":"sts:AssumeRole","NotPrincipal":{"AWS":"*"}}"#)),
                Case::clean("a deny", trust(r#"{"Effect":"Deny","Action":"sts:AssumeRole","Principal":"*"}"#)),
                Case::clean("denied again", trust(
                    r#"{"Effect":"Allow","Action":"sts:AssumeRole","Principal":"*"},{"Effect":"Deny","Action":"sts:*","NotPrincipal":{"AWS":"arn:aws:iam::111122223333:root"}}"#,
                )),
                Case::clean("denied outside", trust(
                    r#"{"Effect":"Allow","Action":"sts:AssumeRole","Principal":"*"},
                       {"Effect":"Deny","Action":"sts:AssumeRole","Principal":"*","Condition":{"StringNotEquals":{"aws:PrincipalOrgID":"o-abc123"}}}"#,
                )),
                Case::clean("tags only", trust(r#"{"Effect":"Allow","Action":"sts:TagSession","Principal":"*"}"#)),
                Case::clean("an identity provider", trust(
                    r#"{"Effect":"Allow","Action":"sts:AssumeRoleWithWebIdentity","Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"},
                        "Condition":{"StringEquals":{"token.actions.githubusercontent.com:sub":"repo:o/r:ref:refs/heads/main","token.actions.githubusercontent.com:aud":"sts.amazonaws.com"}}}"#,
                )),
                Case::clean("another type", plan(&[("aws_sqs_queue.q", r#"{"policy":"{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"*\",\"Principal\":\"*\"}]}"}"#)])),
            ]);
    }

    #[test]
    fn cases_of_conditions() {
        cases(&super::RULE)
            .flags(&[
                Case::critical("if it exists", anyone(r#"{"StringEqualsIfExists":{"aws:PrincipalOrgID":"o-abc123"}}"#)),
                Case::critical("for all values", anyone(r#"{"ForAllValues:StringEquals":{"sts:ExternalId":"a1b2"}}"#)),
                Case::critical("like anything", anyone(r#"{"StringLike":{"sts:ExternalId":"*"}}"#)),
                Case::critical("a second factor of their own", anyone(r#"{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#)),
                Case::critical("a name they choose", anyone(r#"{"StringEquals":{"sts:RoleSessionName":"ops"}}"#)),
                Case::critical("every address", anyone(r#"{"IpAddress":{"aws:SourceIp":["203.0.113.0/24","0.0.0.0/0"]}}"#)),
                Case::critical("a role of that name in any account", anyone(r#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/ci"}}"#)),
                Case::critical("everyone but", anyone(r#"{"StringNotEquals":{"aws:PrincipalOrgID":"o-abc123"}}"#)),
                Case::high("some addresses", anyone(r#"{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}"#)),
            ])
            .allows(&[
                Case::clean("an organisation", anyone(r#"{"StringEquals":{"aws:PrincipalOrgID":"o-abc123"}}"#)),
                Case::clean("an organisation, in another case", anyone(r#"{"stringequals":{"AWS:PRINCIPALORGID":["o-abc123"]}}"#)),
                Case::clean("an external id", anyone(r#"{"StringEquals":{"sts:ExternalId":"7b1c9e"}}"#)),
                Case::clean("a source", anyone(r#"{"ArnLike":{"aws:SourceArn":"arn:aws:rolesanywhere:eu-west-1:111122223333:trust-anchor/*"}}"#)),
                Case::clean("a principal", anyone(r#"{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/ci"}}"#)),
                Case::clean("an account", anyone(r#"{"StringEquals":{"aws:PrincipalAccount":["111122223333"]}}"#)),
                Case::clean("and something vacuous", anyone(r#"{"StringEquals":{"aws:PrincipalOrgID":"o-abc123"},"Bool":{"aws:SecureTransport":"true"}}"#)),
                Case::clean("the own organisation", anyone(r#"{"StringEquals":{"aws:ResourceOrgID":"${aws:PrincipalOrgID}"}}"#)),
            ]);
    }

    #[test]
    fn cases_of_symbols() {
        use nhi_plan::symbol::{one_of, symbol};
        let role = |text: &str| {
            plan(&[(
                "aws_iam_role.r",
                &format!(r#"{{"assume_role_policy":{}}}"#, nhi_plan::json::quote(text)),
            )])
        };
        let whole = |statement: &str| format!(r#"{{"Statement":[{statement}]}}"#);
        let open = whole(r#"{"Effect":"Allow","Action":"sts:AssumeRole","Principal":"*"}"#);
        let narrow =
            whole(r#"{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"ec2.amazonaws.com"}}"#);
        let arn = symbol("aws_iam_role.ci.arn");
        let chosen = symbol("terraform_data.x.output");
        let aws = |name: &str| {
            trust(&format!(
                r#"{{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{{"AWS":["{name}"]}}}}"#
            ))
        };
        let tested =
            |operator: &str, key: &str, value: &str| anyone(&format!(r#"{{"{operator}":{{"{key}":"{value}"}}}}"#));
        let account = symbol("data.aws_caller_identity.current.account_id");
        cases(&super::RULE)
            .flags(&[
                Case::unverified("a principal of somebody's choosing", aws(&chosen)),
                Case::unverified("a value of another module", aws(&symbol("module.m.role_arn"))),
                Case::unverified(
                    "like a value of somebody's choosing",
                    tested("StringLike", "aws:PrincipalOrgID", &chosen),
                ),
                Case::unverified(
                    "an ARN of somebody's choosing",
                    tested("ArnLike", "aws:SourceArn", &chosen),
                ),
                Case::unverified(
                    "an ARN that equals one",
                    tested("ArnEquals", "aws:PrincipalArn", &chosen),
                ),
                Case::critical("each of several texts", role(&one_of([open.as_str(), open.as_str()]))),
                Case::unverified("one of several texts", role(&one_of([narrow.as_str(), open.as_str()]))),
                Case::unverified("open, or no text", role(&one_of([open.as_str(), ""]))),
                Case::unverified("narrow, or no document", role(&one_of([narrow.as_str(), "later"]))),
                Case::unverified(
                    "statements that are not known",
                    role(&format!(r#"{{"Statement":"{arn}"}}"#)),
                ),
                Case::unverified(
                    "a principal of any kind",
                    trust(&format!(
                        r#"{{"Effect":"Allow","Action":"sts:AssumeRole","Principal":"{arn}"}}"#
                    )),
                ),
                Case::unverified(
                    "a condition that is not known",
                    trust(&format!(
                        r#"{{"Effect":"Allow","Action":"sts:AssumeRole","Principal":"*","Condition":"{arn}"}}"#
                    )),
                ),
            ])
            .allows(&[
                Case::clean("a user of the plan", aws(&symbol("module.m.aws_iam_user.u[0].arn"))),
                Case::clean("a role that is looked up", aws(&symbol("data.aws_iam_role.ci.arn"))),
                Case::clean("the own account", aws(&format!("arn:aws:iam::{account}:root"))),
                Case::clean("the caller", aws(&symbol("data.aws_caller_identity.current.arn"))),
                Case::clean(
                    "a role in an account that is not known",
                    aws(&format!("arn:aws:iam::{chosen}:role/ci")),
                ),
                Case::clean(
                    "the principal of another provider",
                    aws(&symbol("snowflake_storage_integration.s.storage_aws_iam_user_arn")),
                ),
                Case::clean(
                    "exactly a value of somebody's choosing",
                    tested("StringEquals", "aws:PrincipalOrgID", &chosen),
                ),
                Case::clean(
                    "like the own organisation",
                    tested(
                        "StringLike",
                        "aws:PrincipalOrgID",
                        &symbol("data.aws_organizations_organization.o.id"),
                    ),
                ),
                Case::clean(
                    "a topic of the plan",
                    tested("ArnLike", "aws:SourceArn", &symbol("aws_sns_topic.t.arn")),
                ),
                Case::clean(
                    "several texts, all narrow",
                    role(&one_of([narrow.as_str(), narrow.as_str()])),
                ),
                Case::clean(
                    "a role of the plan",
                    trust(&format!(
                        r#"{{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{{"AWS":"{arn}"}}}}"#
                    )),
                ),
            ]);
    }

    #[test]
    fn cases_of_unknown_documents() {
        let data = "data.aws_iam_policy_document.t";
        let deferred = |document: &str| {
            plan(&[("aws_iam_role.r", r#"{"name":"r"}"#), (data, document)])
                .unknown("aws_iam_role.r", &["assume_role_policy", "arn"])
                .references("aws_iam_role.r", "assume_role_policy", &[data])
        };
        let told = |leads: &str| {
            let name = nhi_plan::symbol::symbol(&format!("{data}.statement[0].principals[0].identifiers[0]"));
            let text = format!(
                r#"{{"Statement":[{{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{{"AWS":"{name}"}}}}]}}"#
            );
            let role = format!(r#"{{"assume_role_policy":{}}}"#, nhi_plan::json::quote(&text));
            let document =
                r#"{"statement":[{"actions":["sts:AssumeRole"],"principals":[{"type":"AWS","identifiers":[null]}]}]}"#;
            plan(&[("aws_iam_role.r", &role), (data, document)])
                .references("aws_iam_role.r", "assume_role_policy", &[data])
                .unknown(data, &["statement[0].principals[0].identifiers[0]", "json"])
                .references(data, "statement[0].principals[0].identifiers", &[leads])
        };
        cases(&super::RULE)
            .flags(&[
                Case::unverified("told without sources, of somebody's choosing", told("terraform_data.x")),
                Case::critical(
                    "statements of a deferred data source",
                    deferred(r#"{"statement":[{"actions":["sts:AssumeRole"],"principals":[{"type":"AWS","identifiers":["*"]}],"condition":[]}]}"#)
                        .unknown(data, &["json"]),
                ),
                Case::critical(
                    "of any type",
                    deferred(r#"{"statement":[{"actions":["sts:AssumeRole"],"principals":[{"type":"*","identifiers":["*"]}]}]}"#).unknown(data, &["json"]),
                ),
                Case::unverified(
                    "encoded around an unknown value",
                    plan(&[("aws_iam_role.r", "{}")])
                        .unknown("aws_iam_role.r", &["assume_role_policy"])
                        .references("aws_iam_role.r", "assume_role_policy", &["aws_iam_openid_connect_provider.p"]),
                ),
                Case::unverified(
                    "statements unknown, and principals an expression",
                    deferred("{}").unknown(data, &["statement", "json"]).configuration(
                        data,
                        r#"{"statement":[{"actions":{"constant_value":["sts:AssumeRole"]},"principals":[{"type":{"constant_value":"AWS"},"identifiers":{"references":["var.who"]}}]}]}"#,
                    ),
                ),
                Case::unverified(
                    "dynamic statements beside those that are written",
                    deferred("{}").unknown(data, &["statement", "json"]).configuration(
                        data,
                        r#"{"statement":[{"actions":{"constant_value":["sts:AssumeRole"]},"principals":[{"type":{"constant_value":"Service"},"identifiers":{"constant_value":["ec2.amazonaws.com"]}}]}]}"#,
                    ),
                ),
                Case::unverified(
                    "a principal of somebody's choosing",
                    deferred(r#"{"statement":[{"actions":["sts:AssumeRole"],"principals":[{"type":"AWS","identifiers":[null]}]}]}"#)
                        .unknown(data, &["statement[0].principals[0].identifiers[0]", "json"])
                        .references(data, "statement[0].principals[0].identifiers", &["terraform_data.x"]),
                ),
                Case::unverified(
                    "like an organisation of somebody's choosing",
                    deferred(
                        r#"{"statement":[{"actions":["sts:AssumeRole"],"principals":[{"type":"AWS","identifiers":["*"]}],
                            "condition":[{"test":"StringLike","variable":"aws:PrincipalOrgID","values":[null]}]}]}"#,
                    )
                    .unknown(data, &["statement[0].condition[0].values[0]", "json"])
                    .references(data, "statement[0].condition[0].values", &["terraform_data.x"]),
                ),
                Case::unverified(
                    "principals unknown as a whole",
                    deferred(r#"{"statement":[{"actions":["sts:AssumeRole"]}]}"#).unknown(data, &["statement[0].principals", "json"]),
                ),
            ])
            .allows(&[
                Case::clean("told without sources, a role", told("aws_iam_role.ci")),
                Case::clean(
                    "an unknown role",
                    deferred(r#"{"statement":[{"actions":["sts:AssumeRole"],"principals":[{"type":"AWS","identifiers":[null]}]}]}"#)
                        .unknown(data, &["statement[0].principals[0].identifiers[0]", "json"])
                    .references(data, "statement[0].principals[0].identifiers", &["aws_iam_role.ci"]),
                ),
                Case::clean(
                    "a service with an unknown source",
                    deferred(
                        r#"{"statement":[{"actions":["sts:AssumeRole"],"principals":[{"type":"Service","identifiers":["ec2.amazonaws.com"]}],
                            "condition":[{"test":"ArnEquals","variable":"aws:SourceArn","values":[null]}]}]}"#,
                    )
                    .unknown(data, &["statement[0].condition[0].values[0]", "json"]),
                ),
                Case::clean(
                    "anyone of an unknown organisation",
                    deferred(
                        r#"{"statement":[{"actions":["sts:AssumeRole"],"principals":[{"type":"AWS","identifiers":["*"]}],
                            "condition":[{"test":"StringEquals","variable":"aws:PrincipalOrgID","values":[null]}]}]}"#,
                    )
                    .unknown(data, &["statement[0].condition[0].values[0]", "json"]),
                ),
            ]);
    }
}
