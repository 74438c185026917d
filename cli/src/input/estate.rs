//! A state or a plan, to be looked at for what it creates.

use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

use nhi_plan::{Limits, ReadError, decode};

use super::{Reading, Source};
use crate::exit::Failure;
use crate::report::{PlanFacts, Problem};

/// What a core calls the state of a directory.
const STATE_FILE: &str = "terraform.tfstate";

/// Where the state or plan is and how large it may be.
#[derive(Debug, clap::Args)]
pub(crate) struct EstateSource {
    /// A state file, a plan file, the JSON of either, a directory with a `terraform.tfstate`, or `-` for standard input
    #[arg(value_name = "STATE|PLAN|-", value_hint = clap::ValueHint::AnyPath)]
    source: Option<PathBuf>,
    #[command(flatten)]
    reading: Reading,
}

impl EstateSource {
    /// A state in a file, within the usual limits.
    pub(crate) fn of(path: PathBuf) -> Self {
        Self {
            source: Some(path),
            reading: Reading::default(),
        }
    }

    /// Hands the text to `look`, and says in `notes` what was done to get it.
    pub(crate) fn read<T>(
        &self,
        notes: &mut Vec<String>,
        look: impl FnOnce(&str, &Limits) -> Result<T, ReadError>,
    ) -> Result<T, Failure> {
        let source = Source {
            plan: Some(self.path()?),
            directory: None,
            reading: self.reading.clone(),
        };
        let gathered = source
            .gather(&mut PlanFacts::default(), notes)
            .map_err(|problem| failure(&problem))?;
        let unreadable = |error: ReadError| {
            failure(&Problem {
                code: error.code,
                subject: source.name(),
                byte_offset: Some(error.offset),
                message: error.message.into_owned(),
                help: error.help.into_owned(),
            })
        };
        let decoded = decode(&gathered.json).map_err(unreadable)?;
        notes.extend(decoded.notes.iter().cloned());
        look(&decoded.text, &source.limits()).map_err(|error| unreadable(decoded.relocate(error)))
    }

    /// What is meant, where it need not be said.
    fn path(&self) -> Result<PathBuf, Failure> {
        let Some(path) = &self.source else {
            let here = Path::new(STATE_FILE);
            if here.is_file() {
                return Ok(here.to_path_buf());
            }
            if io::stdin().is_terminal() {
                return Err(Failure::usage("no state or plan is given")
                    .help("run `nhi adopt terraform.tfstate`, or `tofu state pull | nhi adopt -`"));
            }
            return Ok(PathBuf::from("-"));
        };
        let inside = path.join(STATE_FILE);
        Ok(if path.is_dir() && inside.is_file() {
            inside
        } else {
            path.clone()
        })
    }
}

fn failure(problem: &Problem) -> Failure {
    let place = problem
        .byte_offset
        .map_or_else(String::new, |offset| format!(" at byte {offset}"));
    Failure::undecided(format!(
        "{}: {} in `{}`{place}",
        problem.code, problem.message, problem.subject
    ))
    .help(problem.help.clone())
}
