//! The life of records of any kind: looked up, declared, changed, contained.
//!
//! What a kind allows is decided by its own transitions in `nhi_governance`; here stands only what all kinds share:
//! one transaction, the revision compared before the swap, the approvals used once, the session noted.

use nhi_governance::measure::History;
use nhi_governance::{Containment, Evidence, Record, RecordId, Timestamp, Transition};

use crate::{Actor, Anchor, Registry, RegistryError, Taken, View, Writer, taking};

/// Which records to list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RecordFilter {
    /// Only those of this environment; empty where the kind has none.
    pub environment: Option<String>,
    /// Only those of this key.
    pub key: Option<String>,
    /// Only those that cannot outlive this record.
    pub parent: Option<RecordId>,
    /// Ended ones as well.
    pub with_ended: bool,
}

/// Under which key something is declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key<'a> {
    /// The environment; empty where the kind has none.
    pub environment: &'a str,
    /// What tells the record from others of its kind and environment.
    pub key: &'a str,
}

/// What every registry can do with records of every kind.
///
/// The closures may be called more than once, so they must not have effects of their own. A [`nhi_governance::Problem`]
/// becomes [`RegistryError::Refused`] by `?`.
pub trait RecordsExt: Registry {
    /// The record of an id, ended ones included.
    fn get_record<R: Record>(&self, id: RecordId) -> Result<Option<R>, RegistryError> {
        self.reading(|view| view.get(id))
    }

    /// The record of a key that has not ended.
    fn find_record<R: Record>(&self, environment: &str, key: &str) -> Result<Option<R>, RegistryError> {
        self.reading(|view| view.find(environment, key))
    }

    /// Records in the order of environment, key and id.
    fn list_records<R: Record>(&self, filter: &RecordFilter) -> Result<Vec<R>, RegistryError> {
        self.reading(|view| view.list(filter))
    }

