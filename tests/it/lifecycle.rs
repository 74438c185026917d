//! The life of a governed identity, driven by the real cores: create, change, renew, import, drift, destroy.

use anyhow::{Context as _, ensure};
use serde_json::Value;
use support::{Core, Outcome, Stack};

use crate::fixtures::{ADDRESS, identity, named};

/// Where the provider keeps the registry unless told otherwise.
const REGISTRY: &str = "nhi-registry.db";

support::legs!(
    rule_07_a_life_from_plan_to_tombstone,
    changes_in_place_and_renews_by_generation,
    is_replaced_when_its_key_changes,
    is_imported_and_plans_empty,
    shows_what_changed_outside,
    rule_04_a_revoked_identity_is_never_revived,
    rule_05_a_lost_registry_stops_plan_and_destroy,
    an_older_registry_stops_plan_and_apply,
    rule_03_what_was_suspended_stays_so,
    rule_05_an_identity_that_is_not_on_record_plans_a_create,
    two_workspaces_cannot_share_an_identity,
    concurrent_applies_have_one_winner,
    rule_01_no_apply_moves_the_end,
);

/// A string attribute of the state.
pub(crate) fn text(attributes: &Value, name: &str) -> anyhow::Result<String> {
    attributes[name]
        .as_str()
        .map(str::to_owned)
        .with_context(|| format!("no `{name}` in {attributes}"))
}

/// The kinds of the events on record, oldest first.
pub(crate) fn events(stack: &Stack) -> anyhow::Result<Vec<String>> {
    let rows = stack.nhi(&["audit", "list", "--format", "json"])?.json(0)?;
    let rows = rows["rows"]
        .as_array()
        .or_else(|| rows.as_array())
        .cloned()
        .unwrap_or_default();
    Ok(rows
        .iter()
        .filter_map(|row| row["kind"].as_str())
        .map(str::to_owned)
        .collect())
}

fn rule_07_a_life_from_plan_to_tombstone(core: &Core) -> Outcome {
    let stack = Stack::new(core)?;
    stack.main(&identity(&[]))?;
    stack.plan()?.succeeds()?;
    ensure!(stack.actions(ADDRESS)? == ["create"], "{:?}", stack.actions(ADDRESS)?);
    let plan = stack.planned()?;
    let change = &plan["resource_changes"][0]["change"];
    for unknown in ["id", "expires_at"] {
        ensure!(
            change["after_unknown"][unknown] == true,
            "`{unknown}` is known before the apply: {change}"
        );
    }
    ensure!(change["after"]["risk_tier"] == "low", "{change}");

    stack.apply_planned()?.succeeds()?;
    let attributes = stack.attributes(ADDRESS)?;
    ensure!(text(&attributes, "id")?.len() == 26, "{attributes}");
    ensure!(
        attributes["status"] == "active" && attributes["revision"] == 1,
        "{attributes}"
    );
    let spiffe_id = text(&attributes, "spiffe_id")?;
    ensure!(
        spiffe_id.starts_with("spiffe://") && spiffe_id.ends_with("orders-reader"),
        "{spiffe_id}"
    );
    stack.plans_empty()?;

    let id = text(&attributes, "id")?;
    stack
        .nhi(&["identities"])?
        .run()?
        .succeeds()?
        .says(&["orders-reader", "team:orders", "active"])?;
    stack.nhi(&["audit", "verify"])?.run()?.succeeds()?;

    stack.destroy()?.succeeds()?;
    ensure!(stack.attributes(ADDRESS)?.is_null(), "it is still in the state");
    stack
        .nhi(&["identities", "--all"])?
        .run()?
        .succeeds()?
        .says(&[&id, "revoked"])?;
    ensure!(
        events(&stack)?.last().is_some_and(|kind| kind == "identity.revoked"),
        "{:?}",
        events(&stack)?
    );
    stack.nhi(&["audit", "verify"])?.run()?.succeeds()?;
    Ok(())
}

