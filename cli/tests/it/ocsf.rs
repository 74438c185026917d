//! What OCSF says of the classes that are written, as a table, and whether every event keeps to it.
//!
//! Source: <https://github.com/ocsf/ocsf-schema>, as of schema 1.5.0: `categories.json` (numbers of categories),
//! `includes/classification.json` and `includes/occurrence.json` (what every event has), `events/application/api_activity.json`,
//! `events/findings/finding.json` and `compliance_finding.json` (activities, what the class requires), `objects/actor.json`,
//! `api.json`, `compliance.json`, `finding_info.json`, `metadata.json`, `network_endpoint.json` and `product.json` (what an
//! object requires). The number of a class is that of its category times 1000 plus its own, that of a type the class
//! times 100 plus the activity.

use serde_json::Value;
use tempfile::TempDir;

use crate::audit_log::fixture;
use crate::support::{Ran, administrator, check, plan};

/// A class of events.
struct Class {
    name: &'static str,
    category: (u64, &'static str),
    /// Its number within the category.
    uid: u64,
    activities: &'static [(u64, &'static str)],
    /// What it requires besides what every event has; each is a JSON pointer.
    required: &'static [&'static str],
    /// Of each of these lists of pointers, one has to be there.
    one_of: &'static [&'static [&'static str]],
}

const BASE: [&str; 8] = [
    "/activity_id",
    "/category_uid",
    "/class_uid",
    "/type_uid",
    "/time",
    "/severity_id",
    "/metadata/version",
    "/metadata/product",
];
const SEVERITIES: [(u64, &str); 6] = [
    (1, "Informational"),
    (2, "Low"),
    (3, "Medium"),
    (4, "High"),
    (5, "Critical"),
    (6, "Fatal"),
];

static API_ACTIVITY: Class = Class {
    name: "API Activity",
    category: (6, "Application Activity"),
    uid: 3,
    activities: &[(1, "Create"), (2, "Read"), (3, "Update"), (4, "Delete")],
    required: &["/actor", "/api/operation", "/src_endpoint", "/metadata/product/name"],
    one_of: &[
        &[
            "/actor/user",
            "/actor/process",
            "/actor/session",
            "/actor/app_name",
            "/actor/app_uid",
        ],
        &[
            "/src_endpoint/ip",
            "/src_endpoint/uid",
            "/src_endpoint/name",
            "/src_endpoint/hostname",
        ],
        &["/api/service/name", "/api/service/uid"],
    ],
};

static COMPLIANCE_FINDING: Class = Class {
    name: "Compliance Finding",
    category: (2, "Findings"),
    uid: 3,
    activities: &[(1, "Create"), (2, "Update"), (3, "Close")],
    required: &[
        "/compliance/standards",
        "/finding_info/uid",
        "/metadata/product/name",
        "/remediation/desc",
    ],
    one_of: &[&["/resources/0/uid", "/resources/0/name"]],
};

/// What is wrong with an event.
fn faults(class: &Class, event: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    let number = |pointer: &str| event.pointer(pointer).and_then(Value::as_u64).unwrap_or(u64::MAX);
    let is_there = |pointer: &&str| {
        event
            .pointer(pointer)
            .is_some_and(|value| !value.is_null() && *value != "")
    };
    for pointer in BASE.iter().chain(class.required).filter(|pointer| !is_there(pointer)) {
        faults.push(format!("no {pointer}"));
    }
    for pointers in class.one_of.iter().filter(|pointers| !pointers.iter().any(&is_there)) {
        faults.push(format!("none of {pointers:?}"));
    }
    let class_uid = class.category.0 * 1_000 + class.uid;
    let activity = number("/activity_id");
    let known = class.activities.iter().find(|(id, _)| *id == activity);
    for (pointer, expected) in [
        ("/category_uid", class.category.0),
        ("/class_uid", class_uid),
        ("/type_uid", class_uid * 100 + activity),
    ] {
        if number(pointer) != expected {
            faults.push(format!("{pointer} is {}, not {expected}", number(pointer)));
        }
    }
    let severity = SEVERITIES.iter().find(|(id, _)| *id == number("/severity_id"));
    let activity_in_type = known.map_or("Other", |(_, caption)| caption);
    for (pointer, expected) in [
        ("/category_name", class.category.1.to_owned()),
        ("/class_name", class.name.to_owned()),
        ("/type_name", format!("{}: {activity_in_type}", class.name)),
        ("/severity", severity.map_or("none", |(_, caption)| caption).to_owned()),
    ] {
        if event.pointer(pointer).and_then(Value::as_str) != Some(&expected) {
            faults.push(format!("{pointer} is not `{expected}`"));
        }
    }
    let said = event["activity_name"].as_str().unwrap_or_default();
    match known {
        Some((_, caption)) if said != *caption => faults.push(format!("activity {activity} is `{said}`")),
        // What the class does not name has the source's own name.
        None if activity != 99 || said.is_empty() || said == "Other" => {
            faults.push(format!("activity {activity} is `{said}`"));
        }
        _ => {}
    }
    faults
}

