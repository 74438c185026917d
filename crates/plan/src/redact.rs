//! Sensitive values out, a marker in.
//!
//! It never fails open: a mask that does not fit its value, a path that cannot be read, a text that is not JSON take
//! the whole value with them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::change::{Change, Mode};
use crate::expressions::{Expression, Visitor, visit};
use crate::json::{self, Document, Kind, Value};
use crate::path::{self, Segment};

/// What stands in the place of a sensitive value.
pub const MARKER: &str = "(sensitive)";

/// [`MARKER`] as JSON text.
const MARKER_JSON: &str = "\"(sensitive)\"";

/// The change without its sensitive values: before, after, and the constants in its configuration.
pub fn redact<'a>(change: &Change<'a>) -> Change<'a> {
    let mut redacted = change.clone();
    if change.sensitive_paths.is_empty() {
        return redacted;
    }
    let (places, names) = (
        Tree::new(&change.sensitive_paths, true),
        Tree::new(&change.sensitive_paths, false),
    );
    redacted.before = change
        .before
        .as_deref()
        .map(|text| Cow::Owned(value(text, places.as_ref())));
    redacted.after = change
        .after
        .as_deref()
        .map(|text| Cow::Owned(value(text, places.as_ref())));
    redacted.configuration = change.configuration.as_deref().map(|text| {
        Cow::Owned(match change.mode {
            Mode::Variable => default(text),
            _ => constants(text, names.as_ref()),
        })
    });
    for (key, text) in &mut redacted.attributes {
        if matches!(&**key, "generated_config" | "provisioners") {
            *text = Cow::Borrowed(MARKER);
        }
        if key == "inside" {
            let (path, _) = text.split_once('\n').unwrap_or_default();
            if names.as_ref().is_none_or(|names| touches(names, path)) {
                *text = Cow::Owned(format!("{path}\n{MARKER}"));
            }
        }
    }
    redacted
}

/// Paths as a tree; node 0 is the value itself.
#[derive(Debug, Default)]
struct Tree<'a> {
    nodes: Vec<TreeNode<'a>>,
}

#[derive(Debug, Default)]
struct TreeNode<'a> {
    children: BTreeMap<Segment<'a>, usize>,
    sensitive: bool,
}

impl<'a> Tree<'a> {
    /// `None` when a path cannot be read. Without `indexes` all elements of a list count as one.
    fn new(paths: &'a [Cow<'a, str>], indexes: bool) -> Option<Self> {
        let mut tree = Self {
            nodes: vec![TreeNode::default()],
        };
        for path in paths {
            let mut at = 0;
            for segment in path::parse(path)? {
                if indexes || matches!(segment, Segment::Key(_)) {
                    at = tree.child(at, segment)?;
                }
            }
            tree.nodes.get_mut(at)?.sensitive = true;
        }
        Some(tree)
    }

    fn child(&mut self, at: usize, segment: Segment<'a>) -> Option<usize> {
        let fresh = self.nodes.len();
        let child = *self.nodes.get_mut(at)?.children.entry(segment).or_insert(fresh);
        if child == fresh {
            self.nodes.push(TreeNode::default());
        }
        Some(child)
    }

    fn step(&self, at: usize, segment: &Segment<'_>) -> Option<usize> {
        self.nodes.get(at)?.children.get(segment).copied()
    }

    /// Whether all paths below `at` begin as the value at hand demands.
    fn fits(&self, at: usize, kind: Kind) -> bool {
        self.nodes.get(at).is_some_and(|node| {
            node.children.keys().all(|segment| match segment {
                Segment::Key(_) => kind == Kind::Object,
                Segment::Index(_) => kind == Kind::Array,
            })
        })
    }

    fn sensitive(&self, at: usize) -> bool {
        self.nodes.get(at).is_none_or(|node| node.sensitive)
    }
}

/// Copies a text, leaving out values.
struct Copy<'t> {
    text: &'t str,
    out: String,
    copied: usize,
}

