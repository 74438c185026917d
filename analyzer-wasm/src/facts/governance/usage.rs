//! Who runs as whom, in every cloud: workloads, and the identities that the plan or somebody else made for them.
//!
//! Instances of one block are one workload, and so are the machines that templates start: they scale, and do one thing.

pub(crate) mod environment;
mod principal;
mod workloads;

use std::collections::{BTreeMap, BTreeSet};

use nhi_plan::{Action, Mode};

use self::environment::Environment;
use self::principal::Principals;
use self::workloads::Use;
pub(crate) use self::workloads::types;
use crate::facts::Block;
use crate::facts::cloud::Site;

/// An identity and who uses it.
#[derive(Debug)]
pub(crate) struct Shared {
    /// Where it is told: at the identity, or at the first user of one that is not in the plan.
    pub(crate) site: Site,
    /// Addresses of one instance of each workload, sorted.
    pub(crate) users: Vec<String>,
}

/// An identity that reaches from one environment into another.
#[derive(Debug)]
pub(crate) struct Crossing {
    pub(crate) site: Site,
    /// What says it is of an environment, and of which: the one side.
    pub(crate) one: (String, Environment),
    /// The other side.
    pub(crate) other: (String, Environment),
    /// A policy lets it in; otherwise both run as it.
    pub(crate) by_policy: bool,
    /// The policy is known only after apply.
    pub(crate) unverified: bool,
}

/// An identity that its last workload leaves behind.
#[derive(Debug)]
pub(crate) struct Orphan {
    pub(crate) address: String,
    pub(crate) workload: String,
}

/// Everything of the plan.
#[derive(Debug, Default)]
pub(crate) struct Usage {
    uses: Vec<Use>,
    /// Uses by workloads that go.
    gone: Vec<Use>,
    principals: Principals,
    policies: Vec<environment::Policy>,
    /// Configuration addresses of identities that something else refers to.
    referred: BTreeSet<String>,
    pub(crate) shared: Vec<Shared>,
    pub(crate) crossings: Vec<Crossing>,
    pub(crate) orphans: Vec<Orphan>,
}

impl Usage {
    pub(super) fn collect(&mut self, block: &Block<'_>) {
        self.principals.collect(block);
        let uses = self.uses.len();
        self.uses.extend(workloads::read(block));
        self.policies.extend(environment::policy(block));
        if uses == self.uses.len() && !is_own_part(block) {
            let all = block
                .change
                .references
                .iter()
                .flat_map(|reference| &reference.addresses);
            let identities = all.filter(|address| principal::is_identity(address));
            self.referred.extend(identities.map(ToString::to_string));
        }
    }

    pub(super) fn collect_gone(&mut self, block: &Block<'_>) {
        let is_deposed = block.change.attributes.iter().any(|(key, _)| key == "deposed");
        if is_deposed || !block.change.actions.contains(&Action::Delete) {
            return;
        }
        self.gone.extend(workloads::read_before(block));
    }

    pub(super) fn settle(&mut self) {
        let mut users: BTreeMap<String, Vec<&Use>> = BTreeMap::new();
        for one in &self.uses {
            for key in self.principals.of(one) {
                users.entry(key).or_default().push(one);
            }
        }
        for (key, uses) in &users {
            self.shared.extend(shared(&self.principals, key, uses));
            self.crossings.extend(crossing(&self.principals, key, uses));
        }
        for policy in &self.policies {
            self.crossings.extend(environment::let_in(policy, &self.principals));
        }
        let mut told = BTreeSet::new();
        for one in &self.gone {
            for key in self.principals.of(one) {
                let left = self
                    .principals
                    .left_behind(&key)
                    .filter(|config| !self.referred.contains(config.as_str()));
                if left.is_some() && !users.contains_key(&key) && told.insert(key.clone()) {
                    self.orphans.push(Orphan {
                        address: key,
                        workload: one.site.address.clone(),
                    });
                }
            }
        }
    }
}

/// Whether a block belongs to an identity, and is no use of it: its policies, its profile, its grants.
fn is_own_part(block: &Block<'_>) -> bool {
    let name = block.change.resource_type.as_ref();
    match block.change.mode {
        Mode::Managed => {
            name.starts_with("aws_iam_")
                || name == "azurerm_role_assignment"
                || name.starts_with("nhi_")
                || name.starts_with("google_") && name.contains("_iam_") && !name.starts_with("google_service_account_")
        }
        Mode::Data => name.starts_with("aws_iam_"),
        _ => false,
    }
}

fn site_of(principals: &Principals, key: &str, uses: &[&Use]) -> Option<Site> {
    principals.site(key).or_else(|| {
        uses.iter()
            .map(|one| &one.site)
            .min_by(|left, right| left.address.cmp(&right.address))
            .cloned()
    })
}

fn shared(principals: &Principals, key: &str, uses: &[&Use]) -> Option<Shared> {
    // One instance speaks for its block.
    let mut groups: BTreeMap<&str, &str> = BTreeMap::new();
    for one in uses {
        let address = groups.entry(&one.group).or_insert(&one.site.address);
        *address = (*address).min(&one.site.address);
    }
    let mut named: Vec<_> = groups.into_values().map(str::to_owned).collect();
    named.sort();
    (named.len() > 1).then_some(())?;
    Some(Shared {
        site: site_of(principals, key, uses)?,
        users: named,
    })
}

fn crossing(principals: &Principals, key: &str, uses: &[&Use]) -> Option<Crossing> {
    let of_uses = uses
        .iter()
        .filter_map(|one| Some((one.site.address.clone(), one.environment.clone()?)));
    let mut sides: Vec<_> = principals
        .environment(key)
        .map(|own| (key.to_owned(), own))
        .into_iter()
        .chain(of_uses)
        .collect();
    // Production first, so that it is told whatever else there is.
    sides.sort_by(|left, right| {
        (!left.1.is_production(), &left.1, &left.0).cmp(&(!right.1.is_production(), &right.1, &right.0))
    });
    let one = sides.first()?.clone();
    let other = sides.into_iter().find(|side| side.1 != one.1)?;
    Some(Crossing {
        site: site_of(principals, key, uses)?,
        one,
        other,
        by_policy: false,
        unverified: false,
    })
}
