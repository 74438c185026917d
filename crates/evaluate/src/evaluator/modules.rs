//! Module instances: where they come from, and what they give back.
//!
//! Modules without resources never appear in a plan, so instances follow from the call's `count` and `for_each`;
//! where those are unknown, the addresses in the plan say which instances there are.

use std::collections::BTreeMap;

use super::{Evaluator, Owner, Scope, Slot};
use crate::ast::{Block, Text};
use crate::plan_index::{Key, module_steps};
use crate::sources::Module;
use crate::value::{Data, Value};

/// An instance of a module.
#[derive(Debug)]
pub(crate) struct ModuleInstance {
    /// `module.a[0].module.b`; empty for the root module.
    pub(crate) address: String,
    /// Names of the calls that lead there: `a.b`.
    pub(crate) config: String,
    pub(crate) parent: Option<u32>,
    /// Name of the call.
    pub(crate) call: Text,
    pub(crate) key: Key,
}

impl<'a> Evaluator<'a> {
    /// The module instance at an address.
    pub(crate) fn module_at(&mut self, address: &str) -> u32 {
        if let Some(id) = self.module_ids.get(address) {
            return *id;
        }
        let mut id = self.root();
        for (name, key) in module_steps(address) {
            id = self.child(id, &Text::from(name), key);
        }
        id
    }

    fn root(&mut self) -> u32 {
        if let Some(id) = self.module_ids.get("") {
            return *id;
        }
        self.add_module(ModuleInstance {
            address: String::new(),
            config: String::new(),
            parent: None,
            call: Text::from(""),
            key: Key::None,
        })
    }

    fn add_module(&mut self, instance: ModuleInstance) -> u32 {
        let id = u32::try_from(self.modules.len()).unwrap_or(u32::MAX);
        self.module_ids.insert(instance.address.clone(), id);
        self.modules.push(instance);
        id
    }

    fn child(&mut self, parent: u32, call: &Text, key: Key) -> u32 {
        let (address, config) = self.modules.get(parent as usize).map_or_else(
            || (String::new(), String::new()),
            |parent| (parent.address.clone(), parent.config.clone()),
        );
        let dot = if address.is_empty() { "" } else { "." };
        let address = format!("{address}{dot}module.{call}{}", key.suffix());
        if let Some(id) = self.module_ids.get(&address) {
            return *id;
        }
        let dot = if config.is_empty() { "" } else { "." };
        let config = format!("{config}{dot}{call}");
        self.add_module(ModuleInstance {
            address,
            config,
            parent: Some(parent),
            call: call.clone(),
            key,
        })
    }

    pub(crate) fn module_address(&self, module: u32) -> &str {
        self.modules.get(module as usize).map_or("", |module| &module.address)
    }

    pub(super) fn module_instance(&self, module: u32) -> Option<&ModuleInstance> {
        self.modules.get(module as usize)
    }

