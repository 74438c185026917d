//! The registry on a PostgreSQL server: for a team whose applies run on many machines.
//!
//! Writers take turns by a lock on the row that keeps the head of the log, so that each sees all that was committed
//! before it; a revision that somebody else has moved is found then, and nothing is overwritten. A commit returns once
//! the server has made it durable.
//!
//! Whether a creation is still under way is told by an advisory lock that lasts as long as the connection of whoever
//! began it. A server that restarts lets go of all of them; each process takes its own again as it reconnects, which
//! it does at its next call. So the connection has to be one of its own: a pooler that hands out transactions breaks it.

mod link;
mod rows;
mod schema;
mod target;
mod tls;

use std::cell::Cell;
use std::sync::{Mutex, MutexGuard, PoisonError};

use nhi_governance::Digest;
use postgres::Client;
use postgres::types::Type;

use link::{Link, failure};
use rows::PostgresTransaction;
pub(crate) use target::{Target, is_url};

use crate::options::{Options, Point};
use crate::transaction::{Backend, RowsWork};
use crate::{Actor, ReadWork, Registry, RegistryError, Spool, View, WriteWork, Writer, taking};

const BEGIN_WRITE: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
const BEGIN_READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// A registry on a PostgreSQL server.
#[derive(Debug)]
pub(crate) struct PostgresRegistry {
    target: Target,
    options: Options,
    reads_only: bool,
    link: Mutex<Link>,
}

impl PostgresRegistry {
    /// Opens it for reading and writing, and creates it where there is none.
    pub(crate) fn create(target: Target, options: Options) -> Result<Self, RegistryError> {
        let mut link = Link::connect(target.clone(), false)?;
        schema::migrate(&mut link, options.now())?;
        Ok(Self::new(target, options, link, false))
    }

    /// Opens one that exists, for reading and writing.
    pub(crate) fn open(target: Target, options: Options) -> Result<Self, RegistryError> {
        let mut link = Link::connect(target.clone(), false)?;
        recognise(&mut link)?;
        schema::migrate(&mut link, options.now())?;
        Ok(Self::new(target, options, link, false))
    }

    /// Opens one that exists, for reading only.
    pub(crate) fn open_read_only(target: Target, options: Options) -> Result<Self, RegistryError> {
        let mut link = Link::connect(target.clone(), true)?;
        let found = recognise(&mut link)?;
        schema::refuse_older(found, &target)?;
        Ok(Self::new(target, options, link, true))
    }

    fn new(target: Target, options: Options, link: Link, reads_only: bool) -> Self {
        let spool = options.spool.of_place(&target.to_string());
        Self {
            options: Options { spool, ..options },
            target,
            reads_only,
            link: Mutex::new(link),
        }
    }

    /// A panic of another thread cannot leave a transaction half done: it was rolled back, or its connection is gone.
    fn lock(&self) -> MutexGuard<'_, Link> {
        self.link.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn transact(&self, link: &mut Link, work: &mut RowsWork<'_>) -> Result<(), RegistryError> {
        let session = Cell::new(link.session);
        let client = link.begin(BEGIN_WRITE)?;
        let rows = PostgresTransaction::new(client, &self.target, &session, "write to");
        let mut result = rows.take_turn().and_then(|()| {
            self.options.reach(Point::Begun);
            work(&rows)
        });
        if result.is_ok() && rows.has_failed() {
            // The work went on after a statement had failed, and the server will not.
            result = Err(RegistryError::Broken(self.place()));
        }
        if let Err(error) = result {
            let rolled_back = rows.end("ROLLBACK");
            link.session = session.get();
            if rolled_back.is_err() {
                link.lose();
            }
            return Err(error);
        }
        self.options.reach(Point::Committing);
        let (committed, head) = (rows.end("COMMIT"), rows.head());
        link.session = session.get();
        if let Err(error) = committed {
            match head {
                Some(head) => self.look_for(link, head, &error)?,
                None => return Err(failure("write to", &self.target, &error)),
            }
        }
        self.options.reach(Point::Committed);
        Ok(())
    }

    /// The connection was lost while the server committed, so nobody has said whether it did. The chain tells: the row
    /// that would be its head is there, or it is not and never will be, because its turn is over.
    fn look_for(
        &self,
        link: &mut Link,
        (seq, hash): (u64, Digest),
        error: &postgres::Error,
    ) -> Result<(), RegistryError> {
        link.lose();
        let unknown = |_| RegistryError::Broken(self.place());
        let client = link.begin(BEGIN_WRITE).map_err(unknown)?;
        let found = is_there(client, seq, hash);
        let ended = client.batch_execute("ROLLBACK");
        if ended.is_err() {
            link.lose();
        }
        match found {
            Ok(true) => Ok(()),
            Ok(false) => Err(failure("write to", &self.target, error)),
            Err(error) => Err(unknown(failure("write to", &self.target, &error))),
        }
    }
}

fn is_there(client: &mut Client, seq: u64, hash: Digest) -> Result<bool, postgres::Error> {
    // Whoever was cut off may still have its turn; it is waited for.
    client.batch_execute("SELECT FROM nhi.meta FOR UPDATE")?;
    let (seq, hash) = (i64::try_from(seq).unwrap_or(i64::MAX), hash.to_string());
    let query = "SELECT FROM nhi.audit_log WHERE seq = $1 AND hash = $2";
    let rows = client.query_typed(query, &[(&seq, Type::INT8), (&hash, Type::TEXT)])?;
    Ok(!rows.is_empty())
}

fn recognise(link: &mut Link) -> Result<i64, RegistryError> {
    let target = link.target.clone();
    let client = link.begin(BEGIN_READ)?;
    let found = schema::recognise(client, &target);
    let ended = client.batch_execute("ROLLBACK");
    ended.map_err(|error| failure("read", &target, &error))?;
    found
}

impl Registry for PostgresRegistry {
    fn place(&self) -> String {
        self.target.to_string()
    }

    fn spool(&self) -> &Spool {
        &self.options.spool
    }

    fn read(&self, work: &mut ReadWork<'_>) -> Result<(), RegistryError> {
        let mut link = self.lock();
        let session = Cell::new(link.session);
        let client = link.begin(BEGIN_READ)?;
        let rows = PostgresTransaction::new(client, &self.target, &session, "read");
        let result = work(&View::new(&rows, &self.options));
        if rows.end("ROLLBACK").is_err() {
            link.lose();
        }
        result
    }

    fn write(&self, actor: &Actor, work: &mut WriteWork<'_>) -> Result<(), RegistryError> {
        taking::settle(&self.options, |done| {
            self.exclusively(&mut |rows| work(Writer::begin(rows, actor, &self.options)?.settled(done)?))
        })
    }
}

impl Backend for PostgresRegistry {
    fn exclusively(&self, work: &mut RowsWork<'_>) -> Result<(), RegistryError> {
        if self.reads_only {
            return Err(RegistryError::ReadOnly(self.place()));
        }
        self.transact(&mut self.lock(), work)
    }
}
