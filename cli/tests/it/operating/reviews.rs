//! Access reviews through the command: opened, answered, closed, and what follows for the identities.

use nhi_governance::{
    AccessReview, AccessReviewDraft, Act, Evidence, Given, Identity, Record as _, RecordId, Registered, SelectorDraft,
    Timestamp,
};
use nhi_registry::{Actor, Key, RecordsExt as _, SqliteRegistry};
use serde_json::Value;

use super::{House, READER, Sketch, asked, says};
use crate::support::Ran;

pub(super) fn declare(registry: &SqliteRegistry, on_no_response: Given<String>) -> RecordId {
    let draft = AccessReviewDraft {
        name: "quarterly".into(),
        selector: Given::Known(SelectorDraft {
            environment: "staging".into(),
            ..SelectorDraft::default()
        }),
        cadence: "2160h".into(),
        reviewers: Given::Known(vec!["user:alice".into(), "user:bob".into(), "user:tester".into()]),
        due_in: "48h".into(),
        on_no_response,
    };
    let declared = draft.check().declaration.unwrap();
    let (actor, none) = (Actor::new("tester@localhost"), Evidence::default());
    let key = Key {
        environment: "",
        key: "quarterly",
    };
    let created = registry.declare(
        &actor,
        &none,
        key,
        |now, id, _: Option<&Registered<AccessReview>>, view| {
            let act = Act {
                by: actor.as_str(),
                evidence: &none,
                policy: view.policy(),
                now,
            };
            Ok(Registered::<AccessReview>::create(id, declared.clone(), &act)?)
        },
    );
    created.unwrap().id()
}

const NAMES: [&str; 3] = ["one", "two", "three"];

/// Three identities in staging and one elsewhere, a review of staging, opened so many days ago where it was.
fn house(opened_days_ago: Option<i64>, on_no_response: &str) -> (House, Vec<RecordId>) {
    let house = House::new();
    let days_ago = opened_days_ago.unwrap_or(0);
    let named = |name| Sketch { name, ..READER };
    let mut sketches = NAMES.map(named).to_vec();
    sketches.push(Sketch {
        environment: "production",
        ..named("elsewhere")
    });
    let mut ids = house.create(days_ago, &sketches);
    ids.truncate(3);
    let registry = house.registry(days_ago);
    let on_no_response = match on_no_response {
        "" => Given::Absent,
        word => word.into(),
    };
    let id = declare(&registry, on_no_response);
    if opened_days_ago.is_some() {
        let actor = Actor::new("sweeper@localhost");
        let opened = registry.change(&actor, id, None, &Evidence::default(), |now, review, view| {
            let identities: Vec<Identity> = view.list(&nhi_registry::RecordFilter::default())?;
            let judged = identities
                .iter()
                .map(|identity| (identity, identity.assess(view.policy()).tier));
            let none = Evidence::default();
            let act = Act {
                by: actor.as_str(),
                evidence: &none,
                policy: view.policy(),
                now,
            };
            Ok(Registered::<AccessReview>::open(review, judged, &act)?)
        });
        opened.unwrap();
    }
    (house, ids)
}

fn decide(house: &House, user: &str, more: &[&str]) -> Ran {
    house.run_as(user, &[&["review", "decide", "quarterly"][..], more].concat())
}

fn review(house: &House) -> Value {
    let shown = house.run(&["review", "show", "quarterly", "--format", "json"]).exits(0);
    shown.json()["reviews"][0].clone()
}

fn due(house: &House, id: RecordId) -> Option<Timestamp> {
    let identity: Option<Identity> = house.registry(0).get_record(id).unwrap();
    identity.unwrap().review_due_at()
}

#[test]
fn a_round_from_its_opening_to_what_follows() {
    let (house, ids) = house(None, "");
    says(
        &house.run(&["review", "list"]).exits(0),
        &["quarterly", "due", "0 of 0"],
    );
    says(
        &decide(&house, "alice", &["--keep", "one"]).exits(2),
        &["is not under review"],
    );
    says(
        &house.run(&["review", "open", "quarterly"]).exits(0),
        &["opened", "one", "two", "three"],
    );
    says(
        &house.run(&["review", "open", "quarterly"]).exits(0),
        &["nothing to do"],
    );
    assert_eq!(review(&house)["items"], 3, "elsewhere is not selected");

    // Who asked for it, by whatever host, and who is no reviewer do not answer.
    says(
        &decide(&house, "tester", &["--keep", "one"]).exits(3),
        &["NHI-REVIEW", "asked for identity"],
    );
    says(
        &decide(&house, "mallory", &["--keep", "one"]).exits(2),
        &["none of those who may"],
    );
    says(
        &decide(&house, "mallory", &["--keep", "one", "--as", "alice"]).exits(2),
        &["sign as them"],
    );
    says(
        &decide(&house, "alice", &["--keep", "elsewhere"]).exits(2),
        &["is not under review"],
    );
    says(
        &decide(&house, "alice", &["--keep", "one", "--revoke", "one"]).exits(2),
        &["twice"],
    );
    decide(&house, "alice", &[]).exits(2);

    let ran = decide(&house, "alice", &["--keep", "one", "--keep", "two"]).exits(0);
    says(
        &ran,
        &["decided", "keep, unsigned", "2 of 3 kept", "1 without an answer"],
    );
    says(
        &decide(&house, "alice", &["--keep", "one"]).exits(0),
        &["nothing to do"],
    );
    says(
        &house.run(&["review", "close", "quarterly"]).exits(1),
        &["1 identities", "no answer yet"],
    );
    // Until it is closed another answer can be given.
    decide(&house, "bob", &["--revoke", &ids[1].to_string()]).exits(0);
    decide(&house, "bob", &["--keep", "three"]).exits(0);
    assert_eq!(house.status(ids[1]), "active", "nothing is revoked before the end");
    says(
        &house.run(&["review", "close", "quarterly"]).exits(0),
        &["closed", "its next round opens at"],
    );
    let statuses: Vec<String> = ids.iter().map(|id| house.status(*id)).collect();
    assert_eq!(statuses, ["active", "revoked", "active"]);
    let shown = review(&house);
    assert_eq!(
        (
            &shown["kept"],
            &shown["revoked"],
            &shown["auto_suspended"],
            &shown["decided"]
        ),
        (&2.into(), &1.into(), &0.into(), &3.into())
    );
    assert!(shown["evidence_digest"].as_str().unwrap().len() == 64, "{shown}");
    says(
        &house.run(&["review", "close", "quarterly"]).exits(0),
        &["nothing to do"],
    );
    says(
        &decide(&house, "alice", &["--keep", "one"]).exits(3),
        &["is not under review"],
    );
    house.run(&["audit", "verify"]).exits(0);
}

