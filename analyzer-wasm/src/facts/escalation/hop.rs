//! One step: whether a principal can become another one, and by which method.

use super::ask::{Reply, ask, best};
use super::catalogue::{Gain, Method, Need, On, methods};
use super::trust::{Entry, Welcome, Who};
use super::world::{World, policies};
use crate::facts::graph::Certainty;
use crate::facts::iam::access::{Principal, PrincipalKind, Resource, Verdict, covers};
use crate::facts::iam::condition::{Operator, Quantifier};

/// A step that can be made.
#[derive(Debug, Clone)]
pub(crate) struct Hop {
    pub(crate) method: &'static Method,
    pub(crate) reply: Reply,
    /// The workload that is made to work, by index.
    pub(crate) workload: Option<usize>,
    /// The principal that is changed or taken over on the way, by index, where the step leads to everything.
    pub(crate) through: Option<usize>,
}

impl Hop {
    pub(crate) fn rank(&self) -> (Certainty, bool, bool, bool) {
        let (certainty, free, strong) = self.reply.rank();
        (certainty, free, strong, !self.method.lower)
    }
}

/// The better of two steps; the earlier one where neither is.
pub(crate) fn better(old: Option<Hop>, new: Option<Hop>) -> Option<Hop> {
    match (old, new) {
        (Some(old), Some(new)) if new.rank() > old.rank() => Some(new),
        (None, new) => new,
        (old, _) => old,
    }
}

/// Whether `from` can become `target`, by the best of its methods.
pub(crate) fn hop(world: &World<'_>, from: usize, target: usize) -> Option<Hop> {
    hops(world, from, target)
        .into_iter()
        .fold(None, |old, new| better(old, Some(new)))
}

/// Every method by which `from` can become `target`.
pub(crate) fn hops(world: &World<'_>, from: usize, target: usize) -> Vec<Hop> {
    let Some(to) = world.principals.get(target) else {
        return Vec::new();
    };
    if from == target
        || !matches!(
            to.kind,
            PrincipalKind::Role | PrincipalKind::User | PrincipalKind::Group
        )
    {
        return Vec::new();
    }
    let mut found: Vec<Hop> = Vec::new();
    if let Some(reply) = assume(world, from, target) {
        found.extend(assuming().map(|method| Hop {
            method,
            reply,
            workload: None,
            through: None,
        }));
    }
    for method in world
        .index
        .methods(from)
        .iter()
        .filter(|method| method.gain == Gain::Target && !method.asks(On::Assumed))
    {
        found.extend(along(world, from, target, method));
    }
    found
}

fn assuming() -> Option<&'static Method> {
    methods()
        .iter()
        .find(|method| matches!(method.needs.as_slice(), [need] if need.on == On::Assumed))
}

/// Whether all permissions of a method are there for this target.
fn along(world: &World<'_>, from: usize, target: usize, method: &'static Method) -> Option<Hop> {
    let principal = world.principals.get(from)?;
    let hop = |reply, workload| Hop {
        method,
        reply,
        workload,
        through: None,
    };
    if method.workload == "-" {
        let reply = all(&method.needs, |need| on_target(world, from, target, method, need))?;
        return Some(hop(reply, None));
    }
    let mut found: Option<Hop> = None;
    for (runs, workload) in world.running(target, method.workload) {
        let reply = all(&method.needs, |need| match need.on {
            On::Workload => ask(principal, need.action, Resource::Exactly(&workload.names), &[]),
            _ => on_target(world, from, target, method, need),
        });
        let reply = reply.map(|reply| if runs.sure { reply } else { reply.possibly() });
        found = better(found, reply.map(|reply| hop(reply, Some(runs.workload))));
    }
    found
}

/// All needs together; the cause is that of the first.
pub(crate) fn all(needs: &[Need], mut reply: impl FnMut(&Need) -> Option<Reply>) -> Option<Reply> {
    needs
        .iter()
        .try_fold(Reply::FREE, |so_far, need| Some(so_far.and(reply(need)?)))
}

