//! JSON strings to text and back.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::scan::{Span, hex4, string};

/// The text of a string that the scanner has accepted.
pub(crate) fn unescape(text: &str, span: Span) -> Cow<'_, str> {
    let raw = span.of(text);
    if span.escaped {
        Cow::Owned(unescape_owned(raw))
    } else {
        Cow::Borrowed(raw)
    }
}

#[cold]
fn unescape_owned(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    // Escapes stand close to each other, as in JSON inside of JSON: a search by words would cost more than it saves.
    while let Some(at) = rest.bytes().position(|byte| byte == b'\\') {
        let (plain, escape) = rest.split_at_checked(at).unwrap_or((rest, ""));
        let escape = escape.get(1..).unwrap_or_default();
        out.push_str(plain);
        let mut tail = escape.chars();
        match tail.next() {
            Some('b') => out.push('\u{8}'),
            Some('f') => out.push('\u{c}'),
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('t') => out.push('\t'),
            Some('u') => {
                let (character, length) = unicode(escape);
                out.push(character);
                rest = escape.get(length..).unwrap_or_default();
                continue;
            }
            Some(other) => out.push(other),
            None => {}
        }
        rest = tail.as_str();
    }
    out.push_str(rest);
    out
}

/// The character behind `uXXXX` or `uXXXX\uXXXX`, and the length of its spelling.
fn unicode(escape: &str) -> (char, usize) {
    let unit = |position| hex4(escape.as_bytes(), position).unwrap_or(0xfffd);
    let first = unit(1);
    if !(0xd800..0xdc00).contains(&first) {
        return (char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER), 5);
    }
    let point = 0x10000 + ((first & 0x3ff) << 10) + (unit(7) & 0x3ff);
    (char::from_u32(point).unwrap_or(char::REPLACEMENT_CHARACTER), 11)
}

/// The JSON string that `text` begins with, and what follows it.
pub(crate) fn string_prefix(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let span = string(text.as_bytes(), 0).ok()?;
    Some((unescape(text, span), text.get(span.end as usize + 1..)?))
}

/// `text` as a JSON string with its quotes.
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    quote_into(&mut out, text);
    out
}

/// Appends `text` as a JSON string with its quotes.
pub(crate) fn quote_into(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if control < ' ' || control == '\u{7f}' => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(control));
            }
            other => out.push(other),
        }
    }
    out.push('"');
}
