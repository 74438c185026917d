//! Who can become whom, in words that hold for every platform.
//!
//! Each platform's code adds edges; the rule `identity-edge` tells them and `nhi graph` draws them.

/// Edges that one plan may have.
const EDGES_MAX: usize = 5_000;

/// How sure an edge is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Certainty {
    /// It depends on values that are known only after apply.
    Possibly,
    /// Everything it takes stands in the plan.
    Yes,
}

impl Certainty {
    /// The word in attributes.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Possibly => "possibly",
            Self::Yes => "yes",
        }
    }
}

/// One end of an edge.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct End {
    /// Address of the principal or workload; a phrase for what has no block.
    pub(crate) name: String,
    /// `role`, `user`, `group`, `function`, `account`, …
    pub(crate) kind: &'static str,
    /// Whether it holds, or can make itself hold, everything.
    pub(crate) administrator: bool,
}

/// A principal and what it can become or use.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Edge {
    pub(crate) from: End,
    pub(crate) to: End,
    /// Id of a method, `assume-role`, `runs-as`.
    pub(crate) how: String,
    /// The statement or binding that allows it.
    pub(crate) via: String,
    pub(crate) certainty: Certainty,
}

/// Every edge of a plan, collected only where somebody asked for the graph.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    pub(crate) edges: Vec<Edge>,
    /// Edges that were not collected because there are too many.
    pub(crate) omitted: usize,
}

impl Graph {
    /// Takes in an edge, within the limit.
    pub(crate) fn add(&mut self, edge: Edge) {
        if self.edges.len() < EDGES_MAX {
            self.edges.push(edge);
        } else {
            self.omitted += 1;
        }
    }
}
