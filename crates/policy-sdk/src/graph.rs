//! Who can become whom: the identity graph that the host hands to a module with an interest that needs `graph`.
//!
//! Who holds what is [`Graph::ways_from`] and [`Graph::administrators`]; who can become whom is [`Graph::becomes`] and
//! [`Graph::become_by`]. A rule that asks, and its test:
//!
//! ```
//! use nhi_policy_sdk::{Graph, Rule, Sees, Severity, Tester, testing};
//!
//! nhi_policy_sdk::module! {
//!     /// No pipeline becomes an administrator.
//!     #[derive(Debug)]
//!     pub struct Pipelines {
//!         settings: (),
//!         graph: Graph = Graph::of,
//!     }
//!     name: "pipelines",
//!     rules: [BECOMES_ADMINISTRATOR],
//! }
//!
//! static BECOMES_ADMINISTRATOR: Rule<Pipelines> = Rule {
//!     code: "TEAM001",
//!     name: "pipeline-becomes-administrator",
//!     severity: Severity::Critical,
//!     summary: "a pipeline's role can become an administrator",
//!     why: "whoever may push to the repository owns the account",
//!     docs: "",
//!     controls: &[],
//!     sees: &[Sees::resources(&["aws_iam_role"]).only(&["name"]).with(&["graph"])],
//!     canary: None,
//!     check: |pipelines, block, findings| {
//!         let graph = &pipelines.graph;
//!         if block.address.contains("pipeline") && graph.becomes_administrator(&block.address) {
//!             let ways: Vec<&str> = graph.ways_from(&block.address).map(|edge| edge.message.as_str()).collect();
//!             findings.push(block.finding("TEAM001").message(ways.join(", then ")));
//!         }
//!         Ok(())
//!     },
//! };
//!
//! let graph = testing::graph(&[
//!     ("aws_iam_role.pipeline", "aws_iam_role.deploy"),
//!     ("aws_iam_role.deploy", "aws_iam_role.admin"),
//! ]);
//! assert!(!graph.becomes_administrator("aws_iam_role.admin"), "it is one already");
//! assert_eq!(graph.become_by("aws_iam_role.admin").len(), 2);
//!
//! Tester::<Pipelines>::new()
//!     .graph(&graph)
//!     .case("over two hops")
//!     .change(testing::change("aws_iam_role.pipeline", "{}"))
//!     .change(testing::change("aws_iam_role.deploy", "{}"))
//!     .finds("TEAM001", "aws_iam_role.pipeline")
//!     .saying("aws_iam_role.pipeline can assume aws_iam_role.deploy")
//!     .holds();
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

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

    /// The JSON text that [`Graph::of`] reads, for tests.
    pub fn to_json(&self) -> String {
        let mut out = format!(r#"{{"complete":true,"omitted":{},"nodes":["#, self.omitted);
        let begin = |out: &mut String, number: usize| out.push_str(if number > 0 { ",{" } else { "{" });
        let text = |out: &mut String, key: &str, value: &str| {
            out.push_str(&json::quote(key));
            out.push(':');
            out.push_str(&json::quote(value));
            out.push(',');
        };
        for (number, node) in self.nodes.iter().enumerate() {
            begin(&mut out, number);
            text(&mut out, "name", &node.name);
            text(&mut out, "kind", &node.kind);
            // Writing to a String cannot fail.
            let _ = write!(out, r#""admin":{}}}"#, node.is_administrator);
        }
        out.push_str(r#"],"edges":["#);
        for (number, edge) in self.edges.iter().enumerate() {
            begin(&mut out, number);
            for (key, value) in [
                ("from", &edge.from),
                ("to", &edge.to),
                ("how", &edge.how),
                ("via", &edge.via),
                ("address", &edge.address),
                ("message", &edge.message),
            ] {
                text(&mut out, key, value);
            }
            let _ = write!(out, r#""certain":{}}}"#, edge.is_certain);
        }
        out.push_str("]}");
        out
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

    /// The identities that can do everything, in the order of their names.
    pub fn administrators(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter().filter(|node| node.is_administrator)
    }

    /// What `from` holds itself: the ways that lead from it to somebody else in one step.
    pub fn ways_from<'g>(&'g self, from: &str) -> impl Iterator<Item = &'g Edge> {
        self.edges.iter().filter(move |edge| edge.from == from)
    }

    /// The ways that lead to `to` in one step.
    pub fn ways_to<'g>(&'g self, to: &str) -> impl Iterator<Item = &'g Edge> {
        self.edges.iter().filter(move |edge| edge.to == to)
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
    fn a_graph_reads_back() {
        let mut graph = graph(&[("a \"b\"", "c", true), ("c", "d", false)]);
        graph.omitted = 3;
        graph.nodes.push(Node {
            name: "c".into(),
            kind: "role".into(),
            is_administrator: true,
        });
        let context = Context {
            graph: Some(graph.to_json()),
            ..Context::default()
        };
        assert_eq!(Graph::of(&context), Ok(graph));
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
