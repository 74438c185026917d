//! Reads within one transaction. Every record that is read is compared with what the last audit row of its subject
//! vouches for, and the time to judge by counts only when the end of the log is the one that the registry left.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use nhi_governance::measure::History;
use nhi_governance::{Digest, Policy, Record, RecordId, RecordKind, Timestamp};

use crate::audit::{self, AuditRow, Vouched, genesis};
use crate::options::Options;
use crate::spool::Waiting;
use crate::transaction::{Meta, Selection, Stored, Transaction};
use crate::verify::{self, Tampering, Verification};
use crate::{AUDIT_ROWS_MAX, Consumption, RecordFilter, RegistryError};

/// How many records are looked up one by one, before a list is asked for.
const LOOK_UPS_MAX: usize = 16;

/// The registry as one transaction sees it.
pub struct View<'a> {
    transaction: &'a dyn Transaction,
    wall: Timestamp,
    policy: &'a Policy,
    tail: OnceCell<Tail>,
    options: &'a Options,
    /// What was taken away and is not on record yet.
    waiting: OnceCell<Vec<Waiting>>,
}

/// The end of the log, checked.
#[derive(Debug, Clone)]
pub(crate) struct Tail {
    pub(crate) meta: Meta,
    /// The latest moment on record: the time of the last row, because no row is ever written with an earlier one than
    /// the row before it, unless somebody accepted a clock that was set right.
    pub(crate) high_water: Timestamp,
}

impl fmt::Debug for View<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("View").field("wall", &self.wall).finish_non_exhaustive()
    }
}

impl<'a> View<'a> {
    pub(crate) fn new(transaction: &'a dyn Transaction, options: &'a Options) -> Self {
        Self {
            transaction,
            wall: options.now(),
            policy: &options.policy,
            tail: OnceCell::new(),
            options,
            waiting: OnceCell::new(),
        }
    }

    /// The organisation's policy.
    pub fn policy(&self) -> &'a Policy {
        self.policy
    }

    /// The time to judge by: the clock, or the latest moment on record where that is later.
    pub fn now(&self) -> Result<Timestamp, RegistryError> {
        Ok(self.wall.max(self.tail()?.high_water))
    }

    /// The record of an id, ended ones included; nothing where the id is of another kind.
    pub fn get<R: Record>(&self, id: RecordId) -> Result<Option<R>, RegistryError> {
        let stored = self.transaction.record(id)?;
        let stored = stored.filter(|stored| stored.row.kind == R::KIND.as_str());
        stored.map(|stored| self.shown(&stored)).transpose()
    }

    /// The record of an id that has to be there.
    pub fn require<R: Record>(&self, id: RecordId) -> Result<R, RegistryError> {
        self.get(id)?.ok_or_else(|| not_found(R::KIND, id))
    }

    /// The record of a key that has not ended for good.
    pub fn find<R: Record>(&self, environment: &str, key: &str) -> Result<Option<R>, RegistryError> {
        let stored = self.transaction.live(R::KIND, environment, key)?;
        let live = stored.map(|stored| self.shown::<R>(&stored)).transpose()?;
        Ok(live.filter(|record| record.ended_at().is_none()))
    }

    /// Records in the order of environment, key and id.
    pub fn list<R: Record>(&self, filter: &RecordFilter) -> Result<Vec<R>, RegistryError> {
        let selection = Selection {
            kind: R::KIND.as_str(),
            environment: filter.environment.as_deref(),
            key: filter.key.as_deref(),
            parent: filter.parent,
            with_ended: filter.with_ended,
        };
        let mut records = Vec::new();
        for stored in &self.transaction.records(&selection)? {
            let record: R = self.shown(stored)?;
            if filter.with_ended || record.ended_at().is_none() {
                records.push(record);
            }
        }
        Ok(records)
    }

    /// The records of these ids, ended ones included, as far as they are on record and of this kind. Few are looked up,
    /// many are picked from one list: where the registry is far away, each question costs as much as the list.
    pub fn of_ids<R: Record>(
        &self,
        ids: impl IntoIterator<Item = RecordId>,
    ) -> Result<BTreeMap<RecordId, R>, RegistryError> {
        let ids: BTreeSet<RecordId> = ids.into_iter().collect();
        if ids.len() <= LOOK_UPS_MAX {
            let found = ids.into_iter().filter_map(|id| Some((id, self.get(id).transpose()?)));
            return found.map(|(id, record)| Ok((id, record?))).collect();
        }
        let filter = RecordFilter {
            with_ended: true,
            ..RecordFilter::default()
        };
        let all = self.list::<R>(&filter)?.into_iter().map(|record| (record.id(), record));
        Ok(all.filter(|(id, _)| ids.contains(id)).collect())
    }

    /// How many records there ever were of a key, ended ones included.
    pub fn incarnations(&self, kind: RecordKind, environment: &str, key: &str) -> Result<u64, RegistryError> {
        self.transaction.count(kind, environment, key)
    }

    /// What an approval was used for, if it was.
    pub fn consumption(&self, approval: Digest) -> Result<Option<Consumption>, RegistryError> {
        self.transaction.consumption(approval)
    }

    /// Up to `limit` rows of the audit log from `from_seq` on; the first row is 1.
    pub fn audit(&self, from_seq: u64, limit: u32) -> Result<Vec<AuditRow>, RegistryError> {
        audit::rows(self.transaction, from_seq, limit.min(AUDIT_ROWS_MAX))
    }

    /// Checks the whole log, every record and every used approval against it.
    pub fn verify(&self) -> Result<Verification, RegistryError> {
        verify::verify(self.transaction)
    }

    /// What the log alone tells. Its chain is checked by [`View::verify`], not here.
    pub fn history(&self) -> Result<History, RegistryError> {
        audit::history(self.transaction)
    }

    /// Whether whoever created or last took up the record may still be busy with it; where that cannot be told, it is.
    pub fn is_under_way(&self, id: RecordId) -> Result<bool, RegistryError> {
        let payload = self.transaction.record(id)?.and_then(|stored| stored.last);
        let payload = payload.and_then(|(_, payload)| serde_json::from_str::<serde_json::Value>(&payload).ok());
        let session = payload.and_then(|payload| Some(payload.get("session")?.as_str()?.to_owned()));
        session.map_or(Ok(true), |session| self.transaction.is_session_open(&session))
    }

    /// The record, less what was taken from it and is not on record yet.
    fn shown<R: Record>(&self, stored: &Stored) -> Result<R, RegistryError> {
        let record: R = typed(stored)?;
        let waiting = self.waiting.get_or_init(|| self.options.spool.waiting());
        let id = record.id();
        let of_it = waiting.iter().filter(|one| one.id == id);
        Ok(of_it.fold(record, |record, one| {
            record.contained(one.how, &one.by, &one.reason, one.at).record
        }))
    }

    /// Nothing waits any more: it is written by this transaction.
    pub(crate) fn take_waiting(&mut self) -> Vec<Waiting> {
        let waiting = self.options.spool.waiting();
        self.waiting = OnceCell::from(Vec::new());
        waiting
    }

    pub(crate) fn transaction(&self) -> &'a dyn Transaction {
        self.transaction
    }

    pub(crate) fn wall(&self) -> Timestamp {
        self.wall
    }

    /// Makes sure, once, that the last row of the log is whole and is the head.
    pub(crate) fn tail(&self) -> Result<&Tail, RegistryError> {
        if let Some(tail) = self.tail.get() {
            return Ok(tail);
        }
        let tail = load_tail(self.transaction)?;
        Ok(self.tail.get_or_init(|| tail))
    }
}

