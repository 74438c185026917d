//! The `expressions` of a configuration block: constants, references, and blocks inside blocks.
//!
//! An attribute is an object of `constant_value` or `references`, or an empty one when it has neither; a nested
//! block is an object of attributes. Only the shape tells them apart.

use std::borrow::Cow;

use crate::json::{Document, Kind, Value};
use crate::path;

/// One attribute as the author wrote it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expression<'d> {
    pub(crate) constant: Option<Value<'d>>,
    pub(crate) references: Option<Value<'d>>,
}

/// Told of everything in a block.
pub(crate) trait Visitor<'d> {
    /// An attribute at `path`.
    fn expression(&mut self, path: &str, key: Option<&str>, expression: Expression<'d>);
    /// A nested block or a list of them begins.
    fn open(&mut self, _key: Option<&str>, _object: bool) {}
    /// It ends.
    fn close(&mut self, _object: bool) {}
}

/// The attribute that `value` describes; `None` when it is a nested block.
fn expression(value: Value<'_>) -> Option<Expression<'_>> {
    if value.kind() != Kind::Object {
        return None;
    }
    let mut found = Expression {
        constant: None,
        references: None,
    };
    for (key, member) in value.members() {
        match &*key {
            "constant_value" => found.constant = Some(member),
            "references"
                if member.kind() == Kind::Array && member.elements().all(|name| name.kind() == Kind::String) =>
            {
                found.references = Some(member);
            }
            _ => return None,
        }
    }
    Some(found)
}

struct Frame {
    end: u32,
    path_bytes: usize,
    index: usize,
    object: bool,
}

/// Visits all attributes of a block, or the one attribute that `document` is.
pub(crate) fn visit<'d>(document: &'d Document<'d>, visitor: &mut impl Visitor<'d>) {
    let root = document.root();
    if let Some(found) = expression(root).filter(|found| found.constant.is_some() || found.references.is_some()) {
        visitor.expression("", None, found);
        return;
    }
    let mut path = String::new();
    let mut frames: Vec<Frame> = Vec::new();
    let mut key: Option<Cow<'d, str>> = None;
    let (mut at, end) = (root.index, root.end());
    while at < end {
        let value = Value::new(document, at);
        if document.is_key(at) {
            key = Some(document.text_of(at));
            at += 1;
            continue;
        }
        let path_bytes = path.len();
        let key = key.take();
        match (&key, frames.last_mut()) {
            (Some(key), _) => path::push_key(&mut path, key),
            (None, Some(frame)) => {
                path::push_index(&mut path, frame.index);
                frame.index += 1;
            }
            (None, None) => {}
        }
        if let Some(found) = key.as_deref().and_then(|_| expression(value)) {
            visitor.expression(&path, key.as_deref(), found);
            at = value.end();
            path.truncate(path_bytes);
        } else if matches!(value.kind(), Kind::Object | Kind::Array) {
            let object = value.kind() == Kind::Object;
            visitor.open(key.as_deref(), object);
            frames.push(Frame {
                end: value.end(),
                path_bytes,
                index: 0,
                object,
            });
            at += 1;
        } else {
            at += 1;
            path.truncate(path_bytes);
        }
        while let Some(frame) = frames.pop_if(|frame| frame.end == at) {
            visitor.close(frame.object);
            path.truncate(frame.path_bytes);
        }
    }
}
