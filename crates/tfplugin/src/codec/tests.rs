//! The codec from outside: values and bytes, round trips, hostile input, and what errors say.

use proptest::prelude::*;

use super::*;
use crate::value::{Number, Refinement};

fn leaf_type() -> impl Strategy<Value = Type> {
    prop_oneof![Just(Type::Bool), Just(Type::Number), Just(Type::String)]
}

fn any_type() -> impl Strategy<Value = Type> {
    prop_oneof![leaf_type(), Just(Type::Dynamic)].prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            inner.clone().prop_map(Type::list),
            inner.clone().prop_map(Type::set),
            inner.clone().prop_map(Type::map),
            prop::collection::vec(inner.clone(), 0..4).prop_map(Type::Tuple),
            prop::collection::btree_map("[a-z]{1,3}", inner, 0..4).prop_map(Type::Object),
        ]
    })
}

fn any_number() -> impl Strategy<Value = Number> {
    prop_oneof![
        any::<i64>().prop_map(Number::from),
        any::<u64>().prop_map(Number::from),
        any::<f64>().prop_filter_map("finite", |double| {
            Number::from_f64(double).filter(Number::is_finite)
        }),
        "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,30})?([eE][+-]?[0-9]{1,3})?".prop_map(|text| text.parse().unwrap()),
    ]
}

/// A value of the type; with `unknowns`, some of it not known yet.
fn value_of(ty: &Type, unknowns: bool) -> BoxedStrategy<Value> {
    let known = match ty {
        Type::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        Type::Number => any_number().prop_map(Value::Number).boxed(),
        Type::String => any::<String>().prop_map(Value::String).boxed(),
        Type::Dynamic => leaf_type()
            .prop_flat_map(move |ty| {
                value_of(&ty, unknowns).prop_map(move |value| match value {
                    Value::Null | Value::Unknown(_) => value,
                    value => Value::Dynamic(Box::new((ty.clone(), value))),
                })
            })
            .boxed(),
        Type::List(element) => prop::collection::vec(value_of(element, unknowns), 0..4)
            .prop_map(Value::List)
            .boxed(),
        Type::Set(element) => prop::collection::vec(value_of(element, unknowns), 0..4)
            .prop_map(Value::set)
            .boxed(),
        Type::Map(element) => prop::collection::btree_map(any::<String>(), value_of(element, unknowns), 0..4)
            .prop_map(Value::Map)
            .boxed(),
        Type::Tuple(elements) => elements
            .iter()
            .map(|element| value_of(element, unknowns))
            .collect::<Vec<_>>()
            .prop_map(Value::Tuple)
            .boxed(),
        Type::Object(attributes) => {
            let names: Vec<String> = attributes.keys().cloned().collect();
            let values: Vec<_> = attributes.values().map(|ty| value_of(ty, unknowns)).collect();
            values
                .prop_map(move |values| Value::object(names.clone().into_iter().zip(values)))
                .boxed()
        }
    };
    let unknown = if unknowns { Value::UNKNOWN } else { Value::Null };
    prop_oneof![8 => known, 1 => Just(Value::Null), 1 => Just(unknown)].boxed()
}

fn typed(unknowns: bool) -> impl Strategy<Value = (Type, Value)> {
    any_type().prop_flat_map(move |ty| {
        let values = value_of(&ty, unknowns);
        (Just(ty), values)
    })
}

proptest! {
    #[test]
    fn msgpack_round_trips((ty, value) in typed(true)) {
        let bytes = encode_msgpack(&value, &ty).unwrap();
        let back = decode_msgpack(&bytes, &ty).unwrap();
        prop_assert_eq!(&back, &value);
        prop_assert_eq!(encode_msgpack(&back, &ty).unwrap(), bytes);
    }

    #[test]
    fn json_and_msgpack_say_the_same((ty, value) in typed(false)) {
        let json = encode_json(&value, &ty).unwrap();
        let back = decode_json(json.as_bytes(), &ty, UnknownAttributes::Refuse).unwrap();
        prop_assert_eq!(&back, &value);
        let msgpack = encode_msgpack(&back, &ty).unwrap();
        prop_assert_eq!(decode_msgpack(&msgpack, &ty).unwrap(), value);
    }

    #[test]
    fn random_bytes_never_panic(ty in any_type(), bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode_msgpack(&bytes, &ty);
        let _ = decode_json(&bytes, &ty, UnknownAttributes::Drop);
    }

    #[test]
    fn mutated_encodings_never_panic(
        (ty, value) in typed(true),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut msgpack = encode_msgpack(&value, &ty).unwrap();
        let mut json = encode_json(&value.without_unknowns(), &ty).unwrap().into_bytes();
        for bytes in [&mut msgpack, &mut json] {
            for (index, byte) in &edits {
                let index = index.index(bytes.len());
                bytes[index] = *byte;
            }
        }
        let _ = decode_msgpack(&msgpack, &ty);
        let _ = decode_msgpack(&msgpack[..cut.index(msgpack.len())], &ty);
        let _ = decode_json(&json, &ty, UnknownAttributes::Drop);
        let _ = decode_json(&json[..cut.index(json.len())], &ty, UnknownAttributes::Drop);
    }
}

