//! The resource from outside: what a core sends in, what it gets back, on a real registry.

use tfplugin::diagnostic::Severity;

use super::*;

mod adopting;
mod approving;
mod attributes;
mod house;
mod identified;
mod policy;
mod quarantined;
mod registry;
mod rolled_back;
mod suspended;

use house::{COMPUTED, House, config, told, with};

#[tokio::test]
async fn what_is_declared_comes_back_and_plans_empty() {
    let house = House::new().await;
    let text = |text: &str| Value::from(text);
    let ways = [
        [
            ("spiffe_id", text("spiffe://example.org/reporter")),
            ("oidc", Value::Null),
            ("kubernetes", Value::Null),
        ],
        [
            ("spiffe_id", Value::Null),
            (
                "oidc",
                Value::object([
                    ("issuer", text("https://token.example.org")),
                    ("audience", text("nhi")),
                    ("subject", text("repo:org/reports:ref:refs/heads/main")),
                ]),
            ),
            ("kubernetes", Value::Null),
        ],
        [
            ("spiffe_id", Value::Null),
            ("oidc", Value::Null),
            (
                "kubernetes",
                Value::object([
                    ("cluster", text("eu-1")),
                    ("namespace", text("reports")),
                    ("service_account", text("reporter")),
                ]),
            ),
        ],
    ];
    let mut configs = vec![
        config(&[("name", "plain".into())]),
        config(&[
            ("name", "full".into()),
            ("technical_owner", "TEAM:Reports".into()),
            (
                "external",
                Value::set(["arn:aws:iam::111122223333:role/b".into(), "a".into()]),
            ),
            ("data_classification", "internal".into()),
            ("internet_facing", false.into()),
            ("vendor_id", "acme".into()),
            ("min_risk_tier", "moderate".into()),
            ("generation", 3_i64.into()),
        ]),
        config(&[("name", "empty-set".into()), ("external", Value::set([]))]),
    ];
    for (index, way) in ways.into_iter().enumerate() {
        configs.push(config(&[
            ("name", format!("way-{index}").into()),
            ("attestation", Value::object(way)),
        ]));
    }
    for config in configs {
        let created = house.create(&config).await;
        assert_eq!(
            told(&created.diagnostics, Severity::Error),
            Vec::<String>::new(),
            "{config:?}"
        );
        let state = house.read(&created.state).await.state;
        assert_eq!(state, created.state);
        for (name, value) in config.entries().unwrap().iter().filter(|(_, value)| !value.is_null()) {
            assert_eq!(state.get(name), value, "{name}");
        }
        assert!(state.is_wholly_known());
        let again = house.plan(&state, &config).await;
        assert_eq!((&again.planned, again.requires_replace.len()), (&state, 0));
        assert!(again.diagnostics.is_empty(), "{:?}", again.diagnostics);
    }
}

#[tokio::test]
async fn spelling_is_no_difference_and_everything_else_is() {
    let house = House::new().await;
    let base = config(&[]);
    let state = house.create(&base).await.state;
    for same in [
        ("ttl", "43200m"),
        ("policy_owner", "Team:IAM"),
        ("technical_owner", "team:REPORTS"),
    ] {
        assert_eq!(
            house.plan(&state, &config(&[(same.0, same.1.into())])).await.planned,
            state,
            "{same:?}"
        );
    }
    let unknown_after = |changed: &[(&str, Value)]| {
        let config = config(changed);
        let (house, state) = (&house, &state);
        async move {
            let planned = house.plan(state, &config).await.planned;
            // What every change may move is told apart by `every_change_moves_what_it_may`.
            let unknown = COMPUTED.into_iter().filter(|name| planned.get(name).is_unknown());
            unknown
                .filter(|name| !attributes::MOVED.contains(name))
                .collect::<Vec<_>>()
        }
    };
    assert_eq!(
        unknown_after(&[("ttl", "700h".into())]).await,
        ["expires_at", "revision", "status", "status_reason"]
    );
    assert_eq!(
        unknown_after(&[("kind", "bot".into())]).await,
        ["revision", "status", "status_reason"]
    );
    let renewed = unknown_after(&[("generation", 2_i64.into())]).await;
    assert_eq!(
        renewed,
        ["expires_at", "issued_at", "revision", "status", "status_reason"]
    );
    let unknown_class = unknown_after(&[("data_classification", Value::UNKNOWN)]).await;
    assert_eq!(
        unknown_class,
        ["revision", "risk_score", "risk_tier", "status", "status_reason"]
    );

    for key in ["name", "environment"] {
        let replaced = house.plan(&state, &config(&[(key, "other".into())])).await;
        assert_eq!(replaced.requires_replace, [AttributePath::of(key)]);
        let unknown = house.plan(&state, &config(&[(key, Value::UNKNOWN)])).await;
        assert_eq!(unknown.requires_replace, [AttributePath::of(key)]);
    }
}

