//! Killed at any point: whatever was acknowledged is there, the chain verifies, and the next run goes on.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use nhi_governance::Declaration;
use nhi_registry::{Created, Filter, Options, Point, Registry, RegistryError};
use rusqlite::Connection;

use crate::support::{Fixture, Random, actor, assert_intact, child, declaration, nothing, open_at, role, trust_domain};

const TEST: &str = "crash::killed_at_every_point_of_a_write";
const POINTS: [Point; 5] = [
    Point::Begun,
    Point::Recorded,
    Point::Audited,
    Point::Committing,
    Point::Committed,
];

/// As `kill -9` does it: nothing of this process runs afterwards.
pub(crate) fn kill_self() -> ! {
    let id = std::process::id().to_string();
    std::process::Command::new("kill").args(["-9", &id]).status().unwrap();
    loop {
        std::thread::park();
    }
}

/// In a child: writes without end, tells of each identity once it is acknowledged, and dies at one point of one write.
fn run_child(place: &str, role: &str) {
    let mut numbers = role.split(',').map(|number| number.parse::<usize>().unwrap());
    let (round, point, writes) = (
        numbers.next().unwrap(),
        POINTS[numbers.next().unwrap()],
        numbers.next().unwrap(),
    );
    let left = AtomicU32::new(u32::try_from(writes).unwrap());
    let probe = move |at: Point| {
        if at == point && left.fetch_sub(1, Ordering::SeqCst) == 0 {
            kill_self();
        }
    };
    let options = Options {
        probe: Arc::new(probe),
        ..Options::default()
    };
    let registry = open_at(place, options);
    for number in 0.. {
        let created = registry
            .create(
                &actor(),
                &trust_domain(),
                declaration(&format!("r{round}-{number}")),
                &nothing(),
            )
            .unwrap();
        println!(
            "\nack {} {}",
            created.identity.declaration().name(),
            created.identity.id()
        );
        if number % 3 == 0 {
            registry.revoke(&actor(), created.identity.id(), "done").unwrap();
            println!("\nack revoked {}", created.identity.id());
        }
    }
}

#[test]
fn killed_at_every_point_of_a_write() {
    if let Some((role, place)) = role() {
        return run_child(&place, &role);
    }
    Fixture::each().for_each(|fixture| kill_again_and_again(&fixture));
}

fn kill_again_and_again(fixture: &Fixture) {
    let (mut random, seed) = Random::seeded();
    let mut acknowledged: Vec<String> = Vec::new();
    let rounds = 30;
    for round in 0..rounds {
        let role = format!("{round},{},{}", round % POINTS.len(), random.below(6));
        let mut child = child(TEST, &role, &fixture.place())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let lines = output.lines().map(Result::unwrap);
        acknowledged.extend(lines.filter_map(|line| line.strip_prefix("ack ").map(ToOwned::to_owned)));
        assert!(!child.wait().unwrap().success());
        check(&fixture.place(), &acknowledged);
    }
    println!(
        "kill -9: {rounds} cases, 0 failures, seed {seed}, {} acknowledged writes",
        acknowledged.len()
    );
    assert!(acknowledged.len() > 20);
}

/// Creates once the creation that was cut off is known to be: a server notices a moment later that a process has ended.
pub(crate) fn take_up(registry: &dyn Registry, declaration: &Declaration) -> Created {
    let patience = Instant::now() + Duration::from_secs(10);
    loop {
        match registry.create(&actor(), &trust_domain(), declaration.clone(), &nothing()) {
            Err(RegistryError::Creating { .. }) if Instant::now() < patience => std::thread::yield_now(),
            created => return created.unwrap(),
        }
    }
}

fn check(place: &str, acknowledged: &[String]) {
    let registry = open_at(place, Options::default());
    assert_intact(&registry);
    let all = registry
        .list(&Filter {
            with_revoked: true,
            ..Filter::default()
        })
        .unwrap();
    let rows = registry.audit(1, 10_000).unwrap();
    for line in acknowledged {
        let (what, id) = line.split_once(' ').unwrap();
        let identity = all
            .iter()
            .find(|identity| identity.id().to_string() == id)
            .unwrap_or_else(|| panic!("lost {line}"));
        let action = if what == "revoked" {
            "identity.revoked"
        } else {
            "identity.created"
        };
        assert!(
            rows.iter().any(|row| row.action == action && row.subject == id),
            "lost the audit row of {line}"
        );
        assert!(what != "revoked" || identity.revoked_at().is_some());
    }
    // What was committed and never acknowledged is taken up again, not doubled.
    let last = all
        .iter()
        .filter(|identity| identity.revoked_at().is_none() && !identity.is_confirmed())
        .max_by_key(|identity| identity.id());
    if let Some(last) = last {
        let again = take_up(&*registry, last.declaration());
        assert!(again.adopted && again.identity.id() == last.id());
    }
}

#[test]
fn a_migration_that_was_cut_off_is_taken_again() {
    if let Some((_, path)) = role() {
        // The first step, far enough that pages of it stand in the log on the disk, and never committed.
        let raw = Connection::open(path).unwrap();
        raw.execute_batch("PRAGMA journal_mode = WAL; PRAGMA cache_size = 1; BEGIN IMMEDIATE; CREATE TABLE meta (x); PRAGMA user_version = 1;").unwrap();
        for _ in 0..100 {
            raw.execute("INSERT INTO meta VALUES (randomblob(5000))", []).unwrap();
        }
        kill_self();
    }
    let fixture = Fixture::new();
    let mut child = child(
        "crash::a_migration_that_was_cut_off_is_taken_again",
        "migrate",
        &fixture.place(),
    );
    assert!(
        !child
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap()
            .success()
    );
    let log = fixture.directory.path().join("nhi-registry.db-wal");
    assert!(
        std::fs::metadata(log).unwrap().len() > 100_000,
        "the cut-off step reached the disk"
    );
    std::fs::set_permissions(fixture.path(), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    fixture.fill(&fixture.open());
}
