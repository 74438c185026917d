//! Checks the rules of the house that no compiler checks; ARCHITECTURE.md and CONTRIBUTING.md state them.
//!
//! Each check takes what it judges as a value and returns complaints, so that its own tests can show that it fails.
//! All complaints are collected: a reader fixes everything in one go.

mod arrows;
mod files;
mod links;
mod lists;
mod pages;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::shell::{Run, Workspace};

/// One thing that is not as it should be, on one line, with what to do about it.
type Complaint = String;

/// A file of the repository.
#[derive(Debug, Clone)]
struct Source {
    /// Relative to the root, with `/`.
    path: String,
    text: String,
}

pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let sources = sources(&workspace.root)?;
    let rules = nhi_analyzer::rules();
    let codes: Vec<&str> = rules.iter().map(|rule| rule.code).collect();
    let docs: Vec<(&str, &str)> = rules.iter().map(|rule| (rule.code, rule.docs)).collect();
    let mut complaints = arrows::check(&arrows::read(&workspace.metadata)?);
    complaints.extend(files::check(&sources));
    complaints.extend(links::check(&sources));
    complaints.extend(lists::codes(&codes));
    complaints.extend(lists::modules(&sources, "analyzer-wasm/src/rules"));
    complaints.extend(lists::modules(&sources, "provider/src/resources"));
    complaints.extend(lists::dependencies(&sources));
    complaints.extend(pages::resources(&sources));
    complaints.extend(pages::rules(&sources, &codes));
    complaints.extend(pages::stop_codes(&sources));
    complaints.extend(pages::headings(&docs, &nhi_analyzer::Rule::HEADINGS));
    if complaints.is_empty() {
        println!("tidy: {} files in order", sources.len());
        return Ok(());
    }
    for complaint in &complaints {
        eprintln!("tidy: {complaint}");
    }
    bail!("{} things are out of order", complaints.len())
}

/// Everything that git knows or would know of, as far as it is text.
fn sources(root: &Path) -> Result<Vec<Source>> {
    let listed = Run::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .directory(root)
        .output()
        .context("list the files of the repository")?;
    let mut paths: Vec<PathBuf> = listed
        .stdout
        .split(|byte| *byte == 0)
        .filter(|path| !path.is_empty())
        .map(|path| PathBuf::from(String::from_utf8_lossy(path).into_owned()))
        .collect();
    paths.sort();
    paths.dedup();
    // A file that was deleted and not yet committed is still listed; one that is not text has no lines to judge.
    Ok(paths
        .into_iter()
        .filter_map(|path| {
            let text = std::fs::read_to_string(root.join(&path)).ok()?;
            Some(Source {
                path: path.to_string_lossy().replace('\\', "/"),
                text,
            })
        })
        .collect())
}

/// Files for the tests of the checks.
#[cfg(test)]
fn fake(files: &[(&str, &str)]) -> Vec<Source> {
    files
        .iter()
        .map(|(path, text)| Source {
            path: (*path).to_owned(),
            text: (*text).to_owned(),
        })
        .collect()
}
