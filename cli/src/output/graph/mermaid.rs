//! The graph for viewers of Markdown that draw Mermaid.

use std::fmt::Write as _;

use super::{Graph, NOTHING};
use crate::output::sanitise::visible;

pub(super) fn render(graph: &Graph<'_>) -> String {
    let mut out = String::from("flowchart LR\n");
    // Writing to a `String` cannot fail.
    for (position, node) in graph.nodes.iter().enumerate() {
        let label = match node.kind {
            "" => text(node.name),
            kind => format!("{}<br/>{}", text(node.name), text(kind)),
        };
        let _ = if node.admin {
            writeln!(out, "  n{position}[[\"{label}\"]]")
        } else {
            writeln!(out, "  n{position}[\"{label}\"]")
        };
    }
    for edge in &graph.edges {
        let arrow = if edge.certain { "-->" } else { "-.->" };
        let via = if edge.via.is_empty() {
            String::new()
        } else {
            format!("<br/>via {}", text(edge.via))
        };
        let _ = writeln!(
            out,
            "  n{} {arrow}|\"{}{via}\"| n{}",
            edge.from,
            text(edge.how),
            edge.to
        );
    }
    if graph.edges.is_empty() && graph.omitted == 0 {
        let _ = writeln!(out, "  %% {NOTHING}");
    }
    if graph.omitted > 0 {
        let _ = writeln!(out, "  %% and {} more edges, which are not told", graph.omitted);
    }
    out
}

/// Every character that is not plainly part of a name is an entity, in Mermaid's spelling.
fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in visible(text).chars() {
        if c.is_alphanumeric() || matches!(c, ' ' | '_' | '-' | '.' | '/') {
            out.push(c);
        } else {
            // Writing to a `String` cannot fail.
            let _ = write!(out, "#{};", u32::from(c));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_name_is_syntax(name in any::<String>()) {
            let out = text(&name);
            prop_assert!(!out.contains(['"', '<', '>', '|', '[', ']', '`', '\n', '&', '(', ')', '{', '}']), "{}", out);
        }
    }
}
