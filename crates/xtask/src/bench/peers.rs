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
/// Checkov takes seconds for a thousand changes and minutes for more: it is measured on plans up to this size.
const CHECKOV_CHANGES_MAX: usize = 1_000;

/// The peers that are at hand.
#[derive(Debug)]
pub(super) struct Peers {
    checkov: Option<Peer>,
    conftest: Option<Peer>,
    rego: PathBuf,
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
            conftest: conftest(workspace)?,
            rego: workspace.root.join(REGO),
        })
    }

    /// What is measured on a plan of this size.
    pub(super) fn subjects(&self, plan: &Path, changes: usize) -> Vec<Subject> {
        let mut subjects = Vec::new();
        if let Some(peer) = &self.conftest {
            let [policy, output, json] = ["--policy", "--output", "json"].map(OsStr::new);
            let name = format!("conftest {}, 4 rules", peer.version);
            let arguments = [
                OsStr::new("test"),
                policy,
                self.rego.as_os_str(),
                output,
                json,
                plan.as_os_str(),
            ];
            subjects.push(Subject::new(name, &peer.program).arguments(arguments));
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

/// conftest as named in `CONFTEST`, as built before, or built now.
fn conftest(workspace: &Workspace) -> Result<Option<Peer>> {
    let named = std::env::var_os("CONFTEST").map(PathBuf::from);
    let is_pinned = named.is_none();
    let program = match named {
        Some(program) => Ok(program),
        None => match CONFTEST.location(workspace)? {
            built if built.is_file() => Ok(built),
            _ => CONFTEST.build(workspace),
        },
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
