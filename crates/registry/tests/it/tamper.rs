//! Whoever edits the file past the registry is found: rows through SQL, and bytes of the file.
//!
//! The oracle is a dump of everything that the file says. Where a mutation leaves the dump as it was (bytes that no
//! page uses), nothing was changed, and only then may the registry call itself intact.

use std::fs;
use std::path::Path;

use nhi_registry::{Registry, RegistryError, SqliteRegistry, Tampering};
use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, params};

use crate::support::{Fixture, Random};

fn raw(path: &Path) -> Connection {
    let connection = Connection::open(path).unwrap();
    // An attacker is not stopped by triggers.
    connection.execute_batch("PRAGMA writable_schema = OFF").unwrap();
    connection
}

/// Drops the triggers, runs the statements and puts the triggers back, as an attacker would.
fn attack(path: &Path, statements: &str) -> rusqlite::Result<()> {
    let connection = raw(path);
    let triggers: Vec<(String, String)> = connection
        .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    for (name, _) in &triggers {
        connection.execute_batch(&format!("DROP TRIGGER {name}"))?;
    }
    let result = connection.execute_batch(statements);
    for (_, text) in &triggers {
        connection.execute_batch(text)?;
    }
    result
}

/// Everything that the file says; an error where it cannot be read to its end.
fn dump(path: &Path) -> Result<Vec<Vec<Value>>, rusqlite::Error> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut all = Vec::new();
    for query in [
        "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name",
        "SELECT * FROM meta ORDER BY only",
        "SELECT * FROM records NOT INDEXED ORDER BY id, record",
        "SELECT * FROM consumed_approvals NOT INDEXED ORDER BY digest",
        "SELECT seq, time, actor, action, subject, payload, previous, hash FROM audit_log ORDER BY seq",
        "SELECT application_id, user_version FROM pragma_application_id, pragma_user_version",
    ] {
        let mut statement = connection.prepare(query)?;
        let columns = statement.column_count();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            all.push((0..columns).map(|column| row.get(column)).collect::<Result<_, _>>()?);
        }
    }
    Ok(all)
}

/// What the registry says of a file: intact, tampered with, or not to be read.
fn judge(path: &Path) -> Result<Option<Tampering>, RegistryError> {
    Ok(SqliteRegistry::open_read_only(path)?.verify()?.tampering)
}

/// A filled registry, closed, so that one file holds all of it.
fn original() -> (Fixture, Vec<u8>) {
    let fixture = Fixture::new();
    let registry = fixture.open();
    fixture.fill(&registry);
    drop(registry);
    let bytes = fs::read(fixture.path()).unwrap();
    (fixture, bytes)
}

fn restore(path: &Path, bytes: &[u8]) {
    for suffix in ["-wal", "-shm"] {
        let _ = fs::remove_file(format!("{}{suffix}", path.display()));
    }
    fs::write(path, bytes).unwrap();
}

#[test]
fn the_first_bad_row_is_named() {
    let (fixture, bytes) = original();
    let path = fixture.path();
    let swap = "UPDATE audit_log SET seq = -1 WHERE seq = 3; UPDATE audit_log SET seq = 3 WHERE seq = 7;
        UPDATE audit_log SET seq = 7 WHERE seq = -1;";
    let cases = [
        ("UPDATE audit_log SET actor = 'mallory' WHERE seq = 5", Some(5)),
        (
            "UPDATE audit_log SET time = '2020-01-01T00:00:00Z' WHERE seq = 1",
            Some(1),
        ),
        (
            "UPDATE audit_log SET payload = json_set(payload, '$.revision', 9) WHERE seq = 8",
            Some(8),
        ),
        ("UPDATE audit_log SET hash = previous WHERE seq = 4", Some(4)),
        ("DELETE FROM audit_log WHERE seq = 6", Some(6)),
        ("DELETE FROM audit_log WHERE seq >= 11", Some(11)),
        ("DELETE FROM audit_log", Some(1)),
        (swap, Some(3)),
        (
            "INSERT INTO audit_log SELECT 14, time, actor, action, subject, payload, hash, hash FROM audit_log WHERE seq = 13",
            Some(14),
        ),
        (
            "DELETE FROM audit_log WHERE seq = 13; UPDATE meta SET head_seq = 12",
            Some(12),
        ),
        ("UPDATE meta SET head_hash = registry_id", None),
        ("UPDATE meta SET registry_id = '01ARZ3NDEKTSV4RRFFQ69G5FAV'", Some(1)),
        ("DELETE FROM meta", None),
    ];
    for (statements, seq) in cases {
        restore(&path, &bytes);
        attack(&path, statements).unwrap();
        let tampering = judge(&path)
            .unwrap()
            .unwrap_or_else(|| panic!("not found: {statements}"));
        assert_eq!(tampering.seq, seq, "{statements}: {tampering}");
    }
}

