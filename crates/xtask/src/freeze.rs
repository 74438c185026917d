//! Freezes the contract's version: builds the modules that the host has to run for ever from then on.
//!
//! A version that is frozen is never built again: its fixtures are what was out there, not what the source says today.

use std::fs;

use anyhow::{Context as _, Result, bail};

use crate::build;
use crate::shell::Workspace;

/// The package's line in the contract's text.
const PACKAGE: &str = "package nhi:policy@";
/// The text that is frozen.
const TEXT: &str = "wit/v1/policy.wit";
/// Where the fixtures stand, a folder for each version.
const FIXTURES: &str = "crates/policy-host/tests/contract";
/// A guest of `crates/policy-sdk/tests/guests`, and what its fixture is called.
const GUESTS: [(&str, &str); 2] = [("echo_lines", "lines"), ("echo_records", "records")];

pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let text = fs::read_to_string(workspace.root.join(TEXT)).with_context(|| format!("read `{TEXT}`"))?;
    let version = text
        .lines()
        .find_map(|line| line.strip_prefix(PACKAGE)?.strip_suffix(';'))
        .with_context(|| format!("`{TEXT}` has no line `{PACKAGE}…;`"))?;
    let folder = workspace.root.join(FIXTURES).join(version);
    if folder.exists() {
        bail!("version {version} is frozen: `{}` is there already", folder.display());
    }
    let modules = workspace.target.join("debug");
    let examples = build::small_guests(workspace, &modules)?;
    fs::create_dir_all(&folder).with_context(|| format!("make `{}`", folder.display()))?;
    for (guest, name) in GUESTS {
        build::encode(
            &examples.join(guest).with_extension("wasm"),
            &folder.join(name).with_extension("wasm"),
        )?;
    }
    println!("{}", folder.display());
    Ok(())
}
