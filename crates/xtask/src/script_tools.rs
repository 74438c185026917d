//! What builds policy modules in Python and JavaScript, pinned by the examples and checked against their digests.
//!
//! It stands below `target/`, one folder a language, as it would in a module's folder. Python and Node.js themselves
//! are the machine's.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use crate::shell::{Run, Workspace};

/// A language whose tool is fetched.
#[derive(Debug)]
pub(crate) struct Script {
    /// As a sentence has it.
    pub(crate) name: &'static str,
    /// The example whose files pin the tool.
    example: &'static str,
    /// Those files.
    pins: &'static [&'static str],
    /// What has to be there when it is installed.
    program: &'static str,
    /// What installs it.
    commands: &'static [&'static [&'static str]],
}

/// componentize-py.
pub(crate) const PYTHON: Script = Script {
    name: "componentize-py",
    example: "examples/policy-modules/python",
    pins: &["requirements.txt"],
    program: ".venv/bin/componentize-py",
    commands: &[
        &["python3", "-m", "venv", ".venv"],
        &[
            ".venv/bin/pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--only-binary=:all:",
            "--require-hashes",
            "--requirement=requirements.txt",
        ],
    ],
};

/// componentize-qjs.
pub(crate) const JAVASCRIPT: Script = Script {
    name: "componentize-qjs",
    example: "examples/policy-modules/javascript",
    pins: &["package.json", "package-lock.json"],
    program: "node_modules/.bin/componentize-qjs",
    commands: &[&["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]],
};

/// Longer than this is worth a word: whoever waits should know for what.
const SLOW: Duration = Duration::from_mins(2);

impl Script {
    /// The folder with the tool, which is fetched where it is missing or not the one that is pinned.
    pub(crate) fn ensure(&self, workspace: &Workspace) -> Result<PathBuf> {
        let folder = workspace.target.join("tools").join(self.name);
        let example = workspace.root.join(self.example);
        if folder.join(self.program).is_file() && self.is_pinned(&example, &folder) {
            return Ok(folder);
        }
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| format!("empty `{}`", folder.display()))?;
        }
        fs::create_dir_all(&folder).with_context(|| format!("make `{}`", folder.display()))?;
        for pin in self.pins {
            fs::copy(example.join(pin), folder.join(pin)).with_context(|| format!("copy `{pin}`"))?;
        }
        let start = Instant::now();
        for command in self.commands {
            if let Some((program, arguments)) = command.split_first() {
                Run::new(program).args(*arguments).directory(&folder).announced()?;
            }
        }
        let took = start.elapsed();
        if took > SLOW {
            eprintln!("{} took {} s to fetch", self.name, took.as_secs());
        }
        anyhow::ensure!(
            folder.join(self.program).is_file(),
            "`{}` did not bring `{}`",
            self.name,
            self.program
        );
        Ok(folder)
    }

    fn is_pinned(&self, example: &Path, folder: &Path) -> bool {
        self.pins.iter().all(|pin| {
            let read = |folder: &Path| fs::read(folder.join(pin)).ok();
            read(folder).is_some_and(|here| Some(here) == read(example))
        })
    }
}
