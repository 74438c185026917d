//! The registry on a PostgreSQL server: for a team whose applies run on many machines.
//!
//! Writers take turns by a lock on the row that keeps the head of the log, so that each sees all that was committed
//! before it; a revision that somebody else has moved is found then, and nothing is overwritten. A commit returns once
//! the server has made it durable. Those of one process share commits, see [`Turns`]; a server may be far away, so that
//! what counts is how often it is asked.
//!
//! Whether a creation is still under way is told by an advisory lock that lasts as long as the connection of whoever
//! began it. A server that restarts lets go of all of them; each process takes its own again as it reconnects, which
//! it does at its next call. So the connection has to be one of its own: a pooler that hands out transactions breaks it.

mod columns;
mod line;
mod link;
mod memory;
mod opening;
mod rows;
mod schema;
mod target;
mod tls;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};

use link::{Link, Patience, failure};
use opening::Purpose;
use rows::PostgresTransaction;
pub(crate) use target::{Target, is_url};

use crate::options::{Options, Point};
use crate::transaction::{Backend, RowsWork};
use crate::turns::Turns;
use crate::{Actor, ReadWork, Registry, RegistryError, Spool, View, WriteWork, Writer, taking};

/// A registry on a PostgreSQL server.
#[derive(Debug)]
pub(crate) struct PostgresRegistry {
    target: Target,
    options: Options,
    /// `None` where it is only read.
    turns: Option<Turns<Link>>,
    /// For whoever reads while another writes; made when it is first needed.
    reading: Mutex<Option<Link>>,
}

impl PostgresRegistry {
    /// Opens it for reading and writing, and creates it where there is none.
    pub(crate) fn create(target: Target, options: Options) -> Result<Self, RegistryError> {
        let mut link = Link::connect(target.clone(), false, Patience::Place)?;
        schema::migrate(&mut link, options.now())?;
        Ok(Self::new(target, options, Some(link), None))
    }

    /// Opens one that exists, for reading and writing.
    pub(crate) fn open(target: Target, options: Options) -> Result<Self, RegistryError> {
        let mut link = Link::connect(target.clone(), false, Patience::Place)?;
        recognise(&mut link)?;
        schema::migrate(&mut link, options.now())?;
        Ok(Self::new(target, options, Some(link), None))
    }

    /// Opens one that exists, for reading only.
    pub(crate) fn open_read_only(target: Target, options: Options) -> Result<Self, RegistryError> {
        let mut link = Link::connect(target.clone(), true, Patience::Place)?;
        let found = recognise(&mut link)?;
        schema::refuse_older(found, &target)?;
        Ok(Self::new(target, options, None, Some(link)))
    }

    fn new(target: Target, options: Options, writing: Option<Link>, reading: Option<Link>) -> Self {
        let spool = options.spool.of_place(&target.to_string());
        Self {
            options: Options { spool, ..options },
            target,
            turns: writing.map(Turns::new),
            reading: Mutex::new(reading),
        }
    }

    /// A panic of another thread leaves no transaction open.
    fn lock(&self) -> MutexGuard<'_, Option<Link>> {
        self.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read_with(&self, link: &mut Link, work: &mut ReadWork<'_>) -> Result<(), RegistryError> {
        link.open(Purpose::Read)?;
        let rows = PostgresTransaction::new(link, Purpose::Read);
        let result = catch_unwind(AssertUnwindSafe(|| work(&View::new(&rows, &self.options))));
        drop(rows);
        link.roll_back();
        result.unwrap_or_else(|panic| resume_unwind(panic))
    }
}

fn recognise(link: &mut Link) -> Result<i64, RegistryError> {
    let target = link.target.clone();
    link.begin("read", |client| {
        client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    })?;
    let client = link.client()?;
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
        let Some(turns) = &self.turns else {
            return match &mut *self.lock() {
                Some(link) => self.read_with(link, work),
                // INVARIANT: what is only read has it from the beginning.
                None => Err(RegistryError::Broken(self.place())),
            };
        };
        if let Some(mut turn) = turns.idle() {
            return self.read_with(&mut turn.line, work);
        }
        let mut reading = self.lock();
        if reading.is_none() {
            *reading = Link::connect(self.target.clone(), true, Patience::None).ok();
        }
        match &mut *reading {
            Some(link) => self.read_with(link, work),
            // The server takes no more of them, so that this one has to wait for those who write.
            None => self.read_with(&mut turns.once_idle().line, work),
        }
    }

    fn write(&self, actor: &Actor, work: &mut WriteWork<'_>) -> Result<(), RegistryError> {
        taking::settle(&self.options, |done| {
            self.exclusively(&mut |rows| work(Writer::begin(rows, actor, &self.options)?.settled(done)?))
        })
    }
}

impl Backend for PostgresRegistry {
    fn exclusively(&self, work: &mut RowsWork<'_>) -> Result<(), RegistryError> {
        let Some(turns) = &self.turns else {
            return Err(RegistryError::ReadOnly(self.place()));
        };
        turns.write(|link| {
            self.options.reach(Point::Begun);
            let rows = PostgresTransaction::new(link, Purpose::Write);
            work(&rows)?;
            rows.finish()?;
            self.options.reach(Point::Committing);
            Ok(())
        })?;
        self.options.reach(Point::Committed);
        Ok(())
    }
}
