//! `nhi disown`: notes that no configuration manages an identity any more, which starts the clock of an orphan.
//!
//! A core that forgets a resource (`removed { lifecycle { destroy = false } }`, `state rm`, a state that is deleted) tells
//! no provider. Somebody has to say so, or the states themselves do: what none of them holds is managed by none.

use std::collections::BTreeSet;
use std::path::PathBuf;

use nhi_governance::{Act, Context, Evidence, Identity, Policy, RecordId, Status, Transition, disown};
use nhi_registry::{Access, Actor, RecordsExt as _, Registry, RegistryError};

use crate::exit::{Exit, Failure};
use crate::input::EstateSource;
use crate::operate::outcome::Done;
use crate::operate::selection::Selection;
use crate::operate::{self, BATCH, Format, Target, confirm, contain, outcome};
use crate::output::Console;
use crate::policy;
use crate::registry::{self, failure};

const AFTER_HELP: &str = "\
An identity that is disowned counts as `unmanaged`: it stays usable for 14 days, then as suspended, and 14 days later
`nhi sweep` revokes it. Import it (`terraform import`, an `import` block) and apply to take it up again.

With --state it is told by the states: of those that the selector selects, every one that none of the states holds. Pull
all states that may hold one right before, and name each: what is left out counts as gone. What is in quarantine, or is
being created, is left alone.
  tofu state pull > orders.tfstate
  nhi disown --selector environment=staging --state orders.tfstate --state intake.tfstate --reason \"OPS-31\" --dry-run

Exit codes:
  0  it is on record
  1  the selector selects nothing, or nobody said yes: nothing was changed
  2  wrong usage
  3  a state cannot be read, or the registry cannot be changed: nothing was changed";

/// Options of `nhi disown`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// The identity's id or its name
    #[arg(
        value_name = "ID|NAME",
        required_unless_present = "selector",
        conflicts_with = "selector"
    )]
    which: Option<String>,
    /// The environment of a name that several have
    #[arg(long, value_name = "NAME", requires = "which")]
    environment: Option<String>,
    /// Of these identities, those that no state holds
    #[arg(long, value_name = "KEY=VALUE,…", requires = "state")]
    selector: Option<Selection>,
    /// A state that may hold some of them; every one has to be named
    #[arg(long, value_name = "STATE", requires = "selector", value_hint = clap::ValueHint::AnyPath)]
    state: Vec<PathBuf>,
    /// Why; it stays on record
    #[arg(long, value_name = "TEXT", value_parser = operate::reason, required_unless_present = "dry_run")]
    reason: Option<String>,
    /// Show what would be disowned, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Ask nobody
    #[arg(long, conflicts_with = "dry_run")]
    yes: bool,
    #[command(flatten)]
    registry: registry::Args,
    #[command(flatten)]
    policy: policy::Args,
    /// How to write the answer
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Human)]
    format: Format,
}

pub(crate) fn run(args: &Args, console: &Console) -> Result<Exit, Failure> {
    let policy = match &args.selector {
        Some(selector) => selector.policy(&args.policy)?,
        None => Policy::default(),
    };
    let held = held(args, console)?;
    let access = if args.dry_run { Access::Read } else { Access::Write };
    let registry = args.registry.open_under(access, policy.clone())?;
    let found = match (&args.selector, &args.which) {
        (Some(selector), _) => {
            let selected = selector.among(&*registry, &policy).map_err(|error| failure(&error))?;
            if selected.is_empty() {
                return Err(selector.no_match(&*registry));
            }
            forgotten(&selected, &*registry, &held).map_err(|error| failure(&error))?
        }
        (None, which) => {
            let which = which.clone().unwrap_or_default();
            vec![Target::new(which, args.environment.clone()).find(&*registry)?]
        }
    };
    let shown = shown(&*registry, &found).map_err(|error| failure(&error))?;
    if args.dry_run {
        outcome::answer("disowned", &shown, true, args.format, console)?;
        return Ok(Exit::Clean);
    }
    if args.selector.is_some() && !args.yes && !found.is_empty() {
        outcome::answer("disowned", &shown, true, Format::Human, console)?;
        confirm(&format!("Disown all {}?", found.len()), console)?;
    }
    let done = disowned(args, &*registry, &found).map_err(|error| failure(&error))?;
    outcome::answer("disowned", &done, false, args.format, console)?;
    Ok(Exit::Clean)
}

/// The ids that the states hold.
fn held(args: &Args, console: &Console) -> Result<BTreeSet<String>, Failure> {
    let mut held = BTreeSet::new();
    for path in &args.state {
        let mut notes = Vec::new();
        held.extend(EstateSource::of(path.clone()).read(&mut notes, nhi_adopt::managed)?);
        for note in notes {
            console.talk(&format!("{note}\n"));
        }
    }
    Ok(held)
}

/// Those of the selected that no state holds.
fn forgotten(
    selected: &[Identity],
    registry: &dyn Registry,
    held: &BTreeSet<String>,
) -> Result<Vec<Identity>, RegistryError> {
    registry.reading(|view| {
        let now = view.now()?;
        let contexts = view.contexts(selected)?;
        let is_forgotten = |(identity, context): &(&Identity, &Context)| {
            let was_managed = identity.is_confirmed() && identity.status(now, context) != Status::Quarantined;
            was_managed && !identity.is_unmanaged() && !held.contains(&identity.id().to_string())
        };
        let all = selected.iter().zip(&contexts);
        Ok(all.filter(is_forgotten).map(|(identity, _)| identity.clone()).collect())
    })
}

fn shown(registry: &dyn Registry, found: &[Identity]) -> Result<Vec<Done>, RegistryError> {
    registry.reading(|view| {
        let now = view.now()?;
        let contexts = view.contexts(found)?;
        let of =
            |(identity, context): (&Identity, &Context)| Done::of(identity, now, context, !identity.is_unmanaged());
        Ok(found.iter().zip(&contexts).map(of).collect())
    })
}

fn disowned(args: &Args, registry: &dyn Registry, found: &[Identity]) -> Result<Vec<Done>, RegistryError> {
    let actor = Actor::from_surroundings();
    let none = Evidence::default();
    let reason = args.reason.as_deref().unwrap_or_default();
    let mut all = Vec::new();
    for batch in found.chunks(BATCH) {
        let ids: Vec<RecordId> = batch.iter().map(Identity::id).collect();
        all.extend(contain(registry, &actor, &ids, |now, identity, view| {
            // Whoever changed it meanwhile manages it.
            let is_same = batch
                .iter()
                .any(|seen| seen.id() == identity.id() && seen.revision() == identity.revision());
            if !is_same {
                return Ok(Transition::unchanged(identity));
            }
            let act = Act {
                by: actor.as_str(),
                evidence: &none,
                policy: view.policy(),
                now,
            };
            Ok(disown(identity, reason, &act)?)
        })?);
    }
    Ok(all)
}
