//! Writers take turns, and those of one process share commits.
//!
//! What a commit costs is the wait for the disk. A core applies ten resources at once, so whoever has written while
//! others wait for their turn leaves the transaction open for them: each writes into it within a savepoint of its own,
//! so that a write that is refused takes nothing else with it, and the last one commits for all. Nobody is answered
//! before that commit is on the disk, and where it fails every one of them fails.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, ErrorCode, ffi};

use super::failure;
use crate::{DatabaseError, RegistryError};

/// How many writes share a commit at most: other processes want their turn as well.
const WRITES_AT_ONCE_MAX: usize = 64;

/// The connection that writes, and who has the turn.
#[derive(Debug)]
pub(super) struct Turns {
    /// Writers of this process that are about to take the turn.
    waiting: AtomicUsize,
    /// After a write that could not be made durable: what is on the disk is unknown until it is opened anew.
    broken: AtomicBool,
    writing: Mutex<Writing>,
}

#[derive(Debug)]
struct Writing {
    /// `None` once it is broken.
    connection: Option<Connection>,
    /// What the open transaction holds, where one was left open.
    batch: Option<Arc<Batch>>,
}

/// Writes that share a commit.
#[derive(Debug, Default)]
struct Batch {
    writes: AtomicUsize,
    outcome: Mutex<Option<Result<(), Failed>>>,
    settled: Condvar,
}

/// Why a commit failed, for each of those who shared it.
#[derive(Debug, Clone)]
enum Failed {
    Sqlite(ffi::Error, Option<String>),
    Otherwise,
}

impl Turns {
    pub(super) fn new(connection: Connection) -> Self {
        Self {
            waiting: AtomicUsize::new(0),
            broken: AtomicBool::new(false),
            writing: Mutex::new(Writing {
                connection: Some(connection),
                batch: None,
            }),
        }
    }

    /// Whether what is on the disk is unknown.
    pub(super) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::SeqCst)
    }

    /// Runs some work with the turn to write, and returns once it is durable or undone.
    pub(super) fn write(
        &self,
        path: &Path,
        work: impl FnOnce(&Connection) -> Result<(), RegistryError>,
    ) -> Result<(), RegistryError> {
        let mut writing = self.take();
        let batch = writing.begin(path)?;
        let done = match writing.connection.as_ref() {
            Some(connection) => catch_unwind(AssertUnwindSafe(|| work(connection))),
            // INVARIANT: it has just begun a transaction.
            None => Ok(Err(broken(path))),
        };
        let kept = writing.keep(&batch, matches!(done, Ok(Ok(()))));
        let cause = match &done {
            Ok(Err(error)) => sqlite_error(error),
            _ => kept.as_ref().err(),
        };
        let is_unknown = cause.is_some_and(leaves_the_disk_unknown);
        if kept.is_err() || is_unknown {
            let failed = cause.map_or(Failed::Otherwise, Failed::of);
            self.fail(&mut writing, &batch, is_unknown, failed);
        } else if writing.batch.is_some() {
            self.hand_on(&mut writing);
        }
        drop(writing);
        match done {
            Ok(Ok(())) => batch.wait().map_err(|failed| failed.told(path)),
            Ok(Err(error)) => Err(error),
            Err(panic) => resume_unwind(panic),
        }
    }

    fn take(&self) -> MutexGuard<'_, Writing> {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        writing
    }

    /// Leaves the open transaction to whoever waits, or commits it.
    ///
    /// INVARIANT: who is counted as waiting takes the turn next, and comes here in its turn.
    fn hand_on(&self, writing: &mut Writing) {
        let Some(batch) = writing.batch.clone() else { return };
        let is_full = batch.writes.load(Ordering::SeqCst) >= WRITES_AT_ONCE_MAX;
        if !is_full && self.waiting.load(Ordering::SeqCst) > 0 {
            return;
        }
        match writing.run("COMMIT") {
            Ok(()) => {
                writing.batch = None;
                batch.settle(Ok(()));
            }
            Err(error) => self.fail(writing, &batch, leaves_the_disk_unknown(&error), Failed::of(&error)),
        }
    }

    /// Nothing of the open transaction becomes durable.
    fn fail(&self, writing: &mut Writing, batch: &Batch, is_unknown: bool, failed: Failed) {
        let is_undone =
            writing.connection.as_ref().is_none_or(Connection::is_autocommit) || writing.run("ROLLBACK").is_ok();
        if is_unknown || !is_undone {
            // The kernel may have dropped pages that it failed to write, so asking it again proves nothing.
            self.broken.store(true, Ordering::SeqCst);
            writing.connection = None;
        }
        writing.batch = None;
        batch.settle(Err(failed));
    }
}

impl Writing {
    /// Begins a transaction, or joins the one that was left open.
    fn begin(&mut self, path: &Path) -> Result<Arc<Batch>, RegistryError> {
        if self.connection.is_none() {
            return Err(broken(path));
        }
        let begun = match self.batch.clone() {
            Some(batch) => self.run("SAVEPOINT one_write").map(|()| batch),
            None => self.run("BEGIN IMMEDIATE").map(|()| Arc::default()),
        };
        begun.map_err(|source| failure("write to", path, source))
    }

    /// Keeps what was just written for the commit, or undoes it. An error says that the whole transaction is lost.
    fn keep(&mut self, batch: &Arc<Batch>, is_done: bool) -> rusqlite::Result<()> {
        if self.connection.as_ref().is_none_or(Connection::is_autocommit) {
            // SQLite itself has undone the whole transaction.
            return Err(rusqlite::Error::InvalidQuery);
        }
        match (self.batch.is_some(), is_done) {
            (true, true) => self.run("RELEASE one_write")?,
            (true, false) => {
                self.run("ROLLBACK TO one_write")?;
                return self.run("RELEASE one_write");
            }
            (false, true) => self.batch = Some(Arc::clone(batch)),
            (false, false) => return self.run("ROLLBACK"),
        }
        batch.writes.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    fn run(&self, statement: &str) -> rusqlite::Result<()> {
        let connection = self.connection.as_ref().ok_or(rusqlite::Error::InvalidQuery)?;
        connection.prepare_cached(statement)?.execute([]).map(drop)
    }
}

impl Batch {
    fn settle(&self, outcome: Result<(), Failed>) {
        *self.outcome.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
        self.settled.notify_all();
    }

    fn wait(&self) -> Result<(), Failed> {
        let mut outcome = self.outcome.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(outcome) = &*outcome {
                return outcome.clone();
            }
            outcome = self.settled.wait(outcome).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Failed {
    fn of(error: &rusqlite::Error) -> Self {
        match error {
            rusqlite::Error::SqliteFailure(code, message) => Self::Sqlite(*code, message.clone()),
            _ => Self::Otherwise,
        }
    }

    fn told(self, path: &Path) -> RegistryError {
        match self {
            Self::Sqlite(code, message) => failure("write to", path, rusqlite::Error::SqliteFailure(code, message)),
            Self::Otherwise => broken(path),
        }
    }
}

fn broken(path: &Path) -> RegistryError {
    RegistryError::Broken(path.display().to_string())
}

fn sqlite_error(error: &RegistryError) -> Option<&rusqlite::Error> {
    match error {
        RegistryError::Database {
            source: DatabaseError::Sqlite(source),
            ..
        } => Some(source),
        _ => None,
    }
}

fn leaves_the_disk_unknown(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::SystemIoFailure)
}
