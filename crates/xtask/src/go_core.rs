//! Builds OpenTofu with Go, pinned by `tests/tools/opentofu/go.mod`, into the user's cache directory.
//!
//! A released binary would be smaller trouble, but a pinned source with checksums needs no trust in a download page and
//! works wherever Go's module proxy is in reach.

use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};

use crate::shell::{Run, Workspace, on_path};

const MODULE_FOLDER: &str = "tests/tools/opentofu";
const MODULE: &str = "github.com/opentofu/opentofu";
/// How often a silent build says that it is still at work.
const HEARTBEAT: Duration = Duration::from_secs(20);

/// Where the built program stands, or will.
pub(crate) fn location(workspace: &Workspace) -> Result<PathBuf> {
    let version = pinned_version(&go_mod(workspace)?)?;
    Ok(cache_folder()?
        .join(format!("tofu-{version}"))
        .join(format!("tofu{}", std::env::consts::EXE_SUFFIX)))
}

/// Builds it; the path is [`location`].
pub(crate) fn build(workspace: &Workspace) -> Result<PathBuf> {
    let target = location(workspace)?;
    let go_mod = go_mod(workspace)?;
    let needed = go_directive(&go_mod)?;
    check_go(&needed)?;
    let folder = target.parent().context("the cache has a folder")?;
    std::fs::create_dir_all(folder).with_context(|| format!("make `{}`", folder.display()))?;

    let scratch = folder.join(format!("tofu.building.{}", std::process::id()));
    eprintln!(
        "building OpenTofu {} with Go, once; this takes some minutes",
        pinned_version(&go_mod)?
    );
    let run = Run::new("go")
        .args([
            "build",
            "-trimpath",
            "-ldflags",
            "-s -w -X github.com/opentofu/opentofu/version.dev=no",
            "-o",
        ])
        .arg(&scratch)
        .arg(format!("{MODULE}/cmd/tofu"))
        .env("CGO_ENABLED", "0")
        .directory(&workspace.root.join(MODULE_FOLDER));
    let built = with_heartbeat("still building OpenTofu", || run.announced());
    if let Err(error) = built {
        drop(std::fs::remove_file(&scratch));
        return Err(error.context(
            "build OpenTofu: Go needs its module proxy (see `go env GOPROXY`); or install `tofu` or `terraform` yourself",
        ));
    }
    std::fs::rename(&scratch, &target).with_context(|| format!("move OpenTofu to `{}`", target.display()))?;
    Ok(target)
}

fn go_mod(workspace: &Workspace) -> Result<String> {
    let path = workspace.root.join(MODULE_FOLDER).join("go.mod");
    std::fs::read_to_string(&path).with_context(|| format!("read `{}`", path.display()))
}

/// The version of OpenTofu that the module file pins, without its `v`.
fn pinned_version(go_mod: &str) -> Result<String> {
    go_mod
        .lines()
        .find_map(|line| {
            line.trim()
                .trim_start_matches("require ")
                .strip_prefix(MODULE)?
                .trim()
                .strip_prefix('v')
        })
        .map(|rest| rest.split_whitespace().next().unwrap_or_default().to_owned())
        .ok_or_else(|| anyhow!("no version of {MODULE} in {MODULE_FOLDER}/go.mod"))
}

/// The version of Go that the module file asks for.
fn go_directive(go_mod: &str) -> Result<String> {
    go_mod
        .lines()
        .find_map(|line| line.strip_prefix("go "))
        .map(|version| version.trim().to_owned())
        .ok_or_else(|| anyhow!("no `go` line in {MODULE_FOLDER}/go.mod"))
}

fn check_go(needed: &str) -> Result<()> {
    let advice = format!("install Go {needed} or newer (go.dev/dl), or put `tofu` or `terraform` on PATH");
    if on_path("go").is_none() {
        bail!("neither `tofu` nor `terraform` nor `go` is on PATH: {advice}");
    }
    let output = Run::new("go")
        .args(["env", "GOVERSION"])
        .output()
        .with_context(|| advice.clone())?;
    let present = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if is_enough(&present, needed) {
        Ok(())
    } else {
        bail!("`go` is {present}, too old to build OpenTofu: {advice}")
    }
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
            assert_eq!(pinned_version(text).unwrap(), "1.12.6");
            assert_eq!(go_directive(text).unwrap(), "1.26.6");
        }
        assert!(pinned_version("go 1.26\n").is_err());
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
