//! Whatever is killed in the middle of an apply, nothing is doubled, orphaned or lost: the next apply goes on from there.
//!
//! The fail points of the provider's debug build stop it exactly around the registry's commit.

use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use serde_json::Value;
use support::gate::Gate;
use support::process::eventually;
use support::{Core, Outcome, Stack, Started};

use crate::fixtures::{ADDRESS, identity, named};
use crate::lifecycle::events;

support::legs!(
    rule_10_killed_after_the_commit_the_next_apply_adopts,
    killed_before_the_commit_nothing_is_on_record,
    another_declaration_is_not_adopted,
    a_killed_core_leaves_no_process_and_a_recorded_apply,
    a_killed_core_leaves_no_idle_provider,
    an_interrupted_core_saves_what_was_done,
);

/// Ids of the identities that are alive.
fn live(stack: &Stack) -> anyhow::Result<Vec<String>> {
    let listed = stack.nhi(&["identities", "--format", "json"])?.json(0)?;
    let listed = listed["identities"]
        .as_array()
        .cloned()
        .with_context(|| format!("no identities in {listed}"))?;
    Ok(listed
        .iter()
        .filter_map(|identity| identity["id"].as_str())
        .map(str::to_owned)
        .collect())
}

fn id(attributes: &Value) -> anyhow::Result<String> {
    attributes["id"]
        .as_str()
        .map(str::to_owned)
        .with_context(|| format!("no id in {attributes}"))
}

/// One identity, the same in state and registry, and an unbroken log.
fn converged(stack: &Stack) -> anyhow::Result<String> {
    let id = id(&stack.attributes(ADDRESS)?)?;
    ensure!(
        live(stack)? == [id.clone()],
        "in the state {id}, on record {:?}",
        live(stack)?
    );
    stack.plans_empty()?;
    stack.nhi(&["audit", "verify"])?.run()?.succeeds()?;
    Ok(id)
}

fn count(stack: &Stack, kind: &str) -> anyhow::Result<usize> {
    Ok(events(stack)?.iter().filter(|event| *event == kind).count())
}

fn rule_10_killed_after_the_commit_the_next_apply_adopts(core: &Core) -> Outcome {
    let mut stack = Stack::new(core)?;
    stack.main(&identity(&[]))?;
    stack.set("NHI_FAILPOINT", Some("after-commit"));
    stack.apply()?.exits(1)?;
    let recorded = live(&stack)?;
    ensure!(recorded.len() == 1, "the commit did not happen: {recorded:?}");
    ensure!(stack.attributes(ADDRESS)?.is_null(), "the core cannot know the id");

    stack.set("NHI_FAILPOINT", None);
    stack.apply()?.succeeds()?;
    ensure!([converged(&stack)?] == *recorded, "another identity was created");
    ensure!(
        count(&stack, "identity.created")? == 1 && count(&stack, "identity.adopted")? == 1,
        "{:?}",
        events(&stack)?
    );

    // Once the core knows the id nobody else can adopt it.
    stack.run(&["state", "rm", ADDRESS])?.succeeds()?;
    stack.apply()?.fails_with(&["import"])?;
    Ok(())
}

fn killed_before_the_commit_nothing_is_on_record(core: &Core) -> Outcome {
    let mut stack = Stack::new(core)?;
    stack.main(&identity(&[]))?;
    stack.set("NHI_FAILPOINT", Some("before-commit"));
    stack.apply()?.exits(1)?;
    ensure!(live(&stack)?.is_empty(), "{:?}", live(&stack)?);
    stack.set("NHI_FAILPOINT", None);
    stack.apply()?.succeeds()?;
    converged(&stack)?;
    ensure!(
        count(&stack, "identity.created")? == 1 && count(&stack, "identity.adopted")? == 0,
        "{:?}",
        events(&stack)?
    );
    Ok(())
}

