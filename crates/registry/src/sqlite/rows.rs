//! Rows of an SQLite file, in and out.

use std::path::Path;
use std::sync::OnceLock;

use nhi_governance::{Digest, RecordId, RecordKind};
use rusqlite::{Connection, OptionalExtension as _, Params, Row as SqlRow, params, params_from_iter};

use super::open::{schema_of, schema_of_migrations};
use super::session::{self, Session};
use crate::audit::AuditRow;
use crate::transaction::{Meta, Row, Selection, Stored, Transaction, Unreadable, Visit};
use crate::verify::Tampering;
use crate::{Consumption, RegistryError};

/// The columns of a record.
const RECORD: &str = "id, kind, environment, key, parent, ended, record";
/// Selects records, each with action and payload of its last audit row.
const STORED: &str = "SELECT id, kind, environment, key, parent, ended, record, action, payload FROM records
    LEFT JOIN audit_log ON seq = (SELECT max(seq) FROM audit_log WHERE subject = records.id)";
const AUDIT: &str = "SELECT seq, time, actor, action, subject, payload, previous, hash FROM audit_log";

/// One transaction of one connection.
pub(super) struct SqliteTransaction<'a> {
    pub(super) connection: &'a Connection,
    pub(super) path: &'a Path,
    pub(super) session: &'a OnceLock<Session>,
    /// What it is for, as an error says it.
    pub(super) what: &'static str,
}

