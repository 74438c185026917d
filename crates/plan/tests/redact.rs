//! Redaction never fails open.

use std::borrow::Cow;

use nhi_plan::{Change, Mode, redact};

fn change<'a>(mode: Mode, after: &'a str, configuration: &'a str, sensitive: &[&'a str]) -> Change<'a> {
    Change {
        address: Cow::Borrowed("a_b.c"),
        config_address: Cow::Borrowed("a_b.c"),
        previous_address: None,
        resource_type: Cow::Borrowed("a_b"),
        provider: Cow::Borrowed("p"),
        module_address: Cow::Borrowed(""),
        mode,
        actions: Vec::new(),
        before: Some(Cow::Borrowed(after)),
        after: Some(Cow::Borrowed(after)),
        configuration: Some(Cow::Borrowed(configuration)),
        unknown_paths: Vec::new(),
        sensitive_paths: sensitive.iter().map(|path| Cow::Borrowed(*path)).collect(),
        references: Vec::new(),
        location: None,
        attributes: Vec::new(),
    }
}

#[test]
fn values() {
    let cases: &[(&str, &[&str], &str)] = &[
        (r#"{"a":1,"b":2}"#, &[], r#"{"a":1,"b":2}"#),
        (r#"{"a":1,"b":2}"#, &["b"], r#"{"a":1,"b":"(sensitive)"}"#),
        (r#"{"a":1,"b":2}"#, &[""], r#""(sensitive)""#),
        (
            r#"{"a":{"b":[1,{"c":"s"},3]}}"#,
            &["a.b[1].c"],
            r#"{"a":{"b":[1,{"c":"(sensitive)"},3]}}"#,
        ),
        (
            r#"{"a":{"b":[1,2]}}"#,
            &["a.b", "a.b[1]"],
            r#"{"a":{"b":"(sensitive)"}}"#,
        ),
        (
            r#"{"t":{"x-y":"s","z":"o"}}"#,
            &[r#"t["x-y"]"#],
            r#"{"t":{"x-y":"(sensitive)","z":"o"}}"#,
        ),
        (r#"{"\u0061":"s"}"#, &["a"], r#"{"\u0061":"(sensitive)"}"#),
        // Nothing there: nothing to hide.
        (r#"{"a":null}"#, &["a.b"], r#"{"a":null}"#),
        (r#"{"x":1}"#, &["a"], r#"{"x":1}"#),
        // The mask expects another shape.
        (r#"{"a":"s"}"#, &["a.b"], r#"{"a":"(sensitive)"}"#),
        (r#"{"a":["s"]}"#, &["a.b"], r#"{"a":"(sensitive)"}"#),
        (r#"{"a":{"b":"s"}}"#, &["a[0]"], r#"{"a":"(sensitive)"}"#),
        // The mask or the value cannot be read.
        (r#"{"a":"s"}"#, &["a..b"], r#""(sensitive)""#),
        (r#"{"a":"s"}"#, &["b", "not a path!"], r#""(sensitive)""#),
        (r#"{"a":"s""#, &["b"], r#""(sensitive)""#),
        (r#"{"a":"s","a":"t"}"#, &["b"], r#""(sensitive)""#),
    ];
    for (after, sensitive, expected) in cases {
        let redacted = redact(&change(Mode::Managed, after, "{}", sensitive));
        assert_eq!(redacted.after.as_deref(), Some(*expected), "{after} {sensitive:?}");
        assert_eq!(redacted.before, redacted.after);
    }
}

#[test]
fn constants_in_the_configuration() {
    let managed = Mode::Managed;
    let cases: &[(Mode, &str, &[&str], &str)] = &[
        (
            managed,
            r#"{"p":{"constant_value":"s"},"q":{"constant_value":1}}"#,
            &["p"],
            r#"{"p":{"constant_value":"(sensitive)"},"q":{"constant_value":1}}"#,
        ),
        (
            managed,
            r#"{"t":{"constant_value":{"k":"s"}}}"#,
            &["t.k"],
            r#"{"t":{"constant_value":"(sensitive)"}}"#,
        ),
        (
            managed,
            r#"{"b":[{"p":{"constant_value":"s"}}]}"#,
            &["b"],
            r#"{"b":[{"p":{"constant_value":"(sensitive)"}}]}"#,
        ),
        // A set orders its elements by itself: the index says nothing of the place in the configuration.
        (
            managed,
            r#"{"b":[{"p":{"constant_value":"s"}}]}"#,
            &["b[7].p"],
            r#"{"b":[{"p":{"constant_value":"(sensitive)"}}]}"#,
        ),
        (
            managed,
            r#"{"b":[{"o":{"constant_value":"open"}}]}"#,
            &["b[7].p"],
            r#"{"b":[{"o":{"constant_value":"open"}}]}"#,
        ),
        (
            managed,
            r#"{"p":{"references":["var.p"]}}"#,
            &["p"],
            r#"{"p":{"references":["var.p"]}}"#,
        ),
        (managed, r#"{"p":{"constant_value":"s"}"#, &["q"], r#""(sensitive)""#),
        (
            Mode::Variable,
            r#"{"default":"s","sensitive":true}"#,
            &[""],
            r#"{"default":"(sensitive)","sensitive":true}"#,
        ),
        (
            Mode::Output,
            r#"{"constant_value":"s"}"#,
            &[""],
            r#"{"constant_value":"(sensitive)"}"#,
        ),
    ];
    for (mode, configuration, sensitive, expected) in cases {
        let redacted = redact(&change(*mode, "{}", configuration, sensitive));
        assert_eq!(
            redacted.configuration.as_deref(),
            Some(*expected),
            "{configuration} {sensitive:?}"
        );
    }
}

#[test]
fn depth_costs_no_stack() {
    let after = format!("{}\"s\"{}", "[".repeat(9_000), "]".repeat(9_000));
    let path = "[0]".repeat(9_000);
    let redacted = redact(&change(Mode::Managed, &after, "{}", &[&path]));
    assert_eq!(redacted.after, Some(after.replace("\"s\"", "\"(sensitive)\"").into()));
}

#[test]
fn what_is_encoded_goes_with_its_path() {
    let with = |sensitive: &[&'static str]| {
        let mut change = change(Mode::Managed, r#"{"a":null}"#, "{}", sensitive);
        let inside = Cow::Borrowed("a.b\nexport P=${x}\n");
        change.attributes.push((Cow::Borrowed("inside"), inside));
        redact(&change).attributes[0].1.clone().into_owned()
    };
    for kept in [&[] as &[&str], &["c"], &["a.c"]] {
        assert_eq!(with(kept), "a.b\nexport P=${x}\n");
    }
    for hidden in [&["a.b"] as &[&str], &["a"], &["a.b.c"], &["not a path!"], &[""]] {
        assert_eq!(with(hidden), "a.b\n(sensitive)");
    }
}
