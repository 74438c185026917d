//! The policy in force: a plan says what another one takes, an apply puts it in force, and neither grants anything
//! under one that is looser before the people of tier critical agreed to it.

use nhi_approvals::Request;
use nhi_governance::{Declaration, Evidence, Loosening, Name, Policy, PolicyChange, PolicyInForce, RiskTier};
use nhi_registry::{RecordsExt as _, RegistryError};
use tfplugin::log;

use super::approving::{Approved, judged, settle, waiver};
use super::{Governed, Trouble};

/// How a policy stands before something is done under it.
enum Ruling {
    /// Nothing has to be put on record.
    InForce,
    /// It is to be put in force, by these approvals.
    Next(Approved),
}

impl Governed {
    /// In what the policy is looser than the one in force; nothing where it is not, or nothing is known yet.
    pub(crate) fn loosened(&self) -> Result<Vec<Loosening>, Trouble> {
        let (Some(policy), Some(_)) = (self.policy(), self.location()) else {
            return Ok(Vec::new());
        };
        Ok(match self.policy_change(policy)?.1 {
            PolicyChange::Looser(loosened) => loosened,
            _ => Vec::new(),
        })
    }

    /// At plan: refuses a looser policy that too few agreed to, or says that this was waived.
    pub(crate) fn ruled(&self) -> Result<Option<Approved>, Trouble> {
        if self.ruled.get().or(self.seen_in_force.get()).is_some() {
            return Ok(None);
        }
        let ruling = self.ruling()?;
        Ok(match ruling {
            Ruling::Next(approved @ Approved::Waived(_)) => Some(approved),
            Ruling::InForce => {
                let _ = self.seen_in_force.set(());
                None
            }
            Ruling::Next(_) => None,
        })
    }

    /// At apply: puts the policy in force if it is not. The registry compares again in the same transaction, so that
    /// of several that come here at once one writes and the others find it done.
    pub(crate) fn rule(&self) -> Result<(), Trouble> {
        if self.ruled.get().is_some() {
            return Ok(());
        }
        let ruling = self.ruling()?;
        let approving = self.approving().ok_or(Trouble::Unknown("approvals"))?;
        let trust = self.trust(approving)?;
        let registry = self.registry()?;
        if let Ruling::Next(approved) = ruling {
            let put = registry.put_policy_in_force(&self.actor, &approved.evidence())?;
            log::info(
                "the policy is in force",
                &[("policy", put.policy().digest().to_string().into())],
            );
        }
        let on_record = registry.policy_in_force()?;
        let on_record = on_record.and_then(|in_force| in_force.approvers());
        if let Some(trust) = trust.filter(|trust| Some(trust.root.digest) != on_record) {
            registry.keep_approvers(&self.actor, trust.root.digest)?;
        }
        let _ = self.ruled.set(());
        Ok(())
    }

    /// At plan: what is held by exception only needs one that is in force.
    pub(crate) fn refuse_unexcepted(&self, declaration: &Declaration) -> Result<(), Trouble> {
        let Some(excepted) = declaration
            .calls_for_exception()
            .filter(|_| !declaration.wants_suspension())
        else {
            return Ok(());
        };
        match self.ask(|registry| registry.reading(|view| view.refuse_unexcepted(declaration, view.now()?)))? {
            None => Err(RegistryError::from(excepted.missing()).into()),
            Some(()) => Ok(()),
        }
    }

    fn policy_change(&self, policy: &Policy) -> Result<(Option<PolicyInForce>, PolicyChange), Trouble> {
        let in_force = self.ask(|registry| registry.policy_in_force())?.flatten();
        let change = PolicyChange::between(in_force.as_ref().map(PolicyInForce::policy), policy);
        Ok((in_force, change))
    }

    fn ruling(&self) -> Result<Ruling, Trouble> {
        let policy = self.policy().ok_or(Trouble::Unknown("policy"))?;
        let (in_force, change) = self.policy_change(policy)?;
        let (Some(in_force), PolicyChange::Looser(loosened)) = (&in_force, &change) else {
            return Ok(match change {
                PolicyChange::Same | PolicyChange::Covered => Ruling::InForce,
                _ => Ruling::Next(Approved::Yes(Evidence::default())),
            });
        };
        let base = in_force.policy();
        let approving = self.approving().ok_or(Trouble::Unknown("approvals"))?;
        let of = |policy: &Policy| {
            let organisation = policy.organisation()?;
            Name::parse(organisation.as_str()).ok()
        };
        let mut approving = approving.clone();
        approving.organisation = approving.organisation.or_else(|| of(base)).or_else(|| of(policy));
        let registry = self.registry_or_read_only()?;
        // Of the request only what decides is asked of the registry: it is the same wherever the policy is used.
        let asked = self.asked(&*registry, 0)?;
        let request =
            |context: &nhi_approvals::RequestContext<'_>| Request::for_policy(context.organisation, base, policy);
        let waiver = waiver(&*registry, base, None)?;
        let settled = settle(
            &approving,
            &waiver,
            judged(
                &approving,
                self.trust(&approving)?,
                base,
                RiskTier::Critical,
                &asked,
                request,
            )?,
        );
        match settled {
            Ok(approved) => Ok(Ruling::Next(approved)),
            Err(Trouble::Lacking(lacking)) => Err(Trouble::Looser {
                loosened: loosened.clone(),
                lacking,
            }),
            Err(trouble) => Err(trouble),
        }
    }
}

/// What a policy is looser in, a line each.
pub(crate) fn listed(loosened: &[Loosening]) -> String {
    let lines: Vec<String> = loosened.iter().map(|loosening| format!("  - {loosening}")).collect();
    lines.join("\n")
}
