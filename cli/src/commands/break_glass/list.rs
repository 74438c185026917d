//! `nhi break-glass list` and `show`.

use nhi_governance::{BreakGlass, Registered};
use nhi_registry::{RecordFilter, RecordsExt as _};

use super::{Target, view};
use crate::exit::{Exit, Failure};
use crate::operate::Format;
use crate::output::Console;
use crate::registry::{self, failure};

/// Options of `nhi break-glass list`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exit codes:
  0  nothing is overdue, or nobody asked
  1  with --overdue: something is
  3  the registry cannot be read")]
pub(super) struct Args {
    /// Only what is overdue: a test or a review whose day has passed
    #[arg(long)]
    overdue: bool,
    /// What has ended as well
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    registry: registry::Args,
    /// How to write the answer
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Human)]
    format: Format,
}

/// Options of `nhi break-glass show`.
#[derive(Debug, clap::Args)]
pub(super) struct Show {
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    registry: registry::Args,
    /// How to write the answer
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Human)]
    format: Format,
}

pub(super) fn run(args: &Args, console: &Console) -> Result<Exit, Failure> {
    let registry = args.registry.open()?;
    let filter = RecordFilter {
        // One that has ended may still owe its review.
        with_ended: true,
        ..RecordFilter::default()
    };
    let read = registry.reading(|view| Ok((view.now()?, view.list::<Registered<BreakGlass>>(&filter)?)));
    let (now, mut records) = read.map_err(|error| failure(&error))?;
    records.retain(|record| {
        let is_live = nhi_governance::Record::ended_at(record).is_none();
        let is_wanted = args.all || is_live || record.state().post_review_due_at.is_some();
        is_wanted && (!args.overdue || view::is_overdue(record, now))
    });
    view::answer("listed", &records, now, false, args.format, console)?;
    Ok(if args.overdue && !records.is_empty() {
        Exit::Findings
    } else {
        Exit::Clean
    })
}

pub(super) fn show(args: &Show, console: &Console) -> Result<Exit, Failure> {
    let registry = args.registry.open()?;
    let record = args.target.find(&*registry)?;
    let now = registry.now().map_err(|error| failure(&error))?;
    match args.format {
        Format::Human => console.answer(&view::one(&record, now, console.width))?,
        Format::Json => view::answer("shown", &[record], now, false, args.format, console)?,
    }
    Ok(Exit::Clean)
}
