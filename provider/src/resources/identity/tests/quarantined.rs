//! What was adopted into quarantine is taken up by an apply, also where nothing is to be changed.

use nhi_governance::{Act, Evidence, Policy, TrustDomain, Ttl, quarantine};
use nhi_registry::{Access, Actor, Location, Options, RecordsExt as _, open};

use super::*;

#[tokio::test]
async fn what_waits_in_quarantine_is_taken_up_by_an_import() {
    let house = House::new().await;
    let wanted = config(&[]);
    let declaration = draft(&wanted).check(&Policy::default()).declaration.unwrap();
    let location = Location::file(&house.directory.path().join("registry.db"));
    let registry = open(&location, Access::Create, Options::default()).unwrap();
    let recorded = registry.writing(&Actor::new("adopter"), |writer| {
        let none = Evidence::default();
        let act = Act {
            by: "adopter",
            evidence: &none,
            policy: writer.policy(),
            now: writer.now(),
        };
        let (id, deadline) = (writer.next_id()?, Ttl::parse("48h").unwrap());
        let found = quarantine(
            id,
            &TrustDomain::default(),
            declaration.clone(),
            &deadline,
            "found",
            &act,
        )?;
        writer.insert(found, &none)
    });
    let id = recorded.unwrap().id().to_string();

    let state = house.resource().import(id.clone()).await.state;
    assert_eq!(state.get("status").as_str(), Some("quarantined"));
    let plan = house.plan(&state, &wanted).await;
    assert!(
        plan.planned.get("status").is_unknown() && plan.requires_replace.is_empty(),
        "changed in place"
    );
    let active = house.update(&state, &wanted).await.state;
    assert_eq!(active.get("status").as_str(), Some("active"));
    assert_eq!(active.get("id").as_str(), Some(id.as_str()));
    assert_eq!(
        house.plan(&active, &wanted).await.planned,
        active,
        "nothing is left to do"
    );
}
