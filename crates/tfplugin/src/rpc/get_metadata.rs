//! `GetMetadata`: the names of everything the provider has.

use super::{Adapter, proto, wire};

pub(super) fn answer<P>(adapter: &Adapter<P>) -> proto::get_metadata::Response {
    let named = |type_name: &String| proto::get_metadata::ResourceMetadata {
        type_name: type_name.clone(),
    };
    proto::get_metadata::Response {
        server_capabilities: Some(wire::capabilities()),
        resources: adapter.resources.keys().map(named).collect(),
        ..proto::get_metadata::Response::default()
    }
}
