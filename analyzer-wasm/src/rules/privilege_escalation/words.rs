//! Words for paths: what a message says of each step.

use crate::facts::escalation::catalogue::{Category, Gain, On};
use crate::facts::escalation::{Capability, Escalation, Outlook, Step};
use crate::facts::graph::Certainty;
use crate::facts::iam::access::PrincipalKind;

/// Permissions of a step that are named.
const NAMED_MAX: usize = 3;

/// What is wrong, with the whole path.
pub(super) fn message(escalation: &Escalation) -> String {
    let who = match escalation.kind {
        PrincipalKind::Policy => format!("whoever is given the policy `{}`", escalation.name),
        kind if escalation.is_named => format!("the {} `{}`", kind.as_str(), escalation.name),
        kind => format!("the {} that `{}` gives permissions to", kind.as_str(), escalation.name),
    };
    let can = match escalation.certainty {
        Certainty::Yes => "can",
        Certainty::Possibly => "can possibly",
    };
    let steps: Vec<_> = escalation.path.iter().map(step).collect();
    let mut text = format!("{who} {can} {}: {}", come_to(escalation), steps.join(", and then "));
    if !escalation.cause.statement.is_empty() {
        text.push_str(" (");
        text.push_str(&escalation.cause.statement);
        text.push(')');
    }
    if escalation.kind == PrincipalKind::Policy {
        text.push_str("; nothing in this plan attaches it");
    }
    if escalation.bounded {
        text.push_str("; a permissions boundary, whose content is not in this plan, may limit it");
    }
    if escalation.weak {
        text.push_str("; only under conditions of time, network or second factor");
    }
    text
}

fn come_to(escalation: &Escalation) -> String {
    let category = escalation.path.first().map(|step| step.method.category);
    match &escalation.capability {
        Capability::Administrator => String::from("become administrator"),
        Capability::Wide(names) => format!("reach {}", names.join(", ")),
        Capability::Latent(outlook) => String::from(match outlook {
            Outlook::AnyRole => "use any role of the account",
            Outlook::EarlierVersion => "bring back an earlier version of its own policy",
            Outlook::UnderPrefix => "take over identities under a prefix that this plan does not show",
            Outlook::AnyWorkload => match category {
                Some(Category::PrincipalAccess) => "assume roles that this plan does not show",
                Some(Category::SelfEscalation) => "give itself access through the directory of its organisation",
                _ => "use workloads that this plan does not show",
            },
            Outlook::RolesOfOneService => "use any role that one service may be given",
            Outlook::NamedRole => "use a role that this plan does not show",
        }),
    }
}

fn step(step: &Step) -> String {
    let with = permissions(step);
    let to = step.to.as_deref();
    match (step.method.category, to) {
        (_, Some(to)) if step.method.gain == Gain::Administrator => {
            format!("with {with} it writes the permissions of `{to}` and takes it over")
        }
        (_, _) if step.method.gain == Gain::Unbounded => format!("with {with} it lifts a permissions boundary"),
        (Category::NewPassRole, Some(to)) => format!("with {with} it runs code as `{to}`"),
        (Category::NewPassRole, None) => format!("with {with} it runs code as the role that it passes"),
        (Category::ExistingPassRole, Some(to)) => match &step.workload {
            Some((kind, workload)) => {
                let kind = kind.replace('-', " ");
                format!("with {with} it uses the {kind} `{workload}`, which runs as `{to}`")
            }
            None => format!("with {with} it runs code as `{to}`"),
        },
        (Category::ExistingPassRole, None) => format!("with {with} it runs code as the role of a workload"),
        (Category::PrincipalAccess, Some(to)) if step.method.asks(On::Assumed) => format!("it assumes `{to}`"),
        (Category::SelfEscalation, Some(to)) => format!("with {with} it joins `{to}`"),
        (_, Some(to)) => format!("with {with} it takes over `{to}`"),
        (Category::PrincipalAccess, None) if step.method.asks(On::NewUser) || step.method.asks(On::NewRole) => {
            format!("with {with} it makes a new administrator")
        }
        (Category::PrincipalAccess, None) => format!("with {with}"),
        (Category::SelfEscalation, None) if step.method.is_of_directory() => {
            format!("with {with} it gives itself access through the directory of its organisation")
        }
        (Category::SelfEscalation, None) => format!("with {with} it writes its own permissions"),
    }
}

