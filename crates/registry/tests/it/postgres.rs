//! What is PostgreSQL's own: a schema that is made once, a server that goes away, edits past the registry, secrets.

use nhi_governance::Draft;
use nhi_registry::{Access, Filter, Location, Options, Registry, RegistryError, Tampering, open};

use crate::server::{Server, shared};
use crate::support::{
    Fixture, Random, actor, assert_intact, declaration, declare, draft, nothing, open_at, trust_domain,
};

/// What the migrations make, as `describe.sql` tells it; `NHI_BLESS=1` writes it down anew.
const CATALOGUE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/migrations/postgres/catalogue.txt");
const DESCRIBE: &str = include_str!("../../src/migrations/postgres/describe.sql");

fn try_open(place: &str, access: Access) -> Result<Box<dyn Registry>, RegistryError> {
    open(&Location::parse(place).unwrap(), access, Options::default())
}

fn code_of(place: &str, access: Access) -> &'static str {
    try_open(place, access).map(|_| ()).unwrap_err().code()
}

#[test]
fn the_schema_is_the_one_on_paper() {
    let Some(server) = shared() else { return };
    let database = server.database();
    drop(open_at(&server.url(&database), Options::default()));
    let mut raw = server.raw(&database);
    raw.batch_execute("SET search_path = pg_catalog").unwrap();
    let rows = raw.query(DESCRIBE, &[]).unwrap();
    let found: String = rows.iter().map(|row| row.get::<_, String>(0) + "\n").collect();
    if std::env::var_os("NHI_BLESS").is_some() {
        std::fs::write(CATALOGUE, &found).unwrap();
    }
    assert_eq!(found, std::fs::read_to_string(CATALOGUE).unwrap());
}

#[test]
fn what_is_not_there_or_not_a_registry_is_left_alone() {
    let Some(server) = shared() else { return };
    let database = server.database();
    let url = server.url(&database);
    for access in [Access::Read, Access::Write] {
        assert_eq!(code_of(&url, access), "NHI-REGISTRY-MISSING");
    }
    assert!(
        server
            .raw(&database)
            .query("SELECT FROM pg_namespace WHERE nspname = 'nhi'", &[])
            .unwrap()
            .is_empty(),
        "asking creates nothing"
    );
    server
        .sql(&database, "CREATE SCHEMA nhi; CREATE TABLE nhi.meta (x int)")
        .unwrap();
    for access in [Access::Read, Access::Write, Access::Create] {
        assert_eq!(code_of(&url, access), "NHI-REGISTRY-FOREIGN");
    }
    server
        .sql("postgres", "CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0")
        .unwrap();
    assert_eq!(code_of(&server.url("latin"), Access::Create), "NHI-REGISTRY-FOREIGN");
    assert_eq!(code_of(&server.url("absent"), Access::Create), "NHI-REGISTRY-DATABASE");

    let database = server.database();
    let url = server.url(&database);
    drop(open_at(&url, Options::default()));
    let reader = try_open(&url, Access::Read).unwrap();
    assert_intact(&reader);
    let error = reader
        .create(&actor(), &trust_domain(), declaration("a"), &nothing())
        .unwrap_err();
    assert_eq!(error.code(), "NHI-REGISTRY-READ-ONLY");
    server.sql(&database, "UPDATE nhi.meta SET schema = 99").unwrap();
    for access in [Access::Read, Access::Write, Access::Create] {
        let error = try_open(&url, access).map(|_| ()).unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with("has schema 99, and this version knows schema 1"),
            "{error}"
        );
    }
}

#[test]
fn a_server_that_comes_back_is_gone_on_with() {
    let Some(server) = Server::start() else { return };
    let database = server.database();
    let url = server.url(&database);
    let registry = open_at(&url, Options::default());
    let busy = registry
        .create(&actor(), &trust_domain(), declaration("busy"), &nothing())
        .unwrap()
        .identity;
    server.crash();
    let error = std::thread::scope(|scope| {
        let reading = scope.spawn(|| registry.get(busy.id()));
        server.resume();
        reading.join().unwrap()
    });
    assert_eq!(error.unwrap(), Some(busy.clone()), "what was acknowledged is there");
    // Its lock was lost with the server and taken again.
    let other = open_at(&url, Options::default());
    let refused = other
        .create(&actor(), &trust_domain(), declaration("busy"), &nothing())
        .unwrap_err();
    assert!(matches!(refused, RegistryError::Creating { .. }), "{refused}");
    registry
        .create(&actor(), &trust_domain(), declaration("more"), &nothing())
        .unwrap();
    assert_intact(&other);
}

