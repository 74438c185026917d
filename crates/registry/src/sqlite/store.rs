//! Rows in and out. Every record that is read is compared with the digest that its last audit row names, and every
//! write first makes sure that the end of the log is the one that the registry left.

use nhi_governance::{
    Digest, Environment, Event, Identity, Name, Record as _, RecordId, Timestamp, Transition, canonical_json,
};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::open::random_id;
use super::{Options, Point, StoreError};
use crate::audit::{genesis, record_digest};
use crate::verify::{Tampering, check_record};
use crate::{Actor, AuditRow, CLOCK_SKEW_SECONDS_MAX, Filter, RegistryError};

/// Selects records, each with the payload of its last audit row.
const SELECT: &str = "SELECT id, record, (SELECT payload FROM audit_log WHERE subject = id ORDER BY seq DESC LIMIT 1)
    FROM identities";
const SELECT_AUDIT: &str = "SELECT seq, time, actor, action, subject, payload, previous, hash FROM audit_log";
/// The most rows of the log that one call returns.
const AUDIT_ROWS_MAX: u32 = 10_000;

/// What the registry keeps about itself: who it is, and where its log ends.
#[derive(Debug, Clone)]
pub(crate) struct Meta {
    pub(crate) registry_id: String,
    pub(crate) created_at: String,
    pub(crate) head_seq: u64,
    pub(crate) head_hash: Digest,
}

/// Reads the one row of `meta`; the inner error says that it cannot be the registry's.
pub(crate) fn load_meta(connection: &Connection) -> rusqlite::Result<Result<Meta, Tampering>> {
    let query =
        "SELECT registry_id, created_at, head_seq, head_hash, (SELECT count(*) FROM meta) FROM meta WHERE only = 1";
    let meta = connection.query_row(query, [], |row| {
        let hash: String = row.get(3)?;
        let meta = (
            row.get(0)?,
            row.get(1)?,
            row.get::<_, i64>(2)?,
            Digest::parse(&hash),
            row.get::<_, i64>(4)?,
        );
        Ok(meta)
    });
    let refuse = || Tampering::whole("the row that keeps the head of the log is not readable");
    Ok(match meta {
        Ok((registry_id, created_at, head_seq, Ok(head_hash), 1)) => u64::try_from(head_seq)
            .map(|head_seq| Meta {
                registry_id,
                created_at,
                head_seq,
                head_hash,
            })
            .map_err(|_| refuse()),
        Err(rusqlite::Error::SqliteFailure(error, text)) => return Err(rusqlite::Error::SqliteFailure(error, text)),
        Ok(_) | Err(_) => Err(refuse()),
    })
}

/// Reads a row of [`SELECT_AUDIT`].
pub(crate) fn audit_row(row: &Row<'_>) -> rusqlite::Result<AuditRow> {
    let digest = |column: usize| {
        let text: String = row.get(column)?;
        Digest::parse(&text).map_err(|error| {
            rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
        })
    };
    Ok(AuditRow {
        seq: u64::try_from(row.get::<_, i64>(0)?).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(0, -1))?,
        time: row.get(1)?,
        actor: row.get(2)?,
        action: row.get(3)?,
        subject: row.get(4)?,
        payload: row.get(5)?,
        previous: digest(6)?,
        hash: digest(7)?,
    })
}

/// The end of the log, checked.
#[derive(Debug)]
struct Tail {
    meta: Meta,
    time: Timestamp,
}

/// Makes sure that the last row is whole and is the head.
fn load_tail(connection: &Connection) -> Result<Tail, StoreError> {
    let tampered = |tampering| StoreError::Other(RegistryError::Tampered(tampering));
    let meta = load_meta(connection)?.map_err(tampered)?;
    let last = connection
        .query_row(&format!("{SELECT_AUDIT} ORDER BY seq DESC LIMIT 1"), [], audit_row)
        .optional()?;
    let (seq, hash, time, is_whole) = match &last {
        Some(row) => (row.seq, row.hash, &row.time, row.expected_hash() == row.hash),
        None => (0, genesis(&meta.registry_id, &meta.created_at), &meta.created_at, true),
    };
    let time = Timestamp::parse(time).ok();
    match time.filter(|_| is_whole && (seq, hash) == (meta.head_seq, meta.head_hash)) {
        Some(time) => Ok(Tail { meta, time }),
        None => Err(tampered(Tampering::at(
            seq,
            "the end of the log is not the one that the registry left",
        ))),
    }
}

