//! Builds programs written in Go, pinned by `tests/tools/<name>/go.mod`, into the user's cache directory: OpenTofu to
//! drive, conftest and a small provider to compare with, a registry to push modules to.
//!
//! A released binary would be smaller trouble, but a pinned source with checksums needs no trust in a download page and
//! works wherever Go's module proxy is in reach.

use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};

use crate::shell::{Run, Workspace, on_path};

/// A program that is built from its pinned source.
#[derive(Debug)]
pub(crate) struct Tool {
    /// As it calls itself.
    pub(crate) name: &'static str,
    /// The file's name.
    program: &'static str,
    /// The folder of the module file that pins it.
    folder: &'static str,
    module: &'static str,
    /// The package of the program in the module; empty for the module itself.
    package: &'static str,
    linker_flags: &'static str,
    /// What else helps whoever cannot build it.
    otherwise: &'static str,
}

/// OpenTofu.
pub(crate) const TOFU: Tool = Tool {
    name: "OpenTofu",
    program: "tofu",
    folder: "tests/tools/opentofu",
    module: "github.com/opentofu/opentofu",
    package: "/cmd/tofu",
    linker_flags: "-s -w -X github.com/opentofu/opentofu/version.dev=no",
    otherwise: "install `tofu` or `terraform` yourself",
};

/// conftest, which judges plans by policies in Rego.
pub(crate) const CONFTEST: Tool = Tool {
    name: "conftest",
    program: "conftest",
    folder: "tests/tools/conftest",
    module: "github.com/open-policy-agent/conftest",
    package: "",
    linker_flags: "-s -w",
    otherwise: "name it in `CONFTEST`",
};

/// The `time` provider of `HashiCorp`: about the smallest there is in Go.
pub(crate) const PROVIDER_TIME: Tool = Tool {
    name: "the `time` provider",
    program: "terraform-provider-time",
    folder: "tests/tools/provider-time",
    module: "github.com/hashicorp/terraform-provider-time",
    package: "",
    linker_flags: "-s -w",
    otherwise: "do without it",
};

/// The registry of go-containerregistry, which keeps modules for a test.
pub(crate) const REGISTRY: Tool = Tool {
    name: "the registry of go-containerregistry",
    program: "crane",
    folder: "tests/tools/registry",
    module: "github.com/google/go-containerregistry",
    package: "/cmd/crane",
    linker_flags: "-s -w",
    otherwise: "put `crane` on PATH",
};

/// How often a silent build says that it is still at work.
const HEARTBEAT: Duration = Duration::from_secs(20);

impl Tool {
    /// Where the built program stands, or will.
    pub(crate) fn location(&self, workspace: &Workspace) -> Result<PathBuf> {
        let program = self.program;
        Ok(cache_folder()?
            .join(format!("{program}-{}", self.version(workspace)?))
            .join(format!("{program}{}", std::env::consts::EXE_SUFFIX)))
    }

    /// The version that the module file pins, without its `v`.
    pub(crate) fn version(&self, workspace: &Workspace) -> Result<String> {
        pinned_version(&self.go_mod(workspace)?, self.module)
    }

    /// The program, built where it is not there yet.
    pub(crate) fn ensure(&self, workspace: &Workspace) -> Result<PathBuf> {
        match self.location(workspace)? {
            built if built.is_file() => Ok(built),
            _ => self.build(workspace),
        }
    }

    /// Builds it; the path is [`Tool::location`].
    pub(crate) fn build(&self, workspace: &Workspace) -> Result<PathBuf> {
        let target = self.location(workspace)?;
        self.check_go(&go_directive(&self.go_mod(workspace)?)?)?;
        let folder = target.parent().context("the cache has a folder")?;
        std::fs::create_dir_all(folder).with_context(|| format!("make `{}`", folder.display()))?;

        let scratch = folder.join(format!("{}.building.{}", self.program, std::process::id()));
        let name = self.name;
        eprintln!(
            "building {name} {} with Go, once; this takes some minutes",
            self.version(workspace)?
        );
        let run = Run::new("go")
            .args(["build", "-trimpath", "-ldflags", self.linker_flags, "-o"])
            .arg(&scratch)
            .arg(format!("{}{}", self.module, self.package))
            .env("CGO_ENABLED", "0")
            .directory(&workspace.root.join(self.folder));
        let built = with_heartbeat(&format!("still building {name}"), || run.announced());
        if let Err(error) = built {
            drop(std::fs::remove_file(&scratch));
            return Err(error.context(format!(
                "build {name}: Go needs its module proxy (see `go env GOPROXY`); or {}",
                self.otherwise
            )));
        }
        std::fs::rename(&scratch, &target).with_context(|| format!("move {name} to `{}`", target.display()))?;
        Ok(target)
    }

