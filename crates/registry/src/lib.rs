//! The registry: the system of record of identities and everything that governs them, with a tamper-evident audit log.
//!
//! Every change of a record and the audit row that tells of it are one transaction, durable before the call returns.
//! The rows of the log are chained by SHA-256 and each names the digest of the record it left behind, so that an edit
//! of either is found by [`Registry::verify`], with the first row that is wrong, and every single read and write
//! checks the rows it touches.
//!
//! What that cannot show: whoever can write the file can replace all of it by an older copy, or by a chain made anew.
//! Only what was kept elsewhere tells the difference: [`Verification::head`], or a checkpoint of [`Transparency`], which
//! can also be shown to somebody who does not hold the registry.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use nhi_registry::{Filter, Registry, SqliteRegistry};
//!
//! let directory = tempfile::tempdir()?;
//! let registry = SqliteRegistry::open(&directory.path().join("nhi-registry.db"))?;
//! assert!(registry.list(&Filter::default())?.is_empty());
//! assert!(registry.verify()?.tampering.is_none());
//! # Ok(())
//! # }
//! ```

mod actor;
mod anchor;
mod audit;
mod context;
mod copy;
mod error;
mod exceptions;
mod identities;
mod kill;
mod location;
mod options;
mod policy;
mod postgres;
mod random;
mod records;
mod spool;
mod sqlite;
mod taking;
mod transaction;
mod transparency;
mod turns;
mod verify;
mod view;
mod writer;

use nhi_governance::{
    Declaration, Digest, Environment, Evidence, Identity, Kill, KillSelector, Name, PolicyInForce, Record as _,
    RecordId, Timestamp, TrustDomain,
};

pub use actor::Actor;
pub use anchor::Anchor;
pub use audit::AuditRow;
pub use copy::{Copied, Stillness, copy};
pub use error::{CODES, DatabaseError, RegistryError};
pub use exceptions::Exceptions;
pub use location::{Access, Location, open};
pub use options::{Options, Point};
pub use records::{Key, RecordFilter, RecordsExt};
pub use spool::Spool;
pub use sqlite::SqliteRegistry;
pub use taking::Taken;
pub use transparency::Transparency;
pub use verify::{Tampering, Verification};
pub use view::View;
pub use writer::Writer;

/// How far the clock may run behind the latest moment on record before nothing is granted, in seconds.
pub const CLOCK_SKEW_SECONDS_MAX: i64 = 60;

/// The most rows of the log that one call returns.
const AUDIT_ROWS_MAX: u32 = 10_000;

/// The answer to [`Registry::create`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Created {
    /// The identity.
    pub identity: Identity,
    /// Whether an interrupted creation was taken up instead of starting another.
    pub adopted: bool,
}

/// Which identities to list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Only those of this environment.
    pub environment: Option<Environment>,
    /// Only those of this name.
    pub name: Option<Name>,
    /// Revoked ones as well.
    pub with_revoked: bool,
}

/// What an approval was used for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consumption {
    /// The digest of the approval's envelope.
    pub approval: Digest,
    /// The digest of the request that it approved.
    pub request: Digest,
    /// The id of the record that it was used for.
    pub subject: String,
    /// When, in RFC 3339.
    pub at: String,
}

/// Work that reads on one snapshot.
pub type ReadWork<'w> = dyn FnMut(&View<'_>) -> Result<(), RegistryError> + 'w;
/// Work that writes in one transaction.
pub type WriteWork<'w> = dyn FnMut(&mut Writer<'_>) -> Result<(), RegistryError> + 'w;

/// The system of record. All calls block; none returns before its effect is durable.
///
/// A backend brings [`Registry::read`] and [`Registry::write`]; everything else is written once above them, for
/// identities here and for records of every kind in [`RecordsExt`].
///
/// Creating, updating and renewing are refused while the clock runs behind the record by more than
/// [`CLOCK_SKEW_SECONDS_MAX`]; revoking and confirming never are.
pub trait Registry: Send + Sync + std::fmt::Debug {
    /// Where it is, in words that hold no secret.
    fn place(&self) -> String;

    /// Where changes wait that only take away and cannot be written.
    fn spool(&self) -> &Spool;

