//! Opens the file: nothing that is not a registry of a known schema is ever written to.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nhi_governance::{RecordId, Timestamp};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior, params};

use crate::audit::genesis;
use crate::{RegistryError, random};

/// `NHIR`: marks a file as a registry.
const APPLICATION_ID: i64 = 0x4e48_4952;
/// How often a writer looks whether it is its turn, and so how long it waits for it: half a minute at least.
const TURN_TRIES: i32 = 30_000;
/// Who has come looks seldom, who has waited for some time looks often, so that nobody waits for ever. SQLite's own
/// timeout does the opposite.
const TURN_POLL_FIRST: (i32, Duration) = (40, Duration::from_millis(4));
const TURN_POLL: Duration = Duration::from_millis(1);
/// How often switching the journal is tried: SQLite does not wait for others there.
const JOURNAL_TRIES: u32 = 200;
/// The schema that this version knows: the number of the last migration.
const SCHEMA: i64 = 1;
/// The schema, step by step, each with its number. Released steps never change; `user_version` is the last one taken.
const MIGRATIONS: [(i64, &str); 1] = [(1, include_str!("../migrations/sqlite/0001_records.sql"))];

/// Opens or creates the file for writing.
pub(super) fn read_write(path: &Path, now: Timestamp) -> Result<Connection, RegistryError> {
    create_private(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = at("open", path, Connection::open_with_flags(plain(path), flags))?;
    at("open", path, connection.busy_handler(Some(wait_for_turn)))?;
    recognise(&connection, path)?;
    use_write_ahead_log(&connection, path)?;
    at("open", path, harden(&connection))?;
    migrate(&mut connection, path, now)?;
    // The file's own name has to survive a power cut as well.
    io_at(
        "sync the directory of",
        path,
        File::open(directory(path)).and_then(|directory| directory.sync_all()),
    )?;
    Ok(connection)
}

/// Called when another process has the turn; says whether to look again.
fn wait_for_turn(tries: i32) -> bool {
    let (first, seldom) = TURN_POLL_FIRST;
    std::thread::sleep(if tries < first { seldom } else { TURN_POLL });
    tries < TURN_TRIES
}

/// Opens the file for reading.
pub(super) fn read_only(path: &Path) -> Result<Connection, RegistryError> {
    if !path.exists() {
        return Err(RegistryError::Missing(place(path)));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = at("open", path, Connection::open_with_flags(plain(path), flags))?;
    at("open", path, connection.busy_handler(Some(wait_for_turn)))?;
    if let Err(error) = version(&connection) {
        // A reader needs a shared-memory file beside the database. Where it cannot be made, in a directory that is
        // read-only or on a disk that is full, and no writer left a log behind, the file alone is the whole truth.
        let unopenable = matches!(
            error.sqlite_error_code(),
            Some(ErrorCode::CannotOpen | ErrorCode::DiskFull | ErrorCode::ReadOnly | ErrorCode::SystemIoFailure)
        );
        if unopenable && is_empty(&beside(path, "-wal")) {
            let uri = format!("file:{}?immutable=1", percent_encoded(&plain(path)));
            connection = at(
                "open",
                path,
                Connection::open_with_flags(uri, flags | OpenFlags::SQLITE_OPEN_URI),
            )?;
        }
    }
    let found = recognise(&connection, path)?;
    if found < SCHEMA {
        return Err(RegistryError::Older {
            place: place(path),
            found,
            known: SCHEMA,
        });
    }
    at("open", path, harden(&connection))?;
    Ok(connection)
}

/// Whether there is nothing in a file, which may not be there.
fn is_empty(path: &Path) -> bool {
    match fs::metadata(path) {
        Ok(metadata) => metadata.len() == 0,
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

/// Creates the file for its owner only; an existing one must not be writable by others.
fn create_private(path: &Path) -> Result<(), RegistryError> {
    let parent = directory(path);
    if !parent.is_dir() {
        return Err(RegistryError::DirectoryMissing(parent));
    }
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return io_at("create", path, Err(error)),
    }
    let metadata = io_at("look at", path, fs::metadata(path))?;
    if !metadata.is_file() {
        return Err(foreign(path, "it is not a file"));
    }
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o022 == 0 {
        Ok(())
    } else {
        Err(RegistryError::Exposed {
            path: path.to_owned(),
            mode,
        })
    }
}

/// Refuses what is not a registry, or is one of a newer version; says which schema it has.
fn recognise(connection: &Connection, path: &Path) -> Result<i64, RegistryError> {
    let (application, found, objects) = match version(connection) {
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => {
            return Err(foreign(path, "it is not an SQLite file"));
        }
        other => at("open", path, other)?,
    };
    let is_fresh = application == 0 && found == 0 && objects == 0;
    if application != APPLICATION_ID && !is_fresh {
        return Err(foreign(path, "it is an SQLite file of another application"));
    }
    if found > SCHEMA {
        return Err(RegistryError::Newer {
            place: place(path),
            found,
            known: SCHEMA,
        });
    }
    if application == APPLICATION_ID && found < 1 {
        return Err(foreign(path, "its schema has no number"));
    }
    Ok(found)
}

/// Application id, schema and how many objects there are.
fn version(connection: &Connection) -> rusqlite::Result<(i64, i64, i64)> {
    let query =
        "SELECT (SELECT application_id FROM pragma_application_id), (SELECT user_version FROM pragma_user_version),
        (SELECT count(*) FROM sqlite_schema)";
    connection.query_row(query, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
}

fn use_write_ahead_log(connection: &Connection, path: &Path) -> Result<(), RegistryError> {
    let mut tries = 0;
    loop {
        let mode = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get::<_, String>(0));
        match mode {
            Ok(mode) if mode == "wal" => return Ok(()),
            Ok(mode) => {
                return Err(foreign(
                    path,
                    &format!("its journal cannot be a write-ahead log, it is `{mode}`"),
                ));
            }
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && tries < JOURNAL_TRIES => {
                tries += 1;
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(error) => return at("open", path, Err(error)),
        }
    }
}

/// Durability first; nothing that the file itself says is run beyond what the schema needs; and what is prepared stays so.
fn harden(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(
        "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA recursive_triggers = ON;
         PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;",
    )?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    // A plan that depended on what is bound would have each statement prepared anew at each call.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

/// Takes the steps that are missing, each in a transaction of its own: killed at any point, the next opening goes on.
fn migrate(connection: &mut Connection, path: &Path, now: Timestamp) -> Result<(), RegistryError> {
    loop {
        let step = at("open", path, version(connection))?.1;
        if step >= SCHEMA {
            return Ok(());
        }
        let transaction = at(
            "migrate",
            path,
            connection.transaction_with_behavior(TransactionBehavior::Immediate),
        )?;
        // Another process may have taken the step while this one waited.
        if recognise(&transaction, path)? == step {
            let id = RecordId::new(now, random::number()?);
            at("migrate", path, take_step(&transaction, step, id, now))?;
            at("migrate", path, transaction.commit())?;
        }
    }
}

fn take_step(connection: &Connection, step: i64, id: RecordId, now: Timestamp) -> rusqlite::Result<()> {
    let next = step + 1;
    for (_, statements) in MIGRATIONS.iter().filter(|(number, _)| *number == next) {
        connection.execute_batch(statements)?;
    }
    if step == 0 {
        let (registry_id, created_at) = (id.to_string(), now.to_string());
        let head = genesis(&registry_id, &created_at).to_string();
        connection.execute(
            "INSERT INTO meta (only, registry_id, created_at, head_seq, head_hash) VALUES (1, ?1, ?2, 0, ?3)",
            params![registry_id, created_at, head],
        )?;
        connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    }
    connection.pragma_update(None, "user_version", next)
}

/// Everything that the file defines: type, name, table and text of each object.
pub(super) fn schema_of(connection: &Connection) -> rusqlite::Result<Vec<[Option<String>; 4]>> {
    let mut statement =
        connection.prepare("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name")?;
    let rows = statement.query_map([], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?]))?;
    rows.collect()
}

/// The same for a file that only the migrations have touched.
pub(super) fn schema_of_migrations() -> rusqlite::Result<Vec<[Option<String>; 4]>> {
    let connection = Connection::open_in_memory()?;
    MIGRATIONS
        .iter()
        .try_for_each(|(_, statements)| connection.execute_batch(statements))?;
    schema_of(&connection)
}

fn directory(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// The path in a form that SQLite cannot take for anything but a file: `:memory:` and `file:…?mode=memory` are names
/// of databases that nothing keeps.
fn plain(path: &Path) -> PathBuf {
    if path.is_relative() {
        Path::new(".").join(path)
    } else {
        path.to_owned()
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn percent_encoded(path: &Path) -> String {
    use std::os::unix::ffi::OsStrExt;
    path.as_os_str()
        .as_bytes()
        .iter()
        .fold(String::new(), |text, byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b'~' => {
                text + &char::from(*byte).to_string()
            }
            other => text + &format!("%{other:02x}"),
        })
}

#[cold]
fn foreign(path: &Path, found: &str) -> RegistryError {
    RegistryError::Foreign {
        place: place(path),
        found: found.to_owned(),
    }
}

fn at<T>(what: &'static str, path: &Path, result: rusqlite::Result<T>) -> Result<T, RegistryError> {
    result.map_err(|source| super::failure(what, path, source))
}

fn place(path: &Path) -> String {
    path.display().to_string()
}

fn io_at<T>(what: &'static str, path: &Path, result: io::Result<T>) -> Result<T, RegistryError> {
    result.map_err(|source| RegistryError::Io {
        what,
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::{MIGRATIONS, SCHEMA};

    #[test]
    fn migrations_are_numbered_without_a_gap() {
        assert!(MIGRATIONS.iter().map(|(number, _)| *number).eq(1..=SCHEMA));
    }
}
