//! A policy that is looser than the one in force: refused at plan and at apply, until the people of tier critical agree.

use super::*;

/// The rules in force: one approval is enough for everything, so that the tests have enough people.
const BASE: &str = r#"
organisation = "example"
tier "high" {
  approvals {
    count = 1
    policy_owner = false
  }
}
tier "critical" {
  approvals {
    count = 1
    security = false
  }
}
"#;
const LAX: &str = "tier \"low\" {\n  identity_ttl_max = \"4400h\"\n}\n";
const STRICT: &str = "tier \"low\" {\n  identity_ttl_max = \"4000h\"\n}\n";

/// A provider in a process of its own, under a policy.
async fn under(house: &Enforced, text: &str, changes: &[(&'static str, Value)]) -> House {
    let path = house.0.directory.path().join("nhi.hcl");
    std::fs::write(&path, text).unwrap();
    let directory = TempDir::new().unwrap();
    let other = House {
        provider: House::provider(),
        directory,
    };
    let mut block = vec![("policy", Value::from(path.display().to_string()))];
    block.extend(changes.iter().cloned());
    let told = house.configured(&other.provider, &block).await;
    assert!(!told.has_errors(), "{told:?}");
    other
}

/// One error that says all of this.
#[track_caller]
fn looser(diagnostics: &Diagnostics, words: &[&str]) {
    let errors: Vec<_> = diagnostics
        .iter()
        .filter(|told| told.severity == Severity::Error)
        .collect();
    assert_eq!(errors.len(), 1, "{diagnostics:?}");
    let told = format!("{}\n{}", errors[0].summary, errors[0].detail);
    for word in words.iter().chain(&[]) {
        assert!(told.contains(word), "`{word}` is not in\n{told}");
    }
}

fn low(name: &str, ttl: &str) -> Value {
    let scope = [
        ("backend", Value::from("aws")),
        ("resource", "arn:aws:s3:::reports/daily".into()),
        ("actions", Value::set([Value::from("s3:GetObject")])),
    ];
    let low = config(&[("name", name.into()), ("ttl", ttl.into())]);
    with(&low, "scope", Value::List(vec![Value::object(scope)]))
}

fn rows(house: &Enforced, action: &str) -> usize {
    let registry = SqliteRegistry::open(&house.0.directory.path().join("registry.db")).unwrap();
    registry
        .audit(1, 1000)
        .unwrap()
        .iter()
        .filter(|row| row.action == action)
        .count()
}

#[tokio::test]
async fn a_looser_policy_takes_the_people_of_tier_critical() {
    let house = Enforced::new().await;
    let base = under(&house, BASE, &[]).await;
    let state = base.create(&low("first", "720h")).await;
    assert!(state.diagnostics.is_empty(), "{:?}", state.diagnostics);
    assert_eq!(rows(&house, "policy.adopted"), 1, "the first is trusted, on record");

    let lax = under(&house, &format!("{BASE}{LAX}"), &[]).await;
    let wanted = low("second", "4390h");
    let plan = lax.plan(&Value::Null, &wanted).await;
    looser(
        &plan.diagnostics,
        &[
            "looser than the one in force",
            "tier.low.identity_ttl_max",
            "1 more approval (0 of 1)",
        ],
    );
    let refused = lax.create(&wanted).await;
    looser(&refused.diagnostics, &[]);
    // A change that the policy in force would allow as well is none of its business either.
    looser(&lax.create(&low("third", "24h")).await.diagnostics, &[]);
    // No change grants nothing, and ending is never refused.
    let read = lax.read(&state.state).await.state;
    assert!(lax.plan(&read, &low("first", "720h")).await.diagnostics.is_empty());

    let request = house
        .requests()
        .into_iter()
        .find(|request| request.kind.as_str() == "policy")
        .unwrap();
    assert_eq!(request.terms.tier.as_str(), "critical");
    house.approve(&request, "tester");
    looser(
        &lax.plan(&Value::Null, &wanted).await.diagnostics,
        &["who asks does not approve"],
    );
    house.approve(&request, "alice");
    assert!(lax.plan(&Value::Null, &wanted).await.diagnostics.is_empty());
    assert_eq!(rows(&house, "policy.loosened"), 0, "a plan puts nothing in force");
    let created = lax.create(&wanted).await;
    assert!(created.diagnostics.is_empty(), "{:?}", created.diagnostics);
    assert_eq!(rows(&house, "policy.loosened"), 1);

    // Back to stricter terms needs nobody; the same approvals are used up for the way there.
    let strict = under(&house, &format!("{BASE}{STRICT}"), &[]).await;
    assert!(strict.create(&low("fourth", "24h")).await.diagnostics.is_empty());
    assert_eq!(rows(&house, "policy.tightened"), 1);
    let base = under(&house, BASE, &[]).await;
    looser(&base.create(&low("fifth", "24h")).await.diagnostics, &["0 of 1"]);
    let again = under(&house, &format!("{BASE}{LAX}"), &[]).await;
    looser(&again.create(&low("fifth", "24h")).await.diagnostics, &[]);
}

#[tokio::test]
async fn leaving_the_policy_out_is_a_way_around_nothing() {
    let house = Enforced::new().await;
    let strict = under(&house, STRICT, &[]).await;
    assert!(strict.create(&low("first", "720h")).await.diagnostics.is_empty());
    let bare = House {
        provider: House::provider(),
        directory: TempDir::new().unwrap(),
    };
    let told = house.configured(&bare.provider, &[]).await;
    let warned: Vec<_> = told.iter().map(|told| told.path.to_string()).collect();
    assert_eq!(warned, ["policy"], "said before anything is asked for: {told:?}");
    looser(&bare.create(&low("second", "24h")).await.diagnostics, &[]);
    // Near miss: over one that is looser the built-in one may judge, and does not replace it.
    let other = Enforced::new().await;
    let lax = under(&other, LAX, &[]).await;
    assert!(lax.create(&low("first", "24h")).await.diagnostics.is_empty());
    let bare = House {
        provider: House::provider(),
        directory: TempDir::new().unwrap(),
    };
    assert!(other.configured(&bare.provider, &[]).await.is_empty());
    assert!(bare.create(&low("second", "24h")).await.diagnostics.is_empty());
    assert!(
        under(&other, LAX, &[])
            .await
            .create(&low("third", "4390h"))
            .await
            .diagnostics
            .is_empty()
    );
}

#[tokio::test]
async fn a_change_that_was_planned_before_is_held_to_what_is_in_force_then() {
    let house = Enforced::new().await;
    let first = under(&house, BASE, &[]).await;
    let planned = first.plan(&Value::Null, &low("first", "720h")).await;
    assert!(planned.diagnostics.is_empty());
    let strict = under(&house, &format!("{BASE}{STRICT}"), &[]).await;
    assert!(strict.create(&low("second", "24h")).await.diagnostics.is_empty());
    let request = CreateRequest {
        config: low("first", "720h"),
        planned: planned.planned,
        private: vec![],
    };
    let applied = first.resource().create(request).await;
    looser(&applied.diagnostics, &[]);
}

/// The digest that is pinned stands in the configuration, so a change could bring along a trust root of its own.
#[tokio::test]
async fn a_change_does_not_bring_its_own_people_along() {
    let house = Enforced::new().await;
    let first = under(&house, BASE, &[]).await;
    assert!(first.create(&low("first", "24h")).await.diagnostics.is_empty());
    assert_eq!(rows(&house, "policy.approvers_kept"), 1);
    let own = format!(
        "organisation = \"example\"\nversion = 1\nthreshold = 1\n{}",
        person("mallory", "")
    );
    let path = house.0.directory.path().join("own.hcl");
    std::fs::write(&path, &own).unwrap();
    let swapped = [
        ("approvers", Value::from(path.display().to_string())),
        ("approvers_digest", Digest::of(own.as_bytes()).to_string().into()),
    ];
    let other = under(&house, BASE, &swapped).await;
    let plan = other.plan(&Value::Null, &config(&[])).await;
    lacks_pin(&plan.diagnostics);
    lacks_pin(&other.create(&config(&[])).await.diagnostics);
    lacks_pin(&other.create(&low("second", "24h")).await.diagnostics);
    assert_eq!(rows(&house, "policy.approvers_kept"), 1);
    // The one on record goes on to count.
    let again = under(&house, BASE, &[]).await;
    assert!(again.create(&low("second", "24h")).await.diagnostics.is_empty());
}