#[test]
fn edited_records_are_found_by_readers_and_by_verify() {
    let (fixture, bytes) = original();
    let path = fixture.path();
    let id = fixture.open().list(&nhi_registry::Filter::default()).unwrap()[1].id();
    let cases = [
        format!("UPDATE records SET record = json_set(record, '$.expires_at', '2999-01-01T00:00:00Z') WHERE id = '{id}'"),
        format!("UPDATE records SET record = json_set(record, '$.declaration.technical_owner', 'team:evil') WHERE id = '{id}'"),
        format!("UPDATE records SET record = (SELECT record FROM records WHERE ended IS NOT NULL) WHERE id = '{id}'"),
        "UPDATE records SET record = json_remove(record, '$.revoked') WHERE ended IS NOT NULL".to_owned(),
        format!("DELETE FROM records WHERE id = '{id}'"),
        "INSERT INTO records SELECT '01ARZ3NDEKTSV4RRFFQ69G5FAV', kind, environment, 'x', parent, ended, json_set(record, '$.declaration.name', 'x') FROM records LIMIT 1".to_owned(),
    ];
    for statements in cases {
        restore(&path, &bytes);
        attack(&path, &statements).unwrap();
        let tampering = judge(&path)
            .unwrap()
            .unwrap_or_else(|| panic!("not found: {statements}"));
        assert!(tampering.subject.is_some(), "{statements}: {tampering}");
        let everything = nhi_registry::Filter {
            with_revoked: true,
            ..nhi_registry::Filter::default()
        };
        let listed = fixture.open().list(&everything);
        if !statements.starts_with("DELETE") {
            assert_eq!(listed.unwrap_err().code(), "NHI-REGISTRY-TAMPERED", "{statements}");
        }
    }
}

#[test]
fn dropped_defences_are_found_and_a_cut_log_takes_no_more_rows() {
    let (fixture, bytes) = original();
    let path = fixture.path();
    for statements in [
        "DROP TRIGGER audit_log_is_never_updated",
        "DROP INDEX records_live",
        "CREATE TABLE extra (x)",
        "CREATE TRIGGER quiet AFTER INSERT ON records BEGIN SELECT 1; END",
    ] {
        restore(&path, &bytes);
        raw(&path).execute_batch(statements).unwrap();
        assert!(judge(&path).unwrap().is_some(), "{statements}");
    }
    restore(&path, &bytes);
    attack(&path, "DELETE FROM audit_log WHERE seq = 13").unwrap();
    let error = fixture.open().create(
        &crate::support::actor(),
        &crate::support::trust_domain(),
        crate::support::declaration("more"),
        &crate::support::nothing(),
    );
    assert_eq!(error.unwrap_err().code(), "NHI-REGISTRY-TAMPERED");
}

