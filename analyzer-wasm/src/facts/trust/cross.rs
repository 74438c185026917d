//! Trust in accounts, people and services.

use nhi_plan::symbol;

use super::accounts::{Owner, account_of, is_number, is_own_origin};
use super::federated::{allows, claim};
use super::{Judge, Remark, vendors};
use crate::facts::iam::condition::{Condition, Narrowing, Operator, Use};
use crate::facts::iam::document::{Document, Effect, Principals, Selection, Statement};
use crate::facts::iam::pattern::{Case, matches};
use crate::facts::iam::who::Sort;

/// How much of an account a principal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reach {
    /// One role or user.
    Principal,
    /// Whoever the account lets.
    Account,
}

/// What an account is to the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kin {
    /// The plan's own.
    Own,
    /// Nothing in the plan says.
    Unknown,
    /// Another one.
    Foreign,
}

/// Accounts that a statement trusts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Foreign {
    pub(crate) principals: Vec<String>,
    pub(crate) reach: Reach,
    pub(crate) kin: Kin,
    /// The vendor whose account it is.
    pub(crate) vendor: Option<&'static str>,
    /// A condition of network, time or second factor.
    pub(crate) weak: bool,
}

/// Services whose trust is judged; all others are clean.
pub(super) const SERVICES: [&str; 8] = [
    "bedrock-agentcore.amazonaws.com",
    "bedrock.amazonaws.com",
    "pipes.amazonaws.com",
    "pods.eks.amazonaws.com",
    "rolesanywhere.amazonaws.com",
    "scheduler.amazonaws.com",
    "transfer.amazonaws.com",
    "vpc-flow-logs.amazonaws.com",
];

pub(super) fn is_service_of_interest(name: &str) -> bool {
    SERVICES.contains(&name)
}

/// Whether what a document means depends on other blocks: on whose an account is, or on what a symbol leads to.
pub(super) fn needs_the_plan(document: &Document) -> bool {
    document.statements.iter().any(|statement| {
        statement.effect != Effect::Deny
            && statement.named.iter().any(|named| {
                let name = named.name.as_deref();
                name.is_none_or(symbol::has_symbols)
                    || named.sort == Sort::Aws
                        && name != Some("*")
                        && statement.condition.narrowing(Use::Trust) != Narrowing::Strong
            })
    })
}

/// Whether a condition names for whom a service acts.
fn has_source(condition: &Condition) -> bool {
    condition.unknown
        || condition.tests.iter().any(|test| {
            let key = test.key.to_ascii_lowercase();
            let operator = Operator::parse(&test.operator);
            let source = [
                "aws:sourcearn",
                "aws:sourceaccount",
                "aws:sourceorgid",
                "aws:sourceorgpaths",
            ]
            .contains(&key.as_str());
            let own = |value: &Option<String>| value.as_deref().is_none_or(|value| value != "*");
            (source || key.is_empty()) && !operator.negated && operator.base != "null" && test.values.iter().all(own)
        })
}

/// What a statement says about the accounts and services that it names.
pub(super) fn judge(document: &Document, statement: &Statement, judge: &Judge<'_>) -> Vec<(bool, Remark)> {
    let mut found = services(statement);
    if statement.principals == Principals::Named || statement.principals == Principals::Unknown {
        found.extend(accounts(document, statement, judge));
    }
    found
}

fn services(statement: &Statement) -> Vec<(bool, Remark)> {
    let condition = &statement.condition;
    let certificate = condition.tests.iter().any(|test| {
        let key = test.key.to_ascii_lowercase();
        key.starts_with("aws:principaltag/x509") || key.starts_with("aws:requesttag/x509")
    });
    let named = statement.named.iter().filter(|named| named.sort == Sort::Service);
    let mut found: Vec<(bool, Remark)> = Vec::new();
    for name in named.filter_map(|named| named.name.as_deref()) {
        let remark = match name {
            "rolesanywhere.amazonaws.com" if certificate => continue,
            _ if has_source(condition) || !allows(statement, "sts:AssumeRole") => continue,
            "rolesanywhere.amazonaws.com" => Remark::RolesAnywhere,
            "pods.eks.amazonaws.com" if binds_pod(condition) => continue,
            "pods.eks.amazonaws.com" => Remark::PodIdentity,
            name if is_service_of_interest(name) => Remark::Service(name.to_owned()),
            _ => continue,
        };
        let same = |(_, old): &(bool, Remark)| std::mem::discriminant(old) == std::mem::discriminant(&remark);
        if !found.iter().any(same) {
            found.push((statement.effect == Effect::Unknown, remark));
        }
    }
    found
}

