//! Collects findings while rules run.
//!
//! A rule only ever adds: it cannot see, lower or remove what another rule said.

use nhi_plan::Finding;

/// What the rules of a module have found since the host last asked.
#[derive(Debug, Default)]
pub struct Findings {
    list: Vec<Finding>,
}

impl Findings {
    /// Adds a finding.
    pub fn push(&mut self, finding: Finding) {
        self.list.push(finding);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The findings in the order in which they were made.
    pub fn into_vec(self) -> Vec<Finding> {
        self.list
    }
}
