//! `nhi adopt`, as a shell sees it: from a state to a list, to HCL, to records in quarantine.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nhi_governance::{
    Act, Declaration, Draft, Evidence, Given, Policy, PurposeDraft, ScopeDraft, Timestamp, TrustDomain, Ttl, quarantine,
};
use nhi_registry::{Actor, Options, RecordsExt as _, Registry as _, SqliteRegistry};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Ran, nhi};

const DAY: i64 = 86_400;
const LEGACY: &str = "arn:aws:iam::111122223333:user/legacy-export";
/// What of the state nobody may see.
const SECRETS: [&str; 5] = [
    "wJalrXUtnFEMI",
    "BExampleSmtpPassword",
    "hunter2",
    "secretsecret",
    "pg-S3cret",
];
/// Enough for everything whose scope is known.
const SAID: [&str; 10] = [
    "--technical-owner",
    "team:build",
    "--policy-owner",
    "team:iam",
    "--summary",
    "Does what it did before",
    "--task",
    "Carried on from before",
    "--environment",
    "staging",
];

fn state() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/adopt/state.json")
}

/// A folder with a state in it.
struct House(TempDir);

impl House {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::copy(state(), folder.path().join("terraform.tfstate")).unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let mut all = vec!["adopt"];
        all.extend(arguments);
        self.nhi(&all)
    }

    fn nhi(&self, arguments: &[&str]) -> Ran {
        nhi(arguments)
            .directory(self.0.path())
            .env("NO_COLOR", "1")
            .env("LOGNAME", "tester")
            .run()
    }

    fn json(&self, arguments: &[&str], code: i32) -> Value {
        let mut all = arguments.to_vec();
        all.extend(["--format", "json"]);
        self.run(&all).exits(code).json()
    }

    fn registry(&self, days_ago: i64) -> SqliteRegistry {
        let options = Options {
            clock: Arc::new(move || Timestamp::from_unix(wall() - days_ago * DAY)),
            ..Options::default()
        };
        SqliteRegistry::open_with(&self.path("nhi-registry.db"), options).unwrap()
    }
}

fn wall() -> i64 {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    i64::try_from(since.as_secs()).unwrap()
}

fn declaration(external: &str) -> Declaration {
    let draft = Draft {
        name: "legacy".into(),
        kind: "service_account".into(),
        technical_owner: "team:payments".into(),
        policy_owner: "team:iam".into(),
        purpose: Given::Known(PurposeDraft {
            summary: "Exports the ledger".into(),
            task: "Ledger job".into(),
            ticket: Given::Absent,
        }),
        environment: "staging".into(),
        ttl: "720h".into(),
        scope: Given::Known(vec![Given::Known(ScopeDraft {
            backend: "aws".into(),
            resource: "arn:aws:s3:::ledger".into(),
            actions: Given::Known(vec!["s3:GetObject".into()]),
        })]),
        revoked_by: Given::Known(vec!["ttl".into()]),
        external: Given::Known(vec![external.into()]),
        ..Draft::default()
    };
    draft.check(&Policy::default()).declaration.unwrap()
}

/// The status of the identity of an address.
fn status<'a>(document: &'a Value, address: &str) -> &'a str {
    let identities = document["identities"].as_array().unwrap();
    let found = identities.iter().find(|one| one["address"] == address);
    found.unwrap_or_else(|| panic!("{document}"))["status"]
        .as_str()
        .unwrap()
}

#[test]
fn a_list_says_what_there_is_and_what_it_lacks() {
    let house = House::new();
    let human = house.run(&[]).exits(1).stdout;
    for line in [
        "aws_iam_role.deployer                    payments-deployer    ci_pipeline      new     policy_owner, purpose.task",
        "7 identities: 7 new",
    ] {
        assert!(human.contains(line), "{human}");
    }
    let document = house.json(&["."], 1);
    assert_eq!(document["source"], "state file");
    assert_eq!(document["counts"], json!({ "new": 7 }));
    let legacy = &document["identities"][1];
    assert_eq!(legacy["external"], json!([LEGACY]));
    assert_eq!(legacy["credentials"], json!(["aws_iam_access_key.legacy"]));
    let of = |arguments: &[&str]| house.json(arguments, 1)["identities"].as_array().unwrap().len();
    for (arguments, count) in [
        (&["--type", "aws_iam_*"][..], 4),
        (&["--type", "aws_iam_user", "--type", "google_*"], 2),
        (&["--selector", "address=module.orders.*"], 2),
        (&["--selector", "owner=alice@example.com,kind=workload"], 2),
        (&["--selector", "environment=staging"], 1),
        (&["--selector", "name=orders-*", "--type", "aws_iam_role"], 2),
    ] {
        assert_eq!(of(arguments), count, "{arguments:?}");
    }
    // A check that looks at nothing must not pass.
    let nothing = house.run(&["--type", "azuread_*"]).exits(1);
    assert!(nothing.stderr.contains("NHI-NO-MATCH"), "{}", nothing.stderr);
    assert!(!house.path("nhi-registry.db").exists(), "a list made a registry");
}

