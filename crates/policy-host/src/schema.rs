//! Judges settings by the JSON Schema that a module describes them with, before the module sees them.
//!
//! A subset of draft 2020-12 that needs no network, and ends in bounded time whatever a module wrote: `type`, `enum`, `const`, `properties`, `required`, `additionalProperties`, `minProperties`,
//! `maxProperties`, `items`, `minItems`, `maxItems`, `uniqueItems`, `minLength`, `maxLength`, `minimum`, `maximum`,
//! `exclusiveMinimum`, `exclusiveMaximum`, `pattern`, `allOf`, `anyOf`, `oneOf`, `not`, and `$ref` to `#` or `#/$defs/NAME`.
//! Keywords that only describe are passed over; any other keyword that would judge is refused, because settings that were
//! judged in part only look as if they had been judged. A `pattern` is one that is matched in linear time: without
//! references back and without looking around, which is refused.

use regex_lite::{Regex, RegexBuilder};
use serde_json::{Map, Number, Value};

/// Steps of one judgement: each is one schema met by one value, or one comparison of two values.
const STEPS_MAX: usize = 200_000;
/// How deeply schemas may lead into each other.
const DEPTH_MAX: usize = 64;
/// Bytes of a text that a pattern is looked for in at the price of one step.
const TEXT_BYTES_A_STEP: usize = 64;
/// Bytes that a pattern may take up once it is compiled.
const PATTERN_BYTES_MAX: usize = 64 << 10;
/// The most that is told at once.
const FAULTS_MAX: usize = 20;
/// The most names that are told beside one that is not known.
const NAMES_MAX: usize = 10;

/// Keywords that describe and do not judge.
const ANNOTATIONS: &[&str] = &[
    "$comment",
    "$defs",
    "$id",
    "$schema",
    "default",
    "definitions",
    "deprecated",
    "description",
    "examples",
    "format",
    "readOnly",
    "title",
    "writeOnly",
];

/// Everything in which settings are not what a schema asks for; none if the schema is empty.
///
/// # Errors
///
/// The schema itself cannot be used.
pub(crate) fn judge(schema: &str, settings: &Value) -> Result<Vec<String>, String> {
    if schema.trim().is_empty() {
        return Ok(Vec::new());
    }
    let schema: Value = serde_json::from_str(schema).map_err(|error| format!("it is not JSON: {error}"))?;
    let mut judge = Judge {
        root: &schema,
        steps: 0,
    };
    let mut faults = Vec::new();
    judge.meet(&schema, settings, &mut Vec::new(), 0, &mut faults)?;
    Ok(faults)
}

struct Judge<'s> {
    root: &'s Value,
    steps: usize,
}

/// Where a value stands, as its names and places.
type Path = Vec<String>;

impl<'s> Judge<'s> {
    fn step(&mut self, depth: usize) -> Result<(), String> {
        self.steps += 1;
        if self.steps > STEPS_MAX || depth > DEPTH_MAX {
            return Err("it takes too many steps to judge by, or leads into itself".to_owned());
        }
        Ok(())
    }

