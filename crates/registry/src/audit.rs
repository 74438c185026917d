//! The audit log's chain.
//!
//! The hash of a row covers, in this order: the tag `nhi.audit.v1\n`; the sequence number as 8 bytes, big-endian; time,
//! actor, action, subject and payload, each as its length in 8 bytes, big-endian, and its UTF-8 bytes; and the 32 bytes
//! of the previous row's hash. Before the first row stands the genesis hash: the tag `nhi.registry.v1\n` and the
//! registry's id and time of creation in the same form. Lengths make the encoding unambiguous.

use std::ops::ControlFlow;

use nhi_governance::measure::{History, Told};
use nhi_governance::{Digest, RecordKind, Timestamp};
use serde_json::Value;

use crate::transaction::{Row, Transaction};
use crate::verify::Tampering;
use crate::{Consumption, RegistryError};

/// A row of the audit log, as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    /// Its number; the first is 1.
    pub seq: u64,
    /// When, in RFC 3339.
    pub time: String,
    /// Who.
    pub actor: String,
    /// What, for example `identity.created`.
    pub action: String,
    /// To whom: a record's id, or the registry's.
    pub subject: String,
    /// The particulars, canonical JSON.
    pub payload: String,
    /// The hash of the row before.
    pub previous: Digest,
    /// The hash of this row.
    pub hash: Digest,
}

impl AuditRow {
    /// The hash that its content calls for.
    pub fn expected_hash(&self) -> Digest {
        let mut bytes = b"nhi.audit.v1\n".to_vec();
        bytes.extend(self.seq.to_be_bytes());
        for text in [&self.time, &self.actor, &self.action, &self.subject, &self.payload] {
            extend_with(&mut bytes, text);
        }
        bytes.extend(self.previous.as_bytes());
        Digest::of(&bytes)
    }
}

/// What a row of the log vouches for of the record it is about: the digest of its text and each column beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Vouched {
    record: Digest,
    columns: Digest,
}

impl Vouched {
    /// What a row of records calls for.
    pub(crate) fn of(row: &Row) -> Self {
        Self {
            record: Digest::of(row.record.as_bytes()),
            columns: columns(
                &row.kind,
                &row.environment,
                &row.key,
                row.parent.as_deref(),
                row.ended.as_deref(),
            ),
        }
    }

    /// What an action and its payload vouch for; nothing where they are not about a record.
    pub(crate) fn by(action: &str, payload: &str) -> Option<Self> {
        let kind = kind_of(action)?;
        let payload: Value = serde_json::from_str(payload).ok()?;
        let text = |member: &str| payload.get(member).and_then(Value::as_str);
        Some(Self {
            record: Digest::parse(text("record")?).ok()?,
            columns: columns(
                kind.as_str(),
                text("environment")?,
                text("name")?,
                text("parent"),
                text("ended_at"),
            ),
        })
    }

    /// Writes into a payload what the row of records does not let be computed from its text.
    pub(crate) fn note(row: &Row, payload: &mut Value) {
        let Value::Object(members) = payload else { return };
        let mut note = |member: &str, text: Option<&str>| match text {
            Some(text) => drop(members.insert(member.to_owned(), text.into())),
            None => drop(members.remove(member)),
        };
        note("record", Some(&Digest::of(row.record.as_bytes()).to_string()));
        note("environment", Some(&row.environment));
        note("name", Some(&row.key));
        note("parent", row.parent.as_deref());
        note("ended_at", row.ended.as_deref());
    }

    /// Whether a row is the one that is vouched for.
    pub(crate) fn check(&self, row: &Row) -> Result<(), &'static str> {
        let found = Self::of(row);
        if found.record != self.record {
            Err("its record differs from the one in the log")
        } else if found.columns != self.columns {
            Err("its columns differ from what the log says of it")
        } else {
            Ok(())
        }
    }
}

/// The kind of record that an action is about; nothing for one about the registry.
pub(crate) fn kind_of(action: &str) -> Option<RecordKind> {
    RecordKind::parse(action.split_once('.')?.0)
}

