//! The adapter between the wire and a [`Provider`]: a file per RPC, translation and guards only.
//!
//! An RPC always answers OK, with diagnostics where something failed: a core shows an RPC error without saying which
//! attribute it is about. RPCs that are not here answer UNIMPLEMENTED, which both cores take for "not offered".

mod apply_resource_change;
mod call_function;
mod catalog;
mod close_ephemeral_resource;
mod configure_provider;
mod conform;
mod generate_resource_config;
mod get_functions;
mod get_metadata;
mod get_provider_schema;
mod get_resource_identity_schemas;
mod identity;
mod import_resource_state;
mod invoke_action;
mod list_resource;
mod move_resource_state;
mod open_ephemeral_resource;
mod plan_action;
mod plan_resource_change;
mod read_data_source;
mod read_resource;
mod renew_ephemeral_resource;
mod stop_provider;
mod upgrade_resource_identity;
mod upgrade_resource_state;
mod validate_action_config;
mod validate_data_resource_config;
mod validate_ephemeral_resource_config;
mod validate_list_resource_config;
mod validate_provider_config;
mod validate_resource_config;
mod wire;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use tonic::codegen::BoxStream;
use tonic::{Request, Response, Status};

use call_function::Callable;
use catalog::Catalog;
use identity::Identity;

use crate::diagnostic::Diagnostic;
use crate::proto::tfplugin6 as proto;
use crate::proto::tfplugin6::provider_server;
use crate::schema::Schema;
use crate::server::{Action, DataSource, EphemeralResource, Function, ListResource, Provider, Resource};
use crate::transport::InFlight;
use crate::value::Type;

/// Serves a provider's operations as the protocol's RPCs.
pub struct Adapter<P> {
    provider: P,
    schema: Schema,
    ty: Type,
    resources: BTreeMap<String, Arc<Managed>>,
    data_sources: Catalog<dyn DataSource>,
    functions: BTreeMap<String, Callable>,
    ephemeral_resources: Catalog<dyn EphemeralResource>,
    list_resources: Catalog<dyn ListResource>,
    actions: Catalog<dyn Action>,
}

/// A resource with its schemas, asked for once.
struct Managed {
    resource: Arc<dyn Resource>,
    schema: Schema,
    ty: Type,
    identity: Option<Identity>,
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
                Arc::new(Managed {
                    resource: Arc::clone(resource),
                    schema,
                    ty,
                    identity: resource.identity().map(Identity::new),
                }),
            )
        };
        let callable = |function: &Arc<dyn Function>| {
            let signature = function.signature();
            let function = Arc::clone(function);
            (function.name().to_owned(), Callable { function, signature })
        };
        Adapter {
            ty: schema.ty(),
            schema,
            resources: provider.resources().iter().map(managed).collect(),
            data_sources: Catalog::new(
                "data source",
                provider.data_sources(),
                |unit| unit.type_name(),
                DataSource::schema,
            ),
            functions: provider.functions().iter().map(callable).collect(),
            ephemeral_resources: Catalog::new(
                "ephemeral resource",
                provider.ephemeral_resources(),
                |unit| unit.type_name(),
                EphemeralResource::schema,
            ),
            list_resources: Catalog::new(
                "list resource",
                provider.list_resources(),
                |unit| unit.type_name(),
                ListResource::schema,
            ),
            actions: Catalog::new("action", provider.actions(), |unit| unit.type_name(), Action::schema),
            provider,
        }
    }
}

