//! `parse_duration`: how many seconds a duration is.

use nhi_governance::Ttl;
use tfplugin::server::{Function, FunctionError, Parameter, Signature};
use tfplugin::value::{Type, Value};

use super::refused;

pub(super) struct ParseDuration;

impl Function for ParseDuration {
    fn name(&self) -> &'static str {
        "parse_duration"
    }

    fn signature(&self) -> Signature {
        Signature::new("Seconds of a duration such as `720h`.", Type::Number)
            .describe(
                "Reads a duration as `ttl` does and gives its seconds, so that configurations can compare and add \
                 durations. A duration has whole seconds, at least one; days and months are refused, since they are not \
                 a fixed number of hours everywhere.",
            )
            .parameter(Parameter::new(
                "duration",
                Type::String,
                "Hours, minutes and seconds, for example `720h` or `1h30m`.",
            ))
    }

    fn call(&self, arguments: &[Value]) -> Result<Value, FunctionError> {
        let text = arguments.first().and_then(Value::as_str).unwrap_or_default();
        let ttl = Ttl::parse(text).map_err(|problem| refused(0, &problem))?;
        Ok(ttl.seconds().into())
    }
}
