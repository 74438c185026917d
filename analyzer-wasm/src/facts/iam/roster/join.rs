//! Puts a roster together: principals with their policies, boundaries and groups.
//!
//! Every join is a look-up, by name, by ARN, or by nearness of what a value rests on; nothing is compared with
//! everything.

use std::sync::Arc;

use nhi_plan::symbol::symbol;

use super::contents::{Found, Read};
use super::former::Former;
use super::{Content, Given, ManagedPolicy, Membership, Naming, Owner, Roster, Stand, rows};
use crate::facts::hash::{Map, Set, map_of};
use crate::facts::iam::access::{Alternative, Boundary, Grant, OWN, Policy, Principal, PrincipalKind, Unread};
use crate::facts::iam::data_document::instance_key;
use crate::facts::iam::documents::Documents;
use crate::facts::iam::managed::Managed;
use crate::facts::iam::nearest::Nearest;

/// Puts everything together that was collected.
pub(in crate::facts::iam) fn join(roster: &mut Roster, documents: &Documents) -> Vec<Principal> {
    let mut join = Join::new(roster, documents);
    for given in join.given {
        join.give(given);
    }
    for (stand, holder, boundary) in join.set_boundaries {
        if let Some(index) = join.find(PrincipalKind::PermissionSet, holder, stand) {
            let boundary = join.boundary(boundary, stand);
            if let Some(principal) = join.principals.get_mut(index) {
                principal.boundary = boundary;
            }
        }
    }
    join.drop_repetitions();
    for membership in join.memberships {
        join.enrol(membership);
    }
    join.inherit();
    join.add_dormant();
    join.principals
}

/// Everything at hand while a roster is put together.
pub(super) struct Join<'r> {
    pub(super) documents: &'r Documents,
    pub(super) managed: &'r mut Managed,
    pub(super) owners: &'r [Owner],
    pub(super) policies: &'r [ManagedPolicy],
    pub(super) given: &'r [Given],
    pub(super) memberships: &'r [Membership],
    pub(super) set_boundaries: &'r [(Stand, Naming, Naming)],
    former: &'r Former,
    pub(super) principals: Vec<Principal>,
    pub(super) owner_blocks: Nearest,
    pub(super) owner_names: Map<(PrincipalKind, &'r str), Vec<usize>>,
    /// Principals that the plan does not create, by how blocks name them.
    pub(super) others: Map<(PrincipalKind, String), usize>,
    pub(super) policy_blocks: Nearest,
    /// By ARN and by name.
    pub(super) policy_names: Map<&'r str, Vec<usize>>,
    pub(super) policy_contents: Vec<Option<Read>>,
    pub(super) assembled: Map<&'r str, Alternative>,
    pub(super) provided: Map<String, Alternative>,
    pub(super) attached: Set<usize>,
    pub(super) bounding: Set<usize>,
}

impl<'r> Join<'r> {
    fn new(roster: &'r mut Roster, documents: &'r Documents) -> Self {
        let Roster {
            managed,
            owners,
            policies,
            given,
            memberships,
            boundaries,
            former,
            ..
        } = roster;
        let mut join = Self {
            documents,
            managed,
            owners,
            policies,
            given,
            memberships,
            set_boundaries: boundaries,
            former,
            principals: Vec::with_capacity(owners.len()),
            owner_blocks: Nearest::default(),
            owner_names: map_of(owners.len()),
            others: Map::default(),
            policy_blocks: Nearest::default(),
            policy_names: map_of(policies.len()),
            policy_contents: vec![None; policies.len()],
            assembled: Map::default(),
            provided: Map::default(),
            attached: Set::default(),
            bounding: Set::default(),
        };
        for (index, policy) in join.policies.iter().enumerate() {
            let Stand {
                address,
                config_address,
                module,
            } = &policy.stand;
            join.policy_blocks.add(config_address, address, module, index);
            for name in policy.name.iter().chain(&policy.arn) {
                join.policy_names.entry(name).or_default().push(index);
            }
        }
        for (index, owner) in join.owners.iter().enumerate() {
            let Stand {
                address,
                config_address,
                module,
            } = &owner.stand;
            join.owner_blocks.add(config_address, address, module, index);
            for name in owner.name.iter().chain(&owner.arn) {
                join.owner_names.entry((owner.kind, name)).or_default().push(index);
            }
        }
        for owner in join.owners {
            let boundary = match &owner.boundary {
                None => Boundary::None,
                Some(naming) => join.boundary(naming, &owner.stand),
            };
            let is_alone = join.owner_blocks.count(&owner.stand.config_address) == 1;
            join.principals.push(principal(owner, boundary, is_alone));
        }
        join
    }

