//! What answers with a stream: list resources and actions.

use std::time::Duration;

use tfplugin::client::{received, sent};
use tfplugin::proto::tfplugin6 as proto;
use tfplugin::proto::tfplugin6::invoke_action::event::Type as Told;
use tfplugin::value::{Type, Value};
use tokio::io::AsyncReadExt as _;
use tokio::net::UnixListener;

use crate::offers::{Shelf, book, books, identified, junk, one, told};

#[tokio::test]
async fn lists_end_at_the_limit() {
    let shelf = Shelf::start().await;
    let request = |config, limit, include_resource_object| proto::list_resource::Request {
        type_name: "shelf_book".to_owned(),
        config,
        include_resource_object,
        limit,
    };
    let all = || one("prefix", Value::Null);
    for (config, limit, names) in [
        (all(), 0, "Emma Ivanhoe Middlemarch Ulysses"),
        (all(), 100, "Emma Ivanhoe Middlemarch Ulysses"),
        (all(), 2, "Emma Ivanhoe"),
        (one("prefix", "M"), 2, "Middlemarch"),
        (one("prefix", "Z"), 2, ""),
    ] {
        let events = shelf.plugin.list(request(config, limit, false)).await.unwrap();
        let found: Vec<_> = events.iter().map(|event| event.display_name.as_str()).collect();
        assert_eq!(found.join(" "), names);
        for event in events {
            assert_eq!(identified(event.identity), event.display_name.to_lowercase().into());
            assert_eq!((event.resource_object, event.diagnostic), (None, vec![]));
        }
    }
    let events = shelf.plugin.list(request(all(), 1, true)).await.unwrap();
    let object = received(events[0].resource_object.as_ref(), &books()).unwrap();
    assert_eq!(object, book("Emma", Value::Null, "emma"));
    for (config, limit, summary) in [
        (all(), -1, "The limit is not a number of objects"),
        (junk(), 1, "Value does not fit the schema"),
        (one("prefix", Value::UNKNOWN), 1, "Configuration is not known"),
    ] {
        let events = shelf.plugin.list(request(config, limit, false)).await.unwrap();
        assert_eq!(events.len(), 1);
        assert_eq!(told(&events[0].diagnostic), [summary]);
    }
    for (limit, summaries) in [
        (Some(sent(&Value::from(5_i64), &Type::Number).unwrap()), vec![]),
        (
            Some(sent(&Value::from(-5_i64), &Type::Number).unwrap()),
            vec!["The limit is not a number of objects"],
        ),
        (Some(sent(&"5".into(), &Type::String).unwrap()), vec![]),
        (
            Some(sent(&"many".into(), &Type::String).unwrap()),
            vec!["Value does not fit the schema"],
        ),
        (None, vec![]),
    ] {
        let request = proto::validate_list_resource_config::Request {
            type_name: "shelf_book".to_owned(),
            config: all(),
            include_resource_object: Some(sent(&true.into(), &Type::Bool).unwrap()),
            limit,
        };
        let answer = shelf
            .provider()
            .validate_list_resource_config(request)
            .await
            .unwrap()
            .into_inner();
        assert_eq!(told(&answer.diagnostics), summaries);
    }
}

fn lend(config: Option<proto::DynamicValue>) -> proto::invoke_action::Request {
    proto::invoke_action::Request {
        action_type: "shelf_lend".to_owned(),
        config,
        client_capabilities: None,
    }
}

#[tokio::test]
async fn actions_are_planned_and_tell_how_it_goes() {
    let shelf = Shelf::start().await;
    for (config, summaries) in [
        (one("title", "Emma"), vec!["It is lent already"]),
        (one("title", Value::UNKNOWN), vec![]),
        (junk(), vec!["Value does not fit the schema"]),
    ] {
        let request = proto::validate_action_config::Request {
            type_name: "shelf_lend".to_owned(),
            config: config.clone(),
        };
        let valid = shelf
            .provider()
            .validate_action_config(request)
            .await
            .unwrap()
            .into_inner();
        let request = proto::plan_action::Request {
            action_type: "shelf_lend".to_owned(),
            config,
            client_capabilities: None,
        };
        let answer = shelf.provider().plan_action(request).await.unwrap().into_inner();
        assert_eq!(told(&answer.diagnostics), summaries);
        assert_eq!(
            valid.diagnostics.is_empty(),
            summaries != ["Value does not fit the schema"]
        );
    }
    for (config, messages, summaries) in [
        (one("title", "Emma"), vec!["looking for Emma", "found Emma"], vec![]),
        (
            one("title", "panic"),
            vec!["looking for panic"],
            vec!["The action broke off"],
        ),
        (one("title", Value::UNKNOWN), vec![], vec!["Configuration is not known"]),
        (None, vec![], vec!["Configuration is not known"]),
    ] {
        let events = shelf.plugin.invoke(lend(config)).await.unwrap();
        let (last, before) = events.split_last().unwrap();
        let said: Vec<_> = before
            .iter()
            .map(|event| match event {
                Told::Progress(progress) => progress.message.as_str(),
                Told::Completed(_) => panic!("it ended twice"),
            })
            .collect();
        assert_eq!(said, messages);
        let Told::Completed(completed) = last else {
            panic!("it did not end")
        };
        assert_eq!(told(&completed.diagnostics), summaries);
    }
}

#[tokio::test]
async fn an_action_outlives_a_killed_core() {
    let mut shelf = Shelf::start().await;
    let meeting = UnixListener::bind(shelf.scratch.path().join("m")).unwrap();
    let mut stream = shelf
        .provider()
        .invoke_action(lend(one("title", "wait")))
        .await
        .unwrap()
        .into_inner();
    assert!(stream.message().await.unwrap().is_some());
    let (mut waiting, _) = meeting.accept().await.unwrap();
    drop(stream);
    shelf.plugin.vanish().await;
    // An idle provider would have ended by then, and hung up.
    let hung_up = tokio::time::timeout(Duration::from_secs(1), waiting.read_u8()).await;
    assert!(hung_up.is_err(), "the provider ended in the middle of an action");
    drop(waiting);
    assert!(shelf.plugin.ended().await.unwrap().status.success());
    let log = std::fs::read_to_string(shelf.scratch.path().join("log")).unwrap();
    assert_eq!(log, "lent wait\n");
}
