//! Which instances of a block a reference means.
//!
//! References name blocks without instance keys; a block in a module with `for_each` may have thousands of instances,
//! so that nearness is looked up and never searched for.

use std::collections::{BTreeMap, HashMap};

use super::data_document::instance_key;
use super::documents::INSTANCES_MAX;

/// Where a block stands: what it needs to say for others to be near it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spot<'a> {
    pub(crate) address: &'a str,
    pub(crate) module: &'a str,
}

/// Instances of one block.
#[derive(Debug, Default)]
struct Instances {
    all: Vec<usize>,
    /// By module instance, then own key.
    modules: BTreeMap<String, BTreeMap<String, usize>>,
    /// By the key of the module instance.
    keys: BTreeMap<String, Vec<usize>>,
}

/// Instances by configuration address, and by their own.
#[derive(Debug, Default)]
pub(crate) struct Nearest {
    blocks: HashMap<String, Instances>,
    addresses: HashMap<String, usize>,
}

impl Nearest {
    pub(crate) fn add(&mut self, config_address: &str, spot: Spot<'_>, index: usize) {
        self.addresses.insert(spot.address.to_owned(), index);
        let instances = self.blocks.entry(config_address.to_owned()).or_default();
        instances.all.push(index);
        let keys = instances.modules.entry(spot.module.to_owned()).or_default();
        keys.insert(instance_key(spot.address).to_owned(), index);
        let module_key = instance_key(spot.module);
        if !module_key.is_empty() {
            instances.keys.entry(module_key.to_owned()).or_default().push(index);
        }
    }

    /// The instance with this address.
    pub(crate) fn exactly(&self, address: &str) -> Option<usize> {
        self.addresses.get(address).copied()
    }

    /// How many instances a block has.
    pub(crate) fn count(&self, config_address: &str) -> usize {
        self.blocks
            .get(config_address)
            .map_or(0, |instances| instances.all.len())
    }

    /// The instances that a block at `spot` means by a configuration address: the one in the same place, those of
    /// the same module instance, those of the module instance with its key, or all. Empty where there are none, or too
    /// many.
    pub(crate) fn of(&self, config_address: &str, spot: Spot<'_>) -> Vec<usize> {
        let Some(instances) = self.blocks.get(config_address) else {
            return Vec::new();
        };
        let key = instance_key(spot.address);
        let few = |found: &[usize]| {
            if found.len() > INSTANCES_MAX {
                Vec::new()
            } else {
                found.to_vec()
            }
        };
        if let Some(beside) = instances.modules.get(spot.module) {
            if let Some(same) = beside.get(key) {
                return vec![*same];
            }
            let beside: Vec<_> = beside.values().copied().take(INSTANCES_MAX + 1).collect();
            return few(&beside);
        }
        match instances.keys.get(key).filter(|_| !key.is_empty()) {
            Some(keyed) => few(keyed),
            None => few(&instances.all),
        }
    }
}
