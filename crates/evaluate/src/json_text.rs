//! Values to JSON text and back, as Terraform's `jsonencode` and `jsondecode` do it, with symbols in the text.

use std::borrow::Cow;
use std::fmt::Write as _;

use nhi_plan::json;
use nhi_plan::symbol::{self, CLOSE, OPEN};

use crate::evaluator::from_json;
use crate::fault::{Fault, error};
use crate::value::{Data, Value};

/// Appends a text as a JSON string, escaped as Go's encoder does it.
pub(crate) fn quote_into(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => escape(out, character),
            control if control < ' ' => escape(out, control),
            other => out.push(other),
        }
    }
    out.push('"');
}

fn escape(out: &mut String, character: char) {
    // Writing to a String cannot fail.
    let _ = write!(out, "\\u{:04x}", u32::from(character));
}

/// The value as JSON without white space; an unknown is a string of one symbol.
pub(crate) fn encode(value: &Value, bytes_max: usize, name_of: &dyn Fn(&Value) -> String) -> Result<String, Fault> {
    let mut out = String::new();
    write(&mut out, value, bytes_max, name_of)?;
    Ok(out)
}

fn write(out: &mut String, value: &Value, bytes_max: usize, name_of: &dyn Fn(&Value) -> String) -> Result<(), Fault> {
    if out.len() > bytes_max {
        return Err(Fault::Limit("a text is too long"));
    }
    match &value.data {
        Data::Null => out.push_str("null"),
        Data::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Data::Number(number) => {
            let _ = write!(out, "{number}");
        }
        Data::Text(text) => quote_into(out, text),
        Data::List(items) | Data::Set(items) => {
            out.push('[');
            for (at, item) in items.items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write(out, item, bytes_max, name_of)?;
            }
            out.push(']');
        }
        Data::Map(items) => {
            out.push('{');
            for (at, (key, item)) in items.items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                quote_into(out, key);
                out.push(':');
                write(out, item, bytes_max, name_of)?;
            }
            out.push('}');
        }
        Data::Unknown(_) | Data::OneOf(_) | Data::Resource(_) | Data::Module(_) => {
            quote_into(out, &symbol::symbol(&name_of(value)));
        }
    }
    if out.len() > bytes_max {
        Err(Fault::Limit("a text is too long"))
    } else {
        Ok(())
    }
}

/// The value behind a JSON text.
pub(crate) fn decode(text: &str) -> Result<Value, Fault> {
    match json::parse(&with_quoted_symbols(text)) {
        Ok(document) => Ok(from_json(document.root(), 0)),
        Err(_) => error("a text is not JSON"),
    }
}

/// JSON text in which symbols stand only inside of strings, and break none of them.
///
/// A heredoc such as `"Resource": ${jsonencode(x)}` leaves a symbol where a value is.
pub(crate) fn with_quoted_symbols(text: &str) -> Cow<'_, str> {
    if !symbol::has_symbols(text) || !text.trim_start().starts_with(['{', '[']) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let (mut quoted, mut escaped) = (false, false);
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        if character != OPEN {
            match character {
                _ if escaped => escaped = false,
                '\\' if quoted => escaped = true,
                '"' => quoted = !quoted,
                _ => {}
            }
            out.push(character);
            continue;
        }
        let (origin, after) = rest.as_str().split_once(CLOSE).unwrap_or((rest.as_str(), ""));
        if !quoted {
            out.push('"');
        }
        out.push(OPEN);
        let mut before = ' ';
        for character in origin.chars() {
            if character == '"' && before != '\\' {
                out.push('\\');
            }
            out.push(character);
            before = character;
        }
        out.push(CLOSE);
        if !quoted {
            out.push('"');
        }
        rest = after.chars();
    }
    Cow::Owned(out)
}
