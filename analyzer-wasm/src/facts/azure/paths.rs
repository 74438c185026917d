//! Who can become whom in Azure and Entra: by the identity of a workload, by a managed identity, by ownership.

use std::collections::{BTreeMap, BTreeSet};

use nhi_plan::Severity;

use super::Grant;
use super::actions::{Actions, Class};
use super::condition::Condition;
use super::entra::Entra;
use super::judge::{Claim, What};
use super::principal::{Kind, Principal, Principals, texts};
use super::scope::Level;
use crate::facts::Block;
use crate::facts::cloud::{self, Site, Text, lower};
use crate::facts::graph::{Certainty, Edge, End};
use crate::facts::reach::{self, Arc, Best};

/// Arcs that are followed; beyond it the plan is one in which everybody is everybody.
const ARCS_MAX: usize = 200_000;

/// From here on a principal holds everything of some place.
const ADMINISTRATOR_RANK: u8 = 3;

/// A workload with identities, or a managed identity itself.
#[derive(Debug)]
pub(super) struct Workload {
    site: Site,
    /// Its identifier, where it exists already.
    id: Option<String>,
    resource_type: String,
    group: Option<Text>,
    /// It has an identity of its own, or is one.
    own: bool,
    /// Which identities it has is known only after apply.
    possible: bool,
    attached: Vec<Text>,
}

/// Somebody who owns an application, a service principal or a group.
#[derive(Debug)]
pub(super) struct Owner {
    site: Site,
    who: Text,
    /// Configuration addresses of what is owned.
    owned: Vec<String>,
}

/// What the join needs to look things up.
pub(super) struct Known<'a> {
    pub(super) principals: &'a Principals,
    pub(super) workloads: &'a [Workload],
    pub(super) owners: &'a [Owner],
    pub(super) entra: &'a Entra,
}

/// Actions that use what runs in a resource, by its type.
const RUNS: [(&str, &str); 12] = [
    (
        "virtual_machine_scale_set",
        "Microsoft.Compute/virtualMachineScaleSets/",
    ),
    ("virtual_machine", "Microsoft.Compute/virtualMachines/"),
    ("web_app", "Microsoft.Web/sites/"),
    ("function_app", "Microsoft.Web/sites/"),
    ("app_service", "Microsoft.Web/sites/"),
    ("logic_app_standard", "Microsoft.Web/sites/"),
    ("logic_app_workflow", "Microsoft.Logic/"),
    ("container_app_job", "Microsoft.App/jobs/"),
    ("container_app", "Microsoft.App/containerApps/"),
    ("container_group", "Microsoft.ContainerInstance/"),
    ("automation_account", "Microsoft.Automation/"),
    ("kubernetes_cluster", "Microsoft.ContainerService/"),
];

const IDENTITY: &str = "azurerm_user_assigned_identity";

/// Reads a workload or a managed identity.
pub(super) fn workload(block: &Block<'_>) -> Option<Workload> {
    let resource_type = block.change.resource_type.as_ref();
    let of = |own: bool, attached: Vec<Text>| Workload {
        site: Site::new(block, ""),
        id: block.string("id").map(|id| id.to_ascii_lowercase()),
        resource_type: resource_type.to_owned(),
        group: Text::read(block, "resource_group_name"),
        own,
        possible: false,
        attached,
    };
    if resource_type == IDENTITY {
        return Some(of(true, Vec::new()));
    }
    if !RUNS.iter().any(|(name, _)| resource_type.contains(name)) {
        return None;
    }
    let kind = Text::read(block, "identity[0].type").and_then(|kind| kind.known().map(str::to_owned));
    if kind.is_none() && !block.is_unknown("identity[0].type") {
        return None;
    }
    // An identity of its own is there for sure where somebody gives it a role.
    let possible = kind.is_none();
    Some(Workload {
        possible,
        ..of(
            kind.is_none_or(|kind| kind.contains("SystemAssigned")),
            texts(block, "identity[0].identity_ids"),
        )
    })
}

