//! What every registry has to hold, whatever keeps its rows: a new implementation adds one line to `everywhere!`.

use nhi_governance::{Context, Draft, Environment, Given, Name, RecordId, Status, Timestamp};
use nhi_registry::{Filter, Registry, RegistryError};

use crate::support::{Fixture, START, actor, assert_intact, declaration, declare, draft, nothing, trust_domain};

fn actions(registry: &dyn Registry) -> Vec<String> {
    registry
        .audit(1, 1000)
        .unwrap()
        .into_iter()
        .map(|row| row.action)
        .collect()
}

fn nobody() -> RecordId {
    RecordId::parse("01ARZ3NDEKTSV4RRFFQ69G5FAV").unwrap()
}

fn creates_and_finds(registry: &dyn Registry, _: &Fixture) {
    let created = registry
        .create(&actor(), &trust_domain(), declaration("deployer"), &nothing())
        .unwrap();
    let identity = created.identity;
    assert!(!created.adopted && !identity.is_confirmed());
    assert_eq!(identity.revision(), 1);
    assert_eq!(identity.spiffe_id().as_str(), "spiffe://nhi.internal/staging/deployer");
    assert_eq!(identity.issued_at(), Timestamp::from_unix(START));
    assert_eq!(identity.expires_at(), Timestamp::from_unix(START + 720 * 3600));
    assert_eq!(registry.get(identity.id()).unwrap().as_ref(), Some(&identity));
    let (environment, name) = (Environment::parse("staging").unwrap(), Name::parse("deployer").unwrap());
    assert_eq!(registry.find_live(&environment, &name).unwrap(), Some(identity));
    assert_eq!(
        registry
            .find_live(&Environment::parse("other").unwrap(), &name)
            .unwrap(),
        None
    );
    assert_eq!(registry.get(nobody()).unwrap(), None);
    assert_eq!(actions(registry), ["identity.created"]);
}

fn adopts_only_what_was_interrupted(registry: &dyn Registry, fixture: &Fixture) {
    let first = fixture.cut_off(declaration("deployer")).identity;
    fixture.clock.set(START + 100);
    let again = registry
        .create(&actor(), &trust_domain(), declaration("deployer"), &nothing())
        .unwrap();
    assert!(again.adopted);
    assert_eq!(again.identity, first, "an adopted identity keeps its id and its end");

    let other = declare(&Draft {
        ttl: "719h".into(),
        ..draft("deployer")
    });
    let error = registry
        .create(&actor(), &trust_domain(), other, &nothing())
        .unwrap_err();
    assert!(
        matches!(&error, RegistryError::Exists { id, .. } if *id == first.id()),
        "{error}"
    );
    assert!(error.help().contains(&first.id().to_string()));

    registry.confirm(&actor(), &[first.id()]).unwrap();
    let error = registry
        .create(&actor(), &trust_domain(), declaration("deployer"), &nothing())
        .unwrap_err();
    assert_eq!(error.code(), "NHI-REGISTRY-EXISTS");
    assert_eq!(
        registry.get(first.id()).unwrap().unwrap().revision(),
        1,
        "confirming is no change of what is declared"
    );
    assert_eq!(
        actions(registry),
        ["identity.created", "identity.adopted", "identity.confirmed"]
    );
}

fn never_adopts_what_is_under_way(registry: &dyn Registry, fixture: &Fixture) {
    let busy = fixture.open();
    let first = busy
        .create(&actor(), &trust_domain(), declaration("deployer"), &nothing())
        .unwrap();
    let refuse = |registry: &dyn Registry| {
        let error = registry
            .create(&actor(), &trust_domain(), declaration("deployer"), &nothing())
            .unwrap_err();
        assert_eq!(error.code(), "NHI-REGISTRY-EXISTS");
        assert!(
            matches!(&error, RegistryError::Creating { id, .. } if *id == first.identity.id()),
            "{error}"
        );
    };
    refuse(&*busy);
    refuse(registry);
    drop(busy);
    let taken_up = registry
        .create(&actor(), &trust_domain(), declaration("deployer"), &nothing())
        .unwrap();
    assert!(taken_up.adopted);
    // Whoever took it up is now the one who is busy with it.
    refuse(registry);
    refuse(&*fixture.open());
    assert_eq!(actions(registry), ["identity.created", "identity.adopted"]);
}

