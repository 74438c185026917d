//! A quick look at HCL before the parser: where its top-level blocks are, and what is too large for it.
//!
//! The parser gives up a whole file for one bad construct, and its time grows with the square of an object's items.
//! This scanner knows only quotes, heredocs, comments and brackets; it never recurses.

use std::borrow::Cow;
use std::ops::Range;

use crate::limits::{ITEMS_MAX, NESTING_MAX};

/// A top-level block or attribute.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Chunk {
    pub(crate) range: Range<usize>,
    /// Why the parser should not see it.
    pub(crate) refused: Option<&'static str>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Frame {
    /// Between brackets, with the items seen.
    Bracket(usize),
    /// In quotes.
    Quoted,
    /// In a heredoc: range of its delimiter.
    Heredoc(usize, usize),
    /// In `${` or `%{`.
    Template,
}

struct Scanner<'t> {
    bytes: &'t [u8],
    at: usize,
    frames: Vec<Frame>,
    refused: Option<&'static str>,
    empty: Vec<Range<usize>>,
}

/// What the scanner found in a file.
#[derive(Debug, Default)]
pub(crate) struct Look {
    pub(crate) chunks: Vec<Chunk>,
    /// Heredocs without a single line.
    empty: Vec<Range<usize>>,
}

impl Look {
    /// The text with `""` for empty heredocs, every byte in its place: the parser takes such a heredoc to go on to the
    /// next line that ends one, and all between for its text.
    pub(crate) fn readable<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.empty.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len());
        let mut copied = 0;
        for range in &self.empty {
            out.push_str(text.get(copied..range.start).unwrap_or_default());
            out.push_str("\"\"");
            out.extend(std::iter::repeat_n(' ', range.len().saturating_sub(2)));
            copied = range.end;
        }
        out.push_str(text.get(copied..).unwrap_or_default());
        Cow::Owned(out)
    }
}

/// Splits a file into its top-level parts.
pub(crate) fn look(text: &str) -> Look {
    let mut scanner = Scanner {
        bytes: text.as_bytes(),
        at: 0,
        frames: Vec::new(),
        refused: None,
        empty: Vec::new(),
    };
    let mut chunks = Vec::new();
    let mut start: Option<usize> = None;
    while let Some(byte) = scanner.peek(0) {
        let outside = scanner.frames.is_empty();
        if outside && byte == b'\n' {
            if let Some(start) = start.take() {
                chunks.push(Chunk {
                    range: start..scanner.at,
                    refused: scanner.refused.take(),
                });
            }
            scanner.at += 1;
            continue;
        }
        if outside && start.is_none() && !byte.is_ascii_whitespace() && !scanner.at_comment() {
            start = Some(scanner.at);
        }
        scanner.step(byte);
    }
    if let Some(start) = start {
        chunks.push(Chunk {
            range: start..text.len(),
            refused: scanner.refused,
        });
    }
    Look {
        chunks,
        empty: scanner.empty,
    }
}

