//! What is done to an identity because somebody says so, whatever configurations declare.

use std::sync::Arc;

use nhi_governance::{Containment, Evidence, Identity, Record, RecordId, resume, rotate};
use nhi_registry::{Access, RecordsExt as _, Registry, RegistryError};
use tfplugin::log;

use super::{Governed, Trouble, armed};

/// What needs no approval is done without any.
static NO_EVIDENCE: Evidence = Evidence {
    request: None,
    approvals: Vec::new(),
    approved_by: Vec::new(),
    waived: false,
};

impl Governed {
    /// Ends an identity because somebody said so, whether a state knows it or not.
    pub(crate) fn end(&self, id: RecordId, reason: &str) -> Result<Identity, Trouble> {
        self.take_away(id, Containment::End, reason)
    }

    /// Takes an identity out of use because somebody said so.
    pub(crate) fn suspend(&self, id: RecordId, reason: &str) -> Result<Identity, Trouble> {
        self.take_away(id, Containment::Suspend, reason)
    }

    /// Ends or suspends a record, whatever the disk or the server says: on record, or waiting to be.
    pub(super) fn take_away<R: Record>(&self, id: RecordId, how: Containment, reason: &str) -> Result<R, Trouble> {
        let missing = || RegistryError::NoRecord { kind: R::KIND, id };
        let registry = self.existing_registry()?.ok_or_else(missing)?;
        let taken = armed(|| registry.take_away::<R>(&self.actor, &[id], how, reason))?;
        let told = [("id", id.to_string().into()), ("how", format!("{how:?}").into())];
        match &taken.waits_in {
            None => log::info("something was taken from a record", &told),
            Some(file) => {
                let place = ("waits_in", file.display().to_string().into());
                let told: Vec<_> = told.into_iter().chain([place]).collect();
                log::warn(
                    "the registry cannot be written: what was taken waits to be on record",
                    &told,
                );
            }
        }
        Ok(taken.records.into_iter().next().ok_or_else(missing)?)
    }

    /// Brings an identity back by nobody's approval: what needs some is refused.
    pub(crate) fn resume(&self, id: RecordId, _reason: &str) -> Result<Identity, Trouble> {
        let registry = self.registry_with(id)?;
        let identity = armed(|| {
            registry.change(&self.actor, id, None, &NO_EVIDENCE, |now, identity: &Identity, view| {
                let act = self.act(&NO_EVIDENCE, view, now);
                view.refuse_unexcepted(identity.declaration(), now)?;
                Ok(resume(identity, &view.context(identity.declaration())?, &act)?)
            })
        })?;
        log::info("an identity was resumed", &[("id", id.to_string().into())]);
        Ok(identity)
    }

    /// Notes that the credentials of an identity were replaced, by nobody's approval: what needs some is refused.
    pub(crate) fn rotate(&self, id: RecordId, reason: &str) -> Result<Identity, Trouble> {
        let registry = self.registry_with(id)?;
        let identity = armed(|| {
            registry.change(&self.actor, id, None, &NO_EVIDENCE, |now, identity: &Identity, view| {
                let act = self.act(&NO_EVIDENCE, view, now);
                Ok(rotate(identity, reason, &view.context(identity.declaration())?, &act)?)
            })
        })?;
        log::info("an identity was rotated", &[("id", id.to_string().into())]);
        Ok(identity)
    }

    /// The registry, which there has to be where something in it is to be changed.
    fn registry_with(&self, id: RecordId) -> Result<Arc<dyn Registry>, Trouble> {
        let location = self.location().ok_or(Trouble::Unknown("registry"))?;
        match self.opened(location, Access::Write) {
            Err(RegistryError::Missing(_)) => Err(RegistryError::NotFound(id).into()),
            opened => Ok(opened?),
        }
    }
}