fn changes_in_place_and_renews_by_generation(core: &Core) -> Outcome {
    let stack = Stack::new(core)?;
    stack.main(&identity(&[]))?;
    stack.apply()?.succeeds()?;
    let before = stack.attributes(ADDRESS)?;

    stack.main(&identity(&[("technical_owner", r#""team:intake""#)]))?;
    stack.plan()?.succeeds()?;
    ensure!(stack.actions(ADDRESS)? == ["update"], "{:?}", stack.actions(ADDRESS)?);
    stack.apply_planned()?.succeeds()?;
    let after = stack.attributes(ADDRESS)?;
    ensure!(
        after["id"] == before["id"] && after["expires_at"] == before["expires_at"],
        "{before} {after}"
    );
    ensure!(
        after["revision"] == 2 && after["technical_owner"] == "team:intake",
        "{after}"
    );
    stack.plans_empty()?;

    stack.main(&identity(&[
        ("technical_owner", r#""team:intake""#),
        ("generation", "2"),
    ]))?;
    stack.plan()?.succeeds()?;
    ensure!(stack.actions(ADDRESS)? == ["update"], "{:?}", stack.actions(ADDRESS)?);
    ensure!(stack.planned()?["resource_changes"][0]["change"]["after_unknown"]["expires_at"] == true);
    stack.apply_planned()?.succeeds()?;
    let renewed = stack.attributes(ADDRESS)?;
    ensure!(renewed["id"] == before["id"] && renewed["revision"] == 3, "{renewed}");
    ensure!(
        text(&renewed, "expires_at")? >= text(&before, "expires_at")?,
        "{before} {renewed}"
    );
    ensure!(
        events(&stack)?.contains(&"identity.renewed".to_owned()),
        "{:?}",
        events(&stack)?
    );
    stack.plans_empty()?;

    // A generation only rises.
    stack.main(&identity(&[
        ("technical_owner", r#""team:intake""#),
        ("generation", "1"),
    ]))?;
    stack.plan()?.fails_with(&["generation falls from 2 to 1"])?;
    Ok(())
}

fn is_replaced_when_its_key_changes(core: &Core) -> Outcome {
    let stack = Stack::new(core)?;
    stack.main(&identity(&[]))?;
    stack.apply()?.succeeds()?;
    let before = stack.attributes(ADDRESS)?;
    for change in [("name", r#""orders-writer""#), ("environment", r#""test""#)] {
        stack.main(&identity(&[change]))?;
        stack.plan()?.succeeds()?;
        ensure!(
            stack.actions(ADDRESS)? == ["delete", "create"],
            "{change:?}: {:?}",
            stack.actions(ADDRESS)?
        );
    }
    stack.apply()?.succeeds()?;
    let after = stack.attributes(ADDRESS)?;
    ensure!(
        after["id"] != before["id"] && after["revision"] == 1,
        "{before} {after}"
    );
    stack.plans_empty()?;
    Ok(())
}

fn is_imported_and_plans_empty(core: &Core) -> Outcome {
    let stack = Stack::new(core)?;
    stack.main(&identity(&[]))?;
    stack.apply()?.succeeds()?;
    let before = stack.attributes(ADDRESS)?;
    let id = text(&before, "id")?;
    stack.run(&["state", "rm", ADDRESS])?.succeeds()?;
    ensure!(stack.attributes(ADDRESS)?.is_null());
    stack.run(&["import", "-no-color", ADDRESS, &id])?.succeeds()?;
    // The log has grown since: whoever imports has seen where it ends now, and nothing else differs.
    let mut after = stack.attributes(ADDRESS)?;
    ensure!(
        after["audit_checkpoint"] != before["audit_checkpoint"],
        "{before} {after}"
    );
    after["audit_checkpoint"] = before["audit_checkpoint"].clone();
    ensure!(after == before, "{before} {after}");
    stack.plans_empty()?;

    stack.run(&["state", "rm", ADDRESS])?.succeeds()?;
    for (id, words) in [
        ("01JD8Z6V5R3TQ0W8YB1N4K7M2C", "01JD8Z6V5R3TQ0W8YB1N4K7M2C"),
        ("not-an-id", "not-an-id"),
    ] {
        stack
            .run(&["import", "-no-color", ADDRESS, id])?
            .fails_with(&[words, "nhi identities"])?;
    }
    Ok(())
}

/// A second workspace over the registry of the first.
fn neighbour(core: &Core, stack: &Stack) -> anyhow::Result<Stack> {
    Ok(Stack::new(core)?.env(
        "NHI_REGISTRY",
        &stack.folder().join("nhi-registry.db").display().to_string(),
    ))
}

fn shows_what_changed_outside(core: &Core) -> Outcome {
    let stack = Stack::new(core)?;
    stack.main(&identity(&[]))?;
    stack.apply()?.succeeds()?;
    let id = text(&stack.attributes(ADDRESS)?, "id")?;

    let other = neighbour(core, &stack)?;
    other.main(&identity(&[("technical_owner", r#""team:intruder""#)]))?;
    other.run(&["import", "-no-color", ADDRESS, &id])?.succeeds()?;
    other.apply()?.succeeds()?;

    stack.plan()?.succeeds()?.says(&["team:intruder"])?;
    ensure!(stack.actions(ADDRESS)? == ["update"], "{:?}", stack.actions(ADDRESS)?);
    stack.apply_planned()?.succeeds()?;
    ensure!(stack.attributes(ADDRESS)?["technical_owner"] == "team:orders");
    stack.plans_empty()?;
    Ok(())
}

fn rule_04_a_revoked_identity_is_never_revived(core: &Core) -> Outcome {
    let stack = Stack::new(core)?;
    stack.main(&identity(&[]))?;
    stack.apply()?.succeeds()?;
    let id = text(&stack.attributes(ADDRESS)?, "id")?;

    let other = neighbour(core, &stack)?;
    other.main(&identity(&[]))?;
    other.run(&["import", "-no-color", ADDRESS, &id])?.succeeds()?;
    other.destroy()?.succeeds()?;

    // It stays in the state with its status, and what the configuration wants is another identity.
    stack
        .run(&["apply", "-no-color", "-refresh-only", "-auto-approve"])?
        .succeeds()?;
    ensure!(
        stack.attributes(ADDRESS)?["status"] == "revoked",
        "{}",
        stack.attributes(ADDRESS)?
    );
    stack.apply()?.succeeds()?;
    let after = stack.attributes(ADDRESS)?;
    ensure!(text(&after, "id")? != id && after["status"] == "active", "{after}");
    stack.plans_empty()?;
    stack.nhi(&["audit", "verify"])?.run()?.succeeds()?;
    Ok(())
}

fn rule_05_a_lost_registry_stops_plan_and_destroy(core: &Core) -> Outcome {
    let stack = Stack::new(core)?;
    stack.main(&identity(&[]))?;
    stack.apply()?.succeeds()?;
    let id = text(&stack.attributes(ADDRESS)?, "id")?;
    wipe_registry(&stack)?;
    stack.plan()?.fails_with(&["there is no registry", &id, "state rm"])?;
    stack.destroy()?.fails_with(&["there is no registry", &id])?;
    ensure!(
        text(&stack.attributes(ADDRESS)?, "id")? == id,
        "the state forgot `{id}`"
    );
    Ok(())
}

fn an_older_registry_stops_plan_and_apply(core: &Core) -> Outcome {
    let stack = Stack::new(core)?;
    stack.main(&identity(&[]))?;
    stack.apply()?.succeeds()?;
    stack
        .nhi(&["registry", "backup", "--to", "older.db"])?
        .run()?
        .succeeds()?;
    stack.main(&identity(&[("ttl", r#""700h""#)]))?;
    stack.apply()?.succeeds()?;
    let before = stack.attributes(ADDRESS)?;
    stack.plans_empty()?;

    wipe_registry(&stack)?;
    stack
        .nhi(&["registry", "restore", "--from", "older.db"])?
        .run()?
        .succeeds()?;
    for arguments in [&["plan", "-no-color"][..], &["plan", "-no-color", "-refresh=false"]] {
        stack
            .run(arguments)?
            .fails_with(&["NHI-REGISTRY-ROLLBACK", "state rm"])?;
    }
    stack.apply()?.fails_with(&["NHI-REGISTRY-ROLLBACK"])?;
    ensure!(stack.attributes(ADDRESS)? == before, "nothing was changed");
    Ok(())
}

fn rule_03_what_was_suspended_stays_so(core: &Core) -> Outcome {
    let stack = Stack::new(core)?;
    stack.main(&identity(&[]))?;
    stack.apply()?.succeeds()?;
    let selector = [
        "kill",
        "--selector",
        "name=orders-*",
        "--yes",
        "--reason",
        "a key leaked",
    ];
    stack.nhi(&selector)?.run()?.succeeds()?;
    stack
        .plan()?
        .fails_with(&["a key leaked", "NHI-SUSPENDED", "desired_state"])?;
    stack.apply()?.fails_with(&["NHI-SUSPENDED"])?;

    stack.main(&identity(&[("desired_state", r#""suspended""#)]))?;
    stack.apply()?.succeeds()?;
    let left = stack.attributes(ADDRESS)?;
    ensure!(
        left["status"] == "suspended" && text(&left, "status_reason")?.contains("a key leaked"),
        "{left}"
    );
    stack.plans_empty()?;
    stack.destroy()?.succeeds()?;
    Ok(())
}

fn rule_05_an_identity_that_is_not_on_record_plans_a_create(core: &Core) -> Outcome {
    let stack = Stack::new(core)?;
    stack.main(&identity(&[]))?;
    stack.apply()?.succeeds()?;
    let other = Stack::new(core)?;
    other.main(&identity(&[("name", r#""somebody-else""#)]))?;
    other.apply()?.succeeds()?;
    wipe_registry(&stack)?;
    std::fs::copy(other.folder().join(REGISTRY), stack.folder().join(REGISTRY))?;
    stack.plan()?.succeeds()?;
    ensure!(stack.actions(ADDRESS)? == ["create"], "{:?}", stack.actions(ADDRESS)?);
    Ok(())
}

fn wipe_registry(stack: &Stack) -> Outcome {
    for suffix in ["", "-wal", "-shm"] {
        let file = stack.folder().join(format!("{REGISTRY}{suffix}"));
        if file.exists() {
            std::fs::remove_file(file)?;
        }
    }
    Ok(())
}

fn two_workspaces_cannot_share_an_identity(core: &Core) -> Outcome {
    let stack = Stack::new(core)?;
    stack.main(&identity(&[]))?;
    stack.apply()?.succeeds()?;
    let id = text(&stack.attributes(ADDRESS)?, "id")?;
    let other = neighbour(core, &stack)?;
    other.main(&identity(&[]))?;
    other.apply()?.fails_with(&[&id, "import"])?;
    stack.plans_empty()?;
    Ok(())
}

fn concurrent_applies_have_one_winner(core: &Core) -> Outcome {
    let first = Stack::new(core)?;
    first.main(&identity(&[]))?;
    let registry = first.folder().join("nhi-registry.db").display().to_string();
    let second = neighbour(core, &first)?;
    second.main(&identity(&[("technical_owner", r#""team:rival""#)]))?;
    let started = [&first, &second].map(|stack| stack.start(&["apply", "-no-color", "-auto-approve"]));
    let mut won = 0;
    for run in started {
        let ran = run?.wait()?;
        match ran.status.code() {
            Some(0) => won += 1,
            _ => drop(ran.fails_with(&["import"])?),
        }
    }
    ensure!(won == 1, "{won} of two applies got the same identity");
    let listed = first
        .nhi(&["identities", "--registry", &registry, "--format", "json"])?
        .json(0)?;
    let listed = listed["identities"]
        .as_array()
        .or_else(|| listed.as_array())
        .map_or(0, Vec::len);
    ensure!(listed == 1, "{listed} identities on record");
    first
        .nhi(&["audit", "verify", "--registry", &registry])?
        .run()?
        .succeeds()?;
    Ok(())
}

fn rule_01_no_apply_moves_the_end(core: &Core) -> Outcome {
    let stack = Stack::new(core)?;
    let text_of = format!("{}{}", identity(&[]), named("other", &[("name", r#""orders-lister""#)]));
    stack.main(&text_of)?;
    stack.apply()?.succeeds()?;
    let before = stack.attributes(ADDRESS)?;
    let recorded = events(&stack)?.len();
    for _ in 0..3 {
        stack.apply()?.succeeds()?;
    }
    ensure!(
        stack.attributes(ADDRESS)? == before,
        "{before} {}",
        stack.attributes(ADDRESS)?
    );
    let confirmed = events(&stack)?
        .into_iter()
        .skip(recorded)
        .all(|kind| kind == "identity.confirmed");
    ensure!(
        confirmed,
        "an apply without a change wrote to the log: {:?}",
        events(&stack)?
    );
    Ok(())
}
