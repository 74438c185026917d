//! What each principal gains from all its grants together: one claim for each capability and place.

use std::collections::BTreeMap;

use nhi_plan::Severity;

use super::Grant;
use super::condition::Condition;
use super::member::{Accounts, Kind, Principal};
use super::methods::{Basic, Category, Level, Method, Permissions, methods};
use super::paths;
use super::scope::Scope;
use crate::facts::cloud::{Site, lower, raise};
use crate::facts::graph::Edge;

/// Grants on other projects that may turn out to be on the same one.
const PERHAPS_MAX: usize = 256;

/// What a claim is about.
#[derive(Debug)]
pub(crate) enum What {
    Basic(Basic),
    /// Ways to raise privileges, or to reach data.
    Methods(Vec<&'static Method>),
    /// It becomes a service account that can do more.
    Path(Reach),
    /// What the role allows, or which policy it is, is not known.
    Unknown,
}

/// A service account that another principal becomes, and what that gives.
#[derive(Debug, Clone)]
pub(crate) struct Reach {
    /// Labels of the service accounts on the way; the last is the one that matters.
    pub(crate) through: Vec<String>,
    pub(crate) method: &'static str,
    /// What the last one can do.
    pub(crate) gain: String,
}

/// Something that a principal can do because of its grants.
#[derive(Debug)]
pub(crate) struct Claim {
    pub(crate) category: Category,
    pub(crate) what: What,
    pub(crate) site: Site,
    pub(crate) principal: Principal,
    pub(crate) scope: Scope,
    /// The roles that give it.
    pub(crate) roles: Vec<String>,
    pub(crate) condition: Condition,
    pub(crate) severity: Severity,
    /// It holds only if something unknown turns out that way.
    pub(crate) possible: bool,
    /// The service account of the plan that matters most among those it may become, and what that one can do.
    pub(crate) among: Option<(String, String)>,
    pub(crate) evidence: &'static str,
}

impl Claim {
    /// How much it gives, to compare principals with.
    pub(super) fn rank(&self) -> u8 {
        if self.possible {
            return 0;
        }
        let high = self.scope.level >= Level::Folder;
        let critical = |methods: &[&Method]| methods.iter().any(|method| method.severity == Severity::Critical);
        match &self.what {
            What::Basic(Basic::Owner) => 3 + u8::from(high),
            What::Basic(Basic::Editor) => 2 + u8::from(high),
            What::Methods(methods) if self.category == Category::Administer && critical(methods) => 3 + u8::from(high),
            What::Methods(methods) if self.category != Category::Data => {
                let strong = methods.iter().any(|method| method.severity >= Severity::High);
                1 + u8::from(strong) + u8::from(high)
            }
            What::Methods(_) => 1,
            What::Basic(Basic::Viewer) | What::Path(_) | What::Unknown => 0,
        }
    }

