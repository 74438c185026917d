//! The connection that writes to the file: what [`Turns`](crate::turns::Turns) asks of it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::{Connection, ErrorCode, ffi};

use super::failure;
use crate::turns::Line;
use crate::{DatabaseError, RegistryError};

/// The connection that writes.
#[derive(Debug)]
pub(super) struct SqliteLine {
    path: PathBuf,
    /// `None` once it is broken.
    connection: Option<Connection>,
    /// After a write that could not be made durable: what is on the disk is unknown until it is opened anew.
    broken: Arc<AtomicBool>,
}

/// Why a transaction was lost.
#[derive(Debug, Clone)]
pub(super) struct Lost {
    path: PathBuf,
    cause: Option<(ffi::Error, Option<String>)>,
}

impl SqliteLine {
    pub(super) fn new(path: PathBuf, connection: Connection, broken: Arc<AtomicBool>) -> Self {
        Self {
            path,
            connection: Some(connection),
            broken,
        }
    }

    /// The connection, unless it is broken.
    pub(super) fn connection(&self) -> Result<&Connection, RegistryError> {
        self.connection.as_ref().ok_or_else(|| broken(&self.lost(None)))
    }

    fn run(&self, statement: &str) -> rusqlite::Result<()> {
        let connection = self.connection.as_ref().ok_or(rusqlite::Error::InvalidQuery)?;
        connection.prepare_cached(statement)?.execute([]).map(drop)
    }

    fn lost(&self, cause: Option<&rusqlite::Error>) -> Lost {
        let cause = match cause {
            Some(rusqlite::Error::SqliteFailure(code, message)) => Some((*code, message.clone())),
            _ => None,
        };
        Lost {
            path: self.path.clone(),
            cause,
        }
    }

    /// SQLite itself may have undone the whole transaction.
    fn is_undone(&self) -> bool {
        self.connection.as_ref().is_none_or(Connection::is_autocommit)
    }
}

impl Line for SqliteLine {
    type Lost = Lost;

    fn begin(&mut self) -> Result<(), RegistryError> {
        self.connection()?;
        let begun = self.run("BEGIN IMMEDIATE");
        begun.map_err(|source| failure("write to", &self.path, source))
    }

    fn join(&mut self) -> Result<(), Lost> {
        self.run("SAVEPOINT one_write").map_err(|error| self.lost(Some(&error)))
    }

    fn keep(&mut self, is_joined: bool) -> Result<(), Lost> {
        if self.is_undone() {
            return Err(self.lost(None));
        }
        if is_joined {
            self.run("RELEASE one_write").map_err(|error| self.lost(Some(&error)))?;
        }
        Ok(())
    }

    fn undo(&mut self, is_joined: bool, error: Option<&RegistryError>) -> Result<(), Lost> {
        let cause = error.and_then(sqlite_error);
        if self.is_undone() || cause.is_some_and(leaves_the_disk_unknown) {
            return Err(self.lost(cause));
        }
        let undone = if is_joined {
            self.run("ROLLBACK TO one_write")
                .and_then(|()| self.run("RELEASE one_write"))
        } else {
            self.run("ROLLBACK")
        };
        undone.map_err(|error| self.lost(cause.or(Some(&error))))
    }

    fn commit(&mut self) -> Result<(), Lost> {
        self.run("COMMIT").map_err(|error| self.lost(Some(&error)))
    }

    fn abandon(&mut self, lost: &Lost) {
        let is_unknown = matches!(&lost.cause, Some((code, _)) if code.code == ErrorCode::SystemIoFailure);
        let is_undone = self.is_undone() || self.run("ROLLBACK").is_ok();
        if is_unknown || !is_undone {
            // The kernel may have dropped pages that it failed to write, so asking it again proves nothing.
            self.broken.store(true, Ordering::SeqCst);
            self.connection = None;
        }
    }
}

impl From<Lost> for RegistryError {
    fn from(lost: Lost) -> Self {
        match lost.cause {
            Some((code, message)) => {
                let source = rusqlite::Error::SqliteFailure(code, message);
                failure("write to", &lost.path, source)
            }
            None => broken(&lost),
        }
    }
}

fn broken(lost: &Lost) -> RegistryError {
    RegistryError::Broken(lost.path.display().to_string())
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
