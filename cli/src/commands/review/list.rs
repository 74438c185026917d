//! `nhi review list` and `show`.

use nhi_registry::{RecordFilter, RecordsExt as _};

use super::{Named, view};
use crate::exit::{Exit, Failure};
use crate::operate::{Format, kinds, rounds};
use crate::output::Console;
use crate::registry::{self, failure};

/// Options of `nhi review list`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    registry: registry::Args,
    /// How to write the answer
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Human)]
    format: Format,
}

pub(super) fn run(args: &Args, console: &Console) -> Result<Exit, Failure> {
    let registry = args.registry.open()?;
    let reviews: Vec<rounds::Review> = registry
        .list_records(&RecordFilter::default())
        .map_err(|error| failure(&error))?;
    view::list(&*registry, &reviews, args.format, console)?;
    Ok(Exit::Clean)
}

pub(super) fn show(args: &Named, console: &Console) -> Result<Exit, Failure> {
    let registry = args.registry.open()?;
    let review: rounds::Review = kinds::find(&*registry, &args.which, None)?;
    view::one(&*registry, "shown", &review, false, args.format, console)?;
    Ok(Exit::Clean)
}
