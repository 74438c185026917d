//! A log as it was published in a directory, and what it says of the registry.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use nhi_registry::Transparency;
use tlog::{Checkpoint, ENTRY_BYTES_MAX, Hash, Note, NoteKey, Tree, entries, files_between, leaf_hash};

use super::key::is_signed;
use crate::exit::Failure;

/// The file that says how far the log goes.
pub(super) const CHECKPOINT: &str = "checkpoint";
/// A bundle of as many and as long entries as can be; no other file is longer.
const FILE_BYTES_MAX: usize = 256 * (ENTRY_BYTES_MAX + 2);

/// A directory with a log, or for one.
#[derive(Debug)]
pub(super) struct Published<'a> {
    pub(super) directory: &'a Path,
}

/// How a registry and what was published of it differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Difference {
    /// The log is another registry's.
    Another { origin: String },
    /// The registry is an older one: rows that were published are missing.
    RolledBack { published: u64, rows: u64 },
    /// A row that was published says something else.
    Forked { row: u64 },
    /// A published file is missing, or is not what the checkpoint calls for.
    Changed { file: String },
}

impl Difference {
    /// One word for programs.
    pub(super) fn verdict(&self) -> &'static str {
        match self {
            Self::Another { .. } => "another",
            Self::RolledBack { .. } => "rolled_back",
            Self::Forked { .. } => "forked",
            Self::Changed { .. } => "changed",
        }
    }
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Another { origin } => write!(f, "the published log is of another registry, `{origin}`"),
            Self::RolledBack { published, rows } => write!(
                f,
                "the registry was rolled back: {published} audit rows were published and it has {rows}"
            ),
            Self::Forked { row } => write!(
                f,
                "the registry was forked: audit row {row} is not the one that was published"
            ),
            Self::Changed { file } => write!(
                f,
                "the published log was changed: `{file}` is missing, or not what the checkpoint calls for"
            ),
        }
    }
}

impl Published<'_> {
    /// The checkpoint, if there is one; with a key, only one that it signed.
    pub(super) fn checkpoint(&self, key: Option<&NoteKey>) -> Result<Option<Checkpoint>, Failure> {
        let Some(bytes) = self.read(CHECKPOINT)? else {
            return Ok(None);
        };
        let refuse = |why: String| {
            Failure::undecided(format!(
                "the checkpoint in `{}` does not count: {why}",
                self.directory.display()
            ))
            .help("name the key that the log was published with, or restore the checkpoint from a copy that it signed")
        };
        let text = String::from_utf8(bytes).map_err(|_| refuse("it is not text".to_owned()))?;
        let note = Note::parse(&text).map_err(|error| refuse(error.to_string()))?;
        let text = match key {
            Some(key) => note
                .verified_by(key, is_signed)
                .map_err(|error| refuse(error.to_string()))?,
            None => note.unverified_text(),
        };
        let checkpoint = Checkpoint::parse(text).map_err(|error| refuse(error.to_string()))?;
        Ok(Some(checkpoint))
    }

    /// How the registry differs from a published checkpoint; nothing where it continues it.
    pub(super) fn difference(&self, log: &Transparency, then: &Checkpoint) -> Result<Option<Difference>, Failure> {
        if then.origin != log.origin() {
            let origin = then.origin.clone();
            return Ok(Some(Difference::Another { origin }));
        }
        if log.checkpoint_at(then.size).as_ref() == Some(then) {
            return Ok(None);
        }
        // The entries that were published tell why, as long as they are what the checkpoint was made of.
        let (mut tree, mut fork) = (Tree::default(), None);
        for (tile, first) in entries(0, then.size) {
            let file = tile.path();
            let Some(leaves) = self
                .leaves(&file)?
                .filter(|leaves| leaves.len() == usize::from(tile.width))
            else {
                return Ok(Some(Difference::Changed { file }));
            };
            for (index, leaf) in (first..).zip(leaves) {
                if fork.is_none() && log.tree().leaf(index).is_some_and(|own| own != leaf) {
                    fork = Some(index + 1);
                }
                tree.push_leaf(leaf);
            }
        }
        Ok(Some(match fork {
            _ if tree.root() != then.root => Difference::Changed {
                file: "tile/entries".to_owned(),
            },
            Some(row) => Difference::Forked { row },
            None => Difference::RolledBack {
                published: then.size,
                rows: log.size(),
            },
        }))
    }

    /// The first published file that is not what a log calls for that the registry continues.
    pub(super) fn changed(&self, log: &Transparency, size: u64) -> Result<Option<Difference>, Failure> {
        for (tile, first) in entries(0, size) {
            let file = tile.path();
            let own: Option<Vec<Hash>> = (first..first + u64::from(tile.width))
                .map(|index| log.tree().leaf(index))
                .collect();
            if own.is_none() || self.leaves(&file)? != own {
                return Ok(Some(Difference::Changed { file }));
            }
        }
        for (tile, bytes) in files_between(log.tree(), 0, size) {
            let file = tile.path();
            if self.read(&file)?.as_ref() != Some(&bytes) {
                return Ok(Some(Difference::Changed { file }));
            }
        }
        Ok(None)
    }

    /// The hashes of a bundle's entries; nothing where there is no such bundle, or it is none.
    fn leaves(&self, file: &str) -> Result<Option<Vec<Hash>>, Failure> {
        Ok(self.read(file)?.and_then(|bytes| leaves_of(&bytes)))
    }

    /// A file of the log; nothing where there is none.
    pub(super) fn read(&self, file: &str) -> Result<Option<Vec<u8>>, Failure> {
        let path = self.path(file);
        let limit = u64::try_from(FILE_BYTES_MAX + 1).unwrap_or(u64::MAX);
        let mut bytes = Vec::new();
        match File::open(&path).and_then(|file| file.take(limit).read_to_end(&mut bytes)) {
            Ok(_) if bytes.len() > FILE_BYTES_MAX => Err(self.unread(file, "it is too long")),
            Ok(_) => Ok(Some(bytes)),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
            Err(error) => Err(self.unread(file, &error.to_string())),
        }
    }

    pub(super) fn path(&self, file: &str) -> PathBuf {
        self.directory.join(file)
    }

    fn unread(&self, file: &str, why: &str) -> Failure {
        Failure::undecided(format!("`{}` cannot be read: {why}", self.path(file).display()))
            .help("name the directory of the published log, and let it be read")
    }
}

fn leaves_of(bundle: &[u8]) -> Option<Vec<Hash>> {
    let (mut leaves, mut rest) = (Vec::new(), bundle);
    while let Some((length, after)) = rest.split_first_chunk::<2>() {
        let (entry, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        leaves.push(leaf_hash(entry));
        rest = after;
    }
    rest.is_empty().then_some(leaves)
}
