//! The connection that writes: what [`Turns`](crate::turns::Turns) asks of it.
//!
//! A writer that joins sets a point only before it writes, so that a refusal, which comes before that, costs nothing.

use nhi_governance::Digest;
use postgres::Client;
use postgres::types::Type;

use super::link::{Link, failure};
use super::opening::Purpose;
use super::target::Target;
use crate::turns::Line;
use crate::{DatabaseError, RegistryError};

/// Why a transaction was lost.
#[derive(Debug, Clone)]
pub(super) struct Lost {
    place: String,
    /// What the server said; nothing where what is on record is unknown.
    cause: Option<(Option<String>, String)>,
}

impl Lost {
    fn of(target: &Target, error: &RegistryError) -> Self {
        let cause = match error {
            RegistryError::Database {
                source: DatabaseError::Postgres { state, message },
                ..
            } => Some((state.clone(), message.clone())),
            _ => None,
        };
        Self {
            place: target.to_string(),
            cause,
        }
    }
}

impl From<Lost> for RegistryError {
    fn from(lost: Lost) -> Self {
        let place = lost.place;
        match lost.cause {
            Some((state, message)) => Self::Database {
                what: "write to",
                place,
                source: DatabaseError::Postgres { state, message },
            },
            None => Self::Broken(place),
        }
    }
}

impl Line for Link {
    type Lost = Lost;

    fn begin(&mut self) -> Result<(), RegistryError> {
        self.open(Purpose::Write)
    }

    fn join(&mut self) -> Result<(), Lost> {
        self.open.joined();
        Ok(())
    }

    fn keep(&mut self, _: bool) -> Result<(), Lost> {
        Ok(())
    }

    fn undo(&mut self, is_joined: bool, error: Option<&RegistryError>) -> Result<(), Lost> {
        if !is_joined {
            self.roll_back();
            return Ok(());
        }
        if !self.open.has_failed && !self.open.is_point_set() {
            return Ok(());
        }
        let lost = |link: &Self| match error {
            Some(error) => Lost::of(&link.target, error),
            None => Lost::of(&link.target, &RegistryError::Broken(link.target.to_string())),
        };
        if !self.open.is_point_set() {
            // A question failed, and the server goes on with nothing that precedes it.
            return Err(lost(self));
        }
        let undone = self
            .client()
            .map(|client| client.batch_execute("ROLLBACK TO one_write"));
        if !matches!(undone, Ok(Ok(()))) {
            return Err(lost(self));
        }
        self.memory.forget();
        self.open.undone();
        Ok(())
    }

    fn commit(&mut self) -> Result<(), Lost> {
        let target = self.target.clone();
        let committed = match self.client() {
            Ok(client) => client.batch_execute("COMMIT"),
            Err(error) => return Err(Lost::of(&target, &error)),
        };
        let Err(error) = committed else { return Ok(()) };
        let failed = Lost::of(&target, &failure("write to", &target, &error));
        match self.open.head {
            Some(head) => self.look_for(head, failed),
            None => Err(failed),
        }
    }

    fn abandon(&mut self, _: &Lost) {
        self.open.has_written = true;
        self.roll_back();
    }
}

impl Link {
    /// The connection was lost while the server committed, so nobody has said whether it did. The chain tells: the row
    /// that would be its head is there, or it is not and never will be, because its turn is over.
    fn look_for(&mut self, (seq, hash): (u64, Digest), failed: Lost) -> Result<(), Lost> {
        self.lose();
        let unknown = Lost {
            place: self.target.to_string(),
            cause: None,
        };
        let begun = self.begin("write to", |client| {
            client.batch_execute("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
        });
        let found = match begun.and_then(|()| self.client()) {
            Ok(client) => is_there(client, seq, hash),
            Err(_) => return Err(unknown),
        };
        self.roll_back();
        match found {
            Ok(true) => Ok(()),
            Ok(false) => Err(failed),
            Err(_) => Err(unknown),
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
