//! Finds a compiler for the guests' target, `wasm32-unknown-unknown`, and installs it where it is missing.
//!
//! Usually rustup has it or fetches it. Where rustup may not reach its server, Debian's `rustc-web` and `rust-web-src`
//! do as well: the standard library is then built from that source together with the guests.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::shell::Run;

/// The target every policy module is built for.
pub(crate) const GUEST_TARGET: &str = "wasm32-unknown-unknown";

/// Where a distribution puts its compiler, and the sources of its standard library.
const DISTRIBUTION_RUSTC: &str = "/usr/bin/rustc";
const DISTRIBUTION_SOURCE: &str = "/usr/lib/rustlib/src/rust/library/std/Cargo.toml";

/// How guests are compiled on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum GuestToolchain {
    /// The toolchain that runs us has the target.
    Installed,
    /// The distribution's compiler builds the standard library from source.
    FromSource {
        /// Path of the compiler.
        rustc: PathBuf,
        /// Path of the linker, which comes with the toolchain that runs us and not with the distribution's.
        linker: PathBuf,
    },
}

impl GuestToolchain {
    /// The start of a `cargo build` for the guests' target.
    pub(crate) fn cargo_build(&self) -> Run {
        let run = match self {
            Self::Installed => Run::cargo().arg("build"),
            Self::FromSource { rustc, linker } => Run::cargo()
                .args(["build", "-Z", "build-std=std,panic_abort"])
                .env("RUSTC", rustc)
                .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker)
                .env("RUSTC_BOOTSTRAP", "1"),
        };
        run.args(["--target", GUEST_TARGET])
    }
}

/// Finds or installs what compiles guests.
pub(crate) fn ensure() -> Result<GuestToolchain> {
    if has_target()? {
        return Ok(GuestToolchain::Installed);
    }
    let rustup = Run::new("rustup").args(["target", "add", GUEST_TARGET]).announced();
    if rustup.is_ok() && has_target()? {
        return Ok(GuestToolchain::Installed);
    }
    if Path::new(DISTRIBUTION_RUSTC).is_file() && Path::new(DISTRIBUTION_SOURCE).is_file() {
        let linker = linker()?;
        eprintln!(
            "rustup does not provide {GUEST_TARGET}: building the standard library from the distribution's source"
        );
        return Ok(GuestToolchain::FromSource {
            rustc: PathBuf::from(DISTRIBUTION_RUSTC),
            linker,
        });
    }
    bail!(
        "nothing here compiles for {GUEST_TARGET}: run `rustup target add {GUEST_TARGET}`, or install the packages \
         `rustc-web` and `rust-web-src` (Debian and Ubuntu), then try again"
    )
}

fn has_target() -> Result<bool> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Run::new(rustc)
        .args(["--print", "target-libdir", "--target", GUEST_TARGET])
        .output()?;
    let folder = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    Ok(std::fs::read_dir(folder).is_ok_and(|entries| {
        entries
            .flatten()
            .any(|entry| entry.file_name().to_string_lossy().starts_with("libstd-"))
    }))
}

/// The linker for guests that every toolchain of rustup holds.
fn linker() -> Result<PathBuf> {
    let output = Run::new("rustc").args(["--print", "sysroot"]).output()?;
    let sysroot = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    let hosts = sysroot.join("lib/rustlib");
    let entries = std::fs::read_dir(&hosts).with_context(|| format!("list `{}`", hosts.display()))?;
    entries
        .flatten()
        .map(|entry| entry.path().join("bin/rust-lld"))
        .find(|path| path.is_file())
        .with_context(|| format!("no `rust-lld` under `{}`: install Rust with rustup", hosts.display()))
}
