//! The graph for Graphviz.

use std::fmt::Write as _;

use super::{Graph, NOTHING};
use crate::output::sanitise::{disarm_marker, visible};

pub(super) fn render(graph: &Graph<'_>) -> String {
    let mut out = String::from("digraph identities {\n  rankdir=LR;\n  node [shape=box, style=rounded];\n");
    // Writing to a `String` cannot fail.
    for (position, node) in graph.nodes.iter().enumerate() {
        let label = match node.kind {
            "" => node.name.to_owned(),
            kind => format!("{}\n{kind}", node.name),
        };
        let shape = if node.admin { ", peripheries=2" } else { "" };
        let _ = writeln!(out, "  n{position} [label={}{shape}];", quoted(&label));
    }
    for edge in &graph.edges {
        let style = if edge.certain { "" } else { ", style=dashed" };
        let label = if edge.via.is_empty() {
            edge.how.to_owned()
        } else {
            format!("{}\nvia {}", edge.how, edge.via)
        };
        let _ = writeln!(
            out,
            "  n{} -> n{} [label={}{style}];",
            edge.from,
            edge.to,
            quoted(&label)
        );
    }
    if graph.edges.is_empty() && graph.omitted == 0 {
        let _ = writeln!(out, "  // {NOTHING}");
    }
    if graph.omitted > 0 {
        let _ = writeln!(out, "  // and {} more edges, which are not told", graph.omitted);
    }
    out.push_str("}\n");
    out
}

/// A quoted string: a backslash would start an escape of Graphviz, a quote would end it.
fn quoted(text: &str) -> String {
    let lines: Vec<String> = text
        .lines()
        .map(|line| {
            let shown = visible(line).replace('\\', "\\\\").replace('"', "\\\"");
            disarm_marker(&shown).replace("\\u{5b}", "&#91;")
        })
        .collect();
    format!("\"{}\"", lines.join("\\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_name_cannot_leave_its_quotes() {
        assert_eq!(quoted("a\"];x\\"), "\"a\\\"];x\\\\\"");
        assert_eq!(quoted("a\nb"), "\"a\\nb\"");
    }

    proptest! {
        #[test]
        fn quotes_are_balanced(text in any::<String>()) {
            let out = quoted(&text);
            let inner = out.strip_prefix('"').unwrap().strip_suffix('"').unwrap();
            let mut escaped = false;
            for c in inner.chars() {
                prop_assert!(escaped || c != '"', "{}", out);
                escaped = !escaped && c == '\\';
            }
            prop_assert!(!escaped && !out.contains('\n'), "{}", out);
        }
    }
}
