//! What the rules on grants share: words for whom a grant reaches, and what weakens it.

use nhi_plan::{Finding, Severity};

use crate::facts::iam::{Bound, Grant, Subject};
use crate::rule::Rule;

/// Whom a grant reaches: `an inline policy of this role`.
pub(super) fn who(grant: &Grant) -> String {
    match &grant.subject {
        Subject::Inline if grant.kind == "permission set" => String::from("the inline policy of a permission set"),
        Subject::Inline => format!("an inline policy of a {}", grant.kind),
        Subject::Managed { .. } => String::from("a managed policy"),
        Subject::Provider { arn } => format!("`{arn}`, attached to a {},", grant.kind),
    }
}

/// The severity of a grant, and what a message adds about it; `weak` is a grant under circumstances.
pub(super) fn weigh(grant: &Grant, base: Severity, weak: bool) -> (Severity, &'static str) {
    // People get a permission set for a session, and not a workload for good.
    let base = if grant.kind == "permission set" {
        base.min(Severity::High)
    } else {
        base
    };
    match (&grant.subject, grant.bound) {
        (Subject::Managed { attached: false }, _) => (Severity::Medium, "; nothing in this plan attaches it"),
        (_, Bound::Unknown) => (
            Severity::Medium,
            "; a permissions boundary, whose content is not in this plan, may limit it",
        ),
        (_, Bound::Narrow) => (Severity::Low, "; the permissions boundary limits it"),
        (_, Bound::None) if weak => (lower(base), "; only under conditions of time, network or second factor"),
        (_, Bound::None) => (base, ""),
    }
}

fn lower(severity: Severity) -> Severity {
    match severity {
        Severity::Critical => Severity::High,
        Severity::High => Severity::Medium,
        _ => Severity::Low,
    }
}

/// A finding of `rule` about a grant.
pub(super) fn finding(rule: &Rule, grant: &Grant, severity: Severity, message: String, remediation: &str) -> Finding {
    let mut finding = rule
        .finding(&grant.address, &grant.path)
        .message(message)
        .remediation(remediation);
    finding.severity = Some(severity);
    grant.origin.evidence.clone_into(&mut finding.evidence);
    if let Some(document) = &grant.origin.document {
        finding.attributes.push((String::from("document"), document.clone()));
    }
    if let Subject::Provider { arn } = &grant.subject {
        finding.attributes.push((String::from("policy"), arn.clone()));
    }
    finding
}

/// The statement behind a claim, for a message; nothing for policies that are known by name.
pub(super) fn statement(grant: &Grant, index: usize) -> String {
    match &grant.subject {
        Subject::Provider { .. } => String::new(),
        _ => format!(" ({})", grant.origin.statement(index)),
    }
}