/// The server goes away just before, or while, a commit is asked for.
#[test]
fn a_server_that_is_killed_in_a_write_loses_all_or_nothing() {
    let Some(server) = Server::start() else { return };
    let server = std::sync::Arc::new(server);
    let url = server.url(&server.database());
    for (name, point) in [
        ("begun", nhi_registry::Point::Begun),
        ("recorded", nhi_registry::Point::Recorded),
        ("committing", nhi_registry::Point::Committing),
    ] {
        let armed = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
        let killer = std::sync::Arc::clone(&server);
        let probe = move |at| {
            if at == point && armed.swap(false, std::sync::atomic::Ordering::SeqCst) {
                killer.crash();
                killer.resume();
            }
        };
        let options = Options {
            probe: std::sync::Arc::new(probe),
            ..Options::default()
        };
        let registry = open_at(&url, options);
        let error = registry
            .create(&actor(), &trust_domain(), declaration(name), &nothing())
            .unwrap_err();
        assert_eq!(error.code(), "NHI-REGISTRY-DATABASE", "{error}");
        assert_intact(&registry);
        assert!(
            registry
                .list(&Filter::default())
                .unwrap()
                .iter()
                .all(|found| found.declaration().name().as_str() != name)
        );
        let again = registry
            .create(&actor(), &trust_domain(), declaration(name), &nothing())
            .unwrap();
        assert!(!again.adopted);
    }
}

/// Whoever holds its turn and says no more is thrown out by the server, not waited for without end.
#[test]
fn a_writer_that_is_waited_for_is_told_of() {
    let Some(fixture) = Fixture::postgres() else { return };
    let registry = fixture.open();
    fixture.fill(&registry);
    let server = shared().unwrap();
    let place = fixture.place();
    let database = place.split(['/', '?']).nth(3).unwrap();
    let mut raw = server.raw(database);
    let mut holder = raw.transaction().unwrap();
    holder.execute("SELECT FROM nhi.meta FOR UPDATE", &[]).unwrap();
    // Reads do not wait.
    assert_intact(&registry);
    let written = std::thread::scope(|scope| {
        let writing = scope.spawn(|| {
            registry
                .create(&actor(), &trust_domain(), declaration("patient"), &nothing())
                .unwrap()
        });
        holder.rollback().unwrap();
        writing.join().unwrap()
    });
    assert!(!written.adopted);
}

/// Runs statements as an attacker who owns the tables would: with the triggers off.
fn attack(server: &Server, database: &str, statements: &str) -> Result<(), postgres::Error> {
    server.sql(
        database,
        &format!("SET session_replication_role = replica; {statements}"),
    )
}

fn judge(url: &str) -> Result<Option<Tampering>, RegistryError> {
    Ok(try_open(url, Access::Read)?.verify()?.tampering)
}

/// A filled registry, and how to have a fresh copy of it.
struct Original {
    server: &'static Server,
    template: String,
}

impl Original {
    fn new() -> Option<Self> {
        let server = shared()?;
        let fixture = Fixture::postgres()?;
        fixture.fill(&fixture.open());
        let place = fixture.place();
        let template = place.split(['/', '?']).nth(3).unwrap().to_owned();
        Some(Self { server, template })
    }

    /// The name of the copy.
    fn copy(&self) -> String {
        let name = self.server.database();
        let statements = format!("DROP DATABASE {name}");
        self.server.sql("postgres", &statements).unwrap();
        let statements = format!("CREATE DATABASE {name} TEMPLATE {}", self.template);
        self.server.sql("postgres", &statements).unwrap();
        name
    }
}

#[test]
fn the_first_bad_row_is_named() {
    let Some(original) = Original::new() else { return };
    let cases = [
        ("UPDATE nhi.audit_log SET actor = 'mallory' WHERE seq = 5", Some(5)),
        ("UPDATE nhi.audit_log SET hash = previous WHERE seq = 4", Some(4)),
        ("DELETE FROM nhi.audit_log WHERE seq = 6", Some(6)),
        ("DELETE FROM nhi.audit_log WHERE seq >= 11", Some(11)),
        ("DELETE FROM nhi.audit_log", Some(1)),
        (
            "INSERT INTO nhi.audit_log SELECT -1, time, actor, action, subject, payload, previous, hash FROM nhi.audit_log WHERE seq = 1",
            Some(1),
        ),
        (
            "DELETE FROM nhi.audit_log WHERE seq = 13; UPDATE nhi.meta SET head_seq = 12",
            Some(12),
        ),
        (
            "UPDATE nhi.meta SET registry_id = '01ARZ3NDEKTSV4RRFFQ69G5FAV'",
            Some(1),
        ),
        ("UPDATE nhi.meta SET head_hash = registry_id", None),
        ("DELETE FROM nhi.meta", None),
    ];
    for (statements, seq) in cases {
        let database = original.copy();
        attack(original.server, &database, statements).unwrap();
        let tampering = judge(&original.server.url(&database)).unwrap();
        let tampering = tampering.unwrap_or_else(|| panic!("not found: {statements}"));
        assert_eq!(tampering.seq, seq, "{statements}: {tampering}");
    }
}

