//! The one connection of a registry: made anew when the server comes back, and told apart from one that is only slow.

use std::thread;
use std::time::{Duration, Instant};

use postgres::error::SqlState;
use postgres::types::Type;
use postgres::{Client, NoTls};

use nhi_governance::{Digest, RecordId};

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

/// A connection that may be lost.
pub(super) struct Link {
    pub(super) target: Target,
    reads_only: bool,
    client: Option<Client>,
    /// Whose lock is held as long as the connection is.
    pub(super) session: Option<RecordId>,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link")
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}

impl Link {
    pub(super) fn connect(target: Target, reads_only: bool) -> Result<Self, RegistryError> {
        let client = connect(&target, reads_only)?;
        Ok(Self {
            target,
            reads_only,
            client: Some(client),
            session: None,
        })
    }

    /// Begins a transaction. A connection that turns out to be lost is made anew: nothing has happened yet.
    pub(super) fn begin(&mut self, statement: &str) -> Result<&mut Client, RegistryError> {
        if let Some(client) = &mut self.client {
            match client.batch_execute(statement) {
                Ok(()) => {}
                Err(error) if is_lost(client, &error) => self.lose(),
                Err(error) => return Err(failure("reach", &self.target, &error)),
            }
        }
        if self.client.is_none() {
            let mut client = self.return_of_the_server()?;
            let begun = client.batch_execute(statement);
            begun.map_err(|error| failure("reach", &self.target, &error))?;
            self.client = Some(client);
        }
        // INVARIANT: it was made above where there was none.
        self.client
            .as_mut()
            .ok_or_else(|| RegistryError::Broken(self.target.to_string()))
    }

    pub(super) fn lose(&mut self) {
        end_elsewhere(self.client.take());
    }

    fn return_of_the_server(&self) -> Result<Client, RegistryError> {
        let patience = Instant::now() + RETURN_MAX;
        let mut client = loop {
            match connect(&self.target, self.reads_only) {
                Ok(client) => break client,
                Err(error) if is_away(&error) && Instant::now() < patience => thread::sleep(RETURN_POLL),
                Err(error) => return Err(error),
            }
        };
        if let Some(session) = self.session {
            take_session_lock(&mut client, session).map_err(|error| failure("reach", &self.target, &error))?;
        }
        Ok(client)
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