fn load_tail(transaction: &dyn Transaction) -> Result<Tail, RegistryError> {
    let meta = transaction.meta()?.map_err(RegistryError::Tampered)?;
    if meta.unfinished {
        return Err(RegistryError::Unfinished);
    }
    let last = transaction.last_audit_row()?;
    let (seq, hash, time, is_whole) = match &last {
        Some(row) => (row.seq, row.hash, &row.time, row.expected_hash() == row.hash),
        None => (0, genesis(&meta.registry_id, &meta.created_at), &meta.created_at, true),
    };
    let time = Timestamp::parse(time).ok();
    match time.filter(|_| is_whole && (seq, hash) == (meta.head_seq, meta.head_hash)) {
        Some(high_water) => Ok(Tail { meta, high_water }),
        None => Err(RegistryError::Tampered(Tampering::at(
            seq,
            "the end of the log is not the one that the registry left",
        ))),
    }
}

/// The record of a row that the log vouches for.
fn typed<R: Record>(stored: &Stored) -> Result<R, RegistryError> {
    let row = &stored.row;
    let vouched = match &stored.last {
        Some((action, payload)) => Vouched::by(action, payload),
        None => None,
    };
    let checked = vouched
        .ok_or("the log does not know this record")
        .and_then(|vouched| vouched.check(row))
        .and_then(|()| R::from_json(&row.record).map_err(|_| "its record cannot be read by this version"))
        .and_then(|record| {
            if record.id().to_string() == row.id {
                Ok(record)
            } else {
                Err("its record belongs to another id")
            }
        });
    checked.map_err(|reason| RegistryError::Tampered(Tampering::of(&row.id, None, reason)))
}

pub(crate) fn not_found(kind: RecordKind, id: RecordId) -> RegistryError {
    match kind {
        RecordKind::Identity => RegistryError::NotFound(id),
        kind => RegistryError::NoRecord { kind, id },
    }
}
