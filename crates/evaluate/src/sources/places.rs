//! Where things stand: file, line and column of blocks, and the bytes of an attribute.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use nhi_plan::{Location, path};

use super::{File, Module, Sources};
use crate::ast::{Attribute, Block, Body, Expr, Kind, Span};

/// Where an attribute stands in the source, for those who point at it or change it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributePlace<'s> {
    /// Path relative to the root module.
    pub file: &'s str,
    /// First line is 1.
    pub line: u32,
    /// First column is 1.
    pub column: u32,
    /// Bytes of the expression in the file.
    pub expression: Range<usize>,
    /// Bytes of the whole attribute, name and expression; the same as `expression` for what is no attribute.
    pub attribute: Range<usize>,
}

impl File {
    pub(super) fn new(path: String, text: Arc<str>) -> Self {
        let narrow = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let lines = std::iter::once(0).chain(breaks.map(|(at, _)| narrow(at + 1))).collect();
        Self { path, text, lines }
    }

    /// Line and column of a byte, both from 1; columns count characters.
    pub(crate) fn position(&self, offset: usize) -> (u32, u32) {
        let narrow = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let line = self.lines.partition_point(|start| *start as usize <= offset);
        let start = self
            .lines
            .get(line.saturating_sub(1))
            .map_or(0, |start| *start as usize);
        let before = self.text.get(start..offset).unwrap_or_default();
        let column = before.trim_start_matches('\u{feff}').chars().count() + 1;
        (narrow(line), narrow(column))
    }

    /// `file:line:column`
    pub(crate) fn place(&self, offset: usize) -> String {
        let (line, column) = self.position(offset);
        format!("{}:{line}:{column}", self.path)
    }
}

/// The module's key and the address in it: `module.a.module.b.x.y` is `a.b` and `x.y`.
fn split(address: &str) -> (String, &str) {
    let (mut key, mut rest) = (String::new(), address);
    while let Some((name, after)) = rest.strip_prefix("module.").and_then(|after| after.split_once('.')) {
        if !key.is_empty() {
            key.push('.');
        }
        key.push_str(name);
        rest = after;
    }
    (key, rest)
}

fn range(span: Span) -> Range<usize> {
    span.start as usize..span.end as usize
}

impl Module {
    /// The block at an address without keys: a resource, `var.x`, `output.x`, `provider.aws.west`, `module.x`.
    fn block(&self, address: &str) -> Option<&Block> {
        if let Some(name) = address.strip_prefix("var.") {
            return self.variables.get(name);
        }
        if let Some(name) = address.strip_prefix("output.") {
            return self.outputs.get(name);
        }
        if let Some(name) = address.strip_prefix("module.") {
            return self.calls.get(name);
        }
        if let Some(name) = address.strip_prefix("provider.") {
            let (name, alias) = name
                .split_once('.')
                .map_or((name, None), |(name, alias)| (name, Some(alias)));
            return self
                .providers
                .iter()
                .find(|block| block.label(0) == name && self::alias(block) == alias);
        }
        self.resources.get(address)
    }

    /// Every block with the name that a plan gives it.
    fn named_blocks(&self) -> impl Iterator<Item = (String, &Block)> {
        let resources = self.resources.iter().map(|(address, block)| (address.clone(), block));
        let variables = self
            .variables
            .iter()
            .map(|(name, block)| (format!("var.{name}"), block));
        let outputs = self
            .outputs
            .iter()
            .map(|(name, block)| (format!("output.{name}"), block));
        let providers = self.providers.iter().map(|block| {
            let name = block.label(0);
            let address = match alias(block) {
                Some(alias) => format!("provider.{name}.{alias}"),
                None => format!("provider.{name}"),
            };
            (address, block)
        });
        resources.chain(variables).chain(outputs).chain(providers)
    }
}

/// The alias of a provider block.
fn alias(block: &Block) -> Option<&str> {
    match block.body.attribute("alias").map(|alias| &alias.value.kind) {
        Some(Kind::Text(alias)) => Some(alias),
        _ => None,
    }
}

impl Sources {
    /// What the call of a module passes as one of its variables: there the value is written, and not where the variable
    /// is declared.
    fn argument(&self, key: &str, address: &str) -> Option<&Attribute> {
        let name = address.strip_prefix("var.")?;
        let (outer, call) = key.rsplit_once('.').unwrap_or(("", key));
        self.module(outer)?.calls.get(call)?.body.attribute(name)
    }

