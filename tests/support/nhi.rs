//! Runs the `nhi` command.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::cores::skip_unless_ci;
use crate::{Core, Ran, Started, programs};

/// How to run `nhi`.
#[derive(Debug)]
pub struct Nhi {
    command: Command,
    input: Option<Vec<u8>>,
}

impl Nhi {
    /// In this folder, without any of the caller's settings.
    pub fn new(folder: &Path) -> Result<Self> {
        Ok(Self::by(Command::new(programs::file("nhi")?), folder))
    }

    /// In this folder and in a network of its own, in which there is nothing; `None` where this machine does not allow
    /// that.
    pub fn without_network(folder: &Path) -> Result<Option<Self>> {
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--net", "--"]);
        let is_allowed = Command::new("unshare")
            .args(["--map-root-user", "--net", "--", "true"])
            .output();
        if !is_allowed.is_ok_and(|output| output.status.success()) {
            skip_unless_ci(
                "what makes no network call is run without a network: `unshare --map-root-user --net` is not allowed here",
            )?;
            return Ok(None);
        }
        command.arg(programs::file("nhi")?);
        Ok(Some(Self::by(command, folder)))
    }

    fn by(mut command: Command, folder: &Path) -> Self {
        command.current_dir(folder).env("NO_COLOR", "1");
        for name in ["NHI_REGISTRY", "NHI_POLICY", "GITHUB_ACTIONS"] {
            command.env_remove(name);
        }
        Self { command, input: None }
    }

    /// With these arguments.
    #[must_use]
    pub fn args<'a>(mut self, arguments: impl IntoIterator<Item = &'a str>) -> Self {
        self.command.args(arguments);
        self
    }

    /// With a path as its next argument.
    #[must_use]
    pub fn path(mut self, path: &Path) -> Self {
        self.command.arg(path);
        self
    }

    /// With this standard input.
    #[must_use]
    pub fn input(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.input = Some(bytes.into());
        self
    }

    /// With this variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// With this core, and only this, on PATH under its usual name.
    pub fn with_core(mut self, core: &Core) -> Result<Self> {
        let folder = core.path.parent().context("the core stands in a folder")?;
        self.command.env("PATH", folder);
        Ok(self)
    }

    /// Starts it.
    pub fn start(self) -> Result<Started> {
        Started::new(self.command, self.input)
    }

    /// Runs it to its end.
    pub fn run(self) -> Result<Ran> {
        Started::new(self.command, self.input)?.wait()
    }

    /// Runs it to its end with this exit code and reads its standard output as JSON.
    pub fn json(self, code: i32) -> Result<Value> {
        let ran = self.run()?.exits(code)?;
        serde_json::from_str(&ran.stdout).with_context(|| format!("read what `{}` printed\n{}", ran.shown, ran.said()))
    }
}