#[test]
fn the_log_refuses_plain_edits() {
    let (fixture, _) = original();
    let connection = raw(&fixture.path());
    connection.execute_batch("PRAGMA recursive_triggers = ON").unwrap();
    for statement in [
        "UPDATE audit_log SET actor = 'x'",
        "DELETE FROM audit_log WHERE seq = 1",
        "INSERT OR REPLACE INTO audit_log SELECT * FROM audit_log WHERE seq = 1",
        "DELETE FROM records",
        "UPDATE records SET id = 'x'",
        "UPDATE records SET ended = NULL WHERE ended IS NOT NULL",
        "UPDATE records SET key = 'x' WHERE ended IS NULL",
        "UPDATE consumed_approvals SET at = 'x'",
        "DELETE FROM consumed_approvals",
    ] {
        connection.execute_batch(statement).expect_err(statement);
    }
}

/// The rows of the log alone.
fn log(path: &Path) -> Vec<Vec<Value>> {
    dump(path).unwrap().into_iter().filter(|row| row.len() == 8).collect()
}

/// The number of the first row of the log that is not as it was.
fn first_bad(before: &[Vec<Value>], after: &[Vec<Value>]) -> Option<u64> {
    let same = before
        .iter()
        .zip(after)
        .take_while(|(before, after)| before == after)
        .count();
    let differs = same < before.len() || same < after.len();
    differs.then(|| u64::try_from(same).unwrap() + 1)
}

/// Whether something was found, and in the log at exactly the first row that is bad there.
fn is_found_at(verdict: &Result<Option<Tampering>, RegistryError>, first_bad: Option<u64>) -> bool {
    match verdict {
        Ok(None) => false,
        Ok(Some(tampering)) => first_bad.is_none() || tampering.seq == first_bad,
        Err(_) => true,
    }
}

/// One random edit of one cell, or a deletion, a copy or a swap of rows.
fn random_edit(connection: &Connection, random: &mut Random) -> rusqlite::Result<()> {
    let tables: [(&str, &[&str]); 4] = [
        (
            "audit_log",
            &[
                "seq", "time", "actor", "action", "subject", "payload", "previous", "hash",
            ],
        ),
        (
            "records",
            &["id", "kind", "environment", "key", "parent", "ended", "record"],
        ),
        ("consumed_approvals", &["digest", "request", "subject", "at"]),
        ("meta", &["registry_id", "created_at", "head_seq", "head_hash"]),
    ];
    let (table, columns) = tables[random.below(4)];
    let column = columns[random.below(columns.len())];
    let count: i64 = connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))?;
    let pick = |random: &mut Random| i64::try_from(random.below(usize::try_from(count).unwrap())).unwrap();
    let (one, other) = (pick(random), pick(random));
    let row = |offset: i64| format!("rowid = (SELECT rowid FROM {table} ORDER BY rowid LIMIT 1 OFFSET {offset})");
    match random.below(5) {
        0 => connection.execute(&format!("DELETE FROM {table} WHERE {}", row(one)), [])?,
        1 => {
            let value: Value = connection.query_row(
                &format!("SELECT {column} FROM {table} WHERE {}", row(other)),
                [],
                |row| row.get(0),
            )?;
            connection.execute(
                &format!("UPDATE {table} SET {column} = ?1 WHERE {}", row(one)),
                params![value],
            )?
        }
        _ => {
            let query = format!("SELECT {column} FROM {table} WHERE {}", row(one));
            let value = match connection.query_row(&query, [], |row| row.get::<_, Value>(0))? {
                Value::Text(text) => {
                    let mut characters: Vec<char> = text.chars().collect();
                    let at = random.below(characters.len());
                    match random.below(3) {
                        0 => drop(characters.remove(at)),
                        1 => characters.insert(at, char::from(b'0' + u8::try_from(random.below(70)).unwrap())),
                        _ => characters[at] = char::from(b' ' + u8::try_from(random.below(94)).unwrap()),
                    }
                    Value::Text(characters.into_iter().collect())
                }
                Value::Integer(number) => Value::Integer(number + i64::try_from(random.below(9)).unwrap() - 4),
                other => other,
            };
            connection.execute(
                &format!("UPDATE {table} SET {column} = ?1 WHERE {}", row(one)),
                params![value],
            )?
        }
    };
    Ok(())
}

