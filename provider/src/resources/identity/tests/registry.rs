//! What the resource does when its registry is another one, or the last process did not come to its end.

use tempfile::TempDir;

use super::*;

#[tokio::test]
async fn an_interrupted_creation_is_taken_up_until_a_core_shows_the_id() {
    let mut house = House::new().await;
    let lost = house.create(&config(&[])).await.state;
    let twin = house.create(&config(&[])).await;
    assert!(
        told(&twin.diagnostics, Severity::Error)[0].contains("being created by another resource"),
        "the same declared twice in one apply"
    );

    // The process that created it ends while the next apply is asking already.
    let ending = std::mem::replace(&mut house.provider, House::provider());
    house.configure(&house.provider, "registry.db").await;
    let wanted = config(&[]);
    let (again, ()) = tokio::join!(house.create(&wanted), async { drop(ending) });
    assert_eq!(
        (again.state.get("id"), again.diagnostics.is_empty()),
        (lost.get("id"), true)
    );
    let other = house.create(&config(&[("kind", "bot".into())])).await;
    assert!(
        told(&other.diagnostics, Severity::Error)[0].contains("exists in environment"),
        "declared otherwise"
    );

    house.read(&again.state).await;
    let third = house.create(&config(&[])).await;
    assert!(
        third.state.is_null() && third.diagnostics.has_errors(),
        "the id came back in a state"
    );
}

#[tokio::test]
async fn another_registry_is_told_apart() {
    let house = House::new().await;
    let state = house.create(&config(&[])).await.state;
    let stranger = House {
        provider: House::provider(),
        directory: TempDir::new().unwrap(),
    };
    stranger.configure(&stranger.provider, "none.db").await;
    let read = stranger.read(&state).await;
    assert_eq!(read.state, state, "a lost registry is no reason to forget an identity");
    assert!(told(&read.diagnostics, Severity::Error)[0].contains("there is no registry"));
    assert_eq!(
        std::fs::read_dir(stranger.directory.path()).unwrap().count(),
        0,
        "looking leaves no file"
    );
    let deleted = stranger
        .resource()
        .delete(DeleteRequest {
            prior: state.clone(),
            private: vec![],
        })
        .await;
    assert_eq!((&deleted.state, deleted.diagnostics.has_errors()), (&state, true));
    assert_eq!(
        std::fs::read_dir(stranger.directory.path()).unwrap().count(),
        0,
        "looking leaves no file"
    );

    let created = stranger.create(&config(&[("name", "somebody-else".into())])).await;
    assert!(!created.diagnostics.has_errors());
    let read = stranger.read(&state).await;
    assert!(read.state.is_null(), "not on record in a registry that is there");
    assert_eq!(told(&read.diagnostics, Severity::Warning).len(), 1);
}
