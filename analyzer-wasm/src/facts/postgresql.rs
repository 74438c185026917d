//! Roles of PostgreSQL, and what they get through the roles they are members of.
//!
//! Facts: schema of the provider (`postgresql_role`, `postgresql_grant_role`), the documentation of role attributes and
//! of predefined roles. A member can become the role (`SET ROLE`), so that attributes count through any chain.

use std::collections::{BTreeMap, BTreeSet};

use nhi_plan::Severity::{self, Critical, High, Medium};
use nhi_plan::json::Value;
use nhi_plan::{Mode, symbol};

use super::Block;
use super::setting::{self, Is};

/// Roles of which one role may be a member.
const MEMBERSHIPS_MAX: usize = 1_000;

/// Roles that are followed from one login.
const REACHED_MAX: usize = 10_000;

/// Roles that every server, or every server of a cloud, has.
const PREDEFINED: [(&str, Severity, &str); 12] = [
    (
        "alloydbsuperuser",
        High,
        "administer the server as the cloud's superuser",
    ),
    ("azure_pg_admin", High, "administer the server as the cloud's superuser"),
    (
        "cloudsqlsuperuser",
        High,
        "administer the server as the cloud's superuser",
    ),
    ("pg_execute_server_program", Critical, "run programs on the server"),
    ("pg_read_all_data", Medium, "read every table"),
    ("pg_read_server_files", High, "read files of the server"),
    ("pg_write_all_data", Medium, "change every table"),
    ("pg_write_server_files", Critical, "write files of the server"),
    ("rds_password", Medium, "change passwords of other roles"),
    ("rds_replication", Medium, "copy the whole server by replication"),
    ("rds_superuser", High, "administer the server as the cloud's superuser"),
    ("rdsadmin", Critical, "administer the server as its owner does"),
];

/// Attributes of a role that are more than a login.
const ATTRIBUTES: [(&str, Severity, &str); 4] = [
    ("superuser", Critical, "do everything on the server"),
    ("create_role", High, "create roles and take them over (`create_role`)"),
    ("replication", Medium, "copy the whole server by replication"),
    ("bypass_row_level_security", Medium, "read rows that row security hides"),
];

/// What a role can do beyond its own tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Power {
    pub(crate) severity: Severity,
    pub(crate) what: &'static str,
    /// Attribute that gives it.
    pub(crate) path: String,
}

/// A role, or a membership that stands by itself.
#[derive(Debug, Clone)]
pub(crate) struct Role {
    pub(crate) address: String,
    pub(crate) login: bool,
    /// Worst first.
    pub(crate) powers: Vec<Power>,
    /// An attribute that may give a power, and is known only after apply.
    pub(crate) unknown: Option<&'static str>,
    name: String,
    config_address: String,
    memberships: Vec<Membership>,
}

#[derive(Debug, Clone)]
struct Membership {
    /// Where it stands.
    address: String,
    path: String,
    /// Name of the role, or where it leads.
    role: String,
    references: Vec<String>,
}

/// A login that can become a role with more power.
#[derive(Debug, Clone)]
pub(crate) struct Chain {
    /// The membership to take away.
    pub(crate) address: String,
    pub(crate) path: String,
    pub(crate) severity: Severity,
    pub(crate) what: &'static str,
    /// Addresses from the login to the role that has the power.
    pub(crate) hops: Vec<String>,
}

/// Everything about roles in the plan.
#[derive(Debug, Default)]
pub(crate) struct Postgresql {
    pub(crate) roles: Vec<Role>,
    /// Memberships in predefined roles that stand by themselves: address and power.
    pub(crate) granted: Vec<(String, Power)>,
    /// Memberships of which nothing in the plan says what they give, or to whom: address and what they rest on.
    pub(crate) open: Vec<(String, Vec<String>)>,
    /// Roles to which memberships belong that stand by themselves.
    separate: Vec<(String, Vec<String>, Membership)>,
    pub(crate) chains: Vec<Chain>,
}

