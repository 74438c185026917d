//! Who a policy reaches: a role, user, group or permission set, by name or by reference.

use super::sites::Spec;
use crate::facts::Block;

/// The permissions boundary of a principal.
#[derive(Debug, Clone)]
pub(crate) struct Boundary {
    pub(crate) arn: Option<String>,
    /// Configuration addresses that its value rests on.
    pub(crate) blocks: Vec<String>,
}

/// A principal as the block that grants something names it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Principal {
    /// `role`, `user`, `group`, `permission set`, or empty for a policy that names nobody.
    pub(crate) kind: &'static str,
    pub(crate) name: Option<String>,
    /// Configuration addresses that the name rests on.
    pub(crate) blocks: Vec<String>,
    /// The block is the principal itself.
    pub(crate) itself: bool,
}

impl Principal {
    pub(crate) fn read(block: &Block<'_>, spec: &Spec) -> Self {
        let (kind, attribute) = spec.principal;
        if attribute.is_empty() {
            let name = block.string("name").or_else(|| block.string(&format!("{kind}_name")));
            let blocks = vec![block.change.config_address.to_string()];
            return Self {
                kind,
                name,
                blocks,
                itself: true,
            };
        }
        Self {
            kind,
            name: block.string(attribute),
            blocks: block.references(attribute),
            itself: false,
        }
    }

    /// What it can be found by.
    pub(crate) fn keys(&self) -> impl Iterator<Item = String> + '_ {
        let name = self.name.iter().map(|name| format!("{} {name}", self.kind));
        name.chain(self.blocks.iter().cloned())
    }
}
