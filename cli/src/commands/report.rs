//! `nhi report`: what is on record, who answers for it, what has to be decided, as one page that can be passed on.

use std::path::PathBuf;

use crate::exit::{Exit, Failure};
use crate::output::{self, Console, OverviewFormat};
use crate::overview;
use crate::policy;
use crate::registry::{self, failure};

const EXAMPLES: &str = "\
Examples:
  nhi report --output report.html
  nhi report --findings tfplan --output report.html
  nhi report --registry postgres://nhi@db.example/nhi --format markdown";

/// Options of `nhi report`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    registry: registry::Args,
    #[command(flatten)]
    policy: policy::Args,
    /// Show the findings of this plan, or those that `nhi check --format json` wrote to this file
    #[arg(long, value_name = "PLAN|FILE", value_hint = clap::ValueHint::FilePath)]
    findings: Option<PathBuf>,
    /// How to write the report
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = OverviewFormat::Html)]
    format: OverviewFormat,
    /// Write the report to this file
    #[arg(long, short, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    output: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, console: &Console) -> Result<Exit, Failure> {
    let policy = args.policy.load()?;
    let location = args.registry.location()?.to_string();
    // Before the plan, which takes longer: a wrong path is told at once.
    let registry = args.registry.open()?;
    let findings = args.findings.as_deref().map(overview::read_findings).transpose()?;
    let is_from_file = args
        .policy
        .policy
        .as_ref()
        .is_some_and(|path| !path.as_os_str().is_empty());
    let overview = overview::gather(&*registry, location, &policy, is_from_file, findings);
    let overview = overview.map_err(|error| failure(&error))?;
    let text = output::render_overview(args.format, &overview)?;
    match &args.output {
        Some(path) => output::write_file(path, &text)?,
        None => console.answer_raw(&text)?,
    }
    // The report says so; a pipeline has to hear it as well.
    if overview
        .findings
        .as_ref()
        .is_some_and(|judged| judged.verdict == "undecided")
    {
        console.talk("the plan could not be judged as a whole; the report says why\n");
        return Ok(Exit::Undecided);
    }
    Ok(Exit::Clean)
}
