//! Pulls values out of JSON text, checking everything it passes.
//!
//! The cursor keeps its own stack, so depth costs heap instead of stack, and what a reader skips is validated as
//! strictly as what it reads.

use std::borrow::Cow;

use super::keys::Keys;
use super::scan::{self, Span, narrow};
use super::text::unescape;
use crate::error::{ReadError, code};
use crate::limits::Limits;

/// What [`Cursor::next`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number.
    Number,
    /// A string.
    String,
    /// An object has been entered.
    Object,
    /// An array has been entered.
    Array,
}

/// An open container.
#[derive(Debug, Clone, Copy)]
struct Frame {
    /// Where its keys begin; unused for arrays.
    keys: u32,
    object: bool,
    empty: bool,
    sorted: bool,
}

/// Told of everything on the way through a value.
pub(crate) trait Sink {
    fn key(&mut self, span: Span);
    fn scalar(&mut self, token: Token, span: Span);
    fn open(&mut self, token: Token, start: usize);
    fn close(&mut self, end: usize);
}

struct Skip;

impl Sink for Skip {
    fn key(&mut self, _: Span) {}
    fn scalar(&mut self, _: Token, _: Span) {}
    fn open(&mut self, _: Token, _: usize) {}
    fn close(&mut self, _: usize) {}
}

/// A position in JSON text.
#[derive(Debug)]
pub struct Cursor<'t> {
    text: &'t str,
    position: usize,
    frames: Vec<Frame>,
    keys: Keys,
    nodes: u64,
    records: u64,
    limits: Limits,
}

impl<'t> Cursor<'t> {
    /// Stands before the one value of `text`.
    pub fn new(text: &'t str, limits: &Limits) -> Result<Self, ReadError> {
        let bytes_max = limits.bytes.min(Limits::BYTES_MAX);
        if u64::try_from(text.len()).unwrap_or(u64::MAX) > bytes_max {
            let offset = usize::try_from(bytes_max).unwrap_or(usize::MAX);
            return Err(ReadError::budget(offset, "bytes", bytes_max));
        }
        Ok(Self {
            text,
            position: 0,
            frames: Vec::new(),
            keys: Keys::default(),
            nodes: 0,
            records: 0,
            limits: *limits,
        })
    }

    /// Stands before a value in the middle of `text`, with so many containers around it.
    pub(crate) fn inside(text: &'t str, position: usize, depth: u32, limits: &Limits) -> Result<Self, ReadError> {
        let limits = Limits {
            depth: limits.depth.saturating_sub(depth),
            ..*limits
        };
        Ok(Self {
            position,
            ..Self::new(text, &limits)?
        })
    }

    /// Goes on behind what another cursor over the same text passed; stays where it is, and says false, where both
    /// together passed more than the limits allow.
    pub(crate) fn follow(&mut self, other: &Self) -> bool {
        let (nodes, records) = (self.nodes + other.nodes, self.records + other.records);
        let fits = nodes <= self.limits.nodes && records <= self.limits.records;
        if fits {
            (self.position, self.nodes, self.records) = (other.position, nodes, records);
        }
        fits
    }

    /// Byte offset into the text.
    pub fn offset(&self) -> usize {
        self.position
    }

