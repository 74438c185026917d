//! Expressions to values.

use std::collections::BTreeMap;

use super::{Evaluator, Frame, Scope};
use crate::ast::{Expr, For, Kind, Operator, Text};
use crate::fault::{Fault, error};
use crate::number::Number;
use crate::value::{Data, Value, text_weight};

/// The operand as an operator takes it: a text that holds a number is one.
fn number_of(value: &Value) -> Result<Option<Number>, Fault> {
    match &value.data {
        Data::Number(number) => Ok(Some(*number)),
        Data::Text(_) if value.known_text().is_none() => Ok(None),
        Data::Text(text) => Number::parse(text).map_or_else(|| error("a number is needed"), |number| Ok(Some(number))),
        _ if value.is_unknown() => Ok(None),
        _ => error(format!("a number is needed, not {}", value.kind())),
    }
}

/// The condition as Terraform takes it: the texts `true` and `false` are bools.
pub(super) fn bool_of(value: &Value) -> Result<Option<bool>, Fault> {
    match &value.data {
        Data::Bool(value) => Ok(Some(*value)),
        Data::Text(text) if &**text == "true" => Ok(Some(true)),
        Data::Text(text) if &**text == "false" => Ok(Some(false)),
        Data::Text(_) if value.known_text().is_none() => Ok(None),
        _ if value.is_unknown() => Ok(None),
        _ => error(format!("a bool is needed, not {}", value.kind())),
    }
}

