//! Approvals: what lacks them is refused at plan and at apply, and what has them uses them up.

use std::path::PathBuf;

use nhi_approvals::{Approval, Decision, FileKey, Person, Request, Signer as _, disk};
use nhi_governance::{Digest, Timestamp};
use nhi_registry::{Actor, Registry as _, SqliteRegistry};
use ssh_key::private::Ed25519Keypair;
use ssh_key::{LineEnding, PrivateKey};
use tempfile::TempDir;
use tfplugin::diagnostic::Severity;
use tfplugin::server::Provider as _;

mod policy;
mod records;

use super::super::*;
use super::house::{House, config, with};
use crate::provider::Nhi;

fn key(name: &str) -> FileKey {
    let key = PrivateKey::from(Ed25519Keypair::from_seed(Digest::of(name.as_bytes()).as_bytes()));
    FileKey::read(key.to_openssh(LineEnding::LF).unwrap().as_bytes(), || {
        panic!("it is not encrypted")
    })
    .unwrap()
}

fn person(name: &str, more: &str) -> String {
    format!(
        "person {name:?} {{\n  keys = [{:?}]\n{more}}}\n",
        key(name).public_key().to_openssh()
    )
}

fn root() -> String {
    format!(
        "organisation = \"example\"\nversion = 1\nthreshold = 1\n{}{}{}",
        person("alice", "  roles = [\"policy_owner\"]\n  teams = [\"team:iam\"]\n"),
        person("bob", ""),
        person("tester", ""),
    )
}

/// A house whose provider enforces approvals by a trust root.
struct Enforced(House);

impl Enforced {
    async fn new() -> Enforced {
        let directory = TempDir::new().unwrap();
        std::fs::write(directory.path().join("approvers.hcl"), root()).unwrap();
        let house = Enforced(House {
            provider: House::provider(),
            directory,
        });
        assert!(house.configured(&house.0.provider, &[]).await.is_empty());
        house
    }

