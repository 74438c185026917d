//! The peers that are measured beside `nhi check`, on the same files in the same run.
//!
//! Checkov judges with all its checks of the plan format; conftest judges with four rules in Rego that ask what four of
//! ours ask. A peer that is missing is said to be missing: a table without it must not look complete.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::measure::Subject;
use crate::go_core::CONFTEST;
use crate::shell::{Run, Workspace, on_path};

/// Four rules: everything is allowed, IAM is administered, anyone may assume, a static key.
const REGO: &str = "tests/tools/conftest/policy";
/// The twenty rules of `bench modules`.
const TWENTY: &str = "tests/tools/conftest/twenty";
/// Checkov takes seconds for a thousand changes and minutes for more: it is measured on plans up to this size.
const CHECKOV_CHANGES_MAX: usize = 1_000;

/// The peers that are at hand.
#[derive(Debug)]
pub(super) struct Peers {
    checkov: Option<Peer>,
    conftest: Option<Peer>,
    rego: PathBuf,
    twenty: PathBuf,
}

#[derive(Debug)]
struct Peer {
    program: PathBuf,
    version: String,
}

impl Peers {
    /// Looks for the peers, builds conftest where it can be built, and says what is skipped.
    pub(super) fn find(workspace: &Workspace) -> Result<Self> {
        let checkov = std::env::var_os("CHECKOV")
            .map(PathBuf::from)
            .or_else(|| on_path("checkov"));
        let checkov = match checkov {
            Some(program) => {
                let output = Run::new(&program).arg("--version").output()?;
                let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
                Some(Peer { program, version })
            }
            None => {
                skipped(
                    "Checkov",
                    "install it from PyPI, put it on PATH or name it in `CHECKOV`",
                );
                None
            }
        };
        Ok(Self {
            checkov,
            ..Self::find_conftest(workspace)?
        })
    }

    /// Looks for conftest alone.
    pub(super) fn find_conftest(workspace: &Workspace) -> Result<Self> {
        Ok(Self {
            checkov: None,
            conftest: conftest(workspace)?,
            rego: workspace.root.join(REGO),
            twenty: workspace.root.join(TWENTY),
        })
    }

    /// conftest with twenty rules, if it is at hand.
    pub(super) fn twenty(&self, plan: &Path) -> Vec<Subject> {
        self.conftest
            .iter()
            .map(|peer| conftest_on(peer, &self.twenty, 20, plan))
            .collect()
    }

    /// What is measured on a plan of this size.
    pub(super) fn subjects(&self, plan: &Path, changes: usize) -> Vec<Subject> {
        let mut subjects = Vec::new();
        if let Some(peer) = &self.conftest {
            subjects.push(conftest_on(peer, &self.rego, 4, plan));
        }
        match &self.checkov {
            Some(peer) if changes <= CHECKOV_CHANGES_MAX => {
                let options = [
                    "--framework",
                    "terraform_plan",
                    "--quiet",
                    "--compact",
                    "--output",
                    "json",
                    "--file",
                ];
                let arguments = options.into_iter().map(OsStr::new).chain([plan.as_os_str()]);
                subjects.push(Subject::new(format!("Checkov {}", peer.version), &peer.program).arguments(arguments));
            }
            Some(_) => eprintln!(
                "SKIPPED: Checkov on {changes} changes: it is measured on plans of up to {CHECKOV_CHANGES_MAX}, beyond them it takes minutes"
            ),
            None => {}
        }
        subjects
    }
}

/// conftest with the rules of a folder, on a plan.
fn conftest_on(peer: &Peer, rego: &Path, rules: usize, plan: &Path) -> Subject {
    let [policy, output, json] = ["--policy", "--output", "json"].map(OsStr::new);
    let name = format!("conftest {}, {rules} rules", peer.version);
    let arguments = [
        OsStr::new("test"),
        policy,
        rego.as_os_str(),
        output,
        json,
        plan.as_os_str(),
    ];
    Subject::new(name, &peer.program).arguments(arguments)
}

/// conftest as named in `CONFTEST`, as built before, or built now.
fn conftest(workspace: &Workspace) -> Result<Option<Peer>> {
    let named = std::env::var_os("CONFTEST").map(PathBuf::from);
    let is_pinned = named.is_none();
    let program = match named {
        Some(program) => Ok(program),
        None => CONFTEST.ensure(workspace),
    };
    match program {
        Ok(program) => {
            let version = if is_pinned {
                CONFTEST.version(workspace)?
            } else {
                "as named".to_owned()
            };
            Ok(Some(Peer { program, version }))
        }
        Err(error) => {
            skipped(CONFTEST.name, &format!("{error:#}"));
            Ok(None)
        }
    }
}

fn skipped(name: &str, advice: &str) {
    eprintln!("SKIPPED: {name} is not measured, and the tables below lack it: {advice}");
}
