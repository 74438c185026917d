//! The adapter between the wire and a [`Provider`]: a file per RPC, translation and guards only.
//!
//! An RPC always answers OK, with diagnostics where something failed: a core shows an RPC error without saying which
//! attribute it is about. RPCs that are not here answer UNIMPLEMENTED, which both cores take for "not offered".

mod apply_resource_change;
mod configure_provider;
mod conform;
mod get_metadata;
mod get_provider_schema;
mod import_resource_state;
mod plan_resource_change;
mod read_resource;
mod stop_provider;
mod upgrade_resource_state;
mod validate_provider_config;
mod validate_resource_config;
mod wire;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use tonic::{Request, Response, Status};

use crate::diagnostic::Diagnostic;
use crate::proto::tfplugin6 as proto;
use crate::proto::tfplugin6::provider_server;
use crate::schema::Schema;
use crate::server::{Provider, Resource};
use crate::value::Type;

/// Serves a provider's operations as the protocol's RPCs.
pub struct Adapter<P> {
    provider: P,
    schema: Schema,
    ty: Type,
    resources: BTreeMap<String, Managed>,
}

/// A resource with its schema, asked for once.
struct Managed {
    resource: Arc<dyn Resource>,
    schema: Schema,
    ty: Type,
}

impl<P: Provider> Adapter<P> {
    /// Wraps a provider.
    pub fn new(provider: P) -> Adapter<P> {
        let schema = provider.schema();
        let managed = |resource: &Arc<dyn Resource>| {
            let schema = resource.schema();
            let ty = schema.ty();
            (
                resource.type_name().to_owned(),
                Managed {
                    resource: Arc::clone(resource),
                    schema,
                    ty,
                },
            )
        };
        let resources = provider.resources().iter().map(managed).collect();
        Adapter {
            ty: schema.ty(),
            schema,
            resources,
            provider,
        }
    }

    fn resource(&self, type_name: &str) -> Result<&Managed, Diagnostic> {
        self.resources.get(type_name).ok_or_else(|| {
            let known: Vec<_> = self.resources.keys().map(String::as_str).collect();
            let detail = format!("This version of the provider has {} only.", known.join(", "));
            Diagnostic::error(format!("There is no resource type {type_name}"), detail)
        })
    }
}

impl<P> fmt::Debug for Adapter<P> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Adapter")
            .field("resources", &self.resources.keys())
            .finish_non_exhaustive()
    }
}

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl<P: Provider> provider_server::Provider for Adapter<P> {
    async fn get_metadata(&self, _: Request<proto::get_metadata::Request>) -> Answer<proto::get_metadata::Response> {
        Ok(Response::new(get_metadata::answer(self)))
    }

    async fn get_provider_schema(
        &self,
        _: Request<proto::get_provider_schema::Request>,
    ) -> Answer<proto::get_provider_schema::Response> {
        Ok(Response::new(get_provider_schema::answer(self)))
    }

    async fn validate_provider_config(
        &self,
        request: Request<proto::validate_provider_config::Request>,
    ) -> Answer<proto::validate_provider_config::Response> {
        Ok(Response::new(validate_provider_config::answer(self, request.get_ref())))
    }

    async fn configure_provider(
        &self,
        request: Request<proto::configure_provider::Request>,
    ) -> Answer<proto::configure_provider::Response> {
        Ok(Response::new(
            configure_provider::answer(self, request.into_inner()).await,
        ))
    }

    async fn validate_resource_config(
        &self,
        request: Request<proto::validate_resource_config::Request>,
    ) -> Answer<proto::validate_resource_config::Response> {
        Ok(Response::new(validate_resource_config::answer(self, request.get_ref())))
    }

    async fn upgrade_resource_state(
        &self,
        request: Request<proto::upgrade_resource_state::Request>,
    ) -> Answer<proto::upgrade_resource_state::Response> {
        Ok(Response::new(upgrade_resource_state::answer(
            self,
            request.into_inner(),
        )))
    }

    async fn read_resource(
        &self,
        request: Request<proto::read_resource::Request>,
    ) -> Answer<proto::read_resource::Response> {
        Ok(Response::new(read_resource::answer(self, request.into_inner()).await))
    }

    async fn plan_resource_change(
        &self,
        request: Request<proto::plan_resource_change::Request>,
    ) -> Answer<proto::plan_resource_change::Response> {
        Ok(Response::new(
            plan_resource_change::answer(self, request.into_inner()).await,
        ))
    }

    // INVARIANT: the transport runs this call to its end also when the core is killed meanwhile.
    async fn apply_resource_change(
        &self,
        request: Request<proto::apply_resource_change::Request>,
    ) -> Answer<proto::apply_resource_change::Response> {
        Ok(Response::new(
            apply_resource_change::answer(self, request.into_inner()).await,
        ))
    }

    async fn import_resource_state(
        &self,
        request: Request<proto::import_resource_state::Request>,
    ) -> Answer<proto::import_resource_state::Response> {
        Ok(Response::new(
            import_resource_state::answer(self, request.into_inner()).await,
        ))
    }

    // Terraform asks for functions in the schema, OpenTofu also by itself.
    async fn get_functions(&self, _: Request<proto::get_functions::Request>) -> Answer<proto::get_functions::Response> {
        Ok(Response::new(proto::get_functions::Response::default()))
    }

    async fn stop_provider(&self, _: Request<proto::stop_provider::Request>) -> Answer<proto::stop_provider::Response> {
        Ok(Response::new(stop_provider::answer(self)))
    }
}

#[cfg(test)]
mod tests;
