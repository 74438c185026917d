//! `GetMetadata`: the names of everything the provider has.

use super::{Adapter, proto, wire};

pub(super) fn answer<P>(adapter: &Adapter<P>) -> proto::get_metadata::Response {
    use proto::get_metadata as names;
    let owned = |type_name: &String| type_name.clone();
    proto::get_metadata::Response {
        server_capabilities: Some(wire::capabilities()),
        resources: adapter
            .resources
            .keys()
            .map(|name| names::ResourceMetadata { type_name: owned(name) })
            .collect(),
        data_sources: adapter
            .data_sources
            .names()
            .map(|name| names::DataSourceMetadata { type_name: owned(name) })
            .collect(),
        functions: adapter
            .functions
            .keys()
            .map(|name| names::FunctionMetadata { name: owned(name) })
            .collect(),
        ephemeral_resources: adapter
            .ephemeral_resources
            .names()
            .map(|name| names::EphemeralMetadata { type_name: owned(name) })
            .collect(),
        list_resources: adapter
            .list_resources
            .names()
            .map(|name| names::ListResourceMetadata { type_name: owned(name) })
            .collect(),
        actions: adapter
            .actions
            .names()
            .map(|name| names::ActionMetadata { type_name: owned(name) })
            .collect(),
        ..proto::get_metadata::Response::default()
    }
}