#[test]
fn a_file_is_written_once_and_over_only_by_force() {
    let house = House::new();
    house.run(&["--out", "."]).exits(0);
    let path = house.path("nhi-adopted.tf");
    let first = fs::read(&path).unwrap();
    house.run(&["terraform.tfstate", "--out", "."]).exits(0);
    assert_eq!(fs::read(&path).unwrap(), first, "two runs, two files");
    let pipe = house.run(&["--out", "-"]).exits(0);
    assert_eq!(pipe.stdout.as_bytes(), first, "the answer is the file");
    assert!(pipe.stderr.contains("7 new"), "{}", pipe.stderr);

    fs::write(&path, "# mine\n").unwrap();
    let refused = house.run(&["--out", "."]).exits(2);
    assert!(refused.stderr.contains("--force"), "{}", refused.stderr);
    assert_eq!(fs::read(&path).unwrap(), b"# mine\n");
    house.run(&["--out", ".", "--force"]).exits(0);
    assert_eq!(fs::read(&path).unwrap(), first);

    house.run(&["--out", "new/folder"]).exits(0);
    assert_eq!(fs::read(house.path("new/folder/nhi-adopted.tf")).unwrap(), first);
    house
        .run(&["--out", "identities.tf", "--type", "postgresql_role"])
        .exits(0);
    let one = fs::read_to_string(house.path("identities.tf")).unwrap();
    assert_eq!(one.matches("resource \"nhi_identity\"").count(), 1, "{one}");
    let left: Vec<_> = fs::read_dir(house.0.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert!(
        left.iter().all(|name| !name.to_string_lossy().starts_with(".nhi-")),
        "{left:?}"
    );
    house.run(&["--force"]).exits(2);
}

#[test]
fn records_wait_in_quarantine_and_runs_repeat() {
    let house = House::new();
    let mut arguments = vec!["--record", "--deadline", "336h", "--out", "."];
    arguments.extend(SAID);
    // Of four nobody knows the scope, so that they cannot be put on record.
    let first = house.json(&arguments, 1);
    assert_eq!(first["counts"], json!({ "new": 4, "quarantined": 3 }));
    assert_eq!(first["recorded"], 3);
    let bytes = fs::read(house.path("nhi-adopted.tf")).unwrap();
    let text = String::from_utf8(bytes.clone()).unwrap();
    assert_eq!(text.matches("import {").count(), 3, "{text}");
    assert!(text.contains("in quarantine until"), "{text}");
    let second = house.json(&arguments, 1);
    assert_eq!(second["recorded"], 0);
    assert_eq!(fs::read(house.path("nhi-adopted.tf")).unwrap(), bytes);
    let listed = house
        .nhi(&["identities", "--status", "quarantined", "--format", "json"])
        .exits(0)
        .json();
    assert_eq!(listed["identities"].as_array().unwrap().len(), 3);
    house.nhi(&["audit", "verify"]).exits(0);
    // What is complete by itself leaves nothing to complain of.
    let mut complete = vec!["--record", "--type", "aws_iam_user"];
    complete.extend(SAID);
    house.json(&complete, 0);
}

#[test]
fn what_is_on_record_has_nothing_left_to_do() {
    let house = House::new();
    let evidence = Evidence::waived();
    let created = house.registry(0).create(
        &Actor::new("tester@localhost"),
        &TrustDomain::default(),
        declaration(LEGACY),
        &evidence,
    );
    let id = created.unwrap().identity.id();
    let document = house.json(&["--type", "aws_iam_user"], 0);
    assert_eq!(status(&document, "aws_iam_user.legacy"), "governed");
    assert_eq!(document["identities"][0]["record"]["id"], json!(id));
    house.run(&["--type", "aws_iam_user", "--out", "."]).exits(0);
    assert!(!house.path("nhi-adopted.tf").exists(), "there was nothing to write");

    // Once nobody manages it any more, it can be taken up again.
    house.nhi(&["revoke", &id.to_string(), "--reason", "over", "--yes"]);
    house.nhi(&["revoke", &id.to_string(), "--reason", "over"]);
    let document = house.json(&["--type", "aws_iam_user"], 1);
    assert_eq!(status(&document, "aws_iam_user.legacy"), "revoked");
    let mut again = vec!["--type", "aws_iam_user", "--record"];
    again.extend(SAID);
    let document = house.json(&again, 0);
    assert_eq!(status(&document, "aws_iam_user.legacy"), "quarantined");
    assert_ne!(
        document["identities"][0]["record"]["id"],
        json!(id),
        "an id is never used twice"
    );
}

#[test]
fn a_quarantine_that_ended_is_told_and_swept() {
    let house = House::new();
    let registry = house.registry(40);
    let actor = Actor::new("tester@localhost");
    let written = registry.writing(&actor, |writer| {
        let evidence = Evidence::default();
        let act = Act {
            by: actor.as_str(),
            evidence: &evidence,
            policy: writer.policy(),
            now: writer.now(),
        };
        let deadline = Ttl::parse("48h").unwrap();
        let (id, domain) = (writer.next_id()?, TrustDomain::default());
        let transition = quarantine(id, &domain, declaration(LEGACY), &deadline, "found", &act)?;
        writer.insert(transition, &evidence)
    });
    let id = nhi_governance::Record::id(&written.unwrap()).to_string();
    drop(registry);
    let document = house.json(&["--type", "aws_iam_user"], 1);
    assert_eq!(status(&document, "aws_iam_user.legacy"), "overdue");
    let human = house.run(&["--type", "aws_iam_user"]).exits(1).stdout;
    assert!(human.contains(&format!("nhi revoke {id}")), "{human}");
    let swept = house.nhi(&["sweep", "--format", "json"]).exits(0).json();
    assert_eq!(swept["ended"], 1);
    let document = house.json(&["--type", "aws_iam_user"], 1);
    assert_eq!(status(&document, "aws_iam_user.legacy"), "revoked");
}

#[test]
fn no_secret_of_a_state_goes_anywhere() {
    let house = House::new();
    let before = fs::read_to_string(state()).unwrap();
    let mut arguments = vec!["--record", "--out", "."];
    arguments.extend(SAID);
    let ran = house.run(&arguments).exits(1);
    let mut all = ran.stdout + &ran.stderr + &house.run(&["--format", "json"]).stdout;
    for name in ["nhi-adopted.tf", "nhi-registry.db"] {
        all += &String::from_utf8_lossy(&fs::read(house.path(name)).unwrap());
    }
    for secret in SECRETS {
        assert!(before.contains(secret), "`{secret}` is not in the state");
        assert!(!all.contains(secret), "`{secret}` came out");
    }
}

#[test]
fn sources_that_cannot_be_read_leave_nothing_behind() {
    let house = House::new();
    let whole = fs::read_to_string(state()).unwrap();
    let utf16: Vec<u8> = [0xff, 0xfe]
        .into_iter()
        .chain(whole.encode_utf16().flat_map(u16::to_le_bytes))
        .collect();
    for (name, bytes, code, said) in [
        (
            "cut",
            whole.as_bytes()[..whole.len() - 40].to_vec(),
            3,
            "NHI-PLAN-TRUNCATED",
        ),
        ("empty", Vec::new(), 3, "NHI-PLAN-EMPTY"),
        ("noise", vec![0x80, 0x81, 0x00], 3, "NHI-PLAN-UTF8"),
        ("zip", b"PK\x03\x04rest".to_vec(), 3, "NHI-PLAN-SHOW"),
        (
            "old",
            whole.replacen("\"version\": 4", "\"version\": 3", 1).into_bytes(),
            3,
            "NHI-PLAN-FORMAT",
        ),
        ("other", b"{\"hello\": 1}".to_vec(), 3, "neither a state nor a plan"),
        ("wide", utf16, 0, ""),
    ] {
        fs::write(house.path(name), bytes).unwrap();
        let ran = house.run(&[name, "--out", "out", "--with", "no-such-core"]).exits(code);
        assert!(ran.stderr.contains(said), "{name}: {}", ran.stderr);
        assert_eq!(house.path("out").exists(), code == 0, "{name}");
    }
    house.run(&["no-such-file"]).exits(3);
    house.run(&["--max-records", "3"]).exits(3);
    for wrong in [
        &["--technical-owner", "payments"][..],
        &["--deadline", "721h"],
        &["--ttl", "0h"],
        &["--environment", "Prod uction"],
        &["--selector", "tier=low"],
        &["--trust-domain", "A B"],
    ] {
        house.run(wrong).exits(2);
    }
}

#[test]
fn names_in_a_state_do_nothing_to_a_terminal() {
    let house = House::new();
    let hostile = "::error::x\u{1b}[2J\u{202e}";
    let source = json!({ "version": 4, "resources": [{ "mode": "managed", "type": "postgresql_role", "name": hostile,
        "instances": [{ "attributes": { "name": hostile, "login": true } }] }] });
    fs::write(house.path("terraform.tfstate"), source.to_string()).unwrap();
    let ran = house.run(&["--out", "-"]).exits(0);
    for text in [&ran.stdout, &ran.stderr] {
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text:?}");
    }
    assert!(
        !ran.stderr.lines().any(|line| line.trim_start().starts_with("::")),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_large_state_is_read_in_one_go() {
    let house = House::new();
    let resources: Vec<Value> = (0..20_000)
        .map(|number| {
            let (type_name, attributes) = match number % 10 {
                0 => ("aws_iam_role", json!({ "name": format!("r{number}"), "arn": format!("arn:aws:iam::111122223333:role/r{number}") })),
                _ => ("aws_s3_object", json!({ "key": number, "content": "x".repeat(200) })),
            };
            json!({ "mode": "managed", "type": type_name, "name": format!("n{number}"), "instances": [{ "attributes": attributes }] })
        })
        .collect();
    fs::write(
        house.path("terraform.tfstate"),
        json!({ "version": 4, "resources": resources }).to_string(),
    )
    .unwrap();
    let document = house.json(&["--out", "."], 0);
    assert_eq!(
        (&document["resources"], &document["counts"]),
        (&json!(20_000), &json!({ "new": 2_000 }))
    );
}
