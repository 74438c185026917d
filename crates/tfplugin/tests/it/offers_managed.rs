//! What managed resources have beside their life: identities, moves, generated blocks, write-only attributes.

use tfplugin::client::{received, sent};
use tfplugin::proto::tfplugin6 as proto;
use tfplugin::value::Value;

use crate::offers::{Shelf, book, books, identified, identity, junk, told};

#[tokio::test]
async fn identities_follow_the_state() {
    let shelf = Shelf::start().await;
    let type_name = "shelf_book".to_owned();
    let planned = proto::plan_resource_change::Request {
        type_name: type_name.clone(),
        // Both cores propose the write-only value.
        proposed_new_state: Some(sent(&book("Emma", "s3cret", Value::UNKNOWN), &books()).unwrap()),
        config: Some(sent(&book("Emma", "s3cret", Value::Null), &books()).unwrap()),
        ..Default::default()
    };
    let planned = shelf
        .provider()
        .plan_resource_change(planned)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(identified(planned.planned_identity.clone()), "emma".into());
    let state = received(planned.planned_state.as_ref(), &books()).unwrap();
    assert_eq!(state, book("Emma", Value::Null, "emma"));
    let applied = proto::apply_resource_change::Request {
        type_name: type_name.clone(),
        planned_state: planned.planned_state,
        config: Some(sent(&book("Emma", "s3cret", Value::Null), &books()).unwrap()),
        planned_identity: planned.planned_identity,
        ..Default::default()
    };
    let applied = shelf
        .provider()
        .apply_resource_change(applied)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(identified(applied.new_identity), "emma".into());
    assert_eq!(std::fs::read_to_string(shelf.log()).unwrap(), "secret of 6 bytes\n");

    for (current, summaries) in [
        (None, vec![]),
        (identity("emma"), vec![]),
        (identity(Value::Null), vec![]),
        (identity("ulysses"), vec!["Provider returned an invalid value"]),
        (
            Some(proto::ResourceIdentityData { identity_data: junk() }),
            vec!["Value does not fit the schema"],
        ),
    ] {
        let request = proto::read_resource::Request {
            type_name: type_name.clone(),
            current_state: applied.new_state.clone(),
            current_identity: current,
            ..Default::default()
        };
        let answer = shelf.provider().read_resource(request).await.unwrap().into_inner();
        assert_eq!(told(&answer.diagnostics), summaries);
        assert_eq!(answer.new_identity.is_some(), summaries.is_empty());
    }
}

#[tokio::test]
async fn objects_are_imported_by_identity_and_identities_upgraded() {
    let shelf = Shelf::start().await;
    let type_name = "shelf_book".to_owned();
    for (id, data, found, summaries) in [
        ("emma", None, 1, vec![]),
        ("", identity("emma"), 1, vec![]),
        ("", identity("dracula"), 0, vec!["Nothing to import"]),
        (
            "",
            identity(Value::Null),
            0,
            vec!["The identity to import is not complete"],
        ),
        (
            "",
            identity(Value::UNKNOWN),
            0,
            vec!["The identity to import is not known"],
        ),
        ("", None, 0, vec!["Import needs an id"]),
    ] {
        let request = proto::import_resource_state::Request {
            type_name: type_name.clone(),
            id: id.to_owned(),
            identity: data,
            ..Default::default()
        };
        let answer = shelf
            .provider()
            .import_resource_state(request)
            .await
            .unwrap()
            .into_inner();
        assert_eq!(told(&answer.diagnostics), summaries);
        assert_eq!(answer.imported_resources.len(), found);
        for imported in answer.imported_resources {
            assert_eq!(identified(imported.identity), "emma".into());
        }
    }
    for (version, json, summaries) in [
        (0, r#"{"id":"emma"}"#, vec![]),
        (1, r#"{"id":"emma"}"#, vec!["Identity of another version"]),
        (0, r#"{"id":7}"#, vec!["Value does not fit the schema"]),
        (0, "", vec!["Identity cannot be read"]),
    ] {
        let request = proto::upgrade_resource_identity::Request {
            type_name: type_name.clone(),
            version,
            raw_identity: Some(proto::RawState {
                json: json.into(),
                ..Default::default()
            }),
        };
        let answer = shelf
            .provider()
            .upgrade_resource_identity(request)
            .await
            .unwrap()
            .into_inner();
        assert_eq!(told(&answer.diagnostics), summaries, "{json}");
    }
}

#[tokio::test]
async fn states_of_other_types_move_and_become_blocks() {
    let shelf = Shelf::start().await;
    for (source, json, summaries) in [
        ("old_tome", r#"{"name":"Emma","pages":[1,2]}"#, vec![]),
        (
            "old_tome",
            r#"{"name":["Emma"]}"#,
            vec!["Value does not fit the schema"],
        ),
        ("old_tome", "", vec!["State cannot be read"]),
        ("old_scroll", "{}", vec!["Move is not supported"]),
    ] {
        let request = proto::move_resource_state::Request {
            source_provider_address: "registry.terraform.io/test/old".to_owned(),
            source_type_name: source.to_owned(),
            source_state: Some(proto::RawState {
                json: json.into(),
                ..Default::default()
            }),
            target_type_name: "shelf_book".to_owned(),
            source_private: b"foreign".to_vec(),
            ..Default::default()
        };
        let answer = shelf
            .provider()
            .move_resource_state(request)
            .await
            .unwrap()
            .into_inner();
        assert_eq!(told(&answer.diagnostics), summaries);
        assert_eq!(answer.target_private, b"");
        if summaries.is_empty() {
            let state = received(answer.target_state.as_ref(), &books()).unwrap();
            assert_eq!(state, book("Emma", Value::Null, "emma"));
            assert_eq!(identified(answer.target_identity), "emma".into());
        }
    }
    let request = proto::generate_resource_config::Request {
        type_name: "shelf_book".to_owned(),
        state: Some(sent(&book("Emma", Value::Null, "emma"), &books()).unwrap()),
    };
    let answer = shelf
        .provider()
        .generate_resource_config(request)
        .await
        .unwrap()
        .into_inner();
    let config = received(answer.config.as_ref(), &books()).unwrap();
    assert_eq!(config, book("Emma", Value::Null, Value::Null));
}

#[tokio::test]
async fn write_only_values_need_a_core_that_knows_of_them() {
    let shelf = Shelf::start().await;
    for (secret, allowed, count) in [
        (Value::from("s3cret"), false, 1),
        (Value::UNKNOWN, false, 1),
        (Value::from("s3cret"), true, 0),
        (Value::Null, false, 0),
    ] {
        let request = proto::validate_resource_config::Request {
            type_name: "shelf_book".to_owned(),
            config: Some(sent(&book("Emma", secret, Value::Null), &books()).unwrap()),
            client_capabilities: allowed.then(|| proto::ClientCapabilities {
                write_only_attributes_allowed: true,
                ..Default::default()
            }),
        };
        let answer = shelf
            .provider()
            .validate_resource_config(request)
            .await
            .unwrap()
            .into_inner();
        assert_eq!(answer.diagnostics.len(), count, "{:?}", answer.diagnostics);
        assert!(answer.diagnostics.iter().all(|found| !found.detail.contains("s3cret")));
    }
}