impl Postgresql {
    pub(crate) fn collect(&mut self, block: &Block<'_>) {
        if block.change.mode != Mode::Managed {
            return;
        }
        match block.change.resource_type.as_ref() {
            "postgresql_role" => self.roles.push(role(block)),
            "postgresql_grant_role" => {
                let membership = Membership {
                    address: block.change.address.to_string(),
                    path: String::from("grant_role"),
                    role: block.string("grant_role").unwrap_or_default(),
                    references: block.references("grant_role"),
                };
                let vague = setting::is_open(block, "grant_role") || setting::is_symbol(&membership.role);
                if vague {
                    self.open
                        .push((membership.address.clone(), membership.references.clone()));
                }
                if let Some(power) = predefined(&membership.role, "grant_role") {
                    self.granted.push((membership.address.clone(), power));
                }
                self.separate.push((
                    block.string("role").unwrap_or_default(),
                    block.references("role"),
                    membership,
                ));
            }
            _ => {}
        }
    }

    /// Follows memberships from every login.
    pub(crate) fn settle(&mut self) {
        let names = Names::of(&self.roles);
        self.open
            .retain(|(_, references)| names.find("", references).is_empty());
        for (name, references, membership) in std::mem::take(&mut self.separate) {
            let found = names.find(&name, &references);
            let vague = name.is_empty() || setting::is_symbol(&name);
            if found.is_empty() && vague && !names.find(&membership.role, &membership.references).is_empty() {
                self.open.push((membership.address.clone(), Vec::new()));
            }
            for place in found {
                if let Some(role) = self.roles.get_mut(place) {
                    role.memberships.push(membership.clone());
                }
            }
        }
        for role in &mut self.roles {
            let lost = |membership: &Membership| {
                let vague = membership.role.is_empty() || symbol::has_symbols(&membership.role);
                // A root variable is known and gives nothing to a list that is not.
                let mut led = membership
                    .references
                    .iter()
                    .filter(|address| !address.starts_with("var."));
                vague
                    && (names.find(&membership.role, &membership.references).is_empty()
                        || membership.path == "roles" && led.any(|address| !names.blocks.contains_key(address)))
            };
            if role.unknown.is_none() && role.memberships.iter().any(lost) {
                role.unknown = Some("roles");
            }
        }
        let edges: Vec<Vec<(usize, &Membership)>> = self.roles.iter().map(|role| edges(&names, role)).collect();
        let mut chains = Vec::new();
        for (start, role) in self.roles.iter().enumerate().filter(|(_, role)| role.login) {
            chains.extend(chain(&self.roles, &edges, start, role));
        }
        self.chains = chains;
    }
}

/// Roles by name and by block.
struct Names {
    names: BTreeMap<String, Vec<usize>>,
    blocks: BTreeMap<String, Vec<usize>>,
}

impl Names {
    fn of(roles: &[Role]) -> Self {
        let mut names = Self {
            names: BTreeMap::new(),
            blocks: BTreeMap::new(),
        };
        for (place, role) in roles.iter().enumerate() {
            if !role.name.is_empty() {
                names.names.entry(role.name.clone()).or_default().push(place);
            }
            names.blocks.entry(role.config_address.clone()).or_default().push(place);
        }
        names
    }

    fn find(&self, name: &str, references: &[String]) -> Vec<usize> {
        if !name.is_empty() && !symbol::has_symbols(name) {
            return self.names.get(name).cloned().unwrap_or_default();
        }
        references
            .iter()
            .filter_map(|address| self.blocks.get(address))
            .flatten()
            .copied()
            .collect()
    }
}

