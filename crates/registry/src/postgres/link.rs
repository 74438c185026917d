//! The one connection of a registry: made anew when the server comes back, and told apart from one that is only slow.

use std::collections::HashMap;
use std::thread;
use std::time::{Duration, Instant};

use postgres::error::SqlState;
use postgres::types::{ToSql, Type};
use postgres::{Client, NoTls, Row as SqlRow, Statement};

use nhi_governance::{Digest, RecordId};

use super::memory::{Head, Memory};
use super::opening::{self, Purpose, Tail};
use super::target::Target;
use super::tls::MakeTls;
use crate::{DatabaseError, RegistryError};

/// What every session is told first. Nobody who holds the turn to write may keep it for ever, and no name is looked
/// up in a schema that others can write to.
const SETTINGS: &str = "SET search_path = pg_catalog; SET statement_timeout = '120s'; SET lock_timeout = '60s';
    SET idle_in_transaction_session_timeout = '60s'; SET synchronous_commit = on; SET client_min_messages = warning;
    SET row_security = off;";
/// How long a server that was there before is waited for, …
const RETURN_MAX: Duration = Duration::from_secs(15);
/// … and how often it is looked for.
const RETURN_POLL: Duration = Duration::from_millis(100);
/// Locks of sessions are told from those of migrations by the first of two numbers.
pub(super) const LOCK_MIGRATION: i64 = 0x4e48_4952_0000_0001;

/// How many statements a connection keeps prepared: all that there are.
const STATEMENTS_MAX: usize = 64;

pub(super) type Parameter<'a> = (&'a (dyn ToSql + Sync), Type);

/// A connection that may be lost.
pub(super) struct Link {
    pub(super) target: Target,
    reads_only: bool,
    connected: Option<Connected>,
    /// Whose lock is held as long as the connection is.
    pub(super) session: Option<RecordId>,
    /// What it has read before.
    pub(super) memory: Memory,
    /// The transaction that is open.
    pub(super) open: Open,
}

/// A connection and what it has prepared.
struct Connected {
    client: Client,
    statements: HashMap<String, Statement>,
}

/// What a transaction knows of itself.
pub(super) struct Open {
    /// The end of the log, its own rows included.
    pub(super) tail: Tail,
    /// What it made the end of the log.
    pub(super) head: Option<Head>,
    /// Whether anything was written.
    pub(super) has_written: bool,
    /// After a statement has failed, the server would take a commit for a rollback, and say so to nobody.
    pub(super) has_failed: bool,
    /// What it was before the write that joined it, where one has.
    before: Option<(Tail, Option<Head>)>,
    point: Point,
}

/// What the server can go back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Point {
    /// The beginning.
    Nothing,
    /// Where a write began that is over.
    Earlier,
    /// Where the write began that joined.
    Own,
}

impl Open {
    fn at(tail: Tail) -> Self {
        Self {
            tail,
            head: None,
            has_written: false,
            has_failed: false,
            before: None,
            point: Point::Nothing,
        }
    }

    /// What follows can be undone by itself.
    pub(super) fn joined(&mut self) {
        self.before = Some((self.tail.clone(), self.head));
        if self.point == Point::Own {
            self.point = Point::Earlier;
        }
    }

    /// Whether something was written that can be undone by itself.
    pub(super) fn is_point_set(&self) -> bool {
        self.point == Point::Own
    }

    /// The point to go back to is where it begins again.
    pub(super) fn undone(&mut self) {
        if let Some((tail, head)) = self.before.take() {
            (self.tail, self.head) = (tail, head);
        }
        self.has_failed = false;
    }

    /// What has to be said before the first statement that writes; nothing where nobody else's write precedes it.
    fn point(&mut self) -> Option<&'static str> {
        self.before.as_ref()?;
        match std::mem::replace(&mut self.point, Point::Own) {
            Point::Nothing => Some("SAVEPOINT one_write"),
            Point::Earlier => Some("RELEASE one_write; SAVEPOINT one_write"),
            Point::Own => None,
        }
    }
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link")
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}

impl Link {
    pub(super) fn connect(target: Target, reads_only: bool, patience: Patience) -> Result<Self, RegistryError> {
        let connected = Some(connect_patiently(&target, reads_only, patience)?);
        Ok(Self {
            target,
            reads_only,
            connected,
            session: None,
            memory: Memory::default(),
            open: Open::at(Tail::unknown()),
        })
    }

