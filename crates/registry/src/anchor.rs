//! What somebody keeps of the end of a log, so that an older copy of the registry is noticed.

use nhi_governance::Digest;
use serde::{Deserialize, Serialize};

use crate::records::RecordsExt as _;
use crate::{Registry, RegistryError, View};

/// The end of a log at some moment. The hash of its row covers every row before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anchor {
    /// The registry's id.
    pub registry: String,
    /// The number of the last row; 0 before the first.
    pub seq: u64,
    /// The hash of that row.
    pub hash: Digest,
}

impl View<'_> {
    /// The end of the log, to be kept elsewhere.
    pub fn anchor(&self) -> Result<Anchor, RegistryError> {
        let meta = &self.tail()?.meta;
        Ok(Anchor {
            registry: meta.registry_id.clone(),
            seq: meta.head_seq,
            hash: meta.head_hash,
        })
    }

    /// Refuses a log that does not continue the one that an anchor was taken of, see [`Registry::refuse_rollback`].
    /// Says nothing of another registry: what is on record there is another question.
    pub fn refuse_rollback(&self, anchor: &Anchor) -> Result<(), RegistryError> {
        let meta = &self.tail()?.meta;
        if meta.registry_id != anchor.registry || anchor.seq == 0 {
            return Ok(());
        }
        let row = self.transaction().audit_row(anchor.seq)?;
        if row.is_some_and(|row| row.hash == anchor.hash) && anchor.seq <= meta.head_seq {
            return Ok(());
        }
        Err(RegistryError::RolledBack {
            seq: anchor.seq,
            head: meta.head_seq,
        })
    }
}

pub(crate) fn refuse_rollback(registry: &(impl Registry + ?Sized), anchor: &Anchor) -> Result<(), RegistryError> {
    registry.reading(|view| view.refuse_rollback(anchor))
}