    fn give(&mut self, given: &'r Given) {
        if given.to.is_none() && self.is_former(given) {
            return;
        }
        let Some(grant) = self.grant(given) else { return };
        let holder = match &given.to {
            None => self.find_block(&given.stand),
            Some(naming) => Some(self.holder(given.kind, naming, &given.stand)),
        };
        if let Some(principal) = holder.and_then(|index| self.principals.get_mut(index)) {
            principal.grants.push(grant);
        }
    }

    /// Whether a principal only repeats what a block of its own gave it.
    fn is_former(&self, given: &Given) -> bool {
        let owner = self.find_block(&given.stand).and_then(|index| self.owners.get(index));
        let policy = match &given.content {
            Content::Policy(naming) => naming.text.as_ref(),
            Content::Text(_) | Content::Pending(_) => given.name.as_ref(),
        };
        match (owner.and_then(|owner| owner.name.as_ref()), policy) {
            (Some(name), Some(policy)) => self.former.gave(given.kind, name, policy),
            _ => false,
        }
    }

    /// The principal that a block is.
    fn find_block(&self, stand: &Stand) -> Option<usize> {
        self.owner_blocks.exactly(&stand.address)
    }

    /// The principal of the plan that a block names.
    fn find(&self, kind: PrincipalKind, naming: &Naming, stand: &Stand) -> Option<usize> {
        let exactly = naming
            .address
            .as_deref()
            .and_then(|address| self.owner_blocks.exactly(address));
        if let Some(index) = exactly.filter(|index| self.is_of_kind(*index, kind)) {
            return Some(index);
        }
        if let Some(named) = naming
            .text
            .as_deref()
            .and_then(|text| self.owner_names.get(&(kind, text)))
        {
            if let [index] = named.as_slice() {
                return Some(*index);
            }
            let near = self.near_owners(kind, naming, stand);
            return named.iter().find(|index| near.as_slice() == [**index]).copied();
        }
        if naming.text.is_some() {
            return None;
        }
        match self.near_owners(kind, naming, stand).as_slice() {
            [index] => Some(*index),
            _ => None,
        }
    }

    fn near_owners(&self, kind: PrincipalKind, naming: &Naming, stand: &Stand) -> Vec<usize> {
        let near = naming
            .blocks
            .iter()
            .flat_map(|block| self.owner_blocks.of(block, stand.spot()));
        near.filter(|index| self.is_of_kind(*index, kind)).collect()
    }

    fn is_of_kind(&self, index: usize, kind: PrincipalKind) -> bool {
        self.owners.get(index).is_some_and(|owner| owner.kind == kind)
    }

    /// The principal that a block names; one that the plan does not create is made up once for each way to name it.
    fn holder(&mut self, kind: PrincipalKind, naming: &Naming, stand: &Stand) -> usize {
        if let Some(index) = self.find(kind, naming, stand) {
            return index;
        }
        let key = match &naming.text {
            Some(text) => ["name ", text].concat(),
            None if naming.blocks.is_empty() => format!("of {}", stand.address),
            // Which of several instances is not known: only blocks of one instance mean the same.
            None => format!(
                "{}\n{}\n{}",
                naming.blocks.join("\n"),
                stand.module,
                instance_key(&stand.address)
            ),
        };
        let next = self.principals.len();
        let index = *self.others.entry((kind, key)).or_insert(next);
        if index == next {
            self.principals.push(Principal {
                kind,
                address: Arc::clone(&stand.address),
                config_address: Arc::clone(&stand.config_address),
                in_plan: false,
                is_lost: naming.text.is_none()
                    && !naming.blocks.is_empty()
                    && !naming.blocks.iter().any(|address| leads_to_owner(address)),
                name: naming.text.clone(),
                names: naming.text.iter().filter_map(|name| own_arn(kind, "/", name)).collect(),
                grants: Vec::new(),
                boundary: Boundary::None,
                groups: Vec::new(),
            });
        }
        index
    }

