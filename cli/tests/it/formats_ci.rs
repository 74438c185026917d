//! The formats that other programs read: against their schemas, and that they tell what the report tells.

use boon::{Compiler, Schemas};
use serde_json::{Value, json};

use crate::schema;
use crate::support::{administrator, check, harmless, key, nhi, plan, report, unknown_policy};
use crate::xml::{self, Element};

fn everything() -> String {
    plan(&[
        harmless(),
        key("aws_iam_access_key.ci"),
        administrator("aws_iam_role_policy.admin"),
        unknown_policy("aws_iam_role_policy.later"),
    ])
}

/// Inputs of every verdict.
fn inputs() -> [String; 4] {
    [everything(), plan(&[harmless()]), String::new(), "{".to_owned()]
}

/// Arguments that set a finding aside, and the folder that holds what they name.
fn waived() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("waivers.json");
    let waivers = json!({"waivers": [{"rule": "NHI010", "address": "aws_iam_access_key.ci", "reason": "a vendor",
        "owner": "platform", "expires": "2999-01-01"}, {"rule": "NHI001", "address": "gone", "reason": "old", "owner": "x",
        "expires": "2020-01-01"}]});
    std::fs::write(&file, waivers.to_string()).unwrap();
    let path = file.to_str().unwrap().to_owned();
    (folder, path)
}

#[test]
fn sarif_is_what_its_schema_says() {
    let text = include_str!("../schemas/sarif-schema-2.1.0.json");
    let schema: Value = serde_json::from_str(text).unwrap();
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    compiler.add_resource("sarif.json", schema).unwrap();
    let index = compiler.compile("sarif.json", &mut schemas).unwrap();
    let (_folder, waivers) = waived();
    for input in inputs() {
        for arguments in [
            &["--format", "sarif"][..],
            &["--format", "sarif", "--waivers", &waivers],
        ] {
            let found = check(&input, arguments).json();
            if let Err(error) = schemas.validate(&found, index) {
                panic!("{error:#}\n{found:#}");
            }
        }
    }
    let mut wrong = check(everything(), &["--format", "sarif"]).json();
    wrong["runs"][0]["results"][0]["level"] = json!("fatal");
    assert!(
        schemas.validate(&wrong, index).is_err(),
        "the schema must notice something"
    );
}

#[test]
fn sarif_suppresses_what_does_not_count() {
    let (_folder, waivers) = waived();
    let found = check(everything(), &["--format", "sarif", "--waivers", &waivers]).json();
    let results = found["runs"][0]["results"].as_array().unwrap();
    let suppressed: Vec<&Value> = results
        .iter()
        .filter(|result| result["suppressions"].is_array())
        .collect();
    assert_eq!(suppressed.len(), 1, "{found:#}");
    assert_eq!(suppressed[0]["ruleId"], "NHI010");
    let why = suppressed[0]["suppressions"][0]["justification"].as_str().unwrap();
    assert!(
        why.contains("a vendor") && why.contains("platform") && why.contains("2999-01-01"),
        "{why}"
    );
}

/// An element, attributes it may have, attributes it must have, children.
type Rule = (
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
    &'static [&'static str],
);

/// What the schema that Jenkins and Surefire use says of each element: attributes it may and must have, and children.
const JUNIT: [Rule; 7] = [
    (
        "testsuites",
        &["name", "time", "tests", "failures", "errors"],
        &[],
        &["testsuite"],
    ),
    (
        "testsuite",
        &["name", "tests", "failures", "errors", "skipped", "time"],
        &["name", "tests", "failures", "errors"],
        &["testcase", "system-out"],
    ),
    (
        "testcase",
        &["name", "time", "classname"],
        &["name"],
        &["skipped", "error", "failure", "system-out"],
    ),
    ("failure", &["type", "message"], &[], &[]),
    ("error", &["type", "message"], &[], &[]),
    ("skipped", &["type", "message"], &[], &[]),
    ("system-out", &[], &[], &[]),
];

