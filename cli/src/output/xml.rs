//! Text for XML and HTML: nothing that ends an element or an attribute, nothing hidden.

use super::sanitise::{disarm_marker, visible};

/// Text for an element or an attribute's value. The result is one line.
pub(super) fn escape(text: &str) -> String {
    let shown = visible(text);
    let shown = disarm_marker(&shown);
    let mut out = String::with_capacity(shown.len() + 16);
    for c in shown.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    // A line of the document is a line of a log, whose runner looks at its first characters.
    if out.trim_start().starts_with("::") {
        out = out.replacen(':', "&#58;", 1);
    }
    out
}

/// Text of several lines, each escaped on its own.
pub(super) fn escape_lines(text: &str) -> String {
    let lines: Vec<String> = text.trim_end().lines().map(escape).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn markup_becomes_text() {
        assert_eq!(
            escape("<img src=x onerror=\"a('b')\"> &amp;"),
            "&lt;img src=x onerror=&quot;a(&#39;b&#39;)&quot;&gt; &amp;amp;"
        );
        assert_eq!(escape("a\u{1b}[0m\u{202e}"), "a\\u{1b}[0m\\u{202e}");
        assert_eq!(escape("]]>"), "]]&gt;");
        assert_eq!(escape_lines("a\n::error::b"), "a\n&#58;:error::b");
    }

    proptest! {
        #[test]
        fn nothing_opens_or_ends_anything(text in any::<String>()) {
            let out = escape(&text);
            prop_assert!(!out.contains(['<', '>', '"', '\'', '\n', '\r', '\0']));
        }
    }
}
