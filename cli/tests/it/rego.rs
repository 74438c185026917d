//! `nhi module` in Rego: from an empty folder to a component that a check runs, and mistakes with their place.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::support::{Ran, create, nhi, plan};

fn run(folder: &Path, arguments: &[&str]) -> Ran {
    // No compiler, no tool: a machine that has nothing but `nhi`.
    nhi(arguments).directory(folder).env("PATH", "/nowhere").run()
}

#[test]
fn an_empty_folder_becomes_a_module_without_any_tool() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), &["module", "new", "team-policy", "--language", "rego"]).exits(0);
    let own = folder.path().join("team-policy");
    let module = "target/team-policy.wasm";
    let built = run(&own, &["module", "build", "--format", "json"]).exits(0).json();
    assert_eq!(
        (&built["name"], &built["module_version"]),
        (&json!("team-policy"), &json!("0.1.0"))
    );
    assert_eq!(built["imports"], json!([]));
    assert_eq!(built["sharding"], "per-resource");
    assert_eq!(
        built["rules"],
        json!([{"code": "TEAM001", "name": "missing-tag", "severity": "medium", "summary": "Missing tag"}])
    );
    assert_eq!(built["interests"][0]["resource_types"], json!(["aws_s3_bucket"]));
    let component = fs::read(own.join(module)).unwrap();
    fs::remove_file(own.join(module)).unwrap();
    run(&own, &["module", "build", "--offline"]).exits(0);
    assert_eq!(
        component,
        fs::read(own.join(module)).unwrap(),
        "built twice, the same bytes"
    );
    for path in [own.to_str().unwrap(), env!("CARGO_MANIFEST_DIR"), "/.cargo/"] {
        let has = component.windows(path.len()).any(|bytes| bytes == path.as_bytes());
        assert!(!has, "no path of this machine: {path}");
    }

    let tested = run(&own, &["module", "test", "--strict", "--format", "json"])
        .exits(0)
        .json();
    assert_eq!(
        (&tested["passed"], &tested["failed"]),
        (&json!(6), &json!(0)),
        "{tested:#}"
    );

    let bare = plan(&[create("aws_s3_bucket.logs", json!({"bucket": "logs", "tags": {}}))]);
    fs::write(own.join("plan.json"), &bare).unwrap();
    let checked = run(
        &own,
        &[
            "check",
            "plan.json",
            "--module",
            module,
            "--fail-on",
            "medium",
            "--format",
            "json",
        ],
    )
    .exits(1)
    .json();
    let findings = checked["findings"].as_array().unwrap();
    let finding = findings.iter().find(|finding| finding["code"] == "TEAM001").unwrap();
    assert_eq!(finding["address"], "aws_s3_bucket.logs", "{finding:#}");

    // A change of the policy is a change of the module.
    let source = own.join("policy/tags.rego");
    let text = fs::read_to_string(&source).unwrap();
    fs::write(&source, text.replace("\"create\", \"update\"", "\"update\"")).unwrap();
    run(&own, &["module", "build"]).exits(0);
    run(&own, &["module", "test"]).exits(1);

    // A mistake has its place, and leaves what was built before as it was.
    let before = fs::read(own.join(module)).unwrap();
    fs::write(&source, text.replace("msg := sprintf(", "msg := http.send(")).unwrap();
    let refused = run(&own, &["module", "build"]).exits(3);
    let line = |part: &str| text.lines().take_while(|line| !line.contains(part)).count() + 1;
    for wanted in [
        format!("policy/tags.rego:{}:", line("msg := sprintf(")).as_str(),
        "`http.send` cannot be called",
        "fix: a module has no network",
    ] {
        assert!(refused.stderr.contains(wanted), "`{wanted}`: {}", refused.stderr);
    }
    fs::write(&source, text.replace("some tag in", "some tag of")).unwrap();
    let refused = run(&own, &["module", "build"]).exits(3);
    let place = format!("policy/tags.rego:{}:", line("some tag in"));
    assert!(refused.stderr.contains(&place), "{}", refused.stderr);
    assert_eq!(before, fs::read(own.join(module)).unwrap());
}

