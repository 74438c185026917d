//! Settings: each kind read, refused with its path and the fix, and the schema of one mind with the reading.

use std::collections::BTreeMap;

use nhi_policy_sdk::settings::{self, NonEmpty, Whole};
use serde_json::{Value, json};

nhi_policy_sdk::settings! {
    /// All kinds.
    struct All {
        /// Tags that every \"covered\" resource carries.
        /// At least one.
        tags: NonEmpty<Vec<NonEmpty<String>>> = NonEmpty(vec![NonEmpty("owner".into())]),
        age: Whole<1, 365> = Whole(90),
        small: u8 = 7,
        share: f64 = 0.5,
        strict: bool = false,
        mode: Mode = Mode::Lenient,
        r#type: Option<String>,
        teams: BTreeMap<String, Team> = BTreeMap::new(),
        inner: Team = Team { name: "x".into(), level: None },
    }
}

nhi_policy_sdk::settings! {
    /// A team.
    struct Team {
        /// What it is called.
        name: String,
        level: Option<i64>,
    }
}

nhi_policy_sdk::settings! {
    /// How strict to be.
    enum Mode {
        /// Everything counts.
        Strict = "strict",
        Lenient = "le\"nient",
    }
}

fn mistakes(text: &str) -> Vec<String> {
    settings::read::<All>(text)
        .map(|read| panic!("`{text}`: {read:?}"))
        .unwrap_or_else(|mistakes| mistakes)
}

