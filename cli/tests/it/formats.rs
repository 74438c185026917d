//! What each format holds, and that all of them tell the same story.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::schema;
use crate::support::{administrator, check, harmless, key, plan, report, unknown_policy};

fn everything() -> String {
    plan(&[
        harmless(),
        key("aws_iam_access_key.ci"),
        administrator("module.team[\"a\"].aws_iam_role_policy.admin").tap_type("aws_iam_role_policy"),
        unknown_policy("aws_iam_role_policy.later"),
    ])
}

trait TapType {
    fn tap_type(self, resource_type: &str) -> Value;
}

impl TapType for Value {
    /// Sets the type where the address begins with a module.
    fn tap_type(mut self, resource_type: &str) -> Value {
        self["type"] = json!(resource_type);
        self
    }
}

#[test]
fn json_is_what_its_schema_says() {
    let schema = schema::report();
    for input in [everything(), plan(&[harmless()]), String::new(), "{".to_owned()] {
        let found = report(&input, &[]);
        let errors = schema::errors(&schema, &found);
        assert!(errors.is_empty(), "{errors:#?}\n{found:#}");
    }
    let mut found = report(everything(), &[]);
    found["findings"][0]["extra"] = json!(1);
    assert!(
        !schema::errors(&schema, &found).is_empty(),
        "an undescribed member must be noticed"
    );
}