/// The latest moment on record. It is the time of the last row, because no row is ever written with an earlier one
/// than the row before it, unless somebody accepted a clock that was set right.
pub(super) fn high_water(connection: &Connection) -> Result<Timestamp, StoreError> {
    Ok(load_tail(connection)?.time)
}

/// The record of an id.
pub(super) fn load(connection: &Connection, id: RecordId) -> Result<Option<Identity>, StoreError> {
    select(connection, "WHERE id = ?1", &[&id.to_string()]).map(|found| found.into_iter().next())
}

/// The record of an id that has to be there.
pub(super) fn must_load(connection: &Connection, id: RecordId) -> Result<Identity, StoreError> {
    load(connection, id)?.ok_or_else(|| RegistryError::NotFound(id).into())
}

/// The record of a name that is not revoked.
pub(super) fn find_live(
    connection: &Connection,
    environment: &Environment,
    name: &Name,
) -> Result<Option<Identity>, StoreError> {
    let clause = "WHERE environment = ?1 AND name = ?2 AND revoked_at IS NULL";
    select(connection, clause, &[environment.as_str(), name.as_str()]).map(|found| found.into_iter().next())
}

/// Records in the order of environment, name and id.
pub(super) fn list(connection: &Connection, filter: &Filter) -> Result<Vec<Identity>, StoreError> {
    let clause = "WHERE (?1 = '' OR environment = ?1) AND (?2 = '' OR name = ?2) AND (?3 = 'all' OR revoked_at IS NULL)
        ORDER BY environment, name, id";
    let environment = filter.environment.as_ref().map_or("", Environment::as_str);
    let name = filter.name.as_ref().map_or("", Name::as_str);
    select(
        connection,
        clause,
        &[environment, name, if filter.with_revoked { "all" } else { "live" }],
    )
}

