//! `nhi break-glass`: access for an emergency. It needs the registry and the holders' keys, and neither a state nor a
//! core, because those may be what is broken.

mod deed;
mod end;
mod list;
mod view;

use clap::Subcommand;
use nhi_approvals::Deed;
use nhi_governance::{BreakGlass, Registered};
use nhi_registry::Registry;

use crate::exit::{Exit, Failure};
use crate::operate::{self, deeds, kinds};
use crate::output::Console;

/// Options of `nhi break-glass`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Open it for a session: a holder and enough other holders sign, and a review is owed afterwards
    Activate(Activate),
    /// End a session before its time
    End(end::Args),
    /// List what there is: what is open, what is owed, what is overdue
    List(list::Args),
    /// Say what somebody saw who looked at the last session, and did not open it
    Review(Saw),
    /// Show one: what it opens, who holds it, what happened to it
    Show(list::Show),
    /// Note a drill: the same signatures as for a session, and nothing is opened
    Test(Saw),
}

#[derive(Debug, clap::Args)]
#[command(after_help = deeds::AFTER_HELP)]
struct Activate {
    /// Why; it stays on record
    #[arg(long, value_name = "TEXT", value_parser = operate::reason)]
    reason: String,
    #[command(flatten)]
    common: deed::Args,
}

#[derive(Debug, clap::Args)]
#[command(after_help = deeds::AFTER_HELP)]
struct Saw {
    /// What was seen; it stays on record
    #[arg(long, value_name = "TEXT", value_parser = operate::reason)]
    findings: String,
    #[command(flatten)]
    common: deed::Args,
}

/// Which access is meant.
#[derive(Debug, clap::Args)]
#[group(skip)]
struct Target {
    /// Its id or its name
    #[arg(value_name = "ID|NAME")]
    which: String,
    /// The environment of a name that several have
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,
}

impl Target {
    fn find(&self, registry: &dyn Registry) -> Result<Registered<BreakGlass>, Failure> {
        let found: Result<Registered<BreakGlass>, Failure> =
            kinds::find(registry, &self.which, self.environment.as_deref());
        found.map_err(|failure| match failure.exit {
            Exit::Undecided if failure.help.is_empty() => failure.help("`nhi break-glass list` lists what there is"),
            _ => failure,
        })
    }
}

pub(crate) fn run(args: &Args, console: &Console) -> Result<Exit, Failure> {
    match &args.command {
        Command::Activate(args) => deed::run(Deed::Activate, &args.reason, &args.common, console),
        Command::End(args) => end::run(args, console),
        Command::List(args) => list::run(args, console),
        Command::Review(args) => deed::run(Deed::Review, &args.findings, &args.common, console),
        Command::Show(args) => list::show(args, console),
        Command::Test(args) => deed::run(Deed::Test, &args.findings, &args.common, console),
    }
}