impl Scanner<'_> {
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    fn at_comment(&self) -> bool {
        match self.peek(0) {
            Some(b'#') => true,
            Some(b'/') => matches!(self.peek(1), Some(b'/' | b'*')),
            _ => false,
        }
    }

    fn push(&mut self, frame: Frame) {
        if self.frames.len() >= NESTING_MAX * 2 {
            self.refused = Some("it is nested too deeply");
        }
        self.frames.push(frame);
    }

    fn step(&mut self, byte: u8) {
        match self.frames.last().copied() {
            Some(Frame::Quoted) => self.quoted(byte),
            Some(Frame::Heredoc(start, end)) => self.heredoc(byte, start, end),
            _ => self.code(byte),
        }
    }

    /// `${` and `%{`, unless doubled.
    fn opens_template(&mut self, byte: u8) -> bool {
        if !matches!(byte, b'$' | b'%') {
            return false;
        }
        if self.peek(1) == Some(byte) && self.peek(2) == Some(b'{') {
            self.at += 3;
            return true;
        }
        if self.peek(1) == Some(b'{') {
            self.at += 2;
            self.push(Frame::Template);
            return true;
        }
        false
    }

    fn quoted(&mut self, byte: u8) {
        if self.opens_template(byte) {
            return;
        }
        self.at += match byte {
            b'\\' => 2,
            // A quoted text does not span lines: whatever this is, it is over.
            b'"' | b'\n' => {
                self.frames.pop();
                1
            }
            _ => 1,
        };
    }

    fn heredoc(&mut self, byte: u8, start: usize, end: usize) {
        if self.opens_template(byte) {
            return;
        }
        if byte != b'\n' {
            self.at += 1;
            return;
        }
        let mut after = self.at + 1;
        while matches!(self.bytes.get(after), Some(b' ' | b'\t')) {
            after += 1;
        }
        let delimiter = self.bytes.get(start..end).unwrap_or_default();
        let found = self.bytes.get(after..after + delimiter.len()) == Some(delimiter);
        let next = self.bytes.get(after + delimiter.len()).copied();
        if found && !next.is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')) {
            self.frames.pop();
            let opened = self.bytes.get(end..self.at).unwrap_or_default();
            let begin = self
                .bytes
                .get(..start)
                .unwrap_or_default()
                .iter()
                .rposition(|byte| *byte != b'<' && *byte != b'-');
            if opened.iter().all(u8::is_ascii_whitespace)
                && let Some(begin) = begin
            {
                self.empty.push(begin + 1..after + delimiter.len());
            }
            self.at = after + delimiter.len();
        } else {
            self.at += 1;
        }
    }

    fn code(&mut self, byte: u8) {
        match byte {
            b'#' => self.line_comment(),
            b'/' if self.peek(1) == Some(b'/') => self.line_comment(),
            b'/' if self.peek(1) == Some(b'*') => self.block_comment(),
            b'"' => {
                self.at += 1;
                self.push(Frame::Quoted);
            }
            b'<' if self.peek(1) == Some(b'<') => self.open_heredoc(),
            b'{' | b'[' | b'(' => {
                self.at += 1;
                self.push(Frame::Bracket(0));
            }
            b'}' | b']' | b')' => {
                self.at += 1;
                self.frames.pop();
            }
            b'=' | b':' => {
                self.item();
                self.at += 1;
            }
            _ => self.at += 1,
        }
    }

    fn item(&mut self) {
        let double = matches!(self.peek(1), Some(b'=' | b'>'));
        if let Some(Frame::Bracket(items)) = self.frames.last_mut().filter(|_| !double) {
            *items += 1;
            if *items > ITEMS_MAX {
                self.refused = Some("it has too many items");
            }
        }
    }

    fn line_comment(&mut self) {
        while self.peek(0).is_some_and(|byte| byte != b'\n') {
            self.at += 1;
        }
    }

    fn block_comment(&mut self) {
        self.at += 2;
        while self.peek(0).is_some() && !(self.peek(0) == Some(b'*') && self.peek(1) == Some(b'/')) {
            self.at += 1;
        }
        self.at += 2;
    }

    fn open_heredoc(&mut self) {
        let mut start = self.at + 2;
        if self.bytes.get(start) == Some(&b'-') {
            start += 1;
        }
        let mut end = start;
        while self
            .bytes
            .get(end)
            .is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-') || *byte >= 0x80)
        {
            end += 1;
        }
        if end == start {
            self.at += 2;
            return;
        }
        self.at = end;
        self.push(Frame::Heredoc(start, end));
    }
}

#[cfg(test)]
mod tests {
    use super::look;

    fn found(text: &str) -> Vec<&str> {
        look(text)
            .chunks
            .into_iter()
            .filter_map(|chunk| text.get(chunk.range))
            .collect()
    }

    #[test]
    fn blocks_are_told_apart() {
        let text = "# c\nresource \"a\" \"b\" {\n  x = \"}${\"}\"}\"\n}\n\nlocals {\n y = <<-E\n }\n  E\n}\n/* { */ a = 1\nb = [\n1]";
        assert_eq!(
            found(text),
            [
                "resource \"a\" \"b\" {\n  x = \"}${\"}\"}\"\n}",
                "locals {\n y = <<-E\n }\n  E\n}",
                "a = 1",
                "b = [\n1]"
            ]
        );
    }

    #[test]
    fn an_empty_heredoc_is_an_empty_text() {
        let text = "a = <<-EOT\n  EOT\nb = [<<E\nE\n]\nc = <<E\nx\nE\n";
        let expected = "a = \"\"          \nb = [\"\"   \n]\nc = <<E\nx\nE\n";
        assert_eq!(look(text).readable(text), expected);
    }

    #[test]
    fn what_is_too_large_is_refused() {
        let items = "k = 1\n".repeat(3000);
        let text = format!("locals {{\n a = {{\n{items} }}\n}}\nlocals {{ b = 1 }}\n");
        let chunks = look(&text).chunks;
        assert_eq!(chunks.len(), 2);
        assert!(chunks[0].refused.is_some() && chunks[1].refused.is_none());
    }
}
