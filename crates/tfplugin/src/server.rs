//! What a provider implements: its block and its resources, in the framework's own types; a file for each thing else
//! that it may offer.
//!
//! Nothing of the wire shows here. A resource that returns what the protocol forbids (a planned value that differs
//! from the configuration, an unknown value after apply) is caught by the adapter and told so in words, before the
//! core reports the same without saying which provider code to look at.

mod action;
mod data_source;
mod ephemeral;
mod function;
mod identity;
mod list;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::codec::{self, UnknownAttributes};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::schema::Schema;
use crate::value::{AttributePath, Type, Value};

pub use action::{Action, Progress};
pub use data_source::{DataAnswer, DataSource};
pub use ephemeral::{EphemeralResource, OpenAnswer, RenewAnswer};
pub use function::{Function, FunctionError, Parameter, Signature};
pub use identity::{IdentityAttribute, IdentitySchema};
pub use list::{ListResource, Listed, Listing};

/// What an operation that may wait gives back.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Opaque bytes that the core keeps beside a state, **in clear**: never put a secret into them.
pub type Private = Vec<u8>;

/// A provider: the block that configures it, and what it manages.
pub trait Provider: Send + Sync + 'static {
    /// The schema of the provider block.
    fn schema(&self) -> Schema;

    /// The resources, in a fixed order.
    fn resources(&self) -> &[Arc<dyn Resource>];

    /// The data sources, in a fixed order.
    fn data_sources(&self) -> &[Arc<dyn DataSource>] {
        &[]
    }

    /// The functions, in a fixed order.
    fn functions(&self) -> &[Arc<dyn Function>] {
        &[]
    }

    /// The ephemeral resources, in a fixed order.
    fn ephemeral_resources(&self) -> &[Arc<dyn EphemeralResource>] {
        &[]
    }

    /// The list resources, in a fixed order.
    fn list_resources(&self) -> &[Arc<dyn ListResource>] {
        &[]
    }

    /// The actions, in a fixed order.
    fn actions(&self) -> &[Arc<dyn Action>] {
        &[]
    }

    /// Checks a provider block without the world outside; unknown values are to be passed over.
    fn validate(&self, config: &Value) -> Diagnostics {
        let _ = config;
        Diagnostics::new()
    }

    /// Takes the provider block; called once, before any operation on resources.
    fn configure(&self, config: Value) -> Answer<'_, Diagnostics>;

    /// The user asked to stop: finish what is begun, begin nothing that takes long.
    fn stop(&self) {}
}

/// A type of managed resource.
///
/// A process may serve `validate` and `upgrade` without the provider being configured.
pub trait Resource: Send + Sync + 'static {
    /// The type's full name, the provider's prefix included.
    fn type_name(&self) -> &str;

    /// The schema of the resource's block.
    fn schema(&self) -> Schema;

    /// Checks a block without the world outside. It is called several times; unknown values are to be passed over.
    fn validate(&self, config: &Value) -> Diagnostics {
        let _ = config;
        Diagnostics::new()
    }

    /// Brings a stored state to the current schema, which is [`Resource::schema`]: every refresh asks for it, so it is
    /// not made anew each time. The default reads states of the current version only.
    fn upgrade(&self, schema: &Schema, version: i64, state: &StoredState<'_>) -> Result<Value, Diagnostic> {
        if version == i64::from(schema.version) {
            return state.read(schema, UnknownAttributes::Refuse);
        }
        let detail = format!(
            "The state was written with version {version} of the schema of {}, this provider has version {}. Use the \
             version of the provider that wrote the state, or a later one.",
            self.type_name(),
            schema.version
        );
        Err(Diagnostic::error("State of another schema version", detail))
    }

    /// Looks up the object. Gone is no error: the state becomes null.
    fn read(&self, request: ReadRequest) -> Answer<'_, StateAnswer>;

    /// Plans a creation or an update. It runs again at apply, so equal input must give equal output: no clock, no
    /// randomness.
    fn plan(&self, request: PlanRequest) -> Answer<'_, PlanAnswer>;

    /// Checks a planned destruction.
    fn plan_destroy(&self, prior: Value) -> Answer<'_, Diagnostics> {
        let _ = prior;
        Box::pin(std::future::ready(Diagnostics::new()))
    }

    /// Creates the object.
    fn create(&self, request: CreateRequest) -> Answer<'_, StateAnswer>;

    /// Changes the object in place.
    fn update(&self, request: UpdateRequest) -> Answer<'_, StateAnswer>;

    /// Destroys the object; the answer is what is left of it: null when all went well.
    fn delete(&self, request: DeleteRequest) -> Answer<'_, StateAnswer>;

    /// Finds an existing object by the id given to `import`; null when there is none.
    fn import(&self, id: String) -> Answer<'_, StateAnswer>;

    /// Which attributes of the state identify the object for good. A core that does not know of it never asks.
    fn identity(&self) -> Option<IdentitySchema> {
        None
    }

    /// Whether a state is about an object that has its identity already: not so for one that was moved here and is made
    /// only by the next apply. Until then the core is given none, since an identity never changes.
    fn is_identified(&self, state: &Value) -> bool {
        let _ = state;
        true
    }

    /// Finds an existing object by its identity, which may have null where an import need not give an attribute; null
    /// when there is none.
    fn import_by_identity(&self, identity: Value) -> Answer<'_, StateAnswer> {
        let _ = identity;
        let detail = format!("Give the id of the {} to import, as a string.", self.type_name());
        let refused = Diagnostic::error("Import by identity is not offered", detail);
        Box::pin(std::future::ready(StateAnswer::with(Value::Null, refused)))
    }

    /// Brings a stored identity to the current identity schema. The default reads those of the current version only.
    fn upgrade_identity(&self, version: i64, identity: &StoredState<'_>) -> Result<Value, Diagnostic> {
        let schema = self.identity().unwrap_or_default();
        if version == i64::from(schema.version) {
            return identity.read_as(&schema.ty(), UnknownAttributes::Refuse);
        }
        let detail = format!(
            "The identity was written with version {version} of the identity of {}, this provider has version {}. Use \
             the version of the provider that wrote the state, or a later one.",
            self.type_name(),
            schema.version
        );
        Err(Diagnostic::error("Identity of another version", detail))
    }

    /// Takes over the state of another resource type, which may be another provider's (`moved`). What it gives is read
    /// next, as any state is. The default refuses.
    fn move_from(&self, source: &MoveSource<'_>) -> StateAnswer {
        let detail = format!(
            "{} cannot take over the state of {}. Remove the `moved` block, and use `import` or a new resource instead.",
            self.type_name(),
            source.type_name
        );
        StateAnswer::with(Value::Null, Diagnostic::error("Move is not supported", detail))
    }
}

