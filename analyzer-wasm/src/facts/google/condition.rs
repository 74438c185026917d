//! Conditions on a binding: whether they narrow what it gives.

use nhi_plan::symbol;

use super::methods::{self, Basic};

/// What the condition of a binding does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Condition {
    /// There is none, or it excludes nothing.
    None,
    /// It ends at a time, or holds at times.
    Time,
    /// It is there, and what it does is not understood.
    Other,
    /// It holds for some resources or for roles that raise nobody.
    Narrow,
}

/// Reads the expression of a condition, in the Common Expression Language.
pub(crate) fn judge(expression: &str) -> Condition {
    let text = expression.trim();
    if text.is_empty() || text == "true" {
        return Condition::None;
    }
    if symbol::has_symbols(text) {
        return Condition::Other;
    }
    // `a || b` is as wide as its widest part.
    let parts = text.split("||").map(alone);
    parts.min().unwrap_or(Condition::Other)
}

fn alone(text: &str) -> Condition {
    if text.contains("modifiedGrantsByRole") {
        return delegated(text);
    }
    let negated = text.trim_start().starts_with('!') || text.contains("!=") || text.contains("!resource");
    let equal = ["resource.name", "resource.matchTag", "api.getAttribute"]
        .iter()
        .any(|attribute| text.contains(attribute));
    if equal && !negated {
        return if empty_prefix(text) {
            Condition::None
        } else {
            Condition::Narrow
        };
    }
    if text.contains("request.time") && !text.contains("resource.") {
        return Condition::Time;
    }
    Condition::Other
}

/// `startsWith("")` and a prefix that stops before the name exclude nothing.
fn empty_prefix(text: &str) -> bool {
    [
        "startsWith(\"\")",
        "startsWith('')",
        "startsWith(\"projects/\")",
        "startsWith('projects/')",
    ]
    .iter()
    .any(|form| text.contains(form))
}

/// Which roles its holder may hand out: only ones that raise nobody make it narrow.
fn delegated(text: &str) -> Condition {
    if !text.contains("hasOnly") || text.trim_start().starts_with('!') {
        return Condition::Other;
    }
    let quoted = text.split(['"', '\'']).skip(1).step_by(2);
    let roles: Vec<_> = quoted.filter(|text| text.contains("roles/")).collect();
    let raises = |role: &&str| {
        Basic::of(role).is_some_and(|basic| basic > Basic::Viewer)
            || !methods::predefined(role).is_empty()
            || !role.starts_with("roles/")
    };
    if roles.is_empty() || roles.iter().any(raises) {
        Condition::Other
    } else {
        Condition::Narrow
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_expressions_do() {
        let cases = [
            ("", Condition::None),
            ("true", Condition::None),
            (r#"request.time < timestamp("2027-01-01T00:00:00Z")"#, Condition::Time),
            (
                r#"resource.name.startsWith("projects/p/secrets/app-")"#,
                Condition::Narrow,
            ),
            (r#"resource.name.startsWith("")"#, Condition::None),
            (r#"resource.name != "projects/p/secrets/app""#, Condition::Other),
            (
                r#"resource.name == "a" || request.time < timestamp("2027-01-01T00:00:00Z")"#,
                Condition::Time,
            ),
            (r#"resource.type == "storage.googleapis.com/Bucket""#, Condition::Other),
            (
                r#"api.getAttribute("iam.googleapis.com/modifiedGrantsByRole", []).hasOnly(["roles/logging.viewer","roles/pubsub.publisher"])"#,
                Condition::Narrow,
            ),
            (
                "api.getAttribute('iam.googleapis.com/modifiedGrantsByRole', []).hasOnly(['roles/logging.viewer','roles/owner'])",
                Condition::Other,
            ),
            (
                r#"api.getAttribute("iam.googleapis.com/modifiedGrantsByRole", []).hasOnly([])"#,
                Condition::Other,
            ),
        ];
        for (text, wanted) in cases {
            assert_eq!(judge(text), wanted, "{text}");
        }
    }
}