/// EKS tells cluster, namespace and service account of a pod as tags.
fn binds_pod(condition: &Condition) -> bool {
    condition.tests.iter().any(|test| {
        let key = test.key.to_ascii_lowercase();
        key.starts_with("aws:requesttag/kubernetes-") || key.starts_with("aws:requesttag/eks-cluster-")
    })
}

/// A principal of AWS that is not everybody.
fn describe(name: Option<&str>, judge: &Judge<'_>) -> Option<(Reach, Owner, String)> {
    let Some(name) = name else {
        return Some((Reach::Principal, Owner::Unknown, String::from("a principal")));
    };
    if name == "*" || !symbol::has_symbols(name) && !name.starts_with("arn:") && !is_number(name) {
        // Everybody is another rule's; an id such as AROA… is what AWS makes of a principal that is gone.
        return None;
    }
    let readable = symbol::readable(name).into_owned();
    let resource = name.rsplit(':').next().unwrap_or_default();
    let reach = if resource == "root" || is_number(name) || resource == "*" {
        Reach::Account
    } else {
        Reach::Principal
    };
    if name.starts_with(symbol::OPEN) {
        let origins: Vec<&str> = symbol::parts(name)
            .filter_map(|part| match part {
                symbol::Part::Symbol(origin) => Some(origin),
                symbol::Part::Text(_) => None,
            })
            .collect();
        let own = origins.iter().all(|origin| is_own_origin(origin));
        let owner = if own { Owner::Own } else { Owner::Unknown };
        return Some((reach, owner, readable));
    }
    let account = if is_number(name) {
        name
    } else {
        account_of(name).or_else(|| name.split(':').nth(4))?
    };
    let owner = match judge.accounts.owner(account) {
        // The account that the plan's resources are made in.
        Owner::Unknown if account == symbol::symbol("account") => Owner::Own,
        Owner::Unknown if vendors::name(account).is_some() => Owner::Foreign,
        owner => owner,
    };
    Some((reach, owner, readable))
}

/// Whether a deny keeps everyone out who is not of the organisation, account or principal it names.
fn is_denied(document: &Document) -> bool {
    document.statements.iter().any(|statement| {
        let covers = match &statement.actions {
            Selection::Only(patterns) => patterns
                .known
                .iter()
                .any(|pattern| matches(pattern, "sts:AssumeRole", Case::Ignored)),
            Selection::Except(_) => false,
        };
        statement.effect == Effect::Deny
            && covers
            && matches!(statement.principals, Principals::Anyone | Principals::AnyoneBut)
            && !statement.condition.tests.is_empty()
            && statement.condition.takes_back(Use::Trust)
    })
}

fn accounts(document: &Document, statement: &Statement, judge: &Judge<'_>) -> Option<(bool, Remark)> {
    if !allows(statement, "sts:AssumeRole") || is_denied(document) {
        return None;
    }
    let narrowing = statement.condition.narrowing(Use::Trust);
    let named = statement.named.iter().filter(|named| named.sort == Sort::Aws);
    let all: Vec<_> = named
        .filter_map(|named| describe(named.name.as_deref(), judge))
        .collect();
    let (reach, owner) = all
        .iter()
        .map(|(reach, owner, _)| (*reach, *owner))
        .max_by_key(|&(reach, owner)| (owner != Owner::Own, reach, owner))?;
    if narrowing == Narrowing::Strong || owner == Owner::Own && reach == Reach::Principal {
        return None;
    }
    let principals: Vec<String> = all
        .into_iter()
        .filter(|(other, whose, _)| *whose == owner && *other == reach)
        .map(|(_, _, name)| name)
        .collect();
    let accounts = principals.iter().filter(|_| owner == Owner::Foreign);
    let vendor = accounts
        .map(|name| account_of(name).unwrap_or(name))
        .find_map(vendors::name);
    let symbolic = statement
        .named
        .iter()
        .filter(|named| named.sort == Sort::Aws)
        .any(|named| named.name.as_deref().is_none_or(symbol::has_symbols));
    // A literal number is something to go by; what is known only after apply is not.
    let possible = statement.condition.unknown
        || statement.effect == Effect::Unknown
        || has_riddle(&statement.condition)
        || owner == Owner::Unknown && symbolic;
    if owner == Owner::Unknown && reach == Reach::Principal && !symbolic {
        return None;
    }
    let remark = Remark::Account(Foreign {
        principals,
        reach,
        vendor,
        kin: match owner {
            Owner::Own => Kin::Own,
            Owner::Unknown => Kin::Unknown,
            Owner::Foreign => Kin::Foreign,
        },
        weak: narrowing == Narrowing::Weak || has_second_factor(&statement.condition),
    });
    Some((possible, remark))
}

