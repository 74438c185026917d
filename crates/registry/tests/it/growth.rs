//! What a call costs does not depend on how much is on record, and many writers at once are served.
//!
//! `cargo test -p nhi-registry --release --test it growth -- --nocapture --test-threads=1` prints the figures;
//! `NHI_GROWTH=1000,10000,50000` before it takes other sizes.

use std::thread;
use std::time::{Duration, Instant};

use nhi_governance::{Declaration, Draft, Environment, Name};
use nhi_registry::{Filter, Options, RecordsExt as _, Registry};

use crate::support::{Fixture, actor, assert_intact, declaration, declare, draft, nothing, open_at, trust_domain};

const SIZES: [usize; 2] = [200, 2_000];
const WRITERS: usize = 64;
/// How many times a call is measured, and how many of it are measured at once: the quickest is what it costs, because
/// whatever else the machine does only adds to it.
const BATCHES: usize = 12;
const CALLS: usize = 10;
/// How much dearer a call may be in a registry ten times as large: its indexes are a level deeper.
const GROWTH_MAX: f64 = 2.5;
/// What has to look at everything grows by more; else nothing is measured here.
const CONTROL: &str = "list all";

fn sizes() -> Vec<usize> {
    match std::env::var("NHI_GROWTH") {
        Ok(text) => text.split(',').map(|size| size.parse().unwrap()).collect(),
        Err(_) => SIZES.to_vec(),
    }
}

/// How long this thread has had a processor: what others do, and the disk, do not count. It is told in steps, so it
/// suits only calls that wait.
fn processor_time() -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(told.split(' ').next().unwrap().parse().unwrap())
}

/// The quickest of some batches, for one call that reads.
fn quickest(calls: usize, mut call: impl FnMut(usize)) -> Duration {
    let batch = |batch: usize| {
        let start = Instant::now();
        (0..calls).for_each(|number| call(batch * calls + number));
        start.elapsed() / u32::try_from(calls).unwrap()
    };
    (0..BATCHES).map(batch).min().unwrap()
}

/// The same for one that writes.
fn quickest_write(mut call: impl FnMut(usize)) -> Duration {
    let batch = |batch: usize| {
        let start = processor_time();
        (0..CALLS).for_each(|number| call(batch * CALLS + number));
        (processor_time() - start) / u32::try_from(CALLS).unwrap()
    };
    (0..BATCHES).map(batch).min().unwrap()
}

fn create(registry: &dyn Registry, name: &str) -> nhi_governance::RecordId {
    let created = registry.create(&actor(), &trust_domain(), declaration(name), &nothing());
    created.unwrap().identity.id()
}

fn fill(registry: &dyn Registry, numbers: std::ops::Range<usize>) {
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let numbers = numbers.clone();
            scope.spawn(move || {
                for number in numbers.filter(|number| number % WRITERS == writer) {
                    create(registry, &format!("svc{number}"));
                }
            });
        }
    });
}

