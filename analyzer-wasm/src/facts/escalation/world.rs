//! Principals with what their permissions do not say: whom a role trusts, and what runs as it.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use nhi_plan::symbol;

use super::index::{Index, Selector};
use super::names::{Place, account_in, block_of, key, module_of};
use super::places::{Indices, Instances};
use super::profiles::Profiles;
use super::trust::Trust;
use super::workloads::{Holds, Link, Workload};
use super::{Collected, RoleTrust};
use crate::facts::hash::{Map, map_of};
use crate::facts::iam::access::{Grant, OWN, Policy, Principal, PrincipalKind};
use crate::facts::iam::standing::Standing;

/// A workload that runs as a principal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Runs {
    /// Index of the workload.
    pub(crate) workload: usize,
    /// Whether it surely runs as this one, or perhaps as another.
    pub(crate) sure: bool,
}

/// Everything that the ways are looked for in.
#[derive(Debug)]
pub(crate) struct World<'w> {
    pub(crate) principals: &'w [Principal],
    /// What they amount to, in the same order.
    pub(crate) standings: &'w [Standing],
    pub(crate) workloads: &'w [Workload],
    /// By principal.
    pub(crate) trusts: Vec<Arc<Trust>>,
    /// By principal.
    pub(crate) runs: Vec<Vec<Runs>>,
    /// The account that the plan is about, where it can be told.
    pub(crate) account: Option<String>,
    /// Whether it is the plan of a directory account.
    pub(crate) has_permission_sets: bool,
    /// What the policies of each principal name.
    pub(crate) index: Index,
    /// What each principal is found by as a target, where somebody asked.
    targets: Vec<OnceCell<TargetKeys>>,
    by_key: Map<String, Indices>,
    /// The keys in their order, where somebody names principals by a pattern.
    keys: OnceCell<BTreeSet<String>>,
    /// Principals that the plan creates.
    pub(super) places: Instances<'w>,
    /// Roles by the key of a managed policy that they hold, where somebody asked.
    by_policy: OnceCell<BTreeMap<String, Vec<usize>>>,
}

impl<'w> World<'w> {
    pub(crate) fn new(collected: &'w Collected, principals: &'w [Principal], standings: &'w [Standing]) -> Self {
        let mut by_key = map_of(principals.len());
        for (index, principal) in principals.iter().enumerate() {
            for key in keys_of(principal) {
                Indices::add(&mut by_key, key, index);
            }
        }
        let mut places = Instances::of(principals.len());
        for (index, principal) in principals.iter().enumerate() {
            if principal.in_plan {
                places.add(&principal.config_address, &principal.address, index);
            }
        }
        let mut world = Self {
            principals,
            standings,
            workloads: &collected.workloads,
            trusts: Vec::new(),
            runs: vec![Vec::new(); principals.len()],
            account: collected
                .account
                .clone()
                .or_else(|| principals.iter().find_map(account_of)),
            has_permission_sets: principals
                .iter()
                .any(|principal| principal.kind == PrincipalKind::PermissionSet),
            index: Index::new(principals),
            targets: principals.iter().map(|_| OnceCell::new()).collect(),
            by_key,
            keys: OnceCell::new(),
            places,
            by_policy: OnceCell::new(),
        };
        let documents = deferred(collected);
        world.trusts = principals
            .iter()
            .map(|principal| trust_of(collected, &documents, principal))
            .collect();
        let profiles = Profiles::new(&collected.profiles);
        for (index, workload) in collected.workloads.iter().enumerate() {
            let found = world.roles_of(&profiles, workload);
            let sure = found.len() == 1;
            for principal in found {
                if let Some(runs) = world.runs.get_mut(principal) {
                    runs.push(Runs { workload: index, sure });
                }
            }
        }
        world
    }

    pub(crate) fn trust(&self, principal: usize) -> &Trust {
        const NOBODY: &Trust = &Trust {
            entries: Vec::new(),
            open: false,
        };
        self.trusts.get(principal).map_or(NOBODY, AsRef::as_ref)
    }

