//! What the policies of a roster say: texts, documents that are read during apply, policies that the provider manages.

use std::sync::Arc;

use nhi_plan::symbol;

use super::join::Join;
use super::{Content, Naming, Stand};
use crate::facts::iam::access::{Alternative, Boundary, Unread};
use crate::facts::iam::data_document::{instance_key, is_document_block};
use crate::facts::iam::library::Text;
use crate::facts::iam::managed;
use crate::facts::iam::origin::{block_of, cannot_be_chosen};

/// The content of a policy, once it is read.
#[derive(Debug, Clone, Default)]
pub(super) struct Read {
    pub(super) alternatives: Vec<Alternative>,
    pub(super) unread: Option<Unread>,
}

/// What a block means where it names a managed policy.
pub(super) enum Found {
    /// Policies of the plan; it is exactly one of them.
    Plan(Vec<usize>),
    Provider(String),
    /// A policy of the provider, whose path is known in part.
    ProviderLike(String),
    Elsewhere(Option<String>),
    /// Exactly one of these.
    Several(Vec<Naming>),
    /// It rests on these blocks, and none of them is a policy.
    Unknown(Vec<String>),
}

impl<'r> Join<'r> {
    /// A policy of the provider that the table leaves out allows nothing that any rule asks for.
    pub(super) fn provider(&mut self, arn: &str) -> Read {
        let managed = &mut *self.managed;
        let provided = self.provided.entry(arn.to_owned());
        let alternative = provided.or_insert_with(|| Alternative::planned(managed.document(arn).unwrap_or_default()));
        Read {
            alternatives: vec![alternative.clone()],
            unread: None,
        }
    }

    /// What a policy of the provider says of whose path only a part is known: one of those that fit, or another.
    pub(super) fn provider_like(&mut self, arn: &str) -> Read {
        match self.managed.candidates(arn) {
            None => Read {
                alternatives: Vec::new(),
                unread: Some(Unread::Attached(own_or(&[], arn))),
            },
            Some(documents) => {
                let found = documents.into_iter().map(Alternative::planned);
                Read {
                    alternatives: std::iter::once(Alternative::default()).chain(found).collect(),
                    unread: None,
                }
            }
        }
    }

    /// The contents of policies of the plan, of which exactly one holds.
    pub(super) fn contents(&mut self, policies: &[usize]) -> Read {
        let mut all = Read::default();
        for index in policies {
            let read = self.content(*index);
            all.alternatives.extend(read.alternatives);
            all.unread = all.unread.or(read.unread);
        }
        if all.unread.is_some() {
            all.alternatives.clear();
        }
        all
    }

    pub(super) fn content(&mut self, index: usize) -> Read {
        if let Some(Some(read)) = self.policy_contents.get(index) {
            return read.clone();
        }
        let Some(policy) = self.policies.get(index) else {
            return Read::default();
        };
        let read = self.read(&policy.content, &policy.stand);
        if let Some(slot) = self.policy_contents.get_mut(index) {
            *slot = Some(read.clone());
        }
        read
    }

    pub(super) fn read(&mut self, content: &'r Content, stand: &Stand) -> Read {
        match content {
            Content::Text(Text::Documents(alternatives)) => Read {
                alternatives: alternatives.to_vec(),
                unread: None,
            },
            Content::Text(Text::Broken) => Read {
                unread: Some(Unread::Broken),
                ..Read::default()
            },
            Content::Text(Text::Empty) | Content::Policy(_) => Read {
                alternatives: vec![Alternative::default()],
                unread: None,
            },
            Content::Pending(blocks) => match self.candidates(blocks, stand) {
                Some(alternatives) => Read {
                    alternatives,
                    unread: None,
                },
                None => Read {
                    unread: Some(Unread::Unknown(blocks.clone())),
                    ..Read::default()
                },
            },
        }
    }

    /// The documents that a pending attribute may turn out to be; `None` where it may be something else.
    pub(super) fn candidates(&mut self, blocks: &[String], stand: &Stand) -> Option<Vec<Alternative>> {
        let documents = self.documents;
        let mut found = Vec::new();
        for block in blocks.iter().filter(|block| is_document_block(block)) {
            for data in documents.nearest(block, &stand.module, instance_key(&stand.address))? {
                let assembled = self.assembled.entry(&data.address);
                let alternative = assembled.or_insert_with(|| Alternative {
                    source: Some(data.address.as_str().into()),
                    evidence: if data.from_configuration {
                        "configuration"
                    } else {
                        "references"
                    },
                    ..Alternative::planned(Arc::new(documents.assemble(data)))
                });
                found.push(alternative.clone());
            }
        }
        (!found.is_empty()).then_some(found)
    }