#[test]
fn an_answer_is_signed_where_there_is_a_trust_root() {
    let (house, ids) = house(None, "");
    let pinned = house.approvers();
    let signed = |user: &str, more: &[&str]| {
        let pinned: Vec<&str> = pinned.iter().map(String::as_str).collect();
        decide(&house, user, &[more, &pinned].concat())
    };
    house.run(&["review", "open", "quarterly"]).exits(0);
    let refused = signed("alice", &["--keep", "one", "--revoke", "two"]).exits(1);
    says(&refused, &["NHI-APPROVAL", "the signature of `user:alice`"]);
    let digest = asked(&refused);
    let shown = house.run(&["request", "show", &digest]).exits(0);
    says(
        &shown,
        &["staging/one", &ids[0].to_string(), "staging/two", &ids[1].to_string()],
    );
    house
        .run_as("bob", &["approve", &digest, "--key", "bob", "--yes"])
        .exits(0);
    says(
        &signed("alice", &["--keep", "one", "--revoke", "two"]).exits(1),
        &["none of those whose signatures"],
    );

    // Another reviewer answers meanwhile; what was signed stays good.
    let other = asked(&signed("bob", &["--keep", "three"]).exits(1));
    house
        .run_as("bob", &["approve", &other, "--key", "bob", "--yes"])
        .exits(0);
    signed("bob", &["--keep", "three"]).exits(0);
    house
        .run_as("alice", &["approve", &digest, "--key", "alice", "--yes"])
        .exits(0);
    let ran = signed("alice", &["--keep", "one", "--revoke", "two"]).exits(0);
    says(&ran, &["decided", "user:alice", "user:bob"]);
    let identities = review(&house)["identities"].clone();
    assert!(
        identities.as_array().unwrap().iter().all(|row| row["signed"] == true),
        "{identities}"
    );
    // A word does not take the place of what was signed.
    says(
        &decide(&house, "alice", &["--keep", "one"]).exits(0),
        &["nothing to do"],
    );
}

#[test]
fn what_nobody_answers_for_is_swept() {
    let (early, ids) = house(Some(1), "");
    let before = due(&early, ids[0]);
    decide(&early, "alice", &["--keep", "one"]).exits(0);
    assert!(due(&early, ids[0]) > before, "what is kept is reviewed");
    says(&early.run(&["sweep"]).exits(0), &["nothing was due"]);
    assert_eq!(early.status(ids[1]), "active");

    for (on_no_response, status, action) in [
        ("", "suspended", "identity.suspended"),
        ("suspend", "suspended", "identity.suspended"),
        ("revoke", "revoked", "identity.revoked"),
    ] {
        let (house, ids) = house(Some(2), on_no_response);
        says(
            &decide(&house, "alice", &["--keep", "one"]).exits(3),
            &["is not under review"],
        );
        let swept = house.run(&["sweep", "--format", "json"]).exits(0).json();
        assert_eq!(swept["changes"][0]["action"], "access_review.closed", "{swept}");
        assert_eq!(house.status(ids[1]), status);
        let shown = review(&house);
        assert_eq!(
            (&shown["auto_suspended"], &shown["decided"], &shown["status"]),
            (&3.into(), &0.into(), &"closed".into())
        );
        let log = house.log();
        assert_eq!(log.iter().filter(|(kind, _)| kind == action).count(), 3);
        says(&house.run(&["sweep"]).exits(0), &["nothing was due"]);
        house.run(&["audit", "verify"]).exits(0);
    }
}

#[test]
fn the_sweeper_opens_a_round_that_is_due_and_two_at_once_open_one() {
    let (house, _) = house(None, "");
    let swept = std::thread::scope(|scope| {
        let sweep = || house.run(&["sweep", "--format", "json"]).exits(0).json();
        let (one, two) = (scope.spawn(sweep), scope.spawn(sweep));
        [one.join().unwrap(), two.join().unwrap()]
    });
    let opened = swept.iter().flat_map(|swept| swept["changes"].as_array().unwrap());
    assert_eq!(opened.count(), 1, "{swept:?}");
    assert!(swept.iter().all(|swept| swept["ended"] == 0));
    assert_eq!(review(&house)["status"], "open");
}
