//! `nhi audit` beyond the registry itself: what is exported, what is published, and what that shows later.

use std::path::{Path, PathBuf};

use nhi_governance::{Evidence, TrustDomain};
use nhi_registry::{Actor, Registry, SqliteRegistry};
use serde_json::Value;
use tempfile::TempDir;

use crate::registry::{Ran, declaration, nhi};

const REGISTRY: &str = "nhi-registry.db";

/// A folder with a registry: three identities, of which the last is revoked.
fn fixture() -> (TempDir, PathBuf, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(REGISTRY);
    let mut ids: Vec<_> = ["first", "second", "third"].map(|name| create(&path, name)).into();
    let registry = SqliteRegistry::open(&path).unwrap();
    let last = ids.pop().unwrap();
    registry
        .revoke(&Actor::new("tester@localhost"), last, "the service is gone")
        .unwrap();
    ids.push(last);
    (folder, path, ids.iter().map(ToString::to_string).collect())
}

/// One more identity, and one more row of the log.
fn create(path: &Path, name: &str) -> nhi_governance::RecordId {
    let created = SqliteRegistry::open(path).unwrap().create(
        &Actor::new("tester@localhost"),
        &TrustDomain::default(),
        declaration(name, "staging"),
        &Evidence::waived(),
    );
    created.unwrap().identity.id()
}

fn lines(ran: &Ran) -> Vec<Value> {
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    ran.stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn the_log_is_exported_row_by_row() {
    let (folder, path, ids) = fixture();
    let rows = lines(&nhi(folder.path(), &["audit", "export"]));
    assert_eq!(rows.len(), 4);
    let stored = SqliteRegistry::open_read_only(&path).unwrap().audit(1, 10).unwrap();
    for (row, stored) in rows.iter().zip(&stored) {
        let entry: Value = serde_json::from_str(&stored.entry()).unwrap();
        assert_eq!(*row, entry);
        assert_eq!(row["payload"].as_object().map(|payload| payload.len() > 2), Some(true));
    }
    let ran = nhi(
        folder.path(),
        &["audit", "export", "--from", "4", "--output", "rows.jsonl"],
    );
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""));
    let written = std::fs::read_to_string(folder.path().join("rows.jsonl")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&written).unwrap(), rows[3]);
    assert!(lines(&nhi(folder.path(), &["audit", "export", "--from", "5"])).is_empty());
    assert_eq!(nhi(folder.path(), &["audit", "export", "--from", "0"]).code, 2);

    let events = lines(&nhi(folder.path(), &["audit", "export", "--format", "ocsf"]));
    assert_eq!(events.len(), 4);
    for (event, row) in events.iter().zip(&rows) {
        assert_eq!(event["class_uid"], 6003);
        assert_eq!(event["category_uid"], 6);
        assert_eq!(
            event["type_uid"].as_u64().unwrap(),
            600_300 + event["activity_id"].as_u64().unwrap()
        );
        assert!(event["time"].as_i64().unwrap() > 1_700_000_000_000);
        assert_eq!(event["metadata"]["sequence"], row["seq"]);
        assert_eq!(event["metadata"]["uid"], row["hash"]);
        assert_eq!(event["api"]["operation"], row["action"]);
        assert_eq!(event["actor"]["user"]["name"], "tester@localhost");
        assert_eq!(event["src_endpoint"]["name"], "localhost");
        assert_eq!(event["resources"][0]["uid"], row["subject"]);
    }
    let activities: Vec<_> = events
        .iter()
        .map(|event| event["activity_id"].as_u64().unwrap())
        .collect();
    assert_eq!(activities, [1, 1, 1, 4]);
    assert_eq!(events[3]["resources"][0]["uid"], ids[2].as_str());
}

#[test]
fn a_row_that_was_edited_ends_the_export() {
    let (folder, path, _) = fixture();
    replace_once(&path, b"identity.created", b"identity.updated");
    let ran = nhi(folder.path(), &["audit", "export", "--output", "rows.jsonl"]);
    assert_eq!(ran.code, 3, "{}", ran.stdout);
    ran.says(&["is not as the registry wrote it", "nhi audit verify"]);
    assert!(!folder.path().join("rows.jsonl").exists());
}

fn replace_once(path: &Path, from: &[u8], to: &[u8]) {
    let mut bytes = std::fs::read(path).unwrap();
    let at = bytes.windows(from.len()).position(|window| window == from).unwrap();
    bytes[at..at + to.len()].copy_from_slice(to);
    std::fs::write(path, bytes).unwrap();
}
