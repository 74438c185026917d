//! The deferred documents of a plan, and what they build on.

use super::data_document::{DataDocument, Part};
use super::document::Document;
use super::nearest::{Nearest, Spot};

/// Documents may build on documents; nobody nests them this deep.
const DEPTH_MAX: u32 = 8;
/// Instances that one attribute may turn out to be; of more than these nothing can be said.
pub(crate) const INSTANCES_MAX: usize = 64;

/// `aws_iam_policy_document` blocks that are read during apply.
#[derive(Debug, Default)]
pub(crate) struct Documents {
    all: Vec<DataDocument>,
    blocks: Nearest,
}

impl Documents {
    pub(crate) fn add(&mut self, config_address: &str, data: DataDocument) {
        let (address, module) = (data.address.as_str().into(), data.module_address.as_str().into());
        self.blocks
            .add(&config_address.into(), &address, &module, self.all.len());
        self.all.push(data);
    }

    /// The instances of a block that a block in `module` with this instance key means; `None` where there are none, or
    /// too many.
    pub(crate) fn nearest(&self, config_address: &str, module: &str, key: &str) -> Option<Vec<&DataDocument>> {
        let found = self.blocks.of(config_address, Spot { address: key, module });
        let found: Vec<_> = found.into_iter().filter_map(|index| self.all.get(index)).collect();
        (!found.is_empty()).then_some(found)
    }

    /// The document with everything it builds on.
    pub(crate) fn assemble(&self, data: &DataDocument) -> Document {
        self.assemble_within(data, DEPTH_MAX)
    }

    fn assemble_within(&self, data: &DataDocument, depth: u32) -> Document {
        let mut document = Document::default();
        for part in &data.sources {
            self.merge(data, part, depth, &mut document);
        }
        document.merge(data.document.clone());
        for part in &data.overrides {
            self.merge(data, part, depth, &mut document);
        }
        document
    }

    fn merge(&self, data: &DataDocument, part: &Part, depth: u32, document: &mut Document) {
        let blocks = match part {
            Part::Known(known) => return document.merge(known.clone()),
            Part::Referenced(blocks) => blocks,
        };
        let mut found = false;
        for block in blocks {
            let others = self.nearest(block, &data.module_address, data.key());
            for other in others.into_iter().flatten().filter(|_| depth > 0) {
                document.merge(self.assemble_within(other, depth - 1));
                found = true;
            }
        }
        document.open |= !found;
    }
}
