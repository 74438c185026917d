//! A validator for the part of JSON Schema that our own schema uses; a keyword it does not know is an error.

use serde_json::Value;

/// The published schema of the JSON report.
pub(crate) fn report() -> Value {
    serde_json::from_str(include_str!("../../../docs/schemas/report-v1.schema.json")).unwrap()
}

/// The published schema of the report of a registry.
pub(crate) fn overview() -> Value {
    serde_json::from_str(include_str!("../../../docs/schemas/overview-v1.schema.json")).unwrap()
}

/// The published schema of the identity graph.
pub(crate) fn graph() -> Value {
    serde_json::from_str(include_str!("../../../docs/schemas/graph-v1.schema.json")).unwrap()
}

/// Everything in which `value` differs from `schema`.
pub(crate) fn errors(schema: &Value, value: &Value) -> Vec<String> {
    let mut errors = Vec::new();
    validate(schema, schema, value, "$", &mut errors);
    errors
}

fn validate(root: &Value, schema: &Value, value: &Value, at: &str, errors: &mut Vec<String>) {
    let mut wrong = |why: String| errors.push(format!("{at}: {why}"));
    for (keyword, argument) in schema.as_object().unwrap() {
        match keyword.as_str() {
            "const" if argument != value => wrong(format!("{value} is not {argument}")),
            "enum" if !argument.as_array().unwrap().contains(value) => wrong(format!("{value} is not in {argument}")),
            "type" if !is_of_type(argument, value) => wrong(format!("{value} is not of type {argument}")),
            "minimum" if value.as_f64().is_some_and(|number| number < argument.as_f64().unwrap()) => {
                wrong(format!("{value} is below {argument}"));
            }
            "required" if value.is_object() => {
                for name in argument.as_array().unwrap() {
                    if value.get(name.as_str().unwrap()).is_none() {
                        wrong(format!("{name} is missing"));
                    }
                }
            }
            "additionalProperties" => {
                assert_eq!(*argument, Value::Bool(false));
                for name in value.as_object().into_iter().flatten().map(|(name, _)| name) {
                    if schema["properties"].get(name).is_none() {
                        wrong(format!("{name} is not described"));
                    }
                }
            }
            "$schema" | "$defs" | "title" | "description" | "const" | "enum" | "type" | "minimum" | "required"
            | "properties" | "items" | "$ref" => {}
            other => panic!("the validator does not know `{other}`"),
        }
    }
    for (name, member) in value.as_object().into_iter().flatten() {
        if let Some(schema) = schema.get("properties").and_then(|properties| properties.get(name)) {
            validate(root, schema, member, &format!("{at}.{name}"), errors);
        }
    }
    if let Some(schema) = schema.get("items") {
        for (index, element) in value.as_array().into_iter().flatten().enumerate() {
            validate(root, schema, element, &format!("{at}[{index}]"), errors);
        }
    }
    if let Some(target) = schema.get("$ref") {
        let pointer = target.as_str().unwrap().trim_start_matches('#');
        validate(root, root.pointer(pointer).unwrap(), value, at, errors);
    }
}

fn is_of_type(types: &Value, value: &Value) -> bool {
    let is = |name: &Value| match name.as_str().unwrap() {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("the validator does not know the type `{other}`"),
    };
    types.as_array().map_or_else(|| is(types), |names| names.iter().any(is))
}

#[test]
fn the_validator_finds_what_is_wrong() {
    let schema = serde_json::json!({
        "type": "object", "additionalProperties": false, "required": ["a"],
        "properties": {"a": {"$ref": "#/$defs/n"}, "b": {"type": "array", "items": {"enum": ["x"]}}},
        "$defs": {"n": {"type": ["integer", "null"], "minimum": 1}},
    });
    let cases = [
        (r#"{"a": 1}"#, 0),
        (r#"{"a": null, "b": ["x", "x"]}"#, 0),
        (r#"{"a": 0}"#, 1),
        (r#"{"a": "1"}"#, 1),
        (r#"{"b": ["y"], "c": 1}"#, 3),
        ("[]", 1),
    ];
    for (text, count) in cases {
        let found = errors(&schema, &serde_json::from_str(text).unwrap());
        assert_eq!(found.len(), count, "{text}: {found:?}");
    }
}
