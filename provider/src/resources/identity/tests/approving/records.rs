//! What needs approvals besides identities: an exception and a break-glass access, of tier critical whoever asks.

use nhi_governance::{BreakGlass, Declared, Exception, Registered};
use nhi_registry::RecordsExt as _;

use super::*;

/// A provider by whose trust root a tier critical can be approved.
async fn provider(house: &Enforced, enforcement: &str) -> Nhi {
    let text = root() + &person("carol", "  roles = [\"security\"]\n") + &person("dave", "");
    let path = house.0.directory.path().join("wide.hcl");
    std::fs::write(&path, &text).unwrap();
    let provider = House::provider();
    // What belongs to no environment is waived only where every environment that there is says so.
    let policy = house.0.directory.path().join("waiving.hcl");
    std::fs::write(&policy, "environment \"staging\" {\n  warn = true\n}\n").unwrap();
    let waives = enforcement == "warn";
    let block = [
        (
            "policy",
            if waives {
                Value::from(policy.display().to_string())
            } else {
                Value::Null
            },
        ),
        ("approvers", Value::from(path.display().to_string())),
        ("approvers_digest", Digest::of(text.as_bytes()).to_string().into()),
        ("enforcement", enforcement.into()),
    ];
    assert!(house.configured(&provider, &block).await.is_empty());
    provider
}

fn named(provider: &Nhi, type_name: &str) -> Arc<dyn Resource> {
    let mut resources = provider.resources().iter();
    let found = resources.find(|resource| resource.type_name() == type_name);
    Arc::clone(found.unwrap())
}

fn exception() -> Value {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let end = Timestamp::from_unix(i64::try_from(now.as_secs()).unwrap() + 86_400);
    Value::object([
        ("control", Value::from("NHI012")),
        (
            "subject",
            Value::object([
                ("address", Value::from("aws_iam_role.app")),
                ("attribute", "assume_role_policy".into()),
                ("value_digest", Digest::of(b"value").to_string().into()),
            ]),
        ),
        ("reason", "The vendor has no other way to sign in yet".into()),
        ("compensating_control", "Every use is looked at within a day".into()),
        ("risk_acceptor", "user:rita".into()),
        ("risk_tier", Value::Null),
        ("expires_at", end.to_string().into()),
        ("max_renewals", Value::Null),
    ])
}

fn break_glass() -> Value {
    let scope = Value::object([
        ("backend", Value::from("postgresql")),
        ("resource", "cluster/orders".into()),
        ("actions", Value::set([Value::from("role:orders_admin")])),
    ]);
    Value::object([
        ("name", Value::from("orders-database")),
        ("environment", "production".into()),
        ("scope", Value::List(vec![scope])),
        ("holders", Value::set(["user:alice".into(), "user:bob".into()])),
        ("max_session", "30m".into()),
        ("approvals", 1_u64.into()),
        ("test_interval", "720h".into()),
        ("notify", Value::set(["#security".into()])),
    ])
}

async fn plan(resource: &dyn Resource, prior: &Value, config: &Value) -> PlanAnswer {
    let mut proposed = config.clone();
    for (name, value) in prior.entries().into_iter().flatten() {
        if proposed.get(name).is_null() {
            proposed.insert(name, value.clone());
        }
    }
    let request = PlanRequest {
        config: config.clone(),
        prior: prior.clone(),
        proposed,
        private: vec![],
    };
    resource.plan(request).await
}

async fn create(resource: &dyn Resource, config: &Value) -> StateAnswer {
    let request = CreateRequest {
        config: config.clone(),
        planned: config.clone(),
        private: vec![],
    };
    resource.create(request).await
}

