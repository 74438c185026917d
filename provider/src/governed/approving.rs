//! Approvals: what a change calls for, whether it has it, and the evidence that the registry uses up.
//!
//! Plan and apply judge by the same rules. An apply judges in the same call that writes, so that what a plan found may
//! have expired or been used meanwhile without doing harm.

use std::borrow::Cow;
use std::path::PathBuf;

use nhi_approvals::{Hearing, LIFE_DAYS_MAX, REQUESTER_VARIABLE, Request, RequestContext, Trust, disk, requesters};
use nhi_governance::{
    Act, Context, Declaration, Declared as _, Digest, Environment, Evidence, Name, Policy, PolicyInForce, Problem,
    Registered, RiskTier, Timestamp, TrustDomain, adopt, tier_of_change, update,
};
use nhi_registry::{CLOCK_SKEW_SECONDS_MAX, RecordsExt as _, Registry, RegistryError};

use super::{Found, Governed, Spec, Trouble};

/// The code of a transition that lacks approvals.
const LACKS_APPROVALS: &str = "NHI-APPROVAL";

/// What the provider block says of approvals.
#[derive(Debug, Clone)]
pub(crate) struct Approving {
    /// The organisation, where it is not that of the policy or the trust root.
    pub(crate) organisation: Option<Name>,
    /// The trust root, and the digest that is pinned.
    pub(crate) approvers: Option<(PathBuf, Digest)>,
    /// Where requests and approvals lie.
    pub(crate) directory: PathBuf,
    /// Whether a change without approvals is refused; else it is only warned of.
    pub(crate) enforces: bool,
}

/// A change that lacks approvals.
#[derive(Debug)]
pub(crate) struct Lacking {
    pub(crate) tier: RiskTier,
    pub(crate) calls_for: String,
    /// What is missing, in words.
    pub(crate) missing: Vec<String>,
    /// What lies there and does not count, with its reason.
    pub(crate) refused: Vec<String>,
    /// The request and the directory of requests, where there is a trust root to judge it by.
    pub(crate) request: Option<(Box<Request>, PathBuf)>,
    /// Why the request could not be written where approvers look for it.
    pub(crate) unwritten: Option<String>,
    /// Where the configuration would waive them, and the policy in force does not let it: in which environment.
    pub(crate) unwaivable: Option<String>,
}

/// How a change stands.
#[derive(Debug)]
pub(crate) enum Approved {
    /// It may go ahead.
    Yes(Evidence),
    /// It may go ahead although approvals are missing, because the configuration says so.
    Waived(Box<Lacking>),
}

impl Approved {
    /// What the registry is given.
    pub(crate) fn evidence(self) -> Evidence {
        match self {
            Self::Yes(evidence) => evidence,
            Self::Waived(_) => Evidence::waived(),
        }
    }
}

impl Approving {
    /// Reads the trust root, if there is one.
    pub(crate) fn trust(&self) -> Result<Option<Trust>, Problem> {
        self.trust_after(None)
    }

    /// The same, where one is on record that it has to come after.
    pub(crate) fn trust_after(&self, on_record: Option<Digest>) -> Result<Option<Trust>, Problem> {
        let read = |(path, pinned): &(PathBuf, Digest)| disk::read_trust_after(path, *pinned, on_record);
        self.approvers.as_ref().map(read).transpose()
    }
}

impl Governed {
    /// What the provider block says of approvals, if that is known.
    pub(crate) fn approving(&self) -> Option<&Approving> {
        self.settings.get()?.approving.as_ref()
    }

