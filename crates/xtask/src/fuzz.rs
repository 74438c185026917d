//! Runs the fuzz targets: first with a planted defect that each has to find, then for real.
//!
//! `fuzz/` is a workspace of its own. Stable rustc can instrument code for libFuzzer, so nothing but Rust and a C++
//! compiler is needed. A failing input stays in `target/fuzz/failures`.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, anyhow, bail};

use crate::shell::{Run, Workspace, cargo, on_path};

/// How long each target runs.
const SECONDS_DEFAULT: u64 = 30;
/// How many inputs a target may try until it has found its planted defect: a number of inputs and not of seconds, so
/// that a busy machine finds what an idle one does.
const CASES_PLANTED: u64 = 2_000_000;
/// A target that has not tried so many by then is stuck.
const SECONDS_PLANTED_MAX: u64 = 1_800;
/// Longer inputs find little and take long.
const INPUT_BYTES_MAX: u32 = 16 << 10;
/// One input that takes longer is a failure.
const INPUT_SECONDS_MAX: u32 = 20;
const MEMORY_MIB_MAX: u32 = 2_048;

/// What libFuzzer needs to see: which edges were taken, what was compared with what, and how deep the stack was.
const COVERAGE: &str = "-Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares \
    -Cllvm-args=-sanitizer-coverage-stack-depth";

/// A target, and what the repository has for it to begin with besides `fuzz/seeds/<target>`.
const TARGETS: [(&str, &[&str]); 7] = [
    ("adopt_state", &["tests/adopt/state.json"]),
    ("hcl", &[]),
    (
        "plan_json",
        &["tests/plans/lifecycle/state.json", "tests/plans/smallest/plan.json"],
    ),
    ("plan_zip", &[]),
    ("policy", &[]),
    ("policy_file", &["examples/policy-file/nhi.hcl"]),
    ("secrets", &[]),
];

/// What one run of a target did.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    cases: u64,
    failed: bool,
}

/// `arguments` are the seconds for each target and the seed, both with a default, and the targets; none are all.
pub(crate) fn run(workspace: &Workspace, arguments: &[&str]) -> Result<()> {
    let number = |at: usize| arguments.get(at).map(|text| text.parse::<u64>()).transpose();
    let seconds = number(0).context("SECONDS is a number")?.unwrap_or(SECONDS_DEFAULT);
    let seed = match number(1).context("SEED is a number")? {
        Some(seed) => seed,
        None => SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs(),
    };
    let targets = chosen(arguments.get(2..).unwrap_or_default())?;
    // libFuzzer takes 32 bits, and 0 for "choose one".
    let seed = (seed % u64::from(u32::MAX)).max(1);
    let place = workspace.target.join("fuzz");
    let mut complaints = Vec::new();
    let programs = build(workspace, &place, &targets, true)?;
    for (target, seeds) in &targets {
        let seeds = prepare(workspace, &place, target, seeds)?;
        let harmless = fuzz(&programs, &place, target, &seeds, &["-runs=0".to_owned()])?;
        let mut limits = limits(SECONDS_PLANTED_MAX, seed);
        limits.push(format!("-runs={CASES_PLANTED}"));
        let found = fuzz(&programs, &place, target, &seeds, &limits)?;
        println!("{target} with a planted defect: {}", line(&found, seed));
        if harmless.failed {
            complaints.push(format!(
                "{target}: a seed runs into the planted defect, so nothing is searched for"
            ));
        } else if !found.failed {
            complaints.push(format!(
                "{target}: the planted defect was not found among {} inputs",
                found.cases
            ));
        }
    }
    let programs = build(workspace, &place, &targets, false)?;
    for (target, seeds) in &targets {
        let seeds = prepare(workspace, &place, target, seeds)?;
        let outcome = fuzz(&programs, &place, target, &seeds, &limits(seconds, seed))?;
        println!("{target}: {}", line(&outcome, seed));
        if outcome.failed {
            let log = log(&place, target);
            complaints.push(format!("{target}: `{}` ends with the input that failed", log.display()));
        }
    }
    if complaints.is_empty() {
        return Ok(());
    }
    bail!("{}", complaints.join("\n"))
}

fn line(outcome: &Outcome, seed: u64) -> String {
    let failures = u8::from(outcome.failed);
    format!("{} cases, {failures} failures, seed {seed}", outcome.cases)
}

fn limits(seconds: u64, seed: u64) -> Vec<String> {
    vec![format!("-max_total_time={seconds}"), format!("-seed={seed}")]
}

