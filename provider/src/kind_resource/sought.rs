//! What an import of any kind but identities looks for: an id, or the names that no other record of its kind has.

use std::fmt;

use nhi_governance::RecordId;
use tfplugin::diagnostic::Diagnostic;
use tfplugin::server::IdentitySchema;
use tfplugin::value::{AttributePath, Type, Value};

use super::Kind;
use crate::governed::{FoundRecord, Governed, Trouble};
use crate::report;

/// The resource identity: all of it never changes for an id.
pub(super) fn schema<K: Kind>() -> IdentitySchema {
    let word = K::WORD;
    if K::NAMED_BY.is_empty() {
        let id = format!("Id of the {word}, a ULID.");
        return IdentitySchema::new().required("id", Type::String, &id);
    }
    let id = format!("Id of the {word}, a ULID. Enough for an import by itself.");
    let schema = IdentitySchema::new().optional("id", Type::String, &id);
    K::NAMED_BY.iter().fold(schema, |schema, (name, description)| {
        schema.optional(name, Type::String, description)
    })
}

/// What to look for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sought {
    id: Option<RecordId>,
    /// The environment and the key on record, and how a sentence names them.
    place: Option<(String, String, String)>,
}

impl Sought {
    /// The one of this id.
    pub(super) fn id(id: RecordId) -> Sought {
        let id = Some(id);
        Sought { id, place: None }
    }

    /// Reads a resource identity, of which a part may be missing.
    pub(super) fn parse<K: Kind>(identity: &Value) -> Result<Sought, Diagnostic> {
        let text = |name: &str| identity.get(name).as_str().filter(|text| !text.is_empty());
        let id = match text("id").map(RecordId::parse) {
            Some(Ok(id)) => Some(id),
            Some(Err(error)) => return Err(crate::resources::malformed(&error.to_string())),
            None => None,
        };
        let names: Option<Vec<&str>> = K::NAMED_BY.iter().map(|(name, _)| text(name)).collect();
        let names = names.filter(|names| !names.is_empty());
        let is_half = names.is_none() && K::NAMED_BY.iter().any(|(name, _)| text(name).is_some());
        if is_half || (id.is_none() && names.is_none()) {
            return Err(unclear::<K>());
        }
        let place = names.map(|names| {
            let (environment, key) = K::place(identity);
            (environment, key, names.join("/"))
        });
        Ok(Sought { id, place })
    }

    pub(super) fn find<K: Kind>(&self, governed: &Governed) -> Result<Option<FoundRecord<K>>, Trouble> {
        match (self.id, &self.place) {
            (Some(id), None) => governed.find_record::<K>(id, false),
            (id, Some((environment, key, _))) => {
                let found = governed.find_record_at::<K>(environment, key)?;
                Ok(found.filter(|found| id.is_none_or(|id| id == found.id())))
            }
            (None, None) => Ok(None),
        }
    }
}

impl fmt::Display for Sought {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.id, &self.place) {
            (Some(id), Some((_, _, names))) => write!(formatter, "`{id}`, named `{names}`,"),
            (Some(id), None) => write!(formatter, "`{id}`"),
            (None, Some((_, _, names))) => write!(formatter, "`{names}`"),
            (None, None) => formatter.write_str("nothing"),
        }
    }
}

fn unclear<K: Kind>() -> Diagnostic {
    let names: Vec<String> = K::NAMED_BY.iter().map(|(name, _)| format!("`{name}`")).collect();
    let fix = match names.as_slice() {
        [] => "Give `id`.".to_owned(),
        names => format!("Give `id`, or {}.", names.join(" and ")),
    };
    let summary = format!("the identity does not say which {} is meant", K::WORD);
    report::question(&summary, &fix, AttributePath::root())
}
