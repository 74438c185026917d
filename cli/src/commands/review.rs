//! `nhi review`: access reviews, whose reviewers say of each identity that it is still needed.

mod decide;
mod list;
mod round;
mod view;

use clap::Subcommand;

use crate::exit::{Exit, Failure};
use crate::operate::Format;
use crate::output::Console;
use crate::registry;

/// Options of `nhi review`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Close a round that is due or has all its answers: what nobody answered for is suspended
    Close(round::Args),
    /// Answer for identities of the open round: keep them, or have them revoked when it is closed
    Decide(decide::Args),
    /// List the reviews and how their rounds stand
    List(list::Args),
    /// Open the round of a review that is due
    Open(round::Args),
    /// Show a review: its round, and what was said of each identity
    Show(Named),
}

/// A review by its name.
#[derive(Debug, clap::Args)]
struct Named {
    /// Its id or its name
    #[arg(value_name = "ID|NAME")]
    which: String,
    #[command(flatten)]
    registry: registry::Args,
    /// How to write the answer
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Human)]
    format: Format,
}

pub(crate) fn run(args: &Args, console: &Console) -> Result<Exit, Failure> {
    match &args.command {
        Command::Close(args) => round::close(args, console),
        Command::Decide(args) => decide::run(args, console),
        Command::List(args) => list::run(args, console),
        Command::Open(args) => round::open(args, console),
        Command::Show(args) => list::show(args, console),
    }
}
