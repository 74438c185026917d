//! Values as Terraform and OpenTofu mean them: typed, possibly null, possibly not known yet.
//!
//! The two cores compute with `cty` values. A provider that works on plain JSON loses what they mean (a set is not a
//! list, `null` is not unknown, `0.1` is not a float), so the same distinctions are types here, and equality is the
//! one the cores use: sets without order, numbers by value.

mod number;
mod path;
mod set;
mod ty;

use std::cmp::Ordering;
use std::collections::BTreeMap;

pub(crate) use number::Wire;
pub use number::{Number, ParseNumberError};
pub use path::{AttributePath, Step};
pub use set::ValueSet;
pub use ty::{TYPE_DEPTH_MAX, Type, TypeError};

/// A value of a resource, a provider block or one of their attributes.
#[derive(Clone, Debug)]
pub enum Value {
    /// No value: an attribute that is not set, or an object that does not exist.
    Null,
    /// A value that is known only after apply, with what is already certain about it.
    Unknown(Option<Box<Refinement>>),
    /// A truth value.
    Bool(bool),
    /// A number of any size and precision.
    Number(Number),
    /// Text.
    String(String),
    /// An ordered collection of one element type.
    List(Vec<Value>),
    /// An unordered collection without duplicates.
    Set(ValueSet),
    /// A collection with string keys and one element type.
    Map(BTreeMap<String, Value>),
    /// A structure; every attribute of its type is present.
    Object(BTreeMap<String, Value>),
    /// An ordered structure with a type for each element.
    Tuple(Vec<Value>),
    /// A known value where the schema leaves the type open, with the type it turned out to have.
    Dynamic(Box<(Type, Value)>),
}

/// What is certain about an unknown value. It informs; two unknown values are equal whatever is known of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refinement {
    /// The value will not be null.
    pub not_null: bool,
    /// The value will start with this text.
    pub string_prefix: Option<String>,
    /// The least number it can be, and whether it can be that number itself.
    pub number_min: Option<(Number, bool)>,
    /// The greatest number it can be, and whether it can be that number itself.
    pub number_max: Option<(Number, bool)>,
    /// The least length of the collection.
    pub length_min: Option<u64>,
    /// The greatest length of the collection.
    pub length_max: Option<u64>,
}

impl Value {
    /// An unknown value about which nothing else is known.
    pub const UNKNOWN: Value = Value::Unknown(None);

    /// Text.
    pub fn string(text: impl Into<String>) -> Value {
        Value::String(text.into())
    }

    /// A set; order and duplicates of the input are forgotten.
    pub fn set(elements: impl IntoIterator<Item = Value>) -> Value {
        Value::Set(elements.into_iter().collect())
    }

    /// An object from its attributes.
    pub fn object<K: Into<String>>(attributes: impl IntoIterator<Item = (K, Value)>) -> Value {
        Value::Object(
            attributes
                .into_iter()
                .map(|(name, value)| (name.into(), value))
                .collect(),
        )
    }

