//! `nhi audit` beyond the registry itself: what is exported, what is published, and what that shows later.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use nhi_governance::{Evidence, TrustDomain};
use nhi_registry::{Actor, Registry, SqliteRegistry};
use serde_json::Value;
use tempfile::TempDir;

use crate::registry::{Ran, declaration, nhi};

const REGISTRY: &str = "nhi-registry.db";

/// A folder with a registry: three identities, of which the last is revoked.
pub(crate) fn fixture() -> (TempDir, PathBuf, Vec<String>) {
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

/// A registry of four rows, its key and its log of as many.
fn published() -> (TempDir, PathBuf, String) {
    let (folder, path, _) = fixture();
    let ran = nhi(folder.path(), &["audit", "key", "log.key"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let key = ran.stdout.trim().to_owned();
    publishes(folder.path(), 4);
    (folder, path, key)
}

const PUBLISH: [&str; 5] = ["audit", "publish", "log", "--key", "log.key"];

#[track_caller]
fn publishes(folder: &Path, rows: u64) {
    let ran = nhi(folder, &PUBLISH);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    ran.says(&[&format!("published: audit rows {rows}")]);
}

/// Publishing is refused, with these words, and leaves the log as it was.
#[track_caller]
fn refuses(folder: &Path, arguments: &[&str], words: &[&str]) {
    let before = files(&folder.join("log"));
    let ran = nhi(folder, arguments);
    assert_eq!(ran.code, 3, "{}", ran.stdout);
    ran.says(words);
    assert!(before == files(&folder.join("log")), "the log was written to");
}

/// What `verify` says of the log: exit code and verdict.
fn verdict(folder: &Path, key: &str) -> (i32, String, String) {
    let arguments = ["audit", "verify", "--log", "log", "--log-key", key, "--format", "json"];
    let ran = nhi(folder, &arguments);
    if ran.code == 3 {
        return (3, String::new(), ran.stderr);
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let answer = ran.json();
    assert_eq!(answer["verdict"], "intact");
    assert_eq!(answer["log"]["signature"], "valid");
    (
        ran.code,
        text(&answer["log"]["verdict"]),
        text(&answer["log"]["reason"]),
    )
}

/// Every file below a directory with its content and the time of its last change.
fn files(directory: &Path) -> BTreeMap<PathBuf, (Vec<u8>, SystemTime)> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            let changed = path.metadata().unwrap().modified().unwrap();
            found.insert(path.clone(), (std::fs::read(path).unwrap(), changed));
        }
    }
    found
}

#[test]
fn a_log_grows_and_what_was_published_stays() {
    let (folder, path, key) = published();
    assert_eq!(verdict(folder.path(), &key), (0, "continued".into(), String::new()));
    let registry = SqliteRegistry::open(&path).unwrap();
    let actor = Actor::new("tester@localhost");
    for number in 4..258 {
        registry.accept_clock(&actor, &format!("drill {number}")).unwrap();
    }
    drop(registry);
    publishes(folder.path(), 258);
    let before = files(&folder.path().join("log"));
    for full in ["log/tile/0/000", "log/tile/entries/000", "log/tile/1/000.p/1"] {
        assert!(
            before.contains_key(&folder.path().join(full)),
            "{full}: {:?}",
            before.keys()
        );
    }
    assert_eq!(verdict(folder.path(), &key).0, 0);
    // The registry may be ahead of the log.
    create(&path, "later");
    assert_eq!(verdict(folder.path(), &key), (0, "continued".into(), String::new()));
    publishes(folder.path(), 259);
    let after = files(&folder.path().join("log"));
    for (file, content) in &before {
        if !file.ends_with("checkpoint") {
            assert_eq!(after.get(file), Some(content), "{}", file.display());
        }
    }
    assert!(after.contains_key(&folder.path().join("log/tile/entries/001.p/3")));
    assert_eq!(verdict(folder.path(), &key).0, 0);
    // Nothing new: nothing is written.
    publishes(folder.path(), 259);
    assert!(after == files(&folder.path().join("log")));
    // A publisher that was stopped before the checkpoint is taken up.
    std::fs::remove_file(folder.path().join("log/checkpoint")).unwrap();
    publishes(folder.path(), 259);
    assert_eq!(verdict(folder.path(), &key).0, 0);
    let human = nhi(folder.path(), &["audit", "verify", "--log", "log"]);
    assert_eq!(human.code, 0);
    human.says(&["continues the published log of 259 audit rows", "was not checked"]);
}

#[test]
fn an_older_copy_and_another_history_are_told_apart() {
    let (folder, path, key) = published();
    let copy = std::fs::read(&path).unwrap();
    create(&path, "fifth");
    create(&path, "sixth");
    publishes(folder.path(), 6);

    std::fs::write(&path, &copy).unwrap();
    let said = "the registry was rolled back: 6 audit rows were published and it has 4";
    refuses(folder.path(), &PUBLISH, &[said]);
    assert_eq!(verdict(folder.path(), &key), (1, "rolled_back".into(), said.into()));

    // Shorter, as long and longer than what was published.
    for name in ["other", "another", "one-more"] {
        create(&path, name);
        let said = "the registry was forked: audit row 5 is not the one that was published";
        refuses(folder.path(), &PUBLISH, &[said]);
        assert_eq!(verdict(folder.path(), &key), (1, "forked".into(), said.into()));
    }

    std::fs::remove_file(&path).unwrap();
    create(&path, "first");
    assert_eq!(verdict(folder.path(), &key).1, "another");
    refuses(folder.path(), &PUBLISH, &["the key is of the log `nhi/"]);
    // Not even where the checkpoint was taken away.
    std::fs::remove_file(folder.path().join("log/checkpoint")).unwrap();
    assert_eq!(nhi(folder.path(), &["audit", "key", "new.key"]).code, 0);
    create(&path, "second");
    create(&path, "third");
    create(&path, "fourth");
    refuses(
        folder.path(),
        &["audit", "publish", "log", "--key", "new.key"],
        &["is there and is not what the registry calls for"],
    );
}

#[test]
fn each_published_file_is_checked() {
    let (folder, _, key) = published();
    let all = files(&folder.path().join("log"));
    assert_eq!(all.len(), 3);
    for (file, (content, _)) in &all {
        let is_checkpoint = file.ends_with("checkpoint");
        for position in 0..content.len() {
            let mut changed = content.clone();
            changed[position] ^= 1;
            if position % 97 != 0 && position + 1 != content.len() {
                continue;
            }
            std::fs::write(file, &changed).unwrap();
            let (code, verdict, said) = verdict(folder.path(), &key);
            let expected = if is_checkpoint { (3, "") } else { (1, "changed") };
            assert_eq!(
                (code, verdict.as_str()),
                expected,
                "{} at {position}: {said}",
                file.display()
            );
        }
        std::fs::remove_file(file).unwrap();
        assert_eq!(verdict(folder.path(), &key).0, if is_checkpoint { 3 } else { 1 });
        std::fs::write(file, content).unwrap();
        assert_eq!(verdict(folder.path(), &key).0, 0);
    }
}

#[test]
fn only_the_key_of_the_log_counts() {
    let (folder, path, key) = published();
    let other = nhi(folder.path(), &["audit", "key", "other.key"])
        .stdout
        .trim()
        .to_owned();
    assert_ne!(key, other);
    let (code, _, said) = verdict(folder.path(), &other);
    assert_eq!(code, 3);
    assert!(said.contains("it is not signed by"), "{said}");
    create(&path, "fifth");
    refuses(
        folder.path(),
        &["audit", "publish", "log", "--key", "other.key"],
        &["it is not signed by"],
    );
    let ran = nhi(
        folder.path(),
        &["audit", "verify", "--log", "log", "--log-key", "no key"],
    );
    assert_eq!(ran.code, 2);
}

#[test]
fn a_private_key_is_its_owners() {
    let (folder, _, key) = published();
    let file = folder.path().join("log.key");
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let secret = std::fs::read_to_string(&file).unwrap();
    assert!(secret.starts_with("PRIVATE+KEY+nhi/"), "not what other tools read");
    assert!(key.starts_with("nhi/"));
    // It is never overwritten.
    assert_eq!(nhi(folder.path(), &["audit", "key", "log.key"]).code, 3);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), secret);
    let swapped = secret.replace("PRIVATE+KEY+nhi/", "PRIVATE+KEY+nhx/");
    for bad in [
        "",
        "PRIVATE+KEY+",
        &key,
        secret.get(..secret.len() - 8).unwrap(),
        &swapped,
    ] {
        std::fs::write(&file, bad).unwrap();
        refuses(folder.path(), &PUBLISH, &["is not a private key of a log"]);
    }
    std::fs::write(&file, &secret).unwrap();
    for mode in [0o640, 0o604, 0o620] {
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        refuses(
            folder.path(),
            &PUBLISH,
            &["can be read or written by others", "chmod 600"],
        );
    }
}

#[test]
fn publishers_at_one_time_do_not_undo_each_other() {
    let (folder, path, key) = published();
    for round in 0..4 {
        std::thread::scope(|scope| {
            for number in 0..4 {
                let (folder, path) = (folder.path(), &path);
                scope.spawn(move || {
                    create(path, &format!("more-{round}-{number}"));
                    let ran = nhi(folder, &PUBLISH);
                    assert_eq!(ran.code, 0, "{}", ran.stderr);
                });
            }
        });
        let rows = 4 * (round + 2);
        let checkpoint = std::fs::read_to_string(folder.path().join("log/checkpoint")).unwrap();
        assert_eq!(checkpoint.lines().nth(1), Some(rows.to_string().as_str()));
        assert_eq!(verdict(folder.path(), &key).0, 0);
    }
}
