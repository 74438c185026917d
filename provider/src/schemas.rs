//! Every schema as JSON, in the form of `terraform providers schema -json`: what the documents are generated from.

use std::sync::Arc;

use nhi_registry::Actor;
use serde_json::{Map, Value as Json, json};
use tfplugin::schema::Schema;
use tfplugin::server::{Function, IdentitySchema, Parameter, Provider};

use crate::governed::Governed;
use crate::provider::Nhi;

pub(crate) fn json(address: &str) -> Json {
    let provider = Nhi::new(Arc::new(Governed::new(Actor::from_surroundings())));
    let resources = provider.resources();
    let identity = |resource: &Arc<dyn tfplugin::server::Resource>| {
        let schema = resource.identity()?;
        Some((resource.type_name().to_owned(), identity(&schema)))
    };
    let schemas = json!({
        "provider": provider.schema().to_json(),
        "resource_schemas": each(resources, |unit| (unit.type_name(), unit.schema())),
        "data_source_schemas": each(provider.data_sources(), |unit| (unit.type_name(), unit.schema())),
        "ephemeral_resource_schemas": each(provider.ephemeral_resources(), |unit| (unit.type_name(), unit.schema())),
        "list_resource_schemas": each(provider.list_resources(), |unit| (unit.type_name(), unit.schema())),
        "action_schemas": each(provider.actions(), |unit| (unit.type_name(), unit.schema())),
        "functions": provider.functions().iter().map(function).collect::<Map<_, _>>(),
        "resource_identity_schemas": resources.iter().filter_map(identity).collect::<Map<_, _>>(),
    });
    json!({ "format_version": "1.0", "provider_schemas": { address: schemas } })
}

fn each<'a, T: ?Sized>(units: &'a [Arc<T>], schema: impl Fn(&'a T) -> (&'a str, Schema)) -> Map<String, Json> {
    units
        .iter()
        .map(|unit| {
            let (name, schema) = schema(unit);
            (name.to_owned(), schema.to_json())
        })
        .collect()
}

fn function(function: &Arc<dyn Function>) -> (String, Json) {
    let signature = function.signature();
    let mut json = json!({
        "summary": signature.summary,
        "description": signature.description,
        "return_type": signature.returns.to_json(),
        "parameters": signature.parameters.iter().map(parameter).collect::<Vec<_>>(),
    });
    if let (Some(members), Some(variadic)) = (json.as_object_mut(), &signature.variadic) {
        members.insert("variadic_parameter".to_owned(), parameter(variadic));
    }
    (function.name().to_owned(), json)
}

fn parameter(parameter: &Parameter) -> Json {
    json!({
        "name": parameter.name,
        "description": parameter.description,
        "type": parameter.ty.to_json(),
        "is_nullable": parameter.allows_null,
    })
}

fn identity(schema: &IdentitySchema) -> Json {
    let attributes = schema.attributes.iter().map(|attribute| {
        let json = json!({
            "type": attribute.ty.to_json(),
            "description": attribute.description,
            "required_for_import": attribute.required_for_import,
            "optional_for_import": !attribute.required_for_import,
        });
        (attribute.name.clone(), json)
    });
    json!({ "version": schema.version, "attributes": attributes.collect::<Map<_, _>>() })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// What a state of a schema holds: names and types, and nothing of what is only shown.
    fn shape(block: &Json) -> Json {
        let attributes = block["attributes"].as_object().cloned().unwrap_or_default();
        let attributes = attributes.into_iter().map(|(name, attribute)| {
            let shape = match attribute.get("nested_type") {
                Some(nested) => {
                    let mut shape = shape(nested);
                    shape["nesting"] = nested["nesting_mode"].clone();
                    shape
                }
                None => attribute["type"].clone(),
            };
            (name, shape)
        });
        json!({ "attributes": attributes.collect::<Map<_, _>>() })
    }

    #[test]
    fn states_keep_their_shape() {
        let schemas = json("test");
        let resources = schemas["provider_schemas"]["test"]["resource_schemas"].as_object();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("states");
        let kept = std::fs::read_dir(&folder).unwrap().count();
        let resources = resources.unwrap();
        assert!(
            kept >= resources.len(),
            "a resource has no file in `{}`",
            folder.display()
        );
        for (name, schema) in resources {
            let file = folder.join(format!("{name}-v{}.json", schema["version"]));
            let kept = std::fs::read_to_string(&file).unwrap_or_default();
            let kept: Json = serde_json::from_str(&kept).unwrap_or_default();
            let shape = shape(&schema["block"]);
            assert_eq!(
                shape,
                kept,
                "what is new goes into `{}`; what went or has another type takes a new version of the schema, an \
                 upgrade from the one before, and a file of its own:\n{shape:#}",
                file.display()
            );
        }
    }
}