    /// Whether this is null.
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// Whether this value itself is unknown; what it contains may still be.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Value::Unknown(_))
    }

    /// Whether neither this value nor anything in it is unknown.
    pub fn is_wholly_known(&self) -> bool {
        match self {
            Value::Unknown(_) => false,
            Value::List(items) | Value::Tuple(items) => items.iter().all(Value::is_wholly_known),
            Value::Set(items) => items.iter().all(Value::is_wholly_known),
            Value::Map(entries) | Value::Object(entries) => entries.values().all(Value::is_wholly_known),
            Value::Dynamic(inner) => inner.1.is_wholly_known(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
        }
    }

    /// The text, if this is known text.
    pub fn as_str(&self) -> Option<&str> {
        match self.concrete() {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The truth value, if this is a known one.
    pub fn as_bool(&self) -> Option<bool> {
        match self.concrete() {
            Value::Bool(truth) => Some(*truth),
            _ => None,
        }
    }

    /// The number, if this is a known one.
    pub fn as_number(&self) -> Option<&Number> {
        match self.concrete() {
            Value::Number(number) => Some(number),
            _ => None,
        }
    }

    /// The number, if this is a known whole number that fits.
    pub fn as_i64(&self) -> Option<i64> {
        self.as_number().and_then(Number::as_i64)
    }

    /// The elements of a list, set or tuple.
    pub fn elements(&self) -> Option<&[Value]> {
        match self.concrete() {
            Value::List(items) | Value::Tuple(items) => Some(items),
            Value::Set(items) => Some(items.as_slice()),
            _ => None,
        }
    }

    /// The entries of a map or the attributes of an object.
    pub fn entries(&self) -> Option<&BTreeMap<String, Value>> {
        match self.concrete() {
            Value::Map(entries) | Value::Object(entries) => Some(entries),
            _ => None,
        }
    }

    /// An attribute of an object or an entry of a map; null where there is none, unknown inside the unknown.
    pub fn get(&self, name: &str) -> &Value {
        match self.concrete() {
            Value::Map(entries) | Value::Object(entries) => entries.get(name).unwrap_or(&Value::Null),
            Value::Unknown(_) => &Value::UNKNOWN,
            _ => &Value::Null,
        }
    }

    /// Sets an attribute of an object; does nothing to a value of another kind.
    pub fn insert(&mut self, name: &str, value: Value) {
        if let Value::Object(attributes) = self {
            attributes.insert(name.to_owned(), value);
        }
    }

    /// The value inside a dynamically typed one, else the value itself.
    pub fn concrete(&self) -> &Value {
        match self {
            Value::Dynamic(inner) => inner.1.concrete(),
            other => other,
        }
    }

    /// A copy in which everything unknown is null: what may be saved when an apply failed half-way.
    #[must_use]
    pub fn without_unknowns(&self) -> Value {
        let all = |items: &[Value]| items.iter().map(Value::without_unknowns).collect::<Vec<_>>();
        let each = |entries: &BTreeMap<String, Value>| {
            entries
                .iter()
                .map(|(name, value)| (name.clone(), value.without_unknowns()))
                .collect()
        };
        match self {
            Value::Unknown(_) => Value::Null,
            Value::List(items) => Value::List(all(items)),
            Value::Tuple(items) => Value::Tuple(all(items)),
            Value::Set(items) => Value::set(all(items.as_slice())),
            Value::Map(entries) => Value::Map(each(entries)),
            Value::Object(entries) => Value::Object(each(entries)),
            Value::Dynamic(inner) => Value::Dynamic(Box::new((inner.0.clone(), inner.1.without_unknowns()))),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => self.clone(),
        }
    }

    /// The word for this kind of value in messages. It never shows the value, which may be a secret.
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Unknown(_) => "an unknown value",
            Value::Bool(_) => "a bool",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::List(_) => "a list",
            Value::Set(_) => "a set",
            Value::Map(_) => "a map",
            Value::Object(_) => "an object",
            Value::Tuple(_) => "a tuple",
            Value::Dynamic(_) => "a dynamically typed value",
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Value::Null => 0,
            Value::Unknown(_) => 1,
            Value::Bool(_) => 2,
            Value::Number(_) => 3,
            Value::String(_) => 4,
            Value::List(_) => 5,
            Value::Set(_) => 6,
            Value::Map(_) => 7,
            Value::Object(_) => 8,
            Value::Tuple(_) => 9,
            Value::Dynamic(_) => 10,
        }
    }
}

// Equality comes from the order, so that sets can be kept sorted and the two never disagree.
impl PartialEq for Value {
    fn eq(&self, other: &Value) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Value {}

impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Value) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Value {
    fn cmp(&self, other: &Value) -> Ordering {
        match (self, other) {
            (Value::Bool(left), Value::Bool(right)) => left.cmp(right),
            (Value::Number(left), Value::Number(right)) => left.cmp(right),
            (Value::String(left), Value::String(right)) => left.cmp(right),
            (Value::List(left), Value::List(right)) | (Value::Tuple(left), Value::Tuple(right)) => left.cmp(right),
            (Value::Set(left), Value::Set(right)) => left.cmp(right),
            (Value::Map(left), Value::Map(right)) | (Value::Object(left), Value::Object(right)) => left.cmp(right),
            (Value::Dynamic(left), Value::Dynamic(right)) => left.cmp(right),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::String(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::String(text)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Value {
        Value::Bool(truth)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Value {
        Value::Number(number.into())
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Value {
        Value::Number(number.into())
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Value {
        value.map_or(Value::Null, Into::into)
    }
}

#[cfg(test)]
mod tests;
