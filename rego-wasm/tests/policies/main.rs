//! Policies in the styles that people write them in, judged here and, where conftest is at hand, by conftest: the same
//! plan gives the same messages.
//!
//! `CONFTEST` names the program; `cargo xtask bench` builds it. Without it the messages are held to what is expected.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "helpers of tests fail by panicking, like the tests themselves, and say what they leave out"
)]

mod canaries;
mod cases;
mod hostile;
mod refused;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use cases::{CASES, DATA, PLAN};
use nhi_plan::{Finding, Limits};
use nhi_policy_sdk::{Context, Findings};
use nhi_rego::{Bundle, Judge, Policy};
use regorus::Value;

/// What packages say: by package, the messages of `deny` and `violation`, and those of `warn`.
type Said = BTreeMap<String, (BTreeSet<String>, BTreeSet<String>)>;

fn file(path: &str, text: &str) -> String {
    format!(
        "{{\"path\":{},\"text\":{}}}",
        nhi_plan::json::quote(path),
        nhi_plan::json::quote(text)
    )
}

/// A bundle as the builder makes it.
fn bundle(policies: &[(&str, &str)], data: &[(&str, &str)], schema: &str) -> Bundle {
    let files = |files: &[(&str, &str)]| {
        files
            .iter()
            .map(|(path, text)| file(path, text))
            .collect::<Vec<_>>()
            .join(",")
    };
    let json = format!(
        "{{\"name\":\"team\",\"version\":\"1.0.0\",\"namespaces\":[],\"policies\":[{}],\"data\":[{}],\"schema\":{}}}",
        files(policies),
        files(data),
        nhi_plan::json::quote(schema)
    );
    Bundle::read(json.as_bytes()).unwrap()
}

fn context() -> Context {
    Context {
        now: "2026-01-01T00:00:00Z".to_owned(),
        format_version: "1.2".to_owned(),
        terraform_version: "1.11.4".to_owned(),
        ..Context::default()
    }
}

fn judge(bundle: &Bundle, settings: &str, plan: &str) -> Result<Vec<Finding>, String> {
    let policy = Policy::new(bundle).map_err(|errors| errors.join("\n"))?;
    let mut judge = Judge::open(policy, settings, &context())?;
    let plan = nhi_plan::read(plan, &Limits::default()).map_err(|error| error.to_string())?;
    let mut findings = Findings::default();
    for change in plan.blocks() {
        judge.check(&change, &mut findings)?;
    }
    judge.finish(&mut findings)?;
    Ok(findings.into_vec())
}

fn policies() -> Vec<(String, &'static str)> {
    CASES
        .iter()
        .map(|(package, text, _)| (format!("policy/{package}.rego"), *text))
        .collect()
}

fn package(text: &str) -> String {
    let line = text.lines().find(|line| line.starts_with("package ")).unwrap();
    line.trim_start_matches("package ").trim().to_owned()
}

fn conftest(said: &mut Said) -> bool {
    let Some(program) = std::env::var_os("CONFTEST") else {
        eprintln!("SKIPPED: conftest is not asked: name it in `CONFTEST`");
        return false;
    };
    let folder = tempfile::tempdir().unwrap();
    let place = |path: &str| folder.path().join(path);
    fs::create_dir(place("data")).unwrap();
    fs::write(place("plan.json"), PLAN).unwrap();
    for (path, text) in DATA {
        fs::create_dir_all(place(path).parent().unwrap()).unwrap();
        fs::write(place(path), text).unwrap();
    }
    // conftest reads all files of one run by one grammar.
    for (version, is_old) in [("v0", true), ("v1", false)] {
        let name = format!("policy-{version}");
        fs::create_dir(place(&name)).unwrap();
        for (path, text) in policies() {
            if text.contains("# v0") == is_old {
                fs::write(place(&name).join(path.trim_start_matches("policy/")), text).unwrap();
            }
        }
        let output = Command::new(&program)
            .args([
                "test",
                "plan.json",
                "--all-namespaces",
                "--data",
                "data",
                "--output",
                "json",
            ])
            .args(["--rego-version", version, "--policy", &name])
            .current_dir(folder.path())
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let results = Value::from_json_str(&text)
            .unwrap_or_else(|error| panic!("{error}: {text} {}", String::from_utf8_lossy(&output.stderr)));
        for result in results.as_array().unwrap() {
            let entry = said
                .entry(result["namespace"].as_string().unwrap().to_string())
                .or_default();
            for (key, set) in [("failures", &mut entry.0), ("warnings", &mut entry.1)] {
                let Ok(items) = result[key].as_array() else { continue };
                set.extend(items.iter().map(|item| item["msg"].as_string().unwrap().to_string()));
            }
        }
    }
    true
}

#[test]
fn a_plan_has_the_messages_that_conftest_has() {
    let policies = policies();
    let policies: Vec<(&str, &str)> = policies.iter().map(|(path, text)| (path.as_str(), *text)).collect();
    let bundle = bundle(&policies, &DATA, "");
    let mut ours = Said::new();
    let mut expected = Said::new();
    for (_, text, messages) in CASES {
        let entry = expected.entry(package(text)).or_default();
        for message in messages {
            match message.strip_prefix("warn: ") {
                Some(message) => entry.1.insert(message.to_owned()),
                None => entry.0.insert((*message).to_owned()),
            };
        }
        ours.entry(package(text)).or_default();
    }
    for finding in judge(&bundle, "{}", PLAN).unwrap() {
        let code = finding.rule.trim_start_matches("TEAM-").to_lowercase();
        let (name, is_warning) = match code.split_once("-warn") {
            Some((name, _)) => (name.to_owned(), true),
            None => (
                code.split("-deny")
                    .next()
                    .unwrap()
                    .split("-violation")
                    .next()
                    .unwrap()
                    .to_owned(),
                false,
            ),
        };
        let package = expected.keys().find(|package| package.replace(['.', '_'], "-") == name);
        let entry = ours.entry(package.unwrap_or(&name).clone()).or_default();
        if is_warning {
            entry.1.insert(finding.message)
        } else {
            entry.0.insert(finding.message)
        };
    }
    for (package, said) in &expected {
        assert_eq!(&ours[package], said, "{package}");
    }
    assert_eq!(ours, expected);
    let mut theirs = Said::new();
    if conftest(&mut theirs) {
        for (package, said) in &expected {
            assert_eq!(theirs.get(package), Some(said), "conftest on {package}");
        }
    }
}

#[test]
fn the_table_has_near_misses_too() {
    assert!(CASES.iter().filter(|(_, _, messages)| messages.is_empty()).count() >= 3);
}
