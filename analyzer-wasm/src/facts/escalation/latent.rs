//! Ways whose target is not in the plan: whoever may pass any role may pass one that the plan does not show.

use super::ask::{Reply, ask, best};
use super::catalogue::{Category, Gain, Method, On};
use super::hop::{Hop, all, on_target};
use super::index::{names_action, statements};
use super::names::key;
use super::own::{imagined, on_self};
use super::world::{World, policies};
use crate::facts::graph::Certainty;
use crate::facts::iam::access::{Principal, PrincipalKind, Resource, ResourceKind};
use crate::facts::iam::document::Selection;

/// What a way without a target in sight may lead to, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outlook {
    /// A role that a policy names and the plan does not show.
    NamedRole,
    /// Roles that one service may be handed.
    RolesOfOneService,
    /// Whatever runs as a role already, or lets itself be assumed.
    AnyWorkload,
    /// Users or roles under a prefix that the plan does not show.
    UnderPrefix,
    /// An earlier version of the principal's own policy.
    EarlierVersion,
    /// Every role of the account.
    AnyRole,
}

/// No service: a permission that holds for it holds for all.
const NO_SERVICE: &str = "qxzj.amazonaws.com";
/// Principals of the plan that a prefix is compared with.
const COMPARED_MAX: usize = 256;

/// The most promising way of a principal whose target is not in sight.
pub(crate) fn latent(world: &World<'_>, from: usize) -> Option<(Outlook, Hop)> {
    let principal = world.principals.get(from)?;
    let mut found: Option<(Outlook, Hop)> = None;
    // Whoever may do everything with a service is told by another rule.
    let breadth = world.standings.get(from).and_then(|standing| standing.breadth.as_ref());
    for method in world.index.methods(from) {
        let Some((outlook, reply)) = outlook(world, principal, from, method) else {
            continue;
        };
        if outlook == Outlook::AnyWorkload && breadth.is_some() {
            continue;
        }
        let hop = Hop {
            method,
            reply,
            workload: None,
            through: None,
        };
        if reply.certainty == Certainty::Yes && found.as_ref().is_none_or(|(best, _)| outlook > *best) {
            found = Some((outlook, hop));
        }
    }
    found
}

fn outlook(world: &World<'_>, principal: &Principal, from: usize, method: &'static Method) -> Option<(Outlook, Reply)> {
    match (method.category, method.gain) {
        (Category::NewPassRole, _) => {
            let others: Vec<_> = method.needs.iter().filter(|need| need.on == On::Any).copied().collect();
            let others = all(&others, |need| ask(principal, need.action, Resource::Any, &[]))?;
            let (outlook, reply) = passing(world, principal, from, method)?;
            Some((outlook, reply.and(others)))
        }
        (Category::ExistingPassRole, _) => {
            let resource = |on| {
                if on == On::Any {
                    Resource::Any
                } else {
                    Resource::Everything
                }
            };
            let reply = all(&method.needs, |need| {
                ask(principal, need.action, resource(need.on), &[])
            })?;
            Some((Outlook::AnyWorkload, reply))
        }
        (_, Gain::Version) if !principal.is_dormant() => {
            let need = method.needs.first()?;
            let own = policies(principal);
            let replies = own.filter_map(|(_, names)| ask(principal, need.action, Resource::Exactly(&names), &[]));
            best(replies).map(|reply| (Outlook::EarlierVersion, reply))
        }
        (Category::SelfEscalation, Gain::Administrator) if method.is_of_directory() => {
            let reply = all(&method.needs, |need| on_self(world, principal, need.on, need.action))?;
            Some((Outlook::AnyWorkload, reply))
        }
        (Category::PrincipalAccess, _) if method.asks(On::Assumed) && method.needs.len() == 1 => {
            let every = Resource::Every(ResourceKind::Role);
            ask(principal, "sts:AssumeRole", every, &[]).map(|reply| (Outlook::AnyWorkload, reply))
        }
        (Category::PrincipalAccess, _) => under_prefix(world, principal, from, method),
        _ => None,
    }
}

/// Which roles may be passed that the plan does not show.
fn passing(world: &World<'_>, principal: &Principal, from: usize, method: &'static Method) -> Option<(Outlook, Reply)> {
    const PASS: &str = "iam:PassRole";
    let pass = |on: Resource<'_>, service: &str| ask(principal, PASS, on, &[("iam:PassedToService", &[service])]);
    let services = || method.services.iter();
    let every = Resource::Every(ResourceKind::Role);
    if let Some(reply) = best(services().filter_map(|service| pass(every, service))) {
        let free = pass(every, NO_SERVICE).is_some();
        let outlook = if free {
            Outlook::AnyRole
        } else {
            Outlook::RolesOfOneService
        };
        return Some((outlook, reply));
    }
    if is_in_sight(world, from, method) {
        return None;
    }
    for name in imagined(principal, PASS, "role") {
        let name = [name];
        let Some(reply) = best(services().filter_map(|service| pass(Resource::Exactly(&name), service))) else {
            continue;
        };
        let free = pass(Resource::Exactly(&name), NO_SERVICE).is_some();
        let outlook = if free {
            Outlook::UnderPrefix
        } else {
            Outlook::RolesOfOneService
        };
        return Some((outlook, reply));
    }
    let named = statements(principal)
        .filter(|statement| names_action(statement, PASS))
        .filter_map(|statement| {
            let Selection::Only(patterns) = &statement.resources else {
                return None;
            };
            let elsewhere = |pattern: &&String| {
                pattern.contains(":role/") && key(pattern).is_some_and(|key| world.by_key(&key).is_empty())
            };
            patterns.known.iter().find(elsewhere)
        });
    best(named.filter_map(|name| pass(Resource::Exactly(std::slice::from_ref(name)), NO_SERVICE)))
        .map(|reply| (Outlook::NamedRole, reply))
}

/// Whether a role of the plan can be passed: then it counts by what that role holds.
fn is_in_sight(world: &World<'_>, from: usize, method: &'static Method) -> bool {
    let Some(need) = method.needs.iter().find(|need| need.on == On::Passed) else {
        return false;
    };
    let (roles, _) = world.named_by(from, need.action, PrincipalKind::Role, COMPARED_MAX);
    let others = roles.into_iter().filter(|target| *target != from);
    others
        .filter(|target| world.principals.get(*target).is_some_and(|other| other.in_plan))
        .any(|target| on_target(world, from, target, method, need).is_some())
}

/// Whether users or roles under a prefix can be taken over, none of which the plan shows.
fn under_prefix(
    world: &World<'_>,
    principal: &Principal,
    from: usize,
    method: &'static Method,
) -> Option<(Outlook, Reply)> {
    let first = method.needs.first()?;
    let (kind, noun) = match first.on {
        On::User => (PrincipalKind::User, "user"),
        On::Role => (PrincipalKind::Role, "role"),
        _ => return None,
    };
    if method.needs.iter().any(|need| need.on != first.on) {
        return None;
    }
    let (same, _) = world.named_by(from, first.action, kind, COMPARED_MAX);
    let in_sight = same
        .into_iter()
        .filter(|other| *other != from)
        .any(|other| on_target(world, from, other, method, first).is_some());
    if in_sight {
        return None;
    }
    let replies = imagined(principal, first.action, noun).into_iter().filter_map(|name| {
        let name = [name];
        all(&method.needs, |need| {
            ask(principal, need.action, Resource::Exactly(&name), &[])
        })
    });
    best(replies).map(|reply| (Outlook::UnderPrefix, reply))
}
