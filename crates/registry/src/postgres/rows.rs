//! Rows of a PostgreSQL database, in and out.

use std::cell::{Cell, RefCell};
use std::ops::ControlFlow;

use nhi_governance::{Digest, RecordId, RecordKind};
use postgres::types::{ToSql, Type};
use postgres::{Client, Row as SqlRow};

use super::link::{failure, lock_of, take_session_lock};
use super::schema;
use super::target::Target;
use crate::audit::AuditRow;
use crate::transaction::{Meta, Row, Selection, Stored, Transaction, Unreadable, Visit};
use crate::verify::Tampering;
use crate::{Consumption, RegistryError};

const META: &str = "SELECT registry_id, created_at, head_seq, head_hash, (SELECT count(*) FROM nhi.meta), unfinished
    FROM nhi.meta WHERE sole";
/// Selects records, each with action and payload of its last audit row.
const STORED: &str = "SELECT r.id, r.kind, r.environment, r.key, r.parent, r.ended, r.record, a.action, a.payload
    FROM nhi.records r LEFT JOIN LATERAL (
        SELECT action, payload FROM nhi.audit_log WHERE subject = r.id ORDER BY seq DESC LIMIT 1
    ) a ON true";
const AUDIT: &str = "SELECT seq, time, actor, action, subject, payload, previous, hash FROM nhi.audit_log";
/// How many rows are asked for at once.
const ROWS_AT_ONCE: usize = 500;

type Parameter<'a> = (&'a (dyn ToSql + Sync), Type);

/// One transaction of one connection.
pub(super) struct PostgresTransaction<'a> {
    client: RefCell<&'a mut Client>,
    target: &'a Target,
    session: &'a Cell<Option<RecordId>>,
    /// What it is for, as an error says it.
    what: &'static str,
    /// As it was when the turn to write was taken.
    meta: RefCell<Option<Result<Meta, Tampering>>>,
    /// What this transaction made the end of the log.
    head: Cell<Option<(u64, Digest)>>,
    /// After a statement has failed, the server would take a commit for a rollback, and say so to nobody.
    has_failed: Cell<bool>,
}

impl<'a> PostgresTransaction<'a> {
    pub(super) fn new(
        client: &'a mut Client,
        target: &'a Target,
        session: &'a Cell<Option<RecordId>>,
        what: &'static str,
    ) -> Self {
        Self {
            client: RefCell::new(client),
            target,
            session,
            what,
            meta: RefCell::new(None),
            head: Cell::new(None),
            has_failed: Cell::new(false),
        }
    }

    /// Waits for the turn to write. Whoever has it sees all that others have committed and nobody can commit beside.
    pub(super) fn take_turn(&self) -> Result<(), RegistryError> {
        let rows = self.query(&format!("{META} FOR UPDATE"), &[])?;
        *self.meta.borrow_mut() = Some(rows.first().ok_or_else(Tampering::headless).and_then(meta));
        Ok(())
    }

    pub(super) fn head(&self) -> Option<(u64, Digest)> {
        self.head.get()
    }

    pub(super) fn has_failed(&self) -> bool {
        self.has_failed.get()
    }

    pub(super) fn end(&self, statement: &str) -> Result<(), postgres::Error> {
        self.client.borrow_mut().batch_execute(statement)
    }

    fn at<T>(&self, result: Result<T, postgres::Error>) -> Result<T, RegistryError> {
        result.map_err(|error| {
            self.has_failed.set(true);
            failure(self.what, self.target, &error)
        })
    }

