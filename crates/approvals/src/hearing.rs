//! From a change to how its request stands: what is asked for, by whom, and what lies among the approvals.
//!
//! Plan, apply and command go this way, so that what one of them counts the others do not judge otherwise.

use std::path::Path;

use nhi_governance::{Evidence, Name, Policy, RiskTier, Timestamp};

use crate::code::Problem;
use crate::disk;
use crate::judge::{Question, Verdict, judge};
use crate::request::{Request, RequestContext};
use crate::requirement::Requirement;
use crate::root::TrustRoot;

/// The variable that names who asks, besides the user of the process, for a runner that acts for somebody: names with
/// commas between them.
pub const REQUESTER_VARIABLE: &str = "NHI_REQUESTER";

/// What a change is judged by.
#[derive(Debug)]
pub struct Hearing<'a> {
    /// Where requests and approvals lie.
    pub directory: &'a Path,
    /// Who may approve.
    pub root: &'a TrustRoot,
    /// The organisation, where it is not that of the policy or of the trust root.
    pub organisation: Option<&'a Name>,
    /// The organisation's policy.
    pub policy: &'a Policy,
    /// The tier that decides what it takes.
    pub tier: RiskTier,
    /// The id of the registry that will record it.
    pub registry_id: &'a str,
    /// How many things of that kind, environment and name the registry has had before.
    pub incarnations: u64,
    /// The time to judge by.
    pub now: Timestamp,
    /// By how many seconds the clock of a signer may be ahead.
    pub clock_skew_seconds: i64,
    /// The names that who asks goes by; see [`requesters`].
    pub requesters: &'a [String],
}

impl Hearing<'_> {
    /// Makes the request and judges what lies there for it.
    ///
    /// # Errors
    /// What lies among the approvals cannot be read.
    pub fn hold(&self, request: impl FnOnce(&RequestContext<'_>) -> Request) -> Result<(Request, Verdict), Problem> {
        let of_policy = self.policy.organisation();
        let of_policy = of_policy.and_then(|organisation| Name::parse(organisation.as_str()).ok());
        let request = request(&RequestContext {
            organisation: self
                .organisation
                .or(of_policy.as_ref())
                .unwrap_or(&self.root.organisation),
            policy: self.policy,
            registry_id: self.registry_id,
            incarnations: self.incarnations,
        });
        let found = disk::read_approvals(self.directory, request.digest())?;
        let question = Question {
            request: &request,
            root: self.root,
            requirement: Requirement::of_request(self.policy, self.tier, &request),
            now: self.now,
            clock_skew_seconds: self.clock_skew_seconds,
            requesters: self.requesters,
        };
        let verdict = judge(&question, found);
        Ok((request, verdict))
    }
}

impl Verdict {
    /// What the registry uses up and keeps.
    pub fn evidence(&self) -> Evidence {
        let persons = self.accepted.iter().map(|accepted| accepted.person.to_string());
        let mut approved_by: Vec<String> = persons.collect();
        approved_by.sort();
        Evidence {
            // Where nobody approved, there is nothing to use up.
            request: (!approved_by.is_empty()).then_some(self.request_digest),
            approvals: self.digests(),
            approved_by,
            waived: false,
        }
    }
}

/// The names that who asks goes by: the actor, its user without the host, and others that are told.
pub fn requesters<'a>(actor: &'a str, others: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let user = actor.split_once('@').map(|(user, _)| user);
    let names = std::iter::once(actor).chain(user).chain(others).map(str::trim);
    names.filter(|name| !name.is_empty()).map(ToOwned::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::requesters;

    #[test]
    fn who_asks_has_many_names() {
        let of = |actor, variable: &'static str| requesters(actor, variable.split(','));
        assert_eq!(requesters("alice@build-7", None), ["alice@build-7", "alice"]);
        assert_eq!(
            of("runner@build-7", "alice-gh, alice@example.com ,"),
            ["runner@build-7", "runner", "alice-gh", "alice@example.com"]
        );
        assert_eq!(of("alice", ""), ["alice"]);
    }
}
