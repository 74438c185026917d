//! Writes what is generated, or says that it is out of date: protocol code, pages of rules, pages of the provider.
//!
//! Generated files are committed, so that a reader sees them and a build needs no generator; `--check` is what keeps
//! them true.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::build::{self, Profile};
use crate::shell::{Workspace, write_if_changed};
use crate::{policy_docs, proto, provider_docs, rule_docs};

/// Whether to write or only to compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Write,
    Check,
}

/// Path from the workspace's root → text.
pub(crate) type Files = BTreeMap<PathBuf, String>;

/// Folders in which every file is generated: a file that is no longer made is out of date too.
const OWNED: [&str; 8] = [
    "crates/tfplugin/src/gen",
    "docs/actions",
    "docs/data-sources",
    "docs/ephemeral-resources",
    "docs/functions",
    "docs/list-resources",
    "docs/resources",
    "docs/rules",
];

pub(crate) fn run(workspace: &Workspace, mode: Mode) -> Result<()> {
    let artifacts = build::run(workspace, Profile::Debug)?;
    let mut files: Files = proto::generate(&workspace.root)?.into_iter().collect();
    files.extend(rule_docs::generate(&artifacts.nhi)?);
    files.extend(policy_docs::generate(&artifacts.nhi)?);
    files.extend(provider_docs::generate(&workspace.root, &artifacts.provider)?);
    let stale = stale(&workspace.root, &files)?;
    if stale.is_empty() {
        println!("gen: {} files are up to date", files.len());
        return Ok(());
    }
    if mode == Mode::Check {
        for path in &stale {
            eprintln!("gen: `{}` is out of date", path.display());
        }
        bail!(
            "{} generated files are out of date: run `cargo xtask gen` and commit them",
            stale.len()
        );
    }
    for path in &stale {
        let target = workspace.root.join(path);
        match files.get(path) {
            Some(text) => drop(write_if_changed(&target, text.as_bytes())?),
            None => fs::remove_file(&target).with_context(|| format!("remove `{}`", target.display()))?,
        }
        println!("gen: wrote `{}`", path.display());
    }
    Ok(())
}

/// Files that differ from what is generated, are missing, or are no longer generated.
fn stale(root: &Path, files: &Files) -> Result<Vec<PathBuf>> {
    let mut stale: Vec<PathBuf> = files
        .iter()
        .filter(|(path, text)| fs::read_to_string(root.join(path)).ok().as_ref() != Some(text))
        .map(|(path, _)| path.clone())
        .collect();
    for folder in OWNED {
        let entries = match fs::read_dir(root.join(folder)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error).with_context(|| format!("list `{folder}`")),
        };
        for entry in entries {
            let path = Path::new(folder).join(entry.with_context(|| format!("list `{folder}`"))?.file_name());
            if !files.contains_key(&path) {
                stale.push(path);
            }
        }
    }
    Ok(stale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_differs_is_missing_or_is_left_over() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| write_if_changed(&root.path().join(path), text.as_bytes()).unwrap();
        write("docs/rules/same.md", "a");
        write("docs/rules/changed.md", "a");
        write("docs/rules/left-over.md", "a");
        write("docs/guides/by-hand.md", "a");
        let files: Files = [("same", "a"), ("changed", "b"), ("missing", "c")]
            .into_iter()
            .map(|(name, text)| (PathBuf::from(format!("docs/rules/{name}.md")), text.to_owned()))
            .collect();
        let found = stale(root.path(), &files).unwrap();
        let names: Vec<_> = found
            .iter()
            .map(|path| path.file_stem().unwrap().to_str().unwrap())
            .collect();
        assert_eq!(names, ["changed", "missing", "left-over"]);
    }
}
