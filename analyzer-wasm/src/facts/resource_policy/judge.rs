//! What a resource policy lets strangers and services do.
//!
//! Allow minus Deny: a `Deny` for everybody outside an organisation, account or network takes back what an `Allow`
//! gives to everybody.

use nhi_plan::symbol;

use super::specs::Kind;
use super::{Public, Remark, Service};
use crate::facts::iam::condition::{Condition, Narrowing, Operator, Use};
use crate::facts::iam::document::{Document, Effect, Principals, Selection, Statement};
use crate::facts::iam::pattern::{Case, is_every_action, matches};
use crate::facts::iam::who::Sort;

/// What a statement lets do, from little to much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ability {
    /// See that it is there, and how it is set up.
    Look,
    /// Read what is in it.
    Read,
    /// Use or change what is in it.
    Write,
    /// Everything, or change who may.
    Administer,
}

/// What a document says.
pub(super) fn judge(document: &Document, kind: Kind) -> Vec<(usize, bool, Remark)> {
    let mut found = Vec::new();
    for (index, statement) in document.statements.iter().enumerate() {
        if statement.effect == Effect::Deny {
            continue;
        }
        let remarks = public(document, statement, kind)
            .into_iter()
            .chain(services(document, statement, kind));
        found.extend(remarks.map(|(possible, remark)| (index, possible, remark)));
    }
    if document.open && !found.iter().any(|(_, possible, _)| !possible) {
        found.push((
            usize::MAX,
            true,
            Remark::Public(Public {
                kind,
                ability: Ability::Administer,
                weak: false,
                shut: None,
                how: "",
            }),
        ));
    }
    found
}

/// A test whose key is not known may be about anything.
fn has_riddle(condition: &Condition) -> bool {
    let riddle = |key: &str| key.is_empty() || symbol::has_symbols(key);
    condition.unknown || condition.tests.iter().any(|test| riddle(&test.key))
}

fn public(document: &Document, statement: &Statement, kind: Kind) -> Option<(bool, Remark)> {
    let open = match statement.principals {
        Principals::Anyone | Principals::AnyoneBut => true,
        Principals::Unknown => false,
        Principals::Named if statement.may_name_anyone() => false,
        Principals::Named => return None,
    };
    let narrowing = statement.condition.narrowing_at_worst(Use::Resource);
    let hopeful = statement.condition.narrowing(Use::Resource);
    if narrowing == Narrowing::Strong {
        return None;
    }
    let back = taken_back(document, statement);
    if back == Some(true) {
        return None;
    }
    let (ability, known) = ability(statement, kind)?;
    let possible = !open
        || hopeful > narrowing
        || statement.effect == Effect::Unknown
        || has_riddle(&statement.condition)
        || back.is_none()
        || !known;
    let remark = Remark::Public(Public {
        kind,
        ability,
        weak: narrowing == Narrowing::Weak,
        shut: None,
        how: "",
    });
    Some((possible, remark))
}

/// Whether denies take back what a statement allows everybody; `None` where that depends on what is not known.
fn taken_back(document: &Document, statement: &Statement) -> Option<bool> {
    let mut maybe = false;
    for deny in &document.statements {
        let everyone = matches!(deny.principals, Principals::Anyone | Principals::AnyoneBut);
        if deny.effect != Effect::Deny || !everyone || !covers(&deny.actions, &statement.actions, Case::Ignored) {
            continue;
        }
        let resources = covers(&deny.resources, &statement.resources, Case::Exact);
        let unknown = |selection: &Selection| matches!(selection, Selection::Only(patterns) | Selection::Except(patterns) if patterns.unknown);
        let narrowed = deny.condition.takes_back(Use::Resource);
        if narrowed && resources {
            return Some(true);
        }
        maybe |= (narrowed || has_riddle(&deny.condition))
            && (resources || unknown(&deny.resources) || unknown(&statement.resources));
    }
    (!maybe).then_some(false)
}

/// Whether one selection holds all of another.
fn covers(outer: &Selection, inner: &Selection, case: Case) -> bool {
    match (outer, inner) {
        (Selection::Only(outer), Selection::Only(inner)) => {
            !inner.unknown
                && inner
                    .known
                    .iter()
                    .all(|inner| outer.known.iter().any(|outer| matches(outer, inner, case)))
        }
        (Selection::Only(outer), Selection::Except(_)) => outer.known.iter().any(|outer| outer == "*"),
        (Selection::Except(outer), Selection::Only(inner)) => {
            !outer.unknown
                && !inner.unknown
                && !inner.known.iter().any(|inner| {
                    outer
                        .known
                        .iter()
                        .any(|outer| matches(outer, inner, case) || matches(inner, outer, case))
                })
        }
        (Selection::Except(outer), Selection::Except(inner)) => !outer.unknown && outer == inner,
    }
}

