//! What is told of an attribute: its value as JSON, and how far it is known.

use std::collections::BTreeSet;

use nhi_plan::json::{self, quote};
use nhi_plan::path;
use nhi_plan::symbol::{self, Part};

use crate::evaluator::Evaluator;
use crate::fault::Fault;
use crate::json_text::with_quoted_symbols;
use crate::value::{Data, Value};

/// How many reasons are told of one attribute.
const REASONS_MAX: usize = 5;

/// How far an attribute is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// To its end.
    Resolved,
    /// But for symbols, or but for the choice between alternatives.
    Partly,
    /// Not at all.
    Unresolved,
}

/// What became of an unknown path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The attribute.
    pub path: String,
    /// How far it is known.
    pub status: Status,
    /// What is not known, and why where there is more to say.
    pub reasons: Vec<String>,
}

impl Outcome {
    pub(crate) fn unresolved(path: String, reason: &str) -> Self {
        Self {
            path,
            status: Status::Unresolved,
            reasons: vec![reason.to_owned()],
        }
    }
}

/// The value of an unknown path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filled {
    /// The attribute.
    pub path: String,
    /// JSON text; texts in it may hold symbols.
    pub json: String,
    /// Paths, from the root of the block, at which it is sensitive.
    pub sensitive_paths: Vec<String>,
}

/// The value of a path as it is handed on.
pub(crate) fn describe(
    evaluator: &mut Evaluator<'_>,
    path: &str,
    value: &Value,
) -> Result<(Option<Filled>, Outcome), Fault> {
    if value.is_null() {
        let reason = "the configuration sets it to null, so the provider decides";
        return Ok((None, Outcome::unresolved(path.to_owned(), reason)));
    }
    let Some(plain) = settled(evaluator, value)? else {
        let origin = evaluator.name_of(value);
        let reason = reason_of(evaluator, &origin);
        return Ok((None, Outcome::unresolved(path.to_owned(), &reason)));
    };
    let json = json_of(&plain);
    evaluator.charge_text(json.len())?;
    if json.contains("\\u0000") && json::parse(&json).is_err() {
        return Err(Fault::Error(
            "a text in it holds the character NUL, which no plan may".to_owned(),
        ));
    }
    let mut origins = BTreeSet::new();
    collect_origins(&plain, &mut origins);
    let alternatives = plain.as_text().map_or(1, |text| symbol::alternatives(text).len());
    let choice =
        (alternatives > 1).then(|| format!("it depends on what is unknown which of {alternatives} it will be"));
    let reasons = choice
        .into_iter()
        .chain(
            origins
                .iter()
                .take(REASONS_MAX)
                .map(|origin| reason_of(evaluator, origin)),
        )
        .collect();
    let status = if plain.traits().unknown {
        Status::Partly
    } else {
        Status::Resolved
    };
    let mut sensitive_paths = Vec::new();
    collect_sensitive(&plain, path.to_owned(), &mut sensitive_paths);
    let filled = Filled {
        path: path.to_owned(),
        json,
        sensitive_paths,
    };
    Ok((
        Some(filled),
        Outcome {
            path: path.to_owned(),
            status,
            reasons,
        },
    ))
}

fn reason_of(evaluator: &Evaluator<'_>, origin: &str) -> String {
    match evaluator.reason(origin) {
        Some(reason) => format!("`{origin}`: {reason}"),
        None => format!("`{origin}` is known after apply"),
    }
}

/// The value with nothing in it but texts, numbers, bools, nulls and collections; `None` if it is unknown as a whole.
fn settled(evaluator: &mut Evaluator<'_>, value: &Value) -> Result<Option<Value>, Fault> {
    if value.is_unknown() {
        return Ok(None);
    }
    if let Data::OneOf(options) = &value.data {
        let scalar = |option: &Value| {
            option.elements().is_none() && option.members().is_none() && !matches!(option.data, Data::OneOf(_))
        };
        let text = options.items.iter().any(|option| option.as_text().is_some());
        if !text || !options.items.iter().all(scalar) {
            return Ok(None);
        }
        return one_text(evaluator, value).map(Some);
    }
    inner(evaluator, value).map(Some)
}