fn role(block: &Block<'_>) -> Role {
    let after = block.after();
    let flag = |name: &str| setting::flag(block, name, true);
    let mut powers: Vec<Power> = Vec::new();
    let attributes = ATTRIBUTES.iter().filter(|(name, _, _)| flag(name) == Is::Yes);
    powers.extend(attributes.map(|(name, severity, what)| Power {
        severity: *severity,
        what,
        path: (*name).to_owned(),
    }));
    let mut memberships = Vec::new();
    let listed = after.and_then(|after| after.get("roles"));
    for (index, member) in listed
        .into_iter()
        .flat_map(Value::elements)
        .take(MEMBERSHIPS_MAX)
        .enumerate()
    {
        let name = member.as_str().map(std::borrow::Cow::into_owned).unwrap_or_default();
        let path = format!("roles[{index}]");
        powers.extend(predefined(&name, &path));
        memberships.push(Membership {
            address: block.change.address.to_string(),
            references: if name.is_empty() || symbol::has_symbols(&name) {
                block.references("roles")
            } else {
                Vec::new()
            },
            role: name,
            path,
        });
    }
    if setting::is_open(block, "roles") {
        memberships.push(Membership {
            address: block.change.address.to_string(),
            path: String::from("roles"),
            role: String::new(),
            references: block.references("roles"),
        });
    }
    powers.sort_by_key(|power| std::cmp::Reverse(power.severity));
    Role {
        address: block.change.address.to_string(),
        config_address: block.change.config_address.to_string(),
        name: block.string("name").unwrap_or_default(),
        // A login that is not known yet is one.
        login: flag("login") > Is::No,
        unknown: ATTRIBUTES
            .iter()
            .map(|(name, _, _)| *name)
            .find(|name| flag(name) == Is::Maybe),
        powers,
        memberships,
    }
}

fn predefined(name: &str, path: &str) -> Option<Power> {
    let (_, severity, what) = PREDEFINED.iter().find(|(known, _, _)| *known == name)?;
    Some(Power {
        severity: *severity,
        what,
        path: path.to_owned(),
    })
}

fn edges<'r>(names: &Names, role: &'r Role) -> Vec<(usize, &'r Membership)> {
    let mut edges: Vec<(usize, &Membership)> = Vec::new();
    for membership in &role.memberships {
        edges.extend(
            names
                .find(&membership.role, &membership.references)
                .into_iter()
                .map(|place| (place, membership)),
        );
    }
    edges
}

/// The shortest way from a login to the worst power that it does not have itself.
fn chain(roles: &[Role], edges: &[Vec<(usize, &Membership)>], start: usize, role: &Role) -> Option<Chain> {
    let own = role.powers.first().map(|power| power.severity);
    let mut seen = BTreeSet::from([start]);
    // Place, first membership of the way, and the place before.
    let mut reached: Vec<(usize, usize, Option<&Membership>)> = vec![(start, 0, None)];
    let mut best: Option<(Severity, usize)> = None;
    let mut next = 0;
    while let Some((place, _, first)) = reached.get(next).copied() {
        let power = roles.get(place).and_then(|role| role.powers.first());
        if let Some(power) = power.filter(|power| place != start && Some(power.severity) > own)
            && best.is_none_or(|(severity, _)| power.severity > severity)
        {
            best = Some((power.severity, next));
        }
        for (to, membership) in edges.get(place).into_iter().flatten() {
            if reached.len() < REACHED_MAX && seen.insert(*to) {
                reached.push((*to, next, first.or(Some(membership))));
            }
        }
        next += 1;
    }
    let (severity, mut at) = best?;
    let (place, _, first) = reached.get(at).copied()?;
    let what = roles.get(place)?.powers.first()?.what;
    let mut hops = Vec::new();
    while let Some((place, before, _)) = reached.get(at).copied() {
        hops.extend(roles.get(place).map(|role| role.address.clone()));
        if at == 0 {
            break;
        }
        at = before;
    }
    hops.reverse();
    let first = first?;
    Some(Chain {
        address: first.address.clone(),
        path: first.path.clone(),
        severity,
        what,
        hops,
    })
}