    /// What runs as a principal, as a workload of this kind.
    pub(crate) fn running(&self, principal: usize, kind: &str) -> impl Iterator<Item = (Runs, &Workload)> {
        let runs = self.runs.get(principal).into_iter().flatten();
        let found = runs.filter_map(|runs| Some((*runs, self.workloads.get(runs.workload)?)));
        found.filter(move |(_, workload)| workload.kinds.contains(&kind))
    }

    /// Principals that go by a key of [`key`].
    pub(crate) fn by_key(&self, key: &str) -> &[usize] {
        self.by_key.get(key).map_or(&[], Indices::as_slice)
    }

    /// Whether a name is surely of another account.
    pub(crate) fn is_foreign(&self, name: &str) -> bool {
        let theirs = account_in(name);
        matches!((&self.account, theirs), (Some(own), Some(theirs)) if *own != theirs)
    }

    /// Whether the policies of a principal name an action on something that may be this target.
    pub(crate) fn may_name(&self, from: usize, action: &str, target: usize) -> bool {
        let (Some(keys), Some(principal)) = (self.targets.get(target), self.principals.get(target)) else {
            return false;
        };
        let keys = keys.get_or_init(|| target_keys(principal));
        let mut selectors = self.index.selectors(from, action);
        selectors.any(|selector| {
            let holds = || keys.keys.iter().any(|key| selector.may_hold(key));
            holds() || !keys.complete && selector.may_begin(&keys.start)
        })
    }

    /// Principals of a kind that the policies of a principal may name for an action, by name or by pattern; at most
    /// so many, and `true` where there may be more.
    pub(crate) fn named_by(&self, from: usize, action: &str, kind: PrincipalKind, max: usize) -> (Vec<usize>, bool) {
        let mut found = Vec::new();
        let start = format!("iam:{}/", kind.as_str());
        for selector in self.index.selectors(from, action) {
            match selector {
                Selector::Exact(key) => found.extend(self.by_key(key)),
                Selector::Prefix(prefix) if prefix.is_empty() || start.starts_with(prefix.as_str()) => {
                    found.extend(self.under(&start).take(max));
                }
                Selector::Prefix(prefix) => found.extend(self.under(prefix).take(max)),
            }
        }
        found.retain(|index| self.principals.get(*index).is_some_and(|other| other.kind == kind));
        found.sort_unstable();
        found.dedup();
        let more = found.len() >= max;
        found.truncate(max);
        (found, more)
    }

