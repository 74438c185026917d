//! The JSON form of a schema, as `terraform providers schema -json` prints it: what generators of documents read.

use serde_json::{Map, Value as Json, json};

use super::{Attribute, Kind, Nesting, Presence, Schema};

impl Schema {
    /// The schema as JSON; attributes that do not hold are left out.
    pub fn to_json(&self) -> Json {
        json!({
            "version": self.version,
            "block": {
                "attributes": attributes(&self.attributes),
                "description": self.description,
                "description_kind": "markdown",
            },
        })
    }
}

fn attributes(attributes: &[Attribute]) -> Json {
    attributes
        .iter()
        .map(|attribute| (attribute.name.clone(), json_of(attribute)))
        .collect::<Map<_, _>>()
        .into()
}

fn json_of(attribute: &Attribute) -> Json {
    let mut members = Map::new();
    match &attribute.kind {
        Kind::Value(ty) => members.insert("type".to_owned(), ty.to_json()),
        Kind::Nested(nesting, nested) => {
            let mode = match nesting {
                Nesting::Single => "single",
                Nesting::List => "list",
                Nesting::Set => "set",
                Nesting::Map => "map",
            };
            let nested = json!({ "attributes": attributes(nested), "nesting_mode": mode });
            members.insert("nested_type".to_owned(), nested)
        }
    };
    members.insert("description".to_owned(), attribute.description.clone().into());
    members.insert("description_kind".to_owned(), "markdown".into());
    let flags = [
        ("required", attribute.presence == Presence::Required),
        (
            "optional",
            matches!(attribute.presence, Presence::Optional | Presence::OptionalComputed),
        ),
        ("computed", attribute.presence.is_computed()),
        ("sensitive", attribute.sensitive),
        ("write_only", attribute.write_only),
        ("deprecated", attribute.deprecation.is_some()),
    ];
    members.extend(
        flags
            .into_iter()
            .filter(|(_, holds)| *holds)
            .map(|(name, holds)| (name.to_owned(), holds.into())),
    );
    members.into()
}