/// From the first plan to the end, with nobody's approval passing for another's.
async fn life<D: Declared>(type_name: &str, config: Value, change: (&str, &str)) {
    let house = Enforced::new().await;
    let provider = provider(&house, "enforce").await;
    let resource = &*named(&provider, type_name);
    let calls_for = "tier critical calls for 2 approvals and one by security";
    lacks(
        &plan(resource, &Value::Null, &config).await.diagnostics,
        &[calls_for, "(0 of 3)"],
    );
    let refused = create(resource, &config).await;
    assert!(refused.state.is_null());
    lacks(&refused.diagnostics, &[calls_for, "(0 of 3)"]);
    let [request] = house.requests().try_into().unwrap();
    assert_eq!(request.kind.as_str(), D::KIND.as_str());
    for name in ["tester", "alice", "bob", "dave"] {
        house.approve(&request, name);
    }
    lacks(
        &create(resource, &config).await.diagnostics,
        &["an approval by security", "who asks does not approve"],
    );
    house.approve(&request, "carol");
    let planned = plan(resource, &Value::Null, &config).await;
    assert!(planned.diagnostics.is_empty(), "{:?}", planned.diagnostics);
    // What was approved is exactly that.
    let changed = with(&config, change.0, change.1);
    lacks(&create(resource, &changed).await.diagnostics, &["(0 of 3)"]);
    let created = create(resource, &config).await;
    assert!(created.diagnostics.is_empty(), "{:?}", created.diagnostics);
    let id = RecordId::parse(created.state.get("id").as_str().unwrap()).unwrap();
    let record: Registered<D> = house.registry().get_record(id).unwrap().unwrap();
    assert_eq!(record.evidence().approved_by, ["alice", "bob", "carol", "dave"]);
    assert!(!record.evidence().waived);

    let again = plan(resource, &created.state, &config).await;
    assert!(
        again.diagnostics.is_empty() && again.planned == created.state,
        "{again:?}"
    );
    lacks(
        &plan(resource, &created.state, &changed).await.diagnostics,
        &[calls_for, "(0 of 3)"],
    );
    let update = UpdateRequest {
        config: changed.clone(),
        prior: created.state.clone(),
        planned: with(&created.state, change.0, change.1),
        private: vec![],
    };
    let updated = resource.update(update).await;
    assert_eq!(updated.state, created.state);
    lacks(&updated.diagnostics, &["(0 of 3)"]);

    // To end it needs nobody; the same once more is another request.
    let delete = DeleteRequest {
        prior: created.state,
        private: vec![],
    };
    assert!(resource.delete(delete).await.diagnostics.is_empty());
    lacks(&create(resource, &config).await.diagnostics, &["(0 of 3)"]);
}

#[tokio::test]
async fn an_exception_is_approved_by_everybody_that_its_tier_calls_for() {
    life::<Exception>(
        "nhi_exception",
        exception(),
        ("reason", "Another reason than the first one"),
    )
    .await;
}

#[tokio::test]
async fn a_break_glass_access_is_approved_by_everybody_that_its_tier_calls_for() {
    life::<BreakGlass>("nhi_break_glass", break_glass(), ("max_session", "15m")).await;
}

#[tokio::test]
async fn what_is_let_through_without_approvals_stays_on_record_as_that() {
    let house = Enforced::new().await;
    let provider = provider(&house, "warn").await;
    let resource = &*named(&provider, "nhi_exception");
    let planned = plan(resource, &Value::Null, &exception()).await;
    assert_eq!(planned.diagnostics.iter().count(), 1, "{:?}", planned.diagnostics);
    assert!(!planned.diagnostics.has_errors(), "{:?}", planned.diagnostics);
    let created = create(resource, &exception()).await;
    let id = RecordId::parse(created.state.get("id").as_str().unwrap()).unwrap();
    let record: Registered<Exception> = house.registry().get_record(id).unwrap().unwrap();
    assert!(record.evidence().waived);
}

#[tokio::test]
async fn a_word_in_the_configuration_does_not_waive_what_the_policy_does_not_let_it() {
    let house = Enforced::new().await;
    let provider = House::provider();
    assert!(
        house
            .configured(&provider, &[("enforcement", "warn".into())])
            .await
            .is_empty()
    );
    let resource = &*named(&provider, "nhi_exception");
    let planned = plan(resource, &Value::Null, &exception()).await;
    lacks(
        &planned.diagnostics,
        &["does not count for what belongs to no environment", "NHI-ENFORCEMENT"],
    );
    lacks(&create(resource, &exception()).await.diagnostics, &["NHI-ENFORCEMENT"]);
    let identities = &*named(&provider, "nhi_identity");
    let live = config(&[("environment", "production".into()), ("ttl", "24h".into())]);
    let refused = plan(identities, &Value::Null, &live).await;
    lacks(
        &refused.diagnostics,
        &["does not count in `production`", "NHI-ENFORCEMENT"],
    );
    // Near miss: the same where the policy admits it.
    let staging = plan(identities, &Value::Null, &config(&[("ttl", "24h".into())])).await;
    assert!(!staging.diagnostics.has_errors(), "{:?}", staging.diagnostics);
    assert_eq!(staging.diagnostics.iter().count(), 1, "and the plan says so");
}
