//! What an apply does to an identity that somebody suspended: nothing in passing.

use nhi_governance::{Act, Cause, Evidence, Identity, KillSelector, Pattern, RecordId, resume, suspend};
use nhi_registry::{Access, Actor, Location, Options, RecordsExt as _, Registry, open};

use super::*;

/// Somebody at a shell, beside the provider.
fn registry(house: &House) -> Box<dyn Registry> {
    let location = Location::file(&house.directory.path().join("registry.db"));
    open(&location, Access::Write, Options::default()).unwrap()
}

fn id(state: &Value) -> RecordId {
    RecordId::parse(state.get("id").as_str().unwrap()).unwrap()
}

fn kill(house: &House, state: &Value) {
    let killer = Actor::new("killer");
    let none = Evidence::default();
    let suspended = registry(house).contain(&killer, &[id(state)], |now, identity: &Identity, view| {
        let act = Act {
            by: "killer",
            evidence: &none,
            policy: view.policy(),
            now,
        };
        Ok(suspend(identity, Cause::Kill, "a key leaked", &act)?)
    });
    assert_eq!(suspended.unwrap().len(), 1);
}

#[tokio::test]
async fn an_apply_does_not_bring_it_back_in_passing() {
    let house = House::new().await;
    let wanted = config(&[]);
    let state = house.create(&wanted).await.state;
    kill(&house, &state);

    let read = house.read(&state).await;
    assert!(
        read.diagnostics.is_empty(),
        "a state of affairs is no error: {:?}",
        read.diagnostics
    );
    let state = read.state;
    assert_eq!(state.get("status").as_str(), Some("suspended"));
    assert!(state.get("status_reason").as_str().unwrap().contains("a key leaked"));

    let plan = house.plan(&state, &wanted).await;
    assert!(
        plan.planned != state && plan.requires_replace.is_empty(),
        "changed in place"
    );
    assert!(told(&plan.diagnostics, Severity::Warning)[0].contains("is suspended"));
    assert!(
        told(&plan.diagnostics, Severity::Error)[0].contains("a key leaked"),
        "waived approvals are none"
    );
    let updated = house.update(&state, &wanted).await;
    assert!(updated.diagnostics.has_errors());
    assert_eq!(house.read(&state).await.state, state, "nothing was changed");
}

/// The switch alone, before anybody has written anything into the record.
#[tokio::test]
async fn a_throw_of_the_kill_switch_is_read_and_planned_as_any_suspension() {
    let house = House::new().await;
    let wanted = config(&[]);
    let state = house.create(&wanted).await.state;
    let selector = KillSelector {
        name: Some(Pattern::any()),
        ..KillSelector::default()
    };
    let killer = Actor::new("killer");
    registry(&house)
        .throw_kill_switch(&killer, &selector, "a key leaked")
        .unwrap();
    let read = house.read(&state).await.state;
    assert_eq!(read.get("status").as_str(), Some("suspended"));
    assert_eq!(read.get("revision"), state.get("revision"), "the record is as it was");
    let plan = house.plan(&read, &wanted).await;
    assert!(
        told(&plan.diagnostics, Severity::Error)[0].contains("a key leaked"),
        "{:?}",
        plan.diagnostics
    );
    // A state from before the throw is no way around it, with or without a change.
    for config in [
        config(&[("kind", "bot".into())]),
        config(&[("generation", 2_i64.into())]),
    ] {
        let updated = house.update(&state, &config).await;
        assert!(told(&updated.diagnostics, Severity::Error)[0].contains("a key leaked"));
    }
    let left = config(&[("desired_state", "suspended".into())]);
    let updated = house.update(&read, &left).await;
    assert!(!updated.diagnostics.has_errors(), "{:?}", updated.diagnostics);
    let back = house.plan(&updated.state, &wanted).await;
    assert!(back.diagnostics.has_errors(), "a detour by the configuration is none");
    let other = house.create(&config_named("later")).await;
    assert_eq!(other.state.get("status").as_str(), Some("active"));
}

fn config_named(name: &str) -> Value {
    config(&[("name", name.into())])
}

#[tokio::test]
async fn it_can_be_left_as_it_is() {
    let house = House::new().await;
    let state = house.create(&config(&[])).await.state;
    kill(&house, &state);
    let state = house.read(&state).await.state;

    let left = config(&[("desired_state", "suspended".into())]);
    let updated = house.update(&state, &left).await;
    assert!(!updated.diagnostics.has_errors(), "{:?}", updated.diagnostics);
    assert_eq!(updated.state.get("status").as_str(), Some("suspended"));
    let plan = house.plan(&updated.state, &left).await;
    assert_eq!((plan.planned, plan.diagnostics.is_empty()), (updated.state, true));
}

#[tokio::test]
async fn what_was_resumed_is_planned_as_before() {
    let house = House::new().await;
    let wanted = config(&[]);
    let state = house.create(&wanted).await.state;
    kill(&house, &state);
    let suspended = house.read(&state).await.state;
    let waived = Evidence::waived();
    let resumed = registry(&house).change(
        &Actor::new("other"),
        id(&state),
        None,
        &waived,
        |now, identity: &Identity, view| {
            let act = Act {
                by: "other",
                evidence: &waived,
                policy: view.policy(),
                now,
            };
            Ok(resume(identity, &view.context(identity.declaration())?, &act)?)
        },
    );
    resumed.unwrap();
    let state = house.read(&suspended).await.state;
    assert_eq!(state.get("status").as_str(), Some("active"));
    let plan = house.plan(&state, &wanted).await;
    assert_eq!((plan.planned, plan.diagnostics.is_empty()), (state, true));
}