#[test]
fn json_says_where_what_why_and_how_to_fix_it() {
    let found = report(everything(), &[]);
    let finding = found["findings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|finding| finding["code"] == "NHI001")
        .unwrap();
    assert_eq!(finding["address"], "module.team[\"a\"].aws_iam_role_policy.admin");
    assert_eq!(finding["resource_type"], "aws_iam_role_policy");
    assert_eq!(finding["attribute"], "policy");
    assert_eq!(finding["severity"], "critical");
    assert_eq!(finding["blocking"], true);
    for member in ["message", "why", "help", "fingerprint", "name", "evidence"] {
        assert!(
            finding[member].as_str().is_some_and(|text| !text.is_empty()),
            "`{member}` is empty: {finding:#}"
        );
    }
    assert_eq!(found["summary"]["critical"], 1);
    assert_eq!(found["plan"]["kind"], "stdin");
    assert_eq!(found["plan"]["sha256"].as_str().unwrap().len(), 64);
}

#[test]
fn every_format_tells_the_same_story() {
    let input = everything();
    let found = report(&input, &[]);
    let sarif = check(&input, &["--format", "sarif"]).json();
    let human = check(&input, &[]).stdout;
    let findings = found["findings"].as_array().unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert_eq!(findings.len(), results.len());
    for (finding, result) in findings.iter().zip(results) {
        assert_eq!(finding["code"], result["ruleId"]);
        assert_eq!(finding["outcome"], result["properties"]["outcome"]);
        let place = &result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"];
        assert_eq!(finding["address"], *place);
        for word in [&finding["code"], &finding["name"], &finding["address"]] {
            assert!(human.contains(word.as_str().unwrap()), "no {word} in\n{human}");
        }
    }
}

#[test]
fn sarif_is_whole() {
    let sarif = check(everything(), &["--format", "sarif"]).json();
    assert_eq!(sarif["version"], "2.1.0");
    let run = &sarif["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    for rule in rules {
        let score: f64 = rule["properties"]["security-severity"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap();
        assert!(score > 0.0 && score < 10.0, "{rule:#}");
        assert!(
            rule["help"]["text"].as_str().is_some_and(|text| !text.is_empty()),
            "{rule:#}"
        );
    }
    let mut hashes = BTreeSet::new();
    for result in run["results"].as_array().unwrap() {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(["error", "warning", "note"].contains(&result["level"].as_str().unwrap()));
        let physical = &result["locations"][0]["physicalLocation"];
        assert_eq!(physical["artifactLocation"]["uri"], "stdin");
        assert_eq!(physical["region"]["startLine"], 1);
        let prints = &result["partialFingerprints"];
        assert_eq!(prints["nhiFinding/v1"], prints["primaryLocationLineHash"]);
        assert!(
            hashes.insert(prints["nhiFinding/v1"].as_str().unwrap().to_owned()),
            "two findings share a fingerprint"
        );
    }
    assert_eq!(run["invocations"][0]["executionSuccessful"], true);
    assert_eq!(run["invocations"][0]["exitCode"], 1);
}

#[test]
fn levels_follow_severity_and_outcome() {
    let sarif = check(everything(), &["--format", "sarif"]).json();
    for result in sarif["runs"][0]["results"].as_array().unwrap() {
        let (outcome, severity) = (&result["properties"]["outcome"], &result["properties"]["severity"]);
        let expected = match (outcome.as_str().unwrap(), severity.as_str().unwrap()) {
            ("violation", "critical" | "high") => "error",
            ("violation", "medium") | ("unverified", "critical" | "high") => "warning",
            _ => "note",
        };
        assert_eq!(result["level"], expected, "{result:#}");
        let is_doubtful = result["message"]["text"].as_str().unwrap().contains("could not tell");
        assert_eq!(is_doubtful, outcome == "unverified", "{result:#}");
    }
}

/// The fingerprints of the findings of one code.
fn prints(changes: &[Value], code: &str) -> Vec<String> {
    let found = report(plan(changes), &[]);
    let findings = found["findings"].as_array().unwrap().iter();
    findings
        .filter(|finding| finding["code"] == code)
        .map(|finding| finding["fingerprint"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn fingerprints_outlive_a_renamed_address() {
    let moved = |mut change: Value, from: &str| {
        change["previous_address"] = json!(from);
        change
    };
    let before = prints(&[key("aws_iam_access_key.old")], "NHI010");
    assert_eq!(before.len(), 1);
    let renamed = prints(
        &[moved(key("aws_iam_access_key.new"), "aws_iam_access_key.old")],
        "NHI010",
    );
    assert_eq!(before, renamed, "a moved block stays the same finding");
    let other = prints(&[key("aws_iam_access_key.new")], "NHI010");
    assert_ne!(before, other, "another block is another finding");

    // What has a name of its own is known by it, wherever it stands.
    let named = prints(&[administrator("aws_iam_role_policy.old")], "NHI001");
    assert_eq!(named, prints(&[administrator("aws_iam_role_policy.new")], "NHI001"));
    // Two of the same name are told apart, and the first keeps its fingerprint.
    let mut other = administrator("aws_iam_role_policy.b");
    other["change"]["after"]["role"] = json!("another");
    let both = prints(&[administrator("aws_iam_role_policy.a"), other], "NHI001");
    assert_eq!(both[0], named[0]);
    assert_ne!(both[0], both[1]);
}

#[test]
fn people_read_the_worst_first_and_what_to_do() {
    let ran = check(everything(), &[]).exits(1);
    let position = |text: &str| {
        ran.stdout
            .find(text)
            .unwrap_or_else(|| panic!("no `{text}` in\n{}", ran.stdout))
    };
    let order = [
        "aws_iam_role_policy.admin",
        "  critical  NHI001",
        "aws_iam_access_key.ci",
        "  high  NHI010",
        "Could not tell",
        "critical, unverified",
        "Fix first",
        "blocked:",
        "checked 4 blocks",
    ];
    let positions: Vec<usize> = order.iter().map(|text| position(text)).collect();
    assert!(positions.is_sorted(), "{order:?} at {positions:?}\n{}", ran.stdout);
    for label in ["    attr ", "    what ", "    why  ", "    fix  ", "    from "] {
        position(label);
    }
    assert!(
        ran.stdout.lines().all(|line| line.chars().count() <= 100),
        "wider than 100:\n{}",
        ran.stdout
    );
}
