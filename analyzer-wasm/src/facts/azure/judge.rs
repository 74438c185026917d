//! What each principal gains from its role assignments: one claim for each capability and scope.

use std::collections::BTreeMap;

use nhi_plan::Severity;

use super::Grant;
use super::actions::{Action, Actions, Class};
use super::condition::Condition;
use super::principal::{Kind, Principal};
use super::scope::{Level, Scope};
use crate::facts::cloud::{Site, lower, raise};

/// Roles that Microsoft calls privileged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Broad {
    Contributor,
    /// Role Based Access Control Administrator.
    AccessAdministrator,
    UserAccessAdministrator,
    Owner,
}

impl Broad {
    pub(super) fn of(name: &str) -> Option<Self> {
        match name {
            "Contributor" => Some(Self::Contributor),
            "Role Based Access Control Administrator" => Some(Self::AccessAdministrator),
            "User Access Administrator" => Some(Self::UserAccessAdministrator),
            "Owner" => Some(Self::Owner),
            _ => None,
        }
    }

    fn severity(self) -> Severity {
        if self == Self::Contributor {
            Severity::High
        } else {
            Severity::Critical
        }
    }
}

/// What a claim is about.
#[derive(Debug)]
pub(crate) enum What {
    Broad(Broad),
    /// Ways to raise privileges, the worst first.
    Escalates(Vec<&'static Action>),
    /// Ways to reach data, the worst first.
    Data(Vec<&'static Action>),
    /// Everything in one vault.
    Vault {
        kinds: Vec<&'static str>,
    },
    /// A directory role.
    Directory {
        name: String,
        effect: &'static str,
    },
    /// An application permission; `requested` is one that somebody has to consent to.
    Permission {
        name: String,
        effect: &'static str,
        requested: bool,
    },
    /// It becomes another identity that can do more.
    Path {
        through: Vec<String>,
        how: &'static str,
        gain: String,
    },
    /// The same, because it owns an application or a group.
    Owns {
        through: Vec<String>,
        how: &'static str,
        gain: String,
    },
    /// What the role allows is not known.
    Unknown(Unknown),
}

/// What could not be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unknown {
    Role,
    Directory,
    Permission,
}

/// Something that a principal can do.
#[derive(Debug)]
pub(crate) struct Claim {
    pub(crate) what: What,
    pub(crate) site: Site,
    pub(crate) principal: Principal,
    /// What it is on, for a reader.
    pub(crate) place: &'static str,
    pub(crate) role: String,
    pub(crate) severity: Severity,
    /// It holds only if something unknown turns out that way.
    pub(crate) possible: bool,
    /// What a message adds.
    pub(crate) note: &'static str,
    pub(crate) evidence: &'static str,
    /// How much it gives, to compare principals with.
    pub(super) rank: u8,
}

impl Claim {
    /// What it gives, for a reader.
    pub(super) fn gain(&self) -> String {
        match &self.what {
            What::Broad(_) => format!("holds `{}` on {}", self.role, self.place),
            What::Escalates(actions) | What::Data(actions) => match actions.first() {
                Some(action) => format!("can {} on {}", action.effect, self.place),
                None => String::new(),
            },
            What::Directory { name, .. } => format!("holds the directory role `{name}`"),
            What::Permission { name, .. } => format!("holds the permission `{name}`"),
            What::Vault { .. } | What::Path { .. } | What::Owns { .. } | What::Unknown(_) => String::new(),
        }
    }
}

/// Every claim that role assignments make by themselves.
pub(super) fn judge(grants: &[Grant]) -> Vec<Claim> {
    let mut principals: BTreeMap<&str, Vec<&Grant>> = BTreeMap::new();
    for grant in grants {
        principals.entry(&grant.principal.key).or_default().push(grant);
    }
    principals.values().flat_map(|grants| own(grants)).collect()
}

fn own(grants: &[&Grant]) -> Vec<Claim> {
    let mut scopes: BTreeMap<(Level, &str), Vec<&Grant>> = BTreeMap::new();
    for grant in grants {
        let key = (grant.scope.level, grant.scope.key.as_str());
        scopes.entry(key).or_default().push(grant);
    }
    let mut claims: Vec<Claim> = Vec::new();
    let mut above: Vec<(&Scope, Broad)> = Vec::new();
    // From the tenant down, so that what holds above is not told again below.
    for here in scopes.values().rev() {
        let Some(place) = here.first().map(|grant| &grant.scope) else {
            continue;
        };
        if place.level == Level::Resource {
            continue;
        }
        let usable = |grant: &&&Grant| grant.condition != Condition::Narrow;
        let broad = here
            .iter()
            .filter(usable)
            .filter_map(|grant| Some((*grant, grant.role.broad?)))
            .max_by_key(|(grant, broad)| (!grant.role.broad_possible, *broad, grant.condition == Condition::None));
        let covered = |least: Broad| {
            above
                .iter()
                .any(|(scope, broad)| scope.covers(place) && *broad >= least)
        };
        if let Some((grant, broad)) = broad.filter(|(_, broad)| !covered(*broad)) {
            let possible = grant.role.broad_possible || place.possible;
            let severity = broad_severity(broad, place.level);
            claims.push(claim(grant, What::Broad(broad), severity, grant.condition, possible));
            if !possible && grant.condition == Condition::None && !grant.eligible {
                above.push((place, broad));
            }
        }
        let strongest = above.iter().filter(|(scope, _)| scope.covers(place) || *scope == place);
        let strongest = strongest.map(|(_, broad)| *broad).max();
        for data in [false, true] {
            claims.extend(actions_claims(here, data, strongest));
        }
        let unknown = here
            .iter()
            .find(|grant| grant.role.open && strongest != Some(Broad::Owner));
        claims.extend(unknown.map(|grant| {
            claim(
                grant,
                What::Unknown(Unknown::Role),
                Severity::Medium,
                Condition::None,
                true,
            )
        }));
    }
    claims
}

/// What the roles at one scope allow beside the broad ones: the worst that holds, and what may hold beyond it.
fn actions_claims(here: &[&Grant], data: bool, strongest: Option<Broad>) -> Vec<Claim> {
    if here.iter().all(|grant| grant.role.allowed.maybe == Actions::NONE) {
        return Vec::new();
    }
    let conditions = [Condition::None, Condition::Other];
    let sure = conditions
        .into_iter()
        .filter(|condition| here.iter().any(|grant| grant.condition == *condition))
        .filter_map(|condition| actions_claim(here, data, strongest, condition, false))
        .reduce(|best, next| if next.severity > best.severity { next } else { best });
    let open = here
        .iter()
        .any(|grant| grant.role.allowed.sure != grant.role.allowed.maybe);
    let may = open
        .then(|| actions_claim(here, data, strongest, Condition::Other, true))
        .flatten();
    let beyond = may.filter(|may| sure.as_ref().is_none_or(|sure| may.severity > sure.severity));
    sure.into_iter().chain(beyond).collect()
}

fn actions_claim(
    here: &[&Grant],
    data: bool,
    strongest: Option<Broad>,
    condition: Condition,
    possible: bool,
) -> Option<Claim> {
    // Who owns the place can do everything in it, who contributes everything but hand out roles.
    let wanted = |action: &&'static Action| {
        let covered = match strongest {
            Some(Broad::Owner) => true,
            Some(Broad::Contributor) => action.class != Class::Administer,
            Some(Broad::UserAccessAdministrator | Broad::AccessAdministrator) => action.class == Class::Administer,
            None => false,
        };
        !covered && (action.class == Class::Data) == data
    };
    let usable = |grant: &&&Grant| grant.condition <= condition && grant.role.broad.is_none();
    let allowed = |grant: &&Grant| {
        if possible {
            grant.role.allowed.maybe
        } else {
            grant.role.allowed.sure
        }
    };
    let all = here.iter().filter(usable).map(allowed);
    let all = all.fold(Actions::NONE, Actions::union);
    let mut found: Vec<&'static Action> = all.iter().filter(wanted).collect();
    found.sort_by_key(|action| (std::cmp::Reverse(action.severity), action.class, action.id));
    let worst = found.first().copied()?;
    let site = here.iter().filter(usable).find(|grant| allowed(grant).has(worst.id))?;
    let severity = at_level(worst.severity, site.scope.level, worst.class == Class::Administer);
    let what = if data {
        What::Data(found)
    } else {
        What::Escalates(found)
    };
    let possible = possible || site.scope.possible;
    Some(claim(site, what, severity, condition, possible))
}