/// One permission, asked of the target or of what belongs to it.
pub(crate) fn on_target(world: &World<'_>, from: usize, target: usize, method: &Method, need: &Need) -> Option<Reply> {
    let (principal, to) = (world.principals.get(from)?, world.principals.get(target)?);
    let exactly = |kind: PrincipalKind| {
        world.may_name(from, need.action, target).then_some(())?;
        let names = (to.kind == kind && !to.names().is_empty()).then(|| to.names())?;
        ask(principal, need.action, Resource::Exactly(names), &[])
    };
    match need.on {
        On::Any => ask(principal, need.action, Resource::Any, &[]),
        On::Role => exactly(PrincipalKind::Role),
        On::User => exactly(PrincipalKind::User),
        // Only users are members of groups; whoever holds a policy that nobody holds yet may be one.
        On::Group => {
            let joins = matches!(
                principal.kind,
                PrincipalKind::User | PrincipalKind::Policy | PrincipalKind::Somebody
            );
            joins.then(|| exactly(PrincipalKind::Group)).flatten()
        }
        On::Assumed => assume(world, from, target),
        On::Passed => passed(world, from, target, method, need.action),
        On::Policy => {
            let attached = policies(to).map(|(_, names)| names);
            best(attached.filter_map(|names| ask(principal, need.action, Resource::Exactly(&names), &[])))
        }
        On::SamlProvider => {
            let providers = world.trust(target).saml_providers();
            best(providers.filter_map(|name| ask(principal, need.action, Resource::Exactly(&[name.to_owned()]), &[])))
        }
        _ => None,
    }
}

/// Whether the role can be handed to one of the services of the method.
fn passed(world: &World<'_>, from: usize, target: usize, method: &Method, action: &str) -> Option<Reply> {
    let role = world
        .principals
        .get(target)
        .filter(|role| role.kind == PrincipalKind::Role && !role.names().is_empty())?;
    let principal = world.principals.get(from)?;
    world.may_name(from, action, target).then_some(())?;
    let trust = world.trust(target);
    let through = method.services.iter().filter_map(|service| {
        let welcome = trust.welcomes_service(&[service]);
        if welcome == Welcome::No {
            return None;
        }
        let values = [*service];
        let reply = ask(
            principal,
            action,
            Resource::Exactly(role.names()),
            &[("iam:PassedToService", &values)],
        )?;
        Some(if welcome == Welcome::Yes {
            reply
        } else {
            reply.possibly()
        })
    });
    best(through)
}

/// Whether the trust of a role lets a principal in, with the permission that this takes.
fn assume(world: &World<'_>, from: usize, target: usize) -> Option<Reply> {
    let principal = world.principals.get(from)?;
    let role = world
        .principals
        .get(target)
        .filter(|role| role.kind == PrincipalKind::Role)?;
    let trust = world.trust(target);
    let permitted = || {
        world.may_name(from, "sts:AssumeRole", target).then_some(())?;
        ask(principal, "sts:AssumeRole", Resource::Exactly(role.names()), &[])
    };
    let mut found: Option<Reply> = None;
    for entry in &trust.entries {
        let reply = match &entry.who {
            // Named by a role of the same account, a principal needs no permission besides:
            // https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
            Who::Principal(name) if world.is_foreign(name) => None,
            Who::Principal(name) => match is_named(principal, name) {
                Verdict::Yes => Some(Reply::FREE),
                Verdict::Unknown => permitted().map(Reply::possibly),
                Verdict::No => None,
            },
            Who::Account(account) => {
                let foreign = matches!((account, &world.account), (Some(theirs), Some(own)) if theirs != own);
                (!foreign).then(permitted).flatten()
            }
            Who::Unknown => permitted().map(Reply::possibly),
            Who::Service(_) | Who::Federated(_) => None,
        };
        let reply = reply.and_then(|reply| Some(reply.and(admits(entry, principal)?)));
        let reply = reply.map(|reply| if entry.sure { reply } else { reply.possibly() });
        found = best(found.into_iter().chain(reply));
    }
    if found.is_none() && trust.open {
        found = permitted().map(Reply::possibly);
    }
    found
}

