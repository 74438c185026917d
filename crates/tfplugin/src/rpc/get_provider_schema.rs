//! `GetProviderSchema`: the schemas of the provider block and of everything the provider has.

use std::sync::Arc;

use super::{Adapter, Managed, get_functions, proto, wire};

pub(super) fn answer<P>(adapter: &Adapter<P>) -> proto::get_provider_schema::Response {
    let schema = |(name, managed): (&String, &Arc<Managed>)| (name.clone(), wire::schema(&managed.schema));
    proto::get_provider_schema::Response {
        // A core refuses a provider without this schema, also when the block takes nothing.
        provider: Some(wire::schema(&adapter.schema)),
        resource_schemas: adapter.resources.iter().map(schema).collect(),
        data_source_schemas: adapter.data_sources.each(|entry| wire::schema(&entry.schema)),
        functions: get_functions::definitions(adapter),
        ephemeral_resource_schemas: adapter.ephemeral_resources.each(|entry| wire::schema(&entry.schema)),
        list_resource_schemas: adapter.list_resources.each(|entry| wire::schema(&entry.schema)),
        action_schemas: adapter.actions.each(|entry| proto::ActionSchema {
            schema: Some(wire::schema(&entry.schema)),
        }),
        server_capabilities: Some(wire::capabilities()),
        ..proto::get_provider_schema::Response::default()
    }
}
