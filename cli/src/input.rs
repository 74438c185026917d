//! Gets the bytes of a plan: from standard input, a JSON file, or a plan file by way of `show -json`.
//!
//! Everything is read within a limit, and what was read is named by its digest, so that a verdict can be tied to it.

mod estate;
mod planfile;
mod show;
mod sources;
mod zip;

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, IsTerminal as _, Read};
use std::path::{Path, PathBuf};
use std::thread;

use nhi_plan::Limits;
use nhi_plan::error::code;

use crate::args;
use crate::codes;
use crate::exit::Failure;
use crate::fingerprint::sha256;
use crate::report::{PlanFacts, PlanKind, Problem};

pub(crate) use estate::EstateSource;
pub(crate) use sources::{SourceFiles, repository};

/// How large what is read is at most where nothing is said: 1 GiB.
const BYTES_DEFAULT: u64 = 1 << 30;

/// Where the plan comes from and how large it may be.
#[derive(Debug, clap::Args)]
pub(crate) struct Source {
    /// A plan file, its JSON, or `-` for JSON on standard input
    #[arg(value_name = "PLAN|-", value_hint = clap::ValueHint::FilePath)]
    plan: Option<PathBuf>,
    /// Read the configuration in this directory, to find lines and to work out what is known only after apply
    ///
    /// A plan file brings its own configuration; only `file` and `templatefile` need the directory then.
    #[arg(long = "source", value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    directory: Option<PathBuf>,
    #[command(flatten)]
    reading: Reading,
}

/// How a plan or state is read, and how large it may be.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
struct Reading {
    /// Turn a plan file into JSON with this command: `tofu`, `terraform` or a path [default: the one that made it]
    #[arg(long, value_name = "COMMAND", env = "NHI_WITH", value_hint = clap::ValueHint::CommandName)]
    with: Option<OsString>,
    /// Run that command in this directory [default: where the plan file or the current `.terraform` is]
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    chdir: Option<PathBuf>,
    /// Refuse what has more bytes
    #[arg(long, value_name = "SIZE", value_parser = args::size, default_value = "1GiB", help_heading = "Limits")]
    max_bytes: u64,
    /// Refuse what has more JSON values and keys
    #[arg(long, value_name = "COUNT", default_value_t = Limits::NODES_DEFAULT, help_heading = "Limits")]
    max_nodes: u64,
    /// Refuse what is nested more deeply
    #[arg(long, value_name = "COUNT", default_value_t = Limits::DEPTH_DEFAULT, help_heading = "Limits")]
    max_depth: u32,
    /// Refuse what has more resources, variables, outputs and the like
    #[arg(long, value_name = "COUNT", default_value_t = Limits::RECORDS_DEFAULT, help_heading = "Limits")]
    max_records: u64,
}

impl Default for Reading {
    fn default() -> Self {
        Self {
            with: None,
            chdir: None,
            max_bytes: BYTES_DEFAULT,
            max_nodes: Limits::NODES_DEFAULT,
            max_depth: Limits::DEPTH_DEFAULT,
            max_records: Limits::RECORDS_DEFAULT,
        }
    }
}

impl Reading {
    fn limits(&self) -> Limits {
        Limits {
            bytes: self.max_bytes.min(Limits::BYTES_MAX),
            nodes: self.max_nodes,
            depth: self.max_depth,
            records: self.max_records,
        }
    }
}

impl Source {
    pub(crate) fn limits(&self) -> Limits {
        self.reading.limits()
    }

    /// The plan file or JSON file; `None` for standard input.
    fn file(&self) -> Option<&Path> {
        self.plan.as_deref().filter(|path| *path != Path::new("-"))
    }

    /// Where the plan is; `None` for standard input.
    pub(crate) fn folder(&self) -> Option<&Path> {
        self.file()?.parent()
    }

    /// What reports call it.
    pub(crate) fn name(&self) -> String {
        self.file()
            .map_or_else(|| "standard input".to_owned(), |path| path.display().to_string())
    }