/// Reads who owns an application, a service principal or a group.
pub(super) fn owners(block: &Block<'_>, found: &mut Vec<Owner>) {
    let own = || vec![block.change.config_address.to_string()];
    let (path, owned) = match block.change.resource_type.as_ref() {
        "azuread_application" | "azuread_service_principal" | "azuread_group" | "azuread_application_registration" => {
            ("owners", own())
        }
        "azuread_application_owner" => {
            let owner = Text::read(block, "owner_object_id");
            found.extend(owner.map(|who| Owner {
                site: Site::new(block, "owner_object_id"),
                who,
                owned: block.references("application_id"),
            }));
            return;
        }
        _ => return,
    };
    for who in texts(block, path) {
        found.push(Owner {
            site: Site::new(block, path),
            who,
            owned: owned.clone(),
        });
    }
}

/// One principal can become another.
#[derive(Debug)]
struct Hop {
    from: Principal,
    to: Principal,
    how: &'static str,
    site: Site,
    owns: bool,
    /// It is there only if something unknown turns out that way.
    possible: bool,
}

/// Claims of principals that become one that can do more than they can, and every way to become another.
pub(super) fn gains(claims: &[Claim], grants: &[Grant], known: &Known<'_>) -> (Vec<Claim>, Vec<Edge>) {
    let own = reach::own(claims.iter().map(|claim| (claim.principal.key.as_str(), claim.rank)));
    let mut hops = ownership(known);
    hops.extend(by_roles(grants, known));
    hops.truncate(ARCS_MAX);
    let mut told = BTreeMap::new();
    let sure: Vec<&Hop> = hops.iter().filter(|hop| !hop.possible).collect();
    let arcs = arcs(&sure);
    let best = reach::spread(&own, &arcs);
    let mut found = followed(claims, &own, &sure, &best, &mut told);
    if sure.len() < hops.len() {
        // What is not known yet may lead further than what is.
        let all: Vec<&Hop> = hops.iter().collect();
        let best = reach::spread(&own, &self::arcs(&all));
        found.extend(followed(claims, &own, &all, &best, &mut told));
    }
    let end = |principal: &Principal| End {
        name: principal.label.clone(),
        kind: principal.kind.word(),
        administrator: best
            .get(principal.key.as_str())
            .is_some_and(|best| best.rank >= ADMINISTRATOR_RANK),
    };
    let edges = hops.iter().map(|hop| Edge {
        from: end(&hop.from),
        to: end(&hop.to),
        how: hop.how.to_owned(),
        via: hop.site.address.clone(),
        certainty: if hop.possible {
            Certainty::Possibly
        } else {
            Certainty::Yes
        },
    });
    let edges = edges.collect();
    (found, edges)
}

fn arcs<'h>(hops: &[&'h Hop]) -> Vec<Arc<'h>> {
    let arcs = hops.iter().map(|hop| Arc {
        from: &hop.from.key,
        to: &hop.to.key,
    });
    arcs.collect()
}

/// Who gains something on these hops, and was not told to gain as much.
fn followed<'h>(
    claims: &[Claim],
    own: &BTreeMap<&str, (u8, usize)>,
    hops: &[&'h Hop],
    best: &BTreeMap<&str, Best>,
    told: &mut BTreeMap<&'h str, u8>,
) -> Vec<Claim> {
    let arcs = arcs(hops);
    let mut found = Vec::new();
    for hop in hops {
        let from = hop.from.key.as_str();
        let Some((reach, first)) = best.get(from).and_then(|reach| Some((reach, hops.get(reach.arc?)?))) else {
            continue;
        };
        let rank = own.get(from).map_or(0, |(rank, _)| *rank);
        let before = told.get(from).copied().unwrap_or(rank).max(rank);
        if reach.rank <= before || matches!(first.from.kind, Kind::Deployer | Kind::Place) {
            continue;
        }
        told.insert(from, reach.rank);
        let route = reach::route(from, best, &arcs);
        let route: Vec<&Hop> = route.into_iter().filter_map(|index| hops.get(index).copied()).collect();
        let named = route.iter().filter(|hop| hop.to.kind != Kind::Place);
        let through: Vec<String> = named.clone().map(|hop| hop.to.label.clone()).collect();
        // How it gets through a place is said by what leads out of it.
        let how = named.clone().next().map_or(first.how, |hop| hop.how);
        let Some(gain) = claims.get(reach.claim) else { continue };
        found.push(Claim {
            possible: route.iter().any(|hop| hop.possible),
            ..path_claim(first, how, through, reach.rank, gain.gain())
        });
    }
    found
}

