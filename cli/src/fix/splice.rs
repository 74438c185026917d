//! From a patch to bytes: which part of a file is replaced by which text.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use hcl::expr::Expression;
use nhi_evaluate::{AttributePlace, Sources};
use nhi_plan::Patch;
use nhi_plan::path::{self, Segment};

use crate::refine::scan_blocks;
use crate::report::{BlockFacts, Entry};

/// A change of some bytes.
#[derive(Debug, Clone)]
pub(super) struct Edit {
    pub(super) range: Range<usize>,
    pub(super) new: String,
    /// Whether the old text may be a credential, which is not shown.
    pub(super) hidden: bool,
    /// One of the findings that it repairs.
    pub(super) fingerprint: String,
    pub(super) findings: usize,
}

impl Edit {
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.range == other.range && self.new == other.new
    }
}

/// The text after all edits, which must be in order and apart.
pub(super) fn apply(text: &str, edits: &[Edit]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    for edit in edits {
        out.push_str(text.get(copied..edit.range.start).unwrap_or_default());
        out.push_str(&edit.new);
        copied = edit.range.end;
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    out
}

/// The file that a patch changes and what it changes there, or why it does not.
pub(super) fn edit<'s>(
    entry: &Entry,
    patch: &Patch,
    sources: &'s Sources,
    texts: &BTreeMap<&'s str, &'s str>,
) -> Result<(&'s str, Edit), String> {
    let block = entry.block.as_ref().ok_or("the finding is about no block")?;
    if sources.is_empty() {
        return Err("there is no configuration: check the plan file itself, or add `--source DIR`".to_owned());
    }
    let home = block.location.as_ref().map(|at| Path::new(&at.file));
    if home
        .and_then(Path::extension)
        .is_some_and(|extension| extension == "json")
    {
        return Err("the block is written in JSON, into which no HCL can be put".to_owned());
    }
    let replacement = patch.replacement.trim();
    let (file, range, new) = match sources.attribute(&block.config_address, &patch.path) {
        Some(at) => {
            let text = texts.get(at.file).copied().unwrap_or_default();
            let (range, new) = existing(&at, text, replacement)?;
            (at.file, range, new)
        }
        None if replacement.is_empty() => return Err(format!("the block sets no `{}`", patch.path)),
        None => missing(block, patch, replacement, texts)?,
    };
    let edit = Edit {
        range,
        new,
        hidden: entry.is_credential() || block.is_sensitive(&patch.path),
        fingerprint: entry.fingerprint.clone(),
        findings: 1,
    };
    Ok((file, edit))
}

fn existing(at: &AttributePlace<'_>, text: &str, replacement: &str) -> Result<(Range<usize>, String), String> {
    if at.attribute == at.expression {
        return Err(format!(
            "what stands at {}:{} makes it, so it is not an attribute of its own",
            at.file, at.line
        ));
    }
    if replacement.is_empty() {
        return Ok((whole_lines(text, &at.attribute), String::new()));
    }
    let old = text.get(at.expression.clone()).unwrap_or_default();
    if old == replacement {
        return Err(format!(
            "the configuration says so already at {}:{}: plan again",
            at.file, at.line
        ));
    }
    if let Some(why) = not_literal(old) {
        return Err(format!("its value at {}:{} {why}", at.file, at.line));
    }
    Ok((at.expression.clone(), replacement.to_owned()))
}

/// An attribute takes its lines with it, unless something else stands there.
fn whole_lines(text: &str, range: &Range<usize>) -> Range<usize> {
    let start = text
        .get(..range.start)
        .and_then(|before| before.rfind('\n'))
        .map_or(0, |at| at + 1);
    let before = text.get(start..range.start).unwrap_or("x");
    let after = text.get(range.end..).unwrap_or_default();
    let line_end = after.find('\n').map_or(after.len(), |at| at + 1);
    let rest = after.get(..line_end).unwrap_or("x");
    if before.trim().is_empty() && rest.trim().is_empty() {
        start..range.end + line_end
    } else {
        range.clone()
    }
}

