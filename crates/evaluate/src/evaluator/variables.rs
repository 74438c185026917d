//! Variables: from the plan for the root module, from the call for the others, with defaults and types.

use std::collections::BTreeMap;

use nhi_plan::json::{self, Kind as JsonKind};

use super::{Evaluator, Scope, Slot};
use crate::ast::{Kind, Text};
use crate::fault::Fault;
use crate::limits::{ELEMENTS_MAX, VALUE_DEPTH_MAX};
use crate::number::Number;
use crate::value::Value;

/// Instances whose JSON is kept parsed: one and those that it speaks of.
const PARSED_MAX: usize = 8;

/// JSON as a value; what is nested too deeply is unknown.
pub(crate) fn from_json(value: json::Value<'_>, depth: u32) -> Value {
    if depth > VALUE_DEPTH_MAX {
        return Value::unknown("a value that is nested too deeply");
    }
    if value.len() > ELEMENTS_MAX {
        return Value::unknown("a collection that is too large");
    }
    match value.kind() {
        JsonKind::Null => Value::null(),
        JsonKind::Bool => Value::bool(value.as_bool() == Some(true)),
        JsonKind::Number => match value.number_text().and_then(Number::parse) {
            Some(number) => Value::number(number),
            None => Value::unknown("a number"),
        },
        JsonKind::String => {
            let text = value.as_str().unwrap_or_default();
            // A text that is nothing but a symbol may stand for anything.
            match whole_symbol(&text) {
                Some(origin) => Value::unknown(origin),
                None => Value::text(&*text),
            }
        }
        JsonKind::Array => Value::list(value.elements().map(|element| from_json(element, depth + 1)).collect()),
        JsonKind::Object => {
            let members = value.members();
            Value::map(
                members
                    .map(|(key, member)| (Text::from(&*key), from_json(member, depth + 1)))
                    .collect(),
            )
        }
    }
}

/// The mask of a member; a mask that is one word counts for all members.
fn member_or_whole<'d>(mask: json::Value<'d>, name: &str) -> Option<json::Value<'d>> {
    if mask.kind() == JsonKind::Bool {
        Some(mask)
    } else {
        mask.get(name)
    }
}

/// A text of the plan, or null where there is none.
fn or_null(text: Option<&str>) -> Option<json::Document<'_>> {
    json::parse(text.unwrap_or("null")).ok()
}

/// The origin of the one symbol that a text consists of.
fn whole_symbol(text: &str) -> Option<&str> {
    let inner = text
        .strip_prefix(nhi_plan::symbol::OPEN)?
        .strip_suffix(nhi_plan::symbol::CLOSE)?;
    (!nhi_plan::symbol::has_symbols(inner)).then_some(inner)
}

