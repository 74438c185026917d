//! Vault: policies, who holds them, and what they amount to.

pub(crate) mod binding;
mod dangers;
pub(crate) mod engine;
mod language;
mod pattern;
mod settle;

use std::collections::BTreeMap;

use nhi_plan::json::{self, Value};
use nhi_plan::{Mode, symbol};

use self::language::Policy;
pub(crate) use self::settle::Settled;
use super::{Block, setting};

/// Elements of a list that are read.
const ELEMENTS_MAX: usize = 1_000;

/// A `vault_policy`.
#[derive(Debug)]
struct PolicyBlock {
    address: String,
    config_address: String,
    name: String,
    /// Attribute that holds the text.
    path: &'static str,
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
    /// Something that is no policy of the plan decides which policies it gets.
    open: bool,
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
                path: "policy",
                source: source(block),
            }),
            (Mode::Managed, "vault_generic_endpoint") => self.collect_generic(block),
            // What engines call policies is another system's.
            (Mode::Managed, name) if name.contains("_secret_") => {}
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
                    open: setting::list_is_open(block, path),
                    address: block.change.address.to_string(),
                    path: path.to_owned(),
                    names,
                    references,
                });
            }
        }
    }

    /// A request that is written out: a policy, or somebody who gets policies.
    fn collect_generic(&mut self, block: &Block<'_>) {
        let endpoint = block.string("path").unwrap_or_default();
        let Some(text) = block.string("data_json") else { return };
        let Ok(document) = json::parse(&text) else { return };
        let data = document.root();
        let name = ["sys/policies/acl/", "sys/policy/"]
            .iter()
            .find_map(|prefix| endpoint.strip_prefix(prefix));
        if let Some(name) = name {
            let text = data.get("policy").and_then(Value::as_str);
            let source = match text.as_deref().map(language::read) {
                Some(Ok(policy)) => Source::Read(policy),
                _ => Source::Broken,
            };
            self.policies.push(PolicyBlock {
                address: block.change.address.to_string(),
                config_address: block.change.config_address.to_string(),
                name: name.to_owned(),
                path: "data_json",
                source,
            });
            return;
        }
        for attribute in ["policies", "token_policies"] {
            let Some(value) = data.get(attribute) else { continue };
            // The API takes a list, or a text with commas.
            let mut names: Vec<String> = Vec::new();
            match value.as_str() {
                Some(text) => names.extend(text.split(',').map(|name| name.trim().to_owned())),
                None => names.extend(
                    value
                        .elements()
                        .filter_map(Value::as_str)
                        .take(ELEMENTS_MAX)
                        .map(std::borrow::Cow::into_owned),
                ),
            }
            self.holders.push(Holder {
                address: block.change.address.to_string(),
                path: String::from("data_json"),
                names,
                references: Vec::new(),
                open: false,
            });
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
