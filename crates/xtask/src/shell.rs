//! Starting other programs, and knowing where the workspace and its target directory are.
//!
//! Every task shows the commands it runs, so that a reader can repeat any step by hand.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context as _, Result, anyhow, bail};
use serde_json::Value;

/// Where things stand.
#[derive(Debug, Clone)]
pub(crate) struct Workspace {
    /// The folder of the workspace's `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// Where cargo puts what it builds.
    pub(crate) target: PathBuf,
    /// What `cargo metadata --no-deps` says.
    pub(crate) metadata: Value,
}

impl Workspace {
    /// Asks cargo, so that `CARGO_TARGET_DIR` and configuration files are honoured.
    pub(crate) fn find() -> Result<Self> {
        let output = Run::cargo()
            .args(["metadata", "--format-version", "1", "--no-deps"])
            .output()?;
        let metadata: Value = serde_json::from_slice(&output.stdout).context("read what `cargo metadata` says")?;
        let path = |key: &str| {
            metadata
                .get(key)
                .and_then(Value::as_str)
                .map(PathBuf::from)
                .ok_or_else(|| anyhow!("no `{key}` in it"))
        };
        let (root, target) = (path("workspace_root")?, path("target_directory")?);
        Ok(Self { root, target, metadata })
    }
}

/// One command, shown before it runs.
#[derive(Debug)]
pub(crate) struct Run {
    command: Command,
}

impl Run {
    /// A program on PATH or at a path.
    pub(crate) fn new(program: impl AsRef<OsStr>) -> Self {
        let mut command = Command::new(program);
        command.stdin(Stdio::null());
        Self { command }
    }

    /// The cargo that started us, without the variables it set for us alone.
    pub(crate) fn cargo() -> Self {
        Self::new(cargo()).without_cargo_variables()
    }

    /// Without the variables that cargo sets for the program that it runs.
    pub(crate) fn without_cargo_variables(self) -> Self {
        let mut run = self;
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") || text == "CARGO_BIN_NAME" {
                run.command.env_remove(&name);
            }
        }
        run
    }

    pub(crate) fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    pub(crate) fn args<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(mut self, arguments: I) -> Self {
        self.command.args(arguments);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn env_remove(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    pub(crate) fn directory(mut self, directory: &Path) -> Self {
        self.command.current_dir(directory);
        self
    }

    /// The command as one would type it.
    pub(crate) fn shown(&self) -> String {
        let program = Path::new(self.command.get_program());
        let name = program.file_name().unwrap_or(program.as_os_str());
        let mut words = vec![name.to_string_lossy().into_owned()];
        words.extend(self.command.get_args().map(|argument| {
            let text = argument.to_string_lossy();
            if text.is_empty() || text.contains([' ', '"', '$', '\'']) {
                format!("'{text}'")
            } else {
                text.into_owned()
            }
        }));
        words.join(" ")
    }

    /// Shows the command, lets it talk to the terminal, and fails when it fails.
    pub(crate) fn announced(mut self) -> Result<()> {
        let shown = self.shown();
        eprintln!("$ {shown}");
        let status = self.command.status().with_context(|| format!("start `{shown}`"))?;
        if status.success() {
            Ok(())
        } else {
            bail!("`{shown}` failed: {status}")
        }
    }

    /// Runs it without a word and returns what it printed; fails when it fails.
    pub(crate) fn output(mut self) -> Result<Output> {
        let shown = self.shown();
        let output = self.command.output().with_context(|| format!("start `{shown}`"))?;
        if output.status.success() {
            return Ok(output);
        }
        bail!(
            "`{shown}` failed: {}\n{}",
            output.status,
            String::from_utf8_lossy(&output.stderr).trim_end()
        )
    }

    /// Runs it without a word and returns what it printed, whatever its exit code.
    pub(crate) fn outcome(mut self) -> Result<Output> {
        let shown = self.shown();
        self.command.output().with_context(|| format!("start `{shown}`"))
    }
}

/// The cargo that started us.
pub(crate) fn cargo() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"))
}

/// The first file of this name on PATH.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

/// Writes the file unless it holds these bytes already, so that nothing that depends on it is rebuilt in vain.
pub(crate) fn write_if_changed(path: &Path, bytes: &[u8]) -> Result<bool> {
    if std::fs::read(path).is_ok_and(|present| present == bytes) {
        return Ok(false);
    }
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).with_context(|| format!("make `{}`", parent.display()))?;
    }
    // A file beside it, then a rename: a build that runs at the same time never reads half of it.
    let scratch = path.with_extension(format!("tmp{}", std::process::id()));
    std::fs::write(&scratch, bytes).with_context(|| format!("write `{}`", scratch.display()))?;
    std::fs::rename(&scratch, path).with_context(|| format!("write `{}`", path.display()))?;
    Ok(true)
}
