//! From the state of another provider to governed identities: what `nhi adopt` writes is validated, planned and applied.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use support::{Core, Outcome, Stack, programs};

use crate::lifecycle::events;

support::legs!(
    what_nobody_said_is_asked_for_and_then_applied,
    a_quarantine_is_taken_up_by_an_import,
    foreign_names_are_texts_to_a_core,
);

/// A provider that lets a change go ahead without approvals: those are what other tests are about.
const UNENFORCED: &str = "provider \"nhi\" {\n  enforcement = \"warn\"\n}\n";

/// What an engineer says of everything.
const SAID: [&str; 10] = [
    "--technical-owner",
    "team:build",
    "--policy-owner",
    "team:iam",
    "--summary",
    "Does what it did before",
    "--task",
    "Carried on from before",
    "--environment",
    "staging",
];

/// The state of other providers, as a core writes it, beside a configuration that governs.
fn stack(core: &Core) -> anyhow::Result<(Stack, PathBuf)> {
    let stack = Stack::new(core)?;
    stack.main(UNENFORCED)?;
    let state = stack.folder().join("estate/terraform.tfstate");
    let from = programs::root().join("tests/adopt/state.json");
    stack.file("estate/terraform.tfstate", &fs::read_to_string(from)?)?;
    Ok((stack, state))
}

fn adopt(stack: &Stack, more: &[&str], code: i32) -> anyhow::Result<Value> {
    let mut arguments = vec!["adopt", "estate", "--format", "json"];
    arguments.extend(more);
    stack.nhi(&arguments)?.json(code)
}

fn what_nobody_said_is_asked_for_and_then_applied(core: &Core) -> Outcome {
    let (stack, _) = stack(core)?;
    let types = ["--type", "aws_iam_role", "--type", "google_*"];
    let listed = adopt(&stack, &types, 1)?;
    ensure!(listed["counts"] == json!({ "new": 4 }), "{listed}");
    let mut out = types.to_vec();
    out.extend(["--out", "."]);
    adopt(&stack, &out, 0)?;
    let path = stack.folder().join("nhi-adopted.tf");
    let written = fs::read_to_string(&path)?;
    stack
        .run(&["fmt", "-check", "-diff", "-no-color", "nhi-adopted.tf"])?
        .succeeds()?;
    // Every gap is an error of its own, with its code, at its line.
    stack.run(&["validate", "-no-color"])?.fails_with(&[
        "NHI-OWNER",
        "NHI-PURPOSE",
        "NHI-ENVIRONMENT",
        "NHI-SCOPE",
        "nhi-adopted.tf",
    ])?;

    // An engineer fills the gaps in.
    let scope = "      backend  = \"\" # the service, for example `aws`\n      resource = \"\" # what it acts on, as the \
                 service names it\n      actions  = [] # what it does there\n";
    let known = "      backend  = \"aws\"\n      resource = \"arn:aws:sqs:eu-west-1:111122223333:orders\"\n      actions  \
                 = [\"sqs:GetQueueAttributes\"]\n";
    ensure!(written.contains(scope), "{written}");
    let filled = [
        ("technical_owner = \"\"", "technical_owner = \"team:orders\""),
        ("policy_owner    = \"\"", "policy_owner    = \"team:iam\""),
        ("environment     = \"\"", "environment     = \"staging\""),
        ("summary = \"\"", "summary = \"Works through the orders\""),
        ("task    = \"\"", "task    = \"Order intake, worker\""),
        (scope, known),
    ];
    let filled = filled.iter().fold(written, |text, (from, to)| text.replace(from, to));
    stack.file("nhi-adopted.tf", &filled)?;
    stack.run(&["validate", "-no-color"])?.succeeds()?;
    stack.apply()?.succeeds()?;
    stack.plans_empty()?;

    let governed = adopt(&stack, &types, 0)?;
    ensure!(governed["counts"] == json!({ "governed": 4 }), "{governed}");
    let mut again = types.to_vec();
    again.extend(["--out", "again"]);
    adopt(&stack, &again, 0)?;
    ensure!(
        !stack.folder().join("again/nhi-adopted.tf").exists(),
        "there was nothing to write"
    );
    Ok(())
}

