//! The identity that a plan is about, read once, with the check that the registry goes on from where it was.

use std::cell::OnceCell;

use nhi_governance::RecordId;
use tfplugin::value::Value;

use crate::anchor;
use crate::governed::{Found, Governed, Trouble};

/// What a plan knows of the registry.
pub(super) struct Sight<'g> {
    governed: &'g Governed,
    id: Option<RecordId>,
    found: OnceCell<Option<Found>>,
}

impl<'g> Sight<'g> {
    /// Refuses a registry that does not go on from where it was when the state was written. Where a change is planned,
    /// the identity is read in the same transaction.
    pub(super) fn open(
        governed: &'g Governed,
        prior: &Value,
        private: &[u8],
        is_changed: bool,
    ) -> Result<Self, Trouble> {
        let id = prior.get("id").as_str().and_then(|id| RecordId::parse(id).ok());
        let anchor = anchor::latest(private, prior);
        let found = OnceCell::new();
        match id.filter(|_| is_changed && governed.location().is_some()) {
            Some(id) => {
                let _ = found.set(governed.find_after(anchor.as_ref(), id)?);
            }
            None => governed.refuse_rollback(anchor.as_ref())?,
        }
        Ok(Self { governed, id, found })
    }

    /// The identity; none where there is none, or no registry yet.
    pub(super) fn found(&self) -> Result<Option<&Found>, Trouble> {
        if let Some(found) = self.found.get() {
            return Ok(found.as_ref());
        }
        let found = match self.id {
            Some(id) => self.governed.find(id)?,
            None => None,
        };
        Ok(self.found.get_or_init(|| found).as_ref())
    }
}
