//! The approvals of a change that is asked for here and not by an apply: the same requests, judged by the same rules.

use clap::ValueEnum;
use nhi_approvals::{Hearing, REQUESTER_VARIABLE, Request, RequestContext, Requirement, Verdict, disk, requesters};
use nhi_governance::{
    Declaration, Digest, Environment, Evidence, Identity, Name, Policy, PolicyInForce, RiskTier, tier_of_change,
};
use nhi_registry::{Actor, CLOCK_SKEW_SECONDS_MAX, Registry};

use crate::approvals;
use crate::exit::{Exit, Failure};
use crate::operate::trusted;
use crate::registry;

/// At most this many of the requests that lack approvals are listed.
const LISTED_MAX: usize = 10;

/// Where approvals are, and what becomes of a change that lacks them.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub(crate) struct Args {
    #[command(flatten)]
    trusted: trusted::Args,
    /// Whether a change that lacks approvals is refused, or only warned of; a waiver stays on record
    #[arg(long, value_enum, value_name = "WORD", default_value_t = Enforcement::Enforce)]
    enforcement: Enforcement,
    /// Who asks, by name or login, besides the user of this process: their own approval does not count
    #[arg(long = "requester", value_name = "NAME")]
    requesters: Vec<String>,
}

/// What becomes of a change that lacks approvals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Enforcement {
    /// It is refused.
    Enforce,
    /// It goes ahead, and stays on record as one that lacked them.
    Warn,
}

/// A change that lacks approvals.
#[derive(Debug)]
pub(crate) struct Lacking {
    name: String,
    calls_for: String,
    missing: Vec<String>,
    digest: Option<Digest>,
    /// Whether they would have been waived, and the policy in force does not let them be.
    is_unwaivable: bool,
}

/// Whether missing approvals may only be warned of: by the policy, and by the one in force.
fn waivable(policy: &Policy, registry: &dyn Registry, environment: Option<&Environment>) -> Result<bool, Failure> {
    let in_force = registry.policy_in_force();
    let in_force = in_force.map_err(|error| registry::failure(&error))?;
    let in_force = in_force.as_ref().map_or(policy, PolicyInForce::policy);
    Ok([policy, in_force]
        .into_iter()
        .all(|policy| policy.allows_warn(environment)))
}

impl Args {
    /// The approvals of changing an identity to a declaration, or what is missing, with the request for it written.
    pub(crate) fn evidence(
        &self,
        policy: &Policy,
        registry: &dyn Registry,
        actor: &Actor,
        identity: &Identity,
        declaration: &Declaration,
    ) -> Result<Result<Evidence, Lacking>, Failure> {
        let tier = tier_of_change(policy, identity.declaration(), declaration);
        let requirement = Requirement::of(policy, tier);
        let verdict = self.verdict(policy, registry, actor, identity, declaration)?;
        if let Some((_, verdict)) = verdict.as_ref().filter(|(_, verdict)| verdict.is_enough()) {
            return Ok(Ok(verdict.evidence()));
        }
        if requirement.is_nothing() {
            return Ok(Ok(Evidence::default()));
        }
        let is_waived = self.enforcement == Enforcement::Warn;
        if is_waived && waivable(policy, registry, Some(declaration.environment()))? {
            return Ok(Ok(Evidence::waived()));
        }
        let mut lacking = Lacking {
            is_unwaivable: is_waived,
            name: format!("{}/{}", declaration.environment(), declaration.name()),
            calls_for: format!("tier {tier} calls for {requirement}"),
            missing: vec!["a trust root that is pinned by `--approvers-digest`".to_owned()],
            digest: None,
        };
        self.note(&mut lacking, verdict)?;
        Ok(Err(lacking))
    }

    /// The approvals of a policy that is looser than the one in force, by the rules of that one.
    pub(crate) fn policy_evidence(
        &self,
        base: &Policy,
        head: &Policy,
        registry: &dyn Registry,
        actor: &Actor,
    ) -> Result<Result<Evidence, Lacking>, Failure> {
        let tier = RiskTier::Critical;
        let of = |policy: &Policy| Name::parse(policy.organisation()?.as_str()).ok();
        let organisation = of(base).or_else(|| of(head));
        let place = (base.digest().to_string(), 0);
        let verdict = self.heard(base, tier, organisation.as_ref(), place, registry, actor, |context| {
            Request::for_policy(context.organisation, base, head)
        })?;
        if let Some((_, verdict)) = verdict.as_ref().filter(|(_, verdict)| verdict.is_enough()) {
            return Ok(Ok(verdict.evidence()));
        }
        let is_waived = self.enforcement == Enforcement::Warn;
        if is_waived && waivable(base, registry, None)? {
            return Ok(Ok(Evidence::waived()));
        }
        let mut lacking = Lacking {
            is_unwaivable: is_waived,
            name: "policy".to_owned(),
            calls_for: format!("a looser policy calls for {}", Requirement::of(base, tier)),
            missing: vec!["a trust root that is pinned by `--approvers-digest`".to_owned()],
            digest: None,
        };
        self.note(&mut lacking, verdict)?;
        Ok(Err(lacking))
    }

