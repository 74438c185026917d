//! What no core at hand calls, list resources and actions, asked of the real provider by the crate's own client; and
//! answers to a hostile core.

use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use support::{Outcome, programs};
use tfplugin::client::{Launcher, Plugin, received, sent};
use tfplugin::proto::tfplugin6 as proto;
use tfplugin::proto::tfplugin6::invoke_action::event::Type as Told;
use tfplugin::value::{Type, Value};

/// The provider on a registry with two identities, which the command line has no way to make: the wire has.
pub(crate) struct House {
    pub(crate) plugin: Plugin,
    pub(crate) scratch: tempfile::TempDir,
}

fn block(attributes: &[(&str, Type)]) -> Type {
    Type::object(attributes.iter().cloned())
}

fn selector() -> Type {
    let mut names = vec!["at", "environment", "kind", "min_risk_tier", "owner"];
    names.sort_unstable();
    let mut attributes: Vec<_> = names.into_iter().map(|name| (name, Type::String)).collect();
    attributes.push(("with_expired", Type::Bool));
    block(&attributes)
}

pub(crate) fn config(ty: &Type, set: &[(&str, Value)]) -> anyhow::Result<Option<proto::DynamicValue>> {
    let Type::Object(attributes) = ty else {
        anyhow::bail!("a block is an object")
    };
    let mut value = Value::object(attributes.keys().map(|name| (name.clone(), Value::Null)));
    for (name, part) in set {
        value.insert(name, part.clone());
    }
    Ok(Some(sent(&value, ty)?))
}

impl House {
    pub(crate) async fn new() -> anyhow::Result<House> {
        let scratch = tempfile::Builder::new().prefix("nhi-w-").tempdir()?;
        let plugin = Launcher::new(programs::file("terraform-provider-nhi")?)?
            .env("PLUGIN_UNIX_SOCKET_DIR", scratch.path())
            .dir(scratch.path())
            .without_env("NHI_REGISTRY")
            .start()
            .await?;
        let schema = plugin
            .provider()?
            .get_provider_schema(proto::get_provider_schema::Request {})
            .await?
            .into_inner();
        let block = schema.provider.and_then(|schema| schema.block).context("a block")?;
        let request = proto::configure_provider::Request {
            config: config(&type_of(&block.attributes)?, &[])?,
            ..Default::default()
        };
        let answer = plugin.provider()?.configure_provider(request).await?.into_inner();
        ensure!(answer.diagnostics.is_empty(), "{:?}", answer.diagnostics);
        Ok(House { plugin, scratch })
    }

    pub(crate) fn registry(&self) -> PathBuf {
        self.scratch.path().join("nhi-registry.db")
    }

    /// The type of the resource, as its schema says.
    pub(crate) async fn resource_type(&self) -> anyhow::Result<Type> {
        let schema = self
            .plugin
            .provider()?
            .get_provider_schema(proto::get_provider_schema::Request {})
            .await?
            .into_inner();
        let block = schema
            .resource_schemas
            .get("nhi_identity")
            .and_then(|schema| schema.block.clone());
        type_of(&block.context("a block")?.attributes)
    }

    async fn data_source_type(&self, name: &str) -> anyhow::Result<Type> {
        let schema = self
            .plugin
            .provider()?
            .get_provider_schema(proto::get_provider_schema::Request {})
            .await?
            .into_inner();
        let block = schema
            .data_source_schemas
            .get(name)
            .and_then(|schema| schema.block.clone());
        type_of(&block.context("a block")?.attributes)
    }

