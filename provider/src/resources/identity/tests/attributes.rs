//! What is computed of an identity: what a read moves, what a plan leaves open, and states of older schemas.

use nhi_governance::{Act, Evidence, Identity, note_use};
use nhi_registry::{Access, Actor, Location, Options, RecordsExt as _};
use tfplugin::server::Provider as _;
use tfplugin::server::StoredState;

use super::*;

/// What every change of an identity may move besides its status.
pub(super) const MOVED: [&str; 6] = [
    "approval_digests",
    "approved_by",
    "audit_checkpoint",
    "is_orphaned",
    "request_digest",
    "review_due_at",
];

fn json(value: &Value) -> serde_json::Value {
    let ty = schema::schema().ty();
    serde_json::from_str(&tfplugin::codec::encode_json(value, &ty).unwrap()).unwrap()
}

#[tokio::test]
async fn every_change_moves_what_it_may_and_use_is_none() {
    let house = House::new().await;
    let created = house.plan(&Value::Null, &config(&[])).await.planned;
    assert!(MOVED.into_iter().all(|name| created.get(name).is_unknown()));
    assert!(created.get("last_used_at").is_null(), "nobody has used it yet");
    let state = house.create(&config(&[])).await.state;
    let changed = house.plan(&state, &config(&[("kind", "bot".into())])).await.planned;
    assert!(MOVED.into_iter().all(|name| changed.get(name).is_unknown()));
    assert_eq!(changed.get("last_used_at"), state.get("last_used_at"));
    assert_eq!(
        house.plan(&state, &config(&[])).await.planned,
        state,
        "no change moves nothing"
    );
}

#[tokio::test]
async fn use_is_read_and_makes_no_difference() {
    let house = House::new().await;
    let state = house.create(&config(&[])).await.state;
    let id = RecordId::parse(state.get("id").as_str().unwrap()).unwrap();
    let location = Location::file(&house.directory.path().join("registry.db"));
    let registry = nhi_registry::open(&location, Access::Write, Options::default()).unwrap();
    let used = |registry: &dyn nhi_registry::Registry| {
        registry
            .contain(&Actor::new("gateway"), &[id], |now, identity: &Identity, view| {
                let act = Act {
                    by: "gateway",
                    evidence: &Evidence::default(),
                    policy: view.policy(),
                    now,
                };
                Ok(note_use(identity, now, "the gateway's log", &act)?)
            })
            .unwrap()
    };
    used(&*registry);
    let read = house.read(&state).await.state;
    assert!(read.get("last_used_at").as_str().unwrap().ends_with('Z'));
    assert_eq!(
        with(&read, "last_used_at", Value::Null),
        state,
        "use moves nothing else, the checkpoint neither"
    );
    assert_eq!(house.plan(&read, &config(&[])).await.planned, read);
    // Planned from the state before, used meanwhile: the core is given what it was promised.
    let update = house.update(&state, &config(&[("kind", "bot".into())])).await;
    assert!(!update.diagnostics.has_errors(), "{:?}", update.diagnostics);
    assert!(update.state.get("last_used_at").is_null());
    assert!(
        house
            .read(&update.state)
            .await
            .state
            .get("last_used_at")
            .as_str()
            .is_some()
    );
}

#[tokio::test]
async fn the_checkpoint_moves_with_the_identity_alone() {
    let house = House::new().await;
    let state = house.create(&config(&[])).await.state;
    house.create(&config(&[("name", "other".into())])).await;
    let read = house.read(&state).await.state;
    assert_eq!(read, state);
    // A state without one, or with one of another registry or none at all, gets that of now.
    let other = "01ARZ3NDEKTSV4RRFFQ69G5FAV/1/".to_owned() + &"0".repeat(64);
    for broken in [Value::Null, "garbage".into(), other.as_str().into()] {
        let read = house.read(&with(&state, "audit_checkpoint", broken)).await;
        assert!(read.diagnostics.is_empty(), "{:?}", read.diagnostics);
        let checkpoint = read.state.get("audit_checkpoint").as_str().unwrap().to_owned();
        assert!(
            nhi_registry::Anchor::parse(&checkpoint).is_some_and(|anchor| anchor.seq > 1),
            "{checkpoint}"
        );
    }
    // One that the log does not continue from is a registry that was rolled back, or a state that was edited.
    let text = state.get("audit_checkpoint").as_str().unwrap();
    let (head, hash) = text.rsplit_once('/').unwrap();
    let forged = format!("{head}/{}", hash.chars().rev().collect::<String>());
    let read = house.read(&with(&state, "audit_checkpoint", forged.as_str())).await;
    assert!(told(&read.diagnostics, Severity::Error)[0].contains("is not the one that this state was written with"));
}

