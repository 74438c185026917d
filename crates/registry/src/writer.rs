//! Writes within one transaction: a record, the approvals it uses up and the audit row that tells of both.

use std::fmt;
use std::ops::Deref;

use nhi_governance::{Evidence, Record, RecordId, Timestamp, Transition, canonical_json};
use serde_json::{Value, json};

use crate::audit::Vouched;
use crate::options::{Options, Point};
use crate::spool::Waiting;
use crate::transaction::{Meta, Row, Transaction};
use crate::view::View;
use crate::{Actor, AuditRow, CLOCK_SKEW_SECONDS_MAX, Consumption, RegistryError, random};

/// One transaction that writes; it reads as the [`View`] it derefs to, its own writes included.
pub struct Writer<'a> {
    view: View<'a>,
    actor: &'a Actor,
    options: &'a Options,
    /// As it will be when this transaction is durable.
    meta: Meta,
    high_water: Timestamp,
}

impl fmt::Debug for Writer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer")
            .field("view", &self.view)
            .finish_non_exhaustive()
    }
}

impl<'a> Deref for Writer<'a> {
    type Target = View<'a>;

    fn deref(&self) -> &View<'a> {
        &self.view
    }
}

impl<'a> Writer<'a> {
    /// Begins after the turn to write was taken, so that what it reads stays true.
    pub(crate) fn begin(
        transaction: &'a dyn Transaction,
        actor: &'a Actor,
        options: &'a Options,
    ) -> Result<Self, RegistryError> {
        let view = View::new(transaction, options);
        let tail = view.tail()?.clone();
        Ok(Self {
            view,
            actor,
            options,
            meta: tail.meta,
            high_water: tail.high_water,
        })
    }

    /// What waited to be written; it is this transaction's to write.
    pub(crate) fn take_waiting(&mut self) -> Vec<Waiting> {
        self.view.take_waiting()
    }

    /// The time to judge and to write by.
    pub fn now(&self) -> Timestamp {
        self.view.wall().max(self.high_water)
    }

    /// Refuses to grant anything by a clock that cannot be right. Whatever only takes away does not ask.
    pub fn refuse_clock_behind(&self) -> Result<(), RegistryError> {
        let seconds = self.high_water.seconds_since(self.view.wall());
        if seconds > CLOCK_SKEW_SECONDS_MAX {
            Err(RegistryError::ClockBehind { seconds })
        } else {
            Ok(())
        }
    }

    /// An id that was never used.
    pub fn next_id(&self) -> Result<RecordId, RegistryError> {
        Ok(RecordId::new(self.now(), random::number()?))
    }

    /// The session of this process, begun where there is none.
    pub fn session(&self) -> Result<RecordId, RegistryError> {
        self.view.transaction().session(self.next_id()?)
    }

    /// Writes a new record, its event and the approvals it uses up.
    pub fn insert<R: Record>(&mut self, transition: Transition<R>, evidence: &Evidence) -> Result<R, RegistryError> {
        self.write(true, transition, evidence)
    }

    /// The same for a changed record; nothing where nothing changed.
    pub fn replace<R: Record>(&mut self, transition: Transition<R>, evidence: &Evidence) -> Result<R, RegistryError> {
        self.write(false, transition, evidence)
    }

    /// Takes the clock's time as the latest moment.
    pub(crate) fn accept_clock(&mut self, reason: &str) -> Result<Timestamp, RegistryError> {
        let particulars = json!({
            "from": self.high_water,
            "reason": reason.chars().filter(|c| !c.is_control()).take(300).collect::<String>(),
            "to": self.view.wall(),
        });
        let registry_id = self.meta.registry_id.clone();
        self.append(self.view.wall(), "clock.accepted", registry_id, &particulars)?;
        self.high_water = self.view.wall();
        Ok(self.high_water)
    }

    fn write<R: Record>(
        &mut self,
        is_new: bool,
        transition: Transition<R>,
        evidence: &Evidence,
    ) -> Result<R, RegistryError> {
        let Transition { record, event } = transition;
        let Some(event) = event else { return Ok(record) };
        let row = Row {
            id: record.id().to_string(),
            kind: R::KIND.as_str().to_owned(),
            environment: record.environment().to_owned(),
            key: record.key(),
            parent: record.parent().map(|id| id.to_string()),
            ended: record.ended_at().map(|at| at.to_string()),
            record: record.to_canonical_json(),
        };
        self.consume(record.id(), evidence)?;
        if is_new {
            self.view.transaction().insert(&row)?;
        } else {
            self.view.transaction().replace(&row)?;
        }
        self.options.reach(Point::Recorded);
        let mut payload = event.payload;
        note_approvals(&mut payload, evidence);
        Vouched::note(&row, &mut payload);
        self.append(self.now(), &event.action, row.id, &payload)?;
        self.options.reach(Point::Audited);
        Ok(record)
    }

    /// Every approval is good for one use. A creation that was cut off and is taken up again has used its own already.
    fn consume(&self, subject: RecordId, evidence: &Evidence) -> Result<(), RegistryError> {
        let request = match (evidence.request, evidence.approvals.first()) {
            (Some(request), _) => request,
            (None, None) => return Ok(()),
            (None, Some(approval)) => return Err(RegistryError::ApprovalUnbound(*approval)),
        };
        for approval in &evidence.approvals {
            let consumption = Consumption {
                approval: *approval,
                request,
                subject: subject.to_string(),
                at: self.now().to_string(),
            };
            match self.view.transaction().consumption(*approval)? {
                None => self.view.transaction().consume(&consumption)?,
                Some(used) => {
                    return Err(RegistryError::ApprovalUsed {
                        approval: *approval,
                        subject: used.subject,
                        at: used.at,
                    });
                }
            }
        }
        Ok(())
    }

    /// What of the evidence is new: all of it, but for what this very record used for the same request before.
    pub(crate) fn left_of(&self, subject: RecordId, evidence: &Evidence) -> Result<Evidence, RegistryError> {
        let mut left = evidence.clone();
        left.approvals.clear();
        for approval in &evidence.approvals {
            let used = self.view.transaction().consumption(*approval)?;
            let is_ours =
                used.is_some_and(|used| Some(used.request) == evidence.request && used.subject == subject.to_string());
            if !is_ours {
                left.approvals.push(*approval);
            }
        }
        Ok(left)
    }

    /// The one place where the log grows.
    fn append(&mut self, time: Timestamp, action: &str, subject: String, payload: &Value) -> Result<(), RegistryError> {
        let mut row = AuditRow {
            seq: self.meta.head_seq + 1,
            time: time.to_string(),
            actor: self.actor.as_str().to_owned(),
            action: action.to_owned(),
            subject,
            payload: canonical_json(payload),
            previous: self.meta.head_hash,
            hash: self.meta.head_hash,
        };
        row.hash = row.expected_hash();
        self.view.transaction().append(&row)?;
        self.meta.head_seq = row.seq;
        self.meta.head_hash = row.hash;
        Ok(())
    }
}

/// What was approved and by whom stands in the log beside what it was used for.
fn note_approvals(payload: &mut Value, evidence: &Evidence) {
    let (Some(request), Value::Object(members)) = (evidence.request, payload) else {
        return;
    };
    members.insert("request".to_owned(), request.to_string().into());
    members.insert("approved_by".to_owned(), evidence.approved_by.clone().into());
    if !evidence.approvals.is_empty() {
        let approvals: Vec<String> = evidence.approvals.iter().map(ToString::to_string).collect();
        members.insert("approvals".to_owned(), approvals.into());
    }
}
