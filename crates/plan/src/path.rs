//! Terraform attribute paths: `statement[0].actions`, `tags["cost-center"]`.
//!
//! A key that is not an identifier stands in brackets as a JSON string; the empty path is the value itself.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::json::quote_into;

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Segment<'a> {
    /// Attribute of an object or key of a map.
    Key(Cow<'a, str>),
    /// Element of a list or a set.
    Index(usize),
}

/// Whether a key stands in a path as it is; alone it is a path.
pub(crate) fn is_identifier(key: &str) -> bool {
    let mut bytes = key.bytes();
    bytes
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Appends a key to a path.
pub fn push_key(path: &mut String, key: &str) {
    if is_identifier(key) {
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(key);
    } else {
        path.push('[');
        quote_into(path, key);
        path.push(']');
    }
}

/// Appends an index to a path.
pub fn push_index(path: &mut String, index: usize) {
    // Writing to a String cannot fail.
    let _ = write!(path, "[{index}]");
}

/// Appends a step to a path.
pub fn push(path: &mut String, segment: &Segment<'_>) {
    match segment {
        Segment::Key(key) => push_key(path, key),
        Segment::Index(index) => push_index(path, *index),
    }
}

/// The steps of a path; `None` when it is not one.
pub fn parse(path: &str) -> Option<Vec<Segment<'_>>> {
    let mut segments = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('[') {
            let (segment, after) = bracket(inner)?;
            segments.push(segment);
            rest = after;
            continue;
        }
        let name = if segments.is_empty() {
            rest
        } else {
            rest.strip_prefix('.')?
        };
        let length = name.find(['.', '[']).unwrap_or(name.len());
        let (key, after) = name.split_at_checked(length)?;
        if !is_identifier(key) {
            return None;
        }
        segments.push(Segment::Key(Cow::Borrowed(key)));
        rest = after;
    }
    Some(segments)
}

/// What follows an opening bracket, and the text after the closing one.
fn bracket(inner: &str) -> Option<(Segment<'_>, &str)> {
    if inner.starts_with('"') {
        let (key, after) = crate::json::string_prefix(inner)?;
        return Some((Segment::Key(key), after.strip_prefix(']')?));
    }
    let (digits, after) = inner.split_once(']')?;
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some((Segment::Index(digits.parse().ok()?), after))
}
