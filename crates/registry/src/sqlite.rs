//! The registry in an SQLite file: the default, for one machine or one shared directory.
//!
//! Writers take turns (`BEGIN IMMEDIATE`) and wait for each other; a commit returns after the write-ahead log has
//! reached the disk (`synchronous=FULL`).

mod open;
mod rows;
mod session;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use rusqlite::{Connection, ErrorCode, TransactionBehavior};

use rows::SqliteTransaction;
use session::Session;

use crate::options::{Options, Point};
use crate::transaction::{Backend, RowsWork};
use crate::{Actor, DatabaseError, ReadWork, Registry, RegistryError, Spool, View, WriteWork, Writer, taking};

/// A registry in an SQLite file.
#[derive(Debug)]
pub struct SqliteRegistry {
    path: PathBuf,
    options: Options,
    reads_only: bool,
    /// `None` after a write that could not be made durable: what is on the disk is unknown until it is opened anew.
    connection: Mutex<Option<Connection>>,
    /// Begun by the first creation. It ends after the connection, so that what is open is still told by it.
    session: OnceLock<Session>,
}

impl SqliteRegistry {
    /// Opens the file for reading and writing, and creates it, private to its owner, where there is none.
    pub fn open(path: &Path) -> Result<Self, RegistryError> {
        Self::open_with(path, Options::default())
    }

    /// The same with another clock.
    pub fn open_with(path: &Path, options: Options) -> Result<Self, RegistryError> {
        let connection = open::read_write(path, options.now())?;
        Ok(Self::new(path, options, connection, false))
    }

    /// Opens an existing file for reading only.
    pub fn open_read_only(path: &Path) -> Result<Self, RegistryError> {
        Self::open_read_only_with(path, Options::default())
    }

    /// The same with another clock.
    pub fn open_read_only_with(path: &Path, options: Options) -> Result<Self, RegistryError> {
        Ok(Self::new(path, options, open::read_only(path)?, true))
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn new(path: &Path, options: Options, connection: Connection, reads_only: bool) -> Self {
        let spool = options.spool.of_file(path);
        if !reads_only {
            spool.reserve();
        }
        Self {
            path: path.to_owned(),
            options: Options { spool, ..options },
            reads_only,
            connection: Mutex::new(Some(connection)),
            session: OnceLock::new(),
        }
    }

    /// A panic of another thread cannot leave a transaction half done: dropping it rolls it back.
    fn lock(&self) -> MutexGuard<'_, Option<Connection>> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rows<'a>(&'a self, connection: &'a Connection, what: &'static str) -> SqliteTransaction<'a> {
        SqliteTransaction {
            connection,
            path: &self.path,
            session: &self.session,
            what,
        }
    }

    fn transact(&self, connection: &mut Connection, work: &mut RowsWork<'_>) -> Result<(), RegistryError> {
        let failed = |source| failure("write to", &self.path, source);
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(failed)?;
        self.options.reach(Point::Begun);
        work(&self.rows(&transaction, "write to"))?;
        self.options.reach(Point::Committing);
        transaction.commit().map_err(failed)?;
        self.options.reach(Point::Committed);
        Ok(())
    }
}

impl Backend for SqliteRegistry {
    fn exclusively(&self, work: &mut RowsWork<'_>) -> Result<(), RegistryError> {
        if self.reads_only {
            return Err(RegistryError::ReadOnly(self.place()));
        }
        let mut guard = self.lock();
        let connection = guard.as_mut().ok_or_else(|| RegistryError::Broken(self.place()))?;
        let result = self.transact(connection, work);
        if result.as_ref().is_err_and(leaves_the_disk_unknown) {
            // The kernel may have dropped pages that it failed to write, so asking it again proves nothing.
            *guard = None;
        }
        result
    }
}

impl Registry for SqliteRegistry {
    fn place(&self) -> String {
        self.path.display().to_string()
    }

    fn spool(&self) -> &Spool {
        &self.options.spool
    }

    fn read(&self, work: &mut ReadWork<'_>) -> Result<(), RegistryError> {
        let mut guard = self.lock();
        let connection = guard.as_mut().ok_or_else(|| RegistryError::Broken(self.place()))?;
        let snapshot = connection
            .transaction()
            .map_err(|source| failure("read", &self.path, source))?;
        work(&View::new(&self.rows(&snapshot, "read"), &self.options))
    }

    fn read_anew(&self, work: &mut ReadWork<'_>) -> Result<(), RegistryError> {
        if self.lock().is_some() {
            return self.read(work);
        }
        let options = self.options.clone();
        Self::open_read_only_with(&self.path, options)?.read(work)
    }

    fn write(&self, actor: &Actor, work: &mut WriteWork<'_>) -> Result<(), RegistryError> {
        taking::settle(&self.options, |done| {
            self.exclusively(&mut |rows| work(Writer::begin(rows, actor, &self.options)?.settled(done)?))
        })
    }
}

fn leaves_the_disk_unknown(error: &RegistryError) -> bool {
    match error {
        RegistryError::Database {
            source: DatabaseError::Sqlite(source),
            ..
        } => source.sqlite_error_code() == Some(ErrorCode::SystemIoFailure),
        _ => false,
    }
}

fn failure(what: &'static str, path: &Path, source: rusqlite::Error) -> RegistryError {
    RegistryError::Database {
        what,
        place: path.display().to_string(),
        source: source.into(),
    }
}
