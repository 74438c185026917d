//! The data sources as a core reads them, on a real registry.

mod answers;
mod teams;

use nhi_governance::{Draft, Given, PurposeDraft, ScopeDraft};
use nhi_registry::Actor;
use tempfile::TempDir;
use tfplugin::diagnostic::Severity;

use super::*;
use crate::governed::{Approving, Settings};

/// A registry of its own.
struct House {
    directory: TempDir,
    governed: Arc<Governed>,
}

impl House {
    fn new() -> House {
        let directory = TempDir::new().unwrap();
        let governed = Arc::new(Governed::new(Actor::new("tester")));
        governed.configure(Settings {
            policy: Some(Arc::default()),
            registry: Some(nhi_registry::Location::file(&directory.path().join("registry.db"))),
            trust_domain: Some(nhi_governance::TrustDomain::default()),
            approving: Some(Approving {
                organisation: None,
                approvers: None,
                directory: directory.path().join("approvals"),
                enforces: false,
            }),
        });
        House { directory, governed }
    }

    /// Puts an identity on record; its id comes back.
    fn create(&self, name: &str, change: impl FnOnce(&mut Draft)) -> String {
        let mut draft = draft(name);
        change(&mut draft);
        self.governed.create(&draft).unwrap().identity.id().to_string()
    }

    fn source(&self, type_name: &str) -> Arc<dyn DataSource> {
        let mut all = all(&self.governed);
        all.retain(|source| source.type_name() == type_name);
        all.remove(0)
    }

    fn config(&self, type_name: &str, arguments: &[(&str, Value)]) -> Value {
        let attributes = self.source(type_name).schema().attributes;
        let mut config = Value::object(attributes.into_iter().map(|attribute| (attribute.name, Value::Null)));
        for (name, value) in arguments {
            assert!(config.entries().unwrap().contains_key(*name), "{type_name}.{name}");
            config.insert(name, value.clone());
        }
        config
    }

    async fn answer(&self, type_name: &str, arguments: &[(&str, Value)]) -> DataAnswer {
        let source = self.source(type_name);
        let config = self.config(type_name, arguments);
        source.read(config).await
    }

    /// The answer, which must be without complaint and the same a second time.
    async fn read(&self, type_name: &str, arguments: &[(&str, Value)]) -> Value {
        let answer = self.answer(type_name, arguments).await;
        assert!(answer.diagnostics.is_empty(), "{type_name}: {:?}", answer.diagnostics);
        assert!(answer.value.is_wholly_known());
        let again = self.answer(type_name, arguments).await.value;
        assert_eq!(again, answer.value, "{type_name} answers twice alike");
        answer.value
    }

    async fn names(&self, type_name: &str, arguments: &[(&str, Value)]) -> String {
        let answer = self.read(type_name, arguments).await;
        let names = answer.get("identities").elements().unwrap().iter();
        let names: Vec<_> = names
            .map(|identity| identity.get("name").as_str().unwrap().to_owned())
            .collect();
        names.join(" ")
    }

    /// What is wrong with a block, at plan and, when it became known only then, at apply.
    async fn refuses(&self, type_name: &str, arguments: &[(&str, Value)]) -> String {
        let checked = self.source(type_name).validate(&self.config(type_name, arguments));
        let answer = self.answer(type_name, arguments).await;
        assert_eq!(checked, answer.diagnostics);
        assert!(answer.value.is_null());
        let told = checked.iter();
        told.map(|found| format!("{}|{} {}", found.path, found.summary, found.detail))
            .collect::<Vec<_>>()
            .join("\n")
    }
}

fn draft(name: &str) -> Draft {
    Draft {
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
            actions: Given::Known(vec!["s3:GetObject".into()]),
        })]),
        revoked_by: Given::Known(vec!["ttl".into()]),
        ..Draft::default()
    }
}

/// The argument for a moment so many days from now.
fn days_on(days: i64) -> (&'static str, Value) {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let at = i64::try_from(now.as_secs()).unwrap() + days * 86_400;
    ("at", nhi_governance::Timestamp::from_unix(at).to_string().into())
}

#[test]
fn they_are_sorted_and_every_attribute_is_described() {
    let house = House::new();
    let all = all(&house.governed);
    assert!(all.is_sorted_by_key(|source| source.type_name().to_owned()));
    for source in all {
        for attribute in source.schema().attributes {
            assert!(
                !attribute.description.is_empty(),
                "{}.{}",
                source.type_name(),
                attribute.name
            );
        }
    }
}

