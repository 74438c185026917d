//! The policy in force: the one that the next is compared with, whatever a change brings along.
//!
//! A file that everybody who asks for access can change decides nothing by itself. The first policy that a registry is
//! used with is put on record; from then on one that is looser in anything counts only after the persons whom tier
//! critical calls for, by the rules that were in force until then, have agreed to exactly that change.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Loosening, Policy};
use crate::canonical::Digest;
use crate::code::{POLICY_LOOSER, Problem};
use crate::id::RecordId;
use crate::lifecycle::printable;
use crate::record::{Act, Evidence, Record, RecordKind, Transition};
use crate::tier::RiskTier;
use crate::time::Timestamp;

/// What a policy is to the one in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyChange {
    /// There was none: it is trusted because it is the first.
    First,
    /// It is the one in force.
    Same,
    /// It is the built-in one, and in nothing looser: it may judge, and replaces nothing, because nobody wrote it.
    Covered,
    /// It differs, and is in nothing looser.
    Stricter,
    /// It is looser in these ways.
    Looser(Vec<Loosening>),
}

impl PolicyChange {
    /// What a policy is to the one in force, if one is.
    pub fn between(in_force: Option<&Policy>, policy: &Policy) -> Self {
        let Some(base) = in_force else {
            return Self::First;
        };
        if base == policy {
            return Self::Same;
        }
        let loosened = policy.loosened_from(base);
        if !loosened.is_empty() {
            Self::Looser(loosened)
        } else if *policy == Policy::default() {
            Self::Covered
        } else {
            Self::Stricter
        }
    }

    /// Whether it takes people to agree to it.
    pub fn is_looser(&self) -> bool {
        matches!(self, Self::Looser(_))
    }
}

/// The policy in force, on record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyInForce {
    id: RecordId,
    revision: u64,
    policy: Policy,
    since: Timestamp,
    by: String,
    #[serde(default, skip_serializing_if = "Evidence::is_empty")]
    evidence: Evidence,
    /// The digest of the trust root that was used last: the next has to come after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    approvers: Option<Digest>,
}

impl PolicyInForce {
    /// The key of the one record of its kind.
    pub const KEY: &'static str = "policy";

    /// Puts the policy of the act in force. One that is looser calls for the approvals of tier critical, by the rules
    /// of the one that it replaces: those whom the change would spare are not the ones to decide it.
    pub fn put(id: RecordId, live: Option<&Self>, act: &Act<'_>) -> Result<Transition<Self>, Problem> {
        let before = live.map(|live| &live.policy);
        let change = PolicyChange::between(before, act.policy);
        let (verb, loosened) = match (&change, live) {
            (PolicyChange::Same | PolicyChange::Covered, Some(live)) => return Ok(Transition::unchanged(live)),
            (PolicyChange::Looser(loosened), Some(live)) => {
                let what = "a looser policy";
                Act {
                    policy: &live.policy,
                    ..*act
                }
                .needs(RiskTier::Critical, what)?;
                ("loosened", loosened.as_slice())
            }
            (PolicyChange::Stricter, Some(_)) => ("tightened", &[][..]),
            (_, None) | (PolicyChange::First, _) => ("adopted", &[][..]),
        };
        let put = Self {
            id: live.map_or(id, |live| live.id),
            revision: live.map_or(1, |live| live.revision.saturating_add(1)),
            policy: act.policy.clone(),
            since: act.now,
            by: printable(act.by),
            evidence: act.evidence.clone(),
            approvers: live.and_then(|live| live.approvers),
        };
        let told = json!({ "policy": act.policy.digest(), "by": put.by });
        let mut transition = Transition::to(put, verb, told);
        if let Some(before) = before {
            transition = transition.noting("before", json!(before.digest()));
        }
        if !loosened.is_empty() {
            transition = transition
                .noting("loosened", json!(loosened))
                .noting("evidence", json!(act.evidence));
        }
        Ok(transition)
    }

    /// Notes which trust root is used. Whether it comes after the one before is for its signatures to say.
    #[must_use]
    pub fn keep_approvers(&self, approvers: Digest, act: &Act<'_>) -> Transition<Self> {
        if self.approvers == Some(approvers) {
            return Transition::unchanged(self);
        }
        let kept = Self {
            revision: self.revision.saturating_add(1),
            approvers: Some(approvers),
            ..self.clone()
        };
        let told = json!({ "approvers": approvers, "before": self.approvers, "by": printable(act.by) });
        Transition::to(kept, "approvers_kept", told)
    }

    /// The digest of the trust root that was used last, if one was.
    pub fn approvers(&self) -> Option<Digest> {
        self.approvers
    }

    /// Refuses a policy that is looser than this one.
    pub fn refuse_looser(&self, policy: &Policy) -> Result<(), Problem> {
        match PolicyChange::between(Some(&self.policy), policy) {
            PolicyChange::Looser(loosened) => Err(looser(&loosened)),
            _ => Ok(()),
        }
    }

    /// It.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Since when.
    pub fn since(&self) -> Timestamp {
        self.since
    }

    /// Who put it in force.
    pub fn by(&self) -> &str {
        &self.by
    }

    /// The approvals that it rests on.
    pub fn evidence(&self) -> &Evidence {
        &self.evidence
    }
}

/// How many ways of being looser a message lists.
const LISTED_MAX: usize = 5;

