//! Roles that can only read: a plan for a pull request needs no more, and that it can be stolen is the lesser harm.
//!
//! A role counts as one that only reads when every policy that the plan gives it is known and only reads.

use nhi_plan::symbol;

use crate::facts::hash::Map;
use crate::facts::iam::access::{Grant, Principal};
use crate::facts::iam::document::{Document, Effect, Selection};

/// Policies of AWS that let nobody change anything.
const READING: [&str; 5] = [
    "job-function/SupportUser",
    "job-function/ViewOnlyAccess",
    "ReadOnlyAccess",
    "SecurityAudit",
    "AWSBillingReadOnlyAccess",
];

/// Verbs that change nothing.
const VERBS: [&str; 7] = ["get", "list", "describe", "batchget", "head", "read", "view"];

/// The principals of a plan by the block that creates them.
#[derive(Debug)]
pub(super) struct Reads<'p>(Map<&'p str, &'p Principal>);

impl<'p> Reads<'p> {
    pub(super) fn of(principals: &'p [Principal]) -> Self {
        let own = principals.iter().filter(|principal| principal.in_plan);
        Self(own.map(|principal| (&*principal.address, principal)).collect())
    }

    /// Whether a role is given something, and nothing but to read.
    pub(super) fn only(&self, address: &str) -> bool {
        let grants = self.0.get(address).map_or(&[][..], |principal| &principal.grants);
        !grants.is_empty() && grants.iter().all(reads)
    }
}

fn reads(grant: &Grant) -> bool {
    let is_of_aws = grant
        .arn
        .as_deref()
        .and_then(|arn| arn.split_once(":iam::aws:policy/"))
        .is_some_and(|(_, name)| READING.contains(&name));
    let documents = &grant.alternatives;
    let is_read = grant.unread.is_none() && !documents.is_empty();
    is_of_aws || is_read && documents.iter().all(|one| reads_document(&one.document))
}

fn reads_document(document: &Document) -> bool {
    let reads = |pattern: &String| {
        let lower = pattern.to_ascii_lowercase();
        let name = lower.split_once(':').map_or("", |(_, name)| name);
        !symbol::has_symbols(pattern) && VERBS.iter().any(|verb| name.starts_with(verb))
    };
    document.statements.iter().all(|statement| {
        let known = match &statement.actions {
            Selection::Only(patterns) => !patterns.unknown && patterns.known.iter().all(reads),
            Selection::Except(_) => false,
        };
        statement.effect == Effect::Deny || statement.effect == Effect::Allow && known
    })
}
