//! The configuration as files: which module each belongs to, what is in it, and where it stands.
//!
//! A plan file and a source directory become the same thing. Whatever cannot be read leaves a note and is missing,
//! so that what refers to it stays unknown.

mod layout;
mod places;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::ast::{Attribute, Block, Body, Text};
use crate::limits::{NOTES_MAX, SOURCE_BYTES_MAX};
use crate::parse::{Parsed, hcl_body, json_body};

pub(crate) use layout::join as join_path;
pub use places::AttributePlace;

/// A file of the configuration.
#[derive(Debug)]
pub(crate) struct File {
    /// Relative to the root module.
    pub(crate) path: String,
    pub(crate) text: Arc<str>,
    /// Where each line begins.
    lines: Vec<u32>,
}

/// What stands in the files of one module.
#[derive(Debug, Default)]
pub(crate) struct Module {
    /// Directory relative to the root module; empty for it.
    pub(crate) directory: String,
    /// By address in the module: `data.aws_iam_policy_document.d`.
    pub(crate) resources: HashMap<String, Block>,
    pub(crate) locals: HashMap<Text, Attribute>,
    pub(crate) variables: HashMap<Text, Block>,
    pub(crate) outputs: HashMap<Text, Block>,
    pub(crate) calls: HashMap<Text, Block>,
    pub(crate) providers: Vec<Block>,
    /// Something of it could not be read: what is not there may be there all the same.
    pub(crate) partial: bool,
}

/// The configuration of a plan, read once.
#[derive(Debug, Default)]
pub struct Sources {
    files: Vec<File>,
    modules: Vec<Module>,
    /// Places in `modules`, by the names of the calls that lead there: `a.b`; empty for the root module.
    keys: BTreeMap<String, usize>,
    /// Other files, by path relative to the root module.
    texts: BTreeMap<String, Arc<str>>,
    notes: Vec<String>,
    notes_more: usize,
}

impl Sources {
    /// Reads files given as path and text.
    ///
    /// Paths are either those in a plan file (`tfconfig/modules.json`, `tfconfig/m-<key>/main.tf`), or relative to
    /// the root module (`main.tf`, `modules/a/main.tf`, `.terraform/modules/modules.json`). Other files serve `file`
    /// and `templatefile`.
    pub fn new(files: impl Iterator<Item = (String, String)>) -> Self {
        let mut sources = Self::default();
        let mut given = BTreeMap::new();
        let mut bytes = 0_usize;
        for (path, text) in files {
            bytes = bytes.saturating_add(text.len());
            let path = path.replace('\\', "/");
            if bytes > SOURCE_BYTES_MAX {
                sources.note(format!(
                    "`{path}` was not read: the sources are larger than {SOURCE_BYTES_MAX} bytes"
                ));
                continue;
            }
            let path = path.strip_prefix("./").unwrap_or(&path).to_owned();
            given.insert(path, Arc::<str>::from(text));
        }
        sources.lay_out(given);
        if sources.notes_more > 0 {
            let more = format!("{} more parts of the sources could not be read", sources.notes_more);
            sources.notes.push(more);
        }
        sources
    }

    /// What could not be read, and why.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Whether there is any configuration.
    pub fn is_empty(&self) -> bool {
        self.modules.is_empty()
    }

