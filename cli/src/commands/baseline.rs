//! `nhi baseline`: writes down what there is, so that from now on only what is new counts.

use std::path::PathBuf;

use clap::Subcommand;
use nhi_plan::Severity;

use crate::examine::{Inputs, Wish};
use crate::exit::{Exit, Failure};
use crate::output::{self, Console, PLAIN, Screen};
use crate::refine::Baseline;
use crate::report::{Report, Threshold};

const EXAMPLES: &str = "\
Examples:
  nhi baseline create tfplan --output nhi-baseline.json
  nhi check tfplan --baseline nhi-baseline.json";

/// Options of `nhi baseline`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write a baseline of everything that a plan or a state holds now
    Create(Create),
}

#[derive(Debug, clap::Args)]
struct Create {
    #[command(flatten)]
    inputs: Inputs,
    /// Write the baseline to this file; to standard output without it
    #[arg(long, short, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    output: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, console: &Console) -> Result<Exit, Failure> {
    let Command::Create(create) = &args.command;
    let mut report = Report::new(Threshold {
        fail_on: Severity::Critical,
        fail_on_unverified: false,
    });
    let wish = Wish {
        principals: true,
        ..Wish::default()
    };
    create.inputs.examine(&wish, &mut report)?;
    if !report.is_complete() {
        // Half a baseline would let the other half in.
        console.talk(&output::summary(&report, console.talk_width));
        return Ok(Exit::Undecided);
    }
    let baseline = Baseline::of(&report);
    let text = baseline.text()?;
    match &create.output {
        Some(path) => output::write_file(path, &text)?,
        None => console.answer_raw(&text)?,
    }
    let mut screen = Screen::new(console.talk_width);
    let plural = if baseline.len() == 1 { "" } else { "s" };
    let said = format!(
        "{} finding{plural} written down; they are still to be repaired",
        baseline.len()
    );
    screen.line(&[(PLAIN, &said)]);
    console.talk(&screen.into_text());
    Ok(Exit::Clean)
}
