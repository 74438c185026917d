//! Conditions of IAM statements: do they narrow anything?
//!
//! A condition counts for what it excludes, not for being there: `ForAllValues` and `IfExists` are true when the key
//! is absent, `StringLike *` is always true, and some keys are chosen by whoever calls.

use super::pattern::{Case, PARTITIONS, matches};

/// Where a statement stands decides what its keys are worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// A policy of a principal: who calls is given.
    Identity,
    /// The trust of a role: whoever calls is a stranger until a key says otherwise.
    Trust,
    /// A policy of a resource: as with trust, and services act for strangers too.
    Resource,
}

/// How much a condition takes away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Narrowing {
    /// Nothing.
    None,
    /// The circumstances: network, second factor, time.
    Weak,
    /// The privilege itself, or who may use it.
    Strong,
}

/// One operator on one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Test {
    pub(crate) operator: String,
    pub(crate) key: String,
    /// `None` is a value that is not known yet.
    pub(crate) values: Vec<Option<String>>,
}

/// All tests of a statement; every one must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Condition {
    pub(crate) tests: Vec<Test>,
    /// Which tests there are is not known yet.
    pub(crate) unknown: bool,
}

/// How an operator treats a key with several values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quantifier {
    One,
    All,
    Any,
}

/// A condition operator, taken apart.
#[derive(Debug)]
pub(crate) struct Operator {
    pub(crate) quantifier: Quantifier,
    pub(crate) if_exists: bool,
    pub(crate) negated: bool,
    /// Lower case, without quantifier, negation and `IfExists`.
    pub(crate) base: String,
}

impl Operator {
    pub(crate) fn parse(text: &str) -> Self {
        let lower = text.to_ascii_lowercase();
        let (quantifier, rest) = match lower.split_once(':') {
            Some(("forallvalues", rest)) => (Quantifier::All, rest),
            Some(("foranyvalue", rest)) => (Quantifier::Any, rest),
            _ => (Quantifier::One, lower.as_str()),
        };
        let (rest, if_exists) = rest.strip_suffix("ifexists").map_or((rest, false), |rest| (rest, true));
        let positive = rest.replacen("not", "", 1);
        Self {
            quantifier,
            if_exists,
            negated: positive != rest,
            base: positive,
        }
    }
}

impl Condition {
    /// What the condition of an `Allow` takes away.
    pub(crate) fn narrowing(&self, place: Use) -> Narrowing {
        self.tests
            .iter()
            .map(|test| self.worth(test, place))
            .max()
            .unwrap_or(Narrowing::None)
    }

    pub(super) fn worth(&self, test: &Test, place: Use) -> Narrowing {
        let operator = Operator::parse(&test.operator);
        let key = test.key.to_ascii_lowercase();
        let absence_passes = operator.if_exists || operator.quantifier == Quantifier::All;
        if operator.negated || absence_passes && !is_always_present(&key) && !self.demands(&key) {
            return Narrowing::None;
        }
        positive_worth(&operator.base, &key, &test.values, place)
    }

    /// Whether another test makes sure that the key is there.
    pub(crate) fn demands(&self, key: &str) -> bool {
        self.tests.iter().any(|test| {
            test.operator.eq_ignore_ascii_case("null")
                && test.key.eq_ignore_ascii_case(key)
                && test.values.iter().all(|value| {
                    value
                        .as_deref()
                        .is_some_and(|value| value.eq_ignore_ascii_case("false"))
                })
        })
    }

    /// Whether a `Deny` with this condition takes back what strangers, or everyone, would have.
    ///
    /// Without tests it always holds. With `StringNotEquals aws:PrincipalOrgID` it holds for everyone outside.
    pub(crate) fn takes_back(&self, place: Use) -> bool {
        !self.unknown && self.tests.iter().all(|test| takes_back(test, place))
    }
}

fn takes_back(test: &Test, place: Use) -> bool {
    let operator = Operator::parse(&test.operator);
    let key = test.key.to_ascii_lowercase();
    let is = |wanted: &str| {
        test.values
            .iter()
            .all(|value| value.as_deref().is_some_and(|value| value.eq_ignore_ascii_case(wanted)))
    };
    if operator.base == "bool" {
        return matches!(key.as_str(), "aws:principalisawsservice" | "aws:viaawsservice") && is("false");
    }
    operator.negated
        && operator.quantifier != Quantifier::Any
        && positive_worth(&operator.base, &key, &test.values, place) == Narrowing::Strong
}

