//! Plans `nhi_identity` without a clock: equal input gives an equal plan, at plan and again at apply.
//!
//! What depends on the time of the apply is unknown where it will change and kept where it will not, so that an apply
//! without a change moves nothing.

use nhi_governance::{Assessment, Checked, Draft, Environment, Given, Name, Policy, SpiffeId, Status, TrustDomain};
use tfplugin::diagnostic::{Diagnostic, Diagnostics};
use tfplugin::server::{PlanAnswer, PlanRequest};
use tfplugin::value::{AttributePath, Value};

use super::adopt;
use super::draft::draft;
use super::lapsed::{lapsed, next_generation};
use super::sight::Sight;
use super::state::{GENERATION_DEFAULT, LAST_USED};
use crate::governed::{Approved, Governed};
use crate::{report, spelling};

/// What a user may set; the rest is ours.
pub(super) const DECLARED: [&str; 18] = [
    "attestation",
    "data_classification",
    "desired_state",
    "environment",
    "external",
    "generation",
    "interactive_use",
    "internet_facing",
    "kind",
    "min_risk_tier",
    "name",
    "policy_owner",
    "purpose",
    "revoked_by",
    "scope",
    "technical_owner",
    "ttl",
    "vendor_id",
];
/// What every apply that changes something may change.
const BY_APPLY: [&str; 8] = [
    "approval_digests",
    "approved_by",
    "audit_checkpoint",
    "is_orphaned",
    "request_digest",
    "review_due_at",
    "status",
    "status_reason",
];
/// The key of an identity: another one is another identity.
const KEY: [&str; 2] = ["environment", "name"];

pub(super) fn plan(request: PlanRequest, governed: &Governed) -> PlanAnswer {
    let PlanRequest {
        config,
        prior,
        proposed,
        private,
    } = request;
    let draft = draft(&config);
    let policy = governed.policy();
    let checked = policy.map_or_else(|| draft.check_form(), |policy| draft.check(policy));
    if !checked.violations.is_empty() {
        let diagnostics = checked.violations.into_iter().map(report::violation).collect();
        return PlanAnswer {
            diagnostics,
            ..PlanAnswer::default()
        };
    }
    let sight = match Sight::open(governed, &prior, &private, proposed != prior) {
        Ok(sight) => sight,
        Err(trouble) => {
            return PlanAnswer {
                diagnostics: trouble.into(),
                ..PlanAnswer::default()
            };
        }
    };
    if let Some(diagnostic) = Some(&prior)
        .filter(|prior| adopt::is_pending(prior))
        .and_then(|prior| adopt::ungoverned(prior, &config))
    {
        return PlanAnswer {
            diagnostics: diagnostic.into(),
            ..PlanAnswer::default()
        };
    }
    let mut answer = if prior.is_null() || adopt::is_pending(&prior) {
        PlanAnswer {
            planned: creation(proposed, &draft, &checked.assessment, governed.trust_domain()),
            ..PlanAnswer::default()
        }
    } else {
        let suspended = suspended(&prior, &proposed, &sight);
        let takes_up = waits(&prior) || suspended.as_ref().is_some_and(Suspended::is_taken_up);
        let mut answer = change(&prior, proposed, takes_up, &checked.assessment);
        answer.diagnostics.extend(suspended.map(Suspended::told));
        if answer.requires_replace.is_empty() {
            answer
                .diagnostics
                .extend(lapsed(&prior, &answer.planned, governed, &sight));
        }
        answer
    };
    if answer.planned != prior && !answer.diagnostics.has_errors() {
        let approvals = match policy {
            // The core plans what comes in its place next.
            Some(_) if !answer.requires_replace.is_empty() => Diagnostics::new(),
            // What the apply will be given: with defaults filled in, and in the spelling on record.
            Some(policy) => approvals(
                governed,
                policy,
                &sight,
                &super::draft::draft(&answer.planned).check(policy),
            ),
            None => unknown_policy().into(),
        };
        answer.diagnostics.extend(approvals);
    }
    answer.private = private;
    answer
}

fn creation(mut planned: Value, draft: &Draft, assessment: &Assessment, trust_domain: Option<&TrustDomain>) -> Value {
    if planned.get("generation").is_null() {
        planned.insert("generation", u64::from(GENERATION_DEFAULT).into());
    }
    for name in ["id", "issued_at", "expires_at"].into_iter().chain(BY_APPLY) {
        planned.insert(name, Value::UNKNOWN);
    }
    planned.insert(LAST_USED, Value::Null);
    planned.insert(
        "spiffe_id",
        spiffe_id(draft, trust_domain).map_or(Value::UNKNOWN, Value::from),
    );
    planned.insert("revision", 1_u64.into());
    assess(&mut planned, assessment);
    planned
}

