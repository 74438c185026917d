//! Measures what the product promises about speed: checking plans, with modules of one's own, starting the provider,
//! many identities in a plan, and commands over many on record.
//!
//! Everything is measured as a whole process from outside, one child after the other in the same run, because a time
//! alone says little on a machine that others share: each figure has a yardstick beside it.

mod commands;
mod identities;
mod measure;
mod modules;
mod peers;
mod place;
mod plans;
mod start;
mod table;

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use crate::build;
use crate::shell::{Run, Workspace};
use measure::Bench;
use peers::Peers;

/// The calls that `cargo xtask bench` makes of itself; `None` for anything else.
pub(crate) fn internal(words: &[&str]) -> Option<Result<()>> {
    measure::internal(words)
        .or_else(|| plans::internal(words))
        .or_else(|| identities::internal(words))
}

/// What can be measured by itself; without a word all of it is.
const PARTS: [&str; 5] = ["commands", "identities", "modules", "plans", "start"];

/// What can be said of the identities beside their number.
const OPTIONS: [&str; 6] = [
    "core=",
    "minutes=",
    "operations=",
    "parallelism=",
    "programs=",
    "registry=",
];

/// Measures the parts that are named, or all, and prints tables as they stand in `docs/benchmarks.md`.
///
/// Words after `identities` are its own: numbers of identities, `parallelism=N`, `core=NAME`, `registry=NAME`,
/// `minutes=N`, `operations=N` to measure the first of them alone, and `programs=FOLDER` to measure the provider in a
/// folder, such as that of an older version, instead of building it; `commands` takes numbers and `programs=`, `modules`
/// the latter.
pub(crate) fn run(workspace: &Workspace, words: &[&str]) -> Result<()> {
    let (parts, options): (Vec<&str>, Vec<&str>) = words.iter().partition(|word| PARTS.contains(word));
    let is_option = |word: &&str| word.parse::<usize>().is_ok() || OPTIONS.iter().any(|key| word.starts_with(key));
    let takes_options = parts.contains(&"identities") || parts == ["modules"] || parts == ["commands"];
    if let Some(word) = options.iter().find(|word| !is_option(word) || !takes_options) {
        bail!("`{word}` is no part of the bench: {}", PARTS.join(", "));
    }
    let is_asked = |part: &str| parts.is_empty() || parts.contains(&part);
    let folder = workspace.target.join("bench");
    if is_asked("plans") {
        let release = build::run(workspace, build::Profile::Release)?;
        let helper = release_xtask(workspace)?;
        let bench = Bench {
            folder: folder.clone(),
            helper,
        };
        plans::run(&bench, &release.nhi, &Peers::find(workspace)?)?;
    }
    // Where nothing is parsed, this program measures as well in whatever form it is.
    let helper = std::env::current_exe().context("find this program")?;
    let bench = Bench { folder, helper };
    let given = options.iter().find_map(|word| word.strip_prefix("programs="));
    if is_asked("modules") || is_asked("commands") {
        let nhi = match given {
            Some(folder) => PathBuf::from(folder).join(format!("nhi{}", std::env::consts::EXE_SUFFIX)),
            None => build::run(workspace, build::Profile::Release)?.nhi,
        };
        if is_asked("modules") {
            modules::run(workspace, &bench, &nhi)?;
        }
        if is_asked("commands") {
            commands::run(workspace, &bench, &nhi, &options)?;
        }
    }
    if given.is_none() && (is_asked("identities") || is_asked("start")) {
        build::programs(workspace, build::Profile::Release, &["terraform-provider-nhi"])?;
    }
    let programs = given.map_or_else(|| workspace.target.join("release"), PathBuf::from);
    if is_asked("start") {
        start::run(workspace, &bench, &programs)?;
    }
    if is_asked("identities") {
        identities::run(workspace, &bench.helper, &programs, &options)?;
    }
    Ok(())
}

/// The release build of this program: parsing in a debug build would flatter everything beside it.
fn release_xtask(workspace: &Workspace) -> Result<std::path::PathBuf> {
    Run::cargo()
        .args(["build", "--quiet", "--release", "--package", "xtask"])
        .directory(&workspace.root)
        .announced()?;
    let name = format!("xtask{}", std::env::consts::EXE_SUFFIX);
    Ok(workspace.target.join("release").join(name))
}
