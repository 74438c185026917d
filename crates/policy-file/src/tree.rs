//! The text of a file as a tree of literal values with their places; HCL and JSON come out alike.
//!
//! JSON is read as the HCL expression that it is, but for escapes that HCL does not know, which are errors. Nothing is
//! evaluated: what is not a literal stays in the tree as a remark of what stands there.

use std::ops::Range;

use hcl_edit::Span as _;
use hcl_edit::expr::{Expression, Object, ObjectKey, UnaryOperator};
use hcl_edit::parser;
use hcl_edit::structure::{Body, Structure};
use nhi_governance::Problem;

use crate::code::SYNTAX;
use crate::fault::Collector;

/// Where something stands, in bytes.
pub(crate) type Place = Range<usize>;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    pub(crate) at: Place,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    Null,
    Flag(bool),
    /// As it is written.
    Number(String),
    Text(String),
    List(Vec<Node>),
    Table(Vec<Entry>),
    /// Something that would have to be worked out, in words.
    Computed(&'static str),
}

impl Kind {
    /// In words, for a message.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Flag(_) => "a truth value",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Table(_) => "an object",
            Self::Computed(what) => what,
        }
    }
}

/// A named value, or a block.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) at: Place,
    /// Those of a block, `None` where it is no block.
    pub(crate) labels: Option<Vec<(String, Place)>>,
    pub(crate) value: Node,
}

/// Reads the text; what cannot be parsed is among the faults, and the rest is still read.
pub(crate) fn parse(text: &str, faults: &mut Collector) -> Vec<Entry> {
    let trimmed = text.trim_start_matches([' ', '\t', '\r', '\n']);
    if trimmed.starts_with('{') {
        return json(trimmed.trim_end(), text.len() - trimmed.len(), faults);
    }
    match parser::parse_body(text) {
        Ok(tree) => Builder { text, offset: 0 }.body(&tree),
        Err(error) => {
            let first = error.location().offset();
            faults.add(&(first..first), syntax(error.message()));
            recovered(text, first, faults)
        }
    }
}

fn json(text: &str, offset: usize, faults: &mut Collector) -> Vec<Entry> {
    match parser::parse_expr(text) {
        Ok(Expression::Object(object)) => Builder { text, offset }.object(&object),
        Ok(_) => {
            let help = "Write one object with the members of the policy, or the policy in HCL.";
            faults.add(
                &(offset..offset),
                Problem::new(&SYNTAX, "the file is not a JSON object", help),
            );
            Vec::new()
        }
        Err(error) => {
            let at = offset + error.location().offset();
            faults.add(&(at..at), syntax(error.message()));
            Vec::new()
        }
    }
}

fn syntax(message: &str) -> nhi_governance::Problem {
    let message = message.replace('\n', "; ").trim_end_matches(['.', ' ']).to_lowercase();
    Problem::new(
        &SYNTAX,
        format!("the file cannot be parsed: {message}"),
        "Write blocks such as `tier \"low\" { … }` and attributes such as `score_from = 0`, each on a line of its own.",
    )
}

/// What can be read beside a mistake: parts that begin in the first column are read one by one. The part with the first
/// mistake is told already; that of any other only where it ends like a whole block, so that no mistake is invented.
fn recovered(text: &str, first: usize, faults: &mut Collector) -> Vec<Entry> {
    let mut entries = Vec::new();
    let starts: Vec<usize> = line_starts(text)
        .filter(|start| {
            let rest = text.get(*start..).unwrap_or_default();
            rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        })
        .collect();
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    for (&start, end) in starts.iter().zip(ends) {
        let part = text.get(start..end).unwrap_or_default();
        let part = format!("{}\n", part.trim_end());
        match parser::parse_body(&part) {
            Ok(tree) => entries.extend(
                Builder {
                    text: &part,
                    offset: start,
                }
                .body(&tree),
            ),
            Err(error) => {
                let at = start + error.location().offset();
                if !(start..=end).contains(&first) && part.ends_with("\n}\n") {
                    faults.add(&(at..at), syntax(error.message()));
                }
            }
        }
    }
    entries
}