#[tokio::test]
async fn the_inventory_is_what_was_asked_for() {
    let house = House::new();
    house.create("a", |_| {});
    house.create("b", |draft| {
        draft.environment = "sandbox".into();
        draft.internet_facing = Given::Known(true);
        draft.technical_owner = "team:pay".into();
        draft.ttl = "24h".into();
    });
    let revoked = house.create("c", |draft| draft.kind = "bot".into());
    house.governed.end(revoked.parse_id(), "no longer needed").unwrap();
    let text = |name: &'static str, text: &str| (name, Value::from(text));
    let statuses = |words: &[&str]| ("statuses", Value::set(words.iter().map(|word| Value::from(*word))));
    for (arguments, names) in [
        (vec![], "b a"),
        (vec![text("environment", "staging")], "a"),
        (vec![text("environment", "nowhere")], ""),
        (vec![text("kind", "bot")], ""),
        (vec![text("owner", "TEAM:Pay")], "b"),
        (vec![text("owner", "team:iam")], "b a"),
        (vec![text("min_risk_tier", "moderate")], "b"),
        (vec![statuses(&["revoked"])], "c"),
        (vec![statuses(&["active", "revoked"])], "b a c"),
        (vec![statuses(&["expired"]), days_on(2)], "b"),
        (vec![statuses(&["expired"]), days_on(31)], "b a"),
        (vec![statuses(&[])], ""),
    ] {
        assert_eq!(house.names("nhi_inventory", &arguments).await, names, "{arguments:?}");
    }
    let refused = house
        .refuses(
            "nhi_inventory",
            &[
                text("environment", "Staging!"),
                text("kind", "robot"),
                text("owner", "nobody"),
                text("at", "tomorrow"),
                statuses(&["dead"]),
            ],
        )
        .await;
    for words in [
        "environment|",
        "kind|",
        "owner|",
        "at|`tomorrow`",
        "statuses|`dead` is not a status",
        "NHI-QUESTION",
    ] {
        assert!(refused.contains(words), "{words}: {refused}");
    }
    let unknown = house.config("nhi_inventory", &[("at", Value::UNKNOWN), ("kind", Value::UNKNOWN)]);
    assert!(house.source("nhi_inventory").validate(&unknown).is_empty());
}

/// Ids come back as text.
trait ParseId {
    fn parse_id(&self) -> nhi_governance::RecordId;
}

impl ParseId for String {
    fn parse_id(&self) -> nhi_governance::RecordId {
        nhi_governance::RecordId::parse(self).unwrap()
    }
}

#[tokio::test]
async fn what_ends_soon_comes_first() {
    let house = House::new();
    for (name, ttl) in [("month", "720h"), ("week", "168h"), ("day", "24h")] {
        house.create(name, |draft| draft.ttl = ttl.into());
    }
    let within = |text: &str| ("within", Value::from(text));
    let only_live = ("with_expired", Value::from(false));
    for (arguments, names) in [
        (vec![], "day week"),
        (vec![within("1h")], ""),
        (vec![within("25h")], "day"),
        (vec![within("1000h")], "day week month"),
        (vec![within("1h"), days_on(2)], "day"),
        (vec![within("1h"), days_on(2), only_live.clone()], ""),
        (vec![days_on(20), only_live], "month"),
        (vec![days_on(-40)], ""),
    ] {
        assert_eq!(house.names("nhi_expiring", &arguments).await, names, "{arguments:?}");
    }
    assert!(
        house
            .refuses("nhi_expiring", &[within("2 weeks")])
            .await
            .contains("within|")
    );
}

#[tokio::test]
async fn an_orphan_has_an_owner_that_nobody_knows() {
    let house = House::new();
    house.create("a", |_| {});
    house.create("b", |draft| draft.technical_owner = "team:gone".into());
    house.create("c", |draft| draft.policy_owner = "user:gone".into());
    let known = |owners: &[&str]| {
        [(
            "known_owners",
            Value::set(owners.iter().map(|owner| Value::from(*owner))),
        )]
    };
    for (owners, names) in [
        (&["team:iam", "team:reports"][..], "b c"),
        (&["team:iam", "TEAM:Reports", "team:gone"], "c"),
        (&["team:iam"], "a b c"),
        (&["team:iam", "team:reports", "team:gone", "user:gone"], ""),
    ] {
        assert_eq!(house.names("nhi_orphans", &known(owners)).await, names);
    }
    assert!(
        house
            .refuses("nhi_orphans", &known(&[]))
            .await
            .contains("no owner is known")
    );
    assert!(
        house
            .refuses("nhi_orphans", &known(&["iam"]))
            .await
            .contains("NHI-OWNER")
    );
}

