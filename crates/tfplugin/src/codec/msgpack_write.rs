//! Writes msgpack by type, in the forms that the cores write themselves.

use std::collections::BTreeMap;
use std::fmt::Display;

use rmp::encode;

use super::CodecError;
use super::place::Place;
use crate::value::{Number, Step, Type, Value, Wire};

/// An extension of type 0 with one zero byte: unknown, and nothing else is certain.
const UNKNOWN: [u8; 3] = [0xd4, 0x00, 0x00];

pub(super) fn encode(value: &Value, ty: &Type) -> Result<Vec<u8>, CodecError> {
    let mut out = Vec::new();
    write(value, ty, &mut Place::default(), &mut out)?;
    Ok(out)
}

fn write(value: &Value, ty: &Type, place: &mut Place, out: &mut Vec<u8>) -> Result<(), CodecError> {
    match (ty, value) {
        (_, Value::Null) => written(encode::write_nil(out), place)?,
        (_, Value::Unknown(_)) => out.extend_from_slice(&UNKNOWN),
        (Type::Bool, Value::Bool(truth)) => written(encode::write_bool(out, *truth), place)?,
        (Type::Number, Value::Number(number)) => write_number(number, place, out)?,
        (Type::String, Value::String(text)) => write_string(text, place, out)?,
        (Type::List(element), Value::List(items)) => {
            written(encode::write_array_len(out, length(items.len(), place)?), place)?;
            for (index, item) in items.iter().enumerate() {
                place.below(Some(Step::Index(index)), |place| write(item, element, place, out))?;
            }
        }
        (Type::Set(element), Value::Set(items)) => {
            written(encode::write_array_len(out, length(items.len(), place)?), place)?;
            for item in items {
                place.below(None, |place| write(item, element, place, out))?;
            }
        }
        (Type::Tuple(elements), Value::Tuple(items)) if elements.len() == items.len() => {
            written(encode::write_array_len(out, length(items.len(), place)?), place)?;
            for (index, (item, element)) in items.iter().zip(elements).enumerate() {
                place.below(Some(Step::Index(index)), |place| write(item, element, place, out))?;
            }
        }
        (Type::Map(element), Value::Map(entries)) => {
            written(encode::write_map_len(out, length(entries.len(), place)?), place)?;
            for (key, item) in entries {
                write_string(key, place, out)?;
                place.below(Some(Step::Key(key.clone())), |place| write(item, element, place, out))?;
            }
        }
        (Type::Object(attributes), Value::Object(values)) => write_object(values, attributes, place, out)?,
        (Type::Dynamic, Value::Dynamic(inner)) => {
            let json = inner.0.to_json().to_string();
            written(encode::write_array_len(out, 2), place)?;
            written(encode::write_bin_len(out, length(json.len(), place)?), place)?;
            out.extend_from_slice(json.as_bytes());
            place.below(None, |place| write(&inner.1, &inner.0, place, out))?;
        }
        (ty, value) => return Err(place.fail(format!("{ty} required, not {}", value.kind()))),
    }
    Ok(())
}

fn write_object(
    values: &BTreeMap<String, Value>,
    attributes: &BTreeMap<String, Type>,
    place: &mut Place,
    out: &mut Vec<u8>,
) -> Result<(), CodecError> {
    if let Some(name) = values.keys().find(|name| !attributes.contains_key(*name)) {
        return Err(place.fail_at(Step::Attribute(name.clone()), "there is no such attribute"));
    }
    written(encode::write_map_len(out, length(attributes.len(), place)?), place)?;
    for (name, ty) in attributes {
        let step = Step::Attribute(name.clone());
        let Some(value) = values.get(name) else {
            return Err(place.fail_at(step, "the attribute is missing; null must be said"));
        };
        write_string(name, place, out)?;
        place.below(Some(step), |place| write(value, ty, place, out))?;
    }
    Ok(())
}

fn write_number(number: &Number, place: &Place, out: &mut Vec<u8>) -> Result<(), CodecError> {
    match number.wire() {
        Wire::Int(int) => written(encode::write_sint(out, int), place),
        Wire::UInt(int) => written(encode::write_uint(out, int), place),
        Wire::Float(double) => written(encode::write_f64(out, double), place),
        Wire::Text(text) => write_string(text, place, out),
    }
}

fn write_string(text: &str, place: &Place, out: &mut Vec<u8>) -> Result<(), CodecError> {
    written(encode::write_str_len(out, length(text.len(), place)?), place)?;
    out.extend_from_slice(text.as_bytes());
    Ok(())
}

fn length(length: usize, place: &Place) -> Result<u32, CodecError> {
    u32::try_from(length).map_err(|_| place.fail("longer than msgpack can say"))
}

/// Memory takes every write; the error is the library's, whose writers may also be files.
fn written<T, E: Display>(result: Result<T, E>, place: &Place) -> Result<(), CodecError> {
    result.map(drop).map_err(|error| place.fail(error.to_string()))
}
