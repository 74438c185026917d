//! The settings that a module runs with: what the policy file says, and what the module takes where it says nothing.

use serde_json::{Map, Value};

use crate::modules::About;
use crate::output::{BOLD, DIM, PLAIN, Screen};

/// Shows every setting of a module, with its value and who says so; nothing where a module has none.
pub(super) fn show(screen: &mut Screen, about: About<'_>) {
    let schema = serde_json::from_str(&about.description.settings_schema).unwrap_or_default();
    let given: Map<String, Value> = about
        .settings
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default();
    let rows = rows(&schema, &given);
    if rows.is_empty() {
        return;
    }
    screen.blank();
    screen.line(&[(BOLD, "Settings of "), (BOLD, &about.description.name)]);
    for row in rows {
        let said = match &row.value {
            Some(value) => format!(" = {value}"),
            None => String::new(),
        };
        screen.line(&[
            (PLAIN, "  "),
            (BOLD, &row.name),
            (PLAIN, &said),
            (PLAIN, "  "),
            (DIM, row.origin.sentence()),
        ]);
        screen.field(4, "", PLAIN, &row.meaning);
    }
    if about.settings.is_none() {
        screen.field(2, "", DIM, "`nhi check --module-settings` sets them for one run");
    }
}

/// Who says what a setting is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    Policy,
    Default,
    Nobody,
}

impl Origin {
    fn sentence(self) -> &'static str {
        match self {
            Self::Policy => "by the policy file",
            Self::Default => "by default",
            Self::Nobody => "not set",
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Row {
    name: String,
    /// JSON text.
    value: Option<String>,
    origin: Origin,
    /// What the module says of it; may be empty.
    meaning: String,
}

/// The settings that a schema describes, then those that only the policy file has.
fn rows(schema: &Value, given: &Map<String, Value>) -> Vec<Row> {
    let none = Map::new();
    let properties = resolved(schema)
        .get("properties")
        .and_then(Value::as_object)
        .unwrap_or(&none);
    let described = properties.iter().map(|(name, property)| {
        let property = |keyword: &str| property.get(keyword).or_else(|| target(schema, property)?.get(keyword));
        let (value, origin) = match (given.get(name), property("default")) {
            (Some(value), _) => (Some(value), Origin::Policy),
            (None, Some(value)) => (Some(value), Origin::Default),
            (None, None) => (None, Origin::Nobody),
        };
        let meaning = property("description").or_else(|| property("title"));
        Row {
            name: name.clone(),
            value: value.map(Value::to_string),
            origin,
            meaning: meaning.and_then(Value::as_str).unwrap_or_default().to_owned(),
        }
    });
    let others = given.iter().filter(|(name, _)| !properties.contains_key(*name));
    let others = others.map(|(name, value)| Row {
        name: name.clone(),
        value: Some(value.to_string()),
        origin: Origin::Policy,
        meaning: String::new(),
    });
    described.chain(others).collect()
}

/// The schema itself, or the one within it that it refers to.
fn resolved(schema: &Value) -> &Value {
    target(schema, schema).unwrap_or(schema)
}

/// What a schema refers to; one step, so that nothing leads into itself.
fn target<'s>(root: &'s Value, schema: &Value) -> Option<&'s Value> {
    root.pointer(schema.get("$ref")?.as_str()?.strip_prefix('#')?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(schema: &Value, given: Value) -> Vec<String> {
        let given = given.as_object().cloned().unwrap_or_default();
        let one = |row: Row| format!("{} {:?} {:?} {}", row.name, row.origin, row.value, row.meaning);
        rows(schema, &given).into_iter().map(one).collect()
    }

    #[test]
    fn a_setting_is_what_the_policy_file_says_or_the_default_or_not_set() {
        let schema = json!({
            "properties": {
                "a": {"default": ["x"], "description": "what a is"},
                "b": {"$ref": "#/$defs/b"},
                "c": {},
                "d": {"default": null},
            },
            "$defs": {"b": {"default": 2, "title": "B"}},
        });
        let rows = told(&schema, json!({"a": ["y"], "z": true}));
        assert_eq!(
            rows,
            [
                r#"a Policy Some("[\"y\"]") what a is"#,
                r#"b Default Some("2") B"#,
                r#"c Nobody None "#,
                r#"d Default Some("null") "#,
                r#"z Policy Some("true") "#,
            ]
        );
        let behind = json!({"$ref": "#/$defs/all", "$defs": {"all": schema}});
        assert_eq!(told(&behind, json!({})).len(), 4);
    }

    #[test]
    fn a_schema_of_any_form_shows_what_the_policy_file_says() {
        for schema in [
            json!(null),
            json!(true),
            json!([]),
            json!({"properties": []}),
            json!({"properties": {}}),
            json!({"$ref": "#"}),
            json!({"$ref": "#/nowhere"}),
            json!({"$ref": 7}),
        ] {
            assert_eq!(told(&schema, json!({})).len(), 0, "{schema}");
            assert_eq!(told(&schema, json!({"z": 1})), [r#"z Policy Some("1") "#], "{schema}");
        }
        let odd = json!({"properties": {"a": 7, "b": {"$ref": "#/properties/b"}}});
        assert_eq!(told(&odd, json!({})).len(), 2);
    }
}
