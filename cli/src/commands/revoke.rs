//! `nhi revoke`: ends an identity for good, now.

use nhi_governance::revoke;
use nhi_registry::{Access, Actor};

use crate::exit::{Exit, Failure};
use crate::operate::{self, Format, Target, contain, outcome};
use crate::output::Console;
use crate::registry::{self, failure};

/// Options of `nhi revoke`.
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
    // No policy is read: a mistake in its file must not stand in the way of a revocation.
    let registry = args.registry.open_for(Access::Write)?;
    let id = args.target.find(&*registry)?.id();
    let done = contain(&*registry, &Actor::from_surroundings(), &[id], |now, identity, _| {
        Ok(revoke(identity, &args.reason, now))
    });
    let done = done.map_err(|error| failure(&error))?;
    outcome::answer("revoked", &done, false, args.format, console)?;
    Ok(Exit::Clean)
}