    fn meet(
        &mut self,
        schema: &'s Value,
        value: &Value,
        path: &mut Path,
        depth: usize,
        faults: &mut Vec<String>,
    ) -> Result<(), String> {
        self.step(depth)?;
        let keywords = match schema {
            Value::Bool(true) => return Ok(()),
            Value::Bool(false) => {
                note(faults, path, "is not a setting");
                return Ok(());
            }
            Value::Object(keywords) => keywords,
            _ => return Err("a schema in it is neither an object nor true or false".to_owned()),
        };
        for (keyword, wanted) in keywords {
            match (keyword.as_str(), value) {
                ("$ref", _) => {
                    let target = self.target(wanted)?;
                    self.meet(target, value, path, depth + 1, faults)?;
                }
                ("allOf" | "anyOf" | "oneOf" | "not", _) => {
                    self.combine(keyword, wanted, value, path, depth, faults)?;
                }
                ("type", _) => kind(wanted, value, path, faults)?,
                ("enum" | "const", _) => self.listed(keyword, wanted, value, path, depth, faults)?,
                ("properties" | "required" | "additionalProperties" | "minProperties" | "maxProperties", _) => {
                    if let Value::Object(members) = value {
                        self.members(keyword, keywords, members, path, depth, faults)?;
                    }
                }
                ("items" | "minItems" | "maxItems" | "uniqueItems", _) => {
                    if let Value::Array(elements) = value {
                        self.elements(keyword, wanted, elements, path, depth, faults)?;
                    }
                }
                ("minLength" | "maxLength", _) => {
                    let limit = count(keyword, wanted)?;
                    if let Value::String(text) = value {
                        sized(keyword, limit, text.chars().count(), "characters", path, faults);
                    }
                }
                ("pattern", _) => {
                    let expression = expression(wanted)?;
                    if let Value::String(text) = value {
                        self.steps += text.len().div_ceil(TEXT_BYTES_A_STEP);
                        self.step(depth)?;
                        if !expression.is_match(text) {
                            note(faults, path, "is not of the form that its pattern asks for");
                        }
                    }
                }
                ("minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum", _) => {
                    let limit = wanted.as_number().ok_or_else(|| misused(keyword))?;
                    if let Value::Number(number) = value {
                        ranged(keyword, limit, number, path, faults);
                    }
                }
                (known, _) if ANNOTATIONS.contains(&known) => {}
                _ => {
                    return Err(format!(
                        "it uses `{}`, by which nothing is judged here",
                        crate::error::quote(keyword)
                    ));
                }
            }
        }
        Ok(())
    }

