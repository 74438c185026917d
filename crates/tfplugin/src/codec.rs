//! The wire form of values: `DynamicValue`, as msgpack or JSON, read and written by the schema's type.
//!
//! Without the type the bytes are ambiguous (a set looks like a list, an object like a map, decimal text like a
//! string), so nothing is decoded without one, and what does not fit is an error with the attribute it stands at.
//! Errors never quote a value, since it may be a secret. Strings are taken as they come: normalising them to NFC is
//! the core's business.

mod json_read;
mod json_write;
mod msgpack_read;
mod msgpack_write;
mod place;
mod refinement;

use std::fmt;

use crate::value::{AttributePath, Type, Value};

/// How deeply values may nest, dynamically typed ones included; the recursion relies on it.
pub const VALUE_DEPTH_MAX: usize = 128;
/// How many values one message may hold. A byte of input can become a value of 32 bytes, so size alone is no bound.
pub const VALUES_MAX: usize = 8_000_000;

/// Why bytes are not a value of the type, or a value has no wire form under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodecError {
    /// Where in the value.
    pub path: AttributePath,
    /// What is wrong there.
    pub message: String,
}

impl fmt::Display for CodecError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_root() {
            return formatter.write_str(&self.message);
        }
        write!(formatter, "{}: {}", self.path, self.message)
    }
}

impl std::error::Error for CodecError {}

/// What to do with attributes in JSON that the type does not have. Missing ones are null in either case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnknownAttributes {
    /// They are an error.
    Refuse,
    /// They are dropped: for states that an older version of the schema wrote.
    Drop,
}

/// Reads a value of type `ty` from msgpack. No bytes at all are null.
pub fn decode_msgpack(bytes: &[u8], ty: &Type) -> Result<Value, CodecError> {
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    msgpack_read::decode(bytes, ty)
}

/// Writes a value of type `ty` as msgpack. Refinements of unknown values are left out: they would bind the apply.
pub fn encode_msgpack(value: &Value, ty: &Type) -> Result<Vec<u8>, CodecError> {
    msgpack_write::encode(value, ty)
}

/// Reads a value of type `ty` from JSON. No bytes at all are null.
pub fn decode_json(bytes: &[u8], ty: &Type, unknown: UnknownAttributes) -> Result<Value, CodecError> {
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    json_read::decode(bytes, ty, unknown)
}

/// Writes a wholly known value of type `ty` as JSON.
pub fn encode_json(value: &Value, ty: &Type) -> Result<String, CodecError> {
    json_write::encode(value, ty)
}

#[cfg(test)]
mod tests;
