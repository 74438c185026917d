//! The configuration beside a plan: lines, evidence, inline waivers, and the ways to hand it over.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Ran, codes, nhi, plan, unknown_policy};

const MAIN: &str = r#"variable "name" {
  default = "deploy"
}

resource "aws_s3_bucket" "data" {
  bucket_prefix = "data"
}

resource "aws_iam_role_policy" "later" {
  name = "later"
  role = "deploy"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "*", Resource = ["*", aws_s3_bucket.data.arn] }]
  })
}
"#;

/// A plan in which the policy is unknown, with the configuration that says what it will be.
fn deferred() -> String {
    let mut bucket = crate::support::create("aws_s3_bucket.data", json!({"bucket_prefix": "data"}));
    bucket["change"]["after_unknown"] = json!({"arn": true, "id": true});
    let mut whole: Value = serde_json::from_str(&plan(&[bucket, unknown_policy("aws_iam_role_policy.later")])).unwrap();
    whole["configuration"] = json!({"root_module": {"resources": [
        {"address": "aws_s3_bucket.data", "mode": "managed", "type": "aws_s3_bucket", "name": "data",
         "provider_config_key": "aws", "expressions": {"bucket_prefix": {"constant_value": "data"}}, "schema_version": 0},
        {"address": "aws_iam_role_policy.later", "mode": "managed", "type": "aws_iam_role_policy", "name": "later",
         "provider_config_key": "aws", "schema_version": 0,
         "expressions": {"name": {"constant_value": "later"}, "role": {"constant_value": "deploy"},
             "policy": {"references": ["aws_s3_bucket.data.arn", "aws_s3_bucket.data"]}}}
    ]}});
    whole.to_string()
}

struct Place(tempfile::TempDir);

impl Place {
    fn new(main: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("main.tf"), main).unwrap();
        fs::write(folder.path().join("plan.json"), deferred()).unwrap();
        Self(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn check(&self, arguments: &[&str]) -> Ran {
        let mut all = vec!["check", "plan.json", "--format", "json"];
        all.extend(arguments);
        nhi(&all).directory(self.path()).run()
    }
}

fn finding<'r>(report: &'r Value, code: &str) -> &'r Value {
    let mut findings = report["findings"].as_array().unwrap().iter();
    findings
        .find(|finding| finding["code"] == code)
        .unwrap_or_else(|| panic!("no {code}: {report:#}"))
}

#[test]
fn what_the_plan_does_not_know_is_worked_out_and_has_a_line() {
    let place = Place::new(MAIN);
    let blind = place.check(&[]).exits(0).json();
    assert_eq!(finding(&blind, "NHI001")["outcome"], "unverified");
    assert!(finding(&blind, "NHI001")["location"].is_null());

    let seeing = place.check(&["--source", "."]).exits(1).json();
    let found = finding(&seeing, "NHI001");
    assert_eq!(found["outcome"], "violation", "{seeing:#}");
    assert_eq!(found["evidence"], "configuration", "{found:#}");
    assert_eq!(
        (&found["location"]["file"], &found["location"]["line"]),
        (&json!("main.tf"), &json!(12)),
        "{found:#}"
    );

    for (format, word) in [
        ("human", "main.tf:12"),
        ("sarif", "\"startLine\": 12"),
        ("junit", "main.tf:12"),
        ("github", "file=main.tf,line=12"),
        ("gitlab", "\"begin\": 12"),
        ("markdown", "`main.tf:12:"),
        ("html", "main.tf:12"),
        ("ocsf", "main.tf:12"),
    ] {
        let out = nhi(&["check", "plan.json", "--source", ".", "--format", format])
            .directory(place.path())
            .run()
            .stdout;
        assert!(out.contains(word), "{format}: no `{word}` in\n{out}");
    }
    let prefixed = place.check(&["--source", ".", "--path-prefix", "infra"]).json();
    assert_eq!(finding(&prefixed, "NHI001")["location"]["file"], "infra/main.tf");
    let human = nhi(&["check", "plan.json", "--source", "."])
        .directory(place.path())
        .run()
        .stdout;
    assert!(human.contains("12 | policy = jsonencode({"), "{human}");
}

#[test]
fn evidence_is_told_per_attribute() {
    let place = Place::new(MAIN);
    let ask = |arguments: &[&str], address: &str| {
        let mut all = vec!["check", "plan.json", "--explain-evidence", address];
        all.extend(arguments);
        nhi(&all).directory(place.path()).run()
    };
    let told = ask(&["--source", "."], "aws_iam_role_policy.later").exits(1).stdout;
    for word in [
        "main.tf:9",
        "policy: worked out but for parts",
        "${aws_s3_bucket.data.arn}",
        "known after apply",
    ] {
        assert!(told.contains(word), "no `{word}` in\n{told}");
    }
    let told = ask(&["--source", "."], "aws_s3_bucket.data").exits(1).stdout;
    assert!(
        told.contains("arn: unknown") && told.contains("the provider decides"),
        "{told}"
    );
    let told = ask(&[], "aws_iam_role_policy.later").exits(0).stdout;
    assert!(told.contains("policy: unknown") && told.contains("--source"), "{told}");
    let told = ask(&["--source", "."], "aws_iam_role.nobody").exits(2);
    assert!(told.stderr.contains("no address"), "{}", told.stderr);
}

