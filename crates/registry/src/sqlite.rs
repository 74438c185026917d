//! The registry in an SQLite file: the default, for one machine or one shared directory.
//!
//! Writers take turns (`BEGIN IMMEDIATE`) and wait for each other; a commit returns after the write-ahead log has
//! reached the disk (`synchronous=FULL`). Those of one process share commits, see [`Turns`]. Reads have a connection of
//! their own: they see what is durable, and wait for no writer.

mod line;
mod open;
mod rows;
mod session;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rusqlite::Connection;

use line::SqliteLine;
use rows::SqliteTransaction;
use session::Session;

use crate::options::{Options, Point};
use crate::transaction::{Backend, RowsWork};
use crate::turns::Turns;
use crate::{Actor, ReadWork, Registry, RegistryError, Spool, View, WriteWork, Writer, taking};

/// How many statements a connection keeps prepared: all that there are.
const STATEMENTS_MAX: usize = 64;

/// A registry in an SQLite file.
#[derive(Debug)]
pub struct SqliteRegistry {
    path: PathBuf,
    options: Options,
    /// It ends before the one that writes, which tidies up the files.
    reading: Mutex<Connection>,
    /// `None` where it is only read.
    turns: Option<Turns<SqliteLine>>,
    /// After a write that could not be made durable: what is on the disk is unknown until it is opened anew.
    broken: Arc<AtomicBool>,
    /// Begun by the first creation. It ends after the connections, so that what is open is still told by it.
    session: OnceLock<Session>,
}

impl SqliteRegistry {
    /// Opens the file for reading and writing, and creates it, private to its owner, where there is none.
    pub fn open(path: &Path) -> Result<Self, RegistryError> {
        Self::open_with(path, Options::default())
    }

    /// The same with another clock.
    pub fn open_with(path: &Path, options: Options) -> Result<Self, RegistryError> {
        let writing = open::read_write(path, options.now())?;
        Ok(Self::new(path, options, open::read_only(path)?, Some(writing)))
    }

    /// Opens an existing file for reading only.
    pub fn open_read_only(path: &Path) -> Result<Self, RegistryError> {
        Self::open_read_only_with(path, Options::default())
    }

    /// The same with another clock.
    pub fn open_read_only_with(path: &Path, options: Options) -> Result<Self, RegistryError> {
        Ok(Self::new(path, options, open::read_only(path)?, None))
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn new(path: &Path, options: Options, reading: Connection, writing: Option<Connection>) -> Self {
        for connection in [Some(&reading), writing.as_ref()].into_iter().flatten() {
            connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
        }
        let spool = options.spool.of_file(path);
        if writing.is_some() {
            spool.reserve();
        }
        let broken = Arc::<AtomicBool>::default();
        let line = |writing| SqliteLine::new(path.to_owned(), writing, Arc::clone(&broken));
        Self {
            path: path.to_owned(),
            options: Options { spool, ..options },
            reading: Mutex::new(reading),
            turns: writing.map(line).map(Turns::new),
            broken,
            session: OnceLock::new(),
        }
    }

    fn is_broken(&self) -> bool {
        self.broken.load(Ordering::SeqCst)
    }

    fn rows<'a>(&'a self, connection: &'a Connection, what: &'static str) -> SqliteTransaction<'a> {
        SqliteTransaction {
            connection,
            path: &self.path,
            session: &self.session,
            what,
        }
    }
}

impl Backend for SqliteRegistry {
    fn exclusively(&self, work: &mut RowsWork<'_>) -> Result<(), RegistryError> {
        let Some(turns) = &self.turns else {
            return Err(RegistryError::ReadOnly(self.place()));
        };
        turns.write(|line| {
            self.options.reach(Point::Begun);
            work(&self.rows(line.connection()?, "write to"))?;
            self.options.reach(Point::Committing);
            Ok(())
        })?;
        self.options.reach(Point::Committed);
        Ok(())
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
        if self.is_broken() {
            return Err(RegistryError::Broken(self.place()));
        }
        // A panic of another thread cannot leave a transaction half done: dropping it rolls it back.
        let mut connection = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let snapshot = connection
            .transaction()
            .map_err(|source| failure("read", &self.path, source))?;
        work(&View::new(&self.rows(&snapshot, "read"), &self.options))
    }

    fn read_anew(&self, work: &mut ReadWork<'_>) -> Result<(), RegistryError> {
        if !self.is_broken() {
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

fn failure(what: &'static str, path: &Path, source: rusqlite::Error) -> RegistryError {
    RegistryError::Database {
        what,
        place: path.display().to_string(),
        source: source.into(),
    }
}
