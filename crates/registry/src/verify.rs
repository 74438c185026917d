//! Looks for what was changed past the registry.
//!
//! The log is walked from its first row: numbers without a gap, each hash right, each linked to the one before, the
//! last one equal to the head that is kept apart. Then every record is compared with the digest that its last row
//! names, the schema with the one that the migrations make (a dropped trigger is found so), and the database with
//! itself. The first thing found is the answer; what comes after it proves nothing.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::ControlFlow;

use nhi_governance::{Digest, RecordKind};

use crate::audit::{AuditRow, Vouched, approvals_of, genesis, kind_of};
use crate::transaction::{Meta, Row, Transaction, Unreadable};
use crate::{Consumption, RegistryError};

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// The id of the registry.
    pub registry_id: String,
    /// How many rows of the log are good, from the first one on.
    pub rows: u64,
    /// How many records were compared with the log, …
    pub records: u64,
    /// … and how many of them are identities.
    pub identities: u64,
    /// The hash of the last good row: kept elsewhere, it also shows when the whole file is replaced by an older one.
    pub head: Digest,
    /// The first thing that is wrong.
    pub tampering: Option<Tampering>,
}

/// Something that the registry did not write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tampering {
    /// The row of the log where it shows.
    pub seq: Option<u64>,
    /// The record, or the approval, that it is about.
    pub subject: Option<String>,
    /// What is wrong, as a phrase.
    pub reason: String,
}

impl Tampering {
    pub(crate) fn at(seq: u64, reason: impl Into<String>) -> Self {
        Self {
            seq: Some(seq),
            subject: None,
            reason: reason.into(),
        }
    }

    pub(crate) fn of(subject: &str, seq: Option<u64>, reason: impl Into<String>) -> Self {
        // The subject comes from the file, so it may hold anything.
        let subject = subject
            .chars()
            .take(40)
            .map(|c| if c.is_ascii_graphic() { c } else { '?' })
            .collect();
        Self {
            seq,
            subject: Some(subject),
            reason: reason.into(),
        }
    }

    pub(crate) fn headless() -> Self {
        Self::whole("the row that keeps the head of the log is not readable")
    }

    pub(crate) fn whole(reason: impl Into<String>) -> Self {
        Self {
            seq: None,
            subject: None,
            reason: reason.into(),
        }
    }
}

impl fmt::Display for Tampering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(seq) = self.seq {
            write!(f, "audit row {seq}: ")?;
        }
        if let Some(subject) = &self.subject {
            write!(f, "record `{subject}`: ")?;
        }
        f.write_str(&self.reason)
    }
}

/// Verifies what one transaction sees.
pub(crate) fn verify(transaction: &dyn Transaction) -> Result<Verification, RegistryError> {
    let meta = match transaction.meta()? {
        Ok(meta) => meta,
        Err(tampering) => {
            return Ok(Verification {
                registry_id: String::new(),
                rows: 0,
                records: 0,
                identities: 0,
                head: genesis("", ""),
                tampering: Some(tampering),
            });
        }
    };
    if meta.unfinished {
        return Err(RegistryError::Unfinished);
    }
    let mut walk = Walk::new(genesis(&meta.registry_id, &meta.created_at));
    let mut tampering = walk.log(transaction, &meta)?;
    if tampering.is_none() {
        tampering = walk.records(transaction)?;
    }
    if tampering.is_none() {
        tampering = walk.consumptions(transaction)?;
    }
    if tampering.is_none() {
        tampering = transaction.integrity()?;
    }
    Ok(Verification {
        registry_id: meta.registry_id,
        rows: walk.seq,
        records: walk.records,
        identities: walk.identities,
        head: walk.head,
        tampering,
    })
}

/// The walk along the log: the last good row, and what it says of each record and of each approval.
struct Walk {
    seq: u64,
    head: Digest,
    vouched: BTreeMap<String, (u64, Vouched)>,
    used: BTreeMap<Digest, (u64, Consumption)>,
    records: u64,
    identities: u64,
}

impl Walk {
    fn new(head: Digest) -> Self {
        Self {
            seq: 0,
            head,
            vouched: BTreeMap::new(),
            used: BTreeMap::new(),
            records: 0,
            identities: 0,
        }
    }

    fn log(&mut self, transaction: &dyn Transaction, meta: &Meta) -> Result<Option<Tampering>, RegistryError> {
        let mut found = None;
        transaction.each_audit_row(None, &mut |row| goes_on(self.audit_row(row), &mut found))?;
        Ok(found.or_else(|| self.compare_head(meta)))
    }

