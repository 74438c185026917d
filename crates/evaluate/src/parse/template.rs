//! Templates: escapes, indentation and the white space that `~` takes away.
//!
//! Terraform's scanner cuts the text of a heredoc or a template file into lines, and `~` reaches no further than the
//! line it stands on; a quoted text is one piece, line breaks or not. Established with terraform 1.11.4.

use std::borrow::Cow;

use hcl_edit::template::{Directive, Element, Strip, Template};
use hcl_edit::{Span as _, Spanned};

use super::convert::{Converter, text_of};
use crate::ast::{ForPart, IfPart, Part, Text};

/// How the text of a template is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// In quotes, with escapes.
    Quoted,
    /// In lines.
    Lines,
    /// In lines, from each of which so many characters of white space go.
    Indented,
}

/// The indentation of a `<<-` heredoc, line by line. White space that `~` takes goes before it is looked at, so that
/// a line whose break is gone is no line of its own.
#[derive(Default)]
struct Indent {
    /// Something of the line has been seen.
    inside: bool,
    least: Option<usize>,
    strip: usize,
}

impl Indent {
    /// Goes through a template in the order in which it is written.
    fn walk(&mut self, parts: &mut [Part]) {
        for part in parts {
            match part {
                Part::Text(text) => *text = Text::from(self.literal(text)),
                Part::Value(_) => self.other(),
                Part::If(part) => {
                    self.other();
                    self.walk(&mut part.then);
                    if let Some(otherwise) = &mut part.otherwise {
                        self.other();
                        self.walk(otherwise);
                    }
                    self.other();
                }
                Part::For(part) => {
                    self.other();
                    self.walk(&mut part.body);
                    self.other();
                }
            }
        }
    }

    /// Anything but text: where a line begins with it, no line is indented.
    fn other(&mut self) {
        if !std::mem::replace(&mut self.inside, true) {
            self.least = Some(0);
        }
    }

    /// Takes lines of text in, and gives them back without what is to go.
    fn literal(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        for line in text.split_inclusive('\n') {
            let begins = !std::mem::replace(&mut self.inside, !line.ends_with('\n'));
            let content = line.trim_start();
            // A blank line does not count and stays as it is.
            if !begins || (content.is_empty() && line.ends_with('\n')) {
                out.push_str(line);
                continue;
            }
            let spaces = line.chars().count() - content.chars().count();
            self.least = Some(self.least.map_or(spaces, |least| least.min(spaces)));
            out.extend(line.chars().skip(self.strip.min(spaces)));
        }
        out
    }
}

/// A piece before white space is taken away.
enum Piece {
    Text(String),
    Part(Part, Strip),
}

fn strips_before(strip: Strip) -> bool {
    matches!(strip, Strip::Start | Strip::Both)
}

fn strips_after(strip: Strip) -> bool {
    matches!(strip, Strip::End | Strip::Both)
}

fn strip_of(before: bool, after: bool) -> Strip {
    match (before, after) {
        (true, true) => Strip::Both,
        (true, false) => Strip::Start,
        (false, true) => Strip::End,
        (false, false) => Strip::None,
    }
}

