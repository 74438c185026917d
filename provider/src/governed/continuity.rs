//! Whether the registry is the one that was seen before: its log has to go on from where it was known to end.

use std::sync::PoisonError;

use nhi_registry::{Anchor, RecordsExt as _, RegistryError, View};

use super::{Governed, Trouble};

impl Governed {
    /// Refuses a registry whose log does not continue the one that a state was written with.
    pub(crate) fn refuse_rollback(&self, anchor: Option<&Anchor>) -> Result<(), Trouble> {
        let Some(anchor) = anchor.filter(|anchor| self.location().is_some() && !self.is_continued(anchor)) else {
            return Ok(());
        };
        self.ask(|registry| registry.reading(|view| self.refuse_rollback_in(view, Some(anchor))))?;
        Ok(())
    }

    /// The same on what is read anyway. A core asks of the same state several times in one run: what was found then
    /// is not asked for again.
    pub(super) fn refuse_rollback_in(&self, view: &View<'_>, anchor: Option<&Anchor>) -> Result<(), RegistryError> {
        let Some(anchor) = anchor.filter(|anchor| !self.is_continued(anchor)) else {
            return Ok(());
        };
        view.refuse_rollback(anchor)?;
        let mut continued = self.continued.lock().unwrap_or_else(PoisonError::into_inner);
        continued.insert(anchor.clone());
        Ok(())
    }

    fn is_continued(&self, anchor: &Anchor) -> bool {
        let continued = self.continued.lock().unwrap_or_else(PoisonError::into_inner);
        continued.contains(anchor)
    }

    /// Refuses every registry that does not continue from a checkpoint that was kept elsewhere: also another one, and
    /// one that is not there.
    pub(crate) fn refuse_discontinued(&self, checkpoint: &Anchor) -> Result<(), Trouble> {
        if self.location().is_none() {
            return Ok(());
        }
        let found = self.ask(|registry| {
            registry.refuse_rollback(checkpoint)?;
            registry.registry_id()
        })?;
        let is_it = found.as_ref().is_some_and(|id| *id == checkpoint.registry);
        if is_it {
            return Ok(());
        }
        Err(Trouble::Discontinued {
            wanted: checkpoint.registry.clone(),
            found,
        })
    }
}