fn line_starts(text: &str) -> impl Iterator<Item = usize> {
    [0].into_iter().chain(text.match_indices('\n').map(|(at, _)| at + 1))
}

/// Recursion is as deep as the parser lets text be nested, 64.
struct Builder<'t> {
    text: &'t str,
    offset: usize,
}

impl Builder<'_> {
    fn place(&self, at: Option<Range<usize>>) -> Place {
        let at = at.unwrap_or_default();
        at.start + self.offset..at.end + self.offset
    }

    fn body(&self, body: &Body) -> Vec<Entry> {
        body.iter()
            .map(|structure| match structure {
                Structure::Attribute(attribute) => Entry {
                    key: attribute.key.as_str().to_owned(),
                    at: self.place(attribute.span()),
                    labels: None,
                    value: self.expression(&attribute.value),
                },
                Structure::Block(block) => {
                    let labels = block.labels.iter();
                    let at = self.place(block.span());
                    Entry {
                        key: block.ident.as_str().to_owned(),
                        at: at.clone(),
                        labels: Some(
                            labels
                                .map(|label| (label.as_str().to_owned(), self.place(label.span())))
                                .collect(),
                        ),
                        value: Node {
                            kind: Kind::Table(self.body(&block.body)),
                            at,
                        },
                    }
                }
            })
            .collect()
    }

    fn object(&self, object: &Object) -> Vec<Entry> {
        object
            .iter()
            .map(|(key, value)| {
                let value = self.expression(value.expr());
                let (name, at) = match key {
                    // The parser does not say where a bare key stands.
                    ObjectKey::Ident(name) => (Some(name.as_str().to_owned()), value.at.clone()),
                    ObjectKey::Expression(Expression::String(text)) => {
                        (Some(text.as_str().to_owned()), self.place(text.span()))
                    }
                    ObjectKey::Expression(key) => (None, self.place(key.span())),
                };
                let computed = Node {
                    kind: Kind::Computed("a key that is not written out"),
                    at: at.clone(),
                };
                Entry {
                    value: if name.is_some() { value } else { computed },
                    key: name.unwrap_or_default(),
                    at,
                    labels: None,
                }
            })
            .collect()
    }

    fn expression(&self, expression: &Expression) -> Node {
        let at = self.place(expression.span());
        let written = |expression: &Expression| {
            let text = expression.span().and_then(|at| self.text.get(at));
            text.unwrap_or_default().trim().to_owned()
        };
        let kind = match expression {
            Expression::Null(_) => Kind::Null,
            Expression::Bool(flag) => Kind::Flag(*flag.value()),
            Expression::Number(_) => Kind::Number(written(expression)),
            Expression::String(text) => Kind::Text(text.as_str().to_owned()),
            Expression::Array(items) => Kind::List(items.iter().map(|item| self.expression(item)).collect()),
            Expression::Object(object) => Kind::Table(self.object(object)),
            Expression::UnaryOp(operation) => match (operation.operator.value(), &operation.expr) {
                (UnaryOperator::Neg, number @ Expression::Number(_)) => Kind::Number(format!("-{}", written(number))),
                _ => Kind::Computed("an operation"),
            },
            Expression::Variable(_) | Expression::Traversal(_) => Kind::Computed("a reference"),
            Expression::FuncCall(_) => Kind::Computed("a function call"),
            Expression::StringTemplate(_) | Expression::HeredocTemplate(_) => Kind::Computed("a template"),
            Expression::Conditional(_) => Kind::Computed("a condition"),
            Expression::ForExpr(_) => Kind::Computed("a loop"),
            Expression::BinaryOp(_) => Kind::Computed("an operation"),
            Expression::Parenthesis(_) => Kind::Computed("an expression in parentheses"),
        };
        Node { kind, at }
    }
}
