//! What only takes away is done whatever the disk or the server says: on record where that can be, and in the [`Spool`]
//! until it is.
//!
//! [`Spool`]: crate::Spool

use std::cell::RefCell;
use std::path::PathBuf;

use nhi_governance::{
    AccessReview, BreakGlass, Containment, Evidence, Exception, Grant, Identity, Record, RecordId, RecordKind,
    Registered, Team, Vendor,
};

use crate::options::Options;
use crate::spool::Waiting;
use crate::{Actor, RecordsExt as _, Registry, RegistryError, Writer};

/// Records from which something was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken<R> {
    /// As they are now.
    pub records: Vec<R>,
    /// The file in which it waits to be written; none where it is on record.
    pub waits_in: Option<PathBuf>,
}

/// What was written of what waited, told by the work of a transaction that may be run more than once.
pub(crate) type Done = RefCell<Vec<Waiting>>;

/// Runs a transaction that writes what waits as well, and forgets that once it is durable.
pub(crate) fn settle(
    options: &Options,
    transaction: impl FnOnce(&Done) -> Result<(), RegistryError>,
) -> Result<(), RegistryError> {
    let done = Done::default();
    transaction(&done)?;
    options.spool.forget(&done.take());
    Ok(())
}

pub(crate) fn take_away<R: Record>(
    registry: &(impl Registry + ?Sized),
    actor: &Actor,
    ids: &[RecordId],
    how: Containment,
    reason: &str,
) -> Result<Taken<R>, RegistryError> {
    // Read first: a write that fails may close the registry.
    let mut seen = None;
    registry.read_anew(&mut |view| {
        let records = ids.iter().map(|id| view.require::<R>(*id));
        let records = records.collect::<Result<Vec<R>, _>>()?;
        for record in &records {
            record.refuse_containment(how)?;
        }
        seen = Some((records, view.now()?));
        Ok(())
    })?;
    // INVARIANT: `read_anew` succeeds only after its work did.
    let (records, at) = seen.ok_or_else(|| RegistryError::Broken(registry.place()))?;
    let written = registry.writing(actor, |writer| {
        let now = writer.now();
        let mut records = Vec::new();
        for id in ids {
            let record = writer.require::<R>(*id)?;
            record.refuse_containment(how)?;
            let transition = record.contained(how, actor.as_str(), reason, now);
            records.push(writer.replace(transition, &Evidence::default())?);
        }
        Ok(records)
    });
    let error = match written {
        Ok(records) => {
            return Ok(Taken {
                records,
                waits_in: None,
            });
        }
        Err(error) if !error.is_of_writing() => return Err(error),
        Err(error) => error,
    };
    let of = |id: &RecordId| Waiting {
        kind: R::KIND.as_str().to_owned(),
        id: *id,
        how,
        by: actor.as_str().to_owned(),
        reason: reason.to_owned(),
        at,
    };
    let waiting: Vec<Waiting> = ids.iter().map(of).collect();
    // Where it cannot even wait, the first error says more.
    let waits_in = registry.spool().push(&waiting).map_err(|_| error)?;
    let taken = records
        .iter()
        .map(|record| record.contained(how, actor.as_str(), reason, at).record);
    Ok(Taken {
        records: taken.collect(),
        waits_in: Some(waits_in),
    })
}

impl Writer<'_> {
    /// Writes what waits, before anything else is decided.
    pub(crate) fn settled(&mut self, done: &Done) -> Result<&mut Self, RegistryError> {
        let waiting = self.take_waiting();
        for one in &waiting {
            match one.kind() {
                Some(RecordKind::AccessReview) => self.settle::<Registered<AccessReview>>(one)?,
                Some(RecordKind::BreakGlass) => self.settle::<Registered<BreakGlass>>(one)?,
                Some(RecordKind::Exception) => self.settle::<Registered<Exception>>(one)?,
                Some(RecordKind::Grant) => self.settle::<Registered<Grant>>(one)?,
                Some(RecordKind::Identity) => self.settle::<Identity>(one)?,
                Some(RecordKind::Team) => self.settle::<Registered<Team>>(one)?,
                Some(RecordKind::Vendor) => self.settle::<Registered<Vendor>>(one)?,
                // Nothing is taken from these: a kill switch and the policy in force stay until they are replaced.
                Some(RecordKind::Kill | RecordKind::Policy) | None => {}
            }
        }
        *done.borrow_mut() = waiting;
        Ok(self)
    }

    fn settle<R: Record>(&mut self, one: &Waiting) -> Result<(), RegistryError> {
        // A record that is not there is that of another registry, which stood in this place.
        let Some(record) = self.get::<R>(one.id)? else {
            return Ok(());
        };
        let transition = record
            .contained(one.how, &one.by, &one.reason, self.now())
            .noting("by", one.by.clone().into())
            .noting("since", one.at.to_string().into());
        self.replace(transition, &Evidence::default()).map(drop)
    }
}
