//! What a backend has to offer: rows in and out within one transaction, and nothing that decides.
//!
//! All rules (what may follow on what, what the log is told, what counts as tampering) stand above it and are written
//! once; a backend keeps texts and says what it kept.

use std::borrow::Cow;
use std::ops::ControlFlow;

use nhi_governance::{Digest, RecordId, RecordKind};

use crate::audit::AuditRow;
use crate::verify::Tampering;
use crate::{Consumption, Registry, RegistryError};

/// What the registry keeps about itself: who it is, and where its log ends.
#[derive(Debug, Clone)]
pub(crate) struct Meta {
    pub(crate) registry_id: String,
    pub(crate) created_at: String,
    pub(crate) head_seq: u64,
    pub(crate) head_hash: Digest,
    /// Whether it is being copied here from another place, and is no registry before that is done.
    pub(crate) unfinished: bool,
}

/// A record as it stands in its table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) environment: String,
    pub(crate) key: String,
    pub(crate) parent: Option<String>,
    pub(crate) ended: Option<String>,
    pub(crate) record: String,
}

/// A record and the action and payload of the last audit row of its subject.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) row: Row,
    pub(crate) last: Option<(String, String)>,
}

/// Which records to list; `None` is any.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selection<'a> {
    pub(crate) kind: &'a str,
    pub(crate) environment: Option<&'a str>,
    pub(crate) key: Option<&'a str>,
    pub(crate) parent: Option<RecordId>,
    pub(crate) with_ended: bool,
}

impl Selection<'_> {
    /// The columns that are asked for, each with its text. Only they belong into a query, so that an index serves it.
    pub(crate) fn conditions(&self) -> Vec<(&'static str, Cow<'_, str>)> {
        let asked = [
            ("kind", Some(Cow::Borrowed(self.kind))),
            ("environment", self.environment.map(Cow::Borrowed)),
            ("key", self.key.map(Cow::Borrowed)),
            ("parent", self.parent.map(|id| Cow::Owned(id.to_string()))),
        ];
        asked
            .into_iter()
            .filter_map(|(column, text)| Some((column, text?)))
            .collect()
    }
}

/// A row whose columns are not of the right type: only somebody else can have written it.
#[derive(Debug)]
pub(crate) struct Unreadable;

/// Called with one row after the other until it has seen enough.
pub(crate) type Visit<'a, T> = &'a mut dyn FnMut(Result<T, Unreadable>) -> ControlFlow<()>;

/// One transaction: what it reads stays true until it ends, and what it writes becomes durable as a whole or not.
pub(crate) trait Transaction {
    /// The row about the registry itself; the inner error says that it cannot be the registry's.
    fn meta(&self) -> Result<Result<Meta, Tampering>, RegistryError>;
    /// The last row of the log.
    fn last_audit_row(&self) -> Result<Option<AuditRow>, RegistryError>;
    /// The rows of the log in their order, from a number on.
    fn each_audit_row(&self, from: Option<u64>, visit: Visit<'_, AuditRow>) -> Result<(), RegistryError>;

    /// The row of the log of a number; an error where its columns are not of the right type.
    fn audit_row(&self, seq: u64) -> Result<Option<AuditRow>, RegistryError>;

    /// The record of an id.
    fn record(&self, id: RecordId) -> Result<Option<Stored>, RegistryError>;
    /// The record of a key that has not ended.
    fn live(&self, kind: RecordKind, environment: &str, key: &str) -> Result<Option<Stored>, RegistryError>;
    /// Records in the order of environment, key and id.
    fn records(&self, selection: &Selection<'_>) -> Result<Vec<Stored>, RegistryError>;
    /// How many records there ever were of a key.
    fn count(&self, kind: RecordKind, environment: &str, key: &str) -> Result<u64, RegistryError>;
    /// Every record, in any order, read from the table itself and not by way of an index where that can be had.
    fn each_record(&self, visit: Visit<'_, Row>) -> Result<(), RegistryError>;
    /// Writes a new record; an id that was ever used is refused.
    fn insert(&self, row: &Row) -> Result<(), RegistryError>;
    /// Writes a changed record.
    fn replace(&self, row: &Row) -> Result<(), RegistryError>;

    /// What an approval was used for.
    fn consumption(&self, approval: Digest) -> Result<Option<Consumption>, RegistryError>;
    /// Every approval that was used.
    fn each_consumption(&self, visit: Visit<'_, Consumption>) -> Result<(), RegistryError>;
    /// Notes that an approval is used.
    fn consume(&self, consumption: &Consumption) -> Result<(), RegistryError>;

    /// Writes a row at the end of the log and makes it the head.
    fn append(&self, row: &AuditRow) -> Result<(), RegistryError>;

    /// Makes this registry the one that the row says.
    fn become_as(&self, meta: &Meta) -> Result<(), RegistryError>;

    /// The session of this process; `next` becomes its id where there is none yet.
    fn session(&self, next: RecordId) -> Result<RecordId, RegistryError>;
    /// Whether a session that an audit row names is open, in whatever process; where that cannot be told, it is.
    fn is_session_open(&self, session: &str) -> Result<bool, RegistryError>;

    /// What is wrong with tables, indexes and triggers, or with the database below them.
    fn integrity(&self) -> Result<Option<Tampering>, RegistryError>;
}

/// Work on the rows themselves.
pub(crate) type RowsWork<'w> = dyn FnMut(&dyn Transaction) -> Result<(), RegistryError> + 'w;

/// What a backend offers beside a registry's calls.
pub(crate) trait Backend: Registry {
    /// Runs some work with the turn to write, past all rules.
    fn exclusively(&self, work: &mut RowsWork<'_>) -> Result<(), RegistryError>;
}
