//! The report of a registry as one page: nothing is loaded, and it says the same without its script.
//!
//! Its policy lets nothing run or style but the two texts below, by their digests. What is on record becomes markup in
//! `table` and by `xml::escape`, nowhere else.

mod columns;
mod ends;
mod sections;
mod table;

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::day;
use crate::output::xml;
use crate::overview::{Overview, Urgency};

const STYLE: &str = include_str!("html/page.css");
/// Sorts and searches; needs nothing and asks nobody.
const SCRIPT: &str = include_str!("html/page.js");

/// Writes a section.
type Write = fn(&mut String, &Overview);

/// The sections after the summary, in order, each with its anchor and its title.
const SECTIONS: [(&str, &str, Write); 9] = [
    ("ends", "Ends ahead", ends::write),
    ("owners", "Who owns what", sections::owners),
    ("findings", "Findings", sections::findings),
    ("exceptions", "Exceptions", sections::exceptions),
    ("break-glass", "Break-glass access", sections::break_glass),
    ("reviews", "Access reviews", sections::reviews),
    ("compliance", "Compliance", sections::compliance),
    ("metrics", "Metrics of the log", sections::metrics),
    ("inventory", "Inventory", sections::inventory),
];

pub(super) fn render(overview: &Overview) -> String {
    let style = style();
    let mut out = String::with_capacity(64 << 10);
    head(&mut out, overview, &style);
    summary(&mut out, overview);
    for (id, title, write) in SECTIONS {
        // Writing to a `String` cannot fail.
        let _ = writeln!(
            out,
            "<section id=\"{id}\" aria-labelledby=\"h-{id}\">\n<h2 id=\"h-{id}\">{title}</h2>"
        );
        write(&mut out, overview);
        out.push_str("</section>\n");
    }
    foot(&mut out, overview);
    out
}

/// The style, with the names of the cells of cards, which only wide tables have above them.
fn style() -> String {
    let mut style = STYLE.to_owned();
    style.push_str("@media(max-width:48rem){");
    table::Table::labels("ends", ends::COLUMNS, &mut style);
    for (id, columns) in columns::TABLES {
        table::Table::labels(id, columns, &mut style);
    }
    style.push('}');
    style
}

/// What the page may do, by the digests of what it holds.
fn policy(style: &str) -> String {
    let digest = |text: &str| STANDARD.encode(Sha256::digest(text.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'",
        digest(style),
        digest(SCRIPT)
    )
}

/// Whose identities these are.
fn title(overview: &Overview) -> String {
    let organisation = overview.policy.organisation.as_deref();
    organisation.map_or_else(
        || "Machine identities".to_owned(),
        |organisation| format!("Machine identities of {organisation}"),
    )
}

fn head(out: &mut String, overview: &Overview, style: &str) {
    let title = xml::escape(&title(overview));
    let _ = write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{}\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <meta name=\"color-scheme\" content=\"light dark\"/>\n<meta name=\"referrer\" content=\"no-referrer\"/>\n\
         <meta name=\"generator\" content=\"nhi {}\"/>\n<title>{title}, {}</title>\n<style>{style}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#main\">Skip to the report</a>\n\
         <header>\n<p class=\"eyebrow\">Governance report</p>\n<h1>{title}</h1>\n\
         <p class=\"as-of\">As of <time datetime=\"{}\">{}</time>, from <code>{}</code></p>\n</header>\n\
         <div class=\"columns\">\n<nav aria-label=\"Sections\">\n<ul>\n<li><a href=\"#summary\">Summary</a></li>\n",
        xml::escape(&policy(style)),
        env!("CARGO_PKG_VERSION"),
        day(overview.as_of),
        overview.as_of,
        overview.as_of.to_string().replace('T', " ").replace('Z', " UTC"),
        xml::escape(&overview.registry.location)
    );
    for (id, title, _) in SECTIONS {
        let _ = writeln!(out, "<li><a href=\"#{id}\">{title}</a></li>");
    }
    out.push_str("</ul>\n</nav>\n<main id=\"main\" tabindex=\"-1\">\n");
}

fn summary(out: &mut String, overview: &Overview) {
    out.push_str("<section id=\"summary\" aria-labelledby=\"h-summary\">\n<h2 id=\"h-summary\">Summary</h2>\n");
    let urgent: Vec<_> = overview
        .attention
        .iter()
        .filter(|notice| notice.urgency == Urgency::Act)
        .collect();
    let verdict = match (overview.inventory.len(), urgent.len()) {
        (0, 0) => "No identity is on record yet.",
        (_, 0) => "Nothing needs a decision now.",
        (_, 1) => "One thing needs a decision.",
        (_, count) => &format!("{count} things need a decision."),
    };
    let _ = writeln!(out, "<p class=\"verdict\">{verdict}</p>");
    sections::key_figures(out, overview);
    for (urgency, title) in [(Urgency::Act, "To decide now"), (Urgency::Watch, "To watch")] {
        let notices: Vec<_> = overview
            .attention
            .iter()
            .filter(|notice| notice.urgency == urgency)
            .collect();
        if notices.is_empty() {
            continue;
        }
        let class = if urgency == Urgency::Act { "act" } else { "watch" };
        let _ = writeln!(out, "<h3>{title}</h3>\n<ul class=\"notices {class}\">");
        for notice in notices {
            let _ = writeln!(
                out,
                "<li><a href=\"#{}\">{}</a> <span>{}</span></li>",
                notice.section,
                xml::escape(&notice.text),
                sections::prose(notice.help)
            );
        }
        out.push_str("</ul>\n");
    }
    sections::decisions(out, overview);
    out.push_str("</section>\n");
}

fn foot(out: &mut String, overview: &Overview) {
    let registry = &overview.registry;
    let origin = if overview.policy.is_from_file {
        "from a file"
    } else {
        "the built-in one"
    };
    let _ = write!(
        out,
        "</main>\n</div>\n<footer>\n<h2>How this came about</h2>\n<dl>\n\
         <dt>Registry</dt><dd><code>{}</code></dd>\n\
         <dt>Log</dt><dd>{} rows, each checked, with every record against it</dd>\n\
         <dt>Head of the log</dt><dd><code>{}</code></dd>\n\
         <dt>Policy</dt><dd><code>{}</code> ({origin})</dd>\n\
         <dt>Made with</dt><dd>nhi {}; the same registry, policy and moment give the same page</dd>\n\
         </dl>\n</footer>\n<script>{SCRIPT}</script>\n</body>\n</html>\n",
        xml::escape(&registry.id),
        registry.rows,
        xml::escape(&registry.head),
        xml::escape(&overview.policy.digest),
        env!("CARGO_PKG_VERSION")
    );
}

#[cfg(test)]
mod tests {
    use super::{SCRIPT, style};

    /// Inside of `style` and `script` a reader looks for the end tag alone.
    #[test]
    fn style_and_script_are_whole() {
        for text in [style().as_str(), SCRIPT] {
            assert!(!text.contains("</") && !text.contains("<!--") && !text.contains('\r'));
        }
        // What would be a way out of the page, or into it.
        for word in [
            "innerHTML",
            "outerHTML",
            "insertAdjacent",
            "document.write",
            "eval",
            "fetch",
            "http",
            "import",
        ] {
            assert!(!SCRIPT.contains(word), "{word}");
        }
        for word in ["url(", "@import", "http"] {
            assert!(!style().contains(word), "{word}");
        }
    }
}
