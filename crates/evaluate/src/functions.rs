//! Terraform's functions, as far as they are evaluated.
//!
//! What a function needs to be known and is not makes its result a symbol; a function that is not here does so too,
//! with its name as the reason.

mod collections;
mod conversions;
mod files;
mod format;
mod lookups;
mod numbers;
mod sets;
mod strings;

use nhi_plan::symbol::{self, Part as Piece};

use crate::ast::{Call, Text};
use crate::evaluator::{Evaluator, Scope};
use crate::fault::{Fault, error};
use crate::value::{Data, Value};

/// `None` is a function that the file does not know.
type Answer = Result<Option<Value>, Fault>;

/// Answers a call by its name.
type Library = fn(&mut Evaluator<'_>, &str, &[Value]) -> Answer;

/// Where functions live; each is asked in turn.
const LIBRARIES: [Library; 7] = [
    collections::call,
    lookups::call,
    sets::call,
    strings::call,
    format::call,
    conversions::call,
    numbers::call,
];

/// A text that is known to its end; `None` while it is not.
pub(crate) fn known(value: &Value) -> Result<Option<String>, Fault> {
    match &value.data {
        Data::Text(_) => Ok(value.known_text().map(str::to_owned)),
        Data::Number(number) => Ok(Some(number.to_string())),
        Data::Bool(value) => Ok(Some(value.to_string())),
        _ if value.is_unknown() => Ok(None),
        _ => error(format!("a string is needed, not {}", value.kind())),
    }
}

/// The elements of a list or a set; `None` while they are unknown.
fn elements(value: &Value) -> Result<Option<&[Value]>, Fault> {
    match value.elements() {
        Some(elements) => Ok(Some(elements)),
        None if value.is_unknown() => Ok(None),
        None => error(format!("a list is needed, not {}", value.kind())),
    }
}

impl Evaluator<'_> {
    /// The result of a function whose arguments do not tell enough.
    pub(crate) fn opaque(&self, name: &str, arguments: &[Value]) -> Value {
        let unknown = arguments.iter().find(|argument| argument.traits().unknown);
        let inner = unknown.map_or_else(|| "…".to_owned(), |argument| self.first_origin(argument));
        Value::unknown(&format!("{name}({inner})"))
    }

    /// The first thing in a value that is not known.
    fn first_origin(&self, value: &Value) -> String {
        let inner = |mut items: std::slice::Iter<'_, Value>| {
            items
                .find(|item| item.traits().unknown)
                .map(|item| self.first_origin(item))
        };
        match &value.data {
            Data::Text(text) => symbol::parts(text)
                .find_map(|piece| match piece {
                    Piece::Symbol(origin) => Some(origin.to_owned()),
                    Piece::Text(_) => None,
                })
                .unwrap_or_default(),
            Data::List(items) | Data::Set(items) => inner(items.items.iter()).unwrap_or_default(),
            Data::Map(items) => items
                .items
                .values()
                .find(|item| item.traits().unknown)
                .map(|item| self.first_origin(item))
                .unwrap_or_default(),
            _ => self.name_of(value),
        }
    }

    pub(crate) fn call(&mut self, call: &Call, scope: &Scope<'_>) -> Result<Value, Fault> {
        match &*call.name {
            "try" => return self.attempt(call, scope),
            "can" => return self.can(call, scope),
            _ => {}
        }
        let mut arguments = Vec::with_capacity(call.arguments.len());
        for argument in &call.arguments {
            let value = self.evaluate(argument, scope);
            arguments.push(self.settle(value, "an argument")?);
        }
        if call.expand
            && let Some(last) = arguments.pop()
        {
            match &last.data {
                Data::List(items) | Data::Set(items) => {
                    arguments.extend(items.items.iter().map(|item| item.clone().marked(last.sensitive)));
                }
                Data::OneOf(_) | Data::Unknown(_) => {
                    return Ok(self
                        .opaque(&call.name, std::slice::from_ref(&last))
                        .marked(last.any_sensitive()));
                }
                _ => return error("only a list can be expanded"),
            }
        }
        self.charge_items(arguments.len())?;
        let name = call.name.clone();
        self.lift(&arguments, |evaluator, arguments| {
            evaluator.apply(&name, arguments, scope)
        })
    }

    fn apply(&mut self, name: &Text, arguments: &[Value], scope: &Scope<'_>) -> Result<Value, Fault> {
        // These look at one place only.
        let quick = matches!(&**name, "length" | "lookup" | "element");
        for argument in arguments.iter().filter(|argument| !quick || argument.is_scalar()) {
            self.charge_value(argument)?;
            let size = argument.elements().map_or(0, <[Value]>::len)
                + argument.members().map_or(0, std::collections::BTreeMap::len);
            self.charge_items(size)?;
        }
        let mut found = None;
        if matches!(&**name, "file" | "templatefile" | "fileexists") {
            found = Some(self.file_function(name, arguments, scope)?);
        }
        for library in LIBRARIES {
            if found.is_some() {
                break;
            }
            found = library(self, name, arguments)?;
        }
        let Some(value) = found else {
            let origin = format!("{name}(…)");
            let sensitive = arguments.iter().any(Value::any_sensitive);
            return Ok(self
                .because(&origin, &format!("function `{name}` is not evaluated"))
                .marked(sensitive));
        };
        if &**name == "nonsensitive" {
            return Ok(value);
        }
        if let Data::Text(text) = &value.data {
            self.charge_text(text.len())?;
        }
        // A collection keeps what is sensitive in its elements; anything else is made of all that went in.
        let collection = value.elements().is_some() || value.members().is_some();
        let sensitive = |argument: &Value| {
            if collection {
                argument.sensitive
            } else {
                argument.any_sensitive()
            }
        };
        Ok(value.marked(arguments.iter().any(sensitive)))
    }

    /// `try`: the first argument that does not fail. One whose failing depends on what is unknown is an alternative.
    fn attempt(&mut self, call: &Call, scope: &Scope<'_>) -> Result<Value, Fault> {
        let mut options = Vec::new();
        let mut failure = "nothing was tried".to_owned();
        for argument in &call.arguments {
            let (result, uncertain) = self.attempted(|evaluator| evaluator.evaluate(argument, scope));
            match result {
                Ok(value) => {
                    options.push(value);
                    if !uncertain {
                        return Ok(Value::one_of(options, self.limits.alternatives));
                    }
                }
                Err(Fault::Error(reason)) => failure = reason,
                Err(limit) => return Err(limit),
            }
        }
        if options.is_empty() {
            error(failure)
        } else {
            Ok(Value::one_of(options, self.limits.alternatives))
        }
    }

    fn can(&mut self, call: &Call, scope: &Scope<'_>) -> Result<Value, Fault> {
        let [argument] = call.arguments.as_slice() else {
            return error("`can` takes one argument");
        };
        let (result, uncertain) = self.attempted(|evaluator| evaluator.evaluate(argument, scope));
        match result {
            Ok(_) if uncertain => Ok(Value::unknown("can(…)")),
            Ok(_) => Ok(Value::bool(true)),
            Err(Fault::Error(_)) => Ok(Value::bool(false)),
            Err(limit) => Err(limit),
        }
    }
}
