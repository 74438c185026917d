//! Break-glass access through the command: a stranger's walk from the declaration to the review.

use nhi_governance::{
    Act, BreakGlass, BreakGlassDraft, Evidence, Given, Record as _, RecordId, Registered, ScopeDraft,
};
use nhi_registry::{Actor, Key, RecordsExt as _, SqliteRegistry};
use serde_json::Value;

use super::{House, asked, says};
use crate::support::Ran;

fn declare(registry: &SqliteRegistry, name: &str) -> RecordId {
    let texts = |texts: &[&str]| Given::Known(texts.iter().map(|text| Given::from(*text)).collect());
    let draft = BreakGlassDraft {
        name: name.into(),
        environment: "production".into(),
        scope: Given::Known(vec![Given::Known(ScopeDraft {
            backend: "postgresql".into(),
            resource: "cluster/orders".into(),
            actions: texts(&["psql:Superuser"]),
        })]),
        holders: texts(&["user:alice", "user:bob", "user:dave"]),
        max_session: "30m".into(),
        approvals: Given::Known(1),
        test_interval: "2160h".into(),
        notify: texts(&["#security", "soc@example.com"]),
    };
    let declared = draft.check().declaration.unwrap();
    let (actor, waived) = (Actor::new("tester@localhost"), Evidence::waived());
    let key = Key {
        environment: "production",
        key: name,
    };
    let created = registry.declare(
        &actor,
        &waived,
        key,
        |now, id, _: Option<&Registered<BreakGlass>>, view| {
            let act = Act {
                by: actor.as_str(),
                evidence: &waived,
                policy: view.policy(),
                now,
            };
            Ok(Registered::<BreakGlass>::create(id, declared.clone(), &[], &act)?)
        },
    );
    created.unwrap().id()
}

struct Walk {
    house: House,
    pinned: [String; 2],
}

impl Walk {
    fn new(days_ago: i64) -> Self {
        let house = House::new();
        let pinned = house.approvers();
        declare(&house.registry(days_ago), "orders-root");
        Self { house, pinned }
    }

    fn run_as(&self, user: &str, arguments: &[&str]) -> Ran {
        let mut all = vec!["break-glass"];
        all.extend(arguments);
        if ["activate", "test", "review"].contains(&arguments[0]) {
            all.extend(self.pinned.iter().map(String::as_str));
        }
        self.house.run_as(user, &all)
    }

    fn sign(&self, digest: &str, people: &[&str]) {
        for person in people {
            self.house
                .run_as(person, &["approve", digest, "--key", person, "--yes"])
                .exits(0);
        }
    }

    fn shown(&self) -> Value {
        let shown = self.run_as("x", &["show", "orders-root", "--format", "json"]).exits(0);
        shown.json()["break_glass"][0].clone()
    }

    fn status(&self) -> String {
        self.shown()["status"].as_str().unwrap().to_owned()
    }

    fn log(&self) -> Vec<String> {
        self.house.log().into_iter().map(|(kind, _)| kind).collect()
    }
}

const OPEN: [&str; 4] = [
    "activate",
    "orders-root",
    "--reason",
    "INC-9: the database does not answer",
];
const LOOK: [&str; 4] = ["review", "orders-root", "--findings", "One row was repaired, see INC-9"];
const DRILL: [&str; 4] = [
    "test",
    "orders-root",
    "--findings",
    "Both keys work, the runbook is right",
];

