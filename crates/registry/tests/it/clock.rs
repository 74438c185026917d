//! Clocks that walk: an identity never comes back to life and never gains time.

use nhi_governance::{Context, Draft, Given, Status, Timestamp};
use nhi_registry::{CLOCK_SKEW_SECONDS_MAX, Registry};

use crate::support::{
    Fixture, Random, START, actor, assert_intact, declaration, declare, draft, nothing, trust_domain,
};

pub(crate) fn a_clock_set_back_grants_nothing_and_revokes_still(registry: &dyn Registry, fixture: &Fixture) {
    let first = registry
        .create(&actor(), &trust_domain(), declaration("a"), &nothing())
        .unwrap()
        .identity;
    fixture.clock.set(START - CLOCK_SKEW_SECONDS_MAX);
    let second = registry
        .create(&actor(), &trust_domain(), declaration("b"), &nothing())
        .unwrap()
        .identity;
    assert_eq!(
        second.issued_at(),
        Timestamp::from_unix(START),
        "within the skew the later time counts"
    );

    fixture.clock.set(START - CLOCK_SKEW_SECONDS_MAX - 1);
    let renewal = declare(&Draft {
        generation: Given::Known(1),
        ..draft("a")
    });
    let refused = [
        registry
            .create(&actor(), &trust_domain(), declaration("c"), &nothing())
            .map(|_| ())
            .unwrap_err(),
        registry
            .update(&actor(), first.id(), 1, renewal.clone(), &nothing())
            .map(|_| ())
            .unwrap_err(),
    ];
    for error in refused {
        assert_eq!(error.code(), "NHI-REGISTRY-CLOCK");
    }
    assert_eq!(registry.now().unwrap(), Timestamp::from_unix(START));
    registry.confirm(&actor(), &[first.id()]).unwrap();
    let revoked = registry.revoke(&actor(), second.id(), "kill").unwrap();
    assert_eq!(revoked.revoked_at(), Some(Timestamp::from_unix(START)));
}

pub(crate) fn a_clock_that_ran_ahead_is_recovered_from_on_record(registry: &dyn Registry, fixture: &Fixture) {
    let year = 365 * 86_400;
    fixture.clock.set(START + 10 * year);
    let id = registry
        .create(&actor(), &trust_domain(), declaration("a"), &nothing())
        .unwrap()
        .identity
        .id();
    fixture.clock.set(START);
    assert_eq!(
        registry
            .create(&actor(), &trust_domain(), declaration("b"), &nothing())
            .unwrap_err()
            .code(),
        "NHI-REGISTRY-CLOCK"
    );
    assert_eq!(
        registry.accept_clock(&actor(), "the host had a wrong date").unwrap(),
        Timestamp::from_unix(START)
    );
    registry
        .create(&actor(), &trust_domain(), declaration("b"), &nothing())
        .unwrap();
    let row = registry.audit(2, 1).unwrap().remove(0);
    assert_eq!(
        (row.action.as_str(), row.time.as_str()),
        ("clock.accepted", "2026-11-22T00:00:00Z")
    );
    assert!(row.payload.contains("the host had a wrong date"));
    assert_eq!(
        registry
            .get(id)
            .unwrap()
            .unwrap()
            .status(registry.now().unwrap(), &Context::default()),
        Status::Active
    );
}

