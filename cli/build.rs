//! Puts the compiled built-in analyzer where `src/builtin.rs` embeds it.
//!
//! The component is compiled by `nhi-precompile` beforehand, so that `nhi` starts without a compiler run.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const VARIABLE: &str = "NHI_ANALYZER_CWASM";
const BESIDE_WORKSPACE: &str = "target/analyzer/nhi-analyzer.cwasm";

fn main() -> ExitCode {
    println!("cargo::rerun-if-env-changed={VARIABLE}");
    match embed() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            println!("cargo::error={message}");
            ExitCode::FAILURE
        }
    }
}

fn embed() -> Result<(), String> {
    let source = source()?;
    println!("cargo::rerun-if-changed={}", source.display());
    let target = directory("OUT_DIR")?.join("analyzer.cwasm");
    fs::copy(&source, &target).map_err(|error| {
        format!(
            "the built-in analyzer cannot be read from `{}` ({error}): run `cargo xtask build`",
            source.display()
        )
    })?;
    Ok(())
}

fn source() -> Result<PathBuf, String> {
    if let Some(path) = env::var_os(VARIABLE) {
        return Ok(PathBuf::from(path));
    }
    let manifest = directory("CARGO_MANIFEST_DIR")?;
    let workspace = manifest.parent().unwrap_or(Path::new("."));
    Ok(workspace.join(BESIDE_WORKSPACE))
}

fn directory(variable: &str) -> Result<PathBuf, String> {
    env::var_os(variable)
        .map(PathBuf::from)
        .ok_or_else(|| format!("cargo did not set `{variable}`"))
}