impl Evaluator<'_> {
    pub(crate) fn evaluate(&mut self, expression: &Expr, scope: &Scope<'_>) -> Result<Value, Fault> {
        self.charge(1)?;
        match &expression.kind {
            Kind::Null => Ok(Value::null()),
            Kind::Bool(value) => Ok(Value::bool(*value)),
            Kind::Number(Some(number)) => Ok(Value::number(*number)),
            Kind::Number(None) => Ok(self.because("a number", "the number is too large or too long")),
            Kind::Text(text) => {
                self.charge(text_weight(text.len()) - 1)?;
                Ok(Value::text(text.clone()))
            }
            _ => self.deeper(|evaluator| evaluator.compound(expression, scope)),
        }
    }

    fn compound(&mut self, expression: &Expr, scope: &Scope<'_>) -> Result<Value, Fault> {
        match &expression.kind {
            Kind::Template(parts) => self.template(parts, scope),
            Kind::Array(items) => self.array(items, scope),
            Kind::Object(items) => self.object(items, scope),
            Kind::Variable(_) => self.traverse(expression, &[], scope),
            Kind::Traversal(base, steps) => self.traverse(base, steps, scope),
            Kind::Call(call) => self.call(call, scope),
            Kind::Not(inner) => {
                let value = self.evaluate(inner, scope)?;
                self.lift(&[value], |_, values| {
                    let [value] = values else {
                        return error("one operand is needed");
                    };
                    let negated = match bool_of(value)? {
                        Some(known) => Value::bool(!known),
                        None => Value::unknown("a condition"),
                    };
                    Ok(negated.marked(value.sensitive))
                })
            }
            Kind::Negate(inner) => {
                let value = self.evaluate(inner, scope)?;
                self.lift(&[value], |_, values| {
                    let [value] = values else {
                        return error("one operand is needed");
                    };
                    let negated = number_of(value)?
                        .map_or_else(|| Value::unknown("a number"), |number| Value::number(number.negate()));
                    Ok(negated.marked(value.sensitive))
                })
            }
            Kind::Binary(operator, sides) => self.binary(*operator, &sides.0, &sides.1, scope),
            Kind::Conditional(parts) => self.conditional(parts, scope),
            Kind::For(parts) => self.for_expression(parts, scope),
            Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) => error("a literal is no compound"),
        }
    }

    fn array(&mut self, items: &[Expr], scope: &Scope<'_>) -> Result<Value, Fault> {
        let mut values = Vec::with_capacity(items.len());
        for item in items {
            let value = self.evaluate(item, scope);
            values.push(self.settle(value, "an element")?);
        }
        Ok(Value::list(values))
    }

    fn object(&mut self, items: &[(Expr, Expr)], scope: &Scope<'_>) -> Result<Value, Fault> {
        let mut members = BTreeMap::new();
        let mut unknown_key = None;
        for (key, value) in items {
            let key = self.evaluate(key, scope)?;
            let value = self.evaluate(value, scope);
            let value = self.settle(value, "a member")?;
            match self.key_text(&key)? {
                Some(key) => drop(members.insert(key, value)),
                None => unknown_key = Some(key),
            }
        }
        match unknown_key {
            // Which keys there are is not known, so nothing is.
            Some(key) => Ok(self
                .because("an object", "a key of it is unknown")
                .marked(key.any_sensitive())),
            None => Ok(Value::map(members)),
        }
    }

    /// A value as a key; `None` while it is unknown.
    pub(super) fn key_text(&mut self, key: &Value) -> Result<Option<Text>, Fault> {
        match &key.data {
            Data::Null => error("a key is null"),
            Data::OneOf(_) => Ok(None),
            _ if key.is_unknown() => Ok(None),
            _ => {
                let text = self.written(key)?;
                Ok(text.known_text().map(Text::from))
            }
        }
    }

    fn conditional(&mut self, parts: &[Expr; 3], scope: &Scope<'_>) -> Result<Value, Fault> {
        let [condition, then, otherwise] = parts;
        let condition = self.evaluate(condition, scope);
        let condition = self.settle(condition, "a condition")?;
        let sensitive = condition.any_sensitive();
        let known = match &condition.data {
            Data::OneOf(_) => None,
            _ => bool_of(&condition)?,
        };
        let value = match known {
            Some(chosen) => {
                let value = self.evaluate(if chosen { then } else { otherwise }, scope)?;
                // Both sides have one type: a number beside a text is a text.
                let other = if chosen { otherwise } else { then };
                if matches!(value.data, Data::Number(_) | Data::Bool(_)) && is_text(other) {
                    self.written(&value)?
                } else {
                    value
                }
            }
            None => {
                let then = self.evaluate(then, scope);
                let then = self.settle(then, "a value")?;
                let otherwise = self.evaluate(otherwise, scope);
                let otherwise = self.settle(otherwise, "a value")?;
                Value::one_of(vec![then, otherwise], self.limits.alternatives)
            }
        };
        Ok(value.marked(sensitive))
    }

    fn binary(&mut self, operator: Operator, left: &Expr, right: &Expr, scope: &Scope<'_>) -> Result<Value, Fault> {
        let left = self.evaluate(left, scope);
        let left = self.settle(left, "an operand")?;
        let right = self.evaluate(right, scope);
        let right = self.settle(right, "an operand")?;
        let sensitive = left.any_sensitive() || right.any_sensitive();
        if matches!(operator, Operator::Equal | Operator::NotEqual) {
            self.charge(left.traits().weight.min(right.traits().weight) / 4)?;
        }
        let value = self.lift(&[left, right], |_, values| {
            let [left, right] = values else {
                return error("two operands are needed");
            };
            operate(operator, left, right)
        })?;
        Ok(value.marked(sensitive))
    }

    /// The elements of a collection with their keys.
    pub(super) fn pairs(&mut self, collection: &Value) -> Result<Option<Vec<(Value, Value)>>, Fault> {
        let sensitive = collection.sensitive;
        let pairs = match &collection.data {
            Data::List(items) => {
                let number = |at: usize| Value::number(Number::count(at));
                items
                    .items
                    .iter()
                    .enumerate()
                    .map(|(at, value)| (number(at), value.clone()))
                    .collect()
            }
            Data::Set(items) => items.items.iter().map(|value| (value.clone(), value.clone())).collect(),
            Data::Map(items) => items
                .items
                .iter()
                .map(|(key, value)| (Value::text(key.clone()), value.clone()))
                .collect(),
            Data::Null => return error("a collection is needed, not null"),
            _ if collection.is_unknown() => return Ok(None),
            _ => return error(format!("a collection is needed, not {}", collection.kind())),
        };
        let mut pairs: Vec<(Value, Value)> = pairs;
        self.charge_items(pairs.len())?;
        if sensitive {
            pairs = pairs
                .into_iter()
                .map(|(key, value)| (key.marked(true), value.marked(true)))
                .collect();
        }
        Ok(Some(pairs))
    }

    fn for_expression(&mut self, parts: &For, scope: &Scope<'_>) -> Result<Value, Fault> {
        let collection = self.evaluate(&parts.collection, scope)?;
        if let Data::OneOf(options) = &collection.data {
            let mut results = Vec::with_capacity(options.items.len());
            for option in &options.items {
                results.push(self.for_over(parts, option, scope)?);
            }
            return Ok(Value::one_of(results, self.limits.alternatives).marked(collection.sensitive));
        }
        self.for_over(parts, &collection, scope)
    }

    fn for_over(&mut self, parts: &For, collection: &Value, scope: &Scope<'_>) -> Result<Value, Fault> {
        let Some(pairs) = self.pairs(collection)? else {
            let origin = format!("for … in {}", self.name_of(collection));
            return Ok(Value::unknown(&origin).marked(collection.sensitive));
        };
        // What there may be so far, once for each way in which unknown conditions may turn out.
        let mut rows: Vec<Vec<(Option<Value>, Value)>> = vec![Vec::new()];
        for (key, value) in pairs {
            let key_frame = Frame {
                name: parts.key_name.as_deref().unwrap_or_default(),
                value: key,
                up: scope.frames,
            };
            let frame = Frame {
                name: &parts.value_name,
                value,
                up: Some(&key_frame),
            };
            let inner = scope.with(&frame);
            let keep = match &parts.condition {
                None => Some(true),
                Some(condition) => {
                    let condition = self.evaluate(condition, &inner)?;
                    if matches!(condition.data, Data::OneOf(_)) {
                        None
                    } else {
                        bool_of(&condition)?
                    }
                }
            };
            if keep == Some(false) {
                continue;
            }
            let made_key = parts.key.as_ref().map(|key| self.evaluate(key, &inner)).transpose()?;
            let made = self.evaluate(&parts.value, &inner);
            let made = self.settle(made, "an element")?;
            let without = if keep.is_none() { rows.clone() } else { Vec::new() };
            if rows.len() + without.len() > self.limits.alternatives {
                return Ok(self.because("a for expression", "too many of its elements depend on what is unknown"));
            }
            for row in &mut rows {
                row.push((made_key.clone(), made.clone()));
            }
            rows.extend(without);
        }
        let mut results = Vec::with_capacity(rows.len());
        for row in rows {
            results.push(self.for_result(parts, row)?);
        }
        Ok(Value::one_of(results, self.limits.alternatives).marked(collection.sensitive))
    }

    fn for_result(&mut self, parts: &For, row: Vec<(Option<Value>, Value)>) -> Result<Value, Fault> {
        if parts.key.is_none() {
            return Ok(Value::list(row.into_iter().map(|(_, value)| value).collect()));
        }
        let mut groups: BTreeMap<Text, Vec<Value>> = BTreeMap::new();
        for (key, value) in row {
            let key = key.unwrap_or_else(Value::null);
            let Some(key) = self.key_text(&key)? else {
                return Ok(self.because("a for expression", "a key of it is unknown"));
            };
            let group = groups.entry(key).or_default();
            if !parts.grouping && !group.is_empty() {
                return error("two elements have the same key");
            }
            group.push(value);
        }
        let member = |mut group: Vec<Value>| {
            if parts.grouping {
                Value::list(group)
            } else {
                group.pop().unwrap_or_else(Value::null)
            }
        };
        Ok(Value::map(
            groups.into_iter().map(|(key, group)| (key, member(group))).collect(),
        ))
    }
}