    /// The configuration of a module instance.
    pub(crate) fn module_config(&self, module: u32) -> Option<&'a Module> {
        let sources = self.sources;
        sources.module(&self.modules.get(module as usize)?.config)
    }

    /// An address in a module instance as a person would write it.
    pub(super) fn full(&self, module: u32, local: &str) -> String {
        match self.module_address(module) {
            "" => local.to_owned(),
            address => format!("{address}.{local}"),
        }
    }

    pub(super) fn local(&mut self, module: u32, name: &Text) -> Value {
        let origin = self.full(module, &format!("local.{name}"));
        let Some(local) = self.module_config(module).and_then(|config| config.locals.get(name)) else {
            return self.because(&origin, "its definition was not found in the sources");
        };
        self.once(module, Slot::Local(name.clone()), &origin, |evaluator| {
            evaluator.evaluate(&local.value, &Scope::of_module(module))
        })
    }

    pub(super) fn output(&mut self, module: u32, name: &Text) -> Value {
        let origin = self.full(module, name);
        let Some(config) = self.module_config(module) else {
            return self.because(&origin, "the source of the module is not at hand");
        };
        let Some(block) = config.outputs.get(name) else {
            return self.because(&origin, "the module has no such output in the sources");
        };
        let Some(value) = block.body.attribute("value") else {
            return Value::unknown(&origin);
        };
        let sensitive = block
            .body
            .attribute("sensitive")
            .is_some_and(|attribute| !matches!(attribute.value.kind, crate::ast::Kind::Bool(false)));
        self.once(module, Slot::Output(name.clone()), &origin, |evaluator| {
            Ok(evaluator
                .evaluate(&value.value, &Scope::of_module(module))?
                .marked(sensitive))
        })
    }

    /// An output of the root module.
    pub(crate) fn root_output(&mut self, name: &Text) -> Value {
        let root = self.root();
        self.output(root, name)
    }

    /// `module.x`: one instance, a list of them, or a map.
    pub(super) fn call_instances(&mut self, module: u32, name: &Text) -> Value {
        let address = format!("module.{name}");
        let origin = self.full(module, &address);
        let Some(block) = self.module_config(module).and_then(|config| config.calls.get(name)) else {
            return self.because(&origin, "the module call was not found in the sources");
        };
        let slot = Slot::Instances(Text::from(&*address));
        self.once(module, slot, &origin, |evaluator| {
            Ok(evaluator.instances_of_call(module, name, block, &origin))
        })
    }

    fn instances_of_call(&mut self, module: u32, name: &Text, block: &'a Block, origin: &str) -> Value {
        let address = format!("module.{name}");
        if let Some(count) = block.body.attribute("count") {
            let count = self.repetition(module, &address, &count.value);
            if let Data::Number(number) = &count.data
                && let Some(count) = number.as_usize().filter(|count| *count <= crate::limits::ELEMENTS_MAX)
            {
                let items = (0..count).map(|at| Data::Module(self.child(module, name, Key::Index(at))).into());
                return Value::list(items.collect());
            }
            return self.instances_in_plan(module, name, origin);
        }
        if let Some(for_each) = block.body.attribute("for_each") {
            let for_each = self.repetition(module, &address, &for_each.value);
            let keys: Option<Vec<Text>> = match &for_each.data {
                Data::Map(items) => Some(items.items.keys().cloned().collect()),
                Data::Set(items) => items
                    .items
                    .iter()
                    .map(|item| item.known_text().map(Text::from))
                    .collect(),
                _ => None,
            };
            return match keys {
                Some(keys) => {
                    let members = keys.into_iter().map(|key| {
                        let child = self.child(module, name, Key::Name(key.clone()));
                        (key, Data::Module(child).into())
                    });
                    Value::map(members.collect())
                }
                None => self.instances_in_plan(module, name, origin),
            };
        }
        Data::Module(self.child(module, name, Key::None)).into()
    }

    /// The instances of a call as far as the plan shows them.
    fn instances_in_plan(&mut self, module: u32, name: &Text, origin: &str) -> Value {
        let keys = self
            .index
            .module_keys(self.module_address(module), name)
            .cloned()
            .unwrap_or_default();
        if keys.is_empty() {
            return self.because(origin, "how many instances it has is unknown");
        }
        if keys.iter().all(|key| matches!(key, Key::Name(_))) {
            let mut members = BTreeMap::new();
            for key in keys {
                if let Key::Name(text) = &key {
                    let child = self.child(module, name, key.clone());
                    members.insert(text.clone(), Data::Module(child).into());
                }
            }
            return Value::map(members);
        }
        let contiguous = keys.iter().enumerate().all(|(at, key)| *key == Key::Index(at));
        if !contiguous {
            return self.because(origin, "which instances it has is unknown");
        }
        let items = keys
            .into_iter()
            .map(|key| Data::Module(self.child(module, name, key)).into());
        Value::list(items.collect())
    }

    /// What a call passes for a variable: the value, or nothing.
    pub(super) fn argument(&mut self, module: u32, name: &Text) -> Option<Result<Value, crate::fault::Fault>> {
        let instance = self.module_instance(module)?;
        let (parent, call, key) = (instance.parent?, instance.call.clone(), instance.key.clone());
        let block = self.module_config(parent)?.calls.get(&call)?;
        let argument = block.body.attribute(name)?;
        let address = format!("module.{call}");
        let scope = Scope {
            owner: Some(Owner {
                address: &address,
                block,
                key: &key,
            }),
            ..Scope::of_module(parent)
        };
        Some(self.evaluate(&argument.value, &scope))
    }

    /// Whether the call of a module instance is in the sources.
    pub(super) fn call_is_known(&self, module: u32) -> bool {
        let Some(instance) = self.module_instance(module) else {
            return false;
        };
        let parent = instance.parent.and_then(|parent| self.module_config(parent));
        parent.is_some_and(|parent| parent.calls.contains_key(&instance.call))
    }
}