#[tokio::test]
async fn everything_wrong_is_said_at_once_and_unknown_values_are_passed_over() {
    let house = House::new().await;
    let scope = Value::object([
        ("backend", "aws".into()),
        ("resource", "*".into()),
        ("actions", Value::UNKNOWN),
    ]);
    let bad = config(&[
        ("policy_owner", "TEAM:reports".into()),
        ("ttl", "0s".into()),
        ("scope", Value::List(vec![scope, Value::UNKNOWN])),
        ("revoked_by", Value::set(["manual".into()])),
        ("generation", "1.5".parse().map(Value::Number).unwrap()),
        (
            "attestation",
            Value::object([
                ("spiffe_id", Value::Null),
                ("oidc", Value::Null),
                ("kubernetes", Value::Null),
            ]),
        ),
    ]);
    let errors = told(&house.resource().validate(&bad), Severity::Error);
    let paths: Vec<_> = errors.iter().map(|error| error.split('|').next().unwrap()).collect();
    assert_eq!(
        paths,
        [
            "policy_owner",
            "ttl",
            "scope[0].resource",
            "revoked_by",
            "attestation",
            "generation"
        ]
    );
    assert!(
        errors[2].contains("|scope[0].resource: `*` covers every resource"),
        "{}",
        errors[2]
    );
    assert_eq!(
        told(&house.plan(&Value::Null, &bad).await.diagnostics, Severity::Error),
        errors
    );

    let required = [
        "name",
        "kind",
        "technical_owner",
        "policy_owner",
        "purpose",
        "environment",
        "ttl",
        "scope",
    ];
    let unknown = config(&required.map(|name| (name, Value::UNKNOWN)));
    assert!(house.resource().validate(&unknown).is_empty());
    // The same rules judge the final values.
    let created = house
        .resource()
        .create(CreateRequest {
            config: bad.clone(),
            planned: bad,
            private: vec![],
        })
        .await;
    assert_eq!(
        (created.state, told(&created.diagnostics, Severity::Error)),
        (Value::Null, errors)
    );
    let created = house
        .resource()
        .create(CreateRequest {
            config: unknown.clone(),
            planned: unknown,
            private: vec![],
        })
        .await;
    assert!(created.state.is_null() && created.diagnostics.has_errors());
    let files = std::fs::read_dir(house.directory.path()).unwrap().count();
    assert_eq!(
        files, 0,
        "nothing that is refused or only planned leaves a registry behind"
    );
}

#[tokio::test]
async fn a_state_is_a_claim() {
    let house = House::new().await;
    let state = house.create(&config(&[])).await.state;
    let other = house.create(&config(&[("name", "other".into())])).await.state;

    let forged = with(&state, "id", other.get("id").clone());
    let changed = config(&[("kind", "bot".into())]);
    let outdated = with(&state, "revision", 7_i64);
    // As with `-refresh=false`: the plan takes over from the state what no configuration says.
    let edited = |name: &str, value: &str| with(&state, name, value);
    let answers = [
        house.read(&forged).await,
        house.update(&forged, &changed).await,
        house.update(&outdated, &changed).await,
        house.update(&with(&state, "revision", Value::Null), &changed).await,
        house
            .update(&edited("issued_at", "2099-01-01T00:00:00Z"), &changed)
            .await,
        house
            .update(&edited("expires_at", "2099-01-01T00:00:00Z"), &changed)
            .await,
        house
            .update(&edited("spiffe_id", "spiffe://other.org/a/b"), &changed)
            .await,
        house
            .update(&with(&state, "id", "01ARZ3NDEKTSV4RRFFQ69G5FAV"), &changed)
            .await,
        house.read(&with(&state, "id", "nonsense")).await,
        house
            .resource()
            .delete(DeleteRequest {
                prior: forged.clone(),
                private: vec![],
            })
            .await,
    ];
    for answer in answers {
        assert_eq!(told(&answer.diagnostics, Severity::Error).len(), 1);
        assert!(!answer.state.is_null(), "a refusal forgets nothing");
    }
    for untouched in [&state, &other] {
        assert_eq!(&house.read(untouched).await.state, untouched);
    }
}

#[tokio::test]
async fn the_end_is_final() {
    let house = House::new().await;
    let state = house.create(&config(&[])).await.state;
    let delete = || {
        house.resource().delete(DeleteRequest {
            prior: state.clone(),
            private: vec![],
        })
    };
    for _ in 0..2 {
        let deleted = delete().await;
        assert!(
            deleted.state.is_null() && deleted.diagnostics.is_empty(),
            "revoking is never refused"
        );
    }
    let revoked = house.read(&state).await.state;
    assert_eq!(revoked.get("status"), &Value::from("revoked"));
    let plan = house.plan(&revoked, &config(&[])).await;
    assert_eq!(plan.requires_replace, [AttributePath::of("id")]);
    assert_eq!(
        told(&plan.diagnostics, Severity::Warning).len(),
        1,
        "it is said; what the tier calls for is said of what comes in its place"
    );

    let id = state.get("id").as_str().unwrap().to_owned();
    for bad in [id.clone(), id.to_lowercase(), "01ARZ3NDEKTSV4RRFFQ69G5FAV".to_owned()] {
        let imported = house.resource().import(bad.clone()).await;
        assert!(imported.state.is_null() && imported.diagnostics.has_errors(), "{bad}");
    }
    let next = house.create(&config(&[])).await.state;
    assert_ne!(next.get("id"), state.get("id"));
    let imported = house
        .resource()
        .import(next.get("id").as_str().unwrap().to_owned())
        .await;
    assert_eq!(imported.state, next);
}