    /// What a reference within the schema means.
    fn target(&self, reference: &Value) -> Result<&'s Value, String> {
        let text = reference.as_str().ok_or_else(|| misused("$ref"))?;
        let found = match text.strip_prefix('#') {
            Some("") => Some(self.root),
            Some(pointer) => self.root.pointer(pointer),
            None => None,
        };
        found.ok_or_else(|| format!("it refers to `{}`, which is not in it", crate::error::quote(text)))
    }

    fn combine(
        &mut self,
        keyword: &str,
        wanted: &'s Value,
        value: &Value,
        path: &mut Path,
        depth: usize,
        faults: &mut Vec<String>,
    ) -> Result<(), String> {
        let schemas = match wanted {
            Value::Array(schemas) if keyword != "not" && !schemas.is_empty() => schemas.as_slice(),
            _ if keyword == "not" => std::slice::from_ref(wanted),
            _ => return Err(misused(keyword)),
        };
        if keyword == "allOf" {
            return schemas
                .iter()
                .try_for_each(|schema| self.meet(schema, value, path, depth + 1, faults));
        }
        let mut met = 0;
        let mut nearest: Option<Vec<String>> = None;
        for schema in schemas {
            let mut inner = Vec::new();
            self.meet(schema, value, path, depth + 1, &mut inner)?;
            if inner.is_empty() {
                met += 1;
            } else if nearest.as_ref().is_none_or(|known| inner.len() < known.len()) {
                nearest = Some(inner);
            }
        }
        match (keyword, met) {
            ("not", 0) | ("oneOf", 1) | ("anyOf", 1..) => {}
            ("not", _) => note(faults, path, "is what the schema rules out"),
            (_, 0) => {
                let why = nearest.and_then(|inner| inner.into_iter().next()).unwrap_or_default();
                note(
                    faults,
                    path,
                    &format!("is none of what it may be; the nearest fails because {why}"),
                );
            }
            _ => note(faults, path, "is more than one of what it may be"),
        }
        Ok(())
    }

    fn listed(
        &mut self,
        keyword: &str,
        wanted: &Value,
        value: &Value,
        path: &Path,
        depth: usize,
        faults: &mut Vec<String>,
    ) -> Result<(), String> {
        let listed = match wanted {
            Value::Array(values) if keyword == "enum" => values.as_slice(),
            _ if keyword == "const" => std::slice::from_ref(wanted),
            _ => return Err(misused(keyword)),
        };
        let mut is_listed = false;
        for one in listed {
            self.step(depth)?;
            is_listed |= same(one, value);
        }
        if !is_listed {
            let shown: Vec<String> = listed.iter().take(10).map(|one| quoted(&one.to_string())).collect();
            note(faults, path, &format!("is not one of {}", shown.join(", ")));
        }
        Ok(())
    }

    fn members(
        &mut self,
        keyword: &str,
        keywords: &'s Map<String, Value>,
        members: &Map<String, Value>,
        path: &mut Path,
        depth: usize,
        faults: &mut Vec<String>,
    ) -> Result<(), String> {
        let wanted = keywords.get(keyword).unwrap_or(&Value::Null);
        let described = match keywords.get("properties") {
            None => None,
            Some(Value::Object(described)) => Some(described),
            Some(_) => return Err(misused("properties")),
        };
        let known = |name: &str| described.and_then(|described| described.get(name));
        match keyword {
            "properties" => {
                for (name, value) in members {
                    if let Some(schema) = known(name) {
                        path.push(name.clone());
                        self.meet(schema, value, path, depth + 1, faults)?;
                        path.pop();
                    }
                }
            }
            "additionalProperties" => {
                let names = described.map_or_else(String::new, listing);
                for (name, value) in members.iter().filter(|(name, _)| known(name).is_none()) {
                    path.push(name.clone());
                    match wanted {
                        Value::Bool(false) => {
                            self.step(depth + 1)?;
                            note(faults, path, &format!("is not a setting{names}"));
                        }
                        wanted => self.meet(wanted, value, path, depth + 1, faults)?,
                    }
                    path.pop();
                }
            }
            "required" => {
                let names = wanted.as_array().ok_or_else(|| misused(keyword))?;
                for name in names {
                    self.step(depth)?;
                    let name = name.as_str().ok_or_else(|| misused(keyword))?;
                    if !members.contains_key(name) {
                        note(faults, path, &format!("has no {}", quoted(name)));
                    }
                }
            }
            _ => sized(keyword, count(keyword, wanted)?, members.len(), "members", path, faults),
        }
        Ok(())
    }

    fn elements(
        &mut self,
        keyword: &str,
        wanted: &'s Value,
        elements: &[Value],
        path: &mut Path,
        depth: usize,
        faults: &mut Vec<String>,
    ) -> Result<(), String> {
        match keyword {
            "items" => {
                for (position, value) in elements.iter().enumerate() {
                    path.push(position.to_string());
                    self.meet(wanted, value, path, depth + 1, faults)?;
                    path.pop();
                }
            }
            "uniqueItems" => {
                let is_wanted = wanted.as_bool().ok_or_else(|| misused(keyword))?;
                for (position, value) in elements.iter().enumerate().filter(|_| is_wanted) {
                    for earlier in elements.iter().take(position) {
                        self.step(depth)?;
                        if same(earlier, value) {
                            note(faults, path, &format!("holds {} twice", quoted(&value.to_string())));
                        }
                    }
                }
            }
            _ => sized(
                keyword,
                count(keyword, wanted)?,
                elements.len(),
                "elements",
                path,
                faults,
            ),
        }
        Ok(())
    }
}

fn kind(wanted: &Value, value: &Value, path: &Path, faults: &mut Vec<String>) -> Result<(), String> {
    let words: Vec<&str> = match wanted {
        Value::String(word) => vec![word],
        Value::Array(words) => words.iter().map(|word| word.as_str().unwrap_or_default()).collect(),
        _ => return Err(misused("type")),
    };
    let mut is_kind = false;
    for word in &words {
        is_kind |= match *word {
            "null" => value.is_null(),
            "boolean" => value.is_boolean(),
            "number" => value.is_number(),
            "integer" => value.as_number().is_some_and(is_whole),
            "string" => value.is_string(),
            "array" => value.is_array(),
            "object" => value.is_object(),
            _ => return Err(misused("type")),
        };
    }
    if !is_kind {
        note(faults, path, &format!("is not of type {}", words.join(" or ")));
    }
    Ok(())
}

