//! Our own small syntax tree: what evaluation needs of HCL and nothing else, so that the parser can be exchanged.
//!
//! It is a tenth of the size of the parser's, and JSON configuration becomes the same tree.

use std::sync::Arc;

use crate::number::Number;

/// Text that values and trees share.
pub(crate) type Text = Arc<str>;

/// Bytes of the file that holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Span {
    pub(crate) start: u32,
    pub(crate) end: u32,
}

/// An expression and where it stands.
#[derive(Debug)]
pub(crate) struct Expr {
    pub(crate) kind: Kind,
    pub(crate) span: Span,
}

#[derive(Debug)]
pub(crate) enum Kind {
    Null,
    Bool(bool),
    /// `None` is a number that is too large or too long for us.
    Number(Option<Number>),
    Text(Text),
    Template(Vec<Part>),
    Array(Vec<Expr>),
    Object(Vec<(Expr, Expr)>),
    Variable(Text),
    Traversal(Box<Expr>, Vec<Step>),
    Call(Box<Call>),
    Not(Box<Expr>),
    Negate(Box<Expr>),
    Binary(Operator, Box<(Expr, Expr)>),
    Conditional(Box<[Expr; 3]>),
    For(Box<For>),
}

#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) name: Text,
    pub(crate) arguments: Vec<Expr>,
    /// The last argument is a list of arguments: `max(xs...)`.
    pub(crate) expand: bool,
}

#[derive(Debug)]
pub(crate) enum Step {
    Attribute(Text),
    Index(Expr),
    /// `.*`, over which only attributes are taken.
    AttributeSplat,
    /// `[*]`, over which all that follows is taken.
    FullSplat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

#[derive(Debug)]
pub(crate) struct For {
    pub(crate) key_name: Option<Text>,
    pub(crate) value_name: Text,
    pub(crate) collection: Expr,
    /// Makes an object.
    pub(crate) key: Option<Expr>,
    pub(crate) value: Expr,
    pub(crate) grouping: bool,
    pub(crate) condition: Option<Expr>,
}

/// A piece of a template; white space that `~` takes away is gone already.
#[derive(Debug)]
pub(crate) enum Part {
    Text(Text),
    Value(Expr),
    If(Box<IfPart>),
    For(Box<ForPart>),
}

#[derive(Debug)]
pub(crate) struct IfPart {
    pub(crate) condition: Expr,
    pub(crate) then: Vec<Part>,
    pub(crate) otherwise: Option<Vec<Part>>,
}

#[derive(Debug)]
pub(crate) struct ForPart {
    pub(crate) key_name: Option<Text>,
    pub(crate) value_name: Text,
    pub(crate) collection: Expr,
    pub(crate) body: Vec<Part>,
}

/// Attributes and blocks between braces, or a whole file.
#[derive(Debug, Default)]
pub(crate) struct Body {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) blocks: Vec<Block>,
}

impl Body {
    pub(crate) fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| &*attribute.name == name)
    }
}

#[derive(Debug)]
pub(crate) struct Attribute {
    pub(crate) name: Text,
    pub(crate) value: Expr,
    /// Name and value together.
    pub(crate) span: Span,
    /// Index of the file.
    pub(crate) file: u32,
}

#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) kind: Text,
    pub(crate) labels: Vec<Text>,
    pub(crate) body: Body,
    pub(crate) span: Span,
    /// Index of the file.
    pub(crate) file: u32,
}

impl Block {
    pub(crate) fn label(&self, index: usize) -> &str {
        self.labels.get(index).map_or("", |label| label)
    }
}
