//! Type constraints: what a variable makes of the value it is given.

use std::collections::BTreeMap;

use super::expressions::bool_of;
use super::{Evaluator, Scope};
use crate::ast::{Expr, Kind, Text};
use crate::fault::{Fault, error};
use crate::number::Number;
use crate::value::{Data, Value};

impl Evaluator<'_> {
    /// The value as the type constraint makes it.
    pub(super) fn convert(&mut self, value: Value, constraint: &Expr) -> Result<Value, Fault> {
        self.charge(1)?;
        self.deeper(|evaluator| evaluator.converted(value, constraint))
    }

    fn converted(&mut self, value: Value, constraint: &Expr) -> Result<Value, Fault> {
        if value.is_null() || value.is_unknown() {
            return Ok(value);
        }
        if let Data::OneOf(options) = &value.data {
            let mut converted = Vec::with_capacity(options.items.len());
            for option in &options.items {
                converted.push(self.convert(option.clone(), constraint)?);
            }
            return Ok(Value::one_of(converted, self.limits.alternatives).marked(value.sensitive));
        }
        match &constraint.kind {
            Kind::Variable(name) => self.convert_simple(value, name),
            Kind::Call(call) => {
                let sensitive = value.sensitive;
                let made = match (&*call.name, call.arguments.as_slice()) {
                    ("list", [inner]) => Value::list(self.convert_elements(&value, inner)?),
                    ("set", [inner]) => {
                        let elements = self.convert_elements(&value, inner)?;
                        self.set_of(elements)?
                    }
                    ("map", [inner]) => {
                        let Some(members) = value.members() else {
                            return error(format!("a map is needed, not {}", value.kind()));
                        };
                        let mut made = BTreeMap::new();
                        for (key, member) in members {
                            made.insert(key.clone(), self.convert(member.clone(), inner)?);
                        }
                        Value::map(made)
                    }
                    (
                        "object",
                        [
                            Expr {
                                kind: Kind::Object(attributes),
                                ..
                            },
                        ],
                    ) => self.convert_object(&value, attributes)?,
                    (
                        "tuple",
                        [
                            Expr {
                                kind: Kind::Array(types),
                                ..
                            },
                        ],
                    ) => {
                        let elements = value.elements().unwrap_or_default();
                        let mut made = Vec::with_capacity(elements.len());
                        for (element, constraint) in elements.iter().zip(types) {
                            made.push(self.convert(element.clone(), constraint)?);
                        }
                        Value::list(made)
                    }
                    ("optional", [inner, ..]) => self.convert(value, inner)?,
                    _ => value,
                };
                Ok(made.marked(sensitive))
            }
            _ => Ok(value),
        }
    }

    fn convert_simple(&mut self, value: Value, name: &str) -> Result<Value, Fault> {
        match name {
            "string" => self.written(&value),
            "number" => match &value.data {
                Data::Text(_) if value.known_text().is_none() => Ok(Value::unknown("a number").marked(value.sensitive)),
                Data::Text(text) => match Number::parse(text) {
                    Some(number) => Ok(Value::number(number).marked(value.sensitive)),
                    None => error("a number is needed"),
                },
                _ => Ok(value),
            },
            "bool" => {
                let sensitive = value.sensitive;
                let made = bool_of(&value)?.map_or_else(|| Value::unknown("a condition"), Value::bool);
                Ok(made.marked(sensitive))
            }
            _ => Ok(value),
        }
    }

    fn convert_elements(&mut self, value: &Value, inner: &Expr) -> Result<Vec<Value>, Fault> {
        let Some(elements) = value.elements() else {
            return error(format!("a list is needed, not {}", value.kind()));
        };
        self.charge_items(elements.len())?;
        let mut made = Vec::with_capacity(elements.len());
        for element in elements {
            made.push(self.convert(element.clone(), inner)?);
        }
        Ok(made)
    }

    /// An object has the attributes of its type: others go, optional ones get their default.
    fn convert_object(&mut self, value: &Value, attributes: &[(Expr, Expr)]) -> Result<Value, Fault> {
        let Some(members) = value.members() else {
            return error(format!("an object is needed, not {}", value.kind()));
        };
        let mut made: BTreeMap<Text, Value> = BTreeMap::new();
        for (name, constraint) in attributes {
            let Kind::Text(name) = &name.kind else { continue };
            let optional = match &constraint.kind {
                Kind::Call(call) if &*call.name == "optional" => Some(&call.arguments),
                _ => None,
            };
            let given = members
                .get(name)
                .filter(|member| !(member.is_null() && optional.is_some()));
            let member = match (given, optional) {
                (Some(member), _) => self.convert(member.clone(), constraint)?,
                (None, Some(arguments)) => match (arguments.first(), arguments.get(1)) {
                    (Some(inner), Some(default)) => {
                        let default = self.evaluate(default, &Scope::of_module(0))?;
                        self.convert(default, inner)?
                    }
                    _ => Value::null(),
                },
                (None, None) => return error(format!("the attribute `{name}` is missing")),
            };
            made.insert(name.clone(), member);
        }
        Ok(Value::map(made))
    }
}
