//! Finds the two cores. A core that is missing skips its leg, loudly; in CI OpenTofu must not be missing.

use std::env;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::{Result, bail};

use crate::Outcome;

/// Which of the two cores a program is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Terraform.
    Terraform,
    /// OpenTofu.
    Tofu,
}

impl Kind {
    /// The name of the program.
    pub fn program(self) -> &'static str {
        match self {
            Self::Terraform => "terraform",
            Self::Tofu => "tofu",
        }
    }

    /// The host of provider addresses that name none.
    pub fn registry_host(self) -> &'static str {
        match self {
            Self::Terraform => "registry.terraform.io",
            Self::Tofu => "registry.opentofu.org",
        }
    }

    fn variable(self) -> &'static str {
        match self {
            Self::Terraform => "NHI_TEST_TERRAFORM",
            Self::Tofu => "NHI_TEST_TOFU",
        }
    }
}

/// A program that plans and applies.
#[derive(Debug, Clone)]
pub struct Core {
    /// Which one.
    pub kind: Kind,
    /// Where it stands.
    pub path: PathBuf,
}

impl Core {
    /// The core of this kind, when this machine has it.
    pub fn find(kind: Kind) -> Option<Self> {
        static FOUND: [OnceLock<Option<PathBuf>>; 2] = [OnceLock::new(), OnceLock::new()];
        let [terraform, tofu] = &FOUND;
        let found = match kind {
            Kind::Terraform => terraform,
            Kind::Tofu => tofu,
        };
        found
            .get_or_init(|| locate(kind))
            .clone()
            .map(|path| Self { kind, path })
    }

    /// Any core; OpenTofu where both are here.
    pub fn any() -> Option<Self> {
        Self::find(Kind::Tofu).or_else(|| Self::find(Kind::Terraform))
    }
}

/// `cargo xtask test` says where the cores are; empty means that it looked and found none.
fn locate(kind: Kind) -> Option<PathBuf> {
    if let Some(named) = env::var_os(kind.variable()) {
        return Some(PathBuf::from(named)).filter(|path| path.is_file());
    }
    let on_path = env::var_os("PATH").and_then(|path| {
        env::split_paths(&path)
            .map(|folder| folder.join(kind.program()))
            .find(|file| file.is_file())
    });
    on_path.or_else(|| if kind == Kind::Tofu { built_before() } else { None })
}

/// The OpenTofu that `cargo xtask tofu` left in the user's cache.
fn built_before() -> Option<PathBuf> {
    let base = env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(env::home_dir()?.join(".cache")))?;
    let entries = std::fs::read_dir(base.join("terraform-provider-nhi")).ok()?;
    let mut built: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path().join("tofu"))
        .filter(|path| path.is_file())
        .collect();
    built.sort();
    built.pop()
}

/// Runs one leg of a test, or skips it loudly.
pub fn leg(kind: Kind, test: fn(&Core) -> Outcome) -> Outcome {
    match Core::find(kind) {
        Some(core) => test(&core),
        None if kind == Kind::Tofu => skip_unless_ci(&format!("no `{}` on this machine", kind.program())),
        None => {
            say(&format!("SKIPPED: no `{}` on this machine", kind.program()));
            Ok(())
        }
    }
}

/// Skips a test that CI must not skip.
pub fn skip_unless_ci(why: &str) -> Outcome {
    if env::var_os("CI").is_some() {
        bail!("{why}, and CI skips nothing");
    }
    say(&format!("SKIPPED: {why}"));
    Ok(())
}

/// Says something past the test runner, which hides what passing tests print.
pub fn say(words: &str) {
    // A closed standard error leaves nobody to tell.
    drop(writeln!(std::io::stderr(), "{words}"));
}

/// The AWS provider in a filesystem mirror, when `cargo xtask test` or the caller found one.
pub fn aws_mirror() -> Result<Option<PathBuf>> {
    let Some(named) = env::var_os("NHI_TEST_PROVIDER_MIRROR").filter(|path| !path.is_empty()) else {
        return Ok(None);
    };
    let mirror = PathBuf::from(named);
    if mirror.join(Path::new("registry.terraform.io/hashicorp/aws")).is_dir() {
        return Ok(Some(mirror));
    }
    bail!(
        "NHI_TEST_PROVIDER_MIRROR: `{}` does not hold registry.terraform.io/hashicorp/aws",
        mirror.display()
    )
}
