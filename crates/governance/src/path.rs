//! The place of an attribute, written as Terraform writes it.

use std::fmt;

/// One step of a [`Path`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The attribute of an object.
    Attribute(&'static str),
    /// The element of a list.
    Index(usize),
}

/// A place in a declaration, for example `scope[0].actions`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Path(Vec<Step>);

impl Path {
    /// The path of a top-level attribute.
    pub fn attribute(name: &'static str) -> Self {
        Self(vec![Step::Attribute(name)])
    }

    /// This path, one attribute deeper.
    #[must_use]
    pub fn then(&self, name: &'static str) -> Self {
        self.with(Step::Attribute(name))
    }

    /// This path, at an element.
    #[must_use]
    pub fn at(&self, index: usize) -> Self {
        self.with(Step::Index(index))
    }

    /// The steps from the outermost in.
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    fn with(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Attribute(name) if position == 0 => f.write_str(name)?,
                Step::Attribute(name) => write!(f, ".{name}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}