impl<P> Adapter<P> {
    fn resource(&self, type_name: &str) -> Result<&Arc<Managed>, Diagnostic> {
        self.resources
            .get(type_name)
            .ok_or_else(|| catalog::unknown("resource type", type_name, self.resources.keys()))
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

    async fn validate_data_resource_config(
        &self,
        request: Request<proto::validate_data_resource_config::Request>,
    ) -> Answer<proto::validate_data_resource_config::Response> {
        Ok(Response::new(validate_data_resource_config::answer(
            self,
            request.get_ref(),
        )))
    }

    async fn read_data_source(
        &self,
        request: Request<proto::read_data_source::Request>,
    ) -> Answer<proto::read_data_source::Response> {
        Ok(Response::new(
            read_data_source::answer(self, request.into_inner()).await,
        ))
    }

    async fn get_functions(&self, _: Request<proto::get_functions::Request>) -> Answer<proto::get_functions::Response> {
        Ok(Response::new(get_functions::answer(self)))
    }

    async fn call_function(
        &self,
        request: Request<proto::call_function::Request>,
    ) -> Answer<proto::call_function::Response> {
        Ok(Response::new(call_function::answer(self, request.get_ref())))
    }

    async fn validate_ephemeral_resource_config(
        &self,
        request: Request<proto::validate_ephemeral_resource_config::Request>,
    ) -> Answer<proto::validate_ephemeral_resource_config::Response> {
        Ok(Response::new(validate_ephemeral_resource_config::answer(
            self,
            request.get_ref(),
        )))
    }

    async fn open_ephemeral_resource(
        &self,
        request: Request<proto::open_ephemeral_resource::Request>,
    ) -> Answer<proto::open_ephemeral_resource::Response> {
        Ok(Response::new(
            open_ephemeral_resource::answer(self, request.into_inner()).await,
        ))
    }

    async fn renew_ephemeral_resource(
        &self,
        request: Request<proto::renew_ephemeral_resource::Request>,
    ) -> Answer<proto::renew_ephemeral_resource::Response> {
        Ok(Response::new(
            renew_ephemeral_resource::answer(self, request.into_inner()).await,
        ))
    }

    async fn close_ephemeral_resource(
        &self,
        request: Request<proto::close_ephemeral_resource::Request>,
    ) -> Answer<proto::close_ephemeral_resource::Response> {
        Ok(Response::new(
            close_ephemeral_resource::answer(self, request.into_inner()).await,
        ))
    }

    async fn get_resource_identity_schemas(
        &self,
        _: Request<proto::get_resource_identity_schemas::Request>,
    ) -> Answer<proto::get_resource_identity_schemas::Response> {
        Ok(Response::new(get_resource_identity_schemas::answer(self)))
    }

    async fn upgrade_resource_identity(
        &self,
        request: Request<proto::upgrade_resource_identity::Request>,
    ) -> Answer<proto::upgrade_resource_identity::Response> {
        Ok(Response::new(upgrade_resource_identity::answer(
            self,
            request.get_ref(),
        )))
    }

    async fn move_resource_state(
        &self,
        request: Request<proto::move_resource_state::Request>,
    ) -> Answer<proto::move_resource_state::Response> {
        Ok(Response::new(move_resource_state::answer(self, request.get_ref())))
    }

    async fn generate_resource_config(
        &self,
        request: Request<proto::generate_resource_config::Request>,
    ) -> Answer<proto::generate_resource_config::Response> {
        Ok(Response::new(generate_resource_config::answer(self, request.get_ref())))
    }

    async fn validate_list_resource_config(
        &self,
        request: Request<proto::validate_list_resource_config::Request>,
    ) -> Answer<proto::validate_list_resource_config::Response> {
        Ok(Response::new(validate_list_resource_config::answer(
            self,
            request.get_ref(),
        )))
    }

    async fn list_resource(
        &self,
        request: Request<proto::list_resource::Request>,
    ) -> Answer<BoxStream<proto::list_resource::Event>> {
        Ok(Response::new(list_resource::answer(self, request.into_inner()).await))
    }

    async fn validate_action_config(
        &self,
        request: Request<proto::validate_action_config::Request>,
    ) -> Answer<proto::validate_action_config::Response> {
        Ok(Response::new(validate_action_config::answer(self, request.get_ref())))
    }

    async fn plan_action(&self, request: Request<proto::plan_action::Request>) -> Answer<proto::plan_action::Response> {
        Ok(Response::new(plan_action::answer(self, request.into_inner()).await))
    }

    async fn invoke_action(
        &self,
        request: Request<proto::invoke_action::Request>,
    ) -> Answer<BoxStream<proto::invoke_action::Event>> {
        let in_flight = request.extensions().get::<InFlight>().cloned();
        Ok(Response::new(invoke_action::answer(self, request.get_ref(), in_flight)))
    }

    async fn stop_provider(&self, _: Request<proto::stop_provider::Request>) -> Answer<proto::stop_provider::Response> {
        Ok(Response::new(stop_provider::answer(self)))
    }
}

#[cfg(test)]
mod tests;