fn another_declaration_is_not_adopted(core: &Core) -> Outcome {
    let mut stack = Stack::new(core)?;
    stack.main(&identity(&[]))?;
    stack.set("NHI_FAILPOINT", Some("after-commit"));
    stack.apply()?.exits(1)?;
    stack.set("NHI_FAILPOINT", None);
    let recorded = live(&stack)?;
    stack.main(&identity(&[("technical_owner", r#""team:rival""#)]))?;
    stack.apply()?.fails_with(&["import"])?;
    ensure!(live(&stack)? == recorded, "a refused apply changed the record");
    Ok(())
}

/// An apply that stands at a fail point.
struct Held {
    started: Started,
    release: PathBuf,
}

fn hold(stack: &mut Stack, point: &str) -> anyhow::Result<Held> {
    let (reached, release) = (stack.home().join("reached"), stack.home().join("release"));
    stack.set("NHI_FAILPOINT", Some(point));
    stack.set("NHI_FAILPOINT_REACHED", Some(&reached.display().to_string()));
    stack.set("NHI_FAILPOINT_RELEASE", Some(&release.display().to_string()));
    let started = stack.start(&["apply", "-no-color", "-auto-approve"])?;
    eventually("the apply reaches the fail point", || Ok(reached.exists()))?;
    for name in ["NHI_FAILPOINT", "NHI_FAILPOINT_REACHED", "NHI_FAILPOINT_RELEASE"] {
        stack.set(name, None);
    }
    Ok(Held { started, release })
}

/// Nothing of the provider is left: no process, no socket.
fn gone(stack: &Stack) -> Outcome {
    eventually("the provider ends", || Ok(stack.provider_processes()?.is_empty()))?;
    let sockets = stack.sockets()?;
    ensure!(sockets.is_empty(), "sockets are left: {sockets:?}");
    Ok(())
}

fn a_killed_core_leaves_no_process_and_a_recorded_apply(core: &Core) -> Outcome {
    for point in ["hang-before-commit", "hang-after-commit"] {
        let mut stack = Stack::new(core)?;
        stack.main(&identity(&[]))?;
        let held = hold(&mut stack, point)?;
        ensure!(
            !stack.provider_processes()?.is_empty(),
            "{point}: no provider is seen while it works"
        );
        ensure!(
            !stack.sockets()?.is_empty(),
            "{point}: no socket is seen while it works"
        );
        held.started.signal_alone("KILL")?;
        held.started.wait()?;
        std::fs::write(&held.release, "")?;
        gone(&stack)?;
        let recorded = live(&stack)?;
        ensure!(recorded.len() == 1, "{point}: {recorded:?}");
        stack.apply()?.succeeds()?;
        ensure!(
            [converged(&stack)?] == *recorded,
            "{point}: another identity was created"
        );
    }
    Ok(())
}

fn a_killed_core_leaves_no_idle_provider(core: &Core) -> Outcome {
    let stack = Stack::new(core)?;
    let gate = Gate::new(&stack)?;
    let late = named(
        "late",
        &[("name", r#""orders-late""#), ("depends_on", "[terraform_data.gate]")],
    );
    stack.main(&format!("{}{}{late}", identity(&[]), gate.block("nhi_identity.this")))?;
    let apply = stack.start(&["apply", "-no-color", "-auto-approve"])?;
    gate.reached()?;
    ensure!(
        !stack.provider_processes()?.is_empty(),
        "no provider is seen while it waits"
    );
    apply.signal_alone("KILL")?;
    let ended = gone(&stack);
    gate.open()?;
    apply.wait()?;
    ended
}

fn an_interrupted_core_saves_what_was_done(core: &Core) -> Outcome {
    let mut stack = Stack::new(core)?;
    stack.main(&identity(&[]))?;
    let held = hold(&mut stack, "hang-before-commit")?;
    // As a terminal does it: core and provider both get the signal.
    held.started.signal("INT")?;
    eventually("the core passes the interrupt on", || {
        Ok(stack.log()?.contains("GRPCProvider.v6: Stop"))
    })?;
    std::fs::write(&held.release, "")?;
    let ran = held.started.wait()?;
    ensure!(
        !stack.attributes(ADDRESS)?.is_null(),
        "the apply was cut short\n{}",
        ran.said()
    );
    converged(&stack)?;
    ensure!(count(&stack, "identity.adopted")? == 0, "{:?}", events(&stack)?);
    gone(&stack)
}
