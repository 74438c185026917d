//! One value of a document and the ways to look into it.

use std::borrow::Cow;
use std::fmt;

use super::document::{Document, Node, NodeKind};
use super::text::unescape;
use crate::path::{self, Segment};

/// Which kind of JSON value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool,
    /// A number.
    Number,
    /// A string.
    String,
    /// An object.
    Object,
    /// An array.
    Array,
}

/// A value inside a [`Document`]; cheap to copy.
#[derive(Clone, Copy)]
pub struct Value<'d> {
    pub(crate) document: &'d Document<'d>,
    pub(crate) index: u32,
}

impl<'d> Value<'d> {
    pub(crate) fn new(document: &'d Document<'d>, index: u32) -> Self {
        Self { document, index }
    }

    fn node(self) -> Option<&'d Node> {
        self.document.nodes.get(self.index as usize)
    }

    pub(crate) fn node_kind(self) -> NodeKind {
        self.node().map_or(NodeKind::Null, |node| node.kind)
    }

    /// The node after this value.
    pub(crate) fn end(self) -> u32 {
        self.node().map_or(self.index, |node| node.next)
    }

    /// Which kind of value.
    pub fn kind(self) -> Kind {
        match self.node_kind() {
            NodeKind::Null => Kind::Null,
            NodeKind::True | NodeKind::False => Kind::Bool,
            NodeKind::Number => Kind::Number,
            NodeKind::String | NodeKind::Key => Kind::String,
            NodeKind::Object => Kind::Object,
            NodeKind::Array => Kind::Array,
        }
    }

    /// Whether it is `null`.
    pub fn is_null(self) -> bool {
        self.kind() == Kind::Null
    }

    /// The boolean.
    pub fn as_bool(self) -> Option<bool> {
        match self.node_kind() {
            NodeKind::True => Some(true),
            NodeKind::False => Some(false),
            _ => None,
        }
    }

    /// The string; borrowed unless it holds escapes.
    pub fn as_str(self) -> Option<Cow<'d, str>> {
        let node = self.node()?;
        (self.kind() == Kind::String).then(|| unescape(self.document.text, node.span))
    }

    /// The number exactly as it is written.
    pub fn number_text(self) -> Option<&'d str> {
        (self.kind() == Kind::Number).then(|| self.raw())
    }

    /// The JSON text of the value.
    pub fn raw(self) -> &'d str {
        let Some(node) = self.node() else { return "" };
        let quotes = usize::from(self.kind() == Kind::String);
        let (start, end) = (node.span.start as usize - quotes, node.span.end as usize + quotes);
        self.document.text.get(start..end).unwrap_or_default()
    }

    /// Byte offset of the value in the document's text.
    pub fn offset(self) -> usize {
        let quotes = usize::from(self.kind() == Kind::String);
        self.node().map_or(0, |node| node.span.start as usize - quotes)
    }

    /// Members of an object in their order; nothing for other kinds.
    pub fn members(self) -> Members<'d> {
        Members(self.children(NodeKind::Object))
    }

    /// Elements of an array; nothing for other kinds.
    pub fn elements(self) -> Elements<'d> {
        Elements(self.children(NodeKind::Array))
    }

    fn children(self, kind: NodeKind) -> Children<'d> {
        let end = if self.node_kind() == kind { self.end() } else { 0 };
        Children {
            document: self.document,
            next: self.index + 1,
            end,
        }
    }

    /// How many members or elements; takes as long as going through them.
    pub fn len(self) -> usize {
        if self.kind() == Kind::Object {
            self.members().count()
        } else {
            self.elements().count()
        }
    }

    /// Whether it has no members and no elements.
    pub fn is_empty(self) -> bool {
        self.members().next().is_none() && self.elements().next().is_none()
    }

    /// The member `key`; goes through the members before it.
    pub fn get(self, key: &str) -> Option<Self> {
        let mut members = self.members();
        while let Some((node, value)) = members.next_node() {
            let is_key = if node.span.escaped {
                unescape(self.document.text, node.span) == key
            } else {
                node.span.len() == key.len() && node.span.bytes_of(self.document.text) == key.as_bytes()
            };
            if is_key {
                return Some(value);
            }
        }
        None
    }

    /// Element `index`; goes through the elements before it.
    pub fn index(self, index: usize) -> Option<Self> {
        self.elements().nth(index)
    }

    /// The value at a Terraform attribute path such as `statement[0].actions`; the empty path is the value itself.
    pub fn at(self, path: &str) -> Option<Self> {
        if path::is_identifier(path) {
            return self.get(path);
        }
        let mut value = self;
        for segment in path::parse(path)? {
            value = match segment {
                Segment::Key(key) => value.get(&key)?,
                Segment::Index(index) => value.index(index)?,
            };
        }
        Some(value)
    }
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Values may be secrets: say what and where, never which.
        f.debug_struct("Value")
            .field("kind", &self.kind())
            .field("offset", &self.offset())
            .finish()
    }
}

#[derive(Clone)]
struct Children<'d> {
    document: &'d Document<'d>,
    next: u32,
    end: u32,
}

impl<'d> Children<'d> {
    #[inline]
    fn next_value(&mut self) -> Option<Value<'d>> {
        if self.next >= self.end {
            return None;
        }
        let value = Value::new(self.document, self.next);
        self.next = value.end();
        Some(value)
    }
}

/// Members of an object; made by [`Value::members`].
#[derive(Clone)]
pub struct Members<'d>(Children<'d>);

impl<'d> Members<'d> {
    #[inline]
    fn next_node(&mut self) -> Option<(&'d Node, Value<'d>)> {
        let key = self.0.next_value()?.node()?;
        Some((key, self.0.next_value()?))
    }
}

impl<'d> Iterator for Members<'d> {
    type Item = (Cow<'d, str>, Value<'d>);

    fn next(&mut self) -> Option<Self::Item> {
        let (key, value) = self.next_node()?;
        Some((unescape(self.0.document.text, key.span), value))
    }
}

impl fmt::Debug for Members<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Members")
    }
}

/// Elements of an array; made by [`Value::elements`].
#[derive(Clone)]
pub struct Elements<'d>(Children<'d>);

impl<'d> Iterator for Elements<'d> {
    type Item = Value<'d>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next_value()
    }
}

impl fmt::Debug for Elements<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Elements")
    }
}
