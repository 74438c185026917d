//! Numbers, sets, unknowns, paths and types: what is equal and how it reads.

use std::cmp::Ordering;

use proptest::prelude::*;

use super::*;

fn number(text: &str) -> Number {
    text.parse().unwrap()
}

#[test]
fn numbers_compare_by_value_across_their_forms() {
    let equal = [
        (number("1"), number("1.0")),
        (number("1"), number("10e-1")),
        (number("-0"), number("0")),
        (number("0.5"), Number::from_f64(0.5).unwrap()),
        (number("18446744073709551615"), Number::from(u64::MAX)),
        (number("1e400"), number("10.00E+399")),
        (
            number("9223372036854775807"),
            Number::from_f64(9_223_372_036_854_775_807.0).unwrap(),
        ),
    ];
    let (last, almost) = equal.split_last().unwrap();
    for (left, right) in almost {
        assert_eq!(left, right);
    }
    assert_ne!(last.0, last.1, "a double of 2^63 is not 2^63 - 1");
    assert_ne!(number("0.1"), Number::from_f64(0.1).unwrap(), "no double is a tenth");

    let ascending = [
        "-1e400", "-10", "-9.99", "-0.001", "0", "1e-400", "0.1", "0.11", "2", "10", "1e400",
    ];
    for pair in ascending.windows(2) {
        assert_eq!(number(pair[0]).cmp(&number(pair[1])), Ordering::Less, "{pair:?}");
    }
    let infinity = Number::from_f64(f64::INFINITY).unwrap();
    assert!(infinity > number("1e400") && Number::from_f64(f64::NEG_INFINITY).unwrap() < number("-1e400"));
    assert!(Number::from_f64(f64::NAN).is_none());
}

#[test]
fn numbers_keep_their_text_and_know_their_integers() {
    for text in ["0", "-1", "0.10", "1e400", "123456789012345678901234567890.5"] {
        assert_eq!(number(text).to_string(), text);
    }
    for bad in [
        "",
        "-",
        "01",
        "1.",
        ".5",
        "1e",
        "1e1234567890",
        "0x10",
        "1_000",
        "inf",
        "NaN",
        " 1",
        "+1",
        "١",
    ] {
        assert_eq!(bad.parse::<Number>(), Err(ParseNumberError), "{bad}");
    }
    assert_eq!(number("1.50e1").as_i64(), Some(15));
    assert_eq!(number("9223372036854775807.0").as_i64(), Some(i64::MAX));
    for none in ["9223372036854775808", "0.5", "1e400", "1e-400"] {
        assert_eq!(number(none).as_i64(), None, "{none}");
    }
}

#[test]
fn sets_are_sets() {
    let text = |items: &[&str]| Value::set(items.iter().map(|item| Value::from(*item)));
    assert_eq!(text(&["b", "a", "b"]), text(&["a", "b"]));
    assert_ne!(text(&["a"]), text(&["a", "b"]));
    assert_ne!(
        Value::List(vec!["a".into(), "b".into()]),
        Value::List(vec!["b".into(), "a".into()])
    );
    let nested = |items: [&[&str]; 2]| Value::set(items.map(text));
    assert_eq!(nested([&["a", "b"], &["c"]]), nested([&["c"], &["b", "a"]]));
    let unknown = Value::set([Value::UNKNOWN, Value::UNKNOWN]);
    assert_eq!(
        unknown.elements().map(<[_]>::len),
        Some(2),
        "two unknown elements may turn out to differ"
    );
}

#[test]
fn unknown_values_are_equal_whatever_is_known_of_them() {
    let refined = Value::Unknown(Some(Box::new(Refinement {
        not_null: true,
        ..Refinement::default()
    })));
    assert_eq!(refined, Value::UNKNOWN);
    assert_ne!(Value::UNKNOWN, Value::Null);
    let object = Value::object([("a", Value::List(vec![refined]))]);
    assert!(!object.is_wholly_known());
    assert_eq!(
        object.without_unknowns(),
        Value::object([("a", Value::List(vec![Value::Null]))])
    );
    assert_eq!(Value::UNKNOWN.get("a"), &Value::UNKNOWN);
}

#[test]
fn paths_read_like_configuration() {
    let path = AttributePath::of("scope")
        .index(0)
        .attribute("tags")
        .key("cost \"center\"")
        .attribute("x-y");
    assert_eq!(path.to_string(), r#"scope[0].tags["cost \"center\""].x-y"#);
    assert_eq!(AttributePath::root().to_string(), "");
}

#[test]
fn types_have_a_json_form_and_nothing_else_is_one() {
    let ty = Type::object([
        ("a", Type::list(Type::Tuple(vec![Type::Bool, Type::Dynamic]))),
        ("b", Type::Number),
    ]);
    let json = r#"["object",{"a":["list",["tuple",["bool","dynamic"]]],"b":"number"}]"#;
    assert_eq!(ty.to_json().to_string(), json);
    assert_eq!(Type::parse(json.as_bytes()), Ok(ty));
    let deep = format!("{}\"bool\"{}", "[\"list\",".repeat(100), "]".repeat(100));
    let bad = [
        "",
        "null",
        "[]",
        "[\"list\"]",
        "\"int\"",
        "[\"object\",[]]",
        "[\"object\",{},[\"a\"]]",
        &deep,
    ];
    for bad in bad {
        assert!(Type::parse(bad.as_bytes()).is_err(), "{bad}");
    }
}

proptest! {
    #[test]
    fn doubles_print_exactly(double in any::<f64>().prop_filter("finite", |double| double.is_finite())) {
        let number = Number::from_f64(double).unwrap();
        let printed: Number = number.to_string().parse().unwrap();
        prop_assert_eq!(&printed, &number);
        prop_assert_eq!(printed.as_f64().total_cmp(&double), Ordering::Equal);
    }

    #[test]
    fn integers_order_like_integers(left in any::<i64>(), right in any::<i64>()) {
        let decimal = |int: i64| format!("{int}.0").parse::<Number>().unwrap();
        prop_assert_eq!(Number::from(left).cmp(&decimal(right)), left.cmp(&right));
        prop_assert_eq!(decimal(left).as_i64(), Some(left));
    }
}