#[test]
fn a_source_directory_that_is_not_there_is_undecided() {
    let place = Place::new(MAIN);
    let found = place.check(&["--source", "nowhere"]).exits(3).json();
    assert_eq!(codes(&found), ["NHI-SOURCE-READ"], "{found:#}");
    // A file that is no HCL hides nothing: what it says stays unknown, and that is said.
    fs::write(place.path().join("broken.tf"), "resource {{{").unwrap();
    let found = place.check(&["--source", "."]).json();
    assert!(found["notes"].to_string().contains("broken.tf"), "{found:#}");
    assert_eq!(finding(&found, "NHI001")["outcome"], "violation");
}

#[test]
fn comments_waive_only_where_they_may() {
    let comment =
        "# nhi:ignore NHI001 until=2999-01-31 owner=platform reason=\"known\"\nresource \"aws_iam_role_policy\"";
    let place = Place::new(&MAIN.replace("resource \"aws_iam_role_policy\"", comment));
    let found = place.check(&["--source", "."]).exits(1).json();
    assert!(
        found["notes"].to_string().contains("--allow-inline-waivers"),
        "{found:#}"
    );
    assert!(codes(&found).contains(&"NHI001"));

    let found = place.check(&["--source", ".", "--allow-inline-waivers"]).json();
    assert!(!codes(&found).contains(&"NHI001"), "{found:#}");
    let aside = found["not_counted"].as_array().unwrap();
    let waived = aside.iter().find(|aside| aside["finding"]["code"] == "NHI001").unwrap();
    assert_eq!(waived["waiver"]["place"], "main.tf:9");

    let old = fs::read_to_string(place.path().join("main.tf"))
        .unwrap()
        .replace("2999", "2020");
    fs::write(place.path().join("main.tf"), old).unwrap();
    let found = place
        .check(&["--source", ".", "--allow-inline-waivers"])
        .exits(1)
        .json();
    assert!(
        codes(&found).contains(&"NHI-WAIVER-EXPIRED") && codes(&found).contains(&"NHI001"),
        "{found:#}"
    );

    let half = fs::read_to_string(place.path().join("main.tf"))
        .unwrap()
        .replace("owner=platform ", "");
    fs::write(place.path().join("main.tf"), half).unwrap();
    let found = place
        .check(&["--source", ".", "--allow-inline-waivers"])
        .exits(1)
        .json();
    assert!(found["notes"].to_string().contains("waives nothing"), "{found:#}");
}

#[test]
fn a_fix_needs_a_configuration_and_says_when_there_is_nothing() {
    let place = Place::new(MAIN);
    let ran = nhi(&["fix", "plan.json"]).directory(place.path()).run().exits(2);
    assert!(ran.stderr.contains("--source"), "{}", ran.stderr);
    let ran = nhi(&["fix", "plan.json", "--source", "."])
        .directory(place.path())
        .run()
        .exits(0);
    assert!(
        ran.stdout.contains("nothing that can be changed safely"),
        "{}",
        ran.stdout
    );
    assert_eq!(fs::read_to_string(place.path().join("main.tf")).unwrap(), MAIN);
    nhi(&["fix", "-", "--source", "."])
        .directory(place.path())
        .input("{")
        .run()
        .exits(3);
}

/// A deploy key that can push, for which the analyzer has a patch.
fn deploy_keys(keys: &[(&str, Value)]) -> String {
    let mut changes = Vec::new();
    for (address, read_only) in keys {
        let mut change = crate::support::create(address, json!({"repository": "shop", "title": "t"}));
        change["type"] = json!("github_repository_deploy_key");
        change["change"]["after"]["read_only"] = read_only.clone();
        changes.push(change);
    }
    plan(&changes)
}

#[test]
fn a_fix_is_shown_then_written_and_keeps_every_other_byte() {
    let main = "resource \"github_repository_deploy_key\" \"k\" {\r\n\ttitle=\"t\"   # a tab, and no blanks\r\n\tread_only  =  false # why\r\n}\r\n\
                module \"m\" {\n  source    = \"./m\"\n  read_only = false\n}\n";
    let inner = "variable \"read_only\" {}\nresource \"github_repository_deploy_key\" \"k\" {\n  read_only = var.read_only\n}\n";
    let place = Place::new(main);
    fs::create_dir(place.path().join("m")).unwrap();
    fs::write(place.path().join("m/main.tf"), inner).unwrap();
    let text = deploy_keys(&[
        ("github_repository_deploy_key.k", json!(false)),
        ("module.m.github_repository_deploy_key.k", json!(false)),
    ]);
    fs::write(place.path().join("keys.json"), text).unwrap();
    let fix = |arguments: &[&str]| {
        let mut all = vec!["fix", "keys.json", "--source", "."];
        all.extend(arguments);
        nhi(&all).directory(place.path()).run()
    };
    let read = |name: &str| fs::read_to_string(place.path().join(name)).unwrap();

    let shown = fix(&[]).exits(1).stdout;
    for word in [
        "--- a/main.tf",
        "@@ -3,1 +3,1 @@",
        "+    read_only  =  true # why",
        "comes from elsewhere",
    ] {
        assert!(shown.contains(word), "no `{word}` in\n{shown}");
    }
    assert_eq!(read("main.tf"), main, "without --write nothing is written");

    fix(&["--write"]).exits(1);
    assert_eq!(read("main.tf"), main.replacen("false # why", "true # why", 1));
    assert_eq!(read("m/main.tf"), inner);

    // The same plan again: what was fixed is still wrong in it, but the file already says what the patch says.
    let again = fix(&[]);
    assert!(!again.stdout.contains("@@"), "{}", again.stdout);
    // The fixed configuration, planned again, passes.
    let good = deploy_keys(&[("github_repository_deploy_key.k", json!(true))]);
    let found = crate::support::report(&good, &[]);
    assert!(!found["findings"].to_string().contains("can push"), "{found:#}");
}
