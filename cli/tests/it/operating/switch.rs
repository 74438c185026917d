//! The kill switch.

use nhi_registry::{RecordFilter, RecordsExt as _};

use super::{House, READER, Sketch, says};

const AGENT: Sketch<'_> = Sketch {
    name: "agent-1",
    kind: "ai_agent",
    environment: "production",
    vendor: Some("acme"),
    ..READER
};

fn house() -> (House, Vec<nhi_governance::RecordId>) {
    let house = House::new();
    let ids = house.create(
        0,
        &[
            READER,
            AGENT,
            Sketch {
                name: "agent-2",
                ..AGENT
            },
            Sketch {
                name: "deployer",
                owner: "team:orders",
                action: "s3:PutObject",
                ..READER
            },
        ],
    );
    (house, ids)
}

#[test]
fn a_selector_selects_what_it_says() {
    let (house, _) = house();
    let cases: [(&str, &[&str]); 11] = [
        ("owner=team:payments", &["agent-1", "agent-2", "reader"]),
        ("owner=Team:Orders", &["deployer"]),
        ("owner=team:iam", &["agent-1", "agent-2", "reader", "deployer"]),
        ("environment=production", &["agent-1", "agent-2"]),
        ("kind=ai_agent, name=*-2", &["agent-2"]),
        ("name=agent-?", &["agent-1", "agent-2"]),
        ("name=agent", &[]),
        ("vendor=acme", &["agent-1", "agent-2"]),
        ("vendor=acm", &[]),
        ("tier=critical", &[]),
        ("environment=staging,owner=team:orders,kind=workload", &["deployer"]),
    ];
    for (selector, names) in cases {
        let kill = ["kill", "--selector", selector, "--dry-run", "--format", "json"];
        if names.is_empty() {
            let ran = house.run(&kill).exits(1);
            says(&ran, &["NHI-NO-MATCH", selector]);
            assert!(ran.stdout.is_empty());
            continue;
        }
        let found = house.run(&kill).exits(0).json();
        let mut listed: Vec<_> = found["identities"].as_array().unwrap().iter().collect();
        listed.retain(|identity| identity["changed"] == true);
        let listed: Vec<_> = listed
            .iter()
            .map(|identity| identity["name"].as_str().unwrap())
            .collect();
        let mut names = names.to_vec();
        let mut sorted = listed.clone();
        names.sort_unstable();
        sorted.sort_unstable();
        assert_eq!(sorted, names, "{selector}");
    }
    assert_eq!(house.log().len(), 4, "a dry run changes nothing");
}

#[test]
fn it_is_thrown_once_and_for_all() {
    let (house, ids) = house();
    let kill = [
        "kill",
        "--selector",
        "owner=team:payments",
        "--reason",
        "INC-9: leaked key",
    ];
    let ran = house.run(&kill).exits(2);
    says(&ran, &["nobody is there to confirm", "--yes", "3 would be suspended"]);
    assert_eq!(house.log().len(), 4);

    house.run(&["revoke", "agent-2", "--reason", "gone"]).exits(0);
    let yes = [&kill[..], &["--yes"]].concat();
    says(&house.run(&yes).exits(0), &["2 suspended", "reader", "agent-1"]);
    let statuses: Vec<_> = ids.iter().map(|id| house.status(*id)).collect();
    assert_eq!(statuses, ["suspended", "suspended", "revoked", "active"]);
    says(&house.run(&yes).exits(0), &["0 suspended, 2 stay as they are"]);
    let killed = house.log().into_iter().filter(|(kind, _)| kind == "identity.suspended");
    let reasons: Vec<_> = killed.map(|(_, reason)| reason).collect();
    assert_eq!(reasons, ["INC-9: leaked key", "INC-9: leaked key"]);
    house.run(&["audit", "verify"]).exits(0);
}

#[test]
fn what_would_select_everything_or_is_misspelt_is_refused() {
    let (house, _) = house();
    for selector in [
        "",
        " ",
        "owner=",
        "owner=team:a,owner=team:b",
        "env=production",
        "name=",
        "tier=severe",
    ] {
        let kill = ["kill", "--selector", selector, "--reason", "x", "--yes"];
        house.run(&kill).exits(2);
    }
    for arguments in [
        &["kill", "--reason", "x", "--yes"][..],
        &["kill", "--selector", "name=*", "--yes"],
        &["kill", "--selector", "name=*", "--reason", "x", "--yes", "--dry-run"],
    ] {
        house.run(arguments).exits(2);
    }
    assert_eq!(house.log().len(), 4);
    says(
        &house
            .run(&["kill", "--selector", "name=*", "--reason", "x", "--yes"])
            .exits(0),
        &["4 suspended"],
    );
}

#[test]
fn it_stays_thrown_for_what_no_batch_came_to() {
    let (house, ids) = house();
    house
        .run(&["kill", "--selector", "owner=team:orders", "--reason", "INC-9", "--yes"])
        .exits(0);
    // A record as it was before, as somebody who had read it in time would write it.
    let thrown = house
        .log()
        .into_iter()
        .filter(|(kind, _)| kind == "kill.thrown")
        .count();
    assert_eq!(thrown, 1);
    let deployer = ids[3];
    assert_eq!(house.status(deployer), "suspended");
    // Thrown by whoever runs the tests, who does not undo it alone; somebody else asks, and it is in use again.
    house.run(&["resume", "deployer", "--enforcement", "warn"]).exits(3);
    let registry = house.registry(0);
    let killed = registry
        .list_records::<nhi_governance::Kill>(&RecordFilter::default())
        .unwrap();
    assert_eq!(killed[0].selector().to_string(), "owner=team:orders");
    assert_eq!((killed[0].epoch(), killed[0].reason()), (1, "INC-9"));
    house.create(
        0,
        &[Sketch {
            name: "later",
            owner: "team:orders",
            ..READER
        }],
    );
    let listed = house.run(&["identities", "--format", "json"]).exits(0).json();
    let listed = listed["identities"].as_array().unwrap().clone();
    let later = listed.iter().find(|identity| identity["name"] == "later").unwrap();
    assert_eq!(
        later["status"], "active",
        "what comes after a throw was not meant by it"
    );
}

#[test]
fn many_are_suspended_in_batches() {
    let house = House::new();
    let names: Vec<String> = (0..501).map(|number| format!("job-{number}")).collect();
    let sketches: Vec<_> = names.iter().map(|name| Sketch { name, ..READER }).collect();
    house.create(0, &sketches);
    let kill = [
        "kill",
        "--selector",
        "name=job-*",
        "--reason",
        "x",
        "--yes",
        "--format",
        "json",
    ];
    let done = house.run(&kill).exits(0).json();
    assert_eq!(
        (&done["changed"], done["identities"].as_array().unwrap().len()),
        (&501.into(), 501)
    );
    says(&house.run(&["audit", "verify"]).exits(0), &["1003 audit rows"]);
}
