//! `nhi used`: notes when identities were last used, from what reports it: a person, a gateway, a cloud's own report.

mod read;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use nhi_governance::{Act, Evidence, Identity, RecordId, Timestamp, note_use};
use nhi_registry::{Access, Actor, RecordFilter, RecordsExt as _, Registry, RegistryError};

use crate::exit::{Exit, Failure};
use crate::input;
use crate::operate::outcome::Done;
use crate::operate::{self, BATCH, Format, Target, contain, outcome};
use crate::output::Console;
use crate::registry::{self, failure};
use read::{BYTES_MAX, Use};

const AFTER_HELP: &str = "\
A use only moves on: an earlier one than the one that is known changes nothing. One that is still to come is refused, and
with it the whole report. The revision stays, and no plan sees a difference.

A report is one of:
  the credential report of AWS (CSV, `aws iam get-credential-report`): by the ARNs that records name in `external`; of a
  password and of both keys the latest counts
  JSON lines: {\"identity\": \"…\", \"at\": \"2026-01-31T10:00:00Z\"}, with the id, the SPIFFE id, an external id or the name;
  `environment` as well where several have the name

Whoever is in a report and not on record is counted, and nothing else is done about them; `nhi adopt` finds what is not
governed yet.

Exit codes:
  0  it is on record
  2  wrong usage
  3  the report cannot be read, or the registry cannot be changed: nothing was changed";

/// Options of `nhi used`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// The identity's id or its name
    #[arg(
        value_name = "ID|NAME",
        required_unless_present = "from",
        conflicts_with = "from",
        requires = "at"
    )]
    which: Option<String>,
    /// The environment of a name that several have
    #[arg(long, value_name = "NAME", requires = "which")]
    environment: Option<String>,
    /// When it was used (RFC 3339)
    #[arg(long, value_name = "TIME", value_parser = read::moment, requires = "which")]
    at: Option<Timestamp>,
    /// A report of uses; `-` is standard input
    #[arg(long, value_name = "FILE|-", value_hint = clap::ValueHint::FilePath)]
    from: Option<PathBuf>,
    /// What reports it, for example the name of a gateway; it stays on record [default: the name of the file]
    #[arg(long, value_name = "TEXT", value_parser = operate::reason)]
    source: Option<String>,
    #[command(flatten)]
    registry: registry::Args,
    /// How to write the answer
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Human)]
    format: Format,
}

pub(crate) fn run(args: &Args, console: &Console) -> Result<Exit, Failure> {
    let report = args.from.as_deref().map(uses).transpose()?;
    let registry = args.registry.open_for(Access::Write)?;
    let noted = match (&report, args.at) {
        (Some(uses), _) => matched(&*registry, uses).map_err(|error| failure(&error))?,
        (None, at) => {
            let which = args.which.clone().unwrap_or_default();
            let identity = Target::new(which, args.environment.clone()).find(&*registry)?;
            let at = at.unwrap_or(Timestamp::from_unix(0));
            Matched {
                uses: vec![(identity.id(), at)],
                ..Matched::default()
            }
        }
    };
    let source = args.source.clone().or_else(|| {
        let name = args.from.as_deref()?.file_name()?;
        Some(name.to_string_lossy().into_owned())
    });
    let done = note(&*registry, &noted.uses, source.as_deref().unwrap_or("by hand"));
    let done = done.map_err(|error| failure(&error))?;
    outcome::answer("noted as used", &done, false, args.format, console)?;
    for (count, what) in [
        (noted.unknown, "not on record"),
        (
            noted.ambiguous,
            "the name of several, so that none is meant: give `environment`",
        ),
    ] {
        if count > 0 {
            console.talk(&format!("{count} of the report: {what}\n"));
        }
    }
    Ok(Exit::Clean)
}