    /// Whether a change may go ahead. `create` brings no identity, and everything else the one on record.
    ///
    /// The registry is created where there is none and approvals are called for: its id is part of what is approved.
    pub(crate) fn approved(&self, previous: Option<&Found>, declaration: &Declaration) -> Result<Approved, Trouble> {
        let policy = self.policy().ok_or(Trouble::Unknown("policy"))?;
        let approving = self.approving().ok_or(Trouble::Unknown("approvals"))?;
        if !self.calls_for_approval(policy, previous, declaration)? {
            return Ok(Approved::Yes(Evidence::default()));
        }
        let previous = previous.map(|found| &found.identity);
        let registry = self.registry_or_read_only()?;
        if previous.is_none()
            && let Some(trust_domain) = self.trust_domain()
            && let Some(evidence) = left_behind(&*registry, trust_domain, declaration)?
        {
            return Ok(Approved::Yes(evidence));
        }
        let incarnations = registry.incarnations(declaration.environment(), declaration.name())?;
        let asked = self.asked(&*registry, incarnations)?;
        let tier = previous.map_or_else(
            || declaration.assess(policy).tier,
            |before| tier_of_change(policy, before.declaration(), declaration),
        );
        let request = |context: &RequestContext<'_>| Request::for_identity(context, previous, declaration);
        let waiver = waiver(&*registry, policy, Some(declaration.environment()))?;
        settle(
            approving,
            &waiver,
            judged(approving, self.trust(approving)?, policy, tier, &asked, request)?,
        )
    }

    /// Whether a record of any other kind may be created or changed, by the same rules.
    pub(crate) fn approved_record<S: Spec>(
        &self,
        previous: Option<&Registered<S::Declared>>,
        declared: &S::Declared,
    ) -> Result<Approved, Trouble> {
        let policy = self.policy().ok_or(Trouble::Unknown("policy"))?;
        let approving = self.approving().ok_or(Trouble::Unknown("approvals"))?;
        let tier = previous.map_or(declared.tier(), |before| {
            before.declaration().tier().max(declared.tier())
        });
        let is_same = |before: &Registered<S::Declared>| before.declaration().to_json() == declared.to_json();
        if policy.approvals(tier).persons() == 0 || previous.is_some_and(is_same) {
            return Ok(Approved::Yes(Evidence::default()));
        }
        let registry = self.registry_or_read_only()?;
        let key = declared.key();
        let (environment, incarnations, live) = registry.reading(|view| {
            let environment = S::environment(declared, view)?;
            let incarnations = view.incarnations(S::Declared::KIND, &environment, &key)?;
            let live: Option<Registered<S::Declared>> = view.find(&environment, &key)?;
            Ok((environment, incarnations, live))
        })?;
        // A creation that was cut off was approved then, and its approvals are used up.
        if previous.is_none()
            && let Some(left) = live.filter(|live| live.adopt(declared).is_some())
        {
            return Ok(Approved::Yes(left.evidence().clone()));
        }
        let environment = match environment.as_str() {
            "" => None,
            text => Some(Environment::parse(text).map_err(RegistryError::from)?),
        };
        let asked = self.asked(&*registry, incarnations)?;
        let waiver = waiver(&*registry, policy, environment.as_ref())?;
        let request = |context: &RequestContext<'_>| Request::for_record(context, environment, previous, declared);
        settle(
            approving,
            &waiver,
            judged(approving, self.trust(approving)?, policy, tier, &asked, request)?,
        )
    }

    /// The trust root, if there is one, and if it comes after the one that was used last.
    pub(crate) fn trust(&self, approving: &Approving) -> Result<Option<Trust>, Trouble> {
        let in_force = self.ask(|registry| registry.policy_in_force())?.flatten();
        let on_record = in_force.and_then(|in_force| in_force.approvers());
        approving.trust_after(on_record).map_err(Trouble::Approvers)
    }

    /// The names that whoever asks goes by.
    pub(crate) fn requesters(&self) -> Vec<String> {
        let others = std::env::var(REQUESTER_VARIABLE).unwrap_or_default();
        requesters(self.actor.as_str(), others.split(','))
    }

    pub(super) fn asked(&self, registry: &dyn Registry, incarnations: u64) -> Result<Asked, RegistryError> {
        Ok(Asked {
            registry_id: registry.registry_id()?,
            incarnations,
            now: registry.now()?,
            requesters: self.requesters(),
        })
    }

