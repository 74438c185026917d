//! `nhi revoke`: ends an identity for good, now.

use nhi_governance::Containment;

use crate::exit::{Exit, Failure};
use crate::operate::{self, Format, Target, outcome, take_away};
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
    let registry = args.registry.open_to_take()?;
    let id = args.target.find(&*registry)?.id();
    let done = take_away(&*registry, &[id], Containment::End, &args.reason, console);
    let done = done.map_err(|error| failure(&error))?;
    outcome::answer("revoked", &done, false, args.format, console)?;
    Ok(Exit::Clean)
}
