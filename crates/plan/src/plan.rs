//! A plan as typed, borrowed records: small facts are read, values stay raw JSON text.
//!
//! Nothing here is a tree of the whole. What a rule wants to look into is parsed when it is looked at.

mod ahead;
mod checks;
mod configuration;
mod read;
mod state;

use std::borrow::Cow;

use crate::change::{Action, Mode};

pub use configuration::{
    Configuration, ModuleCall, ModuleConfig, OutputConfig, ProviderConfig, ResourceConfig, VariableConfig,
};
pub use read::read;
pub use state::StateResource;

/// What the text described.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Source {
    /// A plan: what will change.
    #[default]
    Plan,
    /// A state: what exists; its blocks say that nothing changes.
    State,
}

/// Everything in a plan that carries meaning.
#[derive(Debug, Clone, Default)]
pub struct Plan<'t> {
    /// A plan or a state.
    pub source: Source,
    /// `format_version`.
    pub format_version: Cow<'t, str>,
    /// Version of the core that made the plan.
    pub terraform_version: Cow<'t, str>,
    /// When the plan was made, RFC 3339.
    pub timestamp: Option<Cow<'t, str>>,
    /// Whether the core says that the plan can be applied.
    pub applyable: Option<bool>,
    /// Whether the plan brings everything to its wanted state.
    pub complete: Option<bool>,
    /// What happens to each resource instance, in the order of the text.
    pub resource_changes: Vec<ResourceChange<'t>>,
    /// What had changed outside before the plan.
    pub resource_drift: Vec<ResourceChange<'t>>,
    /// Changes that the core put off to a later run.
    pub deferred_changes: Vec<ResourceChange<'t>>,
    /// What happens to the root outputs.
    pub output_changes: Vec<OutputChange<'t>>,
    /// Values of the root variables, in clear also when declared sensitive.
    pub variables: Vec<PlannedVariable<'t>>,
    /// The configuration as the plan holds it.
    pub configuration: Configuration<'t>,
    /// The data sources in the prior state; every instance of a state.
    pub state_resources: Vec<StateResource<'t>>,
    /// JSON text of `prior_state`.
    pub prior_state: Option<&'t str>,
    /// JSON text of `planned_values`.
    pub planned_values: Option<&'t str>,
    /// Attributes outside that the plan depends on.
    pub relevant_attributes: Vec<RelevantAttribute<'t>>,
    /// Results of checks, preconditions and postconditions.
    pub checks: Vec<CheckResult<'t>>,
    /// What the reader of the report should know about the reading.
    pub notes: Vec<String>,
}

/// The `change` member that resource and output changes share.
#[derive(Debug, Clone, Default)]
pub struct Delta<'t> {
    /// What happens.
    pub actions: Vec<Action>,
    /// Values before; absent for `null`.
    pub before: Option<&'t str>,
    /// Planned values; absent for `null`.
    pub after: Option<&'t str>,
    /// Mask of what is known after apply only.
    pub after_unknown: Option<&'t str>,
    /// Mask of what was sensitive before.
    pub before_sensitive: Option<&'t str>,
    /// Mask of what is sensitive in the planned values.
    pub after_sensitive: Option<&'t str>,
    /// Which paths force a replacement.
    pub replace_paths: Option<&'t str>,
    /// Import data, `{"id": …}`, when the object is imported.
    pub importing: Option<&'t str>,
    /// HCL that was generated for an import.
    pub generated_config: Option<Cow<'t, str>>,
}

/// A resource instance and what happens to it.
#[derive(Debug, Clone)]
pub struct ResourceChange<'t> {
    /// Full address.
    pub address: Cow<'t, str>,
    /// Address before a `moved` block.
    pub previous_address: Option<Cow<'t, str>>,
    /// Module instance; empty for the root module.
    pub module_address: Cow<'t, str>,
    /// Managed or data.
    pub mode: Mode,
    /// Resource type.
    pub resource_type: Cow<'t, str>,
    /// Name in the configuration.
    pub name: Cow<'t, str>,
    /// JSON text of the instance key.
    pub index: Option<&'t str>,
    /// Key of a deposed object.
    pub deposed: Option<Cow<'t, str>>,
    /// Full provider address.
    pub provider: Cow<'t, str>,
    /// Why the core chose the action.
    pub action_reason: Option<Cow<'t, str>>,
    /// Why the change was put off; only among the deferred ones.
    pub deferred_reason: Option<Cow<'t, str>>,
    /// What happens.
    pub change: Delta<'t>,
}

/// A root output and what happens to it.
#[derive(Debug, Clone)]
pub struct OutputChange<'t> {
    /// Name of the output.
    pub name: Cow<'t, str>,
    /// What happens.
    pub change: Delta<'t>,
}

/// A root variable's value.
#[derive(Debug, Clone)]
pub struct PlannedVariable<'t> {
    /// Name of the variable.
    pub name: Cow<'t, str>,
    /// JSON text; absent for an ephemeral variable.
    pub value: Option<&'t str>,
}

/// An attribute that the plan read and that lies outside of it.
#[derive(Debug, Clone)]
pub struct RelevantAttribute<'t> {
    /// Resource address.
    pub resource: Cow<'t, str>,
    /// JSON text of the attribute path.
    pub attribute: Option<&'t str>,
}

/// The outcome of a check.
#[derive(Debug, Clone)]
pub struct CheckResult<'t> {
    /// `resource`, `output_value`, `check` or `var`.
    pub kind: Cow<'t, str>,
    /// Address of what is checked.
    pub address: Cow<'t, str>,
    /// `pass`, `fail`, `error` or `unknown`.
    pub status: Cow<'t, str>,
}
