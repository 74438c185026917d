//! Who can become which service account, and what that gives: a fixpoint over the principals of the plan.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use nhi_plan::Severity;

use super::Grant;
use super::condition::Condition;
use super::judge::{Claim, Reach, What, claim};
use super::member::{Accounts, Kind, Principal};
use super::methods::{Category, Level, Method, Permissions, methods};
use crate::facts::cloud::{Edge, lower};

/// Service accounts that a path is shown through.
const PATH_MAX: usize = 8;

/// A principal that can become a service account.
#[derive(Debug)]
pub(super) struct Hop<'g> {
    pub(super) from: &'g Principal,
    pub(super) to: Principal,
    method: &'static Method,
    grant: &'g Grant,
    /// The principal is meant to be the workload that runs as the service account.
    intended: bool,
}

impl Hop<'_> {
    pub(super) fn edge(&self) -> Edge {
        Edge {
            from: self.from.key.clone(),
            to: self.to.key.clone(),
            method: self.method.id.to_owned(),
            address: self.grant.site.address.clone(),
        }
    }
}

/// The service accounts that one principal can become by a grant on them.
pub(super) fn hops<'g>(grants: &[&'g Grant], accounts: &Accounts) -> Vec<Hop<'g>> {
    let everywhere = grants
        .iter()
        .filter(|grant| grant.scope.level >= Level::Project && sure(grant))
        .fold(Permissions::default(), |all, grant| all.union(grant.sure));
    let mut scopes: BTreeMap<&str, Vec<&'g Grant>> = BTreeMap::new();
    for grant in grants {
        if grant.scope.level == Level::ServiceAccount && sure(grant) {
            scopes.entry(&grant.scope.key).or_default().push(grant);
        }
    }
    let mut found = Vec::new();
    for here in scopes.values() {
        let own = here
            .iter()
            .fold(Permissions::default(), |all, grant| all.union(grant.sure));
        let all = own.union(everywhere);
        let best = methods()
            .iter()
            .filter(|method| method.works_at(Level::ServiceAccount) && all.has(method.needs))
            .filter(|method| !own.intersection(method.needs).is_empty())
            .max_by_key(|method| (method.severity, method.category == Category::Impersonate));
        let Some((method, grant)) = best.zip(here.first().copied()) else {
            continue;
        };
        let giver = here
            .iter()
            .find(|grant| !grant.sure.intersection(method.needs).is_empty())
            .copied()
            .unwrap_or(grant);
        let mut targets = accounts.meant(&giver.scope.blocks, &giver.site);
        targets.extend(accounts.named(&giver.scope.key));
        let intended = giver.principal.kind == Kind::Federated
            && here.iter().all(|grant| grant.role == "roles/iam.workloadIdentityUser");
        found.extend(targets.into_iter().take(1).map(|to| Hop {
            from: &giver.principal,
            to,
            method,
            grant: giver,
            intended,
        }));
    }
    found
}

fn sure(grant: &Grant) -> bool {
    !grant.possible && grant.condition != Condition::Narrow
}

/// The best that can be reached from a principal, and the hop that leads there.
#[derive(Debug, Clone, Copy)]
struct Best {
    rank: u8,
    claim: usize,
    hop: Option<usize>,
}

/// Claims of principals that become one that can do more than they can.
pub(super) fn gains(claims: &[Claim], hops: &[Hop<'_>]) -> Vec<Claim> {
    if hops.is_empty() {
        return Vec::new();
    }
    let own = own_ranks(claims);
    let best = spread(&own, hops);
    let mut found = Vec::new();
    let mut told = BTreeSet::new();
    for hop in hops {
        let from = hop.from.key.as_str();
        let Some(reach) = best.get(from).filter(|reach| reach.hop.is_some()) else {
            continue;
        };
        let rank = own.get(from).map_or(0, |(rank, _)| *rank);
        if reach.rank <= rank || !told.insert(from) {
            continue;
        }
        let Some(first) = reach.hop.and_then(|hop| hops.get(hop)) else {
            continue;
        };
        if first.intended {
            continue;
        }
        let through = route(from, &best, hops);
        let Some(gain) = claims.get(reach.claim) else { continue };
        found.push(path_claim(first, through, reach.rank, gain));
    }
    found
}

fn path_claim(hop: &Hop<'_>, through: Vec<String>, rank: u8, gain: &Claim) -> Claim {
    let severity = match rank {
        0 | 1 => Severity::Medium,
        2 => Severity::High,
        _ => Severity::Critical,
    };
    // That people impersonate a service account instead of holding its roles is what Google advises.
    let severity = if hop.from.is_human() { lower(severity) } else { severity };
    let reach = Reach {
        through,
        method: hop.method.effect,
        gain: gain.gain(),
    };
    let mut made = claim(hop.grant, What::Path(reach), severity, hop.grant.condition, false);
    made.category = Category::Impersonate;
    made
}

/// Rank of each principal by its own claims, with the claim.
fn own_ranks(claims: &[Claim]) -> BTreeMap<&str, (u8, usize)> {
    let mut own: BTreeMap<&str, (u8, usize)> = BTreeMap::new();
    for (index, claim) in claims.iter().enumerate() {
        let rank = claim.rank();
        let entry = own.entry(&claim.principal.key).or_insert((0, index));
        if rank > entry.0 {
            *entry = (rank, index);
        }
    }
    own
}

/// Carries ranks backwards over the hops, highest first, so that each principal is settled once.
fn spread<'c>(own: &BTreeMap<&'c str, (u8, usize)>, hops: &'c [Hop<'_>]) -> BTreeMap<&'c str, Best> {
    let mut into: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, hop) in hops.iter().enumerate() {
        into.entry(&hop.to.key).or_default().push(index);
    }
    let mut best: BTreeMap<&str, Best> = BTreeMap::new();
    for rank in (1..=4).rev() {
        let starts = own.iter().filter(|(_, (own, _))| *own == rank);
        let mut open: VecDeque<&str> = VecDeque::new();
        for (key, (_, claim)) in starts {
            if !best.contains_key(key) {
                best.insert(
                    key,
                    Best {
                        rank,
                        claim: *claim,
                        hop: None,
                    },
                );
                open.push_back(key);
            }
        }
        while let Some(key) = open.pop_front() {
            let Some(claim) = best.get(key).map(|best| best.claim) else {
                continue;
            };
            for index in into.get(key).into_iter().flatten() {
                let Some(hop) = hops.get(*index) else { continue };
                let from = hop.from.key.as_str();
                if !best.contains_key(from) {
                    let hop = Some(*index);
                    best.insert(from, Best { rank, claim, hop });
                    open.push_back(from);
                }
            }
        }
    }
    best
}

/// The service accounts on the way from a principal to the best it can reach.
fn route(from: &str, best: &BTreeMap<&str, Best>, hops: &[Hop<'_>]) -> Vec<String> {
    let mut through = Vec::new();
    let mut key = from;
    while let Some(hop) = best.get(key).and_then(|best| hops.get(best.hop?)) {
        through.push(hop.to.label.clone());
        key = hop.to.key.as_str();
        if through.len() >= PATH_MAX {
            break;
        }
    }
    through
}