#[test]
fn unknown_is_written_as_the_cores_write_it_and_read_in_every_form() {
    let ty = Type::String;
    assert_eq!(encode_msgpack(&Value::UNKNOWN, &ty).unwrap(), [0xd4, 0, 0]);
    let forms: [&[u8]; 5] = [
        &[0xd4, 0, 0],
        &[0xc7, 0, 0],
        &[0xc7, 3, 12, 0x81, 1, 0xc2],
        &[0xd6, 99, 1, 2, 3, 4],
        &[0xc7, 7, 12, 0x82, 1, 0xc2, 2, 0xa2, b'a', b'-'],
    ];
    for form in forms {
        assert!(decode_msgpack(form, &ty).unwrap().is_unknown(), "{form:?}");
    }
    let refined = |bytes: &[u8], ty: &Type| match decode_msgpack(bytes, ty) {
        Ok(Value::Unknown(Some(refinement))) => *refinement,
        other => panic!("{other:?}"),
    };
    let prefix = refined(&[0xc7, 7, 12, 0x82, 1, 0xc2, 2, 0xa2, b'a', b'-'], &Type::String);
    let expected = Refinement {
        not_null: true,
        string_prefix: Some("a-".into()),
        ..Refinement::default()
    };
    assert_eq!(prefix, expected);
    let bounds = refined(&[0xc7, 8, 12, 0x82, 3, 0x92, 1, 0xc3, 77, 0xc0, 0], &Type::Number);
    assert_eq!(
        bounds.number_min,
        Some((1_i64.into(), true)),
        "a key of a later version is passed over"
    );
    let length = refined(&[0xc7, 5, 12, 0x82, 5, 1, 6, 3], &Type::list(Type::Bool));
    assert_eq!((length.length_min, length.length_max), (Some(1), Some(3)));

    let mut long = vec![0xc8, 0x04, 0x01, 12];
    long.resize(4 + 1_025, 0x80);
    assert!(
        decode_msgpack(&long, &ty).is_err(),
        "a description of more than 1024 bytes is refused"
    );
    assert!(
        decode_msgpack(&[0xc7, 3, 12, 0x81, 2, 0xc2], &ty).is_err(),
        "a prefix must be text"
    );
}

#[test]
fn numbers_come_in_three_forms() {
    let read = |bytes: &[u8]| decode_msgpack(bytes, &Type::Number).map(|value| value.as_number().unwrap().to_string());
    assert_eq!(read(&[0x07]).unwrap(), "7");
    assert_eq!(read(&[0xff]).unwrap(), "-1");
    assert_eq!(read(&[0xcb, 0x3f, 0xe0, 0, 0, 0, 0, 0, 0]).unwrap(), "0.5");
    assert_eq!(read(&[0xa5, b'1', b'e', b'4', b'0', b'0']).unwrap(), "1e400");
    assert!(read(&[0xa3, b'a', b'b', b'c']).is_err());
    assert!(read(&[0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0]).is_err(), "NaN is no number");
    let tenth = decode_json(
        b"0.10000000000000000000000000001",
        &Type::Number,
        UnknownAttributes::Refuse,
    )
    .unwrap();
    assert_eq!(
        tenth.as_number().unwrap().to_string(),
        "0.10000000000000000000000000001"
    );
}

#[test]
fn lengths_that_lie_allocate_nothing() {
    let lies: [&[u8]; 6] = [
        &[0xdd, 0xff, 0xff, 0xff, 0xff],
        &[0xdf, 0xff, 0xff, 0xff, 0xff],
        &[0xdb, 0xff, 0xff, 0xff, 0xff],
        &[0xc6, 0xff, 0xff, 0xff, 0xff],
        &[0xc9, 0xff, 0xff, 0xff, 0xff, 12],
        &[0xdc, 0xff, 0xff, 0xc0],
    ];
    let object = Type::object([("a", Type::String)]);
    for ty in [
        Type::String,
        Type::list(Type::Bool),
        Type::map(Type::Bool),
        object,
        Type::Dynamic,
    ] {
        for lie in lies {
            assert!(decode_msgpack(lie, &ty).is_err(), "{lie:?} as {ty}");
        }
    }
}