fn path_claim(hop: &Hop, how: &'static str, through: Vec<String>, rank: u8, gain: String) -> Claim {
    let severity = match rank {
        0 | 1 => Severity::Medium,
        2 => Severity::High,
        _ => Severity::Critical,
    };
    Claim {
        what: if hop.owns {
            What::Owns { through, how, gain }
        } else {
            What::Path { through, how, gain }
        },
        site: hop.site.clone(),
        principal: hop.from.clone(),
        place: "",
        role: String::new(),
        severity: if hop.from.kind == Kind::Machine {
            severity
        } else {
            lower(severity)
        },
        possible: false,
        note: "",
        evidence: "references",
        rank: 0,
    }
}

/// Owners add credentials and members.
fn ownership(known: &Known<'_>) -> Vec<Hop> {
    let mut hops = Vec::new();
    for owner in known.owners {
        let owners = known.principals.meant(&owner.who, None, &owner.site);
        // People who own what they run are the normal case; who applies the plan made it.
        // Of whom nothing is known may be a machine.
        let vague = owner.who.options.is_empty();
        let may = |owner: &Principal| owner.kind == Kind::Machine || vague && owner.kind == Kind::Unknown;
        for from in owners.into_iter().filter(may) {
            for owned in &owner.owned {
                let group = cloud::type_of(owned) == "azuread_group";
                let how = if group { "add members to" } else { "add credentials to" };
                let text = |block: &str| Text {
                    options: Vec::new(),
                    blocks: vec![block.to_owned()],
                };
                let mut targets = known.principals.meant(&text(owned), None, &owner.site);
                for address in known.entra.standing_for(owned) {
                    targets.push(Principal {
                        kind: Kind::Machine,
                        key: address.to_owned(),
                        label: address.to_owned(),
                    });
                }
                for to in targets.into_iter().filter(|to| to.key != from.key) {
                    hops.push(Hop {
                        from: from.clone(),
                        to,
                        how,
                        site: owner.site.clone(),
                        owns: true,
                        possible: from.kind == Kind::Unknown,
                    });
                }
            }
        }
    }
    hops
}

/// Roles on workloads and identities, or on the groups they are in.
fn by_roles(grants: &[Grant], known: &Known<'_>) -> Vec<Hop> {
    if known.workloads.is_empty() {
        return Vec::new();
    }
    let by_block = index(known.workloads);
    let mut everywhere: BTreeMap<&str, Actions> = BTreeMap::new();
    for grant in grants {
        let all = everywhere.entry(&grant.principal.key).or_default();
        *all = all.union(grant.role.allowed.sure);
    }
    let mut hops = Vec::new();
    let mut told: BTreeSet<String> = BTreeSet::new();
    for grant in grants {
        let allowed = grant.role.allowed.sure;
        let open = grant.role.open && grant.scope.level == Level::Resource;
        let useful = open || allowed.has_class(Class::Run) || allowed.has_class(Class::Identity);
        if !useful || grant.possible || grant.condition != Condition::None {
            continue;
        }
        let runs = everywhere
            .get(grant.principal.key.as_str())
            .is_some_and(|all| all.has_class(Class::Run));
        let hop = |from: &Principal, to: Principal, how| Hop {
            from: from.clone(),
            to,
            how,
            site: grant.site.clone(),
            owns: false,
            possible: false,
        };
        let reached = |from: &Principal| {
            let places = places(grant, known.workloads, &by_block).into_iter();
            let used = places.filter_map(|workload| {
                let how = usable(workload, allowed, runs).map(|how| (how, workload.possible));
                // A role that is not known may be one that uses it.
                let how = how.or_else(|| open.then_some(("use", true)));
                Some((workload, how?))
            });
            used.flat_map(|(workload, how)| {
                let identities = identities(workload, known.principals).into_iter();
                identities.map(move |to| (to, how))
            })
            .filter(|(to, _)| to.key != from.key)
            .map(|(to, (how, possible))| Hop {
                possible,
                ..hop(from, to, how)
            })
            .collect::<Vec<_>>()
        };
        if grant.scope.level == Level::Resource {
            hops.extend(reached(&grant.principal));
            continue;
        }
        // Thousands may use thousands in one group: they meet in the place, and not each with each.
        let place = place(grant, runs);
        hops.push(hop(&grant.principal, place.clone(), "use the identities in"));
        if told.insert(place.key.clone()) {
            hops.extend(reached(&place));
        }
    }
    hops
}