fn expired_is_not_adopted(registry: &dyn Registry, fixture: &Fixture) {
    fixture.cut_off(declaration("deployer"));
    fixture.clock.set(START + 720 * 3600);
    let error = registry
        .create(&actor(), &trust_domain(), declaration("deployer"), &nothing())
        .unwrap_err();
    assert_eq!(error.code(), "NHI-REGISTRY-EXISTS");
}

fn updates_by_revision(registry: &dyn Registry, fixture: &Fixture) {
    let first = registry
        .create(&actor(), &trust_domain(), declaration("deployer"), &nothing())
        .unwrap()
        .identity;
    fixture.clock.set(START + 1000);
    let shorter = declare(&Draft {
        ttl: "24h".into(),
        ..draft("deployer")
    });
    let second = registry
        .update(&actor(), first.id(), 1, shorter.clone(), &nothing())
        .unwrap();
    assert_eq!((second.revision(), second.issued_at()), (2, first.issued_at()));
    assert_eq!(
        second.expires_at(),
        Timestamp::from_unix(START + 86_400),
        "a ttl counts from the issue, not from the apply"
    );
    assert!(second.is_confirmed());

    let error = registry
        .update(&actor(), first.id(), 1, declaration("deployer"), &nothing())
        .unwrap_err();
    assert!(
        matches!(
            error,
            RegistryError::Stale {
                expected: 1,
                found: 2,
                ..
            }
        ),
        "{error}"
    );
    let same = registry.update(&actor(), first.id(), 2, shorter, &nothing()).unwrap();
    assert_eq!(same, second, "an update without a change changes nothing");
    let moved = declare(&Draft {
        environment: "other".into(),
        ..draft("deployer")
    });
    assert_eq!(
        registry
            .update(&actor(), first.id(), 2, moved, &nothing())
            .unwrap_err()
            .code(),
        "NHI-FIXED"
    );
    let missing = registry
        .update(&actor(), nobody(), 1, declaration("deployer"), &nothing())
        .unwrap_err();
    assert_eq!(missing.code(), "NHI-REGISTRY-NOT-FOUND");
    assert_eq!(actions(registry), ["identity.created", "identity.updated"]);
}

fn a_thousand_applies_extend_nothing(registry: &dyn Registry, fixture: &Fixture) {
    let first = registry
        .create(&actor(), &trust_domain(), declaration("deployer"), &nothing())
        .unwrap()
        .identity;
    registry.confirm(&actor(), &[first.id()]).unwrap();
    for number in 0..1000 {
        fixture.clock.set(START + number * 60);
        let identity = registry
            .update(&actor(), first.id(), 1, declaration("deployer"), &nothing())
            .unwrap();
        assert_eq!(identity.expires_at(), first.expires_at());
    }
    assert_eq!(actions(registry).len(), 2);
}

fn renews_by_generation_only(registry: &dyn Registry, fixture: &Fixture) {
    let id = registry
        .create(&actor(), &trust_domain(), declaration("deployer"), &nothing())
        .unwrap()
        .identity
        .id();
    let after_end = START + 721 * 3600;
    fixture.clock.set(after_end);
    assert_eq!(
        registry
            .get(id)
            .unwrap()
            .unwrap()
            .status(registry.now().unwrap(), &Context::default()),
        Status::Expired
    );
    let longer = declare(&Draft {
        ttl: "800h".into(),
        ..draft("deployer")
    });
    assert_eq!(
        registry.update(&actor(), id, 1, longer, &nothing()).unwrap_err().code(),
        "NHI-EXPIRED"
    );

    let with = |generation| {
        declare(&Draft {
            generation: Given::Known(generation),
            ..draft("deployer")
        })
    };
    let renewed = registry.update(&actor(), id, 1, with(2), &nothing()).unwrap();
    assert_eq!(renewed.issued_at(), Timestamp::from_unix(after_end));
    assert_eq!(
        renewed.status(registry.now().unwrap(), &Context::default()),
        Status::Active
    );
    assert_eq!(
        registry
            .update(&actor(), id, 2, with(1), &nothing())
            .unwrap_err()
            .code(),
        "NHI-GENERATION"
    );
    assert_eq!(actions(registry), ["identity.created", "identity.renewed"]);
}

