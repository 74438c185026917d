//! What `nhi report` shows, before anybody decides how: one document, gathered from one snapshot of the registry.
//!
//! It only puts together what `nhi_governance::measure` works out, so a data source of the provider gives the same
//! answers. Members are only ever added.

mod attention;
mod findings;
mod records;

use nhi_governance::measure::{
    CheckScore, FRAMEWORKS, FrameworkScore, Holding, Horizon, Judgement, KnownOwners, Measured, Metrics, NOT_MEASURED,
    Population, Surroundings, holdings,
};
use nhi_governance::{AccessReview, BreakGlass, Context, Exception, Identity, Policy, Registered, Team, Timestamp};
use nhi_registry::{RecordFilter, RecordsExt as _, Registry, RegistryError, Verification, View};
use serde::Serialize;

pub(crate) use attention::{Notice, Urgency};
pub(crate) use findings::{Judged, read as read_findings};
pub(crate) use records::{Glass, OnRecord, Orphan, Review, Waiver};

/// Version of the shape; a change that breaks a reader counts it up.
const FORMAT_VERSION: u32 = 1;

/// The whole report.
#[derive(Debug, Serialize)]
pub(crate) struct Overview {
    version: u32,
    tool: Tool,
    /// The moment that everything is judged by.
    pub(crate) as_of: Timestamp,
    pub(crate) registry: Place,
    pub(crate) policy: Terms,
    /// What somebody has to do something about, most urgent first.
    pub(crate) attention: Vec<Notice>,
    pub(crate) population: Population,
    pub(crate) horizon: Horizon,
    pub(crate) owners: Vec<Holding>,
    pub(crate) orphans: Orphans,
    /// None where no plan was given.
    pub(crate) findings: Option<Judged>,
    pub(crate) exceptions: Vec<Waiver>,
    pub(crate) break_glass: Vec<Glass>,
    pub(crate) reviews: Vec<Review>,
    pub(crate) frameworks: Vec<FrameworkScore>,
    pub(crate) checks: Vec<CheckScore>,
    /// Out of the log alone.
    pub(crate) metrics: Metrics,
    pub(crate) not_measured: Vec<NotMeasured>,
    /// Identities that are not revoked.
    pub(crate) inventory: Vec<OnRecord>,
}

#[derive(Debug, Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

/// Which registry, and where its log ends.
#[derive(Debug, Serialize)]
pub(crate) struct Place {
    pub(crate) id: String,
    /// As it was named, without a secret.
    pub(crate) location: String,
    /// Rows of the log; each was checked.
    pub(crate) rows: u64,
    pub(crate) head: String,
}

/// By which policy.
#[derive(Debug, Serialize)]
pub(crate) struct Terms {
    pub(crate) organisation: Option<String>,
    pub(crate) digest: String,
    /// Whether a file says it, and not the defaults.
    pub(crate) is_from_file: bool,
}

/// Identities that nobody answers for.
#[derive(Debug, Serialize)]
pub(crate) struct Orphans {
    /// Whether teams are on record, without which nothing can be said of owners.
    pub(crate) teams_on_record: usize,
    pub(crate) identities: Vec<Orphan>,
}

/// What is asked of every house and no log can answer.
#[derive(Debug, Serialize)]
pub(crate) struct NotMeasured {
    pub(crate) what: &'static str,
    pub(crate) why: &'static str,
}

/// What is on record, read on one snapshot.
struct Read {
    now: Timestamp,
    verification: Verification,
    identities: Vec<Identity>,
    contexts: Vec<Context>,
    teams: Vec<Registered<Team>>,
    exceptions: Vec<Registered<Exception>>,
    break_glass: Vec<Registered<BreakGlass>>,
    reviews: Vec<Registered<AccessReview>>,
    history: nhi_governance::measure::History,
}

fn read(view: &View<'_>) -> Result<Read, RegistryError> {
    // First, so that nothing is made of a registry that somebody tampered with.
    let verification = view.verify()?;
    if let Some(tampering) = verification.tampering {
        return Err(RegistryError::Tampered(tampering));
    }
    let filter = RecordFilter::default();
    let identities: Vec<Identity> = view.list(&filter)?;
    Ok(Read {
        now: view.now()?,
        contexts: view.contexts(&identities)?,
        identities,
        teams: view.list(&filter)?,
        exceptions: view.list(&filter)?,
        break_glass: view.list(&filter)?,
        reviews: view.list(&filter)?,
        history: view.history()?,
        verification,
    })
}

/// Gathers the report.
pub(crate) fn gather(
    registry: &dyn Registry,
    location: String,
    policy: &Policy,
    is_from_file: bool,
    findings: Option<Judged>,
) -> Result<Overview, RegistryError> {
    let read = registry.reading(read)?;
    let now = read.now;
    let measured = || {
        let pairs = read.identities.iter().zip(&read.contexts);
        pairs.map(|(identity, context)| Measured { identity, context })
    };
    // A name that was a team's once is one now, whatever is asked for today.
    let known = KnownOwners::of_teams(&read.teams).map_err(RegistryError::from)?;
    let around = Surroundings::of(&read.identities, &read.exceptions, policy, now);
    let judgement = Judgement::of(measured(), &around);
    let metrics = read.history.metrics(now);
    let mut overview = Overview {
        version: FORMAT_VERSION,
        tool: Tool {
            name: "nhi",
            version: env!("CARGO_PKG_VERSION"),
        },
        as_of: now,
        registry: Place {
            id: read.verification.registry_id,
            location,
            rows: read.verification.rows,
            head: read.verification.head.to_string(),
        },
        policy: Terms {
            organisation: policy.organisation().map(ToString::to_string),
            digest: policy.digest().to_string(),
            is_from_file,
        },
        attention: Vec::new(),
        population: Population::of(measured(), policy, now),
        horizon: Horizon::of(measured(), policy, now),
        owners: holdings(measured(), policy, now, &known),
        orphans: Orphans {
            teams_on_record: read.teams.len(),
            identities: measured().filter_map(|one| Orphan::of(one, &known)).collect(),
        },
        findings,
        exceptions: read.exceptions.iter().map(|one| Waiver::of(one, now)).collect(),
        break_glass: records::glasses(&read.break_glass, &read.history, now),
        reviews: read.reviews.iter().map(|one| Review::of(one, now)).collect(),
        frameworks: FRAMEWORKS.iter().map(|framework| framework.score(&judgement)).collect(),
        checks: judgement.checks(),
        metrics,
        not_measured: NOT_MEASURED.map(|(what, why)| NotMeasured { what, why }).into(),
        inventory: measured().map(|one| OnRecord::of(one, policy, now)).collect(),
    };
    overview.attention = attention::of(&overview);
    Ok(overview)
}
