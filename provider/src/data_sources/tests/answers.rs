//! Exceptions, requests, decisions and blast radii, with what is right, what is nearly right and what is hostile.

use nhi_approvals::{Request, RequestContext, disk};
use nhi_governance::{
    Act, Declared as _, Digest, Evidence, Exception, ExceptionDraft, Grant, GrantDraft, Name, Policy, RecordId,
    Registered, SubjectDraft, Timestamp, value_digest,
};
use nhi_registry::{Access, Key, Location, Options, RecordsExt as _, Registry};

use super::*;

fn registry(house: &House) -> Box<dyn Registry> {
    let location = Location::file(&house.directory.path().join("registry.db"));
    nhi_registry::open(&location, Access::Create, Options::default()).unwrap()
}

fn wall() -> i64 {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    i64::try_from(since.as_secs()).unwrap()
}

/// Puts an exception on record that three people agreed to.
pub(super) fn except(house: &House, control: &str, address: &str, seconds: i64) -> RecordId {
    let draft = ExceptionDraft {
        control: control.into(),
        subject: Given::Known(SubjectDraft {
            address: address.into(),
            attribute: "kind".into(),
            value_digest: value_digest(&serde_json::json!("legacy_shared"))
                .to_string()
                .as_str()
                .into(),
        }),
        reason: "The vendor offers no other way in yet".into(),
        compensating_control: "Rotated by hand every week".into(),
        risk_acceptor: "user:rita".into(),
        risk_tier: "high".into(),
        expires_at: Timestamp::from_unix(wall() + seconds).to_string().as_str().into(),
        max_renewals: Given::Absent,
    };
    let exception = draft.check().declaration.unwrap();
    let key = exception.key();
    let evidence = Evidence {
        request: Some(Digest::of(key.as_bytes())),
        approvals: [1, 2, 3]
            .map(|number| Digest::of(format!("{key}{number}").as_bytes()))
            .into(),
        approved_by: ["carol", "dave", "erin"].map(str::to_owned).into(),
        waived: false,
    };
    let place = Key {
        environment: "",
        key: &key,
    };
    let declared = registry(house).declare(&Actor::new("tester"), &evidence, place, |now, id, _, view| {
        let act = Act {
            by: "tester",
            evidence: &evidence,
            policy: view.policy(),
            now,
        };
        Ok(Registered::<Exception>::create(id, exception.clone(), &[], &act)?)
    });
    declared.unwrap().id_of()
}

/// The id, whatever the record.
trait IdOf {
    fn id_of(&self) -> RecordId;
}

impl<R: nhi_governance::Record> IdOf for R {
    fn id_of(&self) -> RecordId {
        self.id()
    }
}

