//! Many at once: no update is lost, nothing is doubled, nobody waits for ever.

use std::collections::BTreeSet;
use std::thread;

use nhi_governance::{Digest, Draft, Evidence};
use nhi_registry::{Filter, Options, RecordsExt as _, Registry as _, RegistryError};

use crate::support::{
    Fixture, actor, assert_intact, child, declaration, declare, draft, evidence, nothing, open_at, role, trust_domain,
};

const PROCESSES: usize = 4;
const THREADS: usize = 16;

/// In a child: creates one identity per thread, each through a connection of its own, and fights for a shared one.
fn run_child(place: &str, process: &str) {
    thread::scope(|scope| {
        for number in 0..THREADS {
            scope.spawn(move || {
                let registry = open_at(place, Options::default());
                let name = format!("p{process}-t{number}");
                let created = registry
                    .create(&actor(), &trust_domain(), declaration(&name), &nothing())
                    .unwrap();
                assert!(!created.adopted);
                registry.confirm(&actor(), &[created.identity.id()]).unwrap();
                let shared = Draft {
                    technical_owner: format!("team:{name}").as_str().into(),
                    ..draft("shared")
                };
                match registry.create(&actor(), &trust_domain(), declare(&shared), &nothing()) {
                    Ok(_) => println!("\nwon {name}"),
                    Err(RegistryError::Exists { .. } | RegistryError::Creating { .. }) => {}
                    Err(error) => panic!("{error}"),
                }
            });
        }
    });
}

#[test]
fn sixty_four_at_once_in_four_processes() {
    if let Some((process, place)) = role() {
        return run_child(&place, &process);
    }
    Fixture::each().for_each(|fixture| fight(&fixture));
}

fn fight(fixture: &Fixture) {
    // The registry does not exist yet: its creation and migration are fought for as well.
    let children: Vec<_> = (0..PROCESSES)
        .map(|process| {
            let mut command = child(
                "concurrency::sixty_four_at_once_in_four_processes",
                &process.to_string(),
                &fixture.place(),
            );
            command
                .stdout(std::process::Stdio::piped())
                .stderr(std::process::Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    let mut winners = 0;
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        winners += String::from_utf8_lossy(&output.stdout)
            .lines()
            .filter(|line| line.starts_with("won "))
            .count();
    }
    let registry = open_at(&fixture.place(), Options::default());
    let identities = registry
        .list(&Filter {
            with_revoked: true,
            ..Filter::default()
        })
        .unwrap();
    let names: BTreeSet<_> = identities
        .iter()
        .map(|identity| identity.declaration().name().to_string())
        .collect();
    assert_eq!(
        (winners, identities.len(), names.len()),
        (1, PROCESSES * THREADS + 1, PROCESSES * THREADS + 1)
    );
    assert_intact(&registry);
}

#[test]
fn one_of_many_updates_of_a_revision_wins() {
    Fixture::each().for_each(|fixture| race(&fixture));
}

fn race(fixture: &Fixture) {
    let registry = fixture.open();
    let id = registry
        .create(&actor(), &trust_domain(), declaration("shared"), &nothing())
        .unwrap()
        .identity
        .id();
    for revision in 1..=8 {
        let won = thread::scope(|scope| {
            let handles: Vec<_> = (0..8u64)
                .map(|number| {
                    let registry = &registry;
                    scope.spawn(move || {
                        let ttl = format!("{}h", 100 * revision + number);
                        let change = declare(&Draft {
                            ttl: ttl.as_str().into(),
                            ..draft("shared")
                        });
                        // Half of them share a connection, half have their own.
                        let result = if number % 2 == 0 {
                            registry.update(&actor(), id, revision, change, &nothing())
                        } else {
                            fixture.open().update(&actor(), id, revision, change, &nothing())
                        };
                        match result {
                            Ok(identity) => Some(identity),
                            Err(RegistryError::Stale { .. }) => None,
                            Err(error) => panic!("{error}"),
                        }
                    })
                })
                .collect();
            handles
                .into_iter()
                .filter_map(|handle| handle.join().unwrap())
                .collect::<Vec<_>>()
        });
        assert_eq!(won.len(), 1);
        assert_eq!(registry.get(id).unwrap().as_ref(), won.first());
    }
    assert_intact(&registry);
}

/// Writers of one process share commits. One that is refused after it has written, or panics, takes nothing of the
/// others with it and leaves nothing behind; what is acknowledged is there for whoever opens the registry anew.
#[test]
fn who_shares_a_commit_shares_nothing_else() {
    Fixture::each().for_each(|fixture| share(&fixture));
}

fn share(fixture: &Fixture) {
    let registry = open_at(&fixture.place(), Options::default());
    let used = evidence(0);
    registry
        .create(&actor(), &trust_domain(), declaration("first"), &used)
        .unwrap();
    // The second approval was used, so that the first is noted as used and then is not.
    let half_used = |number: u8| Evidence {
        approvals: vec![Digest::of(&[number, 9]), used.approvals[1]],
        ..used.clone()
    };
    thread::scope(|scope| {
        for number in 0..32u8 {
            let (registry, half_used) = (&registry, &half_used);
            scope.spawn(move || {
                for round in 0..6 {
                    let declared = || declaration(&format!("n{number}-r{round}"));
                    match number % 4 {
                        0 => {
                            let refused = registry
                                .create(&actor(), &trust_domain(), declared(), &half_used(number))
                                .unwrap_err();
                            assert!(matches!(refused, RegistryError::ApprovalUsed { .. }), "{refused}");
                        }
                        1 if round == 3 => {
                            let work = || registry.writing(&actor(), |_| -> Result<(), _> { panic!("on purpose") });
                            std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).unwrap_err();
                        }
                        _ => {
                            let created = registry
                                .create(&actor(), &trust_domain(), declared(), &nothing())
                                .unwrap();
                            let anew = fixture.open().get(created.identity.id()).unwrap();
                            assert!(anew.is_some(), "acknowledged and not durable");
                        }
                    }
                }
            });
        }
    });
    for number in (0..32).filter(|number| number % 4 == 0) {
        assert_eq!(registry.consumption(Digest::of(&[number, 9])).unwrap(), None);
    }
    let count = registry.list(&Filter::default()).unwrap().len();
    assert_eq!(count, 1 + 24 * 6 - 8);
    assert_intact(&registry);
}
