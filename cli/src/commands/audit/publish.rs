//! `nhi audit publish`: the log as files that never change, for a place where the registry's writers cannot write.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use nhi_registry::{Registry, Transparency};
use tlog::{bundle, entries, files_between, leaf_hash};

use super::export::each_page;
use super::key::LogKey;
use super::published::{CHECKPOINT, Published};
use crate::exit::{Exit, Failure};
use crate::output::{BOLD, Console, DIM, GREEN, PLAIN, Screen};
use crate::registry::{self, failure};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Where the log is published; it is made where there is none
    #[arg(value_name = "DIRECTORY", value_hint = clap::ValueHint::DirPath)]
    directory: PathBuf,
    /// The private key that signs the checkpoint; `nhi audit key` makes one
    #[arg(long, value_name = "FILE", env = "NHI_LOG_KEY_FILE", hide_env_values = true, value_hint = clap::ValueHint::FilePath)]
    key: PathBuf,
}

pub(super) fn run(place: &registry::Args, args: &Args, console: &Console) -> Result<Exit, Failure> {
    let key = LogKey::read(&args.key)?;
    let registry = place.open()?;
    let origin = format!("nhi/{}", registry.registry_id().map_err(|error| failure(&error))?);
    if key.public().name() != origin {
        return Err(Failure::undecided(format!(
            "the key is of the log `{}`, and this one is `{origin}`",
            key.public().name()
        ))
        .help("name the key that was made for this registry, or make one with `nhi audit key FILE`"));
    }
    let directory = &args.directory;
    let unwritten = |error: io::Error| unwritten(directory, &error);
    std::fs::create_dir_all(directory).map_err(unwritten)?;
    // One at a time, and each reads the registry in its turn: who was slower would otherwise take back, or take for a
    // rollback, what another published meanwhile. The turn ends when the file is closed.
    let turn = File::open(directory).map_err(unwritten)?;
    turn.lock().map_err(unwritten)?;
    let log = registry.transparency().map_err(|error| failure(&error))?;
    let published = Published { directory };
    let then = published.checkpoint(Some(key.public()))?;
    if let Some(then) = &then
        && let Some(difference) = published.difference(&log, then)?
    {
        return Err(Failure::undecided(difference.to_string()).help(
            "nothing was published; keep registry and log for the inquiry, and publish from the registry that continues the log",
        ));
    }
    let from = then.as_ref().map_or(0, |then| then.size);
    if then.is_none() || from < log.size() {
        write_entries(&*registry, &published, &log, from)?;
        for (tile, bytes) in files_between(log.tree(), from, log.size()) {
            write_once(&published, &tile.path(), &bytes)?;
        }
        let note = key.sign(log.checkpoint().to_string())?.to_string();
        write(&published.path(CHECKPOINT), note.as_bytes(), true).map_err(unwritten)?;
    }
    let mut screen = Screen::new(console.width);
    let (rows, news) = (log.size().to_string(), format!(", {} of them new", log.size() - from));
    screen.line(&[
        (GREEN, "published"),
        (PLAIN, ": audit rows "),
        (BOLD, &rows),
        (PLAIN, &news),
    ]);
    screen.line(&[(DIM, "key "), (PLAIN, &key.public().to_string())]);
    console.answer(&screen.into_text())?;
    Ok(Exit::Clean)
}

/// Writes the bundles of entries that are new, page by page.
fn write_entries(
    registry: &dyn Registry,
    published: &Published<'_>,
    log: &Transparency,
    from: u64,
) -> Result<(), Failure> {
    let mut tiles = entries(from, log.size()).peekable();
    let first = tiles.peek().map_or(0, |(_, first)| *first);
    let mut waiting: Vec<String> = Vec::new();
    each_page(registry, first + 1, |rows| {
        // Rows that came after the tree was made are left for the next time.
        for row in rows.iter().take_while(|row| row.seq <= log.size()) {
            let entry = row.entry();
            if log.tree().leaf(row.seq - 1) != Some(leaf_hash(entry.as_bytes())) {
                return Err(Failure::undecided(format!(
                    "audit row {} changed while it was published",
                    row.seq
                )));
            }
            waiting.push(entry);
            if let Some((tile, _)) = tiles.next_if(|(tile, _)| usize::from(tile.width) == waiting.len()) {
                let bytes = bundle(waiting.iter().map(String::as_bytes)).map_err(|error| {
                    Failure::undecided(format!("audit row {} cannot be published: {error}", row.seq))
                })?;
                write_once(published, &tile.path(), &bytes)?;
                waiting.clear();
            }
        }
        Ok(())
    })?;
    if tiles.next().is_some() {
        return Err(Failure::undecided(
            "rows of the audit log went away while they were published",
        ));
    }
    Ok(())
}

/// Writes a file that never changes. One that is there already must be the same.
fn write_once(published: &Published<'_>, file: &str, bytes: &[u8]) -> Result<(), Failure> {
    match published.read(file)? {
        Some(there) if there == bytes => Ok(()),
        Some(_) => Err(Failure::undecided(format!(
            "the published log was changed, or is another's: `{file}` is there and is not what the registry calls for"
        ))
        .help("a published file is never rewritten; publish into a directory of its own")),
        None => write(&published.path(file), bytes, false).map_err(|error| unwritten(published.directory, &error)),
    }
}

/// Writes a file whole and durably.
fn write(path: &Path, bytes: &[u8], replaces: bool) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(directory)?;
    let mut file = tempfile::Builder::new()
        .prefix(".nhi-")
        .permissions(std::fs::Permissions::from_mode(0o666))
        .tempfile_in(directory)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    if replaces {
        file.persist(path)?;
    } else {
        file.persist_noclobber(path)?;
    }
    File::open(directory)?.sync_all()
}

fn unwritten(directory: &Path, error: &io::Error) -> Failure {
    Failure::undecided(format!(
        "the log cannot be published to `{}`: {error}",
        directory.display()
    ))
    .help("name a directory that is writable; what was written is taken up by the next try")
}
