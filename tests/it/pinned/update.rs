//! `nhi module update`: what changes is shown first, and a version never goes down by itself.

use anyhow::ensure;
use serde_json::json;
use support::Outcome;

use super::{REPOSITORY, World, variant};

#[test]
fn an_update_shows_rules_fuel_and_findings_before_it_locks() -> Outcome {
    let world = World::locked()?;
    let text = world.lock_text()?;
    world.publish("0.2.0", "TEAM002")?;
    let arguments = [
        "module",
        "update",
        "team-policy",
        "--plan",
        "plan.json",
        "--format",
        "json",
    ];
    let dry: Vec<&str> = arguments.iter().copied().chain(["--dry-run"]).collect();
    let shown = world.nhi(&dry)?.json(0)?;
    let module = &shown["modules"][0];
    ensure!(shown["changed"] == false && world.lock_text()? == text, "{shown}");
    ensure!(module["from"] == "0.1.0" && module["to"] == "0.2.0", "{shown}");
    let compared = &module["compared"];
    ensure!(
        compared["rules_added"] == json!(["TEAM002 missing-tag (high)"]),
        "{shown}"
    );
    ensure!(
        compared["rules_removed"] == json!(["TEAM001 missing-tag (high)"]),
        "{shown}"
    );
    let plan = &compared["plans"][0];
    ensure!(plan["findings_before"] == 1 && plan["findings_after"] == 1, "{shown}");
    ensure!(
        plan["added"][0].as_str().is_some_and(|text| text.contains("TEAM002")),
        "{shown}"
    );
    ensure!(
        plan["gone"][0].as_str().is_some_and(|text| text.contains("TEAM001")),
        "{shown}"
    );
    ensure!(
        plan["fuel_before"].as_u64() > Some(0) && plan["fuel_after"].as_u64() > Some(0),
        "{shown}"
    );

    let human = world
        .nhi(&["module", "update", "--plan", "plan.json"])?
        .run()?
        .exits(0)?;
    human.says(&[
        "0.1.0 to 0.2.0",
        "rule +",
        "TEAM002",
        "fuel",
        "1 new, 1 gone",
        "commit it",
    ])?;
    ensure!(world.lock_text()?.contains("floor = \"0.2.0\""));
    let report = world.check(&[], 1)?;
    ensure!(super::codes(&report).contains(&"TEAM002"), "{report}");
    // Once more there is nothing to do.
    let again = world.nhi(&["module", "update", "--format", "json"])?.json(0)?;
    ensure!(again["changed"] == false, "{again}");
    Ok(())
}

#[test]
fn a_file_that_changed_is_compared_with_what_was_locked() -> Outcome {
    let world = World::locked()?;
    let newer = variant("team-extras", "1.1.0", "XTRA002")?;
    std::fs::write(world.path("extras.wasm"), newer)?;
    let shown = world
        .nhi(&["module", "update", "team-extras", "--format", "json"])?
        .json(0)?;
    let compared = &shown["modules"][0]["compared"];
    ensure!(
        compared["rules_added"] == json!(["XTRA002 missing-tag (high)"]),
        "{shown}"
    );
    world.check(&[], 1)?;
    Ok(())
}

#[test]
fn a_version_goes_down_only_where_somebody_says_so() -> Outcome {
    let world = World::new()?;
    world.publish("0.2.0", "TEAM001")?;
    world.nhi(&["module", "lock"])?.run()?.exits(0)?;
    let text = world.lock_text()?;
    world.shelf.forget(REPOSITORY, "0.2.0");
    let ran = world.nhi(&["module", "update"])?.run()?.exits(3)?;
    ran.says(&[
        "NHI-MODULE-VERSION",
        "would go down from 0.2.0 to 0.1.0",
        "--allow-lower",
    ])?;
    // A file that becomes older is refused as well.
    let older = variant("team-extras", "0.9.9", "XTRA001")?;
    std::fs::write(world.path("extras.wasm"), older)?;
    let ran = world.nhi(&["module", "lock"])?.run()?.exits(3)?;
    ran.says(&["NHI-MODULE-VERSION", "would go down from 1.0.0 to 0.9.9"])?;
    ensure!(world.lock_text()? == text, "the lock file was changed");
    // Near miss: the flag for another module.
    let other = ["module", "update", "team-policy", "--allow-lower", "team-extras"];
    world.nhi(&other)?.run()?.exits(3)?;
    let meant = ["module", "update", "team-policy", "--allow-lower", "team-policy"];
    world.nhi(&meant)?.run()?.says(&["down from 0.2.0 to 0.1.0"])?;
    Ok(())
}

#[test]
fn what_the_policy_file_does_not_name_is_not_updated() -> Outcome {
    let world = World::locked()?;
    world
        .nhi(&["module", "update", "teampolicy"])?
        .run()?
        .exits(2)?
        .says(&["team-policy"])?;
    Ok(())
}