    fn grant(&mut self, given: &'r Given) -> Option<Grant> {
        let own = |policy: Policy, read: Read| Grant {
            policy,
            address: Arc::clone(&given.stand.address),
            path: given.path.as_str().into(),
            attachment: Arc::clone(&given.stand.address),
            arn: None,
            name: given.name.as_deref().map(Into::into),
            is_audit: false,
            via: None,
            alternatives: read.alternatives,
            unread: read.unread,
        };
        let naming = match &given.content {
            Content::Policy(naming) => naming,
            content => return Some(own(Policy::Inline, self.read(content, &given.stand))),
        };
        Some(match self.policy(naming, &given.stand) {
            Found::Provider(arn) => {
                let read = self.provider(&arn);
                Grant {
                    is_audit: self.managed.is_audit(&arn),
                    arn: Some(arn.into()),
                    ..own(Policy::Provider, read)
                }
            }
            Found::ProviderLike(arn) => {
                let read = self.provider_like(&arn);
                own(Policy::Provider, read)
            }
            Found::Elsewhere(arn) => Grant {
                arn: arn.map(Into::into),
                ..own(Policy::Elsewhere, Read::default())
            },
            Found::Unknown(blocks) => {
                let unread = Some(Unread::Attached(blocks));
                own(
                    Policy::Elsewhere,
                    Read {
                        unread,
                        ..Read::default()
                    },
                )
            }
            Found::Several(names) => {
                let read = self.several(&names, given);
                own(Policy::Managed, read)
            }
            Found::Plan(policies) => {
                self.attached.extend(&policies);
                let read = self.contents(&policies);
                let policy = policies.first().and_then(|index| self.policies.get(*index))?;
                Grant {
                    address: Arc::clone(&policy.stand.address),
                    path: policy.path.into(),
                    arn: policy.arn.as_deref().map(Into::into),
                    name: policy.name.as_deref().map(Into::into),
                    ..own(Policy::Managed, read)
                }
            }
        })
    }

    /// The contents of policies of any kind, of which exactly one is given.
    fn several(&mut self, names: &[Naming], given: &'r Given) -> Read {
        let mut all = Read::default();
        for naming in names {
            let read = match self.policy(naming, &given.stand) {
                Found::Provider(arn) => self.provider(&arn),
                Found::Plan(policies) => {
                    self.attached.extend(&policies);
                    self.contents(&policies)
                }
                Found::ProviderLike(arn) => self.provider_like(&arn),
                // Of what is not in the plan nothing is known: it gives nothing here.
                Found::Elsewhere(_) => Read {
                    alternatives: vec![Alternative::default()],
                    unread: None,
                },
                Found::Unknown(blocks) => {
                    return Read {
                        alternatives: Vec::new(),
                        unread: Some(Unread::Attached(blocks)),
                    };
                }
                Found::Several(_) => return Read::default(),
            };
            if read.alternatives.is_empty() {
                return read;
            }
            all.alternatives.extend(read.alternatives);
        }
        all
    }

    /// The provider repeats in a principal what separate blocks give it.
    fn drop_repetitions(&mut self) {
        for principal in &mut self.principals {
            if principal.grants.len() < 2 {
                continue;
            }
            let own = Arc::clone(&principal.address);
            let told: Set<_> = principal
                .grants
                .iter()
                .filter(|grant| grant.attachment != own)
                .filter_map(Grant::identity)
                .collect();
            let repeated = |grant: &Grant| {
                grant.attachment == own && grant.identity().is_some_and(|identity| told.contains(&identity))
            };
            principal.grants.retain(|grant| !repeated(grant));
        }
    }

    fn enrol(&mut self, membership: &Membership) {
        let stand = &membership.stand;
        let user = match &membership.user {
            None => self.find_block(stand),
            Some(naming) => self.find_any(PrincipalKind::User, naming, stand),
        };
        let group = self.find_any(PrincipalKind::Group, &membership.group, stand);
        let (Some(user), Some(group)) = (user, group) else {
            return;
        };
        if let Some(principal) = self
            .principals
            .get_mut(user)
            .filter(|principal| !principal.groups.contains(&group))
        {
            principal.groups.push(group);
        }
    }

