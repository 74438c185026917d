//! `GetResourceIdentitySchemas`: what identifies the objects of each resource type. Cores before 1.12 do not ask.

use super::{Adapter, identity, proto};

pub(super) fn answer<P>(adapter: &Adapter<P>) -> proto::get_resource_identity_schemas::Response {
    let schemas = adapter.resources.iter().filter_map(|(name, managed)| {
        let schema = managed.identity.as_ref().map(identity::schema)?;
        Some((name.clone(), schema))
    });
    proto::get_resource_identity_schemas::Response {
        identity_schemas: schemas.collect(),
        diagnostics: Vec::new(),
    }
}
