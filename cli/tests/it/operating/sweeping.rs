//! The sweeper: what time has decided ends on record, once.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use nhi_governance::{
    Act, Evidence, Exception, ExceptionDraft, Given, Grant, GrantDraft, Identity, RecordId, Registered, SubjectDraft,
};
use nhi_registry::{Actor, Key, RecordsExt as _, SqliteRegistry};

use crate::exceptions::{Subject, except};

use super::{DAY, House, READER, Sketch, says, suspend_at, wall};

fn named(name: &str) -> Sketch<'_> {
    Sketch { name, ..READER }
}

pub(super) fn grant(registry: &SqliteRegistry, identity: RecordId, ttl: &str) -> RecordId {
    let draft = GrantDraft {
        identity_id: Given::Known(identity.to_string()),
        backend: "aws".into(),
        resource: "arn:aws:s3:::reports".into(),
        actions: Given::Known(vec!["s3:GetObject".into()]),
        justification: "The job reads what it reports on".into(),
        ttl: ttl.into(),
        ..GrantDraft::default()
    };
    let judged = draft.check();
    let declared: Grant = judged.declaration.unwrap_or_else(|| panic!("{:?}", judged.violations));
    let actor = Actor::new("tester@localhost");
    let evidence = Evidence::waived();
    let key = nhi_governance::Declared::key(&declared);
    let key = Key {
        environment: "staging",
        key: &key,
    };
    let created = registry.declare(
        &actor,
        &evidence,
        key,
        |now, id, _: Option<&Registered<Grant>>, view| {
            let identity: Identity = view.require(identity)?;
            let context = view.context(identity.declaration())?;
            let act = Act {
                by: actor.as_str(),
                evidence: &evidence,
                policy: view.policy(),
                now,
            };
            Ok(Registered::<Grant>::create(
                id,
                declared.clone(),
                &identity,
                &context,
                &act,
            )?)
        },
    );
    nhi_governance::Record::id(&created.unwrap())
}

fn exception(registry: &SqliteRegistry, control: &str, days_ago: i64) {
    let draft = ExceptionDraft {
        control: control.into(),
        subject: Given::Known(SubjectDraft {
            address: "aws_iam_role.ci".into(),
            attribute: "policy".into(),
            value_digest: Given::Known(nhi_governance::Digest::of(b"value").to_string()),
        }),
        reason: "The supplier needs it until the migration is done".into(),
        compensating_control: "Alerts on every use of the role".into(),
        risk_acceptor: "user:carol".into(),
        expires_at: Given::Known(nhi_governance::Timestamp::from_unix(wall().unix() - days_ago * DAY).to_string()),
        ..ExceptionDraft::default()
    };
    let judged = draft.check();
    let declared: Exception = judged.declaration.unwrap_or_else(|| panic!("{:?}", judged.violations));
    let actor = Actor::new("tester@localhost");
    let evidence = Evidence::waived();
    let key = nhi_governance::Declared::key(&declared);
    let key = Key {
        environment: "",
        key: &key,
    };
    let created = registry.declare(
        &actor,
        &evidence,
        key,
        |now, id, _: Option<&Registered<Exception>>, view| {
            let act = Act {
                by: actor.as_str(),
                evidence: &evidence,
                policy: view.policy(),
                now,
            };
            Ok(Registered::<Exception>::create(id, declared.clone(), &[], &act)?)
        },
    );
    created.unwrap();
}

/// Of each kind one that is due and one that is not yet.
fn house() -> (House, Vec<RecordId>) {
    let house = House::new();
    let mut ids = house.create(20, &[named("suspended-long")]);
    let registry = house.registry(16);
    exception(&registry, "NHI001", 8);
    exception(&registry, "NHI002", 6);
    suspend_at(&registry, &Actor::new("carol@localhost"), ids[0]);
    drop(registry);
    // A life of two days: over for eight days, and for six.
    ids.extend(house.create(10, &[named("expired-long")]));
    ids.extend(house.create(8, &[named("expired")]));
    ids.extend(house.create(1, &[named("good")]));
    let registry = house.registry(1);
    grant(&registry, ids[3], "24h");
    suspend_at(&registry, &Actor::new("carol@localhost"), ids[2]);
    (house, ids)
}