    /// Begins a transaction and asks where the log ends. A connection that turns out to be lost is made anew: nothing
    /// has happened yet.
    pub(super) fn open(&mut self, purpose: Purpose) -> Result<(), RegistryError> {
        let asks_for = self.memory.asks_for();
        let question = opening::question(purpose, asks_for);
        let answered = self.begin(purpose.what(), |client| client.simple_query(&question))?;
        let opened = opening::answer(answered, asks_for);
        self.memory.begin(opened.tail.head(), opened.since.as_deref());
        self.open = Open::at(opened.tail);
        Ok(())
    }

    /// Begins a transaction by the first statement. A connection that turns out to be lost is made anew.
    pub(super) fn begin<T>(
        &mut self,
        what: &'static str,
        first: impl Fn(&mut Client) -> Result<T, postgres::Error>,
    ) -> Result<T, RegistryError> {
        if let Some(connected) = &mut self.connected {
            match first(&mut connected.client) {
                Ok(answer) => return Ok(answer),
                Err(error) if is_lost(&connected.client, &error) => self.lose(),
                Err(error) => {
                    // Part of what was asked may have been done.
                    let _ = connected.client.batch_execute("ROLLBACK");
                    return Err(failure(what, &self.target, &error));
                }
            }
        }
        let mut connected = self.return_of_the_server()?;
        let answer = first(&mut connected.client).map_err(|error| failure("reach", &self.target, &error))?;
        self.connected = Some(connected);
        Ok(answer)
    }

    /// The connection itself.
    pub(super) fn client(&mut self) -> Result<&mut Client, RegistryError> {
        match &mut self.connected {
            Some(connected) => Ok(&mut connected.client),
            None => Err(RegistryError::Broken(self.target.to_string())),
        }
    }