/// Rows of the log.
pub(super) fn audit(connection: &Connection, from_seq: u64, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
    let mut statement = connection.prepare(&format!("{SELECT_AUDIT} WHERE seq >= ?1 ORDER BY seq LIMIT ?2"))?;
    let rows = statement.query_map(params![sql_integer(from_seq), limit.min(AUDIT_ROWS_MAX)], audit_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The session that created or adopted an identity, as its last audit row names it.
pub(super) fn session_of(connection: &Connection, id: RecordId) -> Result<Option<String>, StoreError> {
    let query = "SELECT payload FROM audit_log WHERE subject = ?1 ORDER BY seq DESC LIMIT 1";
    let payload: Option<String> = connection
        .query_row(query, params![id.to_string()], |row| row.get(0))
        .optional()?;
    let payload = payload.and_then(|payload| serde_json::from_str::<serde_json::Value>(&payload).ok());
    Ok(payload.and_then(|payload| Some(payload.get("session")?.as_str()?.to_owned())))
}

fn select(connection: &Connection, clause: &str, texts: &[&str]) -> Result<Vec<Identity>, StoreError> {
    let mut statement = connection.prepare(&format!("{SELECT} {clause}"))?;
    let mut rows = statement.query(rusqlite::params_from_iter(texts))?;
    let mut identities = Vec::new();
    while let Some(row) = rows.next()? {
        let (id, record, payload): (String, String, Option<String>) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let identity = match payload.as_deref().and_then(record_digest) {
            Some(digest) => check_record(&id, &record, digest),
            None => Err("the log does not know this record"),
        };
        let tampered = |reason| RegistryError::Tampered(Tampering::of(&id, None, reason));
        identities.push(identity.map_err(tampered)?);
    }
    Ok(identities)
}

/// A number as SQLite has it; one beyond its range is beyond any row as well.
fn sql_integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// One transaction that writes.
pub(super) struct Writer<'a> {
    connection: &'a Connection,
    options: &'a Options,
    meta: Meta,
    wall: Timestamp,
    high_water: Timestamp,
}

impl<'a> Writer<'a> {
    /// Begins after the turn to write was taken, so that what it reads stays true.
    pub(super) fn begin(connection: &'a Connection, options: &'a Options) -> Result<Self, StoreError> {
        let Tail { meta, time } = load_tail(connection)?;
        Ok(Self {
            connection,
            options,
            meta,
            wall: (options.clock)(),
            high_water: time,
        })
    }

    /// The time to judge and to write by.
    pub(super) fn now(&self) -> Timestamp {
        self.wall.max(self.high_water)
    }

    /// Refuses to grant anything by a clock that cannot be right.
    pub(super) fn refuse_clock_behind(&self) -> Result<(), RegistryError> {
        let seconds = self.high_water.seconds_since(self.wall);
        if seconds > CLOCK_SKEW_SECONDS_MAX {
            Err(RegistryError::ClockBehind { seconds })
        } else {
            Ok(())
        }
    }

    /// What the transaction reads from.
    pub(super) fn connection(&self) -> &Connection {
        self.connection
    }

    pub(super) fn find_live(&self, environment: &Environment, name: &Name) -> Result<Option<Identity>, StoreError> {
        find_live(self.connection, environment, name)
    }

    pub(super) fn load(&self, id: RecordId) -> Result<Identity, StoreError> {
        must_load(self.connection, id)
    }

    /// An id that was never used.
    pub(super) fn next_id(&self) -> Result<RecordId, StoreError> {
        Ok(random_id(self.connection, self.now())?)
    }

    /// Writes a new record and its event. The primary key refuses an id that was ever used.
    pub(super) fn insert(&mut self, actor: &Actor, transition: Transition<Identity>) -> Result<Identity, StoreError> {
        self.write("INSERT INTO identities (id, record) VALUES (?1, ?2)", actor, transition)
    }

    /// Writes a changed record and its event; nothing when nothing changed.
    pub(super) fn replace(&mut self, actor: &Actor, transition: Transition<Identity>) -> Result<Identity, StoreError> {
        self.write(
            "UPDATE identities SET record = ?2 WHERE id = ?1 AND record <> ?2",
            actor,
            transition,
        )
    }

    fn write(
        &mut self,
        statement: &str,
        actor: &Actor,
        transition: Transition<Identity>,
    ) -> Result<Identity, StoreError> {
        let Transition {
            record: identity,
            event,
        } = transition;
        if let Some(event) = event {
            self.connection.execute(
                statement,
                params![identity.id().to_string(), identity.to_canonical_json()],
            )?;
            (self.options.probe)(Point::Recorded);
            self.append_event(actor, &event)?;
            (self.options.probe)(Point::Audited);
        }
        Ok(identity)
    }

    fn append_event(&mut self, actor: &Actor, event: &Event) -> Result<(), StoreError> {
        let payload = canonical_json(&event.payload);
        self.append(self.now(), actor, &event.action, event.subject.to_string(), payload)
    }

    /// Takes the clock's time as the latest moment.
    pub(super) fn accept_clock(&mut self, actor: &Actor, reason: &str) -> Result<Timestamp, StoreError> {
        let particulars = serde_json::json!({
            "from": self.high_water,
            "reason": reason.chars().filter(|c| !c.is_control()).take(300).collect::<String>(),
            "to": self.wall,
        });
        let registry_id = self.meta.registry_id.clone();
        self.append(
            self.wall,
            actor,
            "clock.accepted",
            registry_id,
            canonical_json(&particulars),
        )?;
        Ok(self.wall)
    }

    fn append(
        &mut self,
        time: Timestamp,
        actor: &Actor,
        action: &str,
        subject: String,
        payload: String,
    ) -> Result<(), StoreError> {
        let mut row = AuditRow {
            seq: self.meta.head_seq + 1,
            time: time.to_string(),
            actor: actor.as_str().to_owned(),
            action: action.to_owned(),
            subject,
            payload,
            previous: self.meta.head_hash,
            hash: self.meta.head_hash,
        };
        row.hash = row.expected_hash();
        self.connection.execute(
            "INSERT INTO audit_log (seq, time, actor, action, subject, payload, previous, hash)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                sql_integer(row.seq),
                row.time,
                row.actor,
                row.action,
                row.subject,
                row.payload,
                row.previous.to_string(),
                row.hash.to_string()
            ],
        )?;
        self.meta.head_seq = row.seq;
        self.meta.head_hash = row.hash;
        Ok(())
    }

    /// Writes down where the log ends now.
    pub(super) fn finish(self) -> Result<(), StoreError> {
        let head = params![sql_integer(self.meta.head_seq), self.meta.head_hash.to_string()];
        self.connection
            .execute("UPDATE meta SET head_seq = ?1, head_hash = ?2 WHERE only = 1", head)?;
        Ok(())
    }
}
