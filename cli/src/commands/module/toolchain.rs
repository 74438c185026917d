//! Finds what builds a module, and says what to install where it is missing.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::exit::Failure;

/// The target every module in Rust is built for: it has no WASI, so nothing can be imported by accident.
pub(super) const TARGET: &str = "wasm32-unknown-unknown";

/// What a tool prints, if it is there and works.
pub(super) fn ask(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

/// The version of cargo.
pub(super) fn cargo() -> Result<String, Failure> {
    ask("cargo", &["--version"]).ok_or_else(|| {
        Failure::undecided("cargo is not here, and a module in Rust is built with it")
            .help("install Rust from https://rustup.rs, then run this again")
    })
}

/// Where the standard library for modules is.
pub(super) fn target() -> Result<PathBuf, Failure> {
    let missing = || {
        Failure::undecided(format!("Rust has no standard library for {TARGET} here"))
            .help(format!("run `rustup target add {TARGET}`, then run this again"))
    };
    let folder = ask("rustc", &["--print", "target-libdir", "--target", TARGET]).ok_or_else(missing)?;
    let folder = PathBuf::from(folder);
    let has_std = |folder: &Path| {
        std::fs::read_dir(folder).is_ok_and(|entries| {
            entries
                .flatten()
                .any(|entry| entry.file_name().to_string_lossy().starts_with("libstd-"))
        })
    };
    if has_std(&folder) { Ok(folder) } else { Err(missing()) }
}

/// Whether `cargo auditable` is here, which writes the list of dependencies into the module.
pub(super) fn auditable() -> bool {
    ask("cargo", &["auditable", "--version"]).is_some()
}
