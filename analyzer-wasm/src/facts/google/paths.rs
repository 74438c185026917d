//! Who can become which service account, and what that gives: a fixpoint over the principals of the plan.

use std::collections::{BTreeMap, BTreeSet};

use nhi_plan::Severity;

use super::Grant;
use super::condition::Condition;
use super::judge::{Claim, Reach, What, claim};
use super::member::{Accounts, Kind, Principal};
use super::methods::{Category, Level, Method, Permissions, methods};
use crate::facts::cloud::lower;
use crate::facts::graph::{Certainty, Edge, End};
use crate::facts::reach::{self, Arc, Best};

/// From here on a principal holds everything of some place.
const ADMINISTRATOR_RANK: u8 = 3;

/// A principal that can become a service account.
#[derive(Debug)]
pub(super) struct Hop<'g> {
    from: &'g Principal,
    to: Principal,
    method: &'static Method,
    grant: &'g Grant,
    /// The principal is meant to be the workload that runs as the service account.
    intended: bool,
}

impl Hop<'_> {
    fn edge(&self, best: &BTreeMap<&str, Best>) -> Edge {
        let end = |principal: &Principal| End {
            name: principal.label.clone(),
            kind: principal.kind.word(),
            administrator: best
                .get(principal.key.as_str())
                .is_some_and(|best| best.rank >= ADMINISTRATOR_RANK),
        };
        Edge {
            from: end(self.from),
            to: end(&self.to),
            how: self.method.id.to_owned(),
            via: self.grant.site.address.clone(),
            certainty: Certainty::Yes,
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
            .min_by_key(|method| {
                let direct = method.category == Category::Impersonate;
                (std::cmp::Reverse(method.severity), !direct, method.id)
            });
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

/// Claims of principals that become one that can do more than they can, and every way to become another.
pub(super) fn gains(claims: &[Claim], hops: &[Hop<'_>]) -> (Vec<Claim>, Vec<Edge>) {
    let arcs: Vec<_> = hops
        .iter()
        .map(|hop| Arc {
            from: &hop.from.key,
            to: &hop.to.key,
        })
        .collect();
    let own = reach::own(claims.iter().map(|claim| (claim.principal.key.as_str(), claim.rank())));
    let best = reach::spread(&own, &arcs);
    let mut found = Vec::new();
    let mut told = BTreeSet::new();
    for hop in hops {
        let from = hop.from.key.as_str();
        let Some((reach, first)) = best.get(from).and_then(|reach| Some((reach, hops.get(reach.arc?)?))) else {
            continue;
        };
        let rank = own.get(from).map_or(0, |(rank, _)| *rank);
        if reach.rank <= rank || first.intended || !told.insert(from) {
            continue;
        }
        let through = reach::route(from, &best, &arcs)
            .into_iter()
            .filter_map(|index| Some(hops.get(index)?.to.label.clone()))
            .collect();
        let Some(gain) = claims.get(reach.claim) else { continue };
        found.push(path_claim(first, through, reach.rank, gain));
    }
    let edges = hops.iter().map(|hop| hop.edge(&best)).collect();
    (found, edges)
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
