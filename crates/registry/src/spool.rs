//! What was taken from records while they could not be written: it waits in a small file, counts at once, and is
//! written, with its audit row, in the same transaction as the next change.
//!
//! A grant without an audit row is never made; to take something away must not wait for a disk that is full or a server
//! that only reads. The file stands beside the registry, with room that was reserved while there was some, so that a
//! full disk takes it; where that cannot be written, in the user's directory of states. Nothing can be granted by way of
//! it, and whoever reads the registry elsewhere does not see it, which is said when it is used.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use nhi_governance::{Containment, Digest, RecordId, RecordKind, Timestamp};
use serde::{Deserialize, Serialize};

/// What the file beside a registry is called, after the registry's own name.
const SUFFIX: &str = "-revocations";
/// How much room is reserved beside a registry.
const RESERVED_BYTES: usize = 16 * 1024;
/// The most that is read of it.
const BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Where changes wait that only take away and could not be written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spool {
    /// Beside the registry, where it is a file.
    beside: Option<PathBuf>,
    /// In the user's directory of states, or one that was named.
    apart: Option<PathBuf>,
    /// The directory that was named.
    directory: Option<PathBuf>,
}

/// Something that was taken away and is not on record yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Waiting {
    pub(crate) kind: String,
    pub(crate) id: RecordId,
    pub(crate) how: Containment,
    pub(crate) by: String,
    pub(crate) reason: String,
    pub(crate) at: Timestamp,
}

impl Waiting {
    pub(crate) fn kind(&self) -> Option<RecordKind> {
        RecordKind::parse(&self.kind)
    }
}

impl Spool {
    /// In this directory rather than in the user's directory of states, where it cannot stand beside the registry.
    pub fn in_directory(directory: &Path) -> Self {
        Self {
            directory: Some(directory.to_owned()),
            ..Self::default()
        }
    }

    /// That of a registry in a file.
    pub(crate) fn of_file(&self, path: &Path) -> Self {
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let mut beside = path.clone().into_os_string();
        beside.push(SUFFIX);
        Self {
            beside: Some(beside.into()),
            ..self.of_place(&path.display().to_string())
        }
    }

    /// That of a registry on a server.
    pub(crate) fn of_place(&self, place: &str) -> Self {
        let mut name = format!("revocations-{}", Digest::of(place.as_bytes()));
        name.truncate("revocations-".len() + 32);
        let directory = self.directory.clone().or_else(directory_of_states);
        Self {
            apart: directory.map(|directory| directory.join(name)),
            ..self.clone()
        }
    }

    /// Makes room beside a registry that can be written. Where there is none, there is none.
    pub(crate) fn reserve(&self) {
        let Some(path) = self.beside.as_deref() else { return };
        if let Ok(mut file) = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
            let _ = file.write_all(&[b'\n'; RESERVED_BYTES]).and_then(|()| file.sync_all());
        }
    }

    /// Lets something wait; the answer is where. It is durable when the call returns.
    pub(crate) fn push(&self, waiting: &[Waiting]) -> io::Result<PathBuf> {
        let mut refused = io::Error::new(io::ErrorKind::NotFound, "there is no directory for states");
        for (path, may_create) in self.files().map(|path| (path, Some(path) == self.apart.as_deref())) {
            match push(path, may_create, waiting) {
                Ok(()) => return Ok(path.to_owned()),
                Err(error) => refused = error,
            }
        }
        Err(refused)
    }

    /// What waits, in its order.
    pub(crate) fn waiting(&self) -> Vec<Waiting> {
        self.files().flat_map(read).collect()
    }

    /// Forgets what is on record now.
    pub(crate) fn forget(&self, done: &[Waiting]) {
        if done.is_empty() {
            return;
        }
        for path in self.files() {
            // What cannot be forgotten is written again with the next change, which changes nothing.
            let _ = forget(path, done);
        }
    }

    fn files(&self) -> impl Iterator<Item = &Path> {
        [&self.beside, &self.apart].into_iter().filter_map(Option::as_deref)
    }
}

/// `$XDG_STATE_HOME/nhi`, or `~/.local/state/nhi`.
fn directory_of_states() -> Option<PathBuf> {
    let named = |name: &str| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let states = named("XDG_STATE_HOME").or_else(|| Some(named("HOME")?.join(".local/state")))?;
    Some(states.join("nhi"))
}

