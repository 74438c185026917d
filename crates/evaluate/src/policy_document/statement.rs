//! Statements and documents of them: made of arguments, merged, and written down.

use std::collections::BTreeMap;

use nhi_plan::symbol;

use super::json::Json;
use crate::ast::Text;
use crate::evaluator::Evaluator;
use crate::fault::{Fault, error};
use crate::value::Value;

/// A policy document.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Document {
    pub(super) version: String,
    pub(super) id: String,
    pub(super) statements: Vec<Statement>,
}

/// A statement; parts that are not there are `None` or empty.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Statement {
    pub(super) sid: String,
    pub(super) effect: String,
    pub(super) actions: Option<Json>,
    pub(super) not_actions: Option<Json>,
    pub(super) resources: Option<Json>,
    pub(super) not_resources: Option<Json>,
    pub(super) principals: Vec<(String, Strings)>,
    pub(super) not_principals: Vec<(String, Strings)>,
    pub(super) conditions: Vec<(String, String, Strings)>,
    /// A symbol that stands for statements of which nothing is known, not even how many there are.
    pub(super) hidden: Option<String>,
}

/// One text, or a list of them: the provider tells them apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Strings {
    One(String),
    Many(Vec<String>),
}

impl Strings {
    fn json(self) -> Json {
        match self {
            Self::One(text) => Json::Text(text),
            Self::Many(texts) => Json::List(texts.into_iter().map(Json::Text).collect()),
        }
    }
}

/// The checksum by which the plugin SDK orders the elements of a set.
fn crc32(text: &str) -> u32 {
    let mut crc = u32::MAX;
    for byte in text.bytes() {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
        }
    }
    !crc
}

/// The elements in the order of a set of the plugin SDK, each once.
fn hashed<T>(items: Vec<(String, T)>) -> Vec<T> {
    let mut by_code: BTreeMap<String, T> = BTreeMap::new();
    for (serialized, item) in items {
        by_code.insert(crc32(&serialized).to_string(), item);
    }
    by_code.into_values().collect()
}

/// Text for text; policies write `&{` for what HCL would take for a template.
fn variables(text: &str, version: &str) -> Result<String, Fault> {
    if version == "2008-10-17" && text.contains("&{") {
        return error("`&{` is not supported in version 2008-10-17");
    }
    Ok(text.replace("&{", "${"))
}

/// A set of texts as the provider writes it: one by itself, several backwards.
fn set(mut texts: Vec<String>) -> Option<Strings> {
    texts.sort();
    texts.dedup();
    texts.reverse();
    match texts.len() {
        0 => None,
        1 => texts.pop().map(Strings::One),
        _ => Some(Strings::Many(texts)),
    }
}

/// The texts of a list argument; an unknown list is one symbol.
fn texts(evaluator: &mut Evaluator<'_>, value: Option<&Value>) -> Result<Vec<String>, Fault> {
    let Some(value) = value.filter(|value| !value.is_null()) else {
        return Ok(Vec::new());
    };
    let Some(items) = value.elements() else {
        return Ok(evaluator.text_of(Some(value))?.into_iter().collect());
    };
    let mut all = Vec::with_capacity(items.len());
    for item in items.iter().filter(|item| !item.is_null()) {
        let text = evaluator.written(item)?;
        all.extend(text.as_text().map(std::string::ToString::to_string));
    }
    Ok(all)
}

fn replaced(strings: Option<Strings>, version: &str) -> Result<Option<Strings>, Fault> {
    Ok(match strings {
        None => None,
        Some(Strings::One(text)) => Some(Strings::One(variables(&text, version)?)),
        Some(Strings::Many(all)) => {
            let all: Result<Vec<String>, Fault> = all.iter().map(|text| variables(text, version)).collect();
            Some(Strings::Many(all?))
        }
    })
}

