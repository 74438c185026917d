//! The policy in force: on record, compared in every transaction that grants something.

use nhi_governance::{Act, Digest, Evidence, PolicyInForce};

use crate::records::RecordsExt as _;
use crate::{Actor, Registry, RegistryError, View, Writer};

impl View<'_> {
    /// The policy in force; none before the first one was put on record.
    pub fn policy_in_force(&self) -> Result<Option<PolicyInForce>, RegistryError> {
        self.find("", PolicyInForce::KEY)
    }
}

impl Writer<'_> {
    /// Refuses to grant anything by a clock that cannot be right, or under a policy that is looser than the one in
    /// force. Whatever only takes away does not ask.
    pub fn refuse_granting(&self) -> Result<(), RegistryError> {
        self.refuse_clock_behind()?;
        match self.policy_in_force()? {
            Some(in_force) => Ok(in_force.refuse_looser(self.policy())?),
            None => Ok(()),
        }
    }
}

/// Nothing before a policy is in force, with which it is kept.
pub(crate) fn keep_approvers(
    registry: &(impl Registry + ?Sized),
    actor: &Actor,
    approvers: Digest,
) -> Result<(), RegistryError> {
    let none = Evidence::default();
    registry.writing(actor, |writer| {
        writer.refuse_clock_behind()?;
        let Some(live) = writer.policy_in_force()? else {
            return Ok(());
        };
        let act = Act {
            by: actor.as_str(),
            evidence: &none,
            policy: writer.policy(),
            now: writer.now(),
        };
        writer.replace(live.keep_approvers(approvers, &act), &none).map(drop)
    })
}

pub(crate) fn put(
    registry: &(impl Registry + ?Sized),
    actor: &Actor,
    evidence: &Evidence,
) -> Result<PolicyInForce, RegistryError> {
    registry.writing(actor, |writer| {
        writer.refuse_clock_behind()?;
        let live = writer.policy_in_force()?;
        let act = Act {
            by: actor.as_str(),
            evidence,
            policy: writer.policy(),
            now: writer.now(),
        };
        let transition = PolicyInForce::put(writer.next_id()?, live.as_ref(), &act)?;
        if live.is_some() {
            writer.replace(transition, evidence)
        } else {
            writer.insert(transition, evidence)
        }
    })
}