fn assert_junit(element: &Element) {
    let (name, may, must, children) = JUNIT
        .iter()
        .find(|(name, ..)| *name == element.name)
        .unwrap_or_else(|| panic!("no such element: {}", element.name));
    for (attribute, _) in &element.attributes {
        assert!(may.contains(&attribute.as_str()), "`{attribute}` in {name}");
    }
    for attribute in *must {
        assert!(element.attribute(attribute).is_some(), "no `{attribute}` in {name}");
    }
    let may_hold_text = ["failure", "error", "skipped", "system-out"].contains(name);
    assert!(
        may_hold_text || element.text.trim().is_empty(),
        "text in {name}: {}",
        element.text
    );
    for child in &element.children {
        assert!(children.contains(&child.name.as_str()), "`{}` in {name}", child.name);
        assert_junit(child);
    }
}

#[test]
fn junit_is_what_its_schema_says_and_counts_what_it_holds() {
    let (_folder, waivers) = waived();
    for input in inputs() {
        for arguments in [
            &["--format", "junit"][..],
            &["--format", "junit", "--waivers", &waivers],
        ] {
            let root = xml::parse(&check(&input, arguments).stdout);
            assert_junit(&root);
            let suite = root.all("testsuite").next().unwrap();
            let count = |name: &str| {
                suite
                    .all("testcase")
                    .filter(|case| case.all(name).next().is_some())
                    .count()
            };
            for (attribute, number) in [
                ("tests", suite.all("testcase").count()),
                ("failures", count("failure")),
                ("errors", count("error")),
                ("skipped", count("skipped")),
            ] {
                assert_eq!(
                    suite.attribute(attribute),
                    Some(number.to_string().as_str()),
                    "{attribute}"
                );
            }
        }
    }
    let suite = &xml::parse(&check(everything(), &["--format", "junit"]).stdout).children[0];
    let case = |code: &str| {
        suite
            .all("testcase")
            .find(|case| case.attribute("classname").unwrap().ends_with(code))
            .unwrap_or_else(|| panic!("no {code}"))
    };
    assert_eq!(case("NHI001").children[0].name, "failure");
    assert_eq!(case("NHI003").children.len(), 0, "a rule that found nothing has passed");
    let undecided = &xml::parse(&check("{", &["--format", "junit"]).stdout).children[0];
    assert_eq!(undecided.attribute("errors"), Some("1"));
}

#[test]
fn github_says_what_blocks_as_an_error() {
    let out = check(everything(), &["--format", "github"]).exits(1).stdout;
    let lines: Vec<&str> = out.lines().collect();
    let of = |code: &str| *lines.iter().find(|line| line.contains(code)).unwrap();
    assert!(of("NHI001").starts_with("::error title=NHI001"), "{out}");
    assert!(of("could not tell").starts_with("::notice "), "{out}");
    assert!(
        lines
            .last()
            .unwrap()
            .starts_with("::notice title=nhi check::blocked%3A")
            || lines.last().unwrap().contains("::blocked:")
    );
    let failed = check("{", &["--format", "github"]).exits(3).stdout;
    assert!(failed.starts_with("::error title=NHI-PLAN-TRUNCATED"), "{failed}");
}

#[test]
fn gitlab_has_an_issue_per_finding() {
    for input in inputs() {
        let (found, issues) = (report(&input, &[]), check(&input, &["--format", "gitlab"]).json());
        let findings = found["findings"].as_array().unwrap();
        let issues = issues.as_array().unwrap();
        assert_eq!(findings.len(), issues.len());
        for (finding, issue) in findings.iter().zip(issues) {
            assert_eq!(finding["fingerprint"], issue["fingerprint"]);
            assert!(
                ["info", "minor", "major", "critical", "blocker"].contains(&issue["severity"].as_str().unwrap()),
                "{issue:#}"
            );
            assert!(issue["location"]["lines"]["begin"].as_u64().unwrap() >= 1);
            assert!(!issue["location"]["path"].as_str().unwrap().is_empty());
            for member in ["description", "check_name"] {
                assert!(issue[member].as_str().is_some_and(|text| !text.is_empty()));
            }
        }
    }
}