    fn compare_head(&self, meta: &Meta) -> Option<Tampering> {
        if self.seq < meta.head_seq {
            let reason = format!("missing: the log ends here, its head is row {}", meta.head_seq);
            return Some(Tampering::at(self.seq + 1, reason));
        }
        if self.seq > meta.head_seq {
            let reason = format!("not written by the registry: the head is row {}", meta.head_seq);
            return Some(Tampering::at(meta.head_seq + 1, reason));
        }
        (self.head != meta.head_hash).then(|| match self.seq {
            0 => Tampering::whole("the log is empty and its head is not that of this registry"),
            seq => Tampering::at(seq, "its hash is not the head of the log"),
        })
    }

    fn audit_row(&mut self, row: Result<AuditRow, Unreadable>) -> Result<(), Tampering> {
        let seq = self.seq + 1;
        let refuse = |reason: &str| Err(Tampering::at(seq, reason));
        let Ok(row) = row else {
            return refuse("its columns are not of the right type");
        };
        if row.seq != seq {
            return refuse("missing, or moved to another number");
        }
        if row.previous != self.head {
            return refuse("it does not follow the row before it");
        }
        if row.expected_hash() != row.hash {
            return refuse("its content differs from its hash");
        }
        if kind_of(&row.action).is_some() {
            let (Some(vouched), Some(used)) = (Vouched::by(&row.action, &row.payload), approvals_of(&row)) else {
                return refuse("it names no record, or its approvals cannot be read");
            };
            for consumption in used {
                if self.used.insert(consumption.approval, (seq, consumption)).is_some() {
                    return refuse("it uses an approval that was used before");
                }
            }
            self.vouched.insert(row.subject, (seq, vouched));
        }
        self.seq = seq;
        self.head = row.hash;
        Ok(())
    }

    fn records(&mut self, transaction: &dyn Transaction) -> Result<Option<Tampering>, RegistryError> {
        let mut found = None;
        let mut unseen = std::mem::take(&mut self.vouched);
        transaction.each_record(&mut |row| goes_on(self.record(row, &mut unseen), &mut found))?;
        let missing = || {
            let (id, (seq, _)) = unseen.into_iter().min_by_key(|(_, (seq, _))| *seq)?;
            Some(Tampering::of(&id, Some(seq), "its record is missing"))
        };
        Ok(found.or_else(missing))
    }

    fn record(
        &mut self,
        row: Result<Row, Unreadable>,
        unseen: &mut BTreeMap<String, (u64, Vouched)>,
    ) -> Result<(), Tampering> {
        let row = row.map_err(|_| Tampering::whole("the columns of a record are not of the right type"))?;
        let Some((seq, vouched)) = unseen.remove(&row.id) else {
            return Err(Tampering::of(
                &row.id,
                None,
                "the log does not know this record, or it stands twice",
            ));
        };
        vouched
            .check(&row)
            .map_err(|reason| Tampering::of(&row.id, Some(seq), reason))?;
        self.records += 1;
        self.identities += u64::from(row.kind == RecordKind::Identity.as_str());
        Ok(())
    }

    fn consumptions(&mut self, transaction: &dyn Transaction) -> Result<Option<Tampering>, RegistryError> {
        let mut found = None;
        let mut unseen = std::mem::take(&mut self.used);
        let mut check = |row: Result<Consumption, Unreadable>| {
            let row = row.map_err(|_| Tampering::whole("the columns of a used approval are not of the right type"))?;
            match unseen.remove(&row.approval) {
                Some((_, used)) if used == row => Ok(()),
                other => Err(Tampering::of(
                    &row.approval.to_string(),
                    other.map(|(seq, _)| seq),
                    "the log tells something else of this used approval",
                )),
            }
        };
        transaction.each_consumption(&mut |row| goes_on(check(row), &mut found))?;
        let missing = || {
            let (approval, (seq, _)) = unseen.into_iter().min_by_key(|(_, (seq, _))| *seq)?;
            let reason = "an approval that was used is not among the used ones";
            Some(Tampering::of(&approval.to_string(), Some(seq), reason))
        };
        Ok(found.or_else(missing))
    }
}

/// Keeps the first thing that is wrong, and stops there.
fn goes_on(result: Result<(), Tampering>, found: &mut Option<Tampering>) -> ControlFlow<()> {
    match result {
        Ok(()) => ControlFlow::Continue(()),
        Err(tampering) => {
            *found = Some(tampering);
            ControlFlow::Break(())
        }
    }
}
