//! `nhi identities` and `nhi audit`, as a shell sees them, on registries made for the occasion.

use std::path::{Path, PathBuf};
use std::process::Command;

use nhi_governance::{Declaration, Draft, Evidence, Given, Policy, PurposeDraft, ScopeDraft, TrustDomain};
use nhi_registry::{Actor, Registry, SqliteRegistry};
use serde_json::Value;
use tempfile::TempDir;

pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap()
    }

    #[track_caller]
    pub(crate) fn says(&self, words: &[&str]) {
        let said = format!("{}{}", self.stdout, self.stderr);
        for word in words {
            assert!(said.contains(word), "`{word}` is not in\n{said}");
        }
    }
}

pub(crate) fn nhi(folder: &Path, arguments: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nhi"));
    command
        .args(arguments)
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .env_remove("NHI_REGISTRY");
    let output = command.output().unwrap();
    Ran {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

pub(crate) fn declaration(name: &str, environment: &str) -> Declaration {
    let draft = Draft {
        name: name.into(),
        kind: "ci_pipeline".into(),
        technical_owner: "team:payments".into(),
        policy_owner: "team:iam".into(),
        purpose: Given::Known(PurposeDraft {
            summary: "Deploys the payments service".into(),
            task: "Release pipeline, job deploy".into(),
            ticket: "OPS-1".into(),
        }),
        environment: environment.into(),
        // However slow the test is: more than 47 hours are left, and less than 48.
        ttl: "47h30m".into(),
        scope: Given::Known(vec![Given::Known(ScopeDraft {
            backend: "aws".into(),
            resource: "arn:aws:s3:::reports".into(),
            actions: Given::Known(vec!["s3:PutObject".into()]),
        })]),
        revoked_by: Given::Known(vec!["ttl".into(), "owner_departure".into()]),
        ..Draft::default()
    };
    draft.check(&Policy::default()).declaration.unwrap()
}

/// One live identity in each of two environments under one name, one revoked.
fn fixture() -> (TempDir, PathBuf, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nhi-registry.db");
    let registry = SqliteRegistry::open(&path).unwrap();
    let actor = Actor::new("tester@localhost");
    let create = |name: &str, environment: &str| {
        let created = registry
            .create(
                &actor,
                &TrustDomain::default(),
                declaration(name, environment),
                // Of a tier that calls for approvals; what this is about is what stands on record.
                &Evidence::waived(),
            )
            .unwrap();
        created.identity.id()
    };
    let ids = [
        create("deployer", "staging"),
        create("deployer", "production"),
        create("reader", "staging"),
    ];
    registry.revoke(&actor, ids[2], "the service is gone").unwrap();
    (folder, path, ids.map(|id| id.to_string()).to_vec())
}

#[test]
fn the_table_answers_who_and_until_when() {
    let (folder, _, ids) = fixture();
    let ran = nhi(folder.path(), &["identities"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!(lines.len(), 3, "{}", ran.stdout);
    let headings = [
        "NAME",
        "ENVIRONMENT",
        "KIND",
        "TIER",
        "STATUS",
        "EXPIRES",
        "IN",
        "OWNER",
        "ID",
    ];
    assert!(lines[0].split_whitespace().eq(headings), "{}", lines[0]);
    for (line, environment, tier, id) in [
        (lines[1], "production", "high", &ids[1]),
        (lines[2], "staging", "moderate", &ids[0]),
    ] {
        let words: Vec<_> = line.split_whitespace().collect();
        assert_eq!(
            words[..5],
            ["deployer", environment, "ci_pipeline", tier, "active"],
            "{line}"
        );
        assert_eq!(words[words.len() - 2..], ["team:payments", id.as_str()], "{line}");
        assert!(line.contains("1d 23h"), "{line}");
    }

    nhi(folder.path(), &["identities", "--all"]).says(&["reader", "revoked", &ids[2]]);
    let only = nhi(
        folder.path(),
        &["identities", "--environment", "staging", "--format", "json"],
    )
    .json();
    assert_eq!(only["identities"].as_array().unwrap().len(), 1);
    let revoked = nhi(
        folder.path(),
        &["identities", "--status", "revoked", "--format", "json"],
    )
    .json();
    assert_eq!(revoked["identities"][0]["id"], ids[2].as_str());
    nhi(folder.path(), &["identities", "--status", "expired"]).says(&["no identity in nhi-registry.db matches"]);
}

#[test]
fn show_answers_why_and_what_ends_it() {
    let (folder, _, ids) = fixture();
    let answer = [
        ids[0].as_str(),
        "spiffe://nhi.internal/staging/deployer",
        "team:payments",
        "team:iam",
        "Deploys the payments service",
        "Release pipeline, job deploy",
        "OPS-1",
        "ttl, owner_departure",
        "aws on arn:aws:s3:::reports: s3:PutObject",
        "write access (`s3:PutObject`) 20",
        "1 approval",
        "active",
    ];
    nhi(folder.path(), &["identities", "show", &ids[0]]).says(&answer);
    nhi(
        folder.path(),
        &["identities", "show", "deployer", "--environment", "staging"],
    )
    .says(&answer);
    let ran = nhi(folder.path(), &["identities", "show", "deployer"]);
    assert_eq!(ran.code, 2);
    ran.says(&["`production`, `staging`", "add `--environment`"]);
    nhi(folder.path(), &["identities", "show", "reader"]).says(&["revoked", "the service is gone"]);
    assert_eq!(nhi(folder.path(), &["identities", "show", "nobody"]).code, 3);
    assert_eq!(nhi(folder.path(), &["identities", "show", "No Body"]).code, 2);
    let shown = nhi(folder.path(), &["identities", "show", &ids[0], "--format", "json"]).json();
    let identity = &shown["identities"][0];
    assert_eq!(identity["purpose"]["ticket"], "OPS-1");
    assert_eq!(identity["risk_tier"], "moderate");
    assert_eq!(identity["revoked_by"], serde_json::json!(["ttl", "owner_departure"]));
}

#[test]
fn the_log_is_listed_and_verified() {
    let (folder, path, ids) = fixture();
    let rows = nhi(folder.path(), &["audit", "list", "--format", "json"]).json();
    let kinds: Vec<_> = rows["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["kind"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        kinds,
        [
            "identity.created",
            "identity.created",
            "identity.created",
            "identity.revoked"
        ]
    );
    let some = nhi(
        folder.path(),
        &["audit", "list", "--from", "2", "--limit", "2", "--format", "json"],
    )
    .json();
    assert_eq!(some["rows"].as_array().unwrap().len(), 2);
    assert_eq!(some["rows"][0]["seq"], 2);
    nhi(folder.path(), &["audit", "list"]).says(&[
        "identity.revoked",
        "staging/reader",
        &ids[2],
        "by tester@localhost",
    ]);

    let registry = path.display().to_string();
    let elsewhere = tempfile::tempdir().unwrap();
    let ran = nhi(elsewhere.path(), &["audit", "verify", "--registry", &registry]);
    assert_eq!(ran.code, 0);
    ran.says(&["intact: 4 audit rows, 3 identities"]);
    let verdict = nhi(
        elsewhere.path(),
        &["audit", "--registry", &registry, "verify", "--format", "json"],
    )
    .json();
    assert_eq!(
        (&verdict["verdict"], &verdict["tampering"]),
        (&"intact".into(), &Value::Null)
    );
    assert_eq!(verdict["head"], rows["rows"][3]["hash"]);
}

#[test]
fn a_changed_byte_of_the_log_is_found() {
    let (folder, path, _) = fixture();
    let mut bytes = std::fs::read(&path).unwrap();
    // The last row's actor, with the action behind it; the other rows have the same one, further back in the page.
    let needle = b"tester@localhostidentity.";
    let places: Vec<_> = (0..bytes.len() - needle.len())
        .filter(|at| bytes[*at..].starts_with(needle))
        .collect();
    assert_eq!(places.len(), 4);
    for (row, place) in places.iter().rev().enumerate() {
        bytes[*place] = b'T';
        std::fs::write(&path, &bytes).unwrap();
        bytes[*place] = b't';
        let ran = nhi(folder.path(), &["audit", "verify"]);
        assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
        ran.says(&[&format!(
            "tampered with: audit row {}: its content differs from its hash",
            row + 1
        )]);
        let verdict = nhi(folder.path(), &["audit", "verify", "--format", "json"]).json();
        assert_eq!(
            (&verdict["verdict"], &verdict["tampering"]["seq"]),
            (&"tampered".into(), &(row + 1).into())
        );
    }
}

#[test]
fn asking_creates_nothing_and_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("notes.txt"),
        "no registry, only words and more words\n".repeat(200),
    )
    .unwrap();
    for arguments in [
        &["identities"][..],
        &["identities", "show", "x"],
        &["audit", "verify"],
        &["audit", "list"],
        &["audit", "accept-clock", "--reason", "x"],
    ] {
        let ran = nhi(folder.path(), arguments);
        assert_eq!(ran.code, 3, "{arguments:?}");
        ran.says(&[
            "NHI-REGISTRY-MISSING: there is no registry at `nhi-registry.db`",
            "--registry",
        ]);
        let foreign = [arguments, &["--registry", "notes.txt"]].concat();
        let ran = nhi(folder.path(), &foreign);
        assert_eq!(ran.code, 3, "{arguments:?}");
        ran.says(&["NHI-REGISTRY-FOREIGN: `notes.txt` is not a registry"]);
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn an_accepted_clock_is_on_record() {
    let (folder, _, _) = fixture();
    let ran = nhi(
        folder.path(),
        &["audit", "accept-clock", "--reason", "the host had a wrong date"],
    );
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let rows = nhi(folder.path(), &["audit", "list", "--from", "5", "--format", "json"]).json();
    assert_eq!(rows["rows"][0]["kind"], "clock.accepted");
    assert_eq!(rows["rows"][0]["payload"]["reason"], "the host had a wrong date");
    assert_eq!(nhi(folder.path(), &["audit", "verify"]).code, 0);
    assert_eq!(
        nhi(folder.path(), &["audit", "accept-clock"]).code,
        2,
        "it needs a reason"
    );
}

#[test]
fn codes_of_the_provider_are_explained() {
    let folder = tempfile::tempdir().unwrap();
    nhi(folder.path(), &["explain", "NHI-TTL-CEILING"]).says(&["the sooner somebody has to ask"]);
    nhi(folder.path(), &["explain", "nhi-registry-stale"]).says(&["An apply must not undo"]);
}

#[test]
fn a_registry_is_backed_up_restored_and_moved() {
    let (folder, path, _) = fixture();
    let status = |registry: &str| {
        nhi(
            folder.path(),
            &["registry", "status", "--registry", registry, "--format", "json"],
        )
    };
    let here = path.display().to_string();
    let before = status(&here).json();
    assert_eq!((&before["rows"], &before["verdict"]), (&4.into(), &"intact".into()));
    let same = |registry: &str| {
        let mut there = status(registry).json();
        there["registry"] = before["registry"].clone();
        assert_eq!(there, before, "{registry}");
    };

    let ran = nhi(folder.path(), &["registry", "backup", "--to", "copy.db"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    ran.says(&[
        "copied and verified: 4 audit rows, 3 records, 0 used approvals",
        "copy.db",
    ]);
    same("copy.db");
    let ran = nhi(folder.path(), &["registry", "backup", "--to", "copy.db"]);
    assert_eq!(ran.code, 2);
    ran.says(&["`copy.db` exists already"]);

    let ran = nhi(folder.path(), &["registry", "restore", "--from", "copy.db"]);
    assert_eq!(ran.code, 3, "never over a registry");
    ran.says(&["NHI-REGISTRY-NOT-EMPTY", "is not empty"]);
    let ran = nhi(
        folder.path(),
        &["registry", "restore", "--from", "copy.db", "--registry", "new.db"],
    );
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    same("new.db");

    let moved = nhi(
        folder.path(),
        &[
            "registry", "migrate", "--from", "new.db", "--to", "moved.db", "--format", "json",
        ],
    )
    .json();
    assert_eq!((&moved["head"], &moved["records"]), (&before["head"], &3.into()));
    same("moved.db");

    let ran = nhi(folder.path(), &["registry", "status", "--registry", "absent.db"]);
    assert_eq!(ran.code, 3);
    ran.says(&["NHI-REGISTRY-MISSING"]);
    let ran = nhi(folder.path(), &["registry", "init", "--registry", "absent.db"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    ran.says(&["intact: 0 audit rows, 0 records"]);
}

#[test]
fn a_url_never_shows_its_password() {
    let folder = tempfile::tempdir().unwrap();
    let url = "postgres://nhi:s3cr3t-canary@127.0.0.1:1/nhi";
    for arguments in [
        vec!["registry", "status", "--registry", url],
        vec!["registry", "migrate", "--from", url, "--to", "x.db"],
        vec!["identities", "--registry", url],
        vec!["audit", "verify", "--registry", url],
        vec![
            "audit",
            "verify",
            "--registry",
            "postgres://nhi:s3cr3t-canary@db.example/nhi?sslmode=prefer",
        ],
        vec![
            "audit",
            "verify",
            "--registry",
            "mysql://nhi:s3cr3t-canary@db.example/nhi",
        ],
    ] {
        let ran = nhi(folder.path(), &arguments);
        assert_eq!(ran.code, 3, "{arguments:?}");
        let told = format!("{}{}", ran.stdout, ran.stderr);
        assert!(!told.contains("s3cr3t") && told.contains("NHI-REGISTRY-"), "{told}");
    }
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        0,
        "nothing is left behind"
    );
    let mut help = Command::new(env!("CARGO_BIN_EXE_nhi"));
    let output = help
        .args(["registry", "status", "--help"])
        .env("NHI_REGISTRY", url)
        .output()
        .unwrap();
    assert!(!String::from_utf8_lossy(&output.stdout).contains("s3cr3t"));
}
