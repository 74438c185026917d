//! Where our own programs and modules stand: `cargo xtask test` says so, or they stand beside the test binary.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map(Path::to_path_buf)
        .unwrap_or_default()
}

/// The folder that `cargo xtask build` fills.
pub fn folder() -> Result<PathBuf> {
    if let Some(named) = env::var_os("NHI_BIN_DIR") {
        return Ok(PathBuf::from(named));
    }
    // target/<profile>/deps/it-<hash>
    let own = env::current_exe().context("find the test binary")?;
    own.ancestors()
        .nth(2)
        .map(Path::to_path_buf)
        .context("find the folder of the test binary")
}

/// A provider that only tests use: an example of the crate `tfplugin`, built with the tests of the workspace.
pub fn test_provider(name: &str) -> Result<PathBuf> {
    let own = env::current_exe().context("find the test binary")?;
    let folder = own.ancestors().nth(2).context("find the folder of the test binary")?;
    let path = folder.join("examples").join(name);
    if path.is_file() {
        return Ok(path);
    }
    bail!(
        "`{}` is not there: run `cargo xtask test`, or `cargo build -p tfplugin --examples` first",
        path.display()
    )
}

/// One of its files.
pub fn file(name: &str) -> Result<PathBuf> {
    let path = folder()?.join(name);
    if path.is_file() {
        return Ok(path);
    }
    bail!(
        "`{}` is not there: run `cargo xtask test`, or `cargo xtask build` first",
        path.display()
    )
}
