//! `nhi suspend`: takes an identity out of use, now, until it is resumed.

use nhi_governance::{Act, Cause, Evidence, suspend};
use nhi_registry::{Access, Actor};

use crate::exit::{Exit, Failure};
use crate::operate::{self, Format, Target, contain, outcome};
use crate::output::Console;
use crate::registry::{self, failure};

/// Options of `nhi suspend`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    target: Target,
    /// Why; it stays on record
    #[arg(long, value_name = "TEXT", value_parser = operate::reason)]
    reason: String,
    #[command(flatten)]
    registry: registry::Args,
    /// How to write the answer
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Human)]
    format: Format,
}

pub(crate) fn run(args: &Args, console: &Console) -> Result<Exit, Failure> {
    // No policy is read: a mistake in its file must not stand in the way of a containment.
    let registry = args.registry.open_for(Access::Write)?;
    let actor = Actor::from_surroundings();
    let id = args.target.find(&*registry)?.id();
    let none = Evidence::default();
    let done = contain(&*registry, &actor, &[id], |now, identity, view| {
        let act = Act {
            by: actor.as_str(),
            evidence: &none,
            policy: view.policy(),
            now,
        };
        Ok(suspend(identity, Cause::Manual, &args.reason, &act)?)
    });
    let done = done.map_err(|error| failure(&error))?;
    outcome::answer("suspended", &done, false, args.format, console)?;
    Ok(Exit::Clean)
}