impl SqliteTransaction<'_> {
    fn at<T>(&self, result: rusqlite::Result<T>) -> Result<T, RegistryError> {
        result.map_err(|source| super::failure(self.what, self.path, source))
    }

    fn execute(&self, statement: &str, parameters: impl Params) -> Result<(), RegistryError> {
        let mut statement = self.at(self.connection.prepare_cached(statement))?;
        self.at(statement.execute(parameters)).map(drop)
    }

    fn one<T>(
        &self,
        query: &str,
        parameters: impl Params,
        read: impl FnOnce(&SqlRow<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, RegistryError> {
        let mut statement = self.at(self.connection.prepare_cached(query))?;
        self.at(statement.query_row(parameters, read).optional())
    }

    fn each<T>(
        &self,
        query: &str,
        parameters: impl Params,
        read: impl Fn(&SqlRow<'_>) -> rusqlite::Result<T>,
        visit: Visit<'_, T>,
    ) -> Result<(), RegistryError> {
        let mut statement = self.at(self.connection.prepare_cached(query))?;
        let mut rows = self.at(statement.query(parameters))?;
        while let Some(row) = self.at(rows.next())? {
            let row = match read(row) {
                Ok(row) => Ok(row),
                Err(error @ rusqlite::Error::SqliteFailure(..)) => return self.at(Err(error)),
                Err(_) => Err(Unreadable),
            };
            if visit(row).is_break() {
                break;
            }
        }
        Ok(())
    }
}

impl Transaction for SqliteTransaction<'_> {
    fn meta(&self) -> Result<Result<Meta, Tampering>, RegistryError> {
        let query = "SELECT registry_id, created_at, head_seq, head_hash, (SELECT count(*) FROM meta), unfinished
            FROM meta WHERE only = 1";
        let read = |row: &SqlRow<'_>| {
            let (head_seq, count): (i64, i64) = (row.get(2)?, row.get(4)?);
            let meta = Meta {
                registry_id: row.get(0)?,
                created_at: row.get(1)?,
                head_seq: u64::try_from(head_seq).map_err(|_| rusqlite::Error::InvalidQuery)?,
                head_hash: digest(row, 3)?,
                unfinished: row.get(5)?,
            };
            if count == 1 {
                Ok(meta)
            } else {
                Err(rusqlite::Error::InvalidQuery)
            }
        };
        let meta = self
            .connection
            .prepare_cached(query)
            .and_then(|mut statement| statement.query_row([], read));
        match meta {
            Ok(meta) => Ok(Ok(meta)),
            Err(error @ rusqlite::Error::SqliteFailure(..)) => self.at(Err(error)),
            Err(_) => Ok(Err(Tampering::headless())),
        }
    }

    fn last_audit_row(&self) -> Result<Option<AuditRow>, RegistryError> {
        self.one(&format!("{AUDIT} ORDER BY seq DESC LIMIT 1"), [], audit_row)
    }

    fn each_audit_row(&self, from: Option<u64>, visit: Visit<'_, AuditRow>) -> Result<(), RegistryError> {
        let from = from.map_or(i64::MIN, integer);
        self.each(
            &format!("{AUDIT} WHERE seq >= ?1 ORDER BY seq"),
            params![from],
            audit_row,
            visit,
        )
    }

    fn audit_row(&self, seq: u64) -> Result<Option<AuditRow>, RegistryError> {
        self.one(&format!("{AUDIT} WHERE seq = ?1"), params![integer(seq)], audit_row)
    }

    fn record(&self, id: RecordId) -> Result<Option<Stored>, RegistryError> {
        self.one(&format!("{STORED} WHERE id = ?1"), params![id.to_string()], stored)
    }

    fn live(&self, kind: RecordKind, environment: &str, key: &str) -> Result<Option<Stored>, RegistryError> {
        let query = format!("{STORED} WHERE kind = ?1 AND environment = ?2 AND key = ?3 AND ended IS NULL");
        self.one(&query, params![kind.as_str(), environment, key], stored)
    }

    fn records(&self, selection: &Selection<'_>) -> Result<Vec<Stored>, RegistryError> {
        let asked = selection.conditions();
        let mut query = format!("{STORED} WHERE true");
        for (column, _) in &asked {
            query = format!("{query} AND {column} = ?");
        }
        if !selection.with_ended {
            query.push_str(" AND ended IS NULL");
        }
        query.push_str(" ORDER BY environment, key, id");
        let mut statement = self.at(self.connection.prepare_cached(&query))?;
        let rows = statement.query_map(params_from_iter(asked.iter().map(|(_, text)| text)), stored);
        self.at(rows.and_then(Iterator::collect))
    }

    fn count(&self, kind: RecordKind, environment: &str, key: &str) -> Result<u64, RegistryError> {
        let query = "SELECT count(*) FROM records WHERE kind = ?1 AND environment = ?2 AND key = ?3";
        let count = self.one(query, params![kind.as_str(), environment, key], |row| {
            row.get::<_, i64>(0)
        })?;
        Ok(count.and_then(|count| u64::try_from(count).ok()).unwrap_or_default())
    }

    fn each_record(&self, visit: Visit<'_, Row>) -> Result<(), RegistryError> {
        self.each(&format!("SELECT {RECORD} FROM records NOT INDEXED"), [], record, visit)
    }

    fn insert(&self, row: &Row) -> Result<(), RegistryError> {
        let statement = "INSERT INTO records (id, kind, environment, key, parent, ended, record)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        self.execute(
            statement,
            params![
                row.id,
                row.kind,
                row.environment,
                row.key,
                row.parent,
                row.ended,
                row.record
            ],
        )
    }

    fn replace(&self, row: &Row) -> Result<(), RegistryError> {
        let statement = "UPDATE records SET kind = ?2, environment = ?3, key = ?4, parent = ?5, ended = ?6, record = ?7
            WHERE id = ?1";
        self.execute(
            statement,
            params![
                row.id,
                row.kind,
                row.environment,
                row.key,
                row.parent,
                row.ended,
                row.record
            ],
        )
    }

    fn consumption(&self, approval: Digest) -> Result<Option<Consumption>, RegistryError> {
        let query = "SELECT digest, request, subject, at FROM consumed_approvals WHERE digest = ?1";
        self.one(query, params![approval.to_string()], consumption)
    }

    fn each_consumption(&self, visit: Visit<'_, Consumption>) -> Result<(), RegistryError> {
        let query = "SELECT digest, request, subject, at FROM consumed_approvals NOT INDEXED";
        self.each(query, [], consumption, visit)
    }

    fn consume(&self, used: &Consumption) -> Result<(), RegistryError> {
        let statement = "INSERT INTO consumed_approvals (digest, request, subject, at) VALUES (?1, ?2, ?3, ?4)";
        let (approval, request) = (used.approval.to_string(), used.request.to_string());
        self.execute(statement, params![approval, request, used.subject, used.at])
    }

    fn append(&self, row: &AuditRow) -> Result<(), RegistryError> {
        let statement = "INSERT INTO audit_log (seq, time, actor, action, subject, payload, previous, hash)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        let (seq, previous, hash) = (integer(row.seq), row.previous.to_string(), row.hash.to_string());
        self.execute(
            statement,
            params![
                seq,
                row.time,
                row.actor,
                row.action,
                row.subject,
                row.payload,
                previous,
                hash
            ],
        )?;
        self.execute(
            "UPDATE meta SET head_seq = ?1, head_hash = ?2 WHERE only = 1",
            params![seq, hash],
        )
    }

    fn become_as(&self, meta: &Meta) -> Result<(), RegistryError> {
        let statement = "UPDATE meta SET registry_id = ?1, created_at = ?2, head_seq = ?3, head_hash = ?4,
            unfinished = ?5 WHERE only = 1";
        let (seq, hash) = (integer(meta.head_seq), meta.head_hash.to_string());
        self.execute(
            statement,
            params![meta.registry_id, meta.created_at, seq, hash, meta.unfinished],
        )
    }

    fn session(&self, next: RecordId) -> Result<RecordId, RegistryError> {
        if let Some(session) = self.session.get() {
            return Ok(session.id());
        }
        let session = Session::begin(self.path, next).map_err(|source| RegistryError::Io {
            what: "keep a session beside",
            path: self.path.to_owned(),
            source,
        })?;
        Ok(self.session.get_or_init(|| session).id())
    }

    fn is_session_open(&self, session: &str) -> Result<bool, RegistryError> {
        Ok(session::is_open(self.path, session))
    }

    fn integrity(&self) -> Result<Option<Tampering>, RegistryError> {
        if self.at(schema_of(self.connection))? != self.at(schema_of_migrations())? {
            return Ok(Some(Tampering::whole(
                "tables, indexes or triggers differ from those of the migrations",
            )));
        }
        let verdict = self
            .connection
            .query_row("PRAGMA integrity_check(1)", [], |row| row.get::<_, String>(0));
        let verdict = self.at(verdict)?;
        let is_whole = verdict == "ok";
        Ok((!is_whole).then(|| Tampering::whole(format!("the file is damaged: {}", verdict.replace('\n', " ")))))
    }
}

