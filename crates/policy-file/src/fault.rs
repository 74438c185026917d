//! What is wrong with a file, and where.

use std::fmt;
use std::ops::Range;

use nhi_governance::{Code, Problem};

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Its kind.
    pub code: &'static Code,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong: a lower-case phrase without a full stop.
    pub message: String,
    /// What to write instead: full sentences.
    pub help: String,
}

/// Everything that is wrong with a file, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults {
    /// The file as its reader named it.
    pub file: String,
    /// What is wrong: at least one thing.
    pub faults: Vec<Fault>,
}

impl Faults {
    /// One line for each: `nhi.hcl:3:1: message (NHI-CODE)`.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        self.faults.iter().map(|fault| {
            let Fault {
                line,
                column,
                message,
                code,
                ..
            } = fault;
            format!("{}:{line}:{column}: {message} ({code})", self.file)
        })
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, line) in self.lines().enumerate() {
            if position > 0 {
                f.write_str("\n")?;
            }
            f.write_str(&line)?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

/// More than this is told of no file.
const FAULTS_MAX: usize = 100;

/// Collects what is wrong, by byte offset.
#[derive(Debug, Default)]
pub(crate) struct Collector(Vec<(usize, Problem)>);

impl Collector {
    pub(crate) fn add(&mut self, at: &Range<usize>, problem: Problem) {
        self.0.push((at.start, problem));
    }

    /// Whether something is wrong there.
    pub(crate) fn has(&self, at: &Range<usize>) -> bool {
        self.0.iter().any(|(offset, _)| *offset == at.start)
    }

    /// Whether something is wrong inside of it.
    pub(crate) fn within(&self, at: &Range<usize>) -> bool {
        self.0.iter().any(|(offset, _)| at.contains(offset))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `None` when nothing is wrong.
    pub(crate) fn finish(mut self, file: &str, text: &str) -> Option<Faults> {
        self.0.sort_by_key(|(offset, _)| *offset);
        self.0.dedup();
        self.0.truncate(FAULTS_MAX);
        let faults: Vec<_> = self
            .0
            .into_iter()
            .map(|(offset, problem)| {
                let before = text.get(..offset).unwrap_or(text);
                let line_start = before.rfind('\n').map_or(0, |position| position + 1);
                Fault {
                    code: problem.code,
                    line: before.matches('\n').count() + 1,
                    column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
                    message: problem.message,
                    help: problem.help,
                }
            })
            .collect();
        (!faults.is_empty()).then(|| Faults {
            file: file.to_owned(),
            faults,
        })
    }
}
