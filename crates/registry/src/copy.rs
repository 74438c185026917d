//! Copies a registry from one place to another, whatever keeps either: to move it, to back it up, to restore it.
//!
//! The target first says of itself that it is unfinished, which every reader refuses. Then all rows are written in one
//! transaction, verified in it, and compared with the original; only then it stops saying so. A copy that is cut off
//! at any point leaves a place that nobody takes for a registry and that the same copy may be written to again.

use std::ops::ControlFlow;

use nhi_governance::Digest;

use crate::location::{Access, Location, backend};
use crate::options::Options;
use crate::records::RecordsExt as _;
use crate::transaction::{Meta, Transaction, Unreadable};
use crate::verify::{Tampering, Verification, verify};
use crate::{Actor, RegistryError, audit};

/// What was copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// The id of the registry: the copy has the same.
    pub registry_id: String,
    /// How many rows of the log.
    pub rows: u64,
    /// How many records.
    pub records: u64,
    /// How many used approvals.
    pub approvals: u64,
    /// The head of both logs.
    pub head: Digest,
}

/// Whether others may write to the original meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stillness {
    /// They may: the copy is of one moment.
    Snapshot,
    /// They wait: nothing is written to the original after what the copy holds until the copy is done.
    Held,
}

/// Copies a registry to a place where there is none. The original has to verify, and is not written to.
pub fn copy(from: &Location, to: &Location, stillness: Stillness, options: &Options) -> Result<Copied, RegistryError> {
    if from.to_string() == to.to_string() {
        return Err(RegistryError::NotEmpty(to.to_string()));
    }
    let source = match stillness {
        Stillness::Snapshot => backend(from, Access::Read, Options::default())?,
        Stillness::Held => backend(from, Access::Write, Options::default())?,
    };
    if stillness == Stillness::Held && !source.spool().waiting().is_empty() {
        // What waits to be written is known at this place only.
        source.write(&Actor::from_surroundings(), &mut |_| Ok(()))?;
    }
    let mut copied = None;
    let mut work = |original: &dyn Transaction| {
        copied = Some(copy_rows(original, to, options)?);
        Ok(())
    };
    match stillness {
        Stillness::Snapshot => source.reading(|view| work(view.transaction()))?,
        Stillness::Held => source.exclusively(&mut work)?,
    }
    // INVARIANT: both succeed only after their work did.
    copied.ok_or_else(|| RegistryError::Broken(from.to_string()))
}

fn copy_rows(original: &dyn Transaction, to: &Location, options: &Options) -> Result<Copied, RegistryError> {
    let verification = intact(original)?;
    let meta = original.meta()?.map_err(RegistryError::Tampered)?;
    let empty = Meta {
        head_seq: 0,
        head_hash: audit::genesis(&meta.registry_id, &meta.created_at),
        unfinished: true,
        ..meta.clone()
    };
    let target = backend(to, Access::Create, options.clone())?;
    target.exclusively(&mut |rows| {
        refuse_taken(rows, to)?;
        rows.become_as(&empty)
    })?;
    let mut approvals = 0;
    target.exclusively(&mut |rows| {
        refuse_taken(rows, to)?;
        approvals = write_rows(original, rows)?;
        rows.become_as(&meta)?;
        let copy = intact(rows)?;
        if copy == verification {
            Ok(())
        } else {
            Err(RegistryError::CopyDiffers(to.to_string()))
        }
    })?;
    Ok(Copied {
        registry_id: verification.registry_id,
        rows: verification.rows,
        records: verification.records,
        approvals,
        head: verification.head,
    })
}

/// A place is free where nothing was ever written, also by a copy that was cut off: its rows are one transaction.
fn refuse_taken(rows: &dyn Transaction, to: &Location) -> Result<(), RegistryError> {
    let mut is_empty = rows.meta()?.is_ok_and(|meta| meta.head_seq == 0) && rows.last_audit_row()?.is_none();
    rows.each_record(&mut |_| {
        is_empty = false;
        ControlFlow::Break(())
    })?;
    if is_empty {
        Ok(())
    } else {
        Err(RegistryError::NotEmpty(to.to_string()))
    }
}

fn intact(rows: &dyn Transaction) -> Result<Verification, RegistryError> {
    let verification = verify(rows)?;
    match verification.tampering {
        Some(tampering) => Err(RegistryError::Tampered(tampering)),
        None => Ok(verification),
    }
}

/// Writes every row of the original; how many approvals there were.
fn write_rows(original: &dyn Transaction, copy: &dyn Transaction) -> Result<u64, RegistryError> {
    let mut result = Ok(());
    original.each_audit_row(None, &mut |row| pass_on(row, |row| copy.append(row), &mut result))?;
    result?;
    let mut result = Ok(());
    original.each_record(&mut |row| pass_on(row, |row| copy.insert(row), &mut result))?;
    result?;
    let (mut result, mut approvals) = (Ok(()), 0);
    original.each_consumption(&mut |row| {
        approvals += 1;
        pass_on(row, |row| copy.consume(row), &mut result)
    })?;
    result.map(|()| approvals)
}

fn pass_on<T>(
    row: Result<T, Unreadable>,
    write: impl FnOnce(&T) -> Result<(), RegistryError>,
    result: &mut Result<(), RegistryError>,
) -> ControlFlow<()> {
    let unreadable = |_| RegistryError::Tampered(Tampering::whole("the columns of a row are not of the right type"));
    *result = row.map_err(unreadable).and_then(|row| write(&row));
    if result.is_ok() {
        ControlFlow::Continue(())
    } else {
        ControlFlow::Break(())
    }
}
