//! Breaks programs off at single calls that write to files: see `fault.c`, which is loaded into them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context as _, Result};

use crate::programs;

/// The library that breaks calls off; nothing where there is no C compiler to make it with, or no Linux.
pub fn library() -> Option<&'static Path> {
    static MADE: OnceLock<Option<PathBuf>> = OnceLock::new();
    let make = || {
        let library = std::env::temp_dir().join(format!("nhi-it-fault-{}.so", std::process::id()));
        let made = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .arg(&library)
            .arg(programs::root().join("tests/support/fault.c"))
            .arg("-ldl")
            .status();
        let is_made = cfg!(target_os = "linux") && made.is_ok_and(|status| status.success());
        is_made.then_some(library)
    };
    MADE.get_or_init(make).as_deref()
}

/// The variables that break off whatever writes to files whose path begins with `prefix`. `fault` is `before:N`,
/// `after:N`, `error:N:ERRNO` or `count`; the file `told` gets to know what kind of call it was, or how many there were.
pub fn variables(fault: &str, prefix: &Path, told: &Path) -> Result<[(&'static str, String); 4]> {
    let library = library().context("no library that breaks off calls")?;
    let text = |path: &Path| path.display().to_string();
    Ok([
        ("LD_PRELOAD", text(library)),
        ("NHI_FAULT", fault.to_owned()),
        ("NHI_FAULT_PATH", text(prefix)),
        ("NHI_FAULT_TOLD", text(told)),
    ])
}
