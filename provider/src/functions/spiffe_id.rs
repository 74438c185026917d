//! `spiffe_id`: the SPIFFE id that an identity gets.

use nhi_governance::{Environment, Name, SpiffeId, TrustDomain};
use tfplugin::server::{Function, FunctionError, Parameter, Signature};
use tfplugin::value::{Type, Value};

use super::refused;

pub(super) struct SpiffeIdOf;

impl Function for SpiffeIdOf {
    fn name(&self) -> &'static str {
        "spiffe_id"
    }

    fn signature(&self) -> Signature {
        let text = |name, description: &str| Parameter::new(name, Type::String, description);
        Signature::new("SPIFFE id of an identity.", Type::String)
            .describe(
                "The SPIFFE id that `nhi_identity` gives to an identity: `spiffe://<trust domain>/<environment>/<name>`. \
                 It lets a trust policy name an identity of another configuration.",
            )
            .parameter(text("trust_domain", "The `trust_domain` of the provider block."))
            .parameter(text("environment", "The environment of the identity."))
            .parameter(text("name", "The name of the identity."))
    }

    fn call(&self, arguments: &[Value]) -> Result<Value, FunctionError> {
        let text = |position: usize| arguments.get(position).and_then(Value::as_str).unwrap_or_default();
        let domain = TrustDomain::parse(text(0)).map_err(|problem| refused(0, &problem))?;
        let environment = Environment::parse(text(1)).map_err(|problem| refused(1, &problem))?;
        let name = Name::parse(text(2)).map_err(|problem| refused(2, &problem))?;
        Ok(SpiffeId::of(&domain, &environment, &name).as_str().into())
    }
}
