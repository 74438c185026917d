//! Writes HCL out of foreign texts: whatever they hold, they stay texts.
//!
//! Every text is a quoted string in which nothing can end the string or begin a template, and every comment stays on
//! its line.

use std::fmt::Write as _;

use serde_json::Value;

use crate::source::Index;

/// The longest part of a foreign text in a comment, in characters.
const COMMENT_CHARS_MAX: usize = 160;

/// A text as HCL writes it.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    let mut before = ['\0'; 2];
    for c in text.chars() {
        match c {
            // `$${` is `${` to a reader; of a longer row of signs two readers could make two things.
            '{' if is_sign(before[1]) && is_sign(before[0]) => out.push_str("\\u007b"),
            '{' if is_sign(before[1]) => out.extend([before[1], c]),
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() || is_hidden(c) => {
                let code = u32::from(c);
                // Writing to a String cannot fail.
                let _ = match code {
                    0..=0xffff => write!(out, "\\u{code:04x}"),
                    _ => write!(out, "\\U{code:08x}"),
                };
            }
            c => out.push(c),
        }
        before = [before[1], c];
    }
    out.push('"');
    out
}

/// What begins a template before a brace.
fn is_sign(c: char) -> bool {
    matches!(c, '$' | '%')
}

/// A text in a comment: on one line, with nothing that a reader cannot see, and not for ever.
pub(crate) fn remark(text: &str) -> String {
    let shown = |c: char| {
        if c.is_control() || is_hidden(c) { '\u{fffd}' } else { c }
    };
    let mut out: String = text.chars().take(COMMENT_CHARS_MAX).map(shown).collect();
    if text.chars().nth(COMMENT_CHARS_MAX).is_some() {
        out.push('…');
    }
    out
}

/// Characters that change what a reader sees and are none themselves.
fn is_hidden(c: char) -> bool {
    matches!(c, '\u{00ad}' | '\u{061c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// How an expression of the root module refers to a resource; `None` where that cannot be written.
pub(crate) fn reference(type_name: &str, label: &str, index: Option<&Index>) -> Option<String> {
    if !is_identifier(type_name) || !is_identifier(label) {
        return None;
    }
    Some(match index {
        None => format!("{type_name}.{label}"),
        Some(Index::Number(number)) => format!("{type_name}.{label}[{number}]"),
        Some(Index::Key(key)) => format!("{type_name}.{label}[{}]", quoted(key)),
    })
}

/// Whether a text is a name of HCL, as far as ASCII goes.
pub(crate) fn is_identifier(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

/// A value as an expression, at an indentation; a list of objects takes a line each.
pub(crate) fn expression(value: &Value, indent: usize) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => quoted(text),
        Value::Array(elements) => {
            let is_long = elements.iter().any(Value::is_object) || elements.len() > 4;
            let inner: Vec<String> = elements.iter().map(|element| expression(element, indent + 2)).collect();
            if !is_long {
                return format!("[{}]", inner.join(", "));
            }
            let mut lines = String::new();
            for line in inner {
                let _ = writeln!(lines, "{:indent$}  {line},", "");
            }
            format!("[\n{lines}{:indent$}]", "")
        }
        Value::Object(members) => {
            let width = members.keys().map(|name| name.chars().count()).max().unwrap_or(0);
            let mut lines = String::new();
            for (name, value) in members {
                let value = expression(value, indent + 2);
                let _ = writeln!(lines, "{:indent$}  {name:width$} = {value}", "");
            }
            format!("{{\n{lines}{:indent$}}}", "")
        }
    }
}