    /// What it gives, for a reader.
    pub(super) fn gain(&self) -> String {
        let place = self.scope.noun();
        match &self.what {
            What::Basic(Basic::Owner) => format!("owns {place}"),
            What::Basic(_) => format!("edits everything in {place}"),
            What::Methods(methods) => match methods.first() {
                Some(method) => format!("can {}", method.effect),
                None => String::new(),
            },
            What::Path(_) | What::Unknown => String::new(),
        }
    }
}

/// Every claim and every way from one principal to another.
pub(super) fn judge(grants: &[Grant], accounts: &Accounts) -> (Vec<Claim>, Vec<Edge>) {
    let mut principals: BTreeMap<&str, Vec<&Grant>> = BTreeMap::new();
    for grant in grants {
        // What everyone may do is a rule of its own.
        if !grant.principal.is_public() && grant.principal.kind != Kind::Nobody {
            principals.entry(&grant.principal.key).or_default().push(grant);
        }
    }
    let mut claims = Vec::new();
    let mut hops = Vec::new();
    for grants in principals.values() {
        claims.extend(own(grants));
        hops.extend(paths::hops(grants, accounts));
    }
    let (gains, edges) = paths::gains(&claims, &hops);
    outrank(&mut claims, accounts);
    claims.extend(gains);
    (claims, edges)
}

/// Whoever may become every service account of a place becomes the strongest of them.
fn outrank(claims: &mut [Claim], accounts: &Accounts) {
    let mut strong: Vec<(u8, Principal, String)> = claims
        .iter()
        .filter(|claim| claim.rank() > 2 && claim.principal.kind == Kind::Account)
        .map(|claim| (claim.rank(), claim.principal.clone(), claim.gain()))
        .collect();
    strong.sort_by(|left, right| right.0.cmp(&left.0).then_with(|| left.1.key.cmp(&right.1.key)));
    for claim in claims.iter_mut() {
        let becomes = matches!(claim.category, Category::Impersonate | Category::Deploy);
        let methods = matches!(&claim.what, What::Methods(methods) if methods.iter().any(|method| method.severity >= Severity::High));
        if !becomes || !methods || claim.possible {
            continue;
        }
        let above = claim.scope.level > Level::Project;
        let found = strong.iter().find(|(rank, account, _)| {
            let inside = above || accounts.may_be_in(&account.key, &claim.scope.key);
            *rank > claim.rank() && account.key != claim.principal.key && inside
        });
        if let Some((_, account, gain)) = found {
            claim.severity = raise(claim.severity);
            claim.among = Some((account.label.clone(), gain.clone()));
        }
    }
}

/// What the grants of one principal give it by themselves.
fn own(grants: &[&Grant]) -> Vec<Claim> {
    let mut claims: Vec<Claim> = Vec::new();
    let mut scopes: BTreeMap<(Level, &str), Vec<&Grant>> = BTreeMap::new();
    for grant in grants {
        if grant.scope.level >= Level::Project {
            scopes
                .entry((grant.scope.level, &grant.scope.key))
                .or_default()
                .push(grant);
        }
    }
    let on_account = |grant: &&&Grant| grant.scope.level == Level::ServiceAccount && grant.open;
    let open = grants.iter().filter(on_account);
    claims.extend(open.map(|grant| claim(grant, What::Unknown, Severity::Medium, Condition::None, true)));
    let wide = |grant: &&&Grant| grant.scope.level > Level::Project;
    let projects = || {
        grants
            .iter()
            .filter(|grant| grant.scope.level == Level::Project)
            .copied()
    };
    let around = Around {
        wide: grants.iter().filter(wide).copied().collect(),
        unknown: projects()
            .filter(|grant| !grant.scope.is_known())
            .take(PERHAPS_MAX)
            .collect(),
        projects: projects().take(PERHAPS_MAX).collect(),
    };
    // From the organization down, so that what holds above is not told again below. Projects do not cover each other:
    // beside its own claims a project has to be compared with those above only.
    let mut above: Vec<Claim> = Vec::new();
    for here in scopes.values().rev() {
        let mut found: Vec<Claim> = Vec::new();
        let covers = |found: &[Claim], strong: &dyn Fn(&Claim) -> bool| {
            here.first()
                .is_some_and(|grant| above.iter().chain(found).any(|claim| is_covering(claim, grant, strong)))
        };
        if let Some((grant, basic)) = strongest_basic(here)
            && !covers(
                &found,
                &|claim| matches!(claim.what, What::Basic(other) if other >= basic),
            )
        {
            let possible = grant.possible || grant.basic_possible;
            let what = What::Basic(basic);
            found.push(claim(grant, what, basic_severity(basic), grant.condition, possible));
        }
        for category in [
            Category::Administer,
            Category::Impersonate,
            Category::Deploy,
            Category::Run,
            Category::Data,
        ] {
            if !covers(&found, &|claim| is_stronger(claim, category)) {
                let more = category_claims(category, here, &around);
                found.extend(more);
            }
        }
        let owner = |claim: &Claim| matches!(claim.what, What::Basic(Basic::Owner));
        let open = |grant: &&&Grant| grant.open && grant.condition != Condition::Narrow;
        if let Some(grant) = here.iter().find(open).filter(|_| !covers(&found, &owner)) {
            found.push(claim(grant, What::Unknown, Severity::Medium, Condition::None, true));
        }
        if here.first().is_some_and(|grant| grant.scope.level > Level::Project) {
            above.extend(found);
        } else {
            claims.extend(found);
        }
    }
    above.extend(claims);
    above
}

/// Grants that hold, or may hold, in more than one place.
struct Around<'g> {
    wide: Vec<&'g Grant>,
    /// On a project that is known only after apply.
    unknown: Vec<&'g Grant>,
    /// On any project.
    projects: Vec<&'g Grant>,
}

/// The strongest basic role at one place.
fn strongest_basic<'g>(here: &[&'g Grant]) -> Option<(&'g Grant, Basic)> {
    here.iter()
        .filter(|grant| grant.condition != Condition::Narrow)
        .filter_map(|grant| Some((*grant, grant.basic?)))
        .max_by_key(|(grant, basic)| {
            let sure = !grant.possible && !grant.basic_possible;
            (sure, *basic, std::cmp::Reverse(grant.condition))
        })
}

/// Whether a claim of the same principal holds where a grant is, and makes another one superfluous.
fn is_covering(claim: &Claim, grant: &Grant, strong: &dyn Fn(&Claim) -> bool) -> bool {
    !claim.possible && claim.condition == Condition::None && claim.scope.covers(&grant.scope) && strong(claim)
}