fn costs(registry: &dyn Registry, size: usize) -> Vec<(&'static str, Duration)> {
    let ids: Vec<_> = (0..BATCHES * CALLS)
        .map(|number| create(registry, &format!("of{size}-{number}")))
        .collect();
    let renamed: Vec<Declaration> = ids
        .iter()
        .enumerate()
        .map(|(number, _)| {
            declare(&Draft {
                ttl: "24h".into(),
                ..draft(&format!("of{size}-{number}"))
            })
        })
        .collect();
    let environment = Environment::parse("staging").unwrap();
    let names: Vec<_> = (0..BATCHES * CALLS)
        .map(|number| Name::parse(&format!("svc{number}")).unwrap())
        .collect();
    let anchor = registry.anchor().unwrap();
    vec![
        (
            "create",
            quickest_write(|number| {
                create(registry, &format!("new{size}-{number}"));
            }),
        ),
        (
            "look up",
            quickest(CALLS, |number| {
                let found = registry.reading(|view| {
                    let identity: nhi_governance::Identity = view.require(ids[number])?;
                    Ok((view.context(identity.declaration())?, view.now()?, view.anchor()?))
                });
                drop(found.unwrap());
            }),
        ),
        (
            "find by name",
            quickest(CALLS, |number| {
                assert!(registry.find_live(&environment, &names[number]).unwrap().is_some());
                assert_eq!(registry.incarnations(&environment, &names[number]).unwrap(), 1);
            }),
        ),
        (
            "compare an anchor",
            quickest(CALLS, |_| registry.refuse_rollback(&anchor).unwrap()),
        ),
        (
            "update",
            quickest_write(|number| {
                let updated = registry.update(&actor(), ids[number], 1, renamed[number].clone(), &nothing());
                drop(updated.unwrap());
            }),
        ),
        (
            "confirm",
            quickest(CALLS, |number| {
                registry.confirm(&actor(), &ids[number..=number]).unwrap();
            }),
        ),
        (
            "revoke",
            quickest_write(|number| {
                drop(registry.revoke(&actor(), ids[number], "done").unwrap());
            }),
        ),
        (
            CONTROL,
            quickest(1, |_| drop(registry.list(&Filter::default()).unwrap())),
        ),
    ]
}

#[test]
fn a_call_costs_the_same_in_a_large_registry() {
    // A server works in a process of its own, and is too slow to be filled here.
    let fixture = Fixture::new();
    let registry = open_at(&fixture.place(), Options::default());
    let (mut filled, mut measured) = (0, Vec::new());
    for size in sizes() {
        fill(&*registry, filled..size);
        filled = size;
        measured.push((size, costs(&*registry, size)));
    }
    let (least, most) = (measured.first().unwrap(), measured.last().unwrap());
    for (call, of_least) in &least.1 {
        let shown: Vec<String> = measured
            .iter()
            .map(|(size, costs)| {
                let (_, cost) = costs.iter().find(|(name, _)| name == call).unwrap();
                format!("{size}: {} µs", cost.as_micros())
            })
            .collect();
        let (_, of_most) = most.1.iter().find(|(name, _)| name == call).unwrap();
        let growth = of_most.as_secs_f64() / of_least.as_secs_f64();
        println!("{} | {call} | {} | {growth:.2}", registry.place(), shown.join(" | "));
        assert_eq!(growth > GROWTH_MAX, *call == CONTROL, "{call} grows by {growth:.2}");
    }
    assert_intact(&*registry);
}

#[test]
fn sixty_four_writers_are_served() {
    for fixture in Fixture::each() {
        for shares in [true, false] {
            let each = 20;
            let shared = open_at(&fixture.place(), Options::default());
            let start = Instant::now();
            let mut waits: Vec<Duration> = thread::scope(|scope| {
                let write = |writer: usize| {
                    let (shared, place) = (&shared, fixture.place());
                    move || {
                        let own = (!shares).then(|| open_at(&place, Options::default()));
                        let registry = own.as_ref().unwrap_or(shared);
                        let wait = |number: usize| {
                            let start = Instant::now();
                            create(&**registry, &format!("w{}-{writer}-{number}", u8::from(shares)));
                            start.elapsed()
                        };
                        (0..each).map(wait).collect::<Vec<_>>()
                    }
                };
                let writers: Vec<_> = (0..WRITERS).map(|writer| scope.spawn(write(writer))).collect();
                writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect()
            });
            let seconds = start.elapsed().as_secs_f64();
            waits.sort_unstable();
            let at = |percent: usize| waits[percent * (waits.len() - 1) / 100].as_millis();
            println!(
                "{}, {}: {} identities in {seconds:.2} s, {:.0} a second, median {} ms, p99 {} ms, longest {} ms",
                fixture.place(),
                if shares { "one process" } else { "a connection each" },
                waits.len(),
                f64::from(u32::try_from(waits.len()).unwrap()) / seconds,
                at(50),
                at(99),
                at(100),
            );
        }
        let registry = fixture.open();
        assert_eq!(registry.list(&Filter::default()).unwrap().len(), 2 * 20 * WRITERS);
        assert_intact(&*registry);
    }
}