impl<'t> Copy<'t> {
    fn new(text: &'t str) -> Self {
        Self {
            text,
            out: String::with_capacity(text.len()),
            copied: 0,
        }
    }

    fn hide(&mut self, value: Value<'_>) {
        self.out
            .push_str(self.text.get(self.copied..value.offset()).unwrap_or_default());
        self.out.push_str(MARKER_JSON);
        self.copied = value.offset() + value.raw().len();
    }

    fn finish(mut self) -> String {
        self.out.push_str(self.text.get(self.copied..).unwrap_or_default());
        self.out
    }
}

struct Frame<'d> {
    members: Children<'d>,
    place: usize,
    index: usize,
}

enum Children<'d> {
    Members(json::Members<'d>),
    Elements(json::Elements<'d>),
}

/// A value without what the paths point at.
fn value(text: &str, tree: Option<&Tree<'_>>) -> String {
    let (Some(tree), Ok(document)) = (tree, json::parse(text)) else {
        return MARKER_JSON.to_owned();
    };
    let mut copy = Copy::new(text);
    let mut frames = Vec::new();
    frames.extend(look(&mut copy, tree, document.root(), 0));
    while let Some(frame) = frames.last_mut() {
        let next = match &mut frame.members {
            Children::Members(members) => members.next().map(|(key, value)| (Segment::Key(key), value)),
            Children::Elements(elements) => {
                frame.index += 1;
                elements.next().map(|value| (Segment::Index(frame.index - 1), value))
            }
        };
        let Some((segment, value)) = next else {
            frames.pop();
            continue;
        };
        if let Some(place) = tree.step(frame.place, &segment) {
            frames.extend(look(&mut copy, tree, value, place));
        }
    }
    copy.finish()
}

/// Hides `value`, or says how to look into it.
fn look<'d>(copy: &mut Copy<'_>, tree: &Tree<'_>, value: Value<'d>, place: usize) -> Option<Frame<'d>> {
    if tree.sensitive(place) || !(value.is_null() || tree.fits(place, value.kind())) {
        copy.hide(value);
        return None;
    }
    let members = match value.kind() {
        Kind::Object => Children::Members(value.members()),
        Kind::Array => Children::Elements(value.elements()),
        _ => return None,
    };
    Some(Frame {
        members,
        place,
        index: 0,
    })
}

/// Expressions without the constants that the paths, or their beginnings, point at.
fn constants(text: &str, tree: Option<&Tree<'_>>) -> String {
    struct Hider<'t, 'a>(Copy<'t>, &'a Tree<'a>);
    impl<'d> Visitor<'d> for Hider<'_, '_> {
        fn expression(&mut self, path: &str, _: Option<&str>, expression: Expression<'d>) {
            if let Some(constant) = expression.constant.filter(|_| touches(self.1, path)) {
                self.0.hide(constant);
            }
        }
    }
    let (Some(tree), Ok(document)) = (tree, json::parse(text)) else {
        return MARKER_JSON.to_owned();
    };
    let mut hider = Hider(Copy::new(text), tree);
    visit(&document, &mut hider);
    hider.0.finish()
}

/// Whether a path of the tree begins `path` or begins with it.
fn touches(tree: &Tree<'_>, path: &str) -> bool {
    let Some(segments) = path::parse(path) else { return true };
    let mut at = 0;
    for segment in segments.iter().filter(|segment| matches!(segment, Segment::Key(_))) {
        if tree.sensitive(at) {
            return true;
        }
        match tree.step(at, segment) {
            Some(next) => at = next,
            None => return false,
        }
    }
    true
}

/// A variable's declaration without its default.
fn default(text: &str) -> String {
    let Ok(document): Result<Document<'_>, _> = json::parse(text) else {
        return MARKER_JSON.to_owned();
    };
    let mut copy = Copy::new(text);
    if let Some(default) = document.root().get("default") {
        copy.hide(default);
    }
    copy.finish()
}
