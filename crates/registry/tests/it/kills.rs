//! The kill switch on record: it holds for what is written at the same time, and for what comes back.

use nhi_governance::{Act, Context, Identity, Kill, KillSelector, Pattern, RecordId, Status, resume};
use nhi_registry::{Actor, Filter, Options, RecordsExt as _, Registry, RegistryError, Stillness, copy};

use crate::support::{Fixture, START, actor, assert_intact, declaration, nothing, open_at, trust_domain};

fn named(pattern: &str) -> KillSelector {
    KillSelector {
        name: Some(Pattern::parse(pattern).unwrap()),
        ..KillSelector::default()
    }
}

fn made(registry: &dyn Registry, name: &str) -> RecordId {
    registry
        .create(&actor(), &trust_domain(), declaration(name), &nothing())
        .unwrap()
        .identity
        .id()
}

fn status(registry: &dyn Registry, id: RecordId) -> Status {
    registry
        .reading(|view| {
            let identity: Identity = view.require(id)?;
            let one = identity.status(view.now()?, &view.context(identity.declaration())?);
            let many = view.contexts([&identity])?;
            assert_eq!(one, identity.status(view.now()?, &many[0]), "one by one and together");
            Ok(one)
        })
        .unwrap()
}

fn resumed(registry: &dyn Registry, id: RecordId, by: &str) -> Result<Identity, RegistryError> {
    let evidence = nothing();
    registry.change(
        &Actor::new(by),
        id,
        None,
        &evidence,
        |now, identity: &Identity, view| {
            let act = Act {
                by,
                evidence: &evidence,
                policy: view.policy(),
                now,
            };
            Ok(resume(identity, &view.context(identity.declaration())?, &act)?)
        },
    )
}

pub(crate) fn a_throw_holds_whatever_is_written_meanwhile(registry: &dyn Registry, fixture: &Fixture) {
    let (hit, other) = (made(registry, "agent-1"), made(registry, "reader"));
    let before: Identity = registry.get(hit).unwrap().unwrap();
    let thrown = registry
        .throw_kill_switch(&actor(), &named("agent-*"), "leaked")
        .unwrap();
    assert_eq!((thrown.epoch(), thrown.by()), (1, actor().as_str()));
    // No record was touched, and all of them say so.
    assert_eq!(registry.get(hit).unwrap().unwrap(), before);
    assert_eq!(
        (status(registry, hit), status(registry, other)),
        (Status::Suspended, Status::Active)
    );
    // In the same second, and after it: not meant.
    let after = made(registry, "agent-2");
    assert_eq!(status(registry, after), Status::Active);
    // An apply that was planned before brings nothing back.
    let updated = registry.update(
        &actor(),
        hit,
        before.revision(),
        before.declaration().clone(),
        &nothing(),
    );
    assert_eq!(updated.unwrap_err().code(), "NHI-SUSPENDED");
    assert!(
        resumed(registry, hit, actor().as_str()).is_err(),
        "nor does who threw it, alone"
    );
    resumed(registry, hit, "other").unwrap();
    assert_eq!(status(registry, hit), Status::Active);
    // The same selector has one record, and its next throw counts anew.
    fixture.clock.set(START - 3600);
    let again = registry
        .throw_kill_switch(&actor(), &named("agent-*"), "again")
        .unwrap();
    assert_eq!(
        (
            again.epoch(),
            registry
                .list_records::<Kill>(&nhi_registry::RecordFilter::default())
                .unwrap()
                .len()
        ),
        (2, 1)
    );
    fixture.clock.set(START);
    for id in [hit, after] {
        assert_eq!(
            status(registry, id),
            Status::Suspended,
            "a clock that was set back stands in no way"
        );
    }
    registry
        .throw_kill_switch(&actor(), &named("none-*"), "nobody")
        .unwrap();
    let actions: Vec<_> = registry
        .audit(1, 100)
        .unwrap()
        .into_iter()
        .map(|row| row.action)
        .collect();
    assert_eq!(actions.iter().filter(|action| *action == "kill.thrown").count(), 3);
}

#[test]
fn it_holds_in_a_copy_and_for_a_copy_that_is_older() {
    for from in Fixture::each() {
        let registry = from.open();
        let id = made(&*registry, "agent-1");
        registry.throw_kill_switch(&actor(), &named("*"), "leaked").unwrap();
        let to = Fixture::new();
        let at = |place: &str| nhi_registry::Location::parse(place).unwrap();
        copy(
            &at(&from.place()),
            &at(&to.place()),
            Stillness::Snapshot,
            &Options::default(),
        )
        .unwrap();
        let copied = open_at(&to.place(), to.clock.options());
        assert_eq!(status(&*copied, id), Status::Suspended);
        assert_intact(&*copied);
        assert_eq!(copied.list(&Filter::default()).unwrap().len(), 1);
    }
}

/// Writers and the switch at the same time, as threads of one process with a connection each: whatever order they come
/// in, what was there before the throw is suspended after it, and nothing else is.
#[test]
fn whatever_is_written_at_the_same_time_is_before_or_after() {
    for fixture in Fixture::each() {
        let first = fixture.open();
        let old: Vec<RecordId> = (0..8).map(|number| made(&*first, &format!("agent-{number}"))).collect();
        std::thread::scope(|scope| {
            for (number, id) in old.iter().enumerate() {
                let fixture = &fixture;
                scope.spawn(move || {
                    let registry = fixture.open();
                    // A change planned before the throw: it is written, or refused because the throw came first.
                    let identity = registry.get(*id).unwrap().unwrap();
                    let declared = identity.declaration().with_owner(
                        identity.declaration().technical_owner(),
                        &nhi_governance::Owner::parse("team:intake").unwrap(),
                    );
                    drop(registry.update(&actor(), *id, identity.revision(), declared.unwrap(), &nothing()));
                    made(&*registry, &format!("agent-new-{number}"));
                });
            }
            let fixture = &fixture;
            scope.spawn(move || {
                let registry = fixture.open();
                registry
                    .throw_kill_switch(&actor(), &named("agent-*"), "leaked")
                    .unwrap();
            });
        });
        for id in &old {
            assert_eq!(status(&*first, *id), Status::Suspended);
        }
        let rows = first.audit(1, 1000).unwrap();
        let thrown = rows.iter().find(|row| row.action == "kill.thrown").unwrap().seq;
        for row in rows.iter().filter(|row| row.action == "identity.created") {
            let id = RecordId::parse(&row.subject).unwrap();
            assert_eq!(
                status(&*first, id) == Status::Suspended,
                row.seq < thrown,
                "row {}",
                row.seq
            );
        }
        assert_intact(&*first);
        let none = Context::default();
        let identity = first.get(old[0]).unwrap().unwrap();
        assert_eq!(
            identity.status(first.now().unwrap(), &none),
            Status::Active,
            "nothing was written down"
        );
    }
}
