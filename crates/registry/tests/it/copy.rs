//! A registry that is copied loses nothing, and a copy that is cut off is taken for no registry.

use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use nhi_governance::{Digest, Identity};
use nhi_registry::{
    Access, AuditRow, Filter, Location, Options, Point, Registry, RegistryError, Stillness, Verification, copy, open,
};

use crate::crash::kill_self;
use crate::records::{Grant, declare_grant};
use crate::support::{Fixture, actor, child, declaration, evidence, nothing, open_at, role, trust_domain};

const TEST: &str = "copy::a_copy_that_is_cut_off_is_no_registry";

fn at(place: &str) -> Location {
    Location::parse(place).unwrap()
}

fn copied(from: &Fixture, to: &Fixture, stillness: Stillness) -> Result<nhi_registry::Copied, RegistryError> {
    copy(&at(&from.place()), &at(&to.place()), stillness, &Options::default())
}

fn fresh(like: &Fixture) -> Fixture {
    if like.place().starts_with("postgres") {
        Fixture::postgres().unwrap()
    } else {
        Fixture::new()
    }
}

/// Everything that a registry says.
fn told(registry: &dyn Registry) -> (Verification, Vec<AuditRow>, Vec<Identity>, Vec<Grant>, bool) {
    use nhi_registry::{RecordFilter, RecordsExt as _};
    let with_revoked = Filter {
        with_revoked: true,
        ..Filter::default()
    };
    let used = |digest: Digest| registry.consumption(digest).unwrap().is_some();
    (
        registry.verify().unwrap(),
        registry.audit(1, 10_000).unwrap(),
        registry.list(&with_revoked).unwrap(),
        registry.list_records(&RecordFilter::default()).unwrap(),
        evidence(1).approvals.into_iter().chain(evidence(7).approvals).all(used),
    )
}

fn filled(fixture: &Fixture) -> Box<dyn Registry> {
    let registry = fixture.open();
    fixture.fill(&registry);
    let id = registry.list(&Filter::default()).unwrap()[0].id();
    declare_grant(&*registry, id, "bucket", 7).unwrap();
    registry
}

#[test]
fn nothing_is_lost_on_the_way_there_and_back() {
    for like in Fixture::each() {
        for to in Fixture::each() {
            let from = fresh(&like);
            let original = filled(&from);
            to.clock.set(from.clock.read());
            let before = told(&*original);
            let copied_there = copied(&from, &to, Stillness::Held).unwrap();
            assert_eq!((copied_there.rows, copied_there.approvals), (14, 4));
            assert_eq!(told(&*original), before, "the original is as it was");
            let there = to.open();
            assert_eq!(told(&*there), before);

            // Life goes on there, and an approval that was used here is used there.
            let error = there.create(&actor(), &trust_domain(), declaration("new"), &evidence(1));
            assert_eq!(error.unwrap_err().code(), "NHI-REGISTRY-APPROVAL");
            there
                .create(&actor(), &trust_domain(), declaration("new"), &evidence(8))
                .unwrap();
            let after = told(&*there);
            let back = fresh(&from);
            back.clock.set(from.clock.read());
            copied(&to, &back, Stillness::Snapshot).unwrap();
            assert_eq!(told(&*back.open()), after);

            // Never over anything.
            for target in [&from, &to] {
                assert_eq!(
                    copied(&back, target, Stillness::Held).unwrap_err().code(),
                    "NHI-REGISTRY-NOT-EMPTY"
                );
            }
            assert_eq!(
                copied(&to, &to, Stillness::Held).unwrap_err().code(),
                "NHI-REGISTRY-NOT-EMPTY"
            );
            assert_eq!((told(&*original), told(&*there)), (before, after));
        }
    }
}

#[test]
fn a_place_that_was_only_made_ready_is_free() {
    for to in Fixture::each() {
        let from = Fixture::new();
        let original = filled(&from);
        let made_ready = to.open().registry_id().unwrap();
        assert_ne!(made_ready, original.registry_id().unwrap());
        copied(&from, &to, Stillness::Held).unwrap();
        assert_eq!(told(&*to.open()), told(&*original));
    }
}