fn revokes_for_good(registry: &dyn Registry, _: &Fixture) {
    let first = registry
        .create(&actor(), &trust_domain(), declaration("deployer"), &nothing())
        .unwrap()
        .identity;
    let revoked = registry.revoke(&actor(), first.id(), "destroyed\u{1b}[2J").unwrap();
    let standing = revoked.standing(registry.now().unwrap(), &Context::default());
    assert_eq!(standing.status, Status::Revoked);
    assert!(standing.reason.contains("destroyed[2J"), "{standing:?}");
    assert_eq!(registry.revoke(&actor(), first.id(), "again").unwrap(), revoked);
    assert_eq!(registry.get(first.id()).unwrap(), Some(revoked), "the tombstone stays");
    assert_eq!(
        registry
            .update(&actor(), first.id(), 2, declaration("deployer"), &nothing())
            .unwrap_err()
            .code(),
        "NHI-REVOKED"
    );

    let second = registry
        .create(&actor(), &trust_domain(), declaration("deployer"), &nothing())
        .unwrap();
    assert!(!second.adopted && second.identity.id() != first.id());
    assert_eq!(registry.list(&Filter::default()).unwrap().len(), 1);
    assert_eq!(
        registry
            .list(&Filter {
                with_revoked: true,
                ..Filter::default()
            })
            .unwrap()
            .len(),
        2
    );
    assert_eq!(
        registry.revoke(&actor(), nobody(), "x").unwrap_err().code(),
        "NHI-REGISTRY-NOT-FOUND"
    );
    assert_eq!(
        actions(registry),
        ["identity.created", "identity.revoked", "identity.created"]
    );
}

fn confirms_once(registry: &dyn Registry, _: &Fixture) {
    let ids: Vec<_> = ["a", "b", "c"]
        .map(|name| {
            registry
                .create(&actor(), &trust_domain(), declaration(name), &nothing())
                .unwrap()
                .identity
                .id()
        })
        .to_vec();
    registry.confirm(&actor(), &ids).unwrap();
    registry.confirm(&actor(), &ids).unwrap();
    registry.confirm(&actor(), &[]).unwrap();
    assert_eq!(
        actions(registry)
            .iter()
            .filter(|action| *action == "identity.confirmed")
            .count(),
        3
    );
    assert_eq!(
        registry.confirm(&actor(), &[nobody()]).unwrap_err().code(),
        "NHI-REGISTRY-NOT-FOUND"
    );
    let new = registry
        .create(&actor(), &trust_domain(), declaration("d"), &nothing())
        .unwrap()
        .identity;
    registry.confirm(&actor(), &[new.id(), nobody()]).unwrap_err();
    assert!(!registry.get(new.id()).unwrap().unwrap().is_confirmed(), "all or none");
}

