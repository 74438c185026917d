//! Where the resources of a deferred document lead.
//!
//! The plan says of an unknown element only that it is unknown; the configuration says which blocks it rests on. A
//! role that a statement leads to is that role, and no other is.

use nhi_plan::symbol::symbol;

use super::document::{Document, Selection};
use crate::facts::Block;

/// Blocks that one statement is followed to; with more of them its resources stay unknown.
const LEADS_MAX: usize = 16;

/// Puts symbols where resources are not known but lead somewhere.
pub(crate) fn follow(document: &mut Document, block: &Block<'_>) {
    for (index, statement) in document.statements.iter_mut().enumerate() {
        let (attribute, patterns) = match &mut statement.resources {
            Selection::Only(patterns) => ("resources", patterns),
            Selection::Except(patterns) => ("not_resources", patterns),
        };
        if !patterns.unknown {
            continue;
        }
        let leads = leads(block, index, attribute);
        if !leads.is_empty() && leads.len() <= LEADS_MAX {
            patterns.known.extend(leads.iter().map(|address| lead(address)));
            patterns.unknown = false;
        }
    }
}

/// The blocks that an attribute of one statement rests on; of all statements where they are not told apart.
fn leads(block: &Block<'_>, index: usize, attribute: &str) -> Vec<String> {
    let exact = format!("statement[{index}].{attribute}");
    let own = block
        .change
        .references
        .iter()
        .filter(|reference| reference.path.starts_with(&exact));
    let mut found: Vec<String> = own
        .flat_map(|reference| &reference.addresses)
        .map(ToString::to_string)
        .collect();
    if found.is_empty() {
        found = block.references(&format!("statement.{attribute}"));
    }
    found.sort();
    found.dedup();
    found
}

/// A symbol for what rests on a block: of a principal or a policy it is the ARN, of anything else something unknown.
fn lead(address: &str) -> String {
    let mut parts = address.rsplit('.').skip(1);
    let is_iam = parts.next().is_some_and(|kind| kind.starts_with("aws_iam_")) && parts.next() != Some("data");
    if is_iam {
        symbol(&format!("{address}.arn"))
    } else {
        symbol(&format!("({address})"))
    }
}
