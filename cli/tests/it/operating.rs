//! The commands that change identities, as a shell sees them, on registries made for the occasion.

mod asked;
mod disowning;
mod glass;
mod on_a_server;
mod owners;
mod reporting;
mod reviews;
mod rotating;
mod sweeping;
mod switch;
mod using;

use std::path::Path;
use std::sync::Arc;

use nhi_governance::{
    Declaration, Digest, Draft, Evidence, Given, Policy, PurposeDraft, RecordId, ScopeDraft, Timestamp, TrustDomain,
};
use nhi_registry::{Actor, Options, Registry as _, SqliteRegistry};
use serde_json::Value;
use tempfile::TempDir;

use crate::approvals::key;
use crate::support::{Ran, nhi as bare};

const DAY: i64 = 86_400;

/// A folder with a registry, and people who use it.
struct House {
    folder: TempDir,
}

/// What differs between the identities here.
#[derive(Clone, Copy)]
struct Sketch<'a> {
    name: &'a str,
    environment: &'a str,
    kind: &'a str,
    owner: &'a str,
    action: &'a str,
    vendor: Option<&'a str>,
}

const READER: Sketch<'_> = Sketch {
    name: "reader",
    environment: "staging",
    kind: "workload",
    owner: "team:payments",
    action: "s3:GetObject",
    vendor: None,
};

fn declaration(given: Sketch<'_>) -> Declaration {
    let draft = Draft {
        name: given.name.into(),
        kind: given.kind.into(),
        technical_owner: given.owner.into(),
        policy_owner: "team:iam".into(),
        purpose: Given::Known(PurposeDraft {
            summary: "Reads the daily reports".into(),
            task: "Report job".into(),
            ticket: Given::Absent,
        }),
        environment: given.environment.into(),
        ttl: "48h".into(),
        scope: Given::Known(vec![Given::Known(ScopeDraft {
            backend: "aws".into(),
            resource: "arn:aws:s3:::reports".into(),
            actions: Given::Known(vec![given.action.into()]),
        })]),
        revoked_by: Given::Known(vec!["ttl".into()]),
        vendor_id: given.vendor.map_or(Given::Absent, Into::into),
        ..Draft::default()
    };
    let checked = draft.check(&Policy::default());
    checked
        .declaration
        .unwrap_or_else(|| panic!("{:?}", checked.violations))
}

fn wall() -> Timestamp {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    Timestamp::from_unix(i64::try_from(since.as_secs()).unwrap())
}

impl House {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The registry by a clock that is so many days behind.
    fn registry(&self, days_ago: i64) -> SqliteRegistry {
        let options = Options {
            clock: Arc::new(move || Timestamp::from_unix(wall().unix() - days_ago * DAY)),
            ..Options::default()
        };
        SqliteRegistry::open_with(&self.path().join("nhi-registry.db"), options).unwrap()
    }

    /// Identities that were created so many days ago.
    fn create(&self, days_ago: i64, identities: &[Sketch<'_>]) -> Vec<RecordId> {
        let registry = self.registry(days_ago);
        let create = |given: &Sketch<'_>| {
            let evidence = Evidence::waived();
            let actor = Actor::new("tester@localhost");
            let created = registry.create(&actor, &TrustDomain::default(), declaration(*given), &evidence);
            created.unwrap().identity.id()
        };
        identities.iter().map(create).collect()
    }

    fn run_as(&self, user: &str, arguments: &[&str]) -> Ran {
        let mut nhi = bare(arguments)
            .directory(self.path())
            .env("NO_COLOR", "1")
            .env("LOGNAME", user);
        for name in [
            "NHI_APPROVALS",
            "NHI_APPROVERS",
            "NHI_APPROVERS_DIGEST",
            "NHI_POLICY",
            "NHI_REGISTRY",
            "NHI_REQUESTER",
            "SSH_AUTH_SOCK",
        ] {
            nhi.command.env_remove(name);
        }
        nhi.run()
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        self.run_as("alice", arguments)
    }

    fn status(&self, id: RecordId) -> String {
        let shown = self
            .run(&["identities", "show", &id.to_string(), "--format", "json"])
            .exits(0)
            .json();
        shown["identities"][0]["status"].as_str().unwrap().to_owned()
    }

    /// The kinds of the rows of the log, with the reason of each.
    fn log(&self) -> Vec<(String, Value)> {
        let rows = self.run(&["audit", "list", "--format", "json"]).exits(0).json();
        let rows = rows["rows"].as_array().unwrap().clone();
        rows.iter()
            .map(|row| {
                (
                    row["kind"].as_str().unwrap().to_owned(),
                    row["payload"]["reason"].clone(),
                )
            })
            .collect()
    }