/// The approvals that a row says were used; nothing where it says so in a way that the registry never does.
pub(crate) fn approvals_of(row: &AuditRow) -> Option<Vec<Consumption>> {
    let payload: Value = serde_json::from_str(&row.payload).ok()?;
    let Some(approvals) = payload.get("approvals") else {
        return Some(Vec::new());
    };
    let request = Digest::parse(payload.get("request")?.as_str()?).ok()?;
    let consumption = |approval: &Value| {
        Some(Consumption {
            approval: Digest::parse(approval.as_str()?).ok()?,
            request,
            subject: row.subject.clone(),
            at: row.time.clone(),
        })
    };
    approvals.as_array()?.iter().map(consumption).collect()
}

fn columns(kind: &str, environment: &str, key: &str, parent: Option<&str>, ended: Option<&str>) -> Digest {
    let mut bytes = Vec::new();
    for text in [Some(kind), Some(environment), Some(key), parent, ended] {
        bytes.push(u8::from(text.is_some()));
        extend_with(&mut bytes, text.unwrap_or_default());
    }
    Digest::of(&bytes)
}

/// Rows of the log from a number on.
pub(crate) fn rows(transaction: &dyn Transaction, from: u64, limit: u32) -> Result<Vec<AuditRow>, RegistryError> {
    let (mut rows, mut unreadable) = (Vec::new(), None);
    transaction.each_audit_row(Some(from), &mut |row| {
        if rows.len() as u64 >= u64::from(limit) {
            return ControlFlow::Break(());
        }
        match row {
            Ok(row) => rows.push(row),
            Err(_) => {
                let seq = rows.last().map_or(from, |row: &AuditRow| row.seq + 1);
                unreadable = Some(Tampering::at(seq, "its columns are not of the right type"));
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    })?;
    unreadable.map_or(Ok(rows), |tampering| Err(RegistryError::Tampered(tampering)))
}

/// Plays the log back.
pub(crate) fn history(transaction: &dyn Transaction) -> Result<History, RegistryError> {
    let (mut history, mut unreadable, mut seq) = (History::default(), None, 0);
    transaction.each_audit_row(None, &mut |row| {
        seq += 1;
        let heard = row.ok().and_then(|row| {
            let payload: Value = serde_json::from_str(&row.payload).ok()?;
            history.hear(&Told {
                at: Timestamp::parse(&row.time).ok()?,
                action: &row.action,
                subject: &row.subject,
                payload: &payload,
            });
            Some(())
        });
        if heard.is_none() {
            unreadable = Some(Tampering::at(seq, "its time or its particulars cannot be read"));
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    })?;
    unreadable.map_or(Ok(history), |tampering| Err(RegistryError::Tampered(tampering)))
}

/// The hash before the first row.
pub(crate) fn genesis(registry_id: &str, created_at: &str) -> Digest {
    let mut bytes = b"nhi.registry.v1\n".to_vec();
    extend_with(&mut bytes, registry_id);
    extend_with(&mut bytes, created_at);
    Digest::of(&bytes)
}

fn extend_with(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend((text.len() as u64).to_be_bytes());
    bytes.extend(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::{AuditRow, genesis};

    #[test]
    fn every_field_is_covered_and_none_flows_into_the_next() {
        let row = |seq: u64, texts: [&str; 5]| {
            let [time, actor, action, subject, payload] = texts.map(ToOwned::to_owned);
            let previous = genesis("r", "t");
            AuditRow {
                seq,
                time,
                actor,
                action,
                subject,
                payload,
                previous,
                hash: previous,
            }
            .expected_hash()
        };
        let texts = ["t", "a", "b", "c", "{}"];
        let mut hashes = vec![row(1, texts), row(2, texts), row(1, ["ta", "", "b", "c", "{}"])];
        for position in 0..texts.len() {
            let mut changed = texts;
            changed[position] = "x";
            hashes.push(row(1, changed));
        }
        let count = hashes.len();
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(hashes.len(), count);
        assert_ne!(genesis("ab", "c"), genesis("a", "bc"));
    }
}