fn broad_severity(broad: Broad, level: Level) -> Severity {
    at_level(broad.severity(), level, broad > Broad::Contributor)
}

/// The severity on a subscription, carried to another height.
fn at_level(severity: Severity, level: Level, administers: bool) -> Severity {
    match level {
        Level::Tenant | Level::ManagementGroup => raise(severity),
        Level::Subscription => severity,
        Level::ResourceGroup if administers => lower(severity),
        Level::ResourceGroup | Level::Resource => lower(lower(severity)),
    }
}

/// How much a severity and a height amount to.
fn rank(severity: Severity, level: Level) -> u8 {
    match (level, severity) {
        (Level::Tenant | Level::ManagementGroup, Severity::Critical) => 4,
        (Level::Subscription, Severity::Critical) => 3,
        (Level::Subscription | Level::ManagementGroup | Level::Tenant, Severity::High) => 2,
        (_, Severity::Info | Severity::Low) => 0,
        _ => 1,
    }
}

fn claim(grant: &Grant, what: What, severity: Severity, condition: Condition, possible: bool) -> Claim {
    let whole = if possible { 0 } else { rank(severity, grant.scope.level) };
    let mut severity = severity;
    let mut note = "";
    if grant.eligible {
        severity = lower(severity);
        note = "; it has to be activated first";
    }
    if condition != Condition::None {
        severity = lower(severity);
        note = "; under a condition that may limit it";
    }
    if grant.principal.kind != Kind::Machine {
        severity = lower(severity);
    }
    Claim {
        what,
        site: grant.site.clone(),
        principal: grant.principal.clone(),
        place: grant.scope.noun(),
        role: grant.role.name.clone(),
        severity,
        possible,
        note,
        evidence: grant.evidence,
        rank: whole,
    }
}
