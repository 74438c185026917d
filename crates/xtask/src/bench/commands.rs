//! What commands take that look at every identity on record, on both kinds of registry.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::measure::{Bench, Subject};
use super::place::Place;
use super::table;
use crate::shell::{Run, Workspace};

/// How many identities are on record, unless the call names other numbers.
const NUMBERS: [usize; 2] = [10_000, 100_000];
const RUNS: usize = 3;
/// What is measured; nothing of it changes anything, since nothing is due.
const COMMANDS: [&[&str]; 6] = [
    &["identities", "--format", "json"],
    &["identities", "--format", "json", "--status", "expiring"],
    &["audit", "verify"],
    &["sweep"],
    &[
        "kill",
        "--selector",
        "owner=team:orders-7",
        "--reason",
        "drill",
        "--dry-run",
    ],
    &["report"],
];

/// Measures, with the `nhi` at hand.
pub(super) fn run(workspace: &Workspace, bench: &Bench, nhi: &Path, words: &[&str]) -> Result<()> {
    let folder = tempfile::tempdir().context("make a directory for the registries")?;
    let places = Place::all(&folder.path().join("postgres"));
    let fill = filler(workspace)?;
    let mut numbers: Vec<usize> = words.iter().filter_map(|word| word.parse().ok()).collect();
    if numbers.is_empty() {
        numbers = NUMBERS.to_vec();
    }
    table::head(&[
        "command",
        "identities",
        "registry",
        "runs",
        "min",
        "median",
        "max",
        "processor",
        "peak memory",
    ]);
    for number in numbers {
        for place in &places {
            let registry = place.registry(folder.path(), &format!("bench{number}"))?;
            eprintln!("creating {number} identities on {}", place.name());
            Run::new(&fill).arg(&registry).arg(number.to_string()).output()?;
            let subjects = COMMANDS.map(|words| subject(nhi, words, &registry, folder.path()));
            for (subject, summary) in subjects.iter().zip(bench.compare(&subjects, RUNS)?) {
                let mut cells = vec![
                    subject.name.clone(),
                    table::thousands(number),
                    place.name().to_owned(),
                    RUNS.to_string(),
                ];
                cells.extend(table::times(&summary));
                cells.push(format!("{:.2} s", summary.processor));
                cells.push(format!("{:.0} MiB", summary.peak_mebibytes));
                table::row(&cells);
            }
        }
    }
    Ok(())
}

/// A command on a registry. What a page is written to is nowhere.
fn subject(nhi: &Path, words: &[&str], registry: &str, folder: &Path) -> Subject {
    Subject::new(format!("`nhi {}`", words.join(" ")), nhi)
        .arguments(words.iter().map(AsRef::as_ref))
        .environment("NHI_REGISTRY", registry)
        .environment("XDG_STATE_HOME", folder)
}

/// The program that fills a registry.
fn filler(workspace: &Workspace) -> Result<PathBuf> {
    Run::cargo()
        .args([
            "build",
            "--quiet",
            "--release",
            "--package=nhi-registry",
            "--example=fill",
        ])
        .directory(&workspace.root)
        .announced()?;
    Ok(workspace
        .target
        .join("release/examples")
        .join(format!("fill{}", std::env::consts::EXE_SUFFIX)))
}
