//! `nhi check` on generated plans: size, wall time, peak memory, and beside it what its peers and merely parsing cost.

use std::fs;
use std::io::BufWriter;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde::de::IgnoredAny;
use serde_json::Value;

use super::measure::{Bench, Subject, Summary};
use super::peers::Peers;
use super::table::{self, thousands};
use crate::plan_gen::{self, Shape};
use crate::quality::FUEL_SHARE_MAX;
use crate::quality::judge::fuel_share;

/// Plans to measure: resource changes, how many runs of ours to take the median of, and how many of peers.
const PLANS: [(usize, usize, usize); 2] = [(1_000, 9, 3), (100_000, 5, 1)];
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
pub(super) fn run(bench: &Bench, nhi: &Path, peers: &Peers) -> Result<()> {
    fs::create_dir_all(&bench.folder).with_context(|| format!("create `{}`", bench.folder.display()))?;
    let mut rows = Vec::new();
    for (changes, runs, peer_runs) in PLANS {
        let plan = bench.folder.join(format!("plan-{changes}.json"));
        let mut out = BufWriter::new(fs::File::create(&plan).with_context(|| format!("create `{}`", plan.display()))?);
        let shape = Shape {
            changes,
            seed: SEED,
            has_rare: false,
        };
        plan_gen::write_plan(&mut out, shape).with_context(|| format!("write `{}`", plan.display()))?;
        let kilobytes = u32::try_from(fs::metadata(&plan)?.len() / 1_000).context("a plan beyond 4 TB")?;
        verdict_is_right(nhi, &plan, changes)?;
        let megabytes = f64::from(kilobytes) / 1_000.0;
        for (subjects, runs) in [
            (Vec::from(subjects(nhi, &bench.helper, &plan)), runs),
            (peers.subjects(&plan, changes), peer_runs),
        ] {
            let summaries = bench.compare(&subjects, runs)?;
            let named = subjects.iter().zip(summaries);
            rows.extend(named.map(|(subject, summary)| row(changes, megabytes, &subject.name, runs, &summary)));
        }
    }
    table::head(&[
        "changes",
        "size",
        "command",
        "runs",
        "min",
        "median",
        "max",
        "peak memory",
    ]);
    for row in rows {
        table::row(&row);
    }
    Ok(())
}

fn subjects(nhi: &Path, helper: &Path, plan: &Path) -> [Subject; 3] {
    let plan = plan.as_os_str();
    let parse = |name, word: &str| Subject::new(name, helper).arguments(["bench".as_ref(), word.as_ref(), plan]);
    [
        Subject::new("`nhi check`", nhi).arguments(["check".as_ref(), plan, "--format".as_ref(), "json".as_ref()]),
        parse("serde_json into values", PARSE_VALUE),
        parse("serde_json, ignoring", PARSE_IGNORED),
    ]
}

fn row(changes: usize, megabytes: f64, name: &str, runs: usize, summary: &Summary) -> Vec<String> {
    let mut cells = vec![
        thousands(changes),
        format!("{megabytes:.1} MB"),
        name.to_owned(),
        runs.to_string(),
    ];
    cells.extend(table::times(summary));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole mebibytes of memory"
    )]
    let peak = summary.peak_mebibytes.round() as usize;
    cells.push(format!("{} MiB", thousands(peak)));
    cells
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
    let share = fuel_share(&report).context("the report does not tell the fuel")?;
    println!("{} changes: {:.1} % of the fuel", thousands(changes), share * 100.0);
    ensure!(share <= FUEL_SHARE_MAX, "too much of the fuel is used");
    Ok(())
}