fn change(prior: &Value, proposed: Value, takes_up: bool, assessment: &Assessment) -> PlanAnswer {
    let mut planned = proposed;
    spelling::keep(prior, &mut planned);
    if planned.get("generation").is_null() {
        planned.insert("generation", prior.get("generation").clone());
    }
    let differs = |planned: &Value, name: &str| planned.get(name) != prior.get(name);
    let requires_replace: Vec<_> = KEY
        .into_iter()
        .filter(|name| differs(&planned, name))
        .map(AttributePath::of)
        .collect();
    let mut answer = PlanAnswer {
        requires_replace,
        ..PlanAnswer::default()
    };
    let renews = differs(&planned, "generation");
    answer.diagnostics.extend(falling_generation(prior, &planned));
    if prior.get("status").as_str() == Some(Status::Revoked.as_str()) {
        // Revocation is final: what the configuration wants is another identity.
        planned.insert("id", Value::UNKNOWN);
        answer.requires_replace.push(AttributePath::of("id"));
        answer.diagnostics.push(revoked(prior));
    } else if !renews {
        answer.diagnostics.extend(about_to_expire(prior));
    }
    let is_changed = DECLARED.into_iter().any(|name| differs(&planned, name));
    if is_changed || takes_up || !answer.requires_replace.is_empty() {
        // A record that was never given a generation gets its first one, and with it a life that begins anew.
        let begins = prior.get("status").as_str() == Some(Status::Quarantined.as_str());
        let moves_end = renews || begins || differs(&planned, "ttl");
        planned.insert("revision", Value::UNKNOWN);
        for name in BY_APPLY {
            planned.insert(name, Value::UNKNOWN);
        }
        if renews || begins {
            planned.insert("issued_at", Value::UNKNOWN);
        }
        if moves_end {
            planned.insert("expires_at", Value::UNKNOWN);
        }
        assess(&mut planned, assessment);
    }
    answer.planned = planned;
    answer
}

/// Whether it waits to be taken up: what was adopted into quarantine, and what no configuration managed any more.
fn waits(prior: &Value) -> bool {
    let waiting = [Status::Quarantined, Status::Unmanaged].map(Status::as_str);
    prior
        .get("status")
        .as_str()
        .is_some_and(|status| waiting.contains(&status))
}

/// An identity that is suspended although the configuration wants it active.
enum Suspended {
    /// Somebody did it, so that it can be undone: by approvals, in an apply.
    ByAct(String),
    /// No configuration managed it for long, and this one does.
    Forgotten(String),
    /// It follows from something else, and ends with that.
    ByCause(String),
}

impl Suspended {
    fn is_taken_up(&self) -> bool {
        matches!(self, Self::ByAct(_) | Self::Forgotten(_))
    }

    fn told(self) -> Diagnostic {
        let (reason, what) = match self {
            Self::ByAct(reason) => (
                reason,
                "The configuration wants it active, so the plan brings it back, which takes approvals. Write `desired_state = \
                 \"suspended\"` to leave it as it is, or remove it if it is no longer needed.",
            ),
            Self::Forgotten(reason) => (
                reason,
                "The plan takes it up, which takes approvals. Remove it if it is no longer needed.",
            ),
            Self::ByCause(reason) => (
                reason,
                "No apply changes that: put right what suspends it, for example by naming another owner.",
            ),
        };
        let detail = format!("It is {reason}. {what} (NHI-SUSPENDED)");
        Diagnostic::warning("the identity is suspended", detail)
    }
}

/// Asks the registry, since a state does not tell the two apart.
fn suspended(prior: &Value, proposed: &Value, sight: &Sight<'_>) -> Option<Suspended> {
    let is = |value: &Value, name| value.get(name).as_str() == Some(Status::Suspended.as_str());
    if !is(prior, "status") || is(proposed, "desired_state") {
        return None;
    }
    // What cannot be read is told by the read that comes before every plan.
    let found = sight.found().ok()??;
    let reason = found.reason();
    Some(if found.identity.is_suspended_by_act(&found.context) {
        Suspended::ByAct(reason)
    } else if found.identity.is_unmanaged() {
        Suspended::Forgotten(reason)
    } else {
        Suspended::ByCause(reason)
    })
}

fn assess(planned: &mut Value, assessment: &Assessment) {
    let known = assessment.is_final;
    let or_unknown = |value: Value| if known { value } else { Value::UNKNOWN };
    planned.insert("risk_score", or_unknown(u64::from(assessment.score).into()));
    planned.insert("risk_tier", or_unknown(assessment.tier.as_str().into()));
}

fn spiffe_id(draft: &Draft, trust_domain: Option<&TrustDomain>) -> Option<String> {
    let (Given::Known(environment), Given::Known(name)) = (&draft.environment, &draft.name) else {
        return None;
    };
    let (environment, name) = (Environment::parse(environment).ok()?, Name::parse(name).ok()?);
    Some(SpiffeId::of(trust_domain?, &environment, &name).to_string())
}