fn permissions(step: &Step) -> String {
    let needs = &step.method.needs;
    let named: Vec<_> = needs
        .iter()
        .take(NAMED_MAX)
        .map(|need| format!("`{}`", need.action))
        .collect();
    let more = needs.len().saturating_sub(named.len());
    match (named.split_last(), more) {
        (Some((last, [])), 0) => last.clone(),
        (Some((last, rest)), 0) => format!("{} and {last}", rest.join(", ")),
        _ => format!("{} and {more} more", named.join(", ")),
    }
}

/// What to do about it.
pub(super) fn remediation(escalation: &Escalation) -> String {
    let Some(first) = escalation.path.first() else {
        return String::from("take away the permissions that nobody needs");
    };
    let policy = match &escalation.cause.policy {
        Some(policy) => format!("replace `{policy}` with a policy of your own: "),
        None => String::new(),
    };
    policy + advice(first)
}

fn advice(step: &Step) -> &'static str {
    let method = step.method;
    let is_of_directory = method.is_of_directory() || method.asks(On::OwnPermissionSet);
    match method.category {
        Category::NewPassRole => {
            "limit `iam:PassRole` to the roles it is needed for, none of them stronger, with a condition on `iam:PassedToService`"
        }
        Category::ExistingPassRole => "limit the statement to workloads whose roles are no stronger than this identity",
        _ if is_of_directory => "leave people, groups and permission sets to whoever administers the directory",
        _ if method.gain == Gain::Unbounded => {
            "deny this identity the change of permissions boundaries: only who sets a boundary may lift it"
        }
        Category::SelfEscalation if method.gain != Gain::Target => {
            "let nobody write its own permissions: limit the statement to other identities under a path, with a condition on `iam:PermissionsBoundary` or `iam:PolicyARN`"
        }
        Category::PrincipalAccess if method.asks(On::Assumed) && method.needs.len() == 1 => {
            "let only those assume the role who need all that it may do, and take away what it does not need"
        }
        Category::PrincipalAccess if method.asks(On::User) && method.gain == Gain::Target => {
            "limit the statement to users under a path that are no stronger, or to the caller's own with `${aws:username}`"
        }
        Category::PrincipalAccess if method.gain == Gain::Target => {
            "limit the statement to identities under a path that are no stronger than this one"
        }
        Category::PrincipalAccess | Category::SelfEscalation => {
            "limit the statement to identities under a path, with a condition on `iam:PermissionsBoundary` or `iam:PolicyARN`"
        }
    }
}

/// The capability as an attribute.
pub(super) fn capability(capability: &Capability) -> String {
    match capability {
        Capability::Administrator => String::from("administrator"),
        Capability::Wide(names) => names.join(","),
        Capability::Latent(outlook) => String::from(match outlook {
            Outlook::AnyRole => "any-role",
            Outlook::EarlierVersion => "earlier-version",
            Outlook::UnderPrefix => "identities-under-prefix",
            Outlook::AnyWorkload => "any-workload",
            Outlook::RolesOfOneService => "roles-of-one-service",
            Outlook::NamedRole => "role-elsewhere",
        }),
    }
}

/// The path as an attribute: `aws_iam_role.a -[lambda-001]-> aws_iam_role.b`.
pub(super) fn path(escalation: &Escalation) -> String {
    let mut text = escalation.name.clone();
    for step in &escalation.path {
        text.push_str(" -[");
        text.push_str(step.method.id);
        text.push_str("]-> ");
        match &step.to {
            Some(to) => text.push_str(to),
            None => text.push_str(match escalation.capability {
                Capability::Administrator => "administrator",
                _ => "unknown",
            }),
        }
    }
    text
}

/// Whether the permission is of a policy that AWS wrote for one of its own services.
pub(super) fn is_of_a_service(escalation: &Escalation) -> bool {
    let policy = escalation.cause.policy.as_deref();
    policy.is_some_and(|arn| arn.contains(":iam::aws:policy/service-role/"))
}

/// Whether everything is reached without an administrator that could be named, or through one that is meant to be
/// assumed.
pub(super) fn is_self_made(escalation: &Escalation) -> bool {
    let writes = |step: &Step| step.method.gain != Gain::Target;
    let assumes = |step: &Step| step.method.asks(On::Assumed);
    escalation.path.iter().all(|step| writes(step) || assumes(step))
}
