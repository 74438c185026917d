//! Rotation through the command: noted in time, missed, made good.

use std::sync::Arc;

use nhi_governance::{Evidence, Policy, RecordId, Terms, Timestamp, TrustDomain, Ttl, value_digest};
use nhi_registry::{Actor, Options, Registry as _, SqliteRegistry};
use serde_json::Value;

use crate::exceptions::{Subject, except};

use super::{House, READER, Sketch, asked, declaration, says, wall};

const SHARED: Sketch<'_> = Sketch {
    name: "old-importer",
    kind: "legacy_shared",
    ..READER
};

/// An identity that rests on a static secret, created so many hours ago under a policy that has it rotated every hour.
fn create(house: &House, hours_ago: i64) -> RecordId {
    let mut terms = Terms::default();
    for tier in [&mut terms.tier.moderate, &mut terms.tier.high] {
        tier.rotate_every = Some(Ttl::parse("1h").unwrap());
    }
    let options = Options {
        clock: Arc::new(move || Timestamp::from_unix(wall().unix() - hours_ago * 3_600)),
        policy: Arc::new(Policy::new(terms).unwrap()),
        ..Options::default()
    };
    let subject = Subject {
        control: "NHI-STATIC-SECRET",
        address: "staging/old-importer",
        attribute: "kind",
        digest: &value_digest(&"legacy_shared".into()).to_string(),
    };
    except(house.path(), subject, 2, 30);
    let registry = SqliteRegistry::open_with(&house.path().join("nhi-registry.db"), options).unwrap();
    let created = registry.create(
        &Actor::new("tester@localhost"),
        &TrustDomain::default(),
        declaration(SHARED),
        &Evidence::waived(),
    );
    created.unwrap().identity.id()
}

fn shown(house: &House, id: RecordId) -> Value {
    let id = id.to_string();
    let shown = house.run(&["identities", "show", &id, "--format", "json"]).exits(0);
    shown.json()["identities"][0].clone()
}

#[test]
fn a_rotation_is_noted_and_nothing_is_made_up() {
    let house = House::new();
    let id = house.create(0, &[READER])[0];
    let ran = house.run(&["rotate", "reader", "--reason", "OPS-31: monthly"]).exits(0);
    says(&ran, &["1 rotated", "recorded only: no backend issues"]);
    let identity = shown(&house, id);
    assert_eq!((&identity["rotations"], &identity["revision"]), (&1.into(), &2.into()));
    assert!(identity["rotated_at"].is_string() && identity["rotation_due_at"].is_null());

    house.run(&["rotate", "reader"]).exits(2);
    house.run(&["suspend", "reader", "--reason", "INC-7"]).exits(0);
    let ran = house.run_as("bob", &["rotate", "reader", "--reason", "x"]).exits(3);
    says(&ran, &["NHI-ROTATION", "INC-7"]);
    house.run(&["revoke", "reader", "--reason", "x"]).exits(0);
    says(
        &house.run(&["rotate", "reader", "--reason", "x"]).exits(3),
        &["NHI-REVOKED"],
    );
    let kinds: Vec<String> = house.log().into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(
        kinds,
        [
            "identity.created",
            "identity.rotated",
            "identity.suspended",
            "identity.revoked"
        ]
    );
    house.run(&["audit", "verify"]).exits(0);
}

#[test]
fn in_time_one_person_does_it() {
    let house = House::new();
    let id = create(&house, 0);
    let due = shown(&house, id)["rotation_due_at"].clone();
    assert!(due.is_string());
    house.run(&["rotate", "old-importer", "--reason", "OPS-31"]).exits(0);
    // By the policy of today, which gives it longer.
    assert!(shown(&house, id)["rotation_due_at"].as_str() > due.as_str());
}

#[test]
fn what_was_missed_is_a_suspension_and_takes_approvals() {
    let house = House::new();
    let pinned = house.approvers();
    let id = create(&house, 2);
    assert_eq!(house.status(id), "suspended");
    says(
        &house.run(&["identities", "show", "old-importer"]).exits(0),
        &["its rotation was missed"],
    );
    says(
        &house.run(&["resume", "old-importer"]).exits(3),
        &["would stay suspended"],
    );
    let rotate = ["rotate", "old-importer", "--reason", "OPS-31", &pinned[0], &pinned[1]];
    let refused = house.run(&rotate).exits(1);
    says(&refused, &["NHI-APPROVAL", "calls for 1 approval"]);
    assert_eq!(house.status(id), "suspended");
    let digest = asked(&refused);
    house.run(&["approve", &digest, "--key", "bob", "--yes"]).exits(0);
    says(&house.run(&rotate).exits(0), &["1 rotated", "active"]);
    assert_ne!(house.status(id), "suspended");
    house.run(&["audit", "verify"]).exits(0);
}