impl Converter<'_> {
    /// The parts of a whole template.
    pub(super) fn template(&self, template: &Template, style: Style) -> Vec<Part> {
        let mut parts = self.parts(template, style, false, (false, false));
        if style == Style::Indented {
            let mut measure = Indent::default();
            measure.walk(&mut parts);
            let mut strip = Indent {
                strip: measure.least.unwrap_or(0),
                ..Indent::default()
            };
            strip.walk(&mut parts);
        }
        parts
    }

    /// The text of a literal as it stands in the file.
    fn raw<'l>(&'l self, literal: &'l Spanned<String>, style: Style) -> Cow<'l, str> {
        // The parser takes indentation away by rules of its own, so that the file is asked.
        let written = literal.span().and_then(|range| self.slice(range));
        match written.filter(|_| style == Style::Indented) {
            Some(raw) if raw.contains("$${") || raw.contains("%%{") => {
                Cow::Owned(raw.replace("$${", "${").replace("%%{", "%{"))
            }
            Some(raw) => Cow::Borrowed(raw),
            None => Cow::Borrowed(literal.as_str()),
        }
    }

    /// `trim` says whether the markers around take white space at the start and at the end.
    fn parts(&self, template: &Template, style: Style, nested: bool, trim: (bool, bool)) -> Vec<Part> {
        let mut pieces = Vec::new();
        for element in template {
            match element {
                Element::Literal(literal) => {
                    // The parser leaves the escapes inside directives of quoted texts alone.
                    let raw = self.raw(literal, style);
                    let text = match style {
                        Style::Quoted if nested => unescaped(&raw),
                        _ => raw.into_owned(),
                    };
                    match pieces.last_mut() {
                        Some(Piece::Text(before)) => before.push_str(&text),
                        _ => pieces.push(Piece::Text(text)),
                    }
                }
                Element::Interpolation(interpolation) => {
                    let part = Part::Value(self.expression(&interpolation.expr));
                    pieces.push(Piece::Part(part, interpolation.strip));
                }
                Element::Directive(directive) => pieces.push(self.directive(directive, style)),
            }
        }
        trimmed(pieces, style, trim)
    }

    fn directive(&self, directive: &Directive, style: Style) -> Piece {
        match directive {
            Directive::If(directive) => {
                let (first, last) = (directive.if_expr.strip, directive.endif_expr.strip);
                let middle = directive.else_expr.as_ref().map_or(last, |part| part.strip);
                let then = (strips_after(first), strips_before(middle));
                let part = IfPart {
                    condition: self.expression(&directive.if_expr.cond_expr),
                    then: self.parts(&directive.if_expr.template, style, true, then),
                    otherwise: directive.else_expr.as_ref().map(|part| {
                        let trim = (strips_after(part.strip), strips_before(last));
                        self.parts(&part.template, style, true, trim)
                    }),
                };
                let strip = strip_of(strips_before(first), strips_after(last));
                Piece::Part(Part::If(Box::new(part)), strip)
            }
            Directive::For(directive) => {
                let (first, last) = (&directive.for_expr, &directive.endfor_expr);
                let trim = (strips_after(first.strip), strips_before(last.strip));
                let part = ForPart {
                    key_name: first.key_var.as_ref().map(|name| text_of(name.value())),
                    value_name: text_of(&first.value_var),
                    collection: self.expression(&first.collection_expr),
                    body: self.parts(&first.template, style, true, trim),
                };
                let strip = strip_of(strips_before(first.strip), strips_after(last.strip));
                Piece::Part(Part::For(Box::new(part)), strip)
            }
        }
    }
}

/// Takes away the white space that the markers point at.
fn trimmed(pieces: Vec<Piece>, style: Style, (start, end): (bool, bool)) -> Vec<Part> {
    let befores: Vec<bool> = pieces
        .iter()
        .map(|piece| matches!(piece, Piece::Part(_, strip) if strips_before(*strip)))
        .collect();
    let mut parts = Vec::with_capacity(pieces.len());
    let mut trim_start = start;
    let last = pieces.len().saturating_sub(1);
    for (at, piece) in pieces.into_iter().enumerate() {
        match piece {
            Piece::Text(text) => {
                let trim_end = if at == last {
                    end
                } else {
                    befores.get(at + 1).copied().unwrap_or(false)
                };
                let mut rest = text.as_str();
                if trim_start {
                    rest = trim_front(rest, style);
                }
                if trim_end {
                    rest = trim_back(rest, style);
                }
                if !rest.is_empty() {
                    parts.push(Part::Text(Text::from(rest)));
                }
                trim_start = false;
            }
            Piece::Part(part, strip) => {
                parts.push(part);
                trim_start = strips_after(strip);
            }
        }
    }
    parts
}

fn trim_front(text: &str, style: Style) -> &str {
    let line = match text.find('\n').filter(|_| style != Style::Quoted) {
        Some(end) => end + 1,
        None => text.len(),
    };
    let (first, rest) = text.split_at_checked(line).unwrap_or((text, ""));
    let kept = first.trim_start();
    if kept.is_empty() {
        rest
    } else {
        text.get(first.len() - kept.len()..).unwrap_or_default()
    }
}

fn trim_back(text: &str, style: Style) -> &str {
    // A line break at the very end belongs to the last line.
    let body = text.strip_suffix('\n').unwrap_or(text);
    let line = match body.rfind('\n').filter(|_| style != Style::Quoted) {
        Some(end) => end + 1,
        None => 0,
    };
    let (rest, last) = text.split_at_checked(line).unwrap_or(("", text));
    text.get(..rest.len() + last.trim_end().len()).unwrap_or_default()
}

/// Resolves the escapes of a quoted text; an unknown one stays as it is.
fn unescaped(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((plain, escape)) = rest.split_once('\\') {
        out.push_str(plain);
        let mut tail = escape.chars();
        let digits = match tail.next() {
            Some('n') => {
                out.push('\n');
                0
            }
            Some('r') => {
                out.push('\r');
                0
            }
            Some('t') => {
                out.push('\t');
                0
            }
            Some(same @ ('"' | '\\')) => {
                out.push(same);
                0
            }
            Some('u') => 4,
            Some('U') => 8,
            _ => {
                out.push('\\');
                rest = escape;
                continue;
            }
        };
        rest = tail.as_str();
        if digits > 0 {
            let code = rest.get(..digits).and_then(|hex| u32::from_str_radix(hex, 16).ok());
            out.push(code.and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER));
            rest = rest.get(digits..).unwrap_or_default();
        }
    }
    out.push_str(rest);
    out
}
