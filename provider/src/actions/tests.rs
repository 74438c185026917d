//! The actions as a core invokes them, on a real registry that two persons use.

use std::sync::Mutex;

use nhi_governance::{Draft, Given, PurposeDraft, ScopeDraft, TrustDomain};
use nhi_registry::{Actor, Location};
use tempfile::TempDir;

use super::*;
use crate::governed::{Approving, Settings};

fn governed(directory: &TempDir, actor: &str) -> Arc<Governed> {
    let governed = Arc::new(Governed::new(Actor::new(actor)));
    governed.configure(Settings {
        registry: Some(Location::file(&directory.path().join("registry.db"))),
        trust_domain: Some(TrustDomain::default()),
        policy: Some(Arc::default()),
        approving: Some(Approving {
            organisation: None,
            approvers: None,
            directory: directory.path().join("approvals"),
            enforces: false,
        }),
    });
    governed
}

fn create(governed: &Governed, name: &str, action: &str) -> String {
    let draft = Draft {
        name: name.into(),
        kind: "workload".into(),
        technical_owner: "team:reports".into(),
        policy_owner: "team:iam".into(),
        purpose: Given::Known(PurposeDraft {
            summary: "Writes the daily report".into(),
            task: "Report job".into(),
            ticket: Given::Absent,
        }),
        environment: "staging".into(),
        ttl: "720h".into(),
        scope: Given::Known(vec![Given::Known(ScopeDraft {
            backend: "aws".into(),
            resource: "arn:aws:s3:::reports/daily".into(),
            actions: Given::Known(vec![action.into()]),
        })]),
        revoked_by: Given::Known(vec!["ttl".into()]),
        ..Draft::default()
    };
    governed.create(&draft).unwrap().identity.id().to_string()
}

fn config(id: &str, reason: &str) -> Value {
    Value::object([("identity_id", Value::from(id)), ("reason", reason.into())])
}

fn action(governed: &Arc<Governed>, type_name: &str) -> Arc<dyn Action> {
    let mut all = all(governed);
    all.retain(|action| action.type_name() == type_name);
    all.remove(0)
}

/// What the plan warns of, and what invoking it said or was refused for.
async fn invoke(governed: &Arc<Governed>, type_name: &str, id: &str) -> (String, Result<String, String>) {
    let action = action(governed, type_name);
    let config = config(id, "a drill");
    assert!(action.validate(&config).is_empty());
    let told = |diagnostics: Diagnostics| {
        let told = diagnostics.iter().map(ToString::to_string);
        told.collect::<Vec<_>>().join("; ")
    };
    let planned = told(action.plan(config.clone()).await);
    let said = Arc::new(Mutex::new(Vec::new()));
    let progress = Progress::new({
        let said = Arc::clone(&said);
        move |line| said.lock().unwrap().push(line)
    });
    let refused = told(action.invoke(config, &progress).await);
    let said = said.lock().unwrap().join("; ");
    let outcome = if refused.is_empty() { Ok(said) } else { Err(refused) };
    (planned, outcome)
}

fn status(governed: &Governed, id: &str) -> Status {
    let found = governed.find(RecordId::parse(id).unwrap()).unwrap().unwrap();
    found.status()
}

#[test]
fn they_are_sorted() {
    assert!(DEEDS.iter().map(|deed| deed.type_name).is_sorted());
}