fn run(folder: &TempDir, arguments: &[&str]) -> Ran {
    let mut nhi = crate::support::nhi(arguments)
        .directory(folder.path())
        .env("NO_COLOR", "1");
    for name in ["NHI_POLICY", "NHI_REGISTRY"] {
        nhi.command.env_remove(name);
    }
    nhi.run()
}

#[test]
fn the_audit_log_keeps_to_its_class() {
    let (folder, _, ids) = fixture();
    let id = &ids[0];
    let now = jiff::Timestamp::now();
    let now = format!("{}", jiff::Timestamp::from_second(now.as_second()).unwrap());
    for arguments in [
        &["used", id, "--at", &now][..],
        &["suspend", id, "--reason", "INC-7"],
        &["revoke", id, "--reason", "INC-7"],
    ] {
        run(&folder, arguments).exits(0);
    }
    let exported = run(&folder, &["audit", "export", "--format", "ocsf"]).exits(0);
    let events: Vec<Value> = exported
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let told: Vec<(u64, &str)> = events
        .iter()
        .map(|event| {
            assert_eq!(faults(&API_ACTIVITY, event), [""; 0], "{event:#}");
            (
                event["activity_id"].as_u64().unwrap(),
                event["activity_name"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(told[..4], [(1, "Create"), (1, "Create"), (1, "Create"), (4, "Delete")]);
    assert_eq!(told[4..], [(99, "used"), (3, "Update"), (4, "Delete")]);
}

#[test]
fn findings_keep_to_their_class() {
    let events = check(
        plan(&[administrator("aws_iam_role_policy.admin")]),
        &["--format", "ocsf"],
    )
    .json();
    let events = events.as_array().unwrap();
    assert!(!events.is_empty());
    for event in events {
        assert_eq!(faults(&COMPLIANCE_FINDING, event), [""; 0], "{event:#}");
    }
}

/// A check that cannot fail is none: each fact is missed where it is broken.
#[test]
fn a_planted_defect_is_seen() {
    let events = check(
        plan(&[administrator("aws_iam_role_policy.admin")]),
        &["--format", "ocsf"],
    )
    .json();
    let good = events[0].clone();
    for (pointer, broken) in [
        ("/type_uid", Value::from(200_302)),
        ("/class_uid", 2004.into()),
        ("/category_uid", 6.into()),
        ("/category_name", "Finding".into()),
        ("/severity", "Bad".into()),
        ("/activity_name", "Other".into()),
        ("/activity_id", 4.into()),
        ("/time", Value::Null),
        ("/metadata/version", Value::Null),
        ("/finding_info/uid", "".into()),
        ("/compliance/standards", Value::Null),
        ("/resources", Value::Null),
    ] {
        let mut event = good.clone();
        *event.pointer_mut(pointer).unwrap() = broken;
        assert!(!faults(&COMPLIANCE_FINDING, &event).is_empty(), "{pointer}");
    }
}
