//! Graphs of hand-made edges, with names that try to be more than names.

use nhi_plan::Finding;

use super::layout::Layout;
use super::{Graph, GraphFormat, render};
use crate::report::Report;

fn edge(from: &str, to: &str, facts: &[(&str, &str)]) -> Finding {
    let mut finding = Finding::new("NHI090", format!("aws_iam_role.{from}")).message(format!("{from} can become {to}"));
    let fixed = [
        ("from", from),
        ("to", to),
        ("how", "sts:AssumeRole"),
        ("from_kind", "role"),
        ("to_kind", "role"),
    ];
    let all = fixed.iter().chain(facts);
    finding.attributes = all
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect();
    finding
}

/// What the analyzer says when there are more edges than it tells.
fn omitted() -> Finding {
    let mut finding = Finding::new("NHI090", "ci").message("and 7 more edges, which are not told");
    finding.attributes = vec![("omitted".to_owned(), "7".to_owned())];
    finding
}

fn report() -> Report {
    Report::of_findings(
        "NHI090",
        vec![
            edge("ci", "deploy", &[("via", "trust policy"), ("certainty", "yes")]),
            edge(
                "deploy",
                "admin",
                &[("to_administrator", "true"), ("certainty", "possibly")],
            ),
            edge("admin", "ci", &[]),
            edge("ci", "admin", &[("to_administrator", "true")]),
            edge("self", "self", &[]),
            omitted(),
        ],
    )
}

#[test]
fn nodes_and_edges_are_what_was_reported() {
    let report = report();
    let graph = Graph::of(&report);
    let names: Vec<(&str, bool)> = graph.nodes.iter().map(|node| (node.name, node.admin)).collect();
    assert_eq!(
        names,
        [("admin", true), ("ci", false), ("deploy", false), ("self", false)]
    );
    assert_eq!(graph.edges.len(), 5);
    assert_eq!(graph.edges.iter().filter(|edge| !edge.certain).count(), 1);
}

#[test]
fn a_layout_gives_everybody_a_place_of_their_own() {
    let report = report();
    let graph = Graph::of(&report);
    let layout = Layout::of(&graph);
    let mut places = layout.places.clone();
    places.sort_unstable();
    places.dedup();
    assert_eq!(places.len(), graph.nodes.len());
    assert!(
        places
            .iter()
            .all(|(column, row)| *column < layout.columns && *row < layout.rows)
    );

    // A long chain and a thick bundle come to an end, and a chain goes on to the right.
    let chain: Vec<Finding> = (0..120)
        .map(|at| edge(&format!("n{at:03}"), &format!("n{:03}", at + 1), &[]))
        .collect();
    let report = Report::of_findings("NHI090", chain);
    let graph = Graph::of(&report);
    let layout = Layout::of(&graph);
    assert_eq!((layout.columns, layout.rows), (121, 1));
}

#[test]
fn every_format_draws_every_edge() {
    let report = report();
    let dot = render(GraphFormat::Dot, &report).unwrap();
    assert_eq!(dot.matches(" -> ").count(), 5);
    assert!(dot.contains("style=dashed") && dot.contains("peripheries=2"), "{dot}");
    let mermaid = render(GraphFormat::Mermaid, &report).unwrap();
    assert_eq!(mermaid.matches("-->").count() + mermaid.matches("-.->").count(), 5);
    let html = render(GraphFormat::Html, &report).unwrap();
    assert_eq!(html.matches("marker-end").count(), 5, "{html}");
    assert_eq!(html.matches("<tr><td>").count(), 5);
    for word in [
        "<title id=\"graph-title\">",
        "tabindex=\"0\"",
        "scope=\"col\"",
        "prefers-color-scheme:dark",
    ] {
        assert!(html.contains(word), "no `{word}`");
    }
    assert!(!html.contains("http:") && !html.contains("https"), "{html}");
    let json: serde_json::Value = serde_json::from_str(&render(GraphFormat::Json, &report).unwrap()).unwrap();
    assert_eq!(json["edges"].as_array().unwrap().len(), 5);
    assert_eq!(json["nodes"][0]["admin"], true);
    assert_eq!(json["omitted"], 7);
    for text in [dot, mermaid, html] {
        assert!(text.contains("nd 7 more"), "{text}");
    }
}

#[test]
fn names_stay_names() {
    let hostile = "a\"]; x -> y [label=\"\u{1b}[2J<script>alert(1)</script>\n::error::x ##[error]";
    let report = Report::of_findings("NHI090", vec![edge(hostile, "b", &[("via", hostile)])]);
    for format in [
        GraphFormat::Dot,
        GraphFormat::Mermaid,
        GraphFormat::Html,
        GraphFormat::Json,
    ] {
        let text = render(format, &report).unwrap();
        assert!(!text.contains('\u{1b}') && !text.contains("##["), "{format:?}: {text}");
        assert!(
            text.lines().all(|line| !line.trim_start().starts_with("::")),
            "{format:?}: {text}"
        );
        if matches!(format, GraphFormat::Html | GraphFormat::Mermaid) {
            assert!(!text.contains("<script"), "{format:?}: {text}");
        }
    }
}

#[test]
fn a_graph_that_is_too_large_is_a_table() {
    let edges: Vec<Finding> = (0..200).map(|at| edge("hub", &format!("n{at}"), &[])).collect();
    let report = Report::of_findings("NHI090", edges);
    let html = render(GraphFormat::Html, &report).unwrap();
    assert!(!html.contains("<svg") && html.contains("too many to draw"));
    assert_eq!(html.matches("<tr><td>").count(), 200);
}

#[test]
fn a_drawing_without_edges_says_so() {
    let empty = Report::of_findings("NHI090", Vec::new());
    for (format, comment) in [
        (GraphFormat::Mermaid, "%% no identity can become another"),
        (GraphFormat::Dot, "// no identity can become another"),
    ] {
        let text = render(format, &empty).unwrap();
        assert!(text.contains(comment), "{text}");
        assert!(!render(format, &report()).unwrap().contains(comment));
    }
}
