//! A quick look at HCL: where comments and top-level blocks are. It knows quotes, templates, heredocs and brackets.

use std::collections::BTreeSet;

/// What a text holds.
#[derive(Debug, Default)]
pub(super) struct Scan<'t> {
    pub(super) comments: Vec<Comment<'t>>,
    /// Lines that hold nothing but comments.
    pub(super) comment_lines: BTreeSet<u32>,
    /// First line, last line and the closing brace's byte of each top-level block.
    pub(super) blocks: Vec<(u32, u32, usize)>,
}

/// A comment of one line, or one line of a longer one.
#[derive(Debug)]
pub(super) struct Comment<'t> {
    pub(super) line: u32,
    pub(super) text: &'t str,
}

/// What the scanner is inside of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inside {
    Bracket,
    Template,
    Quotes,
}

struct Scanner<'t> {
    text: &'t str,
    at: usize,
    line: u32,
    inside: Vec<Inside>,
    /// Line on which the current top-level block began.
    start: Option<u32>,
    /// Whether the line holds nothing but comments so far.
    is_blank: bool,
    found: Scan<'t>,
}

/// Looks through a text once.
pub(super) fn scan(text: &str) -> Scan<'_> {
    let mut scanner = Scanner {
        text,
        at: 0,
        line: 1,
        inside: Vec::new(),
        start: None,
        is_blank: true,
        found: Scan::default(),
    };
    while scanner.step() {}
    scanner.found
}

impl<'t> Scanner<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Goes on by so many bytes and counts the lines in them.
    fn skip(&mut self, bytes: usize) {
        let passed = self.rest().get(..bytes).unwrap_or_else(|| self.rest());
        let lines = passed.bytes().filter(|byte| *byte == b'\n').count();
        self.is_blank = (self.is_blank || lines > 0) && passed.trim().is_empty();
        self.line = self.line.saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
        self.at += passed.len().max(1);
    }

    fn step(&mut self) -> bool {
        let rest = self.rest();
        let Some(next) = rest.chars().next() else {
            return false;
        };
        if self.inside.last() == Some(&Inside::Quotes) {
            self.quoted(rest, next);
        } else {
            self.code(rest, next);
        }
        true
    }

    fn quoted(&mut self, rest: &str, next: char) {
        match next {
            '\\' => {
                let escaped = rest.chars().nth(1).map_or(0, char::len_utf8);
                self.skip(1 + escaped);
            }
            // No string goes on in the next line: whatever this is, the next line begins anew.
            '"' | '\n' => {
                self.inside.pop();
                self.skip(1);
            }
            '$' | '%' if rest.get(1..).is_some_and(|after| after.starts_with(next)) => self.skip(2),
            '$' | '%' if rest.get(1..).is_some_and(|after| after.starts_with('{')) => {
                self.inside.push(Inside::Template);
                self.skip(2);
            }
            other => self.skip(other.len_utf8()),
        }
    }

    fn code(&mut self, rest: &'t str, next: char) {
        if next == '#' || rest.starts_with("//") {
            return self.line_comment(rest);
        }
        if rest.starts_with("/*") {
            return self.block_comment(rest);
        }
        if let Some(length) = heredoc(rest) {
            return self.skip(length);
        }
        if self.inside.is_empty() && !next.is_whitespace() && self.start.is_none() {
            self.start = Some(self.line);
        }
        match next {
            '"' => self.inside.push(Inside::Quotes),
            '{' | '[' | '(' => self.inside.push(Inside::Bracket),
            '}' | ']' | ')' => {
                self.inside.pop();
                if self.inside.is_empty()
                    && next == '}'
                    && let Some(start) = self.start.take()
                {
                    self.found.blocks.push((start, self.line, self.at));
                }
            }
            '\n' if self.inside.is_empty() => self.start = None,
            _ => {}
        }
        self.skip(next.len_utf8());
    }

    fn line_comment(&mut self, rest: &'t str) {
        let end = rest.find('\n').unwrap_or(rest.len());
        let comment = rest.get(..end).unwrap_or(rest);
        let text = comment.trim_start_matches(['#', '/']).trim_end();
        self.note(text);
        self.at += end;
    }

    fn block_comment(&mut self, rest: &'t str) {
        let end = rest.find("*/").map_or(rest.len(), |end| end + 2);
        let comment = rest.get(..end).unwrap_or(rest);
        let inner = comment.strip_prefix("/*").unwrap_or(comment);
        let was_blank = self.is_blank;
        for line in inner.strip_suffix("*/").unwrap_or(inner).split('\n') {
            self.note(line.trim_matches(|c: char| c == '*' || c.is_whitespace()));
            self.line = self.line.saturating_add(1);
            self.is_blank = true;
        }
        self.line = self.line.saturating_sub(1);
        self.is_blank = was_blank || inner.contains('\n');
        self.at += comment.len();
    }

    fn note(&mut self, text: &'t str) {
        // A comment behind something else is not a line of comments.
        if self.is_blank {
            self.found.comment_lines.insert(self.line);
        }
        self.found.comments.push(Comment { line: self.line, text });
    }
}

/// How long a heredoc is that begins here, with its last line.
fn heredoc(rest: &str) -> Option<usize> {
    let after = rest.strip_prefix("<<")?;
    let after = after.strip_prefix('-').unwrap_or(after);
    let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let name = after.get(..after.find(|c| !is_name(c))?)?;
    let blanks = after
        .get(name.len()..)?
        .find(|c: char| !matches!(c, ' ' | '\t' | '\r'))?;
    let first = after.get(..name.len() + blanks)?;
    if name.is_empty() || !after.get(first.len()..)?.starts_with('\n') {
        return None;
    }
    let body = rest.len() - after.len() + first.len() + 1;
    let mut length = body;
    for line in rest.get(body..)?.split_inclusive('\n') {
        if line.trim() == name {
            // The line break after it belongs to the code.
            return Some(length + line.trim_end().len());
        }
        length += line.len();
    }
    Some(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn blocks_have_their_lines() {
        let text =
            "# one\nresource \"a\" \"b\" {\n  x = { y = [1] }\n}\n\nlocals { a = \"}${\"}\"}\" }\nmodule \"m\" {\n}\n";
        let lines = |text: &str| -> Vec<(u32, u32)> {
            let blocks = scan(text).blocks.into_iter();
            blocks
                .inspect(|block| assert_eq!(text.get(block.2..=block.2), Some("}")))
                .map(|block| (block.0, block.1))
                .collect()
        };
        assert_eq!(lines(text), [(2, 4), (6, 6), (7, 8)]);
        let heredoc = "locals {\n  a = <<-EOT\n  }\n  EOT\n}\n";
        assert_eq!(lines(heredoc), [(1, 5)]);
        let comment = "/* {\n } */ locals {\n}\n";
        assert_eq!(lines(comment), [(2, 3)]);
    }

    proptest! {
        #[test]
        fn it_comes_to_an_end(text in "[a{}\"$%#/*<E\n\\\\ ü-]{0,60}") {
            let _ = scan(&text);
        }
    }
}
