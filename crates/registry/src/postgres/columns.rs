//! Columns of a PostgreSQL database, as the registry has them. One that is of another type is somebody else's.

use nhi_governance::Digest;
pub(super) use postgres::Row as SqlRow;

use crate::Consumption;
use crate::audit::AuditRow;
use crate::transaction::{Row, Stored, Unreadable};

/// One column.
pub(super) fn get<'a, T: postgres::types::FromSql<'a>>(row: &'a SqlRow, column: usize) -> Result<T, Unreadable> {
    row.try_get(column).map_err(|_| Unreadable)
}

fn digest(row: &SqlRow, column: usize) -> Result<Digest, Unreadable> {
    Digest::parse(get(row, column)?).map_err(|_| Unreadable)
}

fn number(row: &SqlRow, column: usize) -> Result<u64, Unreadable> {
    u64::try_from(get::<i64>(row, column)?).map_err(|_| Unreadable)
}

/// Reads a row of the log.
pub(super) fn audit_row(row: &SqlRow) -> Result<AuditRow, Unreadable> {
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
        approval: digest(row, 0)?,
        request: digest(row, 1)?,
        subject: get(row, 2)?,
        at: get(row, 3)?,
    })
}