    /// Roles that hold a policy which the policies of a principal may name for an action.
    pub(crate) fn holders_of_policies(&self, from: usize, action: &str, max: usize) -> Vec<usize> {
        let mut found = Vec::new();
        let by_policy = self.by_policy.get_or_init(|| by_policy(self.principals));
        for selector in self.index.selectors(from, action) {
            match selector {
                Selector::Exact(key) => found.extend(by_policy.get(key).into_iter().flatten()),
                Selector::Prefix(prefix) => {
                    let under = by_policy.range(prefix.clone()..);
                    let under = under.take_while(|(key, _)| key.starts_with(prefix.as_str()));
                    found.extend(under.flat_map(|(_, holders)| holders).take(max));
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        found.truncate(max);
        found
    }

    fn under<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = usize> + 'a {
        let keys = self.keys.get_or_init(|| self.by_key.keys().cloned().collect());
        let under = keys.range::<str, _>((Bound::Included(prefix), Bound::Unbounded));
        let under = under.take_while(move |key| key.starts_with(prefix));
        under.flat_map(|key| self.by_key(key).iter().copied())
    }

    fn roles_of(&self, profiles: &Profiles<'_>, workload: &Workload) -> Vec<usize> {
        let mut found = Vec::new();
        let place = Place {
            address: &workload.address,
            module: &workload.module_address,
        };
        for link in &workload.links {
            match link.holds {
                Holds::Profile => {
                    for (role, place) in profiles.roles(link, place) {
                        found.extend(self.resolve(role, place));
                    }
                }
                Holds::Role | Holds::Json(_) => found.extend(self.resolve(link, place)),
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The roles that a value may mean.
    fn resolve(&self, link: &Link, place: Place<'_>) -> Vec<usize> {
        let is_role = |index: &usize| {
            self.principals
                .get(*index)
                .is_some_and(|principal| principal.kind == PrincipalKind::Role)
        };
        let mut found: Vec<usize> = Vec::new();
        if let Some(value) = &link.value {
            for text in symbol::alternatives(value) {
                match block_of(text) {
                    Some(block) => found.extend(self.places.nearest(block, place)),
                    None => {
                        let key = key(text).unwrap_or_else(|| format!("role {text}"));
                        found.extend(self.by_key(&key));
                    }
                }
            }
        } else {
            for block in &link.blocks {
                found.extend(self.places.nearest(block, place));
            }
        }
        found.retain(is_role);
        found
    }
}

/// Deferred documents by place.
fn deferred(collected: &Collected) -> Instances<'_> {
    let mut places = Instances::of(collected.documents.len());
    for (index, one) in collected.documents.iter().enumerate() {
        places.add(&one.config_address, &one.address, index);
    }
    places
}

fn trust_of(collected: &Collected, documents: &Instances<'_>, principal: &Principal) -> Arc<Trust> {
    let open = || {
        Arc::new(Trust {
            open: true,
            ..Trust::default()
        })
    };
    if principal.kind != PrincipalKind::Role {
        return Arc::default();
    }
    match collected.trusts.get(&*principal.address) {
        None => open(),
        Some(RoleTrust::Known(trust)) => Arc::clone(trust),
        Some(RoleTrust::Pending(blocks)) => {
            let place = Place {
                address: &principal.address,
                module: module_of(&principal.address),
            };
            let found = blocks.iter().flat_map(|block| documents.near(block, place));
            let found = found.filter_map(|index| collected.documents.get(*index));
            let found: Vec<_> = found.map(|deferred| deferred.trust.clone()).collect();
            if found.is_empty() {
                return open();
            }
            Arc::new(Trust::one_of(&found))
        }
    }
}

fn by_policy(principals: &[Principal]) -> BTreeMap<String, Vec<usize>> {
    let mut found: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let roles = principals
        .iter()
        .enumerate()
        .filter(|(_, principal)| principal.kind == PrincipalKind::Role);
    for (index, principal) in roles {
        for key in policies(principal)
            .flat_map(|(_, names)| names)
            .filter_map(|name| key(&name))
        {
            found.entry(key).or_default().push(index);
        }
    }
    found
}

fn account_of(principal: &Principal) -> Option<String> {
    principal.names().iter().find_map(|name| account_in(name))
}

fn keys_of(principal: &Principal) -> Vec<String> {
    let mut keys: Vec<String> = principal.names().iter().filter_map(|name| key(name)).collect();
    if let Some(name) = &principal.name {
        keys.push([principal.kind.as_str(), " ", name].concat());
    }
    keys
}

/// What a principal is found by as a target.
#[derive(Debug)]
struct TargetKeys {
    keys: Vec<String>,
    /// Its name is known, so that nothing else can mean it.
    complete: bool,
    /// What the key begins with.
    start: String,
}

/// What the key of a principal begins with, whatever its name is.
pub(crate) fn start_of(principal: &Principal) -> String {
    format!("iam:{}/", principal.kind.as_str())
}

fn target_keys(principal: &Principal) -> TargetKeys {
    let keys: Vec<String> = principal.names().iter().filter_map(|name| key(name)).collect();
    TargetKeys {
        start: start_of(principal),
        complete: keys.iter().any(|key| !symbol::has_symbols(key)),
        keys,
    }
}

/// Names of the managed policies that reach a principal and can be written to.
pub(crate) fn policies(principal: &Principal) -> impl Iterator<Item = (&Grant, Vec<String>)> {
    let writable = |grant: &&Grant| matches!(grant.policy, Policy::Managed | Policy::Elsewhere);
    principal.grants.iter().filter(writable).filter_map(|grant| {
        let mut names: Vec<String> = grant.arn.iter().map(ToString::to_string).collect();
        if grant.policy == Policy::Managed {
            names.extend(
                grant
                    .name
                    .iter()
                    .map(|name| format!("arn:{OWN}:iam::{OWN}:policy/{name}")),
            );
            names.push(symbol::symbol(&format!("{}.arn", grant.address)));
        }
        (!names.is_empty()).then_some((grant, names))
    })
}
