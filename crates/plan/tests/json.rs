//! The JSON reader seen from outside: what it takes, what it refuses and where, and what it shows.

#![allow(clippy::expect_used, reason = "helpers of tests fail the test")]

use nhi_plan::json::{Document, Kind, parse, parse_with, quote};
use nhi_plan::{Limits, path};

fn refused(text: &str) -> (&'static str, u64) {
    let error = parse(text).expect_err(text);
    assert!(error.offset <= text.len() as u64, "{text}: {error}");
    assert!(!error.help.is_empty());
    (error.code, error.offset)
}

#[test]
fn refuses() {
    let cases: &[(&str, &str, u64)] = &[
        ("", "NHI-PLAN-EMPTY", 0),
        (" \n", "NHI-PLAN-EMPTY", 0),
        ("{", "NHI-PLAN-TRUNCATED", 1),
        ("{\"a", "NHI-PLAN-TRUNCATED", 3),
        ("{\"a\":", "NHI-PLAN-TRUNCATED", 5),
        ("[1,", "NHI-PLAN-TRUNCATED", 3),
        ("tru", "NHI-PLAN-TRUNCATED", 3),
        ("\"\\u12", "NHI-PLAN-TRUNCATED", 5),
        ("1.", "NHI-PLAN-TRUNCATED", 2),
        ("{} x", "NHI-PLAN-TRAILING", 3),
        ("{}{}", "NHI-PLAN-TRAILING", 2),
        ("{\"a\":1,\"a\":2}", "NHI-PLAN-DUP", 7),
        (r#"{"a":1,"\u0061":2}"#, "NHI-PLAN-DUP", 7),
        (r#"{"\u0061":1,"a":2}"#, "NHI-PLAN-DUP", 12),
        (r#"{"x":{"b":1,"a":1,"\u0062":2}}"#, "NHI-PLAN-DUP", 18),
        (r#"{"/":1,"\/":2}"#, "NHI-PLAN-DUP", 7),
        (r#"{"😀":1,"\ud83d\ude00":2}"#, "NHI-PLAN-DUP", 10),
        (r#""\ud800""#, "NHI-PLAN-UTF8", 1),
        (r#""\udc00""#, "NHI-PLAN-UTF8", 1),
        (r#""\ud83dx""#, "NHI-PLAN-UTF8", 1),
        (r#""\ud83d\u0041""#, "NHI-PLAN-UTF8", 1),
        ("\"a\0\"", "NHI-PLAN-SYNTAX", 2),
        (r#""a\u0000""#, "NHI-PLAN-SYNTAX", 2),
        ("\"a\nb\"", "NHI-PLAN-SYNTAX", 2),
        (r#""\x""#, "NHI-PLAN-SYNTAX", 1),
        ("[1,]", "NHI-PLAN-SYNTAX", 3),
        ("{\"a\":1,}", "NHI-PLAN-SYNTAX", 7),
        ("[1 2]", "NHI-PLAN-SYNTAX", 3),
        ("{1:2}", "NHI-PLAN-SYNTAX", 1),
        ("{\"a\" 1}", "NHI-PLAN-SYNTAX", 5),
        ("01", "NHI-PLAN-SYNTAX", 1),
        ("+1", "NHI-PLAN-SYNTAX", 0),
        (".5", "NHI-PLAN-SYNTAX", 0),
        ("-", "NHI-PLAN-TRUNCATED", 1),
        ("-a", "NHI-PLAN-SYNTAX", 1),
        ("1e", "NHI-PLAN-TRUNCATED", 2),
        ("1ex", "NHI-PLAN-SYNTAX", 2),
        ("0x10", "NHI-PLAN-SYNTAX", 1),
        ("NaN", "NHI-PLAN-SYNTAX", 0),
        ("nul!", "NHI-PLAN-SYNTAX", 0),
        ("[}", "NHI-PLAN-SYNTAX", 1),
        ("\u{feff}{}", "NHI-PLAN-SYNTAX", 0),
    ];
    for (text, code, offset) in cases {
        assert_eq!(refused(text), (*code, *offset), "{text}");
    }
}

#[test]
fn keeps_what_is_written() {
    for number in [
        "1e400",
        "-0",
        "0.10",
        "18446744073709551616",
        "1E+2",
        "1e-400",
        "-1.5e0",
        &"9".repeat(5000),
    ] {
        let text = format!("[{number}]");
        let document = parse(&text).unwrap();
        assert_eq!(
            document.root().index(0).and_then(nhi_plan::json::Value::number_text),
            Some(number)
        );
        assert_eq!(document.root().raw(), text);
    }
    for (written, meant) in [
        (r#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"),
        (r#""\u00e9\ud83d\ude00x\u0041""#, "é😀xA"),
        (r#""""#, ""),
    ] {
        let document = parse(written).unwrap();
        assert_eq!(document.root().as_str().as_deref(), Some(meant));
        assert_eq!(document.root().raw(), written);
        assert_eq!(parse(&quote(meant)).unwrap().root().as_str().as_deref(), Some(meant));
    }
}

#[test]
fn large_objects_are_checked_for_duplicates_in_time() {
    let members = |count: usize| {
        (0..count)
            .rev()
            .map(|index| format!("\"k{index}\":0"))
            .collect::<Vec<_>>()
            .join(",")
    };
    let clean = format!("{{{}}}", members(200_000));
    assert_eq!(parse(&clean).unwrap().root().len(), 200_000);
    let twice = format!("{{{},\"\\u006b7\":0}}", members(200_000));
    assert_eq!(refused(&twice), ("NHI-PLAN-DUP", twice.len() as u64 - 12));
    // The same key in different objects is no duplicate.
    assert!(parse(r#"[{"b":{"b":1,"a":{"a":2}},"a":0},{"b":1}]"#).is_ok());
}

#[test]
fn depth_costs_no_stack() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let objects = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
    for text in [nested(10_000), objects(10_000)] {
        let document = parse(&text).unwrap();
        let mut leaves = 0;
        document
            .root()
            .walk_leaves(|trail, _| leaves += trail.path().len().min(1));
        assert_eq!(leaves, 1);
    }
    assert_eq!(refused(&nested(10_001)), ("NHI-PLAN-DEPTH", 10_000));
    assert_eq!(refused(&"[".repeat(1_000_000)).0, "NHI-PLAN-DEPTH");
    let lifted = Limits {
        depth: 1_000_000,
        ..Limits::default()
    };
    let million = nested(1_000_000);
    let document: Document<'_> = parse_with(&million, &lifted).unwrap();
    assert_eq!(document.root().len(), 1);
}

#[test]
fn budgets_are_kept() {
    let nodes = Limits {
        nodes: 3,
        ..Limits::default()
    };
    assert!(parse_with("[1,2]", &nodes).is_ok());
    assert_eq!(parse_with("[1,2,3]", &nodes).unwrap_err().code, "NHI-PLAN-BUDGET");
    let bytes = Limits {
        bytes: 4,
        ..Limits::default()
    };
    assert!(parse_with("[12]", &bytes).is_ok());
    let error = parse_with("[123]", &bytes).unwrap_err();
    assert_eq!((error.code, error.offset), ("NHI-PLAN-BUDGET", 4));
}

#[test]
fn shows_members_elements_and_paths() {
    let text =
        r#"{"statement":[{"actions":["s3:*","*"],"sid":null},{}],"tags":{"cost-center":"a","\u0062":true,"":"e"}}"#;
    let document = parse(text).unwrap();
    let root = document.root();
    assert_eq!(root.kind(), Kind::Object);
    assert_eq!(
        root.members().map(|(key, _)| key).collect::<Vec<_>>(),
        ["statement", "tags"]
    );
    assert_eq!(
        root.at("statement[0].actions[1]")
            .and_then(nhi_plan::json::Value::as_str)
            .as_deref(),
        Some("*")
    );
    assert_eq!(root.at("tags.b").and_then(nhi_plan::json::Value::as_bool), Some(true));
    assert_eq!(
        root.at(r#"tags["cost-center"]"#).map(nhi_plan::json::Value::raw),
        Some("\"a\"")
    );
    assert!(root.at("statement[0].sid").is_some_and(nhi_plan::json::Value::is_null));
    assert!(root.at("statement[1]").is_some_and(nhi_plan::json::Value::is_empty));
    for absent in [
        "statement[2]",
        "statement.actions",
        "tags[0]",
        "nope",
        "statement[",
        "statement[0]]",
        "tags.",
        ".tags",
    ] {
        assert!(root.at(absent).is_none(), "{absent}");
    }
    let mut seen = Vec::new();
    root.walk(|trail, text| {
        seen.push((
            trail.path(),
            trail.last_key().unwrap_or_default().into_owned(),
            text.into_owned(),
        ));
    });
    let expected = [
        ("statement[0].actions[0]", "actions", "s3:*"),
        ("statement[0].actions[1]", "actions", "*"),
        (r#"tags["cost-center"]"#, "cost-center", "a"),
        (r#"tags[""]"#, "", "e"),
    ];
    assert_eq!(
        seen,
        expected.map(|(path, key, text)| (path.to_owned(), key.to_owned(), text.to_owned()))
    );
    assert_eq!(document.strings().collect::<Vec<_>>(), ["s3:*", "*", "a", "e"]);
    let mut leaves = Vec::new();
    root.walk_leaves(|trail, leaf| leaves.push((trail.path(), leaf.kind())));
    assert!(leaves.contains(&("statement[0].sid".to_owned(), Kind::Null)));
    assert!(leaves.contains(&("statement[1]".to_owned(), Kind::Object)));
    // A walk of an inner value begins its paths there.
    let mut inner = Vec::new();
    root.at("statement[0]")
        .unwrap()
        .walk(|trail, _| inner.push(trail.path()));
    assert_eq!(inner, ["actions[0]", "actions[1]"]);
}

#[test]
fn paths_are_read_as_written() {
    for written in [
        "a",
        "a.b[0].c",
        r#"a["x-y"].b"#,
        r#"["with \"quotes\" and ] and ."][3]"#,
        r#"a[""]"#,
        "[0]",
        "",
    ] {
        let segments = path::parse(written).expect(written);
        let mut again = String::new();
        for segment in &segments {
            path::push(&mut again, segment);
        }
        assert_eq!(again, written);
    }
    for wrong in [
        "a..b", "a.", ".a", "a[", "a[x]", "a[-1]", "a]", "a-b", "a[\"x]", "a[\"x\"", "a[]", "a b", "[0]a",
    ] {
        assert!(path::parse(wrong).is_none(), "{wrong}");
    }
}
