//! `CallFunction`: computes a function.
//!
//! A core keeps null and unknown arguments away as the signature says; it is checked again, since a function relies on
//! it. The answer has no place for diagnostics: an error names the argument by its position.

use super::{Adapter, proto, wire};
use crate::server::{Function, FunctionError, Signature};
use crate::value::Value;

/// A function with its signature, asked for once.
pub(super) struct Callable {
    pub(super) function: std::sync::Arc<dyn Function>,
    pub(super) signature: Signature,
}

pub(super) fn answer<P>(
    adapter: &Adapter<P>,
    request: &proto::call_function::Request,
) -> proto::call_function::Response {
    match call(adapter, request) {
        Ok(result) => proto::call_function::Response {
            result: Some(result),
            error: None,
        },
        Err(error) => proto::call_function::Response {
            result: None,
            error: Some(proto::FunctionError {
                text: error.text,
                function_argument: error.argument.and_then(|argument| i64::try_from(argument).ok()),
            }),
        },
    }
}

fn call<P>(
    adapter: &Adapter<P>,
    request: &proto::call_function::Request,
) -> Result<proto::DynamicValue, FunctionError> {
    let name = &request.name;
    let Callable { function, signature } = adapter.functions.get(name).ok_or_else(|| {
        let known = super::catalog::unknown("function", name, adapter.functions.keys());
        FunctionError::new(format!("{}: {}", known.summary, known.detail))
    })?;
    let arguments = arguments(signature, &request.arguments)?;
    let result = match arguments {
        Some(arguments) => function.call(&arguments)?,
        None => Value::UNKNOWN,
    };
    wire::encode(&result, &signature.returns).map_err(|error| {
        FunctionError::new(format!(
            "the result of {name} is not what it declares ({}). This is a bug in the provider; please report it.",
            error.message
        ))
    })
}

/// The arguments, or none when the result is unknown because one of them is.
fn arguments(signature: &Signature, given: &[proto::DynamicValue]) -> Result<Option<Vec<Value>>, FunctionError> {
    let needed = signature.parameters.len();
    if given.len() < needed {
        let text = format!("{needed} arguments are needed and {} are given", given.len());
        return Err(FunctionError::new(text));
    }
    let mut values = Vec::with_capacity(given.len());
    let mut decided = true;
    for (position, argument) in given.iter().enumerate() {
        let Some(parameter) = signature.parameter_at(position) else {
            let text = format!("{} arguments are given, and there are {needed} parameters", given.len());
            return Err(FunctionError::at(position, text));
        };
        let value = wire::decode(Some(argument), &parameter.ty).map_err(|diagnostic| {
            FunctionError::at(position, format!("`{}`: {}", parameter.name, diagnostic.detail))
        })?;
        if value.is_null() && !parameter.allows_null {
            return Err(FunctionError::at(
                position,
                format!("`{}` may not be null", parameter.name),
            ));
        }
        decided &= parameter.allows_unknown || value.is_wholly_known();
        values.push(value);
    }
    Ok(decided.then_some(values))
}
