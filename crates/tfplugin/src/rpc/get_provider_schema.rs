//! `GetProviderSchema`: the schemas of the provider block and of every resource.

use super::{Adapter, Managed, proto, wire};

pub(super) fn answer<P>(adapter: &Adapter<P>) -> proto::get_provider_schema::Response {
    let schema = |(name, managed): (&String, &Managed)| (name.clone(), wire::schema(&managed.schema));
    proto::get_provider_schema::Response {
        // A core refuses a provider without this schema, also when the block takes nothing.
        provider: Some(wire::schema(&adapter.schema)),
        resource_schemas: adapter.resources.iter().map(schema).collect(),
        server_capabilities: Some(wire::capabilities()),
        ..proto::get_provider_schema::Response::default()
    }
}
