//! One block of a plan as host and modules see it.
//!
//! The host borrows everything from the plan's text; a guest owns what it was handed. `Cow` serves both.

use std::borrow::Cow;

/// What the core will do with a resource instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Nothing.
    NoOp,
    /// Create it.
    Create,
    /// Read a data source during apply.
    Read,
    /// Update it in place.
    Update,
    /// Delete it; with `Create` a replacement.
    Delete,
    /// Drop it from the state, leave the object.
    Forget,
}

impl Action {
    /// All actions.
    pub const ALL: [Self; 6] = [
        Self::NoOp,
        Self::Create,
        Self::Read,
        Self::Update,
        Self::Delete,
        Self::Forget,
    ];

    /// The word used in plans and in the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoOp => "no-op",
            Self::Create => "create",
            Self::Read => "read",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Forget => "forget",
        }
    }

    /// The action that plans and the contract call `word`.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == word)
    }
}

/// Which kind of block a [`Change`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// A managed resource instance.
    Managed,
    /// A data source instance.
    Data,
    /// A provider block: its constants.
    Provider,
    /// A root variable: its value; or a variable of a module, where the call passes a constant.
    Variable,
    /// A root output: its planned value.
    Output,
}

impl Mode {
    /// The word used in the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Managed => "managed",
            Self::Data => "data",
            Self::Provider => "provider",
            Self::Variable => "variable",
            Self::Output => "output",
        }
    }

    /// All modes, in the order in which blocks are read.
    pub const ALL: [Self; 5] = [Self::Managed, Self::Data, Self::Provider, Self::Variable, Self::Output];

    /// The mode that the contract calls `word`.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == word)
    }
}

/// An attribute and the configuration addresses it leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference<'a> {
    /// Attribute that holds the reference.
    pub path: Cow<'a, str>,
    /// Addresses without instance keys, through variables and module outputs: `module.a.aws_s3_bucket.b`.
    pub addresses: Vec<Cow<'a, str>>,
}

/// Where a block stands in the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location<'a> {
    /// Path relative to the root module.
    pub file: Cow<'a, str>,
    /// First line is 1.
    pub line: u32,
    /// First column is 1.
    pub column: u32,
}

/// A resource instance, a data source, a provider, a variable or an output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change<'a> {
    /// Full address, with instance keys; `provider.aws`, `var.name`, `module.m.var.name`, `output.name` for
    /// the other modes.
    pub address: Cow<'a, str>,
    /// The block in the configuration: the address without instance keys.
    pub config_address: Cow<'a, str>,
    /// Address before a `moved` block.
    pub previous_address: Option<Cow<'a, str>>,
    /// Type, `aws_iam_role`; the provider's local name for a provider block; empty for variables and outputs.
    pub resource_type: Cow<'a, str>,
    /// Full provider address.
    pub provider: Cow<'a, str>,
    /// Module instance; empty for the root module.
    pub module_address: Cow<'a, str>,
    /// Which kind of block.
    pub mode: Mode,
    /// What happens to it; empty for providers and variables.
    pub actions: Vec<Action>,
    /// JSON text before the change.
    pub before: Option<Cow<'a, str>>,
    /// JSON text of the planned values; unknown ones are absent or null.
    pub after: Option<Cow<'a, str>>,
    /// JSON text of the block's expressions in `configuration`.
    pub configuration: Option<Cow<'a, str>>,
    /// Paths that are known only after apply.
    pub unknown_paths: Vec<Cow<'a, str>>,
    /// Paths whose values are sensitive, before or after the change.
    pub sensitive_paths: Vec<Cow<'a, str>>,
    /// Where its attributes lead.
    pub references: Vec<Reference<'a>>,
    /// Where it stands in the source, when the source is at hand.
    pub location: Option<Location<'a>>,
    /// Further facts as key and value, each only where it applies: `index`, `deposed`, `action_reason`,
    /// `deferred_reason`, `importing`, `replace_paths`, `generated_config`, `provider_config`, `count`, `for_each`,
    /// `provisioners`, `source` (`prior_state`, `planned_values`, `state`), `references_truncated`, `resolved` (paths that
    /// the plan does not know and that were worked out from the sources, with a space between them), `inside` (one for
    /// each path where a text that is known in part is encoded: the path, a line feed, and that text with its symbols).
    pub attributes: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

impl Change<'_> {
    /// Whether the object exists once the plan is applied.
    pub fn remains(&self) -> bool {
        let gone = |action: &Action| matches!(action, Action::Delete | Action::Forget);
        self.actions.contains(&Action::Create) || !self.actions.iter().any(gone)
    }
}