/// Whether a name in a trust is that of the principal.
fn is_named(principal: &Principal, name: &str) -> Verdict {
    if !matches!(principal.kind, PrincipalKind::Role | PrincipalKind::User) {
        return Verdict::No;
    }
    if let Some((_, session)) = name.split_once(":assumed-role/") {
        let role = session.split('/').next();
        return Verdict::from_bool(principal.kind == PrincipalKind::Role && principal.name.as_deref() == role);
    }
    // A unique id names its block as the ARN does.
    if let Some(block) = super::names::block_of(name) {
        return match principal.in_plan {
            true if block == &*principal.address => Verdict::Yes,
            // One of its instances.
            true if block == &*principal.config_address => Verdict::Unknown,
            _ => Verdict::No,
        };
    }
    let outcomes = principal
        .names()
        .iter()
        .map(|own| covers(name, own, crate::facts::iam::pattern::Case::Exact));
    outcomes
        .reduce(|one, other| match (one, other) {
            (Verdict::Yes, _) | (_, Verdict::Yes) => Verdict::Yes,
            (Verdict::No, _) | (_, Verdict::No) => Verdict::No,
            _ => Verdict::Unknown,
        })
        .unwrap_or(Verdict::No)
}

/// Whether the condition of a trust lets a principal of the same account in.
fn admits(entry: &Entry, principal: &Principal) -> Option<Reply> {
    let mut reply = Reply::FREE;
    if entry.condition.unknown {
        reply.certainty = Certainty::Possibly;
    }
    for test in &entry.condition.tests {
        let operator = Operator::parse(&test.operator);
        let key = test.key.to_ascii_lowercase();
        match key.as_str() {
            "aws:principalarn" if !operator.negated && operator.base != "null" => {
                let values = test.values.iter().map(|value| {
                    value
                        .as_deref()
                        .map_or(Verdict::Unknown, |value| is_named(principal, value))
                });
                match values.reduce(Verdict::or) {
                    Some(Verdict::Yes) => {}
                    Some(Verdict::Unknown) => reply.certainty = Certainty::Possibly,
                    Some(Verdict::No) | None => return None,
                }
            }
            "aws:principalisawsservice" => return None,
            _ if operator.negated
                || operator.if_exists
                || operator.quantifier == Quantifier::All
                || is_neutral(&key) => {}
            _ if is_circumstance(&key) => reply.weak = true,
            _ => reply.certainty = Certainty::Possibly,
        }
    }
    Some(reply)
}

/// Keys that hold for whoever is in the account, or in its organisation.
fn is_neutral(key: &str) -> bool {
    [
        "aws:principalorg",
        "aws:resource",
        "aws:source",
        "aws:securetransport",
        "aws:principalaccount",
        "aws:principaltype",
    ]
    .iter()
    .any(|start| key.starts_with(start))
        && !matches!(
            key,
            "aws:sourceip" | "aws:sourcevpc" | "aws:sourcevpce" | "aws:sourceidentity"
        )
}

/// Keys that say when or from where, or that the caller chooses.
fn is_circumstance(key: &str) -> bool {
    matches!(
        key,
        "aws:sourceip"
            | "aws:sourcevpc"
            | "aws:sourcevpce"
            | "aws:vpcsourceip"
            | "aws:currenttime"
            | "aws:epochtime"
            | "aws:requestedregion"
            | "aws:useragent"
            | "aws:sourceidentity"
            | "aws:tokenissuetime"
    ) || key.starts_with("aws:multifactorauth")
        || key.starts_with("sts:")
}
