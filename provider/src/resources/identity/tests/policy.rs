//! What the resource does under an organisation's own policy.

use tfplugin::server::Provider as _;

use super::*;
use crate::provider::Nhi;

/// A policy under which writing weighs more, and names are marked.
const STRICT: &str = "organisation = \"example\"\nscoring {\n  write = 30\n}\nnaming {\n  patterns = [\"app-*\"]\n}\n";

/// Another provider process on the registry of a house.
async fn provider(house: &House, policy: Value) -> Nhi {
    let provider = House::provider();
    let registry = house.directory.path().join("registry.db").display().to_string();
    let config = Value::object([
        ("registry", Value::from(registry)),
        ("trust_domain", "example.org".into()),
        ("policy", policy),
        // As the house does: what a policy makes of an identity is looked at here, and approvals elsewhere.
        ("enforcement", "warn".into()),
    ]);
    let told: Vec<_> = provider.configure(config).await.into_iter().collect();
    assert_eq!(told, []);
    provider
}

fn policy(house: &House, text: &str) -> Value {
    let path = house.directory.path().join("nhi.hcl");
    std::fs::write(&path, text).unwrap();
    path.display().to_string().into()
}

#[tokio::test]
async fn the_policy_decides_score_name_and_tier() {
    let mut house = House::new().await;
    let lax = house.plan(&Value::Null, &config(&[])).await.planned;
    let strict = policy(&house, STRICT);
    house.provider = provider(&house, strict).await;
    let refused = house.plan(&Value::Null, &config(&[])).await;
    assert!(
        told(&refused.diagnostics, Severity::Error)[0].contains("pattern"),
        "{:?}",
        refused.diagnostics
    );
    assert!(
        house.resource().validate(&config(&[])).is_empty(),
        "no policy is known when a configuration is validated"
    );
    let named = config(&[("name", "app-reporter".into())]);
    let judged = house.plan(&Value::Null, &named).await.planned;
    assert!(
        judged.get("risk_score").as_i64() > lax.get("risk_score").as_i64(),
        "{judged:?} {lax:?}"
    );
    let created = house.create(&named).await;
    assert_eq!(
        created.state.get("risk_score"),
        judged.get("risk_score"),
        "{:?}",
        created.diagnostics
    );
}

#[tokio::test]
async fn a_policy_that_is_not_known_at_plan_judges_at_apply() {
    let mut house = House::new().await;
    house.provider = provider(&house, Value::UNKNOWN).await;
    let planned = house.plan(&Value::Null, &config(&[])).await;
    assert_eq!(told(&planned.diagnostics, Severity::Error), Vec::<String>::new());
    assert!(
        told(&planned.diagnostics, Severity::Warning)[0].contains("not known"),
        "{:?}",
        planned.diagnostics
    );
    for name in ["risk_score", "risk_tier"] {
        assert!(planned.planned.get(name).is_unknown(), "{name}");
    }
    let blind = house
        .resource()
        .create(CreateRequest {
            config: config(&[]),
            planned: planned.planned.clone(),
            private: vec![],
        })
        .await;
    assert!(
        blind.state.is_null() && blind.diagnostics.has_errors(),
        "nothing is done without a policy"
    );

    let strict = policy(&house, STRICT);
    house.provider = provider(&house, strict).await;
    let applied = house
        .resource()
        .create(CreateRequest {
            config: config(&[]),
            planned: planned.planned,
            private: vec![],
        })
        .await;
    assert!(
        told(&applied.diagnostics, Severity::Error)[0].contains("pattern"),
        "{:?}",
        applied.diagnostics
    );
}

#[tokio::test]
async fn an_apply_under_another_policy_than_the_plan_does_nothing() {
    let mut house = House::new().await;
    let wanted = config(&[("name", "app-reporter".into())]);
    let planned = house.plan(&Value::Null, &wanted).await.planned;
    let state = house.create(&config(&[])).await.state;
    let other = config(&[("ttl", "24h".into())]);
    let changed = house.plan(&state, &other).await.planned;

    let strict = policy(&house, STRICT);
    house.provider = provider(&house, strict).await;
    let created = house
        .resource()
        .create(CreateRequest {
            config: wanted.clone(),
            planned,
            private: vec![],
        })
        .await;
    assert!(created.state.is_null());
    assert!(told(&created.diagnostics, Severity::Error)[0].contains("not the one that the plan"));
    let request = UpdateRequest {
        config: other,
        prior: state.clone(),
        planned: changed,
        private: vec![],
    };
    let updated = house.resource().update(request).await;
    assert_eq!(updated.state, state);
    assert!(updated.diagnostics.has_errors());
    // A new plan shows what the policy in force makes of it, and applies.
    let created = house.create(&wanted).await;
    assert!(!created.diagnostics.has_errors(), "{:?}", created.diagnostics);
}
