//! Owners that leave, and what they leave.

use nhi_governance::{Act, Evidence, Given, Record as _, Registered, Team, TeamDraft};
use nhi_registry::{Actor, Key, RecordsExt as _};
use serde_json::Value;

use super::{House, READER, Sketch, asked, says};

fn owners(house: &House) -> Vec<(String, String, String)> {
    let listed = house.run(&["identities", "--all", "--format", "json"]).exits(0).json();
    let text = |identity: &Value, key: &str| identity[key].as_str().unwrap().to_owned();
    let identities = listed["identities"].as_array().unwrap();
    identities
        .iter()
        .map(|identity| {
            (
                text(identity, "name"),
                text(identity, "technical_owner"),
                text(identity, "policy_owner"),
            )
        })
        .collect()
}

fn named(name: &str) -> Sketch<'_> {
    Sketch { name, ..READER }
}

const TRANSFER: [&str; 6] = ["owner", "transfer", "--from", "team:payments", "--to", "team:orders"];

fn transfer(more: &[&'static str]) -> Vec<&'static str> {
    [&TRANSFER[..], &["--reason", "the team is split"], more].concat()
}

#[test]
fn everything_goes_to_the_new_owner() {
    let house = House::new();
    let other = Sketch {
        owner: "team:search",
        ..named("other")
    };
    let ids = house.create(0, &[named("a"), named("b"), named("c"), named("d"), other]);
    house.run(&["revoke", "c", "--reason", "x"]).exits(0);
    house.run(&["suspend", "d", "--reason", "x"]).exits(0);
    let done = house.run(&transfer(&["--selector", "name=a"])).exits(0);
    says(&done, &["1 transferred", "team:orders"]);
    says(&house.run(&transfer(&[])).exits(0), &["2 transferred"]);
    let technical: Vec<_> = owners(&house)
        .into_iter()
        .map(|(name, owner, _)| (name, owner))
        .collect();
    let expected = [
        ("a", "team:orders"),
        ("b", "team:orders"),
        ("c", "team:payments"),
        ("d", "team:orders"),
        ("other", "team:search"),
    ];
    assert_eq!(
        technical,
        expected.map(|(name, owner)| (name.to_owned(), owner.to_owned()))
    );
    assert_eq!(house.status(ids[3]), "suspended", "never resumed in passing");
    says(&house.run(&transfer(&[])).exits(1), &["NHI-NO-MATCH", "team:payments"]);
    says(
        &house.run(&transfer(&["--selector", "name=z"])).exits(1),
        &["NHI-NO-MATCH", "name=z"],
    );
    let iam = [
        "owner",
        "transfer",
        "--from",
        "team:iam",
        "--to",
        "user:carol",
        "--reason",
        "x",
    ];
    says(&house.run(&iam).exits(0), &["4 transferred"]);
    let log = house.log();
    assert!(log.contains(&("identity.updated".to_owned(), "the team is split".into())));
    house.run(&["audit", "verify"]).exits(0);
}

#[test]
fn one_that_cannot_go_keeps_all() {
    let house = House::new();
    let owned_by_iam_next = Sketch {
        owner: "team:orders",
        ..named("b")
    };
    house.create(0, &[named("a"), owned_by_iam_next]);
    let before = owners(&house);
    // `b` would have `team:orders` as both of its owners.
    let iam = [
        "owner",
        "transfer",
        "--from",
        "team:iam",
        "--to",
        "Team:Orders",
        "--reason",
        "x",
    ];
    says(&house.run(&iam).exits(3), &["NHI-OWNER-SAME", "`b`"]);
    assert_eq!(owners(&house), before);
    for arguments in [
        &[
            "owner", "transfer", "--from", "team:iam", "--to", "TEAM:iam", "--reason", "x",
        ][..],
        &["owner", "transfer", "--from", "iam", "--to", "team:a", "--reason", "x"],
        &["owner", "transfer", "--from", "team:iam", "--to", "team:a"],
        &[
            "owner",
            "transfer",
            "--from",
            "team:iam",
            "--to",
            "team:a",
            "--reason",
            "x",
            "--selector",
            "",
        ],
    ] {
        house.run(arguments).exits(2);
    }
    assert_eq!(owners(&house), before);
}

#[test]
fn what_needs_approvals_goes_with_them_and_never_in_part() {
    let house = House::new();
    let pinned = house.approvers();
    let writer = Sketch {
        action: "s3:PutObject",
        ..named("writer")
    };
    house.create(0, &[named("reader"), writer]);
    let before = owners(&house);
    let mut arguments = transfer(&[]);
    says(
        &house.run(&arguments).exits(1),
        &["NHI-APPROVAL", "1 of 2 changes", "`staging/writer`"],
    );
    arguments.extend(pinned.iter().map(String::as_str).map(|text| &*text.to_owned().leak()));
    let digest = asked(&house.run(&arguments).exits(1));
    assert_eq!(owners(&house), before);
    house.run(&["approve", &digest, "--key", "bob", "--yes"]).exits(0);
    says(&house.run(&arguments).exits(0), &["2 transferred"]);
    assert!(owners(&house).iter().all(|(_, owner, _)| owner == "team:orders"));
    house.run(&["audit", "verify"]).exits(0);
}

#[test]
fn a_team_that_is_gone_owns_nothing_new_and_loses_what_it_has() {
    let house = House::new();
    let ids = house.create(0, &[READER]);
    let registry = house.registry(0);
    let (actor, evidence) = (Actor::new("tester@localhost"), Evidence::waived());
    let end = |name: &str| {
        let draft = TeamDraft {
            name: name.into(),
            accountable_human: "user:dana".into(),
            backup_owner: "user:erin".into(),
            contacts: Given::Known(vec!["dana@example.com".into()]),
            ..TeamDraft::default()
        };
        let judged = draft.check();
        let team: Team = judged.declaration.unwrap_or_else(|| panic!("{:?}", judged.violations));
        let key = Key {
            environment: "",
            key: name,
        };
        let team = registry.declare(&actor, &evidence, key, |now, id, _: Option<&Registered<Team>>, view| {
            let act = Act {
                by: actor.as_str(),
                evidence: &evidence,
                policy: view.policy(),
                now,
            };
            Ok(Registered::<Team>::create(id, team.clone(), &act)?)
        });
        let ended = registry.contain(&actor, &[team.unwrap().id()], |now, team: &Registered<Team>, _| {
            Ok(team.end("the team is gone", now))
        });
        ended.unwrap();
    };
    end("orders");
    says(
        &house.run(&transfer(&[])).exits(3),
        &["NHI-OWNER", "`team:orders` is gone"],
    );
    end("payments");
    let suspended = house
        .run(&["suspend", "reader", "--reason", "x", "--format", "json"])
        .exits(0)
        .json();
    assert_eq!(suspended["identities"][0]["status"], "suspended");
    house.run_as("bob", &["resume", "reader"]).exits(3);
    let search = [
        "owner",
        "transfer",
        "--from",
        "team:payments",
        "--to",
        "team:search",
        "--reason",
        "x",
    ];
    says(&house.run(&search).exits(0), &["1 transferred", "suspended"]);
    says(&house.run_as("bob", &["resume", "reader"]).exits(0), &["1 resumed"]);
    assert_eq!(house.status(ids[0]), "active");
}
