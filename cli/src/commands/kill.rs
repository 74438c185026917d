//! `nhi kill`: the kill switch, which suspends everything that a selector selects.

use std::collections::BTreeSet;

use nhi_governance::{Act, Cause, Containment, Context, Evidence, Identity, Policy, RecordId, Transition, suspend};
use nhi_registry::{Access, Actor, RecordsExt as _, Registry, RegistryError};

use crate::exit::{Exit, Failure};
use crate::operate::outcome::Done;
use crate::operate::selection::Selection;
use crate::operate::{self, BATCH, Format, confirm, contain, outcome, take_away};
use crate::output::Console;
use crate::policy;
use crate::registry::{self, failure};

/// How often it is looked for what was created meanwhile.
const PASSES_MAX: usize = 5;

const AFTER_HELP: &str = "\
A selector is key=value, more of them with commas in between; all of them have to be true:
  owner=team:payments       one of the owners
  environment=production
  kind=ai_agent
  tier=high                 this tier or a higher one
  name=deploy-*             `*` is any run of characters, `?` is one
  vendor=acme               its name or its id

Exit codes:
  0  everything that is selected is suspended
  1  the selector selects nothing, or nobody said yes: nothing was changed
  2  wrong usage
  3  the registry cannot be changed";

/// Options of `nhi kill`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// Which identities
    #[arg(long, value_name = "KEY=VALUE,…")]
    selector: Selection,
    /// Why; it stays on record
    #[arg(long, value_name = "TEXT", value_parser = operate::reason, required_unless_present = "dry_run")]
    reason: Option<String>,
    /// Show what would be suspended, and change nothing
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
    let policy = args.selector.policy(&args.policy)?;
    let access = if args.dry_run { Access::Read } else { Access::Write };
    let registry = match args.registry.open_under(access, policy.clone()) {
        Ok(registry) => registry,
        // What cannot be written can be taken away.
        Err(failure) => args
            .registry
            .open_under(Access::Read, policy.clone())
            .map_err(|_| failure)?,
    };
    let found = selected(args, &policy, &*registry).map_err(|error| failure(&error))?;
    if found.is_empty() {
        return Err(args.selector.no_match(&*registry));
    }
    if args.dry_run {
        outcome::answer("suspended", &found, true, args.format, console)?;
        return Ok(Exit::Clean);
    }
    if !args.yes {
        outcome::answer("suspended", &found, true, Format::Human, console)?;
        confirm(&format!("Suspend all {}?", found.len()), console)?;
    }
    let done = match thrown(args, &policy, &*registry, &found) {
        Err(error) if error.is_of_writing() => {
            let ids: Vec<RecordId> = found.iter().map(|done| done.id).collect();
            let reason = args.reason.as_deref().unwrap_or_default();
            take_away(&*registry, &ids, Containment::Kill, reason, console)
        }
        thrown => thrown,
    };
    let done = done.map_err(|error| failure(&error))?;
    outcome::answer("suspended", &done, false, args.format, console)?;
    Ok(Exit::Clean)
}

/// Those that are selected now, each with whether there is anything to suspend.
fn selected(args: &Args, policy: &Policy, registry: &dyn Registry) -> Result<Vec<Done>, RegistryError> {
    let identities = args.selector.among(registry, policy)?;
    registry.reading(|view| {
        let now = view.now()?;
        let contexts = view.contexts(&identities)?;
        let of = |(identity, context): (&Identity, &Context)| Done::of(identity, now, context, !is_held(identity, now));
        Ok(identities.iter().zip(&contexts).map(of).collect())
    })
}

/// Whether it is suspended in its own record, and not only by what else is on record.
fn is_held(identity: &Identity, now: nhi_governance::Timestamp) -> bool {
    let alone = Context::default();
    let suspension = identity.suspension(now, &alone);
    suspension.is_some_and(|suspension| suspension.by.is_some())
}

/// Throws the switch on record, then writes it into the records: suspends what was found, and what came to be while that was done.
fn thrown(args: &Args, policy: &Policy, registry: &dyn Registry, found: &[Done]) -> Result<Vec<Done>, RegistryError> {
    let actor = Actor::from_surroundings();
    let reason = args.reason.as_deref().unwrap_or_default();
    // From here on it holds, for whatever the batches below have not come to and for what others write meanwhile.
    let switch = args.selector.for_kill(registry)?;
    registry.throw_kill_switch(&actor, &switch, reason)?;
    let is_selected = args.selector.matcher(registry, policy)?;
    let none = Evidence::default();
    let mut all: Vec<Done> = Vec::new();
    let mut next: Vec<RecordId> = found.iter().map(|done| done.id).collect();
    for _ in 0..PASSES_MAX {
        for batch in next.chunks(BATCH) {
            all.extend(contain(registry, &actor, batch, |now, identity, view| {
                // Between the look and the deed it may have ended, or become another's.
                if !is_selected(identity) {
                    return Ok(Transition::unchanged(identity));
                }
                let act = Act {
                    by: actor.as_str(),
                    evidence: &none,
                    policy: view.policy(),
                    now,
                };
                Ok(suspend(identity, Cause::Kill, reason, &act)?)
            })?);
        }
        let again = selected(args, policy, registry)?;
        let known: BTreeSet<RecordId> = all.iter().map(|done| done.id).collect();
        let is_new = |done: &&Done| done.changed && !known.contains(&done.id);
        next = again.iter().filter(is_new).map(|done| done.id).collect();
        if next.is_empty() {
            break;
        }
    }
    Ok(all)
}
