//! `nhi request`: what a request asks for, and what its digest covers.

mod view;

use clap::Subcommand;

use crate::approvals::{Place, Target};
pub(crate) use crate::args::Format;
use crate::exit::{Exit, Failure};
use crate::output::{self, Console};
use crate::policy;

pub(crate) use view::{View, human};

/// Options of `nhi request`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show what a request asks for, what it changes, and what its digest covers
    Show(Show),
}

#[derive(Debug, clap::Args)]
struct Show {
    /// The file of a request, its directory, or its digest; the only request there is without it
    #[arg(value_name = "FILE|DIGEST")]
    request: Option<Target>,
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    policy: policy::Args,
    /// How to write the answer
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Human)]
    format: Format,
}

pub(crate) fn run(args: &Args, console: &Console) -> Result<Exit, Failure> {
    let Command::Show(show) = &args.command;
    let (_, request) = show.place.request(show.request.as_ref())?;
    let policy = show.policy.load()?;
    match show.format {
        Format::Human => console.answer(&human(&policy, &request, console.width))?,
        Format::Json => console.answer_raw(&output::json(&View::of(&policy, &request))?)?,
    }
    Ok(Exit::Clean)
}
