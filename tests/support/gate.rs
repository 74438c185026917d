//! Holds an apply in its middle, from inside the configuration: no sleep, no fault, just a step that waits.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use crate::Stack;

const LIMIT: Duration = Duration::from_mins(2);

/// Two pipes: the step says on one that it is reached, and waits on the other.
#[derive(Debug)]
pub struct Gate {
    reached: PathBuf,
    opened: PathBuf,
}

impl Gate {
    /// A closed gate for this stack.
    pub fn new(stack: &Stack) -> Result<Self> {
        let gate = Self {
            reached: stack.home().join("reached"),
            opened: stack.home().join("opened"),
        };
        let status = Command::new("mkfifo")
            .args([&gate.reached, &gate.opened])
            .status()
            .context("start `mkfifo`")?;
        ensure!(status.success(), "`mkfifo` failed: {status}");
        Ok(gate)
    }

    /// The step `terraform_data.gate`, which comes after another resource.
    pub fn block(&self, after: &str) -> String {
        let (reached, opened) = (self.reached.display(), self.opened.display());
        format!(
            "resource \"terraform_data\" \"gate\" {{\n  depends_on = [{after}]\n  provisioner \"local-exec\" {{\n    \
             command = \"echo > '{reached}'; cat '{opened}'\"\n  }}\n}}\n"
        )
    }

    /// Waits until the apply stands at the gate.
    pub fn reached(&self) -> Result<()> {
        within(&self.reached, |path| std::fs::read(path).map(drop)).context("the apply did not reach the gate")
    }

    /// Lets it through.
    pub fn open(&self) -> Result<()> {
        within(&self.opened, |path| std::fs::write(path, "")).context("nobody waits at the gate")
    }
}

/// Opening a pipe waits for the other side; a test does not wait for ever.
fn within(path: &Path, work: fn(&Path) -> std::io::Result<()>) -> Result<()> {
    let (sender, receiver) = mpsc::channel();
    let path = path.to_path_buf();
    std::thread::spawn(move || drop(sender.send(work(&path))));
    receiver
        .recv_timeout(LIMIT)
        .context("too slow")?
        .context("use the pipe")
}