    /// The text from `start` to here.
    pub fn since(&self, start: usize) -> &'t str {
        self.text.get(start..self.position).unwrap_or_default()
    }

    #[inline]
    fn bytes(&self) -> &'t [u8] {
        self.text.as_bytes()
    }

    /// The next byte that is not white space.
    #[inline]
    fn peek(&mut self) -> Result<u8, ReadError> {
        let bytes = self.bytes();
        loop {
            match bytes.get(self.position) {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.position += 1,
                Some(&byte) => return Ok(byte),
                None => return Err(ReadError::truncated(bytes.len())),
            }
        }
    }

    #[inline]
    fn count(&mut self) -> Result<(), ReadError> {
        self.nodes += 1;
        if self.nodes > self.limits.nodes {
            return Err(ReadError::budget(self.position, "JSON values", self.limits.nodes));
        }
        Ok(())
    }

    /// Counts an entry that the caller is about to keep.
    pub(crate) fn record(&mut self) -> Result<(), ReadError> {
        self.records += 1;
        if self.records > self.limits.records {
            return Err(ReadError::budget(self.position, "entries", self.limits.records));
        }
        Ok(())
    }

    /// What kind of value comes next, without moving.
    pub fn kind(&mut self) -> Result<Token, ReadError> {
        match self.peek()? {
            b'{' => Ok(Token::Object),
            b'[' => Ok(Token::Array),
            b'"' => Ok(Token::String),
            b't' => Ok(Token::Bool(true)),
            b'f' => Ok(Token::Bool(false)),
            b'n' => Ok(Token::Null),
            b'-' | b'0'..=b'9' => Ok(Token::Number),
            _ => Err(ReadError::syntax(self.position, "expected a JSON value")),
        }
    }

    /// Consumes a scalar or enters a container.
    #[inline]
    pub(crate) fn next(&mut self) -> Result<(Token, Span), ReadError> {
        let token = self.kind()?;
        self.count()?;
        let (bytes, start) = (self.bytes(), self.position);
        let span = match token {
            Token::Object | Token::Array => {
                self.enter(token == Token::Object)?;
                Span::new(start, start + 1, false)
            }
            Token::String => {
                let span = scan::string(bytes, start)?;
                self.position = span.end as usize + 1;
                span
            }
            Token::Number => Span::new(start, scan::number(bytes, start)?, false),
            Token::Bool(true) => Span::new(start, scan::literal(bytes, start, "true")?, false),
            Token::Bool(false) => Span::new(start, scan::literal(bytes, start, "false")?, false),
            Token::Null => Span::new(start, scan::literal(bytes, start, "null")?, false),
        };
        if matches!(token, Token::Number | Token::Bool(_) | Token::Null) {
            self.position = span.end as usize;
        }
        Ok((token, span))
    }

    #[inline]
    fn enter(&mut self, object: bool) -> Result<(), ReadError> {
        if self.frames.len() >= self.limits.depth as usize {
            let message = format!("the text is nested more than {} deep", self.limits.depth);
            let help = "find out who wrote this file: no real plan is nested this deeply";
            return Err(ReadError::new(code::DEPTH, self.position, message, help));
        }
        self.frames.push(Frame {
            keys: narrow(self.keys.len()),
            object,
            empty: true,
            sorted: true,
        });
        self.position += 1;
        Ok(())
    }

    /// Moves to the next key of the innermost object and past its colon; `None` leaves the object.
    #[inline]
    pub(crate) fn key_span(&mut self) -> Result<Option<Span>, ReadError> {
        let Some(mut frame) = self.frames.last().copied() else {
            return Err(ReadError::syntax(self.position, "expected an object"));
        };
        let mut byte = self.peek()?;
        if byte == b'}' {
            self.leave()?;
            return Ok(None);
        }
        if !frame.empty {
            if byte != b',' {
                return Err(ReadError::syntax(self.position, "expected `,` or `}` after a member"));
            }
            self.position += 1;
            byte = self.peek()?;
        }
        if byte != b'"' {
            return Err(ReadError::syntax(self.position, "expected a key in quotes"));
        }
        self.count()?;
        let key = scan::string(self.bytes(), self.position)?;
        self.position = key.end as usize + 1;
        if self.peek()? != b':' {
            return Err(ReadError::syntax(self.position, "expected `:` after a key"));
        }
        self.position += 1;
        frame.empty = false;
        frame.sorted &= self.keys.push(self.text, frame.keys as usize, key);
        if let Some(top) = self.frames.last_mut() {
            *top = frame;
        }
        Ok(Some(key))
    }

    /// Moves to the next element of the innermost array; false leaves the array.
    #[inline]
    pub fn element(&mut self) -> Result<bool, ReadError> {
        let byte = self.peek()?;
        let Some(frame) = self.frames.last_mut() else {
            return Err(ReadError::syntax(self.position, "expected an array"));
        };
        if byte == b']' {
            self.leave()?;
            return Ok(false);
        }
        if frame.empty {
            frame.empty = false;
            return Ok(true);
        }
        if byte != b',' {
            return Err(ReadError::syntax(self.position, "expected `,` or `]` after an element"));
        }
        self.position += 1;
        Ok(true)
    }

    #[inline]
    fn leave(&mut self) -> Result<(), ReadError> {
        self.position += 1;
        match self.frames.pop() {
            Some(frame) if !frame.object => {}
            Some(frame) if frame.sorted => self.keys.close_sorted(frame.keys as usize),
            Some(frame) => self.keys.close(self.text, frame.keys as usize)?,
            None => {}
        }
        Ok(())
    }

    /// Passes one value, telling `sink` of everything in it, and returns its text.
    pub(crate) fn drive(&mut self, sink: &mut impl Sink) -> Result<&'t str, ReadError> {
        let base = self.frames.len();
        self.peek()?;
        let start = self.position;
        loop {
            let (token, span) = self.next()?;
            match token {
                Token::Object | Token::Array => sink.open(token, span.start as usize),
                _ => sink.scalar(token, span),
            }
            while self.frames.len() > base {
                let object = self.frames.last().is_some_and(|frame| frame.object);
                let more = if object {
                    let key = self.key_span()?;
                    if let Some(key) = key {
                        sink.key(key);
                    }
                    key.is_some()
                } else {
                    self.element()?
                };
                if more {
                    break;
                }
                sink.close(self.position);
            }
            if self.frames.len() == base {
                return Ok(self.since(start));
            }
        }
    }

    /// Passes one value, checking all of it, and returns its text.
    pub fn skip(&mut self) -> Result<&'t str, ReadError> {
        self.drive(&mut Skip)
    }

    /// Enters an object; `null` counts as absent, anything else is refused.
    pub fn object(&mut self, what: &str) -> Result<bool, ReadError> {
        self.container(Token::Object, what, "an object")
    }

    /// Enters an array; `null` counts as absent, anything else is refused.
    pub fn array(&mut self, what: &str) -> Result<bool, ReadError> {
        self.container(Token::Array, what, "an array")
    }

    fn container(&mut self, wanted: Token, what: &str, kind: &str) -> Result<bool, ReadError> {
        match self.kind()? {
            Token::Null => self.next().map(|_| false),
            found if found == wanted => self.next().map(|_| true),
            _ => Err(self.mismatch(what, kind)),
        }
    }

    /// The next key of the innermost object; `None` leaves it.
    pub fn key(&mut self) -> Result<Option<Cow<'t, str>>, ReadError> {
        Ok(self.key_span()?.map(|span| unescape(self.text, span)))
    }

    /// A string, or `None` for `null`.
    pub fn string(&mut self, what: &str) -> Result<Option<Cow<'t, str>>, ReadError> {
        match self.kind()? {
            Token::Null => self.next().map(|_| None),
            Token::String => self.next().map(|(_, span)| Some(unescape(self.text, span))),
            _ => Err(self.mismatch(what, "a string")),
        }
    }

    /// A boolean; `null` is false.
    pub fn boolean(&mut self, what: &str) -> Result<bool, ReadError> {
        match self.kind()? {
            Token::Null => self.next().map(|_| false),
            Token::Bool(value) => self.next().map(|_| value),
            _ => Err(self.mismatch(what, "true or false")),
        }
    }

    #[cold]
    fn mismatch(&self, what: &str, kind: &str) -> ReadError {
        ReadError::format(
            self.position,
            format!("`{what}` is not {kind}"),
            "pass the output of `tofu show -json` or `terraform show -json`, unchanged",
        )
    }

    /// Makes sure that nothing follows.
    pub fn finish(&mut self) -> Result<(), ReadError> {
        match self.peek() {
            Err(_) => Ok(()),
            Ok(_) => Err(ReadError::new(
                code::TRAILING,
                self.position,
                "text follows the JSON value",
                "pass one plan a file, and nothing after it",
            )),
        }
    }
}
