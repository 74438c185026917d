//! Literal values as JSON, for what somebody else's schema describes.

use nhi_governance::Problem;
use serde_json::{Map, Number, Value};

use crate::code::{VALUE, quote};
use crate::tree::{Kind, Node, Place};
use crate::walk::{computed, twice};

/// The value, or the first thing that cannot be one. Recursion is as deep as the parser lets text be nested, 64.
pub(crate) fn json(node: &Node) -> Result<Value, (Place, Problem)> {
    Ok(match &node.kind {
        Kind::Null => Value::Null,
        Kind::Flag(flag) => Value::Bool(*flag),
        Kind::Number(text) => Value::Number(number(text).ok_or_else(|| {
            let message = format!("{} cannot be held without loss", quote(text));
            let help = "Write a number of 64 bits, or a text.";
            (node.at.clone(), Problem::new(&VALUE, message, help))
        })?),
        Kind::Text(text) => Value::String(text.clone()),
        Kind::List(nodes) => Value::Array(nodes.iter().map(json).collect::<Result<_, _>>()?),
        Kind::Table(entries) => {
            let mut object = Map::new();
            for entry in entries {
                if object.insert(entry.key.clone(), json(&entry.value)?).is_some() {
                    return Err((entry.at.clone(), twice(&quote(&entry.key))));
                }
            }
            Value::Object(object)
        }
        Kind::Computed(what) => return Err((node.at.clone(), computed(what))),
    })
}

fn number(text: &str) -> Option<Number> {
    if let Ok(whole) = text.parse::<i64>() {
        return Some(whole.into());
    }
    if let Ok(whole) = text.parse::<u64>() {
        return Some(whole.into());
    }
    // A whole number that is larger than that would come out as another one.
    let has_fraction = text.contains(['.', 'e', 'E']);
    let float = text.parse::<f64>().ok().filter(|_| has_fraction)?;
    Number::from_f64(float)
}
