//! Which instances of a block a reference means.
//!
//! References name blocks without instance keys; a block in a module with `for_each` may have thousands of instances,
//! so that nearness is looked up and never searched for.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::data_document::instance_key;
use super::documents::INSTANCES_MAX;
use crate::facts::hash::Map;

/// Where a block stands: what it needs to say for others to be near it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spot<'a> {
    pub(crate) address: &'a str,
    pub(crate) module: &'a str,
}

/// Instances of one block.
#[derive(Debug, Default)]
struct Instances {
    all: Vec<Instance>,
    /// Made when somebody asks for a block with more than one instance; most have one.
    places: OnceCell<Places>,
}

#[derive(Debug)]
struct Instance {
    address: Arc<str>,
    module: Arc<str>,
    index: usize,
}

/// Where the instances of one block stand.
#[derive(Debug, Default)]
struct Places {
    /// By module instance, then own key.
    modules: BTreeMap<Arc<str>, BTreeMap<String, usize>>,
    /// By the key of the module instance.
    keys: BTreeMap<String, Vec<usize>>,
}

impl Places {
    fn of(instances: &[Instance]) -> Self {
        let mut places = Self::default();
        for instance in instances {
            let keys = places.modules.entry(Arc::clone(&instance.module)).or_default();
            keys.insert(instance_key(&instance.address).to_owned(), instance.index);
            let module_key = instance_key(&instance.module);
            if !module_key.is_empty() {
                places
                    .keys
                    .entry(module_key.to_owned())
                    .or_default()
                    .push(instance.index);
            }
        }
        places
    }
}

/// Instances by configuration address, and by their own.
#[derive(Debug, Default)]
pub(crate) struct Nearest {
    blocks: Map<Arc<str>, Instances>,
    addresses: Map<Arc<str>, usize>,
}

impl Nearest {
    /// Adds what stands at `address`, an instance of `block`, in an instance of its module.
    pub(crate) fn add(&mut self, block: &Arc<str>, address: &Arc<str>, module: &Arc<str>, index: usize) {
        self.addresses.insert(Arc::clone(address), index);
        let instances = self.blocks.entry(Arc::clone(block)).or_default();
        instances.places.take();
        instances.all.push(Instance {
            address: Arc::clone(address),
            module: Arc::clone(module),
            index,
        });
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
        // Whatever is asked for, the only instance is the nearest.
        if let [only] = instances.all.as_slice() {
            return vec![only.index];
        }
        let places = instances.places.get_or_init(|| Places::of(&instances.all));
        let key = instance_key(spot.address);
        let few = |found: &[usize]| {
            if found.len() > INSTANCES_MAX {
                Vec::new()
            } else {
                found.to_vec()
            }
        };
        if let Some(beside) = places.modules.get(spot.module) {
            if let Some(same) = beside.get(key) {
                return vec![*same];
            }
            let beside: Vec<_> = beside.values().copied().take(INSTANCES_MAX + 1).collect();
            return few(&beside);
        }
        match places.keys.get(key).filter(|_| !key.is_empty()) {
            Some(keyed) => few(keyed),
            None => {
                let all = instances.all.iter().map(|instance| instance.index);
                few(&all.take(INSTANCES_MAX + 1).collect::<Vec<_>>())
            }
        }
    }
}
