//! `GenerateResourceConfig`: the block that would give a state, for resources that are to be taken over.

use super::{Adapter, proto, wire};
use crate::diagnostic::Diagnostic;
use crate::schema::{Attribute, Kind, Presence};
use crate::value::Value;

pub(super) fn answer<P>(
    adapter: &Adapter<P>,
    request: &proto::generate_resource_config::Request,
) -> proto::generate_resource_config::Response {
    match generate(adapter, request) {
        Ok(config) => proto::generate_resource_config::Response {
            config: Some(config),
            diagnostics: Vec::new(),
        },
        Err(diagnostic) => proto::generate_resource_config::Response {
            config: None,
            diagnostics: wire::diagnostics(diagnostic),
        },
    }
}

fn generate<P>(
    adapter: &Adapter<P>,
    request: &proto::generate_resource_config::Request,
) -> Result<proto::DynamicValue, Diagnostic> {
    let managed = adapter.resource(&request.type_name)?;
    let state = wire::decode(request.state.as_ref(), &managed.ty)?;
    Ok(wire::encode(
        &configured(&managed.schema.attributes, &state),
        &managed.ty,
    )?)
}

/// The value with null where a configuration may not say anything.
fn configured(attributes: &[Attribute], value: &Value) -> Value {
    let Value::Object(members) = value else {
        return value.clone();
    };
    let mut members = members.clone();
    for attribute in attributes {
        let Some(member) = members.get_mut(&attribute.name) else {
            continue;
        };
        if attribute.presence == Presence::Computed {
            *member = Value::Null;
        } else if let Kind::Nested(_, nested) = &attribute.kind {
            let inside = |value: &Value| configured(nested, value);
            *member = match &*member {
                Value::List(elements) => Value::List(elements.iter().map(inside).collect()),
                Value::Set(elements) => Value::set(elements.iter().map(inside)),
                Value::Map(entries) => Value::Map(
                    entries
                        .iter()
                        .map(|(key, value)| (key.clone(), inside(value)))
                        .collect(),
                ),
                value => inside(value),
            };
        }
    }
    Value::Object(members)
}
