//! Symbols: names that stand in a value for what is known only after apply.
//!
//! The host works out from the configuration what an unknown attribute will look like; what stays unknown in it is
//! written as a symbol that names its origin: `⟦aws_s3_bucket.data.arn⟧` between two noncharacters of Unicode, which
//! no text of a person holds and which cannot be taken for a policy variable such as `${aws:username}`. Text that
//! holds them all the same reads as a symbol, so the worst it can do is to be unknown.
//!
//! An attribute that will be one of several texts is written as those texts, whole, in one group.

use std::borrow::Cow;

/// Opens a symbol.
pub const OPEN: char = '\u{FDD0}';
/// Closes a symbol.
pub const CLOSE: char = '\u{FDD1}';
/// The first byte of all of these characters.
const LEAD: u8 = 0xef;
/// Opens a group of alternatives.
const EITHER: char = '\u{FDD2}';
/// Stands between alternatives.
const OR: char = '\u{FDD3}';
/// Closes a group of alternatives.
const END: char = '\u{FDD4}';

/// A run of text, or a symbol in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part<'t> {
    /// Known text.
    Text(&'t str),
    /// The origin of what is unknown: a reference such as `aws_s3_bucket.data.arn`, or what could not be evaluated.
    Symbol(&'t str),
}

/// Writes a symbol with this origin.
pub fn symbol(origin: &str) -> String {
    let mut text = String::with_capacity(origin.len() + 6);
    text.push(OPEN);
    if has_symbols(origin) {
        text.extend(origin.chars().filter(|c| !matches!(*c, OPEN..=END)));
    } else {
        text.push_str(origin);
    }
    text.push(CLOSE);
    text
}

/// Whether a text holds anything that is not known yet.
pub fn has_symbols(text: &str) -> bool {
    // All of them begin with this byte, and hardly any other text has it.
    text.as_bytes().contains(&LEAD) && text.contains([OPEN, CLOSE, EITHER, OR, END])
}

/// Splits a text into what is known and what is not. An unclosed symbol reaches to the end.
pub fn parts(text: &str) -> impl Iterator<Item = Part<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        if let Some(after) = rest.strip_prefix(OPEN) {
            let (origin, after) = after.split_once(CLOSE).unwrap_or((after, ""));
            rest = after;
            return Some(Part::Symbol(origin));
        }
        let end = rest.find(OPEN).unwrap_or(rest.len());
        let (known, after) = rest.split_at(end);
        rest = after;
        Some(Part::Text(known))
    })
}

/// Writes a group: the value will be one of these texts. One text alone stays itself.
pub fn one_of<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let mut all = texts.into_iter();
    let first = all.next().unwrap_or_default();
    let Some(second) = all.next() else {
        return first.to_owned();
    };
    let mut text = String::from(EITHER);
    text.push_str(first);
    for other in std::iter::once(second).chain(all) {
        text.push(OR);
        text.push_str(other);
    }
    text.push(END);
    text
}

/// The texts that a value may turn out to be: itself where it is no group.
pub fn alternatives(text: &str) -> Vec<&str> {
    match text.strip_prefix(EITHER).and_then(|rest| rest.strip_suffix(END)) {
        Some(inner) => inner.split(OR).collect(),
        None => vec![text],
    }
}

/// The text as a person reads it: symbols as `${origin}`.
pub fn readable(text: &str) -> Cow<'_, str> {
    if !has_symbols(text) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for part in parts(text) {
        match part {
            Part::Text(known) => out.extend(known.chars().filter_map(|c| match c {
                EITHER | OR | END | CLOSE => None,
                other => Some(other),
            })),
            Part::Symbol(origin) => {
                out.push_str("${");
                out.push_str(origin);
                out.push('}');
            }
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_symbol_reads_back() {
        let text = format!("arn:{}/*", symbol("aws_s3_bucket.b.arn"));
        let found: Vec<_> = parts(&text).collect();
        let wanted = [
            Part::Text("arn:"),
            Part::Symbol("aws_s3_bucket.b.arn"),
            Part::Text("/*"),
        ];
        assert_eq!(found, wanted);
        assert_eq!(readable(&text), "arn:${aws_s3_bucket.b.arn}/*");
        assert!(has_symbols(&text) && !has_symbols("${aws:username}"));
    }

    #[test]
    fn an_origin_cannot_close_its_symbol() {
        let text = symbol("a\u{FDD1}b\u{FDD0}");
        assert_eq!(parts(&text).collect::<Vec<_>>(), [Part::Symbol("ab")]);
        assert_eq!(
            parts("x\u{FDD0}y").collect::<Vec<_>>(),
            [Part::Text("x"), Part::Symbol("y")]
        );
    }

    #[test]
    fn groups() {
        assert_eq!(alternatives(&one_of(["a", "b", ""])), ["a", "b", ""]);
        assert_eq!(one_of(["a"]), "a");
        assert_eq!(alternatives("a"), ["a"]);
        assert!(has_symbols(&one_of(["a", "b"])));
    }
}
