//! Approvals: each is good for one use, in the transaction that uses it.

use nhi_governance::{Draft, Evidence};
use nhi_registry::Registry;

use crate::support::{Fixture, actor, declaration, declare, draft, evidence, trust_domain};

pub(crate) fn an_approval_is_good_for_one_use(registry: &dyn Registry, fixture: &Fixture) {
    let first = registry
        .create(&actor(), &trust_domain(), declaration("deployer"), &evidence(1))
        .unwrap()
        .identity;
    let used = registry.consumption(evidence(1).approvals[0]).unwrap().unwrap();
    assert_eq!(
        (used.request, used.subject),
        (evidence(1).request.unwrap(), first.id().to_string())
    );
    let row = registry.audit(1, 1).unwrap().remove(0);
    for member in ["approvals", "request"] {
        assert!(row.payload.contains(&format!("\"{member}\":")), "{}", row.payload);
    }
    assert!(
        row.payload.contains(r#""approved_by":["alice","bob"]"#),
        "{}",
        row.payload
    );

    let partly = Evidence {
        approvals: vec![evidence(2).approvals[0], evidence(1).approvals[1]],
        ..evidence(2)
    };
    let longer = declare(&Draft {
        ttl: "24h".into(),
        ..draft("deployer")
    });
    let refused = [
        registry
            .create(&actor(), &trust_domain(), declaration("other"), &evidence(1))
            .map(|_| ())
            .unwrap_err(),
        registry
            .create(&actor(), &trust_domain(), declaration("other"), &partly)
            .map(|_| ())
            .unwrap_err(),
        registry
            .update(&actor(), first.id(), 1, longer.clone(), &evidence(1))
            .map(|_| ())
            .unwrap_err(),
    ];
    for error in refused {
        assert_eq!(error.code(), "NHI-REGISTRY-APPROVAL");
        assert!(error.to_string().contains(&first.id().to_string()), "{error}");
    }
    assert_eq!(
        registry.consumption(evidence(2).approvals[0]).unwrap(),
        None,
        "nothing is used by what is refused"
    );
    let unbound = Evidence {
        request: None,
        ..evidence(3)
    };
    let error = registry
        .create(&actor(), &trust_domain(), declaration("other"), &unbound)
        .unwrap_err();
    assert_eq!(error.code(), "NHI-REGISTRY-APPROVAL");
    registry.update(&actor(), first.id(), 1, longer, &evidence(2)).unwrap();
    assert_eq!(registry.audit(1, 1000).unwrap().len(), 2);

    // A creation that was cut off has used its approvals, and whoever takes it up hands over the same.
    let cut_off = fixture.cut_off_with(declaration("worker"), &evidence(4)).identity;
    let stolen = Evidence {
        request: evidence(5).request,
        ..evidence(4)
    };
    let error = registry
        .create(&actor(), &trust_domain(), declaration("worker"), &stolen)
        .unwrap_err();
    assert_eq!(error.code(), "NHI-REGISTRY-APPROVAL", "of another request");
    let again = registry
        .create(&actor(), &trust_domain(), declaration("worker"), &evidence(4))
        .unwrap();
    assert!(again.adopted && again.identity.id() == cut_off.id());
}