#[test]
fn edited_records_and_dropped_defences_are_found() {
    let Some(original) = Original::new() else { return };
    let (server, everything) = (
        original.server,
        Filter {
            with_revoked: true,
            ..Filter::default()
        },
    );
    for (statements, is_read) in [
        (
            "UPDATE nhi.records SET record = replace(record, '\"expires_at\":\"2026', '\"expires_at\":\"2999') WHERE key = 'svc0'",
            true,
        ),
        ("UPDATE nhi.records SET ended = NULL WHERE ended IS NOT NULL", true),
        ("UPDATE nhi.records SET key = 'other' WHERE key = 'svc0'", true),
        (
            "UPDATE nhi.records SET environment = 'production' WHERE key = 'svc0'",
            true,
        ),
        ("UPDATE nhi.records SET kind = 'team' WHERE key = 'svc0'", false),
        ("DELETE FROM nhi.records WHERE key = 'svc0'", false),
        (
            "DELETE FROM nhi.consumed_approvals WHERE digest = (SELECT min(digest) FROM nhi.consumed_approvals)",
            false,
        ),
        ("UPDATE nhi.consumed_approvals SET subject = 'x'", false),
        (
            "INSERT INTO nhi.consumed_approvals SELECT reverse(digest), request, subject, at FROM nhi.consumed_approvals",
            false,
        ),
        (
            "ALTER TABLE nhi.audit_log DISABLE TRIGGER audit_log_is_append_only",
            false,
        ),
        ("DROP TRIGGER records_stay_ended ON nhi.records", false),
        ("DROP INDEX nhi.records_live", false),
        ("CREATE TABLE nhi.extra (x int)", false),
        (
            "CREATE OR REPLACE FUNCTION nhi.refuse() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS 'BEGIN RETURN NEW; END'",
            false,
        ),
        ("CREATE RULE quiet AS ON INSERT TO nhi.audit_log DO ALSO NOTHING", false),
    ] {
        let database = original.copy();
        attack(server, &database, statements).unwrap();
        let url = server.url(&database);
        assert!(judge(&url).unwrap().is_some(), "not found: {statements}");
        if is_read {
            let listed = try_open(&url, Access::Read).unwrap().list(&everything);
            assert_eq!(listed.unwrap_err().code(), "NHI-REGISTRY-TAMPERED", "{statements}");
        }
    }
    let database = original.copy();
    assert_eq!(judge(&server.url(&database)).unwrap(), None, "no false alarm");
    for statement in [
        "UPDATE nhi.audit_log SET actor = 'x'",
        "DELETE FROM nhi.audit_log WHERE seq = 1",
        "TRUNCATE nhi.audit_log",
        "TRUNCATE nhi.records",
        "DELETE FROM nhi.records",
        "UPDATE nhi.records SET id = 'x' WHERE key = 'svc0'",
        "UPDATE nhi.records SET ended = NULL WHERE ended IS NOT NULL",
        "UPDATE nhi.consumed_approvals SET at = 'x'",
        "DELETE FROM nhi.consumed_approvals",
    ] {
        server.sql(&database, statement).expect_err(statement);
    }
    attack(server, &database, "DELETE FROM nhi.audit_log WHERE seq = 13").unwrap();
    let registry = open_at(&server.url(&database), Options::default());
    let error = registry.create(&actor(), &trust_domain(), declaration("more"), &nothing());
    assert_eq!(error.unwrap_err().code(), "NHI-REGISTRY-TAMPERED");
}