    /// What the life cycle has against bringing an identity back by a change that has these approvals.
    pub(crate) fn refuses_return(
        &self,
        found: &Found,
        declaration: &Declaration,
        evidence: &Evidence,
    ) -> Option<Problem> {
        let act = Act {
            by: self.actor.as_str(),
            evidence,
            policy: self.policy()?,
            now: found.now,
        };
        let updated = update(&found.identity, declaration.clone(), &found.context, &act);
        let of_return = |problem: &Problem| {
            matches!(
                problem.code.id,
                "NHI-EXPIRED" | "NHI-QUARANTINE" | "NHI-RESUME" | "NHI-SUSPENDED"
            )
        };
        updated.err().filter(of_return)
    }

    /// Whether `enforcement` is `warn`, and counts there. What cannot be found out does not.
    pub(crate) fn warns_only(&self, environment: Option<&Environment>) -> bool {
        let (Some(policy), Some(approving)) = (self.policy(), self.approving()) else {
            return false;
        };
        let asked = || self.ask(|registry| waiver(registry, policy, environment));
        !approving.enforces && asked().ok().flatten().is_some_and(|waiver| waiver.counts)
    }

    /// Asks the life cycle itself, with no approvals at hand.
    fn calls_for_approval(
        &self,
        policy: &Policy,
        previous: Option<&Found>,
        declaration: &Declaration,
    ) -> Result<bool, Trouble> {
        let Some(found) = previous else {
            return Ok(policy.approvals(declaration.assess(policy).tier).persons() > 0);
        };
        let act = Act {
            by: self.actor.as_str(),
            evidence: &Evidence::default(),
            policy,
            now: found.now,
        };
        let context = self.context_of(found, declaration)?;
        let updated = update(&found.identity, declaration.clone(), &context, &act);
        Ok(matches!(updated, Err(problem) if problem.code.id == LACKS_APPROVALS))
    }

    /// What an identity will be judged by once it is declared like this.
    fn context_of<'f>(&self, found: &'f Found, declaration: &Declaration) -> Result<Cow<'f, Context>, Trouble> {
        if Context::is_shared(found.identity.declaration(), declaration) {
            return Ok(Cow::Borrowed(&found.context));
        }
        let context = self.ask(|registry| registry.reading(|view| view.context(declaration)))?;
        Ok(Cow::Owned(context.unwrap_or_default()))
    }
}

/// Whether `enforcement = "warn"` counts, by the policy and by the one in force: a change does not let itself in.
pub(super) fn waiver(
    registry: &dyn Registry,
    policy: &Policy,
    environment: Option<&Environment>,
) -> Result<Waiver, RegistryError> {
    let in_force = registry.policy_in_force()?;
    let in_force = in_force.as_ref().map_or(policy, PolicyInForce::policy);
    Ok(Waiver {
        counts: [policy, in_force]
            .into_iter()
            .all(|policy| policy.allows_warn(environment)),
        environment: environment.map(ToString::to_string),
    })
}

/// Of a creation that was cut off: it was approved then, and its approvals are used up.
fn left_behind(
    registry: &dyn Registry,
    trust_domain: &TrustDomain,
    declaration: &Declaration,
) -> Result<Option<Evidence>, Trouble> {
    let Some(identity) = registry.find_live(declaration.environment(), declaration.name())? else {
        return Ok(None);
    };
    let context = registry.reading(|view| view.context(declaration))?;
    let taken_up = adopt(&identity, trust_domain, declaration, &context, registry.now()?);
    Ok(taken_up.map(|_| identity.evidence().clone()))
}

/// What the registry knows of a change, and who asks.
pub(super) struct Asked {
    registry_id: String,
    incarnations: u64,
    now: Timestamp,
    requesters: Vec<String>,
}

/// Whether missing approvals may only be warned of, and where.
pub(super) struct Waiver {
    counts: bool,
    environment: Option<String>,
}

