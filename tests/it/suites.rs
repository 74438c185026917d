//! The suites that authors of modules copy: each is run by `terraform test` and by `tofu test`, and fails where what it
//! looks at is broken.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use support::{Core, Outcome, Stack, programs};

support::legs!(every_suite_passes, every_suite_finds_a_planted_defect);

const FOLDER: &str = "examples/tests";

fn suites() -> anyhow::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(programs::root().join(FOLDER))?;
    let mut folders: Vec<PathBuf> = entries
        .map(|entry| anyhow::Ok(entry?.path()))
        .collect::<anyhow::Result<_>>()?;
    folders.sort();
    Ok(folders)
}

fn copied(core: &Core, suite: &str) -> anyhow::Result<Stack> {
    let stack = Stack::new(core)?;
    // An exception belongs to no environment, so that only the policy can let one go ahead without approvals.
    let stack = if suite == "nhi_exception" {
        stack.env("NHI_POLICY", "nhi.hcl")
    } else {
        stack
    };
    stack.copy(&PathBuf::from(FOLDER).join(suite))?;
    Ok(stack)
}

fn every_suite_passes(core: &Core) -> Outcome {
    let mut names = Vec::new();
    for folder in suites()? {
        let name = folder.file_name().context("a name")?.to_string_lossy().into_owned();
        let stack = copied(core, &name)?;
        stack.run(&["fmt", "-check", "-diff", "-no-color"])?.succeeds()?;
        stack
            .run(&["test", "-no-color"])?
            .succeeds()
            .with_context(|| name.clone())?
            .says(&["0 failed"])?;
        // What the tests made is gone, and on record.
        let registry = ["audit", "verify", "--registry", "tests.db"];
        stack.nhi(&registry)?.run()?.succeeds().with_context(|| name.clone())?;
        names.push(name);
    }
    let mut resources: Vec<String> = fs::read_dir(programs::root().join("examples/resources"))?
        .map(|entry| anyhow::Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<anyhow::Result<_>>()?;
    resources.sort();
    ensure!(names == resources, "not every resource has a suite: {names:?}");
    Ok(())
}

fn every_suite_finds_a_planted_defect(core: &Core) -> Outcome {
    let mut planted = Vec::new();
    for (suite, from, to, run) in [
        (
            "nhi_identity",
            r#"["sqs:GetQueueAttributes"]"#,
            r#"["sqs:SendMessage"]"#,
            "is_low_in_risk",
        ),
        // What a module leaves out of its block, and an end that is over.
        ("nhi_access_review", "= var.due_in", "= \"336h\"", "is_changed_in_place"),
        (
            "nhi_break_glass",
            "= var.max_session",
            "= \"30m\"",
            "is_changed_in_place",
        ),
        (
            "nhi_exception",
            "default = 30",
            "default = -1",
            "is_created_with_an_end",
        ),
        (
            "nhi_grant",
            "= var.ttl",
            "= \"240h\"",
            "is_changed_in_place_and_ends_in_time",
        ),
        ("nhi_team", "user:alice", "user:carol", "is_changed_in_place"),
        ("nhi_vendor", "\"2091-", "\"2019-", "is_created"),
    ] {
        let stack = copied(core, suite)?;
        let main = fs::read_to_string(stack.folder().join("main.tf"))?;
        ensure!(main.contains(from), "{suite}: no `{from}`");
        stack.file("main.tf", &main.replace(from, to))?;
        stack.run(&["test", "-no-color"])?.fails_with(&[run, "fail"])?;
        planted.push(suite);
    }
    planted.sort_unstable();
    let names: Vec<_> = suites()?
        .iter()
        .filter_map(|folder| folder.file_name())
        .map(ToOwned::to_owned)
        .collect();
    ensure!(planted == names, "not every suite is broken: {planted:?}");
    Ok(())
}
