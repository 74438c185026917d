//! Measures `nhi check` on generated plans: size, wall time, peak memory, and beside it what merely parsing costs.
//!
//! Everything is measured as a whole process from outside, one child after the other in the same run, because a time
//! alone says little on a machine that others share: the parse beside it is the yardstick.

use std::ffi::OsString;
use std::fs;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};
use nix::sys::resource::{UsageWho, getrusage};
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use crate::shell::{Run, Workspace};
use crate::{build, plan_gen};

/// Plans to measure: resource changes, and how many runs to take the median of.
const PLANS: [(usize, usize); 2] = [(1_000, 5), (100_000, 3)];
/// The plans are the same on every machine.
const SEED: u64 = 1;
/// The rule that the planted policies break.
const PLANTED_RULE: &str = "NHI001";
/// First word of the internal call that measures one child: peak memory is kept for all children of a process, so
/// each measurement gets a process of its own.
const MEASURE: &str = "--measure";
/// First words of the internal calls that parse a file and do nothing with it.
const PARSE_VALUE: &str = "--parse-value";
const PARSE_IGNORED: &str = "--parse-ignored";

/// The calls that `cargo xtask bench` makes of itself; `None` for anything else.
pub(crate) fn internal(words: &[&str]) -> Option<Result<()>> {
    match words {
        ["bench", MEASURE, program, arguments @ ..] => Some(measure_here(program, arguments)),
        ["bench", PARSE_VALUE, file] => Some(parse_value(file)),
        ["bench", PARSE_IGNORED, file] => Some(parse_ignored(file)),
        _ => None,
    }
}

fn parse_value(file: &str) -> Result<()> {
    let value: Value = serde_json::from_slice(&fs::read(file)?)?;
    ensure!(value.is_object(), "`{file}` is not an object");
    Ok(())
}

fn parse_ignored(file: &str) -> Result<()> {
    Ok(serde_json::from_slice::<IgnoredAny>(&fs::read(file)?).map(drop)?)
}

/// One line of the table: what runs, and how it is called.
#[derive(Debug)]
struct Subject {
    name: &'static str,
    program: PathBuf,
    arguments: Vec<OsString>,
}

/// Measures every plan and prints a table.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let release = build::run(workspace, build::Profile::Release)?;
    let folder = workspace.target.join("bench");
    fs::create_dir_all(&folder).with_context(|| format!("create `{}`", folder.display()))?;
    let helper = release_xtask(workspace)?;
    println!("changes          size  command                     min    median       max       peak");
    for (changes, runs) in PLANS {
        let plan = folder.join(format!("plan-{changes}.json"));
        let mut out = BufWriter::new(fs::File::create(&plan).with_context(|| format!("create `{}`", plan.display()))?);
        plan_gen::write_plan(&mut out, changes, SEED).with_context(|| format!("write `{}`", plan.display()))?;
        let kilobytes = u32::try_from(fs::metadata(&plan)?.len() / 1_000).context("a plan beyond 4 TB")?;
        verdict_is_right(&release.nhi, &plan, changes)?;
        let subjects = subjects(&release.nhi, &helper, &plan);
        let mut samples = vec![Vec::new(); subjects.len()];
        // Taking turns spreads what else the machine does over all of them.
        for _ in 0..runs {
            for (subject, samples) in subjects.iter().zip(&mut samples) {
                samples.push(measure(&helper, subject)?);
            }
        }
        for (subject, samples) in subjects.iter().zip(samples) {
            print_line(changes, f64::from(kilobytes) / 1_000.0, subject.name, samples);
        }
    }
    Ok(())
}

fn subjects(nhi: &Path, helper: &Path, plan: &Path) -> [Subject; 3] {
    let plan = || plan.as_os_str().to_owned();
    let parse = |name, word: &str| Subject {
        name,
        program: helper.to_owned(),
        arguments: vec!["bench".into(), word.into(), plan()],
    };
    [
        Subject {
            name: "nhi check",
            program: nhi.to_owned(),
            arguments: vec!["check".into(), plan(), "--format".into(), "json".into()],
        },
        parse("serde_json into values", PARSE_VALUE),
        parse("serde_json, ignoring", PARSE_IGNORED),
    ]
}

fn print_line(changes: usize, megabytes: f64, name: &str, mut samples: Vec<Sample>) {
    samples.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
    let at = |index: usize| samples.get(index).map_or(f64::NAN, |sample| sample.seconds);
    let (least, median, most) = (at(0), at(samples.len() / 2), at(samples.len().saturating_sub(1)));
    let peak = samples.iter().map(|sample| sample.peak_mebibytes).fold(0.0, f64::max);
    println!(
        "{changes:<9} {megabytes:>8.1} MB  {name:<22} {least:>6.3} s  {median:>6.3} s  {most:>6.3} s {peak:>6.0} MiB"
    );
}

/// A fast answer that is wrong is no answer: every planted policy must be found.
fn verdict_is_right(nhi: &Path, plan: &Path, changes: usize) -> Result<()> {
    let output = Command::new(nhi)
        .arg("check")
        .arg(plan)
        .args(["--format", "json"])
        .output()?;
    let report: Value = serde_json::from_slice(&output.stdout).with_context(|| {
        let said = String::from_utf8_lossy(&output.stderr);
        format!("read the report of `{}`: {said}", plan.display())
    })?;
    let findings = report.get("findings").and_then(Value::as_array);
    let broken = |finding: &&Value| finding.get("code").and_then(Value::as_str) == Some(PLANTED_RULE);
    let found = findings.into_iter().flatten().filter(broken).count();
    let planted = plan_gen::planted(changes);
    ensure!(
        found == planted,
        "{found} of {planted} planted policies found in `{}`",
        plan.display()
    );
    Ok(())
}

/// The release build of this program: parsing in a debug build would flatter everything beside it.
fn release_xtask(workspace: &Workspace) -> Result<PathBuf> {
    Run::cargo()
        .args(["build", "--quiet", "--release", "--package", "xtask"])
        .directory(&workspace.root)
        .announced()?;
    let name = format!("xtask{}", std::env::consts::EXE_SUFFIX);
    Ok(workspace.target.join("release").join(name))
}

/// One run of one command.
#[derive(Debug, Clone, Copy)]
struct Sample {
    seconds: f64,
    peak_mebibytes: f64,
}

fn measure(helper: &Path, subject: &Subject) -> Result<Sample> {
    let output = Command::new(helper)
        .args(["bench", MEASURE])
        .arg(&subject.program)
        .args(&subject.arguments)
        .output()?;
    let failure = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "measuring `{}` failed: {failure}",
        subject.name
    );
    let said: Value = serde_json::from_slice(&output.stdout)?;
    let number = |key: &str| said.get(key).and_then(Value::as_f64);
    match (number("seconds"), number("peak_kibibytes")) {
        (Some(seconds), Some(kibibytes)) => Ok(Sample {
            seconds,
            peak_mebibytes: kibibytes / 1024.0,
        }),
        _ => bail!("measuring said `{said}`"),
    }
}

/// Runs one child and says how long it took and how much memory it held at most.
fn measure_here(program: &str, arguments: &[&str]) -> Result<()> {
    let start = Instant::now();
    let status = Command::new(program)
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?;
    let seconds = start.elapsed().as_secs_f64();
    // 1 says that there are findings; the plans hold some.
    ensure!(matches!(status.code(), Some(0 | 1)), "`{program}` ended with {status}");
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).context("ask the system for the peak memory")?;
    println!("{}", json!({"seconds": seconds, "peak_kibibytes": usage.max_rss()}));
    Ok(())
}
