//! The one place that makes foreign text harmless before it is shown.
//!
//! Names, tags and messages come from whoever wrote the plan or the module. On a terminal they could move the
//! cursor, set the clipboard or reorder what is read; in a CI log they could be commands for the runner.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Whether a character is invisible, reorders its neighbours or steers a terminal.
pub(crate) fn is_hidden(c: char) -> bool {
    matches!(c,
        // C0, DEL and C1: everything an escape sequence is made of.
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        // Soft hyphen, combining grapheme joiner, Arabic and Syriac format marks.
        | '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}'..='\u{891}'
        | '\u{8e2}'
        // Fillers that look like nothing, Mongolian selectors.
        | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{3164}' | '\u{ffa0}'
        // Zero-width characters, bidirectional marks, line separators, embeddings, isolates, invisible operators.
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        // Variation selectors, byte order mark, annotation anchors, non-characters.
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}' | '\u{fffe}'..='\u{ffff}'
        // Format marks of other scripts, musical format marks.
        | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        // Tags and the supplementary variation selectors, which can smuggle whole texts.
        | '\u{e0000}'..='\u{e0fff}')
}

/// Writes hidden characters as `\n`, `\t`, `\r` or `\u{202e}`, everything else as it is. The result is one line.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if is_hidden(c) => escape(&mut out, c),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Takes the meaning away from what a CI runner would execute: `##[group]`, `##vso[task…]`, `##teamcity[…]` anywhere.
pub(crate) fn disarm_marker(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, bracket)) = split_at_marker(rest) {
        out.push_str(before);
        escape(&mut out, '[');
        rest = bracket;
    }
    if out.is_empty() {
        return Cow::Borrowed(text);
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Whether a line is `::set-output …`, which GitHub's runner executes wherever the trimmed line starts with it.
pub(crate) fn starts_command(line: &str) -> bool {
    line.trim_start().starts_with("::")
}

/// What the first colon of such a line is replaced by.
pub(crate) const COLON: &str = "\\u{3a}";

/// Splits before and after the bracket of the first `##word[`.
fn split_at_marker(text: &str) -> Option<(&str, &str)> {
    text.match_indices('[').find_map(|(at, _)| {
        let (before, bracket) = text.split_at_checked(at)?;
        let is_marker = before
            .trim_end_matches(|c: char| c.is_ascii_alphanumeric())
            .ends_with("##");
        is_marker.then(|| (before, bracket.strip_prefix('[').unwrap_or_default()))
    })
}

fn escape(out: &mut String, c: char) {
    // Writing to a `String` cannot fail.
    let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hidden_characters_become_visible() {
        let cases = [
            ("plain", "plain"),
            ("größe → 大", "größe → 大"),
            ("a\nb\tc\rd", "a\\nb\\tc\\rd"),
            ("\u{1b}[31mred", "\\u{1b}[31mred"),
            ("\u{1b}]52;c;AAAA\u{7}", "\\u{1b}]52;c;AAAA\\u{7}"),
            ("\u{9b}2J", "\\u{9b}2J"),
            ("user\u{202e}nimda", "user\\u{202e}nimda"),
            ("a\u{200b}b\u{2066}c\u{feff}", "a\\u{200b}b\\u{2066}c\\u{feff}"),
            ("x\u{e0041}y", "x\\u{e0041}y"),
            ("nul\0", "nul\\u{0}"),
        ];
        for (text, shown) in cases {
            assert_eq!(visible(text), shown);
        }
    }

    #[test]
    fn markers_lose_their_bracket() {
        let cases = [
            ("##[error]x", "##\\u{5b}error]x"),
            ("a ##[group] b ##[endgroup]", "a ##\\u{5b}group] b ##\\u{5b}endgroup]"),
            (
                "##vso[task.setvariable variable=a]b",
                "##vso\\u{5b}task.setvariable variable=a]b",
            ),
            ("statement[0] # list[1]", "statement[0] # list[1]"),
            ("#[derive]", "#[derive]"),
            ("## heading [link]", "## heading [link]"),
        ];
        for (text, shown) in cases {
            assert_eq!(disarm_marker(text), shown);
        }
    }

    #[test]
    fn commands_are_recognised_as_the_runner_does() {
        let cases = [
            ("::set-env name=a::b", true),
            ("  \u{a0}\u{3000}::error::x", true),
            ("a::b", false),
            (": :", false),
            (":", false),
        ];
        for (text, expected) in cases {
            assert_eq!(starts_command(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_hidden_survives(text in any::<String>()) {
            let shown = visible(&text);
            prop_assert!(!shown.contains(is_hidden));
            prop_assert_eq!(visible(&shown), shown.as_ref());
        }

        #[test]
        fn nothing_executable_survives(text in "[ :#\\[a-z]{0,24}") {
            let shown = disarm_marker(&text);
            prop_assert!(!shown.contains("##["));
            prop_assert!(split_at_marker(&shown).is_none());
        }
    }
}
