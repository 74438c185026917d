//! AWS IAM: which documents and policies reach which principals.
//!
//! Blocks come in any order, so everything that needs a join waits until [`Iam::settle`].

#[allow(
    dead_code,
    unused_imports,
    reason = "what is asked of a principal is wider than what the rules ask so far"
)]
pub(crate) mod access;
pub(crate) mod condition;
pub(crate) mod data_document;
pub(crate) mod document;
pub(crate) mod documents;
mod leads;
mod library;
mod managed;
mod nearest;
pub(crate) mod origin;
pub(crate) mod pattern;
pub(crate) mod powers;
mod resource_keys;
mod roster;
mod settle;
pub(crate) mod sites;
pub(crate) mod standing;
pub(crate) mod who;

use nhi_plan::Mode;

use self::data_document::DataDocument;
use self::documents::Documents;
use self::roster::Roster;
pub(crate) use self::settle::{Reason, Settled, Unreadable};
use self::sites::Site;
use super::Block;
use super::memo::Memo;

/// Everything IAM in the plan.
#[derive(Debug, Default)]
pub(crate) struct Iam {
    roster: Roster,
    /// Trust documents that have something to say, or that cannot be read yet.
    trusts: Vec<Site>,
    judged: Memo<Option<sites::Source>>,
    pub(crate) documents: Documents,
}

impl Iam {
    pub(crate) fn collect(&mut self, block: &Block<'_>) {
        let resource_type = block.change.resource_type.as_ref();
        match block.change.mode {
            Mode::Data if resource_type == "aws_iam_policy_document" => {
                self.documents
                    .add(&block.change.config_address, DataDocument::read(block));
            }
            Mode::Managed => {
                self.roster.collect(block);
                let path = sites::trust_path(resource_type);
                self.trusts
                    .extend(path.and_then(|path| sites::read_trust(block, path, &mut self.judged)));
            }
            _ => {}
        }
    }

    /// Takes in a block that is no more after the apply.
    pub(crate) fn collect_gone(&mut self, block: &Block<'_>) {
        if block.change.mode == Mode::Managed {
            self.roster.collect_gone(block);
        }
    }

    /// Joins what was collected.
    pub(crate) fn settle(&mut self) -> Settled {
        settle::settle(self)
    }
}