#[test]
fn a_session_from_the_request_to_its_review() {
    let walk = Walk::new(0);
    assert_eq!(walk.status(), "sealed");
    let refused = walk.run_as("alice", &OPEN).exits(1);
    says(
        &refused,
        &[
            "NHI-APPROVAL",
            "2 signatures of holders",
            "the signature of `user:alice`, who asks",
            "1 more signature of other holders: can come from user:bob, user:dave",
        ],
    );
    let digest = asked(&refused);
    let shown = walk.house.run(&["request", "show", &digest]).exits(0);
    says(&shown, &["a session", "becomes possible", "cluster/orders", "INC-9"]);

    // The signature of somebody who does not hold it counts for nothing, and neither does one's own alone.
    walk.sign(&digest, &["alice", "carol"]);
    let refused = walk.run_as("alice", &OPEN).exits(1);
    says(
        &refused,
        &["carol", "none of those whose signatures", "1 more signature"],
    );
    assert_eq!(walk.status(), "sealed");
    walk.sign(&digest, &["bob"]);
    let verified = walk
        .house
        .run(&["approvals", "verify", &digest, &walk.pinned[0], &walk.pinned[1]]);
    says(&verified.exits(0), &["approved"]);

    // Other words, or another who asks, are another request.
    let other = walk
        .run_as("alice", &["activate", "orders-root", "--reason", "just looking"])
        .exits(1);
    assert_ne!(asked(&other), digest);
    let other = walk.run_as("bob", &OPEN).exits(1);
    assert_ne!(asked(&other), digest);

    let opened = walk
        .run_as("alice", &[&OPEN[..], &["--format", "json"]].concat())
        .exits(0)
        .json();
    let glass = &opened["break_glass"][0];
    assert_eq!(
        (
            &opened["changed"],
            &glass["sealed"],
            &glass["activated_by"],
            &glass["status"]
        ),
        (&true.into(), &false.into(), &"user:alice".into(), &"activated".into())
    );
    assert_eq!(glass["notify"], serde_json::json!(["#security", "soc@example.com"]));
    assert!(glass["session_until"].is_string() && glass["post_review_due_at"].is_string());
    says(&walk.run_as("bob", &OPEN).exits(3), &["is open already"]);
    says(&walk.run_as("bob", &LOOK).exits(3), &["cannot review this session now"]);

    // Anybody ends it; the review stays owed, and nothing opens before it.
    says(
        &walk.run_as("mallory", &["end", "orders-root"]).exits(0),
        &["ended", "tell:", "#security"],
    );
    says(
        &walk.run_as("mallory", &["end", "orders-root"]).exits(0),
        &["nothing to do"],
    );
    assert_eq!(walk.status(), "review_owed");
    says(&walk.run_as("bob", &OPEN).exits(3), &["is not reviewed yet"]);
    says(
        &walk.run_as("alice", &LOOK).exits(3),
        &["cannot review this session now"],
    );
    let refused = walk.run_as("carol", &LOOK).exits(1);
    says(&refused, &["the signature of `user:carol`, who asks"]);
    let digest = asked(&refused);
    walk.sign(&digest, &["bob"]);
    says(
        &walk.run_as("carol", &LOOK).exits(1),
        &["none of those whose signatures"],
    );
    walk.sign(&digest, &["carol"]);
    says(&walk.run_as("carol", &LOOK).exits(0), &["reviewed", "sealed"]);
    says(&walk.run_as("carol", &LOOK).exits(0), &["nothing to do"]);
    assert_eq!(walk.status(), "sealed");

    // The first signatures are used up: the same words ask for others.
    let again = walk.run_as("alice", &OPEN).exits(1);
    says(&again, &["the signature of `user:alice`"]);
    assert_eq!(
        walk.log(),
        [
            "break_glass.created",
            "break_glass.activated",
            "break_glass.sealed",
            "break_glass.reviewed"
        ]
    );
    walk.house.run(&["audit", "verify"]).exits(0);
}

#[test]
fn who_owes_a_review_opens_nothing_else() {
    let walk = Walk::new(0);
    declare(&walk.house.registry(0), "payments-root");
    let open = |access: &'static str| ["activate", access, "--reason", "INC-9: the database does not answer"];
    walk.sign(
        &asked(&walk.run_as("alice", &open("orders-root")).exits(1)),
        &["alice", "bob"],
    );
    walk.run_as("alice", &open("orders-root")).exits(0);
    // While the session lasts it is one emergency, and signatures are what is missing for the second.
    says(
        &walk.run_as("alice", &open("payments-root")).exits(1),
        &["NHI-APPROVAL"],
    );
    walk.run_as("x", &["end", "orders-root"]).exits(0);
    says(
        &walk.run_as("alice", &open("payments-root")).exits(3),
        &[
            "the last session of `orders-root` is not reviewed yet",
            "nhi break-glass review",
        ],
    );
    // Another holder opens it, and a drill opens nothing.
    says(&walk.run_as("bob", &open("payments-root")).exits(1), &["NHI-APPROVAL"]);
    let drill = [
        "test",
        "payments-root",
        "--findings",
        "Both keys work, the runbook is right",
    ];
    says(&walk.run_as("alice", &drill).exits(1), &["NHI-APPROVAL"]);
    walk.sign(&asked(&walk.run_as("carol", &LOOK).exits(1)), &["carol"]);
    walk.run_as("carol", &LOOK).exits(0);
    says(
        &walk.run_as("alice", &open("payments-root")).exits(1),
        &["NHI-APPROVAL"],
    );
}

