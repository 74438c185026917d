//! Rows of a PostgreSQL database, in and out, in as few round trips as can be.

use std::cell::RefCell;
use std::ops::ControlFlow;

use nhi_governance::{Digest, RecordId, RecordKind};
use postgres::types::{ToSql, Type};

use super::columns::{SqlRow, audit_row, consumption, get, record, stored};
use super::link::{Link, Parameter, lock_of, take_session_lock};
use super::opening::Purpose;
use super::schema;
use crate::audit::AuditRow;
use crate::transaction::{Meta, Row, Selection, Stored, Transaction, Unreadable, Visit};
use crate::verify::Tampering;
use crate::{Consumption, RegistryError};

/// Selects records, each with action and payload of its last audit row.
const STORED: &str = "SELECT r.id, r.kind, r.environment, r.key, r.parent, r.ended, r.record, a.action, a.payload
    FROM nhi.records r LEFT JOIN LATERAL (
        SELECT action, payload FROM nhi.audit_log WHERE subject = r.id ORDER BY seq DESC LIMIT 1
    ) a ON true";
const AUDIT: &str = "SELECT seq, time, actor, action, subject, payload, previous, hash FROM nhi.audit_log";
/// Writes a row at the end of the log and makes it the head; a statement that writes a record stands before it.
const APPEND: &str = "head AS (UPDATE nhi.meta SET head_seq = $1, head_hash = $8 WHERE sole)
    INSERT INTO nhi.audit_log (seq, time, actor, action, subject, payload, previous, hash)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
/// How many rows are asked for at once.
const ROWS_AT_ONCE: usize = 500;

/// One transaction of one connection.
pub(super) struct PostgresTransaction<'a> {
    link: RefCell<&'a mut Link>,
    /// What it is for, as an error says it.
    what: &'static str,
    /// A record that is written together with the audit row that tells of it, which follows.
    pending: RefCell<Option<Pending>>,
}

struct Pending {
    row: Row,
    is_new: bool,
}

impl Pending {
    /// The statement, with its seven parameters from this number on.
    fn statement(&self, first: usize) -> String {
        let p = |offset: usize| first + offset;
        if self.is_new {
            let places: Vec<String> = (0..7).map(|offset| format!("${}", p(offset))).collect();
            let places = places.join(", ");
            format!("INSERT INTO nhi.records (id, kind, environment, key, parent, ended, record) VALUES ({places})")
        } else {
            format!(
                "UPDATE nhi.records SET kind = ${}, environment = ${}, key = ${}, parent = ${}, ended = ${},
                record = ${} WHERE id = ${}",
                p(1),
                p(2),
                p(3),
                p(4),
                p(5),
                p(6),
                p(0)
            )
        }
    }
}

impl<'a> PostgresTransaction<'a> {
    pub(super) fn new(link: &'a mut Link, purpose: Purpose) -> Self {
        Self {
            link: RefCell::new(link),
            what: purpose.what(),
            pending: RefCell::new(None),
        }
    }

    /// Writes what is left, and refuses to be committed after a statement has failed.
    pub(super) fn finish(&self) -> Result<(), RegistryError> {
        self.settle()?;
        let link = self.link.borrow();
        if link.open.has_failed {
            // The work went on after a statement had failed, and the server will not.
            return Err(RegistryError::Broken(link.target.to_string()));
        }
        Ok(())
    }

    /// Writes what waits for its audit row, before something else is done.
    fn settle(&self) -> Result<(), RegistryError> {
        match self.pending.take() {
            Some(pending) => self.execute(&pending.statement(1), &record_parameters(&pending.row)),
            None => Ok(()),
        }
    }

