//! `nhi module bench`: what a module costs on a plan: fuel, which is the same everywhere, and time, which is not.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use nhi_plan::{Context, Description, Limits, Plan};
use nhi_policy_host::{Host, HostLimits, Origin, Usage};
use serde::Serialize;

use super::{Format, refused};
use crate::exit::{Exit, Failure};
use crate::input;
use crate::modules;
use crate::output::{self, BOLD, Console, PLAIN, Screen};
use crate::sandbox;

/// Bytes of a plan.
const PLAN_BYTES_MAX: u64 = 1 << 30;

/// Options of `nhi module bench`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The component
    #[arg(value_name = "FILE.wasm", value_hint = clap::ValueHint::FilePath)]
    file: PathBuf,
    /// A plan, as `tofu show -json` writes it
    #[arg(long, value_name = "PLAN.json", value_hint = clap::ValueHint::FilePath)]
    plan: PathBuf,
    /// The module's settings, as JSON
    #[arg(long, value_name = "JSON", default_value = "{}")]
    settings: String,
    /// How often to run it; the time that is told is the median
    #[arg(long, value_name = "COUNT", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    runs: u32,
    /// How to write the answer
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Human)]
    format: Format,
}

#[derive(Debug, Serialize)]
struct Document {
    version: u32,
    module: String,
    sha256: String,
    plan: String,
    plan_bytes: usize,
    changes: usize,
    sessions: usize,
    findings: usize,
    fuel: u64,
    fuel_per_change: u64,
    memory_peak_bytes: usize,
    output_bytes: usize,
    cached: bool,
    load_ms: f64,
    run_ms: f64,
}

pub(super) fn run(args: &Args, console: &Console) -> Result<Exit, Failure> {
    let shown = args.plan.display().to_string();
    let unreadable = |why: String| Failure::undecided(format!("the plan `{shown}` {why}"));
    let bytes = input::read_file(&args.plan, PLAN_BYTES_MAX)
        .map_err(|error| unreadable(format!("cannot be read: {error}")))?
        .ok_or_else(|| unreadable(format!("has more than {PLAN_BYTES_MAX} bytes")))?;
    let decoded = nhi_plan::decode(&bytes).map_err(|error| unreadable(format!("cannot be read: {error}")))?;
    let plan = decoded
        .read(&Limits::default())
        .map_err(|error| unreadable(format!("cannot be read: {error}")).help(error.help.into_owned()))?;
    let mut notes = Vec::new();
    let file = args.file.display().to_string();
    let failed = |error| refused(sandbox::problem(&file, error));
    let host = sandbox::host(HostLimits::default(), &mut notes).map_err(failed)?;
    let start = Instant::now();
    let loaded = sandbox::load(&host, &args.file, &mut notes).map_err(refused)?;
    let load = start.elapsed();
    let context = context(&host, loaded.module.description(), &plan)?;
    let mut times = Vec::new();
    let (mut usage, mut findings): (Option<Usage>, usize) = (None, 0);
    for _ in 0..args.runs {
        let start = Instant::now();
        let report = host
            .run(&loaded.module, &args.settings, &context, plan.blocks())
            .map_err(failed)?;
        times.push(start.elapsed());
        if usage.is_some_and(|usage| usage != report.usage) {
            return Err(Failure::undecided("two runs used different amounts of fuel or memory")
                .help("report it: a module and a plan must cost the same in every run"));
        }
        (usage, findings) = (Some(report.usage), report.findings.len());
    }
    let usage = usage.unwrap_or_default();
    let document = Document {
        version: 1,
        module: file.clone(),
        sha256: loaded.sha256,
        plan: shown.clone(),
        plan_bytes: bytes.len(),
        changes: usage.changes,
        sessions: usage.sessions,
        findings,
        fuel: usage.fuel,
        fuel_per_change: usage
            .fuel
            .checked_div(u64::try_from(usage.changes).unwrap_or(0))
            .unwrap_or(0),
        memory_peak_bytes: usage.memory_peak_bytes,
        output_bytes: usage.output_bytes,
        cached: *loaded.module.origin() == Origin::Cached,
        load_ms: millis(load),
        run_ms: millis(median(times)),
    };
    match args.format {
        Format::Human => console.answer(&human(&document, console.width))?,
        Format::Json => console.answer_raw(&output::json(&document)?)?,
    }
    Ok(Exit::Clean)
}

/// What a check would tell the module, so that two benches of one plan cost the same.
fn context(host: &Host, module: &Description, plan: &Plan<'_>) -> Result<Context, Failure> {
    let context = Context {
        now: "2026-01-01T00:00:00Z".to_owned(),
        format_version: plan.format_version.to_string(),
        terraform_version: plan.terraform_version.to_string(),
        ..Context::default()
    };
    if !module.needs_graph() {
        return Ok(context);
    }
    // Who asks for the graph is measured with it, as in a check; what the graph costs is the built-in analyzer's.
    Ok(Context {
        graph: Some(modules::graph(host, plan, &context)?),
        ..context
    })
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

fn human(document: &Document, width: usize) -> String {
    let mut screen = Screen::new(width);
    screen.line(&[(BOLD, &document.module)]);
    let from = if document.cached { "from the cache" } else { "compiled" };
    let lines = [
        (
            "blocks   ",
            format!("{} handed over in {} sessions", document.changes, document.sessions),
        ),
        (
            "findings ",
            format!("{}, {} bytes", document.findings, document.output_bytes),
        ),
        (
            "fuel     ",
            format!("{}, {} a block", document.fuel, document.fuel_per_change),
        ),
        (
            "memory   ",
            format!("{} KiB at the peak", document.memory_peak_bytes >> 10),
        ),
        ("loading  ", format!("{:.1} ms, {from}", document.load_ms)),
        ("running  ", format!("{:.1} ms", document.run_ms)),
    ];
    for (label, text) in lines {
        screen.field(2, label, PLAIN, &text);
    }
    screen.into_text()
}
