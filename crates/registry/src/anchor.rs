//! What somebody keeps of the end of a log, so that an older copy of the registry is noticed.

use nhi_governance::Digest;
use serde::{Deserialize, Serialize};

use crate::records::RecordsExt as _;
use crate::{Registry, RegistryError, View, audit};

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
}

/// Says nothing of another registry: what is on record there is another question.
pub(crate) fn refuse_rollback(registry: &(impl Registry + ?Sized), anchor: &Anchor) -> Result<(), RegistryError> {
    registry.reading(|view| {
        let meta = &view.tail()?.meta;
        if meta.registry_id != anchor.registry || anchor.seq == 0 {
            return Ok(());
        }
        let row = audit::rows(view.transaction(), anchor.seq, 1)?.into_iter().next();
        let is_there = row.is_some_and(|row| row.seq == anchor.seq && row.hash == anchor.hash);
        if is_there && anchor.seq <= meta.head_seq {
            return Ok(());
        }
        Err(RegistryError::RolledBack {
            seq: anchor.seq,
            head: meta.head_seq,
        })
    })
}
