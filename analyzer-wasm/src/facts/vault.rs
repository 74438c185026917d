//! Vault: policies, who holds them, and what they amount to.

pub(crate) mod binding;
mod dangers;
pub(crate) mod engine;
mod language;
mod pattern;
mod settle;

use std::collections::BTreeMap;

use nhi_plan::json::Value;
use nhi_plan::{Mode, symbol};

use self::language::Policy;
pub(crate) use self::settle::Settled;
use super::Block;

/// Elements of a list that are read.
const ELEMENTS_MAX: usize = 1_000;

/// A `vault_policy`.
#[derive(Debug)]
struct PolicyBlock {
    address: String,
    config_address: String,
    name: String,
    source: Source,
}

/// What is known of a policy's text.
#[derive(Debug)]
enum Source {
    Read(Policy),
    /// The text will be one of several.
    OneOf(Policy),
    Broken,
    /// It rests on these blocks.
    Unknown(Vec<String>),
}

/// A role, token, entity or group with policies.
#[derive(Debug)]
struct Holder {
    address: String,
    path: String,
    names: Vec<String>,
    references: Vec<String>,
}

/// Everything Vault in the plan.
#[derive(Debug, Default)]
pub(crate) struct Vault {
    policies: Vec<PolicyBlock>,
    holders: Vec<Holder>,
    /// Policy documents that a data source makes.
    documents: BTreeMap<String, Policy>,
    pub(crate) settled: Settled,
}

impl Vault {
    pub(crate) fn collect(&mut self, block: &Block<'_>) {
        let resource_type = block.change.resource_type.as_ref();
        if !resource_type.starts_with("vault_") {
            return;
        }
        match (block.change.mode, resource_type) {
            (Mode::Data, "vault_policy_document") => {
                self.documents
                    .insert(block.change.config_address.to_string(), document(block));
            }
            (Mode::Managed, "vault_policy") => self.policies.push(PolicyBlock {
                address: block.change.address.to_string(),
                config_address: block.change.config_address.to_string(),
                name: block.string("name").unwrap_or_default(),
                source: source(block),
            }),
            (Mode::Managed, _) => self.collect_holder(block),
            _ => {}
        }
    }

    fn collect_holder(&mut self, block: &Block<'_>) {
        for path in [
            "token_policies",
            "policies",
            "allowed_policies",
            "allowed_policies_glob",
        ] {
            let value = block.after().and_then(|after| after.get(path));
            let unknown = block.is_unknown(path) || value.is_some_and(|value| value.elements().any(Value::is_null));
            let texts = value.into_iter().flat_map(Value::elements).filter_map(Value::as_str);
            let names: Vec<String> = texts.take(ELEMENTS_MAX).map(std::borrow::Cow::into_owned).collect();
            let unsure = unknown || names.iter().any(|name| symbol::has_symbols(name));
            let references = if unsure { block.references(path) } else { Vec::new() };
            if !names.is_empty() || !references.is_empty() {
                self.holders.push(Holder {
                    address: block.change.address.to_string(),
                    path: path.to_owned(),
                    names,
                    references,
                });
            }
        }
    }

    /// Joins what was collected.
    pub(crate) fn settle(&mut self) {
        self.settled = settle::settle(self);
    }
}

fn source(block: &Block<'_>) -> Source {
    let Some(text) = block.string("policy") else {
        return if block.is_unknown("policy") {
            Source::Unknown(block.references("policy"))
        } else {
            Source::Broken
        };
    };
    let alternatives = symbol::alternatives(&text);
    let mut whole = Policy::default();
    for text in &alternatives {
        match language::read(text) {
            Ok(policy) => {
                whole.stanzas.extend(policy.stanzas);
                whole.unknown |= policy.unknown;
            }
            Err(language::Broken) if symbol::has_symbols(text) => return Source::Unknown(block.references("policy")),
            Err(language::Broken) => return Source::Broken,
        }
    }
    if alternatives.len() > 1 {
        Source::OneOf(whole)
    } else {
        Source::Read(whole)
    }
}

/// The rules of a `vault_policy_document`.
fn document(block: &Block<'_>) -> Policy {
    let mut policy = Policy {
        unknown: block.is_unknown("rule"),
        ..Policy::default()
    };
    let rules = block.after().and_then(|after| after.get("rule"));
    for rule in rules.into_iter().flat_map(Value::elements).take(ELEMENTS_MAX) {
        let Some(path) = rule.get("path").and_then(Value::as_str) else {
            policy.unknown = true;
            continue;
        };
        let names = rule
            .get("capabilities")
            .into_iter()
            .flat_map(Value::elements)
            .map(Value::as_str);
        let mut stanza = language::stanza(&path, names);
        stanza.narrowed = rule.get("allowed_parameter").is_some_and(|allowed| !allowed.is_empty());
        policy.stanzas.push(stanza);
    }
    policy
}
