//! A check refuses what is not exactly what was locked: no verdict, a code with a page, and the fix.

use anyhow::{Context as _, ensure};
use serde_json::json;
use support::Outcome;

use super::{World, codes, extras, key, remove};

/// A way in which what was locked no longer holds.
pub(super) type Break = fn(&mut World) -> anyhow::Result<()>;

fn edit_lock(world: &World, from: &str, to: &str) -> anyhow::Result<()> {
    let text = world.lock_text()?;
    ensure!(text.contains(from), "the lock file holds no `{from}`:\n{text}");
    std::fs::write(world.path("nhi.lock.hcl"), text.replace(from, to))?;
    Ok(())
}

pub(super) const TABLE: [(&str, &str, Break); 17] = [
    ("no lock file", "NHI-MODULE-UNLOCKED", |world| {
        remove(&world.path("nhi.lock.hcl"))
    }),
    ("a module that was added", "NHI-MODULE-UNLOCKED", |world| {
        world.change(|policy| policy["module"]["another"] = policy["module"]["team-extras"].clone())
    }),
    ("a module that was removed", "NHI-MODULE-STALE", |world| {
        world.change(|policy| {
            if let Some(modules) = policy["module"].as_object_mut() {
                modules.remove("team-extras");
            }
        })
    }),
    ("another source", "NHI-MODULE-STALE", |world| {
        world.change(|policy| policy["module"]["team-extras"]["source"] = json!("./others.wasm"))
    }),
    ("a constraint that moved on", "NHI-MODULE-STALE", |world| {
        world.change(|policy| policy["module"]["team-policy"]["version"] = json!("~> 0.2.0"))
    }),
    ("a grant that nobody recorded", "NHI-MODULE-STALE", |world| {
        world.change(|policy| policy["module"]["team-extras"]["sensitive_values"] = json!(true))
    }),
    ("a record that nobody granted", "NHI-MODULE-STALE", |world| {
        edit_lock(world, "signers = []", "signers = []\n  sensitive_values = true")
    }),
    ("a version below its floor", "NHI-MODULE-STALE", |world| {
        edit_lock(world, "floor = \"0.1.0\"", "floor = \"0.2.0\"")
    }),
    ("a lock that lies about the version", "NHI-MODULE-STALE", |world| {
        edit_lock(world, "version = \"0.1.0\"", "version = \"0.1.1\"")
    }),
    ("a signer of the lock who never signed", "NHI-MODULE-STALE", |world| {
        edit_lock(world, "[\"platform\"]", "[\"platform\", \"security\"]")
    }),
    ("an empty store", "NHI-MODULE-STORE", |world| {
        remove(&world.path("store"))
    }),
    ("a store that somebody wrote to", "NHI-MODULE-DIGEST", |world| {
        let path = world.stored()?;
        let mut wasm = std::fs::read(&path)?;
        let last = wasm.last_mut().context("an empty module")?;
        *last ^= 1;
        Ok(std::fs::write(path, wasm)?)
    }),
    ("a file that was exchanged", "NHI-MODULE-DIGEST", |world| {
        let mut wasm = extras()?;
        wasm.extend([0, 2, 1, b'x']);
        Ok(std::fs::write(world.path("extras.wasm"), wasm)?)
    }),
    ("signatures that are gone", "NHI-MODULE-SIGNATURE", |world| {
        remove(&world.path("store").join("signatures"))
    }),
    ("a signer with another key", "NHI-MODULE-SIGNATURE", |world| {
        let pem = key()?.public().to_pem();
        world.change(|policy| policy["signer"]["platform"]["key"] = json!(pem))
    }),
    ("settings of another form", "NHI-MODULE-SETTINGS", |world| {
        world.change(|policy| policy["module"]["team-policy"]["settings"] = json!({"required_tag": ["x"]}))
    }),
    ("settings of another type", "NHI-MODULE-SETTINGS", |world| {
        world.change(|policy| policy["module"]["team-policy"]["settings"]["required_tags"] = json!("x"))
    }),
];

#[test]
fn what_is_not_as_it_was_locked_gives_no_verdict() -> Outcome {
    for (what, code, change) in TABLE {
        let mut world = World::locked()?;
        change(&mut world).with_context(|| what.to_owned())?;
        let asked = world.shelf.asked();
        let report = world.check(&[], 3).with_context(|| what.to_owned())?;
        ensure!(report["verdict"] == "undecided", "{what}: {report}");
        ensure!(codes(&report).contains(&code), "{what}: {report}");
        let findings = report["findings"].as_array().context("findings")?;
        for finding in findings.iter().filter(|finding| finding["outcome"] == "undecided") {
            ensure!(
                finding["help"].as_str().is_some_and(|help| !help.is_empty()),
                "{what}: {finding}"
            );
        }
        ensure!(world.shelf.asked() == asked, "{what}: a check asked the registry");
    }
    Ok(())
}

#[test]
fn a_broken_lock_file_is_not_taken_for_none() -> Outcome {
    let world = World::locked()?;
    std::fs::write(world.path("nhi.lock.hcl"), "module \"team-policy\" {\n")?;
    for arguments in [
        &["check", "plan.json"][..],
        &["module", "lock"],
        &["module", "lock", "--check"],
    ] {
        let said = world.nhi(arguments)?.run()?.exits(3)?;
        said.says(&["nhi.lock.hcl", "restore it from version control"])?;
    }
    Ok(())
}

#[test]
fn a_baseline_is_not_made_by_half_of_the_modules() -> Outcome {
    let world = World::locked()?;
    remove(&world.path("nhi.lock.hcl"))?;
    let ran = world.nhi(&["baseline", "create", "plan.json"])?.run()?.exits(3)?;
    ran.says(&["NHI-MODULE-UNLOCKED", "nhi module lock"])?;
    // The graph is the built-in analyzer's alone.
    world.nhi(&["graph", "plan.json"])?.run()?.exits(0)?;
    Ok(())
}
