//! How much a module's findings count is the operator's: the table of levels and what could take them out of the count.

use anyhow::{Context as _, ensure};
use serde_json::json;
use support::Outcome;

use super::{World, codes};

const WAIVER: &str = r#"waiver {
  rule    = "TEAM001"
  address = "aws_s3_bucket.logs[0]"
  reason  = "the tag comes with the next release"
  owner   = "platform"
  expires = "2999-12-31"
}
"#;

fn world(level: &str) -> anyhow::Result<World> {
    let mut world = World::locked()?;
    world.change(|policy| {
        policy["module"]["team-policy"]["level"] = json!(level);
        if let Some(modules) = policy["module"].as_object_mut() {
            modules.remove("team-extras");
        }
    })?;
    // A level is not in the lock; that a module is gone has to be.
    world.nhi(&["module", "lock"])?.run()?.exits(0)?;
    std::fs::write(world.path("waivers.hcl"), WAIVER)?;
    Ok(world)
}

#[test]
fn levels_and_what_takes_findings_out_of_the_count() -> Outcome {
    let waived: &[&str] = &["--waivers", "waivers.hcl"];
    let known: &[&str] = &["--baseline", "baseline.json"];
    let high_only: &[&str] = &["--fail-on", "critical"];
    // level, decision, exit code, whether the finding is still listed, whether the waiver is told to count for nothing
    let table: [(&str, &[&str], i32, bool, bool); 12] = [
        ("advisory", &[], 0, true, false),
        ("advisory", waived, 0, false, false),
        ("advisory", known, 0, false, false),
        ("advisory", &["--fail-on", "info"], 0, true, false),
        ("overridable", &[], 1, true, false),
        ("overridable", waived, 0, false, false),
        ("overridable", known, 0, false, false),
        ("overridable", high_only, 0, true, false),
        ("mandatory", &[], 1, true, false),
        ("mandatory", waived, 1, true, true),
        ("mandatory", known, 1, true, false),
        ("mandatory", high_only, 1, true, false),
    ];
    for level in ["advisory", "overridable", "mandatory"] {
        let world = world(level)?;
        let made = ["baseline", "create", "plan.json", "--output", "baseline.json"];
        world.nhi(&made)?.run()?.exits(0)?;
        for (_, decision, exit, is_listed, is_refused) in table.iter().filter(|row| row.0 == level) {
            let report = world
                .check(decision, *exit)
                .with_context(|| format!("{level} {decision:?}"))?;
            let codes = codes(&report);
            ensure!(
                codes.contains(&"TEAM001") == *is_listed,
                "{level} {decision:?}: {report}"
            );
            ensure!(
                codes.contains(&"NHI-WAIVER-MANDATORY") == *is_refused,
                "{level} {decision:?}: {report}"
            );
            let findings = report["findings"].as_array().context("findings")?;
            for finding in findings.iter().filter(|finding| finding["code"] == "TEAM001") {
                ensure!(finding["level"] == level, "{finding}");
                ensure!(finding["blocking"] == (*exit == 1), "{finding}");
            }
        }
    }
    Ok(())
}

#[test]
fn a_waiver_in_the_configuration_waives_nothing_mandatory_either() -> Outcome {
    let mut plan: serde_json::Value = serde_json::from_str(&super::plan(1))?;
    plan["resource_changes"][0]["address"] = json!("aws_s3_bucket.logs");
    if let Some(change) = plan["resource_changes"][0].as_object_mut() {
        change.remove("index");
    }
    plan["configuration"]["root_module"]["resources"] = json!([{
        "address": "aws_s3_bucket.logs", "mode": "managed", "type": "aws_s3_bucket", "name": "logs",
        "provider_config_key": "aws", "expressions": {"bucket": {"constant_value": "logs"}}, "schema_version": 0,
    }]);
    let comment = "# nhi:ignore TEAM001 until=2999-12-31 owner=platform reason=\"next release\"\n";
    let block = "resource \"aws_s3_bucket\" \"logs\" {\n  bucket = \"logs\"\n}\n";
    for (level, exit) in [("overridable", 0), ("mandatory", 1)] {
        let world = world(level)?;
        std::fs::write(world.path("plan.json"), plan.to_string())?;
        std::fs::write(world.path("main.tf"), format!("{comment}{block}"))?;
        let report = world.check(&["--source", ".", "--allow-inline-waivers"], exit)?;
        let is_refused = codes(&report).contains(&"NHI-WAIVER-MANDATORY");
        ensure!(is_refused == (level == "mandatory"), "{level}: {report}");
    }
    Ok(())
}

#[test]
fn every_format_says_what_is_advisory() -> Outcome {
    let world = world("advisory")?;
    for format in [
        "human", "markdown", "html", "json", "sarif", "junit", "github", "gitlab", "ocsf",
    ] {
        let ran = world
            .nhi(&["check", "plan.json", "--format", format])?
            .run()?
            .exits(0)?;
        ensure!(ran.stdout.contains("advisory"), "{format}: {}", ran.stdout);
    }
    // What each of them would raise an alarm by.
    let sarif = world.nhi(&["check", "plan.json", "--format", "sarif"])?.json(0)?;
    ensure!(sarif["runs"][0]["results"][0]["level"] == "note", "{sarif}");
    let gitlab = world.nhi(&["check", "plan.json", "--format", "gitlab"])?.json(0)?;
    ensure!(gitlab[0]["severity"] == "info", "{gitlab}");
    let ocsf = world.nhi(&["check", "plan.json", "--format", "ocsf"])?.json(0)?;
    ensure!(ocsf[0]["compliance"]["status"] == "Warning", "{ocsf}");
    let junit = world
        .nhi(&["check", "plan.json", "--format", "junit"])?
        .run()?
        .exits(0)?;
    ensure!(junit.stdout.contains("failures=\"0\""), "{}", junit.stdout);
    let github = world
        .nhi(&["check", "plan.json", "--format", "github"])?
        .run()?
        .exits(0)?;
    ensure!(
        !github.stdout.contains("::error") && !github.stdout.contains("::warning"),
        "{}",
        github.stdout
    );
    Ok(())
}
