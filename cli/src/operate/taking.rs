//! What `nhi revoke` and `nhi suspend` are: something is taken from one identity, now, by nobody's leave.

use nhi_governance::Containment;

use crate::exit::{Exit, Failure};
use crate::operate::{self, Format, Target, outcome, take_away};
use crate::output::Console;
use crate::registry::{self, failure};

/// Options of both.
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

/// Takes it, and answers with what was `done`.
pub(crate) fn run(args: &Args, how: Containment, done: &'static str, console: &Console) -> Result<Exit, Failure> {
    // No policy is read: a mistake in its file must not stand in the way.
    let registry = args.registry.open_to_take()?;
    let id = args.target.find(&*registry)?.id();
    let taken = take_away(&*registry, &[id], how, &args.reason, console);
    let taken = taken.map_err(|error| failure(&error))?;
    outcome::answer(done, &taken, false, args.format, console)?;
    Ok(Exit::Clean)
}
