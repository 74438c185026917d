//! What the rules on permissions share: words for where a permission comes from, and what weakens it.

use nhi_plan::{Finding, Severity};

use crate::facts::Facts;
use crate::facts::iam::access::{Bound, Doubt, Grant, Place, Policy, Principal, PrincipalKind};
use crate::facts::iam::standing::{Claim, Standing};
use crate::rule::Rule;

/// Policies beside the first that a message names.
const NAMED_MAX: usize = 2;

/// A principal and what it amounts to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject<'f> {
    pub(super) index: usize,
    pub(super) principal: &'f Principal,
    pub(super) standing: &'f Standing,
}

/// All principals.
pub(super) fn subjects(facts: &Facts) -> impl Iterator<Item = Subject<'_>> {
    let all = facts
        .settled
        .principals
        .iter()
        .zip(&facts.settled.standings)
        .enumerate();
    all.map(|(index, (principal, standing))| Subject {
        index,
        principal,
        standing,
    })
}

/// Whether all statements behind a claim come from groups: it is told of the group where the group has it by itself.
pub(super) fn is_told_of_group(
    facts: &Facts,
    principal: &Principal,
    claim: &Claim,
    has: impl Fn(&Standing) -> bool,
) -> bool {
    let mut groups = claim
        .because
        .iter()
        .map(|at| principal.grants.get(at.grant).and_then(|grant| grant.via));
    let has = |group: usize| facts.settled.standings.get(group).is_some_and(&has);
    !claim.because.is_empty() && groups.all(|group| group.is_some_and(has))
}

/// Where a claim comes from.
pub(super) fn place<'p>(principal: &'p Principal, claim: &Claim) -> Option<Place<'p>> {
    let doubted = claim.doubts.iter().find_map(|doubt| match doubt {
        Doubt::Allow(at) | Doubt::Deny(at) => Some(*at),
        Doubt::Boundary | Doubt::Unread(_) => None,
    });
    let first = claim.because.first().copied();
    let at = if claim.is_certain {
        first.or(doubted)
    } else {
        doubted.or(first)
    };
    principal.place(at?)
}

/// What a grant is, for a message: `an inline policy of a role`.
fn words(principal: &Principal, grant: &Grant) -> String {
    let kind = principal.kind.as_str();
    match grant.policy {
        Policy::Inline if principal.kind == PrincipalKind::PermissionSet => {
            String::from("the inline policy of a permission set")
        }
        Policy::Inline => format!("an inline policy of a {kind}"),
        Policy::Provider => {
            let arn = grant.arn.as_deref().unwrap_or_default();
            format!("`{arn}`, attached to a {kind},")
        }
        Policy::Managed | Policy::Elsewhere if principal.is_dormant() => String::from("a managed policy"),
        Policy::Managed | Policy::Elsewhere => format!("a managed policy of a {kind}"),
    }
}

/// The subject of a message, and the statement behind a claim: `("an inline policy of a role", " (statement 1)")`.
pub(super) fn who(principal: &Principal, claim: &Claim, place: &Place<'_>) -> (String, String) {
    let mut statement = match place.grant.policy {
        Policy::Provider => String::new(),
        _ => format!(" ({})", place.statement()),
    };
    let others = others(principal, claim, place);
    if !others.is_empty() {
        statement.push_str("; see also ");
        statement.push_str(&list(&others));
    }
    (words(principal, place.grant), statement)
}

/// Addresses of the other policies that a claim rests on: all of them have to change.
fn others<'p>(principal: &'p Principal, claim: &Claim, place: &Place<'_>) -> Vec<&'p str> {
    let mut found = Vec::new();
    for other in claim.because.iter().filter_map(|at| principal.place(*at)) {
        let address: &str = &other.grant.address;
        if *address != *place.grant.address && !found.contains(&address) {
            found.push(address);
        }
    }
    found
}

/// The severity of a claim, and what a message adds about it.
pub(super) fn weigh(principal: &Principal, claim: &Claim, base: Severity) -> (Severity, &'static str) {
    // People get a permission set for a session, and not a workload for good.
    let base = if principal.kind == PrincipalKind::PermissionSet {
        base.min(Severity::High)
    } else {
        base
    };
    if principal.is_dormant() {
        let severity = match base {
            Severity::Critical | Severity::High => Severity::Medium,
            other => lower(other),
        };
        return (severity, "; nothing in this plan attaches it");
    }
    let base = if is_of_a_service(principal, claim) {
        lower(lower(base))
    } else {
        base
    };
    match claim.bound {
        Bound::Unknown => (
            base.min(Severity::Medium),
            "; a permissions boundary, whose content is not in this plan, may limit it",
        ),
        Bound::Held => (base.min(Severity::Low), "; the permissions boundary limits it"),
        Bound::Free if claim.weak => (lower(base), "; only under conditions of time, network or second factor"),
        Bound::Free => (base, ""),
    }
}

