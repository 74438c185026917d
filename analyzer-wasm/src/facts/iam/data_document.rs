//! `aws_iam_policy_document` blocks that are read during apply.
//!
//! One unknown ARN defers the whole block, yet its statements stand in the plan: this is where half of all documents
//! of a first plan become readable.

use super::document::Document;
use super::leads;
use super::origin;
use super::who;
use crate::facts::Block;

/// A document that another one builds on.
#[derive(Debug)]
pub(crate) enum Part {
    Known(Document),
    /// Rests on these configuration addresses.
    Referenced(Vec<String>),
}

/// A deferred `aws_iam_policy_document`.
#[derive(Debug)]
pub(crate) struct DataDocument {
    pub(crate) address: String,
    pub(crate) module_address: String,
    pub(crate) document: Document,
    pub(crate) sources: Vec<Part>,
    pub(crate) overrides: Vec<Part>,
    /// The statements were read from constants of the configuration.
    pub(crate) from_configuration: bool,
}

impl DataDocument {
    pub(crate) fn read(block: &Block<'_>) -> Self {
        let unknown = |path: &str| block.is_unknown(path);
        let planned = block.after().map(|after| Document::from_planned(after, &unknown));
        // The configuration leaves `dynamic` blocks out: where the plan does not know the statements, there are more.
        let open = block.is_unknown("statement");
        let readable = planned.filter(|_| !open);
        let (document, from_configuration) = match readable {
            Some(document) => (document, false),
            None => match block.configuration().and_then(Document::from_configuration) {
                Some(document) => (Document { open, ..document }, true),
                None => (
                    Document {
                        statements: Vec::new(),
                        open: true,
                    },
                    false,
                ),
            },
        };
        let mut document = document;
        leads::follow(&mut document, block);
        who::lead(&mut document, block);
        origin::lead(&mut document, block);
        Self {
            address: block.change.address.to_string(),
            module_address: block.change.module_address.to_string(),
            document,
            sources: parts(block, &["source_policy_documents", "source_json"]),
            overrides: parts(block, &["override_policy_documents", "override_json"]),
            from_configuration,
        }
    }

    /// The instance key with its brackets; empty where there is none.
    pub(crate) fn key(&self) -> &str {
        instance_key(&self.address)
    }
}

/// The instance key that an address ends in, with its brackets.
pub(crate) fn instance_key(address: &str) -> &str {
    let start = address.ends_with(']').then(|| address.rfind('[')).flatten();
    start.and_then(|start| address.get(start..)).unwrap_or_default()
}

fn parts(block: &Block<'_>, attributes: &[&str]) -> Vec<Part> {
    let mut parts = Vec::new();
    for attribute in attributes {
        let value = block
            .after()
            .and_then(|after| after.get(attribute))
            .filter(|value| !value.is_null());
        let mut missing = value.is_none() && block.is_unknown(attribute);
        let texts = value
            .into_iter()
            .flat_map(|value| value.elements().chain(value.as_str().is_some().then_some(value)));
        for text in texts {
            match text.as_str() {
                Some(text) if text.trim().is_empty() => {}
                Some(text) => {
                    parts.push(Document::parse(&text).map_or_else(|| Part::Referenced(Vec::new()), Part::Known));
                }
                None => missing = true,
            }
        }
        if missing {
            parts.push(Part::Referenced(block.references(attribute)));
        }
    }
    parts
}

/// Whether a configuration address is such a block.
pub(crate) fn is_document_block(address: &str) -> bool {
    let mut parts = address.rsplit('.').skip(1);
    parts.next() == Some("aws_iam_policy_document") && parts.next() == Some("data")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        assert_eq!(instance_key("aws_iam_policy.p[0]"), "[0]");
        assert_eq!(instance_key(r#"module.m["a"].aws_iam_policy.p["x"]"#), r#"["x"]"#);
        assert_eq!(instance_key(r#"module.m["a"].aws_iam_policy.p"#), "");
        assert!(is_document_block("data.aws_iam_policy_document.d"));
        assert!(is_document_block("module.m.data.aws_iam_policy_document.d"));
        assert!(!is_document_block("aws_iam_policy.d"));
    }
}
