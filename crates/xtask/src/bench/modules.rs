//! Twenty modules of an organisation's own beside the built-in analyzer, and the same twenty rules in Rego beside it.
//!
//! One guest is compiled; each module is its bytes with another number written into them, so that twenty components are
//! compiled, cached, loaded and run, as twenty teams would have them.

mod languages;
mod wrong;

use std::collections::BTreeSet;
use std::fs;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use serde_json::Value;

use super::measure::{Bench, Subject, Summary};
use super::peers::Peers;
use super::table;
use crate::plan_gen::Shape;
use crate::shell::Workspace;
use crate::{build, plan_gen};

/// Modules, each with one rule.
const MODULES: usize = 20;
/// Resource changes of the plan, and how often ours and the peers' run is taken.
const CHANGES: usize = 100_000;
const RUNS: usize = 5;
const PEER_RUNS: usize = 1;
const START_RUNS: usize = 21;
/// The plan is the same on every machine.
const SEED: u64 = 1;
/// What the guest's bytes hold once, before its number.
const MARK: &[u8] = b"nhi-bench-module-number:";

/// Measures, with the `nhi` at hand.
pub(super) fn run(workspace: &Workspace, bench: &Bench, nhi: &Path) -> Result<()> {
    let folder = bench.folder.join("modules");
    let guest = build::bench_guest(workspace)?;
    let narrow = modules(&guest, &folder.join("narrow"), b"0")?;
    let wide = modules(&guest, &folder.join("wide"), b"1")?;
    let peers = Peers::find_conftest(workspace)?;
    let here = Here {
        nhi,
        cache: folder.join("cache"),
        peers: &peers,
    };
    let wrong = folder.join("wrong.json");
    fs::write(&wrong, wrong::plan())?;
    for modules in [&narrow, &wide] {
        let found = here.verdicts_agree(&wrong, modules)?;
        ensure!(found == MODULES, "{found} of {MODULES} rules are at work");
    }
    let plan = generated(&bench.folder.join(format!("plan-{CHANGES}.json")), false)?;
    let found = here.verdicts_agree(&plan, &narrow)?;
    ensure!(
        found == plan_gen::planted(CHANGES),
        "{found} findings on the generated plan"
    );

    table::head(&[
        "changes",
        "command",
        "runs",
        "min",
        "median",
        "max",
        "processor",
        "peak memory",
    ]);
    let subjects = [
        here.check("`nhi check`", &plan, &[]),
        here.check("… and 20 modules, each for one type", &plan, &narrow),
        here.check("… and 20 modules, each for all types", &plan, &wide),
    ];
    rows(bench, CHANGES, &subjects, RUNS)?;
    rows(bench, CHANGES, &peers.twenty(&plan), PEER_RUNS)?;
    let rare = generated(&bench.folder.join(format!("plan-{CHANGES}-rare.json")), true)?;
    rows(
        bench,
        CHANGES,
        &here.languages(workspace, &rare, &folder.join("languages"))?,
        RUNS,
    )?;
    let one = narrow.get(..1).unwrap_or_default();
    let subjects = [
        here.check("`nhi check`", &wrong, &[]),
        here.check("… and a cached module", &wrong, one),
        here.check("… and 20 cached modules", &wrong, &narrow),
    ];
    rows(bench, MODULES, &subjects, START_RUNS)
}

/// Writes a plan to `path`, which it returns.
fn generated(path: &Path, has_rare: bool) -> Result<PathBuf> {
    let mut out = BufWriter::new(fs::File::create(path).with_context(|| format!("create `{}`", path.display()))?);
    let shape = Shape {
        changes: CHANGES,
        seed: SEED,
        has_rare,
    };
    plan_gen::write_plan(&mut out, shape)?;
    Ok(path.to_owned())
}

fn rows(bench: &Bench, changes: usize, subjects: &[Subject], runs: usize) -> Result<()> {
    for (subject, summary) in subjects.iter().zip(bench.compare(subjects, runs)?) {
        table::row(&row(changes, &subject.name, runs, &summary));
    }
    Ok(())
}

fn row(changes: usize, name: &str, runs: usize, summary: &Summary) -> Vec<String> {
    let mut cells = vec![table::thousands(changes), name.to_owned(), runs.to_string()];
    cells.extend(table::times(summary));
    cells.push(format!("{:.3} s", summary.processor));
    cells.push(format!("{:.0} MiB", summary.peak_mebibytes));
    cells
}

