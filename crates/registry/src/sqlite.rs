//! The registry in an SQLite file: the default, for one machine or one shared directory.
//!
//! Writers take turns (`BEGIN IMMEDIATE`) and wait for each other; a commit returns after the write-ahead log has
//! reached the disk (`synchronous=FULL`).

mod open;
mod session;
mod store;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use nhi_governance::{
    Declaration, Environment, Identity, IdentityId, Name, Policy, Timestamp, Transition, TrustDomain, adopt, confirm,
    create, revoke, update,
};
use rusqlite::{Connection, ErrorCode, TransactionBehavior};

pub(crate) use open::{schema_of, schema_of_migrations};
use session::Session;
use store::Writer;
pub(crate) use store::{Meta, audit_row, load_meta};

use crate::verify::{self, Verification};
use crate::{Actor, AuditRow, Created, Filter, Registry, RegistryError};

/// A moment of a write, for tests that kill the process there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    /// The turn to write was taken.
    Begun,
    /// The record was written.
    Recorded,
    /// The audit row was written.
    Audited,
    /// All is written and nothing committed.
    Committing,
    /// All is durable, and the caller does not know yet.
    Committed,
}

/// What a registry takes from its surroundings.
#[derive(Clone)]
pub struct Options {
    /// The clock.
    pub clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// The organisation's policy: what score and tier an audit row tells.
    pub policy: Arc<Policy>,
    /// Called at each [`Point`] of a write; does nothing unless a test sets it.
    pub probe: Arc<dyn Fn(Point) + Send + Sync>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            clock: Arc::new(open::system_time),
            policy: Arc::default(),
            probe: Arc::new(|_| {}),
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options").finish_non_exhaustive()
    }
}

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
        let connection = open::read_write(path, (options.clock)())?;
        Ok(Self::new(path, options, connection, false))
    }

    /// Opens an existing file for reading only.
    pub fn open_read_only(path: &Path) -> Result<Self, RegistryError> {
        Ok(Self::new(path, Options::default(), open::read_only(path)?, true))
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn new(path: &Path, options: Options, connection: Connection, reads_only: bool) -> Self {
        Self {
            path: path.to_owned(),
            options,
            reads_only,
            connection: Mutex::new(Some(connection)),
            session: OnceLock::new(),
        }
    }

    /// A panic of another thread cannot leave a transaction half done: dropping it rolls it back.
    fn lock(&self) -> MutexGuard<'_, Option<Connection>> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn database(&self, what: &'static str, source: rusqlite::Error) -> RegistryError {
        RegistryError::Database {
            what,
            path: self.path.clone(),
            source,
        }
    }

    /// Runs some reads on one snapshot.
    fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, RegistryError> {
        let mut guard = self.lock();
        let connection = guard.as_mut().ok_or_else(|| RegistryError::Broken(self.path.clone()))?;
        let snapshot = connection
            .transaction()
            .map_err(|source| self.database("read", source))?;
        work(&snapshot).map_err(|error| self.explain("read", error))
    }

    /// Runs some writes: all of them become durable, or none.
    fn write<T>(&self, work: impl FnOnce(&mut Writer<'_>) -> Result<T, StoreError>) -> Result<T, RegistryError> {
        if self.reads_only {
            return Err(RegistryError::ReadOnly(self.path.clone()));
        }
        let mut guard = self.lock();
        let connection = guard.as_mut().ok_or_else(|| RegistryError::Broken(self.path.clone()))?;
        let result = self.transact(connection, work);
        if matches!(&result, Err(RegistryError::Database { source, .. }) if leaves_the_disk_unknown(source)) {
            // The kernel may have dropped pages that it failed to write, so asking it again proves nothing.
            *guard = None;
        }
        result
    }

    fn transact<T>(
        &self,
        connection: &mut Connection,
        work: impl FnOnce(&mut Writer<'_>) -> Result<T, StoreError>,
    ) -> Result<T, RegistryError> {
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|source| self.database("write to", source))?;
        (self.options.probe)(Point::Begun);
        let result = Writer::begin(&transaction, &self.options).and_then(|mut writer| {
            let answer = work(&mut writer)?;
            writer.finish()?;
            Ok(answer)
        });
        let answer = result.map_err(|error| self.explain("write to", error))?;
        (self.options.probe)(Point::Committing);
        transaction
            .commit()
            .map_err(|source| self.database("write to", source))?;
        (self.options.probe)(Point::Committed);
        Ok(answer)
    }

    /// The session of this process, begun where there is none. Whoever asks has the turn to write.
    fn session(&self, writer: &Writer<'_>) -> Result<IdentityId, StoreError> {
        if let Some(session) = self.session.get() {
            return Ok(session.id());
        }
        let session = Session::begin(&self.path, writer.next_id()?).map_err(|source| RegistryError::Io {
            what: "keep a session beside",
            path: self.path.clone(),
            source,
        })?;
        Ok(self.session.get_or_init(|| session).id())
    }

    fn explain(&self, what: &'static str, error: StoreError) -> RegistryError {
        match error {
            StoreError::Database(source) => self.database(what, source),
            StoreError::Other(error) => error,
        }
    }
}

