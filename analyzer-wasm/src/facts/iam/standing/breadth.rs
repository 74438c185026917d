//! Whole services and all data of a kind.

use std::collections::BTreeSet;

use nhi_plan::Severity;

use super::{ANY_ACTION, Claim, ask};
use crate::facts::iam::access::{Bound, Policy, Principal, Resource, ResourceKind, StatementRef};
use crate::facts::iam::document::{Effect, Selection, Statement};

/// Services of which a principal may do everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Breadth {
    pub(crate) claim: Claim,
    pub(crate) width: Width,
    /// How bad it is before anything weakens it.
    pub(crate) severity: Severity,
}

/// How wide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Width {
    /// Every service, but for what a `Deny` takes back.
    All,
    /// Every service but what a `NotAction` names.
    AllBut(Vec<String>),
    /// These services, sorted.
    Services(Vec<String>),
}

/// Data of which a principal may read everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reads {
    pub(crate) claim: Claim,
    /// What it reads, in words, the worst first.
    pub(crate) what: Vec<&'static str>,
    pub(crate) actions: Vec<&'static str>,
    pub(crate) severity: Severity,
}

/// Services in which everything is control of data, of identities or of machines.
const SENSITIVE: [&str; 23] = [
    "account",
    "cloudformation",
    "cognito-idp",
    "dynamodb",
    "ec2",
    "eks",
    "glue",
    "identitystore",
    "kms",
    "lambda",
    "organizations",
    "rds",
    "rds-data",
    "rds-db",
    "redshift",
    "redshift-data",
    "s3",
    "secretsmanager",
    "ssm",
    "sso",
    "sso-directory",
    "states",
    "sts",
];

/// Services in which nothing but telemetry is at stake.
const HARMLESS: [&str; 14] = [
    "application-autoscaling",
    "aps",
    "ce",
    "cloudwatch",
    "cur",
    "ec2messages",
    "health",
    "logs",
    "pricing",
    "ssmmessages",
    "synthetics",
    "tag",
    "trustedadvisor",
    "xray",
];

fn severity(service: &str) -> Severity {
    if SENSITIVE.binary_search(&service).is_ok() {
        Severity::High
    } else if HARMLESS.binary_search(&service).is_ok() {
        Severity::Info
    } else {
        Severity::Medium
    }
}

pub(super) fn breadth(principal: &Principal) -> Option<Breadth> {
    if let Some(claim) =
        ask(principal, ANY_ACTION, Resource::Everything).filter(|claim| claim.is_certain && claim.bound != Bound::Held)
    {
        let excepted = claim
            .because
            .first()
            .and_then(|at| statement(principal, *at))
            .map(|statement| &statement.actions);
        let width = match excepted {
            Some(Selection::Except(patterns)) => Width::AllBut(patterns.known.clone()),
            _ => Width::All,
        };
        return Some(Breadth {
            claim,
            width,
            severity: Severity::High,
        });
    }
    let mut found: Option<Breadth> = None;
    for service in named_services(principal) {
        let action = format!("{service}:Kqzj");
        let resource = match service.as_str() {
            "s3" => Resource::Every(ResourceKind::Object),
            "rds-db" => Resource::Every(ResourceKind::DatabaseUser),
            // IAM is a finding of its own.
            "iam" => continue,
            service => Resource::EveryOf(service),
        };
        let claim = ask(principal, &action, resource).filter(|claim| claim.is_certain && claim.bound != Bound::Held);
        let Some(claim) = claim else { continue };
        let severity = severity(&service);
        match &mut found {
            None => {
                found = Some(Breadth {
                    claim,
                    width: Width::Services(vec![service]),
                    severity,
                });
            }
            Some(breadth) => {
                // The statement behind the worst service stands first.
                let is_worse = severity > breadth.severity;
                let before = std::mem::replace(&mut breadth.claim, claim.clone());
                breadth.claim = if is_worse { claim.or(before) } else { before.or(claim) };
                breadth.severity = breadth.severity.max(severity);
                if let Width::Services(services) = &mut breadth.width {
                    services.push(service);
                }
            }
        }
    }
    found
}

fn statement(principal: &Principal, at: StatementRef) -> Option<&Statement> {
    let place = principal.place(at)?;
    place.alternative.document.statements.get(place.index)
}

/// Services that an `Allow` names with nothing but wildcards behind: `s3:*`.
fn named_services(principal: &Principal) -> BTreeSet<String> {
    let mut services = BTreeSet::new();
    let documents = principal.grants.iter().flat_map(|grant| &grant.alternatives);
    for statement in documents.flat_map(|alternative| &alternative.document.statements) {
        let Selection::Only(patterns) = &statement.actions else {
            continue;
        };
        if statement.effect == Effect::Deny {
            continue;
        }
        for pattern in &patterns.known {
            let Some((service, action)) = pattern.split_once(':') else {
                continue;
            };
            let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
            if action.bytes().all(|byte| byte == b'*') && !action.is_empty() && service.bytes().all(is_name) {
                services.insert(service.to_ascii_lowercase());
            }
        }
    }
    services
}