/// Reads a report, whole or not at all.
fn uses(path: &Path) -> Result<Vec<Use>, Failure> {
    let name = path.display();
    let unreadable = |error: &std::io::Error| Failure::undecided(format!("`{name}` cannot be read: {error}"));
    let bytes = if path == Path::new("-") {
        input::read_standard_input(BYTES_MAX)
    } else {
        input::read_file(path, BYTES_MAX)
    };
    let bytes = bytes.map_err(|error| unreadable(&error))?;
    let Some(bytes) = bytes else {
        return Err(Failure::undecided(format!("`{name}` has more than {BYTES_MAX} bytes"))
            .help("split the report: each part is noted by itself"));
    };
    read::uses(&bytes).map_err(|fault| {
        Failure::undecided(format!("`{name}`, line {}: {}", fault.line, fault.message))
            .help("see `nhi used --help` for what a report looks like; nothing was noted")
    })
}

/// What a report says of those on record.
#[derive(Debug, Default)]
struct Matched {
    /// The latest use of each.
    uses: Vec<(RecordId, Timestamp)>,
    unknown: usize,
    ambiguous: usize,
}

/// Who is meant: the live record of an id, where there is none the last that had it.
fn matched(registry: &dyn Registry, uses: &[Use]) -> Result<Matched, RegistryError> {
    let filter = RecordFilter {
        with_ended: true,
        ..RecordFilter::default()
    };
    let mut identities: Vec<Identity> = registry.list_records(&filter)?;
    identities.sort_by_key(|identity| (identity.revoked_at().is_none(), identity.created_at(), identity.id()));
    let mut by_id: BTreeMap<&str, RecordId> = BTreeMap::new();
    let mut by_name: BTreeMap<&str, BTreeMap<&str, RecordId>> = BTreeMap::new();
    let own_ids: Vec<String> = identities.iter().map(|identity| identity.id().to_string()).collect();
    // The later one wins, so that what is live does.
    for (identity, own_id) in identities.iter().zip(&own_ids) {
        let (declaration, id) = (identity.declaration(), identity.id());
        by_id.insert(own_id, id);
        by_id.insert(identity.spiffe_id().as_str(), id);
        let external = declaration.external().unwrap_or_default().iter();
        by_id.extend(external.map(|external| (external.as_str(), id)));
        let of_name = by_name.entry(declaration.name().as_str()).or_default();
        of_name.insert(declaration.environment().as_str(), id);
    }
    let mut matched = Matched::default();
    let mut latest: BTreeMap<RecordId, Timestamp> = BTreeMap::new();
    for reported in uses {
        let named = by_name.get(reported.identity.as_str());
        let found = match (&reported.environment, named) {
            (Some(environment), Some(named)) => named.get(environment.as_str()).copied(),
            (Some(_), None) => None,
            (None, _) if by_id.contains_key(reported.identity.as_str()) => {
                by_id.get(reported.identity.as_str()).copied()
            }
            (None, Some(named)) if named.len() > 1 => {
                matched.ambiguous += 1;
                continue;
            }
            (None, named) => named.and_then(|named| named.values().next().copied()),
        };
        let Some(id) = found else {
            matched.unknown += 1;
            continue;
        };
        let at = latest.entry(id).or_insert(reported.at);
        *at = (*at).max(reported.at);
    }
    matched.uses = latest.into_iter().collect();
    Ok(matched)
}

fn note(registry: &dyn Registry, uses: &[(RecordId, Timestamp)], source: &str) -> Result<Vec<Done>, RegistryError> {
    let actor = Actor::from_surroundings();
    let none = Evidence::default();
    let noted = |now: Timestamp, identity: &Identity, at: Timestamp, view: &nhi_registry::View<'_>| {
        let act = Act {
            by: actor.as_str(),
            evidence: &none,
            policy: view.policy(),
            now,
        };
        note_use(identity, at, source, &act)
    };
    // Judged before any of it is written, so that a report is noted whole or not at all.
    registry.reading(|view| {
        for (id, at) in uses {
            noted(view.now()?, &view.require(*id)?, *at, view)?;
        }
        Ok(())
    })?;
    let mut all = Vec::new();
    for batch in uses.chunks(BATCH) {
        let ids: Vec<RecordId> = batch.iter().map(|(id, _)| *id).collect();
        all.extend(contain(registry, &actor, &ids, |now, identity, view| {
            let at = batch.iter().find(|(id, _)| *id == identity.id()).map(|(_, at)| *at);
            Ok(noted(now, identity, at.unwrap_or(now), view)?)
        })?);
    }
    Ok(all)
}