    /// A trust root of three, and the option that pins it.
    fn approvers(&self) -> [String; 2] {
        let person = |name: &str, rest: &str| {
            format!(
                "person {name:?} {{\n  keys = [{:?}]\n{rest}}}\n",
                key(self.path(), name)
            )
        };
        let root = format!(
            "organisation = \"example\"\nversion = 1\nthreshold = 2\n{}{}{}",
            person("alice", ""),
            person("bob", "  roles = [\"policy_owner\"]\n  teams = [\"team:iam\"]\n"),
            person("carol", ""),
        );
        std::fs::write(self.path().join("approvers.hcl"), &root).unwrap();
        let digest = Digest::of(root.as_bytes()).to_string();
        ["--approvers-digest".to_owned(), digest]
    }
}

#[track_caller]
fn says(ran: &Ran, words: &[&str]) {
    let said = format!("{}{}", ran.stdout, ran.stderr);
    for word in words {
        assert!(said.contains(word), "`{word}` is not in\n{said}");
    }
}

/// The digest of the request that a refusal asks approvals for.
fn asked(ran: &Ran) -> String {
    let (_, after) = ran
        .stderr
        .split_once("nhi approve ")
        .unwrap_or_else(|| panic!("{}", ran.stderr));
    after.split(|c: char| !c.is_ascii_hexdigit()).next().unwrap().to_owned()
}

#[test]
fn one_suspends_another_resumes_and_either_revokes() {
    let house = House::new();
    let id = house.create(0, &[READER])[0];
    let ran = house.run(&["resume", "reader"]).exits(0);
    says(&ran, &["0 resumed", "stay as they are", "active"]);

    let ran = house
        .run(&["suspend", "reader", "--reason", "INC-7: odd calls"])
        .exits(0);
    says(&ran, &["1 suspended", "reader", "staging", "INC-7: odd calls"]);
    assert_eq!(house.status(id), "suspended");
    let again = house.run(&["suspend", &id.to_string(), "--reason", "again", "--format", "json"]);
    let again = again.exits(0).json();
    assert_eq!((&again["changed"], &again["dry_run"]), (&0.into(), &false.into()));
    assert!(
        again["identities"][0]["status_reason"]
            .as_str()
            .unwrap()
            .contains("INC-7")
    );

    let alone = house.run(&["resume", "reader"]).exits(3);
    says(&alone, &["NHI-RESUME", "cannot undo that alone"]);
    assert_eq!(house.status(id), "suspended");
    let ran = house
        .run_as("bob", &["resume", "reader", "--reason", "a false alarm"])
        .exits(0);
    says(&ran, &["1 resumed", "active"]);

    let ran = house.run(&["revoke", "reader", "--reason", "the job is gone"]).exits(0);
    says(&ran, &["1 revoked", "the job is gone"]);
    let again = house.run(&["revoke", &id.to_string(), "--reason", "again"]).exits(0);
    says(&again, &["0 revoked", "the job is gone"]);
    for command in [&["suspend", "reader", "--reason", "x"][..], &["resume", "reader"]] {
        says(&house.run(command).exits(3), &["NHI-REVOKED"]);
    }
    let log: Vec<_> = house.log();
    assert_eq!(
        log.iter().map(|(kind, _)| kind.as_str()).collect::<Vec<_>>(),
        [
            "identity.created",
            "identity.suspended",
            "identity.resumed",
            "identity.revoked"
        ]
    );
    assert_eq!(log[2].1, "a false alarm");
    house.run(&["audit", "verify"]).exits(0);
}

#[test]
fn what_is_meant_has_to_be_clear() {
    let house = House::new();
    let production = Sketch {
        environment: "production",
        ..READER
    };
    let ids = house.create(0, &[READER, production]);
    for command in ["suspend", "revoke"] {
        let ran = house.run(&[command, "reader", "--reason", "x"]).exits(2);
        says(&ran, &["`production`, `staging`", "--environment"]);
        says(
            &house.run(&[command, "writer", "--reason", "x"]).exits(3),
            &["`writer`"],
        );
        let wrong = [
            command,
            &ids[0].to_string(),
            "--environment",
            "production",
            "--reason",
            "x",
        ];
        says(&house.run(&wrong).exits(2), &["is in environment `staging`"]);
        for reason in ["", "  ", "two\nlines"] {
            house.run(&[command, "reader", "--reason", reason]).exits(2);
        }
        house.run(&[command, "reader"]).exits(2);
        let absent = [command, "reader", "--reason", "x", "--registry", "absent.db"];
        says(&house.run(&absent).exits(3), &["NHI-REGISTRY-MISSING"]);
        assert!(!house.path().join("absent.db").exists());
    }
    assert_eq!(house.log().len(), 2, "nothing happened");
    house
        .run(&["suspend", "reader", "--environment", "production", "--reason", "x"])
        .exits(0);
    assert_eq!(
        (house.status(ids[0]).as_str(), house.status(ids[1]).as_str()),
        ("active", "suspended")
    );
}

