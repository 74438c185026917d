//! `nhi check` on plans that the real cores have just made, in each of the three ways to hand one over.

use std::path::Path;

use anyhow::{Context as _, ensure};
use serde_json::Value;
use support::{Core, Outcome, Stack};

support::legs!(
    the_first_stack_is_stopped_and_its_fix_passes,
    a_plan_that_failed_is_no_pass,
);

const STACK: &str = "examples/stacks/first-identity";

/// The same plan by its file, by its JSON in a file, and by its JSON in a pipe: one verdict.
fn verdicts(stack: &Stack, exit_code: i32) -> anyhow::Result<Vec<Value>> {
    let json = stack.run(&["show", "-json", "tfplan"])?.succeeds()?.stdout;
    stack.file("plan.json", &json)?;
    let by_file = stack
        .nhi(&["check", "tfplan", "--format", "json"])?
        .with_core(stack.core())?
        .json(exit_code)?;
    let by_json = stack
        .nhi(&["check", "plan.json", "--format", "json"])?
        .json(exit_code)?;
    let by_pipe = stack
        .nhi(&["check", "-", "--format", "json"])?
        .input(json)
        .json(exit_code)?;
    // A plan file carries its configuration: it alone can name lines, and says that it knows from there.
    let verdict = |finding: &Value| {
        [
            "code",
            "outcome",
            "severity",
            "address",
            "attribute",
            "message",
            "blocking",
        ]
        .map(|key| finding[key].clone())
    };
    let findings: Vec<Value> = [&by_file, &by_json, &by_pipe]
        .iter()
        .map(|report| report["findings"].clone())
        .collect();
    let verdicts: Vec<Vec<_>> = findings
        .iter()
        .map(|findings| findings.as_array().into_iter().flatten().map(verdict).collect())
        .collect();
    ensure!(
        verdicts.windows(2).all(|pair| pair.first() == pair.last()),
        "the verdicts differ: {findings:#?}"
    );
    Ok(findings)
}

fn the_first_stack_is_stopped_and_its_fix_passes(core: &Core) -> Outcome {
    let stack = Stack::new(core)?;
    stack.copy(Path::new(STACK))?;
    stack.plan()?.succeeds()?;
    let findings = verdicts(&stack, 1)?;
    let found = findings
        .first()
        .and_then(Value::as_array)
        .and_then(|found| found.first())
        .context("a finding")?;
    ensure!(
        found["code"] == "NHI011" && found["address"] == "terraform_data.deploy_job",
        "{found}"
    );
    ensure!(found["attribute"] == "input.secret_access_key", "{found}");
    for part in ["message", "why", "help"] {
        ensure!(
            found[part].as_str().is_some_and(|text| !text.is_empty()),
            "no {part}: {found}"
        );
    }

    stack.copy(&Path::new(STACK).join("fixed"))?;
    stack.plan()?.succeeds()?;
    let findings = verdicts(&stack, 0)?;
    ensure!(
        findings.iter().all(|found| found.as_array().is_some_and(Vec::is_empty)),
        "{findings:#?}"
    );
    Ok(())
}

fn a_plan_that_failed_is_no_pass(core: &Core) -> Outcome {
    let stack = Stack::new(core)?;
    // It fails at plan, after part of it was planned: a core still writes such a plan to its file.
    stack.main(
        "resource \"terraform_data\" \"fine\" {\n  input = 1\n}\n\
         resource \"terraform_data\" \"broken\" {\n  input = 1\n  lifecycle {\n    precondition {\n      \
         condition     = terraform_data.fine.input == 2\n      error_message = \"not two\"\n    }\n  }\n}\n",
    )?;
    stack.plan()?.exits(1)?;
    let tfplan = stack.folder().join("tfplan");
    ensure!(tfplan.exists(), "the core wrote no plan: the case is empty");
    let report = stack
        .nhi(&["check", "tfplan", "--format", "json"])?
        .with_core(core)?
        .json(3)?;
    ensure!(report["verdict"] == "undecided", "{report}");
    ensure!(report["findings"][0]["code"] == "NHI-PLAN-ERRORED", "{report}");
    Ok(())
}
