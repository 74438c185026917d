//! Runs programs in turn and says how long they took and how much memory they held at most.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};
use nix::sys::resource::{UsageWho, getrusage};
use serde_json::{Value, json};

/// First word of the internal call that measures one child: peak memory is kept for all children of a process, so
/// each measurement gets a process of its own.
const MEASURE: &str = "--measure";

pub(super) fn internal(words: &[&str]) -> Option<Result<()>> {
    match words {
        ["bench", MEASURE, program, arguments @ ..] => Some(measure_here(program, arguments)),
        _ => None,
    }
}

/// Where files go, and the program that measures.
#[derive(Debug)]
pub(super) struct Bench {
    pub(super) folder: PathBuf,
    pub(super) helper: PathBuf,
}

/// What runs, and how it is called.
#[derive(Debug)]
pub(super) struct Subject {
    pub(super) name: String,
    program: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
}

impl Subject {
    pub(super) fn new(name: impl Into<String>, program: &Path) -> Self {
        Self {
            name: name.into(),
            program: program.to_owned(),
            arguments: Vec::new(),
            environment: Vec::new(),
        }
    }

    pub(super) fn arguments<'a>(mut self, arguments: impl IntoIterator<Item = &'a OsStr>) -> Self {
        self.arguments.extend(arguments.into_iter().map(OsStr::to_owned));
        self
    }

    /// The command itself, for its answer.
    pub(super) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    pub(super) fn environment(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.environment.push((name.into(), value.as_ref().to_owned()));
        self
    }
}

/// The runs of one subject, in seconds of wall time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Summary {
    pub(super) least: f64,
    pub(super) median: f64,
    pub(super) most: f64,
    /// Seconds of all processors, at the median: it says more than the time where others use the machine as well.
    pub(super) processor: f64,
    pub(super) peak_mebibytes: f64,
}

impl Bench {
    /// Measures all subjects `runs` times. Taking turns spreads what else the machine does over all of them.
    pub(super) fn compare(&self, subjects: &[Subject], runs: usize) -> Result<Vec<Summary>> {
        let mut samples = vec![Vec::new(); subjects.len()];
        for _ in 0..runs {
            for (subject, samples) in subjects.iter().zip(&mut samples) {
                samples.push(self.measure(subject)?);
            }
        }
        Ok(samples.into_iter().map(summarise).collect())
    }

    fn measure(&self, subject: &Subject) -> Result<Sample> {
        let output = Command::new(&self.helper)
            .args(["bench", MEASURE])
            .arg(&subject.program)
            .args(&subject.arguments)
            .envs(subject.environment.iter().map(|(name, value)| (name, value)))
            .output()?;
        let failure = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.success(),
            "measuring `{}` failed: {failure}",
            subject.name
        );
        let said: Value = serde_json::from_slice(&output.stdout)?;
        let number = |key: &str| said.get(key).and_then(Value::as_f64);
        match (number("seconds"), number("processor"), number("peak_kibibytes")) {
            (Some(seconds), Some(processor), Some(kibibytes)) => Ok(Sample {
                seconds,
                processor,
                peak_mebibytes: kibibytes / 1024.0,
            }),
            _ => bail!("measuring said `{said}`"),
        }
    }
}

/// One run of one command.
#[derive(Debug, Clone, Copy)]
struct Sample {
    seconds: f64,
    processor: f64,
    peak_mebibytes: f64,
}

fn summarise(mut samples: Vec<Sample>) -> Summary {
    samples.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
    let mut processor: Vec<f64> = samples.iter().map(|sample| sample.processor).collect();
    processor.sort_by(f64::total_cmp);
    let at = |index: usize| samples.get(index).map_or(f64::NAN, |sample| sample.seconds);
    Summary {
        least: at(0),
        median: at(samples.len() / 2),
        most: at(samples.len().saturating_sub(1)),
        processor: processor.get(processor.len() / 2).copied().unwrap_or(f64::NAN),
        peak_mebibytes: samples.iter().map(|sample| sample.peak_mebibytes).fold(0.0, f64::max),
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
    let spent = [usage.user_time(), usage.system_time()];
    #[expect(clippy::cast_precision_loss, reason = "microseconds of a run")]
    let processor: f64 = spent
        .iter()
        .map(|time| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6)
        .sum();
    let peak = usage.max_rss();
    println!(
        "{}",
        json!({"seconds": seconds, "processor": processor, "peak_kibibytes": peak})
    );
    Ok(())
}