#[tokio::test]
async fn one_suspends_another_resumes_and_either_revokes() {
    let directory = TempDir::new().unwrap();
    let (alice, bob) = (governed(&directory, "alice"), governed(&directory, "bob"));
    let id = create(&alice, "reader", "s3:GetObject");
    let (planned, resumed) = invoke(&bob, "nhi_resume", &id).await;
    assert!(
        planned.contains("is in use already") && resumed.is_ok(),
        "{planned} {resumed:?}"
    );

    let (planned, suspended) = invoke(&alice, "nhi_suspend", &id).await;
    assert_eq!(planned, "");
    assert!(suspended.unwrap().contains("is suspended (revision 2)"));
    assert_eq!(status(&bob, &id), Status::Suspended);
    let (planned, again) = invoke(&alice, "nhi_suspend", &id).await;
    assert!(planned.contains("is suspended already"), "{planned}");
    assert!(again.unwrap().contains("revision 2"), "the first suspension stands");

    let (_, alone) = invoke(&alice, "nhi_resume", &id).await;
    let alone = alone.unwrap_err();
    assert!(alone.contains("NHI-"), "{alone}");
    assert_eq!(status(&bob, &id), Status::Suspended);
    let (_, resumed) = invoke(&bob, "nhi_resume", &id).await;
    assert!(resumed.unwrap().contains("is in use"));
    assert_eq!(status(&alice, &id), Status::Active);

    for (who, revision) in [(&bob, "revision 4"), (&alice, "revision 4")] {
        let (_, revoked) = invoke(who, "nhi_revoke", &id).await;
        assert!(revoked.unwrap().contains(revision));
    }
    for type_name in ["nhi_suspend", "nhi_resume", "nhi_rotate"] {
        let (_, refused) = invoke(&bob, type_name, &id).await;
        assert!(refused.unwrap_err().contains("NHI-REVOKED"), "{type_name}");
    }
}

#[tokio::test]
async fn a_rotation_is_noted_of_what_is_in_use() {
    let directory = TempDir::new().unwrap();
    let alice = governed(&directory, "alice");
    let id = create(&alice, "reader", "s3:GetObject");
    for revision in ["revision 2", "revision 3"] {
        let (planned, rotated) = invoke(&alice, "nhi_rotate", &id).await;
        assert_eq!(planned, "", "there is always something to do");
        assert!(rotated.unwrap().contains(revision));
    }
    let found = alice.find(RecordId::parse(&id).unwrap()).unwrap().unwrap();
    assert_eq!(
        (found.identity.rotations(), found.identity.rotation_due_at()),
        (2, None)
    );
    assert!(invoke(&alice, "nhi_suspend", &id).await.1.is_ok());
    let refused = invoke(&alice, "nhi_rotate", &id).await.1.unwrap_err();
    assert!(
        refused.contains("NHI-ROTATION") && refused.contains("a drill"),
        "{refused}"
    );
}

#[tokio::test]
async fn what_needs_approvals_is_not_resumed_without() {
    let directory = TempDir::new().unwrap();
    let (alice, bob) = (governed(&directory, "alice"), governed(&directory, "bob"));
    let id = create(&alice, "writer", "s3:PutObject");
    assert!(invoke(&alice, "nhi_suspend", &id).await.1.is_ok());
    let refused = invoke(&bob, "nhi_resume", &id).await.1.unwrap_err();
    assert!(refused.contains("calls for 1 approvals and has 0"), "{refused}");
    assert_eq!(status(&bob, &id), Status::Suspended);
}

#[tokio::test]
async fn a_bad_order_does_nothing() {
    let directory = TempDir::new().unwrap();
    let governed = governed(&directory, "alice");
    for action in all(&governed) {
        let name = action.type_name().to_owned();
        let missing = config("01ARZ3NDEKTSV4RRFFQ69G5FAV", "a drill");
        let refused = action.invoke(missing, &Progress::new(|_| {})).await;
        assert!(refused.has_errors(), "{name}");
        for bad in [config("7", "a drill"), config("01ARZ3NDEKTSV4RRFFQ69G5FAV", " \t")] {
            assert_eq!(action.validate(&bad).iter().count(), 1, "{name}");
            assert!(action.invoke(bad, &Progress::new(|_| {})).await.has_errors(), "{name}");
        }
        let unknown = Value::object([("identity_id", Value::UNKNOWN), ("reason", Value::UNKNOWN)]);
        assert!(action.validate(&unknown).is_empty() && action.plan(unknown).await.is_empty());
    }
    assert_eq!(
        std::fs::read_dir(directory.path()).unwrap().count(),
        0,
        "no registry is made"
    );
}
