//! Documents that are merged in, from their JSON, as Go reads it.

use std::collections::BTreeMap;

use nhi_plan::{json as plan_json, symbol};

use super::json::Json;
use super::statement::{Document, Statement, Strings};
use crate::fault::{Fault, error};
use crate::json_text::with_quoted_symbols;
use crate::limits::VALUE_DEPTH_MAX;

/// A member by its name; Go does not mind the case.
fn member<'d>(value: plan_json::Value<'d>, name: &str) -> Option<plan_json::Value<'d>> {
    value.get(name).or_else(|| {
        let mut members = value.members();
        members
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, member)| member)
    })
}

fn text_of(value: plan_json::Value<'_>) -> Option<String> {
    value.as_str().map(std::borrow::Cow::into_owned)
}

impl Document {
    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        let text = with_quoted_symbols(text);
        let Ok(document) = plan_json::parse(&text) else {
            return error("a document that is merged in is not JSON");
        };
        let root = document.root();
        let mut found = Self {
            version: member(root, "Version").and_then(text_of).unwrap_or_default(),
            id: member(root, "Id").and_then(text_of).unwrap_or_default(),
            statements: Vec::new(),
        };
        let statements = member(root, "Statement").filter(|statements| !statements.is_null());
        if statements.is_some_and(|statements| statements.kind() != plan_json::Kind::Array) {
            return error("the statements of a document that is merged in are no list");
        }
        for statement in statements.into_iter().flat_map(plan_json::Value::elements) {
            found.statements.push(Statement::parse(statement)?);
        }
        Ok(found)
    }
}

/// JSON as it is, for parts that the provider hands through.
fn through(value: plan_json::Value<'_>, depth: u32) -> Result<Json, Fault> {
    if depth > VALUE_DEPTH_MAX {
        return error("a document that is merged in is nested too deeply");
    }
    Ok(match value.kind() {
        plan_json::Kind::String => Json::Text(text_of(value).unwrap_or_default()),
        plan_json::Kind::Array => Json::List(
            value
                .elements()
                .map(|element| through(element, depth + 1))
                .collect::<Result<_, _>>()?,
        ),
        plan_json::Kind::Object => {
            let mut members: BTreeMap<String, Json> = BTreeMap::new();
            for (key, member) in value.members() {
                members.insert(key.into_owned(), through(member, depth + 1)?);
            }
            Json::Object(members.into_iter().collect())
        }
        _ => Json::Raw(value.raw().to_owned()),
    })
}

impl Statement {
    fn parse(value: plan_json::Value<'_>) -> Result<Self, Fault> {
        if let Some(hidden) = value.as_str().filter(|text| symbol::has_symbols(text)) {
            return Ok(Self {
                hidden: Some(hidden.into_owned()),
                ..Self::default()
            });
        }
        let text = |name: &str| member(value, name).and_then(text_of).unwrap_or_default();
        let any = |name: &str| {
            let found = member(value, name).filter(|found| !found.is_null());
            found.map(|found| through(found, 0)).transpose()
        };
        Ok(Self {
            sid: text("Sid"),
            effect: text("Effect"),
            actions: any("Action")?,
            not_actions: any("NotAction")?,
            resources: any("Resource")?,
            not_resources: any("NotResource")?,
            principals: parse_principals(member(value, "Principal"))?,
            not_principals: parse_principals(member(value, "NotPrincipal"))?,
            conditions: parse_conditions(member(value, "Condition"))?,
            hidden: None,
        })
    }
}

fn parse_principals(value: Option<plan_json::Value<'_>>) -> Result<Vec<(String, Strings)>, Fault> {
    let Some(value) = value.filter(|value| !value.is_null()) else {
        return Ok(Vec::new());
    };
    match value.kind() {
        plan_json::Kind::String => Ok(vec![("*".to_owned(), Strings::Many(vec!["*".to_owned()]))]),
        plan_json::Kind::Object => value
            .members()
            .map(|(kind, found)| match (found.kind(), text_of(found)) {
                (_, Some(text)) => Ok((kind.into_owned(), Strings::One(text))),
                (plan_json::Kind::Array, None) => {
                    let mut all: Vec<String> = found.elements().filter_map(text_of).collect();
                    all.sort();
                    Ok((kind.into_owned(), Strings::Many(all)))
                }
                _ => error("the principals of a document that is merged in cannot be read"),
            })
            .collect(),
        _ => error("the principals of a document that is merged in cannot be read"),
    }
}

fn parse_conditions(value: Option<plan_json::Value<'_>>) -> Result<Vec<(String, String, Strings)>, Fault> {
    let mut found = Vec::new();
    for (test, variables) in value.into_iter().flat_map(plan_json::Value::members) {
        if variables.kind() != plan_json::Kind::Object {
            return error("the conditions of a document that is merged in cannot be read");
        }
        for (variable, values) in variables.members() {
            let values = match (values.kind(), text_of(values)) {
                (_, Some(text)) => Strings::Many(vec![text]),
                (plan_json::Kind::Bool, _) => Strings::One(values.raw().to_owned()),
                (plan_json::Kind::Array, _) => Strings::Many(values.elements().filter_map(text_of).collect()),
                _ => continue,
            };
            found.push((test.clone().into_owned(), variable.into_owned(), values));
        }
    }
    Ok(found)
}
