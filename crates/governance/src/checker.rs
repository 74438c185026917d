//! What the checks of every kind of record share: values that are required, optional or listed, and violations.

use crate::code::{Code, Problem, REQUIRED};
use crate::draft::Given;
use crate::path::Path;

/// One thing that is wrong with a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Its kind.
    pub code: &'static Code,
    /// Where.
    pub path: Path,
    /// What is wrong: a lower-case phrase without a full stop.
    pub summary: String,
    /// Why it is governed and what to write instead: full sentences.
    pub detail: String,
}

impl Violation {
    fn new(path: &Path, problem: Problem) -> Self {
        let detail = format!("{} {} ({})", problem.code.why, problem.help, problem.code.id);
        Self {
            code: problem.code,
            path: path.clone(),
            summary: problem.message,
            detail,
        }
    }
}

/// Collects violations; a value that is unknown or wrong comes back as `None`.
#[derive(Debug, Default)]
pub(crate) struct Checker {
    pub(crate) violations: Vec<Violation>,
}

impl Checker {
    pub(crate) fn refuse(&mut self, path: &Path, problem: Problem) {
        self.violations.push(Violation::new(path, problem));
    }

    pub(crate) fn take<T, U>(
        &mut self,
        path: &Path,
        value: &T,
        parse: impl FnOnce(&T) -> Result<U, Problem>,
    ) -> Option<U> {
        parse(value).map_err(|problem| self.refuse(path, problem)).ok()
    }

    /// A value that has to be there.
    pub(crate) fn required_at<T, U>(
        &mut self,
        path: &Path,
        code: &'static Code,
        given: &Given<T>,
        parse: impl FnOnce(&T) -> Result<U, Problem>,
    ) -> Option<U> {
        match given {
            Given::Unknown => None,
            Given::Absent => {
                let help = format!("{} Set `{path}`.", code.why);
                self.refuse(path, Problem::new(&REQUIRED, format!("`{path}` is missing"), help));
                None
            }
            Given::Known(value) => self.take(path, value, parse),
        }
    }

    pub(crate) fn required<T, U>(
        &mut self,
        name: &'static str,
        code: &'static Code,
        given: &Given<T>,
        parse: impl FnOnce(&T) -> Result<U, Problem>,
    ) -> Option<U> {
        self.required_at(&Path::attribute(name), code, given, parse)
    }

    /// A value that may be left out: the inner `None` says so, the outer that nothing can be said.
    #[expect(clippy::option_option, reason = "the two levels are the two questions")]
    pub(crate) fn optional_at<T, U>(
        &mut self,
        path: &Path,
        given: &Given<T>,
        parse: impl FnOnce(&T) -> Result<U, Problem>,
    ) -> Option<Option<U>> {
        match given {
            Given::Unknown => None,
            Given::Absent => Some(None),
            Given::Known(value) => self.take(path, value, parse).map(Some),
        }
    }

    #[expect(clippy::option_option, reason = "the two levels are the two questions")]
    pub(crate) fn optional<T, U>(
        &mut self,
        name: &'static str,
        given: &Given<T>,
        parse: impl FnOnce(&T) -> Result<U, Problem>,
    ) -> Option<Option<U>> {
        self.optional_at(&Path::attribute(name), given, parse)
    }

    /// The elements of a list, and whether all of them are there.
    pub(crate) fn elements<T, U>(
        &mut self,
        path: &Path,
        code: &'static Code,
        list: &[Given<T>],
        mut parse: impl FnMut(&T) -> Result<U, Problem>,
    ) -> (Vec<U>, bool) {
        let mut parsed = Vec::new();
        for element in list {
            match element {
                Given::Unknown => {}
                Given::Absent => {
                    let help = "Remove it, for example with `compact([…])`, or give it a value.";
                    self.refuse(
                        path,
                        Problem::new(code, format!("an element of `{path}` is null"), help),
                    );
                }
                Given::Known(value) => parsed.extend(self.take(path, value, &mut parse)),
            }
        }
        let whole = parsed.len() == list.len();
        (parsed, whole)
    }

    /// A list that may be left out and has a limit.
    #[expect(clippy::option_option, reason = "the two levels are the two questions")]
    pub(crate) fn optional_list<T: Clone, U>(
        &mut self,
        name: &'static str,
        code: &'static Code,
        count_max: usize,
        given: &Given<Vec<Given<T>>>,
        parse: impl FnMut(&T) -> Result<U, Problem>,
    ) -> Option<Option<Vec<U>>> {
        let path = Path::attribute(name);
        let Some(list) = self.optional_at(&path, given, |list| {
            limited(&path, code, count_max, list)?;
            Ok(list.clone())
        })?
        else {
            return Some(None);
        };
        let (parsed, whole) = self.elements(&path, code, &list, parse);
        whole.then_some(Some(parsed))
    }

    /// A list that has to be there, with at least one element and at most so many.
    pub(crate) fn required_list<T: Clone, U>(
        &mut self,
        name: &'static str,
        code: &'static Code,
        count_max: usize,
        given: &Given<Vec<Given<T>>>,
        parse: impl FnMut(&T) -> Result<U, Problem>,
    ) -> Option<Vec<U>> {
        let path = Path::attribute(name);
        let list = self.required_at(&path, code, given, |list| {
            limited(&path, code, count_max, list)?;
            if list.is_empty() {
                return Err(Problem::new(code, format!("`{path}` is empty"), "List at least one."));
            }
            Ok(list.clone())
        })?;
        let (parsed, whole) = self.elements(&path, code, &list, parse);
        whole.then_some(parsed)
    }
}

fn limited<T>(path: &Path, code: &'static Code, count_max: usize, list: &[T]) -> Result<(), Problem> {
    if list.len() <= count_max {
        return Ok(());
    }
    let message = format!("`{path}` has {} elements", list.len());
    Err(Problem::new(code, message, format!("List at most {count_max}.")))
}