    pub(crate) async fn create(&self, name: &str) -> anyhow::Result<Value> {
        let ty = self.resource_type().await?;
        let text = |text: &str| Value::from(text);
        let purpose = [
            ("summary", text("Reads the orders queue")),
            ("task", text("Order intake, worker")),
            ("ticket", Value::Null),
        ];
        let scope = [
            ("backend", text("aws")),
            ("resource", text("arn:aws:sqs:eu-west-1:111122223333:orders")),
            ("actions", Value::set([text("sqs:GetQueueAttributes")])),
        ];
        let set = [
            ("name", text(name)),
            ("kind", text("workload")),
            ("technical_owner", text("team:orders")),
            ("policy_owner", text("team:iam")),
            ("environment", text("staging")),
            ("ttl", text("720h")),
            ("revoked_by", Value::set([text("ttl")])),
            ("purpose", Value::object(purpose)),
            ("scope", Value::List(vec![Value::object(scope)])),
        ];
        let config = config(&ty, &set)?;
        let request = proto::plan_resource_change::Request {
            type_name: "nhi_identity".to_owned(),
            proposed_new_state: config.clone(),
            config: config.clone(),
            ..Default::default()
        };
        let planned = self
            .plugin
            .provider()?
            .plan_resource_change(request)
            .await?
            .into_inner();
        ensure!(planned.planned_state.is_some(), "{:?}", planned.diagnostics);
        ensure!(
            planned.planned_identity.is_none(),
            "an id that is not known identifies nothing"
        );
        let request = proto::apply_resource_change::Request {
            type_name: "nhi_identity".to_owned(),
            planned_state: planned.planned_state,
            config,
            ..Default::default()
        };
        let applied = self
            .plugin
            .provider()?
            .apply_resource_change(request)
            .await?
            .into_inner();
        ensure!(applied.diagnostics.is_empty(), "{:?}", applied.diagnostics);
        let identity = identity(applied.new_identity)?;
        let state = received(applied.new_state.as_ref(), &ty)?;
        ensure!(identity.get("id") == state.get("id") && identity.get("name") == state.get("name"));
        Ok(state)
    }

    async fn list(&self, set: &[(&str, Value)], limit: i64) -> anyhow::Result<Vec<proto::list_resource::Event>> {
        let request = proto::list_resource::Request {
            type_name: "nhi_identity".to_owned(),
            config: config(&selector(), set)?,
            include_resource_object: true,
            limit,
        };
        Ok(self.plugin.list(request).await?)
    }

    async fn revoke(&self, id: Value, reason: &str) -> anyhow::Result<(Vec<String>, Vec<proto::Diagnostic>)> {
        let ty = block(&[("identity_id", Type::String), ("reason", Type::String)]);
        let request = proto::invoke_action::Request {
            action_type: "nhi_revoke".to_owned(),
            config: config(&ty, &[("identity_id", id), ("reason", reason.into())])?,
            client_capabilities: None,
        };
        let (mut said, mut end) = (Vec::new(), None);
        for event in self.plugin.invoke(request).await? {
            match event {
                Told::Progress(progress) => said.push(progress.message),
                Told::Completed(completed) => end = Some(completed.diagnostics),
            }
        }
        Ok((said, end.context("an action ends")?))
    }
}

