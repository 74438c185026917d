//! What an identity may do, as far as the same state or plan says it: the scope that a record starts from.
//!
//! Where a part of it is not known, that is said and not left out: a scope that is too small would make the identity
//! look harmless.

mod aws;
mod kubernetes;
mod others;

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use crate::attributes::Attributes;
use crate::source::Resource;

pub(crate) use aws::of_role as of_aws_role;

/// The most entries and actions that a scope may hold.
const ENTRIES_MAX: usize = 100;
const ACTIONS_MAX: usize = 200;
/// How many lines say what is not known.
const LINES_MAX: usize = 20;

/// Whom something is given to: what the backend calls it, and by which of its names.
pub(crate) type Subject = (&'static str, String);

/// Something that is given.
#[derive(Debug, Clone)]
pub(crate) enum Power {
    /// A policy of AWS, as text.
    Policy(String),
    /// A policy of AWS, by its ARN.
    Attached(String),
    /// A role of Kubernetes: whether it is one of the cluster, its namespace, its name, and where it was bound.
    Bound {
        is_cluster: bool,
        namespace: String,
        name: String,
        within: Option<String>,
    },
    /// Plain words.
    Entry(Entry),
    /// Something that is not known.
    Unknown(String),
}

/// An entry of a scope.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry {
    pub(crate) backend: &'static str,
    pub(crate) resource: String,
    pub(crate) actions: Vec<String>,
}

/// What is known of what an identity may do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Scope {
    pub(crate) entries: Vec<Entry>,
    /// What is not known or cannot be written, a line each.
    pub(crate) gaps: Vec<String>,
    /// What a reader should know of an entry.
    pub(crate) notes: Vec<String>,
}

/// Everything that is given in a source.
#[derive(Debug, Default)]
pub(crate) struct Powers {
    given: BTreeMap<Subject, Vec<Power>>,
    policies: BTreeMap<String, String>,
    roles: BTreeMap<(bool, String, String), Vec<Entry>>,
}

/// The types that say what others may do; roles and users that do so themselves are wanted anyway.
pub(crate) fn is_source(type_name: &str) -> bool {
    aws::TYPES.contains(&type_name) || kubernetes::is_source(type_name) || others::is_source(type_name)
}

impl Powers {
    pub(crate) fn collect(&mut self, resource: &Resource<'_>, attributes: &Attributes<'_>) {
        let type_name = &*resource.type_name;
        aws::collect(self, type_name, attributes);
        kubernetes::collect(self, type_name, attributes);
        others::collect(self, type_name, attributes);
    }

    fn give(&mut self, subject: Subject, power: Power) {
        self.given.entry(subject).or_default().push(power);
    }

    /// What all of these names of an identity are given together.
    pub(crate) fn scope(&self, subjects: &[Subject], own: Vec<Power>, partition: &str) -> Scope {
        let mut scope = Scope::default();
        let given = subjects.iter().filter_map(|subject| self.given.get(subject)).flatten();
        for power in given.cloned().chain(own) {
            match power {
                Power::Policy(text) => aws::read_policy(&text, partition, &mut scope),
                Power::Attached(arn) => match self.policies.get(&arn) {
                    Some(text) => aws::read_policy(text, partition, &mut scope),
                    None => scope.gaps.push(format!("what the policy `{arn}` allows")),
                },
                Power::Bound {
                    is_cluster,
                    namespace,
                    name,
                    within,
                } => match self.roles.get(&(is_cluster, namespace, name.clone())) {
                    Some(rules) => kubernetes::bind(rules, within.as_deref(), &mut scope),
                    None => scope.gaps.push(format!("what the role `{name}` of the cluster allows")),
                },
                Power::Entry(entry) => scope.entries.push(entry),
                Power::Unknown(what) => scope.gaps.push(what),
            }
        }
        scope.settle();
        scope
    }
}

impl Scope {
    /// One entry for each resource, each action once, in an order of their own.
    fn settle(&mut self) {
        let mut merged: BTreeMap<(&'static str, String), Vec<String>> = BTreeMap::new();
        for entry in self.entries.drain(..) {
            merged
                .entry((entry.backend, entry.resource))
                .or_default()
                .extend(entry.actions);
        }
        for ((backend, resource), mut actions) in merged {
            actions.sort();
            actions.dedup();
            if actions.len() > ACTIONS_MAX {
                self.gaps.push(format!("{} actions on `{resource}`", actions.len()));
                continue;
            }
            self.entries.push(Entry {
                backend,
                resource,
                actions,
            });
        }
        if self.entries.len() > ENTRIES_MAX {
            self.gaps
                .push(format!("{} more resources", self.entries.len() - ENTRIES_MAX));
            self.entries.truncate(ENTRIES_MAX);
        }
        for lines in [&mut self.gaps, &mut self.notes] {
            lines.sort();
            lines.dedup();
            if lines.len() > LINES_MAX {
                let more = lines.len() - LINES_MAX;
                lines.truncate(LINES_MAX);
                lines.push(format!("and {more} more of the kind"));
            }
        }
    }
}

impl Entry {
    /// As the attribute has it.
    pub(crate) fn to_json(&self) -> Json {
        json!({ "backend": self.backend, "resource": self.resource, "actions": self.actions })
    }
}