/// The state of another resource type that is to be taken over.
#[derive(Clone, Copy, Debug)]
pub struct MoveSource<'a> {
    /// The address of the provider that wrote it, for example `registry.terraform.io/hashicorp/aws`.
    pub provider: &'a str,
    /// The type it was written for.
    pub type_name: &'a str,
    /// The version of that type's schema.
    pub version: i64,
    /// The state.
    pub state: StoredState<'a>,
}

/// A state as it was stored, in a schema that may be older.
#[derive(Clone, Copy, Debug)]
pub struct StoredState<'a> {
    json: &'a [u8],
}

impl<'a> StoredState<'a> {
    /// A state in the JSON form in which cores store it.
    pub fn from_json(json: &'a [u8]) -> StoredState<'a> {
        StoredState { json }
    }

    /// Reads it by a schema; attributes that are missing are null.
    pub fn read(&self, schema: &Schema, unknown: UnknownAttributes) -> Result<Value, Diagnostic> {
        self.read_as(&schema.ty(), unknown)
    }

    /// Reads it by a type; attributes that are missing are null.
    pub fn read_as(&self, ty: &Type, unknown: UnknownAttributes) -> Result<Value, Diagnostic> {
        codec::decode_json(self.json, ty, unknown).map_err(Diagnostic::from)
    }
}

/// Asks for the current state of an object.
#[derive(Debug)]
pub struct ReadRequest {
    /// The state as last stored.
    pub prior: Value,
    /// The private bytes as last stored.
    pub private: Private,
}

/// Asks what an apply would do.
#[derive(Debug)]
pub struct PlanRequest {
    /// The block as written; null where an attribute is not set.
    pub config: Value,
    /// The state as last stored; null when the object is to be created.
    pub prior: Value,
    /// The core's proposal: the configuration, with the prior values of computed attributes.
    pub proposed: Value,
    /// The private bytes as last stored.
    pub private: Private,
}

/// Asks to create an object.
#[derive(Debug)]
pub struct CreateRequest {
    /// The block as written, wholly known.
    pub config: Value,
    /// What was planned.
    pub planned: Value,
    /// The private bytes of the plan.
    pub private: Private,
}

/// Asks to change an object in place.
#[derive(Debug)]
pub struct UpdateRequest {
    /// The block as written, wholly known.
    pub config: Value,
    /// The state as last stored.
    pub prior: Value,
    /// What was planned.
    pub planned: Value,
    /// The private bytes of the plan.
    pub private: Private,
}

/// Asks to destroy an object.
#[derive(Debug)]
pub struct DeleteRequest {
    /// The state as last stored.
    pub prior: Value,
    /// The private bytes as last stored.
    pub private: Private,
}

/// The state an operation left behind, also when it failed half-way.
#[derive(Debug, Default)]
pub struct StateAnswer {
    /// The state; null when there is no object.
    pub state: Value,
    /// Bytes to keep beside it.
    pub private: Private,
    /// What to tell.
    pub diagnostics: Diagnostics,
}

impl StateAnswer {
    /// A state and nothing to tell.
    pub fn new(state: Value) -> StateAnswer {
        StateAnswer {
            state,
            ..StateAnswer::default()
        }
    }

    /// A state and an error or warnings about it.
    pub fn with(state: Value, diagnostics: impl Into<Diagnostics>) -> StateAnswer {
        StateAnswer {
            state,
            private: Private::new(),
            diagnostics: diagnostics.into(),
        }
    }
}

/// What an apply would do.
#[derive(Debug, Default)]
pub struct PlanAnswer {
    /// The state that apply will arrive at, unknown where only apply can tell.
    pub planned: Value,
    /// Attributes whose change cannot be made in place.
    pub requires_replace: Vec<AttributePath>,
    /// Bytes to hand to apply.
    pub private: Private,
    /// What to tell; an error stops the run.
    pub diagnostics: Diagnostics,
}

/// No object.
impl Default for Value {
    fn default() -> Value {
        Value::Null
    }
}
