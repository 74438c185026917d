//! What the rules on Azure and Entra share: the finding that a claim becomes.

use nhi_plan::Finding;

use crate::facts::azure::Claim;
use crate::rule::Rule;

pub(super) use crate::facts::cloud::cut;

/// A finding about a claim.
pub(super) fn finding(rule: &Rule, claim: &Claim, message: &str, remediation: &str) -> Finding {
    let mut text = String::from(message);
    text.push_str(claim.note);
    if claim.possible {
        text.push_str("; what decides it is known only after apply");
    }
    let mut finding = rule
        .finding(&claim.site.address, &claim.site.path)
        .message(text)
        .remediation(remediation);
    finding.severity = Some(claim.severity);
    claim.evidence.clone_into(&mut finding.evidence);
    finding
        .attributes
        .push((String::from("principal"), claim.principal.label.clone()));
    if !claim.role.is_empty() {
        finding.attributes.push((String::from("role"), claim.role.clone()));
    }
    if claim.possible { finding.unverified() } else { finding }
}

/// `possibly can` where something unknown decides.
pub(super) fn can(claim: &Claim) -> &'static str {
    if claim.possible { "possibly can" } else { "can" }
}

/// The identities on a way, for a message and as an attribute.
pub(super) fn way(through: &[String]) -> (String, (String, String)) {
    let named: Vec<_> = through.iter().map(|label| format!("`{}`", cut(label))).collect();
    (named.join(", then "), (String::from("path"), through.join(" → ")))
}
