//! `nhi graph`: draws who can become whom once a plan is applied.

use std::path::PathBuf;

use nhi_plan::Severity;

use crate::examine::{Inputs, Wish};
use crate::exit::{Exit, Failure};
use crate::output::{self, Console, GraphFormat};
use crate::report::{Report, Status, Threshold};

const EXAMPLES: &str = "\
Examples:
  nhi graph tfplan --format html --output graph.html
  nhi graph tfplan --format dot | dot -Tsvg > graph.svg";

/// Options of `nhi graph`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    inputs: Inputs,
    /// How to write the graph
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = GraphFormat::Mermaid)]
    format: GraphFormat,
    /// Write the graph to this file
    #[arg(long, short, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    output: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, console: &Console) -> Result<Exit, Failure> {
    let mut report = Report::new(Threshold {
        fail_on: Severity::Critical,
        fail_on_unverified: false,
    });
    let wish = Wish {
        graph: true,
        ..Wish::default()
    };
    args.inputs.examine(&wish, &mut report)?;
    let text = output::render_graph(args.format, &report)?;
    match &args.output {
        Some(path) => output::write_file(path, &text)?,
        None => console.answer_raw(&text)?,
    }
    if report.with(Status::Undecided).next().is_some() || !report.is_complete() {
        console.talk(&output::summary(&report, console.talk_width));
        return Ok(Exit::Undecided);
    }
    Ok(Exit::Clean)
}