#[test]
fn what_needs_approvals_is_resumed_with_them_once() {
    let house = House::new();
    let pinned = house.approvers();
    let writer = Sketch {
        name: "writer",
        action: "s3:PutObject",
        ..READER
    };
    let id = house.create(0, &[writer])[0];
    house
        .run_as("dave", &["suspend", "writer", "--reason", "a drill"])
        .exits(0);
    let resume = ["resume", "writer", &pinned[0], &pinned[1]];

    let bare = house.run(&["resume", "writer"]).exits(1);
    says(
        &bare,
        &[
            "NHI-APPROVAL",
            "tier moderate calls for 1 approval",
            "--approvers-digest",
        ],
    );
    let refused = house.run(&resume).exits(1);
    let digest = asked(&refused);
    house.run(&["approve", &digest, "--key", "alice", "--yes"]).exits(0);
    says(&house.run(&resume).exits(1), &["does not count", "alice"]);
    assert_eq!(house.status(id), "suspended", "who asks does not approve");
    house.run(&["approve", &digest, "--key", "bob", "--yes"]).exits(0);
    let wrong_root = ["resume", "writer", &pinned[0], &Digest::of(b"another").to_string()];
    house.run(&wrong_root).exits(3);
    assert_eq!(house.status(id), "suspended");
    says(&house.run(&resume).exits(0), &["1 resumed"]);
    assert_eq!(house.status(id), "active");

    house
        .run_as("dave", &["suspend", "writer", "--reason", "another drill"])
        .exits(0);
    let again = house.run(&resume).exits(1);
    assert_ne!(asked(&again), digest, "an approval is good for one suspension");
    says(
        &house.run(&["resume", "writer", "--enforcement", "warn"]).exits(0),
        &["1 resumed"],
    );
    house.run(&["audit", "verify"]).exits(0);
}

#[test]
fn containment_asks_neither_clock_nor_policy() {
    let house = House::new();
    // The record is two days ahead of the clock.
    let ids = house.create(
        -2,
        &[
            READER,
            Sketch {
                name: "other",
                ..READER
            },
        ],
    );
    std::fs::write(house.path().join("nhi.hcl"), "no policy at all {").unwrap();
    let policy = house.path().join("nhi.hcl");
    let with_policy = |arguments: &[&str]| {
        let nhi = bare(arguments)
            .directory(house.path())
            .env("NHI_POLICY", &policy)
            .env("LOGNAME", "alice");
        nhi.run()
    };
    with_policy(&["suspend", "reader", "--reason", "x"]).exits(0);
    with_policy(&["revoke", "other", "--reason", "x"]).exits(0);
    with_policy(&["resume", "reader"]).exits(3);
    let ran = house.run_as("bob", &["resume", "reader"]).exits(3);
    says(&ran, &["NHI-REGISTRY-CLOCK"]);
    assert_eq!(
        (house.status(ids[0]).as_str(), house.status(ids[1]).as_str()),
        ("suspended", "revoked")
    );
}

#[test]
fn long_suspended_is_not_resumed() {
    let house = House::new();
    let id = house.create(16, &[READER])[0];
    let registry = house.registry(15);
    let act_of = Actor::new("carol@localhost");
    suspend_at(&registry, &act_of, id);
    let ran = house.run(&["resume", "reader"]).exits(3);
    says(&ran, &["NHI-RESUME", "more than 14 days"]);
}

fn suspend_at(registry: &SqliteRegistry, actor: &Actor, id: RecordId) {
    use nhi_registry::RecordsExt as _;
    let suspended = registry.contain(actor, &[id], |now, identity: &nhi_governance::Identity, view| {
        let act = nhi_governance::Act {
            by: actor.as_str(),
            evidence: &Evidence::default(),
            policy: view.policy(),
            now,
        };
        Ok(nhi_governance::suspend(
            identity,
            nhi_governance::Cause::Manual,
            "a drill",
            &act,
        )?)
    });
    suspended.unwrap();
}

#[test]
fn a_registry_that_cannot_be_written_is_said_so() {
    let house = House::new();
    let id = house.create(0, &[READER])[0];
    let file = house.path().join("nhi-registry.db");
    let junk = house.path().join("junk.db");
    std::fs::write(&junk, "no registry, only words and more words\n".repeat(200)).unwrap();
    let ran = house
        .run(&["revoke", "reader", "--reason", "x", "--registry", "junk.db"])
        .exits(3);
    says(&ran, &["NHI-REGISTRY-FOREIGN"]);
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o666)).unwrap();
    // A revocation is never blocked: it waits, counts at once, and is on record with the next change.
    let ran = house.run(&["revoke", "reader", "--reason", "x"]).exits(0);
    says(&ran, &["cannot be written now", "1 revoked"]);
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    assert_eq!(house.status(id), "revoked");
}
