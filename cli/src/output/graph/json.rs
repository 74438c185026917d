//! The graph for programs. The shape is `docs/schemas/graph-v1.schema.json`; members are only ever added.

use serde::Serialize;

use super::Graph;
use crate::output::json_text;
use crate::report::Report;

const FORMAT_VERSION: u32 = 1;

#[derive(Debug, Serialize)]
struct Document<'g> {
    version: u32,
    plan: &'g str,
    complete: bool,
    omitted: u64,
    nodes: Vec<Node<'g>>,
    edges: Vec<Edge<'g>>,
}

#[derive(Debug, Serialize)]
struct Node<'g> {
    name: &'g str,
    kind: &'g str,
    admin: bool,
}

#[derive(Debug, Serialize)]
struct Edge<'g> {
    from: &'g str,
    to: &'g str,
    how: &'g str,
    via: &'g str,
    certain: bool,
    address: &'g str,
    message: &'g str,
}

pub(super) fn render(graph: &Graph<'_>, report: &Report) -> Result<String, serde_json::Error> {
    json_text::render(&Document {
        version: FORMAT_VERSION,
        plan: &report.plan.source,
        complete: report.verdict() != crate::report::Verdict::Undecided,
        omitted: graph.omitted,
        nodes: graph
            .nodes
            .iter()
            .map(|node| Node {
                name: node.name,
                kind: node.kind,
                admin: node.admin,
            })
            .collect(),
        edges: graph
            .edges
            .iter()
            .map(|edge| Edge {
                from: graph.name(edge.from),
                to: graph.name(edge.to),
                how: edge.how,
                via: edge.via,
                certain: edge.certain,
                address: &edge.entry.address,
                message: &edge.entry.message,
            })
            .collect(),
    })
}
