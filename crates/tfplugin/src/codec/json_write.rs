//! Writes JSON by type: the form that states are kept in.

use std::collections::BTreeMap;

use super::CodecError;
use super::place::Place;
use crate::value::{Step, Type, Value};

pub(super) fn encode(value: &Value, ty: &Type) -> Result<String, CodecError> {
    let mut out = String::new();
    write(value, ty, &mut Place::default(), &mut out)?;
    Ok(out)
}

fn write(value: &Value, ty: &Type, place: &mut Place, out: &mut String) -> Result<(), CodecError> {
    match (ty, value) {
        (_, Value::Null) => out.push_str("null"),
        (_, Value::Unknown(_)) => return Err(place.fail("an unknown value has no JSON form")),
        (Type::Bool, Value::Bool(truth)) => out.push_str(if *truth { "true" } else { "false" }),
        (Type::Number, Value::Number(number)) if number.is_finite() => out.push_str(&number.to_string()),
        (Type::Number, Value::Number(_)) => return Err(place.fail("an infinite number has no JSON form")),
        (Type::String, Value::String(text)) => write_string(text, out),
        (Type::List(element), Value::List(items)) => {
            write_items(items.iter().map(|item| (item, &**element)), true, place, out)?;
        }
        (Type::Set(element), Value::Set(items)) => {
            write_items(items.iter().map(|item| (item, &**element)), false, place, out)?;
        }
        (Type::Tuple(elements), Value::Tuple(items)) if elements.len() == items.len() => {
            write_items(items.iter().zip(elements), true, place, out)?;
        }
        (Type::Map(element), Value::Map(entries)) => {
            let entries = entries
                .iter()
                .map(|(key, item)| (Step::Key(key.clone()), key, item, &**element));
            write_entries(entries, place, out)?;
        }
        (Type::Object(attributes), Value::Object(values)) => write_object(values, attributes, place, out)?,
        (Type::Dynamic, Value::Dynamic(inner)) => {
            out.push_str("{\"value\":");
            place.below(None, |place| write(&inner.1, &inner.0, place, out))?;
            out.push_str(",\"type\":");
            out.push_str(&inner.0.to_json().to_string());
            out.push('}');
        }
        (ty, value) => return Err(place.fail(format!("{ty} required, not {}", value.kind()))),
    }
    Ok(())
}

fn write_object(
    values: &BTreeMap<String, Value>,
    attributes: &BTreeMap<String, Type>,
    place: &mut Place,
    out: &mut String,
) -> Result<(), CodecError> {
    if let Some(name) = values.keys().find(|name| !attributes.contains_key(*name)) {
        return Err(place.fail_at(Step::Attribute(name.clone()), "there is no such attribute"));
    }
    if let Some(name) = attributes.keys().find(|name| !values.contains_key(*name)) {
        return Err(place.fail_at(
            Step::Attribute(name.clone()),
            "the attribute is missing; null must be said",
        ));
    }
    let entries = values
        .iter()
        .zip(attributes.values())
        .map(|((name, item), ty)| (Step::Attribute(name.clone()), name, item, ty));
    write_entries(entries, place, out)
}

fn write_items<'a>(
    items: impl Iterator<Item = (&'a Value, &'a Type)>,
    addressable: bool,
    place: &mut Place,
    out: &mut String,
) -> Result<(), CodecError> {
    out.push('[');
    for (index, (item, ty)) in items.enumerate() {
        if index > 0 {
            out.push(',');
        }
        place.below(addressable.then_some(Step::Index(index)), |place| {
            write(item, ty, place, out)
        })?;
    }
    out.push(']');
    Ok(())
}

fn write_entries<'a>(
    entries: impl Iterator<Item = (Step, &'a String, &'a Value, &'a Type)>,
    place: &mut Place,
    out: &mut String,
) -> Result<(), CodecError> {
    out.push('{');
    for (index, (step, key, item, ty)) in entries.enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_string(key, out);
        out.push(':');
        place.below(Some(step), |place| write(item, ty, place, out))?;
    }
    out.push('}');
    Ok(())
}

fn write_string(text: &str, out: &mut String) {
    out.push_str(&serde_json::Value::from(text).to_string());
}
