//! Finds a core to drive: `tofu` on PATH, the one we built before, `terraform` on PATH, or OpenTofu built with Go.

use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::go_core;
use crate::shell::{Run, Workspace, on_path};

/// Which of the two cores a program is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// OpenTofu.
    Tofu,
    /// Terraform.
    Terraform,
}

impl Kind {
    /// The program's name, as people type it.
    pub(crate) fn program(self) -> &'static str {
        match self {
            Self::Tofu => "tofu",
            Self::Terraform => "terraform",
        }
    }

    /// The host that an address without one belongs to.
    pub(crate) fn registry_host(self) -> &'static str {
        match self {
            Self::Tofu => "registry.opentofu.org",
            Self::Terraform => "registry.terraform.io",
        }
    }
}

/// A program that plans and applies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Core {
    /// Which of the two it is.
    pub(crate) kind: Kind,
    /// Where it stands.
    pub(crate) path: PathBuf,
}

/// Any core: what is there is used before anything is built.
pub(crate) fn ensure(workspace: &Workspace) -> Result<Core> {
    if let Some(core) = present(workspace, Kind::Tofu)? {
        return Ok(core);
    }
    if let Some(core) = present(workspace, Kind::Terraform)? {
        return Ok(core);
    }
    Ok(Core {
        kind: Kind::Tofu,
        path: go_core::TOFU.build(workspace)?,
    })
}

/// OpenTofu in particular, for tests that run in both cores.
pub(crate) fn ensure_tofu(workspace: &Workspace) -> Result<Core> {
    match present(workspace, Kind::Tofu)? {
        Some(core) => Ok(core),
        None => Ok(Core {
            kind: Kind::Tofu,
            path: go_core::TOFU.build(workspace)?,
        }),
    }
}

/// A core that needs no building and starts.
pub(crate) fn present(workspace: &Workspace, kind: Kind) -> Result<Option<Core>> {
    let mut candidates: Vec<PathBuf> = on_path(kind.program()).into_iter().collect();
    if kind == Kind::Tofu {
        candidates.push(go_core::TOFU.location(workspace)?);
    }
    // A program of that name which does not start, such as a version manager without a version, is as good as none.
    Ok(candidates
        .into_iter()
        .find(|path| path.is_file() && starts(path).is_ok())
        .map(|path| Core { kind, path }))
}

fn starts(path: &PathBuf) -> Result<()> {
    Run::new(path)
        .arg("version")
        .env("CHECKPOINT_DISABLE", "1")
        .env_remove("TF_CLI_CONFIG_FILE")
        .output()
        .map(drop)
        .context("start it")
}
