//! Plans recorded from real providers, each with the findings it must give: no more, no less.
//!
//! A case is a folder under `tests/plans`: the configuration, the plan's JSON as the core printed it, and what is to be
//! found. The configuration says beside each block why.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use serde_json::Value;
use support::cores::{aws_mirror, say};
use support::{Core, Nhi, Outcome, Stack, programs};

support::legs!(the_aws_providers_own_plans);

const FOLDER: &str = "tests/plans";

fn cases() -> anyhow::Result<Vec<PathBuf>> {
    let mut cases = Vec::new();
    for entry in fs::read_dir(programs::root().join(FOLDER))? {
        cases.push(entry?.path());
    }
    // The labelled ones are judged by `cargo xtask quality`.
    cases.retain(|path| path.is_dir() && !path.ends_with("labelled"));
    cases.sort();
    ensure!(!cases.is_empty(), "no cases in {FOLDER}");
    Ok(cases)
}

/// `code outcome address attribute`, one line each.
fn lines(findings: &Value) -> anyhow::Result<BTreeSet<String>> {
    let findings = findings.as_array().context("findings are a list")?;
    let line = |finding: &Value| {
        let text = |key: &str| {
            finding[key]
                .as_str()
                .with_context(|| format!("no `{key}` in {finding}"))
        };
        anyhow::Ok(format!(
            "{} {} {} {}",
            text("code")?,
            text("outcome")?,
            text("address")?,
            text("attribute")?
        ))
    };
    findings.iter().map(line).collect()
}

/// What a case must give.
struct Expected {
    exit_code: i32,
    findings: BTreeSet<String>,
    /// What is a violation where the configuration stands beside the plan, and unverified where it does not.
    decided: BTreeSet<String>,
}

impl Expected {
    /// What is to be found with the configuration as evidence.
    fn with_configuration(self) -> Self {
        let is_open = |line: &String| {
            let decided = line.replacen(" unverified ", " violation ", 1);
            self.decided.contains(&decided)
        };
        let rest = self.findings.iter().filter(|line| !is_open(line)).cloned();
        Self {
            findings: rest.chain(self.decided.iter().cloned()).collect(),
            ..self
        }
    }
}

fn expected(case: &Path) -> anyhow::Result<Expected> {
    let path = case.join("expected.json");
    let text = fs::read_to_string(&path).with_context(|| format!("read `{}`", path.display()))?;
    let value: Value = serde_json::from_str(&text).with_context(|| format!("read `{}`", path.display()))?;
    let exit_code = value["exit_code"]
        .as_i64()
        .and_then(|code| i32::try_from(code).ok())
        .context("no exit code")?;
    Ok(Expected {
        exit_code,
        findings: lines(&value["findings"])?,
        decided: match &value["decided"] {
            Value::Null => BTreeSet::new(),
            decided => lines(decided)?,
        },
    })
}

fn compare(case: &Path, expected: &Expected, report: &Value) -> Outcome {
    let found = lines(&report["findings"])?;
    let missing: Vec<_> = expected.findings.difference(&found).collect();
    let surplus: Vec<_> = found.difference(&expected.findings).collect();
    ensure!(
        missing.is_empty() && surplus.is_empty(),
        "{}\nnot found: {missing:#?}\nnot expected: {surplus:#?}",
        case.display()
    );
    Ok(())
}

#[test]
fn recorded_plans_give_what_was_written_down() -> Outcome {
    for case in cases()? {
        let expected = expected(&case)?;
        let plans: Vec<PathBuf> = ["plan.json", "plan-tofu.json"]
            .map(|name| case.join(name))
            .into_iter()
            .collect();
        for plan in plans.iter().filter(|plan| plan.is_file()) {
            let check = Nhi::new(&case)?.args(["check", "--format", "json"]).path(plan);
            compare(&case, &expected, &check.json(expected.exit_code)?)?;
        }
        ensure!(plans.iter().any(|plan| plan.is_file()), "{}: no plan", case.display());
    }
    Ok(())
}

/// The same configurations, planned now by the core with the real provider.
fn the_aws_providers_own_plans(core: &Core) -> Outcome {
    let Some(mirror) = aws_mirror()? else {
        say("SKIPPED: no AWS provider; set NHI_TEST_PROVIDER_MIRROR to a filesystem mirror that holds it");
        return Ok(());
    };
    for case in cases()? {
        let name = case.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !name.starts_with("aws-") {
            continue;
        }
        let stack = Stack::new(core)?
            .env("AWS_ACCESS_KEY_ID", "unused")
            .env("AWS_SECRET_ACCESS_KEY", "unused");
        stack.use_packages(Some(&mirror))?;
        stack.copy(&Path::new(FOLDER).join(&name))?;
        let expected = expected(&case)?;
        stack.run(&["init", "-no-color"])?.succeeds()?;
        stack.plan()?.succeeds()?;
        let shown = stack.run(&["show", "-json", "tfplan"])?.succeeds()?;
        let piped = stack
            .nhi(&["check", "-", "--format", "json"])?
            .input(shown.stdout)
            .json(expected.exit_code)?;
        compare(&case, &expected, &piped)?;
        // The same plan as a file: `nhi` runs `show -json` itself.
        let read = stack
            .nhi(&["check", "tfplan", "--format", "json"])?
            .with_core(core)?
            .json(expected.exit_code)?;
        compare(&case, &expected.with_configuration(), &read)?;
        ensure!(read["plan"]["kind"] == "plan-file", "{}", read["plan"]);
    }
    Ok(())
}
