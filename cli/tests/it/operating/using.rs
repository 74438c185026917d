//! Uses: by hand, from a cloud's report, from JSON lines; and who has not been seen for long.

use nhi_governance::Timestamp;
use serde_json::Value;

use super::{DAY, House, READER, Sketch, says, wall};

const HEADING: &str =
    "user,arn,user_creation_time,password_last_used,access_key_1_last_used_date,access_key_2_last_used_date";

fn ago(seconds: i64) -> String {
    Timestamp::from_unix(wall().unix() - seconds).to_string()
}

fn last(house: &House, name: &str) -> Value {
    let shown = house
        .run(&["identities", "show", name, "--format", "json"])
        .exits(0)
        .json();
    shown["identities"][0]["last_used_at"].clone()
}

fn names(house: &House, longest: &str) -> Vec<String> {
    let listed = house
        .run(&["identities", "--unused-for", longest, "--format", "json"])
        .exits(0)
        .json();
    let identities = listed["identities"].as_array().unwrap();
    let name = |identity: &Value| identity["name"].as_str().unwrap().to_owned();
    identities.iter().map(name).collect()
}

#[test]
fn a_use_by_hand_only_moves_on_and_never_ahead() {
    let house = House::new();
    house.create(1, &[READER]);
    let (early, late) = (ago(7_200), ago(3_600));
    says(
        &house
            .run(&["used", "reader", "--at", &late, "--source", "gateway"])
            .exits(0),
        &["1 noted as used"],
    );
    assert_eq!(last(&house, "reader"), late.as_str());
    for again in [&late, &early] {
        says(
            &house.run(&["used", "reader", "--at", again]).exits(0),
            &["0 noted as used"],
        );
    }
    let ahead = ago(-3_600);
    says(
        &house.run(&["used", "reader", "--at", &ahead]).exits(3),
        &["NHI-USE", "still to come"],
    );
    assert_eq!(last(&house, "reader"), late.as_str());
    for wrong in [
        &["used", "reader"][..],
        &["used", "--at", &late],
        &["used", "reader", "--at", "yesterday"],
        &["used", "reader", "--from", "x"],
        &["used"],
    ] {
        house.run(wrong).exits(2);
    }
    let rows = house.run(&["audit", "list", "--format", "json"]).exits(0).json();
    let used: Vec<&Value> = rows["rows"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["kind"] == "identity.used")
        .collect();
    assert_eq!(used.len(), 1);
    assert_eq!(
        (&used[0]["payload"]["at"], &used[0]["payload"]["source"]),
        (&late.as_str().into(), &"gateway".into())
    );
    house.run(&["audit", "verify"]).exits(0);
    // What has ended and is used all the same is told as well.
    house.run(&["revoke", "reader", "--reason", "INC-7"]).exits(0);
    let now = ago(0);
    says(
        &house.run(&["used", "reader", "--at", &now]).exits(0),
        &["1 noted as used", "revoked"],
    );
}

#[test]
fn a_report_is_noted_whole_or_not_at_all() {
    let house = House::new();
    let twin = |environment| Sketch {
        name: "twin",
        environment,
        ..READER
    };
    let ids = house.create(1, &[READER, twin("dev"), twin("staging")]);
    let at = ago(600);
    let line = |identity: &str, rest: &str| format!("{{\"identity\":\"{identity}\",\"at\":\"{at}\"{rest}}}\n");
    let spiffe = house
        .run(&["identities", "show", "reader", "--format", "json"])
        .exits(0)
        .json();
    let spiffe = spiffe["identities"][0]["spiffe_id"].as_str().unwrap().to_owned();
    let file = house.path().join("uses.jsonl");
    let good = line(&spiffe, "") + &line("nobody", "") + &line("twin", "") + &line("twin", ",\"environment\":\"dev\"");
    // One line that is still to come, and nothing of it is noted.
    let ahead = format!("{{\"identity\":\"{}\",\"at\":\"{}\"}}\n", ids[2], ago(-3_600));
    std::fs::write(&file, good.clone() + &ahead).unwrap();
    says(&house.run(&["used", "--from", "uses.jsonl"]).exits(3), &["NHI-USE"]);
    std::fs::write(&file, good.clone() + "{}\n").unwrap();
    says(
        &house.run(&["used", "--from", "uses.jsonl"]).exits(3),
        &["line 5", "missing field"],
    );
    assert_eq!(last(&house, "reader"), Value::Null);

    std::fs::write(&file, &good).unwrap();
    let ran = house.run(&["used", "--from", "uses.jsonl"]).exits(0);
    says(
        &ran,
        &[
            "2 noted as used",
            "1 of the report: not on record",
            "1 of the report: the name of several",
        ],
    );
    assert_eq!(last(&house, "reader"), at.as_str());
    says(
        &house.run(&["used", "--from", "uses.jsonl"]).exits(0),
        &["0 noted as used"],
    );
    says(
        &house.run(&["used", "--from", "absent"]).exits(3),
        &["`absent` cannot be read"],
    );
}

#[test]
fn the_credential_report_of_a_cloud() {
    let house = House::new();
    let id = house.create(1, &[READER])[0];
    let at = ago(600);
    let report = format!(
        "{HEADING}\n<root_account>,arn:aws:iam::111122223333:root,2020-01-01T00:00:00+00:00,no_information,N/A,N/A\n\
         reader,{id},2020-01-01T00:00:00+00:00,N/A,{},{at}\n",
        ago(7_200)
    );
    std::fs::write(house.path().join("report.csv"), report).unwrap();
    let ran = house
        .run(&["used", "--from", "report.csv", "--format", "json"])
        .exits(0);
    assert_eq!(ran.json()["changed"], 1);
    assert_eq!(last(&house, "reader"), at.as_str(), "the latest of what it has");
}

#[test]
fn who_has_not_been_seen_for_long() {
    let house = House::new();
    let named = |name| Sketch { name, ..READER };
    house.create(1, &[named("busy"), named("idle")]);
    house.run(&["used", "busy", "--at", &ago(3_600)]).exits(0);
    assert_eq!(
        names(&house, "12h"),
        ["idle"],
        "no use of it is known since it was created"
    );
    assert_eq!(names(&house, "30m"), ["busy", "idle"]);
    assert_eq!(names(&house, "48h"), [""; 0]);
    house.run(&["identities", "--unused-for", "0h"]).exits(2);
    // The report speaks only of what was used once, long ago, and can be used still.
    let told = || {
        let report = house.run(&["report", "--format", "markdown"]);
        format!("{}{}", report.stdout, report.stderr)
    };
    assert!(!told().contains("last used more than"));
    house.create(0, &[named("older")]);
    house.run(&["used", "older", "--at", &ago(95 * DAY)]).exits(0);
    let said = told();
    assert!(
        said.contains("1 identity was last used more than 90 days ago"),
        "{said}"
    );
    house.run(&["revoke", "older", "--reason", "nobody needs it"]).exits(0);
    assert!(!told().contains("last used more than"));
}