#[tokio::test]
async fn the_audit_proves_itself_and_what_came_before() {
    let house = House::new();
    let id = house.create("a", |_| {});
    house.create("b", |_| {});
    let number = |name: &'static str, number: i64| (name, Value::from(number));
    let whole = house.read("nhi_audit", &[]).await;
    let rows = whole.get("rows").elements().unwrap().to_vec();
    assert_eq!(whole.get("head_seq"), &Value::from(rows.len() as u64));
    assert_eq!(whole.get("head"), rows.last().unwrap().get("hash"));
    for pair in rows.windows(2) {
        assert_eq!(pair[1].get("previous"), pair[0].get("hash"));
    }
    assert!(rows.iter().any(|row| row.get("subject").as_str() == Some(&*id)));
    let part = house
        .read("nhi_audit", &[number("from_seq", 2), number("limit", 1)])
        .await;
    assert_eq!(part.get("rows").elements().unwrap(), &rows[1..2]);
    let beyond = house.read("nhi_audit", &[number("from_seq", 99)]).await;
    assert_eq!(beyond.get("rows"), &Value::List(vec![]));

    let known = |seq: u64, hash: &str| {
        let row = Value::object([("seq", Value::from(seq)), ("hash", hash.into())]);
        [("known_row", row)]
    };
    let head = whole.get("head").as_str().unwrap().to_owned();
    let seq = rows.len() as u64;
    house.create("c", |_| {});
    house.read("nhi_audit", &known(seq, &head)).await;
    for (seq, hash, words) in [
        (seq, "00", "another row than the one that was seen"),
        (seq - 1, head.as_str(), "another row"),
        (99, head.as_str(), "replaced by an older copy"),
    ] {
        let answer = house.answer("nhi_audit", &known(seq, hash)).await;
        assert!(answer.value.is_null());
        let told: String = answer.diagnostics.iter().map(ToString::to_string).collect();
        assert!(told.contains(words) && told.contains("NHI-REGISTRY-TAMPERED"), "{told}");
    }
    for bad in [
        number("from_seq", 0),
        number("from_seq", -1),
        number("limit", 0),
        number("limit", 1001),
    ] {
        assert!(house.refuses("nhi_audit", &[bad]).await.contains("is out of range"));
    }
    assert!(
        house
            .refuses("nhi_audit", &known(0, &head))
            .await
            .contains("known_row.seq|")
    );

    std::fs::remove_file(house.directory.path().join("registry.db")).unwrap();
    let answer = house.answer("nhi_audit", &known(seq, &head)).await;
    assert!(
        answer.diagnostics.has_errors(),
        "a row was seen, so there was a registry"
    );
}

#[tokio::test]
async fn metrics_count_what_is_on_record() {
    let house = House::new();
    house.create("a", |_| {});
    answers::except(&house, "NHI-STATIC-SECRET", "staging/b", 3600);
    house.create("b", |draft| {
        draft.kind = "legacy_shared".into();
        draft.ttl = "24h".into();
    });
    let revoked = house.create("c", |_| {});
    house.governed.end(revoked.parse_id(), "no longer needed").unwrap();
    let metrics = house.read("nhi_metrics", &[]).await;
    let count = |of: &str, word: &str| metrics.get(of).get(word).as_i64();
    assert_eq!(metrics.get("live").as_i64(), Some(2));
    assert_eq!(count("by_status", "active"), Some(2));
    assert_eq!(count("by_status", "revoked"), Some(1));
    assert_eq!(count("by_kind", "legacy_shared"), Some(1));
    assert_eq!(count("by_age_days", "0-30"), Some(2));
    assert_eq!(count("by_owner", "team:reports"), Some(2));
    assert_eq!(count("events", "identity.created"), Some(3));
    assert_eq!(count("events", "identity.revoked"), Some(1));
    assert_eq!(
        metrics.get("attestation_coverage"),
        &"0".parse().map(Value::Number).unwrap()
    );
    assert_eq!(
        metrics.get("static_credential_share"),
        &"0.5".parse().map(Value::Number).unwrap()
    );
    let later = house.read("nhi_metrics", &[days_on(61)]).await;
    assert_eq!(later.get("by_age_days").get("61-90").as_i64(), Some(2));
    let none = house.read("nhi_metrics", &[("environment", "nowhere".into())]).await;
    assert!(none.get("attestation_coverage").is_null());
    let third = metrics::share(nhi_governance::measure::Share::of(1, 3));
    assert_eq!(third, "0.3333".parse().map(Value::Number).unwrap());
}

