//! What the rules on Google Cloud share: words for claims, and the finding that a claim becomes.

use nhi_plan::Finding;

use crate::facts::google::{Claim, Condition};
use crate::rule::Rule;

pub(super) use crate::facts::cloud::cut;

/// A finding about a claim.
pub(super) fn finding(rule: &Rule, claim: &Claim, message: &str, remediation: &str) -> Finding {
    let mut text = String::from(message);
    text.push_str(condition(claim.condition));
    if claim.possible {
        text.push_str("; what decides it is known only after apply");
    }
    let mut finding = rule
        .finding(&claim.site.address, &claim.site.path)
        .message(text)
        .remediation(remediation);
    finding.severity = Some(claim.severity);
    claim.evidence.clone_into(&mut finding.evidence);
    finding.attributes = vec![
        (String::from("principal"), claim.principal.label.clone()),
        (String::from("roles"), claim.roles.join(",")),
    ];
    if claim.possible { finding.unverified() } else { finding }
}

/// What a message adds about a condition.
pub(super) fn condition(condition: Condition) -> &'static str {
    match condition {
        Condition::Time => "; only at times, or until a time",
        Condition::Other => "; under a condition that may limit it",
        Condition::None | Condition::Narrow => "",
    }
}

/// The roles of a claim, for a message: `roles/a` with `roles/b`.
pub(super) fn roles(claim: &Claim) -> String {
    let named: Vec<_> = claim
        .roles
        .iter()
        .take(3)
        .map(|role| format!("`{}`", cut(role)))
        .collect();
    named.join(" with ")
}
