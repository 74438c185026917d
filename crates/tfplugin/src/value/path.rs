//! Where in a value something is: `scope[0].actions`, `tags["cost-center"]`.
//!
//! Every error and diagnostic carries one, since a core marks the line of configuration that it points at.

use std::fmt;

/// One step into a value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// An attribute of an object.
    Attribute(String),
    /// An entry of a map.
    Key(String),
    /// An element of a list or tuple. Elements of sets have no address: point at the set.
    Index(usize),
}

/// The way from the root of a value to a part of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttributePath(Vec<Step>);

impl AttributePath {
    /// The root itself.
    pub const fn root() -> AttributePath {
        AttributePath(Vec::new())
    }

    /// The path of a top-level attribute.
    pub fn of(attribute: impl Into<String>) -> AttributePath {
        AttributePath(vec![Step::Attribute(attribute.into())])
    }

    /// This path and an attribute below it.
    #[must_use]
    pub fn attribute(&self, name: impl Into<String>) -> AttributePath {
        self.with(Step::Attribute(name.into()))
    }

    /// This path and a map entry below it.
    #[must_use]
    pub fn key(&self, key: impl Into<String>) -> AttributePath {
        self.with(Step::Key(key.into()))
    }

    /// This path and an element below it.
    #[must_use]
    pub fn index(&self, index: usize) -> AttributePath {
        self.with(Step::Index(index))
    }

    /// This path and one step more.
    #[must_use]
    pub fn with(&self, step: Step) -> AttributePath {
        let mut steps = self.0.clone();
        steps.push(step);
        AttributePath(steps)
    }

    /// The steps from the root.
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// Whether this is the root.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn push(&mut self, step: Step) {
        self.0.push(step);
    }

    pub(crate) fn pop(&mut self) {
        self.0.pop();
    }
}

impl fmt::Display for AttributePath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Attribute(name) if is_identifier(name) && position == 0 => formatter.write_str(name)?,
                Step::Attribute(name) if is_identifier(name) => write!(formatter, ".{name}")?,
                Step::Attribute(name) | Step::Key(name) => write!(formatter, "[{}]", quoted(name))?,
                Step::Index(index) => write!(formatter, "[{index}]")?,
            }
        }
        Ok(())
    }
}

fn is_identifier(name: &str) -> bool {
    let mut letters = name.chars();
    letters
        .next()
        .is_some_and(|first| first.is_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_alphanumeric() || letter == '_' || letter == '-')
}

fn quoted(name: &str) -> String {
    serde_json::Value::from(name).to_string()
}
