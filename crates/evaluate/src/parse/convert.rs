//! The parser's tree to ours.
//!
//! Recursion is as deep as the parser lets text be nested.

use hcl_edit::expr::{BinaryOperator, Expression, ForExpr, ObjectKey, TraversalOperator, UnaryOperator};
use hcl_edit::structure;
use hcl_edit::{Ident, Span as _};

use super::template::Style;
use crate::ast::{Attribute, Block, Body, Call, Expr, For, Kind, Operator, Part, Span, Step, Text};
use crate::number::Number;

/// Knows the text, and where it stands in its file.
pub(super) struct Converter<'t> {
    text: &'t str,
    offset: usize,
    file: u32,
}

/// The text of an identifier.
pub(super) fn text_of(name: &Ident) -> Text {
    Text::from(name.as_str())
}

impl<'t> Converter<'t> {
    pub(super) fn new(text: &'t str, offset: usize, file: u32) -> Self {
        Self { text, offset, file }
    }

    /// A part of the text.
    pub(super) fn slice(&self, range: std::ops::Range<usize>) -> Option<&'t str> {
        self.text.get(range)
    }

    fn span(&self, range: Option<std::ops::Range<usize>>) -> Span {
        let range = range.unwrap_or_default();
        let narrow = |at: usize| u32::try_from(at + self.offset).unwrap_or(u32::MAX);
        Span {
            start: narrow(range.start),
            end: narrow(range.end),
        }
    }

    pub(super) fn body(&self, body: &structure::Body) -> Body {
        let mut out = Body::default();
        for structure in body {
            match structure {
                structure::Structure::Attribute(attribute) => out.attributes.push(Attribute {
                    name: text_of(&attribute.key),
                    value: self.expression(&attribute.value),
                    span: self.span(attribute.span()),
                    file: self.file,
                }),
                structure::Structure::Block(block) => out.blocks.push(Block {
                    kind: text_of(&block.ident),
                    labels: block.labels.iter().map(|label| Text::from(label.as_str())).collect(),
                    body: self.body(&block.body),
                    span: self.span(block.span()),
                    file: self.file,
                }),
            }
        }
        out
    }

    pub(super) fn expression(&self, expression: &Expression) -> Expr {
        let kind = match expression {
            Expression::Null(_) => Kind::Null,
            Expression::Bool(value) => Kind::Bool(*value.value()),
            Expression::Number(value) => {
                // The text, because the parser's number is not exact.
                let text = value.span().and_then(|range| self.text.get(range));
                Kind::Number(text.and_then(Number::parse))
            }
            Expression::String(text) => Kind::Text(Text::from(text.as_str())),
            Expression::Array(items) => Kind::Array(items.iter().map(|item| self.expression(item)).collect()),
            Expression::Object(items) => Kind::Object(
                items
                    .iter()
                    .map(|(key, value)| (self.key(key), self.expression(value.expr())))
                    .collect(),
            ),
            Expression::StringTemplate(template) => {
                let template: hcl_edit::template::Template = template.iter().cloned().collect::<Vec<_>>().into();
                unwrapped(self.template(&template, Style::Quoted))
            }
            Expression::HeredocTemplate(heredoc) => {
                let written = heredoc.span().and_then(|range| self.slice(range)).unwrap_or_default();
                let style = if written.starts_with("<<-") {
                    Style::Indented
                } else {
                    Style::Lines
                };
                Kind::Template(self.template(&heredoc.template, style))
            }
            Expression::Parenthesis(inner) => return self.expression(inner.inner()),
            Expression::Variable(name) => Kind::Variable(Text::from(name.as_str())),
            Expression::Conditional(parts) => Kind::Conditional(Box::new([
                self.expression(&parts.cond_expr),
                self.expression(&parts.true_expr),
                self.expression(&parts.false_expr),
            ])),
            Expression::FuncCall(call) => Kind::Call(Box::new(Call {
                name: function_name(call),
                arguments: call.args.iter().map(|argument| self.expression(argument)).collect(),
                expand: call.args.expand_final(),
            })),
            Expression::Traversal(traversal) => Kind::Traversal(
                Box::new(self.expression(&traversal.expr)),
                traversal.operators.iter().map(|step| self.step(step.value())).collect(),
            ),
            Expression::UnaryOp(operation) => {
                let inner = Box::new(self.expression(&operation.expr));
                match operation.operator.value() {
                    UnaryOperator::Not => Kind::Not(inner),
                    UnaryOperator::Neg => Kind::Negate(inner),
                }
            }
            Expression::BinaryOp(operation) => {
                let sides = (
                    self.expression(&operation.lhs_expr),
                    self.expression(&operation.rhs_expr),
                );
                Kind::Binary(operator(*operation.operator.value()), Box::new(sides))
            }
            Expression::ForExpr(parts) => Kind::For(Box::new(self.for_expression(parts))),
        };
        Expr {
            kind,
            span: self.span(expression.span()),
        }
    }

    fn key(&self, key: &ObjectKey) -> Expr {
        match key {
            ObjectKey::Ident(name) => Expr {
                kind: Kind::Text(Text::from(name.as_str())),
                span: self.span(name.span()),
            },
            ObjectKey::Expression(expression) => self.expression(expression),
        }
    }

    fn step(&self, step: &TraversalOperator) -> Step {
        match step {
            TraversalOperator::AttrSplat(_) => Step::AttributeSplat,
            TraversalOperator::FullSplat(_) => Step::FullSplat,
            TraversalOperator::GetAttr(name) => Step::Attribute(Text::from(name.as_str())),
            TraversalOperator::Index(index) => Step::Index(self.expression(index)),
            TraversalOperator::LegacyIndex(index) => Step::Index(Expr {
                kind: Kind::Number(i64::try_from(*index.value()).ok().map(Number::whole)),
                span: self.span(index.span()),
            }),
        }
    }

    fn for_expression(&self, parts: &ForExpr) -> For {
        For {
            key_name: parts.intro.key_var.as_ref().map(|name| Text::from(name.as_str())),
            value_name: Text::from(parts.intro.value_var.as_str()),
            collection: self.expression(&parts.intro.collection_expr),
            key: parts.key_expr.as_ref().map(|key| self.expression(key)),
            value: self.expression(&parts.value_expr),
            grouping: parts.grouping,
            condition: parts.cond.as_ref().map(|condition| self.expression(&condition.expr)),
        }
    }
}

