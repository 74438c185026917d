//! The graph as a page: a drawing, and the same edges as a table.

use std::fmt::Write as _;

use super::layout::Layout;
use super::{Edge, Graph};
use crate::output::html::{FOOT, head};
use crate::output::{story, xml};
use crate::report::Report;

/// A drawing with more nodes helps nobody; the table has all of them.
const NODES_DRAWN: usize = 150;
const WIDTH: usize = 220;
const HEIGHT: usize = 44;
const GAP_X: usize = 140;
const GAP_Y: usize = 26;
const MARGIN: usize = 24;
/// Characters that fit into a box.
const LABEL_CHARS: usize = 28;

const DRAWING_STYLE: &str = "<style>svg text{font:12px system-ui,sans-serif;fill:var(--ink)}svg .box{fill:var(--paper);\
stroke:var(--ink)}svg .admin{stroke:var(--bad);stroke-width:3}svg .edge{fill:none;stroke:var(--dim);stroke-width:1.5}\
svg .maybe{stroke-dasharray:6 4}svg .kind{fill:var(--dim);font-size:10px}svg marker path{fill:var(--dim)}</style>\n";

pub(super) fn render(graph: &Graph<'_>, report: &Report) -> String {
    let mut out = head("nhi graph");
    // Writing to a `String` cannot fail.
    let _ = writeln!(
        out,
        "<h1>Who can become whom</h1>\n<p class=\"dim\">{}</p>",
        xml::escape(&story::checked(report))
    );
    body(&mut out, graph);
    out.push_str(FOOT);
    out
}

/// The drawing and its table.
pub(in crate::output) fn body(out: &mut String, graph: &Graph<'_>) {
    if graph.edges.is_empty() {
        out.push_str("<p>No identity of this plan can become another.</p>\n");
        return;
    }
    if graph.nodes.len() <= NODES_DRAWN {
        drawing(out, graph);
    } else {
        let _ = writeln!(
            out,
            "<p>{} identities are too many to draw; the table has all of them.</p>",
            graph.nodes.len()
        );
    }
    table(out, graph);
    if graph.omitted > 0 {
        let _ = writeln!(out, "<p>And {} more, which are not told.</p>", graph.omitted);
    }
}

fn drawing(out: &mut String, graph: &Graph<'_>) {
    let layout = Layout::of(graph);
    let width = layout.columns * (WIDTH + GAP_X) + 2 * MARGIN;
    let height = layout.rows * (HEIGHT + GAP_Y) + 2 * MARGIN;
    out.push_str(DRAWING_STYLE);
    let _ = writeln!(
        out,
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Drawing of the identity graph\">\n\
         <svg role=\"img\" aria-labelledby=\"graph-title graph-text\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\">\n<title id=\"graph-title\">Who can become whom</title>\n\
         <desc id=\"graph-text\">{} identities and {} ways from one to another; the table below lists them.</desc>\n\
         <defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" \
         orient=\"auto\"><path d=\"M0 0L8 4L0 8z\"/></marker></defs>",
        graph.nodes.len(),
        graph.edges.len()
    );
    for edge in &graph.edges {
        arrow(out, &layout, graph, edge);
    }
    for (position, node) in graph.nodes.iter().enumerate() {
        let (x, y) = corner(&layout, position);
        let class = if node.admin { "box admin" } else { "box" };
        let _ = writeln!(
            out,
            "<g><title>{}</title><rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" rx=\"6\"/>\
             <text x=\"{}\" y=\"{}\">{}</text><text class=\"kind\" x=\"{}\" y=\"{}\">{}</text></g>",
            xml::escape(node.name),
            x + 10,
            y + 19,
            xml::escape(&shortened(node.name)),
            x + 10,
            y + 34,
            xml::escape(&kind(node.kind, node.admin))
        );
    }
    out.push_str("</svg></div>\n");
}

fn kind(kind: &str, admin: bool) -> String {
    match (kind, admin) {
        ("", true) => "administrator".to_owned(),
        (kind, true) => format!("{kind}, administrator"),
        (kind, false) => kind.to_owned(),
    }
}

fn corner(layout: &Layout, node: usize) -> (usize, usize) {
    let (column, row) = layout.places.get(node).copied().unwrap_or_default();
    (MARGIN + column * (WIDTH + GAP_X), MARGIN + row * (HEIGHT + GAP_Y))
}

fn arrow(out: &mut String, layout: &Layout, graph: &Graph<'_>, edge: &Edge<'_>) {
    let (from, to) = (corner(layout, edge.from), corner(layout, edge.to));
    let (y1, y2) = (from.1 + HEIGHT / 2, to.1 + HEIGHT / 2);
    let (x1, x2) = (from.0 + WIDTH, to.0);
    let class = if edge.certain { "edge" } else { "edge maybe" };
    // A way back, or within a column, leaves at the bottom, so that it is not hidden behind the boxes.
    let path = if x2 > x1 {
        let half = (x2 - x1) / 2;
        format!("M{x1} {y1}C{} {y1} {} {y2} {x2} {y2}", x1 + half, x2 - half)
    } else {
        let (x1, x2) = (from.0 + WIDTH / 2, to.0 + WIDTH / 2);
        let (y1, y2) = (from.1 + HEIGHT, to.1 + HEIGHT);
        let low = y1.max(y2) + GAP_Y;
        format!("M{x1} {y1}C{x1} {low} {x2} {low} {x2} {y2}")
    };
    let _ = writeln!(
        out,
        "<path class=\"{class}\" d=\"{path}\" marker-end=\"url(#tip)\"><title>{}</title></path>",
        xml::escape(&format!(
            "{} to {}: {}",
            graph.name(edge.from),
            graph.name(edge.to),
            edge.how
        ))
    );
}

/// The end of a name tells more than its beginning.
fn shortened(name: &str) -> String {
    let count = name.chars().count();
    if count <= LABEL_CHARS {
        return name.to_owned();
    }
    let tail: String = name.chars().skip(count - LABEL_CHARS + 1).collect();
    format!("…{tail}")
}

fn table(out: &mut String, graph: &Graph<'_>) {
    out.push_str(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Table of the identity graph\"><table>\n<thead><tr>\
         <th scope=\"col\">From</th><th scope=\"col\">To</th><th scope=\"col\">How</th><th scope=\"col\">Via</th>\
         <th scope=\"col\">Certain</th></tr></thead>\n<tbody>\n",
    );
    for edge in &graph.edges {
        let target = graph.nodes.get(edge.to);
        let admin = if target.is_some_and(|node| node.admin) {
            " (administrator)"
        } else {
            ""
        };
        let _ = writeln!(
            out,
            "<tr><td><code>{}</code></td><td><code>{}</code>{admin}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            xml::escape(graph.name(edge.from)),
            xml::escape(graph.name(edge.to)),
            xml::escape(edge.how),
            xml::escape(edge.via),
            if edge.certain { "yes" } else { "possibly" }
        );
    }
    out.push_str("</tbody></table></div>\n");
}