#[test]
fn a_drill_is_the_session_without_the_session() {
    let walk = Walk::new(91);
    assert_eq!(walk.status(), "untested");
    let listed = walk
        .run_as("x", &["list", "--overdue", "--format", "json"])
        .exits(1)
        .json();
    assert_eq!(listed["break_glass"][0]["overdue"], true);
    let swept = walk.house.run(&["sweep", "--format", "json"]).exits(0).json();
    assert_eq!(
        (
            &swept["overdue"][0]["what"],
            &swept["overdue"][0]["name"],
            &swept["ended"]
        ),
        (&"test".into(), &"orders-root".into(), &0.into())
    );
    says(
        &walk.house.run(&["sweep"]).exits(0),
        &["nothing was due", "its test was due at", "1 overdue"],
    );

    let refused = walk.run_as("dave", &[&DRILL[..], &["--as", "bob"]].concat()).exits(1);
    let digest = asked(&refused);
    says(
        &walk.house.run(&["request", "show", &digest]).exits(0),
        &["a drill", "no privilege is gained or lost"],
    );
    // Who says to be somebody else has to sign as them.
    walk.sign(&digest, &["alice"]);
    let refused = walk.run_as("dave", &[&DRILL[..], &["--as", "bob"]].concat()).exits(1);
    says(&refused, &["the signature of `user:bob`"]);
    walk.sign(&digest, &["bob"]);
    let tested = walk.run_as("dave", &[&DRILL[..], &["--as", "bob"]].concat()).exits(0);
    says(&tested, &["tested", "its next test is due at"]);
    assert_eq!(walk.status(), "sealed");
    assert!(walk.shown()["session_until"].is_null());
    walk.run_as("x", &["list", "--overdue"]).exits(0);
    let swept = walk.house.run(&["sweep", "--format", "json"]).exits(0).json();
    assert_eq!(swept["overdue"], serde_json::json!([]));
}

#[test]
fn what_is_no_emergency_is_refused_before_anybody_signs() {
    let walk = Walk::new(0);
    let registry = walk.house.registry(0);
    let in_staging = declare(&registry, "other");
    says(
        &walk.run_as("carol", &OPEN).exits(3),
        &["NHI-BREAK-GLASS", "`user:carol` does not hold"],
    );
    says(&walk.run_as("mallory", &OPEN).exits(2), &["--as PERSON"]);
    says(
        &walk.run_as("alice", &["activate", "absent", "--reason", "x"]).exits(3),
        &["`absent`", "nhi break-glass list"],
    );
    walk.run_as("alice", &["activate", "orders-root"]).exits(2);
    walk.run_as("alice", &["activate", "orders-root", "--reason", " "])
        .exits(2);
    walk.run_as(
        "alice",
        &["activate", "orders-root", "--reason", "x", "--as", "team:iam"],
    )
    .exits(2);
    // Without a pinned trust root nothing opens.
    let bare = ["break-glass", "activate", "orders-root", "--reason", "INC-9: down"];
    says(&walk.house.run(&bare).exits(2), &["--approvers-digest"]);
    assert_eq!(walk.log(), ["break_glass.created", "break_glass.created"]);
    assert!(
        !walk.house.path().join("approvals").exists(),
        "nobody was asked to sign"
    );
    let human = walk.run_as("x", &["show", &in_staging.to_string()]).exits(0);
    says(&human, &["opens by", "2 of them, for 30m at most", "psql:Superuser"]);
    says(
        &walk.run_as("x", &["list"]).exits(0),
        &["orders-root", "other", "sealed"],
    );
}

#[test]
fn two_sessions_at_once_are_one() {
    let walk = Walk::new(0);
    let digest = asked(&walk.run_as("alice", &OPEN).exits(1));
    walk.sign(&digest, &["alice", "bob"]);
    let runs = std::thread::scope(|scope| {
        let open = || walk.run_as("alice", &OPEN);
        let (one, two) = (scope.spawn(open), scope.spawn(open));
        [one.join().unwrap(), two.join().unwrap()]
    });
    let opened = runs.iter().filter(|ran| ran.code == Some(0)).count();
    assert_eq!(opened, 1, "{runs:?}");
    assert_eq!(walk.log(), ["break_glass.created", "break_glass.activated"]);
}
