//! What each principal can become, as facts that a rule can tell.

use std::collections::{BTreeMap, BTreeSet};

use nhi_plan::Severity;

use super::Collected;
use super::ask::Reply;
use super::catalogue::Method;
use super::edges::{self, Holder};
use super::fixpoint::{Reach, Spread, Ways, spread};
use super::hop::{Hop, hop, hops};
use super::latent::{Outlook, latent};
use super::own::own;
use super::trust::Who;
use super::world::{World, policies, start_of};
use crate::facts::graph::{Certainty, Graph};
use crate::facts::iam::access::{Bound, Principal, PrincipalKind};
use crate::facts::iam::standing::{Claim, Standing};

/// Questions of one principal about another that one plan may take.
const QUESTIONS_MAX: usize = if cfg!(test) { 20_000 } else { 2_000_000 };
/// Steps of a path that are told.
const STEPS_MAX: usize = 8;
/// Methods of a first step that are told.
const METHODS_MAX: usize = 8;

/// What a principal can come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Capability {
    /// Everything.
    Administrator,
    /// These things, in words.
    Wide(Vec<&'static str>),
    /// Nobody knows: the target is not in the plan.
    Latent(Outlook),
}

/// One step of a path.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) method: &'static Method,
    /// Who is reached, or changed on the way; `None` where the principal changes or makes something itself.
    pub(crate) to: Option<String>,
    /// The workload that is made to work.
    pub(crate) workload: Option<(&'static str, String)>,
}

/// The statement behind a step.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cause {
    pub(crate) address: String,
    pub(crate) path: String,
    /// In words; empty for policies that are known by name.
    pub(crate) statement: String,
    pub(crate) evidence: &'static str,
    pub(crate) policy: Option<String>,
}

/// A principal that can come to more than it holds.
#[derive(Debug, Clone)]
pub(crate) struct Escalation {
    /// Index of the principal.
    pub(crate) principal: usize,
    pub(crate) kind: PrincipalKind,
    /// Its address; its name where the plan does not create it, or the block that gives it permissions.
    pub(crate) name: String,
    /// Whether `name` is the principal and not only a block that gives it permissions.
    pub(crate) is_named: bool,
    pub(crate) capability: Capability,
    pub(crate) path: Vec<Step>,
    /// Ids of all methods of the first step.
    pub(crate) methods: Vec<&'static str>,
    pub(crate) cause: Cause,
    pub(crate) certainty: Certainty,
    pub(crate) weak: bool,
    pub(crate) bounded: bool,
}

/// Everything that the rule on escalation looks at.
#[derive(Debug, Default)]
pub(crate) struct Escalations {
    pub(crate) found: Vec<Escalation>,
    /// The address of a principal that was not looked at to the end: the budget was used up.
    pub(crate) cut_off: Option<String>,
    /// Roles (indices of principals) that services alone may assume, with the names of these services.
    pub(crate) served: BTreeMap<usize, Vec<String>>,
}

impl Escalation {
    fn is_any_role(&self) -> bool {
        self.capability == Capability::Latent(Outlook::AnyRole)
    }
}

impl Escalations {
    /// Principals of whom more is told here than weaker rules could say.
    pub(crate) fn outranking(&self) -> impl Iterator<Item = usize> {
        let strong = |capability: &Capability| match capability {
            Capability::Administrator => true,
            Capability::Latent(outlook) => *outlook == Outlook::AnyRole,
            Capability::Wide(_) => false,
        };
        let found = self.found.iter().filter(move |found| strong(&found.capability));
        found.map(|found| found.principal)
    }
}

/// The graph as the fixpoint walks it.
struct Walk<'w> {
    world: &'w World<'w>,
}

impl Ways for Walk<'_> {
    type Hop = Hop;

    fn candidates(&self, target: usize) -> Vec<usize> {
        candidates(self.world, target)
    }

    fn hop(&self, from: usize, target: usize) -> Option<(Certainty, Hop)> {
        hop(self.world, from, target).map(|hop| (hop.reply.certainty, hop))
    }
}

