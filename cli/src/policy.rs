//! The organisation's policy as commands reach it: by the path of its file, or the built-in one.

use std::path::{Path, PathBuf};

use nhi_governance::Policy;
use nhi_policy_file::LoadError;

use crate::exit::Failure;

/// The file that is meant where none is named.
pub(crate) const FILE_DEFAULT: &str = "nhi.hcl";

/// Where the policy is.
#[derive(Debug, Clone, clap::Args)]
// Clap would name its group `Args`, as it does those of the commands it is flattened into.
#[group(skip)]
pub(crate) struct Args {
    /// The organisation's policy file; the built-in policy without it
    ///
    /// A check finds `nhi.hcl` beside the plan, or in the current directory, by itself.
    #[arg(long, global = true, value_name = "FILE", env = "NHI_POLICY", value_hint = clap::ValueHint::FilePath)]
    pub(crate) policy: Option<PathBuf>,
}

impl Args {
    /// The file that is named, or one beside what is looked at, or one where we are.
    pub(crate) fn file(&self, beside: Option<&Path>) -> Option<PathBuf> {
        let named = self.policy.clone().filter(|path| !path.as_os_str().is_empty());
        let beside = || beside.map(|folder| folder.join(FILE_DEFAULT));
        // One that cannot be looked at is there: reading it will say why it cannot be used.
        let is_there = |path: &PathBuf| {
            let looked = std::fs::symlink_metadata(path);
            looked.map_or_else(|error| error.kind() != std::io::ErrorKind::NotFound, |_| true)
        };
        named
            .or_else(|| beside().filter(is_there))
            .or_else(|| Some(PathBuf::from(FILE_DEFAULT)).filter(is_there))
    }

    /// Reads it; what cannot be read is never taken for the built-in one.
    pub(crate) fn load(&self) -> Result<Policy, Failure> {
        match &self.policy {
            Some(path) if !path.as_os_str().is_empty() => load(path),
            _ => Ok(Policy::default()),
        }
    }
}

/// The policy of a file.
pub(crate) fn load(path: &Path) -> Result<Policy, Failure> {
    nhi_policy_file::load(path).map_err(|error| failure(&error))
}

/// The file cannot be used: its first mistake, and how many there are.
pub(crate) fn failure(error: &LoadError) -> Failure {
    let mut problems = error.problems().into_iter();
    let (message, help) = problems.next().unwrap_or_default();
    let more = problems.count();
    let help = match more {
        0 => help,
        _ => format!("{help} `nhi policy check` lists {more} more."),
    };
    Failure::undecided(message).help(help)
}
