//! An organisation's own module runs beside the built-in analyzer; one that misbehaves fails the run, never passes it.

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use support::{Nhi, Outcome, programs};

/// A plan with one bucket, as JSON.
fn plan(tags: &Value) -> String {
    let change = json!({
        "address": "aws_s3_bucket.logs", "mode": "managed", "type": "aws_s3_bucket", "name": "logs",
        "provider_name": "registry.terraform.io/hashicorp/aws",
        "change": {
            "actions": ["create"], "before": null, "after": {"bucket": "logs", "tags": tags},
            "after_unknown": {}, "before_sensitive": false, "after_sensitive": {},
        },
    });
    json!({
        "format_version": "1.2", "terraform_version": "1.12.6", "planned_values": {"root_module": {}},
        "resource_changes": [change], "configuration": {"root_module": {}}, "errored": false,
    })
    .to_string()
}

fn check(arguments: &[&str], input: &str) -> anyhow::Result<Nhi> {
    let folder = programs::folder()?;
    Ok(Nhi::new(&folder)?
        .args(["check", "-", "--format", "json"])
        .args(arguments.iter().copied())
        .input(input))
}

fn codes(report: &Value) -> Vec<&str> {
    let findings = report["findings"].as_array().map(Vec::as_slice).unwrap_or_default();
    findings.iter().filter_map(|finding| finding["code"].as_str()).collect()
}

#[test]
fn a_module_of_ones_own_runs_beside_the_built_in_analyzer() -> Outcome {
    let module = ["--module", "example-policy-module.wasm"];
    let report = check(&module, &plan(&json!({})))?.json(1)?;
    ensure!(codes(&report).contains(&"TEAM001"), "{report}");
    let names: Vec<_> = report["modules"]
        .as_array()
        .context("modules")?
        .iter()
        .map(|module| &module["name"])
        .collect();
    ensure!(names.len() == 2, "both modules run: {names:?}");

    // Near miss: without the module the same plan is clean.
    let report = check(&[], &plan(&json!({})))?.json(0)?;
    ensure!(report["verdict"] == "clean", "{report}");
    Ok(())
}

#[test]
fn settings_reach_the_module() -> Outcome {
    let settings = r#"team-policy={"required_tags": ["cost-center"]}"#;
    let arguments = ["--module", "example-policy-module.wasm", "--module-settings", settings];
    check(&arguments, &plan(&json!({"cost-center": "42"})))?.json(0)?;
    let report = check(&arguments, &plan(&json!({"owner": "team"})))?.json(1)?;
    ensure!(codes(&report) == ["TEAM001"], "{report}");
    let wrong = r#"team-policy={"required_tags": 7}"#;
    let arguments = ["--module", "example-policy-module.wasm", "--module-settings", wrong];
    check(&arguments, &plan(&json!({})))?
        .run()?
        .exits(2)?
        .says(&["team-policy", "required_tags"])?;
    Ok(())
}

#[test]
fn a_module_that_misbehaves_is_stopped_and_named_and_the_run_fails_closed() -> Outcome {
    for (deed, code) in [
        ("loop", "NHI-MODULE-"),
        ("loop-open", "NHI-MODULE-"),
        ("loop-finish", "NHI-MODULE-"),
        ("grow", "NHI-MODULE-"),
        ("recurse", "NHI-MODULE-"),
        ("panic", "NHI-MODULE-"),
        ("fail", "NHI-MODULE-"),
        ("flood", "NHI-MODULE-"),
        ("many", "NHI-MODULE-"),
        ("unknown-rule", "NHI-MODULE-"),
    ] {
        let settings = format!(r#"misbehave={{"do": "{deed}"}}"#);
        let arguments = ["--module", "misbehave.wasm", "--module-settings", &settings];
        let report = check(&arguments, &plan(&json!({})))?
            .json(3)
            .with_context(|| format!("`{deed}`"))?;
        ensure!(report["verdict"] == "undecided", "`{deed}`: {report}");
        let stopped = report["findings"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|finding| finding["code"].as_str().is_some_and(|found| found.starts_with(code)))
            .with_context(|| format!("`{deed}`: {report}"))?;
        ensure!(
            stopped["address"]
                .as_str()
                .is_some_and(|name| name.contains("misbehave")),
            "`{deed}`: {stopped}"
        );
        ensure!(
            stopped["help"].as_str().is_some_and(|help| !help.is_empty()),
            "`{deed}`: {stopped}"
        );
    }
    // Near miss: the same module, well behaved.
    let arguments = [
        "--module",
        "misbehave.wasm",
        "--module-settings",
        r#"misbehave={"do": "nothing"}"#,
    ];
    let report = check(&arguments, &plan(&json!({})))?.run()?;
    ensure!(matches!(report.status.code(), Some(0 | 1)), "{}", report.said());
    Ok(())
}

#[test]
fn what_is_no_module_is_refused_with_a_reason() -> Outcome {
    let folder = tempfile::tempdir()?;
    // An empty core module; a component that imports an instance; a text; a component cut short.
    let whole = std::fs::read(programs::file("example-policy-module.wasm")?)?;
    let half = whole.get(..whole.len() / 2).unwrap_or_default();
    let importing: &[u8] = &[
        0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00, // a component
        0x07, 0x05, 0x01, 0x42, 0x00, // a type: an empty instance … filled in by the length that follows
    ];
    let cases: [(&str, &[u8]); 5] = [
        ("core.wasm", b"\0asm\x01\0\0\0"),
        ("text.wasm", b"(component)"),
        ("empty.wasm", b""),
        ("half.wasm", half),
        ("broken.wasm", importing),
    ];
    for (name, bytes) in cases {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes)?;
        let path = path.display().to_string();
        let report = check(&["--module", &path], &plan(&json!({})))?
            .json(3)
            .with_context(|| name.to_owned())?;
        ensure!(
            codes(&report).iter().any(|code| code.starts_with("NHI-MODULE-")),
            "{name}: {report}"
        );
    }
    Ok(())
}
