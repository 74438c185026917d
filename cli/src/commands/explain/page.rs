//! A rule's page on a terminal.

use crate::output::{BOLD, PLAIN, Screen};

/// A page of markdown, as far as rules use it: headings, lists, code and links.
pub(super) fn page(screen: &mut Screen, docs: &str) {
    let mut is_code = false;
    for line in docs.trim().lines() {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        let heading = line
            .strip_prefix('#')
            .map(|rest| rest.trim_start_matches('#').trim_start());
        match (heading, line.strip_prefix("- ")) {
            _ if is_fence => {}
            _ if is_code => screen.line(&[(PLAIN, "    "), (PLAIN, line)]),
            _ if line.is_empty() => screen.blank(),
            (Some(heading), _) => screen.line(&[(BOLD, heading)]),
            (_, Some(item)) => screen.field(0, "-", PLAIN, &without_links(item)),
            _ if line.starts_with('|') => screen.line(&[(PLAIN, &without_links(line))]),
            _ => screen.field(0, "", PLAIN, &without_links(line)),
        }
    }
}

/// `[text](target)` as `text: target`; a link to the page of a code as the code alone.
fn without_links(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some((before, (text, after))) = rest
        .split_once('[')
        .and_then(|(before, link)| Some((before, link.split_once("](")?)))
    {
        let Some((target, following)) = after.split_once(')') else {
            break;
        };
        out.extend([before, text]);
        if target.strip_suffix(".md") != Some(text.trim_matches('`')) {
            out.extend([": ", target]);
        }
        rest = following;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_spelled_out() {
        let cases = [
            (
                "[OWASP](https://owasp.org) and [CWE](https://cwe.mitre.org)",
                "OWASP: https://owasp.org and CWE: https://cwe.mitre.org",
            ),
            (
                "`statement[0].actions` (see below)",
                "`statement[0].actions` (see below)",
            ),
            ("[open](https://x", "[open](https://x"),
            ("[NHI001](NHI001.md) or [`NHI002`](NHI002.md)", "NHI001 or `NHI002`"),
            ("[a guide](guide.md)", "a guide: guide.md"),
            ("", ""),
        ];
        for (line, shown) in cases {
            assert_eq!(without_links(line), shown);
        }
    }
}
