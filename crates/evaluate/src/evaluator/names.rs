//! What a name means where it stands.

use super::{Evaluator, Scope, Slot};
use crate::ast::{Step, Text};
use crate::fault::{Fault, error};
use crate::number::Number;
use crate::plan_index::Key;
use crate::value::{Data, Value};

/// The attribute at a position of the steps.
fn step(steps: &[Step], at: usize) -> Result<&Text, Fault> {
    match steps.get(at) {
        Some(Step::Attribute(name)) => Ok(name),
        _ => error("a name is not complete"),
    }
}

impl Evaluator<'_> {
    /// The value of a name, and how many of the steps after it belong to it.
    pub(super) fn named(&mut self, name: &Text, steps: &[Step], scope: &Scope<'_>) -> Result<(Value, usize), Fault> {
        let mut frame = scope.frames;
        while let Some(found) = frame {
            if found.name == &**name {
                return Ok((found.value.clone(), 0));
            }
            frame = found.up;
        }
        if let Some(passed) = scope.passed {
            return match passed.get(name) {
                Some(value) => Ok((value.clone(), 0)),
                None => error(format!("there is no variable `{name}` in the template")),
            };
        }
        let module = scope.module;
        match &**name {
            "var" => Ok((self.variable(module, step(steps, 0)?), 1)),
            "local" => Ok((self.local(module, step(steps, 0)?), 1)),
            "module" => Ok((self.call_instances(module, step(steps, 0)?), 1)),
            "data" => {
                let address = format!("data.{}.{}", step(steps, 0)?, step(steps, 1)?);
                Ok((self.resource(module, &address), 2))
            }
            "resource" => {
                let address = format!("{}.{}", step(steps, 0)?, step(steps, 1)?);
                Ok((self.resource(module, &address), 2))
            }
            "each" => Ok((self.each(step(steps, 0)?, scope)?, 1)),
            "count" => match scope.owner.map(|owner| owner.key) {
                Some(Key::Index(index)) => {
                    step(steps, 0)?;
                    Ok((Value::number(Number::count(*index)), 1))
                }
                _ => error("there is no count here"),
            },
            "path" => Ok((self.path(step(steps, 0)?, module), 1)),
            "ephemeral" | "terraform" | "tofu" | "self" | "provider" => Ok((Value::unknown(name), 0)),
            _ => {
                let address = format!("{name}.{}", step(steps, 0)?);
                Ok((self.resource(module, &address), 1))
            }
        }
    }

    fn path(&mut self, which: &str, module: u32) -> Value {
        match which {
            "root" => Value::text("."),
            "module" => match self.module_config(module) {
                Some(config) if config.directory.is_empty() => Value::text("."),
                Some(config) => Value::text(&*config.directory),
                None => Value::unknown("path.module"),
            },
            _ => self.because(&format!("path.{which}"), "it depends on where the core is run"),
        }
    }

    fn each(&mut self, which: &str, scope: &Scope<'_>) -> Result<Value, Fault> {
        let Some(owner) = scope.owner else {
            return error("there is no each here");
        };
        let Key::Name(key) = owner.key else {
            return error("there is no each here");
        };
        if which == "key" {
            return Ok(Value::text(key.clone()));
        }
        let Some(for_each) = owner.block.body.attribute("for_each") else {
            return error("there is no each here");
        };
        let collection = self.repetition(scope.module, owner.address, &for_each.value);
        let found = match &collection.data {
            Data::Map(items) => items.items.get(key).cloned(),
            Data::Set(_) => Some(Value::text(key.clone())),
            Data::OneOf(options) => {
                let found: Vec<Value> = options
                    .items
                    .iter()
                    .filter_map(|option| match &option.data {
                        Data::Map(items) => items.items.get(key).cloned(),
                        Data::Set(_) => Some(Value::text(key.clone())),
                        _ => None,
                    })
                    .collect();
                (!found.is_empty()).then(|| Value::one_of(found, self.limits.alternatives))
            }
            _ => None,
        };
        let sensitive = collection.sensitive;
        Ok(found.unwrap_or_else(|| Value::unknown("each.value")).marked(sensitive))
    }

    /// `for_each` or `count` of a block, evaluated outside of any instance of it.
    pub(super) fn repetition(&mut self, module: u32, address: &str, expression: &crate::ast::Expr) -> Value {
        let slot = Slot::Repetition(Text::from(address));
        let origin = format!("the instances of {address}");
        self.once(module, slot, &origin, |evaluator| {
            evaluator.evaluate(expression, &Scope::of_module(module))
        })
    }
}