fn a_quarantine_is_taken_up_by_an_import(core: &Core) -> Outcome {
    let (stack, _) = stack(core)?;
    let mut arguments = vec!["--type", "aws_iam_user", "--record", "--deadline", "336h", "--out", "."];
    arguments.extend(SAID);
    let recorded = adopt(&stack, &arguments, 0)?;
    ensure!(recorded["counts"] == json!({ "quarantined": 1 }), "{recorded}");
    let path = stack.folder().join("nhi-adopted.tf");
    let first = fs::read(&path)?;
    adopt(&stack, &arguments, 0)?;
    ensure!(fs::read(&path)? == first, "two runs, two files");
    stack
        .run(&["fmt", "-check", "-diff", "-no-color", "nhi-adopted.tf"])?
        .succeeds()?;

    stack.apply()?.succeeds()?;
    let after = stack.attributes("nhi_identity.legacy_export")?;
    let id = &recorded["identities"][0]["record"]["id"];
    ensure!(after["id"] == *id && after["status"] == "active", "{after}");
    stack.plans_empty()?;
    let governed = adopt(&stack, &["--type", "aws_iam_user"], 0)?;
    ensure!(governed["counts"] == json!({ "governed": 1 }), "{governed}");
    let events = events(&stack)?;
    for event in ["identity.quarantined", "identity.settled"] {
        ensure!(events.iter().any(|one| one == event), "no `{event}` in {events:?}");
    }
    stack.nhi(&["audit", "verify"])?.run()?.succeeds()?;
    Ok(())
}

fn foreign_names_are_texts_to_a_core(core: &Core) -> Outcome {
    let (stack, _) = stack(core)?;
    let names = [
        "${file(\"/etc/hostname\")}",
        "%{if true}x%{endif}",
        "a\"\n}\nresource \"terraform_data\" \"owned\" {}\n#",
        "$${x}",
        "%${x}$%{y}",
        "<<EOT\nx\nEOT",
        "back\\slash\\${x}",
    ];
    let resources: Vec<Value> = names
        .iter()
        .enumerate()
        .map(|(number, name)| {
            let arn = format!("arn:aws:iam::111122223333:user/{}", name.replace(['\n', ' '], ""));
            json!({ "mode": "managed", "type": "aws_iam_user", "name": format!("u{number}"), "instances": [{
                "attributes": { "name": name, "arn": arn, "tags": { "description": format!("Text {name} of somebody") } } }] })
        })
        .collect();
    let state = json!({ "version": 4, "resources": resources });
    stack.file("estate/terraform.tfstate", &state.to_string())?;
    let policy = "[{ backend = \"aws\", resource = \"arn:aws:s3:::a\", actions = [\"s3:GetObject\"] }]";
    let mut arguments = vec!["--out", "."];
    arguments.extend(SAID);
    let listed = adopt(&stack, &arguments, 0)?;
    let text = fs::read_to_string(stack.folder().join("nhi-adopted.tf"))?;
    let mut whole = String::new();
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once("  scope = [\n") {
        let (_, after) = after.split_once("\n  ]").context("a scope has no end")?;
        whole = whole + before + "  scope = " + policy;
        rest = after;
    }
    stack.file("nhi-adopted.tf", &(whole + rest))?;
    stack.apply()?.succeeds()?;
    let identities = listed["identities"].as_array().context("no identities")?;
    for identity in identities {
        let label = identity["name"].as_str().context("no name")?.replace(['-', '.'], "_");
        let applied = stack.attributes(&format!("nhi_identity.{label}"))?;
        ensure!(applied["external"] == identity["external"], "{applied} {identity}");
    }
    ensure!(identities.len() == names.len(), "{listed}");
    Ok(())
}