/// A new attribute at the end of its block.
fn missing<'s>(
    block: &BlockFacts,
    patch: &Patch,
    replacement: &str,
    texts: &BTreeMap<&'s str, &'s str>,
) -> Result<(&'s str, Range<usize>, String), String> {
    let at = block.location.as_ref().ok_or("the block is not in the configuration")?;
    let name = match path::parse(&patch.path).as_deref() {
        Some([Segment::Key(name)]) => name.clone().into_owned(),
        _ => return Err(format!("no `{}` is written in the block", patch.path)),
    };
    let (file, text) = texts
        .get_key_value(at.file.as_str())
        .map(|(file, text)| (*file, *text))
        .ok_or("the block's file is not at hand")?;
    let end = scan_blocks(text)
        .into_iter()
        .find(|(first, ..)| *first == at.line)
        .ok_or("the block's end cannot be found")?;
    let (first, last, closing) = end;
    if first == last {
        return Err("the block is written on one line".to_owned());
    }
    let line_start = text
        .get(..closing)
        .and_then(|before| before.rfind('\n'))
        .map_or(0, |at| at + 1);
    let margin = text.get(line_start..closing).unwrap_or_default();
    if !margin.trim().is_empty() {
        return Err("the block's closing brace does not stand on a line of its own".to_owned());
    }
    let line_break = if text.get(..line_start).is_some_and(|before| before.ends_with("\r\n")) {
        "\r\n"
    } else {
        "\n"
    };
    let new = format!("{margin}  {name} = {replacement}{line_break}");
    Ok((file, line_start..line_start, new))
}

/// Why an expression is no literal: changing it would miss the place that decides, or change other places with it.
fn not_literal(text: &str) -> Option<&'static str> {
    let Ok(body) = hcl::parse(&format!("x = {text}\n")) else {
        return Some("cannot be read alone");
    };
    let expression = body.into_attributes().next()?.expr;
    reason(&expression)
}

fn reason(expression: &Expression) -> Option<&'static str> {
    match expression {
        Expression::Null | Expression::Bool(_) | Expression::Number(_) | Expression::String(_) => None,
        Expression::Array(items) => items.iter().find_map(reason),
        Expression::Object(items) => items.iter().find_map(|(_, value)| reason(value)),
        Expression::Parenthesis(inner) => reason(inner),
        Expression::TemplateExpr(_) => Some("is put together from others: change it by hand"),
        Expression::Variable(_) | Expression::Traversal(_) => {
            Some("comes from elsewhere (a variable, a local or a module call): change it there")
        }
        _ => Some("is computed: change it by hand"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_literals_are_replaced() {
        for text in ["true", "1", "\"a\"", "[1, \"b\"]", "{ a = null }", "(false)"] {
            assert_eq!(not_literal(text), None, "{text}");
        }
        for text in [
            "var.x",
            "local.a.b",
            "each.value",
            "\"a${var.x}\"",
            "jsonencode({})",
            "[var.x]",
            "!true",
            "a ? b : c",
        ] {
            assert!(not_literal(text).is_some(), "{text}");
        }
    }

    #[test]
    fn an_attribute_takes_its_line_unless_it_is_not_alone() {
        let text = "r {\n  a = 1\n  b = 2 # why\n  c = <<E\nx\nE\n}\n";
        let cut = |attribute: &str| {
            let start = text.find(attribute).unwrap();
            let range = whole_lines(text, &(start..start + attribute.len()));
            let mut new = text.to_owned();
            new.replace_range(range, "");
            new
        };
        assert_eq!(cut("a = 1"), "r {\n  b = 2 # why\n  c = <<E\nx\nE\n}\n");
        assert_eq!(cut("b = 2"), "r {\n  a = 1\n   # why\n  c = <<E\nx\nE\n}\n");
        assert_eq!(cut("c = <<E\nx\nE"), "r {\n  a = 1\n  b = 2 # why\n}\n");
    }
}
