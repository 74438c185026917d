//! Who can become whom: the identity graph that the host hands to a module with an interest that needs `graph`.
//!
//! ```
//! use nhi_policy_sdk::{Context, Graph};
//!
//! let context = Context {
//!     graph: Some(r#"{"complete": true, "omitted": 0,
//!         "nodes": [{"name": "ci", "kind": "role", "admin": false}, {"name": "root", "kind": "role", "admin": true}],
//!         "edges": [{"from": "ci", "to": "root", "how": "assumes", "via": "", "certain": true,
//!                    "address": "aws_iam_role.root", "message": "ci can assume root"}]}"#.into()),
//!     ..Context::default()
//! };
//! let graph = Graph::of(&context)?;
//! assert_eq!(graph.becomes("ci").len(), 1);
//! assert!(graph.becomes_administrator("ci"));
//! assert!(!graph.becomes_administrator("root"), "it is one already");
//! # Ok::<(), String>(())
//! ```

use std::collections::{BTreeMap, BTreeSet};

use nhi_plan::Context;
use nhi_plan::json::{self, Kind, Value};

/// An identity: a role, a user, a service account, a workload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// What it is called: the address of a block, or a name outside of the plan.
    pub name: String,
    /// What kind of identity.
    pub kind: String,
    /// Whoever is this can do everything.
    pub is_administrator: bool,
}

/// One way from an identity to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    /// Who becomes somebody else.
    pub from: String,
    /// Whom.
    pub to: String,
    /// How.
    pub how: String,
    /// What is used on the way; may be empty.
    pub via: String,
    /// Whether nothing that is unknown could prevent it.
    pub is_certain: bool,
    /// The block that makes it possible.
    pub address: String,
    /// A sentence about it.
    pub message: String,
}

/// Somebody whom an identity can become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reach<'g> {
    /// Whom.
    pub to: &'g str,
    /// Over how many edges, at least.
    pub steps: usize,
    /// Whether every edge of that way is certain.
    pub is_certain: bool,
    /// The last edge of that way.
    pub last: &'g Edge,
}

/// The identity graph of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Graph {
    /// The identities, in the order of their names.
    pub nodes: Vec<Node>,
    /// The ways between them.
    pub edges: Vec<Edge>,
    /// Ways that there are and that were not told, because there are too many.
    pub omitted: u64,
}

impl Graph {
    /// The graph of a context. An error means that the module has no interest that needs `graph`.
    pub fn of(context: &Context) -> Result<Self, String> {
        let text = context
            .graph
            .as_deref()
            .ok_or("there is no graph: let an interest of the module need `graph`")?;
        Self::parse(text)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let document = json::parse(text).map_err(|error| format!("the graph is not JSON: {error}"))?;
        let root = document.root();
        Ok(Self {
            nodes: each(root, "nodes", |node| {
                Ok(Node {
                    name: word(node, "name")?,
                    kind: word(node, "kind")?,
                    is_administrator: flag(node, "admin")?,
                })
            })?,
            edges: each(root, "edges", |edge| {
                Ok(Edge {
                    from: word(edge, "from")?,
                    to: word(edge, "to")?,
                    how: word(edge, "how")?,
                    via: word(edge, "via")?,
                    is_certain: flag(edge, "certain")?,
                    address: word(edge, "address")?,
                    message: word(edge, "message")?,
                })
            })?,
            omitted: root
                .get("omitted")
                .and_then(Value::number_text)
                .and_then(|number| number.parse().ok())
                .ok_or_else(|| missing("omitted"))?,
        })
    }

    /// An identity by its name.
    pub fn node(&self, name: &str) -> Option<&Node> {
        self.nodes.iter().find(|node| node.name == name)
    }

    /// Everybody whom `from` can become, over any number of edges, nearest first; itself not among them.
    ///
    /// Where there are several ways of the same length, a certain one counts.
    pub fn becomes(&self, from: &str) -> Vec<Reach<'_>> {
        self.walk(from, |edge| (&edge.from, &edge.to))
    }

    /// Everybody who can become `to`, nearest first; `to` of each is then who it is.
    pub fn become_by(&self, to: &str) -> Vec<Reach<'_>> {
        self.walk(to, |edge| (&edge.to, &edge.from))
    }

    /// Whether `from` is no administrator and can become one.
    pub fn becomes_administrator(&self, from: &str) -> bool {
        let is = |name: &str| self.node(name).is_some_and(|node| node.is_administrator);
        !is(from) && self.becomes(from).iter().any(|reach| is(reach.to))
    }

    fn walk<'g>(&'g self, start: &str, ends: impl Fn(&'g Edge) -> (&'g str, &'g str)) -> Vec<Reach<'g>> {
        let mut edges: BTreeMap<&str, Vec<(&str, &Edge)>> = BTreeMap::new();
        for edge in &self.edges {
            let (near, far) = ends(edge);
            edges.entry(near).or_default().push((far, edge));
        }
        let mut found = Vec::new();
        let mut known = BTreeSet::from([start]);
        let mut level = vec![(start, 0, true)];
        while !level.is_empty() {
            let mut next: BTreeMap<&str, Reach<'g>> = BTreeMap::new();
            for (at, steps, is_certain) in level {
                for (far, edge) in edges
                    .get(at)
                    .into_iter()
                    .flatten()
                    .filter(|(far, _)| !known.contains(far))
                {
                    let reach = Reach {
                        to: far,
                        steps: steps + 1,
                        is_certain: is_certain && edge.is_certain,
                        last: edge,
                    };
                    let best = next.entry(far).or_insert(reach);
                    if reach.is_certain && !best.is_certain {
                        *best = reach;
                    }
                }
            }
            known.extend(next.keys());
            level = next
                .values()
                .map(|reach| (reach.to, reach.steps, reach.is_certain))
                .collect();
            found.extend(next.into_values());
        }
        found
    }
}

