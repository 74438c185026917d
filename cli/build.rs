//! Puts the compiled built-in analyzer where `src/builtin.rs` embeds it, and the SDK's sources where `module new` does.
//!
//! The component is compiled by `nhi-precompile` beforehand, so that `nhi` starts without a compiler run.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const VARIABLE: &str = "NHI_ANALYZER_CWASM";
const BESIDE_WORKSPACE: &str = "target/analyzer/nhi-analyzer.cwasm";

const REGO_VARIABLE: &str = "NHI_REGO_WASM";
const REGO_BESIDE_WORKSPACE: &str = "target/analyzer/nhi-rego.wasm";

fn main() -> ExitCode {
    println!("cargo::rerun-if-env-changed={VARIABLE}");
    match embed().and_then(|()| guest()).and_then(|()| sources()) {
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

/// The module that policies in Rego are put into: as it was built, not compiled ahead of time.
fn guest() -> Result<(), String> {
    println!("cargo::rerun-if-env-changed={REGO_VARIABLE}");
    let source = match env::var_os(REGO_VARIABLE) {
        Some(path) => PathBuf::from(path),
        None => directory("CARGO_MANIFEST_DIR")?
            .parent()
            .unwrap_or(Path::new("."))
            .join(REGO_BESIDE_WORKSPACE),
    };
    println!("cargo::rerun-if-changed={}", source.display());
    let target = directory("OUT_DIR")?.join("rego.wasm");
    fs::copy(&source, &target).map(drop).map_err(|error| {
        format!(
            "the module for Rego cannot be read from `{}` ({error}): run `cargo xtask build`",
            source.display()
        )
    })
}

/// The SDK of a language.
struct Sdk {
    /// The file with the list.
    list: &'static str,
    /// What a module is built with, in the folders of this repository.
    folders: &'static [&'static str],
    /// What the files' places in a module's `sdk` folder leave out.
    prefix: &'static str,
}

/// The SDKs.
const SDKS: [Sdk; 3] = [
    Sdk {
        list: "sdk.rs",
        folders: &["crates/plan/src", "crates/policy-sdk/src", "wit/v1"],
        prefix: "",
    },
    Sdk {
        list: "sdk_javascript.rs",
        folders: &["sdk/javascript"],
        prefix: "sdk/javascript",
    },
    Sdk {
        list: "sdk_python.rs",
        folders: &["sdk/python"],
        prefix: "sdk/python",
    },
];

/// What is no source: the SDK's own tests, and what an interpreter leaves behind.
const LEFT_OUT: [&str; 2] = ["tests", "__pycache__"];

/// Writes the lists of the SDKs' files, each with its text.
fn sources() -> Result<(), String> {
    SDKS.iter().try_for_each(list)
}

fn list(sdk: &Sdk) -> Result<(), String> {
    let manifest = directory("CARGO_MANIFEST_DIR")?;
    let workspace = manifest.parent().unwrap_or(Path::new("."));
    let mut files = Vec::new();
    for folder in sdk.folders {
        println!("cargo::rerun-if-changed={}", workspace.join(folder).display());
        collect(&workspace.join(folder), &mut files)
            .map_err(|error| format!("the SDK's sources in `{folder}` cannot be read: {error}"))?;
    }
    files.sort();
    let mut list = String::from(
        "/// The SDK's files: their places below the module's `sdk` folder, and their texts.\n\
         static SDK: &[(&str, &str)] = &[\n",
    );
    let root = workspace.join(sdk.prefix);
    for file in &files {
        let name = file.strip_prefix(&root).unwrap_or(file).display();
        let place = file.display().to_string();
        // INVARIANT: writing to a string does not fail.
        let _ = writeln!(list, "    ({:?}, include_str!({place:?})),", name.to_string());
    }
    list.push_str("];\n");
    let target = directory("OUT_DIR")?.join(sdk.list);
    fs::write(&target, list).map_err(|error| format!("`{}` cannot be written: {error}", target.display()))
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path
            .file_name()
            .is_some_and(|name| LEFT_OUT.iter().any(|left| name == *left))
        {
            continue;
        }
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
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
