//! Write-only attributes: they are in configurations only, and null wherever a value is kept.

use crate::schema::{Attribute, Kind, Nesting};
use crate::value::{AttributePath, Value};

/// Where a value holds something that is write-only.
pub(in crate::rpc) fn held(attributes: &[Attribute], value: &Value) -> Vec<AttributePath> {
    let mut found = Vec::new();
    collect(attributes, value, &AttributePath::root(), &mut found);
    found
}

fn collect(attributes: &[Attribute], value: &Value, path: &AttributePath, found: &mut Vec<AttributePath>) {
    for attribute in attributes {
        let (value, path) = (value.get(&attribute.name), path.attribute(&attribute.name));
        if attribute.write_only {
            if !value.is_null() {
                found.push(path);
            }
        } else if let Kind::Nested(nesting, attributes) = &attribute.kind {
            match nesting {
                Nesting::Single => collect(attributes, value, &path, found),
                // Elements of sets have no address.
                Nesting::List | Nesting::Set => {
                    for (index, element) in value.elements().unwrap_or_default().iter().enumerate() {
                        collect(attributes, element, &path.index(index), found);
                    }
                }
                Nesting::Map => {
                    for (key, element) in value.entries().into_iter().flatten() {
                        collect(attributes, element, &path.key(key), found);
                    }
                }
            }
        }
    }
}

/// A copy in which everything write-only is null: for a state that has to be saved whatever went wrong.
pub(in crate::rpc) fn removed(attributes: &[Attribute], value: &Value) -> Value {
    let Value::Object(members) = value else {
        return value.clone();
    };
    let mut members = members.clone();
    for attribute in attributes {
        let Some(member) = members.get_mut(&attribute.name) else {
            continue;
        };
        if attribute.write_only {
            *member = Value::Null;
        } else if let Kind::Nested(_, attributes) = &attribute.kind {
            *member = removed_inside(attributes, member);
        }
    }
    Value::Object(members)
}

fn removed_inside(attributes: &[Attribute], value: &Value) -> Value {
    let inside = |value: &Value| removed(attributes, value);
    match value {
        Value::List(elements) => Value::List(elements.iter().map(inside).collect()),
        Value::Set(elements) => Value::set(elements.iter().map(inside)),
        Value::Map(entries) => {
            let entries = entries.iter().map(|(key, value)| (key.clone(), inside(value)));
            Value::Map(entries.collect())
        }
        value => inside(value),
    }
}
