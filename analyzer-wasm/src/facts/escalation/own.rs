//! Steps that lead to everything at once: a principal that writes its own permissions, or those of somebody it can
//! be, or makes somebody new.

use std::sync::{Arc, LazyLock};

use super::ask::{Reply, ask, best};
use super::catalogue::{Gain, Method, On};
use super::hop::{Hop, all, better, on_target};
use super::index::{names_action, statements};
use super::names::key;
use super::world::{World, policies};
use crate::facts::iam::access::{
    Alternative, Bound, Boundary, Grant, OWN, Policy, Principal, PrincipalKind, Request, Resource, ResourceKind,
};
use crate::facts::iam::document::{Document, Selection, Statement};

/// Targets that one method of one principal is tried on when it names them by pattern.
const TARGETS_MAX: usize = 64;
/// Principals to be made, or that the plan does not show, that one method is tried on.
const IMAGINED_MAX: usize = 16;

/// Actions that stand for all: one of no service, and those that change permissions.
const PROBES: [&str; 3] = ["qx:zj", "iam:AttachRolePolicy", "iam:PutUserPolicy"];

/// Whether a principal could do everything but for its boundary.
fn everything_but_for_the_boundary(world: &World<'_>, principal: usize) -> bool {
    let claim = world
        .standings
        .get(principal)
        .and_then(|standing| standing.everything.as_ref());
    claim.is_some_and(|claim| claim.is_certain && claim.bound != Bound::Free)
}

/// The best step of a principal that leads to everything.
pub(crate) fn own(world: &World<'_>, from: usize) -> Option<Hop> {
    let mut found: Option<Hop> = None;
    for method in world.index.methods(from) {
        if matches!(method.gain, Gain::Administrator | Gain::Unbounded) {
            found = better(found, step(world, from, method));
        }
    }
    found
}

fn step(world: &World<'_>, from: usize, method: &'static Method) -> Option<Hop> {
    let principal = world.principals.get(from)?;
    if method.asks(On::NewUser) || method.asks(On::NewRole) {
        return made(world, principal, method);
    }
    let through_others = [On::Role, On::User, On::Policy].iter().any(|on| method.asks(*on));
    if through_others {
        return targets(world, from, method)
            .into_iter()
            .filter(|target| *target != from)
            .fold(None, |found, target| {
                better(found, on_other(world, from, target, method))
            });
    }
    let mut reply = all(&method.needs, |need| on_self(world, principal, need.on, need.action))?;
    let writes_itself = !method.is_of_directory();
    if !writes_itself && !is_meant(world, principal, method) {
        return None;
    }
    if method.gain == Gain::Unbounded {
        everything_but_for_the_boundary(world, from).then_some(())?;
    } else if writes_itself {
        reply = within(reply, ceiling(principal))?;
    }
    Some(Hop {
        method,
        reply,
        workload: None,
        through: None,
    })
}

/// Whether a way through the directory of an organisation is open to a principal of this plan: only in the account
/// of the directory is there anything to change. A plan that has permission sets is of that account, and a policy that
/// names the service is made for it; a policy that allows all services is not.
pub(crate) fn is_meant(world: &World<'_>, principal: &Principal, method: &Method) -> bool {
    let names_service = |statement: &Statement| {
        let Selection::Only(patterns) = &statement.actions else {
            return false;
        };
        let services = patterns.known.iter().filter_map(|pattern| pattern.split_once(':'));
        let mut needed = method.needs.iter().filter_map(|need| need.action.split_once(':'));
        let services: Vec<_> = services.map(|(service, _)| service).collect();
        needed.any(|(service, _)| services.iter().any(|named| named.eq_ignore_ascii_case(service)))
    };
    world.has_permission_sets || statements(principal).any(names_service)
}

/// What is left of a step when the changed principal has a boundary.
fn within(reply: Reply, ceiling: Bound) -> Option<Reply> {
    match ceiling {
        Bound::Free => Some(reply),
        Bound::Unknown => Some(Reply { bounded: true, ..reply }),
        Bound::Held => None,
    }
}

/// A permission that is asked of what belongs to the principal, or of anything.
pub(crate) fn on_self(world: &World<'_>, principal: &Principal, on: On, action: &str) -> Option<Reply> {
    let exactly = |names: &[String]| {
        (!names.is_empty())
            .then(|| ask(principal, action, Resource::Exactly(names), &[]))
            .flatten()
    };
    let itself = |kind: PrincipalKind| (principal.kind == kind).then(|| exactly(principal.names())).flatten();
    match on {
        On::Any => ask(principal, action, Resource::Any, &[]),
        On::DirectoryGroup => ask(principal, action, Resource::Every(ResourceKind::DirectoryGroup), &[]),
        On::SelfRole => itself(PrincipalKind::Role),
        On::SelfUser => itself(PrincipalKind::User),
        On::OwnGroup => {
            let groups = principal.groups.iter().filter_map(|group| world.principals.get(*group));
            best(
                itself(PrincipalKind::Group)
                    .into_iter()
                    .chain(groups.filter_map(|group| exactly(group.names()))),
            )
        }
        On::OwnPolicy if !principal.is_dormant() => best(policies(principal).filter_map(|(_, names)| exactly(&names))),
        On::OwnPermissionSet if principal.kind == PrincipalKind::PermissionSet => {
            itself(PrincipalKind::PermissionSet).or_else(|| ask(principal, action, Resource::Everything, &[]))
        }
        _ => None,
    }
}