    /// Runs some reads on one snapshot.
    fn read(&self, work: &mut ReadWork<'_>) -> Result<(), RegistryError>;

    /// The same, even after a failed write has closed the registry: whoever takes something away has to know of what.
    fn read_anew(&self, work: &mut ReadWork<'_>) -> Result<(), RegistryError> {
        self.read(work)
    }

    /// Runs some writes: all of them become durable, or none. The work may be run more than once.
    fn write(&self, actor: &Actor, work: &mut WriteWork<'_>) -> Result<(), RegistryError>;

    /// Which registry it is, whatever it is called and wherever it stands.
    fn registry_id(&self) -> Result<String, RegistryError> {
        self.reading(|view| Ok(view.tail()?.meta.registry_id.clone()))
    }

    /// The time to judge by: the clock, or the latest moment on record where that is later.
    fn now(&self) -> Result<Timestamp, RegistryError> {
        self.reading(|view| Ok(view.wall().max(view.tail()?.high_water)))
    }

    /// Creates an identity, or takes up a creation of the same declaration that was cut off: never one that this or
    /// another process may still be busy with.
    fn create(
        &self,
        actor: &Actor,
        trust_domain: &TrustDomain,
        declaration: Declaration,
        evidence: &Evidence,
    ) -> Result<Created, RegistryError> {
        identities::create(self, actor, trust_domain, &declaration, evidence)
    }

    /// The identity of an id, revoked ones included.
    fn get(&self, id: RecordId) -> Result<Option<Identity>, RegistryError> {
        self.get_record(id)
    }

    /// The identity of a name that is not revoked; it may have expired.
    fn find_live(&self, environment: &Environment, name: &Name) -> Result<Option<Identity>, RegistryError> {
        self.find_record(environment.as_str(), name.as_str())
    }

    /// How many identities there ever were of a name, revoked ones included.
    fn incarnations(&self, environment: &Environment, name: &Name) -> Result<u64, RegistryError> {
        self.reading(|view| view.incarnations(Identity::KIND, environment.as_str(), name.as_str()))
    }

    /// Changes what is declared if the record is still at this revision; renews when the generation rises.
    fn update(
        &self,
        actor: &Actor,
        id: RecordId,
        expected_revision: u64,
        declaration: Declaration,
        evidence: &Evidence,
    ) -> Result<Identity, RegistryError> {
        identities::update(self, actor, id, expected_revision, &declaration, evidence)
    }

    /// Ends an identity for good; a second time changes nothing. Where it cannot be written, it waits, and counts.
    fn revoke(&self, actor: &Actor, id: RecordId, reason: &str) -> Result<Identity, RegistryError> {
        identities::revoke(self, actor, id, reason)
    }

    /// The policy in force; none before the first one was put on record.
    fn policy_in_force(&self) -> Result<Option<PolicyInForce>, RegistryError> {
        self.find_record("", PolicyInForce::KEY)
    }

    /// Puts the policy that the registry was opened with in force. One that is looser than the one before uses up the
    /// approvals of that change; a stricter one, and the first, need none.
    fn put_policy_in_force(&self, actor: &Actor, evidence: &Evidence) -> Result<PolicyInForce, RegistryError> {
        policy::put(self, actor, evidence)
    }

    /// Notes which trust root is used, beside the policy in force.
    fn keep_approvers(&self, actor: &Actor, approvers: Digest) -> Result<(), RegistryError> {
        policy::keep_approvers(self, actor, approvers)
    }

    /// Throws the kill switch: from here on, whatever it selects and was created before is suspended, also what is
    /// written at the same time or comes back from a copy, until each is resumed by its approvals.
    fn throw_kill_switch(&self, actor: &Actor, selector: &KillSelector, reason: &str) -> Result<Kill, RegistryError> {
        kill::throw(self, actor, selector, reason)
    }

    /// Notes that a core knows these ids, so that none of them is adopted any more.
    fn confirm(&self, actor: &Actor, ids: &[RecordId]) -> Result<(), RegistryError> {
        identities::confirm_all(self, actor, ids)
    }

    /// Identities in the order of environment, name and id.
    fn list(&self, filter: &Filter) -> Result<Vec<Identity>, RegistryError> {
        identities::list(self, filter)
    }

    /// What an approval was used for, if it was.
    fn consumption(&self, approval: Digest) -> Result<Option<Consumption>, RegistryError> {
        self.reading(|view| view.consumption(approval))
    }

    /// Up to `limit` rows of the audit log from `from_seq` on; the first row is 1.
    fn audit(&self, from_seq: u64, limit: u32) -> Result<Vec<AuditRow>, RegistryError> {
        self.reading(|view| view.audit(from_seq, limit))
    }

    /// Refuses a log that does not continue the one that an anchor was taken of (see [`View::anchor`]): an older copy, or one made anew. One row is
    /// looked at; [`Registry::verify`] looks at all.
    fn refuse_rollback(&self, anchor: &Anchor) -> Result<(), RegistryError> {
        anchor::refuse_rollback(self, anchor)
    }

    /// Checks the whole log, every record and every used approval against it.
    fn verify(&self) -> Result<Verification, RegistryError> {
        self.reading(|view| verify::verify(view.transaction()))
    }

    /// The whole log as a transparency log, each row checked against the chain.
    fn transparency(&self) -> Result<Transparency, RegistryError> {
        self.reading(Transparency::of)
    }

    /// Takes the clock's time as right although it is behind the record: the way back from a clock that once ran
    /// ahead. The act is in the log.
    fn accept_clock(&self, actor: &Actor, reason: &str) -> Result<Timestamp, RegistryError> {
        self.writing(actor, |writer| writer.accept_clock(reason))
    }
}

impl<T: Registry + ?Sized> Registry for Box<T> {
    fn place(&self) -> String {
        (**self).place()
    }

    fn spool(&self) -> &Spool {
        (**self).spool()
    }

    fn read(&self, work: &mut ReadWork<'_>) -> Result<(), RegistryError> {
        (**self).read(work)
    }

    fn read_anew(&self, work: &mut ReadWork<'_>) -> Result<(), RegistryError> {
        (**self).read_anew(work)
    }

    fn write(&self, actor: &Actor, work: &mut WriteWork<'_>) -> Result<(), RegistryError> {
        (**self).write(actor, work)
    }
}