#[test]
fn what_is_left_out_has_its_default() {
    let read = settings::read::<All>("{}").unwrap();
    assert_eq!(read.tags[0].as_str(), "owner");
    assert_eq!(
        (*read.age, read.small, read.strict, read.mode),
        (90, 7, false, Mode::Lenient)
    );
    assert_eq!((read.r#type, read.teams.len(), read.inner.level), (None, 0, None));
    let text = r#"{"type": "t", "teams": {"a b": {"name": "n", "level": 3}}, "age": 1e1, "tags": ["a", "b"], "mode": "strict"}"#;
    let read = settings::read::<All>(text).unwrap();
    assert_eq!(
        (*read.age, read.mode, read.r#type.as_deref()),
        (10, Mode::Strict, Some("t"))
    );
    assert_eq!(
        read.teams["a b"],
        Team {
            name: "n".into(),
            level: Some(3)
        }
    );
}

#[test]
fn mistakes_are_told_with_their_path_and_the_fix() {
    for (text, wanted) in [
        ("", "the settings are not JSON"),
        ("[]", "the whole of the settings is a list: write an object"),
        (r#"{"tag": []}"#, "`tag` is not a setting: did you mean `tags`?"),
        (
            r#"{"frobnicate": 1}"#,
            "`frobnicate` is not a setting: there is `tags`, `age`, ",
        ),
        (r#"{"a.b": 1}"#, r#"`["a.b"]` is not a setting"#),
        (r#"{"tags": []}"#, "`tags` is empty: write at least one"),
        (
            r#"{"tags": ["a", 1]}"#,
            "`tags[1]` is a number: write a text, in quotes",
        ),
        (
            r#"{"tags": [" "]}"#,
            "`tags[0]` is empty: write a text with something in it",
        ),
        (r#"{"tags": "a"}"#, "`tags` is a text: write a list"),
        (
            r#"{"age": 366}"#,
            "`age` is out of range: write a whole number from 1 to 365",
        ),
        (r#"{"age": 1.5}"#, "`age` is no whole number"),
        (r#"{"age": 1e400}"#, "`age` is no whole number, or too large"),
        (
            r#"{"small": 256}"#,
            "`small` is out of range: write a whole number from 0 to 255",
        ),
        (
            r#"{"share": 1e400}"#,
            "`share` is a number: write a number of ordinary size",
        ),
        (r#"{"strict": "yes"}"#, "`strict` is a text: write true or false"),
        (
            r#"{"mode": "secret-word"}"#,
            "`mode` is another word: write `strict` or `le\"nient`",
        ),
        (r#"{"mode": null}"#, "`mode` is null: write `strict` or"),
        (
            r#"{"teams": {"a b": {"name": 1}}}"#,
            r#"`teams["a b"].name` is a number"#,
        ),
        (r#"{"teams": {"x": {}}}"#, "`teams.x.name` is missing: it has to be set"),
        (
            r#"{"inner": {"name": "n", "nmae": 1}}"#,
            "`inner.nmae` is not a setting: did you mean `name`?",
        ),
        (r#"{"inner": null}"#, "`inner` is null: write an object"),
    ] {
        let told = mistakes(text);
        assert!(
            told.iter().any(|mistake| mistake.contains(wanted)),
            "`{text}`: {told:?}"
        );
        assert!(
            !told.concat().contains("secret-word"),
            "a value is nobody's business: {told:?}"
        );
    }
}

#[test]
fn all_mistakes_are_told_at_once_and_not_without_end() {
    let told = mistakes(r#"{"tags": [1, "a", 2], "age": 0, "strict": 1, "inner": {}}"#);
    assert_eq!(told.len(), 5, "{told:?}");
    let many = format!(r#"{{"tags": [{}1]}}"#, "1,".repeat(5_000));
    assert_eq!(mistakes(&many).len(), 20);
}

fn valid(schema: &Value) -> impl Fn(&Value) -> bool {
    let (mut schemas, mut compiler) = (boon::Schemas::new(), boon::Compiler::new());
    compiler.enable_format_assertions();
    compiler.add_resource("settings.json", schema.clone()).unwrap();
    let index = compiler.compile("settings.json", &mut schemas).unwrap();
    move |value| schemas.validate(value, index).is_ok()
}

#[test]
fn the_schema_and_the_reading_are_of_one_mind() {
    let schema: Value = serde_json::from_str(&settings::schema::<All>()).unwrap();
    let properties = &schema["properties"];
    assert_eq!(
        properties["tags"]["description"],
        "Tags that every \\\"covered\\\" resource carries. At least one."
    );
    assert_eq!(properties["tags"]["default"], json!(["owner"]));
    assert_eq!(properties["inner"]["default"], json!({"name": "x", "level": null}));
    assert_eq!(properties["inner"]["required"], json!(["name"]));
    assert_eq!(schema["required"], json!([]));
    let valid = valid(&schema);
    let values = [
        json!(null),
        json!(true),
        json!(0),
        json!(1),
        json!(-1),
        json!(255),
        json!(256),
        json!(365),
        json!(366),
        json!(2.0),
        json!(2.5),
        json!(""),
        json!(" "),
        json!("a"),
        json!("strict"),
        json!("le\"nient"),
        json!([]),
        json!(["a"]),
        json!([""]),
        json!(["a", 1]),
        json!({}),
        json!({"name": "n"}),
        json!({"name": "n", "level": null}),
        json!({"name": "n", "level": 1}),
        json!({"name": "n", "level": "1"}),
        json!({"name": 1}),
        json!({"x": {"name": "n"}}),
        json!({"x": {"name": "n", "y": 1}}),
        json!({"x": 1}),
    ];
    let keys = [
        "tags", "age", "small", "share", "strict", "mode", "type", "teams", "inner", "other",
    ];
    let (mut accepted, mut refused) = (0, 0);
    for key in keys {
        for value in &values {
            let document = json!({ key: value });
            let is_read = settings::read::<All>(&document.to_string()).is_ok();
            assert_eq!(valid(&document), is_read, "{document}");
            *(if is_read { &mut accepted } else { &mut refused }) += 1;
        }
    }
    assert!(accepted > 30 && refused > 100, "{accepted} {refused}");
    for value in &values {
        assert_eq!(
            valid(value),
            settings::read::<All>(&value.to_string()).is_ok(),
            "{value}"
        );
    }
}

#[test]
fn nothing_to_set_is_a_schema_too() {
    let schema: Value = serde_json::from_str(&settings::schema::<()>()).unwrap();
    assert!(valid(&schema)(&json!({})) && !valid(&schema)(&json!({"a": 1})));
    assert!(settings::read::<()>("{}").is_ok());
    assert_eq!(
        settings::read::<()>(r#"{"a": 1}"#).unwrap_err(),
        ["`a` is not a setting: there is nothing to set"]
    );
}