    /// Configures a provider, with some attributes of its block set to something else.
    async fn configured(&self, provider: &Nhi, changes: &[(&'static str, Value)]) -> Diagnostics {
        let path = |name: &str| Value::from(self.0.directory.path().join(name).display().to_string());
        let mut block = Value::object([
            ("registry", path("registry.db")),
            ("trust_domain", "example.org".into()),
            ("organisation", "example".into()),
            ("approvers", path("approvers.hcl")),
            ("approvers_digest", Digest::of(root().as_bytes()).to_string().into()),
            ("approvals", path("approvals")),
        ]);
        for (name, value) in changes {
            block.insert(name, value.clone());
        }
        provider.configure(block).await
    }

    fn approvals(&self) -> PathBuf {
        self.0.directory.path().join("approvals")
    }

    /// The requests that plans have written.
    fn requests(&self) -> Vec<Request> {
        let Ok(entries) = std::fs::read_dir(self.approvals()) else {
            return Vec::new();
        };
        let paths = entries.map(|entry| entry.unwrap().path().join("request.json"));
        let mut requests: Vec<Request> = paths.map(|path| disk::read_request(&path).unwrap()).collect();
        requests.sort_by_key(|request| request.previous_revision);
        requests
    }

    fn approve(&self, request: &Request, name: &str) {
        let now = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap()
            .as_secs();
        let at = |seconds: i64| Timestamp::from_unix(i64::try_from(now).unwrap() + seconds);
        let person = Person::parse(name).unwrap();
        let approval = Approval::new(request, person, Decision::Approve, at(0), at(3600), None);
        disk::write_approval(&self.approvals(), &approval.sign(&mut key(name)).unwrap()).unwrap();
    }

    fn registry(&self) -> SqliteRegistry {
        SqliteRegistry::open_read_only(&self.0.directory.path().join("registry.db")).unwrap()
    }
}

#[track_caller]
fn lacks(diagnostics: &Diagnostics, words: &[&str]) {
    let errors: Vec<_> = diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.severity == Severity::Error)
        .collect();
    assert_eq!(errors.len(), 1, "{diagnostics:?}");
    let told = format!("{}\n{}", errors[0].summary, errors[0].detail);
    for word in words.iter().chain(&["NHI-APPROVAL-MISSING"]) {
        assert!(told.contains(word), "`{word}` is not in\n{told}");
    }
}

#[tokio::test]
async fn approvals_are_collected_and_used_up() {
    let house = Enforced::new().await;
    let plan = house.0.plan(&Value::Null, &config(&[])).await;
    lacks(
        &plan.diagnostics,
        &[
            "tier moderate calls for 1 approval",
            "1 more approval (0 of 1)",
            "from alice, bob",
        ],
    );
    let [request] = house.requests().try_into().unwrap();
    lacks(&plan.diagnostics, &[&format!("nhi approve {}", request.digest())]);
    // The apply of a plan that somebody let through is refused as well, and nothing is on record.
    lacks(&house.0.create(&config(&[])).await.diagnostics, &["tier moderate"]);
    assert_eq!(house.registry().list(&nhi_registry::Filter::default()).unwrap(), []);

    // Who asks does not approve.
    house.approve(&request, "tester");
    let plan = house.0.plan(&Value::Null, &config(&[])).await;
    lacks(&plan.diagnostics, &["tester.dsse.json", "who asks does not approve"]);
    house.approve(&request, "bob");
    assert!(house.0.plan(&Value::Null, &config(&[])).await.diagnostics.is_empty());
    let created = house.0.create(&config(&[])).await;
    assert!(created.diagnostics.is_empty(), "{:?}", created.diagnostics);
    let identity = house
        .registry()
        .list(&nhi_registry::Filter::default())
        .unwrap()
        .remove(0);
    assert_eq!(identity.evidence().approved_by, ["bob"]);
    assert_eq!(identity.evidence().request, Some(request.digest()));
    let used = house
        .registry()
        .consumption(identity.evidence().approvals[0])
        .unwrap()
        .unwrap();
    assert_eq!(used.subject, identity.id().to_string());

    // The same again, under a name that is free again, is another request.
    let state = house.0.read(&created.state).await.state;
    let delete = DeleteRequest {
        prior: state,
        private: vec![],
    };
    assert!(house.0.resource().delete(delete).await.diagnostics.is_empty());
    lacks(&house.0.plan(&Value::Null, &config(&[])).await.diagnostics, &["0 of 1"]);
    lacks(&house.0.create(&config(&[])).await.diagnostics, &["0 of 1"]);
    let digests: Vec<_> = house.requests().iter().map(Request::digest).collect();
    assert_eq!(digests.len(), 2, "{digests:?}");
}

#[tokio::test]
async fn what_was_there_at_plan_has_to_be_there_at_apply() {
    let house = Enforced::new().await;
    house.0.plan(&Value::Null, &config(&[])).await;
    let [request] = house.requests().try_into().unwrap();
    house.approve(&request, "alice");
    let planned = house.0.plan(&Value::Null, &config(&[])).await;
    assert!(planned.diagnostics.is_empty());
    let path = disk::directory(&house.approvals(), request.digest()).join("alice.dsse.json");
    std::fs::remove_file(path).unwrap();
    let create = CreateRequest {
        config: config(&[]),
        planned: planned.planned,
        private: vec![],
    };
    let created = house.0.resource().create(create).await;
    assert!(created.state.is_null());
    lacks(&created.diagnostics, &["0 of 1"]);
    // An approval of something else does not help.
    let other = config(&[("ttl", "360h".into())]);
    lacks(&house.0.plan(&Value::Null, &other).await.diagnostics, &["0 of 1"]);
}

#[tokio::test]
async fn a_change_is_approved_anew_and_a_containment_is_not() {
    let house = Enforced::new().await;
    house.0.plan(&Value::Null, &config(&[])).await;
    house.approve(&house.requests()[0], "alice");
    let created = house.0.create(&config(&[])).await.state;
    let created = house.0.read(&created).await.state;
    assert!(
        house.0.plan(&created, &config(&[])).await.diagnostics.is_empty(),
        "nothing is due"
    );

    let shorter = config(&[("ttl", "360h".into())]);
    assert!(house.0.plan(&created, &shorter).await.diagnostics.is_empty());
    let contained = house.0.update(&created, &shorter).await;
    assert!(contained.diagnostics.is_empty(), "{:?}", contained.diagnostics);

    let contained = house.0.read(&contained.state).await.state;
    lacks(
        &house.0.plan(&contained, &config(&[])).await.diagnostics,
        &["tier moderate", "0 of 1"],
    );
    let request = house.requests().pop().unwrap();
    assert_eq!(request.previous_revision, 2);
    let difference = nhi_approvals::Difference::of(&request);
    assert_eq!(
        (difference.changed[0].what.as_str(), difference.gained.len()),
        ("ttl", 0)
    );
    house.approve(&request, "bob");
    let longer = house.0.update(&contained, &config(&[])).await;
    assert!(longer.diagnostics.is_empty(), "{:?}", longer.diagnostics);
    assert_eq!(longer.state.get("ttl"), &Value::from("720h"));
}

#[tokio::test]
async fn a_low_tier_needs_nobody() {
    let house = Enforced::new().await;
    let scope = [
        ("backend", Value::from("aws")),
        ("resource", "arn:aws:s3:::reports/daily".into()),
        ("actions", Value::set([Value::from("s3:GetObject")])),
    ];
    let low = with(&config(&[]), "scope", Value::List(vec![Value::object(scope)]));
    assert!(house.0.plan(&Value::Null, &low).await.diagnostics.is_empty());
    assert!(
        !house.0.directory.path().join("registry.db").exists() && house.requests().is_empty(),
        "a plan leaves nothing"
    );
    assert!(house.0.create(&low).await.diagnostics.is_empty());
}

#[tokio::test]
async fn a_creation_that_was_cut_off_needs_no_second_approval() {
    let house = Enforced::new().await;
    house.0.plan(&Value::Null, &config(&[])).await;
    house.approve(&house.requests()[0], "alice");
    assert!(house.0.create(&config(&[])).await.diagnostics.is_empty());
    // The approvals are used up and gone, and no core knows the id yet: a plan of the same has nothing to ask for.
    std::fs::remove_dir_all(house.approvals()).unwrap();
    assert!(house.0.plan(&Value::Null, &config(&[])).await.diagnostics.is_empty());
    let other = config(&[("ttl", "360h".into())]);
    lacks(&house.0.plan(&Value::Null, &other).await.diagnostics, &["0 of 1"]);
}

#[tokio::test]
async fn without_a_trust_root_nobody_can_approve() {
    let house = Enforced::new().await;
    let bare = [("approvers", Value::Null), ("approvers_digest", Value::Null)];
    for (enforcement, is_refused) in [(Value::Null, true), ("enforce".into(), true), ("warn".into(), false)] {
        let provider = House::provider();
        let mut block = bare.to_vec();
        block.push(("enforcement", enforcement));
        assert!(house.configured(&provider, &block).await.is_empty());
        let request = PlanRequest {
            config: config(&[]),
            prior: Value::Null,
            proposed: config(&[]),
            private: vec![],
        };
        let resources = provider.resources();
        let identity = resources
            .iter()
            .find(|resource| resource.type_name() == "nhi_identity")
            .unwrap();
        let plan = identity.plan(request).await;
        if is_refused {
            lacks(&plan.diagnostics, &["a trust root", "approvers_digest"]);
        } else {
            assert!(
                !plan.diagnostics.has_errors() && plan.diagnostics.iter().count() == 1,
                "{:?}",
                plan.diagnostics
            );
        }
    }
}

#[tokio::test]
async fn a_block_that_would_let_anybody_approve_is_refused() {
    let house = Enforced::new().await;
    let cases: [(&[(&'static str, Value)], &str); 6] = [
        (&[("approvers_digest", Value::Null)], "NHI-APPROVERS-PIN"),
        (&[("approvers_digest", "abc".into())], "NHI-APPROVERS-PIN"),
        (
            &[("approvers_digest", Digest::of(b"other").to_string().into())],
            "NHI-APPROVERS-PIN",
        ),
        (&[("approvers", Value::Null)], "NHI-APPROVERS"),
        (&[("organisation", "Example Ltd".into())], "NHI-APPROVERS"),
        (&[("enforcement", "off".into())], "NHI-APPROVAL-MISSING"),
    ];
    for (changes, code) in cases {
        let told: Vec<_> = house
            .configured(&Nhi::new(Arc::new(Governed::new(Actor::new("tester")))), changes)
            .await
            .into_iter()
            .collect();
        assert_eq!(told.len(), 1, "{changes:?}: {told:?}");
        assert!(told[0].detail.contains(code), "{changes:?}: {told:?}");
    }
    std::fs::write(
        house.0.directory.path().join("approvers.hcl"),
        root().replace("threshold = 1", "threshold = 2"),
    )
    .unwrap();
    let told = house.configured(&House::provider(), &[]).await;
    assert!(told.has_errors(), "a trust root that was changed is none");
    lacks_pin(&told);
}

#[track_caller]
fn lacks_pin(diagnostics: &Diagnostics) {
    let told = format!("{diagnostics:?}");
    assert!(told.contains("NHI-APPROVERS-PIN"), "{told}");
}
