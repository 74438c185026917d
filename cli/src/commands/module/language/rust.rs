//! Rust: cargo builds a core module, of which a component is made.
//!
//! The SDK stands inside the folder, as sources: it is published nowhere, a module has to build in ten years' time too,
//! and its reviewers see all that goes into it. `docs/design/0005-policy-modules.md` weighs the other ways.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::super::toolchain;
use super::{Built, Language, Source, fill};
use crate::exit::Failure;

include!(concat!(env!("OUT_DIR"), "/sdk.rs"));

pub(super) static LANGUAGE: Language = Language {
    name: "rust",
    title: "Rust",
    has_tools: false,
    marker: "Cargo.toml",
    is_here: |folder| folder.join("Cargo.toml").is_file(),
    // Names that cargo or Rust keeps for itself, or that the folder has a package of already.
    reserved: &[
        "core",
        "std",
        "alloc",
        "test",
        "proc-macro",
        "self",
        "super",
        "nhi-plan",
        "nhi-policy-sdk",
    ],
    files,
    build,
};

/// The files of a module.
static FILES: [(&str, &str); 9] = [
    (".gitignore", include_str!("../../../../templates/rust/gitignore.in")),
    ("Cargo.lock", include_str!("../../../../templates/rust/Cargo.lock.in")),
    ("Cargo.toml", include_str!("../../../../templates/rust/Cargo.toml.in")),
    ("README.md", include_str!("../../../../templates/rust/README.md.in")),
    (
        "sdk/crates/plan/Cargo.toml",
        include_str!("../../../../templates/rust/plan.toml.in"),
    ),
    (
        "sdk/crates/policy-sdk/Cargo.toml",
        include_str!("../../../../templates/rust/sdk.toml.in"),
    ),
    ("src/lib.rs", include_str!("../../../../templates/rust/lib.rs.in")),
    (
        "src/missing_tag.rs",
        include_str!("../../../../templates/rust/missing_tag.rs.in"),
    ),
    (
        "tests/missing_tag.hcl",
        include_str!("../../../../templates/rust/missing_tag.hcl.in"),
    ),
];

fn files(name: &str) -> Vec<(String, String)> {
    let sdk = SDK
        .iter()
        .map(|(path, text)| (format!("sdk/{path}"), (*text).to_owned()));
    let own = FILES.iter().map(|(path, text)| ((*path).to_owned(), fill(text, name)));
    own.chain(sdk).collect()
}

fn build(source: &Source<'_>) -> Result<Built, Failure> {
    toolchain::cargo()?;
    toolchain::target()?;
    let core = compile(source)?;
    let bytes = fs::read(&core).map_err(|error| {
        Failure::undecided(format!(
            "what cargo built, `{}`, cannot be read: {error}",
            core.display()
        ))
    })?;
    let component = nhi_policy_host::componentize(&bytes).map_err(|error| {
        Failure::undecided(format!("what cargo built is no policy module: {error}")).help(
            "export the module with `nhi_policy_sdk::export!`, and use nothing that reads files, clocks or networks",
        )
    })?;
    Ok(Built {
        name: core.file_stem().unwrap_or_default().to_string_lossy().replace('_', "-"),
        component,
    })
}

/// Runs cargo and returns the core module that it built.
fn compile(source: &Source<'_>) -> Result<PathBuf, Failure> {
    let mut command = Command::new("cargo");
    if toolchain::auditable() {
        command.arg("auditable");
    }
    command
        .args(["build", "--release", "--target", toolchain::TARGET])
        .arg("--message-format=json-render-diagnostics")
        .current_dir(source.directory)
        // Flags for this machine are not for the module, and no path of it belongs into one.
        .env_remove("RUSTFLAGS")
        .env("CARGO_ENCODED_RUSTFLAGS", flags(source.directory))
        .stdin(Stdio::null())
        .stderr(Stdio::inherit());
    if source.offline {
        command.arg("--offline");
    }
    let output = command
        .output()
        .map_err(|error| Failure::undecided(format!("cargo cannot be started: {error}")))?;
    if !output.status.success() {
        return Err(Failure::undecided("cargo did not build the module").help("see above for what it says"));
    }
    let messages = String::from_utf8_lossy(&output.stdout);
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| {
            message
                .get("reason")
                .is_some_and(|reason| reason == "compiler-artifact")
        })
        .filter_map(|message| {
            let files = message.get("filenames")?.as_array()?.clone();
            files.into_iter().find_map(|file| {
                let path = PathBuf::from(file.as_str()?);
                path.extension().is_some_and(|ending| ending == "wasm").then_some(path)
            })
        })
        .next_back()
        .ok_or_else(|| {
            Failure::undecided("cargo built no WebAssembly module")
                .help("write `crate-type = [\"cdylib\", \"rlib\"]` under `[lib]` in Cargo.toml")
        })
}

/// Compiler flags, in cargo's encoding, that take this machine's folders out of what is built.
fn flags(directory: &Path) -> String {
    let home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(std::env::home_dir()?.join(".cargo")));
    let own = directory.canonicalize().ok();
    [(own, "module"), (home, "cargo")]
        .into_iter()
        .filter_map(|(folder, name)| Some(format!("--remap-path-prefix={}={name}", folder?.display())))
        .collect::<Vec<_>>()
        .join("\u{1f}")
}
