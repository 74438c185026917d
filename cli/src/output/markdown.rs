//! Markdown for a comment on a pull request or a job summary.
//!
//! Foreign text becomes neither a link, an image, a mention nor HTML: a word that could be more than a word stands in
//! a code span, in which renderers look for nothing.

use std::fmt::Write as _;

use super::sanitise::{disarm_marker, visible};
use super::story;
use crate::report::{Entry, Report, Status};

/// Comments have a size limit (65,536 characters on GitHub); what is left out is counted.
const FINDINGS_SHOWN: usize = 60;

pub(crate) fn render(report: &Report) -> String {
    let mut out = String::new();
    // Writing to a `String` cannot fail.
    let _ = writeln!(
        out,
        "## nhi check: {}\n\n{}\n",
        story::verdict_word(report),
        words(&story::verdict(report))
    );
    let sections = [
        (Status::Undecided, "Could not be decided"),
        (Status::Violation, "Findings"),
        (Status::Unverified, "Could not tell: a value is known only after apply"),
    ];
    let mut left = FINDINGS_SHOWN;
    for (status, title) in sections {
        let count = report.with(status).count();
        if count == 0 {
            continue;
        }
        let _ = writeln!(out, "### {title} ({count})\n");
        for entry in report.with(status).take(left) {
            finding(&mut out, report, entry);
        }
        if count > left {
            let _ = writeln!(out, "and {} more\n", count - left);
        }
        left = left.saturating_sub(count);
    }
    asides(&mut out, report, left);
    for note in &report.notes {
        let _ = writeln!(out, "- note: {}", words(note));
    }
    let _ = writeln!(out, "\n{}", words(&story::checked(report)));
    out
}

fn finding(out: &mut String, report: &Report, entry: &Entry) {
    let mark = match entry {
        _ if report.blocks(entry) => ", blocks",
        _ if entry.is_advisory() => ", advisory",
        _ => "",
    };
    let _ = writeln!(
        out,
        "- **{}**{mark} · {} {} · {}",
        entry.severity,
        words(&entry.code),
        words(&entry.name),
        code(&entry.address)
    );
    let rows = [("attribute", entry.path.clone())]
        .into_iter()
        .chain(story::place(entry).map(|place| ("place", place)))
        .filter(|(_, text)| !text.is_empty());
    for (label, text) in rows {
        let _ = writeln!(out, "  - {label}: {}", code(&text));
    }
    let _ = writeln!(out, "  - what: {}", words(&entry.message));
    for (label, text) in story::details(entry) {
        let shown = if label == "set" { code(&text) } else { words(&text) };
        let _ = writeln!(out, "  - {label}: {shown}");
    }
    out.push('\n');
}

fn asides(out: &mut String, report: &Report, limit: usize) {
    if report.asides.is_empty() {
        return;
    }
    let _ = writeln!(out, "### Not counted ({})\n", report.asides.len());
    for aside in report.asides.iter().take(limit) {
        let entry = &aside.entry;
        let _ = writeln!(
            out,
            "- {} {} · {} · {}",
            entry.severity,
            words(&entry.code),
            code(&story::subject(entry)),
            words(&aside.because.describe())
        );
    }
    let more = report.asides.len().saturating_sub(limit);
    if more > 0 {
        let _ = writeln!(out, "- and {more} more");
    }
    out.push('\n');
}

/// A text as prose.
pub(super) fn words(text: &str) -> String {
    let shown = harmless(text);
    let words: Vec<String> = shown.split(' ').map(word).collect();
    words.join(" ")
}

/// A word as it is, or in a code span if any character of it could mean something.
fn word(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, ',' | ';' | '(' | ')' | '\'' | '/' | '%' | '…' | '→');
    // A dot, a colon and a hyphen mean something only at a word's ends or in a URL; `www.` starts one.
    let inner = word.trim_end_matches(['.', ':', '?']);
    let is_word = |part: &str| part.chars().all(|c| is_plain(c) || c == '-' || c == '.');
    let begins_list = inner.starts_with(['-', '.']) || inner.chars().all(|c| c.is_ascii_digit());
    if word.is_empty() || (is_word(inner) && !inner.contains("www.") && (!begins_list || inner == word)) {
        return if begins_list && inner.starts_with('-') {
            code(word)
        } else {
            word.to_owned()
        };
    }
    code(word)
}

/// A code span, whatever backticks the text holds.
pub(super) fn code(text: &str) -> String {
    let shown = harmless(text);
    let longest = shown.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    // A span must not be empty, and a backtick must not touch the fence.
    if shown.is_empty() || shown.starts_with(['`', ' ']) || shown.ends_with(['`', ' ']) {
        return format!("{fence} {shown} {fence}");
    }
    format!("{fence}{shown}{fence}")
}

fn harmless(text: &str) -> String {
    disarm_marker(&visible(text)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_that_mean_something_are_code() {
        let cases = [
            ("a static key, for good.", "a static key, for good."),
            ("see [x](https://e.example) now", "see `[x](https://e.example)` now"),
            ("<img src=x>", "`<img` `src=x>`"),
            ("@everyone #12", "`@everyone` `#12`"),
            ("www.evil.example", "`www.evil.example`"),
            ("use `iam:*` here", "use `` `iam:*` `` here"),
            ("a_b *c* ~d~ |e|", "`a_b` `*c*` `~d~` `|e|`"),
            ("- item", "`-` item"),
            ("2. item", "`2.` item"),
        ];
        for (text, expected) in cases {
            assert_eq!(words(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn outside_of_code_nothing_means_anything(text in any::<String>()) {
            let out = words(&text);
            prop_assert!(!out.contains(['\n', '\r']));
            for part in out.split(' ').filter(|part| !part.contains('`')) {
                prop_assert!(!part.contains(['<', '>', '[', ']', '!', '@', '#', '*', '_', '~', '|', '\\', '&']) || out.contains('`'), "{}", part);
            }
        }

        #[test]
        fn a_code_span_cannot_be_left(text in "[` a]{0,12}") {
            let out = code(&text);
            let fence = out.len() - out.trim_start_matches('`').len();
            let inner = out.strip_prefix(&"`".repeat(fence)).unwrap();
            let inner = inner.strip_suffix(&"`".repeat(fence)).unwrap();
            prop_assert!(inner.split(|c| c != '`').all(|run| run.len() < fence), "{}", out);
        }
    }
}
