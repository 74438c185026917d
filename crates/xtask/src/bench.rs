//! Measures what the product promises about speed: checking plans, and starting the provider.
//!
//! Everything is measured as a whole process from outside, one child after the other in the same run, because a time
//! alone says little on a machine that others share: each figure has a yardstick beside it.

mod measure;
mod peers;
mod plans;
mod start;
mod table;

use anyhow::{Result, bail};

use crate::build;
use crate::shell::{Run, Workspace};
use measure::Bench;
use peers::Peers;

/// The calls that `cargo xtask bench` makes of itself; `None` for anything else.
pub(crate) fn internal(words: &[&str]) -> Option<Result<()>> {
    measure::internal(words).or_else(|| plans::internal(words))
}

/// The parts that can be measured alone.
const PARTS: [&str; 2] = ["plans", "start"];

/// Measures the parts that are named, or everything, and prints tables as they stand in `docs/benchmarks.md`.
pub(crate) fn run(workspace: &Workspace, parts: &[&str]) -> Result<()> {
    if let Some(unknown) = parts.iter().find(|part| !PARTS.contains(part)) {
        bail!("`{unknown}` is not a part of the bench: name `plans`, `start` or nothing");
    }
    let is_wanted = |part: &str| parts.is_empty() || parts.contains(&part);
    let release = build::run(workspace, build::Profile::Release)?;
    let bench = Bench {
        folder: workspace.target.join("bench"),
        helper: release_xtask(workspace)?,
    };
    if is_wanted("plans") {
        plans::run(&bench, &release.nhi, &Peers::find(workspace)?)?;
    }
    if is_wanted("start") {
        start::run(workspace, &bench, &release.folder)?;
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
