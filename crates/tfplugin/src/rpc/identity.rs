//! Resource identities on the wire: taken from states, compared with what a core has.

use super::{Managed, conform, proto, wire};
use crate::diagnostic::Diagnostic;
use crate::server::IdentitySchema;
use crate::value::{AttributePath, Type, Value};

/// A resource's identity schema with its type.
pub(super) struct Identity {
    pub(super) schema: IdentitySchema,
    pub(super) ty: Type,
}

impl Identity {
    pub(super) fn new(schema: IdentitySchema) -> Identity {
        let ty = schema.ty();
        Identity { schema, ty }
    }
}

/// The identity of the object that a state is about: none for no object, for one whose identity is not known yet, and
/// for a type that has none.
pub(super) fn of(managed: &Managed, state: &Value) -> Result<Option<proto::ResourceIdentityData>, conform::Breach> {
    let Some(identity) = &managed.identity else {
        return Ok(None);
    };
    let value = identity.schema.of(state);
    let says_nothing = value
        .entries()
        .is_none_or(|attributes| attributes.values().all(Value::is_null));
    if state.is_null() || !value.is_wholly_known() || says_nothing || !managed.resource.is_identified(state) {
        return Ok(None);
    }
    match wire::encode(&value, &identity.ty) {
        Ok(data) => Ok(Some(proto::ResourceIdentityData {
            identity_data: Some(data),
        })),
        Err(error) => Err(conform::Breach {
            path: error.path,
            what: format!("does not fit the resource identity: {}", error.message),
        }),
    }
}

/// Reads an identity that the core has; null where it has none.
pub(super) fn decode(managed: &Managed, data: Option<&proto::ResourceIdentityData>) -> Result<Value, Diagnostic> {
    match (&managed.identity, data) {
        (Some(identity), Some(data)) => wire::decode(data.identity_data.as_ref(), &identity.ty),
        _ => Ok(Value::Null),
    }
}

/// An identity is for good: what it says of an object may be completed, never changed.
pub(super) fn kept(managed: &Managed, before: &Value, state: &Value) -> Option<conform::Breach> {
    let identity = managed.identity.as_ref().filter(|_| !state.is_null())?;
    let now = identity.schema.of(state);
    let changed = before
        .entries()?
        .iter()
        .find(|(name, before)| !before.is_null() && !before.is_unknown() && now.get(name) != *before);
    changed.map(|(name, _)| conform::Breach {
        path: AttributePath::of(name),
        what: "belongs to the resource identity and differs from what was stored".to_owned(),
    })
}

/// The schema as a core wants it.
pub(super) fn schema(identity: &Identity) -> proto::ResourceIdentitySchema {
    let attribute = |attribute: &crate::server::IdentityAttribute| proto::resource_identity_schema::IdentityAttribute {
        name: attribute.name.clone(),
        r#type: attribute.ty.to_json().to_string().into_bytes(),
        required_for_import: attribute.required_for_import,
        optional_for_import: !attribute.required_for_import,
        description: attribute.description.clone(),
    };
    proto::ResourceIdentitySchema {
        version: i64::from(identity.schema.version),
        identity_attributes: identity.schema.attributes.iter().map(attribute).collect(),
    }
}
