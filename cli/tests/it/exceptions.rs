//! Exceptions on record: they waive exactly one value, stay visible everywhere, and are never taken for passed.

use std::path::Path;
use std::sync::Arc;

use nhi_governance::{
    Act, Declared as _, Evidence, Exception, ExceptionDraft, Given, Record as _, RecordId, Registered, SubjectDraft,
    Timestamp,
};
use nhi_registry::{Actor, Key, Options, RecordFilter, RecordsExt as _, SqliteRegistry};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{administrator, check, codes, create, key, nhi, plan, report};

const DAY: i64 = 86_400;
const ADDRESS: &str = "aws_iam_role_policy.admin";

fn wall() -> Timestamp {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    Timestamp::from_unix(i64::try_from(since.as_secs()).unwrap())
}

/// A registry whose clock is so many days behind.
fn registry(folder: &Path, days_ago: i64) -> SqliteRegistry {
    let options = Options {
        clock: Arc::new(move || Timestamp::from_unix(wall().unix() - days_ago * DAY)),
        ..Options::default()
    };
    SqliteRegistry::open_with(&folder.join("nhi-registry.db"), options).unwrap()
}

#[derive(Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub(crate) control: &'a str,
    pub(crate) address: &'a str,
    pub(crate) attribute: &'a str,
    pub(crate) digest: &'a str,
}

/// An exception made so many days ago, that ends in so many from now.
pub(crate) fn except(folder: &Path, subject: Subject<'_>, made_days_ago: i64, ends_in_days: i64) -> RecordId {
    let end = Timestamp::from_unix(wall().unix() + ends_in_days * DAY);
    let draft = ExceptionDraft {
        control: subject.control.into(),
        subject: Given::Known(SubjectDraft {
            address: subject.address.into(),
            attribute: subject.attribute.into(),
            value_digest: subject.digest.into(),
        }),
        reason: "The partner cannot sign requests yet".into(),
        compensating_control: "Access is logged and alerted on".into(),
        risk_acceptor: "user:dora".into(),
        risk_tier: "high".into(),
        expires_at: end.to_string().as_str().into(),
        max_renewals: Given::Absent,
    };
    let judged = draft.check();
    let declared = judged.declaration.unwrap_or_else(|| panic!("{:?}", judged.violations));
    let (actor, waived) = (Actor::new("tester@localhost"), Evidence::waived());
    let name = declared.key();
    let key = Key {
        environment: "",
        key: &name,
    };
    let earlier = RecordFilter {
        key: Some(name.clone()),
        with_ended: true,
        ..RecordFilter::default()
    };
    let registry = registry(folder, made_days_ago);
    let made = registry.declare(
        &actor,
        &waived,
        key,
        |now, id, _: Option<&Registered<Exception>>, view| {
            let act = Act {
                by: actor.as_str(),
                evidence: &waived,
                policy: view.policy(),
                now,
            };
            let earlier = view.list(&earlier)?;
            Ok(Registered::<Exception>::create(id, declared.clone(), &earlier, &act)?)
        },
    );
    made.unwrap().id()
}

struct House {
    folder: TempDir,
    plan: String,
    /// What the finding says of its value.
    digest: String,
}

fn house() -> House {
    let text = plan(&[administrator(ADDRESS)]);
    let found = report(&text, &[]);
    let mut findings = found["findings"].as_array().unwrap().iter();
    let finding = findings.find(|finding| finding["code"] == "NHI001").unwrap();
    assert_eq!(
        finding["attribute"].as_str().or(finding["path"].as_str()),
        Some("policy"),
        "{finding}"
    );
    House {
        folder: tempfile::tempdir().unwrap(),
        digest: finding["value_sha256"].as_str().unwrap().to_owned(),
        plan: text,
    }
}

impl House {
    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn registry(&self) -> String {
        self.path().join("nhi-registry.db").display().to_string()
    }

    fn subject(&self) -> Subject<'_> {
        Subject {
            control: "NHI001",
            address: ADDRESS,
            attribute: "policy",
            digest: &self.digest,
        }
    }

    fn report(&self) -> Value {
        report(&self.plan, &["--registry", &self.registry()])
    }
}

fn excepted(report: &Value) -> Vec<(&str, &str)> {
    let aside = report["not_counted"].as_array().unwrap().iter();
    aside
        .map(|aside| {
            (
                aside["because"].as_str().unwrap(),
                aside["finding"]["code"].as_str().unwrap(),
            )
        })
        .collect()
}

