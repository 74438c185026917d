//! Resources: which instances there are, and what an attribute of one is.
//!
//! The plan comes first, then the expression in the configuration, then what follows from other attributes; what is
//! left is a symbol that names the attribute.

use std::collections::BTreeMap;

use super::{Evaluator, Owner, Scope, Slot};
use crate::ast::{Block, Text};
use crate::fault::Fault;
use crate::plan_index::Key;
use crate::value::{Data, Value};

impl<'a> Evaluator<'a> {
    /// `aws_s3_bucket.b`: one instance, a list of them, or a map.
    pub(super) fn resource(&mut self, module: u32, local: &str) -> Value {
        let origin = self.full(module, local);
        self.once(module, Slot::Instances(Text::from(local)), &origin, |evaluator| {
            Ok(evaluator.resource_instances(module, local, &origin))
        })
    }

    fn resource_instances(&mut self, module: u32, local: &str, origin: &str) -> Value {
        let address = self.module_address(module).to_owned();
        let found: Vec<u32> = self.index.of_block(&address, local).to_vec();
        let config = self.module_config(module);
        let block = config.and_then(|config| config.resources.get(local));
        let count = block.and_then(|block| block.body.attribute("count"));
        let for_each = block.and_then(|block| block.body.attribute("for_each"));
        let keys: Vec<(Key, u32)> = found
            .iter()
            .filter_map(|at| Some((self.index.instance(*at)?.key.clone(), *at)))
            .collect();
        if let Some(count) = count {
            let count = self.repetition(module, local, &count.value);
            return self.counted(&keys, &count, origin);
        }
        if let Some(for_each) = for_each {
            let for_each = self.repetition(module, local, &for_each.value);
            return self.keyed(&keys, &for_each, origin);
        }
        if let Some((_, at)) = keys.iter().find(|(key, _)| *key == Key::None) {
            return Data::Resource(*at).into();
        }
        if block.is_some() || keys.is_empty() {
            let reason = match (block.is_some(), config) {
                (true, _) => "the plan does not hold it",
                (false, Some(config)) if !config.partial => "it is neither in the plan nor in the sources",
                _ => "its configuration is not at hand",
            };
            return self.because(origin, reason);
        }
        // Without configuration the keys alone say what it is.
        let unknown = Value::unknown(origin);
        if keys.iter().any(|(key, _)| matches!(key, Key::Index(_))) {
            return self.counted(&keys, &unknown, origin);
        }
        self.keyed(&keys, &unknown, origin)
    }

    fn counted(&mut self, keys: &[(Key, u32)], count: &Value, origin: &str) -> Value {
        let mut by_index: BTreeMap<usize, u32> = BTreeMap::new();
        for (key, at) in keys {
            if let Key::Index(index) = key {
                by_index.insert(*index, *at);
            }
        }
        let wanted = match &count.data {
            Data::Number(number) => number.as_usize(),
            // The plan has no instance and nothing says how many there should be.
            _ if by_index.is_empty() => return self.because(origin, "how many instances it has is unknown"),
            _ => None,
        };
        let listed = by_index.last_key_value().map_or(0, |(last, _)| last + 1);
        let length = wanted.unwrap_or(listed);
        if length > crate::limits::ELEMENTS_MAX {
            return self.because(origin, "it has too many instances");
        }
        let items = (0..length).map(|index| match by_index.get(&index) {
            Some(at) => Data::Resource(*at).into(),
            None => Value::unknown(&format!("{origin}[{index}]")),
        });
        Value::list(items.collect()).marked(count.sensitive)
    }

    fn keyed(&mut self, keys: &[(Key, u32)], for_each: &Value, origin: &str) -> Value {
        let mut members: BTreeMap<Text, Value> = BTreeMap::new();
        let wanted: Option<Vec<Text>> = match &for_each.data {
            Data::Map(items) => Some(items.items.keys().cloned().collect()),
            Data::Set(items) => items
                .items
                .iter()
                .map(|item| item.known_text().map(Text::from))
                .collect(),
            _ => None,
        };
        if wanted.is_none() && keys.is_empty() {
            return self.because(origin, "which instances it has is unknown");
        }
        for key in wanted.iter().flatten() {
            let name = format!("{origin}{}", Key::Name(key.clone()).suffix());
            members.insert(key.clone(), Value::unknown(&name));
        }
        for (key, at) in keys {
            if let Key::Name(key) = key
                && (wanted.is_none() || members.contains_key(key))
            {
                members.insert(key.clone(), Data::Resource(*at).into());
            }
        }
        Value::map(members).marked(for_each.sensitive)
    }

    /// The block of an instance, and the module instance it is in.
    pub(crate) fn block_of(&mut self, at: u32) -> Option<(&'a Block, u32)> {
        let instance = self.index.instance(at)?;
        let (address, local) = (instance.module, instance.local.clone());
        let module = self.module_at(address);
        let block = self.module_config(module)?.resources.get(&local)?;
        Some((block, module))
    }

    /// Runs `work` where the expressions of an instance are evaluated.
    pub(crate) fn in_instance<T>(
        &mut self,
        at: u32,
        work: impl FnOnce(&mut Self, &'a Block, &Scope<'_>) -> Result<T, Fault>,
    ) -> Option<Result<T, Fault>> {
        let (block, module) = self.block_of(at)?;
        let instance = self.index.instance(at)?;
        let (local, key) = (instance.local.clone(), instance.key.clone());
        let scope = Scope {
            owner: Some(Owner {
                address: &local,
                block,
                key: &key,
            }),
            ..Scope::of_module(module)
        };
        Some(work(self, block, &scope))
    }

    pub(crate) fn resource_attribute(&mut self, at: u32, name: &Text) -> Value {
        let Some(instance) = self.index.instance(at) else {
            return Value::unknown(name);
        };
        let address = instance.address;
        let slot = Slot::Attribute(at, name.clone());
        if let Some(known) = self.remembered(0, &slot) {
            return known;
        }
        let origin = format!("{address}.{name}");
        self.once(0, slot, &origin, |evaluator| {
            let planned = evaluator.planned(at, name)?;
            if let Some(value) = planned.as_ref().filter(|value| !value.traits().unknown) {
                return Ok(value.clone());
            }
            let planned = planned.unwrap_or_else(|| Value::unknown(&origin));
            let sensitive = planned.sensitive;
            let made = match evaluator.document_attribute(at, name)? {
                Some(value) => Some(value),
                None => match evaluator.configured(at, name)? {
                    Some(value) => Some(value),
                    None => evaluator.derived(at, name)?,
                },
            };
            Ok(made.unwrap_or(planned).marked(sensitive))
        })
    }

    /// The value of an attribute's expression, where there is one and it says anything.
    pub(crate) fn configured(&mut self, at: u32, name: &Text) -> Result<Option<Value>, Fault> {
        let value = self.in_instance(at, |evaluator, block, scope| {
            let attribute = block.body.attribute(name);
            attribute
                .map(|attribute| evaluator.evaluate(&attribute.value, scope))
                .transpose()
        });
        let value = value.transpose()?.flatten();
        // What is null in the configuration is up to the provider.
        Ok(value.filter(|value| !value.is_null()))
    }
}