    fn query(&self, query: &str, parameters: &[Parameter<'_>]) -> Result<Vec<SqlRow>, RegistryError> {
        let result = self.client.borrow_mut().query_typed(query, parameters);
        self.at(result)
    }

    fn execute(&self, statement: &str, parameters: &[Parameter<'_>]) -> Result<(), RegistryError> {
        let result = self.client.borrow_mut().execute_typed(statement, parameters);
        self.at(result).map(drop)
    }

    fn one<T>(
        &self,
        query: &str,
        parameters: &[Parameter<'_>],
        read: impl FnOnce(&SqlRow) -> Result<T, Unreadable>,
    ) -> Result<Option<T>, RegistryError> {
        let rows = self.query(query, parameters)?;
        let row = rows.first().map(read).transpose();
        row.map_err(|_| RegistryError::Tampered(Tampering::whole("the columns of a row are not of the right type")))
    }

    /// Reads by way of a cursor, so that neither side holds all rows at once.
    fn each<T>(
        &self,
        query: &str,
        read: impl Fn(&SqlRow) -> Result<T, Unreadable>,
        visit: Visit<'_, T>,
    ) -> Result<(), RegistryError> {
        self.execute(&format!("DECLARE each_row NO SCROLL CURSOR FOR {query}"), &[])?;
        let fetch = format!("FETCH {ROWS_AT_ONCE} FROM each_row");
        loop {
            let rows = self.query(&fetch, &[])?;
            let is_last = rows.len() < ROWS_AT_ONCE;
            let goes_on = rows.iter().map(&read).try_for_each(&mut *visit);
            if is_last || goes_on == ControlFlow::Break(()) {
                return self.execute("CLOSE each_row", &[]);
            }
        }
    }
}

impl Transaction for PostgresTransaction<'_> {
    fn meta(&self) -> Result<Result<Meta, Tampering>, RegistryError> {
        if let Some(meta) = &*self.meta.borrow() {
            return Ok(meta.clone());
        }
        let rows = self.query(META, &[])?;
        Ok(rows.first().ok_or_else(Tampering::headless).and_then(meta))
    }

    fn last_audit_row(&self) -> Result<Option<AuditRow>, RegistryError> {
        self.one(&format!("{AUDIT} ORDER BY seq DESC LIMIT 1"), &[], audit_row)
    }

    fn each_audit_row(&self, from: Option<u64>, visit: Visit<'_, AuditRow>) -> Result<(), RegistryError> {
        let from = from.map_or(i64::MIN, integer);
        self.each(&format!("{AUDIT} WHERE seq >= {from} ORDER BY seq"), audit_row, visit)
    }

    fn audit_row(&self, seq: u64) -> Result<Option<AuditRow>, RegistryError> {
        let seq = integer(seq);
        self.one(&format!("{AUDIT} WHERE seq = $1"), &[(&seq, Type::INT8)], audit_row)
    }

    fn record(&self, id: RecordId) -> Result<Option<Stored>, RegistryError> {
        self.one(&format!("{STORED} WHERE r.id = $1"), &[text(&id.to_string())], stored)
    }

    fn live(&self, kind: RecordKind, environment: &str, key: &str) -> Result<Option<Stored>, RegistryError> {
        let query = format!("{STORED} WHERE r.kind = $1 AND r.environment = $2 AND r.key = $3 AND r.ended IS NULL");
        self.one(&query, &[text(&kind.as_str()), text(&environment), text(&key)], stored)
    }

    fn records(&self, selection: &Selection<'_>) -> Result<Vec<Stored>, RegistryError> {
        let asked = selection.conditions();
        let mut query = format!("{STORED} WHERE true");
        for (number, (column, _)) in (1..).zip(&asked) {
            query = format!("{query} AND r.{column} = ${number}");
        }
        if !selection.with_ended {
            query.push_str(" AND r.ended IS NULL");
        }
        query.push_str(" ORDER BY r.environment, r.key, r.id");
        let parameters: Vec<_> = asked.iter().map(|(_, asked)| text(asked)).collect();
        let rows = self.query(&query, &parameters)?;
        let read: Result<Vec<Stored>, Unreadable> = rows.iter().map(stored).collect();
        read.map_err(|_| RegistryError::Tampered(Tampering::whole("the columns of a record are not of the right type")))
    }

    fn count(&self, kind: RecordKind, environment: &str, key: &str) -> Result<u64, RegistryError> {
        let query = "SELECT count(*) FROM nhi.records WHERE kind = $1 AND environment = $2 AND key = $3";
        let kind = kind.as_str();
        let parameters = [text(&kind), text(&environment), text(&key)];
        let count = self.one(query, &parameters, |row| get::<i64>(row, 0))?;
        Ok(count.and_then(|count| u64::try_from(count).ok()).unwrap_or_default())
    }

    fn each_record(&self, visit: Visit<'_, Row>) -> Result<(), RegistryError> {
        let query = "SELECT id, kind, environment, key, parent, ended, record FROM nhi.records";
        self.each(query, record, visit)
    }

    fn insert(&self, row: &Row) -> Result<(), RegistryError> {
        let statement = "INSERT INTO nhi.records (id, kind, environment, key, parent, ended, record)
            VALUES ($1, $2, $3, $4, $5, $6, $7)";
        self.execute(statement, &columns(row))
    }

    fn replace(&self, row: &Row) -> Result<(), RegistryError> {
        let statement = "UPDATE nhi.records SET kind = $2, environment = $3, key = $4, parent = $5, ended = $6,
            record = $7 WHERE id = $1";
        self.execute(statement, &columns(row))
    }

    fn consumption(&self, approval: Digest) -> Result<Option<Consumption>, RegistryError> {
        let query = "SELECT digest, request, subject, at FROM nhi.consumed_approvals WHERE digest = $1";
        self.one(query, &[text(&approval.to_string())], consumption)
    }

    fn each_consumption(&self, visit: Visit<'_, Consumption>) -> Result<(), RegistryError> {
        self.each(
            "SELECT digest, request, subject, at FROM nhi.consumed_approvals",
            consumption,
            visit,
        )
    }

    fn consume(&self, used: &Consumption) -> Result<(), RegistryError> {
        let statement = "INSERT INTO nhi.consumed_approvals (digest, request, subject, at) VALUES ($1, $2, $3, $4)";
        let (approval, request) = (used.approval.to_string(), used.request.to_string());
        self.execute(
            statement,
            &[text(&approval), text(&request), text(&used.subject), text(&used.at)],
        )
    }

    fn append(&self, row: &AuditRow) -> Result<(), RegistryError> {
        let statement = "WITH head AS (UPDATE nhi.meta SET head_seq = $1, head_hash = $8 WHERE sole)
            INSERT INTO nhi.audit_log (seq, time, actor, action, subject, payload, previous, hash)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let (seq, previous, hash) = (integer(row.seq), row.previous.to_string(), row.hash.to_string());
        self.head.set(Some((row.seq, row.hash)));
        *self.meta.borrow_mut() = None;
        self.execute(
            statement,
            &[
                (&seq, Type::INT8),
                text(&row.time),
                text(&row.actor),
                text(&row.action),
                text(&row.subject),
                text(&row.payload),
                text(&previous),
                text(&hash),
            ],
        )
    }

    fn become_as(&self, meta: &Meta) -> Result<(), RegistryError> {
        let statement = "UPDATE nhi.meta SET registry_id = $1, created_at = $2, head_seq = $3, head_hash = $4,
            unfinished = $5 WHERE sole";
        let (seq, hash) = (integer(meta.head_seq), meta.head_hash.to_string());
        self.head.set(Some((meta.head_seq, meta.head_hash)));
        *self.meta.borrow_mut() = None;
        self.execute(
            statement,
            &[
                text(&meta.registry_id),
                text(&meta.created_at),
                (&seq, Type::INT8),
                text(&hash),
                (&meta.unfinished, Type::BOOL),
            ],
        )
    }

    fn session(&self, next: RecordId) -> Result<RecordId, RegistryError> {
        if let Some(session) = self.session.get() {
            return Ok(session);
        }
        // The lock belongs to the connection, not to the transaction.
        let taken = take_session_lock(&mut self.client.borrow_mut(), next);
        if self.at(taken)? {
            self.session.set(Some(next));
        }
        Ok(next)
    }

    fn is_session_open(&self, session: &str) -> Result<bool, RegistryError> {
        let Ok(session) = RecordId::parse(session) else {
            return Ok(true);
        };
        if self.session.get() == Some(session) {
            return Ok(true);
        }
        let key = lock_of(session);
        // Whoever gets the lock proves that nobody holds it; this one ends with the transaction.
        let free = self.one("SELECT pg_try_advisory_xact_lock($1)", &[(&key, Type::INT8)], |row| {
            get::<bool>(row, 0)
        })?;
        Ok(free != Some(true))
    }

    fn integrity(&self) -> Result<Option<Tampering>, RegistryError> {
        let catalogue = schema::catalogue(&mut self.client.borrow_mut());
        let catalogue = self.at(catalogue)?;
        let differs = !schema::is_as_made(&catalogue);
        Ok(differs.then(|| Tampering::whole("tables, indexes or triggers differ from those of the migrations")))
    }
}

fn text<T: ToSql + Sync>(text: &T) -> Parameter<'_> {
    (text, Type::TEXT)
}

fn columns(row: &Row) -> [Parameter<'_>; 7] {
    [
        text(&row.id),
        text(&row.kind),
        text(&row.environment),
        text(&row.key),
        text(&row.parent),
        text(&row.ended),
        text(&row.record),
    ]
}

fn get<'a, T: postgres::types::FromSql<'a>>(row: &'a SqlRow, column: usize) -> Result<T, Unreadable> {
    row.try_get(column).map_err(|_| Unreadable)
}

fn digest(row: &SqlRow, column: usize) -> Result<Digest, Unreadable> {
    Digest::parse(get(row, column)?).map_err(|_| Unreadable)
}

fn number(row: &SqlRow, column: usize) -> Result<u64, Unreadable> {
    u64::try_from(get::<i64>(row, column)?).map_err(|_| Unreadable)
}

fn meta(row: &SqlRow) -> Result<Meta, Tampering> {
    let read = || {
        let meta = Meta {
            registry_id: get(row, 0)?,
            created_at: get(row, 1)?,
            head_seq: number(row, 2)?,
            head_hash: digest(row, 3)?,
            unfinished: get(row, 5)?,
        };
        if get::<i64>(row, 4)? == 1 {
            Ok(meta)
        } else {
            Err(Unreadable)
        }
    };
    read().map_err(|_| Tampering::headless())
}

/// Reads a row of [`AUDIT`].
fn audit_row(row: &SqlRow) -> Result<AuditRow, Unreadable> {
    Ok(AuditRow {
        seq: number(row, 0)?,
        time: get(row, 1)?,
        actor: get(row, 2)?,
        action: get(row, 3)?,
        subject: get(row, 4)?,
        payload: get(row, 5)?,
        previous: digest(row, 6)?,
        hash: digest(row, 7)?,
    })
}

/// Reads the first columns of [`STORED`].
fn record(row: &SqlRow) -> Result<Row, Unreadable> {
    Ok(Row {
        id: get(row, 0)?,
        kind: get(row, 1)?,
        environment: get(row, 2)?,
        key: get(row, 3)?,
        parent: get(row, 4)?,
        ended: get(row, 5)?,
        record: get(row, 6)?,
    })
}

/// Reads a row of [`STORED`].
fn stored(row: &SqlRow) -> Result<Stored, Unreadable> {
    let (action, payload): (Option<String>, Option<String>) = (get(row, 7)?, get(row, 8)?);
    Ok(Stored {
        row: record(row)?,
        last: action.zip(payload),
    })
}

fn consumption(row: &SqlRow) -> Result<Consumption, Unreadable> {
    Ok(Consumption {
        approval: digest(row, 0)?,
        request: digest(row, 1)?,
        subject: get(row, 2)?,
        at: get(row, 3)?,
    })
}

/// A number as PostgreSQL has it; one beyond its range is beyond any row as well.
fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
