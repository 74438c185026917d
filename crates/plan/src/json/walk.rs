//! Goes through all leaves of a value, knowing the way to each.
//!
//! The way is kept as positions; the attribute path is written only for those who ask.

use std::borrow::Cow;
use std::fmt;

use super::document::{Document, NodeKind};
use super::text::unescape;
use super::value::Value;
use crate::path::{self, Segment};

#[derive(Debug, Clone, Copy)]
struct Step {
    /// First node after the container.
    end: u32,
    /// Node of the current key, or the current index.
    at: u32,
    object: bool,
}

/// The way from the value that is walked to one of its leaves.
pub struct Trail<'d> {
    document: &'d Document<'d>,
    steps: Vec<Step>,
}

impl<'d> Trail<'d> {
    /// The Terraform attribute path: `tags["cost-center"]`; allocates.
    pub fn path(&self) -> String {
        let mut out = String::new();
        for segment in self.segments() {
            path::push(&mut out, &segment);
        }
        out
    }

    /// The steps of the way, outermost first.
    pub fn segments(&self) -> impl DoubleEndedIterator<Item = Segment<'d>> + '_ {
        self.steps.iter().map(|step| {
            if step.object {
                Segment::Key(self.key(step.at))
            } else {
                Segment::Index(step.at as usize)
            }
        })
    }

    /// The innermost key on the way: the attribute name of `a.b[0]` is `b`.
    pub fn last_key(&self) -> Option<Cow<'d, str>> {
        self.steps
            .iter()
            .rev()
            .find(|step| step.object)
            .map(|step| self.key(step.at))
    }

    /// The outermost key on the way.
    pub fn first_key(&self) -> Option<Cow<'d, str>> {
        self.steps.iter().find(|step| step.object).map(|step| self.key(step.at))
    }

    fn key(&self, index: u32) -> Cow<'d, str> {
        let node = self.document.nodes.get(index as usize);
        node.map_or(Cow::Borrowed(""), |node| unescape(self.document.text, node.span))
    }
}

impl fmt::Debug for Trail<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path())
    }
}

impl<'d> Value<'d> {
    /// Calls `visit` for every string in the value, with the way to it.
    pub fn walk(self, mut visit: impl FnMut(&Trail<'d>, Cow<'d, str>)) {
        self.walk_leaves(|trail, leaf| {
            if let Some(text) = leaf.as_str() {
                visit(trail, text);
            }
        });
    }

    /// Calls `visit` for every scalar and every empty container in the value, with the way to it.
    pub fn walk_leaves(self, mut visit: impl FnMut(&Trail<'d>, Value<'d>)) {
        let mut trail = Trail {
            document: self.document,
            steps: Vec::new(),
        };
        let (mut index, end) = (self.index, self.end());
        while index < end {
            let value = Value::new(self.document, index);
            let object = match value.node_kind() {
                NodeKind::Key => {
                    if let Some(step) = trail.steps.last_mut() {
                        step.at = index;
                    }
                    index += 1;
                    continue;
                }
                NodeKind::Object => true,
                NodeKind::Array => false,
                _ => {
                    visit(&trail, value);
                    index += 1;
                    trail.leave(index);
                    continue;
                }
            };
            index += 1;
            if index == value.end() {
                visit(&trail, value);
                trail.leave(index);
            } else {
                trail.steps.push(Step {
                    end: value.end(),
                    at: 0,
                    object,
                });
            }
        }
    }
}

impl Trail<'_> {
    /// Leaves every container that ends at `index`, and counts the element that was passed.
    fn leave(&mut self, index: u32) {
        while self.steps.pop_if(|step| step.end == index).is_some() {}
        if let Some(step) = self.steps.last_mut().filter(|step| !step.object) {
            step.at += 1;
        }
    }
}