impl Evaluator<'_> {
    pub(super) fn variable(&mut self, module: u32, name: &Text) -> Value {
        let origin = self.full(module, &format!("var.{name}"));
        self.once(module, Slot::Variable(name.clone()), &origin, |evaluator| {
            evaluator.variable_value(module, name, &origin)
        })
    }

    fn variable_value(&mut self, module: u32, name: &Text, origin: &str) -> Result<Value, Fault> {
        let declaration = self.module_config(module).and_then(|config| config.variables.get(name));
        let is_root = self
            .module_instance(module)
            .is_some_and(|instance| instance.parent.is_none());
        let flag = |name: &str| {
            let attribute = declaration.and_then(|block| block.body.attribute(name));
            attribute.map(|attribute| !matches!(attribute.value.kind, Kind::Bool(false)))
        };
        let mut sensitive = flag("sensitive") == Some(true);
        let mut given = None;
        if is_root {
            let planned = self.plan.variables.iter().find(|variable| *variable.name == **name);
            let root = self.plan.configuration.modules.first();
            let configured = root.and_then(|root| root.variables.iter().find(|variable| *variable.name == **name));
            // A variable whose declaration nobody shows may well be a secret.
            sensitive |= configured.map_or(declaration.is_none(), |configured| configured.sensitive);
            if planned.is_some_and(|planned| planned.value.is_none()) {
                return Ok(self.because(origin, "its value is not in the plan").marked(sensitive));
            }
            if let Some(text) = planned.and_then(|planned| planned.value) {
                self.charge_text(text.len())?;
                let document = json::parse(text).map_err(|error| Fault::Error(error.to_string()))?;
                given = Some(from_json(document.root(), 0));
            }
        } else if let Some(argument) = self.argument(module, name) {
            given = Some(argument?);
        } else if !self.call_is_known(module) {
            return Ok(self
                .because(origin, "the module call was not found in the sources")
                .marked(sensitive));
        }
        let nullable = flag("nullable") != Some(false);
        if let Some(value) = given.take_if(|value| nullable || !value.is_null()) {
            return Ok(self.typed(value, declaration)?.marked(sensitive));
        }
        let Some(default) = declaration.and_then(|block| block.body.attribute("default")) else {
            return Ok(self
                .because(origin, "it has no value in the plan and no default")
                .marked(sensitive));
        };
        let value = self.evaluate(&default.value, &Scope::of_module(module))?;
        Ok(self.typed(value, declaration)?.marked(sensitive))
    }

    fn typed(&mut self, value: Value, declaration: Option<&crate::ast::Block>) -> Result<Value, Fault> {
        match declaration.and_then(|block| block.body.attribute("type")) {
            Some(constraint) => self.convert(value, &constraint.value),
            None => Ok(value),
        }
    }

    /// What the plan says of a root output.
    pub(crate) fn planned_output(&mut self, output: &nhi_plan::plan::OutputChange<'_>) -> Value {
        let change = &output.change;
        let bytes = change.after.map_or(0, str::len) + change.after_unknown.map_or(0, str::len);
        let unknown = || Value::unknown(&format!("output.{}", output.name));
        if self.charge(u64::try_from(bytes / 256).unwrap_or(u64::MAX)).is_err() {
            return unknown();
        }
        let parts = (
            or_null(change.after),
            or_null(change.after_unknown),
            or_null(change.after_sensitive),
        );
        let (Some(after), Some(mask), Some(sensitive)) = parts else {
            return unknown();
        };
        merged(
            Some(after.root()),
            Some(mask.root()),
            Some(sensitive.root()),
            &Trail {
                step: Step::Root("output"),
                up: None,
            },
            0,
        )
    }

    /// What the plan says of an attribute of an instance: known values, and unknowns where it says so. Nothing where
    /// it does not speak of the attribute.
    pub(crate) fn planned(&mut self, at: u32, name: &str) -> Result<Option<Value>, Fault> {
        let Some(instance) = self.index.instance(at) else {
            return Ok(None);
        };
        let texts = [instance.after, instance.unknown, instance.sensitive];
        let address = instance.address;
        let bytes: usize = texts.iter().flatten().map(|text| text.len()).sum();
        self.charge(1 + u64::try_from(bytes / 1024).unwrap_or(u64::MAX))?;
        if !self.parsed.iter().any(|(known, _)| *known == at) {
            if self.parsed.len() >= PARSED_MAX {
                self.parsed.pop_front();
            }
            self.parsed.push_back((at, texts.map(or_null)));
        }
        let parsed = self.parsed.iter().find(|(known, _)| *known == at);
        let Some((_, [Some(after), Some(unknown), Some(sensitive)])) = parsed else {
            return Ok(Some(Value::unknown(&format!("{address}.{name}"))));
        };
        let (value, mask) = (after.root().get(name), member_or_whole(unknown.root(), name));
        if value.is_none() && !mask.is_some_and(|mask| mask.raw().contains("true")) {
            return Ok(None);
        }
        let trail = Trail {
            step: Step::Root(address),
            up: None,
        };
        let trail = Trail {
            step: Step::Key(name),
            up: Some(&trail),
        };
        Ok(Some(merged(
            value,
            mask,
            member_or_whole(sensitive.root(), name),
            &trail,
            0,
        )))
    }
}

/// The way to a value, written out only where something on it is unknown.
struct Trail<'t> {
    step: Step<'t>,
    up: Option<&'t Trail<'t>>,
}