    /// Leaves the request where approvers look for it, and says what is missing of it.
    fn note(&self, lacking: &mut Lacking, verdict: Option<(Request, Verdict)>) -> Result<(), Failure> {
        let Some((request, verdict)) = verdict else {
            return Ok(());
        };
        disk::write_request(&self.trusted.place.approvals, &request).map_err(|problem| approvals::failure(&problem))?;
        lacking.missing = verdict.missing;
        let refused = verdict.refused.iter();
        let refused = refused.map(|refused| format!("{} does not count: {}", refused.source, refused.reason));
        lacking.missing.extend(refused);
        lacking.digest = Some(verdict.request_digest);
        Ok(())
    }

    /// How the request for a change stands, where there is a trust root to judge it by.
    fn verdict(
        &self,
        policy: &Policy,
        registry: &dyn Registry,
        actor: &Actor,
        identity: &Identity,
        declaration: &Declaration,
    ) -> Result<Option<(Request, Verdict)>, Failure> {
        let tier = tier_of_change(policy, identity.declaration(), declaration);
        let incarnations = registry.incarnations(declaration.environment(), declaration.name());
        let incarnations = incarnations.map_err(|error| registry::failure(&error))?;
        let id = registry.registry_id().map_err(|error| registry::failure(&error))?;
        self.heard(policy, tier, None, (id, incarnations), registry, actor, |context| {
            Request::for_identity(context, Some(identity), declaration)
        })
    }

    #[expect(clippy::too_many_arguments, reason = "each is one thing that a hearing asks for")]
    fn heard(
        &self,
        policy: &Policy,
        tier: RiskTier,
        organisation: Option<&Name>,
        (registry_id, incarnations): (String, u64),
        registry: &dyn Registry,
        actor: &Actor,
        request: impl FnOnce(&RequestContext<'_>) -> Request,
    ) -> Result<Option<(Request, Verdict)>, Failure> {
        let Some(trust) = self.trusted.trust(registry)? else {
            return Ok(None);
        };
        let others = std::env::var(REQUESTER_VARIABLE).unwrap_or_default();
        let others = others.split(',').chain(self.requesters.iter().map(String::as_str));
        let hearing = Hearing {
            directory: &self.trusted.place.approvals,
            root: &trust.root,
            organisation,
            policy,
            tier,
            registry_id: &registry_id,
            incarnations,
            now: registry.now().map_err(|error| registry::failure(&error))?,
            clock_skew_seconds: CLOCK_SKEW_SECONDS_MAX,
            requesters: &requesters(actor.as_str(), others),
        };
        let held = hearing.hold(request);
        held.map(Some).map_err(|problem| approvals::failure(&problem))
    }
}

/// The refusal of changes that lack approvals: what is missing of each, and how to get it.
#[cold]
pub(crate) fn refusal(lacking: &[Lacking], of: usize) -> Failure {
    let message = match lacking {
        [one] if of == 1 => format!("`{}` lacks approvals: {}", one.name, one.calls_for),
        several => format!("{} of {of} changes lack approvals, and none was made", several.len()),
    };
    let mut lines: Vec<String> = lacking.iter().take(LISTED_MAX).map(Lacking::line).collect();
    if lacking.len() > LISTED_MAX {
        lines.push(format!("and {} more", lacking.len() - LISTED_MAX));
    }
    if lacking.iter().any(|lacking| lacking.is_unwaivable) {
        lines.push("NHI-ENFORCEMENT: the policy in force does not let them be waived there".to_owned());
    }
    if lacking.iter().any(|lacking| lacking.digest.is_some()) {
        lines.push("commit the requests, have approvers run these commands, and run this one again".to_owned());
    }
    Failure {
        exit: Exit::Findings,
        message: format!("NHI-APPROVAL: {message}"),
        help: lines.join("; "),
    }
}

impl Lacking {
    fn line(&self) -> String {
        let command = self
            .digest
            .map_or_else(String::new, |digest| format!(": nhi approve {digest}"));
        format!("`{}` lacks {}{command}", self.name, self.missing.join("; "))
    }
}

/// What no approval can help is refused before anybody is asked for one. Nothing is ever written by this.
pub(crate) fn agreed_by_somebody(policy: &Policy) -> Evidence {
    Evidence {
        approvals: vec![policy.digest(), Digest::of(b"somebody")],
        approved_by: vec!["somebody".to_owned(), "somebody else".to_owned()],
        ..Evidence::waived()
    }
}
