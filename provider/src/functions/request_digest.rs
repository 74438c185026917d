//! `request_digest`: what approvers of a request sign.

use nhi_approvals::Request;
use tfplugin::server::{Function, FunctionError, Parameter, Signature};
use tfplugin::value::{Type, Value};

pub(super) struct RequestDigest;

impl Function for RequestDigest {
    fn name(&self) -> &'static str {
        "request_digest"
    }

    fn signature(&self) -> Signature {
        Signature::new("Digest of a request for approval.", Type::String)
            .describe(
                "The digest that approvers of a request sign, as 64 hexadecimal digits: it stands for every word of the \
                 request. The text is that of the request's file; one that was edited, or is not in its one canonical \
                 form, is refused.",
            )
            .parameter(Parameter::new(
                "request",
                Type::String,
                "The text of the request, for example `file(\"approvals/request.json\")`.",
            ))
    }

    fn call(&self, arguments: &[Value]) -> Result<Value, FunctionError> {
        let text = arguments.first().and_then(Value::as_str).unwrap_or_default();
        // Editors end a file with a newline; it is no word of the request.
        let text = text.strip_suffix('\n').unwrap_or(text);
        let request = Request::parse(text.as_bytes()).map_err(|problem| {
            let told = format!("{}. {} ({})", problem.message, problem.help, problem.code.id);
            FunctionError::at(0, told)
        })?;
        Ok(request.digest().to_string().into())
    }
}
