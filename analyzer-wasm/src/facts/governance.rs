//! Identities and credentials of any provider, and the records that claim them.
//!
//! A resource is governed when an `nhi_identity` claims it, or when it says itself who answers for it and until when.

mod labels;
mod types;

use std::collections::BTreeSet;

use nhi_plan::Mode;
use nhi_plan::json::Value;

use self::labels::{Expiry, Labels};
use self::types::IdentityType;
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
    /// Configuration addresses and identifiers that records claim.
    claimed: BTreeSet<String>,
    /// Configuration addresses of identities in the plan.
    identities: BTreeSet<String>,
}

impl Governance {
    pub(crate) fn collect(&mut self, block: &Block<'_>) {
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
        if is_service_linked(block) {
            return;
        }
        if row.noun == "identity" {
            self.identities.insert(block.change.config_address.to_string());
        }
        self.ungoverned.extend(judge(block, row));
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
    Some(Ungoverned {
        address: block.change.address.to_string(),
        noun: row.noun,
        gap,
        unverified,
        label_attribute: row.labels.first().copied(),
        config_address: block.change.config_address.to_string(),
        identifiers: identifiers.collect(),
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

fn is_record(address: &str) -> bool {
    address.rsplit('.').nth(1) == Some("nhi_identity")
}