/// What comes of it; a request that lacks approvals is left where approvers look for it.
pub(super) fn settle(
    approving: &Approving,
    waiver: &Waiver,
    judged: Result<Evidence, Box<Lacking>>,
) -> Result<Approved, Trouble> {
    match judged {
        Ok(evidence) => Ok(Approved::Yes(evidence)),
        Err(lacking) if !approving.enforces && waiver.counts => Ok(Approved::Waived(lacking)),
        Err(mut lacking) => {
            if !approving.enforces {
                let named = waiver.environment.as_ref().map(|name| format!("in `{name}`"));
                lacking.unwaivable = Some(named.unwrap_or_else(|| "for what belongs to no environment".to_owned()));
            }
            if let Some((request, directory)) = &lacking.request {
                let written = disk::write_request(directory, request);
                lacking.unwritten = written.err().map(|problem| problem.message);
            }
            Err(Trouble::Lacking(lacking))
        }
    }
}

pub(super) fn judged(
    approving: &Approving,
    trust: Option<Trust>,
    policy: &Policy,
    tier: RiskTier,
    asked: &Asked,
    request: impl FnOnce(&RequestContext<'_>) -> Request,
) -> Result<Result<Evidence, Box<Lacking>>, Trouble> {
    let mut lacking = Lacking {
        tier,
        calls_for: policy.approvals(tier).to_string(),
        missing: Vec::new(),
        refused: Vec::new(),
        request: None,
        unwritten: None,
        unwaivable: None,
    };
    let Some(Trust { root, .. }) = trust else {
        lacking
            .missing
            .push("a trust root: `approvers` and `approvers_digest` of the provider name it".to_owned());
        return Ok(Err(Box::new(lacking)));
    };
    let hearing = Hearing {
        directory: &approving.directory,
        root: &root,
        organisation: approving.organisation.as_ref(),
        policy,
        tier,
        registry_id: &asked.registry_id,
        incarnations: asked.incarnations,
        now: asked.now,
        clock_skew_seconds: CLOCK_SKEW_SECONDS_MAX,
        requesters: &asked.requesters,
    };
    let (request, verdict) = hearing.hold(request).map_err(Trouble::Approvers)?;
    if verdict.is_enough() {
        return Ok(Ok(verdict.evidence()));
    }
    let refused = verdict
        .refused
        .iter()
        .map(|refused| format!("{}: {}", refused.source, refused.reason));
    lacking.refused = refused.collect();
    lacking.missing = verdict.missing;
    lacking.request = Some((Box::new(request), approving.directory.clone()));
    Ok(Err(Box::new(lacking)))
}

impl Lacking {
    /// What is wrong, in a line.
    pub(crate) fn summary(&self) -> String {
        let summary = format!("tier {} calls for {}", self.tier, self.calls_for);
        match &self.unwaivable {
            Some(place) => format!("{summary}, and `enforcement = \"warn\"` does not count {place}"),
            None => summary,
        }
    }

    /// What is missing, and what to do about it.
    pub(crate) fn detail(&self) -> String {
        let mut lines = vec!["Missing:".to_owned()];
        lines.extend(self.missing.iter().map(|missing| format!("  - {missing}")));
        if !self.refused.is_empty() {
            lines.push("What lies there and does not count:".to_owned());
            lines.extend(self.refused.iter().map(|refused| format!("  - {refused}")));
        }
        if let Some(place) = &self.unwaivable {
            lines.push(format!(
                "The policy in force does not let approvals be waived {place}. Get them, or have the policy say `warn = \
                 true` in the `environment` block of every environment that this concerns, which is a loosening and takes \
                 the people of tier critical. (NHI-ENFORCEMENT)"
            ));
        }
        if let Some((request, directory)) = &self.request {
            let digest = request.digest();
            lines.push(String::new());
            lines.push(format!("The digest of the request is {digest}."));
            match &self.unwritten {
                None => lines.push(format!(
                    "Commit {} to the branch of this change, and let approvers run:",
                    disk::directory(directory, digest).display()
                )),
                Some(why) => lines.push(format!(
                    "It could not be written for approvers ({why}). Save this line as {}, and let them run:\n{}\n",
                    disk::directory(directory, digest).join(disk::REQUEST_FILE).display(),
                    request.to_canonical_json()
                )),
            }
            lines.push(format!("  nhi approve {digest}"));
            lines.push(format!(
                "Approvals are good for {LIFE_DAYS_MAX} days at most, and for one use."
            ));
        }
        lines.join("\n")
    }
}
