//! Identities and credentials of any provider, and the records that claim them.
//!
//! A resource is governed when an `nhi_identity` claims it, or when it says itself who answers for it and until when.

pub(crate) mod code;
mod forgotten;
mod labels;
pub(crate) mod people;
pub(crate) mod usage;
pub(crate) mod weakened;

use std::collections::BTreeSet;

use nhi_identity_types::{self as types, IdentityType};
use nhi_plan::Mode;
use nhi_plan::json::Value;

use self::forgotten::Forgotten;
use self::labels::{Expiry, Labels};
use super::Block;

/// What a resource fails to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gap {
    /// Neither.
    Both,
    Owner,
    Expiry,
    /// It names an expiry that has passed.
    Expired,
}

/// A resource that does not say who answers for it, or until when.
#[derive(Debug)]
pub(crate) struct Ungoverned {
    pub(crate) address: String,
    pub(crate) noun: &'static str,
    pub(crate) gap: Gap,
    /// Its tags are known only after apply: it may say so yet.
    pub(crate) unverified: bool,
    /// Attribute in which it could say so, if there is one.
    pub(crate) label_attribute: Option<&'static str>,
    config_address: String,
    identifiers: Vec<String>,
    /// Configuration addresses of the identity it belongs to.
    parents: Vec<String>,
}

/// Everything governance in the plan.
#[derive(Debug, Default)]
pub(crate) struct Governance {
    ungoverned: Vec<Ungoverned>,
    /// Something in the plan is of this provider: the team keeps records.
    adopted: bool,
    /// Identities and credentials that the state forgets and that go on to exist.
    forgotten: Vec<Forgotten>,
    /// Who runs as whom.
    pub(crate) usage: usage::Usage,
    /// What runs on the machine of the plan or the apply.
    pub(crate) code: code::Code,
    /// Machine identities that people use too.
    pub(crate) people: people::People,
    /// What the plan takes away from those who watch.
    pub(crate) weakened: weakened::Weakened,
    /// Configuration addresses and identifiers that records claim.
    claimed: BTreeSet<String>,
    /// Configuration addresses of identities in the plan.
    identities: BTreeSet<String>,
    /// Types and ids of what the plan takes in by import.
    imported: BTreeSet<(String, String)>,
}

impl Governance {
    pub(crate) fn collect(&mut self, block: &Block<'_>) {
        self.adopted |= is_own(block);
        self.forgotten.extend(forgotten::read(block));
        self.usage.collect(block);
        self.code.collect(block);
        self.people.collect(block);
        self.weakened.collect(block);
        self.imported.extend(forgotten::imported(block));
        if block.is_managed("nhi_identity") {
            self.claimed.extend(block.references("external"));
            if let Some(external) = block.after().and_then(|after| after.get("external")) {
                external.walk(|_, text| {
                    self.claimed.insert(text.into_owned());
                });
            }
            return;
        }
        let Some(row) = types::find(&block.change.resource_type).filter(|_| block.change.mode == Mode::Managed) else {
            return;
        };
        if is_service_linked(block) || adopts_existing(block) {
            return;
        }
        if row.noun == "identity" {
            self.identities.insert(block.change.config_address.to_string());
        }
        self.ungoverned.extend(judge(block, row));
    }

    /// Takes in a block that is no more after the apply.
    pub(crate) fn collect_gone(&mut self, block: &Block<'_>) {
        self.adopted |= is_own(block);
        self.forgotten.extend(forgotten::read(block));
        self.usage.collect_gone(block);
        self.weakened.collect_gone(block);
    }

    /// Joins what was collected.
    pub(crate) fn settle(&mut self) {
        self.usage.settle();
        self.people.settle();
    }

    /// Whether the plan shows that records are kept at all.
    pub(crate) fn is_adopted(&self) -> bool {
        self.adopted
    }

    /// What the state forgets and no record claims, in the order of the plan.
    pub(crate) fn forgotten(&self) -> impl Iterator<Item = &Forgotten> {
        self.forgotten.iter().filter(|one| {
            let is_claimed = one
                .identifiers
                .iter()
                .any(|identifier| self.claimed.contains(identifier));
            // Under another address of the same plan it stays in the state.
            !is_claimed && !one.id.as_ref().is_some_and(|id| self.imported.contains(id))
        })
    }

