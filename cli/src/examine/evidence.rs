//! What is known of one address: what the plan knows, what was worked out, and what stays unknown and why.

use nhi_evaluate::{Evaluation, Status};
use nhi_plan::{Change, Plan, json, symbol};

/// What is known of an address.
#[derive(Debug)]
pub(crate) struct Evidence {
    /// Whether there was a configuration to work something out from.
    pub(crate) has_configuration: bool,
    /// `file:line:column` of the block.
    pub(crate) place: Option<String>,
    /// For each attribute that the plan does not know.
    pub(crate) attributes: Vec<Attribute>,
}

/// An attribute that the plan does not know.
#[derive(Debug)]
pub(crate) struct Attribute {
    pub(crate) path: String,
    pub(crate) known: Known,
    /// What was worked out, as far as it may be shown.
    pub(crate) value: Option<String>,
    /// What stays unknown in it, and why.
    pub(crate) reasons: Vec<String>,
}

/// How far an attribute is known now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    /// To its end.
    Wholly,
    /// But for symbols.
    Partly,
    /// Not at all.
    Nothing,
}

impl Evidence {
    /// Looks an address up; `None` if the plan has no such address.
    pub(crate) fn of(plan: &Plan<'_>, evaluation: Option<&Evaluation>, address: &str) -> Option<Self> {
        let change = plan.blocks().find(|change| change.address == address)?;
        let place = evaluation
            .and_then(|evaluation| evaluation.location(&change.config_address))
            .map(|at| format!("{}:{}:{}", at.file, at.line, at.column));
        let outcomes = evaluation.map_or(&[][..], |evaluation| evaluation.outcomes(address));
        let filled = evaluation.map_or(&[][..], |evaluation| evaluation.filled(address));
        let mut attributes: Vec<Attribute> = outcomes
            .iter()
            .map(|outcome| Attribute {
                path: outcome.path.clone(),
                known: match outcome.status {
                    Status::Resolved => Known::Wholly,
                    Status::Partly => Known::Partly,
                    Status::Unresolved => Known::Nothing,
                },
                value: filled
                    .iter()
                    .find(|one| one.path == outcome.path)
                    .map(|one| shown(&one.json, one.sensitive_paths.is_empty())),
                reasons: match outcome.reasons.as_slice() {
                    [only] if *only == itself(&change, &outcome.path) => vec![BY_PROVIDER.to_owned()],
                    reasons => reasons.to_vec(),
                },
            })
            .collect();
        for path in &change.unknown_paths {
            if !attributes.iter().any(|attribute| attribute.path == **path) {
                attributes.push(Attribute {
                    path: path.to_string(),
                    known: Known::Nothing,
                    value: None,
                    reasons: vec![
                        if evaluation.is_some() {
                            BY_PROVIDER
                        } else {
                            "it is known after apply"
                        }
                        .to_owned(),
                    ],
                });
            }
        }
        attributes.sort_by(|a, b| a.path.cmp(&b.path));
        Some(Self {
            has_configuration: evaluation.is_some(),
            place,
            attributes,
        })
    }
}

/// Why an attribute that nobody sets is unknown.
const BY_PROVIDER: &str = "the configuration does not set it, so the provider decides";

/// What the evaluation says of an attribute that leads to nothing but itself.
fn itself(change: &Change<'_>, path: &str) -> String {
    format!("`{}.{path}` is known after apply", change.address)
}

/// A policy document and an ARN as they are, and of anything else only its measure: it might be a secret.
fn shown(text: &str, is_open: bool) -> String {
    let Ok(document) = json::parse(text) else {
        return "a value".to_owned();
    };
    let root = document.root();
    let Some(value) = root.as_str() else {
        return format!("a value of {} bytes", text.len());
    };
    let alternatives = symbol::alternatives(&value);
    if is_open
        && alternatives
            .iter()
            .all(|text| is_policy(text) || text.starts_with("arn:"))
    {
        let readable: Vec<_> = alternatives.iter().map(|one| symbol::readable(one)).collect();
        return readable.join("\nor\n");
    }
    match alternatives.len() {
        1 => format!("a text of {} characters", value.chars().count()),
        count => format!("one of {count} texts"),
    }
}

fn is_policy(text: &str) -> bool {
    json::parse(text).is_ok_and(|document| document.root().get("Statement").is_some())
}
