//! `nhi check`: examines a plan, takes out of the count what somebody has decided about, and reports.

use std::path::PathBuf;
use std::time::Duration;

use nhi_plan::Severity;

use crate::args;
use crate::examine::{Clock, Examined, Inputs, Wish};
use crate::exit::{Exit, Failure};
use crate::output::{self, BOLD, Console, Format, PLAIN, Screen};
use crate::refine::{Decided, Decisions};
use crate::report::{Report, Threshold};

const EXAMPLES: &str = "\
Examples:
  tofu plan -out tfplan && nhi check tfplan
  terraform show -json tfplan | nhi check - --source .
  nhi check plan.json --fail-on medium --format json
  nhi check tfplan --new-only --waivers waivers.hcl
  nhi check tfplan --registry postgres://nhi@db.example/nhi
  nhi check tfplan --module team.wasm --module-settings 'team={\"environments\": [\"production\"]}'
  nhi check tfplan --format sarif --output nhi.sarif";

/// Options of `nhi check`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    inputs: Inputs,
    /// Exit with 1 if a finding is at least this severe
    #[arg(long, value_name = "SEVERITY", value_parser = args::severity(), default_value = "high")]
    fail_on: Severity,
    /// Count findings that could not be verified as well; they are always reported
    #[arg(long)]
    fail_on_unverified: bool,
    #[command(flatten)]
    decisions: Decisions,
    /// Instead of the report, say of one address what the plan does not know, what was worked out from the
    /// configuration, and what stays unknown and why
    #[arg(long, value_name = "ADDRESS")]
    explain_evidence: Option<String>,
    /// How to write the report
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Human)]
    format: Format,
    /// Put this in front of the files of findings, where the root module is not the root of the repository
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    path_prefix: Option<String>,
    /// Write the report to this file and a summary to standard error
    #[arg(long, short, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    output: Option<PathBuf>,
    /// Show what each module used, and how long the check took
    #[arg(long, short = 'v', visible_alias = "verbose")]
    timings: bool,
}

pub(crate) fn run(args: &Args, console: &Console) -> Result<Exit, Failure> {
    let decided = Decided::read(&args.decisions)?;
    let mut report = Report::new(Threshold {
        fail_on: args.fail_on,
        fail_on_unverified: args.fail_on_unverified,
    });
    let wish = Wish {
        before: args.decisions.new_only,
        principals: args.decisions.compares(),
        explain: args.explain_evidence.clone(),
        exceptions: decided.exceptions(),
        ..Wish::default()
    };
    let examined = args.inputs.examine(&wish, &mut report)?;
    decided.refine(&examined, &mut report)?;
    if let Some(prefix) = &args.path_prefix {
        report.put_places_under(prefix);
    }
    match &args.explain_evidence {
        Some(address) => explain(address, &examined, console, &report)?,
        None => deliver(args, console, &report)?,
    }
    if args.timings {
        timings(console, &report, &examined.clock);
    }
    Ok(report.verdict().exit())
}

fn deliver(args: &Args, console: &Console, report: &Report) -> Result<(), Failure> {
    if let Some(path) = &args.output {
        let text = output::render(args.format, report, output::FILE_WIDTH)?;
        output::write_file(path, &output::plain(&text))?;
        console.talk(&output::summary(report, console.talk_width));
        return Ok(());
    }
    let text = output::render(args.format, report, console.width)?;
    if args.format == Format::Human {
        return console.answer(&text);
    }
    console.answer_raw(&text)?;
    console.talk(&output::summary(report, console.talk_width));
    Ok(())
}

fn explain(address: &str, examined: &Examined, console: &Console, report: &Report) -> Result<(), Failure> {
    match &examined.evidence {
        Some(evidence) => console.answer(&output::evidence(address, evidence, report, console.width))?,
        // What was undecided before the address was looked up is told by the summary.
        None if report.is_complete() => {
            let failure = Failure::usage(format!("the plan has no address `{address}`"));
            return Err(failure.help("name it as the plan does, with its module and instance key"));
        }
        None => {}
    }
    console.talk(&output::summary(report, console.talk_width));
    Ok(())
}

fn timings(console: &Console, report: &Report, clock: &Clock) {
    let mut screen = Screen::new(console.talk_width);
    for run in &report.modules {
        let usage = match &run.usage {
            Some(usage) => format!(
                "{} blocks seen, {} fuel of {}, {} KiB of memory, {} bytes of findings",
                usage.changes,
                usage.fuel,
                usage.fuel_limit,
                usage.memory_peak_bytes >> 10,
                usage.output_bytes
            ),
            None => "did not come to its end".to_owned(),
        };
        screen.line(&[
            (BOLD, &run.name),
            (PLAIN, " "),
            (PLAIN, &run.version),
            (PLAIN, ": "),
            (PLAIN, &usage),
        ]);
    }
    let laps: Vec<String> = clock
        .laps
        .iter()
        .map(|(what, time)| format!("{what} {:.1} ms", millis(*time)))
        .collect();
    screen.line(&[(PLAIN, &laps.join(", "))]);
    console.talk(&screen.into_text());
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