    /// Resources that nothing in the plan governs, in the order of the plan.
    pub(crate) fn ungoverned(&self) -> impl Iterator<Item = &Ungoverned> {
        self.ungoverned.iter().filter(|one| {
            let claimed = self.claimed.contains(&one.config_address)
                || one
                    .identifiers
                    .iter()
                    .any(|identifier| self.claimed.contains(identifier));
            // A credential of an identity in the plan is judged with that identity.
            let judged_with_parent = one.parents.iter().any(|parent| self.identities.contains(parent));
            !claimed && !judged_with_parent
        })
    }
}

/// Roles that a service of AWS makes, owns and deletes by itself.
fn is_service_linked(block: &Block<'_>) -> bool {
    let path = block.string("path").unwrap_or_default();
    path.starts_with("/aws-service-role/") || path.starts_with("/aws-reserved/")
}

/// Types of resources of which it matters what they were before.
pub(crate) fn with_before() -> impl Iterator<Item = &'static str> {
    weakened::WITH_BEFORE
        .into_iter()
        .chain(usage::types())
        .chain(types::all())
}

/// A principal of somebody else that the tenant has already; destroying the resource leaves it.
fn adopts_existing(block: &Block<'_>) -> bool {
    let value = block.after().and_then(|after| after.get("use_existing"));
    value.and_then(Value::as_bool) == Some(true)
}

/// A record, a look at records, or the provider that keeps them.
fn is_own(block: &Block<'_>) -> bool {
    let name = block.change.resource_type.as_ref();
    match block.change.mode {
        Mode::Managed | Mode::Data => name.starts_with("nhi_"),
        Mode::Provider => name == "nhi",
        Mode::Variable | Mode::Output => false,
    }
}

fn judge(block: &Block<'_>, row: &IdentityType) -> Option<Ungoverned> {
    let mut labels = Labels::default();
    let mut unverified = false;
    for attribute in &row.labels {
        if let Some(value) = block.after().and_then(|after| reach(after, attribute)) {
            labels.read(value, block.now);
        }
        labels.unknown(&block.change.unknown_paths, attribute);
        // Computed attributes such as `tags_all` are unknown without anybody having written them.
        unverified |= block.is_unknown(attribute) && !block.references(attribute).is_empty();
    }
    let says = |attribute: &&str| {
        let value = block.after().and_then(|after| reach(after, attribute));
        value.is_some_and(labels::says_something)
            || block.is_unknown(attribute) && !block.references(attribute).is_empty()
    };
    labels.owner |= row.owners.iter().any(&says);
    if row.expiries.iter().any(says) {
        labels.expiry = Expiry::Ahead;
    }
    let leads_to_record = || {
        let mut addresses = row.labels.iter().flat_map(|attribute| block.references(attribute));
        addresses.any(|address| is_record(&address))
    };
    let gap = match (labels.owner, labels.expiry) {
        (true, Expiry::Ahead) => return None,
        _ if labels.record || leads_to_record() => return None,
        (_, Expiry::Passed) => Gap::Expired,
        (false, Expiry::None) => Gap::Both,
        (false, Expiry::Ahead) => Gap::Owner,
        (true, Expiry::None) => Gap::Expiry,
    };
    let identifiers = row
        .identifiers
        .iter()
        .filter_map(|attribute| block.string(attribute))
        .filter(|id| !id.is_empty());
    let named = block
        .after()
        .and_then(|after| named(&block.change.resource_type, after));
    Some(Ungoverned {
        address: block.change.address.to_string(),
        noun: row.noun,
        gap,
        unverified,
        label_attribute: row.labels.first().copied(),
        config_address: block.change.config_address.to_string(),
        identifiers: identifiers.chain(named).collect(),
        parents: row
            .parents
            .iter()
            .flat_map(|attribute| block.references(attribute))
            .collect(),
    })
}

/// A value inside nested blocks, of which the first counts: `metadata.labels`.
fn reach<'d>(value: Value<'d>, path: &str) -> Option<Value<'d>> {
    path.split('.')
        .try_fold(value, |value, name| value.index(0).unwrap_or(value).get(name))
}

/// The id that a record of an adopted identity names it by.
fn named(resource_type: &str, value: Value<'_>) -> Option<String> {
    let text = |place: types::Place| {
        let text = reach(value, &place.join("."))?.as_str()?;
        (!text.is_empty()).then_some(text)
    };
    types::origin(resource_type)?.external(text).ok()
}

fn is_record(address: &str) -> bool {
    address.rsplit('.').nth(1) == Some("nhi_identity")
}
