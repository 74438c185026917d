//! JSON configuration (`*.tf.json`) to the same tree.
//!
//! JSON does not tell attributes from blocks: below the blocks that Terraform itself knows, every member becomes an
//! attribute, and whoever looks for nested blocks takes objects for them.
//! Established by "JSON Configuration Syntax" of the Terraform language documentation.

use nhi_plan::Limits;
use nhi_plan::json::{self, Kind as JsonKind, Value};

use super::{Parsed, expression, template};
use crate::ast::{Attribute, Block, Body, Expr, Kind, Part, Span, Text};
use crate::limits::{FILE_BYTES_MAX, NESTING_MAX};
use crate::number::Number;

/// Blocks that Terraform knows, and their labels.
const BLOCKS: [(&str, usize); 8] = [
    ("data", 2),
    ("locals", 0),
    ("module", 1),
    ("output", 1),
    ("provider", 1),
    ("resource", 2),
    ("terraform", 0),
    ("variable", 1),
];

/// Reads a `.tf.json` file.
pub(crate) fn json_body(text: &str, file: u32) -> Parsed {
    let mut parsed = Parsed::default();
    let (offset, text) = match text.strip_prefix('\u{feff}') {
        Some(rest) => ('\u{feff}'.len_utf8(), rest),
        None => (0, text),
    };
    if text.len() > FILE_BYTES_MAX {
        parsed
            .unread
            .push((0, format!("it is larger than {FILE_BYTES_MAX} bytes")));
        return parsed;
    }
    let limits = Limits {
        depth: u32::try_from(NESTING_MAX).unwrap_or(u32::MAX),
        ..Limits::default()
    };
    let document = match json::parse_with(text, &limits) {
        Ok(document) => document,
        Err(error) => {
            parsed.unread.push((0, error.to_string()));
            return parsed;
        }
    };
    let reader = Reader { offset, file };
    for (kind, value) in document.root().members() {
        let Some((_, labels)) = BLOCKS.iter().find(|(known, _)| *known == kind) else {
            continue;
        };
        let mut found = Vec::new();
        reader.blocks(&kind, *labels, value, &mut found);
        parsed.body.blocks.append(&mut found);
    }
    parsed
}

struct Reader {
    offset: usize,
    file: u32,
}

impl Reader {
    fn span(&self, value: Value<'_>) -> Span {
        let start = self.offset + value.offset();
        let narrow = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Span {
            start: narrow(start),
            end: narrow(start + value.raw().len()),
        }
    }

    /// Objects of labels, or lists of them, down to the bodies.
    fn blocks(&self, kind: &str, labels: usize, value: Value<'_>, out: &mut Vec<Block>) {
        let mut pending = vec![(Vec::<Text>::new(), value)];
        while let Some((known, value)) = pending.pop() {
            if value.kind() == JsonKind::Array {
                let mut inner: Vec<_> = value.elements().map(|element| (known.clone(), element)).collect();
                inner.reverse();
                pending.extend(inner);
            } else if known.len() < labels {
                let mut inner: Vec<_> = value
                    .members()
                    .map(|(label, member)| {
                        let mut known = known.clone();
                        known.push(Text::from(&*label));
                        (known, member)
                    })
                    .collect();
                inner.reverse();
                pending.extend(inner);
            } else if value.kind() == JsonKind::Object {
                out.push(Block {
                    kind: Text::from(kind),
                    labels: known,
                    body: self.body(kind, value),
                    span: self.span(value),
                    file: self.file,
                });
            }
        }
    }

    fn body(&self, kind: &str, value: Value<'_>) -> Body {
        let mut body = Body::default();
        for (name, member) in value.members() {
            if name == "//" {
                continue;
            }
            let raw = kind == "variable" || kind == "terraform" || (kind == "module" && name == "source");
            body.attributes.push(Attribute {
                name: Text::from(&*name),
                value: self.expression(member, raw, kind == "variable" && name == "type"),
                span: self.span(member),
                file: self.file,
            });
        }
        body
    }

    fn expression(&self, value: Value<'_>, raw: bool, is_type: bool) -> Expr {
        let kind = match value.kind() {
            JsonKind::Null => Kind::Null,
            JsonKind::Bool => Kind::Bool(value.as_bool() == Some(true)),
            JsonKind::Number => Kind::Number(value.number_text().and_then(Number::parse)),
            JsonKind::String => {
                let text = value.as_str().unwrap_or_default();
                let at = self.offset + value.offset() + 1;
                if is_type {
                    return expression(&text, at, self.file).unwrap_or(Expr {
                        kind: Kind::Variable(Text::from("any")),
                        span: self.span(value),
                    });
                }
                if raw {
                    Kind::Text(Text::from(&*text))
                } else {
                    self.text(&text, at)
                }
            }
            JsonKind::Array => Kind::Array(
                value
                    .elements()
                    .map(|element| self.expression(element, raw, false))
                    .collect(),
            ),
            JsonKind::Object => Kind::Object(
                value
                    .members()
                    .filter(|(key, _)| key != "//")
                    .map(|(key, member)| {
                        let span = self.span(member);
                        let kind = if raw {
                            Kind::Text(Text::from(&*key))
                        } else {
                            self.text(&key, span.start as usize)
                        };
                        (Expr { kind, span }, self.expression(member, raw, false))
                    })
                    .collect(),
            ),
        };
        Expr {
            kind,
            span: self.span(value),
        }
    }

    fn text(&self, text: &str, at: usize) -> Kind {
        let Some(mut parts) = template(text, at, self.file) else {
            // Not a template that can be read: a call that nothing answers keeps it unknown.
            return Kind::Variable(Text::from("(a template that could not be read)"));
        };
        match (parts.len(), parts.pop()) {
            (1, Some(Part::Text(text))) => Kind::Text(text),
            (1, Some(Part::Value(inner))) => Kind::Traversal(Box::new(inner), Vec::new()),
            (_, Some(last)) => {
                parts.push(last);
                Kind::Template(parts)
            }
            (_, None) => Kind::Text(Text::from("")),
        }
    }
}
