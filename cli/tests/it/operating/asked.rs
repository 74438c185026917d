//! How often a command asks a server: not once per identity, grant or exception, since each question costs a trip.

use std::sync::atomic::Ordering;

use super::{House, READER, Sketch, reviews, sweeping};
use crate::counting;
use crate::exceptions::{Subject, except};
use crate::server::shared;

/// How much is on record: the larger one is beyond every number of records that is looked up one by one.
const SIZES: [usize; 2] = [20, 60];

/// What reads, or finds nothing to do.
const COMMANDS: [&[&str]; 12] = [
    &["audit", "list", "--format", "json"],
    &["audit", "verify"],
    &[
        "disown",
        "--selector",
        "environment=staging",
        "--state",
        "empty.tfstate",
        "--reason",
        "OPS-31",
        "--dry-run",
    ],
    &["exceptions", "list"],
    &["identities", "--all", "--format", "json"],
    &["identities", "show", "svc-1"],
    &[
        "kill",
        "--selector",
        "environment=staging",
        "--reason",
        "a drill",
        "--dry-run",
    ],
    &["report", "--format", "json"],
    &["review", "list"],
    &["review", "show", "quarterly"],
    &["suspend", "svc-1", "--reason", "an odd call"],
    &["sweep"],
];

/// So many identities with a team, a grant and, each fourth, a static secret with its exception; and a review of all.
fn house(size: usize) -> House {
    let house = House::new();
    let names: Vec<(String, String)> = (0..size)
        .map(|number| (format!("svc-{number}"), format!("team:t{number}")))
        .collect();
    let value = nhi_governance::value_digest(&"legacy_shared".into()).to_string();
    let is_shared = |number: usize| number % 4 == 3;
    for (_, (name, _)) in names.iter().enumerate().filter(|(number, _)| is_shared(*number)) {
        let subject = Subject {
            control: "NHI-STATIC-SECRET",
            address: &format!("staging/{name}"),
            attribute: "kind",
            digest: &value,
        };
        except(house.path(), subject, 0, 5);
    }
    let sketches: Vec<Sketch<'_>> = names
        .iter()
        .enumerate()
        .map(|(number, (name, owner))| Sketch {
            name,
            owner,
            kind: if is_shared(number) { "legacy_shared" } else { "workload" },
            ..READER
        })
        .collect();
    let ids = house.create(0, &sketches);
    let registry = house.registry(0);
    for id in ids {
        sweeping::grant(&registry, id, "24h");
    }
    reviews::declare(&registry, nhi_governance::Given::Absent);
    drop(registry);
    house.run(&["review", "open", "quarterly"]).exits(0);
    let state = r#"{"version":4,"terraform_version":"1.11.4","serial":1,"lineage":"x","outputs":{},"resources":[]}"#;
    std::fs::write(house.path().join("empty.tfstate"), state).unwrap();
    house
}

#[test]
fn no_command_asks_once_per_record() {
    let Some(server) = shared() else { return };
    let counts = SIZES.map(|size| {
        let house = house(size);
        let socket = tempfile::Builder::new().prefix("nhi-c-").tempdir().unwrap();
        let (asked, database) = (counting::listen(socket.path(), server.socket()), server.database());
        let url = format!("postgres://nhi@/{database}?host={}", socket.path().display());
        house
            .run(&["registry", "migrate", "--from", "nhi-registry.db", "--to", &url])
            .exits(0);
        COMMANDS.map(|arguments| {
            let before = asked.load(Ordering::SeqCst);
            house.run(&[arguments, &["--registry", url.as_str()]].concat()).exits(0);
            asked.load(Ordering::SeqCst) - before
        })
    });
    let [small, large] = counts;
    for ((arguments, small), large) in COMMANDS.iter().zip(small).zip(large) {
        println!("{arguments:?}: {small} and {large}");
        assert!(small > 0, "{arguments:?}: nothing was counted");
        // A page more of the log, or of what is remembered, is no question per record.
        assert!(
            large <= small + 4,
            "{arguments:?}: {small} of {} records, {large} of {}",
            SIZES[0],
            SIZES[1]
        );
    }
}