    /// Refuses to wait for a plan that somebody would have to type.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        if self.plan.is_none() && io::stdin().is_terminal() {
            return Err(Failure::usage("no plan is given")
                .help("run `nhi check tfplan`, or `tofu show -json tfplan | nhi check -`"));
        }
        Ok(())
    }

    /// The source directory, when there is one.
    pub(crate) fn directory(&self) -> Option<&Path> {
        self.directory.as_deref()
    }

    /// Reads the plan's JSON and the configuration beside it, and says in `facts` what it is; the digest of what was
    /// JSON already is left to [`with_digest`].
    pub(crate) fn gather(&self, facts: &mut PlanFacts, notes: &mut Vec<String>) -> Result<Gathered, Problem> {
        let mut gathered = self.read(facts, notes)?;
        if let Some(directory) = &self.directory {
            let has_configuration = !gathered.sources.files.is_empty();
            gathered
                .sources
                .of_directory(directory, has_configuration)
                .map_err(|error| Problem {
                    code: codes::SOURCE_READ,
                    subject: directory.display().to_string(),
                    byte_offset: None,
                    message: format!("the source directory cannot be read: {error}"),
                    help: codes::help(codes::SOURCE_READ),
                })?;
        }
        notes.append(&mut gathered.sources.notes);
        Ok(gathered)
    }

    fn read(&self, facts: &mut PlanFacts, notes: &mut Vec<String>) -> Result<Gathered, Problem> {
        let limit = self.limits().bytes;
        let subject = self.name();
        let failed = |error: &io::Error| unreadable(&subject, error);
        let Some(path) = self.file() else {
            facts.kind = PlanKind::Stdin;
            let bytes = read_within(&mut io::stdin().lock(), limit, 0).map_err(|error| failed(&error))?;
            let bytes = bytes.ok_or_else(|| too_large(&subject, limit))?;
            return Ok(Gathered::json(bytes));
        };
        let bytes = read_file(path, limit)
            .map_err(|error| failed(&error))?
            .ok_or_else(|| too_large(&subject, limit))?;
        let Some(kind) = planfile::kind(&bytes) else {
            return Ok(Gathered::json(bytes));
        };
        let digest = sha256(&bytes);
        facts.sha256 = Some(digest.clone());
        facts.kind = PlanKind::PlanFile;
        let sources = SourceFiles::of_archive(&bytes);
        drop(bytes);
        let shown = show::Show {
            file: path,
            kind,
            with: self.reading.with.as_deref(),
            chdir: self.reading.chdir.as_deref(),
            limit,
        }
        .run()?;
        let again = read_file(path, limit).map_err(|error| failed(&error))?;
        if again.is_none_or(|bytes| sha256(&bytes) != digest) {
            return Err(Problem {
                code: codes::PLAN_CHANGED,
                subject,
                byte_offset: None,
                message: "the plan file changed while it was read".to_owned(),
                help: codes::help(codes::PLAN_CHANGED),
            });
        }
        facts.json_sha256 = Some(sha256(&shown.json));
        notes.push(format!("the plan file was shown by `{}`", shown.command));
        facts.shown_with = Some(shown.command);
        Ok(Gathered {
            json: shown.json,
            sources,
        })
    }
}

/// Does `work` on JSON text and returns the digest of the text, worked out meanwhile unless it is `known`.
pub(crate) fn with_digest<T>(json: &[u8], known: Option<String>, work: impl FnOnce() -> T) -> (String, T) {
    if let Some(known) = known {
        return (known, work());
    }
    thread::scope(|scope| {
        let digest = thread::Builder::new()
            .name(String::from("digest"))
            .spawn_scoped(scope, || sha256(json));
        let done = work();
        // Where there is no thread to be had it takes a little longer.
        let digest = digest.ok().and_then(|digest| digest.join().ok());
        (digest.unwrap_or_else(|| sha256(json)), done)
    })
}

/// What was read before anything is judged.
#[derive(Debug)]
pub(crate) struct Gathered {
    /// The plan's JSON, as bytes.
    pub(crate) json: Vec<u8>,
    /// The configuration; empty where none is at hand.
    pub(crate) sources: SourceFiles,
}

impl Gathered {
    fn json(json: Vec<u8>) -> Self {
        Self {
            json,
            sources: SourceFiles::default(),
        }
    }
}

