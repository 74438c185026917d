//! `ValidateListResourceConfig`: checks the block of a list resource without the world outside.

use super::{Adapter, proto, wire};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::value::{AttributePath, Type, Value};

pub(super) fn answer<P>(
    adapter: &Adapter<P>,
    request: &proto::validate_list_resource_config::Request,
) -> proto::validate_list_resource_config::Response {
    let diagnostics = validate(adapter, request).unwrap_or_else(Diagnostics::from);
    proto::validate_list_resource_config::Response {
        diagnostics: wire::diagnostics(diagnostics),
    }
}

fn validate<P>(
    adapter: &Adapter<P>,
    request: &proto::validate_list_resource_config::Request,
) -> Result<Diagnostics, Diagnostic> {
    let entry = adapter.list_resources.find(&request.type_name)?;
    let config = wire::decode(request.config.as_ref(), &entry.ty)?;
    let of = |name: &'static str| move |diagnostic: Diagnostic| diagnostic.at(AttributePath::of(name));
    wire::decode(request.include_resource_object.as_ref(), &Type::Bool).map_err(of("include_resource"))?;
    let limit = wire::decode(request.limit.as_ref(), &Type::Number).map_err(of("limit"))?;
    let mut diagnostics = entry.unit.validate(&config);
    diagnostics.extend(not_a_limit(&limit));
    Ok(diagnostics)
}

fn not_a_limit(limit: &Value) -> Option<Diagnostic> {
    let number = limit.as_number()?;
    if number.as_i64().is_some_and(|limit| limit >= 0) {
        return None;
    }
    let detail = "Write how many objects to list at most, as a whole number that is not negative.";
    Some(Diagnostic::error("The limit is not a number of objects", detail).at(AttributePath::of("limit")))
}