#[test]
fn it_waives_exactly_what_it_names() {
    let house = house();
    let id = except(house.path(), house.subject(), 0, 30);
    let found = house.report();
    assert_eq!(excepted(&found), [("excepted", "NHI001")], "{found:#}");
    assert!(!codes(&found).contains(&"NHI001"));
    let (summary, waiver) = (&found["summary"], &found["not_counted"][0]["waiver"]);
    assert_eq!(
        (&summary["excepted"], &summary["waived"]),
        (&1.into(), &0.into()),
        "counted apart"
    );
    assert_eq!(waiver["owner"], "user:dora");
    assert_eq!(waiver["place"], format!("exception {id}"));
    // Without the registry the finding is as it was.
    assert!(codes(&report(&house.plan, &[])).contains(&"NHI001"));

    let other_digest = house.digest.replace(|c: char| c.is_ascii_digit(), "a");
    let near: [(&str, Subject<'_>); 4] = [
        (
            "another value",
            Subject {
                digest: &other_digest,
                ..house.subject()
            },
        ),
        (
            "another rule",
            Subject {
                control: "NHI002",
                ..house.subject()
            },
        ),
        (
            "another address",
            Subject {
                address: "aws_iam_role_policy.other",
                ..house.subject()
            },
        ),
        (
            "another attribute",
            Subject {
                attribute: "name",
                ..house.subject()
            },
        ),
    ];
    for (what, subject) in near {
        let other = tempfile::tempdir().unwrap();
        except(other.path(), subject, 0, 30);
        let path = other.path().join("nhi-registry.db").display().to_string();
        let found = report(&house.plan, &["--registry", &path]);
        assert!(codes(&found).contains(&"NHI001"), "{what}");
        assert_eq!(
            found["notes"].to_string().matches("meets no finding").count(),
            0,
            "{what}: no news"
        );
    }

    // A changed value opens the finding again, whatever changed in it.
    let mut changed = administrator(ADDRESS);
    let document = format!("{} ", changed["change"]["after"]["policy"].as_str().unwrap());
    changed["change"]["after"]["policy"] = document.into();
    let found = report(plan(&[changed]), &["--registry", &house.registry()]);
    assert_eq!(found["summary"]["excepted"], 0);
    assert!(codes(&found).contains(&"NHI001"), "{found:#}");
}

#[test]
fn what_has_ended_waives_nothing() {
    let house = house();
    let id = except(house.path(), house.subject(), 20, -1);
    let found = house.report();
    assert!(
        codes(&found).contains(&"NHI001") && excepted(&found).is_empty(),
        "{found:#}"
    );
    assert!(
        found["notes"].to_string().contains(&format!("exception {id}")),
        "{found:#}"
    );
    assert!(
        !codes(&found).contains(&"NHI-WAIVER-EXPIRED"),
        "its finding is back, which says it all"
    );

    let ended = tempfile::tempdir().unwrap();
    let id = except(ended.path(), house.subject(), 0, 30);
    let registry = registry(ended.path(), 0);
    let end = |now, record: &Registered<Exception>, _: &nhi_registry::View<'_>| Ok(record.end("destroyed", now));
    registry.contain(&Actor::new("tester"), &[id], end).unwrap();
    let path = ended.path().join("nhi-registry.db").display().to_string();
    let found = report(&house.plan, &["--registry", &path]);
    assert!(codes(&found).contains(&"NHI001"));
}

#[test]
fn every_format_shows_it_and_none_takes_it_for_passed() {
    let house = house();
    let id = except(house.path(), house.subject(), 0, 30).to_string();
    for format in [
        "human", "json", "sarif", "junit", "github", "gitlab", "markdown", "html", "ocsf",
    ] {
        let ran = check(&house.plan, &["--format", format, "--registry", &house.registry()]);
        let said = ran.stdout.replace(['\n', ' '], "");
        assert!(said.contains(&format!("exception{id}")), "{format}:\n{}", ran.stdout);
        assert!(said.contains("NHI001"), "{format}");
    }
    let human = check(&house.plan, &["--registry", &house.registry()]).stdout;
    assert!(human.contains("1 waived by exceptions on record"), "{human}");
    let sarif = check(&house.plan, &["--format", "sarif", "--registry", &house.registry()]).json();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    let of_rule = results.iter().find(|result| result["ruleId"] == "NHI001").unwrap();
    assert_eq!(of_rule["suppressions"][0]["status"], "accepted", "{of_rule:#}");
    assert_ne!(of_rule["kind"], "pass");
}

#[test]
fn neither_a_file_nor_a_comment_outranks_it_and_what_cannot_be_read_decides_nothing() {
    let house = house();
    except(house.path(), house.subject(), 0, 30);
    let file = house.path().join("w.json");
    let waiver = json!({"waivers": [{
        "rule": "NHI001", "address": ADDRESS, "reason": "r", "owner": "o", "expires": "2999-01-01",
    }]});
    std::fs::write(&file, waiver.to_string()).unwrap();
    let waivers = file.to_str().unwrap();
    let found = report(&house.plan, &["--registry", &house.registry(), "--waivers", waivers]);
    assert_eq!(excepted(&found), [("excepted", "NHI001")], "{found:#}");

    let absent = house.path().join("absent.db").display().to_string();
    let ran = check(&house.plan, &["--registry", &absent]).exits(3);
    assert!(ran.stderr.contains("NHI-REGISTRY-MISSING"), "{}", ran.stderr);
    let junk = house.path().join("junk.db");
    std::fs::write(&junk, "no registry, only words\n".repeat(300)).unwrap();
    check(&house.plan, &["--registry", junk.to_str().unwrap()]).exits(3);
    let by_variable = nhi(&["check", "-", "--format", "json"])
        .env("NHI_REGISTRY", house.registry())
        .input(&house.plan)
        .run();
    assert_eq!(excepted(&by_variable.json()), [("excepted", "NHI001")]);
    let empty = nhi(&["check", "-"])
        .env("NHI_REGISTRY", "")
        .input(&house.plan)
        .run()
        .exits(1);
    assert!(empty.stdout.contains("NHI001"));
}

/// A digest of a short secret would let it be guessed, so there is none, and no exception either.
#[test]
fn a_secret_has_no_digest() {
    let house = house();
    let mut sensitive = administrator(ADDRESS);
    sensitive["change"]["after_sensitive"] = json!({ "policy": true });
    let text = plan(&[sensitive]);
    let found = report(&text, &[]);
    let finding = found["findings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["code"] == "NHI001");
    assert_eq!(finding.unwrap()["value_sha256"], Value::Null);
    assert!(!found.to_string().contains(&house.digest));
    // Whoever knows the digest from elsewhere waives nothing with it.
    except(house.path(), house.subject(), 0, 30);
    let found = report(&text, &["--registry", &house.registry()]);
    assert!(codes(&found).contains(&"NHI001") && excepted(&found).is_empty());
    let said = check(&text, &["--explain-evidence", ADDRESS]).stdout;
    assert!(
        said.contains("would let it be guessed") && !said.contains(&house.digest),
        "{said}"
    );
    let said = check(&house.plan, &["--explain-evidence", ADDRESS]).stdout;
    assert!(said.contains(&format!("value_digest = \"{}\"", house.digest)), "{said}");
    // A credential is one whatever the plan marks.
    let text = plan(&[
        create(
            "aws_db_instance.main",
            json!({"username": "app", "password": "hunter2"}),
        ),
        key("aws_iam_access_key.ci"),
    ]);
    let found = report(&text, &[]);
    let digest = nhi_governance::value_digest(&json!("hunter2")).to_string();
    assert!(!found.to_string().contains(&digest));
}

#[test]
fn they_are_listed_with_their_age_and_what_is_overdue() {
    let house = house();
    let list = |more: &[&str]| {
        let registry = house.registry();
        nhi(&[&["exceptions", "list", "--registry", &registry], more].concat()).run()
    };
    except(house.path(), house.subject(), 20, -1);
    except(
        house.path(),
        Subject {
            control: "NHI-TTL-CEILING",
            ..house.subject()
        },
        10,
        5,
    );
    let listed = list(&["--format", "json"]).exits(0).json();
    assert_eq!((&listed["active"], &listed["overdue"]), (&1.into(), &1.into()));
    let first = &listed["exceptions"][0];
    assert_eq!(
        (
            &first["control"],
            &first["overdue"],
            &first["age_days"],
            &first["renewals"],
            &first["renewals_max"]
        ),
        (&"NHI001".into(), &true.into(), &20.into(), &0.into(), &1.into()),
        "{listed:#}"
    );
    let human = list(&[]).exits(0).stdout;
    assert!(
        human.contains("overdue") && human.contains("NHI-TTL-CEILING") && human.contains("1 active, 1 overdue"),
        "{human}"
    );
    let overdue = list(&["--overdue", "--format", "json"]).exits(1).json();
    assert_eq!(overdue["exceptions"].as_array().unwrap().len(), 1);
    // What is no rule of the analyzer is no mistake of a check.
    assert!(codes(&house.report()).contains(&"NHI001"));
}
