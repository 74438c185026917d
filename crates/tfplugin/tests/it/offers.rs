//! What a provider can offer beside managed resources, over the wire: data sources, functions, ephemeral resources; what
//! a core of today calls, and what a hostile or older one sends.

use std::path::PathBuf;

use tempfile::TempDir;
use tfplugin::client::{Launcher, Plugin, received, sent};
use tfplugin::proto::tfplugin6 as proto;
use tfplugin::proto::tfplugin6::provider_client::ProviderClient;
use tfplugin::value::{Type, Value};
use tonic::transport::Channel;

use crate::support::program;

/// The shelf, and where it notes what it did.
pub(crate) struct Shelf {
    pub(crate) plugin: Plugin,
    pub(crate) scratch: TempDir,
}

impl Shelf {
    pub(crate) async fn start() -> Shelf {
        let scratch = tempfile::Builder::new().prefix("t").tempdir_in("/tmp").unwrap();
        let plugin = Launcher::new(program().with_file_name("shelf"))
            .unwrap()
            .env("PLUGIN_UNIX_SOCKET_DIR", scratch.path())
            .env("SHELF_LOG", scratch.path().join("log"))
            .env("SHELF_MEET", scratch.path().join("m"))
            .start()
            .await
            .unwrap();
        Shelf { plugin, scratch }
    }

    pub(crate) fn provider(&self) -> ProviderClient<Channel> {
        self.plugin.provider().unwrap()
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.scratch.path().join("log")
    }
}

pub(crate) fn block(attributes: &[(&str, Type)]) -> Type {
    Type::object(attributes.iter().cloned())
}

pub(crate) fn books() -> Type {
    block(&[
        ("id", Type::String),
        ("secret", Type::String),
        ("secret_version", Type::Number),
        ("title", Type::String),
    ])
}

pub(crate) fn book(title: &str, secret: impl Into<Value>, id: impl Into<Value>) -> Value {
    Value::object([
        ("id", id.into()),
        ("secret", secret.into()),
        ("secret_version", Value::Null),
        ("title", title.into()),
    ])
}

pub(crate) fn one(name: &str, value: impl Into<Value>) -> Option<proto::DynamicValue> {
    Some(sent(&Value::object([(name, value.into())]), &block(&[(name, Type::String)])).unwrap())
}

pub(crate) fn identity(id: impl Into<Value>) -> Option<proto::ResourceIdentityData> {
    Some(proto::ResourceIdentityData {
        identity_data: one("id", id),
    })
}

pub(crate) fn identified(data: Option<proto::ResourceIdentityData>) -> Value {
    let ty = block(&[("id", Type::String)]);
    received(data.unwrap().identity_data.as_ref(), &ty)
        .unwrap()
        .get("id")
        .clone()
}

/// The summaries of diagnostics.
pub(crate) fn told(diagnostics: &[proto::Diagnostic]) -> Vec<&str> {
    diagnostics.iter().map(|found| found.summary.as_str()).collect()
}

pub(crate) fn junk() -> Option<proto::DynamicValue> {
    Some(proto::DynamicValue {
        msgpack: vec![0xdd, 0xff, 0xff, 0xff, 0xff],
        json: Vec::new(),
    })
}