fn unknown_policy() -> Diagnostic {
    let detail = "Which policy applies is known only after apply, so the plan could not say whether it allows this. The \
                  apply judges it before anything is done. Give `policy` a value that is known at plan.";
    Diagnostic::warning("the policy is not known yet", detail)
}

/// Whether the change has the approvals that it calls for.
fn approvals(governed: &Governed, policy: &Policy, sight: &Sight<'_>, checked: &Checked) -> Diagnostics {
    match report::ruled(governed) {
        diagnostics if diagnostics.has_errors() => diagnostics,
        mut diagnostics => {
            diagnostics.extend(approvals_of_change(governed, policy, sight, checked));
            diagnostics
        }
    }
}

fn approvals_of_change(governed: &Governed, policy: &Policy, sight: &Sight<'_>, checked: &Checked) -> Diagnostics {
    let (Some(declaration), Some(_), Some(_)) = (&checked.declaration, governed.location(), governed.approving())
    else {
        return judged_later(policy, &checked.assessment).into_iter().collect();
    };
    if let Err(trouble) = governed.refuse_unexcepted(declaration) {
        let at = |diagnostic: Diagnostic| diagnostic.at(AttributePath::of("kind"));
        return Diagnostics::from(trouble).into_iter().map(at).collect();
    }
    let found = match sight.found() {
        Ok(found) => found,
        Err(trouble) => return trouble.into(),
    };
    match governed.approved(found, declaration) {
        Ok(approved) => {
            let mut diagnostics = Diagnostics::new();
            if let Approved::Waived(lacking) = &approved {
                diagnostics.push(report::approvals_waived(lacking));
            }
            let evidence = approved.evidence();
            let refused = found.and_then(|found| governed.refuses_return(found, declaration, &evidence));
            diagnostics.extend(refused.map(|problem| {
                let is_over = matches!(problem.code.id, "NHI-EXPIRED" | "NHI-QUARANTINE");
                let attribute = if is_over { "generation" } else { "desired_state" };
                report::problem(problem, AttributePath::of(attribute))
            }));
            diagnostics
        }
        Err(trouble) => trouble.into(),
    }
}

/// What is asked for is not all known yet, so that nobody can have approved it.
fn judged_later(policy: &Policy, assessment: &Assessment) -> Option<Diagnostic> {
    let tier = assessment.tier;
    let approvals = policy.approvals(tier);
    if approvals.persons() == 0 {
        return None;
    }
    let least = if assessment.is_final { "" } else { " at least" };
    let detail = format!(
        "The identity is of tier {tier}{least}, with a score of {}: {}. The tier calls for {approvals}. People approve \
         what is known, and something of this is known only after apply: the apply judges it, and tells the digest to \
         approve. Give the attributes and the provider block values that are known at plan.",
        assessment.score,
        assessment.explain(),
    );
    Some(Diagnostic::warning(
        format!("tier {tier} calls for {approvals}"),
        detail,
    ))
}

fn falling_generation(prior: &Value, planned: &Value) -> Option<Diagnostic> {
    let (before, after) = (prior.get("generation").as_i64()?, planned.get("generation").as_i64()?);
    if after >= before {
        return None;
    }
    let detail = format!(
        "A bump of the generation asks for renewal, so it can only rise. Write `generation = {before}`, or {} to renew. \
         (NHI-GENERATION)",
        before.saturating_add(1)
    );
    let summary = format!("the generation falls from {before} to {after}");
    Some(Diagnostic::error(summary, detail).at(AttributePath::of("generation")))
}

fn revoked(prior: &Value) -> Diagnostic {
    let id = prior.get("id").as_str().unwrap_or_default();
    let detail = "Revocation is final and an id is never used again, so the plan replaces it by a new identity. If it \
                  was revoked on purpose, remove it from the configuration instead. (NHI-REVOKED)";
    Diagnostic::warning(format!("identity `{id}` is revoked"), detail)
}

/// Reads the status that the last read computed, never a clock.
fn about_to_expire(prior: &Value) -> Option<Diagnostic> {
    if prior.get("status").as_str() != Some(Status::Expiring.as_str()) {
        return None;
    }
    let text = |name| prior.get(name).as_str().unwrap_or_default();
    let detail = format!(
        "It ends at {}. No apply extends a life in passing. Write `generation = {}` to renew it, or remove it if it is no \
         longer needed. (NHI-EXPIRED)",
        text("expires_at"),
        next_generation(prior)
    );
    let summary = format!("identity `{}` is about to expire", text("id"));
    Some(Diagnostic::warning(summary, detail).at(AttributePath::of("generation")))
}
