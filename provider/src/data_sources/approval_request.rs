//! `nhi_approval_request`: how a request stands: its tier, who has approved it, and what is missing.

use nhi_approvals::{Question, Request, Requirement, Verdict, disk, judge};
use nhi_governance::{Digest, Policy, PolicyInForce};
use nhi_registry::{CLOCK_SKEW_SECONDS_MAX, RecordsExt as _};
use tfplugin::diagnostic::{Diagnostic, Diagnostics};
use tfplugin::schema::{Attribute, Schema};
use tfplugin::server::DataAnswer;
use tfplugin::value::{AttributePath, Type, Value};

use super::Source;
use crate::governed::{Governed, Trouble};
use crate::report;
use crate::values::texts;

pub(super) static SOURCE: Source = Source {
    type_name: "nhi_approval_request",
    schema,
    check,
    answer,
};

fn schema() -> Schema {
    let text = |name, description: &str| Attribute::computed(name, Type::String).describe(description);
    Schema::new(
        "How a request for approval stands: what it asks for, its tier, who has approved it and what is missing, judged \
         as an apply judges it. The request lies where a plan has written it, below `approvals` of the provider block; one \
         that was edited is an error.",
    )
    .attribute(
        Attribute::required("digest", Type::String)
            .describe("Digest of the request, as 64 hexadecimal digits: a plan that lacks approvals tells it."),
    )
    .attribute(text("kind", "What kind of thing is asked for: `identity` for example, or `policy`."))
    .attribute(text("name", "What tells it from others of its kind and environment."))
    .attribute(text("environment", "The environment that it belongs to; null where it belongs to none."))
    .attribute(text("organisation", "The organisation that its approvals are bound to."))
    .attribute(
        Attribute::computed("previous_revision", Type::Number)
            .describe("The revision on record that it changes; 0 where it creates."),
    )
    .attribute(text("risk_tier", "The tier that decides what it takes; of a change, the higher one of before and after."))
    .attribute(text("calls_for", "What it takes, in words."))
    .attribute(Attribute::computed("approvals_needed", Type::Number).describe("How many persons have to approve it."))
    .attribute(Attribute::computed("approved_by", Type::set(Type::String)).describe("Who has approved it, and counts."))
    .attribute(Attribute::computed("rejected_by", Type::set(Type::String)).describe("Who has said no."))
    .attribute(
        Attribute::computed("missing", Type::list(Type::String))
            .describe("What is missing, in words; empty where it is enough."),
    )
    .attribute(
        Attribute::computed("refused", Type::list(Type::String))
            .describe("What lies there and does not count, with its reason."),
    )
    .attribute(Attribute::computed("is_approved", Type::Bool).describe("Whether nothing is missing."))
    .attribute(
        Attribute::computed("is_used", Type::Bool)
            .describe("Whether one of these approvals was used up, which an apply does; nothing is missing then either."),
    )
}

fn check(config: &Value) -> Diagnostics {
    match config.get("digest").as_str().map(Digest::parse) {
        Some(Err(error)) => wrong(error.to_string()).into(),
        _ => Diagnostics::new(),
    }
}

fn wrong(summary: String) -> Diagnostic {
    let fix = "Write the digest that a plan told, 64 lower-case hexadecimal digits.";
    report::question(summary, fix, AttributePath::of("digest"))
}