/// A statement from its arguments.
pub(super) fn read(
    evaluator: &mut Evaluator<'_>,
    members: &BTreeMap<Text, Value>,
    version: &str,
) -> Result<Statement, Fault> {
    let plain = |evaluator: &mut Evaluator<'_>, name: &str| -> Result<Option<Json>, Fault> {
        Ok(set(texts(evaluator, members.get(name))?).map(Strings::json))
    };
    let with_variables = |evaluator: &mut Evaluator<'_>, name: &str| -> Result<Option<Json>, Fault> {
        Ok(replaced(set(texts(evaluator, members.get(name))?), version)?.map(Strings::json))
    };
    Ok(Statement {
        sid: evaluator.text_of(members.get("sid"))?.unwrap_or_default(),
        effect: evaluator
            .text_of(members.get("effect"))?
            .unwrap_or_else(|| "Allow".to_owned()),
        actions: plain(evaluator, "actions")?,
        not_actions: plain(evaluator, "not_actions")?,
        resources: with_variables(evaluator, "resources")?,
        not_resources: with_variables(evaluator, "not_resources")?,
        principals: principals(evaluator, members.get("principals"), version)?,
        not_principals: principals(evaluator, members.get("not_principals"), version)?,
        conditions: conditions(evaluator, members.get("condition"), version)?,
        hidden: None,
    })
}

/// The blocks of a kind, or a failure that says what is unknown.
fn blocks<'v>(
    evaluator: &Evaluator<'_>,
    value: Option<&'v Value>,
    what: &str,
) -> Result<Vec<&'v BTreeMap<Text, Value>>, Fault> {
    let Some(value) = value.filter(|value| !value.is_null()) else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    for item in value.elements().unwrap_or(std::slice::from_ref(value)) {
        match item.members() {
            Some(members) => found.push(members),
            None => {
                return error(format!(
                    "the {what} of a statement are unknown: {}",
                    evaluator.name_of(item)
                ));
            }
        }
    }
    Ok(found)
}

fn principals(
    evaluator: &mut Evaluator<'_>,
    value: Option<&Value>,
    version: &str,
) -> Result<Vec<(String, Strings)>, Fault> {
    let mut items = Vec::new();
    for members in blocks(evaluator, value, "principals")? {
        let kind = evaluator.text_of(members.get("type"))?.unwrap_or_default();
        let mut identifiers = texts(evaluator, members.get("identifiers"))?;
        identifiers.sort_by_cached_key(|text| crc32(&format!("{text};")).to_string());
        identifiers.dedup();
        let mut serialized = String::from("identifiers:{");
        for identifier in &identifiers {
            serialized.push_str(identifier);
            serialized.push(';');
        }
        serialized.push_str("};type:");
        serialized.push_str(&kind);
        serialized.push(';');
        let found = replaced(set(identifiers), version)?.unwrap_or(Strings::Many(Vec::new()));
        items.push((serialized, (kind, found)));
    }
    Ok(hashed(items))
}

fn conditions(
    evaluator: &mut Evaluator<'_>,
    value: Option<&Value>,
    version: &str,
) -> Result<Vec<(String, String, Strings)>, Fault> {
    let mut items = Vec::new();
    for members in blocks(evaluator, value, "conditions")? {
        let test = evaluator.text_of(members.get("test"))?.unwrap_or_default();
        let variable = evaluator.text_of(members.get("variable"))?.unwrap_or_default();
        let values = texts(evaluator, members.get("values"))?;
        let serialized = format!(
            "test:{test};values:({});variable:{variable};",
            values.iter().fold(String::new(), |mut all, value| {
                all.push_str(value);
                all.push(';');
                all
            },)
        );
        let found = replaced(Some(Strings::Many(values)), version)?.unwrap_or(Strings::Many(Vec::new()));
        items.push((serialized, (test, variable, found)));
    }
    Ok(hashed(items))
}

impl Document {
    /// Takes another document in: its version if newer, its id, its statements.
    pub(super) fn merge(&mut self, other: Self) {
        if !other.id.is_empty() {
            self.id = other.id;
        }
        if other.version > self.version {
            self.version = other.version;
        }
        let mut by_sid: BTreeMap<String, usize> = BTreeMap::new();
        for (at, statement) in self.statements.iter().enumerate() {
            if !statement.sid.is_empty() {
                by_sid.entry(statement.sid.clone()).or_insert(at);
            }
        }
        for statement in other.statements {
            let known = by_sid.get(&statement.sid).and_then(|at| self.statements.get_mut(*at));
            match known {
                Some(known) => *known = statement,
                None => {
                    if !statement.sid.is_empty() {
                        by_sid.insert(statement.sid.clone(), self.statements.len());
                    }
                    self.statements.push(statement);
                }
            }
        }
    }

