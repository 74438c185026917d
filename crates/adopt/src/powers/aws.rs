//! Policies of AWS as scopes.

use nhi_plan::json::{self, Value};

use super::{Entry, Power, Powers, Scope};
use crate::attributes::{Attributes, text, texts};
use crate::trust::statements;

pub(super) const TYPES: [&str; 7] = [
    "aws_iam_policy",
    "aws_iam_policy_attachment",
    "aws_iam_role_policy",
    "aws_iam_role_policy_attachment",
    "aws_iam_user_group_membership",
    "aws_iam_user_policy",
    "aws_iam_user_policy_attachment",
];

pub(super) fn collect(powers: &mut Powers, type_name: &str, attributes: &Attributes<'_>) {
    let one = |name: &str| attributes.text(&[name]).map(std::borrow::Cow::into_owned);
    let role = |name: String| ("aws_iam_role", name);
    let user = |name: String| ("aws_iam_user", name);
    match type_name {
        "aws_iam_policy" => {
            if let (Some(arn), Some(policy)) = (one("arn"), one("policy")) {
                powers.policies.insert(arn, policy);
            }
        }
        "aws_iam_role_policy" | "aws_iam_user_policy" => {
            let subject = one("role").map(role).or_else(|| one("user").map(user));
            if let Some(subject) = subject {
                let unknown = || Power::Unknown("what a policy of its own allows".to_owned());
                powers.give(subject, one("policy").map_or_else(unknown, Power::Policy));
            }
        }
        "aws_iam_role_policy_attachment" | "aws_iam_user_policy_attachment" => {
            let subject = one("role").map(role).or_else(|| one("user").map(user));
            if let Some(subject) = subject {
                powers.give(subject, attached(one("policy_arn")));
            }
        }
        "aws_iam_policy_attachment" => {
            let roles = attributes.texts(&["roles"]).into_iter().map(role);
            let users = attributes.texts(&["users"]).into_iter().map(user);
            for subject in roles.chain(users).collect::<Vec<_>>() {
                powers.give(subject, attached(one("policy_arn")));
            }
        }
        "aws_iam_user_group_membership" => {
            let groups = attributes.texts(&["groups"]).join("`, `");
            if let Some(name) = one("user") {
                powers.give(user(name), Power::Unknown(format!("what its groups `{groups}` may do")));
            }
        }
        _ => {}
    }
}

fn attached(arn: Option<String>) -> Power {
    let unknown = || Power::Unknown("what a policy that is known after apply allows".to_owned());
    arn.map_or_else(unknown, Power::Attached)
}

/// What a role says of itself.
pub(crate) fn of_role(attributes: &Attributes<'_>) -> Vec<Power> {
    let inline = attributes.value(&["inline_policy"]);
    let inline = inline.into_iter().flat_map(Value::elements);
    let inline = inline.filter_map(|policy| policy.get("policy").and_then(text));
    let managed = attributes.texts(&["managed_policy_arns"]);
    inline
        .map(|policy| Power::Policy(policy.into_owned()))
        .chain(managed.into_iter().map(Power::Attached))
        .collect()
}

/// Adds what a policy allows.
pub(super) fn read_policy(policy: &str, partition: &str, scope: &mut Scope) {
    let Ok(document) = json::parse(policy) else {
        scope.gaps.push("what a policy allows that is no JSON".to_owned());
        return;
    };
    for statement in statements(document.root()) {
        let allows = statement.get("Effect").and_then(text);
        if allows.as_deref() == Some("Allow") {
            read_statement(statement, partition, scope);
        }
    }
}

fn read_statement(statement: Value<'_>, partition: &str, scope: &mut Scope) {
    let (Some(actions), Some(resources)) = (statement.get("Action"), statement.get("Resource")) else {
        scope
            .gaps
            .push("a statement that allows all but what it lists (`NotAction`, `NotResource`)".to_owned());
        return;
    };
    let mut named = Vec::new();
    for action in texts(actions) {
        match action.split_once(':') {
            Some((service, verb)) if is_service(service) && !verb.is_empty() => named.push(action),
            _ => scope.gaps.push(format!("which actions are needed of `{action}`")),
        }
    }
    for resource in texts(resources) {
        if resource.contains(|c: char| c.is_ascii_alphanumeric()) {
            if !named.is_empty() {
                scope.entries.push(entry(resource, named.clone()));
            }
            continue;
        }
        // `*` is no ceiling; with the service of the action it says the same, and names something.
        for action in &named {
            let service = action
                .split_once(':')
                .map_or("", |(service, _)| service)
                .to_ascii_lowercase();
            let resource = format!("arn:{partition}:{service}:*");
            scope.notes.push(format!(
                "A policy allows `{action}` on every resource: narrow `{resource}` to what is needed."
            ));
            scope.entries.push(entry(resource, vec![action.clone()]));
        }
    }
}

fn entry(resource: String, actions: Vec<String>) -> Entry {
    Entry {
        backend: "aws",
        resource,
        actions,
    }
}

fn is_service(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}
