//! The deferred documents of a plan, and which of their instances an attribute means.
//!
//! References name blocks without instance keys; a block in a module with `for_each` may have thousands of instances,
//! so that nearness is looked up and never searched for.

use std::collections::BTreeMap;

use super::data_document::{DataDocument, Part, instance_key};
use super::document::Document;

/// Documents may build on documents; nobody nests them this deep.
const DEPTH_MAX: u32 = 8;
/// Instances that one attribute may turn out to be; of more than these nothing can be said.
pub(crate) const INSTANCES_MAX: usize = 64;

/// Instances of one block.
#[derive(Debug, Default)]
struct Instances {
    all: Vec<DataDocument>,
    /// By module instance and own key.
    places: BTreeMap<(String, String), usize>,
    /// By the key of the module instance.
    modules: BTreeMap<String, Vec<usize>>,
}

/// `aws_iam_policy_document` blocks that are read during apply, by configuration address.
#[derive(Debug, Default)]
pub(crate) struct Documents(BTreeMap<String, Instances>);

impl Documents {
    pub(crate) fn add(&mut self, config_address: &str, data: DataDocument) {
        let instances = self.0.entry(config_address.to_owned()).or_default();
        let index = instances.all.len();
        let module_key = instance_key(&data.module_address).to_owned();
        instances.modules.entry(module_key).or_default().push(index);
        instances
            .places
            .insert((data.module_address.clone(), data.key().to_owned()), index);
        instances.all.push(data);
    }

    /// The instances of a block that a block in `module` with this instance key means: one in the same place, those of
    /// the same module instance, those of the module instance with that key, or all. `None` where there are none, or
    /// too many.
    pub(crate) fn nearest(&self, config_address: &str, module: &str, key: &str) -> Option<Vec<&DataDocument>> {
        let instances = self.0.get(config_address)?;
        let get = |index: &usize| instances.all.get(*index);
        if let Some(same) = instances.places.get(&(module.to_owned(), key.to_owned())) {
            return Some(get(same).into_iter().collect());
        }
        let beside = instances
            .places
            .range((module.to_owned(), String::new())..)
            .take_while(|((other, _), _)| other == module)
            .map(|(_, index)| index);
        let keyed = instances.modules.get(key).filter(|_| !key.is_empty());
        let everywhere = instances.all.iter();
        let few = |found: Vec<_>| -> Option<Vec<&DataDocument>> { (found.len() <= INSTANCES_MAX).then_some(found) };
        let beside: Vec<_> = beside.filter_map(get).take(INSTANCES_MAX + 1).collect();
        if !beside.is_empty() {
            return few(beside);
        }
        let keyed: Vec<_> = keyed
            .into_iter()
            .flatten()
            .filter_map(get)
            .take(INSTANCES_MAX + 1)
            .collect();
        if !keyed.is_empty() {
            return few(keyed);
        }
        few(everywhere.take(INSTANCES_MAX + 1).collect())
    }

    /// The document with everything it builds on.
    pub(crate) fn assemble(&self, data: &DataDocument) -> Document {
        self.assemble_within(data, DEPTH_MAX)
    }

    fn assemble_within(&self, data: &DataDocument, depth: u32) -> Document {
        let mut document = Document::default();
        for part in &data.sources {
            self.merge(data, part, depth, &mut document);
        }
        document.merge(data.document.clone());
        for part in &data.overrides {
            self.merge(data, part, depth, &mut document);
        }
        document
    }

    fn merge(&self, data: &DataDocument, part: &Part, depth: u32, document: &mut Document) {
        let blocks = match part {
            Part::Known(known) => return document.merge(known.clone()),
            Part::Referenced(blocks) => blocks,
        };
        let mut found = false;
        for block in blocks {
            let others = self.nearest(block, &data.module_address, data.key());
            for other in others.into_iter().flatten().filter(|_| depth > 0) {
                document.merge(self.assemble_within(other, depth - 1));
                found = true;
            }
        }
        document.open |= !found;
    }
}