/// What a role reaches at a scope, as a principal of its own.
fn place(grant: &Grant, runs: bool) -> Principal {
    Principal {
        kind: Kind::Place,
        key: format!(
            "{:?} {} {:?} {runs}",
            grant.scope.level, grant.scope.key, grant.role.allowed.sure
        ),
        label: format!("{} {}", grant.scope.noun(), grant.scope.key),
    }
}

/// Workloads by what they can be found by: their block, and the group they are in.
fn index(workloads: &[Workload]) -> BTreeMap<String, Vec<usize>> {
    let mut found: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (index, workload) in workloads.iter().enumerate() {
        let mut add = |key: String| found.entry(key).or_default().push(index);
        add(workload.site.config_address.clone());
        if workload.site.address != workload.site.config_address {
            add(workload.site.address.clone());
        }
        workload.id.iter().for_each(|id| add(id.clone()));
        if let Some(group) = &workload.group {
            if let Some(name) = group.known() {
                add(format!("group {}", name.to_ascii_lowercase()));
            }
            group.blocks.iter().for_each(|block| add(block.clone()));
        }
    }
    found
}

/// The workloads that a grant reaches.
fn places<'w>(grant: &Grant, workloads: &'w [Workload], by_block: &BTreeMap<String, Vec<usize>>) -> Vec<&'w Workload> {
    let scope = &grant.scope;
    if scope.level >= Level::Subscription {
        return workloads.iter().collect();
    }
    let name = scope.key.rsplit('/').next().unwrap_or_default();
    let literal = match scope.level {
        Level::ResourceGroup if !name.contains("${") => Some(format!("group {name}")),
        Level::Resource => Some(scope.key.clone()),
        _ => None,
    };
    let keys = scope.blocks.iter().cloned().chain(literal);
    let get = |key: String| by_block.get(&key).or_else(|| by_block.get(&*cloud::without_keys(&key)));
    let found = keys.filter_map(get).flatten();
    let mut found: Vec<_> = found.copied().collect();
    found.sort_unstable();
    found.dedup();
    // A role on one instance of a block with `for_each` says nothing of the others.
    let key = cloud::instance_key(&grant.site.address);
    let same = |index: &usize| {
        workloads
            .get(*index)
            .is_some_and(|workload| cloud::instance_key(&workload.site.address) == key)
    };
    if scope.level == Level::Resource && found.iter().any(same) {
        found.retain(same);
    }
    found.into_iter().filter_map(|index| workloads.get(index)).collect()
}

/// How a role uses the identity of a workload, if it does.
fn usable(workload: &Workload, allowed: Actions, runs: bool) -> Option<&'static str> {
    if workload.resource_type == IDENTITY {
        if allowed.has("Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write") {
            return Some("let an identity provider of its own speak for");
        }
        let assigns = allowed.has("Microsoft.ManagedIdentity/userAssignedIdentities/assign/action");
        return (assigns && runs).then_some("attach to what it runs");
    }
    let (_, prefix) = RUNS.iter().find(|(name, _)| workload.resource_type.contains(name))?;
    let run = |action: &super::actions::Action| {
        action.class == Class::Run && action.severity >= Severity::Medium && action.id.starts_with(prefix)
    };
    allowed.iter().any(run).then_some("run code with the identity of")
}

fn identities(workload: &Workload, principals: &Principals) -> Vec<Principal> {
    let mut found = Vec::new();
    if workload.own {
        found.push(Principal {
            kind: Kind::Machine,
            key: workload.site.address.clone(),
            label: workload.site.address.clone(),
        });
    }
    for attached in &workload.attached {
        found.extend(principals.meant(attached, Some(Kind::Machine), &workload.site));
    }
    found
}
