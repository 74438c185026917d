//! Templates to texts.

use nhi_plan::symbol;

use super::expressions::bool_of;
use super::{Evaluator, Frame, Scope};
use crate::ast::{ForPart, Part};
use crate::fault::{Fault, error};
use crate::value::{Data, Value, text_weight};

impl Evaluator<'_> {
    pub(crate) fn template(&mut self, parts: &[Part], scope: &Scope<'_>) -> Result<Value, Fault> {
        let mut values = Vec::with_capacity(parts.len());
        for part in parts {
            self.charge(1)?;
            values.push(match part {
                Part::Text(text) => {
                    self.charge(text_weight(text.len()) - 1)?;
                    Value::text(text.clone())
                }
                Part::Value(expression) => {
                    let value = self.evaluate(expression, scope);
                    let value = self.settle(value, "a part of a template")?;
                    let text = self.written(&value);
                    self.settle(text, "a part of a template")?
                }
                Part::If(part) => {
                    let condition = self.evaluate(&part.condition, scope)?;
                    let known = if matches!(condition.data, Data::OneOf(_)) {
                        None
                    } else {
                        bool_of(&condition)?
                    };
                    let otherwise = part.otherwise.as_deref().unwrap_or_default();
                    let value = match known {
                        Some(true) => self.deeper(|evaluator| evaluator.template(&part.then, scope))?,
                        Some(false) => self.deeper(|evaluator| evaluator.template(otherwise, scope))?,
                        None => {
                            let then = self.deeper(|evaluator| evaluator.template(&part.then, scope))?;
                            let otherwise = self.deeper(|evaluator| evaluator.template(otherwise, scope))?;
                            Value::one_of(vec![then, otherwise], self.limits.alternatives)
                        }
                    };
                    value.marked(condition.any_sensitive())
                }
                Part::For(part) => self.deeper(|evaluator| evaluator.template_for(part, scope))?,
            });
        }
        self.joined(&values)
    }

    fn template_for(&mut self, part: &ForPart, scope: &Scope<'_>) -> Result<Value, Fault> {
        let collection = self.evaluate(&part.collection, scope)?;
        if let Data::OneOf(options) = &collection.data {
            let mut results = Vec::with_capacity(options.items.len());
            for option in &options.items {
                results.push(self.template_over(part, option, scope)?);
            }
            return Ok(Value::one_of(results, self.limits.alternatives).marked(collection.sensitive));
        }
        self.template_over(part, &collection, scope)
    }

    fn template_over(&mut self, part: &ForPart, collection: &Value, scope: &Scope<'_>) -> Result<Value, Fault> {
        let Some(pairs) = self.pairs(collection)? else {
            let origin = format!("for … in {}", self.name_of(collection));
            return Ok(Value::unknown(&origin).marked(collection.sensitive));
        };
        let mut texts = Vec::with_capacity(pairs.len());
        for (key, value) in pairs {
            let key_frame = Frame {
                name: part.key_name.as_deref().unwrap_or_default(),
                value: key,
                up: scope.frames,
            };
            let frame = Frame {
                name: &part.value_name,
                value,
                up: Some(&key_frame),
            };
            texts.push(self.template(&part.body, &scope.with(&frame))?);
        }
        Ok(self.joined(&texts)?.marked(collection.sensitive))
    }

    /// One text after the other.
    pub(crate) fn joined(&mut self, texts: &[Value]) -> Result<Value, Fault> {
        let sensitive = texts.iter().any(Value::any_sensitive);
        let text = self.lift(texts, |evaluator, texts| {
            let mut out = String::new();
            for text in texts {
                match &text.data {
                    Data::Text(text) => out.push_str(text),
                    Data::Unknown(origin) => out.push_str(&symbol::symbol(origin)),
                    _ => return error("a part of a template is no text"),
                }
                if out.len() > evaluator.limits.output_bytes {
                    return Err(Fault::Limit("a text is too long"));
                }
            }
            evaluator.charge_text(out.len())?;
            Ok(Value::text(out))
        })?;
        Ok(text.marked(sensitive))
    }

    /// A value as text; what is unknown becomes a symbol in it.
    pub(crate) fn written(&mut self, value: &Value) -> Result<Value, Fault> {
        let text = match &value.data {
            Data::Text(_) => return Ok(value.clone()),
            Data::Bool(value) => Value::text(if *value { "true" } else { "false" }),
            Data::Number(number) => Value::text(number.to_string()),
            Data::Unknown(_) | Data::Resource(_) | Data::Module(_) => Value::text(symbol::symbol(&self.name_of(value))),
            Data::OneOf(options) => {
                let mut texts = Vec::with_capacity(options.items.len());
                for option in &options.items {
                    texts.push(self.written(option)?);
                }
                Value::one_of(texts, self.limits.alternatives)
            }
            Data::Null => return error("a null value cannot be part of a text"),
            _ => return error(format!("{} cannot be part of a text", value.kind())),
        };
        Ok(text.marked(value.any_sensitive()))
    }

    /// What an unknown value is called.
    pub(crate) fn name_of(&self, value: &Value) -> String {
        match &value.data {
            Data::Unknown(origin) => origin.to_string(),
            Data::Resource(at) => self
                .index
                .instance(*at)
                .map_or_else(String::new, |found| found.address.to_owned()),
            Data::Module(at) => self.module_address(*at).to_owned(),
            Data::OneOf(options) => format!("one of {} values", options.items.len()),
            _ => value.kind().to_owned(),
        }
    }
}
