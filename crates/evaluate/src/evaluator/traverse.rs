//! From a value to what is in it: attributes, elements, splats.

use super::{Evaluator, Scope};
use crate::ast::{Expr, Kind, Step, Text};
use crate::fault::{Fault, error};
use crate::value::{Data, Value};

impl Evaluator<'_> {
    pub(super) fn traverse(&mut self, base: &Expr, steps: &[Step], scope: &Scope<'_>) -> Result<Value, Fault> {
        if let Kind::Variable(name) = &base.kind {
            let (value, used) = self.named(name, steps, scope)?;
            return self.steps_into(value, steps.get(used..).unwrap_or_default(), scope);
        }
        let value = self.evaluate(base, scope)?;
        self.steps_into(value, steps, scope)
    }

    fn steps_into(&mut self, mut value: Value, steps: &[Step], scope: &Scope<'_>) -> Result<Value, Fault> {
        let mut rest = steps;
        while let [step, after @ ..] = rest {
            self.charge(1)?;
            rest = after;
            value = match step {
                Step::Attribute(name) => self.attribute(&value, name)?,
                Step::Index(index) => {
                    let index = self.evaluate(index, scope)?;
                    self.lift(&[value, index], |evaluator, values| match values {
                        [value, index] => evaluator.element(value, index),
                        _ => error("an index is needed"),
                    })?
                }
                Step::FullSplat => {
                    rest = &[];
                    self.deeper(|evaluator| evaluator.splat(&value, after, scope))?
                }
                Step::AttributeSplat => {
                    let length = after
                        .iter()
                        .take_while(|step| matches!(step, Step::Attribute(_)))
                        .count();
                    let (inner, outer) = after.split_at_checked(length).unwrap_or((after, &[]));
                    rest = outer;
                    self.deeper(|evaluator| evaluator.splat(&value, inner, scope))?
                }
            };
        }
        Ok(value)
    }

    fn splat(&mut self, value: &Value, steps: &[Step], scope: &Scope<'_>) -> Result<Value, Fault> {
        let sensitive = value.sensitive;
        let made = match &value.data {
            Data::Null => Value::list(Vec::new()),
            Data::List(items) | Data::Set(items) => {
                self.charge_items(items.items.len())?;
                let mut made = Vec::with_capacity(items.items.len());
                for item in &items.items {
                    made.push(self.steps_into(item.clone(), steps, scope)?);
                }
                Value::list(made)
            }
            Data::OneOf(options) => {
                let mut made = Vec::with_capacity(options.items.len());
                for option in &options.items {
                    made.push(self.splat(option, steps, scope)?);
                }
                Value::one_of(made, self.limits.alternatives)
            }
            Data::Unknown(origin) => {
                let mut name = format!("{origin}[*]");
                for step in steps {
                    if let Step::Attribute(attribute) = step {
                        name.push('.');
                        name.push_str(attribute);
                    }
                }
                Value::unknown(&name)
            }
            _ => Value::list(vec![self.steps_into(value.clone(), steps, scope)?]),
        };
        Ok(made.marked(sensitive))
    }

    pub(crate) fn attribute(&mut self, value: &Value, name: &Text) -> Result<Value, Fault> {
        let found = match &value.data {
            Data::Map(items) => match items.items.get(name) {
                Some(member) => member.clone(),
                None => return error(format!("there is no attribute `{name}`")),
            },
            Data::Resource(at) => self.resource_attribute(*at, name),
            Data::Module(at) => self.output(*at, name),
            Data::Unknown(origin) => {
                self.doubt();
                Value::unknown(&format!("{origin}.{name}"))
            }
            Data::OneOf(options) => {
                let mut found = Vec::with_capacity(options.items.len());
                for option in &options.items {
                    found.push(self.attribute(option, name)?);
                }
                Value::one_of(found, self.limits.alternatives)
            }
            Data::List(_) if name.bytes().all(|byte| byte.is_ascii_digit()) => {
                return self.element(value, &Value::text(name.clone()));
            }
            _ => return error(format!("{} has no attributes", value.kind())),
        };
        Ok(found.marked(value.sensitive))
    }

    /// The element at an index, or the member at a key.
    pub(crate) fn element(&mut self, value: &Value, index: &Value) -> Result<Value, Fault> {
        let sensitive = value.sensitive || index.any_sensitive();
        let most = self.limits.alternatives;
        if value.is_unknown() && !matches!(value.data, Data::Resource(_) | Data::Module(_)) {
            self.doubt();
            let key = self.written(index)?;
            // An origin is read by people, so that no secret may be part of it.
            let key = match (&index.data, key.known_text().filter(|_| !index.any_sensitive())) {
                (Data::Number(_), Some(number)) => number.to_owned(),
                (_, Some(text)) => nhi_plan::json::quote(text),
                _ => "?".to_owned(),
            };
            let name = format!("{}[{key}]", self.name_of(value));
            return Ok(Value::unknown(&name).marked(sensitive));
        }
        let unknown_index = index.is_unknown() || (index.as_text().is_some() && index.known_text().is_none());
        if unknown_index {
            self.doubt();
            let all: Vec<Value> = match &value.data {
                Data::List(items) => items.items.clone(),
                Data::Map(items) => items.items.values().cloned().collect(),
                _ => return Ok(Value::unknown("an element").marked(sensitive)),
            };
            self.charge_value(value)?;
            let found = if all.is_empty() {
                Value::unknown("an element")
            } else {
                Value::one_of(all, most)
            };
            return Ok(found.marked(sensitive));
        }
        let found = match &value.data {
            Data::List(items) => {
                let at = match &index.data {
                    Data::Number(number) => number.as_usize(),
                    Data::Text(text) => text.parse().ok(),
                    _ => None,
                };
                match at.and_then(|at| items.items.get(at)) {
                    Some(found) => found.clone(),
                    None => return error("there is no element with this index"),
                }
            }
            Data::Map(items) => match self.key_text(index)?.map(|key| items.items.get(&key).cloned()) {
                Some(Some(found)) => found,
                // The key may be a secret, so that it is not told.
                Some(None) => return error("there is no member with this key"),
                None => Value::unknown("an element"),
            },
            Data::Resource(_) | Data::Module(_) => match self.key_text(index)?.filter(|_| !index.any_sensitive()) {
                Some(key) => self.attribute(value, &key)?,
                None => Value::unknown("an element"),
            },
            _ => return error(format!("{} has no elements to take by index", value.kind())),
        };
        Ok(found.marked(sensitive))
    }
}