/// Reads a row of [`AUDIT`].
fn audit_row(row: &SqlRow<'_>) -> rusqlite::Result<AuditRow> {
    Ok(AuditRow {
        seq: u64::try_from(row.get::<_, i64>(0)?).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(0, -1))?,
        time: row.get(1)?,
        actor: row.get(2)?,
        action: row.get(3)?,
        subject: row.get(4)?,
        payload: row.get(5)?,
        previous: digest(row, 6)?,
        hash: digest(row, 7)?,
    })
}

/// Reads the columns of [`RECORD`].
fn record(row: &SqlRow<'_>) -> rusqlite::Result<Row> {
    Ok(Row {
        id: row.get(0)?,
        kind: row.get(1)?,
        environment: row.get(2)?,
        key: row.get(3)?,
        parent: row.get(4)?,
        ended: row.get(5)?,
        record: row.get(6)?,
    })
}

/// Reads a row of [`STORED`].
fn stored(row: &SqlRow<'_>) -> rusqlite::Result<Stored> {
    let (action, payload): (Option<String>, Option<String>) = (row.get(7)?, row.get(8)?);
    Ok(Stored {
        row: record(row)?,
        last: action.zip(payload),
    })
}

fn consumption(row: &SqlRow<'_>) -> rusqlite::Result<Consumption> {
    Ok(Consumption {
        approval: digest(row, 0)?,
        request: digest(row, 1)?,
        subject: row.get(2)?,
        at: row.get(3)?,
    })
}

fn digest(row: &SqlRow<'_>, column: usize) -> rusqlite::Result<Digest> {
    let text: String = row.get(column)?;
    Digest::parse(&text).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
    })
}

/// A number as SQLite has it; one beyond its range is beyond any row as well.
fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