#[test]
fn ocsf_events_have_what_the_class_requires() {
    let (_folder, waivers) = waived();
    let events = check(everything(), &["--format", "ocsf", "--waivers", &waivers]).json();
    let events = events.as_array().unwrap();
    assert!(events.len() >= 5, "{events:#?}");
    for event in events {
        assert_eq!(event["class_uid"], 2003);
        assert_eq!(event["category_uid"], 2);
        assert_eq!(event["type_uid"], 200_301);
        assert!(event["time"].as_i64().unwrap() > 0);
        assert!((1..=5).contains(&event["severity_id"].as_u64().unwrap()));
        for member in ["uid", "title"] {
            assert!(
                event["finding_info"][member]
                    .as_str()
                    .is_some_and(|text| !text.is_empty()),
                "{event:#}"
            );
        }
        assert!(event["metadata"]["version"].is_string() && event["metadata"]["product"]["vendor_name"].is_string());
        assert!(
            event["compliance"]["standards"]
                .as_array()
                .is_some_and(|names| !names.is_empty())
        );
    }
    let count = |status: &str| events.iter().filter(|event| event["status"] == status).count();
    assert_eq!(count("Suppressed"), 1);
    // A plan that says when it was made gives the same bytes at any time.
    let dated = everything().replacen('{', "{\"timestamp\":\"2026-01-02T03:04:05Z\",", 1);
    let (one, two) = (
        check(&dated, &["--format", "ocsf"]),
        check(&dated, &["--format", "ocsf"]),
    );
    assert_eq!(one.stdout, two.stdout);
    assert_eq!(one.json()[0]["time"], 1_767_323_045_000_i64);
}

#[test]
fn markdown_and_html_name_every_finding_and_load_nothing() {
    let (_folder, waivers) = waived();
    for format in ["markdown", "html"] {
        let out = check(everything(), &["--format", format, "--waivers", &waivers])
            .exits(1)
            .stdout;
        for word in [
            "NHI001",
            "NHI010",
            "NHI-WAIVER-EXPIRED",
            "aws_iam_role_policy.later",
            "a vendor",
            "blocked",
            "Not counted",
        ] {
            assert!(out.contains(word), "{format}: no `{word}` in\n{out}");
        }
        for word in ["http://", "https://", "<script", "<link", "@import", "url("] {
            let rest = out.replace("url(#tip)", "");
            assert!(!rest.contains(word), "{format}: `{word}` in\n{out}");
        }
    }
    let html = check(everything(), &["--format", "html"]).stdout;
    assert!(
        html.contains("prefers-color-scheme:dark")
            && html.contains("lang=\"en\"")
            && html.contains("Content-Security-Policy")
    );
}

#[test]
fn the_graph_is_written_in_every_format() {
    let text = everything();
    for (format, word) in [
        ("dot", "digraph"),
        ("mermaid", "flowchart"),
        ("html", "<!DOCTYPE html>"),
        ("json", "\"edges\""),
    ] {
        let ran = nhi(&["graph", "-", "--format", format]).input(&text).run().exits(0);
        assert!(ran.stdout.contains(word), "{format}:\n{}", ran.stdout);
    }
    let graph = nhi(&["graph", "-", "--format", "json"]).input(&text).run().json();
    let errors = schema::errors(&schema::graph(), &graph);
    assert!(errors.is_empty(), "{errors:#?}\n{graph:#}");
    let broken = nhi(&["graph", "-", "--format", "json"]).input("{").run().exits(3);
    assert_eq!(broken.json()["complete"], false);
}
