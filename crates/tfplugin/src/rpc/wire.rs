//! The framework's types as the messages of the protocol, and back.

use std::time::SystemTime;

use crate::codec::{self, UnknownAttributes};
use crate::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::proto::tfplugin6 as proto;
use crate::schema::{Attribute, Kind, Nesting, Schema};
use crate::value::{AttributePath, Step, Type, Value};

/// What every provider of this framework can do.
pub(super) fn capabilities() -> proto::ServerCapabilities {
    proto::ServerCapabilities {
        plan_destroy: true,
        get_provider_schema_optional: true,
        move_resource_state: true,
        generate_resource_config: true,
    }
}

/// Reads a value that may come in either form; none at all is null.
pub(super) fn decode(value: Option<&proto::DynamicValue>, ty: &Type) -> Result<Value, Diagnostic> {
    let Some(value) = value else { return Ok(Value::Null) };
    let decoded = if value.msgpack.is_empty() {
        codec::decode_json(&value.json, ty, UnknownAttributes::Refuse)
    } else {
        codec::decode_msgpack(&value.msgpack, ty)
    };
    decoded.map_err(Diagnostic::from)
}

/// Reads a block that a core sends only when all of it is known.
pub(super) fn known_config(value: Option<&proto::DynamicValue>, ty: &Type) -> Result<Value, Diagnostic> {
    let config = decode(value, ty)?;
    if config.is_null() || !config.is_wholly_known() {
        let detail = "The core asked with a configuration that is missing or not wholly known, which the plugin protocol \
                      does not allow. This is a bug in the core; please report it there.";
        return Err(Diagnostic::error("Configuration is not known", detail));
    }
    Ok(config)
}

/// A moment; one before 1970 is taken for 1970, which has a core act at once.
pub(super) fn timestamp(at: SystemTime) -> prost_types::Timestamp {
    let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    prost_types::Timestamp {
        seconds: i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
        nanos: i32::try_from(since.subsec_nanos()).unwrap_or_default(),
    }
}

/// Writes a value, always as msgpack.
pub(super) fn encode(value: &Value, ty: &Type) -> Result<proto::DynamicValue, codec::CodecError> {
    Ok(proto::DynamicValue {
        msgpack: codec::encode_msgpack(value, ty)?,
        json: Vec::new(),
    })
}

pub(super) fn diagnostics(diagnostics: impl Into<Diagnostics>) -> Vec<proto::Diagnostic> {
    let convert = |diagnostic: Diagnostic| proto::Diagnostic {
        severity: match diagnostic.severity {
            Severity::Warning => proto::diagnostic::Severity::Warning.into(),
            Severity::Error => proto::diagnostic::Severity::Error.into(),
        },
        attribute: (!diagnostic.path.is_root()).then(|| path(&diagnostic.path)),
        summary: diagnostic.summary,
        detail: diagnostic.detail,
    };
    diagnostics.into().into_iter().map(convert).collect()
}

pub(super) fn path(path: &AttributePath) -> proto::AttributePath {
    use proto::attribute_path::step::Selector;
    let convert = |step: &Step| proto::attribute_path::Step {
        selector: Some(match step {
            Step::Attribute(name) => Selector::AttributeName(name.clone()),
            Step::Key(key) => Selector::ElementKeyString(key.clone()),
            Step::Index(index) => Selector::ElementKeyInt(i64::try_from(*index).unwrap_or(i64::MAX)),
        }),
    };
    proto::AttributePath {
        steps: path.steps().iter().map(convert).collect(),
    }
}

pub(super) fn schema(schema: &Schema) -> proto::Schema {
    let version = i64::from(schema.version);
    proto::Schema {
        version,
        block: Some(proto::schema::Block {
            version,
            attributes: schema.attributes.iter().map(attribute).collect(),
            description: schema.description.clone(),
            description_kind: proto::StringKind::Markdown.into(),
            ..proto::schema::Block::default()
        }),
    }
}

fn attribute(attribute: &Attribute) -> proto::schema::Attribute {
    use crate::schema::Presence;
    let (ty, nested_type) = match &attribute.kind {
        Kind::Value(ty) => (ty.to_json().to_string().into_bytes(), None),
        Kind::Nested(nesting, attributes) => (Vec::new(), Some(object(*nesting, attributes))),
    };
    proto::schema::Attribute {
        name: attribute.name.clone(),
        r#type: ty,
        nested_type,
        description: attribute.description.clone(),
        required: attribute.presence == Presence::Required,
        optional: matches!(attribute.presence, Presence::Optional | Presence::OptionalComputed),
        computed: attribute.presence.is_computed(),
        sensitive: attribute.sensitive,
        description_kind: proto::StringKind::Markdown.into(),
        deprecated: attribute.deprecation.is_some(),
        write_only: attribute.write_only,
        deprecation_message: attribute.deprecation.clone().unwrap_or_default(),
    }
}

fn object(nesting: Nesting, attributes: &[Attribute]) -> proto::schema::Object {
    use proto::schema::object::NestingMode;
    let nesting = match nesting {
        Nesting::Single => NestingMode::Single,
        Nesting::List => NestingMode::List,
        Nesting::Set => NestingMode::Set,
        Nesting::Map => NestingMode::Map,
    };
    proto::schema::Object {
        attributes: attributes.iter().map(attribute).collect(),
        nesting: nesting.into(),
        ..proto::schema::Object::default()
    }
}
