//! Promises kept and broken, one attribute at a time.

use super::*;
use crate::schema::Attribute;

fn schema() -> Schema {
    let entry = || {
        vec![
            Attribute::required("a", Type::String),
            Attribute::optional_computed("b", Type::String),
        ]
    };
    Schema::new("")
        .attribute(Attribute::required("name", Type::String))
        .attribute(Attribute::optional("note", Type::String))
        .attribute(Attribute::optional_computed("size", Type::Number))
        .attribute(Attribute::computed("id", Type::String))
        .attribute(Attribute::optional("tags", Type::set(Type::String)))
        .attribute(Attribute::optional("entries", (Nesting::List, entry())))
}

fn entry(a: &str, b: impl Into<Value>) -> Value {
    Value::object([("a", Value::from(a)), ("b", b.into())])
}

/// The object with one attribute set to something else.
fn with(object: &Value, name: &str, value: impl Into<Value>) -> Value {
    let mut object = object.clone();
    object.insert(name, value.into());
    object
}

fn config() -> Value {
    Value::object([
        ("name", Value::from("n")),
        ("note", Value::Null),
        ("size", Value::Null),
        ("id", Value::Null),
        ("tags", Value::set(["x".into(), Value::UNKNOWN])),
        ("entries", Value::List(vec![entry("1", Value::Null)])),
    ])
}

fn paths(breaches: &[Breach]) -> Vec<String> {
    breaches.iter().map(|breach| breach.path.to_string()).collect()
}

#[test]
fn plans_that_keep_the_configuration_pass_and_others_do_not() {
    let config = config();
    let prior = with(&with(&config, "name", "N"), "id", "7");
    let good = [
        config.clone(),
        with(&config, "id", Value::UNKNOWN),
        with(&config, "size", 3_i64),
        with(&config, "name", "N"),
        with(&config, "entries", Value::List(vec![entry("1", "computed")])),
    ];
    for planned in good {
        assert_eq!(super::planned(&schema(), &prior, &config, &planned), [], "{planned:?}");
    }
    let bad = [
        (with(&config, "name", "other"), "name"),
        (with(&config, "name", Value::UNKNOWN), "name"),
        (with(&config, "name", 1_i64), "name"),
        (with(&config, "note", "invented"), "note"),
        (with(&config, "tags", Value::set(["x".into(), "y".into()])), "tags"),
        (with(&config, "entries", Value::List(vec![])), "entries"),
        (
            with(&config, "entries", Value::List(vec![entry("2", Value::Null)])),
            "entries[0].a",
        ),
        (with(&config, "more", "x"), "more"),
        (Value::object([("name", Value::from("n"))]), "entries"),
        (Value::Null, ""),
    ];
    for (planned, path) in bad {
        assert_eq!(
            paths(&super::planned(&schema(), &prior, &config, &planned)),
            [path],
            "{planned:?}"
        );
    }
    // Without a prior state nothing excuses another value.
    assert_eq!(
        paths(&super::planned(&schema(), &Value::Null, &config, &prior)),
        ["name"]
    );
}

#[test]
fn applied_states_are_known_and_as_planned() {
    let planned = with(&config(), "id", Value::UNKNOWN);
    let state = with(&with(&planned, "id", "7"), "tags", Value::set(["x".into(), "y".into()]));
    assert_eq!(applied(&schema(), &planned, &state), []);
    let bad = [
        (with(&state, "id", Value::UNKNOWN), vec!["id"]),
        (
            with(&state, "tags", Value::set(["x".into(), Value::UNKNOWN])),
            vec!["tags"],
        ),
        (with(&state, "tags", Value::set(["y".into(), "z".into()])), vec!["tags"]),
        (with(&with(&state, "size", 1_i64), "name", "m"), vec!["name", "size"]),
        (
            with(&state, "entries", Value::List(vec![entry("1", "late")])),
            vec!["entries[0].b"],
        ),
        (Value::object([("id", Value::from("7"))]), vec!["entries"]),
    ];
    for (state, expected) in bad {
        assert_eq!(paths(&applied(&schema(), &planned, &state)), expected, "{state:?}");
    }
}

#[test]
fn a_report_names_the_place_and_no_value() {
    let planned = with(&config(), "name", "s3cret");
    let breach = super::planned(&schema(), &Value::Null, &config(), &planned).remove(0);
    let text = report(breach, "plan", "test_thing").to_string();
    assert!(
        text.contains("`name` was planned with neither its configured nor its prior value"),
        "{text}"
    );
    assert!(!text.contains("s3cret"), "{text}");
}