#[tokio::test]
async fn everything_is_announced() {
    let shelf = Shelf::start().await;
    let schema = shelf
        .provider()
        .get_provider_schema(proto::get_provider_schema::Request {})
        .await
        .unwrap()
        .into_inner();
    let capabilities = schema.server_capabilities.unwrap();
    assert!(capabilities.plan_destroy && capabilities.get_provider_schema_optional);
    assert!(capabilities.move_resource_state && capabilities.generate_resource_config);
    assert!(schema.resource_schemas.contains_key("shelf_book"));
    assert!(schema.data_source_schemas.contains_key("shelf_catalog"));
    assert!(schema.ephemeral_resource_schemas.contains_key("shelf_key"));
    assert!(schema.list_resource_schemas.contains_key("shelf_book"));
    assert!(schema.action_schemas["shelf_lend"].schema.is_some());
    let attributes = &schema.resource_schemas["shelf_book"].block.as_ref().unwrap().attributes;
    let secret = attributes.iter().find(|attribute| attribute.name == "secret").unwrap();
    assert!(secret.write_only);
    let join = &schema.functions["join"];
    assert_eq!(join.parameters.len(), 1);
    assert_eq!(join.variadic_parameter.as_ref().unwrap().r#type, b"\"string\"");

    let functions = shelf
        .provider()
        .get_functions(proto::get_functions::Request {})
        .await
        .unwrap()
        .into_inner();
    assert_eq!(functions.functions, schema.functions);
    let names = shelf
        .provider()
        .get_metadata(proto::get_metadata::Request {})
        .await
        .unwrap()
        .into_inner();
    let counts = [
        names.resources.len(),
        names.data_sources.len(),
        names.functions.len(),
        names.ephemeral_resources.len(),
        names.list_resources.len(),
        names.actions.len(),
    ];
    assert_eq!(counts, [1, 1, 2, 1, 1, 1]);
    let identities = shelf
        .provider()
        .get_resource_identity_schemas(proto::get_resource_identity_schemas::Request {})
        .await
        .unwrap()
        .into_inner();
    let id = &identities.identity_schemas["shelf_book"].identity_attributes[0];
    assert!(id.required_for_import && !id.optional_for_import && id.name == "id");
}

#[tokio::test]
async fn data_sources_are_checked_and_read() {
    let shelf = Shelf::start().await;
    let titles = ("titles", Type::list(Type::String));
    let ty = block(&[("prefix", Type::String), titles]);
    let config =
        |prefix: Value| Some(sent(&Value::object([("prefix", prefix), ("titles", Value::Null)]), &ty).unwrap());
    for (prefix, summaries) in [
        (Value::Null, vec![]),
        (Value::UNKNOWN, vec![]),
        ("".into(), vec!["The prefix is empty"]),
    ] {
        let request = proto::validate_data_resource_config::Request {
            type_name: "shelf_catalog".to_owned(),
            config: config(prefix),
        };
        let answer = shelf
            .provider()
            .validate_data_resource_config(request)
            .await
            .unwrap()
            .into_inner();
        assert_eq!(told(&answer.diagnostics), summaries);
    }
    let read = |type_name: &str, config| {
        let mut provider = shelf.provider();
        let type_name = type_name.to_owned();
        async move {
            let request = proto::read_data_source::Request {
                type_name,
                config,
                ..Default::default()
            };
            provider.read_data_source(request).await.unwrap().into_inner()
        }
    };
    let found = read("shelf_catalog", config("I".into())).await;
    let state = received(found.state.as_ref(), &ty).unwrap();
    assert_eq!(state.get("titles"), &Value::List(vec!["Ivanhoe".into()]));
    for (type_name, config, summary) in [
        (
            "shelf_catalog",
            config("broken".into()),
            "Provider returned an invalid value",
        ),
        ("shelf_catalog", config(Value::UNKNOWN), "Configuration is not known"),
        ("shelf_catalog", None, "Configuration is not known"),
        ("shelf_catalog", junk(), "Value does not fit the schema"),
        ("shelf_catalog", one("prefix", "I"), "Value does not fit the schema"),
        ("shelf_catalogue", None, "There is no data source shelf_catalogue"),
    ] {
        let answer = read(type_name, config).await;
        assert_eq!((told(&answer.diagnostics), answer.state), (vec![summary], None));
    }
}

#[tokio::test]
async fn functions_compute_and_say_which_argument_is_wrong() {
    let shelf = Shelf::start().await;
    let argument = |value: &Value, ty: &Type| sent(value, ty).unwrap();
    let texts = |texts: &[&str]| {
        texts
            .iter()
            .map(|text| argument(&Value::from(*text), &Type::String))
            .collect()
    };
    let number = sent(&Value::from(7_i64), &Type::Number).unwrap();
    let call = |name: &str, arguments: Vec<proto::DynamicValue>| {
        let mut provider = shelf.provider();
        let name = name.to_owned();
        async move {
            let request = proto::call_function::Request { name, arguments };
            provider.call_function(request).await.unwrap().into_inner()
        }
    };
    for (arguments, result) in [(texts(&["-", "a", "b"]), "a-b"), (texts(&["-"]), "")] {
        let answer = call("join", arguments).await;
        assert_eq!(
            received(answer.result.as_ref(), &Type::String).unwrap(),
            Value::from(result)
        );
    }
    let unknown = argument(&Value::UNKNOWN, &Type::String);
    let answer = call("join", vec![argument(&"-".into(), &Type::String), unknown]).await;
    assert!(received(answer.result.as_ref(), &Type::String).unwrap().is_unknown());
    for (value, kind) in [(Value::Null, "null"), (Value::UNKNOWN, "an unknown value")] {
        let answer = call("describe", vec![argument(&value, &Type::Dynamic)]).await;
        assert_eq!(received(answer.result.as_ref(), &Type::String).unwrap(), kind.into());
    }
    for (name, arguments, position, words) in [
        ("join", texts(&["-", "a", "b-c"]), Some(2), "holds the separator"),
        (
            "join",
            vec![argument(&Value::Null, &Type::String)],
            Some(0),
            "`separator` may not be null",
        ),
        (
            "join",
            vec![argument(&"-".into(), &Type::String), number.clone()],
            Some(1),
            "string required",
        ),
        ("join", vec![junk().unwrap()], Some(0), "required"),
        ("join", vec![], None, "1 arguments are needed and 0 are given"),
        ("describe", vec![], None, "1 arguments are needed"),
        ("describe", texts(&["a", "b"]), Some(0), "required"),
        ("split", vec![], None, "There is no function split"),
    ] {
        let answer = call(name, arguments).await;
        let error = answer.error.unwrap();
        assert!(error.text.contains(words), "{name}: {error:?}");
        assert_eq!(
            (error.function_argument, answer.result),
            (position, None),
            "{name}: {}",
            error.text
        );
    }
}

#[tokio::test]
async fn ephemeral_resources_open_renew_and_close() {
    let shelf = Shelf::start().await;
    let ty = block(&[("name", Type::String), ("value", Type::String)]);
    let config = |name: Value| Some(sent(&Value::object([("name", name), ("value", Value::Null)]), &ty).unwrap());
    let open = |config| {
        let mut provider = shelf.provider();
        async move {
            let request = proto::open_ephemeral_resource::Request {
                type_name: "shelf_key".to_owned(),
                config,
                client_capabilities: None,
            };
            provider.open_ephemeral_resource(request).await.unwrap().into_inner()
        }
    };
    let opened = open(config("attic".into())).await;
    let result = received(opened.result.as_ref(), &ty).unwrap();
    assert_eq!(result.get("value"), &Value::from("key-of-attic"));
    assert_eq!(opened.renew_at.unwrap().seconds, 3_600_000_000);
    let request = proto::renew_ephemeral_resource::Request {
        type_name: "shelf_key".to_owned(),
        private: opened.private,
    };
    let renewed = shelf
        .provider()
        .renew_ephemeral_resource(request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(renewed.renew_at, None);
    let request = proto::close_ephemeral_resource::Request {
        type_name: "shelf_key".to_owned(),
        private: renewed.private,
    };
    let closed = shelf
        .provider()
        .close_ephemeral_resource(request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(closed.diagnostics, []);
    for (config, summary) in [
        (config("lost".into()), "There is no such key"),
        (config("broken".into()), "Provider returned an invalid value"),
        (config(Value::UNKNOWN), "Configuration is not known"),
        (junk(), "Value does not fit the schema"),
    ] {
        let answer = open(config).await;
        assert_eq!(told(&answer.diagnostics), [summary]);
        assert_eq!((answer.result, answer.private), (None, None));
    }
    // What was opened in vain is closed at once: the core knows nothing of it.
    let log = std::fs::read_to_string(shelf.log()).unwrap();
    assert_eq!(log, "opened attic\nclosed attic+\nopened broken\nclosed broken\n");
    let request = proto::close_ephemeral_resource::Request {
        type_name: "shelf_door".to_owned(),
        private: None,
    };
    let answer = shelf
        .provider()
        .close_ephemeral_resource(request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(told(&answer.diagnostics), ["There is no ephemeral resource shelf_door"]);
}
