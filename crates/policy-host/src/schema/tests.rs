//! What the subset judges, what it refuses, and that a fault names a place and no value.

use super::judge;
use proptest::prelude::*;
use serde_json::{Value, json};

fn faults(schema: &Value, settings: &Value) -> Vec<String> {
    judge(&schema.to_string(), settings).unwrap()
}

#[test]
fn settings_are_judged_by_what_they_may_be() {
    let table = [
        (json!({"type": "object"}), json!({}), json!([])),
        (json!({"type": ["string", "null"]}), json!(null), json!(1)),
        (json!({"type": "integer"}), json!(1.0), json!(1.5)),
        (json!({"enum": ["a", 1]}), json!(1.0), json!("b")),
        (json!({"const": {"a": [1]}}), json!({"a": [1]}), json!({"a": [2]})),
        (json!({"required": ["a"]}), json!({"a": null}), json!({"b": 1})),
        (
            json!({"additionalProperties": false, "properties": {"a": true}}),
            json!({"a": 1}),
            json!({"b": 1}),
        ),
        (
            json!({"additionalProperties": {"type": "string"}}),
            json!({"x": "y"}),
            json!({"x": 1}),
        ),
        (
            json!({"properties": {"a": {"type": "string"}}}),
            json!({"b": 1}),
            json!({"a": 1}),
        ),
        (json!({"items": {"minimum": 3}}), json!([3, 4]), json!([3, 2])),
        (json!({"minItems": 1}), json!([1]), json!([])),
        (json!({"maxItems": 1}), json!([1]), json!([1, 2])),
        (json!({"uniqueItems": true}), json!([1, "1"]), json!([1, 1.0])),
        (json!({"minLength": 2}), json!("äö"), json!("ä")),
        (json!({"maxLength": 1}), json!("ä"), json!("äö")),
        (json!({"minProperties": 1}), json!({"a": 1}), json!({})),
        (json!({"exclusiveMinimum": 0}), json!(1), json!(0)),
        (json!({"exclusiveMaximum": 1}), json!(0.5), json!(1)),
        (json!({"maximum": u64::MAX}), json!(u64::MAX), json!(1e20)),
        (
            json!({"anyOf": [{"type": "string"}, {"type": "null"}]}),
            json!(null),
            json!(1),
        ),
        (json!({"oneOf": [{"minimum": 1}, {"maximum": 1}]}), json!(2), json!(1)),
        (json!({"allOf": [{"minimum": 1}, {"maximum": 2}]}), json!(2), json!(3)),
        (json!({"not": {"const": "prod"}}), json!("dev"), json!("prod")),
        (
            json!({"$ref": "#/$defs/days", "$defs": {"days": {"minimum": 1}}}),
            json!(1),
            json!(0),
        ),
        (
            json!({"properties": {"in": {"$ref": "#"}}, "maxProperties": 1}),
            json!({"in": {"in": {}}}),
            json!({"in": {"a": 1, "b": 2}}),
        ),
    ];
    for (schema, good, bad) in table {
        assert_eq!(faults(&schema, &good), [""; 0], "{schema} {good}");
        assert_eq!(faults(&schema, &bad).len(), 1, "{schema} {bad}");
    }
    assert_eq!(judge("", &json!({"anything": 1})), Ok(Vec::new()));
}

#[test]
fn a_pattern_is_looked_for_anywhere_in_a_text() {
    let blank = json!({"pattern": "\\S"});
    let key = json!({"pattern": "^[a-z][a-z0-9-]*$"});
    let slow = json!({"pattern": "^(a+)+$"});
    let long = "a".repeat(20_000) + "b";
    for (schema, value, is_met) in [
        (&blank, " a ", true),
        (&blank, " \t\n", false),
        (&blank, "", false),
        (&key, "cost-center", true),
        (&key, "-cost-center", false),
        (&key, "a\nb", false),
        (&slow, &long, false),
    ] {
        assert_eq!(
            faults(schema, &json!(value)).is_empty(),
            is_met,
            "{schema}: {value:.40}"
        );
    }
    assert!(faults(&key, &json!(7)).is_empty(), "what is no text has no pattern");
}

#[test]
fn what_is_no_setting_is_told_beside_what_is_one() {
    let schema = json!({"additionalProperties": false, "properties": {"tag": true, "days": true}});
    assert_eq!(
        faults(&schema, &json!({"tga": "a-password"})),
        ["`tga` is not a setting: there is `days`, `tag`"]
    );
    let names: serde_json::Map<String, Value> = (0..30).map(|n| (format!("n{n:02}"), json!(true))).collect();
    let many = faults(
        &json!({"additionalProperties": false, "properties": names}),
        &json!({"x": 1}),
    );
    assert!(many[0].ends_with("`n08`, `n09` and more"), "{many:?}");
    let none = faults(&json!({"additionalProperties": false}), &json!({"x": 1}));
    assert_eq!(none, ["`x` is not a setting"]);
}

#[test]
fn a_fault_names_its_place_and_no_value() {
    let schema = json!({"properties": {"list": {"items": {"type": "string", "maxLength": 3}}}});
    let found = faults(&schema, &json!({"list": ["abc", "a-password", 7]}));
    let wanted = [
        "`list.1` has 10 characters and needs at most 3",
        "`list.2` is not of type string",
    ];
    assert_eq!(found, wanted);
}

#[test]
fn a_schema_that_cannot_be_judged_by_is_refused() {
    let deep = (0..100).fold(json!(true), |inner, _| json!({ "not": inner }));
    let mut wide = json!({"$defs": {"0": true}, "$ref": "#/$defs/30"});
    for level in 1..=30 {
        let below = json!({"$ref": format!("#/$defs/{}", level - 1)});
        wide["$defs"][level.to_string()] = json!({"allOf": [below, below]});
    }
    let table = [
        ("{", "it is not JSON"),
        ("7", "neither an object nor true or false"),
        (r#"{"type": "text"}"#, "its `type` is not"),
        (r#"{"pattern": "(?=a)"}"#, "in linear time"),
        (r#"{"pattern": "(a)\\1"}"#, "in linear time"),
        (r#"{"pattern": "(((a{99}){99}){99}){99}"}"#, "in linear time"),
        (r#"{"pattern": 7}"#, "its `pattern` is not"),
        (r#"{"patternProperties": {}}"#, "it uses `patternProperties`"),
        (r#"{"$ref": "https://example.com/schema"}"#, "which is not in it"),
        (r##"{"$ref": "#/$defs/none"}"##, "which is not in it"),
        (r##"{"$ref": "#"}"##, "leads into itself"),
        (r#"{"minItems": -1}"#, "its `minItems` is not"),
        (r#"{"anyOf": []}"#, "its `anyOf` is not"),
        (&deep.to_string(), "too many steps"),
        (&wide.to_string(), "too many steps"),
    ];
    for (schema, wanted) in table {
        // What is judged has to reach the keyword: a list does for all of them.
        let verdict = judge(schema, &json!([])).unwrap_err();
        assert!(verdict.contains(wanted), "{schema}: {verdict}");
    }
}

proptest! {
    #[test]
    fn whatever_a_module_writes_is_judged_or_refused(schema in any::<String>(), settings in any::<String>()) {
        let _ = judge(&schema, &json!({ "a": settings }));
    }
}