#[test]
fn random_edits_through_sql() {
    let (mut random, seed) = Random::seeded();
    let (fixture, bytes) = original();
    let (path, truth, truth_log) = (fixture.path(), dump(&fixture.path()).unwrap(), log(&fixture.path()));
    let triggers = raw(&path);
    let drops: Vec<String> = triggers
        .prepare("SELECT 'DROP TRIGGER ' || name FROM sqlite_schema WHERE type = 'trigger'")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let texts: Vec<String> = triggers
        .prepare("SELECT sql FROM sqlite_schema WHERE type = 'trigger'")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    drop(triggers);
    let (mut cases, mut failures) = (0, 0);
    while cases < 1000 {
        restore(&path, &bytes);
        let connection = raw(&path);
        connection.execute_batch("PRAGMA synchronous = OFF").unwrap();
        connection
            .execute_batch(&format!("BEGIN; {};", drops.join(";")))
            .unwrap();
        // The schema itself refuses some edits; those are no cases.
        let edited = random_edit(&connection, &mut random).is_ok();
        connection
            .execute_batch(&format!("{}; COMMIT", texts.join(";")))
            .unwrap();
        drop(connection);
        if edited && dump(&path).unwrap() != truth {
            cases += 1;
            failures += usize::from(!is_found_at(&judge(&path), first_bad(&truth_log, &log(&path))));
        }
    }
    println!("edits through SQL: {cases} cases, {failures} failures, seed {seed}");
    assert_eq!(failures, 0);
}

#[test]
fn random_flips_and_cuts_of_the_file() {
    let (mut random, seed) = Random::seeded();
    let (fixture, bytes) = original();
    let (path, truth) = (fixture.path(), dump(&fixture.path()).unwrap());
    let (mut cases, mut unused, mut failures) = (0, 0, 0);
    for _ in 0..2800 {
        let mut mutated = bytes.clone();
        let at = random.below(bytes.len());
        match random.below(20) {
            0 => mutated.truncate(at),
            1 => mutated[at..].fill(0),
            2 => {
                let page = 4096 * random.below(bytes.len() / 4096);
                let other = 4096 * random.below(bytes.len() / 4096);
                mutated.copy_within(page..page + 4096, other);
            }
            _ => mutated[at] ^= 1 << random.below(8),
        }
        if mutated == bytes {
            continue;
        }
        restore(&path, &mutated);
        let is_the_same = dump(&path).is_ok_and(|said| said == truth);
        let verdict = judge(&path);
        cases += 1;
        unused += usize::from(is_the_same);
        failures += usize::from(!is_the_same && matches!(verdict, Ok(None)));
    }
    println!("flips and cuts of the file: {cases} cases ({unused} of unused bytes), {failures} failures, seed {seed}");
    assert_eq!(failures, 0);
    restore(&path, &bytes);
    assert_eq!(judge(&path).unwrap(), None, "no false alarm");
}

/// The campaign itself has to be able to fail: with one defence gone, it must see a failure.
#[test]
fn a_planted_defect_is_seen() {
    let (fixture, bytes) = original();
    let path = fixture.path();
    restore(&path, &bytes);
    let truth = dump(&path).unwrap();
    // What an attacker with the whole file can do: the last row, its hash and the head, all made anew.
    let registry = fixture.open();
    let mut last = registry.audit(13, 1).unwrap().remove(0);
    let honest = registry.verify().unwrap().head;
    drop(registry);
    last.actor = "mallory".to_owned();
    let hash = last.expected_hash();
    attack(&path, &format!("UPDATE audit_log SET actor = 'mallory', hash = '{hash}' WHERE seq = 13; UPDATE meta SET head_hash = '{hash}'")).unwrap();
    assert_ne!(dump(&path).unwrap(), truth, "the oracle sees the edit");
    let verification = fixture.open().verify().unwrap();
    assert_eq!(verification.tampering, None, "the file alone cannot show it");
    assert_ne!(verification.head, honest, "a head that was kept elsewhere can");
}