fn is_text(expression: &Expr) -> bool {
    matches!(expression.kind, Kind::Text(_) | Kind::Template(_))
}

fn operate(operator: Operator, left: &Value, right: &Value) -> Result<Value, Fault> {
    let unknown = || Value::unknown("a condition");
    match operator {
        Operator::Or | Operator::And => {
            let decided = operator == Operator::Or;
            let (left, right) = (bool_of(left)?, bool_of(right)?);
            Ok(match (left, right) {
                (Some(value), _) | (_, Some(value)) if value == decided => Value::bool(decided),
                (Some(_), Some(_)) => Value::bool(!decided),
                _ => unknown(),
            })
        }
        Operator::Equal => Ok(left.equals(right).map_or_else(unknown, Value::bool)),
        Operator::NotEqual => Ok(left.equals(right).map_or_else(unknown, |equal| Value::bool(!equal))),
        Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual => {
            let (Some(left), Some(right)) = (number_of(left)?, number_of(right)?) else {
                return Ok(unknown());
            };
            Ok(Value::bool(match operator {
                Operator::Less => left < right,
                Operator::LessOrEqual => left <= right,
                Operator::Greater => left > right,
                _ => left >= right,
            }))
        }
        _ => {
            let (Some(left), Some(right)) = (number_of(left)?, number_of(right)?) else {
                return Ok(Value::unknown("a number"));
            };
            let result = match operator {
                Operator::Add => left.add(right),
                Operator::Subtract => left.add(right.negate()),
                Operator::Multiply => left.multiply(right),
                Operator::Divide => left.divide(right),
                _ => left.remainder(right),
            };
            if result.is_none()
                && matches!(operator, Operator::Divide | Operator::Remainder)
                && right == Number::whole(0)
            {
                return error("a division by zero");
            }
            Ok(result.map_or_else(|| Value::unknown("a number"), Value::number))
        }
    }
}