/// Two rules, of which one has both a case that it flags and a near miss.
#[test]
fn how_many_rules_have_cases_can_be_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), &["module", "new", "team-policy", "--language", "rego"]).exits(0);
    let own = folder.path().join("team-policy");
    let policy = "package main\n\nimport rego.v1\n\n# METADATA\n# title: Public bucket\n# custom:\n#   rule: TEAM002\n\
                  deny contains {\"msg\": \"public\"} if {\n\tsome resource in input.resource_changes\n\
                  \tresource.change.after.acl == \"public-read\"\n}\n";
    fs::write(own.join("policy/public.rego"), policy).unwrap();
    run(&own, &["module", "build"]).exits(0);
    let test = |more: &[&str]| run(&own, &[&["module", "test"], more].concat());
    let told = test(&["--format", "json"]).exits(0).json();
    assert_eq!(
        (&told["coverage_percent"], &told["coverage_min"]),
        (&json!(50), &json!(0))
    );
    assert_eq!(told["uncovered"], json!(["TEAM002 has no case that it flags"]));
    let table: [(&[&str], i32); 10] = [
        (&["--coverage-min", "0"], 0),
        (&["--coverage-min", "49"], 0),
        (&["--coverage-min", "50"], 0),
        (&["--coverage-min", "51"], 1),
        (&["--coverage-min", "100"], 1),
        (&["--strict"], 1),
        (&["--coverage-min", "101"], 2),
        (&["--coverage-min", "-1"], 2),
        (&["--coverage-min", "most"], 2),
        (&["--coverage-min", "50", "--strict"], 2),
    ];
    for (more, code) in table {
        let ran = test(more).exits(code);
        let is_missed = ran.stdout.contains("% are asked for");
        assert_eq!(is_missed, code == 1, "{more:?}: {}", ran.stdout);
    }

    // With a case for the other rule every share is reached; a case that does not hold fails whatever is covered.
    let case = |expect: &str| {
        let change = "change \"aws_s3_bucket.site\" { after = { acl = \"public-read\", tags = { owner = \"web\" } } }";
        let written = format!("case \"public\" {{\n  {change}\n  {expect}\n}}\n");
        fs::write(own.join("tests/public.hcl"), written).unwrap();
    };
    case("expect \"TEAM002\" {}");
    let told = test(&["--coverage-min", "100", "--format", "json"]).exits(0).json();
    assert_eq!(told["coverage_percent"], 100, "{told:#}");
    case("");
    test(&["--coverage-min", "0"]).exits(1);
}

#[test]
fn a_folder_that_is_no_module_in_rego_says_what_it_lacks() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("module.hcl");
    for (text, wanted) in [
        ("name = \"a\"", "version"),
        ("name = \"a\"\nversion = \"1\"\nother = 1", "other"),
        ("name = \"../a\"\nversion = \"1\"", "names no module"),
        ("name = {", "cannot be read"),
        ("name = \"a\"\nversion = \"1\"", "policy"),
    ] {
        fs::write(&manifest, text).unwrap();
        let refused = run(folder.path(), &["module", "build"]);
        assert_ne!(refused.code, Some(0), "{text}");
        assert!(refused.stderr.contains(wanted), "{text}: {}", refused.stderr);
    }
}

#[test]
fn the_example_holds_its_cases() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/policy-modules/rego");
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("example.wasm");
    let output = output.to_str().unwrap();
    let built = run(&example, &["module", "build", "--output", output, "--format", "json"])
        .exits(0)
        .json();
    assert_eq!(built["sharding"], "whole-plan");
    assert_eq!(built["rules"].as_array().unwrap().len(), 4);
    let tested = run(
        &example,
        &["module", "test", "--module", output, "--strict", "--format", "json"],
    )
    .exits(0)
    .json();
    assert_eq!(tested["failed"], 0, "{tested:#}");
}

#[test]
fn a_policy_without_an_end_is_stopped_by_fuel() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("module.hcl"), "name = \"endless\"\nversion = \"1\"").unwrap();
    fs::create_dir(folder.path().join("policy")).unwrap();
    let text = "package main\nimport rego.v1\ndeny contains \"a\" if {\n\tcount(input.resource_changes) > 0\n\tn := numbers.range(1, 3000)\n\tsome a in n\n\tsome b in n\n\ta * b == -1\n}\n";
    fs::write(folder.path().join("policy/a.rego"), text).unwrap();
    run(folder.path(), &["module", "build"]).exits(0);
    fs::write(
        folder.path().join("plan.json"),
        plan(&[create("aws_s3_bucket.a", json!({}))]),
    )
    .unwrap();
    let stopped = run(
        folder.path(),
        &[
            "check",
            "plan.json",
            "--module",
            "target/endless.wasm",
            "--format",
            "json",
        ],
    )
    .exits(3)
    .json();
    assert!(stopped.to_string().contains("NHI-MODULE-FUEL"), "{stopped:#}");
}