fn column(answer: &Value, list: &str, name: &str) -> Vec<String> {
    let elements = answer.get(list).elements().unwrap().iter();
    elements
        .map(|element| element.get(name).as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn exceptions_are_listed_while_they_hold() {
    let house = House::new();
    let empty = house.answer("nhi_exceptions", &[]).await;
    assert!(empty.diagnostics.iter().all(|told| told.severity == Severity::Warning));
    assert_eq!(empty.value.get("exceptions").elements(), Some(&[][..]));
    except(&house, "NHI012", "aws_iam_role.b", 86_400 * 20);
    except(&house, "NHI012", "aws_iam_role.a", 86_400 * 10);
    except(&house, "NHI-STATIC-SECRET", "staging/old", 86_400);
    let all = house.read("nhi_exceptions", &[]).await;
    assert_eq!(
        column(&all, "exceptions", "address"),
        ["staging/old", "aws_iam_role.a", "aws_iam_role.b"]
    );
    assert_eq!(column(&all, "exceptions", "status"), ["active"; 3]);
    let approved = all.get("exceptions").elements().unwrap()[0].get("approved_by").clone();
    assert_eq!(approved, Value::set(["carol".into(), "dave".into(), "erin".into()]));
    let some = house
        .read(
            "nhi_exceptions",
            &[("control", "NHI012".into()), ("address", "aws_iam_role.a".into())],
        )
        .await;
    assert_eq!(column(&some, "exceptions", "address"), ["aws_iam_role.a"]);
    for near in ["NHI01", "nhi012", "NHI012 ", "*", "NHI012\u{202e}"] {
        let none = house.read("nhi_exceptions", &[("control", near.into())]).await;
        assert_eq!(column(&none, "exceptions", "id"), Vec::<String>::new(), "{near:?}");
    }
    let later = Timestamp::from_unix(wall() + 86_400 * 15).to_string();
    let held = house.read("nhi_exceptions", &[("at", later.as_str().into())]).await;
    assert_eq!(column(&held, "exceptions", "address"), ["aws_iam_role.b"]);
    let ended = house
        .read(
            "nhi_exceptions",
            &[("at", later.as_str().into()), ("with_ended", true.into())],
        )
        .await;
    assert_eq!(column(&ended, "exceptions", "status"), ["expired", "expired", "active"]);
    for (name, value) in [("at", "yesterday"), ("control", " "), ("address", "")] {
        assert!(
            house
                .refuses("nhi_exceptions", &[(name, value.into())])
                .await
                .contains("NHI-QUESTION"),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_request_tells_how_far_it_is() {
    let house = House::new();
    house.create("first", |_| ());
    let policy = Policy::default();
    let organisation = Name::parse("example").unwrap();
    let made = |policy: &Policy, name: &str| {
        let mut asked = draft(name);
        asked.min_risk_tier = "high".into();
        let declaration = asked.check(policy).declaration.unwrap();
        let context = RequestContext {
            organisation: &organisation,
            policy,
            registry_id: &registry(&house).registry_id().unwrap(),
            incarnations: 0,
        };
        let request = Request::for_identity(&context, None, &declaration);
        disk::write_request(&house.directory.path().join("approvals"), &request).unwrap();
        request.digest().to_string()
    };
    let digest = made(&policy, "second");
    let answer = house
        .read("nhi_approval_request", &[("digest", digest.as_str().into())])
        .await;
    for (name, value) in [
        ("kind", Value::from("identity")),
        ("name", "second".into()),
        ("environment", "staging".into()),
        ("risk_tier", "high".into()),
        ("approvals_needed", 2_u64.into()),
        ("is_approved", false.into()),
        ("is_used", false.into()),
        ("previous_revision", 0_u64.into()),
    ] {
        assert_eq!(answer.get(name), &value, "{name}");
    }
    assert!(
        answer.get("missing").elements().unwrap()[0]
            .as_str()
            .unwrap()
            .contains("a trust root")
    );

    let lax = {
        let mut terms = nhi_governance::Terms::default();
        terms.exceptions.renewals_max = 0;
        Policy::new(terms).unwrap()
    };
    let other = made(&lax, "third");
    let told = house
        .answer("nhi_approval_request", &[("digest", other.as_str().into())])
        .await
        .diagnostics;
    assert!(format!("{told:?}").contains("another policy"), "{told:?}");
    // What was edited, what is not there, and what is no digest.
    let file = house
        .directory
        .path()
        .join("approvals")
        .join(&digest)
        .join("request.json");
    let text = std::fs::read_to_string(&file).unwrap();
    for (edited, told) in [
        (text.replace("second", "secund"), "NHI-APPROVAL"),
        (text.replace(',', ", "), "NHI-APPROVAL"),
        ("{".repeat(100_000), "NHI-APPROVAL"),
        (String::new(), "NHI-APPROVAL"),
    ] {
        std::fs::write(&file, edited).unwrap();
        let answer = house
            .answer("nhi_approval_request", &[("digest", digest.as_str().into())])
            .await;
        assert!(
            format!("{:?}", answer.diagnostics).contains(told),
            "{:?}",
            answer.diagnostics
        );
        assert!(answer.value.is_null());
    }
    let missing = Digest::of(b"nothing").to_string();
    let answer = house
        .answer("nhi_approval_request", &[("digest", missing.as_str().into())])
        .await;
    assert!(answer.diagnostics.has_errors() && answer.value.is_null());
    for bad in [
        "",
        "../../etc/passwd",
        &digest.chars().skip(1).collect::<String>(),
        &digest.to_uppercase(),
        "\u{1b}[2J",
    ] {
        let told = house.refuses("nhi_approval_request", &[("digest", bad.into())]).await;
        assert!(told.contains("NHI-QUESTION") && !told.contains('\u{1b}'), "{told:?}");
    }
}

#[tokio::test]
async fn a_decision_is_made_of_whatever_is_given() {
    let house = House::new();
    let text = |text: &str| Value::from(text);
    let scope = |action: &str| {
        Value::List(vec![Value::object([
            ("backend", text("aws")),
            ("resource", text("arn:aws:s3:::reports/daily")),
            ("actions", Value::set([text(action)])),
        ])])
    };
    let purpose = Value::object([
        ("summary", text("Writes the daily report")),
        ("task", text("Report job")),
        ("ticket", Value::Null),
    ]);
    let good = |action: &str| {
        vec![
            ("name", text("reporter")),
            ("kind", text("workload")),
            ("technical_owner", text("team:reports")),
            ("policy_owner", text("team:iam")),
            ("environment", text("production")),
            ("ttl", text("24h")),
            ("revoked_by", Value::set([text("ttl")])),
            ("purpose", purpose.clone()),
            ("scope", scope(action)),
        ]
    };
    let decided = house.read("nhi_policy_decision", &good("iam:PassRole")).await;
    assert_eq!(decided.get("is_allowed"), &true.into());
    assert_eq!(decided.get("risk_tier"), &"high".into());
    let items: i64 = decided
        .get("score_items")
        .elements()
        .unwrap()
        .iter()
        .map(|item| item.get("points").as_i64().unwrap())
        .sum();
    assert_eq!(decided.get("risk_score").as_i64(), Some(items));
    assert_eq!(decided.get("approvals_needed"), &2_u64.into());
    assert_eq!(decided.get("allows_warn"), &false.into());
    assert!(
        !house.directory.path().join("registry.db").exists(),
        "nothing is put on record"
    );
    // A near miss: an hour above the ceiling of its tier.
    let mut longer = good("iam:PassRole");
    longer.retain(|(name, _)| *name != "ttl");
    longer.push(("ttl", text("721h")));
    let refused = house.read("nhi_policy_decision", &longer).await;
    assert_eq!(refused.get("is_allowed"), &false.into());
    assert_eq!(column(&refused, "problems", "code"), ["NHI-TTL-CEILING"]);
    assert_eq!(column(&refused, "problems", "attribute"), ["ttl"]);
    // Nothing at all, and what nobody should have to render.
    let nothing = house.read("nhi_policy_decision", &[]).await;
    assert!(
        column(&nothing, "problems", "code")
            .iter()
            .all(|code| code == "NHI-REQUIRED")
    );
    assert!(nothing.get("allows_warn").is_null());
    for hostile in ["\u{1b}]52;c;x\u{7}", "a\u{202e}b", "::error::x", &"x".repeat(100_000)] {
        let mut bad = good("s3:GetObject");
        bad.retain(|(name, _)| *name != "name");
        bad.push(("name", text(hostile)));
        let told = house.read("nhi_policy_decision", &bad).await;
        let told = column(&told, "problems", "summary").concat();
        assert!(
            told.len() < 1000 && !told.contains(['\u{1b}', '\u{202e}', '\u{7}']),
            "{told:?}"
        );
    }
}

#[tokio::test]
async fn a_blast_radius_is_what_can_be_reached_and_what_stops() {
    let house = House::new();
    let id = house.create("reader", |draft| {
        draft.external = Given::Known(vec!["arn:aws:iam::111122223333:role/reader".into()]);
    });
    let grant = |actions: &[&str]| {
        let draft = GrantDraft {
            identity_id: id.as_str().into(),
            backend: "aws".into(),
            resource: "arn:aws:s3:::reports/daily".into(),
            actions: Given::Known(actions.iter().map(|action| (*action).into()).collect()),
            justification: "Reads the report of the day".into(),
            ttl: "24h".into(),
            ..GrantDraft::default()
        };
        draft.check().declaration.unwrap()
    };
    let granted = grant(&["s3:GetObject"]);
    let key = granted.key();
    let place = Key {
        environment: "staging",
        key: &key,
    };
    let evidence = Evidence::default();
    let made = registry(&house).declare(&Actor::new("tester"), &evidence, place, |now, grant_id, _, view| {
        let identity = view.require(RecordId::parse(&id).unwrap())?;
        let context = view.context(nhi_governance::Identity::declaration(&identity))?;
        let act = Act {
            by: "tester",
            evidence: &evidence,
            policy: view.policy(),
            now,
        };
        Ok(Registered::<Grant>::create(
            grant_id,
            granted.clone(),
            &identity,
            &context,
            &act,
        )?)
    });
    let grant_id = made.unwrap().id_of().to_string();
    let asked = [("identity_id", Value::from(id.as_str()))];
    let reach = house.read("nhi_blast_radius", &asked).await;
    assert_eq!(reach.get("is_usable"), &true.into());
    assert_eq!(column(&reach, "grants", "status"), ["active"]);
    assert_eq!(reach.get("backends"), &Value::set(["aws".into()]));
    assert_eq!(
        column(&reach, "dependents", "id"),
        [grant_id.as_str(), "arn:aws:iam::111122223333:role/reader"]
    );
    let other = house.create("other", |_| ());
    let alone = house
        .read("nhi_blast_radius", &[("identity_id", other.as_str().into())])
        .await;
    assert_eq!(
        column(&alone, "dependents", "id"),
        Vec::<String>::new(),
        "somebody else's grants are not its own"
    );

    house
        .governed
        .suspend(RecordId::parse(&id).unwrap(), "a drill")
        .unwrap();
    let suspended = house.read("nhi_blast_radius", &asked).await;
    assert_eq!(suspended.get("is_usable"), &false.into());
    assert_eq!(column(&suspended, "grants", "status"), ["suspended"]);
    assert_eq!(
        column(&suspended, "dependents", "id"),
        Vec::<String>::new(),
        "nothing is left to stop"
    );
    assert_eq!(suspended.get("scope").elements().unwrap().len(), 1, "the ceiling stays");

    for bad in ["", "01arz3ndektsv4rrffq69g5fav", "../../x", "\u{1b}[2J"] {
        let told = house.refuses("nhi_blast_radius", &[("identity_id", bad.into())]).await;
        assert!(told.contains("NHI-QUESTION") && !told.contains('\u{1b}'), "{told:?}");
    }
    for unknown in ["01ARZ3NDEKTSV4RRFFQ69G5FAV", grant_id.as_str()] {
        let answer = house
            .answer("nhi_blast_radius", &[("identity_id", unknown.into())])
            .await;
        assert!(format!("{:?}", answer.diagnostics).contains("no identity"), "{unknown}");
    }
}

#[tokio::test]
async fn a_static_secret_is_held_by_exception_only() {
    let house = House::new();
    let wanted = |name: &str, ttl: &str| {
        let mut wanted = draft(name);
        wanted.kind = "legacy_shared".into();
        wanted.ttl = ttl.into();
        wanted
    };
    let told = |outcome: Result<crate::governed::Found, crate::governed::Trouble>| {
        outcome
            .map(drop)
            .map_err(|trouble| format!("{:?}", Diagnostics::from(trouble)))
    };
    let refused = told(house.governed.create(&wanted("old", "24h"))).unwrap_err();
    assert!(
        refused.contains("NHI-STATIC-SECRET") && refused.contains("staging/old"),
        "{refused}"
    );
    // Near misses: another name, another control, one that has ended.
    except(&house, "NHI-STATIC-SECRET", "staging/older", 86_400);
    except(&house, "NHI-STATIC-SECRETS", "staging/old", 86_400);
    assert!(told(house.governed.create(&wanted("old", "24h"))).is_err());
    except(&house, "NHI-STATIC-SECRET", "staging/old", 3600);
    house.governed.create(&wanted("old", "24h")).unwrap();
    assert!(told(house.governed.create(&wanted("older", "24h"))).is_ok());
    let codes = |draft: &Draft| {
        let found = draft.check(&Policy::default()).violations;
        found.into_iter().map(|found| found.code.id).collect::<Vec<_>>()
    };
    assert!(
        codes(&wanted("older", "721h")).is_empty(),
        "{:?}",
        codes(&wanted("older", "721h"))
    );
    let mut critical = wanted("older", "24h");
    critical.min_risk_tier = "critical".into();
    assert_eq!(
        codes(&critical),
        ["NHI-STATIC-SECRET"],
        "never in tier critical, whatever is excepted"
    );
}
