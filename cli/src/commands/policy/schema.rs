//! `nhi policy schema`: what a policy file may hold, for editors and for people.

use clap::ValueEnum;

use crate::exit::{Exit, Failure};
use crate::output::{self, Console};

/// Options of `nhi policy schema`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What to print
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Json)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// The JSON Schema of the file's JSON form.
    Json,
    /// The reference in Markdown.
    Markdown,
}

pub(super) fn run(args: &Args, console: &Console) -> Result<Exit, Failure> {
    let text = match args.format {
        Format::Json => output::json(&nhi_policy_file::schema())?,
        Format::Markdown => nhi_policy_file::reference(),
    };
    console.answer_raw(&text)?;
    Ok(Exit::Clean)
}