#[test]
fn errors_name_the_place_and_never_the_value() {
    let scope = Type::object([("actions", Type::list(Type::String))]);
    let ty = Type::object([("scope", Type::list(scope)), ("tags", Type::map(Type::String))]);
    let json = |text: &str| {
        decode_json(text.as_bytes(), &ty, UnknownAttributes::Refuse)
            .unwrap_err()
            .to_string()
    };
    let cases = [
        (
            r#"{"scope":[{"actions":["s3cret", 7]}]}"#,
            "scope[0].actions[1]: string required, at byte 32",
        ),
        (
            r#"{"tags":{"a b":false}}"#,
            r#"tags["a b"]: string required, at byte 15"#,
        ),
        (
            r#"{"tags":{"a":"s3cret","a":"x"}}"#,
            r#"tags["a"]: the key stands twice in the map"#,
        ),
        (
            r#"{"scope":null,"scope":null}"#,
            "scope: the attribute stands twice in the object",
        ),
        (r#"{"old":"s3cret"}"#, "old: there is no such attribute"),
        (r#"{"tags":{"a":"s3cret"#, r#"tags["a"]: malformed JSON at byte 13"#),
        (r#"{"tags":"s3cret"}"#, "tags: map of string required, at byte 8"),
        (r#"{"tags":{}} s3cret"#, "malformed JSON at byte 12"),
        (r#""s3cret""#, "object required, at byte 0"),
    ];
    for (text, message) in cases {
        assert_eq!(json(text), message, "{text}");
    }
    let mut value = Value::object([("scope", Value::Null), ("tags", Value::from("s3cret"))]);
    let error = encode_msgpack(&value, &ty).unwrap_err();
    assert_eq!(error.to_string(), "tags: map of string required, not a string");
    value.insert("tags", Value::UNKNOWN);
    assert!(encode_msgpack(&value, &ty).is_ok());
    assert_eq!(
        encode_json(&value, &ty).unwrap_err().to_string(),
        "tags: an unknown value has no JSON form"
    );
    let missing = Value::object([("scope", Value::Null)]);
    let error = encode_msgpack(&missing, &ty).unwrap_err();
    assert_eq!(error.to_string(), "tags: the attribute is missing; null must be said");
}

#[test]
fn states_of_older_schemas_read() {
    let ty = Type::object([("kept", Type::String), ("new", Type::set(Type::String))]);
    let old = br#"{"kept":"a","dropped":[{"deep":[1e400,"]}",true]},null]}"#;
    let value = decode_json(old, &ty, UnknownAttributes::Drop).unwrap();
    assert_eq!(value, Value::object([("kept", Value::from("a")), ("new", Value::Null)]));
    assert!(decode_json(old, &ty, UnknownAttributes::Refuse).is_err());
}

#[test]
fn msgpack_objects_hold_all_attributes_exactly() {
    let ty = Type::object([("a", Type::String), ("b", Type::String)]);
    let cases: [(&[u8], &str); 4] = [
        (&[0x80], "an object with 2 attributes is required, not 0"),
        (
            &[0x82, 0xa1, b'a', 0xc0, 0xa1, b'a', 0xc0],
            "a: the attribute stands twice in the object",
        ),
        (
            &[0x82, 0xa1, b'a', 0xc0, 0xa1, b'c', 0xc0],
            "c: there is no such attribute",
        ),
        (
            &[0x82, 0xa1, b'a', 0xc0, 0xa1, b'b', 0xc0, 0xc0],
            "bytes are left over after the value",
        ),
    ];
    for (bytes, message) in cases {
        assert_eq!(decode_msgpack(bytes, &ty).unwrap_err().to_string(), message);
    }
    assert_eq!(decode_msgpack(&[], &ty), Ok(Value::Null));
}

#[test]
fn depth_is_bounded_however_it_is_reached() {
    // Dynamic values nest without any type saying so.
    let mut msgpack = Vec::new();
    for _ in 0..10_000 {
        msgpack.extend_from_slice(&[0x92, 0xc4, 9]);
        msgpack.extend_from_slice(b"\"dynamic\"");
    }
    msgpack.push(0xc0);
    let error = decode_msgpack(&msgpack, &Type::Dynamic).unwrap_err();
    assert_eq!(error.message, "values may not nest deeper than 128");

    let json = format!(
        "{}null{}",
        r#"{"type":"dynamic","value":"#.repeat(10_000),
        "}".repeat(10_000)
    );
    let error = decode_json(json.as_bytes(), &Type::Dynamic, UnknownAttributes::Refuse).unwrap_err();
    assert_eq!(error.message, "values may not nest deeper than 128");
}
