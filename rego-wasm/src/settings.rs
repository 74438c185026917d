//! What the operator sets: `data.settings`, held to the module's schema, with the schema's defaults filled in.
//!
//! Of JSON Schema this is what settings need: the types and defaults of properties, which of them must be there, and
//! whether there may be others.

use regorus::Value;

use crate::input::insert;
use crate::problem::Problem;

const SCHEMA: &str = "settings.schema.json";
const TYPES: [&str; 7] = ["array", "boolean", "integer", "null", "number", "object", "string"];

/// Whether a schema can be used.
pub(crate) fn schema(text: &str) -> Result<(), Problem> {
    if text.is_empty() {
        return Ok(());
    }
    let wrong = |message: String| {
        Problem::new(
            SCHEMA,
            message,
            "describe an object: `{\"type\": \"object\", \"properties\": {}}`",
        )
    };
    let schema = Value::from_json_str(text).map_err(|error| wrong(format!("the schema is not JSON: {error}")))?;
    if schema.as_object().is_err() {
        return Err(wrong("the schema is no object".to_owned()));
    }
    for (name, property) in members(&schema, "properties") {
        let kind = text_of(property, "type");
        if let Some(kind) = kind.filter(|kind| !TYPES.contains(&kind.as_str())) {
            return Err(wrong(format!("`{name}` has the type `{kind}`, which JSON has not")));
        }
    }
    Ok(())
}

/// The settings with defaults, or everything that is wrong with them.
pub(crate) fn read(text: &str, schema: &str) -> Result<Value, Vec<String>> {
    let mut settings =
        Value::from_json_str(text).map_err(|error| vec![format!("the settings are not JSON: {error}")])?;
    if settings.as_object().is_err() {
        return Err(vec!["the settings are no object".to_owned()]);
    }
    if schema.is_empty() {
        return Ok(settings);
    }
    let schema = Value::from_json_str(schema).map_err(|error| vec![format!("the schema is not JSON: {error}")])?;
    let properties = members(&schema, "properties");
    let mut errors = Vec::new();
    let is_closed = schema
        .as_object()
        .is_ok_and(|schema| schema.get(&Value::from("additionalProperties")) == Some(&Value::from(false)));
    let names: Vec<String> = properties.iter().map(|(name, _)| name.clone()).collect();
    for (name, value) in entries(&settings) {
        match properties.iter().find(|(known, _)| *known == name) {
            Some((_, property)) => {
                let kind = text_of(property, "type");
                if let Some(kind) = kind.filter(|kind| !is_of(value, kind)) {
                    errors.push(format!("`{name}` must be of the type {kind}"));
                }
            }
            None if is_closed => errors.push(format!("`{name}` is no setting: there are {}", names.join(", "))),
            None => {}
        }
    }
    let required = schema
        .as_object()
        .ok()
        .and_then(|schema| schema.get(&Value::from("required")));
    for name in required.and_then(|list| list.as_array().ok()).into_iter().flatten() {
        if !settings.as_object().is_ok_and(|settings| settings.contains_key(name)) {
            errors.push(format!("{name} is missing"));
        }
    }
    for (name, property) in &properties {
        let default = property
            .as_object()
            .ok()
            .and_then(|property| property.get(&Value::from("default")));
        let is_set = settings
            .as_object()
            .is_ok_and(|settings| settings.contains_key(&Value::from(name.as_str())));
        if let Some(default) = default.filter(|_| !is_set) {
            insert(&mut settings, name, default.clone());
        }
    }
    if errors.is_empty() { Ok(settings) } else { Err(errors) }
}

fn entries(value: &Value) -> Vec<(String, &Value)> {
    let object = value.as_object().ok();
    let entries = object.into_iter().flat_map(regorus::value::Object::iter);
    entries
        .filter_map(|(name, value)| Some((name.as_string().ok()?.to_string(), value)))
        .collect()
}

fn members<'v>(value: &'v Value, name: &str) -> Vec<(String, &'v Value)> {
    let inner = value.as_object().ok().and_then(|object| object.get(&Value::from(name)));
    inner.map(entries).unwrap_or_default()
}

fn text_of(value: &Value, name: &str) -> Option<String> {
    crate::bundle::string(value, name)
}

fn is_of(value: &Value, kind: &str) -> bool {
    match kind {
        "array" => value.as_array().is_ok(),
        "boolean" => value.as_bool().is_ok(),
        "integer" => value.as_i128().is_ok(),
        "number" => value.as_number().is_ok(),
        "object" => value.as_object().is_ok(),
        "string" => value.as_string().is_ok(),
        _ => *value == Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_held_to_the_schema() {
        let schema = r#"{"properties": {"tags": {"type": "array", "default": ["owner"]}, "max": {"type": "integer"}},
            "required": ["max"], "additionalProperties": false}"#;
        assert!(super::schema(schema).is_ok());
        let settings = read(r#"{"max": 3}"#, schema).unwrap();
        assert_eq!(
            settings,
            Value::from_json_str(r#"{"max": 3, "tags": ["owner"]}"#).unwrap()
        );
        for (text, wanted) in [
            ("{}", "missing"),
            (r#"{"max": "3"}"#, "type integer"),
            (r#"{"max": 3, "tag": 1}"#, "there are max, tags"),
            ("[]", "no object"),
            ("{", "not JSON"),
        ] {
            assert!(read(text, schema).unwrap_err().join(" ").contains(wanted), "{text}");
        }
        for text in ["{", "[]", r#"{"properties": {"a": {"type": "text"}}}"#] {
            assert!(super::schema(text).is_err(), "{text}");
        }
    }
}
