//! Whether the registry is the one that was seen before: its log has to go on from where it was known to end.

use nhi_registry::Anchor;

use super::{Governed, Trouble};

impl Governed {
    /// Refuses a registry whose log does not continue the one that a state was written with.
    pub(crate) fn refuse_rollback(&self, anchor: Option<&Anchor>) -> Result<(), Trouble> {
        let Some(anchor) = anchor.filter(|_| self.location().is_some()) else {
            return Ok(());
        };
        self.ask(|registry| registry.refuse_rollback(anchor))?;
        Ok(())
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