    fn block(&self, config_address: &str) -> Option<&Block> {
        let (key, address) = split(config_address);
        self.module(&key)?.block(address)
    }

    /// All blocks that a plan may speak of: address without instance keys, and where it begins.
    pub(crate) fn locations(&self) -> impl Iterator<Item = (String, Location<'static>)> {
        self.modules().flat_map(move |(key, module)| {
            let prefix: String = key
                .split('.')
                .filter(|name| !name.is_empty())
                .fold(String::new(), |mut all, name| {
                    all.push_str("module.");
                    all.push_str(name);
                    all.push('.');
                    all
                });
            module.named_blocks().filter_map(move |(name, block)| {
                let (span, file) = self
                    .argument(key, &name)
                    .map_or((block.span, block.file), |argument| (argument.span, argument.file));
                let file = self.file(file)?;
                let (line, column) = file.position(span.start as usize);
                let location = Location {
                    file: Cow::Owned(file.path.clone()),
                    line,
                    column,
                };
                Some((format!("{prefix}{name}"), location))
            })
        })
    }

    /// Where the block at an address without instance keys begins.
    pub fn location(&self, config_address: &str) -> Option<Location<'_>> {
        let (key, address) = split(config_address);
        let (span, file) = match self.argument(&key, address) {
            Some(argument) => (argument.span, argument.file),
            None => {
                let block = self.block(config_address)?;
                (block.span, block.file)
            }
        };
        let file = self.file(file)?;
        let (line, column) = file.position(span.start as usize);
        Some(Location {
            file: Cow::Borrowed(&file.path),
            line,
            column,
        })
    }

    /// Where an attribute of that block stands: `policy`, `statement[0].actions`, `input.key`.
    ///
    /// The place is as near as the configuration tells: an attribute that a function makes is where the call is.
    /// Blocks of a kind are counted as they are written, which for sets need not be the order of the plan.
    pub fn attribute(&self, config_address: &str, path: &str) -> Option<AttributePlace<'_>> {
        let (key, address) = split(config_address);
        let (span, whole, file) = match self.argument(&key, address) {
            Some(argument) => {
                let (expression, exact) = dive(&argument.value, &path::parse(path)?);
                let whole = exact && path.is_empty();
                (
                    expression,
                    if whole { argument.span } else { expression },
                    argument.file,
                )
            }
            None => find(&self.block(config_address)?.body, path)?,
        };
        let file = self.file(file)?;
        let (line, column) = file.position(span.start as usize);
        Some(AttributePlace {
            file: &file.path,
            line,
            column,
            expression: range(span),
            attribute: range(whole),
        })
    }
}

/// The expression, the attribute that holds it, and the file.
fn find(body: &Body, path: &str) -> Option<(Span, Span, u32)> {
    let segments = path::parse(path)?;
    let mut rest = segments.as_slice();
    let mut body = body;
    loop {
        let [path::Segment::Key(name), after @ ..] = rest else {
            return None;
        };
        if let Some(attribute) = body.attribute(name) {
            let (expression, exact) = dive(&attribute.value, after);
            let whole = if exact && after.is_empty() {
                attribute.span
            } else {
                expression
            };
            return Some((expression, whole, attribute.file));
        }
        let (index, after) = match after {
            [path::Segment::Index(index), after @ ..] => (*index, after),
            after => (0, after),
        };
        let mut blocks = body.blocks.iter().filter(|block| *block.kind == **name);
        let mut block = blocks.nth(index);
        if block.is_none() {
            let mut made = body
                .blocks
                .iter()
                .filter(|block| &*block.kind == "dynamic" && block.label(0) == name);
            block = made
                .next()
                .and_then(|block| block.body.blocks.iter().find(|inner| &*inner.kind == "content"));
        }
        let block = block?;
        if after.is_empty() {
            return Some((block.span, block.span, block.file));
        }
        body = &block.body;
        rest = after;
    }
}

/// As far into an expression as literals go.
fn dive(expression: &Expr, path: &[path::Segment<'_>]) -> (Span, bool) {
    let mut at = expression;
    for segment in path {
        let next = match (&at.kind, segment) {
            (Kind::Object(items), path::Segment::Key(key)) => items
                .iter()
                .find(|(name, _)| matches!(&name.kind, Kind::Text(name) if **name == **key))
                .map(|(_, value)| value),
            (Kind::Array(items), path::Segment::Index(index)) => items.get(*index),
            _ => None,
        };
        match next {
            Some(next) => at = next,
            None => return (at.span, false),
        }
    }
    (at.span, true)
}
