//! A JSON text as a tree in one vector.
//!
//! Nodes stand in document order and containers know where they end, so that nothing here recurses: not reading,
//! not walking, not dropping.

use std::borrow::Cow;

use super::cursor::{Cursor, Sink, Token};
use super::scan::{Span, narrow};
use super::text::unescape;
use super::value::Value;
use crate::error::{ReadError, code};
use crate::limits::Limits;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NodeKind {
    Null,
    False,
    True,
    Number,
    String,
    Key,
    Object,
    Array,
}

/// A value, or a key that stands before its value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node {
    pub(crate) span: Span,
    /// The node after this one and everything in it.
    pub(crate) next: u32,
    pub(crate) kind: NodeKind,
}

/// A parsed text.
#[derive(Debug)]
pub struct Document<'t> {
    pub(crate) text: &'t str,
    pub(crate) nodes: Vec<Node>,
}

/// Reads `text` with the default [`Limits`].
pub fn parse(text: &str) -> Result<Document<'_>, ReadError> {
    parse_with(text, &Limits::default())
}

/// Reads `text` within `limits`.
pub fn parse_with<'t>(text: &'t str, limits: &Limits) -> Result<Document<'t>, ReadError> {
    let mut cursor = Cursor::new(text, limits)?;
    if text.bytes().all(|byte| byte.is_ascii_whitespace()) {
        return Err(ReadError::new(code::EMPTY, 0, "the text is empty", "pass a JSON value"));
    }
    let mut builder = Builder {
        nodes: Vec::with_capacity(text.len() / 16),
        open: Vec::new(),
    };
    cursor.drive(&mut builder)?;
    cursor.finish()?;
    Ok(Document {
        text,
        nodes: builder.nodes,
    })
}

impl<'t> Document<'t> {
    /// The one value of the text.
    pub fn root(&self) -> Value<'_> {
        Value::new(self, 0)
    }

    /// The text it was read from.
    pub fn text(&self) -> &'t str {
        self.text
    }

    pub(crate) fn is_key(&self, index: u32) -> bool {
        self.nodes
            .get(index as usize)
            .is_some_and(|node| node.kind == NodeKind::Key)
    }

    /// The text of the string or key at `index`.
    pub(crate) fn text_of(&self, index: u32) -> Cow<'t, str> {
        self.nodes
            .get(index as usize)
            .map_or(Cow::Borrowed(""), |node| unescape(self.text, node.span))
    }

    /// Every string value in document order, without its place.
    pub fn strings(&self) -> Strings<'_> {
        Strings {
            text: self.text,
            nodes: self.nodes.iter(),
        }
    }
}

/// Every string value of a document; made by [`Document::strings`].
#[derive(Debug)]
pub struct Strings<'d> {
    text: &'d str,
    nodes: std::slice::Iter<'d, Node>,
}

impl<'d> Iterator for Strings<'d> {
    type Item = Cow<'d, str>;

    fn next(&mut self) -> Option<Self::Item> {
        let node = self.nodes.find(|node| node.kind == NodeKind::String)?;
        Some(unescape(self.text, node.span))
    }
}

struct Builder {
    nodes: Vec<Node>,
    /// Containers whose end is not known yet.
    open: Vec<u32>,
}

impl Builder {
    #[inline]
    fn push(&mut self, kind: NodeKind, span: Span) {
        let next = narrow(self.nodes.len() + 1);
        self.nodes.push(Node { span, next, kind });
    }
}

impl Sink for Builder {
    #[inline]
    fn key(&mut self, span: Span) {
        self.push(NodeKind::Key, span);
    }

    #[inline]
    fn scalar(&mut self, token: Token, span: Span) {
        let kind = match token {
            Token::Bool(true) => NodeKind::True,
            Token::Bool(false) => NodeKind::False,
            Token::Number => NodeKind::Number,
            Token::String => NodeKind::String,
            Token::Null | Token::Object | Token::Array => NodeKind::Null,
        };
        self.push(kind, span);
    }

    #[inline]
    fn open(&mut self, token: Token, start: usize) {
        self.open.push(narrow(self.nodes.len()));
        let kind = if token == Token::Object {
            NodeKind::Object
        } else {
            NodeKind::Array
        };
        self.push(kind, Span::new(start, start, false));
    }

    #[inline]
    fn close(&mut self, end: usize) {
        let next = narrow(self.nodes.len());
        if let Some(node) = self.open.pop().and_then(|index| self.nodes.get_mut(index as usize)) {
            node.next = next;
            node.span.end = narrow(end);
        }
    }
}
