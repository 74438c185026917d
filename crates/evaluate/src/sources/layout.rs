//! Which file belongs to which module.
//!
//! A plan file holds a directory `m-<key>` for every module and a manifest that says where each came from; on disk
//! the manifest lies in `.terraform/modules`, and modules beside the root are also found by their `source`.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use nhi_plan::json;

use super::Sources;
use crate::ast::Kind;
use crate::limits::MODULE_DEPTH_MAX;

const PLAN_MANIFEST: &str = "tfconfig/modules.json";
const PLAN_PREFIX: &str = "tfconfig/m-";
const DISK_MANIFEST: &str = ".terraform/modules/modules.json";

/// Modules that a configuration may have, each counted as often as it is called.
const MODULES_MAX: usize = 10_000;

/// Name within the directory, path for people, text.
type ModuleFiles = Vec<(String, String, Arc<str>)>;

/// Joins two paths and resolves `.` and `..`; `None` when it leaves the root module or is absolute.
pub(crate) fn join(directory: &str, path: &str) -> Option<String> {
    if path.starts_with('/') || path.contains('\0') || path.contains(':') {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in directory.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            // Beside the root module nothing is ours; a module there is found by the manifest.
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Keys and directories of a manifest, which is an array in a plan file and an object on disk.
fn manifest(text: Option<&Arc<str>>) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let Some(document) = text.and_then(|text| json::parse(text).ok()) else {
        return found;
    };
    let root = document.root();
    for entry in root.get("Modules").unwrap_or(root).elements() {
        let member = |name| entry.get(name).and_then(json::Value::as_str);
        if let (Some(key), Some(directory)) = (member("Key"), member("Dir")) {
            let directory = directory.replace('\\', "/");
            found.insert(key.into_owned(), directory);
        }
    }
    found
}

/// A directory without `.` parts; one outside of the root module keeps its `..` at the beginning.
fn clean(directory: &str, path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in directory.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    let root = if directory.starts_with('/') { "/" } else { "" };
    format!("{root}{}", parts.join("/"))
}

/// Whether a file name is configuration, and what it is called without its ending.
fn stem(name: &str) -> Option<(&str, bool)> {
    if name.starts_with('.') || name.ends_with('~') || name.starts_with('#') {
        return None;
    }
    let tofu = [".tofu", ".tofu.json"].iter().find_map(|end| name.strip_suffix(end));
    if let Some(stem) = tofu {
        return Some((stem, true));
    }
    [".tf", ".tf.json"]
        .iter()
        .find_map(|end| name.strip_suffix(end))
        .map(|stem| (stem, false))
}

/// OpenTofu prefers `x.tofu` to `x.tf`.
fn without_doubles(files: ModuleFiles) -> ModuleFiles {
    let tofu: Vec<String> = files
        .iter()
        .filter_map(|(name, ..)| stem(name).filter(|(_, tofu)| *tofu))
        .map(|(stem, _)| stem.to_owned())
        .collect();
    files
        .into_iter()
        .filter(|(name, ..)| {
            stem(name).is_some_and(|(stem, is_tofu)| is_tofu || !tofu.iter().any(|other| other == stem))
        })
        .collect()
}

impl Sources {
    pub(super) fn lay_out(&mut self, given: BTreeMap<String, Arc<str>>) {
        if given.keys().any(|path| path.starts_with(PLAN_PREFIX)) {
            self.lay_out_plan_file(given);
        } else {
            self.lay_out_directory(given);
        }
    }

    fn lay_out_plan_file(&mut self, given: BTreeMap<String, Arc<str>>) {
        let directories = manifest(given.get(PLAN_MANIFEST));
        let mut modules: BTreeMap<String, ModuleFiles> = BTreeMap::new();
        for (path, text) in given {
            let Some((key, name)) = path.strip_prefix(PLAN_PREFIX).and_then(|rest| rest.split_once('/')) else {
                self.texts.insert(path, text);
                continue;
            };
            let directory = directories.get(key).map_or("", String::as_str);
            let readable = match clean(directory, "") {
                directory if directory.is_empty() => name.to_owned(),
                directory => format!("{directory}/{name}"),
            };
            modules
                .entry(key.to_owned())
                .or_default()
                .push((name.to_owned(), readable, text));
        }
        for (key, files) in modules {
            let directory = directories
                .get(&key)
                .map(|directory| clean(directory, ""))
                .unwrap_or_default();
            let at = self.read_module(directory, without_doubles(files));
            self.keys.insert(key, at);
        }
    }

    fn lay_out_directory(&mut self, given: BTreeMap<String, Arc<str>>) {
        let directories = manifest(given.get(DISK_MANIFEST));
        let mut files: HashMap<String, ModuleFiles> = HashMap::new();
        for (path, text) in given {
            let (directory, name) = path.rsplit_once('/').unwrap_or(("", &path));
            if stem(name).is_some() {
                let entry = (name.to_owned(), path.clone(), text.clone());
                files.entry(clean(directory, "")).or_default().push(entry);
            }
            self.texts.insert(path, text);
        }
        let mut read: HashMap<String, usize> = HashMap::new();
        let mut pending = vec![(String::new(), String::new(), 0_usize)];
        while let Some((key, directory, depth)) = pending.pop() {
            let at = match read.get(&directory) {
                Some(at) => *at,
                None => {
                    let Some(files) = files.remove(&directory) else {
                        continue;
                    };
                    let at = self.read_module(directory.clone(), without_doubles(files));
                    read.insert(directory.clone(), at);
                    at
                }
            };
            self.keys.insert(key.clone(), at);
            if depth >= MODULE_DEPTH_MAX || self.keys.len() + pending.len() > MODULES_MAX {
                self.note("modules are nested too deeply, or are too many: the rest was not read".to_owned());
                continue;
            }
            for (name, source) in self.calls_of(at) {
                let child = if key.is_empty() { name } else { format!("{key}.{name}") };
                let directory = match directories.get(&child) {
                    Some(directory) => Some(clean(directory, "")),
                    None => source.map(|source| clean(&directory, &source)),
                };
                if let Some(directory) = directory {
                    pending.push((child, directory, depth + 1));
                }
            }
        }
    }

    /// Names of the calls of a module, and their sources where those are beside it.
    fn calls_of(&self, at: usize) -> Vec<(String, Option<String>)> {
        let Some(module) = self.modules.get(at) else {
            return Vec::new();
        };
        let mut calls: Vec<_> = module
            .calls
            .iter()
            .map(|(name, block)| {
                let source = match block.body.attribute("source").map(|source| &source.value.kind) {
                    Some(Kind::Text(source)) if source.starts_with("./") || source.starts_with("../") => {
                        Some(source.to_string())
                    }
                    _ => None,
                };
                (name.to_string(), source)
            })
            .collect();
        calls.sort();
        calls
    }
}
