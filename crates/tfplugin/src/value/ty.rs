//! Types of values, and their JSON form on the wire (`"string"`, `["list","string"]`, `["object",{…}]`).

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value as Json;

/// How deeply types may nest; the recursion over types and values relies on it.
pub const TYPE_DEPTH_MAX: usize = 64;

/// The type of a value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Type {
    /// A truth value.
    Bool,
    /// A number of any size and precision.
    Number,
    /// Text.
    String,
    /// Left open; the value brings its type.
    Dynamic,
    /// An ordered collection.
    List(Box<Type>),
    /// An unordered collection without duplicates.
    Set(Box<Type>),
    /// A collection with string keys.
    Map(Box<Type>),
    /// A structure with named attributes.
    Object(BTreeMap<String, Type>),
    /// A structure with a type for each position.
    Tuple(Vec<Type>),
}

/// Why a JSON document is not a type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TypeError {
    /// It is not JSON at all.
    #[error("a type must be JSON: {0}")]
    Syntax(String),
    /// It is JSON but of no shape that a type has.
    #[error("not a type: {0}")]
    Shape(&'static str),
    /// It nests too deeply.
    #[error("a type may not nest deeper than {TYPE_DEPTH_MAX}")]
    Depth,
}

impl Type {
    /// A list of `element`.
    pub fn list(element: Type) -> Type {
        Type::List(Box::new(element))
    }

    /// A set of `element`.
    pub fn set(element: Type) -> Type {
        Type::Set(Box::new(element))
    }

    /// A map of `element`.
    pub fn map(element: Type) -> Type {
        Type::Map(Box::new(element))
    }

    /// An object with these attributes.
    pub fn object<K: Into<String>>(attributes: impl IntoIterator<Item = (K, Type)>) -> Type {
        Type::Object(attributes.into_iter().map(|(name, ty)| (name.into(), ty)).collect())
    }

    /// The JSON form.
    pub fn to_json(&self) -> Json {
        match self {
            Type::Bool => Json::from("bool"),
            Type::Number => Json::from("number"),
            Type::String => Json::from("string"),
            Type::Dynamic => Json::from("dynamic"),
            Type::List(element) => Json::from(vec![Json::from("list"), element.to_json()]),
            Type::Set(element) => Json::from(vec![Json::from("set"), element.to_json()]),
            Type::Map(element) => Json::from(vec![Json::from("map"), element.to_json()]),
            Type::Object(attributes) => {
                let attributes = attributes.iter().map(|(name, ty)| (name.clone(), ty.to_json()));
                Json::from(vec![Json::from("object"), Json::Object(attributes.collect())])
            }
            Type::Tuple(elements) => Json::from(vec![
                Json::from("tuple"),
                elements.iter().map(Type::to_json).collect::<Json>(),
            ]),
        }
    }

    /// Reads the JSON form.
    pub fn parse(json: &[u8]) -> Result<Type, TypeError> {
        // The parser's message may quote the input, so only the position is passed on.
        let json: Json = serde_json::from_slice(json)
            .map_err(|error| TypeError::Syntax(format!("line {} column {}", error.line(), error.column())))?;
        from_json(&json, 0)
    }
}

fn from_json(json: &Json, depth: usize) -> Result<Type, TypeError> {
    if depth > TYPE_DEPTH_MAX {
        return Err(TypeError::Depth);
    }
    let parts = match json {
        Json::String(name) => return primitive(name),
        Json::Array(parts) => parts.as_slice(),
        _ => return Err(TypeError::Shape("a string or an array is required")),
    };
    let [Json::String(kind), argument] = parts else {
        // A third part lists optional attributes, which exist in type constraints of configuration only.
        return Err(TypeError::Shape("an array of a kind and its argument is required"));
    };
    match (kind.as_str(), argument) {
        ("list", element) => Ok(Type::list(from_json(element, depth + 1)?)),
        ("set", element) => Ok(Type::set(from_json(element, depth + 1)?)),
        ("map", element) => Ok(Type::map(from_json(element, depth + 1)?)),
        ("tuple", Json::Array(elements)) => {
            let elements: Result<_, _> = elements.iter().map(|element| from_json(element, depth + 1)).collect();
            Ok(Type::Tuple(elements?))
        }
        ("object", Json::Object(attributes)) => {
            let attributes: Result<_, TypeError> = attributes
                .iter()
                .map(|(name, ty)| Ok((name.clone(), from_json(ty, depth + 1)?)))
                .collect();
            Ok(Type::Object(attributes?))
        }
        _ => Err(TypeError::Shape("unknown kind of type")),
    }
}

fn primitive(name: &str) -> Result<Type, TypeError> {
    match name {
        "bool" => Ok(Type::Bool),
        "number" => Ok(Type::Number),
        "string" => Ok(Type::String),
        "dynamic" => Ok(Type::Dynamic),
        _ => Err(TypeError::Shape("unknown name of a type")),
    }
}

/// The word for a value of this type in messages: `a string`, `a list of string`.
impl fmt::Display for Type {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Bool => formatter.write_str("bool"),
            Type::Number => formatter.write_str("number"),
            Type::String => formatter.write_str("string"),
            Type::Dynamic => formatter.write_str("any type"),
            Type::List(element) => write!(formatter, "list of {element}"),
            Type::Set(element) => write!(formatter, "set of {element}"),
            Type::Map(element) => write!(formatter, "map of {element}"),
            Type::Object(_) => formatter.write_str("object"),
            Type::Tuple(_) => formatter.write_str("tuple"),
        }
    }
}
