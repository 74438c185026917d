//! Opening: nothing that is not a registry is written to, and reading never creates one.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;

use nhi_registry::{Filter, Registry, SqliteRegistry};
use rusqlite::Connection;

use crate::support::{Fixture, actor, assert_intact, child, declaration, nothing, role, trust_domain};

#[test]
fn a_new_file_is_private_and_has_its_marks() {
    let fixture = Fixture::new();
    let registry = fixture.open();
    assert_eq!(
        fs::metadata(fixture.path()).unwrap().permissions().mode() & 0o777,
        0o600
    );
    registry
        .create(&actor(), &trust_domain(), declaration("a"), &nothing())
        .unwrap();
    for suffix in ["-wal", "-shm"] {
        let beside = format!("{}{suffix}", fixture.path().display());
        assert_eq!(
            fs::metadata(beside).unwrap().permissions().mode() & 0o777,
            0o600,
            "{suffix}"
        );
    }
    let raw = Connection::open(fixture.path()).unwrap();
    let pragma = |name: &str| {
        raw.query_row(&format!("PRAGMA {name}"), [], |row| {
            row.get::<_, rusqlite::types::Value>(0)
        })
        .unwrap()
    };
    assert_eq!(pragma("application_id"), rusqlite::types::Value::Integer(0x4e48_4952));
    assert_eq!(pragma("user_version"), rusqlite::types::Value::Integer(1));
    assert_eq!(pragma("journal_mode"), rusqlite::types::Value::Text("wal".to_owned()));
}

#[test]
fn what_is_no_registry_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    fs::write(path("text"), "these are words, more than sixteen of them\n".repeat(100)).unwrap();
    fs::create_dir(path("directory")).unwrap();
    let foreign = Connection::open(path("foreign")).unwrap();
    foreign
        .execute_batch("CREATE TABLE t (x); PRAGMA user_version = 7;")
        .unwrap();
    Connection::open(path("marked"))
        .unwrap()
        .execute_batch("PRAGMA application_id = 5; CREATE TABLE t (x);")
        .unwrap();
    fs::write(path("exposed"), "").unwrap();
    fs::set_permissions(path("exposed"), fs::Permissions::from_mode(0o666)).unwrap();
    for (name, code) in [
        ("text", "NHI-REGISTRY-FOREIGN"),
        ("directory", "NHI-REGISTRY-FOREIGN"),
        ("foreign", "NHI-REGISTRY-FOREIGN"),
        ("marked", "NHI-REGISTRY-FOREIGN"),
        ("exposed", "NHI-REGISTRY-EXPOSED"),
        ("missing/registry.db", "NHI-REGISTRY-DIRECTORY"),
    ] {
        let before = fs::read(path(name)).ok();
        for file in [path("text"), path("foreign"), path("marked")] {
            fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
        }
        let error = SqliteRegistry::open(&path(name)).unwrap_err();
        assert_eq!(error.code(), code, "{name}: {error}");
        assert!(!error.help().is_empty());
        assert_eq!(fs::read(path(name)).ok(), before, "{name}");
    }
}

#[test]
fn a_newer_schema_is_refused() {
    let fixture = Fixture::new();
    drop(fixture.open());
    Connection::open(fixture.path())
        .unwrap()
        .execute_batch("PRAGMA user_version = 99")
        .unwrap();
    let path = fixture.path();
    for error in [
        SqliteRegistry::open(&path).unwrap_err(),
        SqliteRegistry::open_read_only(&path).unwrap_err(),
    ] {
        assert_eq!(error.code(), "NHI-REGISTRY-NEWER");
        assert!(
            error
                .to_string()
                .ends_with("has schema 99, and this version knows schema 1"),
            "{error}"
        );
    }
}

#[test]
fn reading_creates_nothing_and_writes_nothing() {
    let fixture = Fixture::new();
    let error = SqliteRegistry::open_read_only(&fixture.path()).unwrap_err();
    assert_eq!(error.code(), "NHI-REGISTRY-MISSING");
    assert!(!fixture.path().exists());

    let registry = fixture.open();
    fixture.fill(&registry);
    let beside_a_writer = SqliteRegistry::open_read_only(&fixture.path()).unwrap();
    assert_intact(&beside_a_writer);
    drop(registry);
    drop(beside_a_writer);

    let before = fs::read(fixture.path()).unwrap();
    let reader = SqliteRegistry::open_read_only(&fixture.path()).unwrap();
    assert_eq!(reader.list(&Filter::default()).unwrap().len(), 6);
    assert_intact(&reader);
    let error = reader
        .create(&actor(), &trust_domain(), declaration("new"), &nothing())
        .unwrap_err();
    assert_eq!(error.code(), "NHI-REGISTRY-READ-ONLY");
    drop(reader);
    assert_eq!(fs::read(fixture.path()).unwrap(), before);
}

#[test]
fn a_file_in_a_directory_that_cannot_be_written_is_read() {
    let fixture = Fixture::new();
    fixture.fill(&fixture.open());
    // The name needs escaping in a URI.
    let odd = fixture.directory.path().join("a b?c#d%20.db");
    fs::rename(fixture.path(), &odd).unwrap();
    fs::set_permissions(&odd, fs::Permissions::from_mode(0o400)).unwrap();
    fs::set_permissions(fixture.directory.path(), fs::Permissions::from_mode(0o500)).unwrap();
    let reader = SqliteRegistry::open_read_only(&odd).unwrap();
    assert_intact(&reader);
    drop(reader);
    fs::set_permissions(fixture.directory.path(), fs::Permissions::from_mode(0o700)).unwrap();
}

/// What SQLite takes for databases that nothing keeps, or for switches that turn its locks off.
const SPECIAL_NAMES: [&str; 4] = [
    ":memory:",
    "file:registry.db?mode=memory",
    "file:registry.db?nolock=1",
    "file:%72egistry.db",
];

#[test]
fn a_name_that_sqlite_takes_for_something_else_is_a_file() {
    if let Some((name, _)) = role() {
        SqliteRegistry::open(Path::new(&name))
            .unwrap()
            .create(&actor(), &trust_domain(), declaration("a"), &nothing())
            .unwrap();
        let reader = SqliteRegistry::open_read_only(Path::new(&name)).unwrap();
        assert_eq!(reader.list(&Filter::default()).unwrap().len(), 1);
        return;
    }
    for name in SPECIAL_NAMES {
        let directory = tempfile::tempdir().unwrap();
        let test = "opening::a_name_that_sqlite_takes_for_something_else_is_a_file";
        // Only a relative path can be such a name.
        let status = child(test, name, "")
            .current_dir(directory.path())
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(status.success(), "{name}");
        assert!(
            fs::metadata(directory.path().join(name)).unwrap().len() > 4096,
            "{name}"
        );
        for entry in fs::read_dir(directory.path()).unwrap() {
            let file = entry.unwrap().file_name().into_string().unwrap();
            assert!(file.starts_with(name), "{name} became {file}");
        }
    }
}
