//! How a provider lives and ends.

use tfplugin::proto::tfplugin6::stop_provider;

use crate::support::{Place, apply, arrival, log_lines, ping, read, release, signal};

#[tokio::test]
async fn a_shutdown_is_graceful_and_quick() {
    let place = Place::new();
    let plugin = place.start().await;
    let streams = plugin.open_streams().await.unwrap();
    plugin
        .provider()
        .unwrap()
        .apply_resource_change(apply("probe_echo", vec![1]))
        .await
        .unwrap();

    let ended = plugin.shutdown().await.unwrap();
    assert!(ended.status.success());
    assert!(ended.took.as_millis() < 1000, "took {:?}", ended.took);
    assert!(place.closed().exists(), "the hook did not run");
    place.assert_no_sockets();
    drop(streams);

    let lines = log_lines(&ended);
    assert!(
        lines
            .iter()
            .any(|line| line["@message"] == "applying" && line["type"] == "probe_echo"),
        "{lines:?}"
    );
    assert!(lines.iter().all(|line| line["@module"] == "probe"), "{lines:?}");
}

#[tokio::test]
async fn an_apply_outlives_a_killed_core_and_the_provider_does_not() {
    let place = Place::new();
    let meeting = place.meeting();
    let mut plugin = place.start().await;
    let streams = plugin.open_streams().await.unwrap();
    let mut provider = plugin.provider().unwrap();
    let call = tokio::spawn(async move { provider.apply_resource_change(apply("probe_meet", vec![])).await });
    let waiting = arrival(&meeting).await;

    call.abort();
    let _ = call.await;
    drop(streams);
    plugin.vanish().await;
    release(waiting).await;

    let ended = plugin.ended().await.unwrap();
    assert!(ended.status.success());
    assert_eq!(std::fs::read_to_string(place.done()).unwrap(), "applied");
    assert!(
        !place.closed().exists(),
        "the hook ran although the core never had the answer"
    );
    place.assert_no_sockets();
}

#[tokio::test]
async fn a_core_that_vanishes_takes_an_idle_provider_with_it() {
    let place = Place::new();
    let mut plugin = place.start().await;
    ping(plugin.channel().unwrap()).await.unwrap();
    plugin.vanish().await;
    let ended = plugin.ended().await.unwrap();
    assert!(ended.status.success());
    assert!(ended.took.as_secs() < 5, "took {:?}", ended.took);
    assert!(!place.closed().exists());
    place.assert_no_sockets();
}

#[tokio::test]
async fn an_answer_that_the_core_did_not_take_keeps_the_hook_from_running() {
    // A cancelled call, whose answer nobody heard.
    let place = Place::new();
    let meeting = place.meeting();
    let plugin = place.start().await;
    let mut provider = plugin.provider().unwrap();
    let call = tokio::spawn(async move { provider.apply_resource_change(apply("probe_meet", vec![])).await });
    let waiting = arrival(&meeting).await;
    call.abort();
    let _ = call.await;
    // A round trip after the cancellation: the provider has seen it.
    ping(plugin.channel().unwrap()).await.unwrap();
    release(waiting).await;
    plugin.shutdown().await.unwrap();
    assert!(place.done().exists(), "the shutdown cut the apply");
    assert!(!place.closed().exists(), "the hook ran");

    // A call that failed, of which the core keeps nothing.
    let place = Place::new();
    let plugin = place.start().await;
    plugin
        .provider()
        .unwrap()
        .apply_resource_change(apply("probe_fail", vec![]))
        .await
        .unwrap_err();
    plugin.shutdown().await.unwrap();
    assert!(!place.closed().exists(), "the hook ran");
}

#[tokio::test]
async fn signals_of_the_terminal_do_not_cut_an_apply() {
    let place = Place::new();
    let meeting = place.meeting();
    let plugin = place.start().await;
    let mut provider = plugin.provider().unwrap();
    let call = tokio::spawn(async move { provider.apply_resource_change(apply("probe_meet", vec![7])).await });
    let waiting = arrival(&meeting).await;
    let pid = plugin.pid().unwrap();
    for name in ["INT", "INT", "HUP"] {
        signal(pid, name);
    }
    // What the core says when it was interrupted itself.
    plugin
        .provider()
        .unwrap()
        .stop_provider(stop_provider::Request {})
        .await
        .unwrap();
    release(waiting).await;
    assert_eq!(call.await.unwrap().unwrap().into_inner().private, [7]);
    let ended = plugin.shutdown().await.unwrap();
    assert!(ended.status.success() && place.closed().exists());
}

#[tokio::test]
async fn a_termination_lets_the_apply_end_first() {
    let place = Place::new();
    let meeting = place.meeting();
    let plugin = place.start().await;
    let mut provider = plugin.provider().unwrap();
    let call = tokio::spawn(async move { provider.apply_resource_change(apply("probe_meet", vec![7])).await });
    let waiting = arrival(&meeting).await;
    signal(plugin.pid().unwrap(), "TERM");
    release(waiting).await;
    assert_eq!(call.await.unwrap().unwrap().into_inner().private, [7]);
    let ended = plugin.ended().await.unwrap();
    assert!(ended.status.success() && place.done().exists());
    place.assert_no_sockets();
}

#[tokio::test]
async fn a_panic_costs_one_call_and_tells_no_secret() {
    let place = Place::new();
    let plugin = place.start().await;
    let mut provider = plugin.provider().unwrap();
    for kind in ["probe_panic", "probe_panic_with"] {
        let status = provider.read_resource(read(kind, "hunter2")).await.unwrap_err();
        assert_eq!(status.code(), tonic::Code::Internal);
        assert!(
            status.message().contains("`ReadResource`") && !status.message().contains("hunter2"),
            "{status}"
        );
    }
    provider.read_resource(read("probe_calm", "")).await.unwrap();
    let ended = plugin.shutdown().await.unwrap();
    let panics: Vec<&str> = ended
        .stderr
        .lines()
        .filter(|line| line.starts_with("panic: "))
        .collect();
    assert_eq!(panics.len(), 2, "{}", ended.stderr);
    assert!(
        panics[0].contains("a literal") && panics[0].contains("probe.rs:"),
        "{panics:?}"
    );
    assert!(
        panics[1].contains("withheld") && !ended.stderr.contains("hunter2"),
        "{}",
        ended.stderr
    );
    log_lines(&ended);
}