/// Random walks of ±10 years, with writes between: once expired, never usable again without a renewal; and no life is
/// longer than its ttl by more than the skew, measured by a clock that only goes forward.
#[test]
fn random_walks() {
    let (mut random, seed) = Random::seeded();
    let (walks, steps) = (60, 40);
    let mut failures = 0;
    for _ in 0..walks {
        let fixture = Fixture::new();
        let registry = fixture.open();
        let subject = registry
            .create(&actor(), &trust_domain(), declaration("subject"), &nothing())
            .unwrap()
            .identity;
        let victim = registry
            .create(&actor(), &trust_domain(), declaration("victim"), &nothing())
            .unwrap()
            .identity;
        let mut expired = false;
        for step in 0..steps {
            let jump = i64::try_from(random.below(20)).unwrap() - 10;
            let unit = [1, 3600, 86_400, 365 * 86_400][random.below(4)];
            fixture.clock.set(fixture.clock.read() + jump * unit);
            let now = registry.now().unwrap();
            // Only what is on record survives a restart, so the walk also writes.
            match registry.create(
                &actor(),
                &trust_domain(),
                declaration(&format!("other{step}")),
                &nothing(),
            ) {
                Ok(created) => failures += usize::from(created.identity.issued_at() < now),
                Err(error) => {
                    failures += usize::from(error.code() != "NHI-REGISTRY-CLOCK");
                    registry.revoke(&actor(), victim.id(), "kill").unwrap();
                }
            }
            let found = registry.get(subject.id()).unwrap().unwrap();
            let usable = found.status(registry.now().unwrap(), &Context::default()).is_usable();
            failures += usize::from(expired && usable);
            failures += usize::from(usable && found.expires_at() != subject.expires_at());
            expired |= !usable;
        }
        assert_intact(&registry);
    }
    println!("clock walks: {} cases, {failures} failures, seed {seed}", walks * steps);
    assert_eq!(failures, 0);
}

/// The same for a record of every kind at once, through the registry: what ran out stays so, and no end moves.
#[test]
fn every_kind_walks() {
    use nhi_governance::{BreakGlass, Exception, Grant, Identity, Record as _, Registered, Team, Vendor};
    use nhi_registry::{RecordFilter, RecordsExt as _};

    let (mut random, seed) = Random::seeded();
    let (walks, steps) = (12, 40);
    let (mut cases, mut failures) = (0, 0);
    for _ in 0..walks {
        let fixture = Fixture::new();
        let registry = fixture.open();
        for name in [
            "create",
            "grant create",
            "exception create",
            "break-glass create",
            "team create",
            "vendor create",
        ] {
            (crate::operations::operation(name).act)(&*registry).unwrap();
        }
        let all = RecordFilter::default();
        let found = |registry: &dyn Registry| {
            registry
                .reading(|view| {
                    let now = view.now()?;
                    let none = Context::default();
                    let identity: Identity = view.list(&all)?.remove(0);
                    let grant: Registered<Grant> = view.list(&all)?.remove(0);
                    let exception: Registered<Exception> = view.list(&all)?.remove(0);
                    let glass: Registered<BreakGlass> = view.list(&all)?.remove(0);
                    let team: Registered<Team> = view.list(&all)?.remove(0);
                    let vendor: Registered<Vendor> = view.list(&all)?.remove(0);
                    let ends = [
                        Some(identity.expires_at()),
                        grant.state().expires_at,
                        Some(glass.test_due_at()),
                    ];
                    let good = [
                        identity.status(now, &none).is_usable(),
                        grant.standing(now, Some(&identity), &none).is_good,
                        exception.standing(now).is_good,
                        glass.standing(now).is_good,
                        team.standing().is_good,
                        vendor.standing(now).is_good,
                    ];
                    Ok((good, ends, identity.revision() + grant.revision()))
                })
                .unwrap()
        };
        let first = found(&*registry);
        let mut over = [false; 6];
        for step in 0..steps {
            let jump = i64::try_from(random.below(20)).unwrap() - 10;
            let unit = [1, 3600, 86_400, 365 * 86_400][random.below(4)];
            fixture.clock.set(fixture.clock.read() + jump * unit);
            // Only what is on record survives, so the walk also writes.
            let other = registry.create(&actor(), &trust_domain(), declaration(&format!("z{step}")), &nothing());
            failures += usize::from(other.is_err_and(|error| error.code() != "NHI-REGISTRY-CLOCK"));
            let now = found(&*registry);
            failures += usize::from((now.1, now.2) != (first.1, first.2));
            for (is_good, over) in now.0.into_iter().zip(&mut over) {
                cases += 1;
                failures += usize::from(is_good && *over);
                *over |= !is_good;
            }
        }
        assert_intact(&registry);
    }
    println!("clock walks of every kind: {cases} cases, {failures} failures, seed {seed}");
    assert_eq!(failures, 0);
}