/// Keys that every request carries, so that a test "if it exists" is a test.
pub(crate) fn is_always_present(key: &str) -> bool {
    matches!(
        key,
        "aws:principalarn"
            | "aws:principalaccount"
            | "aws:principaltype"
            | "aws:userid"
            | "aws:requestedregion"
            | "aws:currenttime"
            | "aws:epochtime"
    )
}

fn positive_worth(base: &str, key: &str, values: &[Option<String>], place: Use) -> Narrowing {
    let worth = match place {
        Use::Identity => identity_worth(key),
        Use::Trust => trust_worth(key),
        Use::Resource => super::resource_keys::worth(key),
    };
    let specific = |value: &Option<String>| {
        value
            .as_deref()
            .is_none_or(|value| is_specific(base, key, value, place))
    };
    if base == "null" || !values.iter().all(specific) {
        return Narrowing::None;
    }
    worth
}

fn identity_worth(key: &str) -> Narrowing {
    match key {
        // True for the principal that holds the policy, or true of its own account.
        "aws:principalorgid"
        | "aws:principalorgpaths"
        | "aws:principalaccount"
        | "aws:principaltype"
        | "aws:securetransport"
        | "aws:resourceaccount"
        | "aws:resourceorgid"
        | "aws:resourceorgpaths"
        | "aws:useragent"
        | "aws:referer"
        | "aws:principalisawsservice" => Narrowing::None,
        "aws:multifactorauthpresent"
        | "aws:multifactorauthage"
        | "aws:sourceip"
        | "aws:vpcsourceip"
        | "aws:sourcevpc"
        | "aws:sourcevpce"
        | "aws:currenttime"
        | "aws:epochtime"
        | "aws:tokenissuetime"
        | "aws:requestedregion"
        | "aws:principalarn"
        | "aws:userid"
        | "aws:username"
        | "aws:viaawsservice"
        | "aws:calledvia"
        | "aws:calledviafirst"
        | "aws:calledvialast"
        | "aws:federatedprovider"
        | "aws:ec2instancesourcevpc"
        | "aws:ec2instancesourceprivateipv4"
        | "aws:sourcevpcarn"
        | "ec2:sourceinstancearn"
        | "lambda:sourcefunctionarn"
        | "ssm:sourceinstancearn"
        | "aws:sourceidentity" => Narrowing::Weak,
        key if key.starts_with("aws:principaltag/") => Narrowing::Weak,
        // A key of one service, a resource tag, the policy or the boundary in question.
        _ => Narrowing::Strong,
    }
}

fn trust_worth(key: &str) -> Narrowing {
    match key {
        "aws:sourceip" | "aws:vpcsourceip" | "aws:currenttime" | "aws:epochtime" => Narrowing::Weak,
        "sts:externalid"
        | "aws:principalorgid"
        | "aws:principalorgpaths"
        | "aws:principalaccount"
        | "aws:principalarn"
        | "aws:sourcearn"
        | "aws:sourceaccount"
        | "aws:sourceorgid"
        | "aws:sourceorgpaths"
        | "aws:sourcevpc"
        | "aws:sourcevpce"
        | "aws:resourceorgid"
        | "aws:resourceaccount"
        | "aws:userid"
        | "aws:federatedprovider"
        | "aws:principalisawsservice"
        | "aws:principalservicename"
        | "aws:principalservicenameslist"
        | "aws:calledvia"
        | "aws:calledviafirst"
        | "aws:calledvialast" => Narrowing::Strong,
        // Tags, session names, a second factor: strangers bring their own.
        key if key.starts_with("aws:") || key.starts_with("sts:") => Narrowing::None,
        _ => Narrowing::Strong,
    }
}

/// Values that strangers would have; a pattern that matches one says nothing.
const STRANGERS: [&str; 8] = [
    "qxzj81kq2v",
    "o-qxzj81kq2v",
    "o-qxzj81kq2v/r-qx81/ou-qx81-zj45/",
    "918273645546",
    "vpc-0qxzj81kq2v",
    "vpce-0qxzj81kq2v",
    "AROAQXZJ81KQ2V:zj",
    "AIDAQXZJ81KQ2V",
];

fn is_specific(base: &str, key: &str, value: &str, place: Use) -> bool {
    if base == "bool" {
        return value.eq_ignore_ascii_case("true");
    }
    if base == "ipaddress" {
        let prefix = value.split_once('/').map(|(_, prefix)| prefix);
        return !matches!(prefix, Some("0" | "1"));
    }
    if place != Use::Identity && value.contains("${") {
        return is_bound_variable(key, value);
    }
    let is_pattern = matches!(base, "stringlike" | "arnlike" | "arnequals");
    if matches!(key, "iam:policyarn" | "iam:permissionsboundary") {
        return !lets_powers_through(value, is_pattern);
    }
    !is_pattern || !value.contains(['*', '?']) || is_specific_pattern(key, value)
}

