//! Who can become whom: the identity graph, drawn from the edges that the analyzer reports.
//!
//! The analyzer decides what an edge is; here it only gets a shape. Every drawing has the same edges as a table or a
//! list, for people who cannot see it and for graphs too large to draw.

mod dot;
pub(super) mod html;
mod json;
mod layout;
mod mermaid;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use clap::ValueEnum;

use crate::exit::Failure;
use crate::report::{Entry, Report, Status};

/// What a drawing says that has nothing to draw.
const NOTHING: &str = "no identity can become another: there are no edges";

/// The rule whose findings are edges.
const EDGE_RULE: &str = "NHI090";

/// How a graph is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum GraphFormat {
    /// For Graphviz.
    Dot,
    /// For Markdown viewers that draw Mermaid.
    Mermaid,
    /// One page with a drawing and a table; nothing is loaded.
    Html,
    /// For programs: `docs/schemas/graph-v1.schema.json`.
    Json,
}

/// Writes the graph of a report.
pub(crate) fn render(format: GraphFormat, report: &Report) -> Result<String, Failure> {
    let graph = Graph::of(report);
    match format {
        GraphFormat::Dot => Ok(dot::render(&graph)),
        GraphFormat::Mermaid => Ok(mermaid::render(&graph)),
        GraphFormat::Html => Ok(html::render(&graph, report)),
        GraphFormat::Json => json::render(&graph, report)
            .map_err(|error| Failure::undecided(format!("the graph cannot be written as JSON: {error}"))),
    }
}

/// Whether an entry is an edge and not something to repair.
pub(crate) fn is_edge(entry: &Entry) -> bool {
    entry.code == EDGE_RULE
}

/// Identities and how one becomes another.
#[derive(Debug, Default)]
pub(crate) struct Graph<'r> {
    /// In the order of their names.
    pub(super) nodes: Vec<Node<'r>>,
    pub(super) edges: Vec<Edge<'r>>,
    /// How many more there are, which the analyzer does not tell.
    pub(super) omitted: u64,
}

#[derive(Debug)]
pub(super) struct Node<'r> {
    pub(super) name: &'r str,
    pub(super) kind: &'r str,
    /// Whoever is this can do everything.
    pub(super) admin: bool,
}

#[derive(Debug)]
pub(super) struct Edge<'r> {
    /// Positions in the nodes.
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) how: &'r str,
    /// What is used on the way.
    pub(super) via: &'r str,
    pub(super) certain: bool,
    pub(super) entry: &'r Entry,
}

impl<'r> Graph<'r> {
    /// The edges of a report and the identities at their ends.
    pub(crate) fn of(report: &'r Report) -> Self {
        let edges = || {
            report
                .entries
                .iter()
                .filter(|entry| is_edge(entry))
                .filter_map(|entry| {
                    let (from, to) = (entry.fact("from")?, entry.fact("to")?);
                    Some((entry, from, to))
                })
        };
        let mut found: BTreeMap<&str, (&str, bool)> = BTreeMap::new();
        for (entry, from, to) in edges() {
            for (name, kind, admin) in [
                (from, "from_kind", "from_administrator"),
                (to, "to_kind", "to_administrator"),
            ] {
                let known = found.entry(name).or_insert(("", false));
                let kind = entry.fact(kind).unwrap_or_default();
                if known.0.is_empty() {
                    known.0 = kind;
                }
                known.1 |= entry.fact(admin) == Some("true");
            }
        }
        let positions: BTreeMap<&str, usize> = found
            .keys()
            .enumerate()
            .map(|(position, name)| (*name, position))
            .collect();
        let nodes = found
            .into_iter()
            .map(|(name, (kind, admin))| Node { name, kind, admin })
            .collect();
        let edges = edges()
            .filter_map(|(entry, from, to)| {
                Some(Edge {
                    from: *positions.get(from)?,
                    to: *positions.get(to)?,
                    how: entry.fact("how").unwrap_or(&entry.message),
                    via: entry.fact("via").unwrap_or_default(),
                    certain: entry.status == Status::Violation && entry.fact("certainty") != Some("possibly"),
                    entry,
                })
            })
            .collect();
        let omitted = report.entries.iter().filter(|entry| is_edge(entry));
        let omitted = omitted
            .filter_map(|entry| entry.fact("omitted")?.parse::<u64>().ok())
            .sum();
        Self { nodes, edges, omitted }
    }

    fn name(&self, node: usize) -> &'r str {
        self.nodes.get(node).map_or("", |node| node.name)
    }
}