    fn query(&self, query: &str, parameters: &[Parameter<'_>]) -> Result<Vec<SqlRow>, RegistryError> {
        self.settle()?;
        self.link.borrow_mut().query(self.what, query, parameters)
    }

    fn execute(&self, statement: &str, parameters: &[Parameter<'_>]) -> Result<(), RegistryError> {
        self.link.borrow_mut().write(self.what, statement, parameters)
    }

    /// A statement that is not asked again.
    fn run(&self, statement: &str) -> Result<(), RegistryError> {
        self.settle()?;
        self.link.borrow_mut().run(self.what, statement)
    }

    fn one<T>(
        &self,
        query: &str,
        parameters: &[Parameter<'_>],
        read: impl FnOnce(&SqlRow) -> Result<T, Unreadable>,
    ) -> Result<Option<T>, RegistryError> {
        let rows = self.query(query, parameters)?;
        rows.first().map(read).transpose().map_err(unreadable)
    }

    /// Records, unless they are known already.
    fn stored(
        &self,
        kind: &str,
        query: &str,
        parameters: &[Parameter<'_>],
        asked: &[&str],
    ) -> Result<Vec<Stored>, RegistryError> {
        let question = [&[query], asked].concat();
        if let Some(known) = self.link.borrow().memory.answer(kind, &question) {
            return Ok(known);
        }
        let rows = self.query(query, parameters)?;
        let read: Result<Vec<Stored>, Unreadable> = rows.iter().map(stored).collect();
        let read = read.map_err(unreadable)?;
        self.link.borrow_mut().memory.keep(kind, &question, &read);
        Ok(read)
    }

    /// Lets a record wait for its audit row.
    fn put(&self, row: &Row, is_new: bool) -> Result<(), RegistryError> {
        self.settle()?;
        self.link.borrow_mut().memory.changed(&row.kind);
        *self.pending.borrow_mut() = Some(Pending {
            row: row.clone(),
            is_new,
        });
        Ok(())
    }

    /// Reads by way of a cursor, so that neither side holds all rows at once.
    fn each<T>(
        &self,
        query: &str,
        read: impl Fn(&SqlRow) -> Result<T, Unreadable>,
        visit: Visit<'_, T>,
    ) -> Result<(), RegistryError> {
        self.run(&format!("DECLARE each_row NO SCROLL CURSOR FOR {query}"))?;
        let fetch = format!("FETCH {ROWS_AT_ONCE} FROM each_row");
        loop {
            let rows = self.link.borrow_mut().ask(self.what, &fetch)?;
            let is_last = rows.len() < ROWS_AT_ONCE;
            let goes_on = rows.iter().map(&read).try_for_each(&mut *visit);
            if is_last || goes_on == ControlFlow::Break(()) {
                return self.run("CLOSE each_row");
            }
        }
    }
}

fn unreadable(_: Unreadable) -> RegistryError {
    RegistryError::Tampered(Tampering::whole("the columns of a row are not of the right type"))
}

impl Transaction for PostgresTransaction<'_> {
    fn meta(&self) -> Result<Result<Meta, Tampering>, RegistryError> {
        Ok(self.link.borrow().open.tail.meta.clone())
    }

    fn last_audit_row(&self) -> Result<Option<AuditRow>, RegistryError> {
        let last = self.link.borrow().open.tail.last.clone();
        last.map_err(|()| unreadable(Unreadable))
    }

    fn each_audit_row(&self, from: Option<u64>, visit: Visit<'_, AuditRow>) -> Result<(), RegistryError> {
        let from = from.map_or(i64::MIN, integer);
        self.each(&format!("{AUDIT} WHERE seq >= {from} ORDER BY seq"), audit_row, visit)
    }

    fn audit_row(&self, seq: u64) -> Result<Option<AuditRow>, RegistryError> {
        if let Ok(Some(last)) = &self.link.borrow().open.tail.last
            && last.seq == seq
        {
            return Ok(Some(last.clone()));
        }
        let seq = integer(seq);
        self.one(&format!("{AUDIT} WHERE seq = $1"), &[(&seq, Type::INT8)], audit_row)
    }

    fn record(&self, id: RecordId) -> Result<Option<Stored>, RegistryError> {
        self.one(&format!("{STORED} WHERE r.id = $1"), &[text(&id.to_string())], stored)
    }

    fn live(&self, kind: RecordKind, environment: &str, key: &str) -> Result<Option<Stored>, RegistryError> {
        let query = format!("{STORED} WHERE r.kind = $1 AND r.environment = $2 AND r.key = $3 AND r.ended IS NULL");
        let (kind, asked) = (kind.as_str(), [environment, key]);
        let parameters = [text(&kind), text(&environment), text(&key)];
        Ok(self.stored(kind, &query, &parameters, &asked)?.pop())
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
        let texts: Vec<&str> = asked.iter().map(|(_, asked)| &**asked).collect();
        self.stored(selection.kind, &query, &parameters, &texts)
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
        self.put(row, true)
    }

    fn replace(&self, row: &Row) -> Result<(), RegistryError> {
        self.put(row, false)
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
        self.settle()?;
        self.execute(
            statement,
            &[text(&approval), text(&request), text(&used.subject), text(&used.at)],
        )
    }

    fn append(&self, row: &AuditRow) -> Result<(), RegistryError> {
        let (seq, previous, hash) = (integer(row.seq), row.previous.to_string(), row.hash.to_string());
        let mut parameters = vec![
            (&seq as &(dyn ToSql + Sync), Type::INT8),
            text(&row.time),
            text(&row.actor),
            text(&row.action),
            text(&row.subject),
            text(&row.payload),
            text(&previous),
            text(&hash),
        ];
        let pending = self.pending.take();
        let statement = match &pending {
            Some(pending) => {
                let record = pending.statement(parameters.len() + 1);
                parameters.extend(record_parameters(&pending.row));
                format!("WITH record AS ({record}), {APPEND}")
            }
            None => format!("WITH {APPEND}"),
        };
        self.execute(&statement, &parameters)?;
        let mut link = self.link.borrow_mut();
        let head = (row.seq, row.hash);
        link.memory.appended(head);
        link.open.head = Some(head);
        link.open.tail.last = Ok(Some(row.clone()));
        if let Ok(meta) = &mut link.open.tail.meta {
            (meta.head_seq, meta.head_hash) = head;
        }
        Ok(())
    }

    fn become_as(&self, meta: &Meta) -> Result<(), RegistryError> {
        let statement = "UPDATE nhi.meta SET registry_id = $1, created_at = $2, head_seq = $3, head_hash = $4,
            unfinished = $5 WHERE sole";
        let (seq, hash) = (integer(meta.head_seq), meta.head_hash.to_string());
        self.settle()?;
        self.execute(
            statement,
            &[
                text(&meta.registry_id),
                text(&meta.created_at),
                (&seq, Type::INT8),
                text(&hash),
                (&meta.unfinished, Type::BOOL),
            ],
        )?;
        let mut link = self.link.borrow_mut();
        link.memory.forget();
        link.open.head = Some((meta.head_seq, meta.head_hash));
        link.open.tail.meta = Ok(meta.clone());
        Ok(())
    }

    fn session(&self, next: RecordId) -> Result<RecordId, RegistryError> {
        let mut link = self.link.borrow_mut();
        if let Some(session) = link.session {
            return Ok(session);
        }
        // The lock belongs to the connection, not to the transaction.
        let taken = take_session_lock(link.client()?, next);
        if link.at(self.what, taken)? {
            link.session = Some(next);
        }
        Ok(next)
    }

    fn is_session_open(&self, session: &str) -> Result<bool, RegistryError> {
        let Ok(session) = RecordId::parse(session) else {
            return Ok(true);
        };
        if self.link.borrow().session == Some(session) {
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
        self.settle()?;
        let mut link = self.link.borrow_mut();
        let catalogue = schema::catalogue(link.client()?);
        let catalogue = link.at(self.what, catalogue)?;
        let differs = !schema::is_as_made(&catalogue);
        Ok(differs.then(|| Tampering::whole("tables, indexes or triggers differ from those of the migrations")))
    }
}

fn text<T: ToSql + Sync>(text: &T) -> Parameter<'_> {
    (text, Type::TEXT)
}

fn record_parameters(row: &Row) -> [Parameter<'_>; 7] {
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

/// A number as PostgreSQL has it; one beyond its range is beyond any row as well.
fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
