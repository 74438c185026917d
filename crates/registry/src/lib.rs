//! The registry: the system of record of identities, with a tamper-evident audit log.
//!
//! Every change of a record and the audit row that tells of it are one transaction, durable before the call returns.
//! The rows of the log are chained by SHA-256 and each names the digest of the record it left behind, so that an edit
//! of either is found by [`Registry::verify`], with the first row that is wrong, and every single read and write
//! checks the rows it touches.
//!
//! What that cannot show: whoever can write the file can replace all of it by an older copy, or by a chain made anew.
//! Only a head hash that was kept elsewhere tells the difference; [`Verification::head`] is the one to keep.
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
mod audit;
mod error;
mod sqlite;
mod verify;

use nhi_governance::{Declaration, Environment, Identity, Name, RecordId, Timestamp, TrustDomain};

pub use actor::Actor;
pub use audit::AuditRow;
pub use error::{CODES, RegistryError};
pub use sqlite::{Options, Point, SqliteRegistry};
pub use verify::{Tampering, Verification};

/// How far the clock may run behind the latest moment on record before nothing is granted, in seconds.
pub const CLOCK_SKEW_SECONDS_MAX: i64 = 60;

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

/// The system of record. All calls block; none returns before its effect is durable.
///
/// Creating, updating and renewing are refused while the clock runs behind the record by more than
/// [`CLOCK_SKEW_SECONDS_MAX`]; revoking and confirming never are.
pub trait Registry: Send + Sync + std::fmt::Debug {
    /// The time to judge by: the clock, or the latest moment on record where that is later.
    fn now(&self) -> Result<Timestamp, RegistryError>;

    /// Creates an identity, or takes up a creation of the same declaration that was cut off: never one that this or
    /// another process may still be busy with.
    fn create(
        &self,
        actor: &Actor,
        trust_domain: &TrustDomain,
        declaration: Declaration,
    ) -> Result<Created, RegistryError>;

    /// The identity of an id, revoked ones included.
    fn get(&self, id: RecordId) -> Result<Option<Identity>, RegistryError>;

    /// The identity of a name that is not revoked; it may have expired.
    fn find_live(&self, environment: &Environment, name: &Name) -> Result<Option<Identity>, RegistryError>;

    /// Changes what is declared if the record is still at this revision; renews when the generation rises.
    fn update(
        &self,
        actor: &Actor,
        id: RecordId,
        expected_revision: u64,
        declaration: Declaration,
    ) -> Result<Identity, RegistryError>;

    /// Ends an identity for good; a second time changes nothing.
    fn revoke(&self, actor: &Actor, id: RecordId, reason: &str) -> Result<Identity, RegistryError>;

    /// Notes that a core knows these ids, so that none of them is adopted any more.
    fn confirm(&self, actor: &Actor, ids: &[RecordId]) -> Result<(), RegistryError>;

    /// Identities in the order of environment, name and id.
    fn list(&self, filter: &Filter) -> Result<Vec<Identity>, RegistryError>;

    /// Up to `limit` rows of the audit log from `from_seq` on; the first row is 1.
    fn audit(&self, from_seq: u64, limit: u32) -> Result<Vec<AuditRow>, RegistryError>;

    /// Checks the whole log and every record against it.
    fn verify(&self) -> Result<Verification, RegistryError>;

    /// Takes the clock's time as right although it is behind the record: the way back from a clock that once ran
    /// ahead. The act is in the log.
    fn accept_clock(&self, actor: &Actor, reason: &str) -> Result<Timestamp, RegistryError>;
}
