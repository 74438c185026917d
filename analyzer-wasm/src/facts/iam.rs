//! AWS IAM: which documents and policies reach which principals.
//!
//! Blocks come in any order, so everything that needs a join waits until [`Iam::settle`].

#[allow(dead_code, reason = "wip")]
pub(crate) mod access;
pub(crate) mod condition;
mod data_document;
pub(crate) mod document;
mod documents;
mod managed;
pub(crate) mod pattern;
pub(crate) mod powers;
mod principal;
mod settle;
mod sites;

use std::collections::{BTreeMap, BTreeSet};

use nhi_plan::Mode;

use self::data_document::DataDocument;
use self::documents::Documents;
use self::principal::{Boundary, Principal};
pub(crate) use self::settle::{Bound, Grant, Reason, Settled, Subject, Unreadable};
use self::sites::{Place, Site, Source};
use super::Block;

/// Everything IAM in the plan.
#[derive(Debug, Default)]
pub(crate) struct Iam {
    /// Documents that have something to say, or that cannot be read yet.
    sites: Vec<Site>,
    documents: Documents,
    /// Places of managed policies among the sites, by configuration address.
    policies: BTreeMap<String, Vec<usize>>,
    /// Managed policies that something attaches: configuration addresses, and names out of ARNs.
    attached: BTreeSet<String>,
    /// Managed policies that serve as a boundary: configuration addresses, and names out of ARNs.
    bounding: BTreeSet<String>,
    /// Boundaries of principals, by [`Principal::keys`].
    boundaries: BTreeMap<String, Boundary>,
}

impl Iam {
    pub(crate) fn collect(&mut self, block: &Block<'_>) {
        let resource_type = block.change.resource_type.as_ref();
        if block.change.mode == Mode::Data {
            if resource_type == "aws_iam_policy_document" {
                self.documents
                    .add(&block.change.config_address, DataDocument::read(block));
            }
            return;
        }
        let Some(spec) = sites::spec(resource_type).filter(|_| block.change.mode == Mode::Managed) else {
            return;
        };
        let principal = Principal::read(block, spec);
        if spec.bounded {
            self.collect_boundary(block, &principal);
        }
        for (path, place) in spec.documents {
            let first = self.sites.len();
            sites::read_documents(block, path, *place, &principal, &mut self.sites);
            if *place == Place::Managed && self.sites.len() > first {
                let places = self
                    .policies
                    .entry(block.change.config_address.to_string())
                    .or_default();
                places.extend(first..self.sites.len());
            }
        }
        for path in spec.arns {
            self.collect_attachments(block, path, spec, &principal);
        }
        if spec
            .attaches_itself
            .iter()
            .any(|attribute| has_elements(block, attribute))
        {
            self.attached.insert(block.change.config_address.to_string());
        }
    }

    fn collect_boundary(&mut self, block: &Block<'_>, principal: &Principal) {
        let attribute = "permissions_boundary";
        let arn = block.string(attribute).filter(|arn| !arn.is_empty());
        let blocks = block.references(attribute);
        if arn.is_none() && !block.is_unknown(attribute) {
            return;
        }
        self.bounding.extend(arn.as_deref().and_then(name_entry));
        self.bounding.extend(blocks.iter().cloned());
        for key in principal.keys() {
            self.boundaries.insert(
                key,
                Boundary {
                    arn: arn.clone(),
                    blocks: blocks.clone(),
                },
            );
        }
    }

    fn collect_attachments(
        &mut self,
        block: &Block<'_>,
        path: &'static str,
        spec: &sites::Spec,
        principal: &Principal,
    ) {
        let blocks = block.references(path);
        self.attached.extend(blocks.iter().cloned());
        let mut missing = block.is_unknown(path);
        for (path, arn) in sites::strings_at(block, path) {
            let Some(arn) = arn else {
                missing = true;
                continue;
            };
            if let Some(powers) = managed::powers(&arn) {
                self.sites.push(Site::attachment(
                    block,
                    path,
                    spec,
                    principal,
                    Source::Managed { arn, powers },
                ));
            } else {
                self.attached.extend(name_entry(&arn));
            }
        }
        // An attribute that nobody wrote is unknown because the provider computes it.
        let leads_to_policy = blocks.iter().any(|address| managed::is_policy_block(address));
        if missing && !blocks.is_empty() && !leads_to_policy {
            let source = Source::Attached { blocks };
            self.sites.push(Site::attachment(
                block,
                path.replace("[*]", ""),
                spec,
                principal,
                source,
            ));
        }
    }

    /// Joins what was collected.
    pub(crate) fn settle(&self) -> Settled {
        settle::settle(self)
    }
}

/// How a set of policies holds one that is known by its ARN: under its name, which the ARN ends in.
fn name_entry(arn: &str) -> Option<String> {
    let (_, path) = arn.split_once(":policy/")?;
    Some(sites::name_key(path.rsplit('/').next()?))
}

fn has_elements(block: &Block<'_>, attribute: &str) -> bool {
    let filled =
        |value: nhi_plan::json::Value<'_>| !value.is_empty() || value.number_text().is_some_and(|count| count != "0");
    block.after().and_then(|after| after.get(attribute)).is_some_and(filled)
}
