//! A disk that takes no more: an error, and nothing of the change. And a writer that takes its time.

use nhi_registry::{Filter, Registry};
use rusqlite::Connection;

use crate::support::{Fixture, actor, assert_intact, declaration, nothing, trust_domain};

#[test]
fn a_full_disk_has_no_partial_effect() {
    let fixture = Fixture::new();
    let registry = fixture.open();
    fixture.fill(&registry);
    drop(registry);
    let before = fixture.open().verify().unwrap();
    // A file system of a limited size needs rights that a test has not, so a child gets a limit on the size of files,
    // which SQLite sees as a write that failed.
    let script = format!(
        "ulimit -f {}; trap '' XFSZ; exec \"$0\" --exact faults::write_until_refused --nocapture",
        // In blocks of 1,024 bytes (dash: 512): room for some writes, not for all.
        std::fs::metadata(fixture.path()).unwrap().len() / 512 + 64
    );
    let output = std::process::Command::new("sh")
        .args(["-c", &script])
        .arg(std::env::current_exe().unwrap())
        .env("NHI_TEST_ROLE", "writer")
        .env("NHI_TEST_PATH", fixture.path())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let acknowledged = text.lines().filter(|line| line.starts_with("ack ")).count();
    assert!(
        text.contains("refused NHI-REGISTRY-DATABASE") && text.contains("then NHI-REGISTRY-BROKEN"),
        "{text}"
    );

    let registry = fixture.open();
    assert_intact(&registry);
    let after = registry.verify().unwrap();
    let new = usize::try_from(after.rows - before.rows).unwrap();
    assert!(
        new == acknowledged || new == acknowledged + 1,
        "{new} rows for {acknowledged} acknowledged"
    );
    assert_eq!(after.identities - before.identities, after.rows - before.rows);
}

/// The child of the test above.
#[test]
fn write_until_refused() {
    let Some((_, path)) = crate::support::role() else {
        return;
    };
    let registry = nhi_registry::SqliteRegistry::open(std::path::Path::new(&path)).unwrap();
    for number in 0..100_000 {
        match registry.create(
            &actor(),
            &trust_domain(),
            declaration(&format!("full{number}")),
            &nothing(),
        ) {
            Ok(_) => println!("\nack {number}"),
            Err(error) => {
                println!("\nrefused {}: {error}", error.code());
                let error = registry.list(&Filter::default()).unwrap_err();
                println!("\nthen {}", error.code());
                return;
            }
        }
    }
    panic!("never refused");
}

#[test]
fn readers_do_not_wait_for_a_writer() {
    let fixture = Fixture::new();
    let registry = fixture.open();
    fixture.fill(&registry);
    let before = registry.verify().unwrap();
    // Another process holds the turn to write.
    let raw = Connection::open(fixture.path()).unwrap();
    raw.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(registry.verify().unwrap(), before);
    raw.execute_batch("ROLLBACK").unwrap();
    registry
        .create(&actor(), &trust_domain(), declaration("after"), &nothing())
        .unwrap();
    assert_intact(&registry);
}