/// `"${x}"` is `x` itself and keeps its type.
fn unwrapped(mut parts: Vec<Part>) -> Kind {
    match parts.pop_if(|part| matches!(part, Part::Value(_))) {
        Some(Part::Value(inner)) if parts.is_empty() => {
            // A text of nothing but one interpolation.
            Kind::Traversal(Box::new(inner), Vec::new())
        }
        Some(last) => {
            parts.push(last);
            Kind::Template(parts)
        }
        None => Kind::Template(parts),
    }
}

fn function_name(call: &hcl_edit::expr::FuncCall) -> Text {
    let mut name = String::new();
    for part in &call.name.namespace {
        name.push_str(part.as_str());
        name.push_str("::");
    }
    name.push_str(call.name.name.as_str());
    // `core::` is where the built-in functions live.
    Text::from(name.strip_prefix("core::").unwrap_or(&name))
}

fn operator(operator: BinaryOperator) -> Operator {
    match operator {
        BinaryOperator::Eq => Operator::Equal,
        BinaryOperator::NotEq => Operator::NotEqual,
        BinaryOperator::LessEq => Operator::LessOrEqual,
        BinaryOperator::GreaterEq => Operator::GreaterOrEqual,
        BinaryOperator::Less => Operator::Less,
        BinaryOperator::Greater => Operator::Greater,
        BinaryOperator::Plus => Operator::Add,
        BinaryOperator::Minus => Operator::Subtract,
        BinaryOperator::Mul => Operator::Multiply,
        BinaryOperator::Div => Operator::Divide,
        BinaryOperator::Mod => Operator::Remainder,
        BinaryOperator::And => Operator::And,
        BinaryOperator::Or => Operator::Or,
    }
}