/// What a statement lets do, and whether all its actions are known; `None` where nothing that matters.
fn ability(statement: &Statement, kind: Kind) -> Option<(Ability, bool)> {
    let Selection::Only(patterns) = &statement.actions else {
        return Some((Ability::Administer, true));
    };
    let known = patterns.known.iter().filter_map(|pattern| action(pattern, kind)).max();
    let hidden = patterns.unknown || patterns.known.iter().any(|pattern| symbol::has_symbols(pattern));
    match known {
        Some(ability) => Some((ability, true)),
        None if hidden => Some((Ability::Write, false)),
        None => None,
    }
}

const LOOKS: [&str; 8] = [
    "getqueueurl",
    "getqueueattributes",
    "gettopicattributes",
    "getbucketlocation",
    "getbucketacl",
    "getkeypolicy",
    "getkeyrotationstatus",
    "getpublickey",
];

fn action(pattern: &str, kind: Kind) -> Option<Ability> {
    if symbol::has_symbols(pattern) {
        return None;
    }
    if is_every_action(pattern) {
        return Some(Ability::Administer);
    }
    let lower = pattern.to_ascii_lowercase();
    let (_, name) = lower.split_once(':').unwrap_or(("", &lower));
    let begins = |starts: &[&str]| starts.iter().any(|start| name.starts_with(start));
    if kind == Kind::PublicImage && begins(&["get", "describe", "batchget", "batchcheck", "list"]) {
        return None;
    }
    let sets_policy = name.contains("policy") || name.contains("permission") || name.contains("acl");
    Some(
        if name == "*" || sets_policy && begins(&["put", "set", "add", "delete", "remove", "change", "*"]) {
            Ability::Administer
        } else if kind == Kind::Key {
            key_action(name)
        } else if begins(&["describe", "list", "head"]) && kind != Kind::Bucket || LOOKS.contains(&name) {
            Ability::Look
        } else if begins(&[
            "get",
            "list",
            "batchget",
            "batchcheck",
            "read",
            "scan",
            "query",
            "select",
            "search",
            "head",
            "describe",
            "eshttpget",
            "eshttphead",
            "partiqlselect",
        ]) {
            Ability::Read
        } else {
            Ability::Write
        },
    )
}

fn key_action(name: &str) -> Ability {
    let can = |action: &str| matches(name, action, Case::Ignored);
    if ["creategrant", "putkeypolicy", "schedulekeydeletion"]
        .iter()
        .any(|action| can(action))
    {
        Ability::Administer
    } else if ["decrypt", "reencryptfrom", "sign", "generatemac"]
        .iter()
        .any(|action| can(action))
    {
        Ability::Write
    } else if ["encrypt", "generatedatakey", "reencryptto"]
        .iter()
        .any(|action| can(action))
    {
        Ability::Read
    } else {
        Ability::Look
    }
}

/// Services that hand over what they are told to by their own account, or that AWS documents without a source.
const TRUSTED: [&str; 5] = [
    "backup.amazonaws.com",
    "edgelambda.amazonaws.com",
    "logdelivery.elasticloadbalancing.amazonaws.com",
    "replicator.lambda.amazonaws.com",
    "storage-lens.s3.amazonaws.com",
];

fn services(document: &Document, statement: &Statement, kind: Kind) -> Vec<(bool, Remark)> {
    let condition = &statement.condition;
    if condition.narrowing(Use::Resource) >= Narrowing::Weak || denies_other_sources(document) {
        return Vec::new();
    }
    let Some((ability, known)) = ability(statement, kind).filter(|(ability, _)| *ability > Ability::Look) else {
        return Vec::new();
    };
    let mut names: Vec<&str> = statement
        .named
        .iter()
        .filter(|named| named.sort == Sort::Service)
        .filter_map(|named| named.name.as_deref())
        .filter(|name| !TRUSTED.contains(name) && !symbol::has_symbols(name))
        .collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() {
        return Vec::new();
    }
    let hands_over = condition
        .tests
        .iter()
        .any(|test| test.key.eq_ignore_ascii_case("s3:x-amz-acl"));
    let remark = Remark::Service(Service {
        kind,
        name: names.join("`, `"),
        ability,
        hands_over,
    });
    vec![(
        statement.effect == Effect::Unknown || has_riddle(condition) || !known,
        remark,
    )]
}

/// A deny for services that act for somebody else.
fn denies_other_sources(document: &Document) -> bool {
    document.statements.iter().any(|statement| {
        let source = statement.condition.tests.iter().any(|test| {
            let key = test.key.to_ascii_lowercase();
            key.starts_with("aws:source") && Operator::parse(&test.operator).negated
        });
        statement.effect == Effect::Deny
            && matches!(statement.principals, Principals::Anyone | Principals::AnyoneBut)
            && source
            && statement.condition.tests.iter().all(|test| {
                test.key.to_ascii_lowercase().starts_with("aws:source")
                    || test.key.eq_ignore_ascii_case("aws:PrincipalIsAWSService")
            })
    })
}