fn is_whole(number: &Number) -> bool {
    let is_float = number.as_f64().is_some_and(|float| float.fract() == 0.0);
    number.is_i64() || number.is_u64() || is_float
}

/// Whether two values are the same to JSON, which knows one kind of number.
fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => compare(left, right) == Some(std::cmp::Ordering::Equal),
        (left, right) => left == right,
    }
}

fn compare(left: &Number, right: &Number) -> Option<std::cmp::Ordering> {
    if let (Some(left), Some(right)) = (left.as_i64(), right.as_i64()) {
        return Some(left.cmp(&right));
    }
    if let (Some(left), Some(right)) = (left.as_u64(), right.as_u64()) {
        return Some(left.cmp(&right));
    }
    left.as_f64()?.partial_cmp(&right.as_f64()?)
}

fn ranged(keyword: &str, limit: &Number, number: &Number, path: &Path, faults: &mut Vec<String>) {
    use std::cmp::Ordering::{Equal, Greater, Less};
    let order = compare(number, limit);
    let (is_good, words) = match keyword {
        "minimum" => (matches!(order, Some(Equal | Greater)), "at least"),
        "maximum" => (matches!(order, Some(Equal | Less)), "at most"),
        "exclusiveMinimum" => (order == Some(Greater), "more than"),
        _ => (order == Some(Less), "less than"),
    };
    if !is_good {
        note(faults, path, &format!("is {number} and has to be {words} {limit}"));
    }
}

fn sized(keyword: &str, limit: usize, size: usize, of: &str, path: &Path, faults: &mut Vec<String>) {
    let (is_good, words) = match keyword {
        "minItems" | "minLength" | "minProperties" => (size >= limit, "at least"),
        _ => (size <= limit, "at most"),
    };
    if !is_good {
        note(faults, path, &format!("has {size} {of} and needs {words} {limit}"));
    }
}

fn expression(wanted: &Value) -> Result<Regex, String> {
    let pattern = wanted.as_str().ok_or_else(|| misused("pattern"))?;
    let built = RegexBuilder::new(pattern).size_limit(PATTERN_BYTES_MAX).build();
    built.map_err(|_| format!("its pattern {} cannot be matched in linear time", quoted(pattern)))
}

fn count(keyword: &str, wanted: &Value) -> Result<usize, String> {
    let count = wanted.as_u64().and_then(|count| usize::try_from(count).ok());
    count.ok_or_else(|| misused(keyword))
}

fn misused(keyword: &str) -> String {
    format!("its `{keyword}` is not what a schema may say there")
}

/// A text of the settings or of the module, on one line and with nothing in it that acts on a terminal.
fn quoted(text: &str) -> String {
    let short: String = text.chars().take(60).collect();
    let more = if short.len() < text.len() { "…" } else { "" };
    format!("`{}{more}`", crate::error::quote(&short))
}

/// What there is beside what there is not.
fn listing(described: &Map<String, Value>) -> String {
    let names: Vec<String> = described.keys().take(NAMES_MAX).map(|name| quoted(name)).collect();
    match (names.is_empty(), described.len() > NAMES_MAX) {
        (true, _) => String::new(),
        (false, is_more) => format!(
            ": there is {}{}",
            names.join(", "),
            if is_more { " and more" } else { "" }
        ),
    }
}

/// A fault, with its place. Values may be anything, so it is only told what was wanted of them.
fn note(faults: &mut Vec<String>, path: &Path, what: &str) {
    if faults.len() < FAULTS_MAX {
        let place = if path.is_empty() {
            "the object of settings".to_owned()
        } else {
            quoted(&path.join("."))
        };
        faults.push(format!("{place} {what}"));
    }
}

#[cfg(test)]
mod tests;