/// A group of alternatives; one that is null is an empty text, which says nothing.
fn one_text(evaluator: &mut Evaluator<'_>, value: &Value) -> Result<Value, Fault> {
    let Data::OneOf(options) = &value.data else {
        return Ok(value.clone());
    };
    let mut texts = Vec::with_capacity(options.items.len());
    for option in &options.items {
        let text = if option.is_null() {
            Value::text("")
        } else {
            evaluator.written(option)?
        };
        texts.push(
            text.as_text()
                .map_or_else(String::new, |text| with_quoted_symbols(text).into_owned()),
        );
    }
    let group = symbol::one_of(texts.iter().map(String::as_str));
    Ok(Value::text(group).marked(value.any_sensitive()))
}

fn inner(evaluator: &mut Evaluator<'_>, value: &Value) -> Result<Value, Fault> {
    evaluator.charge(1)?;
    let plain = match &value.data {
        Data::Null | Data::Bool(_) | Data::Number(_) => return Ok(value.clone()),
        Data::Text(text) => Value::text(&*with_quoted_symbols(text)),
        Data::List(items) | Data::Set(items) => {
            let mut all = Vec::with_capacity(items.items.len());
            for item in &items.items {
                all.push(inner(evaluator, item)?);
            }
            Value::list(all)
        }
        Data::Map(items) => {
            let mut all = std::collections::BTreeMap::new();
            for (key, item) in &items.items {
                all.insert(key.clone(), inner(evaluator, item)?);
            }
            Value::map(all)
        }
        Data::OneOf(_) => match settled(evaluator, value)? {
            Some(text) => text,
            None => Value::text(symbol::symbol(&evaluator.name_of(value))),
        },
        Data::Unknown(_) | Data::Resource(_) | Data::Module(_) => evaluator.written(value)?,
    };
    Ok(plain.marked(value.sensitive))
}

fn collect_origins(value: &Value, origins: &mut BTreeSet<String>) {
    if origins.len() >= REASONS_MAX * 4 || !value.traits().unknown {
        return;
    }
    match &value.data {
        Data::Text(text) => {
            for alternative in symbol::alternatives(text) {
                origins.extend(symbol::parts(alternative).filter_map(|part| match part {
                    Part::Symbol(origin) => Some(origin.replace("\\\"", "\"")),
                    Part::Text(_) => None,
                }));
            }
        }
        Data::List(items) | Data::Set(items) => items.items.iter().for_each(|item| collect_origins(item, origins)),
        Data::Map(items) => items.items.values().for_each(|item| collect_origins(item, origins)),
        _ => {}
    }
}

fn collect_sensitive(value: &Value, at: String, out: &mut Vec<String>) {
    if value.sensitive {
        out.push(at);
        return;
    }
    if !value.any_sensitive() {
        return;
    }
    match &value.data {
        Data::List(items) | Data::Set(items) => {
            for (index, item) in items.items.iter().enumerate() {
                let mut at = at.clone();
                path::push_index(&mut at, index);
                collect_sensitive(item, at, out);
            }
        }
        Data::Map(items) => {
            for (key, item) in &items.items {
                let mut at = at.clone();
                path::push_key(&mut at, key);
                collect_sensitive(item, at, out);
            }
        }
        _ => {}
    }
}

/// JSON text of a value; what is unknown as a whole is null.
pub(crate) fn json_of(value: &Value) -> String {
    let mut out = String::new();
    write(value, &mut out);
    out
}

fn write(value: &Value, out: &mut String) {
    match &value.data {
        Data::Bool(true) => out.push_str("true"),
        Data::Bool(false) => out.push_str("false"),
        Data::Number(number) => out.push_str(&number.to_string()),
        Data::Text(text) => out.push_str(&quote(text)),
        Data::List(items) | Data::Set(items) => {
            out.push('[');
            for (at, item) in items.items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write(item, out);
            }
            out.push(']');
        }
        Data::Map(items) => {
            out.push('{');
            for (at, (key, item)) in items.items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                out.push_str(&quote(key));
                out.push(':');
                write(item, out);
            }
            out.push('}');
        }
        _ => out.push_str("null"),
    }
}
