//! `nhi module lock`: what it writes, and what it refuses to write.

use anyhow::{Context as _, ensure};
use nhi_governance::Digest;
use serde_json::json;
use support::Outcome;

use super::{REPOSITORY, World, extras, key, remove, team};

#[test]
fn a_lock_says_exactly_what_runs_and_is_written_once() -> Outcome {
    let world = World::new()?;
    world
        .nhi(&["module", "lock", "--check"])?
        .run()?
        .exits(1)?
        .says(&["NHI-MODULE-UNLOCKED"])?;
    let first = world.nhi(&["module", "lock", "--format", "json"])?.json(0)?;
    ensure!(first["changed"] == true, "{first}");
    let text = world.lock_text()?;
    let (team, extras) = (Digest::of(&team("0.1.0", "TEAM001")?), Digest::of(&extras()?));
    for words in [
        format!("wasm = \"sha256:{team}\""),
        format!("wasm = \"sha256:{extras}\""),
        "version = \"0.1.0\"".to_owned(),
        "floor = \"1.0.0\"".to_owned(),
        "abi = \"nhi:policy@1.0.0\"".to_owned(),
        "imports = []".to_owned(),
        "signers = [\"platform\"]".to_owned(),
        "manifest = \"sha256:".to_owned(),
    ] {
        ensure!(text.contains(&words), "no `{words}` in\n{text}");
    }
    // What is locked stays, also once there is something newer, and nobody is asked for it.
    world.publish("0.2.0", "TEAM001")?;
    let asked = world.shelf.asked();
    let again = world.nhi(&["module", "lock", "--format", "json"])?.json(0)?;
    ensure!(again["changed"] == false && world.lock_text()? == text, "{again}");
    ensure!(world.shelf.asked() == asked, "the registry was asked");
    world.nhi(&["module", "lock", "--check"])?.run()?.exits(0)?;
    Ok(())
}

#[test]
fn a_lock_is_stale_where_a_check_would_refuse_it() -> Outcome {
    let mut world = World::locked()?;
    world.change(|policy| policy["module"]["team-extras"]["sensitive_values"] = json!(true))?;
    let stale = world.nhi(&["module", "lock", "--check", "--format", "json"])?.json(1)?;
    ensure!(stale["problems"][0]["code"] == "NHI-MODULE-STALE", "{stale}");
    world
        .nhi(&["module", "lock", "--fetch"])?
        .run()?
        .exits(1)?
        .says(&["NHI-MODULE-STALE"])?;
    world.nhi(&["module", "lock"])?.run()?.exits(0)?;
    ensure!(world.lock_text()?.contains("sensitive_values = true"));
    // The grant is in force now, and the report says so.
    let report = world.check(&[], 1)?;
    let modules = report["modules"].as_array().context("modules")?;
    let seers: Vec<_> = modules
        .iter()
        .filter(|module| module["sees_sensitive"] == true && !module["file"].is_null())
        .map(|module| &module["name"])
        .collect();
    ensure!(seers == ["team-extras"], "{seers:?}");

    std::fs::write(world.path("extras.wasm"), team("0.1.0", "XTRA001")?)?;
    let stale = world.nhi(&["module", "lock", "--check", "--format", "json"])?.json(1)?;
    ensure!(stale["problems"][0]["code"] == "NHI-MODULE-DIGEST", "{stale}");
    Ok(())
}

#[test]
fn another_machine_fetches_what_is_locked_and_nothing_else() -> Outcome {
    let world = World::locked()?;
    world.publish("0.2.0", "TEAM001")?;
    let text = world.lock_text()?;
    remove(&world.path("store"))?;
    world.check(&[], 3)?;
    world.nhi(&["module", "lock", "--fetch"])?.run()?.exits(0)?;
    world.check(&[], 1)?;
    ensure!(world.lock_text()? == text);
    Ok(())
}

#[test]
fn what_cannot_be_trusted_is_not_locked() -> Outcome {
    let unsigned: fn(&mut World) -> anyhow::Result<()> = |world| {
        let wasm = team("0.3.0", "TEAM001")?;
        world.shelf.publish(REPOSITORY, "team-policy", "0.3.0", &wasm, &[])?;
        Ok(())
    };
    let by_a_stranger: fn(&mut World) -> anyhow::Result<()> = |world| {
        let wasm = team("0.3.0", "TEAM001")?;
        world
            .shelf
            .publish(REPOSITORY, "team-policy", "0.3.0", &wasm, &[&key()?])?;
        Ok(())
    };
    let mislabelled: fn(&mut World) -> anyhow::Result<()> = |world| {
        let wasm = team("0.1.0", "TEAM001")?;
        world
            .shelf
            .publish(REPOSITORY, "team-policy", "0.3.0", &wasm, &[&world.key])?;
        Ok(())
    };
    let renamed: fn(&mut World) -> anyhow::Result<()> = |world| {
        world.change(|policy| {
            let module = policy["module"]["team-extras"].clone();
            policy["module"] = json!({ "extras": module });
        })
    };
    let settings: fn(&mut World) -> anyhow::Result<()> =
        |world| world.change(|policy| policy["module"]["team-policy"]["settings"] = json!({"tags": []}));
    let uncovered: fn(&mut World) -> anyhow::Result<()> = |world| world.change(|policy| policy["trust"] = json!({}));
    for (what, change, words) in [
        ("unsigned", unsigned, "NHI-MODULE-SIGNATURE"),
        ("signed by a stranger", by_a_stranger, "NHI-MODULE-SIGNATURE"),
        ("nobody is trusted for it", uncovered, "NHI-MODULE-SIGNATURE"),
        ("an old module under a new tag", mislabelled, "NHI-MODULE-MOVED"),
        ("another name", renamed, "team-extras"),
        ("settings that do not fit", settings, "NHI-MODULE-SETTINGS"),
    ] {
        let mut world = World::new()?;
        change(&mut world)?;
        let ran = world.nhi(&["module", "lock"])?.run()?.exits(3);
        ran.and_then(|ran| ran.says(&[words, "help"]))
            .with_context(|| what.to_owned())?;
        ensure!(!world.path("nhi.lock.hcl").exists(), "{what}: a lock file was written");
    }
    Ok(())
}

#[test]
fn a_version_that_was_exchanged_is_noticed() -> Outcome {
    let world = World::locked()?;
    let text = world.lock_text()?;
    // The same version, signed as well, with other bytes.
    world.publish("0.1.0", "TEAM009")?;
    world
        .nhi(&["module", "update"])?
        .run()?
        .exits(3)?
        .says(&["NHI-MODULE-MOVED"])?;
    remove(&world.path("store"))?;
    world
        .nhi(&["module", "lock", "--fetch"])?
        .run()?
        .exits(3)?
        .says(&["NHI-MODULE-MOVED"])?;
    world
        .nhi(&["module", "lock"])?
        .run()?
        .exits(3)?
        .says(&["NHI-MODULE-MOVED"])?;
    ensure!(world.lock_text()? == text, "the lock file was changed");
    Ok(())
}