fn each<T>(root: Value<'_>, name: &str, read: impl Fn(Value<'_>) -> Result<T, String>) -> Result<Vec<T>, String> {
    let list = root.get(name).filter(|list| list.kind() == Kind::Array);
    list.ok_or_else(|| missing(name))?.elements().map(read).collect()
}

fn word(object: Value<'_>, name: &str) -> Result<String, String> {
    let text = object.get(name).and_then(Value::as_str);
    text.map(std::borrow::Cow::into_owned).ok_or_else(|| missing(name))
}

fn flag(object: Value<'_>, name: &str) -> Result<bool, String> {
    match object.get(name).map(Value::raw) {
        Some("true") => Ok(true),
        Some("false") => Ok(false),
        _ => Err(missing(name)),
    }
}

#[cold]
fn missing(name: &str) -> String {
    format!("the graph has no proper `{name}`: rebuild the module with the SDK of the host's version")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(edges: &[(&str, &str, bool)]) -> Graph {
        let edge = |&(from, to, is_certain): &(&str, &str, bool)| Edge {
            from: from.into(),
            to: to.into(),
            how: "assumes".into(),
            via: String::new(),
            is_certain,
            address: to.into(),
            message: String::new(),
        };
        Graph {
            edges: edges.iter().map(edge).collect(),
            ..Graph::default()
        }
    }

    #[test]
    fn ways_are_followed_to_their_end_and_circles_end() {
        let graph = graph(&[
            ("a", "b", true),
            ("b", "c", false),
            ("c", "a", true),
            ("c", "d", true),
            ("x", "a", true),
        ]);
        let reached: Vec<_> = graph
            .becomes("a")
            .iter()
            .map(|reach| (reach.to, reach.steps, reach.is_certain))
            .collect();
        assert_eq!(reached, [("b", 1, true), ("c", 2, false), ("d", 3, false)]);
        let by: Vec<_> = graph
            .become_by("a")
            .iter()
            .map(|reach| (reach.to, reach.steps))
            .collect();
        assert_eq!(by, [("c", 1), ("x", 1), ("b", 2)]);
        assert_eq!(graph.becomes("d"), []);
        assert_eq!(graph.becomes("nobody"), []);
    }

    #[test]
    fn of_two_ways_the_certain_one_counts() {
        let twice = graph(&[("a", "b", false), ("a", "b", true)]);
        assert!(twice.becomes("a")[0].is_certain);
        let around = graph(&[("a", "b", false), ("a", "c", true), ("b", "d", true), ("c", "d", true)]);
        let reached = around.becomes("a");
        let d = reached.iter().find(|reach| reach.to == "d").unwrap();
        assert!(d.is_certain && d.steps == 2);
    }

    #[test]
    fn what_is_no_graph_is_an_error() {
        let sound = r#"{"omitted":0,"nodes":[],"edges":[]}"#;
        assert_eq!(Graph::parse(sound), Ok(Graph::default()));
        for (text, wanted) in [
            ("", "not JSON"),
            ("{}", "`nodes`"),
            (r#"{"nodes":[],"edges":[]}"#, "`omitted`"),
            (r#"{"nodes":{},"edges":[],"omitted":0}"#, "`nodes`"),
            (
                r#"{"nodes":[{"name":"a","kind":"k","admin":1}],"edges":[],"omitted":0}"#,
                "`admin`",
            ),
            (r#"{"nodes":[],"edges":[{"from":"a"}],"omitted":0}"#, "`to`"),
        ] {
            let error = Graph::parse(text).unwrap_err();
            assert!(error.contains(wanted), "`{text}`: {error}");
        }
        assert!(Graph::of(&Context::default()).unwrap_err().contains("need `graph`"));
    }
}