fn answer(governed: &Governed, mut config: Value) -> Result<DataAnswer, Diagnostics> {
    let digest = Digest::parse(config.get("digest").as_str().unwrap_or_default());
    let digest = digest.map_err(|error| wrong(error.to_string()))?;
    let approving = governed.approving().ok_or(Trouble::Unknown("approvals"))?;
    let path = disk::directory(&approving.directory, digest).join(disk::REQUEST_FILE);
    let at = |problem| report::problem(problem, AttributePath::of("digest"));
    let request = disk::read_request(&path).map_err(at)?;
    let seen = governed.ask(|registry| registry.reading(|view| Ok((view.now()?, view.policy_in_force()?))))?;
    let Some((now, in_force)) = seen else {
        let fix = "A plan that lacks approvals creates the registry that its request is for; check `registry`.";
        return Err(report::question("there is no registry that it is for", fix, AttributePath::of("digest")).into());
    };
    let policy = ruling(governed, &request, in_force.as_ref())?;
    let requirement = Requirement::of(&policy, request.terms.tier);
    let verdict = match governed.trust(approving)? {
        None => None,
        Some(trust) => {
            let found = disk::read_approvals(&approving.directory, digest).map_err(at)?;
            let question = Question {
                request: &request,
                root: &trust.root,
                requirement,
                now,
                clock_skew_seconds: CLOCK_SKEW_SECONDS_MAX,
                requesters: &governed.requesters(),
            };
            Some(judge(&question, found))
        }
    };
    let used = verdict.iter().flat_map(Verdict::digests).map(|approval| {
        let used = governed.ask(|registry| registry.consumption(approval))?;
        Ok::<bool, Trouble>(used.flatten().is_some())
    });
    let used = used.collect::<Result<Vec<bool>, Trouble>>()?;
    fill(
        &mut config,
        &request,
        requirement,
        verdict.as_ref(),
        used.contains(&true),
    );
    Ok(DataAnswer {
        value: config,
        diagnostics: Diagnostics::new(),
    })
}

/// The policy that the request was made under: no other says what it takes.
fn ruling(governed: &Governed, request: &Request, in_force: Option<&PolicyInForce>) -> Result<Policy, Diagnostics> {
    let own = governed.policy().map(|policy| Policy::clone(policy));
    let mut policies = own.into_iter().chain(in_force.map(|found| found.policy().clone()));
    let made_under = |policy: &Policy| Some(policy.digest()) == request.policy_digest;
    policies.find(made_under).ok_or_else(|| {
        let fix = "What it takes is for that policy to say, and it is neither the one of the provider block nor the one in \
                   force. Plan again, which makes a new request.";
        let at = AttributePath::of("digest");
        report::question("the request was made under another policy", fix, at).into()
    })
}

fn fill(config: &mut Value, request: &Request, requirement: Requirement, verdict: Option<&Verdict>, is_used: bool) {
    let listed = |lines: Vec<String>| Value::List(lines.into_iter().map(Value::from).collect());
    let mut insert = |name: &str, value: Value| config.insert(name, value);
    insert("kind", request.kind.as_str().into());
    insert("name", request.name.as_str().into());
    insert(
        "environment",
        request.environment.as_ref().map(ToString::to_string).into(),
    );
    insert("organisation", request.organisation.to_string().into());
    insert("previous_revision", request.previous_revision.into());
    insert("risk_tier", request.terms.tier.as_str().into());
    insert("calls_for", requirement.to_string().into());
    insert("approvals_needed", u64::from(requirement.count).into());
    let accepted = verdict.map(|verdict| &verdict.accepted).into_iter().flatten();
    let accepted: Vec<String> = accepted.map(|accepted| accepted.person.to_string()).collect();
    insert("approved_by", texts(&accepted));
    let rejected = verdict.map(|verdict| &verdict.rejected_by).into_iter().flatten();
    let rejected: Vec<String> = rejected.map(ToString::to_string).collect();
    insert("rejected_by", texts(&rejected));
    let refused = verdict.map(|verdict| &verdict.refused).into_iter().flatten();
    insert(
        "refused",
        listed(
            refused
                .map(|found| format!("{}: {}", found.source, found.reason))
                .collect(),
        ),
    );
    let missing = match verdict {
        Some(verdict) => verdict.missing.clone(),
        None if requirement.is_nothing() => Vec::new(),
        None => vec!["a trust root: `approvers` and `approvers_digest` of the provider name it".to_owned()],
    };
    insert("is_approved", missing.is_empty().into());
    insert("missing", listed(missing));
    insert("is_used", is_used.into());
}
