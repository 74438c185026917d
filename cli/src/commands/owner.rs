//! `nhi owner`: who answers for identities.

mod transfer;

use clap::Subcommand;

use crate::exit::{Exit, Failure};
use crate::output::Console;

/// Options of `nhi owner`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Name another owner for everything that one owns: all of it, or nothing
    Transfer(transfer::Args),
}

pub(crate) fn run(args: &Args, console: &Console) -> Result<Exit, Failure> {
    let Command::Transfer(args) = &args.command;
    transfer::run(args, console)
}