/// Principals that may be able to become this one.
pub(super) fn candidates(world: &World<'_>, target: usize) -> Vec<usize> {
    let Some(principal) = world.principals.get(target) else {
        return Vec::new();
    };
    let index = &world.index;
    let mut found = Vec::new();
    let name = |names: &[String], start: &str, found: &mut Vec<usize>| {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        index.naming(&names, start, found);
    };
    name(principal.names(), &start_of(principal), &mut found);
    for (_, names) in policies(principal) {
        name(&names, "iam:policy/", &mut found);
    }
    for runs in world.runs.get(target).into_iter().flatten() {
        if let Some(workload) = world.workloads.get(runs.workload) {
            name(&workload.names, "", &mut found);
        }
    }
    let trust = world.trust(target);
    for provider in trust.saml_providers() {
        index.naming(&[provider], "iam:saml-provider/", &mut found);
    }
    for entry in &trust.entries {
        if let Who::Principal(name) = &entry.who {
            found.extend(named(world, name));
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// Principals that a trust names.
fn named<'w>(world: &'w World<'w>, name: &str) -> Vec<usize> {
    if let Some(block) = super::names::block_of(name) {
        let at = world.places.exactly(block);
        return at.iter().chain(world.places.all(block)).copied().collect();
    }
    let name = match name.split_once(":assumed-role/") {
        Some((_, session)) => format!("role {}", session.split('/').next().unwrap_or_default()),
        None => super::names::key(name).unwrap_or_default(),
    };
    world.by_key(&name).to_vec()
}

/// What a principal holds without any step: everything, or the administration of IAM, which comes to the same.
fn held(standing: &Standing) -> Option<(Certainty, Bound)> {
    let administers = standing.administers.as_ref().map(|(claim, _)| claim);
    let claims = standing.everything.iter().chain(administers);
    let open = claims.filter(|claim| claim.bound != Bound::Held);
    open.map(|claim| {
        let certainty = if claim.is_certain {
            Certainty::Yes
        } else {
            Certainty::Possibly
        };
        (certainty, claim.bound)
    })
    .max_by_key(|(certainty, bound)| (*certainty, std::cmp::Reverse(*bound)))
}

pub(super) fn settle(
    collected: &Collected,
    principals: &[Principal],
    standings: &[Standing],
    graph: Option<&mut Graph>,
) -> Escalations {
    let world = World::new(collected, principals, standings);
    let walk = Walk { world: &world };
    let reach = (0..principals.len()).map(|number| start(&world, number)).collect();
    let mut budget = QUESTIONS_MAX;
    let Spread { reach, complete } = spread(&walk, reach, &mut budget);
    let mut escalations = Escalations {
        served: served(&world),
        ..Escalations::default()
    };
    let wide = wide(&walk, &reach, &mut budget);
    let mut complete = complete && wide.complete;
    for number in 0..principals.len() {
        let found = judge(&walk, &reach, &wide, number);
        escalations.found.extend(found);
    }
    if let Some(graph) = graph {
        let holder = |entry: &Option<Reach<Hop>>| match entry {
            None => Holder::Other,
            Some(reach) if reach.next.is_none() => Holder::Holds,
            Some(_) => Holder::Comes,
        };
        let holders: Vec<_> = reach.iter().map(holder).collect();
        complete &= edges::collect(&world, &holders, graph);
    }
    if !complete {
        let first = reach.iter().position(Option::is_none);
        let address = first
            .and_then(|number| principals.get(number))
            .map(|principal| principal.address.to_string());
        escalations.cut_off = Some(address.unwrap_or_default());
    }
    escalations
}

/// Roles that services alone may assume.
fn served(world: &World<'_>) -> BTreeMap<usize, Vec<String>> {
    let services = |number: usize| {
        let trust = world.trust(number);
        if trust.open || trust.entries.is_empty() {
            return None;
        }
        let names = trust.entries.iter().map(|entry| match &entry.who {
            Who::Service(name) => Some(name.clone()),
            _ => None,
        });
        names.collect::<Option<Vec<_>>>()
    };
    (0..world.principals.len())
        .filter_map(|number| Some((number, services(number)?)))
        .collect()
}

/// What a principal holds of everything, or comes to by itself.
fn start(world: &World<'_>, number: usize) -> Option<Reach<Hop>> {
    let held = world.standings.get(number).and_then(held);
    let held = held.map(|(certainty, _)| Reach { certainty, next: None });
    if held.as_ref().is_some_and(|reach| reach.certainty == Certainty::Yes) {
        return held;
    }
    let comes = own(world, number).map(|hop| Reach {
        certainty: hop.reply.certainty,
        next: Some((hop, None)),
    });
    // What is certain outweighs what is only possible.
    match (held, comes) {
        (Some(held), Some(comes)) if comes.certainty == Certainty::Possibly => Some(held),
        (held, comes) => comes.or(held),
    }
}

/// The one thing to tell of a principal.
fn judge(walk: &Walk<'_>, reach: &[Option<Reach<Hop>>], wide: &Wide, number: usize) -> Option<Escalation> {
    let latent = || outlook(walk, number);
    let administrator = || told(walk, reach, number, Capability::Administrator);
    match reach.get(number)? {
        Some(way) if way.next.is_none() => None,
        Some(way) if way.certainty == Certainty::Yes => administrator(),
        // A way that is only possible does not outweigh any role of the account for certain.
        Some(_) => latent().filter(Escalation::is_any_role).or_else(administrator),
        None => match latent() {
            Some(latent) if latent.is_any_role() => Some(latent),
            latent => wide.told(walk, number).or(latent),
        },
    }
}

/// Every role, to hand on; and services as a whole.
const EVERY_ROLE: &str = "every role, to pass it on";
const WHOLE_SERVICES: &str = "whole services";

/// What a principal holds that is worth coming to, in words: what rules of their own tell of it.
fn assets(standing: &Standing) -> Vec<&'static str> {
    let counts = |claim: &Claim| claim.is_certain && claim.bound != Bound::Held;
    let mut found = Vec::new();
    let breadth = standing.breadth.as_ref();
    if breadth.is_some_and(|breadth| breadth.severity == Severity::High && counts(&breadth.claim)) {
        found.push(WHOLE_SERVICES);
    }
    let reads = standing.reads.as_ref();
    if let Some(reads) = reads.filter(|reads| reads.severity == Severity::High && counts(&reads.claim)) {
        found.extend(&reads.what);
    }
    if standing.passes.as_ref().is_some_and(counts) {
        found.push(EVERY_ROLE);
    }
    found
}

/// Who comes to each asset.
struct Wide {
    reach: Vec<(&'static str, Vec<Option<Reach<Hop>>>)>,
    complete: bool,
}

fn wide(walk: &Walk<'_>, administrators: &[Option<Reach<Hop>>], budget: &mut usize) -> Wide {
    let held: Vec<_> = walk.world.standings.iter().map(assets).collect();
    let names: BTreeSet<&'static str> = held.iter().flatten().copied().collect();
    let mut found = Wide {
        reach: Vec::new(),
        complete: true,
    };
    for name in names {
        let seed = |(number, held): (usize, &Vec<&'static str>)| {
            let is_administrator = administrators.get(number).is_some_and(Option::is_some);
            (!is_administrator && held.contains(&name)).then_some(Reach {
                certainty: Certainty::Yes,
                next: None,
            })
        };
        let reach = held.iter().enumerate().map(seed).collect();
        let spread = spread(walk, reach, budget);
        found.complete &= spread.complete;
        found.reach.push((name, spread.reach));
    }
    found
}

impl Wide {
    /// What a principal that cannot become administrator can come to.
    fn told(&self, walk: &Walk<'_>, number: usize) -> Option<Escalation> {
        // What is only possible, and no more than wide, is left to the graph.
        let comes = |reach: &Reach<Hop>| reach.next.is_some() && reach.certainty == Certainty::Yes;
        let gained = |(_, reach): &&(&'static str, Vec<Option<Reach<Hop>>>)| {
            reach.get(number).is_some_and(|entry| entry.as_ref().is_some_and(comes))
        };
        let names: Vec<&'static str> = self.reach.iter().filter(gained).map(|(name, _)| *name).collect();
        let (_, first) = self.reach.iter().find(gained)?;
        told(walk, first, number, Capability::Wide(names))
    }
}

fn outlook(walk: &Walk<'_>, number: usize) -> Option<Escalation> {
    let (outlook, hop) = latent(walk.world, number)?;
    let only = Reach {
        certainty: hop.reply.certainty,
        next: Some((hop, None)),
    };
    assemble(walk, |_| Some(&only), number, Capability::Latent(outlook))
}

fn told(walk: &Walk<'_>, reach: &[Option<Reach<Hop>>], number: usize, capability: Capability) -> Option<Escalation> {
    assemble(walk, |at| reach.get(at).and_then(Option::as_ref), number, capability)
}

fn assemble<'r>(
    walk: &Walk<'_>,
    reach: impl Fn(usize) -> Option<&'r Reach<Hop>>,
    number: usize,
    capability: Capability,
) -> Option<Escalation> {
    let principal = walk.world.principals.get(number)?;
    let (first, target) = reach(number)?.next.as_ref()?;
    let through_group = first
        .reply
        .cause
        .and_then(|cause| principal.grants.get(cause.grant)?.via);
    // What a group gives is told once, of the group.
    if through_group.is_some_and(|group| reach(group).is_some_and(|reach| reach.next.is_some())) {
        return None;
    }
    let mut path = Vec::new();
    let mut total = Reply::FREE;
    let mut at = Some(number);
    while let Some((hop, next)) = at.and_then(&reach).and_then(|reach| reach.next.as_ref()) {
        let to = next.or(hop.through);
        let workload = hop.workload.and_then(|index| walk.world.workloads.get(index));
        path.push(Step {
            method: hop.method,
            to: to.and_then(|to| walk.world.principals.get(to)).map(label),
            workload: workload.map(|workload| (workload.kind(), workload.address.clone())),
        });
        total = total.and(hop.reply);
        at = *next;
        if path.len() >= STEPS_MAX {
            break;
        }
    }
    // What the last one holds may be held back.
    let last = at
        .and_then(|at| walk.world.standings.get(at))
        .filter(|_| capability == Capability::Administrator);
    total.bounded |= last.and_then(held).is_some_and(|(_, bound)| bound == Bound::Unknown);
    let mut methods = match target {
        Some(target) => hops(walk.world, number, *target)
            .iter()
            .map(|hop| hop.method.id)
            .collect(),
        None => vec![first.method.id],
    };
    methods.sort_unstable();
    methods.dedup();
    methods.truncate(METHODS_MAX);
    Some(Escalation {
        principal: number,
        kind: principal.kind,
        name: label(principal),
        is_named: principal.in_plan || principal.name.is_some() || principal.is_dormant(),
        capability,
        path,
        methods,
        cause: cause(walk.world, principal, first, *target),
        certainty: total.certainty,
        weak: total.weak,
        bounded: total.bounded,
    })
}

/// How a message names a principal.
pub(super) fn label(principal: &Principal) -> String {
    match &principal.name {
        Some(name) if !principal.in_plan && !principal.is_dormant() => name.clone(),
        _ => principal.address.to_string(),
    }
}

/// The statement that allows a step; where no permission is needed, the trust of the role.
pub(super) fn cause(world: &World<'_>, principal: &Principal, hop: &Hop, target: Option<usize>) -> Cause {
    if let Some(place) = hop.reply.cause.and_then(|cause| principal.place(cause)) {
        let by_name = place.grant.policy == crate::facts::iam::access::Policy::Provider;
        return Cause {
            address: place.grant.address.to_string(),
            path: place.grant.path.to_string(),
            statement: if by_name { String::new() } else { place.statement() },
            evidence: place.alternative.evidence,
            policy: place.grant.arn.as_ref().filter(|_| by_name).map(ToString::to_string),
        };
    }
    let role = target.and_then(|target| world.principals.get(target));
    Cause {
        address: role.map_or_else(|| principal.address.to_string(), |role| role.address.to_string()),
        path: String::from(match role {
            Some(role) if role.address.contains("awscc_iam_role.") => "assume_role_policy_document",
            _ => "assume_role_policy",
        }),
        statement: String::from("the trust of the role"),
        evidence: "planned",
        policy: None,
    }
}