#[test]
fn what_is_not_intact_is_not_copied() {
    for to in Fixture::each() {
        let from = Fixture::new();
        drop(filled(&from));
        let raw = rusqlite::Connection::open(from.path()).unwrap();
        raw.execute_batch("DROP TRIGGER audit_log_is_never_updated; UPDATE audit_log SET actor = 'x' WHERE seq = 3")
            .unwrap();
        assert_eq!(
            copied(&from, &to, Stillness::Held).unwrap_err().code(),
            "NHI-REGISTRY-TAMPERED"
        );
        let nothing = open(&at(&to.place()), Access::Write, Options::default())
            .map(|_| ())
            .unwrap_err();
        assert_eq!(nothing.code(), "NHI-REGISTRY-MISSING", "not even begun");
        let missing = copy(&at("absent.db"), &at(&to.place()), Stillness::Held, &Options::default());
        assert_eq!(missing.unwrap_err().code(), "NHI-REGISTRY-MISSING");
    }
}

#[test]
fn whoever_writes_waits_until_a_move_is_done() {
    let (from, to) = (Fixture::new(), Fixture::new());
    let original = filled(&from);
    // At the last moment of the copy, somebody writes to the original.
    let place = from.place();
    let points = AtomicU32::new(0);
    let probe = move |point| {
        if point == Point::Committing && points.fetch_add(1, Ordering::SeqCst) == 1 {
            let raw = rusqlite::Connection::open(&place).unwrap();
            raw.busy_timeout(std::time::Duration::ZERO).unwrap();
            raw.execute_batch("BEGIN IMMEDIATE")
                .expect_err("the original can be written to");
        }
    };
    let options = Options {
        probe: Arc::new(probe),
        ..Options::default()
    };
    copy(&at(&from.place()), &at(&to.place()), Stillness::Held, &options).unwrap();
    original
        .create(&actor(), &trust_domain(), declaration("after"), &nothing())
        .unwrap();
}

#[test]
fn a_copy_that_is_cut_off_is_no_registry() {
    if let Some((role, places)) = role() {
        let (from, to) = places.split_once('|').unwrap();
        let wanted: u32 = role.parse().unwrap();
        let reached = AtomicU32::new(0);
        let probe = move |_| {
            if reached.fetch_add(1, Ordering::SeqCst) == wanted {
                kill_self();
            }
        };
        let options = Options {
            probe: Arc::new(probe),
            ..Options::default()
        };
        copy(&at(from), &at(to), Stillness::Held, &options).unwrap();
        return;
    }
    let mut cases = 0;
    for from in Fixture::each() {
        let before = told(&*filled(&from));
        for like in Fixture::each() {
            // Begun, committing and committed, first to be unfinished and then to be whole.
            for point in 0..6 {
                let to = fresh(&like);
                let places = format!("{}|{}", from.place(), to.place());
                let status = child(TEST, &point.to_string(), &places)
                    .stdout(Stdio::null())
                    .stderr(Stdio::null())
                    .status()
                    .unwrap();
                assert!(!status.success());
                cases += 1;
                assert_eq!(told(&*from.open()), before, "the original is as it was");
                let found = open(&at(&to.place()), Access::Read, Options::default()).and_then(|found| found.now());
                match (point, found) {
                    // Nothing of it was durable: there is an empty registry of another id.
                    (0 | 1, Ok(_)) => assert_ne!(to.open().registry_id().unwrap(), before.0.registry_id),
                    (2..=4, Err(error)) => {
                        assert_eq!(error.code(), "NHI-REGISTRY-UNFINISHED", "{error}");
                        let written = to
                            .open()
                            .create(&actor(), &trust_domain(), declaration("x"), &nothing());
                        assert_eq!(written.unwrap_err().code(), "NHI-REGISTRY-UNFINISHED");
                        assert_eq!(to.open().verify().unwrap_err().code(), "NHI-REGISTRY-UNFINISHED");
                    }
                    (5, Ok(_)) => assert_eq!(told(&*to.open()), before),
                    (point, found) => panic!("{point}: {found:?}"),
                }
                if point < 5 {
                    copied(&from, &to, Stillness::Held).unwrap();
                    assert_eq!(told(&*open_at(&to.place(), Options::default())), before);
                }
            }
        }
    }
    println!("copies that were cut off: {cases} cases, 0 failures");
}