    /// Asks in one round trip; what is asked more than once is prepared.
    pub(super) fn query(
        &mut self,
        what: &'static str,
        query: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<Vec<SqlRow>, RegistryError> {
        let answered = match &mut self.connected {
            Some(connected) => connected.query(query, parameters),
            None => return Err(RegistryError::Broken(self.target.to_string())),
        };
        self.at(what, answered)
    }

    /// Asks what is not asked again in the same words.
    pub(super) fn ask(&mut self, what: &'static str, query: &str) -> Result<Vec<SqlRow>, RegistryError> {
        let answered = self.client()?.query_typed(query, &[]);
        self.at(what, answered)
    }

    /// Does what is not asked again, or has no parameters.
    pub(super) fn run(&mut self, what: &'static str, statement: &str) -> Result<(), RegistryError> {
        let done = self.client()?.batch_execute(statement);
        self.at(what, done)
    }

    /// Writes in one round trip, or two where what precedes it is somebody else's.
    pub(super) fn write(
        &mut self,
        what: &'static str,
        statement: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<(), RegistryError> {
        if let Some(point) = self.open.point() {
            self.run(what, point)?;
        }
        self.open.has_written = true;
        self.query(what, statement, parameters).map(drop)
    }

    /// Notes a failure of the open transaction.
    pub(super) fn at<T>(&mut self, what: &'static str, result: Result<T, postgres::Error>) -> Result<T, RegistryError> {
        result.map_err(|error| {
            self.open.has_failed = true;
            failure(what, &self.target, &error)
        })
    }

    /// Ends a transaction of which nothing is kept.
    pub(super) fn roll_back(&mut self) {
        if self.open.has_written {
            self.memory.forget();
        }
        let ended = self.client().map(|client| client.batch_execute("ROLLBACK"));
        if !matches!(ended, Ok(Ok(()))) {
            self.lose();
        }
    }

    pub(super) fn lose(&mut self) {
        end_elsewhere(self.connected.take().map(|connected| connected.client));
    }

    fn return_of_the_server(&self) -> Result<Connected, RegistryError> {
        let mut connected = connect_patiently(&self.target, self.reads_only, Patience::Server)?;
        if let Some(session) = self.session {
            take_session_lock(&mut connected.client, session)
                .map_err(|error| failure("reach", &self.target, &error))?;
        }
        Ok(connected)
    }
}

impl Connected {
    fn query(&mut self, query: &str, parameters: &[Parameter<'_>]) -> Result<Vec<SqlRow>, postgres::Error> {
        let statement = match self.statements.get(query) {
            Some(statement) => statement.clone(),
            None if self.statements.len() >= STATEMENTS_MAX => return self.client.query_typed(query, parameters),
            None => {
                let types: Vec<Type> = parameters.iter().map(|(_, kind)| kind.clone()).collect();
                let statement = self.client.prepare_typed(query, &types)?;
                self.statements.insert(query.to_owned(), statement.clone());
                statement
            }
        };
        let values: Vec<&(dyn ToSql + Sync)> = parameters.iter().map(|(value, _)| *value).collect();
        self.client.query(&statement, &values)
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.lose();
    }
}

/// Ends a connection. A client holds a runtime, which must not end on a thread of another one.
fn end_elsewhere(client: Option<Client>) {
    let Some(mut client) = client else { return };
    let end = move || {
        // The server notices the end of a connection a moment later than this process does, and the locks with it.
        if !client.is_closed() {
            let _ = client.batch_execute("SELECT pg_advisory_unlock_all()");
        }
    };
    let _ = thread::spawn(end).join();
}

/// A server that was there before, or has no place for one more just now, is waited for.
fn connect_patiently(target: &Target, reads_only: bool, patience: Patience) -> Result<Connected, RegistryError> {
    let until = Instant::now() + RETURN_MAX;
    loop {
        match connect(target, reads_only) {
            Ok(client) => {
                return Ok(Connected {
                    client,
                    statements: HashMap::new(),
                });
            }
            Err(error) if patience.waits_for(&error) && Instant::now() < until => thread::sleep(RETURN_POLL),
            Err(error) => return Err(error),
        }
    }
}

fn connect(target: &Target, reads_only: bool) -> Result<Client, RegistryError> {
    let config = target.config()?;
    let connected = match &target.tls {
        None => config.connect(NoTls),
        Some(files) => {
            let tls = MakeTls::new(files).map_err(|(path, source)| RegistryError::Io {
                what: "read the certificates in",
                path,
                source,
            })?;
            config.connect(tls)
        }
    };
    let set_up = connected.and_then(|mut client| {
        client.batch_execute(SETTINGS)?;
        if reads_only {
            client.batch_execute("SET default_transaction_read_only = on")?;
        }
        Ok(client)
    });
    set_up.map_err(|error| failure("reach", target, &error))
}

/// Takes the lock that says that a session is open.
pub(super) fn take_session_lock(client: &mut Client, session: RecordId) -> Result<bool, postgres::Error> {
    let key = lock_of(session);
    let row = client.query_typed("SELECT pg_try_advisory_lock($1)", &[(&key, Type::INT8)])?;
    Ok(row.first().is_some_and(|row| row.get(0)))
}

/// The number of a session's lock.
pub(super) fn lock_of(session: RecordId) -> i64 {
    let digest = Digest::of(format!("nhi.session.v1\n{session}").as_bytes());
    let bytes = digest.as_bytes().first_chunk().copied().unwrap_or_default();
    i64::from_be_bytes(bytes)
}

/// Whether a connection has ended, rather than a statement failed.
pub(super) fn is_lost(client: &Client, error: &postgres::Error) -> bool {
    let ended = [
        SqlState::ADMIN_SHUTDOWN,
        SqlState::CRASH_SHUTDOWN,
        SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
    ];
    client.is_closed() || error.is_closed() || error.code().is_some_and(|code| ended.contains(code))
}

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    /// Nothing.
    None,
    /// A place: others hold all the connections that the server takes.
    Place,
    /// The server, which was there before, and a place.
    Server,
}

impl Patience {
    fn waits_for(self, error: &RegistryError) -> bool {
        match self {
            Self::None => false,
            Self::Place => is_full(error),
            Self::Server => is_full(error) || is_away(error),
        }
    }
}

/// Whether the server takes no more connections just now.
fn is_full(error: &RegistryError) -> bool {
    matches!(
        error,
        RegistryError::Database {
            source: DatabaseError::Postgres { state: Some(state), .. },
            ..
        } if *state == *SqlState::TOO_MANY_CONNECTIONS.code()
    )
}

/// Whether the server may come back by itself.
fn is_away(error: &RegistryError) -> bool {
    match error {
        RegistryError::Database {
            source: DatabaseError::Postgres { state, .. },
            ..
        } => state
            .as_deref()
            .is_none_or(|state| state == SqlState::CANNOT_CONNECT_NOW.code()),
        _ => false,
    }
}

/// An error with what the server said of it, and nothing of what it was asked with.
pub(super) fn failure(what: &'static str, target: &Target, error: &postgres::Error) -> RegistryError {
    let message = match error.as_db_error() {
        Some(told) => told.message().to_owned(),
        None => {
            let mut text = error.to_string();
            let mut source = std::error::Error::source(error);
            while let Some(cause) = source {
                let cause_text = cause.to_string();
                if !text.contains(&cause_text) {
                    text = format!("{text}: {cause_text}");
                }
                source = cause.source();
            }
            text
        }
    };
    RegistryError::Database {
        what,
        place: target.to_string(),
        source: DatabaseError::Postgres {
            state: error.code().map(|code| code.code().to_owned()),
            message: message.chars().map(|c| if c.is_control() { ' ' } else { c }).collect(),
        },
    }
}