/// The twenty components, in `folder`.
fn modules(guest: &[u8], folder: &Path, breadth: &[u8]) -> Result<Vec<PathBuf>> {
    fs::create_dir_all(folder).with_context(|| format!("create `{}`", folder.display()))?;
    let mut places = guest
        .windows(MARK.len())
        .enumerate()
        .filter(|(_, bytes)| *bytes == MARK);
    let (place, _) = places.next().context("the guest has no place for its number")?;
    ensure!(
        places.next().is_none(),
        "the guest has more than one place for its number"
    );
    let (before, rest) = guest.split_at(place + MARK.len());
    let after = rest.get(b"00:0".len()..).context("the guest ends within its number")?;
    (1..=MODULES)
        .map(|number| {
            let number = format!("{number:02}");
            let path = folder.join(format!("bench-{number}.wasm"));
            fs::write(&path, [before, number.as_bytes(), b":", breadth, after].concat())?;
            Ok(path)
        })
        .collect()
}

/// What runs.
struct Here<'h> {
    nhi: &'h Path,
    cache: PathBuf,
    peers: &'h Peers,
}

impl Here<'_> {
    fn check(&self, name: &str, plan: &Path, modules: &[PathBuf]) -> Subject {
        let with = modules
            .iter()
            .flat_map(|module| ["--module".as_ref(), module.as_os_str()]);
        let arguments = ["check".as_ref(), plan.as_os_str(), "--format".as_ref(), "json".as_ref()];
        Subject::new(name, self.nhi)
            .arguments(arguments.into_iter().chain(with))
            .environment("NHI_CACHE_DIR", &self.cache)
    }

    /// `nhi check` by itself, and with one module of each language that brings an interpreter, which finds what is
    /// planted.
    fn languages(&self, workspace: &Workspace, plan: &Path, folder: &Path) -> Result<Vec<Subject>> {
        let mut subjects = vec![self.check("`nhi check`, another plan", plan, &[])];
        for module in languages::build(workspace, self.nhi, folder)? {
            let component = [module.component];
            let found = self
                .findings(plan, &component)?
                .into_iter()
                .filter(|finding| !finding.code.starts_with("NHI"))
                .count();
            let planted = plan_gen::planted(CHANGES);
            ensure!(found == planted, "{found} of {planted} findings in {}", module.language);
            let name = format!("… and a module in {}, for 1 % of it", module.language);
            subjects.push(self.check(&name, plan, &component));
        }
        Ok(subjects)
    }

    /// How many findings the modules make, which are the very ones of conftest, where it is at hand. Fills the cache.
    fn verdicts_agree(&self, plan: &Path, modules: &[PathBuf]) -> Result<usize> {
        let findings = self.findings(plan, modules)?.into_iter();
        let ours = findings.filter(|finding| finding.code.starts_with("BENCH-"));
        let ours: BTreeSet<String> = ours.map(|finding| finding.message).collect();
        for subject in self.peers.twenty(plan) {
            let theirs = messages(&subject)?;
            let differ: Vec<_> = ours.symmetric_difference(&theirs).take(5).collect();
            ensure!(
                differ.is_empty(),
                "ours and those of {} differ: {differ:?}",
                subject.name
            );
        }
        Ok(ours.len())
    }

    /// What is found, by the built-in rules as well. Fills the cache.
    fn findings(&self, plan: &Path, modules: &[PathBuf]) -> Result<Vec<Finding>> {
        let output = self.check("`nhi check`", plan, modules).command().output()?;
        let report: Report = serde_json::from_slice(&output.stdout).with_context(|| {
            let said = String::from_utf8_lossy(&output.stderr);
            format!("read the report of `{}`: {said}", plan.display())
        })?;
        ensure!(report.verdict != "undecided", "undecided: {:?}", report.findings);
        Ok(report.findings)
    }
}

/// What a check reports.
#[derive(Debug, Deserialize)]
struct Report {
    verdict: String,
    findings: Vec<Finding>,
}

#[derive(Debug, Deserialize)]
struct Finding {
    code: String,
    message: String,
}

/// What conftest finds.
fn messages(subject: &Subject) -> Result<BTreeSet<String>> {
    let output = subject.command().output()?;
    let report: Value = serde_json::from_slice(&output.stdout).with_context(|| {
        let said = String::from_utf8_lossy(&output.stderr);
        format!("read the report of {}: {said}", subject.name)
    })?;
    let files = report.as_array().into_iter().flatten();
    let failures = files.flat_map(|file| file["failures"].as_array().into_iter().flatten());
    Ok(failures
        .filter_map(|failure| Some(failure["msg"].as_str()?.to_owned()))
        .collect())
}

#[test]
fn each_module_is_the_guest_with_another_number() {
    let folder = tempfile::tempdir().unwrap();
    let guest = b"...nhi-bench-module-number:00:0...";
    let made = modules(guest, folder.path(), b"1").unwrap();
    let contents: BTreeSet<_> = made.iter().map(|path| fs::read(path).unwrap()).collect();
    assert_eq!(contents.len(), MODULES);
    assert!(contents.contains(&b"...nhi-bench-module-number:07:1..."[..]));
    for wrong in [&b"no mark"[..], b"nhi-bench-module-number:", &guest.repeat(2)] {
        assert!(modules(wrong, folder.path(), b"0").is_err());
    }
}