fn type_of(attributes: &[proto::schema::Attribute]) -> anyhow::Result<Type> {
    use proto::schema::object::NestingMode;
    let mut members = Vec::new();
    for attribute in attributes {
        let ty = match &attribute.nested_type {
            None => Type::parse(&attribute.r#type)?,
            Some(nested) => {
                let inside = type_of(&nested.attributes)?;
                match nested.nesting() {
                    NestingMode::Single => inside,
                    NestingMode::List => Type::list(inside),
                    other => anyhow::bail!("{other:?} is not used"),
                }
            }
        };
        members.push((attribute.name.clone(), ty));
    }
    Ok(Type::object(members))
}

fn identity(data: Option<proto::ResourceIdentityData>) -> anyhow::Result<Value> {
    let ty = block(&[
        ("environment", Type::String),
        ("id", Type::String),
        ("name", Type::String),
    ]);
    let data = data.context("a resource identity")?;
    Ok(received(data.identity_data.as_ref(), &ty)?)
}

#[tokio::test]
async fn identities_are_listed_with_what_an_import_needs() -> Outcome {
    let house = House::new().await?;
    let events = house.list(&[], 10).await?;
    ensure!(
        events.is_empty() && !house.registry().exists(),
        "listing makes no registry: {events:?}"
    );
    let states = [house.create("first").await?, house.create("second").await?];
    let ty = house.resource_type().await?;
    let events = house.list(&[], 10).await?;
    ensure!(events.len() == 2, "{events:?}");
    for (event, state) in events.iter().zip(&states) {
        ensure!(event.diagnostic.is_empty(), "{event:?}");
        let mut object = received(event.resource_object.as_ref(), &ty)?;
        // Where the log stands is told as of now.
        object.insert("audit_checkpoint", state.get("audit_checkpoint").clone());
        ensure!(&object == state, "{object:?}");
        let listed = identity(event.identity.clone())?;
        ensure!(listed.get("id") == state.get("id"));
        let request = proto::import_resource_state::Request {
            type_name: "nhi_identity".to_owned(),
            identity: event.identity.clone(),
            ..Default::default()
        };
        let imported = house
            .plugin
            .provider()?
            .import_resource_state(request)
            .await?
            .into_inner();
        let imported = imported.imported_resources.first().context("it is imported")?.clone();
        let mut object = received(imported.state.as_ref(), &ty)?;
        object.insert("audit_checkpoint", state.get("audit_checkpoint").clone());
        ensure!(&object == state, "{object:?}");
        ensure!(identity(imported.identity)? == listed);
    }
    ensure!(
        events
            .first()
            .is_some_and(|event| event.display_name == "staging/first")
    );
    for (set, limit, count) in [
        (vec![], 1, 1),
        (vec![("environment", Value::from("nowhere"))], 10, 0),
        (
            vec![("at", "2099-01-01T00:00:00Z".into()), ("with_expired", false.into())],
            10,
            0,
        ),
        (vec![("at", "2099-01-01T00:00:00Z".into())], 10, 2),
    ] {
        let events = house.list(&set, limit).await?;
        ensure!(events.len() == count, "{set:?}: {events:?}");
    }
    let events = house.list(&[("kind", "robot".into())], 10).await?;
    let told = &events.first().context("an error")?.diagnostic;
    ensure!(
        told.first().is_some_and(|found| found.detail.contains("NHI-KIND")),
        "{told:?}"
    );
    Ok(())
}

#[tokio::test]
async fn an_identity_is_revoked_by_an_action() -> Outcome {
    let house = House::new().await?;
    let state = house.create("leaked").await?;
    let id = state.get("id").clone();
    for (id, reason, words) in [
        (Value::from("7"), "leaked", "NHI-ID"),
        ("01ARZ3NDEKTSV4RRFFQ69G5FAV".into(), "leaked", "NHI-REGISTRY-NOT-FOUND"),
        (id.clone(), "  ", "the reason is empty"),
    ] {
        let (_, told) = house.revoke(id, reason).await?;
        let told: Vec<_> = told
            .iter()
            .map(|found| format!("{} {}", found.summary, found.detail))
            .collect();
        ensure!(
            told.len() == 1 && told.iter().all(|told| told.contains(words)),
            "{told:?}"
        );
    }
    for _ in 0..2 {
        let (said, told) = house.revoke(id.clone(), "found in a public repository").await?;
        ensure!(told.is_empty(), "{told:?}");
        ensure!(
            said.len() == 2 && said.iter().all(|line| line.contains(id.as_str().unwrap_or("?"))),
            "{said:?}"
        );
    }
    ensure!(house.list(&[], 10).await?.is_empty());
    let ty = block(&[("identity_id", Type::String), ("reason", Type::String)]);
    let request = proto::plan_action::Request {
        action_type: "nhi_revoke".to_owned(),
        config: config(&ty, &[("identity_id", id), ("reason", "again".into())])?,
        client_capabilities: None,
    };
    let planned = house.plugin.provider()?.plan_action(request).await?.into_inner();
    ensure!(
        planned
            .diagnostics
            .first()
            .is_some_and(|found| found.summary.contains("is revoked already")),
        "{planned:?}"
    );
    let ty = house.data_source_type("nhi_audit").await?;
    let request = proto::read_data_source::Request {
        type_name: "nhi_audit".to_owned(),
        config: config(&ty, &[])?,
        ..Default::default()
    };
    let audit = house.plugin.provider()?.read_data_source(request).await?.into_inner();
    let audit = received(audit.state.as_ref(), &ty)?;
    let rows = audit.get("rows").elements().unwrap_or_default();
    let revoked = rows
        .iter()
        .filter(|row| row.get("action").as_str() == Some("identity.revoked"));
    let payloads: Vec<_> = revoked.filter_map(|row| row.get("payload").as_str()).collect();
    ensure!(payloads.len() == 1, "{payloads:?}");
    ensure!(
        payloads.concat().contains("found in a public repository"),
        "{payloads:?}"
    );
    Ok(())
}

/// Its name may become another one when it is declared, and an identity never changes.
#[tokio::test]
async fn what_was_moved_has_no_identity_before_it_is_on_record() -> Outcome {
    let house = House::new().await?;
    let request = proto::move_resource_state::Request {
        source_provider_address: "registry.terraform.io/hashicorp/aws".to_owned(),
        source_type_name: "aws_iam_role".to_owned(),
        target_type_name: "nhi_identity".to_owned(),
        source_state: Some(proto::RawState {
            json: br#"{"name":"Reader","arn":"arn:x"}"#.to_vec(),
            ..Default::default()
        }),
        ..Default::default()
    };
    let moved = house
        .plugin
        .provider()?
        .move_resource_state(request)
        .await?
        .into_inner();
    ensure!(
        moved.target_state.is_some() && moved.target_identity.is_none(),
        "{moved:?}"
    );
    let request = proto::read_resource::Request {
        type_name: "nhi_identity".to_owned(),
        current_state: moved.target_state.clone(),
        ..Default::default()
    };
    let read = house.plugin.provider()?.read_resource(request).await?.into_inner();
    ensure!(
        read.new_identity.is_none() && read.new_state == moved.target_state,
        "{read:?}"
    );
    Ok(())
}

/// Bytes that no core sends, to everything that takes some.
#[tokio::test]
async fn a_hostile_core_gets_diagnostics() -> Outcome {
    let house = House::new().await?;
    let deep = [vec![0x91; 100_000], vec![0xc0]].concat();
    let long = [vec![0xdb, 0x7f, 0xff, 0xff, 0xff], vec![b'a'; 10]].concat();
    let text = sent(&Value::from("text"), &Type::String)?.msgpack;
    let big = sent(&Value::from("x".repeat(5_000_000)), &Type::String)?.msgpack;
    for msgpack in [vec![0xc1], vec![0x80], deep, long, text, big] {
        let junk = || {
            Some(proto::DynamicValue {
                msgpack: msgpack.clone(),
                json: Vec::new(),
            })
        };
        for type_name in [
            "nhi_audit",
            "nhi_inventory",
            "nhi_metrics",
            "nhi_orphans",
            "nhi_expiring",
            "nhi_compliance_score",
        ] {
            let request = proto::read_data_source::Request {
                type_name: type_name.to_owned(),
                config: junk(),
                ..Default::default()
            };
            let answer = house.plugin.provider()?.read_data_source(request).await?.into_inner();
            ensure!(answer.diagnostics.len() == 1 && answer.state.is_none(), "{type_name}");
        }
        for name in ["parse_duration", "risk_tier", "spiffe_id"] {
            let request = proto::call_function::Request {
                name: name.to_owned(),
                arguments: vec![junk().unwrap_or_default(); 4],
            };
            let answer = house.plugin.provider()?.call_function(request).await?.into_inner();
            ensure!(answer.error.is_some() && answer.result.is_none(), "{name}");
        }
        let request = proto::list_resource::Request {
            type_name: "nhi_identity".to_owned(),
            config: junk(),
            ..Default::default()
        };
        let events = house.plugin.list(request).await?;
        ensure!(events.len() == 1 && events.iter().all(|event| !event.diagnostic.is_empty()));
        let request = proto::move_resource_state::Request {
            source_type_name: "aws_iam_role".to_owned(),
            target_type_name: "nhi_identity".to_owned(),
            source_state: Some(proto::RawState {
                json: msgpack.clone(),
                ..Default::default()
            }),
            ..Default::default()
        };
        let answer = house
            .plugin
            .provider()?
            .move_resource_state(request)
            .await?
            .into_inner();
        ensure!(answer.diagnostics.len() == 1 && answer.target_state.is_none());
    }
    ensure!(!house.registry().exists(), "nothing of it reached a registry");
    Ok(())
}
