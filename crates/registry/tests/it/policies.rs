//! The policy in force: nothing is granted under a looser one, in either backend, whoever asks and however.

use std::sync::Arc;

use nhi_governance::{Declaration, Digest, Evidence, Grant as Declared, Identity, Policy, Registered, Terms, Ttl};
use nhi_registry::{Options, RecordsExt as _, Registry};

use crate::support::{Fixture, actor, assert_intact, declaration, nothing, open_at, trust_domain};

fn policy(hours: u64) -> Policy {
    let mut terms = Terms::default();
    terms.tier.low.identity_ttl_max = Ttl::from_seconds(hours * 3600);
    Policy::new(terms).unwrap()
}

fn under(fixture: &Fixture, policy: Policy) -> Box<dyn Registry> {
    let options = Options {
        policy: Arc::new(policy),
        ..fixture.clock.options()
    };
    open_at(&fixture.place(), options)
}

fn agreed(first: u8) -> Evidence {
    Evidence {
        request: Some(Digest::of(&[first])),
        approvals: [0, 1, 2].map(|number| Digest::of(&[first, number])).into(),
        approved_by: ["carol", "dave", "erin"].map(str::to_owned).into(),
        waived: false,
    }
}

fn create(registry: &dyn Registry, declared: Declaration) -> Result<Identity, &'static str> {
    let created = registry.create(&actor(), &trust_domain(), declared, &nothing());
    created.map(|created| created.identity).map_err(|error| error.code())
}

pub(crate) fn nothing_is_granted_under_a_looser_policy(_: &dyn Registry, fixture: &Fixture) {
    let base = under(fixture, policy(4000));
    // Until somebody puts one in force there is nothing to compare with.
    let identity = create(&*base, declaration("first")).unwrap();
    assert!(base.policy_in_force().unwrap().is_none());
    let put = base.put_policy_in_force(&actor(), &Evidence::default()).unwrap();
    assert_eq!(put.policy().digest(), policy(4000).digest());
    let rows = base.verify().unwrap().rows;
    base.put_policy_in_force(&actor(), &Evidence::default()).unwrap();
    assert_eq!(base.verify().unwrap().rows, rows, "a second time changes nothing");

    let lax = under(fixture, policy(4001));
    let looser = "NHI-POLICY-LOOSER";
    assert_eq!(create(&*lax, declaration("second")), Err(looser));
    let change = lax.update(&actor(), identity.id(), 1, declaration("first"), &nothing());
    assert_eq!(change.unwrap_err().code(), looser);
    let key = nhi_registry::Key {
        environment: "staging",
        key: "x",
    };
    let declared = lax.declare::<Registered<Declared>>(&actor(), &nothing(), key, |_, _, _, _| unreachable!());
    assert_eq!(declared.unwrap_err().code(), looser);
    // What only takes away never asks.
    lax.confirm(&actor(), &[identity.id()]).unwrap();
    lax.revoke(&actor(), identity.id(), "x").unwrap();

    // By the approvals of the change, each of them once.
    assert_eq!(
        lax.put_policy_in_force(&actor(), &nothing())
            .map(drop)
            .map_err(|error| error.code()),
        Ok(()),
        "waived"
    );
    let laxer = under(fixture, policy(4002));
    let refused = laxer.put_policy_in_force(&actor(), &Evidence::default());
    assert_eq!(refused.unwrap_err().code(), "NHI-APPROVAL");
    laxer.put_policy_in_force(&actor(), &agreed(1)).unwrap();
    create(&*laxer, declaration("second")).unwrap();
    assert!(laxer.consumption(agreed(1).approvals[0]).unwrap().is_some());
    let strict = under(fixture, policy(3999));
    strict.put_policy_in_force(&actor(), &Evidence::default()).unwrap();
    assert_eq!(
        create(&*laxer, declaration("third")),
        Err(looser),
        "whoever has the older file is held to the new one"
    );
    let replayed = laxer.put_policy_in_force(&actor(), &agreed(1)).unwrap_err();
    assert_eq!(replayed.code(), "NHI-REGISTRY-APPROVAL");
    laxer.put_policy_in_force(&actor(), &agreed(2)).unwrap();
    // A stricter one may be used without being put in force by whoever grants.
    create(&*strict, declaration("third")).unwrap();
    let actions: Vec<_> = laxer.audit(1, 100).unwrap().into_iter().map(|row| row.action).collect();
    let of_policy: Vec<_> = actions.iter().filter(|action| action.starts_with("policy.")).collect();
    assert_eq!(
        of_policy,
        [
            "policy.adopted",
            "policy.loosened",
            "policy.loosened",
            "policy.tightened",
            "policy.loosened"
        ]
    );
    assert_intact(&*laxer);
}

#[test]
fn of_many_who_put_it_in_force_one_writes() {
    for fixture in Fixture::each() {
        under(&fixture, policy(4000))
            .put_policy_in_force(&actor(), &Evidence::default())
            .unwrap();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    under(&fixture, policy(3000))
                        .put_policy_in_force(&actor(), &Evidence::default())
                        .unwrap()
                });
            }
        });
        let registry = under(&fixture, policy(3000));
        assert_eq!(registry.verify().unwrap().rows, 2);
        assert_intact(&*registry);
    }
}
