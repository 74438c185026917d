//! Puts safe patches into the configuration: text at spans, every other byte kept.
//!
//! What cannot be located for certain is refused with its reason. Nothing is changed in a file that is not, byte for
//! byte, what the plan was judged with.

mod diff;
mod splice;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use nhi_evaluate::Sources;

use crate::report::{Entry, Report};

pub(crate) use diff::Hunk;
use splice::{Edit, edit};

/// Where `init` keeps the modules that it has fetched.
const FETCHED: &str = ".terraform/";

/// What is to be done.
#[derive(Debug, Default)]
pub(crate) struct Fixes {
    pub(crate) files: Vec<FixedFile>,
    pub(crate) refused: Vec<Refused>,
}

/// A file and what becomes of it.
#[derive(Debug)]
pub(crate) struct FixedFile {
    /// As findings name it.
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    pub(crate) text: String,
    pub(crate) hunks: Vec<Hunk>,
    /// How many findings it repairs.
    pub(crate) findings: usize,
}

/// A patch that is not made, and why.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) address: String,
    pub(crate) code: String,
    pub(crate) patch: String,
    pub(crate) why: String,
}

impl Fixes {
    /// Works out what the patches of a report come to in the files under `root`.
    pub(crate) fn of(report: &Report, sources: &Sources, root: &Path) -> Self {
        let mut fixes = Self::default();
        let texts: BTreeMap<&str, &str> = sources.files().collect();
        let secrets: BTreeSet<(&str, u32)> = report
            .entries
            .iter()
            .filter(|entry| entry.is_credential())
            .filter_map(|entry| entry.location().map(|at| (at.file.as_str(), at.line)))
            .collect();
        let mut edits: BTreeMap<&str, Vec<Edit>> = BTreeMap::new();
        for entry in &report.entries {
            let Some(patch) = &entry.patch else { continue };
            match edit(entry, patch, sources, &texts) {
                Ok((file, mut edit)) => {
                    let line = texts.get(file).map_or(0, |text| line_of(text, edit.range.start));
                    edit.hidden |= secrets.contains(&(file, line));
                    let planned = edits.entry(file).or_default();
                    match planned.iter_mut().find(|known| known.is_same(&edit)) {
                        Some(known) => known.findings += 1,
                        None => planned.push(edit),
                    }
                }
                Err(why) => fixes.refuse(entry, why),
            }
        }
        for (name, edits) in edits {
            let text = texts.get(name).copied().unwrap_or_default();
            fixes.file(name, text, edits, root, report);
        }
        fixes
    }

    fn file(&mut self, name: &str, text: &str, mut edits: Vec<Edit>, root: &Path, report: &Report) {
        edits.sort_by_key(|edit| (edit.range.start, edit.range.end));
        let mut kept: Vec<Edit> = Vec::new();
        for edit in edits {
            match kept.last() {
                Some(last) if edit.range.start < last.range.end || edit.range == last.range => {
                    self.refuse_edit(&edit, report, "another patch changes the same place");
                }
                _ => kept.push(edit),
            }
        }
        let path = root.join(name);
        let refusal = unchanged(root, name, &path, text).err().or_else(|| {
            let new = splice::apply(text, &kept);
            hcl::parse(&new).err().map(|_| "the result would not be HCL".to_owned())
        });
        if let Some(why) = refusal {
            for edit in &kept {
                self.refuse_edit(edit, report, &why);
            }
            return;
        }
        self.files.push(FixedFile {
            name: name.to_owned(),
            path,
            text: splice::apply(text, &kept),
            hunks: diff::hunks(text, &kept),
            findings: kept.iter().map(|edit| edit.findings).sum(),
        });
    }

    fn refuse_edit(&mut self, edit: &Edit, report: &Report, why: &str) {
        let entry = report
            .entries
            .iter()
            .find(|entry| entry.fingerprint == edit.fingerprint);
        if let Some(entry) = entry {
            self.refuse(entry, why.to_owned());
        }
    }

    fn refuse(&mut self, entry: &Entry, why: String) {
        let patch = entry.patch.as_ref();
        self.refused.push(Refused {
            address: entry.address.clone(),
            code: entry.code.clone(),
            patch: patch.map(|patch| patch.path.clone()).unwrap_or_default(),
            why,
        });
    }
}

/// The line of a byte, from 1.
fn line_of(text: &str, at: usize) -> u32 {
    let before = text.get(..at).unwrap_or(text);
    u32::try_from(before.matches('\n').count() + 1).unwrap_or(u32::MAX)
}

/// Refuses a file that is not ours to change, or not what the plan was judged with.
fn unchanged(root: &Path, name: &str, path: &Path, text: &str) -> Result<(), String> {
    if name.starts_with(FETCHED) {
        return Err("it belongs to a module that `init` has fetched: change it where it comes from".to_owned());
    }
    let (Ok(target), Ok(root)) = (path.canonicalize(), root.canonicalize()) else {
        return Err(format!("there is no `{name}` in the source directory"));
    };
    let fence = crate::input::repository(&root);
    if !target.starts_with(&fence) {
        return Err("it lies outside of the repository".to_owned());
    }
    match std::fs::read(&target) {
        Ok(bytes) if bytes == text.as_bytes() => Ok(()),
        Ok(_) => Err("the file has changed since the plan was made: plan again".to_owned()),
        Err(error) => Err(format!("the file cannot be read: {error}")),
    }
}