fn has_riddle(condition: &Condition) -> bool {
    condition.tests.iter().any(|test| test.key.is_empty())
}

fn has_second_factor(condition: &Condition) -> bool {
    condition.tests.iter().any(|test| {
        let key = test.key.to_ascii_lowercase();
        matches!(key.as_str(), "aws:multifactorauthpresent" | "aws:multifactorauthage")
            && !Operator::parse(&test.operator).if_exists
            || key.starts_with("aws:principaltag/")
    })
}

/// The person behind a principal: a user, or a role of IAM Identity Center.
fn person(name: &str) -> bool {
    let resource = name.splitn(6, ':').nth(5).unwrap_or_default();
    resource.starts_with("user/")
        || resource.contains("AWSReservedSSO_")
        || resource.contains("aws-reserved/sso.amazonaws.com")
}

/// Services that carry people, or that only lend a role.
fn is_workload_service(name: &str) -> bool {
    !matches!(name, "sso.amazonaws.com" | "saml.amazonaws.com" | "ssm.amazonaws.com")
}

/// The first person and the first workload that a document lets in, together.
pub(super) fn human(document: &Document) -> Option<(usize, bool, Remark)> {
    let mut people: Option<(usize, String)> = None;
    let mut workload: Option<String> = None;
    let allowed = |statement: &&Statement| statement.effect == Effect::Allow;
    for (index, statement) in document.statements.iter().enumerate().filter(|(_, s)| allowed(s)) {
        for named in &statement.named {
            let Some(name) = named.name.as_deref() else { continue };
            let is_person = match named.sort {
                Sort::Aws => person(name),
                Sort::Federated => name.contains(":saml-provider/") || name.contains("aws_iam_saml_provider."),
                _ => name.contains("aws_iam_user."),
            } || named.sort == Sort::Aws && name.contains("aws_iam_user.");
            if is_person {
                people.get_or_insert_with(|| (index, symbol::readable(name).into_owned()));
            } else if named.sort == Sort::Service && is_workload_service(name)
                || named.sort == Sort::Federated && is_token_service(name, statement)
            {
                workload.get_or_insert_with(|| symbol::readable(name).into_owned());
            }
        }
        if let Some(arn) = person_in_condition(&statement.condition) {
            people.get_or_insert((index, arn));
        }
    }
    let (index, person) = people?;
    Some((
        index,
        false,
        Remark::Human {
            person,
            workload: workload?,
        },
    ))
}

fn is_token_service(name: &str, statement: &Statement) -> bool {
    let is_web = name.contains(":oidc-provider/") || name.contains("openid_connect_provider");
    is_web && allows(statement, "sts:AssumeRoleWithWebIdentity")
}

fn person_in_condition(condition: &Condition) -> Option<String> {
    let tests = condition.tests.iter().filter(|test| {
        test.key.eq_ignore_ascii_case("aws:PrincipalArn")
            && !Operator::parse(&test.operator).negated
            && claim(&test.key).is_none()
    });
    let mut values = tests.flat_map(|test| test.values.iter().flatten());
    values
        .find(|value| person(value))
        .map(|value| symbol::readable(value).into_owned())
}
