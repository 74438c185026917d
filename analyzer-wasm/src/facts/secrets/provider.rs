//! Credentials that stand as constants in provider blocks, by the providers' schemas.

use std::sync::LazyLock;

use nhi_plan::Severity;
use nhi_plan::json::Value;

use super::{Hit, negative, proofs};
use crate::facts::Block;

const TABLE: &str = include_str!("../../../data/provider-credentials.tsv");

/// Provider's name in its source address, and the attributes that hold a credential.
static ROWS: LazyLock<Vec<(&'static str, Vec<&'static str>)>> = LazyLock::new(|| {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| line.split_once('\t'))
        .map(|(name, attributes)| (name, attributes.split(',').collect()))
        .collect()
});

/// Words that people put where no secret is needed, as with a local stand-in of a service.
const STAND_INS: [&str; 12] = [
    "test",
    "testing",
    "mock",
    "fake",
    "none",
    "null",
    "local",
    "localstack",
    "anonymous",
    "unused",
    "dummy",
    "minioadmin",
];

/// Shorter values are no credential of a service that is worth one.
const LENGTH_MIN: usize = 8;

/// Constants of a provider block that its schema calls credentials.
pub(crate) fn constants(block: &Block<'_>) -> Vec<Hit> {
    let full = block.change.provider.rsplit('/').next().filter(|name| !name.is_empty());
    let name = full.unwrap_or(&block.change.resource_type);
    let Ok(index) = ROWS.binary_search_by(|(row, _)| (*row).cmp(name)) else {
        return Vec::new();
    };
    let attributes = ROWS
        .get(index)
        .map(|(_, attributes)| attributes.as_slice())
        .unwrap_or_default();
    let mut hits = Vec::new();
    for attribute in attributes {
        if let Some((path, text)) = block.after().and_then(|after| reach(after, attribute))
            && is_credential(&text)
        {
            hits.push(Hit {
                path,
                kind: "credential",
                length: text.len(),
                severity: Severity::Critical,
                encoded: false,
                in_configuration: true,
                mark: super::fingerprint::mark(text.trim().as_bytes()),
            });
        }
    }
    hits
}

/// A string inside nested blocks, of which the first counts: `kubernetes.token`.
fn reach(after: Value<'_>, attribute: &str) -> Option<(String, String)> {
    let (mut value, mut path) = (after, String::new());
    for name in attribute.split('.') {
        if let Some(first) = value.index(0) {
            value = first;
            path.push_str("[0]");
        }
        value = value.get(name)?;
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(name);
    }
    Some((path, value.as_str()?.into_owned()))
}

fn is_credential(text: &str) -> bool {
    let text = text.trim();
    let mocked =
        STAND_INS.iter().any(|word| text.eq_ignore_ascii_case(word)) || text.to_ascii_lowercase().starts_with("mock");
    // A path to a file of credentials is the place of a secret.
    let is_path = text.starts_with(['/', '~', '.']) && !text.contains(char::is_whitespace);
    text.len() >= LENGTH_MIN
        && !mocked
        && !is_path
        && !proofs::is_placeholder(text)
        && !negative::refers(text)
        && !text.starts_with("https://")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted() {
        assert!(ROWS.is_sorted_by(|left, right| left.0 < right.0));
        assert!(
            ROWS.iter()
                .all(|(_, attributes)| attributes.iter().all(|attribute| !attribute.is_empty()))
        );
    }

    #[test]
    fn credentials_and_what_is_none() {
        for text in [
            "q8Zk2LmX0vRt",
            "hunter2hunter2",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYq8Zk2LmX0v",
        ] {
            assert!(is_credential(text), "{text}");
        }
        for text in [
            "test",
            "mock_access_key",
            "changeme",
            "/var/run/secrets/token",
            "~/.config/gcloud/key.json",
            "arn:aws:secretsmanager:eu-west-1:111122223333:secret:x",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "",
        ] {
            assert!(!is_credential(text), "{text}");
        }
    }
}