    pub(super) fn write(self, minified: bool, bytes_max: usize) -> Result<String, Fault> {
        let mut members = Vec::new();
        push_text(&mut members, "Version", self.version);
        push_text(&mut members, "Id", self.id);
        if !self.statements.is_empty() {
            let statements = self.statements.into_iter().map(Statement::json).collect();
            members.push(("Statement".to_owned(), Json::List(statements)));
        }
        Json::Object(members).write((!minified).then_some(0), bytes_max)
    }
}

fn push_text(members: &mut Vec<(String, Json)>, name: &str, text: String) {
    if !text.is_empty() {
        members.push((name.to_owned(), Json::Text(text)));
    }
}

impl Statement {
    /// Statements of which only this origin is known.
    pub(super) fn hidden(origin: impl AsRef<str>) -> Self {
        Self {
            hidden: Some(symbol::symbol(origin.as_ref())),
            ..Self::default()
        }
    }

    fn json(self) -> Json {
        if let Some(hidden) = self.hidden {
            return Json::Text(hidden);
        }
        let mut members = Vec::new();
        push_text(&mut members, "Sid", self.sid);
        push_text(&mut members, "Effect", self.effect);
        let parts = [
            ("Action", self.actions),
            ("NotAction", self.not_actions),
            ("Resource", self.resources),
            ("NotResource", self.not_resources),
            ("Principal", principal_json(self.principals)),
            ("NotPrincipal", principal_json(self.not_principals)),
            ("Condition", condition_json(self.conditions)),
        ];
        for (name, part) in parts {
            members.extend(part.map(|part| (name.to_owned(), part)));
        }
        Json::Object(members)
    }
}

fn principal_json(principals: Vec<(String, Strings)>) -> Option<Json> {
    if let [(kind, found)] = principals.as_slice() {
        let everyone = match found {
            Strings::One(text) => text == "*",
            Strings::Many(texts) => matches!(texts.as_slice(), [text] if text == "*"),
        };
        if kind == "*" && everyone {
            return Some(Json::Text("*".to_owned()));
        }
    }
    let mut by_kind: BTreeMap<String, Strings> = BTreeMap::new();
    for (kind, found) in principals {
        let merged = match (by_kind.remove(&kind), found) {
            (None, Strings::One(text)) => Strings::One(text),
            (None, Strings::Many(mut texts)) => {
                texts.sort_by(|a, b| b.cmp(a));
                Strings::Many(texts)
            }
            (Some(Strings::One(first)), Strings::One(text)) => Strings::Many(vec![first, text]),
            (Some(Strings::Many(mut all)), Strings::One(text)) => {
                all.push(text);
                Strings::Many(all)
            }
            (Some(before), Strings::Many(mut texts)) => {
                let mut all = match before {
                    Strings::One(first) => vec![first],
                    Strings::Many(all) => all,
                };
                texts.sort_by(|a, b| b.cmp(a));
                all.extend(texts);
                Strings::Many(all)
            }
        };
        by_kind.insert(kind, merged);
    }
    if by_kind.is_empty() {
        return None;
    }
    Some(Json::Object(
        by_kind.into_iter().map(|(kind, found)| (kind, found.json())).collect(),
    ))
}

fn condition_json(conditions: Vec<(String, String, Strings)>) -> Option<Json> {
    let mut by_test: BTreeMap<String, BTreeMap<String, Vec<String>>> = BTreeMap::new();
    for (test, variable, values) in conditions {
        let all = by_test.entry(test).or_default().entry(variable).or_default();
        match values {
            Strings::One(text) => all.push(text),
            Strings::Many(texts) => all.extend(texts),
        }
    }
    if by_test.is_empty() {
        return None;
    }
    let values = |mut all: Vec<String>| match all.len() {
        1 => Json::Text(all.pop().unwrap_or_default()),
        _ => Strings::Many(all).json(),
    };
    let variables = |variables: BTreeMap<String, Vec<String>>| {
        Json::Object(variables.into_iter().map(|(name, all)| (name, values(all))).collect())
    };
    Some(Json::Object(
        by_test
            .into_iter()
            .map(|(test, inner)| (test, variables(inner)))
            .collect(),
    ))
}

#[cfg(test)]
mod tests {
    use super::crc32;

    #[test]
    fn the_checksum_is_the_usual_one() {
        assert_eq!(crc32("123456789"), 0xcbf4_3926);
    }
}
