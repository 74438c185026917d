//! The schema on the server: taken step by step under a lock, recognised, and compared with what the steps make.

use nhi_governance::{RecordId, Timestamp};
use postgres::Client;
use postgres::types::Type;

use super::link::{LOCK_MIGRATION, Link, failure};
use super::target::Target;
use crate::audit::genesis;
use crate::{RegistryError, random};

/// The schema that this version knows: the number of the last migration.
const SCHEMA: i64 = 1;
/// The schema, step by step, each with its number. Released steps never change; `meta.schema` is the last one taken.
const MIGRATIONS: [(i64, &str); 1] = [(1, include_str!("../migrations/postgres/0001_records.sql"))];
/// What the steps make, as [`DESCRIBE`] tells it.
const CATALOGUE: &str = include_str!("../migrations/postgres/catalogue.txt");

/// Tells it.
const DESCRIBE: &str = include_str!("../migrations/postgres/describe.sql");

/// What the server has of the schema.
pub(super) enum Found {
    /// Nothing.
    Nothing,
    /// A registry of this schema.
    Registry(i64),
    /// Something else.
    Foreign(&'static str),
}

/// What a refusal needs to know of the place.
pub(super) fn recognise(client: &mut Client, target: &Target) -> Result<i64, RegistryError> {
    let found = find(client).map_err(|error| failure("read", target, &error))?;
    let place = target.to_string();
    match found {
        Found::Nothing => Err(RegistryError::Missing(place)),
        Found::Foreign(reason) => Err(RegistryError::Foreign {
            place,
            found: reason.to_owned(),
        }),
        Found::Registry(found) if found > SCHEMA => Err(RegistryError::Newer {
            place,
            found,
            known: SCHEMA,
        }),
        Found::Registry(found) => Ok(found),
    }
}

/// Refuses what is older than this version, which only a writer brings up to date.
pub(super) fn refuse_older(found: i64, target: &Target) -> Result<(), RegistryError> {
    if found < SCHEMA {
        let place = target.to_string();
        return Err(RegistryError::Older {
            place,
            found,
            known: SCHEMA,
        });
    }
    Ok(())
}

fn find(client: &mut Client) -> Result<Found, postgres::Error> {
    let query = "SELECT to_regnamespace('nhi') IS NOT NULL, to_regclass('nhi.meta') IS NOT NULL,
        EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('nhi.meta') AND attname = 'schema'),
        pg_encoding_to_char(encoding) FROM pg_database WHERE datname = current_database()";
    let rows = client.query_typed(query, &[])?;
    let Some(row) = rows.first() else {
        return Ok(Found::Nothing);
    };
    let (has_schema, has_meta, has_number): (bool, bool, bool) = (row.get(0), row.get(1), row.get(2));
    let encoding: String = row.get(3);
    if encoding != "UTF8" {
        return Ok(Found::Foreign("the encoding of its database is not UTF8"));
    }
    match (has_schema, has_meta && has_number) {
        (false, _) => Ok(Found::Nothing),
        (true, false) => Ok(Found::Foreign("its schema `nhi` is of another application")),
        (true, true) => {
            let rows = client.query_typed("SELECT schema FROM nhi.meta", &[])?;
            let number = rows.first().map(|row| row.get(0));
            // Without its one row it is still a registry, and its readers say that it was tampered with.
            Ok(Found::Registry(number.unwrap_or(SCHEMA)))
        }
    }
}

/// Takes the steps that are missing, each in a transaction of its own and one process at a time.
pub(super) fn migrate(link: &mut Link, now: Timestamp) -> Result<(), RegistryError> {
    loop {
        let target = link.target.clone();
        let failed = |error: postgres::Error| failure("migrate", &target, &error);
        link.begin("migrate", |client| {
            client.batch_execute("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
        })?;
        let client = link.client()?;
        let result = step(client, &target, now);
        let end = if result.is_ok() { "COMMIT" } else { "ROLLBACK" };
        let ended = client.batch_execute(end).map_err(failed);
        if result? {
            return ended;
        }
        ended?;
    }
}

/// One step; whether there is none left.
fn step(client: &mut Client, target: &Target, now: Timestamp) -> Result<bool, RegistryError> {
    let failed = |error: postgres::Error| failure("migrate", target, &error);
    let locked = client.query_typed("SELECT pg_advisory_xact_lock($1)", &[(&LOCK_MIGRATION, Type::INT8)]);
    locked.map_err(failed)?;
    // Another process may have taken the step while this one waited.
    let found = match recognise(client, target) {
        Err(RegistryError::Missing(_)) => 0,
        other => other?,
    };
    let Some((number, statements)) = MIGRATIONS.iter().find(|(number, _)| *number == found + 1) else {
        return Ok(true);
    };
    client.batch_execute(statements).map_err(failed)?;
    if found == 0 {
        let (id, created_at) = (RecordId::new(now, random::number()?).to_string(), now.to_string());
        let head = genesis(&id, &created_at).to_string();
        let statement = "INSERT INTO nhi.meta (sole, schema, registry_id, created_at, head_seq, head_hash)
            VALUES (true, 0, $1, $2, 0, $3)";
        let parameters: [(&(dyn postgres::types::ToSql + Sync), Type); 3] =
            [(&id, Type::TEXT), (&created_at, Type::TEXT), (&head, Type::TEXT)];
        client.execute_typed(statement, &parameters).map_err(failed)?;
    }
    let taken = client.execute_typed("UPDATE nhi.meta SET schema = $1", &[(number, Type::INT8)]);
    taken.map_err(failed)?;
    Ok(*number == SCHEMA)
}

/// Everything that the server defines in the schema.
pub(super) fn catalogue(client: &mut Client) -> Result<String, postgres::Error> {
    let rows = client.query_typed(DESCRIBE, &[])?;
    Ok(rows.iter().map(|row| row.get::<_, String>(0) + "\n").collect())
}

/// Whether that is what the steps make.
pub(super) fn is_as_made(catalogue: &str) -> bool {
    catalogue == CATALOGUE
}

#[cfg(test)]
mod tests {
    use super::{MIGRATIONS, SCHEMA};

    #[test]
    fn migrations_are_numbered_without_a_gap() {
        assert!(MIGRATIONS.iter().map(|(number, _)| *number).eq(1..=SCHEMA));
    }
}
