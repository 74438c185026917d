//! `GetFunctions`: what every function takes and gives.

use super::{Adapter, proto};
use crate::server::{Parameter, Signature};

pub(super) fn answer<P>(adapter: &Adapter<P>) -> proto::get_functions::Response {
    proto::get_functions::Response {
        functions: definitions(adapter),
        diagnostics: Vec::new(),
    }
}

/// Every function by name. Terraform takes them from the schema, OpenTofu asks for them too.
pub(super) fn definitions<P, M: FromIterator<(String, proto::Function)>>(adapter: &Adapter<P>) -> M {
    adapter
        .functions
        .iter()
        .map(|(name, callable)| (name.clone(), definition(&callable.signature)))
        .collect()
}

fn definition(signature: &Signature) -> proto::Function {
    proto::Function {
        parameters: signature.parameters.iter().map(parameter).collect(),
        variadic_parameter: signature.variadic.as_ref().map(parameter),
        r#return: Some(proto::function::Return {
            r#type: signature.returns.to_json().to_string().into_bytes(),
        }),
        summary: signature.summary.clone(),
        description: signature.description.clone(),
        description_kind: proto::StringKind::Markdown.into(),
        deprecation_message: signature.deprecation.clone().unwrap_or_default(),
    }
}

fn parameter(parameter: &Parameter) -> proto::function::Parameter {
    proto::function::Parameter {
        name: parameter.name.clone(),
        r#type: parameter.ty.to_json().to_string().into_bytes(),
        allow_null_value: parameter.allows_null,
        allow_unknown_values: parameter.allows_unknown,
        description: parameter.description.clone(),
        description_kind: proto::StringKind::Markdown.into(),
    }
}