/// The targets of these names; all where there are none.
fn chosen(names: &[&str]) -> Result<Vec<(&'static str, &'static [&'static str])>> {
    if names.is_empty() {
        return Ok(TARGETS.to_vec());
    }
    names
        .iter()
        .map(|name| {
            let found = TARGETS.iter().find(|(target, _)| target == name);
            found.copied().ok_or_else(|| {
                let known: Vec<_> = TARGETS.iter().map(|(target, _)| *target).collect();
                anyhow!("`{name}` is not a fuzz target: there are {}", known.join(", "))
            })
        })
        .collect()
}

/// Builds the targets and returns the folder of the programs.
fn build(workspace: &Workspace, place: &Path, targets: &[(&str, &[&str])], planted: bool) -> Result<PathBuf> {
    let host = host()?;
    let mut build = nice(cargo())
        .without_cargo_variables()
        // With `--target` build scripts and macros are left as they are.
        .args(["build", "--release", "--target", &host])
        .arg("--manifest-path")
        .arg(workspace.root.join("fuzz").join("Cargo.toml"))
        .arg("--target-dir")
        .arg(place)
        .env("RUSTFLAGS", COVERAGE);
    for (target, _) in targets {
        build = build.args(["--bin", target]);
    }
    if planted {
        build = build.args(["--features", "planted"]);
    }
    build.announced()?;
    Ok(place.join(host).join("release"))
}

/// What rustc calls the system that it runs on.
fn host() -> Result<String> {
    let output = Run::new("rustc").arg("-vV").output()?;
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .map(str::to_owned)
        .ok_or_else(|| anyhow!("rustc does not name its host"))
}

/// The program at the lowest priority, where that can be asked for.
fn nice(program: impl AsRef<std::ffi::OsStr>) -> Run {
    if on_path("nice").is_some() {
        Run::new("nice").arg("-n19").arg(program)
    } else {
        Run::new(program)
    }
}

/// Copies what a target begins with into a folder that nothing else writes to, and empties that of its last run.
fn prepare(workspace: &Workspace, place: &Path, target: &str, more: &[&str]) -> Result<PathBuf> {
    let seeds = place.join("seeds").join(target);
    // A failure of the run before is either repaired or will be found again.
    for folder in [
        &seeds,
        &place.join("corpus").join(target),
        &place.join("failures").join(target),
    ] {
        if folder.exists() {
            fs::remove_dir_all(folder).with_context(|| format!("empty `{}`", folder.display()))?;
        }
        fs::create_dir_all(folder).with_context(|| format!("make `{}`", folder.display()))?;
    }
    let own = workspace.root.join("fuzz/seeds").join(target);
    let listing = fs::read_dir(&own).with_context(|| format!("list `{}`", own.display()))?;
    let mut files = listing
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<std::io::Result<Vec<_>>>()?;
    files.extend(more.iter().map(|path| workspace.root.join(path)));
    for (at, file) in files.iter().enumerate() {
        let copy = seeds.join(at.to_string());
        fs::copy(file, copy).with_context(|| format!("copy `{}`", file.display()))?;
    }
    Ok(seeds)
}

fn log(place: &Path, target: &str) -> PathBuf {
    place.join(format!("{target}.log"))
}

/// Runs a target once; what it says goes to its log.
fn fuzz(programs: &Path, place: &Path, target: &str, seeds: &Path, limits: &[String]) -> Result<Outcome> {
    let failures = place.join("failures").join(target).join("");
    let output = nice(programs.join(target))
        .arg(place.join("corpus").join(target))
        .arg(seeds)
        .arg("-print_final_stats=1")
        // Few changes at once: many of them leave nothing well-formed.
        .arg("-mutate_depth=2")
        .arg(format!("-max_len={INPUT_BYTES_MAX}"))
        .arg(format!("-timeout={INPUT_SECONDS_MAX}"))
        .arg(format!("-rss_limit_mb={MEMORY_MIB_MAX}"))
        .arg(format!("-artifact_prefix={}", failures.display()))
        .args(limits)
        .outcome()?;
    let said = String::from_utf8_lossy(&output.stderr);
    let log = log(place, target);
    fs::write(&log, said.as_bytes()).with_context(|| format!("write `{}`", log.display()))?;
    outcome(&said, output.status.success()).with_context(|| format!("`{}` tells why", log.display()))
}

/// Reads what libFuzzer says at its end; a target that ran nothing has not shown anything.
fn outcome(said: &str, success: bool) -> Result<Outcome> {
    let cases = said
        .lines()
        .find_map(|line| line.strip_prefix("stat::number_of_executed_units:"))
        .and_then(|count| count.trim().parse().ok())
        .ok_or_else(|| anyhow!("the target ended without its statistics"))?;
    if cases == 0 {
        bail!("the target ran no case");
    }
    Ok(Outcome {
        cases,
        failed: !success,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_are_read_and_missing_ones_refused() {
        let said = "#2 INITED\nstat::number_of_executed_units: 123\nstat::peak_rss_mb: 40\n";
        let expected = |failed| Outcome { cases: 123, failed };
        assert_eq!(outcome(said, true).unwrap(), expected(false));
        assert_eq!(outcome(said, false).unwrap(), expected(true));
        for nothing in [
            "",
            "stat::number_of_executed_units: 0\n",
            "stat::number_of_executed_units: x\n",
        ] {
            assert!(outcome(nothing, true).is_err(), "{nothing:?}");
        }
    }

    #[test]
    fn targets_are_chosen_by_name() {
        assert_eq!(chosen(&[]).unwrap().len(), TARGETS.len());
        let names: Vec<_> = chosen(&["policy_file", "hcl"])
            .unwrap()
            .iter()
            .map(|(name, _)| *name)
            .collect();
        assert_eq!(names, ["policy_file", "hcl"]);
        assert!(chosen(&["policy-file"]).is_err());
    }

    #[test]
    fn every_target_is_run_and_has_seeds() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let names = |folder: &str| {
            let mut names: Vec<String> = fs::read_dir(root.join(folder))
                .unwrap()
                .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
                .collect();
            names.sort();
            names
        };
        let run: Vec<&str> = TARGETS.iter().map(|(target, _)| *target).collect();
        assert_eq!(names("fuzz/src/bin"), run);
        assert_eq!(names("fuzz/seeds"), run);
        for path in TARGETS.iter().flat_map(|(_, more)| *more) {
            assert!(root.join(path).is_file(), "{path}");
        }
    }
}
