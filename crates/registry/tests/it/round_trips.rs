//! How often the server is asked: what a call costs where it is far away.
//!
//! The registry reaches its server by way of a socket that counts the questions that pass, each of which is waited for.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use nhi_governance::{Draft, Identity, KillSelector};
use nhi_registry::{Options, RecordsExt as _, Registry};

use crate::counting;
use crate::server::shared;
use crate::support::{Fixture, actor, assert_intact, declaration, declare, draft, nothing, open_at, trust_domain};

/// A registry on a server that counts; nothing where no server is installed.
fn counted(directory: &Path) -> Option<(Box<dyn Registry>, Arc<AtomicUsize>)> {
    let server = shared()?;
    let database = server.database();
    let asked = counting::listen(directory, server.socket());
    let url = format!("postgres://nhi@/{database}?host={}", directory.display());
    Some((open_at(&url, Options::default()), asked))
}

fn create(registry: &dyn Registry, name: &str) -> Identity {
    let created = registry.create(&actor(), &trust_domain(), declaration(name), &nothing());
    created.unwrap().identity
}

/// What a core asks of an identity that it plans.
fn look_up(registry: &dyn Registry, identity: &Identity) {
    let anchor = registry.anchor().unwrap();
    let seen = registry.reading(|view| {
        view.refuse_rollback(&anchor)?;
        let identity: Identity = view.require(identity.id())?;
        Ok((view.context(identity.declaration())?, view.now()?, view.anchor()?))
    });
    drop(seen.unwrap());
}

#[test]
fn a_call_asks_the_server_a_few_times() {
    let directory = tempfile::tempdir().unwrap();
    let Some((registry, asked)) = counted(directory.path()) else {
        return;
    };
    // What hardly changes is read once, and statements are prepared.
    let identities: Vec<Identity> = (0..4)
        .map(|number| create(&*registry, &format!("svc{number}")))
        .collect();
    let longer = |name: &str| {
        declare(&Draft {
            ttl: "24h".into(),
            ..draft(name)
        })
    };
    let first = &identities[0];
    registry
        .update(&actor(), first.id(), 1, longer("svc0"), &nothing())
        .unwrap();
    look_up(&*registry, first);
    let count = |call: &dyn Fn()| {
        let before = asked.load(Ordering::SeqCst);
        call();
        asked.load(Ordering::SeqCst) - before
    };
    let measured = [
        // The turn and the end of the log; the name; the record and its audit row; the commit.
        ("create", 4, count(&|| drop(create(&*registry, "another")))),
        (
            "update",
            4,
            count(&|| {
                let second = identities[1].id();
                let updated = registry.update(&actor(), second, 1, longer("svc1"), &nothing());
                drop(updated.unwrap());
            }),
        ),
        // Two transactions, the first of which asks for the anchor only; beginning and end of each, and the record.
        ("look up", 5, count(&|| look_up(&*registry, first))),
        (
            "a refused update",
            3,
            count(&|| {
                let stale = registry.update(&actor(), first.id(), 1, longer("svc0"), &nothing());
                assert_eq!(stale.unwrap_err().code(), "NHI-REGISTRY-STALE");
            }),
        ),
    ];
    println!("{measured:?}");
    for (call, most, counted) in measured {
        assert!(counted <= most, "{call}: {counted} times, not {most}");
    }
    assert_intact(&*registry);
}

#[test]
fn what_is_remembered_is_what_is_on_record() {
    for fixture in Fixture::each() {
        let (here, elsewhere) = (fixture.open(), fixture.open());
        let identity = create(&*here, "subject");
        let orphaned = |registry: &dyn Registry| {
            let standing = registry.reading(|view| {
                let identity: Identity = view.require(identity.id())?;
                let context = view.context(identity.declaration())?;
                Ok(identity.standing(view.now()?, &context))
            });
            format!("{:?}", standing.unwrap().status)
        };
        let before = orphaned(&*here);
        // What somebody else does in another process counts in the very next call, read or written.
        elsewhere
            .throw_kill_switch(&actor(), &KillSelector::default(), "a drill")
            .unwrap();
        assert_ne!(orphaned(&*here), before, "{}", here.place());
        let again = here.update(&actor(), identity.id(), 1, declaration("subject"), &nothing());
        assert!(again.map_or(true, |identity| identity.revision() == 1));
        assert_intact(&*here);
    }
}
