//! HCL text to our tree, within limits, losing as little as possible to a part that cannot be read.

mod convert;
mod json;
mod template;

use std::ops::Range;

use hcl_edit::parser;

use crate::ast::{Body, Expr, Part};
use crate::limits::FILE_BYTES_MAX;
use crate::scan::{self, Chunk};

pub(crate) use json::json_body;

/// The body of a file, and what of it could not be read: byte offset and reason.
#[derive(Debug, Default)]
pub(crate) struct Parsed {
    pub(crate) body: Body,
    pub(crate) unread: Vec<(usize, String)>,
}

/// Reads a `.tf` file.
pub(crate) fn hcl_body(text: &str, file: u32) -> Parsed {
    let mut parsed = Parsed::default();
    let (bom, text) = match text.strip_prefix('\u{feff}') {
        Some(rest) => ('\u{feff}'.len_utf8(), rest),
        None => (0, text),
    };
    if text.len() > FILE_BYTES_MAX {
        parsed
            .unread
            .push((0, format!("it is larger than {FILE_BYTES_MAX} bytes")));
        return parsed;
    }
    let look = scan::look(text);
    let readable = look.readable(text);
    let text = &*readable;
    let chunks = look.chunks;
    if chunks.iter().all(|chunk| chunk.refused.is_none())
        && let Ok(body) = parser::parse_body(text)
    {
        parsed.body = convert::Converter::new(text, bom, file).body(&body);
        return parsed;
    }
    for Chunk { range, refused } in chunks {
        chunk(&mut parsed, text, range, refused, (bom, file));
    }
    parsed
}

/// Reads one top-level part by itself.
fn chunk(parsed: &mut Parsed, text: &str, range: Range<usize>, refused: Option<&str>, (bom, file): (usize, u32)) {
    let start = range.start;
    let part = text.get(range).unwrap_or_default();
    if let Some(reason) = refused {
        parsed.unread.push((bom + start, reason.to_owned()));
        return;
    }
    // A line break ends every block, so that a part by itself reads as it did in the file.
    let part = format!("{part}\n");
    match parser::parse_body(&part) {
        Ok(body) => {
            let body = convert::Converter::new(&part, bom + start, file).body(&body);
            parsed.body.attributes.extend(body.attributes);
            parsed.body.blocks.extend(body.blocks);
        }
        Err(error) => {
            let at = bom + start + error.location().offset();
            parsed.unread.push((at, error.message().to_owned()));
        }
    }
}

/// Reads an expression that stands in a text of its own.
pub(crate) fn expression(text: &str, offset: usize, file: u32) -> Option<Expr> {
    let expression = parser::parse_expr(text).ok()?;
    Some(convert::Converter::new(text, offset, file).expression(&expression))
}

/// Reads a template that stands in a text of its own: a template file, or a string of JSON configuration.
pub(crate) fn template(text: &str, offset: usize, file: u32) -> Option<Vec<Part>> {
    if !text.contains("${") && !text.contains("%{") {
        return Some(vec![Part::Text(text.into())]);
    }
    if text.len() > FILE_BYTES_MAX {
        return None;
    }
    let template = parser::parse_template(text).ok()?;
    Some(convert::Converter::new(text, offset, file).template(&template, template::Style::Lines))
}
