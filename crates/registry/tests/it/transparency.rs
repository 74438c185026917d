//! The log as a transparency log: what is published of it can be reproduced, and outlives growth but no rewriting.

use nhi_registry::{Registry, RegistryError, SqliteRegistry};
use rusqlite::Connection;
use tlog::{verify_consistency, verify_inclusion};

use crate::support::{Fixture, actor, declaration, nothing, trust_domain};

fn create(registry: &dyn Registry, name: &str) {
    registry
        .create(&actor(), &trust_domain(), declaration(name), &nothing())
        .unwrap();
}

#[test]
fn the_log_of_today_continues_the_log_of_then() {
    for fixture in Fixture::each() {
        continues(&fixture);
    }
}

fn continues(fixture: &Fixture) {
    let registry = fixture.open();
    assert_eq!(registry.transparency().unwrap().size(), 0);
    for name in ["a", "b", "c"] {
        create(&*registry, name);
    }
    let then = registry.transparency().unwrap();
    create(&*registry, "d");
    let now = registry.transparency().unwrap();
    let verification = registry.verify().unwrap();
    assert_eq!((now.size(), now.head()), (verification.rows, verification.head));
    assert_eq!(now.origin(), format!("nhi/{}", verification.registry_id));
    assert_eq!(now.checkpoint_at(then.size()), Some(then.checkpoint()));
    assert_eq!(now.checkpoint_at(now.size() + 1), None);
    let (old, new) = (then.checkpoint(), now.checkpoint());
    let proof = now.tree().prove_consistency(old.size, new.size).unwrap();
    assert!(verify_consistency(old.size, &old.root, new.size, &new.root, &proof));
    for row in registry.audit(1, 100).unwrap() {
        let leaf = tlog::leaf_hash(row.entry().as_bytes());
        let proof = now.tree().prove_inclusion(row.seq - 1, new.size).unwrap();
        assert!(verify_inclusion(&leaf, row.seq - 1, new.size, &proof, &new.root));
        assert!(!verify_inclusion(
            &leaf,
            row.seq % new.size,
            new.size,
            &proof,
            &new.root
        ));
    }
}

#[test]
fn a_log_that_was_edited_has_no_checkpoint() {
    for edit in [
        "UPDATE audit_log SET actor = 'nobody' WHERE seq = 2",
        "DELETE FROM audit_log WHERE seq = 2",
        "DELETE FROM audit_log WHERE seq = 3",
    ] {
        let fixture = Fixture::new();
        let registry = fixture.open();
        for name in ["a", "b", "c"] {
            create(&*registry, name);
        }
        drop(registry);
        let connection = Connection::open(fixture.path()).unwrap();
        let triggers: Vec<String> = connection
            .prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        for name in triggers {
            connection.execute_batch(&format!("DROP TRIGGER {name}")).unwrap();
        }
        connection.execute_batch(edit).unwrap();
        drop(connection);
        let error = SqliteRegistry::open_read_only(&fixture.path())
            .and_then(|registry| registry.transparency())
            .unwrap_err();
        assert!(matches!(error, RegistryError::Tampered(_)), "{edit}: {error}");
    }
}
