//! Identities that no configuration manages any more: said by somebody, or told by the states.

use nhi_governance::RecordId;

use super::{House, READER, Sketch, says};

fn named(name: &str) -> Sketch<'_> {
    Sketch { name, ..READER }
}

/// A state that holds some of them.
fn state(house: &House, file: &str, ids: &[RecordId]) {
    let instance = |id: &RecordId| format!("{{\"index_key\":\"{id}\",\"attributes\":{{\"id\":\"{id}\"}}}}");
    let instances: Vec<String> = ids.iter().map(instance).collect();
    let text = format!(
        "{{\"version\":4,\"resources\":[{{\"mode\":\"managed\",\"type\":\"nhi_identity\",\"name\":\"this\",\"instances\":[{}]}}]}}",
        instances.join(",")
    );
    std::fs::write(house.path().join(file), text).unwrap();
}

/// As a core does that has shown that it knows the ids.
fn confirm(house: &House, ids: &[RecordId]) {
    use nhi_registry::Registry as _;
    let actor = nhi_registry::Actor::new("tester@localhost");
    house.registry(0).confirm(&actor, ids).unwrap();
}

#[test]
fn somebody_says_so() {
    let house = House::new();
    let id = house.create(1, &[READER])[0];
    says(
        &house
            .run(&["disown", "reader", "--reason", "the stack is gone", "--dry-run"])
            .exits(0),
        &["1 would be disowned; nothing was changed"],
    );
    assert_eq!(house.status(id), "active");
    says(
        &house
            .run(&["disown", "reader", "--reason", "the stack is gone"])
            .exits(0),
        &["1 disowned", "unmanaged", "no configuration manages it since"],
    );
    says(
        &house.run(&["disown", "reader", "--reason", "again"]).exits(0),
        &["0 disowned, 1 stay as they are"],
    );
    house.run(&["disown", "reader"]).exits(2);
    house.run(&["disown", "absent", "--reason", "x"]).exits(3);
    house.run(&["revoke", "reader", "--reason", "x"]).exits(0);
    says(
        &house.run(&["disown", &id.to_string(), "--reason", "x"]).exits(3),
        &["NHI-REVOKED"],
    );
    let kinds: Vec<String> = house.log().into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, ["identity.created", "identity.disowned", "identity.revoked"]);
    house.run(&["audit", "verify"]).exits(0);
}

#[test]
fn what_no_state_holds_is_told_by_the_states() {
    let house = House::new();
    let elsewhere = Sketch {
        environment: "dev",
        ..named("elsewhere")
    };
    let ids = house.create(1, &[named("held"), named("forgotten"), named("other"), elsewhere]);
    confirm(&house, &ids);
    let being_created = house.create(0, &[named("new")])[0];
    state(&house, "a.tfstate", &ids[..1]);
    state(&house, "b.tfstate", &ids[2..3]);
    let disown = |rest: &[&str]| {
        let mut all = vec!["disown", "--selector", "environment=staging", "--reason", "OPS-31"];
        all.extend(rest);
        house.run(&all)
    };
    let statuses = || {
        let status = |id: &RecordId| house.status(*id);
        ids.iter().chain([&being_created]).map(status).collect::<Vec<_>>()
    };
    // All that is left out counts as gone, so every state has to be readable.
    disown(&[]).exits(2);
    says(&disown(&["--state", "absent.tfstate"]).exits(3), &["absent.tfstate"]);
    std::fs::write(house.path().join("torn.tfstate"), "{\"version\":4,\"resou").unwrap();
    disown(&["--state", "a.tfstate", "--state", "torn.tfstate", "--yes"]).exits(3);
    says(
        &disown(&["--state", "a.tfstate", "--state", "b.tfstate"]).exits(2),
        &["nobody is there to confirm"],
    );
    let shown = disown(&[
        "--state",
        "a.tfstate",
        "--state",
        "b.tfstate",
        "--dry-run",
        "--format",
        "json",
    ]);
    assert_eq!(shown.exits(0).json()["identities"][0]["name"], "forgotten");
    assert_eq!(statuses(), ["active"; 5]);

    let done = disown(&["--state", "a.tfstate", "--state", "b.tfstate", "--yes"]).exits(0);
    says(&done, &["forgotten", "1 disowned"]);
    assert_eq!(statuses(), ["active", "unmanaged", "active", "active", "active"]);
    says(
        &disown(&["--state", "a.tfstate", "--state", "b.tfstate", "--yes"]).exits(0),
        &["0 disowned"],
    );
    house
        .run(&[
            "disown",
            "--selector",
            "name=nobody",
            "--state",
            "a.tfstate",
            "--reason",
            "x",
            "--yes",
        ])
        .exits(1);
}