#[test]
fn random_edits_through_sql() {
    let Some(original) = Original::new() else { return };
    let (mut random, seed) = Random::seeded();
    let server = original.server;
    let database = original.copy();
    let url = server.url(&database);
    let tables: [(&str, &str, &[&str]); 4] = [
        (
            "audit_log",
            "seq",
            &["time", "actor", "action", "subject", "payload", "previous", "hash"],
        ),
        (
            "records",
            "id",
            &["id", "kind", "environment", "key", "parent", "ended", "record"],
        ),
        ("consumed_approvals", "digest", &["digest", "request", "subject", "at"]),
        ("meta", "registry_id", &["registry_id", "created_at", "head_hash"]),
    ];
    let mut raw = server.raw(&database);
    raw.batch_execute("SET session_replication_role = replica").unwrap();
    let (mut cases, mut failures) = (0, 0);
    let mut judged = |what: &str| {
        cases += 1;
        if judge(&url).is_ok_and(|found| found.is_none()) {
            failures += 1;
            println!("not found: {what}");
        }
    };
    for _ in 0..250 {
        let (table, order, columns) = tables[random.below(4)];
        let column = columns[random.below(columns.len())];
        let count: i64 = raw
            .query_one(&format!("SELECT count(*) FROM nhi.{table}"), &[])
            .unwrap()
            .get(0);
        let row = random.below(usize::try_from(count).unwrap());
        let at = random.below(60) + 1;
        let letter = char::from(b'a' + u8::try_from(random.below(26)).unwrap());
        raw.batch_execute(&format!(
            "DROP TABLE IF EXISTS pg_temp.kept; CREATE TEMP TABLE kept AS SELECT * FROM nhi.{table}"
        ))
        .unwrap();
        let whose = format!("ctid = (SELECT ctid FROM nhi.{table} ORDER BY {order} OFFSET {row} LIMIT 1)");
        let edit = match random.below(4) {
            0 => format!("DELETE FROM nhi.{table} WHERE {whose}"),
            _ => format!(
                "UPDATE nhi.{table} SET {column} = overlay(coalesce({column}, '') PLACING '{letter}' FROM {at} FOR {}) WHERE {whose}",
                random.below(2)
            ),
        };
        // What the tables themselves refuse, and what changes nothing, is no case.
        if raw.batch_execute(&edit).is_ok() {
            let changed = format!(
                "SELECT FROM (SELECT * FROM nhi.{table} EXCEPT SELECT * FROM kept) a
                UNION ALL SELECT FROM (SELECT * FROM kept EXCEPT SELECT * FROM nhi.{table}) b"
            );
            if !raw.query(&changed, &[]).unwrap().is_empty() {
                judged(&edit);
            }
            raw.batch_execute(&format!(
                "DELETE FROM nhi.{table}; INSERT INTO nhi.{table} SELECT * FROM kept"
            ))
            .unwrap();
        }
    }
    println!("edits through SQL, PostgreSQL: {cases} cases, {failures} failures, seed {seed}");
    assert_eq!((failures, judge(&url).unwrap()), (0, None));
    assert!(cases > 120);
}

#[test]
fn no_secret_is_in_an_error() {
    let Some(server) = shared() else { return };
    let socket = server.socket().display();
    for url in [
        format!("postgres://nhi:s3cr3t-canary@/absent?host={socket}"),
        format!("postgres://nobody:s3cr3t-canary@/postgres?host={socket}"),
        "postgres://nhi:s3cr3t-canary@127.0.0.1:1/nhi".to_owned(),
        "postgres://nhi:s3cr3t-canary@127.0.0.1:1/nhi?sslmode=verify-full&sslrootcert=/dev/null".to_owned(),
        "postgres://nhi:s3cr3t-canary@127.0.0.1:1/nhi?nonsense=s3cr3t-canary".to_owned(),
    ] {
        let result = Location::parse(&url).and_then(|location| open(&location, Access::Create, Options::default()));
        let error = result.map(|_| ()).unwrap_err();
        let told = format!("{error} {error:?} {}", error.help());
        assert!(!told.contains("s3cr3t"), "{told}");
        assert!(!error.help().is_empty());
    }
}

/// Updates of many, each through a connection of its own, every one of which has to count.
#[test]
fn sixty_four_writers_lose_no_update() {
    let Some(fixture) = Fixture::postgres() else { return };
    let registry = fixture.open();
    let id = registry
        .create(&actor(), &trust_domain(), declaration("shared"), &nothing())
        .unwrap()
        .identity
        .id();
    std::thread::scope(|scope| {
        for number in 0..64 {
            let fixture = &fixture;
            scope.spawn(move || {
                let registry = fixture.open();
                let change = declare(&Draft {
                    ttl: format!("{}h", 100 + number).as_str().into(),
                    ..draft("shared")
                });
                loop {
                    let revision = registry.get(id).unwrap().unwrap().revision();
                    match registry.update(&actor(), id, revision, change.clone(), &nothing()) {
                        Ok(_) => return,
                        Err(RegistryError::Stale { .. }) => {}
                        Err(error) => panic!("{error}"),
                    }
                }
            });
        }
    });
    assert_eq!(registry.get(id).unwrap().unwrap().revision(), 65);
    let rows = registry.audit(1, 1000).unwrap();
    assert_eq!(rows.iter().filter(|row| row.action == "identity.updated").count(), 64);
    assert_intact(&registry);
}
