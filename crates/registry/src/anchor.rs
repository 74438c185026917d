//! What somebody keeps of the end of a log, so that an older copy of the registry is noticed.

use std::fmt;

use nhi_governance::{Digest, RecordId};
use serde::{Deserialize, Serialize};

use crate::records::RecordsExt as _;
use crate::{Registry, RegistryError, View};

/// The end of a log at some moment. The hash of its row covers every row before it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Anchor {
    /// The registry's id.
    pub registry: String,
    /// The number of the last row; 0 before the first.
    pub seq: u64,
    /// The hash of that row.
    pub hash: Digest,
}

impl Anchor {
    /// Reads what [`Anchor`] is written as: the registry's id, the number of the row and its hash, with `/` between them.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('/');
        let (registry, seq, hash) = (parts.next()?, parts.next()?, parts.next()?);
        let is_number = !seq.is_empty() && seq.bytes().all(|byte| byte.is_ascii_digit());
        let anchor = Self {
            registry: RecordId::parse(registry).ok()?.to_string(),
            seq: seq.parse().ok().filter(|_| is_number)?,
            hash: Digest::parse(hash).ok()?,
        };
        // One anchor has one text.
        (anchor.to_string() == text).then_some(anchor)
    }
}

impl fmt::Display for Anchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.registry, self.seq, self.hash)
    }
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

#[cfg(test)]
mod tests {
    use super::Anchor;

    #[test]
    fn one_anchor_has_one_text() {
        let (registry, hash) = ("01ARZ3NDEKTSV4RRFFQ69G5FAV", "a".repeat(64));
        let good = format!("{registry}/42/{hash}");
        let anchor = Anchor::parse(&good).unwrap();
        assert_eq!((anchor.seq, anchor.to_string()), (42, good.clone()));
        for bad in [
            String::new(),
            format!("{registry}/42"),
            format!("{good}/"),
            format!("{good}\n"),
            format!(" {good}"),
            format!("{registry}/042/{hash}"),
            format!("{registry}/+42/{hash}"),
            format!("{registry}/-1/{hash}"),
            format!("{registry}/18446744073709551616/{hash}"),
            format!("{registry}/42/{}", "A".repeat(64)),
            format!("{registry}/42/{}", "a".repeat(63)),
            format!("../etc/42/{hash}"),
            format!("{}/42/{hash}", registry.to_lowercase()),
        ] {
            assert_eq!(Anchor::parse(&bad), None, "{bad:?}");
        }
    }
}
