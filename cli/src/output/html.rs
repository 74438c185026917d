//! The report as one HTML file: no scripts, nothing loaded, readable in light and dark and without a mouse.

use std::fmt::Write as _;

use super::graph::{self, Graph};
use super::{story, xml};
use crate::report::{Entry, Report, Status};

/// What a page may do: show its own styles and nothing else.
pub(super) const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

pub(super) const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1b1f24;--dim:#57606a;--paper:#fff;--line:#d0d7de;--bad:#b3261e;--warn:#8a5a00;\
--maybe:#0b5cad;--good:#1a6b2f}\
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ed;--dim:#a0a8b2;--paper:#15181c;--line:#3a414a;--bad:#ff8a80;\
--warn:#f0b429;--maybe:#79b8ff;--good:#7bd88f}}\
*{box-sizing:border-box}body{margin:0 auto;max-width:72rem;padding:1.5rem;font:16px/1.5 system-ui,sans-serif;\
color:var(--ink);background:var(--paper)}\
h1{font-size:1.5rem}h2{font-size:1.2rem;margin-top:2rem}code,pre{font-family:ui-monospace,monospace;\
overflow-wrap:anywhere}\
details{border:1px solid var(--line);border-radius:.4rem;margin:.5rem 0;padding:.5rem .8rem}\
summary{cursor:pointer}summary:focus-visible,a:focus-visible,.scroll:focus-visible{outline:3px solid var(--maybe);\
outline-offset:2px}\
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem;margin:.5rem 0}dt{color:var(--dim)}dd{margin:0;\
overflow-wrap:anywhere}\
table{border-collapse:collapse}th,td{border:1px solid var(--line);padding:.25rem .6rem;text-align:left;\
vertical-align:top;overflow-wrap:anywhere}\
.critical,.high,.undecided,.blocked{color:var(--bad);font-weight:600}.medium{color:var(--warn);font-weight:600}\
.low,.info,.unverified{color:var(--maybe);font-weight:600}.passed{color:var(--good);font-weight:600}\
.dim{color:var(--dim)}.scroll{overflow-x:auto}";

pub(crate) fn render(report: &Report) -> String {
    let mut out = head("nhi check");
    let word = story::verdict_word(report);
    // Writing to a `String` cannot fail.
    let _ = writeln!(
        out,
        "<h1>nhi check: <span class=\"{word}\">{word}</span></h1>\n<p>{}</p>\n<p class=\"dim\">{}</p>",
        xml::escape(&story::verdict(report)),
        xml::escape(&story::checked(report))
    );
    for note in &report.notes {
        let _ = writeln!(out, "<p class=\"dim\">note: {}</p>", xml::escape(note));
    }
    let sections = [
        (Status::Undecided, "Could not be decided"),
        (Status::Violation, "Findings"),
        (Status::Unverified, "Could not tell: a value is known only after apply"),
    ];
    for (status, title) in sections {
        let count = report.with(status).count();
        if count > 0 {
            let _ = writeln!(out, "<h2>{title} ({count})</h2>");
        }
        for entry in report.with(status) {
            finding(&mut out, report, entry);
        }
    }
    asides(&mut out, report);
    let graph = Graph::of(report);
    if !graph.edges.is_empty() {
        let _ = writeln!(out, "<h2>Who can become whom</h2>");
        graph::html::body(&mut out, &graph);
    }
    out.push_str(FOOT);
    out
}

/// The end of a page.
pub(super) const FOOT: &str = "</main>\n</body>\n</html>\n";

/// The beginning of a page.
pub(super) fn head(title: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n",
        xml::escape(POLICY),
        xml::escape(title)
    )
}

fn finding(out: &mut String, report: &Report, entry: &Entry) {
    let open = if report.blocks(entry) { " open" } else { "" };
    let severity = entry.severity.as_str();
    let class = match entry.status {
        Status::Violation => severity,
        other => other.as_str(),
    };
    let word = match entry.status {
        Status::Violation => severity.to_owned(),
        Status::Unverified => format!("{severity}, unverified"),
        Status::Undecided => "undecided".to_owned(),
    };
    let word = if entry.is_advisory() {
        format!("{word}, advisory")
    } else {
        word
    };
    let _ = writeln!(
        out,
        "<details{open}><summary><span class=\"{class}\">{word}</span> {} {} <code>{}</code></summary>\n<dl>",
        xml::escape(&entry.code),
        xml::escape(&entry.name),
        xml::escape(&entry.address)
    );
    let excerpt = entry.location().and_then(|at| at.excerpt.clone());
    let rows = [("what", entry.message.clone()), ("attribute", entry.path.clone())]
        .into_iter()
        .chain(story::place(entry).map(|place| ("place", place)))
        .chain(excerpt.map(|text| ("source", text)))
        .chain(entry.byte_offset.map(|offset| ("byte", offset.to_string())))
        .chain(story::details(entry))
        .chain([("maps to", entry.controls.join(", "))]);
    for (label, text) in rows.filter(|(_, text)| !text.is_empty()) {
        let text = xml::escape_lines(&text).replace('\n', "<br>");
        let _ = writeln!(out, "<dt>{label}</dt><dd>{text}</dd>");
    }
    out.push_str("</dl></details>\n");
}

fn asides(out: &mut String, report: &Report) {
    if report.asides.is_empty() {
        return;
    }
    let _ = writeln!(
        out,
        "<h2>Not counted ({})</h2>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Findings that do \
         not count\"><table>\n<thead><tr><th>Severity</th><th>Code</th><th>Where</th><th>Because</th></tr></thead>\n<tbody>",
        report.asides.len()
    );
    for aside in &report.asides {
        let entry = &aside.entry;
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td>{}</td><td><code>{}</code></td><td>{}</td></tr>",
            entry.severity,
            xml::escape(&entry.code),
            xml::escape(&story::subject(entry)),
            xml::escape(&aside.because.describe())
        );
    }
    out.push_str("</tbody></table></div>\n");
}