/// Reads standard input of up to `limit` bytes; `None` if there is more.
pub(crate) fn read_standard_input(limit: u64) -> io::Result<Option<Vec<u8>>> {
    read_within(&mut io::stdin().lock(), limit, 0)
}

/// Reads a file of up to `limit` bytes; `None` if it has more.
pub(crate) fn read_file(path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
    let mut file = File::open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a directory"));
    }
    #[cfg(unix)]
    if metadata.is_file() && (LARGE_BYTES..=limit).contains(&metadata.len()) {
        let length = usize::try_from(metadata.len()).unwrap_or(usize::MAX);
        if let Some(bytes) = halves::read(&file, length)? {
            return Ok(Some(bytes));
        }
    }
    read_within(&mut file, limit, metadata.len())
}

/// A file of this size is read by two threads: most of the time goes into giving its memory pages.
#[cfg(unix)]
const LARGE_BYTES: u64 = 32 << 20;

#[cfg(unix)]
mod halves {
    use std::fs::File;
    use std::io::{self, ErrorKind};
    use std::os::unix::fs::FileExt as _;
    use std::thread;

    /// Reads a file of this length; `None` if it has another length by now, or where there is no second thread.
    pub(super) fn read(file: &File, length: usize) -> io::Result<Option<Vec<u8>>> {
        // Asked for beforehand, because making a vector of zeros ends the program where there is no memory.
        Vec::<u8>::new().try_reserve_exact(length).map_err(io::Error::other)?;
        let mut bytes = vec![0; length];
        let (first, second) = bytes.split_at_mut(length / 2);
        let end = u64::try_from(length).unwrap_or(u64::MAX);
        let middle = u64::try_from(first.len()).unwrap_or(u64::MAX);
        let read = thread::scope(|scope| {
            let other = thread::Builder::new()
                .name(String::from("reader"))
                .spawn_scoped(scope, move || file.read_exact_at(second, middle))?;
            file.read_exact_at(first, 0)?;
            other
                .join()
                .map_err(|_| io::Error::other("the reader's thread ended"))?
        });
        match read {
            Ok(()) if file.read_at(&mut [0], end)? == 0 => Ok(Some(bytes)),
            Ok(()) => Ok(None),
            Err(error) if matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::WouldBlock) => Ok(None),
            Err(error) => Err(error),
        }
    }

    #[cfg(test)]
    mod tests {
        use std::io::Write as _;

        use super::read;

        #[test]
        fn both_halves_are_read_and_another_length_is_noticed() {
            let mut file = tempfile::tempfile().unwrap();
            let text: Vec<u8> = (0..100_001_u32).flat_map(u32::to_le_bytes).collect();
            file.write_all(&text).unwrap();
            assert_eq!(read(&file, text.len()).unwrap().as_deref(), Some(text.as_slice()));
            for length in [text.len() - 1, text.len() + 1, 0] {
                assert_eq!(read(&file, length).unwrap(), None, "{length}");
            }
        }
    }
}

/// Reads up to `limit` bytes; `None` if there are more. `expected` is what the source says of its length.
fn read_within(source: &mut impl Read, limit: u64, expected: u64) -> io::Result<Option<Vec<u8>>> {
    if expected > limit {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    // One byte more than expected shows the end of the file without growing the buffer.
    bytes
        .try_reserve(usize::try_from(expected.saturating_add(1)).unwrap_or(usize::MAX))
        .map_err(io::Error::other)?;
    source.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    Ok((length <= limit).then_some(bytes))
}

#[cold]
fn unreadable(subject: &str, error: &io::Error) -> Problem {
    Problem {
        code: codes::PLAN_READ,
        subject: subject.to_owned(),
        byte_offset: None,
        message: format!("the plan cannot be read: {error}"),
        help: codes::help(codes::PLAN_READ),
    }
}

#[cold]
fn too_large(subject: &str, limit: u64) -> Problem {
    Problem {
        code: code::BUDGET,
        subject: subject.to_owned(),
        byte_offset: Some(limit),
        message: format!("the plan has more than {limit} bytes"),
        help: codes::help(code::BUDGET),
    }
}