/// Policies that somebody who raises privileges would choose: what AWS offers for it, and any other.
const POWERFUL: [&str; 3] = [
    "iam::aws:policy/AdministratorAccess",
    "iam::aws:policy/IAMFullAccess",
    "iam::918273645546:policy/qxzj",
];

/// Whether a policy or boundary that must have this ARN may be one that limits nothing.
fn lets_powers_through(value: &str, is_pattern: bool) -> bool {
    PARTITIONS.iter().any(|partition| {
        POWERFUL.iter().any(|name| {
            let arn = format!("arn:{partition}:{name}");
            value.eq_ignore_ascii_case(&arn) || is_pattern && matches(value, &arn, Case::Exact)
        })
    })
}

/// A policy variable is filled in by the caller, unless it ties the caller to the role's own account or organisation.
fn is_bound_variable(key: &str, value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    (key.starts_with("aws:principal") || key.starts_with("aws:source")) && value.contains("${aws:resource")
        || key.starts_with("aws:resource") && value.contains("${aws:principal")
}

fn is_specific_pattern(key: &str, value: &str) -> bool {
    match key {
        "aws:principalarn" | "aws:sourcearn" => {
            let mut fields = value.splitn(6, ':');
            let service = fields.nth(2).unwrap_or_default();
            let account = fields.nth(1).unwrap_or_default();
            let resource = fields.next().unwrap_or_default();
            let fixed = |field: &str| !field.is_empty() && !field.contains(['*', '?']);
            if value.starts_with(nhi_plan::symbol::OPEN) {
                return true;
            }
            // A bucket's ARN has no account: its name says whose it is.
            fixed(account)
                || account.is_empty() && service == "s3" && !resource.starts_with(['*', '?']) && !resource.is_empty()
        }
        _ => !STRANGERS.iter().any(|stranger| matches(value, stranger, Case::Ignored)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn condition(tests: &[(&str, &str, &[&str])]) -> Condition {
        let test = |(operator, key, values): &(&str, &str, &[&str])| Test {
            operator: (*operator).to_owned(),
            key: (*key).to_owned(),
            values: values.iter().map(|value| Some((*value).to_owned())).collect(),
        };
        Condition {
            tests: tests.iter().map(test).collect(),
            unknown: false,
        }
    }

    #[test]
    fn what_a_test_is_worth() {
        use Narrowing::{None, Strong, Weak};
        use Use::{Identity, Trust};
        let table: &[(Use, &str, &str, &str, Narrowing)] = &[
            (Trust, "StringEquals", "aws:PrincipalOrgID", "o-abc123", Strong),
            (Trust, "stringequals", "AWS:principalorgid", "o-abc123", Strong),
            (Trust, "StringLike", "aws:PrincipalOrgID", "*", None),
            (Trust, "StringLike", "aws:PrincipalOrgID", "o-*", None),
            (Trust, "StringEqualsIfExists", "aws:PrincipalOrgID", "o-abc123", None),
            (
                Trust,
                "ForAllValues:StringEquals",
                "aws:PrincipalOrgID",
                "o-abc123",
                None,
            ),
            (
                Trust,
                "ForAnyValue:StringLike",
                "aws:PrincipalOrgPaths",
                "o-abc123/r-1/*",
                Strong,
            ),
            (Trust, "StringNotEquals", "aws:PrincipalOrgID", "o-abc123", None),
            (Trust, "Null", "sts:ExternalId", "false", None),
            (Trust, "StringEquals", "sts:ExternalId", "7b1c", Strong),
            (Trust, "StringEquals", "sts:ExternalId", "${aws:PrincipalAccount}", None),
            (
                Trust,
                "StringEquals",
                "aws:ResourceOrgID",
                "${aws:PrincipalOrgID}",
                Strong,
            ),
            (Trust, "StringEquals", "aws:PrincipalTag/team", "ops", None),
            (Trust, "StringEquals", "sts:RoleSessionName", "ops", None),
            (Trust, "Bool", "aws:MultiFactorAuthPresent", "true", None),
            (Trust, "IpAddress", "aws:SourceIp", "0.0.0.0/0", None),
            (Trust, "IpAddress", "aws:SourceIp", "203.0.113.0/24", Weak),
            (
                Trust,
                "ArnLike",
                "aws:PrincipalArn",
                "arn:aws:iam::123456789012:role/ci-*",
                Strong,
            ),
            (Trust, "ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/ci", None),
            (
                Trust,
                "ArnEqualsIfExists",
                "aws:PrincipalArn",
                "arn:aws:iam::123456789012:role/ci",
                Strong,
            ),
            (Trust, "ArnLike", "aws:SourceArn", "arn:aws:s3:::my-bucket", Strong),
            (Trust, "ArnLike", "aws:SourceArn", "arn:aws:s3:::*", None),
            (Identity, "StringEquals", "aws:PrincipalOrgID", "o-abc123", None),
            (Identity, "StringEquals", "aws:RequestedRegion", "eu-west-1", Weak),
            (Identity, "Bool", "aws:MultiFactorAuthPresent", "true", Weak),
            (Identity, "BoolIfExists", "aws:MultiFactorAuthPresent", "true", None),
            (Identity, "Bool", "aws:MultiFactorAuthPresent", "false", None),
            (
                Identity,
                "ArnEquals",
                "iam:PolicyARN",
                "arn:aws:iam::aws:policy/ReadOnlyAccess",
                Strong,
            ),
            (Identity, "ArnLike", "iam:PolicyARN", "*", None),
            (Identity, "ArnLike", "iam:PolicyARN", "arn:aws:iam::aws:policy/*", None),
            (Identity, "ArnLike", "iam:PolicyARN", "arn:aws:iam::*:policy/*", None),
            (
                Identity,
                "ArnEquals",
                "iam:PolicyARN",
                "arn:aws:iam::aws:policy/AdministratorAccess",
                None,
            ),
            (
                Identity,
                "ArnLike",
                "iam:PolicyARN",
                "arn:aws:iam::aws:policy/service-role/*",
                Strong,
            ),
            (
                Identity,
                "StringEquals",
                "iam:PermissionsBoundary",
                "arn:aws-us-gov:iam::aws:policy/AdministratorAccess",
                None,
            ),
            (
                Identity,
                "StringLike",
                "iam:PermissionsBoundary",
                "arn:aws:iam::*:policy/boundary",
                Strong,
            ),
            (
                Identity,
                "ForAnyValue:StringEquals",
                "aws:CalledVia",
                "cloudformation.amazonaws.com",
                Weak,
            ),
            (
                Identity,
                "ArnLike",
                "ec2:SourceInstanceARN",
                "arn:aws:ec2:*:111122223333:instance/*",
                Weak,
            ),
            (
                Identity,
                "StringEquals",
                "iam:PermissionsBoundary",
                "arn:aws:iam::1:policy/b",
                Strong,
            ),
            (Identity, "StringNotEquals", "aws:RequestedRegion", "eu-west-1", None),
        ];
        for &(place, operator, key, value, want) in table {
            let got = condition(&[(operator, key, &[value])]).narrowing(place);
            assert_eq!(got, want, "{place:?} {operator} {key} {value}");
        }
    }

    #[test]
    fn a_demanded_key_makes_a_quantifier_count() {
        let guarded = condition(&[
            ("ForAllValues:StringEquals", "aws:SourceOrgPaths", &["o-abc123/r-1/"]),
            ("Null", "aws:SourceOrgPaths", &["false"]),
        ]);
        assert_eq!(guarded.narrowing(Use::Trust), Narrowing::Strong);
    }

    #[test]
    fn denies_that_take_back() {
        let yes = [
            condition(&[]),
            condition(&[("StringNotEquals", "aws:PrincipalOrgID", &["o-abc123"])]),
            condition(&[("StringNotEqualsIfExists", "aws:PrincipalOrgID", &["o-abc123"])]),
            condition(&[
                ("StringNotEquals", "aws:PrincipalOrgID", &["o-abc123"]),
                ("BoolIfExists", "aws:PrincipalIsAWSService", &["false"]),
            ]),
        ];
        for condition in yes {
            assert!(condition.takes_back(Use::Trust), "{condition:?}");
        }
        let no = [
            condition(&[("StringEquals", "aws:PrincipalOrgID", &["o-abc123"])]),
            condition(&[("StringNotLike", "aws:PrincipalOrgID", &["*"])]),
            condition(&[("ForAnyValue:StringNotEquals", "aws:PrincipalOrgPaths", &["o-abc123/*"])]),
            condition(&[("Bool", "aws:SecureTransport", &["false"])]),
        ];
        for condition in no {
            assert!(!condition.takes_back(Use::Trust), "{condition:?}");
        }
    }
}
