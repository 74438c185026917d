//! What an import looks for: an id, or a place in an environment.

use std::fmt;

use nhi_governance::{Environment, Name, RecordId};
use tfplugin::diagnostic::Diagnostic;
use tfplugin::server::IdentitySchema;
use tfplugin::value::{AttributePath, Type, Value};

use super::malformed;
use crate::governed::{Found, Governed, Trouble, found};
use crate::report;

/// The resource identity: all of it never changes for an id.
pub(super) fn schema() -> IdentitySchema {
    IdentitySchema::new()
        .optional(
            "id",
            Type::String,
            "Id of the identity, a ULID. Enough for an import by itself.",
        )
        .optional(
            "environment",
            Type::String,
            "Where the identity is used. With `name` enough for an import.",
        )
        .optional(
            "name",
            Type::String,
            "Name of the identity, unique among those of its environment that are not revoked.",
        )
}

/// What to look for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sought {
    /// The one of this id.
    Id(RecordId),
    /// The one of this place, and of this id where one is given.
    Place(Environment, Name, Option<RecordId>),
}

impl Sought {
    /// Reads a resource identity, of which a part may be missing.
    pub(super) fn parse(identity: &Value) -> Result<Sought, Diagnostic> {
        let text = |name: &str| identity.get(name).as_str();
        let id = match text("id").map(RecordId::parse) {
            Some(Ok(id)) => Some(id),
            Some(Err(error)) => return Err(malformed(&error.to_string())),
            None => None,
        };
        match (id, text("environment"), text("name")) {
            (Some(id), None, None) => Ok(Sought::Id(id)),
            (id, Some(environment), Some(name)) => {
                let at = AttributePath::of;
                let environment =
                    Environment::parse(environment).map_err(|problem| report::problem(problem, at("environment")))?;
                let name = Name::parse(name).map_err(|problem| report::problem(problem, at("name")))?;
                Ok(Sought::Place(environment, name, id))
            }
            _ => {
                let fix = "Give `id`, or `environment` and `name`.";
                let summary = "the identity does not say which identity is meant";
                Err(report::question(summary, fix, AttributePath::root()))
            }
        }
    }

    pub(super) fn find(&self, governed: &Governed) -> Result<Option<Found>, Trouble> {
        let (environment, name, id) = match self {
            Sought::Id(id) => return governed.find(*id),
            Sought::Place(environment, name, id) => (environment, name, id),
        };
        let sought = governed.ask(|registry| match registry.find_live(environment, name)? {
            Some(identity) => found(registry, identity).map(Some),
            None => Ok(None),
        })?;
        Ok(sought
            .flatten()
            .filter(|found| id.is_none_or(|id| id == found.identity.id())))
    }
}

impl fmt::Display for Sought {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Sought::Id(id) => write!(formatter, "identity `{id}`"),
            Sought::Place(environment, name, None) => write!(formatter, "identity `{name}` of `{environment}`"),
            Sought::Place(environment, name, Some(id)) => {
                write!(formatter, "identity `{id}`, named `{name}` in `{environment}`,")
            }
        }
    }
}
