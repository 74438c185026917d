//! Columns of a PostgreSQL database, as the registry has them. One that is of another type is somebody else's.

use nhi_governance::Digest;
pub(super) use postgres::Row as SqlRow;
use postgres::SimpleQueryRow;

use crate::Consumption;
use crate::audit::AuditRow;
use crate::transaction::{Row, Stored, Unreadable};

/// One column.
pub(super) fn get<'a, T: postgres::types::FromSql<'a>>(row: &'a SqlRow, column: usize) -> Result<T, Unreadable> {
    row.try_get(column).map_err(|_| Unreadable)
}

/// A row, as a prepared question or one in plain text answers with.
pub(super) trait Cells {
    /// A column of text.
    fn text(&self, column: usize) -> Result<String, Unreadable>;

    /// A column of a number that is never below zero.
    fn number(&self, column: usize) -> Result<u64, Unreadable>;

    /// A column of a digest, which is text.
    fn digest(&self, column: usize) -> Result<Digest, Unreadable> {
        Digest::parse(&self.text(column)?).map_err(|_| Unreadable)
    }
}

impl Cells for SqlRow {
    fn text(&self, column: usize) -> Result<String, Unreadable> {
        get(self, column)
    }

    fn number(&self, column: usize) -> Result<u64, Unreadable> {
        u64::try_from(get::<i64>(self, column)?).map_err(|_| Unreadable)
    }
}

impl Cells for SimpleQueryRow {
    fn text(&self, column: usize) -> Result<String, Unreadable> {
        let text = self.try_get(column).ok().flatten();
        text.map(str::to_owned).ok_or(Unreadable)
    }

    fn number(&self, column: usize) -> Result<u64, Unreadable> {
        self.text(column)?.parse().map_err(|_| Unreadable)
    }
}

/// Reads a row of the log.
pub(super) fn audit_row(row: &impl Cells) -> Result<AuditRow, Unreadable> {
    Ok(AuditRow {
        seq: row.number(0)?,
        time: row.text(1)?,
        actor: row.text(2)?,
        action: row.text(3)?,
        subject: row.text(4)?,
        payload: row.text(5)?,
        previous: row.digest(6)?,
        hash: row.digest(7)?,
    })
}

/// Reads a record.
pub(super) fn record(row: &SqlRow) -> Result<Row, Unreadable> {
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

/// Reads a record and what the log says of it last.
pub(super) fn stored(row: &SqlRow) -> Result<Stored, Unreadable> {
    let (action, payload): (Option<String>, Option<String>) = (get(row, 7)?, get(row, 8)?);
    Ok(Stored {
        row: record(row)?,
        last: action.zip(payload),
    })
}

pub(super) fn consumption(row: &SqlRow) -> Result<Consumption, Unreadable> {
    Ok(Consumption {
        approval: row.digest(0)?,
        request: row.digest(1)?,
        subject: get(row, 2)?,
        at: get(row, 3)?,
    })
}