/// The step through another principal that is changed and then taken over.
fn on_other(world: &World<'_>, from: usize, target: usize, method: &'static Method) -> Option<Hop> {
    let other = world.principals.get(target)?;
    let reply = all(&method.needs, |need| on_target(world, from, target, method, need))?;
    let reply = if method.gain == Gain::Unbounded {
        everything_but_for_the_boundary(world, target).then_some(reply)?
    } else {
        within(reply, ceiling(other))?
    };
    Some(Hop {
        method,
        reply,
        workload: None,
        through: Some(target),
    })
}

/// The principals that the first permission of a method may be asked of.
fn targets(world: &World<'_>, from: usize, method: &Method) -> Vec<usize> {
    let Some(need) = method.needs.first() else {
        return Vec::new();
    };
    match need.on {
        On::User => world.named_by(from, need.action, PrincipalKind::User, TARGETS_MAX).0,
        On::Role => world.named_by(from, need.action, PrincipalKind::Role, TARGETS_MAX).0,
        _ => world.holders_of_policies(from, need.action, TARGETS_MAX),
    }
}

/// The step of making a new principal.
fn made(world: &World<'_>, principal: &Principal, method: &'static Method) -> Option<Hop> {
    let first = method.needs.first()?;
    let kind = if first.on == On::NewUser { "user" } else { "role" };
    let imagined = imagined(principal, first.action, kind);
    let is_new = |name: &String| key(name).is_none_or(|key| world.by_key(&key).is_empty());
    let replies = imagined.into_iter().filter(is_new).filter_map(|name| {
        let name = [name];
        all(&method.needs, |need| {
            ask(principal, need.action, Resource::Exactly(&name), &[])
        })
    });
    best(replies).map(|reply| Hop {
        method,
        reply,
        workload: None,
        through: None,
    })
}

/// Names of users or roles that an action may be asked of and that are not in the plan: one for each pattern.
pub(crate) fn imagined(principal: &Principal, action: &str, kind: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut add = |name: String| {
        if found.len() < IMAGINED_MAX && !found.contains(&name) {
            found.push(name);
        }
    };
    for statement in statements(principal).filter(|statement| names_action(statement, action)) {
        let Selection::Only(patterns) = &statement.resources else {
            add(format!("arn:{OWN}:iam::{OWN}:{kind}/qxzj"));
            continue;
        };
        for pattern in &patterns.known {
            let Some((_, path)) = pattern.split_once(&format!(":{kind}/")) else {
                // A pattern that ends before the kind, or another kind of thing: the question tells.
                if pattern.contains('*') {
                    add(format!("arn:{OWN}:iam::{OWN}:{kind}/qxzj"));
                }
                continue;
            };
            if path.contains(['*', '?']) {
                add(format!(
                    "arn:{OWN}:iam::{OWN}:{kind}/{}",
                    path.replace('*', "qxzj").replace('?', "q")
                ));
            }
        }
    }
    found
}

static EVERYTHING: LazyLock<Option<Arc<Document>>> =
    LazyLock::new(|| Document::parse(r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#).map(Arc::new));

/// What the boundary of a principal would leave of everything.
pub(crate) fn ceiling(principal: &Principal) -> Bound {
    if matches!(principal.boundary, Boundary::None) {
        return Bound::Free;
    }
    let Some(document) = EVERYTHING.as_ref() else {
        return Bound::Unknown;
    };
    let nowhere: Arc<str> = Arc::from("");
    let grant = Grant {
        policy: Policy::Inline,
        address: Arc::clone(&nowhere),
        path: Arc::clone(&nowhere),
        attachment: nowhere,
        arn: None,
        name: None,
        is_audit: false,
        via: None,
        alternatives: vec![Alternative::planned(Arc::clone(document))],
        unread: None,
    };
    let almighty = Principal {
        grants: vec![grant],
        ..principal.clone()
    };
    let bounds = PROBES.map(|action| almighty.may(&Request::new(action).on(Resource::Everything)).bound);
    bounds.into_iter().max().unwrap_or(Bound::Unknown)
}