/// Whether a claim gives all that ways of a category can give.
fn is_stronger(claim: &Claim, category: Category) -> bool {
    match &claim.what {
        What::Basic(Basic::Owner) => true,
        What::Basic(Basic::Editor) => category > Category::Administer,
        What::Methods(methods) => {
            claim.category == category
                || claim.category == Category::Administer
                    && methods.iter().any(|method| method.severity == Severity::Critical)
        }
        _ => false,
    }
}

/// Claims of one category at one place: the worst that holds, and what may hold beyond it.
fn category_claims(category: Category, here: &[&Grant], around: &Around<'_>) -> Vec<Claim> {
    let Some(place) = here.first().map(|grant| &grant.scope) else {
        return Vec::new();
    };
    let above = around
        .wide
        .iter()
        .filter(|grant| grant.scope.covers(place) && grant.scope != *place);
    let mut reaching: Vec<&Grant> = above.copied().collect();
    reaching.extend(here);
    let elsewhere = if place.is_known() {
        &around.unknown
    } else {
        &around.projects
    };
    let elsewhere = elsewhere
        .iter()
        .filter(|grant| grant.scope.may_cover(place) && !grant.scope.covers(place));
    let mut perhaps = reaching.clone();
    perhaps.extend(elsewhere);
    if perhaps.iter().all(|grant| grant.maybe.is_empty()) {
        return Vec::new();
    }
    // The more conditions a way depends on, the less it weighs.
    let conditions = [Condition::None, Condition::Time, Condition::Other];
    let sure = conditions
        .into_iter()
        .filter(|condition| reaching.iter().any(|grant| grant.condition == *condition))
        .filter_map(|condition| methods_claim(category, here, &reaching, condition, false))
        .reduce(|best, next| if next.severity > best.severity { next } else { best });
    let open = |grant: &&Grant| grant.possible || grant.sure != grant.maybe;
    let open = perhaps.len() > reaching.len() || perhaps.iter().any(open);
    let may = open
        .then(|| methods_claim(category, here, &perhaps, Condition::Other, true))
        .flatten();
    let beyond = may.filter(|may| sure.as_ref().is_none_or(|sure| may.severity > sure.severity));
    sure.into_iter().chain(beyond).collect()
}

/// The methods of one category that grants with at most this condition give together.
fn methods_claim(
    category: Category,
    here: &[&Grant],
    reaching: &[&Grant],
    condition: Condition,
    possible: bool,
) -> Option<Claim> {
    let level = here.first()?.scope.level;
    let usable = |grant: &&&Grant| grant.condition <= condition;
    let allowed = |grant: &&Grant| match (possible, grant.possible) {
        (true, _) => grant.maybe,
        (false, false) => grant.sure,
        (false, true) => Permissions::default(),
    };
    let reach = reaching.iter().filter(usable).map(&allowed);
    let permissions = reach.fold(Permissions::default(), Permissions::union);
    let mut found: Vec<&'static Method> = methods()
        .iter()
        .filter(|method| method.category == category && method.works_at(level))
        .filter(|method| permissions.has(method.needs))
        .collect();
    let gives = |grant: &&&Grant| {
        let own = allowed(grant);
        found.iter().any(|method| !own.intersection(method.needs).is_empty())
    };
    let site = here.iter().filter(usable).find(gives)?;
    let contributing = reaching.iter().filter(usable).filter(gives);
    let mut roles: Vec<String> = contributing.map(|grant| grant.role.clone()).collect();
    roles.sort_unstable();
    roles.dedup();
    found.sort_by_key(|method| (std::cmp::Reverse(method.severity), method.id));
    let severity = found.first().map_or(Severity::Medium, |method| method.severity);
    Some(Claim {
        category,
        roles,
        ..claim(site, What::Methods(found), severity, condition, possible)
    })
}

fn basic_severity(basic: Basic) -> Severity {
    match basic {
        Basic::Owner => Severity::Critical,
        Basic::Editor => Severity::High,
        Basic::Viewer => Severity::Info,
    }
}

/// A claim with the severity that place, principal and condition give it.
pub(super) fn claim(grant: &Grant, what: What, base: Severity, condition: Condition, possible: bool) -> Claim {
    let mut severity = base;
    if grant.scope.level >= Level::Folder {
        severity = raise(severity);
    }
    if condition != Condition::None {
        severity = lower(severity);
    }
    if grant.principal.is_human() || matches!(grant.principal.kind, Kind::Unknown | Kind::Agent) {
        severity = lower(severity);
    }
    Claim {
        category: Category::Administer,
        what,
        site: grant.site.clone(),
        principal: grant.principal.clone(),
        scope: grant.scope.clone(),
        roles: vec![grant.role.clone()],
        condition,
        severity,
        possible,
        among: None,
        evidence: grant.evidence,
    }
}
