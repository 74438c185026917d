//! Approvals through real cores: a plan that lacks them, people who sign, an apply that uses them up, and the ways in
//! which somebody may try to get around.

use std::process::Command;

use anyhow::{Context as _, ensure};
use serde_json::Value;
use support::cores::skip_unless_ci;
use support::{Core, Outcome, Stack, Started};

use crate::fixtures::{ADDRESS, identity};

support::legs!(
    approvals_are_collected_used_up_and_never_used_again,
    a_change_does_not_let_itself_in,
);

/// The same identity as elsewhere, of a tier that calls for one approval.
pub(crate) const WRITES: (&str, &str) = (
    "scope",
    r#"[{ backend = "aws", resource = "arn:aws:sqs:eu-west-1:111122223333:orders", actions = ["sqs:SendMessage"] }]"#,
);

/// Writes the keys of alice and mallory and a trust root that lists alice; its digest. Nothing without OpenSSH.
pub(crate) fn house(stack: &Stack) -> anyhow::Result<Option<String>> {
    for name in ["alice", "mallory"] {
        let mut command = Command::new("ssh-keygen");
        command
            .args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f"])
            .arg(stack.folder().join(name));
        let Ok(started) = Started::new(command, None) else {
            return Ok(None);
        };
        started.wait()?.succeeds()?;
    }
    let key = std::fs::read_to_string(stack.folder().join("alice.pub"))?;
    let root = format!(
        "organisation = \"example\"\nversion = 1\nthreshold = 1\nperson \"alice\" {{\n  keys = [\"{}\"]\n}}\n",
        key.trim()
    );
    stack.file("approvers.hcl", &root)?;
    let shown = stack.nhi(&["approvers", "show", "--format", "json"])?.json(0)?;
    let digest = shown["digest"].as_str().map(str::to_owned);
    Ok(Some(digest.context("a digest")?))
}

pub(crate) fn provider(digest: &str) -> String {
    format!("provider \"nhi\" {{\n  approvers = \"approvers.hcl\"\n  approvers_digest = \"{digest}\"\n}}\n")
}

/// The digests of the requests that plans have written.
pub(crate) fn requests(stack: &Stack) -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(stack.folder().join("approvals")).context("list the approvals")? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    Ok(names)
}

fn approvals_are_collected_used_up_and_never_used_again(core: &Core) -> Outcome {
    let stack = Stack::new(core)?;
    let Some(digest) = house(&stack)? else {
        return skip_unless_ci("there is no ssh-keygen");
    };
    stack.main(&(provider(&digest) + &identity(&[WRITES])))?;
    let refused = stack
        .plan()?
        .fails_with(&["calls for 1 approval", "1 more approval (0 of 1)"])?;
    let [request] = requests(&stack)?.try_into().ok().context("one request")?;
    refused.says(&[&format!("nhi approve {request}")])?;
    stack.apply()?.fails_with(&["calls for 1 approval"])?;

    stack.nhi(&["approve", "--yes", "--key", "mallory"])?.run()?.exits(2)?;
    stack.nhi(&["approve", "--yes", "--key", "alice"])?.run()?.succeeds()?;
    let verify = |exit: i32| {
        stack
            .nhi(&["approvals", "verify", &request, "--approvers-digest", &digest])?
            .run()?
            .exits(exit)
    };
    verify(0)?;
    stack.plan()?.succeeds()?;
    stack.apply_planned()?.succeeds()?;
    stack.plans_empty()?;
    let log = stack.nhi(&["audit", "list", "--format", "json"])?.json(0)?;
    let mut rows = log["rows"].as_array().into_iter().flatten();
    let created = rows.find(|row| row["kind"] == "identity.created").context("a row")?;
    ensure!(
        created["payload"]["approved_by"] == Value::from(vec!["alice"]),
        "{created}"
    );

    // What was approved once is not approved for ever.
    stack.destroy()?.succeeds()?;
    stack.plan()?.fails_with(&["1 more approval (0 of 1)"])?;
    ensure!(requests(&stack)?.len() == 2);
    Ok(())
}

fn a_change_does_not_let_itself_in(core: &Core) -> Outcome {
    let stack = Stack::new(core)?;
    let Some(digest) = house(&stack)? else {
        return skip_unless_ci("there is no ssh-keygen");
    };
    stack.main(&(provider(&digest) + &identity(&[WRITES])))?;
    stack.plan()?.fails_with(&["calls for 1 approval"])?;
    stack.nhi(&["approve", "--yes", "--key", "alice"])?.run()?.succeeds()?;
    stack.plan()?.succeeds()?;

    // The approval is of exactly that.
    let wider = ("technical_owner", r#""team:intruder""#);
    stack.main(&(provider(&digest) + &identity(&[WRITES, wider])))?;
    stack.plan()?.fails_with(&["1 more approval (0 of 1)"])?;
    // Of that registry.
    stack.main(&(provider(&digest).replace("{\n", "{\n  registry = \"other.db\"\n") + &identity(&[WRITES])))?;
    stack.plan()?.fails_with(&["1 more approval (0 of 1)"])?;
    // A trust root of one's own is not the one that is pinned.
    let root = std::fs::read_to_string(stack.folder().join("approvers.hcl"))?;
    let key = std::fs::read_to_string(stack.folder().join("mallory.pub"))?;
    stack.file(
        "approvers.hcl",
        &format!("{root}person \"mallory\" {{\n  keys = [\"{}\"]\n}}\n", key.trim()),
    )?;
    stack.main(&(provider(&digest) + &identity(&[WRITES])))?;
    stack.plan()?.fails_with(&["NHI-APPROVERS-PIN"])?;
    stack.file("approvers.hcl", &root)?;
    // And nothing of all that is on record.
    stack.plan()?.succeeds()?;
    ensure!(stack.actions(ADDRESS)? == ["create"], "{:?}", stack.actions(ADDRESS)?);
    Ok(())
}
