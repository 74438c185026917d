//! The plan's resource instances by where they stand in the configuration.

use std::collections::{BTreeSet, HashMap, HashSet};

use nhi_plan::plan::{ResourceChange, StateResource};
use nhi_plan::{Action, Mode, Plan, json};

use crate::ast::Text;

/// Key of an instance.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Key {
    None,
    Index(usize),
    Name(Text),
}

impl Key {
    /// The key as it stands in an address.
    pub(crate) fn suffix(&self) -> String {
        match self {
            Self::None => String::new(),
            Self::Index(index) => format!("[{index}]"),
            Self::Name(name) => format!("[{}]", json::quote(name)),
        }
    }
}

/// A resource instance as the plan has it.
#[derive(Debug)]
pub(crate) struct Instance<'p> {
    pub(crate) address: &'p str,
    pub(crate) module: &'p str,
    pub(crate) resource_type: &'p str,
    pub(crate) key: Key,
    /// Address in its module.
    pub(crate) local: String,
    pub(crate) after: Option<&'p str>,
    pub(crate) unknown: Option<&'p str>,
    pub(crate) sensitive: Option<&'p str>,
}

/// Instances and modules of a plan.
#[derive(Debug, Default)]
pub(crate) struct Index<'p> {
    pub(crate) instances: Vec<Instance<'p>>,
    by_block: HashMap<&'p str, HashMap<String, Vec<u32>>>,
    addresses: HashSet<&'p str>,
    module_keys: HashMap<(String, String), BTreeSet<Key>>,
}

fn key_of(index: Option<&str>) -> Key {
    let Some(document) = index.and_then(|index| json::parse(index).ok()) else {
        return Key::None;
    };
    let root = document.root();
    match (root.as_str(), root.number_text().and_then(|text| text.parse().ok())) {
        (Some(name), _) => Key::Name(Text::from(&*name)),
        (_, Some(index)) => Key::Index(index),
        _ => Key::None,
    }
}

fn local_address(mode: Mode, resource_type: &str, name: &str) -> String {
    let data = if mode == Mode::Data { "data." } else { "" };
    format!("{data}{resource_type}.{name}")
}

/// The module calls in a module instance's address, outermost first.
pub(crate) fn module_steps(address: &str) -> Vec<(String, Key)> {
    let mut steps = Vec::new();
    let mut rest = address;
    while let Some(after) = rest.strip_prefix("module.") {
        let length = after.find(['.', '[']).unwrap_or(after.len());
        let (name, tail) = after.split_at_checked(length).unwrap_or((after, ""));
        let (key, tail) = match tail.strip_prefix('[') {
            None => (Key::None, tail),
            Some(inner) => bracket(inner),
        };
        steps.push((name.to_owned(), key));
        rest = tail.strip_prefix('.').unwrap_or(tail);
    }
    steps
}

/// The key behind an opening bracket, and what follows the closing one.
fn bracket(inner: &str) -> (Key, &str) {
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in inner.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b']' if !quoted => {
                let (key, tail) = inner.split_at_checked(at).unwrap_or((inner, ""));
                return (key_of(Some(key)), tail.get(1..).unwrap_or_default());
            }
            _ => {}
        }
    }
    (Key::None, "")
}

impl<'p> Index<'p> {
    pub(crate) fn new(plan: &'p Plan<'p>) -> Self {
        let mut index = Self::default();
        for change in plan.resource_changes.iter().chain(&plan.deferred_changes) {
            index.change(change);
        }
        for resource in &plan.state_resources {
            index.existing(resource);
        }
        index
    }

    fn change(&mut self, from: &'p ResourceChange<'p>) {
        let actions = &from.change.actions;
        let gone = actions
            .iter()
            .any(|action| matches!(action, Action::Delete | Action::Forget));
        if from.deposed.is_some() || (gone && !actions.contains(&Action::Create)) {
            return;
        }
        self.push(Instance {
            address: &from.address,
            module: &from.module_address,
            resource_type: &from.resource_type,
            key: key_of(from.index),
            local: local_address(from.mode, &from.resource_type, &from.name),
            after: from.change.after,
            unknown: from.change.after_unknown,
            sensitive: from.change.after_sensitive,
        });
    }

    fn existing(&mut self, from: &'p StateResource<'p>) {
        // A data source that the plan reads anew is known by its change.
        if !self.addresses.contains(&*from.address) {
            let local = local_address(from.mode, &from.resource_type, &from.name);
            let key = key_of(from.index);
            self.push(Instance {
                address: &from.address,
                module: &from.module_address,
                resource_type: &from.resource_type,
                key,
                local,
                after: from.values,
                unknown: None,
                sensitive: from.sensitive_values,
            });
        }
    }

    fn push(&mut self, instance: Instance<'p>) {
        let at = u32::try_from(self.instances.len()).unwrap_or(u32::MAX);
        let module = self.by_block.entry(instance.module).or_default();
        let place = module.entry(instance.local.clone()).or_default();
        if place.is_empty() && !instance.module.is_empty() {
            let mut parent = String::new();
            for (name, key) in module_steps(instance.module) {
                let keys = self.module_keys.entry((parent.clone(), name.clone())).or_default();
                keys.insert(key.clone());
                if !parent.is_empty() {
                    parent.push('.');
                }
                parent.push_str("module.");
                parent.push_str(&name);
                parent.push_str(&key.suffix());
            }
        }
        place.push(at);
        self.addresses.insert(instance.address);
        self.instances.push(instance);
    }

    pub(crate) fn instance(&self, at: u32) -> Option<&Instance<'p>> {
        self.instances.get(at as usize)
    }

    /// The instances of a block in one module instance.
    pub(crate) fn of_block(&self, module: &str, local: &str) -> &[u32] {
        let blocks = self.by_block.get(module);
        blocks.and_then(|blocks| blocks.get(local)).map_or(&[], Vec::as_slice)
    }

    /// The keys under which a module call has instances in the plan.
    pub(crate) fn module_keys(&self, parent: &str, call: &str) -> Option<&BTreeSet<Key>> {
        self.module_keys.get(&(parent.to_owned(), call.to_owned()))
    }
}