/// An error inside a transaction, which does not know the file.
#[derive(Debug)]
pub(crate) enum StoreError {
    Database(rusqlite::Error),
    Other(RegistryError),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

impl From<RegistryError> for StoreError {
    fn from(error: RegistryError) -> Self {
        Self::Other(error)
    }
}

fn leaves_the_disk_unknown(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::SystemIoFailure)
}

impl Registry for SqliteRegistry {
    fn now(&self) -> Result<Timestamp, RegistryError> {
        let wall = (self.options.clock)();
        self.read(|connection| Ok(wall.max(store::high_water(connection)?)))
    }

    fn create(
        &self,
        actor: &Actor,
        trust_domain: &TrustDomain,
        declaration: Declaration,
    ) -> Result<Created, RegistryError> {
        self.write(|writer| {
            writer.refuse_clock_behind()?;
            let now = writer.now();
            let session = self.session(writer)?;
            let Some(identity) = writer.find_live(declaration.environment(), declaration.name())? else {
                let id = writer.next_id()?;
                let transition = create(&self.options.policy, id, trust_domain, declaration, now).of_session(session);
                return Ok(Created {
                    identity: writer.insert(actor, transition)?,
                    adopted: false,
                });
            };
            let (id, environment, name) = (
                identity.id(),
                declaration.environment().clone(),
                declaration.name().clone(),
            );
            let Some(transition) = adopt(&identity, trust_domain, &declaration, now) else {
                let standing = identity.standing(now).reason;
                let taken = RegistryError::Exists {
                    id,
                    environment,
                    name,
                    standing,
                };
                return Err(taken.into());
            };
            let begun_by = store::session_of(writer.connection(), id)?;
            if begun_by.is_none_or(|session| session::is_open(&self.path, &session)) {
                return Err(RegistryError::Creating { id, environment, name }.into());
            }
            Ok(Created {
                identity: writer.replace(actor, transition.of_session(session))?,
                adopted: true,
            })
        })
    }

    fn get(&self, id: IdentityId) -> Result<Option<Identity>, RegistryError> {
        self.read(|connection| store::load(connection, id))
    }

    fn find_live(&self, environment: &Environment, name: &Name) -> Result<Option<Identity>, RegistryError> {
        self.read(|connection| store::find_live(connection, environment, name))
    }

    fn update(
        &self,
        actor: &Actor,
        id: IdentityId,
        expected_revision: u64,
        declaration: Declaration,
    ) -> Result<Identity, RegistryError> {
        self.write(|writer| {
            writer.refuse_clock_behind()?;
            let identity = writer.load(id)?;
            if identity.revision() != expected_revision {
                let found = identity.revision();
                return Err(RegistryError::Stale {
                    id,
                    expected: expected_revision,
                    found,
                }
                .into());
            }
            let transition =
                update(&self.options.policy, &identity, declaration, writer.now()).map_err(RegistryError::Refused)?;
            writer.replace(actor, transition)
        })
    }

    fn revoke(&self, actor: &Actor, id: IdentityId, reason: &str) -> Result<Identity, RegistryError> {
        self.write(|writer| {
            let transition = revoke(&writer.load(id)?, reason, writer.now());
            writer.replace(actor, transition)
        })
    }

    fn confirm(&self, actor: &Actor, ids: &[IdentityId]) -> Result<(), RegistryError> {
        let transitions = |known: &dyn Fn(IdentityId) -> Result<Identity, StoreError>| {
            let identities = ids.iter().map(|id| known(*id)).collect::<Result<Vec<_>, _>>()?;
            Ok(identities
                .iter()
                .map(confirm)
                .filter(|transition| transition.event.is_some())
                .collect::<Vec<_>>())
        };
        // Every read of a known identity ends here: without news there is no turn to wait for.
        let news: Vec<Transition> = self.read(|connection| transitions(&|id| store::must_load(connection, id)))?;
        if news.is_empty() {
            return Ok(());
        }
        self.write(|writer| {
            for transition in transitions(&|id| writer.load(id))? {
                writer.replace(actor, transition)?;
            }
            Ok(())
        })
    }

    fn list(&self, filter: &Filter) -> Result<Vec<Identity>, RegistryError> {
        self.read(|connection| store::list(connection, filter))
    }

    fn audit(&self, from_seq: u64, limit: u32) -> Result<Vec<AuditRow>, RegistryError> {
        self.read(|connection| store::audit(connection, from_seq, limit))
    }

    fn verify(&self) -> Result<Verification, RegistryError> {
        self.read(|connection| Ok(verify::verify(connection)?))
    }

    fn accept_clock(&self, actor: &Actor, reason: &str) -> Result<Timestamp, RegistryError> {
        self.write(|writer| writer.accept_clock(actor, reason))
    }
}