    /// The files of the configuration: path as places give it, and text.
    pub fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|file| (&*file.path, &*file.text))
    }

    pub(crate) fn module(&self, key: &str) -> Option<&Module> {
        self.modules.get(*self.keys.get(key)?)
    }

    /// All modules, each with the names of the calls that lead there.
    pub(crate) fn modules(&self) -> impl Iterator<Item = (&str, &Module)> {
        self.keys
            .iter()
            .filter_map(|(key, at)| Some((key.as_str(), self.modules.get(*at)?)))
    }

    pub(crate) fn text(&self, path: &str) -> Option<Arc<str>> {
        self.texts.get(path).cloned()
    }

    pub(crate) fn file(&self, index: u32) -> Option<&File> {
        self.files.get(index as usize)
    }

    fn note(&mut self, note: String) {
        if self.notes.len() < NOTES_MAX {
            self.notes.push(note);
        } else {
            self.notes_more += 1;
        }
    }

    /// Reads the files of one module: name within the directory, path for people, text.
    fn read_module(&mut self, directory: String, files: Vec<(String, String, Arc<str>)>) -> usize {
        let mut module = Module {
            directory,
            ..Module::default()
        };
        let mut overrides = Vec::new();
        for (name, path, text) in files {
            let index = u32::try_from(self.files.len()).unwrap_or(u32::MAX);
            let json = is_json(&name);
            let Parsed { body, unread } = if json {
                json_body(&text, index)
            } else {
                hcl_body(&text, index)
            };
            self.files.push(File::new(path, text));
            for (offset, reason) in unread {
                module.partial = true;
                let place = self.file(index).map(|file| file.place(offset)).unwrap_or_default();
                self.note(format!("{place} could not be read: {}", first_line(&reason)));
            }
            if is_override(&name) {
                overrides.push(body);
            } else {
                module.add(body);
            }
        }
        for body in overrides {
            module.replace(body);
        }
        self.modules.push(module);
        self.modules.len() - 1
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

fn is_json(name: &str) -> bool {
    // Terraform knows endings in lower case only.
    name.rsplit_once('.').is_some_and(|(_, ending)| ending == "json")
}

fn is_override(name: &str) -> bool {
    let stem = name.strip_suffix(".json").unwrap_or(name);
    let stem = stem.rsplit_once('.').map_or(stem, |(stem, _)| stem);
    stem == "override" || stem.ends_with("_override")
}

impl Module {
    fn add(&mut self, body: Body) {
        for block in body.blocks {
            let first = || block.labels.first().cloned().unwrap_or_else(|| Text::from(""));
            match &*block.kind {
                "resource" => {
                    let address = format!("{}.{}", block.label(0), block.label(1));
                    self.resources.entry(address).or_insert(block);
                }
                "data" => {
                    let address = format!("data.{}.{}", block.label(0), block.label(1));
                    self.resources.entry(address).or_insert(block);
                }
                "locals" => {
                    for local in block.body.attributes {
                        self.locals.entry(local.name.clone()).or_insert(local);
                    }
                }
                "variable" => drop(self.variables.entry(first()).or_insert(block)),
                "output" => drop(self.outputs.entry(first()).or_insert(block)),
                "module" => drop(self.calls.entry(first()).or_insert(block)),
                "provider" => self.providers.push(block),
                _ => {}
            }
        }
    }

    /// Lays the blocks of an override file over those that are there.
    fn replace(&mut self, body: Body) {
        for block in body.blocks {
            let name = block.labels.first().cloned().unwrap_or_else(|| Text::from(""));
            let target = match &*block.kind {
                "resource" => self
                    .resources
                    .get_mut(&format!("{}.{}", block.label(0), block.label(1))),
                "data" => self
                    .resources
                    .get_mut(&format!("data.{}.{}", block.label(0), block.label(1))),
                "variable" => self.variables.get_mut(&name),
                "output" => self.outputs.get_mut(&name),
                "module" => self.calls.get_mut(&name),
                "provider" => {
                    let alias = |block: &Block| block.body.attribute("alias").map(|_| ()).is_some();
                    self.providers
                        .iter_mut()
                        .find(|known| known.label(0) == &*name && !alias(known) && !alias(&block))
                }
                "locals" => {
                    for local in block.body.attributes {
                        self.locals.insert(local.name.clone(), local);
                    }
                    continue;
                }
                _ => continue,
            };
            if let Some(target) = target {
                lay_over(&mut target.body, block.body);
            }
        }
    }
}

/// Attributes by name; nested blocks of one kind replace all of that kind.
fn lay_over(body: &mut Body, over: Body) {
    for attribute in over.attributes {
        match body.attributes.iter_mut().find(|known| known.name == attribute.name) {
            Some(known) => *known = attribute,
            None => body.attributes.push(attribute),
        }
    }
    body.blocks
        .retain(|known| !over.blocks.iter().any(|block| block.kind == known.kind));
    body.blocks.extend(over.blocks);
}
