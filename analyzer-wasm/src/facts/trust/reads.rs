//! Roles that can only read: a plan for a pull request needs no more, and that it can be stolen is the lesser harm.
//!
//! A role counts as one that only reads when every policy that the plan gives it is known and only reads.

use std::collections::BTreeMap;

use nhi_plan::json::Value;
use nhi_plan::{Mode, symbol};

use super::accounts::block_of;
use crate::facts::Block;
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

/// What tells without reading a document that it does not only read.
const WRITES: [&str; 5] = [":put", ":create", ":delete", ":update", ":write"];

/// For each role, by its name or its block, whether all that it is given only reads.
#[derive(Debug, Default)]
pub(super) struct Reads(BTreeMap<String, bool>);

fn reads_arn(arn: &str) -> bool {
    arn.split_once(":iam::aws:policy/")
        .is_some_and(|(_, name)| READING.contains(&name))
}

fn reads_document(text: &str) -> bool {
    let reads = |pattern: &String| {
        let lower = pattern.to_ascii_lowercase();
        let name = lower.split_once(':').map_or("", |(_, name)| name);
        !symbol::has_symbols(pattern) && VERBS.iter().any(|verb| name.starts_with(verb))
    };
    let lower = text.to_ascii_lowercase();
    if WRITES.iter().any(|sign| lower.contains(sign)) && !lower.contains("\"deny\"") {
        return false;
    }
    Document::parse(text).is_some_and(|document| {
        document.statements.iter().all(|statement| {
            let known = match &statement.actions {
                Selection::Only(patterns) => !patterns.unknown && patterns.known.iter().all(reads),
                Selection::Except(_) => false,
            };
            statement.effect == Effect::Deny || statement.effect == Effect::Allow && known
        })
    })
}

impl Reads {
    pub(super) fn collect(&mut self, block: &Block<'_>) {
        if block.change.mode != Mode::Managed {
            return;
        }
        let reads = match block.change.resource_type.as_ref() {
            "aws_iam_role_policy_attachment" => block.string("policy_arn").is_some_and(|arn| reads_arn(&arn)),
            "aws_iam_role_policy" => block.string("policy").is_some_and(|text| reads_document(&text)),
            "aws_iam_role" => return self.role(block),
            _ => return,
        };
        let name = block.string("role").map(|name| format!("name {name}"));
        let blocks = block
            .references("role")
            .into_iter()
            .filter(|block| block.contains("aws_iam_role."));
        for key in name.into_iter().chain(blocks) {
            self.add(key, reads);
        }
    }

    /// What a role brings along itself.
    fn role(&mut self, block: &Block<'_>) {
        let list = |name: &str| block.after().and_then(|after| after.get(name));
        let arns = list("managed_policy_arns").into_iter().flat_map(Value::elements);
        let key = block.change.config_address.to_string();
        for arn in arns {
            self.add(key.clone(), arn.as_str().is_some_and(|arn| reads_arn(&arn)));
        }
        let inline = list("inline_policy").into_iter().flat_map(Value::elements);
        for policy in inline {
            let reads = policy
                .get("policy")
                .and_then(Value::as_str)
                .is_some_and(|text| reads_document(&text));
            self.add(key.clone(), reads);
        }
    }

    fn add(&mut self, key: String, reads: bool) {
        let all = self.0.entry(key).or_insert(true);
        *all &= reads;
    }

    /// Whether a role is given something, and nothing but to read.
    pub(super) fn only(&self, address: &str, name: Option<&str>) -> bool {
        let by_block = self.0.get(&block_of(address));
        let by_name = name.and_then(|name| self.0.get(&format!("name {name}")));
        let mut known = by_block.into_iter().chain(by_name).peekable();
        known.peek().is_some() && known.all(|reads| *reads)
    }
}
