//! `nhi check` on generated plans: size, wall time, peak memory, and beside it what merely parsing costs.

use std::fs;
use std::io::BufWriter;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde::de::IgnoredAny;
use serde_json::Value;

use super::measure::{Bench, Subject, Summary};
use crate::plan_gen;

/// Plans to measure: resource changes, and how many runs to take the median of.
const PLANS: [(usize, usize); 2] = [(1_000, 9), (100_000, 3)];
/// The plans are the same on every machine.
const SEED: u64 = 1;
/// The rule that the planted policies break.
const PLANTED_RULE: &str = "NHI001";
/// First words of the internal calls that parse a file and do nothing with it.
const PARSE_VALUE: &str = "--parse-value";
const PARSE_IGNORED: &str = "--parse-ignored";

pub(super) fn internal(words: &[&str]) -> Option<Result<()>> {
    match words {
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

/// Measures every plan and prints a table.
pub(super) fn run(bench: &Bench, nhi: &Path) -> Result<()> {
    fs::create_dir_all(&bench.folder).with_context(|| format!("create `{}`", bench.folder.display()))?;
    println!("changes          size  command                     min    median       max       peak");
    for (changes, runs) in PLANS {
        let plan = bench.folder.join(format!("plan-{changes}.json"));
        let mut out = BufWriter::new(fs::File::create(&plan).with_context(|| format!("create `{}`", plan.display()))?);
        plan_gen::write_plan(&mut out, changes, SEED).with_context(|| format!("write `{}`", plan.display()))?;
        let kilobytes = u32::try_from(fs::metadata(&plan)?.len() / 1_000).context("a plan beyond 4 TB")?;
        verdict_is_right(nhi, &plan, changes)?;
        let subjects = subjects(nhi, &bench.helper, &plan);
        for (subject, summary) in subjects.iter().zip(bench.compare(&subjects, runs)?) {
            print_line(changes, f64::from(kilobytes) / 1_000.0, &subject.name, &summary);
        }
    }
    Ok(())
}

fn subjects(nhi: &Path, helper: &Path, plan: &Path) -> [Subject; 3] {
    let plan = plan.as_os_str();
    let parse = |name, word: &str| Subject::new(name, helper).arguments(["bench".as_ref(), word.as_ref(), plan]);
    [
        Subject::new("nhi check", nhi).arguments(["check".as_ref(), plan, "--format".as_ref(), "json".as_ref()]),
        parse("serde_json into values", PARSE_VALUE),
        parse("serde_json, ignoring", PARSE_IGNORED),
    ]
}

fn print_line(changes: usize, megabytes: f64, name: &str, summary: &Summary) {
    let Summary {
        least,
        median,
        most,
        peak_mebibytes,
    } = summary;
    println!(
        "{changes:<9} {megabytes:>8.1} MB  {name:<22} {least:>6.3} s  {median:>6.3} s  {most:>6.3} s {peak_mebibytes:>6.0} MiB"
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