#[tokio::test]
async fn states_of_every_schema_are_brought_to_this_one() {
    let house = House::new().await;
    let state = house.create(&config(&[])).await.state;
    let present = json(&state);
    let mut old = present.clone();
    let added = [
        "approval_digests",
        "approved_by",
        "audit_checkpoint",
        "is_orphaned",
        "last_used_at",
        "request_digest",
        "review_due_at",
    ];
    for name in added {
        old.as_object_mut().unwrap().remove(name).unwrap();
    }
    let upgraded = |version, json: &serde_json::Value| {
        house.resource().upgrade(
            &schema::schema(),
            version,
            &StoredState::from_json(json.to_string().as_bytes()),
        )
    };
    let from_old = upgraded(0, &old).unwrap();
    for name in added {
        assert!(from_old.get(name).is_null(), "{name}");
    }
    let read = house.read(&from_old).await.state;
    assert_eq!(
        with(&read, "audit_checkpoint", state.get("audit_checkpoint").clone()),
        state
    );
    assert_eq!(
        house.plan(&read, &config(&[])).await.planned,
        read,
        "yesterday's state plans empty"
    );
    assert_eq!(
        house.plan(&from_old, &config(&[])).await.planned,
        from_old,
        "without a refresh too"
    );
    assert_eq!(upgraded(1, &present).unwrap(), state);
    // Near misses: what version 0 never wrote does not count, an attribute of no version is refused.
    assert_eq!(upgraded(0, &present).unwrap(), from_old);
    let mut strange = old.clone();
    strange["is_admin"] = true.into();
    for (version, json) in [
        (0, &strange),
        (1, &strange),
        (-1, &old),
        (2, &present),
        (i64::MAX, &present),
    ] {
        assert!(upgraded(version, json).is_err(), "{version}");
    }
}

#[tokio::test]
async fn a_provider_that_holds_a_checkpoint_refuses_every_other_log() {
    let house = House::new().await;
    let state = house.create(&config(&[])).await.state;
    let checkpoint = state.get("audit_checkpoint").as_str().unwrap().to_owned();
    let (head, hash) = checkpoint.rsplit_once('/').unwrap();
    let (registry, seq) = head.rsplit_once('/').unwrap();
    let another = format!("01ARZ3NDEKTSV4RRFFQ69G5FAV/{seq}/{hash}");
    let later = format!("{registry}/99/{hash}");
    for (file, checkpoint, code) in [
        ("registry.db", Value::Null, None),
        ("registry.db", Value::UNKNOWN, None),
        ("registry.db", checkpoint.as_str().into(), None),
        ("registry.db", later.as_str().into(), Some("NHI-REGISTRY-ROLLBACK")),
        ("registry.db", another.as_str().into(), Some("NHI-REGISTRY-ROLLBACK")),
        ("none.db", checkpoint.as_str().into(), Some("NHI-REGISTRY-ROLLBACK")),
        ("registry.db", "".into(), Some("NHI-REGISTRY-ROLLBACK")),
        ("registry.db", head.into(), Some("NHI-REGISTRY-ROLLBACK")),
    ] {
        let block = Value::object([
            (
                "registry",
                Value::from(house.directory.path().join(file).display().to_string()),
            ),
            ("audit_checkpoint", checkpoint.clone()),
        ]);
        let provider = House::provider();
        let told: Vec<_> = provider.configure(block).await.into_iter().collect();
        assert_eq!(
            told.len(),
            usize::from(code.is_some()),
            "{file} {checkpoint:?}: {told:?}"
        );
        for diagnostic in told {
            assert!(diagnostic.detail.contains(code.unwrap_or_default()), "{diagnostic:?}");
            assert_eq!(diagnostic.path, AttributePath::of("audit_checkpoint"));
        }
    }
}