/// Reads of all data of a kind: the action, the kind, words, and how bad it is.
///
/// Whoever writes the policy of a bucket, a secret or a key of its account lets itself in, and a new master password
/// opens a database to whoever reaches it.
pub(super) const READS: [(&str, ResourceKind, &str, Severity); 16] = [
    (
        "secretsmanager:GetSecretValue",
        ResourceKind::Secret,
        "all secrets",
        Severity::High,
    ),
    ("s3:GetObject", ResourceKind::Object, "all S3 objects", Severity::High),
    (
        "dynamodb:Scan",
        ResourceKind::Table,
        "all DynamoDB tables",
        Severity::High,
    ),
    (
        "dynamodb:GetItem",
        ResourceKind::Table,
        "all DynamoDB tables",
        Severity::High,
    ),
    (
        "rds-db:connect",
        ResourceKind::DatabaseUser,
        "all databases, as any user",
        Severity::High,
    ),
    (
        "kms:Decrypt",
        ResourceKind::Key,
        "what any key encrypts",
        Severity::Medium,
    ),
    (
        "ssm:GetParameter",
        ResourceKind::Parameter,
        "all parameters",
        Severity::Medium,
    ),
    (
        "ssm:GetParameters",
        ResourceKind::Parameter,
        "all parameters",
        Severity::Medium,
    ),
    (
        "ssm:GetParametersByPath",
        ResourceKind::Parameter,
        "all parameters",
        Severity::Medium,
    ),
    (
        "redshift:GetClusterCredentials",
        ResourceKind::WarehouseUser,
        "all Redshift clusters, as any user",
        Severity::Medium,
    ),
    (
        "secretsmanager:PutResourcePolicy",
        ResourceKind::Secret,
        "all secrets, by writing their policies",
        Severity::Medium,
    ),
    (
        "s3:PutBucketPolicy",
        ResourceKind::Bucket,
        "all S3 objects, by writing the policies of buckets",
        Severity::Medium,
    ),
    (
        "kms:PutKeyPolicy",
        ResourceKind::Key,
        "what any key encrypts, by writing policies of keys",
        Severity::Medium,
    ),
    (
        "kms:CreateGrant",
        ResourceKind::Key,
        "what any key encrypts, by granting itself the use of keys",
        Severity::Medium,
    ),
    (
        "rds:ModifyDBInstance",
        ResourceKind::Database,
        "all databases, by a new master password",
        Severity::Low,
    ),
    (
        "rds:ModifyDBCluster",
        ResourceKind::DatabaseCluster,
        "all databases, by a new master password",
        Severity::Low,
    ),
];

pub(super) fn reads(principal: &Principal, breadth: Option<&Breadth>) -> Option<Reads> {
    let is_told = |action: &str| {
        breadth.is_some_and(|breadth| match &breadth.width {
            Width::All | Width::AllBut(_) => true,
            Width::Services(services) => services
                .iter()
                .any(|service| action.split_once(':').is_some_and(|(own, _)| own == service)),
        })
    };
    let mut found: Option<Reads> = None;
    for (action, kind, what, severity) in READS {
        if is_told(action) {
            continue;
        }
        let claim = ask(principal, action, Resource::Every(kind)).filter(|claim| claim.is_certain);
        let claim = claim.filter(|claim| claim.bound != Bound::Held && !is_accepted(principal, claim, severity));
        let Some(claim) = claim else { continue };
        match &mut found {
            None => {
                found = Some(Reads {
                    claim,
                    what: vec![what],
                    actions: vec![action],
                    severity,
                });
            }
            Some(reads) => {
                let before = std::mem::replace(&mut reads.claim, claim.clone());
                reads.claim = before.or(claim);
                reads.severity = reads.severity.max(severity);
                reads.actions.push(action);
                // What is read outright, or in one way already, is not told again.
                let data = |text: &'static str| text.split(',').next();
                if !reads.what.iter().any(|told| data(told) == data(what)) {
                    reads.what.push(what);
                }
            }
        }
    }
    found
}

/// Services that a policy for auditors reads.
const AUDIT_SERVICES_MIN: usize = 20;

/// Whether all statements behind a claim belong to policies that may read so much: they read many services and do
/// hardly anything else, or AWS wrote them for its agents and the read is none of the worst.
fn is_accepted(principal: &Principal, claim: &Claim, severity: Severity) -> bool {
    claim.because.iter().all(|at| {
        let grant = principal.grants.get(at.grant);
        let document = principal.place(*at).map(|place| &place.alternative.document);
        grant.is_some_and(|grant| grant.is_audit || grant.policy == Policy::Provider && severity < Severity::High)
            || document.is_some_and(|document| reads_many_services(&document.statements))
    })
}

fn reads_many_services(statements: &[Statement]) -> bool {
    let mut services = BTreeSet::new();
    for statement in statements.iter().filter(|statement| statement.effect != Effect::Deny) {
        let Selection::Only(patterns) = &statement.actions else {
            return false;
        };
        for pattern in &patterns.known {
            let Some((service, action)) = pattern.split_once(':') else {
                return false;
            };
            let action = action.to_ascii_lowercase();
            let reads = ["get", "list", "describe", "batchget", "search", "lookup", "view"];
            if patterns.unknown || !reads.iter().any(|verb| action.starts_with(verb)) {
                return false;
            }
            services.insert(service.to_ascii_lowercase());
        }
    }
    services.len() >= AUDIT_SERVICES_MIN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_sorted() {
        assert!(SENSITIVE.is_sorted() && HARMLESS.is_sorted());
    }
}
