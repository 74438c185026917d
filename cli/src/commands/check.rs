//! `nhi check`: reads a plan, runs the modules over it and reports.
//!
//! Whatever goes wrong on the way becomes an entry of the report and keeps the verdict from being clean.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use nhi_plan::error::code;
use nhi_plan::{Context, ReadError, Severity};

use crate::args;
use crate::codes;
use crate::exit::{Exit, Failure};
use crate::input::Source;
use crate::modules::{self, Modules};
use crate::output::{self, BOLD, Console, Format, PLAIN, Progress, Screen};
use crate::report::{Problem, Report, Threshold};
use crate::settings::Settings;

/// A plan of this size takes long enough to say so beforehand.
const LARGE_BYTES: usize = 16 << 20;

const EXAMPLES: &str = "\
Examples:
  tofu plan -out tfplan && nhi check tfplan
  terraform show -json tfplan | nhi check -
  nhi check plan.json --fail-on medium --format json
  nhi check tfplan --module team.wasm --module-settings 'team={\"environments\": [\"production\"]}'
  nhi check tfplan --format sarif --output nhi.sarif";

/// Options of `nhi check`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    source: Source,
    /// Exit with 1 if a finding is at least this severe
    #[arg(long, value_name = "SEVERITY", value_parser = args::severity(), default_value = "high")]
    fail_on: Severity,
    /// Count findings that could not be verified as well; they are always reported
    #[arg(long)]
    fail_on_unverified: bool,
    /// How to write the report
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Human)]
    format: Format,
    /// Write the report to this file and a summary to standard error
    #[arg(long, short, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    output: Option<PathBuf>,
    #[command(flatten)]
    modules: modules::Selection,
    /// Settings for a module: `NAME=JSON`, or a file with an object of settings per module name; may be repeated
    #[arg(long, value_name = "FILE|NAME=JSON")]
    module_settings: Vec<String>,
    /// Show what each module used, and how long the check took
    #[arg(long, short = 'v', visible_alias = "verbose")]
    timings: bool,
}

pub(crate) fn run(args: &Args, console: &Console) -> Result<Exit, Failure> {
    args.source.check()?;
    let settings = Settings::parse(&args.module_settings)?;
    let mut report = Report::new(Threshold {
        fail_on: args.fail_on,
        fail_on_unverified: args.fail_on_unverified,
    });
    report.plan.source = args.source.name();
    let mut clock = Clock::new();
    match examine(args, &settings, &mut report, &mut clock) {
        Ok(()) => {}
        Err(Stop::Undecided(problem)) => report.entries.push(problem.into()),
        Err(Stop::Usage(failure)) => return Err(failure),
    }
    report.finish();
    deliver(args, console, &report)?;
    if args.timings {
        timings(console, &report, &clock);
    }
    Ok(report.verdict().exit())
}

/// What ends the examination early.
#[derive(Debug)]
enum Stop {
    /// The plan cannot be judged, which the report says.
    Undecided(Problem),
    /// The command line is wrong: there is no report.
    Usage(Failure),
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Self::Undecided(problem)
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Usage(failure)
    }
}

/// Fills the report.
fn examine(args: &Args, settings: &Settings, report: &mut Report, clock: &mut Clock) -> Result<(), Stop> {
    let mut problems = Vec::new();
    let modules = Modules::load(&args.modules.files, &mut problems)?;
    if problems.is_empty() {
        modules.check_settings(settings)?;
    }
    report.entries.extend(problems.into_iter().map(Into::into));
    modules.enrol(report);
    clock.lap("modules loaded");
    judge(args, &modules, settings, report, clock)
}

fn judge(
    args: &Args,
    modules: &Modules,
    settings: &Settings,
    report: &mut Report,
    clock: &mut Clock,
) -> Result<(), Stop> {
    let mut progress = Progress::new();
    let bytes = args.source.read(&mut report.plan, &mut report.notes)?;
    clock.lap("plan read");
    if bytes.len() > LARGE_BYTES {
        progress.announce(&format!("reading a plan of {} MiB", bytes.len() >> 20));
    }
    let subject = report.plan.source.clone();
    let unread = |error: ReadError| Problem {
        code: error.code,
        subject: subject.clone(),
        byte_offset: Some(error.offset),
        message: error.message.into_owned(),
        // The reader knows no options; what is told here names them.
        help: match error.code {
            code::BUDGET | code::DEPTH => codes::help(error.code),
            _ => error.help.into_owned(),
        },
    };
    let decoded = nhi_plan::decode(&bytes).map_err(unread)?;
    let plan = decoded.read(&args.source.limits()).map_err(unread)?;
    clock.lap("plan parsed");
    report.notes.extend(plan.notes.iter().cloned());
    report.plan.format_version = Some(plan.format_version.to_string());
    report.plan.terraform_version = Some(plan.terraform_version.to_string()).filter(|version| !version.is_empty());
    let now = jiff::Timestamp::now();
    let made_at = plan.timestamp.as_deref().and_then(|at| at.parse::<jiff::Timestamp>().ok());
    report.plan.made_at_ms = made_at.unwrap_or(now).as_millisecond();
    let context = Context {
        now: now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        format_version: plan.format_version.to_string(),
        terraform_version: plan.terraform_version.to_string(),
        ..Context::default()
    };
    modules.run(&plan, &context, settings, report, &mut progress)?;
    if report.blocks.total() == 0 {
        report
            .notes
            .push("the plan holds no blocks, so there was nothing to judge".to_owned());
    }
    clock.lap("modules run");
    Ok(())
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

fn timings(console: &Console, report: &Report, clock: &Clock) {
    let mut screen = Screen::new(console.talk_width);
    for run in &report.modules {
        let usage = match &run.usage {
            Some(usage) => format!(
                "{} blocks seen, {} fuel, {} KiB of memory, {} bytes of findings",
                usage.changes,
                usage.fuel,
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

/// Wall time between the steps.
#[derive(Debug)]
struct Clock {
    last: Instant,
    laps: Vec<(&'static str, Duration)>,
}

impl Clock {
    fn new() -> Self {
        Self {
            last: Instant::now(),
            laps: Vec::new(),
        }
    }

    fn lap(&mut self, what: &'static str) {
        self.laps.push((what, self.last.elapsed()));
        self.last = Instant::now();
    }
}