#[derive(Clone, Copy)]
enum Step<'t> {
    Root(&'t str),
    Key(&'t str),
    Index(usize),
}

impl Trail<'_> {
    fn origin(&self) -> String {
        let mut steps = Vec::new();
        let mut at = Some(self);
        while let Some(trail) = at {
            steps.push(trail.step);
            at = trail.up;
        }
        let mut text = String::new();
        for step in steps.iter().rev() {
            match step {
                Step::Root(root) => text.push_str(root),
                Step::Key(key) => {
                    text.push('.');
                    text.push_str(key);
                }
                Step::Index(index) => nhi_plan::path::push_index(&mut text, *index),
            }
        }
        text
    }
}

/// A value, the mask of what is unknown in it, and the mask of what is sensitive.
fn merged(
    value: Option<json::Value<'_>>,
    unknown: Option<json::Value<'_>>,
    sensitive: Option<json::Value<'_>>,
    trail: &Trail<'_>,
    depth: u32,
) -> Value {
    let is_true = |mask: Option<json::Value<'_>>| mask.and_then(json::Value::as_bool) == Some(true);
    let marked = is_true(sensitive);
    if is_true(unknown) {
        return Value::unknown(&trail.origin()).marked(marked);
    }
    if depth > VALUE_DEPTH_MAX {
        return Value::unknown("a value that is nested too deeply").marked(marked);
    }
    if value.into_iter().chain(unknown).any(|part| part.len() > ELEMENTS_MAX) {
        return Value::unknown("a collection that is too large").marked(marked);
    }
    let kind_of = |value: Option<json::Value<'_>>| value.map_or(JsonKind::Null, json::Value::kind);
    let below = match kind_of(value) {
        JsonKind::Null if matches!(kind_of(unknown), JsonKind::Object | JsonKind::Array) => kind_of(unknown),
        kind => kind,
    };
    let made = match below {
        JsonKind::Object => object(value, unknown, sensitive, trail, depth),
        JsonKind::Array => {
            let mut values = value.into_iter().flat_map(json::Value::elements);
            let mut unknowns = unknown.into_iter().flat_map(json::Value::elements);
            let mut sensitives = sensitive.into_iter().flat_map(json::Value::elements);
            let mut items = Vec::new();
            loop {
                let (value, unknown, sensitive) = (values.next(), unknowns.next(), sensitives.next());
                if value.is_none() && unknown.is_none() {
                    break;
                }
                let trail = Trail {
                    step: Step::Index(items.len()),
                    up: Some(trail),
                };
                items.push(merged(value, unknown, sensitive, &trail, depth + 1));
            }
            Value::list(items)
        }
        _ => value.map_or_else(Value::null, |value| from_json(value, depth)),
    };
    made.marked(marked)
}

fn object(
    value: Option<json::Value<'_>>,
    unknown: Option<json::Value<'_>>,
    sensitive: Option<json::Value<'_>>,
    trail: &Trail<'_>,
    depth: u32,
) -> Value {
    let mut parts: BTreeMap<Text, [Option<json::Value<'_>>; 3]> = BTreeMap::new();
    for (at, source) in [value, unknown, sensitive].into_iter().enumerate() {
        for (key, member) in source.into_iter().flat_map(json::Value::members) {
            // Masks hold containers for what is not there; only what they say `true` of counts.
            let entry = match at {
                0 => Some(parts.entry(Text::from(&*key)).or_default()),
                1 if member.kind() != JsonKind::Bool || member.as_bool() == Some(true) => {
                    Some(parts.entry(Text::from(&*key)).or_default())
                }
                _ => parts.get_mut(&*key),
            };
            if let Some(slot) = entry.and_then(|entry| entry.get_mut(at)) {
                *slot = Some(member);
            }
        }
    }
    let members = parts.into_iter().map(|(key, [value, unknown, sensitive])| {
        let trail = Trail {
            step: Step::Key(&key),
            up: Some(trail),
        };
        let made = merged(value, unknown, sensitive, &trail, depth + 1);
        (key, made)
    });
    Value::map(members.collect())
}