fn looser(loosened: &[Loosening]) -> Problem {
    let mut ways: Vec<String> = loosened.iter().take(LISTED_MAX).map(ToString::to_string).collect();
    if loosened.len() > LISTED_MAX {
        ways.push(format!("and {} more", loosened.len() - LISTED_MAX));
    }
    let message = format!("the policy is looser than the one in force: {}", ways.join("; "));
    let help = "Use the policy in force, or have the change approved: `nhi policy adopt` says what it takes, and any \
                apply does.";
    Problem::new(&POLICY_LOOSER, message, help)
}

impl Record for PolicyInForce {
    const KIND: RecordKind = RecordKind::Policy;

    fn id(&self) -> RecordId {
        self.id
    }

    fn environment(&self) -> &'static str {
        ""
    }

    fn key(&self) -> String {
        Self::KEY.to_owned()
    }

    fn revision(&self) -> u64 {
        self.revision
    }

    fn ended_at(&self) -> Option<Timestamp> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::{PolicyChange, PolicyInForce};
    use crate::canonical::Digest;
    use crate::id::RecordId;
    use crate::policy::{Policy, Terms};
    use crate::record::{Act, Evidence, Record as _};
    use crate::tier::RiskTier;
    use crate::time::Timestamp;
    use crate::ttl::Ttl;

    fn with(change: impl FnOnce(&mut Terms)) -> Policy {
        let mut terms = Terms::default();
        change(&mut terms);
        Policy::new(terms).unwrap()
    }

    fn low_ttl(hours: u64) -> Policy {
        with(|terms| terms.tier.low.identity_ttl_max = Ttl::from_seconds(hours * 3600))
    }

    fn agreed(persons: u8) -> Evidence {
        Evidence {
            request: (persons > 0).then(|| Digest::of(b"request")),
            approvals: (0..persons).map(|number| Digest::of(&[number])).collect(),
            approved_by: (0..persons).map(|number| format!("user:{number}")).collect(),
            waived: false,
        }
    }

    fn put(
        live: Option<&PolicyInForce>,
        policy: &Policy,
        evidence: &Evidence,
    ) -> Result<(PolicyInForce, String), String> {
        let act = Act {
            by: "user:asks",
            evidence,
            policy,
            now: Timestamp::from_unix(1_800_000_000),
        };
        let id = RecordId::new(act.now, 7);
        let transition = PolicyInForce::put(id, live, &act).map_err(|problem| problem.code.id.to_owned())?;
        let verb = transition.event.map(|event| event.action).unwrap_or_default();
        Ok((transition.record, verb))
    }

    #[test]
    fn what_a_policy_is_to_the_one_in_force() {
        let (built_in, strict, lax) = (Policy::default(), low_ttl(4319), low_ttl(4321));
        for (base, head, wanted) in [
            (None, &lax, "first"),
            (Some(&built_in), &built_in, "same"),
            (Some(&strict), &strict, "same"),
            (Some(&built_in), &strict, "stricter"),
            (Some(&built_in), &lax, "looser"),
            (Some(&lax), &built_in, "covered"),
            (Some(&strict), &built_in, "looser"),
            (Some(&lax), &strict, "stricter"),
            (Some(&strict), &lax, "looser"),
        ] {
            let found = match PolicyChange::between(base, head) {
                PolicyChange::First => "first",
                PolicyChange::Same => "same",
                PolicyChange::Covered => "covered",
                PolicyChange::Stricter => "stricter",
                PolicyChange::Looser(_) => "looser",
            };
            assert_eq!(found, wanted);
        }
    }

    #[test]
    fn only_the_people_of_the_one_in_force_let_it_be_looser() {
        let (first, verb) = put(None, &low_ttl(4318), &agreed(0)).unwrap();
        assert_eq!(verb, "policy.adopted");
        // Tier critical calls for three; one that asks for none itself is judged by the one it replaces.
        let lax = with(|terms| {
            for tier in RiskTier::ALL {
                let approvals = &mut terms.tier.of_mut(tier).approvals;
                (approvals.count, approvals.policy_owner, approvals.security) = (0, false, false);
            }
        });
        for persons in 0..3 {
            assert_eq!(
                put(Some(&first), &lax, &agreed(persons)).unwrap_err(),
                "NHI-APPROVAL",
                "{persons}"
            );
        }
        let mut own = agreed(3);
        own.approved_by[0] = "user:asks".to_owned();
        assert_eq!(
            put(Some(&first), &lax, &own).unwrap_err(),
            "NHI-APPROVAL",
            "who asks does not count"
        );
        let (second, verb) = put(Some(&first), &lax, &agreed(3)).unwrap();
        assert_eq!(
            (verb.as_str(), second.revision(), second.id()),
            ("policy.loosened", 2, first.id())
        );
        assert_eq!(
            put(Some(&second), &lax, &agreed(0)).unwrap(),
            (second.clone(), String::new())
        );
        let (third, verb) = put(Some(&second), &low_ttl(4317), &agreed(0)).unwrap();
        assert_eq!((verb.as_str(), third.revision()), ("policy.tightened", 3));
        // The built-in one is what a command has that is told of none: it may judge, and replaces nothing.
        let (same, verb) = put(Some(&second), &Policy::default(), &agreed(0)).unwrap();
        assert_eq!((same, verb.as_str()), (second.clone(), ""));
        assert!(second.refuse_looser(&Policy::default()).is_ok());
        assert_eq!(third.refuse_looser(&lax).unwrap_err().code.id, "NHI-POLICY-LOOSER");
        assert_eq!(PolicyInForce::from_json(&second.to_canonical_json()).unwrap(), second);
    }
}
