//! `ListResource`: finds the objects of a managed type, as a stream that ends at the core's limit.

use std::sync::Arc;

use tonic::codegen::BoxStream;

use super::{Adapter, Managed, conform, identity, proto, wire};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::server::{Listed, Listing};

type Event = proto::list_resource::Event;

pub(super) async fn answer<P>(adapter: &Adapter<P>, request: proto::list_resource::Request) -> BoxStream<Event> {
    match list(adapter, &request).await {
        Ok((managed, listing)) => {
            let limit = match usize::try_from(request.limit) {
                Ok(0) | Err(_) => usize::MAX,
                Ok(limit) => limit,
            };
            let event = move |listed| Ok(event(&managed, listed, request.include_resource_object));
            Box::pin(tokio_stream::iter(listing.take(limit).map(event)))
        }
        Err(diagnostics) => Box::pin(tokio_stream::iter([Ok(failed(diagnostics))])),
    }
}

async fn list<P>(
    adapter: &Adapter<P>,
    request: &proto::list_resource::Request,
) -> Result<(Arc<Managed>, Listing), Diagnostics> {
    let entry = adapter.list_resources.find(&request.type_name)?;
    let managed = adapter.resource(&request.type_name)?;
    if managed.identity.is_none() {
        let detail = format!(
            "{} has no resource identity, without which nothing can be listed. This is a bug in the provider; please \
             report it.",
            request.type_name
        );
        return Err(Diagnostic::error("Objects cannot be listed", detail).into());
    }
    if request.limit < 0 {
        let detail = "A limit is a number of objects, which is never negative.";
        return Err(Diagnostic::error("The limit is not a number of objects", detail).into());
    }
    let config = wire::known_config(request.config.as_ref(), &entry.ty)?;
    Ok((Arc::clone(managed), entry.unit.list(config).await?))
}

fn event(managed: &Managed, listed: Listed, with_object: bool) -> Event {
    let type_name = managed.resource.type_name();
    let mut breaches = conform::stored(&managed.schema, &listed.state);
    let identity = identity::of(managed, &listed.state).unwrap_or_else(|breach| {
        breaches.push(breach);
        None
    });
    if identity.is_none() && breaches.is_empty() {
        breaches.push(conform::missing());
    }
    if !breaches.is_empty() {
        let report = |breach| conform::report(breach, "list", type_name);
        return failed(breaches.into_iter().map(report).collect());
    }
    let object = if with_object {
        wire::encode(&listed.state, &managed.ty).ok()
    } else {
        None
    };
    Event {
        identity,
        display_name: listed.display_name,
        resource_object: object,
        diagnostic: wire::diagnostics(listed.diagnostics),
    }
}

fn failed(diagnostics: Diagnostics) -> Event {
    Event {
        diagnostic: wire::diagnostics(diagnostics),
        ..Event::default()
    }
}