    pub(super) fn policy(&self, naming: &Naming, stand: &Stand) -> Found {
        let exactly = naming
            .address
            .as_deref()
            .and_then(|address| self.policy_blocks.exactly(address));
        if let Some(index) = exactly {
            return Found::Plan(vec![index]);
        }
        let Some(text) = &naming.text else {
            let blocks = naming.blocks.iter().filter(|block| managed::is_policy_block(block));
            let found: Vec<_> = blocks
                .flat_map(|block| self.policy_blocks.of(block, stand.spot()))
                .collect();
            return if found.is_empty() {
                Found::Unknown(naming.blocks.clone())
            } else {
                Found::Plan(found)
            };
        };
        let alternatives = symbol::alternatives(text);
        if alternatives.len() > 1 {
            let namings = alternatives
                .into_iter()
                .map(|one| Naming::of(one.to_owned(), Vec::new()));
            return Found::Several(namings.collect());
        }
        match managed::path(text) {
            Some(path) if symbol::has_symbols(path) => return Found::ProviderLike(text.clone()),
            Some(_) => return Found::Provider(text.clone()),
            None if names_any_policy(text) => {
                let blocks = own_or(&naming.blocks, text);
                return Found::Unknown(blocks);
            }
            None => {}
        }
        let name = text.split_once(":policy/").map_or(text.as_str(), |(_, path)| path);
        let name = name.rsplit('/').next().unwrap_or(name);
        let named = self
            .policy_names
            .get(text.as_str())
            .or_else(|| self.policy_names.get(name));
        let Some(named) = named else {
            return Found::Elsewhere(Some(text.clone()));
        };
        if named.len() > 1 {
            let near = naming
                .blocks
                .iter()
                .flat_map(|block| self.policy_blocks.of(block, stand.spot()));
            let near: Vec<_> = near.filter(|index| named.contains(index)).collect();
            if !near.is_empty() {
                return Found::Plan(near);
            }
        }
        Found::Plan(named.clone())
    }

    pub(super) fn boundary(&mut self, naming: &Naming, stand: &Stand) -> Boundary {
        match self.policy(naming, stand) {
            Found::Plan(policies) => {
                self.bounding.extend(&policies);
                let read = self.contents(&policies);
                if read.alternatives.is_empty() {
                    return Boundary::Elsewhere;
                }
                let documents = read.alternatives.into_iter().map(|alternative| alternative.document);
                Boundary::Documents(documents.collect())
            }
            Found::Provider(arn) => match self.managed.document(&arn) {
                Some(document) => Boundary::Documents(vec![document]),
                None => Boundary::Elsewhere,
            },
            Found::ProviderLike(_) | Found::Elsewhere(_) | Found::Unknown(_) | Found::Several(_) => Boundary::Elsewhere,
        }
    }
}

/// Whether a text begins with something unknown, or is an ARN of an account that is: it may be any policy.
fn names_any_policy(text: &str) -> bool {
    let is_safe = |origin: &str| cannot_be_chosen(origin);
    if let Some(rest) = text.strip_prefix(symbol::OPEN) {
        return !is_safe(rest.split(symbol::CLOSE).next().unwrap_or_default());
    }
    let Some((_, rest)) = text.strip_prefix("arn:").and_then(|rest| rest.split_once(":iam::")) else {
        return text.starts_with("arn:") && symbol::has_symbols(text);
    };
    let account = rest.split_once(":policy/").map_or(rest, |(account, _)| account);
    symbol::parts(account).any(|part| matches!(part, symbol::Part::Symbol(origin) if !is_safe(origin)))
}

/// The blocks that a value rests on, or else those that its symbols name.
fn own_or(blocks: &[String], text: &str) -> Vec<String> {
    if !blocks.is_empty() {
        return blocks.to_vec();
    }
    let mut found: Vec<String> = Vec::new();
    for part in symbol::parts(text) {
        if let symbol::Part::Symbol(origin) = part {
            let block = block_of(origin);
            if !found.contains(&block) {
                found.push(block);
            }
        }
    }
    found
}