fn push(path: &Path, may_create: bool, waiting: &[Waiting]) -> io::Result<()> {
    if may_create && let Some(directory) = path.parent() {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    }
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)?;
    file.lock()?;
    let mut text = Vec::new();
    file.read_to_end(&mut text)?;
    let end = text.iter().rposition(|byte| *byte != b'\n').map_or(0, |last| last + 1);
    // A line that was torn ends here, and nobody can read it.
    let mut lines = if end == 0 { Vec::new() } else { vec![b'\n'] };
    for one in waiting {
        serde_json::to_writer(&mut lines, one)?;
        lines.push(b'\n');
    }
    let end = u64::try_from(end).map_err(io::Error::other)?;
    file.write_all_at(&lines, end)?;
    file.sync_all()
}

fn read(path: &Path) -> Vec<Waiting> {
    let Ok(mut file) = File::open(path) else {
        return Vec::new();
    };
    let mut first = [b'\n'];
    // What waits begins at the beginning.
    if !matches!(file.read(&mut first), Ok(1)) || first == [b'\n'] || file.seek(SeekFrom::Start(0)).is_err() {
        return Vec::new();
    }
    let mut text = Vec::new();
    match file.take(BYTES_MAX).read_to_end(&mut text) {
        Ok(_) => lines(&text).map(|(_, waiting)| waiting).collect(),
        Err(_) => Vec::new(),
    }
}

fn lines(text: &[u8]) -> impl Iterator<Item = (&[u8], Waiting)> {
    text.split(|byte| *byte == b'\n')
        .filter_map(|line| Some((line, serde_json::from_slice(line).ok()?)))
}

fn forget(path: &Path, done: &[Waiting]) -> io::Result<()> {
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    file.lock()?;
    let mut text = Vec::new();
    file.read_to_end(&mut text)?;
    let mut left: Vec<u8> = lines(&text)
        .filter(|(_, waiting)| !done.contains(waiting))
        .flat_map(|(line, _)| [line, b"\n"].concat())
        .collect();
    left.resize(text.len().max(RESERVED_BYTES), b'\n');
    file.write_all_at(&left, 0)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::{Spool, Waiting};
    use nhi_governance::{Containment, RecordId, Timestamp};

    fn waiting(number: u128) -> Waiting {
        let at = Timestamp::from_unix(1_800_000_000);
        Waiting {
            kind: "identity".to_owned(),
            id: RecordId::new(at, number),
            how: Containment::End,
            by: "alice".to_owned(),
            reason: "a \n key".to_owned(),
            at,
        }
    }

    #[test]
    fn what_waits_is_read_in_its_order_until_it_is_forgotten() -> std::io::Result<()> {
        let scratch = tempfile::tempdir()?;
        let spool = Spool::in_directory(&scratch.path().join("states")).of_file(&scratch.path().join("r.db"));
        assert_eq!(spool.waiting(), []);
        spool.reserve();
        assert_eq!(spool.waiting(), []);
        let file = spool.push(&[waiting(1), waiting(2)])?;
        assert_eq!(file, scratch.path().canonicalize()?.join("r.db-revocations"));
        spool.push(&[waiting(3)])?;
        assert_eq!(spool.waiting(), [waiting(1), waiting(2), waiting(3)]);
        assert_eq!(std::fs::metadata(&file)?.len(), 16 * 1024, "the room was reserved");
        spool.forget(&[waiting(2)]);
        assert_eq!(spool.waiting(), [waiting(1), waiting(3)]);
        // Torn in the middle of a line: what was whole stays, and what comes later is read.
        let text = std::fs::read(&file)?;
        std::fs::write(
            &file,
            text.get(..text.iter().position(|byte| *byte == b'\n').unwrap_or(0) + 20)
                .unwrap_or(&[]),
        )?;
        assert_eq!(spool.waiting(), [waiting(1)]);
        spool.push(&[waiting(4)])?;
        assert_eq!(spool.waiting(), [waiting(1), waiting(4)]);
        spool.forget(&[waiting(1), waiting(4)]);
        assert_eq!(spool.waiting(), []);
        Ok(())
    }

    #[test]
    fn another_directory_takes_what_the_first_one_does_not() -> std::io::Result<()> {
        let scratch = tempfile::tempdir()?;
        let spool = Spool::in_directory(&scratch.path().join("states")).of_file(&scratch.path().join("none/r.db"));
        let file = spool.push(&[waiting(1)])?;
        assert!(file.starts_with(scratch.path().join("states")), "{}", file.display());
        assert_eq!(spool.waiting(), [waiting(1)]);
        Ok(())
    }
}