    /// Creates a record, or takes up the live one of the key; which of the two, `decide` says by the id of the record
    /// that it returns: the one it was handed, or that of the live record.
    ///
    /// Whoever takes up a live record asks [`View::is_under_way`] first, so that two resources never share one.
    /// Refused while the clock is behind.
    fn declare<R: Record>(
        &self,
        actor: &Actor,
        evidence: &Evidence,
        key: Key<'_>,
        mut decide: impl FnMut(Timestamp, RecordId, Option<&R>, &View<'_>) -> Result<Transition<R>, RegistryError>,
    ) -> Result<R, RegistryError> {
        self.writing(actor, |writer| {
            writer.refuse_granting()?;
            let (session, id) = (writer.session()?, writer.next_id()?);
            let live: Option<R> = writer.find(key.environment, key.key)?;
            let transition = decide(writer.now(), id, live.as_ref(), writer)?.of_session(session);
            let record = &transition.record;
            let is_new = record.id() == id;
            let is_asked = record.environment() == key.environment && record.key() == key.key;
            let is_live = live.as_ref().is_some_and(|live| live.id() == record.id());
            if !is_asked || (is_new == live.is_some()) || (!is_new && !is_live) {
                return Err(RegistryError::Misdeclared {
                    kind: R::KIND,
                    key: key.key.to_owned(),
                });
            }
            if is_new {
                writer.insert(transition, evidence)
            } else {
                let left = writer.left_of(transition.record.id(), evidence)?;
                writer.replace(transition, &left)
            }
        })
    }

    /// Changes a record if it is still at the expected revision, where one is expected. Refused while the clock is
    /// behind.
    fn change<R: Record>(
        &self,
        actor: &Actor,
        id: RecordId,
        expected_revision: Option<u64>,
        evidence: &Evidence,
        mut decide: impl FnMut(Timestamp, &R, &View<'_>) -> Result<Transition<R>, RegistryError>,
    ) -> Result<R, RegistryError> {
        self.writing(actor, |writer| {
            writer.refuse_granting()?;
            let record: R = writer.require(id)?;
            refuse_stale(&record, expected_revision)?;
            let transition = decide(writer.now(), &record, writer)?;
            writer.replace(transition, evidence)
        })
    }

    /// Changes some records in a way that only takes away or takes note: suspending, revoking, confirming. All of them
    /// or none; never refused by the clock, needing no approval, and without waiting for a turn to write where there is
    /// nothing to write.
    fn contain<R: Record>(
        &self,
        actor: &Actor,
        ids: &[RecordId],
        mut decide: impl FnMut(Timestamp, &R, &View<'_>) -> Result<Transition<R>, RegistryError>,
    ) -> Result<Vec<R>, RegistryError> {
        let mut decided = |now: Timestamp, view: &View<'_>| {
            let decided = ids.iter().map(|id| decide(now, &view.require(*id)?, view));
            decided.collect::<Result<Vec<Transition<R>>, RegistryError>>()
        };
        let news = self.reading(|view| decided(view.now()?, view))?;
        if news.iter().all(|transition| transition.event.is_none()) {
            return Ok(news.into_iter().map(|transition| transition.record).collect());
        }
        self.writing(actor, |writer| {
            let transitions = decided(writer.now(), writer)?;
            let written = transitions
                .into_iter()
                .map(|transition| writer.replace(transition, &Evidence::default()));
            written.collect()
        })
    }

    /// Ends or suspends records: all of them or none, needing no approval, never refused by the clock; where they cannot
    /// be written, it waits beside the registry, counts for every reader there, and is written with the next change.
    fn take_away<R: Record>(
        &self,
        actor: &Actor,
        ids: &[RecordId],
        how: Containment,
        reason: &str,
    ) -> Result<Taken<R>, RegistryError> {
        taking::take_away(self, actor, ids, how, reason)
    }

    /// Reads on one snapshot, and gives back what was read.
    fn reading<T>(&self, mut work: impl FnMut(&View<'_>) -> Result<T, RegistryError>) -> Result<T, RegistryError> {
        let mut answer = None;
        self.read(&mut |view| {
            answer = Some(work(view)?);
            Ok(())
        })?;
        // INVARIANT: `read` succeeds only after its work did.
        answer.ok_or_else(|| RegistryError::Broken(self.place()))
    }

    /// The end of the log, to be kept elsewhere.
    fn anchor(&self) -> Result<Anchor, RegistryError> {
        let mut end = None;
        self.read(&mut |view| {
            end = Some(view.anchor()?);
            Ok(())
        })?;
        // INVARIANT: `read` succeeds only after its work did.
        end.ok_or_else(|| RegistryError::Broken(self.place()))
    }

    /// What the log alone says of the life of everything on record.
    fn history(&self) -> Result<History, RegistryError> {
        let mut told = History::default();
        self.read(&mut |view| {
            told = view.history()?;
            Ok(())
        })?;
        Ok(told)
    }

    /// Writes in one transaction, and gives back what came of it.
    fn writing<T>(
        &self,
        actor: &Actor,
        mut work: impl FnMut(&mut Writer<'_>) -> Result<T, RegistryError>,
    ) -> Result<T, RegistryError> {
        let mut answer = None;
        self.write(actor, &mut |writer| {
            answer = Some(work(writer)?);
            Ok(())
        })?;
        // INVARIANT: `write` succeeds only after its work did.
        answer.ok_or_else(|| RegistryError::Broken(self.place()))
    }
}

impl<T: Registry + ?Sized> RecordsExt for T {}

/// Somebody else changed it after it was read.
pub(crate) fn refuse_stale<R: Record>(record: &R, expected: Option<u64>) -> Result<(), RegistryError> {
    match expected {
        Some(expected) if expected != record.revision() => Err(RegistryError::Stale {
            kind: R::KIND,
            id: record.id(),
            expected,
            found: record.revision(),
        }),
        _ => Ok(()),
    }
}