#[test]
fn what_is_over_ends_once() {
    let (house, ids) = house();
    let before = house.log().len();
    let ran = house.run(&["sweep"]).exits(0);
    says(
        &ran,
        &[
            "suspended-long",
            "expired-long",
            "NHI001",
            "3 ended",
            "suspended for 16 days",
            "expired for 8 days",
        ],
    );
    let statuses: Vec<_> = ids.iter().map(|id| house.status(*id)).collect();
    assert_eq!(statuses, ["revoked", "revoked", "suspended", "active"]);
    let rows = house.log().len();
    assert_eq!(rows, before + 3);
    says(&house.run(&["sweep"]).exits(0), &["nothing was due"]);
    assert_eq!(house.log().len(), rows);
    house.run(&["audit", "verify"]).exits(0);
}

#[test]
fn grants_end_with_their_identity() {
    let (house, _) = house();
    house.run(&["sweep"]).exits(0);
    house.run(&["revoke", "good", "--reason", "x"]).exits(0);
    let swept = house.run(&["sweep", "--format", "json"]).exits(0).json();
    assert_eq!(swept["ended"], 1);
    let change = &swept["changes"][0];
    assert_eq!(
        (&change["kind"], &change["reason"]),
        (&"grant".into(), &"its identity is revoked".into())
    );
}

#[test]
fn a_static_secret_is_suspended_once_its_exception_is_over() {
    let house = House::new();
    let value = nhi_governance::value_digest(&"legacy_shared".into()).to_string();
    let subject = |address| Subject {
        control: "NHI-STATIC-SECRET",
        address,
        attribute: "kind",
        digest: &value,
    };
    // One whose exception ends about now, one whose exception goes on, and one that needs none.
    except(house.path(), subject("staging/old-importer"), 3, 0);
    except(house.path(), subject("staging/new-importer"), 3, 5);
    let shared = |name| Sketch {
        kind: "legacy_shared",
        ..named(name)
    };
    let ids = house.create(1, &[shared("old-importer"), shared("new-importer"), named("reader")]);
    let statuses = || ids.iter().map(|id| house.status(*id)).collect::<Vec<_>>();
    assert_eq!(statuses(), ["active"; 3]);
    let ran = house.run(&["sweep"]).exits(0);
    says(
        &ran,
        &[
            "old-importer",
            "no exception for it is in force",
            "0 ended, 1 suspended",
        ],
    );
    assert_eq!(statuses(), ["suspended", "active", "active"]);
    let (kind, reason) = house.log().pop().unwrap();
    assert_eq!(kind, "identity.suspended");
    assert!(reason.as_str().unwrap().contains("static secret"), "{reason}");
    says(&house.run(&["sweep"]).exits(0), &["nothing was due"]);
    // It comes back with another exception, and with nothing less.
    let pinned = house.approvers();
    let resume = ["resume", "old-importer", &pinned[0], &pinned[1]];
    says(&house.run_as("bob", &resume).exits(3), &["NHI-STATIC-SECRET"]);
    except(house.path(), subject("staging/other"), 0, 5);
    says(&house.run_as("bob", &resume).exits(3), &["NHI-STATIC-SECRET"]);
    house.run(&["audit", "verify"]).exits(0);
}

#[test]
fn two_at_a_time_end_each_thing_once() {
    let (house, _) = house();
    let before = house.log().len();
    let sweep = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_nhi"));
        command.args(["sweep", "--format", "json"]).current_dir(house.path());
        command.env_remove("NHI_REGISTRY").env_remove("NHI_POLICY");
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let both = [sweep(), sweep(), sweep()];
    let ended = both.map(|child| {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        answer["ended"].as_u64().unwrap()
    });
    assert_eq!(ended.iter().sum::<u64>(), 3, "{ended:?}");
    assert_eq!(house.log().len(), before + 3);
}

#[test]
fn the_loop_tells_each_pass_and_ends_when_told() {
    let (house, _) = house();
    let mut command = Command::new(env!("CARGO_BIN_EXE_nhi"));
    command.args(["sweep", "--every", "1s"]).current_dir(house.path());
    command
        .env_remove("NHI_REGISTRY")
        .env_remove("NHI_POLICY")
        .stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let ended: Vec<_> = (0..2)
        .map(|_| {
            let line: serde_json::Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
            line["ended"].as_u64().unwrap()
        })
        .collect();
    assert_eq!(ended, [3, 0]);
    let told = Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(told.success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    house.run(&["audit", "verify"]).exits(0);
}

#[test]
fn a_sweep_that_cannot_begin_says_so() {
    let house = House::new();
    for arguments in [&["sweep"][..], &["sweep", "--every", "5m"]] {
        says(&house.run(arguments).exits(3), &["NHI-REGISTRY-MISSING"]);
    }
    for every in ["0s", "5", "never", "500ms", "-5m"] {
        house.run(&["sweep", "--every", every]).exits(2);
    }
}
