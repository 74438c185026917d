//! Flags roles that another account may assume with nothing to prove for whom it acts.

use nhi_plan::Severity;
use nhi_policy_sdk::Findings;

use crate::facts::Facts;
use crate::facts::trust::{Foreign, Kin, Reach, Remark};
use crate::rule::{Check, Group, Rule};

/// A role that another account may assume.
pub(super) static RULE: Rule = Rule {
    code: "NHI034",
    name: "cross-account-trust-without-condition",
    group: Group::Privilege,
    severity: Severity::Medium,
    since: "0.1.0",
    summary: "a role may be assumed from another account without an external id or an organisation",
    why: "whoever the other account lets act, or tricks it into acting for them, can become this role",
    controls: &[
        "NHI3:2025",
        "NHI5:2025",
        "CWE-441",
        "CWE-284",
        "AC-3",
        "AC-4",
        "PR.AA-05",
        "GV.SC-07",
        "CC6.1",
        "A.5.19",
    ],
    check: Check::Plan(check),
    docs: r#"
## What it does

Flags an IAM role that trusts an account as a whole (`arn:aws:iam::111122223333:root`, or the bare number), or a principal in another account, without a condition that ties the caller down: `sts:ExternalId`, `aws:PrincipalOrgID`, `aws:PrincipalArn` and the like.
Which accounts are the plan's own is read from the caller's identity, from providers, from the organisation and from the ARNs of what exists.
The account of a vendor that is known by its number is high, and a role in it medium.
An account as a whole is medium, one role of a foreign account is low, and the own account is for information: there every principal that may call `sts:AssumeRole` on the role can use it.
A second factor or a network lowers the finding by one step.

## Why is this bad?

A vendor's account serves many customers.
If all it needs is the ARN of a role, another customer can give the vendor yours and have it act in your account (the confused deputy).

## Example

```terraform
resource "aws_iam_role" "shared" {
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { AWS = "arn:aws:iam::999988887777:root" }
    }]
  })
}
```

## Use instead

```terraform
resource "aws_iam_role" "shared" {
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { AWS = "arn:aws:iam::999988887777:root" }
      Condition = { StringEquals = { "sts:ExternalId" = "7b1c9e02-5d1f" } }
    }]
  })
}
```

## Known limits

- Where nothing in the plan tells which account is its own, a literal account counts as another one, and the message says so.
- An account of your organisation that the plan does not show counts as another one: `aws:PrincipalOrgID` says that it is yours.
- Fifty accounts of vendors are known by number.
- An external id that is easy to guess counts as a condition.

## References

- [IAM: access to AWS accounts owned by third parties](https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html)
- [IAM: the confused deputy problem](https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html)
- [OWASP NHI3:2025 Vulnerable Third-Party NHI](https://owasp.org/www-project-non-human-identities-top-10/2025/3-vulnerable-third-party-nhi/)
"#,
};

/// Principals that a message names.
const PRINCIPALS_MAX: usize = 3;

fn check(facts: &Facts, out: &mut Findings) {
    for placed in &facts.trusts {
        let Remark::Account(foreign) = &placed.remark else {
            continue;
        };
        let (message, remediation) = words(foreign);
        out.push(placed.finding(&RULE, weigh(foreign), &message, remediation));
    }
}

fn weigh(foreign: &Foreign) -> Severity {
    if foreign.vendor.is_some() {
        // Everybody who is a customer of the vendor can name this role to it.
        return match foreign.reach {
            Reach::Account => Severity::High,
            Reach::Principal => Severity::Medium,
        };
    }
    match (foreign.kin, foreign.reach, foreign.weak) {
        (Kin::Own, ..) => Severity::Info,
        (Kin::Foreign | Kin::Unknown, Reach::Account, false) => RULE.severity,
        (_, Reach::Account, true) | (Kin::Foreign, Reach::Principal, false) => Severity::Low,
        (_, Reach::Principal, _) => Severity::Info,
    }
}

fn words(foreign: &Foreign) -> (String, &'static str) {
    let mut names: Vec<String> = foreign
        .principals
        .iter()
        .take(PRINCIPALS_MAX)
        .map(|name| format!("`{name}`"))
        .collect();
    if foreign.principals.len() > PRINCIPALS_MAX {
        names.push(format!("{} more", foreign.principals.len() - PRINCIPALS_MAX));
    }
    let names = names.join(", ");
    if let Some(vendor) = foreign.vendor {
        return (
            format!(
                "any customer of {vendor} can have it assume this role, since no condition says for whom it acts: {names}"
            ),
            "require the `sts:ExternalId` that the vendor made for your account",
        );
    }
    match (foreign.kin, foreign.reach) {
        (Kin::Own, _) => (
            format!("every principal of the own account that may call `sts:AssumeRole` can become this role: {names}"),
            "name the roles that assume this role instead of the whole account",
        ),
        (Kin::Foreign, Reach::Account) => (
            format!("another account may assume this role, and no condition says for whom it acts: {names}"),
            "require an `sts:ExternalId` that the other side does not choose, or your organisation with `aws:PrincipalOrgID`",
        ),
        (Kin::Unknown, Reach::Account) => (
            format!("a whole account, which nothing in this plan says is your own, may assume this role: {names}"),
            "require an `sts:ExternalId`, or your organisation with `aws:PrincipalOrgID`; in your own account, name the roles",
        ),
        (_, Reach::Principal) => (
            format!("a principal of another account may assume this role with nothing but its name to go by: {names}"),
            "require your organisation with `aws:PrincipalOrgID`, or an `sts:ExternalId` for a third party",
        ),
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

    const OWN: (&str, &str) = ("data.aws_caller_identity.c", r#"{"account_id":"111122223333"}"#);

    fn from(principal: &str, condition: &str) -> Plan {
        trust(&format!(
            r#"{{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{{"AWS":{principal}}},"Condition":{{{condition}}}}}"#
        ))
        .and(OWN)
    }

    const FOREIGN: &str = r#""arn:aws:iam::999988887777:root""#;

    #[test]
    fn cases_of_accounts() {
        cases(&super::RULE)
            .flags(&[
                Case::medium("another account", from(FOREIGN, "")).at("assume_role_policy"),
                Case::medium("its number", from(r#""999988887777""#, "")),
                Case::medium("beside the own", from(r#"["arn:aws:iam::111122223333:root","arn:aws:iam::999988887777:root"]"#, "")),
                Case::medium("in another partition", from(r#""arn:aws-us-gov:iam::999988887777:root""#, "")),
                Case::medium("a session name is no condition", from(FOREIGN, r#""StringLike":{"sts:RoleSessionName":"*"}"#)),
                Case::medium("an external id that may be absent", from(FOREIGN, r#""StringEqualsIfExists":{"sts:ExternalId":"7b1c"}"#)),
                Case::medium("any external id", from(FOREIGN, r#""StringLike":{"sts:ExternalId":"*"}"#)),
                Case::medium("any organisation", from(FOREIGN, r#""StringLike":{"aws:PrincipalOrgID":"o-*"}"#)),
                Case::low("with a second factor", from(FOREIGN, r#""Bool":{"aws:MultiFactorAuthPresent":"true"}"#)),
                Case::low("from some addresses", from(FOREIGN, r#""IpAddress":{"aws:SourceIp":"203.0.113.0/24"}"#)),
                Case::high("a vendor", trust(r#"{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"arn:aws:iam::464622532012:root"}}"#)),
                Case::medium("a role of a vendor", from(r#""arn:aws:iam::414351767826:role/unity-catalog-prod-UCMasterRole-14S5ZJVKOTYTL""#, "")),
                Case::low("a role of another account", from(r#""arn:aws:iam::999988887777:role/ci""#, "")),
                Case::info("the own account", from(r#""arn:aws:iam::111122223333:root""#, "")),
                Case::medium("where nothing says which is the own", trust(r#"{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"arn:aws:iam::999988887777:root"}}"#)),
                Case::medium("the own known from a provider", trust(r#"{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"arn:aws:iam::999988887777:root"}}"#)
                    .and(("aws_sqs_queue.q", r#"{"arn":"arn:aws:sqs:eu-west-1:111122223333:q"}"#))),
            ])
            .allows(&[
                Case::clean("an external id", from(FOREIGN, r#""StringEquals":{"sts:ExternalId":"7b1c9e"}"#)),
                Case::clean("a vendor with an external id", from(r#""464622532012""#, r#""StringEquals":{"sts:ExternalId":"7b1c9e"}"#)),
                Case::clean("an organisation", from(FOREIGN, r#""StringEquals":{"aws:PrincipalOrgID":"o-a1b2c3"}"#)),
                Case::clean("an organisational unit", from(FOREIGN, r#""ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-a1b2c3/r-1/ou-1/*"}"#)),
                Case::clean("one role of the account", from(FOREIGN, r#""ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::999988887777:role/ci"}"#)),
                Case::clean("a role of the own account", from(r#""arn:aws:iam::111122223333:role/ci""#, "")),
                Case::clean("a role, where nothing says whose", trust(r#"{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"arn:aws:iam::111122223333:role/ci"}}"#)),
                Case::clean("a principal that is gone", from(r#""AROAEXAMPLE""#, "")),
                Case::clean("anyone is another rule", from(r#""*""#, "")),
                Case::clean("a member of the organisation", from(r#""arn:aws:iam::999988887777:role/ci""#, "").and(("aws_organizations_account.a", r#"{"id":"999988887777"}"#))),
                Case::clean("denied outside the organisation", trust(
                    r#"{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"arn:aws:iam::999988887777:root"}},
                       {"Effect":"Deny","Action":"sts:AssumeRole","Principal":"*","Condition":{"StringNotEquals":{"aws:PrincipalOrgID":"o-a1b2c3"}}}"#,
                ).and(OWN)),
                Case::clean("tags only", trust(r#"{"Effect":"Allow","Action":"sts:TagSession","Principal":{"AWS":"arn:aws:iam::999988887777:root"}}"#).and(OWN)),
                Case::clean("a service", trust(r#"{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"ec2.amazonaws.com"}}"#).and(OWN)),
            ]);
    }

    #[test]
    fn cases_of_unknown_parts() {
        use nhi_plan::symbol::symbol;
        let data = "data.aws_iam_policy_document.t";
        let deferred = |leads: &str| {
            plan(&[
                ("aws_iam_role.r", r#"{"name":"r"}"#),
                (data, r#"{"statement":[{"actions":["sts:AssumeRole"],"principals":[{"type":"AWS","identifiers":[null]}]}]}"#),
                OWN,
            ])
            .unknown("aws_iam_role.r", &["assume_role_policy"])
            .unknown(data, &["statement[0].principals[0].identifiers[0]", "json"])
            .references("aws_iam_role.r", "assume_role_policy", &[data])
            .references(data, "statement[0].principals[0].identifiers", &[leads])
        };
        let caller = symbol("data.aws_caller_identity.c.account_id");
        let other = symbol("data.terraform_remote_state.s.outputs");
        cases(&super::RULE)
            .flags(&[
                Case::info("the own account, by symbol", from(&format!(r#""arn:aws:iam::{caller}:root""#), "")),
                Case::unverified("an account that is not known", from(&format!(r#""arn:aws:iam::{other}:root""#), "")),
                Case::unverified("a principal that is not known", deferred("data.http.x")),
                Case::unverified(
                    "a condition that is not known",
                    plan(&[
                        ("aws_iam_role.r", "{}"),
                        (data, r#"{"statement":[{"actions":["sts:AssumeRole"],"principals":[{"type":"AWS","identifiers":["arn:aws:iam::999988887777:root"]}]}]}"#),
                        OWN,
                    ])
                    .unknown("aws_iam_role.r", &["assume_role_policy"])
                    .unknown(data, &["statement[0].condition", "json"])
                    .references("aws_iam_role.r", "assume_role_policy", &[data]),
                ),
            ])
            .allows(&[
                Case::clean("a role of the plan", deferred("aws_iam_role.ci")),
                Case::clean("a role of the plan, by symbol", from(&format!(r#""{}""#, symbol("aws_iam_role.ci.arn")), "")),
                Case::clean("an external id that is not known", from(FOREIGN, &format!(r#""StringEquals":{{"sts:ExternalId":"{}"}}"#, symbol("random_uuid.x.result")))),
            ]);
    }
}
