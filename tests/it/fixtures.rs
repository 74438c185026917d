//! HCL that several tests start from.

use std::fmt::Write as _;

/// A policy that lets go ahead without approvals, also what belongs to no environment.
pub(crate) const WAIVING: &str =
    "environment \"production\" {\n  warn = true\n}\nenvironment \"staging\" {\n  warn = true\n}\n";

/// The attributes of a good identity, each with its expression. Low in risk, so that its time to live may be long.
const GOOD: [(&str, &str); 9] = [
    ("name", r#""orders-reader""#),
    ("kind", r#""workload""#),
    ("technical_owner", r#""team:orders""#),
    ("policy_owner", r#""team:iam""#),
    ("environment", r#""staging""#),
    ("ttl", r#""720h""#),
    ("revoked_by", r#"["ttl", "workload_delete"]"#),
    (
        "purpose",
        r#"{ summary = "Reads the orders queue", task = "Order intake, worker" }"#,
    ),
    (
        "scope",
        r#"[{ backend = "aws", resource = "arn:aws:sqs:eu-west-1:111122223333:orders", actions = ["sqs:GetQueueAttributes"] }]"#,
    ),
];

/// `resource "nhi_identity" "this"` with some of its attributes replaced, added, or left out where empty.
pub(crate) fn identity(changes: &[(&str, &str)]) -> String {
    named("this", changes)
}

/// The same under another name in the configuration.
pub(crate) fn named(label: &str, changes: &[(&str, &str)]) -> String {
    let replaced = |name: &str| {
        changes
            .iter()
            .find(|(other, _)| *other == name)
            .map(|(_, value)| *value)
    };
    let kept = GOOD
        .iter()
        .map(|(name, value)| (*name, replaced(name).unwrap_or(value)));
    let added = changes
        .iter()
        .filter(|(name, _)| !GOOD.iter().any(|(good, _)| good == name))
        .copied();
    let mut text = format!("resource \"nhi_identity\" \"{label}\" {{\n");
    for (name, value) in kept.chain(added).filter(|(_, value)| !value.is_empty()) {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {name} = {value}");
    }
    text.push_str("}\n");
    text
}

/// The address of [`identity`].
pub(crate) const ADDRESS: &str = "nhi_identity.this";
