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
    let mut above = Above::default();
    // From the tenant down, so that what holds above is not told again below.
    for here in scopes.values().rev() {
        let place = here.first().map(|grant| &grant.scope);
        let Some(place) = place.filter(|place| place.level > Level::Resource) else {
            continue;
        };
        let mut strongest = above.strongest(place);
        if let Some((grant, broad)) = broadest(here).filter(|(_, broad)| Some(*broad) > strongest) {
            let possible = grant.possible || grant.role.broad_possible || place.possible;
            let severity = broad_severity(broad, place.level);
            claims.push(claim(grant, What::Broad(broad), severity, grant.condition, possible));
            if !possible && grant.condition == Condition::None && !grant.eligible {
                strongest = Some(broad);
                above.add(place, broad);
            }
        }
        let raises = actions_claims(here, false, strongest);
        // Who hands out roles reaches the data too.
        let covers = |data: &Claim| raises.iter().any(|raise| covers_data(raise, data.possible));
        let data = actions_claims(here, true, strongest).into_iter();
        let data: Vec<Claim> = data.filter(|data| !covers(data)).collect();
        claims.extend(raises);
        claims.extend(data);
        let open = |grant: &&&Grant| grant.role.open && strongest != Some(Broad::Owner);
        if let Some(grant) = here.iter().find(open) {
            let what = What::Unknown(Unknown::Role);
            claims.push(claim(grant, what, Severity::Medium, Condition::None, true));
        }
    }
    claims
}

/// Whether a claim is that of handing out any role in its place: for sure, or perhaps where perhaps is enough.
fn covers_data(claim: &Claim, perhaps: bool) -> bool {
    let What::Escalates(actions) = &claim.what else {
        return false;
    };
    let sure = !claim.possible && claim.note.is_empty();
    (sure || perhaps) && actions.iter().any(|action| action.class == Class::Administer)
}

/// Broad roles on scopes that may hold others; a subscription is looked up and not searched for.
#[derive(Default)]
struct Above<'g> {
    wide: Vec<(&'g Scope, Broad)>,
    subscriptions: BTreeMap<&'g str, Broad>,
    /// The broadest on any subscription, and on one that is not known by name.
    anywhere: Option<Broad>,
    nowhere: Option<Broad>,
}

impl<'g> Above<'g> {
    fn add(&mut self, scope: &'g Scope, broad: Broad) {
        match scope.level {
            Level::Tenant | Level::ManagementGroup => self.wide.push((scope, broad)),
            Level::Subscription => {
                self.anywhere = self.anywhere.max(Some(broad));
                if scope.subscription().is_none() {
                    self.nowhere = self.nowhere.max(Some(broad));
                }
                self.subscriptions.insert(&scope.key, broad);
            }
            Level::ResourceGroup | Level::Resource => {}
        }
    }

    fn strongest(&self, place: &Scope) -> Option<Broad> {
        let wide = self.wide.iter().filter(|(scope, _)| scope.covers(place));
        let wide = wide.map(|(_, broad)| *broad).max();
        let below = match place.subscription() {
            _ if place.level >= Level::Subscription => None,
            Some(subscription) => self.subscriptions.get(subscription).copied().max(self.nowhere),
            None => self.anywhere,
        };
        wide.max(below)
    }
}

/// The broadest role at one scope.
fn broadest<'g>(here: &[&'g Grant]) -> Option<(&'g Grant, Broad)> {
    here.iter()
        .filter(|grant| grant.condition != Condition::Narrow)
        .filter_map(|grant| Some((*grant, grant.role.broad?)))
        .max_by_key(|(grant, broad)| {
            let sure = !grant.role.broad_possible && !grant.possible;
            (sure, *broad, grant.condition == Condition::None)
        })
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
    // Who hands out roles in a place can do everything in it, who contributes everything but hand out roles.
    let wanted = |action: &&'static Action| {
        let covered = match strongest {
            None => false,
            Some(Broad::Contributor) => action.class != Class::Administer,
            Some(_) => true,
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
    // With what may hold every condition is looked at, which says nothing of the one that is there.
    let condition = if possible { site.condition } else { condition };
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
    let possible = possible || grant.possible;
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