/// Services that run what their users write: whoever writes it holds the role.
const RUNS_CODE: [&str; 11] = [
    "batch",
    "codebuild",
    "ec2",
    "ecs",
    "ecs-tasks",
    "elasticmapreduce",
    "glue",
    "lambda",
    "pods.eks",
    "sagemaker",
    "ssm",
];

/// Whether a claim rests on nothing but policies that AWS wrote for the one service that may assume the role, and that
/// runs no code of others.
pub(super) fn is_of_its_service(facts: &Facts, subject: Subject<'_>, claim: &Claim) -> bool {
    let services = facts.escalations.served.get(&subject.index);
    let Some([service]) = services.map(Vec::as_slice) else {
        return false;
    };
    let name = service.strip_suffix(".amazonaws.com").unwrap_or(service);
    let plain = |text: &str| text.replace(['-', '_', '.'], "").to_ascii_lowercase();
    let is_its_own = |arn: &str| {
        let policy = arn.rsplit('/').next().unwrap_or_default();
        plain(policy).contains(&plain(name))
    };
    !RUNS_CODE.contains(&name)
        && is_of_a_service(subject.principal, claim)
        && claim.because.iter().all(|at| {
            let grant = subject.principal.grants.get(at.grant);
            grant.and_then(|grant| grant.arn.as_deref()).is_some_and(is_its_own)
        })
}

/// Whether all statements behind a claim are of policies that AWS wrote for one of its own services.
fn is_of_a_service(principal: &Principal, claim: &Claim) -> bool {
    let mut grants = claim.because.iter().map(|at| principal.grants.get(at.grant));
    !claim.because.is_empty()
        && grants.all(|grant| {
            let arn = grant
                .filter(|grant| grant.policy == Policy::Provider)
                .and_then(|grant| grant.arn.as_deref());
            arn.is_some_and(|arn| arn.contains(":iam::aws:policy/service-role/"))
        })
}

fn lower(severity: Severity) -> Severity {
    match severity {
        Severity::Critical => Severity::High,
        Severity::High => Severity::Medium,
        Severity::Medium => Severity::Low,
        Severity::Low | Severity::Info => Severity::Info,
    }
}

/// A finding of `rule` about a permission that comes from `place`.
pub(super) fn finding(
    rule: &Rule,
    principal: &Principal,
    claim: &Claim,
    place: &Place<'_>,
    severity: Severity,
    message: String,
    remediation: &str,
) -> Finding {
    let mut finding = rule
        .finding(&place.grant.address, &place.grant.path)
        .message(message)
        .remediation(remediation);
    finding.severity = Some(severity);
    place.alternative.evidence.clone_into(&mut finding.evidence);
    if let Some(document) = &place.alternative.source {
        finding
            .attributes
            .push((String::from("document"), document.to_string()));
    }
    if place.grant.policy == Policy::Provider
        && let Some(arn) = &place.grant.arn
    {
        finding.attributes.push((String::from("policy"), arn.to_string()));
    }
    let others = others(principal, claim, place);
    if !others.is_empty() {
        finding.attributes.push((String::from("also"), others.join(",")));
    }
    if !principal.is_dormant() {
        // Where the plan does not create it, the block is only the first that speaks of it, in whatever order they come.
        let elsewhere = principal.name.as_deref().filter(|_| !principal.in_plan);
        let known_by = elsewhere.unwrap_or(&principal.address);
        finding
            .attributes
            .push((String::from("principal"), known_by.to_owned()));
    }
    finding
}

/// A list for a message: the first two, and how many more there are.
pub(super) fn list<T: AsRef<str>>(items: &[T]) -> String {
    let named: Vec<_> = items
        .iter()
        .take(NAMED_MAX)
        .map(|item| format!("`{}`", item.as_ref()))
        .collect();
    let more = items.len().saturating_sub(named.len());
    if more > 0 {
        format!("{} and {more} more", named.join(", "))
    } else {
        named.join(", ")
    }
}
