//! A state or a plan, to be looked at for what it creates.

use std::ffi::OsString;
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

use nhi_plan::{Limits, ReadError, decode};

use super::Source;
use crate::args;
use crate::exit::Failure;
use crate::report::{PlanFacts, Problem};

/// What a core calls the state of a directory.
const STATE_FILE: &str = "terraform.tfstate";

/// How large a source is at most where nothing is said: 1 GiB.
const BYTES_DEFAULT: u64 = 1 << 30;

/// Where the state or plan is and how large it may be.
#[derive(Debug, clap::Args)]
pub(crate) struct EstateSource {
    /// A state file, a plan file, the JSON of either, a directory with a `terraform.tfstate`, or `-` for standard input
    #[arg(value_name = "STATE|PLAN|-", value_hint = clap::ValueHint::AnyPath)]
    source: Option<PathBuf>,
    /// Turn a plan file into JSON with this command: `tofu`, `terraform` or a path [default: the one that made it]
    #[arg(long, value_name = "COMMAND", env = "NHI_WITH", value_hint = clap::ValueHint::CommandName)]
    with: Option<OsString>,
    /// Run that command in this directory [default: where the plan file or the current `.terraform` is]
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    chdir: Option<PathBuf>,
    /// Refuse a source with more bytes
    #[arg(long, value_name = "SIZE", value_parser = args::size, default_value = "1GiB", help_heading = "Limits")]
    max_bytes: u64,
    /// Refuse a source with more JSON values and keys
    #[arg(long, value_name = "COUNT", default_value_t = Limits::NODES_DEFAULT, help_heading = "Limits")]
    max_nodes: u64,
    /// Refuse a source that is nested more deeply
    #[arg(long, value_name = "COUNT", default_value_t = Limits::DEPTH_DEFAULT, help_heading = "Limits")]
    max_depth: u32,
    /// Refuse a source with more resources that have to do with identities
    #[arg(long, value_name = "COUNT", default_value_t = Limits::RECORDS_DEFAULT, help_heading = "Limits")]
    max_records: u64,
}

impl EstateSource {
    /// A state in a file, within the usual limits.
    pub(crate) fn of(path: PathBuf) -> Self {
        Self {
            source: Some(path),
            with: None,
            chdir: None,
            max_bytes: BYTES_DEFAULT,
            max_nodes: Limits::NODES_DEFAULT,
            max_depth: Limits::DEPTH_DEFAULT,
            max_records: Limits::RECORDS_DEFAULT,
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
            with: self.with.clone(),
            chdir: self.chdir.clone(),
            max_bytes: self.max_bytes,
            max_nodes: self.max_nodes,
            max_depth: self.max_depth,
            max_records: self.max_records,
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