fn lists_and_reads_the_log(registry: &dyn Registry, fixture: &Fixture) {
    fixture.fill(registry);
    let names = |filter: &Filter| {
        let identities = registry.list(filter).unwrap();
        identities
            .iter()
            .map(|identity| identity.declaration().name().to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        names(&Filter::default()),
        ["last", "svc0", "svc1", "svc2", "svc3", "svc5"]
    );
    let environment = Some(Environment::parse("production").unwrap());
    assert!(
        names(&Filter {
            environment,
            ..Filter::default()
        })
        .is_empty()
    );
    let name = Some(Name::parse("svc4").unwrap());
    assert_eq!(
        names(&Filter {
            name,
            with_revoked: true,
            ..Filter::default()
        }),
        ["svc4"]
    );

    let rows = registry.audit(1, 1000).unwrap();
    assert!(rows.iter().map(|row| row.seq).eq(1..=13), "{}", rows.len());
    assert_eq!(registry.audit(5, 2).unwrap(), rows[4..6]);
    assert!(registry.audit(1_000_000, 5).unwrap().is_empty() && registry.audit(u64::MAX, 5).unwrap().is_empty());
    assert!(
        rows.iter()
            .all(|row| row.actor == "tester@localhost" && row.expected_hash() == row.hash)
    );
    let updated = rows.iter().find(|row| row.action == "identity.updated").unwrap();
    assert!(
        updated
            .payload
            .contains(r#""changes":{"ttl":{"from":"720h","to":"24h"}}"#),
        "{}",
        updated.payload
    );
    let verification = registry.verify().unwrap();
    assert_eq!(
        (verification.rows, verification.identities, verification.head),
        (13, 7, rows[12].hash)
    );
}

fn counts_incarnations_and_knows_itself(registry: &dyn Registry, fixture: &Fixture) {
    let (environment, name) = (Environment::parse("staging").unwrap(), Name::parse("deployer").unwrap());
    for count in 0..3 {
        assert_eq!(registry.incarnations(&environment, &name).unwrap(), count);
        let created = registry
            .create(&actor(), &trust_domain(), declaration("deployer"), &nothing())
            .unwrap();
        registry.revoke(&actor(), created.identity.id(), "done").unwrap();
    }
    let id = registry.registry_id().unwrap();
    assert!(RecordId::parse(&id).is_ok(), "{id}");
    assert_eq!(fixture.open().registry_id().unwrap(), id);
    assert_eq!(registry.verify().unwrap().registry_id, id);
}

/// A test of each case for each backend.
macro_rules! everywhere {
    ($($module:ident: $($case:ident),+;)+) => {
        mod postgres {
            $($(
                #[test]
                fn $case() {
                    if let Some(fixture) = super::Fixture::postgres() {
                        super::run(&fixture, super::$module::$case);
                    }
                }
            )+)+
        }

        mod sqlite {
            $($(#[test] fn $case() { super::run(&super::Fixture::new(), super::$module::$case); })+)+
        }
    };
}

fn run(fixture: &Fixture, case: fn(&dyn Registry, &Fixture)) {
    let registry = fixture.open();
    case(&*registry, fixture);
    assert_intact(&*registry);
}

use super::conformance as identities;
use super::{approvals, clock, history, kills, kinds, policies, records};

everywhere!(
    approvals:
        an_approval_is_good_for_one_use;
    clock:
        a_clock_set_back_grants_nothing_and_revokes_still,
        a_clock_that_ran_ahead_is_recovered_from_on_record;
    history:
        the_log_tells_what_the_records_say;
    identities:
        a_thousand_applies_extend_nothing,
        adopts_only_what_was_interrupted,
        confirms_once,
        counts_incarnations_and_knows_itself,
        creates_and_finds,
        expired_is_not_adopted,
        lists_and_reads_the_log,
        never_adopts_what_is_under_way,
        renews_by_generation_only,
        revokes_for_good,
        updates_by_revision;
    kills:
        a_throw_holds_whatever_is_written_meanwhile;
    kinds:
        a_round_is_closed_as_a_whole,
        broken_glass_is_opened_once_and_reviewed_even_after_its_end;
    policies:
        nothing_is_granted_under_a_looser_policy;
    records:
        a_cut_off_record_is_taken_up,
        a_record_of_any_kind_lives,
        many_are_found_by_their_ids,
        the_writer_vouches_for_what_it_writes,
        what_decides_is_held_to_what_was_asked;
);
