//! Where a credential may be written out in a value of which nothing is known before apply.
//!
//! A plan in JSON shows of an expression only what it refers to: a password between two references cannot be seen. Where
//! a secret comes from a place that makes or keeps them nothing is hidden, and a single attribute of a resource is no
//! literal; what is left are documents, maps, and values from outside.

use nhi_plan::Mode;

use super::schema::{self, Kind, Row};
use super::state::bears;
use crate::facts::block::without_indices;
use crate::facts::{Block, cloud};

/// Attributes that take one value and no document, and documents that are about other things than settings.
const SINGLE: [&str; 13] = [
    "connection_string",
    "custom_header",
    "definition",
    "header",
    "input",
    "manifest",
    "metadata",
    "policy_document",
    "text",
    "triggers",
    "url",
    "value",
    "yaml_body",
];

/// Attributes of a secret that mostly hold several values.
const DOCUMENTS: [&str; 3] = ["data_json", "secret_data", "secret_string"];

/// The attribute that may hide a credential.
pub(crate) fn attribute(block: &Block<'_>) -> Option<String> {
    let change = block.change;
    if change.mode != Mode::Managed || change.unknown_paths.is_empty() {
        return None;
    }
    let rows = schema::rows(change.mode, &change.resource_type);
    if rows.is_empty() {
        return None;
    }
    let hides = |path: &&std::borrow::Cow<'_, str>| {
        let references = block.references(path);
        // Nobody wrote it.
        if references.is_empty() || references.iter().any(|address| bears(address, Kind::is_source)) {
            return false;
        }
        let plain = without_indices(path);
        let foreign = references.iter().any(|address| is_foreign(address));
        rows.iter()
            .any(|row| covers(&plain, row.path) && (is_document(row) || row.kind.takes() && foreign))
    };
    change.unknown_paths.iter().find(hides).map(ToString::to_string)
}

/// Whether what is unknown is all of the attribute, or around it.
fn covers(unknown: &str, path: &str) -> bool {
    path.strip_prefix(unknown)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn is_document(row: &Row) -> bool {
    let name = row.path.rsplit('.').next().unwrap_or(row.path);
    match row.kind {
        Kind::Config => !SINGLE.contains(&name),
        Kind::Map => true,
        Kind::Carries => DOCUMENTS.contains(&name),
        Kind::WriteOnly | Kind::Made | Kind::Store | Kind::Public => false,
    }
}

/// Whether an address gives what somebody put there, and not what a provider made.
fn is_foreign(address: &str) -> bool {
    matches!(
        cloud::type_of(address),
        "data.external" | "data.http" | "data.local_file" | "null_resource" | "terraform_data"
    )
}

#[cfg(test)]
mod tests {
    use super::covers;

    #[test]
    fn what_is_unknown_around_an_attribute() {
        assert!(covers("environment", "environment.variables") && covers("user_data", "user_data"));
        assert!(!covers("environment.variables.X", "environment.variables") && !covers("env", "environment"));
    }
}