    fn go_mod(&self, workspace: &Workspace) -> Result<String> {
        let path = workspace.root.join(self.folder).join("go.mod");
        std::fs::read_to_string(&path).with_context(|| format!("read `{}`", path.display()))
    }

    fn check_go(&self, needed: &str) -> Result<()> {
        let advice = format!(
            "install Go {needed} or newer (go.dev/dl) to build {}, or {}",
            self.name, self.otherwise
        );
        if on_path("go").is_none() {
            bail!("neither `{}` nor `go` is on PATH: {advice}", self.program);
        }
        let output = Run::new("go")
            .args(["env", "GOVERSION"])
            .output()
            .with_context(|| advice.clone())?;
        let present = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        if is_enough(&present, needed) {
            Ok(())
        } else {
            bail!("`go` is {present}, too old: {advice}")
        }
    }
}

/// The version of `module` that a module file pins, without its `v`.
fn pinned_version(go_mod: &str, module: &str) -> Result<String> {
    go_mod
        .lines()
        .find_map(|line| {
            line.trim()
                .trim_start_matches("require ")
                .strip_prefix(module)?
                .trim()
                .strip_prefix('v')
        })
        .map(|rest| rest.split_whitespace().next().unwrap_or_default().to_owned())
        .ok_or_else(|| anyhow!("no version of {module} in the module file"))
}

/// The version of Go that the module file asks for.
fn go_directive(go_mod: &str) -> Result<String> {
    go_mod
        .lines()
        .find_map(|line| line.strip_prefix("go "))
        .map(|version| version.trim().to_owned())
        .ok_or_else(|| anyhow!("no `go` line in the module file"))
}

/// Compares major and minor; Go fetches the patch release it wants by itself.
fn is_enough(present: &str, needed: &str) -> bool {
    fn numbers(text: &str) -> Option<(u32, u32)> {
        let mut parts = text
            .trim_start_matches("go")
            .split(|character: char| !character.is_ascii_digit());
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    }
    matches!((numbers(present), numbers(needed)), (Some(present), Some(needed)) if present >= needed)
}

fn cache_folder() -> Result<PathBuf> {
    let base = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute());
    let base = base.or_else(|| std::env::home_dir().map(|home| home.join(".cache")));
    base.map(|folder| folder.join(Path::new("terraform-provider-nhi")))
        .ok_or_else(|| anyhow!("no cache directory: set HOME or XDG_CACHE_HOME"))
}

/// Says now and then that a long step is still at work.
fn with_heartbeat<T>(words: &str, work: impl FnOnce() -> T) -> T {
    let started = Instant::now();
    let (done, wait) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            while wait.recv_timeout(HEARTBEAT) == Err(mpsc::RecvTimeoutError::Timeout) {
                eprintln!("  {words} ({} s)", started.elapsed().as_secs());
            }
        });
        let result = work();
        drop(done);
        result
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_pinned_versions() {
        let single = "module x\n\ngo 1.26.6\n\nrequire github.com/opentofu/opentofu v1.12.6\n";
        let block = "go 1.26.6\n\nrequire (\n\tgithub.com/opentofu/opentofu-x v9.9.9 // indirect\n\tgithub.com/opentofu/opentofu v1.12.6 // indirect\n)\n";
        for text in [single, block] {
            assert_eq!(pinned_version(text, TOFU.module).unwrap(), "1.12.6");
            assert_eq!(go_directive(text).unwrap(), "1.26.6");
        }
        assert!(pinned_version("go 1.26\n", TOFU.module).is_err());
    }

    #[test]
    fn compares_versions_of_go() {
        for (present, enough) in [
            ("go1.26.8", true),
            ("go1.27rc1", true),
            ("go2.0", true),
            ("go1.25.9", false),
            ("devel", false),
            ("", false),
        ] {
            assert_eq!(is_enough(present, "1.26.6"), enough, "{present}");
        }
    }
}