    /// A principal that is known already, whether or not the plan creates it.
    fn find_any(&self, kind: PrincipalKind, naming: &Naming, stand: &Stand) -> Option<usize> {
        let other = || {
            self.others
                .get(&(kind, format!("name {}", naming.text.as_deref()?)))
                .copied()
        };
        self.find(kind, naming, stand).or_else(other)
    }

    /// Users hold what their groups hold.
    fn inherit(&mut self) {
        for index in 0..self.principals.len() {
            let groups = self
                .principals
                .get(index)
                .map(|principal| principal.groups.clone())
                .unwrap_or_default();
            let mut inherited = Vec::new();
            for group in groups {
                let grants = self
                    .principals
                    .get(group)
                    .map(|group| group.grants.as_slice())
                    .unwrap_or_default();
                inherited.extend(grants.iter().map(|grant| Grant {
                    via: Some(group),
                    ..grant.clone()
                }));
            }
            if let Some(principal) = self.principals.get_mut(index) {
                principal.grants.extend(inherited);
            }
        }
    }

    /// Managed policies that nobody holds, and those that somebody outside the plan holds.
    fn add_dormant(&mut self) {
        for (index, policy) in self.policies.iter().enumerate() {
            let is_used = self.attached.contains(&index) || self.bounding.contains(&index) && !policy.is_held;
            if is_used {
                continue;
            }
            let read = self.content(index);
            let address: Arc<str> = Arc::clone(&policy.stand.address);
            self.principals.push(Principal {
                kind: if policy.is_held {
                    PrincipalKind::Somebody
                } else {
                    PrincipalKind::Policy
                },
                address: Arc::clone(&address),
                config_address: Arc::clone(&policy.stand.config_address),
                in_plan: false,
                is_lost: false,
                name: policy.name.clone(),
                names: Vec::new(),
                grants: vec![Grant {
                    policy: Policy::Managed,
                    address: Arc::clone(&address),
                    path: policy.path.into(),
                    attachment: address,
                    arn: policy.arn.as_deref().map(Into::into),
                    name: policy.name.as_deref().map(Into::into),
                    is_audit: false,
                    via: None,
                    alternatives: read.alternatives,
                    unread: read.unread,
                }],
                boundary: Boundary::None,
                groups: Vec::new(),
            });
        }
    }
}

/// Whether an address is a principal, of the plan or from elsewhere.
fn leads_to_owner(address: &str) -> bool {
    let mut parts = address.rsplit('.').skip(1);
    parts.next().and_then(rows::row).is_some_and(|row| row.owner.is_some())
}

/// `is_alone` says that the block has no other instance, so that a reference to it means this one.
fn principal(owner: &Owner, boundary: Boundary, is_alone: bool) -> Principal {
    let completed = |prefix: &String| format!("{prefix}{}", symbol(&format!("{}.name", owner.stand.address)));
    let name = owner.name.clone().or_else(|| owner.name_prefix.as_ref().map(completed));
    let derived = match (&name, &owner.path) {
        (Some(name), Some(path)) => own_arn(owner.kind, path, name),
        _ => None,
    };
    let mut names: Vec<String> = owner.arn.iter().cloned().chain(derived).collect();
    names.push(symbol(&[&*owner.stand.address, ".arn"].concat()));
    if is_alone && owner.stand.config_address != owner.stand.address {
        names.push(symbol(&[&*owner.stand.config_address, ".arn"].concat()));
    }
    Principal {
        kind: owner.kind,
        address: Arc::clone(&owner.stand.address),
        config_address: Arc::clone(&owner.stand.config_address),
        in_plan: true,
        is_lost: false,
        name: owner.name.clone(),
        names,
        grants: Vec::new(),
        boundary,
        groups: Vec::new(),
    }
}

/// The ARN that a principal of the own account has.
fn own_arn(kind: PrincipalKind, path: &str, name: &str) -> Option<String> {
    let kind = match kind {
        PrincipalKind::Role | PrincipalKind::User | PrincipalKind::Group => kind.as_str(),
        _ => return None,
    };
    Some(["arn:", OWN, ":iam::", OWN, ":", kind, path, name].concat())
}