#[tokio::test]
async fn the_score_names_who_fails_what() {
    let house = House::new();
    let external = |id: &str| Given::Known(vec![Given::Known(id.to_owned())]);
    let clean = house.create("a", |draft| {
        draft.attestation = Given::Known(nhi_governance::AttestationDraft {
            spiffe_id: "spiffe://example.org/a".into(),
            ..Default::default()
        });
    });
    let shared = house.create("b", |draft| draft.external = external("arn:x"));
    let elsewhere = house.create("c", |draft| {
        draft.external = external("arn:x");
        draft.environment = "test".into();
    });
    let failed = |answer: &Value, control: &str| {
        let controls = answer.get("controls").elements().unwrap().to_vec();
        let found = controls
            .into_iter()
            .find(|found| found.get("control").as_str() == Some(control))
            .unwrap();
        let ids = found.get("failed_ids").elements().unwrap().to_vec();
        ids.iter().map(|id| id.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let both = {
        let mut both = vec![shared.clone(), elsewhere.clone()];
        both.sort();
        both
    };
    let answer = house.read("nhi_compliance_score", &[]).await;
    for (control, ids) in [
        ("NHI1:2025", &[][..]),
        ("NHI4:2025", &both),
        ("NHI8:2025", &both),
        ("NHI9:2025", &both),
    ] {
        assert_eq!(failed(&answer, control), ids, "{control}");
    }
    assert_eq!(
        (answer.get("applicable").as_i64(), answer.get("passed").as_i64()),
        (Some(21), Some(15))
    );
    assert_eq!(answer.get("excepted").as_i64(), Some(0));
    assert_eq!(answer.get("score"), &"0.7142".parse().map(Value::Number).unwrap());
    // Who shares an external identity is no question of what is selected.
    let staging = house
        .read("nhi_compliance_score", &[("environment", "staging".into())])
        .await;
    assert_eq!(failed(&staging, "NHI8:2025"), [shared]);
    let forgotten = house.read("nhi_compliance_score", &[days_on(40)]).await;
    assert!(failed(&forgotten, "NHI1:2025").contains(&clean));
    assert_eq!(
        house.read("nhi_compliance_score", &[days_on(36)]).await.get("score"),
        answer.get("score")
    );
    let none = house
        .read("nhi_compliance_score", &[("environment", "nowhere".into())])
        .await;
    assert!(none.get("score").is_null());
}

#[tokio::test]
async fn without_a_registry_the_answer_is_empty_and_says_so() {
    let house = House::new();
    let owners = ("known_owners", Value::set(["team:iam".into()]));
    for source in all(&house.governed) {
        let type_name = source.type_name();
        // Of these, one asks no registry, and the others are about something that is on record.
        if ["nhi_approval_request", "nhi_blast_radius", "nhi_policy_decision"].contains(&type_name) {
            continue;
        }
        let arguments = if type_name == "nhi_orphans" {
            vec![owners.clone()]
        } else {
            vec![]
        };
        let answer = house.answer(type_name, &arguments).await;
        let warnings: Vec<_> = answer.diagnostics.iter().map(|found| found.severity).collect();
        assert_eq!(warnings, [Severity::Warning], "{type_name}");
        assert!(answer.value.is_wholly_known() && !answer.value.is_null());
    }
    assert_eq!(
        std::fs::read_dir(house.directory.path()).unwrap().count(),
        0,
        "looking leaves no file"
    );

    let unconfigured = Arc::new(Governed::new(Actor::new("tester")));
    let mut sources = all(&unconfigured);
    sources.retain(|source| source.type_name() == "nhi_inventory");
    let source = sources.remove(0);
    let answer = source.read(house.config("nhi_inventory", &[])).await;
    assert!(answer.diagnostics.has_errors(), "which registry to ask is not known");
}
